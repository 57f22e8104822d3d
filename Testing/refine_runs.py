"""Runs of the network among the actions of a random user, to their end, or to that of the user's patience."""

import tempfile
from pathlib import Path

import numpy as np
import slicer

from held_backend import until
from refine_model import Row, mapping, with_mapping
from refine_oracle import Request, answer
from refine_scene import SHAPE, RefineScene, digest
from scene_builder import view_across
from ScribbleRefineLib.Settings import Region, refineSettings

FAILURE = "simulated: the network failed"
REFUSALS = ("cannot learn a new class", "belong to the network")  # that the network may say
ENDINGS = ("go", "go", "stop", "stop", "cancel", "cancel", "fail")
DURING = (
    *(
        "paint",
        "paint",
        "erase",
        "edit_segment",
        "remove_segment",
        "add_segment",
        "lock",
        "rename",
        "new_organ",
    ),
    *("clear_scribbles", "reset_weights", "use_segmentation", "undo", "redo", "choose_volume"),
    *("choose_segmentation", "choose_network", "choose_again", "choose_scope", "close_scene"),
)


class RefineRuns(RefineScene):
    """Predict, refine, apply weights; the network's word is that of another session."""

    def __init__(self, build, seed: int) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.saved = ""
        super().__init__(build, seed)

    def close(self) -> None:
        super().close()
        self.folder.cleanup()

    def predict(self) -> None:
        """Press "Run network"."""
        self._run(self._request("initial"), lambda: self.panel.runNetwork(self.settings, self.calls))

    def refine(self) -> None:
        """Press "Refine"."""
        self._run(self._request("refine"), lambda: self.panel.refine(self.settings, self.calls))

    def save_weights(self) -> None:
        """Save the adapted weights, if there are any."""
        path = Path(self.folder.name) / "weights.pt"
        try:
            self.session.saveWeights(str(path))
        except ValueError:
            assert not self.model.weights
        else:
            assert self.model.weights
            self.saved = str(path)

    def apply_weights(self) -> None:
        """Apply the weights that were saved last, maybe to another volume or network."""
        if self.saved:
            request = self._request("apply", self.saved)
            self._run(request, lambda: self.panel.applyWeights(self.settings, self.saved, self.calls))

    def choose_scope(self) -> None:
        """The whole volume, a slice, a slab or a box, somewhere."""
        region, settings = self.one_of(Region), self.settings
        axis = int(self.rng.integers(3))
        index = int(self.rng.integers(SHAPE[::-1][axis]))
        low = self.rng.integers(0, np.array(SHAPE[::-1]) - 2)
        high = np.minimum(low + self.rng.integers(1, 8, 3), np.array(SHAPE[::-1]) - 1)
        settings.scope, settings.slabSlices = region, int(self.rng.integers(1, 4))
        indices = np.indices(SHAPE)[::-1]
        if region in (Region.SLICE, Region.SLAB):
            through = np.where(np.arange(3) == axis, index, 4)
            matrix = view_across(self.volume, axis, tuple(through))
            self.turn(matrix)
            self.scope = abs(indices[axis] - index) <= (settings.slabSlices if region is Region.SLAB else 0)
        elif region is Region.BOX:
            self.place_box("scope box", tuple(low), tuple(high))
            pairs = zip(indices, low, high, strict=True)
            self.scope = np.all([(axis >= first) & (axis <= last) for axis, first, last in pairs], 0)
        else:
            self.scope = None

    def turn(self, matrix: np.ndarray) -> None:
        """Show another slice."""
        self.view.GetSliceToRAS().DeepCopy(slicer.util.vtkMatrixFromArray(matrix))
        self.view.UpdateMatrices()

    def _request(self, kind: str, weights: str = "") -> Request:
        model, settings = self.model, refineSettings(self.settings)
        since = None if settings.useEarlierScribbles else model.marked
        return Request(
            kind,
            self.settings.network,
            slicer.util.arrayFromVolume(self.volume).copy(),
            tuple(reversed(self.volume.GetSpacing())),
            settings,
            model.base(SHAPE),
            model.scribbles(SHAPE, since) if kind == "refine" else model.scribbles(SHAPE),
            self.scope if kind == "refine" else None,
            tuple(row.index for row in model.rows if row.locked),
            weights,
        )

    def _run(self, request: Request, start) -> None:
        """One run, during which the user does one thing or the other."""
        held = int(self.rng.integers(1, 6)) if self.rng.random() < 0.6 else 0
        self.backend.hold(held)
        painted = request.scribbles >= 0
        counts = (painted if request.scope is None else painted & request.scope).any()
        self.begun, self.alone = (self.model.marks, self.model.own_strokes()), True
        said = self.refusal(start)
        assert bool(said) == (request.kind == "refine" and not counts), said or "a run without scribbles"
        if said:
            self.log.append("(refused)")
            return
        if held:
            until(self._is_held_or_done)
        ending = "go"
        if held and self.backend.reached.is_set():
            ending = self._during()
        self.backend.go()
        self.wait()
        assert not self.session.isRunning
        if ending in ("go", "stop"):
            self._finished(request, self.backend.optimised if ending == "stop" else None)
        else:
            failed = [str(self.errors.pop())] if ending == "fail" else []
            assert failed == [FAILURE] * (ending == "fail")
            assert not self.errors, self.errors
            assert not self.results, "something came of a run that was given up"

    def _is_held_or_done(self) -> bool:
        if not self.backend.reached.is_set():
            self.panel.queue.deliver()
        return self.backend.reached.is_set() or not self.panel.queue.busy

    def _during(self) -> str:
        """The run is held: something else is done, perhaps, and then the run is to end in one way or another."""
        if self.rng.random() < 0.5:
            name, self.alone = str(self.one_of(DURING)), False
            self.log.append(f"({name})")
            getattr(self, name)()
            self.check()
        ending = str(self.one_of(ENDINGS)) if self.session.isRunning else "gone"
        self.log.append(f"({ending})")
        if ending == "cancel":
            self.session.cancel()
        elif ending == "stop":
            self.session.stop()
        elif ending == "fail":
            self.backend.error = RuntimeError(FAILURE)
        return ending

    def _finished(self, request: Request, stopAt: int | None) -> None:
        """What was written is what the network says."""
        try:
            labels, weights = answer(request, stopAt)
        except (ValueError, RuntimeError) as error:
            labels, weights, problem = None, None, str(error)
        else:
            problem = ""
        assert [str(error) for error in self.errors] == [problem] * bool(problem)
        if problem:
            assert any(words in problem for words in REFUSALS), problem
            self.errors.clear()
            self.log.append(f"({problem})")
            return
        assert len(self.results) == 1, "no result"
        self.results.clear()
        foreign, before = self.model.foreign, dict(self.model.masks)
        self._expect(request, labels, weights)
        self._look(request, before, foreign)

    def _expect(self, request: Request, labels: np.ndarray, weights) -> None:
        """Let the model write what the network says."""
        model, ids = self.model, self.session.labels.mapping()
        names = getattr(weights, "classes", ())[len(model.rows) :]
        model.rows += tuple(
            Row(len(model.rows) + number, name, True, False, "") for number, name in enumerate(names)
        )
        masks, added = model.written(labels, request.base)
        new = {index: ids[index] for index in added}
        assert not {(model.segmentation, segment) for segment in new.values()} & set(model.masks)
        masks |= {new[index]: mask for index, mask in added.items()}
        rows = with_mapping(model.rows, mapping(model.rows) | new)
        strokes = model.marked if request.kind == "refine" else None
        places = {(model.segmentation, segment): mask for segment, mask in masks.items()}
        model.record(places, strokes, digest(weights), rows)
        self.writes += 1
        if request.kind == "refine":
            painted = self.begun[1] if self.begun[0] == model.marks else model.own_strokes()
            model.mark()
            model.marked = painted  # strokes that came while it ran belong to the next round

    def _look(self, request: Request, before: dict, foreign: set) -> None:
        """What a round promises, whatever the network says."""
        after, none = self.seen_masks(), np.zeros(SHAPE, bool)
        rows, node = self.model.rows, self.model.segmentation
        locked = {(node, row.segment) for row in rows if row.locked}
        for place in after:
            changed = after[place] != before.get(place, none)
            assert not changed.any() or place not in foreign | locked, f"{place} was written"
            assert request.scope is None or not changed[~request.scope].any(), "outside of the scope"
        if request.kind != "refine" or not self.alone:
            return
        free = ~np.isin(request.base, request.locked)
        free &= True if request.scope is None else request.scope
        for row in rows:
            stroke = (request.scribbles == row.index) & free
            if row.index and not row.locked and stroke.any():
                assert after[node, row.segment][stroke].all(), f"strokes of {row.name} do not hold"
            elif not row.index:
                held = [after[node, other.segment] for other in rows if other.segment and not other.locked]
                assert not any(mask[stroke].any() for mask in held), "strokes of the background do not hold"
