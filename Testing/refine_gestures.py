"""What the actions of a random user of the panel for scribbles are made of."""

import tempfile
from collections.abc import Callable

import numpy as np
import slicer

from CueSegMRML.HiddenNodes import removeWithDisplay
from random_user import paint
from refine_model import Row
from refine_runs import RefineRuns
from refine_scene import SHAPE

FILES = {
    "vtkMRMLSegmentationNode": "seg.nrrd",
    "vtkMRMLScalarVolumeNode": "nrrd",
    "vtkMRMLMarkupsROINode": "mrk.json",
}


class RefineGestures(RefineRuns):
    """Strokes, rows of the table, files."""

    def any_stroke(self) -> np.ndarray:
        """Some voxels in a row of the image."""
        mask = np.zeros(SHAPE, bool)
        k, j, i = (int(self.rng.integers(size)) for size in SHAPE)
        mask[k, j, i : i + int(self.rng.integers(2, 6))] = True
        return mask

    def make_strokes(self, strokes: dict[str, np.ndarray]) -> None:
        """Paint what differs from the strokes that are there."""
        if self.session.scribbleNode is None:
            return  # somebody removed it, and nothing was done since that needs it
        self.session.noteUserActivity()
        before, node = self.model.own_strokes(), self.scribbles_of(self.model.segmentation)
        for name, mask in strokes.items():
            if name not in before or not np.array_equal(before[name], mask):
                paint(node, name, self.volume, mask)
        self.model.set_strokes(strokes)

    def travel(self, back: bool) -> None:
        """Undo or redo, if there is a step, and no run under way."""
        session, steps = self.session, self.model.done if back else self.model.undone
        refused = session.isRunning or not steps
        said = self.refusal(session.undo if back else session.redo)
        assert bool(said) == refused, said
        if not refused:
            self.model.travel(back)

    def may(self, name: str, row: Row | None, act: Callable) -> bool:
        """Give a label a name; whether that is done, which it is unless another one has the name."""
        others = [other for other in self.model.rows if row is None or other.index != row.index]
        taken = any(other.name == name for other in others)
        said = self.refusal(act)
        assert bool(said) == taken, said or "a name for two labels"
        return not taken

    def expect_row(self, row: Row) -> None:
        rows = self.model.rows
        self.model.rows = (*rows[: row.index], row, *rows[row.index + 1 :])

    def expect_segment(self, index: int) -> str:
        """An empty segment for a label; its ID."""
        segment = self.session.labels.rows[index].resultSegmentId
        place = self.model.segmentation, segment
        assert segment
        assert place not in self.model.masks
        self.model.masks[place] = np.zeros(SHAPE, bool)
        return segment

    def drop_scribbles(self) -> None:
        """Somebody removes the node of the strokes, and what is its own."""
        node = self.scribbles_of(self.model.segmentation)
        if node is None:
            return
        storage = node.GetStorageNode()
        if storage is not None:
            self.counts[storage.GetClassName()] -= 1
            self.build.scene.RemoveNode(storage)
        removeWithDisplay(node)
        self.model.set_strokes({})

    def reload(self) -> None:
        """The scene is saved, closed and loaded: table, strokes and segments are as they were."""
        scene, model, chosen = self.build.scene, self.model, (self.volume.GetName(), self.model.segmentation)
        with tempfile.TemporaryDirectory() as folder:
            for node in slicer.util.getNodesByClass("vtkMRMLDisplayableNode", scene):
                kind = next((ending for base, ending in FILES.items() if node.IsA(base)), "")
                if kind and node.GetSaveWithScene():
                    path = f"{folder}/{node.GetID()}.{kind}"
                    assert slicer.util.saveNode(node, path, {"useCompression": 0}), path
            assert slicer.util.saveScene(f"{folder}/scene.mrml")
            hasTable = self.session.scribbleNode is not None  # which keeps it
            self.panel.forget()
            self.settings.inputVolume = self.settings.segmentation = None
            turned = slicer.util.arrayFromVTKMatrix(self.view.GetSliceToRAS())
            scene.Clear(False)
            slicer.util.loadScene(f"{folder}/scene.mrml")
        self.turn(turned)
        self.counts, rows = self.node_counts(), model.rows
        self.choose(*chosen, self.settings.network)
        model.rows = rows if hasTable else None
