"""Strokes in the views become voxels through the real segment editor logic."""

import numpy as np
import pytest
import slicer

from editor_case import EditorCase
from standin import errors
from view_case import VIEWS


@pytest.fixture
def case(scene):
    case = EditorCase(scene)
    yield case
    case.close()


@pytest.fixture
def editor(case):
    return case.editor


@pytest.mark.parametrize("geometry", ["ras", "lps", "thick", "sagittal", "tilted"])
@pytest.mark.parametrize("name", VIEWS)
def test_a_stroke_is_the_brush_along_the_mouse(scene, geometry, name):
    case = EditorCase(scene, geometry)
    assert case.check(case.stroke(name), name) > 3
    case.close()


def test_a_view_across_the_voxels_is_painted_too(case):
    node = case.widget("Red").mrmlSliceNode()
    turned = slicer.util.arrayFromVTKMatrix(node.GetSliceToRAS())
    angle = np.radians(20)
    turned[:3, :3] = [[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]]
    node.GetSliceToRAS().DeepCopy(slicer.util.vtkMatrixFromArray(turned))
    node.UpdateMatrices()
    assert case.check(case.stroke()) > 10


def test_a_moved_segmentation_is_painted_where_the_mouse_is(case):
    moved = np.eye(4)
    moved[:3, 3] = (3.0, -2.0, 0.0)
    case.segmentation.SetAndObserveTransformNodeID(case.build.transform(moved).GetID())
    assert case.check(case.stroke()) > 10


def test_only_the_layer_of_the_view_is_painted(case):
    case.stroke()
    assert np.flatnonzero(case.voxels().any((1, 2))).tolist() == [6]


def test_a_sphere_reaches_the_neighbouring_slices(case):
    case.editor.activeEffect().setCommonParameter("BrushSphere", 1)
    case.stroke()
    assert np.flatnonzero(case.voxels().any((1, 2))).tolist() == [4, 5, 6, 7, 8]


def test_a_relative_brush_is_a_part_of_the_screen(case):
    effect, view = case.editor.activeEffect(), case.view("Red")
    effect.setCommonParameter("BrushDiameterIsRelative", 1)
    effect.setCommonParameter("BrushRelativeDiameter", 5)
    case.stroke()
    pixel = case.widget("Red").mrmlSliceNode().GetFieldOfView()[1] / 400
    expected = 0.05 * view.renderWindow().GetScreenSize()[1] * pixel
    assert effect.doubleParameter("BrushAbsoluteDiameter") == pytest.approx(expected)


def test_erase_takes_away_what_it_touches(case):
    case.stroke()
    painted = case.voxels()
    case.choose("Erase")
    case.stroke(start=(200, 195), end=(260, 210))
    left = case.voxels()
    assert 0 < left.sum() < painted.sum()
    assert not (left & ~painted).any()


def test_undo_and_redo_go_through_the_history(case, editor):
    states = [case.voxels()]
    for end in ((260, 210), (150, 280), (250, 120)):
        case.stroke(end=end)
        states.append(case.voxels())
    for expected in reversed(states[:-1]):
        editor.undo()
        assert np.array_equal(case.voxels(), expected)
    assert not editor._undo.enabled
    for expected in states[1:]:
        editor.redo()
        assert np.array_equal(case.voxels(), expected)
    assert (editor._undo.enabled, editor._redo.enabled) == (True, False)


def test_the_history_has_an_end(case, editor):
    editor.maximumNumberOfUndoStates = 3
    for row in range(120, 280, 20):
        case.stroke(start=(150, row), end=(160, row))
    for _ in range(10):
        editor.undo()
    assert case.voxels().any()


def test_the_intensity_range_masks(case):
    case.node.SetSourceVolumeIntensityMask(True)
    case.node.SetSourceVolumeIntensityMaskRange(0, 100)
    case.stroke()
    image = slicer.util.arrayFromVolume(case.volume)
    assert case.voxels().any()
    assert ((image[case.voxels()] >= 0) & (image[case.voxels()] <= 100)).all()


def test_the_editable_area_masks(case):
    case.stroke()
    liver = case.voxels()
    case.choose("Paint", "spleen")
    case.node.SetMaskMode(case.segmentation.EditAllowedOutsideAllSegments)
    case.stroke(start=(200, 150), end=(200, 250))
    assert case.voxels("spleen").any()
    assert not (case.voxels("spleen") & liver).any()


@pytest.mark.parametrize(
    ("mode", "hidden", "taken"),
    [
        ("OverwriteNone", False, False),
        ("OverwriteAllSegments", False, True),
        ("OverwriteAllSegments", True, True),
        ("OverwriteVisibleSegments", False, True),
        ("OverwriteVisibleSegments", True, False),
    ],
)
def test_overwrite_modes(case, mode, hidden, taken):
    case.stroke()
    before = case.voxels()
    case.segmentation.GetDisplayNode().SetSegmentVisibility("liver", not hidden)
    case.node.SetOverwriteMode(getattr(case.node, mode))
    case.choose("Paint", "spleen")
    case.stroke()
    assert np.array_equal(case.voxels("spleen"), before)
    assert case.voxels().any() == (not taken)


def test_gestures_that_paint_nothing(case):
    before = case.widget("Red").sliceLogic().GetSliceOffset()
    slicer.util.clickAndDrag(case.view("Red"), "Right", (150, 180), (150, 181))
    slicer.util.clickAndDrag(case.view("Red"), "Left", (150, 180), (250, 180), modifiers=["Shift"])
    case.editor.setActiveEffect(None)
    case.stroke()
    assert not case.voxels().any()
    assert case.widget("Red").sliceLogic().GetSliceOffset() == before


def test_paint_keeps_the_press_from_the_view(case):
    seen = []
    interactor = case.view("Red").interactor()
    tag = interactor.AddObserver("LeftButtonPressEvent", lambda *_: seen.append(1), 0.0)
    case.stroke()
    case.editor.setActiveEffect(None)
    case.stroke()
    interactor.RemoveObserver(tag)
    assert seen == [1]


def test_without_a_segment_painting_is_an_error(case):
    case.editor.setCurrentSegmentID("")
    with errors.expected(RuntimeError):
        case.stroke()


def test_an_effect_ends_place_mode(case, editor):
    editor.setActiveEffect(None)
    editor.interactionNode().SwitchToPersistentPlaceMode()
    editor.setActiveEffectByName("Erase")
    assert editor.interactionNode().GetCurrentInteractionMode() == editor.interactionNode().ViewTransform


def test_another_segmentation_ends_the_effect_and_brings_its_volume(case, editor, scene):
    other_volume = case.build.volume(np.diag([2.0, 2.0, 2.0, 1.0]))
    other = case.build.segmentation(other_volume)
    nodes, volumes = [], []
    editor.connect("segmentationNodeChanged(vtkMRMLSegmentationNode*)", nodes.append)
    editor.connect("sourceVolumeNodeChanged(vtkMRMLVolumeNode*)", volumes.append)
    editor.setSegmentationNode(other)
    assert (editor.activeEffect(), editor.sourceVolumeNode()) == (None, other_volume)
    assert (nodes, volumes) == ([other], [other_volume])
    assert (editor.segmentationNode(), editor.currentSegmentID()) == (other, "liver")
    shown = case.widget("Red").mrmlSliceCompositeNode().GetBackgroundVolumeID()
    assert shown == other_volume.GetID()


def test_removing_the_segmentation_empties_the_editor(case, editor, scene):
    scene.RemoveNode(case.segmentation)
    assert (editor.segmentationNode(), editor.activeEffect()) == (None, None)
    assert not editor._add.enabled


def test_unknown_effects_and_parameters(case, editor):
    assert editor.effectByName("Grow") is None
    with pytest.raises(ValueError, match="cannot be found"):
        editor.activeEffect().parameter("BrushColor")
    editor.setActiveEffectByName("Grow")
    assert editor.activeEffect() is None


def test_an_own_parameter_wins_over_the_common_one(case, editor):
    effect = editor.activeEffect()
    effect.setParameter("BrushSphere", 1)
    assert (effect.integerParameter("BrushSphere"), case.node.GetAttribute("Paint.BrushSphere")) == (1, "1")
    assert editor.effectByName("Erase").integerParameter("BrushSphere") == 0
