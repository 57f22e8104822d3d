"""Carrying a mask on to the next slices, when that stops, and which slice is suggested."""

import numpy as np
import pytest

from cueseg import ExtremePointPredictor
from cueseg.refinement import Decision, RefinementCancelled
from cueseg.volumes import (
    PropagationOptions,
    SliceResult,
    VolumeOptions,
    VolumeResult,
    VolumeSession,
    derived_points,
    ranked_slices,
    suggest_slice,
)
from cueseg.volumes.suggestion import suggestion_scores
from volume_case import CLICKED, SHAPE, SPACING, CountingPredictor, clicks, volume


class ShrinkingPredictor(CountingPredictor):
    """Its masks change with the slice.

    Attributes:
        scale: Slice number -> by how much its points are drawn to their middle.
        sure: Slice number -> probability within the mask, else 1.
    """

    def __init__(self):
        super().__init__()
        self.scale, self.sure = {}, {}

    def predict(self, points, threshold=None):
        points = np.asarray(points, float)
        index = int(self.images[-1].image[0, 0])
        drawn = points.mean(0) + (points - points.mean(0)) * self.scale.get(index, 1.0)
        found = super().predict(drawn, threshold)
        found.probability = found.probability * np.float32(self.sure.get(index, 1.0))
        return found


@pytest.fixture
def predictor():
    return ShrinkingPredictor()


@pytest.fixture
def session(predictor):
    session = VolumeSession(predictor)
    session.set_image(volume(), "ct", SPACING)
    return session


@pytest.fixture
def accepted(session, predictor):
    mask = session.segment_between({15: CLICKED[15]}).slices[15].mask
    predictor.new()
    return mask


def test_the_points_of_a_mask_are_the_clicks_of_the_next_slice(session, accepted, predictor):
    found = session.propagate(15, accepted, -1, 11)
    assert [item.index for item in found.slices] == [14, 13, 12, 11]
    assert (found.stopped_by, found.stopped_at, found.calls) == ("until", None, 4)
    assert predictor.asked == [14, 13, 12, 11]
    before = accepted
    for item in found.slices:
        assert item.kind == "propagated"
        np.testing.assert_array_equal(item.points, derived_points(before))
        before = item.mask


def test_it_goes_as_far_as_allowed_and_not_past_the_volume(session, accepted):
    found = session.propagate(15, accepted, 1)
    assert ([item.index for item in found.slices], found.stopped_by) == ([16, 17, 18, 19], "most")
    found = session.propagate(28, accepted, 1)
    assert ([item.index for item in found.slices], found.stopped_by) == ([29, 30], "end")
    found = session.propagate(30, accepted, 1)
    assert (found.slices, found.stopped_by) == ([], "end")
    assert len(session.propagate(15, accepted, 1, options=PropagationOptions(most=9)).slices) == 9


@pytest.mark.parametrize(
    ("scale", "sure", "reason"), [(0.5, 1.0, "area"), (2.0, 1.0, "area"), (1.0, 0.6, "probability")]
)
def test_it_stops_before_a_slice_that_breaks_a_rule(session, accepted, predictor, scale, sure, reason):
    predictor.scale[17], predictor.sure[17] = scale, sure
    found = session.propagate(15, accepted, 1)
    assert [item.index for item in found.slices] == [16]
    assert (found.stopped_by, found.stopped_at) == (reason, 17)
    lenient = PropagationOptions(min_area=0.1, max_area=9, min_probability=0.5)
    assert len(session.propagate(15, accepted, 1, options=lenient).slices) == 4


def test_it_stops_where_the_structure_is_too_small_for_the_network(session, predictor):
    small = np.zeros(SHAPE[1:], bool)
    small[20:23, 30] = True
    found = session.propagate(15, small, 1)
    assert (found.slices, found.stopped_by, found.stopped_at) == ([], "size", 16)
    assert predictor.asked == []


def test_the_user_stops_or_cancels_within_one_slice(session, accepted, predictor):
    def answer(decision):
        return lambda progress: decision if (progress.stage, progress.done) == ("propagate", 2) else None

    found = session.propagate(15, accepted, 1, monitor=answer(Decision.STOP))
    assert ([item.index for item in found.slices], found.stopped_by) == ([16, 17], "user")
    assert predictor.new() == [16, 17]
    with pytest.raises(RefinementCancelled):
        session.propagate(15, accepted, 1, monitor=answer(Decision.CANCEL))
    assert predictor.new() == [16, 17]


def result_of(areas, entropies, clicked, kinds=None):
    """A result of squares-to-be: area in pixels and entropy per slice, from slice 10 on."""
    slices = {}
    for place, (area, entropy) in enumerate(zip(areas, entropies, strict=True)):
        mask = np.zeros((20, 20), bool)
        mask.flat[:area] = True
        kind = "clicked" if place in clicked else (kinds or {}).get(place, "derived")
        slices[10 + place] = SliceResult(index=10 + place, kind=kind, mask=mask, entropy=entropy)
    return VolumeResult(slices=slices, shape=(40, 20, 20), spacing=SPACING)


def test_the_far_slice_is_suggested():
    assert suggest_slice(result_of([50] * 9, [0.5] * 9, {0, 8})) == 14
    assert suggest_slice(result_of([50] * 9, [0.5] * 9, {0, 2, 8})) == 15


def test_all_slices_are_ranked():
    ranked = ranked_slices(result_of([50] * 5, [0.1, 0.9, 0.5, 0.5, 0.1], {0}))
    assert ranked == [13, 12, 11, 14]
    assert ranked_slices(result_of([50] * 2, [0.5] * 2, {0, 1})) == []


def test_the_uncertain_slice_is_suggested():
    entropies = [0.1, 0.1, 0.9, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]
    assert suggest_slice(result_of([50] * 9, entropies, {0, 8})) == 12


def test_the_slice_of_another_size_is_suggested():
    areas = [50, 50, 50, 50, 50, 50, 200, 50, 50]
    assert suggest_slice(result_of(areas, [0.5] * 9, {0, 8})) == 16


def test_a_slice_whose_mask_was_not_taken_counts_as_wholly_uncertain():
    assert suggest_slice(result_of([50] * 9, [0.5] * 9, {0, 8}, {3: "filled"})) == 13
    only_filled = result_of([50] * 9, [None] * 9, {0, 8}, dict.fromkeys(range(1, 8), "filled"))
    assert suggest_slice(only_filled) == 14


def test_scores_are_entropy_times_mm_times_change_of_size():
    scores = suggestion_scores(result_of([50, 50, 100, 50], [0.1, 0.2, 0.4, 0.1], {0, 3}))
    assert scores == pytest.approx({11: 0.2 * 3.0, 12: 0.4 * 3.0 * (1 + np.log(2))})


def test_nothing_is_suggested_where_nothing_lies_between():
    assert suggest_slice(result_of([50, 50], [0.1, 0.1], {0, 1})) is None
    assert suggest_slice(result_of([50], [0.1], {0})) is None


def test_a_suggested_slice_is_never_suggested_again(session):
    clicked = dict(CLICKED)
    while (wanted := suggest_slice(session.segment_between(clicked))) is not None:
        assert wanted not in clicked
        clicked[wanted] = clicks(25, 30, 9)
    assert sorted(clicked) == list(range(5, 26))


def test_the_shipped_weights_follow_a_bright_ball():
    rows, cols = np.indices((48, 48))
    radii = [9, 10, 11, 10, 9]
    truth = np.stack([np.hypot(rows - 24, cols - 22 - k) <= radii[k] for k in range(5)])
    session = VolumeSession(ExtremePointPredictor("default", "cpu"))
    session.set_image(np.where(truth, 120, -80).astype(np.int16), "ct", (2.5, 1.0, 1.0))
    ends = {k: derived_points(truth[k]) for k in (0, 4)}
    result = session.segment_between(ends)
    assert (result.calls, result.clicked) == (5, [0, 4])
    found = result.mask()
    assert 2 * (found & truth).sum() / (found.sum() + truth.sum()) >= 0.9
    assert 0 < result.slices[2].entropy < 1
    assert session.segment_between(ends).calls == 0
    again = session.segment_between(ends, VolumeOptions(fill_only=True))
    assert (again.calls, again.of_kind("filled")) == (0, [1, 2, 3])
