"""What a user of the panel for scribbles may do, in any order, on real nodes; each with what has to come of it."""

from dataclasses import replace

import numpy as np

from held_backend import CLASSES
from random_user import paint
from refine_gestures import RefineGestures
from refine_model import Row
from refine_scene import SHAPE, VOLUMES
from ScribbleRefineLib.Settings import Edges, Method

NAMES = ("liver", "spleen", "heart", "larynx", "vessel", "tumour")
MOST_ROWS = 8
# Action -> how often, of the sum of all.
WEIGHTS = {
    "paint": 22,
    "erase": 4,
    "refine": 14,
    "predict": 5,
    "undo": 9,
    "redo": 7,
    "lock": 4,
    "rename": 2,
    "new_organ": 2,
    "add_missing": 2,
    "clear_scribbles": 2,
    "reset_weights": 2,
    "save_weights": 2,
    "apply_weights": 2,
    "choose_volume": 1,
    "choose_segmentation": 1,
    "choose_network": 1,
    "choose_again": 1,
    "choose_scope": 4,
    "option": 4,
    "use_segmentation": 3,
    "edit_segment": 4,
    "remove_segment": 2,
    "add_segment": 2,
    "rename_segment": 1,
    "remove_scribbles": 0.5,
    "look": 2,
    "leave_and_enter": 1,
    "free_memory": 0.5,
    "save_and_reload": 0.7,
    "close_scene": 0.5,
}


class RandomRefinement(RefineGestures):
    """Actions on the panel and on the model."""

    weights = WEIGHTS

    def paint(self) -> None:
        """A stroke of a label, as the Segment Editor paints it: other labels give way, now and then they do not."""
        row, stroke = self.one_of(self.model.rows), self.any_stroke()
        own = self.model.own_strokes()
        segment = f"Scribble_{row.index}"
        if self.rng.random() < 0.85:
            for name, mask in own.items():
                if name != segment and (mask & stroke).any():
                    own[name] = mask & ~stroke
        own[segment] = own.get(segment, False) | stroke
        self.make_strokes(own)

    def erase(self) -> None:
        """Erase strokes of one label, or of all."""
        own, where = self.model.own_strokes(), np.zeros(SHAPE, bool)
        where[:, :, : int(self.rng.integers(2, SHAPE[2]))] = True
        names = list(own) if self.rng.random() < 0.5 else [self.one_of(sorted(own))]
        self.make_strokes(own | {name: own[name] & ~where for name in names if name})

    def undo(self) -> None:
        self.travel(True)

    def redo(self) -> None:
        self.travel(False)

    def lock(self) -> None:
        """Lock or unlock a label."""
        row = self.one_of(self.model.rows[1:])
        self.session.labels.setLocked(row.index, not row.locked)
        self.expect_row(replace(row, locked=not row.locked))

    def rename(self) -> None:
        """Give a label another name, if it is free."""
        row, name = self.one_of(self.model.rows[1:]), str(self.one_of(NAMES))
        if self.may(name, row, lambda: self.session.labels.rename(row.index, name)):
            self.expect_row(replace(row, name=name))
            self.session.matches()  # the strokes take the name over as soon as the table is looked at

    def new_organ(self) -> None:
        """Add a label, now and then with the output of a class."""
        name, rows = str(self.one_of(NAMES)), self.model.rows
        row = self.one_of(rows[1:]) if self.rng.random() < 0.3 else None
        if row is None and len(rows) >= MOST_ROWS:
            return
        if self.may(name, row, lambda: self.session.newOrgan(name, None if row is None else row.index)):
            index = len(rows) if row is None else row.index
            made = self.expect_segment(index)
            if row is None:
                self.model.rows = (*rows, Row(index, name, True, False, made))
            else:
                self.expect_row(replace(row, name=name, segment=made))

    def add_missing(self) -> None:
        """Give a class that was not found a segment."""
        row = self.one_of(row for row in self.model.rows[1:] if not row.segment)
        if row is not None:
            self.session.addMissing(row.index)
            self.expect_row(replace(row, segment=self.expect_segment(row.index)))

    def clear_scribbles(self) -> None:
        self.session.clearScribbles()
        self.model.record({}, self.model.own_strokes(), self.model.weights, self.model.rows)
        self.model.set_strokes({})
        self.model.mark()

    def reset_weights(self) -> None:
        self.session.resetWeights()
        if self.model.weights:
            self.model.record({}, None, "", self.model.rows)

    def choose_volume(self) -> None:
        self.choose(str(self.one_of(VOLUMES)), self.model.segmentation, self.settings.network)

    def choose_segmentation(self) -> None:
        self.choose(self.volume.GetName(), str(self.one_of(self.names)), self.settings.network)

    def choose_network(self) -> None:
        self.choose(self.volume.GetName(), self.model.segmentation, str(self.one_of(CLASSES)))

    def choose_again(self) -> None:
        """Set up once more for what is chosen: nothing is lost, but what is under way ends."""
        chosen = self.volume, self.settings.segmentation, self.settings.network
        self.session.setUp(*chosen, lambda card: None, self.errors.append)
        self.backend.go()
        self.wait()

    def option(self) -> None:
        """Another way to refine."""
        settings = self.settings
        settings.method = self.one_of((*[Method.CROSS_ENTROPY] * 3, Method.PAPER, Method.F_BRS))
        settings.regularise = self.one_of(Edges)
        settings.keepScribbles, settings.keepUnmatched = (bool(self.rng.random() < 0.6) for _ in range(2))
        settings.growth, settings.limit = float(self.one_of((0, 0, 30))), float(self.one_of((0, 0, 3)))

    def use_segmentation(self) -> None:
        """Begin with the segments that are there."""
        rows = self.model.rows
        try:
            self.panel.useSegmentation(self.settings)
        except ValueError as error:
            self.log.append(f"(refused: {error})")
        else:
            self.model.rows = None
            names = [row.name for row in self.session.labels.rows]
            assert names[: len(rows)] == [row.name for row in rows]

    def edit_segment(self) -> None:
        """Somebody paints a segment of the result, or erases: of a label or another one."""
        place = self.one_of(self.model.masks)
        if place is None:
            return
        box = np.zeros(SHAPE, bool)
        low = self.rng.integers(0, np.array(SHAPE) - 2)
        box[tuple(slice(a, a + 4) for a in low)] = True
        mask = np.where(box, self.rng.random() < 0.6, self.model.masks[place])
        paint(self.node(place[0]), place[1], self.volume, mask)
        self.model.masks[place] = mask

    def remove_segment(self) -> None:
        """Somebody removes a segment."""
        place = self.one_of(self.model.masks)
        if place is not None:
            self.node(place[0]).GetSegmentation().RemoveSegment(place[1])
            del self.model.masks[place]
            for row in self.model.rows:
                if (self.model.segmentation, row.segment) == place:
                    self.expect_row(replace(row, segment=""))

    def add_segment(self) -> None:
        """Somebody adds a segment, which is no label."""
        node, name = self.one_of(self.names), str(self.one_of(NAMES))
        segmentation = self.node(node).GetSegmentation()
        unused = segmentation.GenerateUniqueSegmentID(name)
        if segmentation.GetNumberOfSegments() < MOST_ROWS:
            self.model.masks[node, segmentation.AddEmptySegment(unused, name)] = np.zeros(SHAPE, bool)

    def rename_segment(self) -> None:
        """Somebody gives a segment another name and colour."""
        place = self.one_of(self.model.masks)
        if place is not None:
            segment = self.node(place[0]).GetSegmentation().GetSegment(place[1])
            segment.SetName(str(self.one_of(NAMES)))
            segment.SetColor(*self.rng.random(3))

    def remove_scribbles(self) -> None:
        """Somebody removes the node of the strokes."""
        self.drop_scribbles()

    def look(self) -> None:
        """Hold the result before; the growing strokes."""
        self.session.showBefore(True)
        self.session.showBefore(False)
        self.settings.growthPreview = True
        self.panel.previewGrowth(self.settings, self.calls._replace(onDone=lambda counts: None))
        self.wait()
        self.session.hideGrowth()

    def leave_and_enter(self) -> None:
        """Another module is shown, then this one again."""
        self.session.releaseViews()
        self.panel.prepare(self.settings)
        self.choose(self.volume.GetName(), self.model.segmentation, self.settings.network)

    def free_memory(self) -> None:
        self.panel.freeMemory()

    def save_and_reload(self) -> None:
        self.reload()

    def close_scene(self) -> None:
        """Close the scene, with a word or without, and begin another one."""
        if self.rng.random() < 0.7:
            self.panel.forget()
        self.settings.inputVolume = self.settings.segmentation = None
        self.build.scene.Clear(False)
        self.backend.go()
        self.fill()
