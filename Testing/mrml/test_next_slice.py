"""One slice further: in every geometry and view, from the points or from what is shown, and not beyond the volume."""

import numpy as np
import pytest
import slicer

from CueSegMRML import ControlPoints
from ExtremePointSegLib.NextSlice import showNextSlice
from panel_case import PanelCase
from scene_builder import GEOMETRIES, SHAPE, clicks_in_slice, to_ijk, to_world, view_across

NO_POINTS = np.empty((0, 3))


def shown(view, volume):
    """(i, j, k) of the middle of a view."""
    return to_ijk(volume, slicer.util.arrayFromVTKMatrix(view.GetSliceToRAS())[None, :3, 3])[0]


@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize("axis", range(3))
def test_the_view_goes_one_slice_along_its_normal(build, geometry, axis):
    volume = build.volume(GEOMETRIES[geometry])
    view = build.slice_view(view_across(volume, axis, (5, 5, 5)))
    normal = slicer.util.arrayFromVTKMatrix(view.GetSliceToRAS())[:3, 2]
    points = to_world(volume, clicks_in_slice(axis, 8))
    before = shown(view, volume)
    assert showNextSlice(view, volume, NO_POINTS)
    after = shown(view, volume)
    np.testing.assert_allclose(np.abs(after - before), np.arange(3) == axis, atol=1e-6)
    moved = to_world(volume, np.stack([before, after]))
    assert (moved[1] - moved[0]) @ normal > 0
    assert showNextSlice(view, volume, points)
    step = after[axis] - before[axis]
    assert shown(view, volume)[axis] == pytest.approx(8 + step)


def test_at_the_end_the_view_stays(build):
    volume = build.volume(GEOMETRIES["ras"])
    view = build.slice_view(view_across(volume, 2, (5, 5, SHAPE[0] - 2)))
    moved = [showNextSlice(view, volume, NO_POINTS) for _ in range(3)]
    assert moved == [True, False, False]
    assert shown(view, volume)[2] == pytest.approx(SHAPE[0] - 1)


def test_a_turned_view_goes_on_too(build):
    volume = build.volume(GEOMETRIES["ras"])
    matrix = view_across(volume, 2, (20, 15, 6))
    turn = np.array([[1, 0, 0], [0, 0.8, -0.6], [0, 0.6, 0.8]])
    matrix[:3, :3] = turn @ matrix[:3, :3]
    view = build.slice_view(matrix)
    assert showNextSlice(view, volume, NO_POINTS)
    moved = slicer.util.arrayFromVTKMatrix(view.GetSliceToRAS())[:3, 3] - matrix[:3, 3]
    assert 0 < moved @ matrix[:3, 2] < 4


def test_accepting_a_slice_clears_its_points_in_a_step_and_leaves_what_was_written(build):
    case = PanelCase(build)
    case.click(clicks_in_slice(2, 5))
    case.segment()
    written = case.voxels()
    view = next(v for v in slicer.util.getNodesByClass("vtkMRMLSliceNode") if v.GetName() == "View2")
    for distance in (1, 2):  # the second time there are no points to tell the view by
        case.panel.accept(case.settings)
        assert abs(shown(view, case.volume)[2] - 5) == pytest.approx(distance)
    assert not len(ControlPoints.worldPoints(case.settings.points))
    case.panel.undo(case.settings)
    assert len(ControlPoints.worldPoints(case.settings.points)) == 4
    np.testing.assert_array_equal(case.voxels(), written)
    case.panel.close()
