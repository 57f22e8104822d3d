"""Labels of seven points in the background, over the views and in a training set."""

import threading
from types import SimpleNamespace

import numpy as np
import pytest
import slicer

from cueseg.seven_points import Target
from ExtremePointSegLib import SevenPointsMessages as Messages
from ExtremePointSegLib.TargetStates import statesOf
from seven_points_case import (
    OUTSIDE,
    SECOND,
    SEED,
    TARGET,
    SessionCase,
    add_target,
    bright_volume,
    place,
)


@pytest.fixture
def case(build):
    case = SessionCase(build)
    yield case
    case.points.close()


def test_the_preview_is_what_the_backend_makes_of_the_points(case):
    add_target(case.volume)
    labels = case.preview()
    np.testing.assert_array_equal(labels.values, case.expected(TARGET))
    assert set(np.unique(labels.values)) == {0, 1, 2}
    found = (labels.values == 1).sum()
    assert Messages.describeLabels(labels, str).startswith(f"Labels: {found} voxels of the object")


def test_another_threshold_computes_no_distances_again(case, monkeypatch):
    import cueseg.seven_points.expansion as expansion

    add_target(case.volume)
    first = case.preview()
    monkeypatch.setattr(expansion, "box_distances", None)
    second = case.preview(0.5)
    assert (second.values == 1).sum() > (first.values == 1).sum()
    monkeypatch.undo()
    np.testing.assert_array_equal(second.values, case.expected(TARGET, threshold=0.5))


def test_a_moved_point_or_other_voxels_are_computed_again(case):
    node = add_target(case.volume)
    case.preview()
    place(node, case.volume, {1: (9, 14, 7)})
    moved = Target(SEED, ((9.0, 14, 7), *OUTSIDE[1:]))
    np.testing.assert_array_equal(case.preview().values, case.expected(moved))
    slicer.util.updateVolumeFromArray(case.volume, case.values[::-1].copy())
    case.values = slicer.util.arrayFromVolume(case.volume)
    np.testing.assert_array_equal(case.preview().values, case.expected(moved))


def test_several_objects_and_those_that_are_not_complete(case):
    add_target(case.volume)
    add_target(case.volume, *SECOND)
    np.testing.assert_array_equal(case.preview().values, case.expected(TARGET, Target(*SECOND)))
    third = add_target(case.volume, outside=OUTSIDE[:3])
    np.testing.assert_array_equal(case.preview().values, case.expected(TARGET, Target(*SECOND)))
    text = Messages.describeCase(statesOf(case.volume), str)
    assert (
        text == f"Case: 2 of 3 objects complete. Labels are of the complete ones, without {third.GetName()}."
    )


def test_the_work_is_done_off_the_main_thread(case, monkeypatch):
    threads = []
    expanded = case.points.expanded

    def watched(*arguments):
        threads.append(threading.get_ident())
        return expanded(*arguments)

    monkeypatch.setattr(case.points, "expanded", watched)
    add_target(case.volume)
    case.preview()
    assert threads
    assert threading.get_ident() not in threads


def test_labels_come_and_go_and_leave_nothing(case):
    add_target(case.volume)
    count = case.build.scene.GetNumberOfNodes()
    case.points.show(case.preview(), case.volume)
    np.testing.assert_array_equal(case.shown(), case.expected(TARGET))
    shown = case.composite.GetForegroundVolumeID()
    case.points.show(case.preview(0.5), case.volume)
    np.testing.assert_array_equal(case.shown(), case.expected(TARGET, threshold=0.5))
    assert case.composite.GetForegroundVolumeID() == shown, "changed in place"
    node = case.build.scene.GetNodeByID(shown)
    assert not node.GetSaveWithScene()
    case.points.hide()
    assert case.shown() is None
    assert case.build.scene.GetNumberOfNodes() == count


def test_the_preview_follows_the_volume_that_it_is_of(case):
    add_target(case.volume)
    case.points.show(case.preview(), case.volume)
    other = bright_volume(case.build, "ras")
    add_target(other)
    points = case.points.pointsOf(other, statesOf(other))
    found = []
    case.points.preview(points, 0.2, found.append, None)
    case.wait()
    case.points.show(found[0], other)
    node = case.build.scene.GetNodeByID(case.composite.GetForegroundVolumeID())
    assert node.GetOrigin() == other.GetOrigin()
    case.build.scene.RemoveNode(other)
    case.points.hide()
    case.points.show(found[0], other)
    assert case.shown() is None


def test_an_image_that_cannot_be_used_is_told(case):
    add_target(case.volume)
    case.values[7, 14, 16] = np.nan
    case.volume.GetImageData().Modified()
    errors = []
    case.points.preview(case.taken(), 0.2, None, errors.append)
    case.wait()
    assert "NaN" in str(errors[0])


def test_no_complete_target_is_nothing_to_compute_with(case):
    add_target(case.volume, outside=OUTSIDE[:2])
    with pytest.raises(ValueError, match="no target is complete: place a seed and six points"):
        case.taken()


def test_every_finding_becomes_a_sentence(case):
    add_target(case.volume)
    (state,) = statesOf(case.volume)
    for kind in ("twice", "beside", "seed", "on_object", "doubtful", "surplus", "new"):
        finding = SimpleNamespace(
            kind=kind, direction="-x", index=0, message="the point is wrong, move it", blocking=False
        )
        (text,) = Messages.findingsOf(state, [finding], str)
        assert text.endswith(".")
        assert not text.endswith("..")
    finding = SimpleNamespace(kind="missing", direction="-x", index=None, message="", blocking=True)
    assert Messages.findingsOf(state, [finding], str) == [], "the hint says what is missing"


def test_obstacles_are_named(build):
    assert "Choose the volume" in Messages.obstacleOf(None, str)
    empty = build.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
    assert "no voxels" in Messages.obstacleOf(empty, str)
    bent = bright_volume(build, transform=build.bent_transform())
    assert "non-linear" in Messages.obstacleOf(bent, str)
    color = build.volume(np.eye(4), np.zeros((3, 4, 5, 3), np.uint8))
    assert "color" in Messages.obstacleOf(color, str)
    assert Messages.obstacleOf(bright_volume(build), str) == ""


def test_a_point_on_the_object_is_found_with_the_image(case):
    add_target(case.volume, outside=[(12.0, 14, 7), *OUTSIDE[1:]])
    labels = case.preview()
    (state,) = statesOf(case.volume)
    assert state.findings == ()
    (text,) = Messages.findingsOf(state, labels.findingsOf(state.target), str)
    assert text.startswith(
        "The point 'right' seems to lie on the object: move it farther out, beyond the right end"
    )
