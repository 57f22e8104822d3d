"""Which slices count, across which axis, which are out of date, and which to look at next."""

import numpy as np
import pytest

from CueSegMRML import SliceRecords
from whole_volume_case import WholeVolumeCase, ring


@pytest.fixture
def case(build):
    case = WholeVolumeCase(build)
    yield case
    case.close()


def test_moved_points_make_a_clicked_slice(case):
    case.click_slices(2, 8)
    case.fill()
    before = case.volume_of()
    outcome = case.move(5, ring(5, scale=1.3))
    assert outcome.written == {5: "clicked"}
    after = case.volume_of()
    np.testing.assert_array_equal(np.delete(after, 5, 0), np.delete(before, 5, 0))
    assert after[5].sum() > before[5].sum()
    assert case.slices().records[5].points[0] == pytest.approx((18 - 9.1, 14 + 0.52), abs=0.01)
    assert case.whole.reviews.outdated(case.nodes, case.slices()) == [3, 4, 6, 7]
    case.move(5, ring(5, scale=1.4))
    assert case.fill().result.calls == 4
    assert case.whole.reviews.outdated(case.nodes, case.slices()) == []
    case.undo()
    assert case.whole.reviews.outdated(case.nodes, case.slices()) != []
    case.undo()
    np.testing.assert_array_equal(case.volume_of(), before)
    assert case.kinds()[5] == "derived", "both drags are one step"


def test_segments_keep_what_is_known_of_them(case):
    case.click_slices(2, 6)
    case.fill()
    first = case.settings.segmentId
    case.panel.addSegment(case.settings)
    case.click_slices(3, 8, scale=0.7)
    case.fill()
    suggested = case.whole.reviews.next(case.nodes, case.slices())
    case.settings.segmentId = first
    assert case.fill().result.calls == 0
    assert case.whole.reviews.next(case.nodes, case.slices()) == 4
    assert suggested in (5, 6)


def test_suggestions_go_on_from_slice_to_slice_and_begin_again(case):
    reviews = case.whole.reviews
    assert reviews.next(case.nodes, case.slices()) is None
    case.click_slices(2, 8)
    assert reviews.next(case.nodes, case.slices()) == 5, "also before anything was filled"
    case.fill()
    seen = [reviews.next(case.nodes, case.slices()) for _ in range(6)]
    assert sorted(seen[:5]) == [3, 4, 5, 6, 7]
    assert seen[5] == seen[0]


def test_the_axis_with_most_clicked_slices_is_chosen(case):
    case.click_slices(3, 7)
    case.click_set(ring(32, center=(14.0, 5.0), scale=0.25, axis=0))
    slices = case.slices()
    assert slices.stack.axis == 2
    assert slices.kinds == {3: "clicked", 7: "clicked"}, "a sagittal slice is no painted line in axial ones"
    assert case.slices(axis=0).of("clicked") == [32]
    sagittal = case.volume_of()[:, :, 32]
    case.fill()
    np.testing.assert_array_equal(case.volume_of()[:, :, 32], sagittal)
    assert SliceRecords.recordsOf(*case.nodes)[0].axis == 0, "it still holds"


def test_slices_that_cross_are_not_clicked_ones_any_more_but_filled_between(case):
    case.click_slices(3, 7)
    case.click_set(ring(20, center=(14.0, 6.0), scale=0.4, axis=0))
    slices = case.slices()
    assert (slices.stack.axis, slices.kinds) == (2, {3: "given", 7: "given"})
    before = case.volume_of()
    assert list(case.fill().written) == [4, 5, 6]
    np.testing.assert_array_equal(case.volume_of()[:, :, 20], before[:, :, 20])
    np.testing.assert_array_equal(case.volume_of()[[3, 7]], before[[3, 7]])


def test_of_axes_with_as_many_slices_the_preferred_one_is_chosen(case):
    case.click_slices(3)
    case.click_set(ring(32, center=(14.0, 8.0), scale=0.3, axis=0))
    assert case.slices().stack.axis == 2
    assert case.slices(preferred=0).stack.axis == 0
