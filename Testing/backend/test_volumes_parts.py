"""A structure in several parts on a slice, masks that are given, and a session that is asked about one slice."""

import subprocess
import sys

import numpy as np
import pytest

from cueseg.refinement import Decision, RefinementCancelled
from cueseg.volumes import (
    PropagationOptions,
    VolumeOptions,
    VolumeSession,
    derived_points,
    fill_between,
    filled_volume,
    suggest_slice,
)
from volume_case import CLICKED, SHAPE, SPACING, CountingPredictor, clicks, session_with

LEFT, RIGHT = clicks(15, 20, 6), clicks(45, 40, 8)
PARTS = {5: [LEFT, RIGHT], 11: [clicks(15, 24, 6), clicks(45, 36, 8)]}


@pytest.fixture
def predictor():
    return CountingPredictor()


@pytest.fixture
def session(predictor):
    return session_with(predictor)


def disc(x, y, radius):
    rows, cols = np.indices(SHAPE[1:])
    return (rows - y) ** 2 + (cols - x) ** 2 <= radius**2


def alone(index, points):
    return session_with(CountingPredictor()).segment_between({index: points}).slices[index].mask


@pytest.mark.parametrize("shape", [(2, 4, 2), (8, 2)])
def test_a_slice_of_several_sets_is_the_union_of_their_masks(session, predictor, shape):
    item = session.segment_between({5: np.reshape(PARTS[5], shape)}).slices[5]
    assert predictor.new() == [5, 5]
    np.testing.assert_array_equal(item.mask, alone(5, LEFT) | alone(5, RIGHT))
    np.testing.assert_array_equal(item.points, np.reshape(PARTS[5], (8, 2)))
    assert item.probability[item.mask].min() > 0.5
    assert item.kind == "clicked"
    assert not item.mask.flags.writeable


def test_every_part_of_a_slice_between_gets_points_of_its_own(session, predictor):
    result = session.segment_between(PARTS)
    assert predictor.new() == sorted([*range(5, 12)] * 2)
    filled = fill_between({k: result.slices[k].mask for k in PARTS}, SPACING[1:])
    for index in range(6, 11):
        item = result.slices[index]
        assert item.kind == "derived"
        parts = filled[index][:, :32], filled[index][:, 32:]
        np.testing.assert_array_equal(item.points[:4], derived_points(parts[0]))
        right = derived_points(np.pad(parts[1], ((0, 0), (32, 0))))
        np.testing.assert_array_equal(item.points[4:], right)
        np.testing.assert_array_equal(item.mask, alone(index, item.points[:4]) | alone(index, right))


def test_a_structure_clicked_with_one_set_is_asked_about_as_a_whole(session, predictor):
    both = disc(15, 20, 6) | disc(45, 40, 8)
    around = derived_points(both)
    result = session.segment_between({5: around, 7: around}, given={5: both, 7: both})
    assert predictor.new() == [6]
    np.testing.assert_array_equal(result.slices[6].points, around)
    result = session.segment_between({}, given={5: both, 7: both})
    assert predictor.new() == [6, 6], "masks without clicks: their own parts count"
    assert len(result.slices[6].points) == 8


def test_only_the_set_that_moved_runs_again(session, predictor):
    session.segment_between({5: PARTS[5]})
    predictor.new()
    session.segment_between({5: [LEFT, clicks(46, 40, 8)]})
    assert predictor.new() == [5]


def test_a_small_part_stays_as_it_was_filled(session, predictor):
    dot = np.zeros(SHAPE[1:], bool)
    dot[50:52, 5:7] = True
    masks = {k: disc(15, 20, 6) | disc(45, 40, 8) | dot for k in (5, 8)}
    result = session.segment_between({}, given=masks)
    for index in (6, 7):
        assert result.slices[index].mask[50:52, 5:7].all()
        assert len(result.slices[index].points) == 8


def test_a_set_that_finds_nothing_is_named(session, monkeypatch):
    found = CountingPredictor.predict

    def nothing_right(self, points, threshold=None):
        prediction = found(self, points, threshold)
        if np.mean(points, axis=0)[0] > 30:
            prediction.mask = prediction.mask & False
        return prediction

    monkeypatch.setattr(CountingPredictor, "predict", nothing_right)
    with pytest.raises(ValueError, match="slice 5, set 2 of 2: nothing reaches the threshold"):
        session.segment_between({5: PARTS[5]})


def test_the_user_cancels_between_two_parts_of_a_slice(session, predictor):
    answers = iter([None, Decision.CANCEL])
    with pytest.raises(RefinementCancelled):
        session.segment_between(PARTS, monitor=lambda progress: next(answers))
    assert predictor.new() == [5]


def test_given_masks_are_taken_as_they_are(session, predictor):
    given = {5: disc(20, 25, 9), 12: disc(24, 29, 7).astype(np.uint8)}
    result = session.segment_between({8: CLICKED[5]}, given=given)
    assert predictor.new() == [6, 7, 8, 9, 10, 11]
    assert result.of_kind("given") == [5, 12]
    assert (result.clicked, result.accepted) == ([8], [5, 8, 12])
    np.testing.assert_array_equal(result.slices[5].mask, given[5])
    assert (result.slices[5].points, result.slices[5].probability) == (None, None)
    filled = fill_between({k: result.slices[k].mask for k in (5, 8, 12)}, SPACING[1:])
    np.testing.assert_array_equal(result.slices[10].points, derived_points(filled[10]))


def test_another_given_mask_runs_only_up_to_its_neighbours(session, predictor):
    given = {5: disc(20, 25, 9), 12: disc(24, 29, 7), 20: disc(24, 29, 9)}
    session.segment_between({}, given=given)
    predictor.new()
    session.segment_between({}, given={k: mask.copy() for k, mask in given.items()})
    assert predictor.new() == []
    session.segment_between({}, given=given | {20: disc(30, 29, 12)})
    asked = predictor.new()
    assert asked
    assert set(asked) <= set(range(13, 20))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({31: disc(20, 20, 5)}, "there is no slice 31"),
        ({4: np.ones((3, 3))}, r"the mask has shape \(3, 3\), but slices have \(60, 70\)"),
        ({4: np.zeros(SHAPE[1:])}, "the mask of slice 4 is empty"),
        ({4: np.ones(3)}, r"must be \(rows, cols\)"),
    ],
)
def test_masks_that_cannot_be_used(session, predictor, given, message):
    with pytest.raises(ValueError, match=message):
        session.segment_between({}, given=given)
    assert predictor.asked == []


def test_one_slice_is_segmented_beside_what_is_known(session, predictor):
    session.segment_between(CLICKED)
    predictor.new()
    item = session.segment_slice(10, [LEFT, RIGHT])
    assert predictor.new() == [10, 10]
    assert (item.kind, item.index, len(item.points)) == ("clicked", 10, 8)
    np.testing.assert_array_equal(session.segment_slice(10, [LEFT, RIGHT]).mask, item.mask)
    session.segment_between(CLICKED)
    assert predictor.new() == []
    with pytest.raises(ValueError, match="there is no slice 31"):
        session.segment_slice(31, LEFT)
    with pytest.raises(RuntimeError, match="call set_image first"):
        VolumeSession(predictor).segment_slice(1, LEFT)


def test_parts_are_carried_on_by_themselves(session, predictor):
    mask = disc(15, 20, 6) | disc(45, 40, 8)
    found = session.propagate(15, mask, 1, 16, PropagationOptions(by_parts=True))
    assert predictor.new() == [16, 16]
    (item,) = found.slices
    np.testing.assert_array_equal(item.points[:4], derived_points(disc(15, 20, 6)))
    np.testing.assert_array_equal(item.points[4:], derived_points(disc(45, 40, 8)))
    np.testing.assert_array_equal(item.mask, alone(16, item.points[:4]) | alone(16, item.points[4:]))
    whole = session.propagate(15, mask, 1, 16)
    assert predictor.new() == [16]
    assert len(whole.slices[0].points) == 4


def test_filling_alone_gives_the_result_of_a_session(session):
    given = {5: disc(20, 25, 9), 12: disc(24, 29, 7)}
    clicked = {12: CLICKED[5]}
    result = filled_volume(given, SHAPE[0], SPACING, clicked)
    expected = session.segment_between(clicked, VolumeOptions(fill_only=True), given=given)
    assert [(k, item.kind) for k, item in result.slices.items()] == [
        (k, item.kind) for k, item in expected.slices.items()
    ]
    np.testing.assert_array_equal(result.mask(), expected.mask())
    assert (result.shape, result.spacing) == (expected.shape, expected.spacing)
    assert suggest_slice(result) == suggest_slice(expected) == 9
    with pytest.raises(ValueError, match="there is no slice 12: the volume has slices 0 to 9"):
        filled_volume(given, 10)


def test_filling_alone_needs_no_torch():
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "import numpy as np\n"
        "from cueseg.volumes import filled_volume, suggest_slice\n"
        "mask = np.zeros((9, 9)); mask[3:6, 3:6] = 1\n"
        "result = filled_volume({1: mask, 4: mask}, 6)\n"
        "print(suggest_slice(result), int(result.mask().sum()))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["2", "36"]
