"""What the panel shows, proposes and leaves behind: overlay, helper nodes, models, sentences."""

import numpy as np
import pytest
import slicer

from CueSegMRML import ControlPoints
from ExtremePointSegLib import Messages
from ExtremePointSegLib.Readiness import State
from ExtremePointSegLib.SegmentFromPoints import Notice
from ExtremePointSegLib.Settings import Modality, Overwrite
from panel_case import PanelCase
from scene_builder import GEOMETRIES, clicks_in_slice


@pytest.fixture
def case(build):
    case = PanelCase(build)
    yield case
    case.panel.close()


CLICKS = clicks_in_slice(2, 5)


def test_the_cue_comes_and_goes_with_its_setting(case):
    composite = slicer.vtkMRMLSliceCompositeNode()
    composite.SetLayoutName("View2")
    composite = case.build.scene.AddNode(composite)
    case.click(CLICKS)
    (result,), _ = case.segment()
    case.panel.updateCue(case.settings)
    assert composite.GetForegroundVolumeID() is None
    case.settings.showCue = True
    case.panel.updateCue(case.settings)
    shown = case.build.scene.GetNodeByID(composite.GetForegroundVolumeID())
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(shown)[0], result.prediction.cue)
    case.settings.showCue = False
    case.panel.updateCue(case.settings)
    assert composite.GetForegroundVolumeID() is None


def test_entering_and_leaving_keeps_the_number_of_nodes(case):
    case.panel.release(case.settings)
    count = case.build.scene.GetNumberOfNodes()
    case.panel.prepare(case.settings)
    assert case.build.scene.GetNumberOfNodes() == count + 2
    case.panel.release(case.settings)
    assert case.build.scene.GetNumberOfNodes() == count
    assert case.settings.points is None


def test_points_that_were_placed_stay_when_the_module_is_left(case):
    case.click(CLICKS)
    case.panel.release(case.settings)
    assert len(ControlPoints.worldPoints(case.settings.points)) == 4


def test_helper_nodes_are_not_saved(case):
    assert not case.settings.points.GetSaveWithScene()
    assert case.settings.points.GetHideFromEditors()


def test_the_volume_of_the_views_is_proposed_unless_they_differ(case):
    other = case.build.volume(GEOMETRIES["ras"])
    for name, background in (("A", case.volume), ("B", case.volume)):
        composite = slicer.vtkMRMLSliceCompositeNode()
        composite.SetLayoutName(name)
        composite = case.build.scene.AddNode(composite)
        composite.SetBackgroundVolumeID(background.GetID())
    case.settings.inputVolume = None
    case.panel.prepare(case.settings)
    assert case.settings.inputVolume is case.volume
    composite.SetBackgroundVolumeID(other.GetID())
    case.settings.inputVolume = None
    case.panel.prepare(case.settings)
    assert case.settings.inputVolume is None


def test_a_new_segmentation_gets_the_geometry_of_the_volume(case):
    geometry = case.settings.segmentation.GetSegmentation().GetConversionParameter("Reference image geometry")
    assert geometry
    assert case.settings.segmentation.GetDisplayNode() is not None


def test_a_model_that_is_not_installed_is_replaced(case):
    case.settings.model, case.settings.threshold = "gone", 0.9
    case.panel.prepare(case.settings)
    assert case.settings.model == case.panel.models[0].name
    assert case.settings.threshold == case.panel.models[0].threshold


def test_every_state_and_notice_has_words():
    hints = {Messages.hintFor(state, 2, "install it", str) for state in State}
    notices = {Messages.textOf(notice, str) for notice in Notice}
    assert len(hints) == len(State)
    assert len(notices) == len(Notice)
    assert "2 of 4 points are placed." in hints
    assert "install it" in hints


def test_choices_have_labels_and_the_backends_values():
    from cueseg.intensity import MODALITIES

    assert tuple(modality.value for modality in Modality) == MODALITIES
    assert len({choice.label() for choice in (*Modality, *Overwrite)}) == len(Modality) + len(Overwrite)
