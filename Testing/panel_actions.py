"""What a user of the panel may do, in any order, on real nodes; after each action the scene is held to the model."""

import tempfile

import numpy as np
import slicer

from ExtremePointSegLib.Readiness import State
from random_scene import SEGMENTATIONS, VOLUMES, RandomScene
from random_user import paint
from scene_builder import SHAPE, to_world

REFUSALS = ("in one line", "another slice", "has no segment")  # that the panel may say instead of writing
# Action -> how often, of the sum of all.
WEIGHTS = {
    "click": 22,
    "complete": 14,
    "drag": 8,
    "lift": 2,
    "delete": 4,
    "clear": 3,
    "accept": 3,
    "undo": 12,
    "redo": 9,
    "deliver": 4,
    "cancel": 2,
    "run": 3,
    "segment": 5,
    "add_segment": 1,
    "remove_segment": 1,
    "segmentation": 3,
    "choose_volume": 2,
    "option": 4,
    "cue": 2,
    "paint": 3,
    "leave_and_enter": 3,
    "save_and_reload": 1,
}


class RandomActions(RandomScene):
    """Actions on the panel and on the model."""

    weights = WEIGHTS

    def end(self) -> None:
        self.leave()
        kinds = ("vtkMRMLMarkupsFiducialNode", "vtkMRMLMarkupsFiducialDisplayNode")
        self.check_nodes(dict.fromkeys(() if self.model.points else kinds, 0))

    def close(self) -> None:
        self.panel.close()

    def click(self) -> None:
        """Place a point; now and then on another slice, or in another view."""
        if self.rng.random() < 0.1:
            self.axis, self.index = int(self.rng.integers(3)), int(self.rng.integers(3, 9))
        ijk = self.rng.uniform(1, np.array(SHAPE[::-1]) - 2)
        ijk[self.axis] = self.index
        self.settings.points.AddControlPointWorld(*to_world(self.volume, ijk[None])[0])
        self.settle(self.model.place(tuple(ijk.tolist())))

    def complete(self) -> None:
        """Place points until there are four, and wait for the slice."""
        self.click()
        while len(self.model.points) < 4:
            self.click()
        self.deliver()

    def drag(self, out: float = 0.0) -> None:
        """Move a point, within the slice that was clicked last."""
        if not self.model.points:
            return
        number = int(self.rng.integers(len(self.model.points)))
        step = self.rng.uniform(-2, 2, 3)
        step[self.axis] = out
        point = np.clip(np.array(self.model.points[number]) + step, 0.3, np.array(SHAPE[::-1]) - 1.3)
        world = to_world(self.volume, point[None])[0]
        self.settings.points.SetNthControlPointPositionWorld(number, *world)
        self.settle(self.model.move(number, tuple(point.tolist())))

    def lift(self) -> None:
        """Move a point out of the slice."""
        self.drag(2.0)

    def delete(self) -> None:
        """Remove a point."""
        if self.model.points:
            number = int(self.rng.integers(len(self.model.points)))
            self.settings.points.RemoveNthControlPoint(number)
            self.model.delete(number)
            self.settle(False)

    def clear(self) -> None:
        self.panel.clearPoints(self.settings)
        self.model.clear()
        self.settle(False)

    def accept(self) -> None:
        self.panel.accept(self.settings)
        self.model.clear()
        self.settle(False)

    def undo(self) -> None:
        self._travel(self.panel.undo, self.model.undo)

    def redo(self) -> None:
        self._travel(self.panel.redo, self.model.redo)

    def cancel(self) -> None:
        self.panel.session.cancel()
        self.model.request = None

    def run(self) -> None:
        """Press "Segment", if it can be pressed."""
        ready = len(self.model.points) == 4 and self.model.choices.place in self.model.masks
        assert (self.panel.stateOf(self.settings) is State.READY) == ready
        if ready:
            self.panel.start(
                self.settings, lambda result: self.panel.updateCue(self.settings), self.errors.append
            )
            self.model.ask()

    def deliver(self) -> None:
        """Wait for the slice."""
        self.wait()
        self.model.deliver()
        assert all(any(words in str(error) for words in REFUSALS) for error in self.errors), self.errors

    def segment(self) -> None:
        """Choose another segment."""
        names = [name for place, name in self.model.masks if place == self.model.choices.segmentation]
        if names:
            self.choose(segment=str(self.rng.choice(names)))

    def add_segment(self) -> None:
        self.panel.addSegment(self.settings)
        self.model.choose(segment=self.settings.segmentId)
        self.model.masks[self.model.choices.place] = np.zeros(SHAPE, bool)

    def remove_segment(self) -> None:
        """Somebody removes a segment."""
        place = self.any_place()
        if place is not None:
            self.node(place[0]).GetSegmentation().RemoveSegment(place[1])
            del self.model.masks[place]

    def paint(self) -> None:
        """Somebody paints a segment, or erases."""
        place = self.any_place()
        if place is None:
            return
        box = np.zeros(SHAPE, bool)
        low = self.rng.integers(0, np.array(SHAPE) - 3)
        box[tuple(slice(a, a + 6) for a in low)] = True
        self.model.paint(place, box, bool(self.rng.random() < 0.6))
        paint(self.node(place[0]), place[1], self.volume, self.model.masks[place])

    def segmentation(self) -> None:
        self.choose(segmentation=str(self.rng.choice(SEGMENTATIONS)))

    def choose_volume(self) -> None:
        self.choose(volume=str(self.rng.choice(VOLUMES)))

    def option(self) -> None:
        """Another way to write."""
        if self.rng.random() < 0.5:
            self.choose(keep=not self.model.choices.keep)
        else:
            self.choose(overwrite=not self.model.choices.overwrite)

    def cue(self) -> None:
        self.settings.showCue = not self.settings.showCue
        self.panel.updateCue(self.settings)

    def leave(self) -> None:
        """Another module is shown."""
        self.panel.release(self.settings)

    def leave_and_enter(self) -> None:
        self.leave()
        self.panel.prepare(self.settings)
        self.panel.updateCue(self.settings)

    def save_and_reload(self) -> None:
        """The scene is saved, closed and loaded."""
        scene = self.build.scene
        with tempfile.TemporaryDirectory() as folder:
            for name in VOLUMES:
                assert slicer.util.saveNode(self.node(name), f"{folder}/{name}.nrrd", {"useCompression": 0})
            for name in SEGMENTATIONS:
                assert slicer.util.saveNode(self.node(name), f"{folder}/{name}.seg.nrrd")
            assert slicer.util.saveScene(f"{folder}/scene.mrml")
            self.panel.session.closeScene()
            settings = self.settings
            settings.inputVolume = settings.segmentation = settings.points = None
            turned = [slicer.util.arrayFromVTKMatrix(view.GetSliceToRAS()) for view in self.views()]
            scene.Clear(False)
            for view, matrix in zip(self.views(), turned, strict=True):
                view.GetSliceToRAS().DeepCopy(slicer.util.vtkMatrixFromArray(matrix))
                view.UpdateMatrices()
            slicer.util.loadScene(f"{folder}/scene.mrml")
        self.volume = self.node(VOLUMES[0])
        self.model.forget()
        self.choose()
        self.panel.prepare(self.settings)
        self.counts = self.node_counts()

    def settle(self, complete: bool) -> None:
        """What the panel does when points rest; as in the panel, a complete set is segmented."""
        assert self.panel.settlePoints(self.settings) == complete
        if complete:
            self.run()

    def _travel(self, travel, expected) -> None:
        travel(self.settings)
        expected()
        self.settle(False)
        assert not self.panel.queue.busy, "the network was asked"
