"""A panel on two volumes and two segmentations, beside the model that says what they have to hold."""

import numpy as np
import slicer

from CueSegMRML import ControlPoints
from ExtremePointSegLib.Settings import Overwrite
from history_model import Choices, Model
from panel_case import PanelCase
from random_user import RandomUser, differences, voxels_of
from scene_builder import GEOMETRIES, SHAPE, to_world

VOLUMES, SEGMENTATIONS = ("first", "second"), ("organs", "lesions")


class RandomScene(PanelCase, RandomUser):
    """The scene, the model, and whether they agree."""

    def __init__(self, build, seed: int) -> None:
        RandomUser.__init__(self, build, seed)
        PanelCase.__init__(self, build)
        self.errors = []
        self.volume.SetName(VOLUMES[0])
        for view in self.views():
            view.SetSaveWithScene(False)  # as they have no orientation of Slicer's
        build.volume(GEOMETRIES["lps"]).SetName(VOLUMES[1])
        build.scene.RemoveNode(self.settings.segmentation)
        for name in SEGMENTATIONS:
            node = build.segmentation(self.volume, segments=(f"{name} 1", f"{name} 2"))
            node.SetName(name)
        self.settings.segmentation, self.settings.segmentId = self.node(SEGMENTATIONS[0]), "organs 1"
        masks = {(name, f"{name} {n}"): np.zeros(SHAPE, bool) for name in SEGMENTATIONS for n in (1, 2)}
        self.model = Model(masks, Choices(VOLUMES[0], SEGMENTATIONS[0], "organs 1"))
        self.axis, self.index = 2, 5
        slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(
            build.scene
        )  # makes it, if it is not there
        self.counts = self.node_counts()

    def views(self) -> list:
        return slicer.util.getNodesByClass("vtkMRMLSliceNode", self.build.scene)

    def node(self, name: str):
        return self.build.scene.GetFirstNodeByName(name)

    def check(self) -> None:
        """Hold the scene to the model."""
        model, settings = self.model, self.settings
        self.panel.keepSegment(settings)
        model.keep_segment()
        self.writes = max(self.writes, sum(bool(step.masks) for step in model.done))
        for name in SEGMENTATIONS:
            segments = self.node(name).GetSegmentation().GetSegmentIDs()
            assert sorted(segments) == sorted(n for place, n in model.masks if place == name)
        for place, mask in model.masks.items():
            found = voxels_of(self.node(place[0]), place[1], self.volume, SHAPE)
            assert np.array_equal(found, mask), f"{place}: {(found != mask).sum()} voxels differ"
        points = to_world(self.volume, np.array(model.points).reshape(-1, 3))
        assert np.array_equal(ControlPoints.worldPoints(settings.points), points), "the points differ"
        chosen = settings.inputVolume.GetName(), settings.segmentation.GetName(), settings.segmentId
        assert chosen == (model.choices.volume, *model.choices.place)
        history = self.panel.history
        assert (bool(history.undoText), bool(history.redoText)) == (model.can_undo, model.can_redo)
        self.check_nodes({})

    def check_nodes(self, expected: dict[str, int]) -> None:
        """No node too many, none too few; the cue has a volume of its own while it is shown."""
        counts, wanted = self.node_counts(), self.counts | expected
        if self.settings.showCue:
            for kind in ("vtkMRMLScalarVolumeNode", "vtkMRMLScalarVolumeDisplayNode"):
                assert counts.pop(kind, 0) - wanted.pop(kind, 0) in (0, 1), kind
        assert not differences(counts, wanted), differences(counts, wanted)

    def choose(self, **values) -> None:
        self.model.choose(**values)
        settings, choices = self.settings, self.model.choices
        settings.inputVolume, settings.segmentation = (
            self.node(choices.volume),
            self.node(choices.segmentation),
        )
        settings.segmentId, settings.keepExisting = choices.segment, choices.keep
        settings.overwrite = Overwrite.ALL if choices.overwrite else Overwrite.NONE

    def any_place(self):
        return self.one_of(self.model.masks)
