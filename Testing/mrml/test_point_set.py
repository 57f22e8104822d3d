"""The working set of points: which view it belongs to, when a new one begins, what is still missing."""

import numpy as np
import pytest
import slicer

from CueSegMRML import ControlPoints
from ExtremePointSegLib.PointSet import chooseView, startsNewSet
from ExtremePointSegLib.Readiness import State, pointCount, stateOf
from scene_builder import GEOMETRIES, clicks_in_slice, to_world, view_across

VOLUME = GEOMETRIES["tilted"]


@pytest.fixture
def volume(build):
    return build.volume(VOLUME)


@pytest.fixture
def views(build, volume) -> list[np.ndarray]:
    return [view_across(volume, axis, (20, 15, 5)) for axis in range(3)]


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_points_belong_to_the_view_in_which_they_are_flat(volume, views, axis):
    clicks = to_world(volume, clicks_in_slice(axis, 4))
    choice = chooseView(views, volume, clicks)
    np.testing.assert_array_equal(choice.view, views[axis])
    assert choice.isOneSlice


def test_points_of_two_slices_belong_to_no_single_slice(volume, views):
    clicks = clicks_in_slice(2, 4)
    clicks[3, 2] = 6
    assert not chooseView(views, volume, to_world(volume, clicks)).isOneSlice


def test_points_beside_the_image_find_their_view_all_the_same(volume, views):
    clicks = clicks_in_slice(2, 4)
    clicks[:, 0] += 100
    np.testing.assert_array_equal(chooseView(views, volume, to_world(volume, clicks)).view, views[2])


def test_without_views_the_user_is_told(volume):
    with pytest.raises(ValueError, match="there is no slice view"):
        chooseView([], volume, np.zeros((4, 3)))


@pytest.mark.parametrize(
    ("count", "slices_apart", "begins"), [(1, 0, False), (4, 0, False), (5, 0, True), (3, 2, True)]
)
def test_a_fifth_point_or_another_slice_begins_a_new_set(volume, views, count, slices_apart, begins):
    clicks = np.vstack([clicks_in_slice(2, 4), clicks_in_slice(2, 4)])[:count]
    clicks[-1, 2] += slices_apart
    world = to_world(volume, clicks)
    assert startsNewSet(world, chooseView(views, volume, world)) is begins


def test_removing_points_keeps_the_newest(build, volume):
    world = to_world(volume, np.vstack([clicks_in_slice(2, 4), [[1, 2, 3]]]))
    points = build.points(world)
    ControlPoints.removePoints(points, ControlPoints.definedIndices(points)[:-1])
    np.testing.assert_allclose(ControlPoints.worldPoints(points), world[-1:])


def test_points_are_read_through_their_transform(build, volume):
    world = to_world(volume, clicks_in_slice(2, 4))
    points = build.points(world, build.transform(VOLUME))
    np.testing.assert_allclose(ControlPoints.worldPoints(points), world)
    local = slicer.util.arrayFromMarkupsControlPoints(points)
    assert np.abs(local - world).max() > 1


def test_states_come_in_the_order_in_which_the_user_deals_with_them(build, volume):
    segmentation, points = build.segmentation(volume), build.points(np.zeros((0, 3)))
    empty = build.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
    models = ["compact"]
    assert stateOf(True, [], None, None, "", None) is State.PACKAGES_MISSING
    assert stateOf(False, [], None, None, "", None) is State.NO_MODEL
    assert stateOf(False, models, None, None, "", None) is State.NO_VOLUME
    assert stateOf(False, models, empty, None, "", None) is State.VOLUME_EMPTY
    assert stateOf(False, models, volume, None, "", None) is State.NO_SEGMENTATION
    assert stateOf(False, models, volume, segmentation, "", None) is State.NO_SEGMENT
    assert stateOf(False, models, volume, segmentation, "gone", None) is State.NO_SEGMENT
    assert stateOf(False, models, volume, segmentation, "liver", None) is State.NO_POINTS
    for count, state in ((1, State.FEW_POINTS), (3, State.FEW_POINTS), (4, State.READY)):
        while pointCount(points) < count:
            points.AddControlPointWorld(0, 0, 0)
        assert stateOf(False, models, volume, segmentation, "liver", points) is state


@pytest.mark.parametrize("bent", ["volume", "segmentation"])
def test_bent_nodes_are_a_state_of_their_own(build, volume, bent):
    segmentation = build.segmentation(volume)
    node = volume if bent == "volume" else segmentation
    node.SetAndObserveTransformNodeID(build.bent_transform().GetID())
    assert stateOf(False, ["compact"], volume, segmentation, "liver", None) is State.NON_LINEAR_TRANSFORM
