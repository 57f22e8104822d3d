"""The confidence map over the views: in the right place, not saved, and gone without a trace."""

import numpy as np
import pytest
import slicer

from CueSegMRML.Slices import planeOf
from ExtremePointSegLib.CueOverlay import CueOverlay
from scene_builder import GEOMETRIES, rotation, to_ijk, view_across


@pytest.fixture
def composite(build):
    node = slicer.vtkMRMLSliceCompositeNode()
    node.SetLayoutName("Test")
    node = build.scene.AddNode(node)
    node.SetForegroundOpacity(0.25)
    return node


def test_the_map_lies_on_the_slice(build, composite):
    volume = build.volume(GEOMETRIES["tilted"], transform=build.transform(rotation(1, 30, (1, 2, 3))))
    plane = planeOf(volume, view_across(volume, 2, (20, 15, 5)))
    cue = np.random.default_rng(0).random(plane.shape).astype(np.float32)
    node = CueOverlay().show(cue, plane, volume, [composite])
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(node)[0], cue)
    pixels = np.array([(0, 0, 0), (7, 3, 0), (plane.shape[1] - 1, plane.shape[0] - 1, 0)])
    np.testing.assert_allclose(to_ijk(node, plane.toWorld(pixels)), pixels, atol=1e-6)
    assert composite.GetForegroundVolumeID() == node.GetID()
    assert composite.GetForegroundOpacity() == 0.5


def test_hiding_restores_the_views_and_the_scene(build, composite):
    volume, other = build.volume(GEOMETRIES["lps"]), build.volume(GEOMETRIES["ras"])
    composite.SetForegroundVolumeID(other.GetID())
    plane = planeOf(volume, view_across(volume, 2, (20, 15, 5)))
    count, overlay = build.scene.GetNumberOfNodes(), CueOverlay()
    for _ in range(3):
        overlay.show(np.zeros(plane.shape), plane, volume, [composite])
    assert build.scene.GetNumberOfNodes() == count + 2
    overlay.hide()
    assert build.scene.GetNumberOfNodes() == count
    assert composite.GetForegroundVolumeID() == other.GetID()
    assert composite.GetForegroundOpacity() == 0.25
    assert not overlay.isShown
    overlay.hide()


def test_a_foreground_chosen_meanwhile_stays(build, composite):
    volume, other = build.volume(GEOMETRIES["lps"]), build.volume(GEOMETRIES["ras"])
    plane = planeOf(volume, view_across(volume, 2, (20, 15, 5)))
    overlay = CueOverlay()
    overlay.show(np.zeros(plane.shape), plane, volume, [composite])
    composite.SetForegroundVolumeID(other.GetID())
    overlay.hide()
    assert composite.GetForegroundVolumeID() == other.GetID()


def test_the_overlay_is_neither_listed_nor_saved(build, composite, tmp_path):
    volume = build.volume(GEOMETRIES["lps"])
    plane = planeOf(volume, view_across(volume, 2, (20, 15, 5)))
    node = CueOverlay().show(np.zeros(plane.shape), plane, volume, [composite])
    assert node.GetHideFromEditors()
    assert not node.GetSaveWithScene()
    assert not node.GetDisplayNode().GetSaveWithScene()


def test_closing_the_scene_with_the_overlay_shown_is_safe(build, composite):
    volume = build.volume(GEOMETRIES["lps"])
    plane = planeOf(volume, view_across(volume, 2, (20, 15, 5)))
    overlay = CueOverlay()
    overlay.show(np.zeros(plane.shape), plane, volume, [composite])
    build.scene.Clear(False)
    overlay.hide()
    volume = build.volume(GEOMETRIES["lps"])
    assert overlay.show(np.zeros(plane.shape), plane, volume, []).GetScene() is build.scene
