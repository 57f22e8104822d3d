"""Seven points as nodes: where they are in the volume, which side each is on, what stays when one is taken back."""

import itertools

import numpy as np
import pytest
import slicer

from CueSegMRML import Boxes, ControlPoints, Grids, Targets
from ExtremePointSegLib import SevenPointsMessages as Messages
from ExtremePointSegLib.TargetStates import SIDES, stateOf, statesOf
from scene_builder import GEOMETRIES, rotation, to_world
from seven_points_case import OUTSIDE, SEED, SHAPE, add_target, bright_volume, place


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_points_are_found_in_the_voxels_of_any_volume(build, geometry):
    volume = bright_volume(build, geometry, build.transform(rotation(1, 30, (5, -7, 11))))
    places = Targets.placesOf(add_target(volume), volume)
    np.testing.assert_allclose(places.seed, SEED, atol=1e-9)
    np.testing.assert_allclose(places.outside, OUTSIDE, atol=1e-9)
    assert places.indices == (1, 2, 3, 4, 5, 6)
    assert places.isComplete
    assert places.target().box == ((7, 6, 2), (27, 22, 12))


def test_points_have_a_transform_of_their_own(build):
    volume = bright_volume(build)
    node = Targets.addTarget(volume)
    node.SetAndObserveTransformNodeID(build.transform(rotation(2, 40, (1, 2, 3))).GetID())
    place(node, volume, {0: SEED})
    np.testing.assert_allclose(Targets.placesOf(node, volume).seed, SEED, atol=1e-6)


@pytest.mark.parametrize(
    ("geometry", "sides"),
    [
        ("ras", ("right", "anterior", "superior")),
        ("lps", ("left", "posterior", "superior")),
        ("sagittal", ("anterior", "inferior", "right")),
        ("tilted", ("left", "posterior", "superior")),
    ],
)
def test_sides_have_the_names_of_the_patient(build, geometry, sides):
    anatomy = Targets.anatomyOf(bright_volume(build, geometry))
    assert tuple(anatomy[f"+{axis}"] for axis in "xyz") == sides
    opposite = dict(zip(SIDES, (SIDES[n ^ 1] for n in range(6)), strict=True))
    assert all(anatomy[f"-{axis}"] == opposite[anatomy[f"+{axis}"]] for axis in "xyz")


def test_sides_follow_the_transform_of_the_volume(build):
    turned = bright_volume(build, "ras", build.transform(rotation(2, 180)))
    assert Targets.anatomyOf(turned) == Targets.anatomyOf(bright_volume(build, "lps"))


def test_every_side_has_one_name_even_where_axes_lie_between_two(build):
    matrix = rotation(0, 45) @ rotation(2, 45)
    volume = build.volume(matrix, np.zeros(SHAPE, np.float32))
    assert sorted(Targets.anatomyOf(volume).values()) == sorted(SIDES)


def test_the_first_point_stays_the_seed(build):
    volume = bright_volume(build)
    node = add_target(volume)
    node.UnsetNthControlPointPosition(0)
    assert Targets.placesOf(node, volume).seed is None
    assert not stateOf(node, volume).hasSeed
    place(node, volume, {0: (18, 14, 7)})
    np.testing.assert_allclose(Targets.placesOf(node, volume).seed, (18, 14, 7), atol=1e-9)
    assert node.GetNumberOfControlPoints() == Targets.COUNT


def test_points_are_taken_back_from_the_last_to_the_first(build):
    volume = bright_volume(build)
    node = add_target(volume)
    for left in range(6, -1, -1):
        Targets.takeBack(node)
        assert ControlPoints.definedIndices(node) == list(range(left))
    Targets.takeBack(node)


@pytest.mark.parametrize("order", list(itertools.permutations(range(6)))[::103])
def test_the_order_of_the_points_outside_does_not_matter(build, order):
    volume = bright_volume(build)
    state = stateOf(add_target(volume, outside=[OUTSIDE[n] for n in order]), volume)
    wanted = ("right", "left", "anterior", "posterior", "inferior", "superior")  # of OUTSIDE, in lps
    assert state.points == {wanted[n]: place for place, n in enumerate(order, start=1)}
    assert state.isComplete
    assert state.findings == ()


def test_what_is_missing_is_said_point_by_point(build):
    volume = bright_volume(build)
    node = Targets.addTarget(volume)
    assert "into the object" in Messages.hintFor(stateOf(node, volume), str)
    place(node, volume, {0: SEED})
    wanted = ["right", "left", "anterior", "posterior", "inferior", "superior"]
    for number, ijk in enumerate(OUTSIDE):
        missing = ", ".join(side for side in SIDES if side in wanted[number:])
        assert f"{number + 1} of 7 points. Missing: {missing}." in Messages.hintFor(
            stateOf(node, volume), str
        )
        place(node, volume, {number + 1: ijk})
    assert "All 7 points" in Messages.hintFor(stateOf(node, volume), str)


def test_points_of_other_volumes_are_hidden_until_their_turn(build):
    volumes = [bright_volume(build), bright_volume(build)]
    first, second = (add_target(volume) for volume in volumes)
    third = add_target(volumes[0])
    third.GetDisplayNode().SetVisibility(False)  # by the user, who is to find it so again
    Targets.addBox(first).CreateDefaultDisplayNodes()
    nodes = (first, Targets.boxOf(first), second, third)

    def shown():
        return [bool(node.GetDisplayVisibility()) for node in nodes]

    Targets.showOnly(volumes[1], build.scene)
    assert shown() == [False, False, True, False]
    Targets.showOnly(volumes[1], build.scene)
    assert shown() == [False, False, True, False]
    Targets.showOnly(volumes[0], build.scene)
    assert shown() == [True, True, False, False]
    Targets.showOnly(None, build.scene)
    assert shown() == [True, True, True, False]


def test_targets_belong_to_one_volume_each(build):
    first, second = bright_volume(build), bright_volume(build, "ras")
    nodes = [Targets.addTarget(first), Targets.addTarget(second), Targets.addTarget(first)]
    assert [state.node for state in statesOf(first)] == [nodes[0], nodes[2]]
    assert [state.node for state in statesOf(second)] == [nodes[1]]
    assert len({node.GetName() for node in nodes}) == 3
    Targets.removeTarget(nodes[0])
    assert [state.node for state in statesOf(first)] == [nodes[2]]
    build.scene.RemoveNode(first)
    assert statesOf(first) == []
    assert statesOf(None) == []


def drawn(roi, volume, low, high):
    """Make a box reach from the middle of one voxel to that of another; the volume is not turned."""
    ends = to_world(volume, np.array([low, high], float))
    roi.SetCenterWorld(*ends.mean(0))
    roi.SetSizeWorld(*np.abs(ends[1] - ends[0]))
    return roi


@pytest.mark.parametrize("geometry", ["ras", "lps", "thick"])
def test_a_box_stands_for_the_six_points(build, geometry):
    volume = bright_volume(build, geometry)
    node = add_target(volume)
    drawn(Targets.addBox(node), volume, (7, 6, 2), (27, 22, 12))
    assert ControlPoints.definedIndices(node) == [0]
    state = stateOf(node, volume)
    assert state.isComplete
    assert state.hasBox
    assert state.target.box == ((7, 6, 2), (27, 22, 12))
    Targets.removeBox(node)
    assert slicer.util.getNodesByClass("vtkMRMLMarkupsROINode", build.scene) == []
    assert stateOf(node, volume).missing == list(SIDES)


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_the_corners_of_a_box_are_those_of_its_voxels(build, geometry):
    """Of a straight box exactly; of a turned one they hold all its voxels."""
    volume = bright_volume(build, geometry)
    roi = build.scene.AddNewNodeByClass("vtkMRMLMarkupsROINode")
    matrix = GEOMETRIES[geometry].copy()
    spacing = np.linalg.norm(matrix[:3, :3], axis=0)
    matrix[:3, :3] /= spacing
    if np.linalg.det(matrix[:3, :3]) < 0:
        matrix[:3, 2] *= -1
    matrix[:3, 3] = to_world(volume, np.array([(15.3, 12.2, 7.4)]))[0]
    for turn in (0, 25):
        turned = matrix @ rotation(2, turn)
        roi.SetAndObserveObjectToNodeMatrix(slicer.util.vtkMatrixFromArray(turned))
        roi.SetSize(*(spacing * (13, 11, 6)))
        box = Grids.boundingBox(Boxes.maskOf(roi, volume))
        low, high = Boxes.cornersOf(roi, volume)
        seen = tuple(part.start for part in box[::-1]), tuple(part.stop - 1 for part in box[::-1])
        if turn == 0:
            assert (low, high) == seen
        else:
            assert (np.array(low) <= seen[0]).all()
            assert (np.array(high) >= seen[1]).all()


def test_boxes_that_cannot_be_used_are_named_with_the_remedy(build):
    volume = bright_volume(build)
    node = add_target(volume, outside=())
    box = Targets.addBox(node)
    assert stateOf(node, volume).missing, "not placed yet"
    drawn(box, volume, (7, 6, 2), (27, 22, 12))
    box.SetCenterWorld(900, 0, 0)
    assert "holds no voxel" in Messages.hintFor(stateOf(node, volume), str)
    drawn(box, volume, (19, 6, 2), (27, 22, 12))
    assert "The seed does not lie within the box" in Messages.hintFor(stateOf(node, volume), str)
    box.SetAndObserveTransformNodeID(build.bent_transform().GetID())
    assert "non-linear" in Messages.hintFor(stateOf(node, volume), str)


def test_points_that_are_wrong_are_named(build):
    volume = bright_volume(build)
    for wrong in ((6.0, 14, 7), (16.0, 5, 7)):
        state = stateOf(add_target(volume, outside=[OUTSIDE[0], wrong, *OUTSIDE[2:]]), volume)
        (text,) = Messages.findingsOf(state, state.findings, str)
        assert (
            text == "Two points lie on one side: move 'outside' beyond the object's left end, which has none."
        )
    beside = [*OUTSIDE[:5], (17.0, 14, 40)]
    state = stateOf(add_target(volume, outside=beside), volume)
    (text,) = Messages.findingsOf(state, state.findings, str)
    assert "'superior' lies outside of the volume" in text
    assert not state.isComplete


def test_names_are_written_beside_the_points(build):
    volume = bright_volume(build)
    node = add_target(volume)
    state = stateOf(node, volume)
    Targets.label(node, {number: side for side, number in state.points.items()})
    labels = [node.GetNthControlPointLabel(n) for n in range(7)]
    assert labels == ["seed", "right", "left", "anterior", "posterior", "inferior", "superior"]
    Targets.label(node, {})
    assert [node.GetNthControlPointLabel(n) for n in range(7)] == ["seed", *["outside"] * 6]


def test_a_stamp_changes_when_a_point_or_the_box_moves(build):
    volume = bright_volume(build)
    node = add_target(volume)
    stamps = [Targets.stampOf(node)]
    place(node, volume, {2: (26.5, 14, 7)})
    stamps.append(Targets.stampOf(node))
    Targets.takeBack(node)
    stamps.append(Targets.stampOf(node))
    box = drawn(Targets.addBox(node), volume, (7, 6, 2), (27, 22, 12))
    stamps.append(Targets.stampOf(node))
    box.SetSizeWorld(1, 2, 3)
    stamps.append(Targets.stampOf(node))
    Targets.label(node, {2: "left"})
    assert len(set(stamps)) == len(stamps)
    assert Targets.stampOf(node) == stamps[-1]
