"""Clicked slices to a volume: what the network is asked, what is taken from it, and what is remembered."""

import numpy as np
import pytest

from cueseg.metrics import dice
from cueseg.volumes import VolumeOptions, VolumeSession, derived_points, fill_between, segment_between
from doubles import PolygonPredictorDouble
from volume_case import CLICKED, SHAPE, SPACING, CountingPredictor, clicks, session_with, volume


@pytest.fixture
def predictor():
    return CountingPredictor()


@pytest.fixture
def session(predictor):
    return session_with(predictor)


def test_clicked_slices_come_from_the_network_and_those_between_from_derived_points(session, predictor):
    result = session.segment_between(CLICKED)
    assert list(result.slices) == list(range(5, 26))
    assert result.clicked == [5, 15, 25]
    assert result.of_kind("derived") == [k for k in range(6, 25) if k != 15]
    assert predictor.new() == list(range(5, 26))
    assert result.calls == 21
    assert result.reused == 0
    filled = fill_between({k: result.slices[k].mask for k in CLICKED}, SPACING[1:])
    for index in result.of_kind("derived"):
        item = result.slices[index]
        np.testing.assert_array_equal(item.points, derived_points(filled[index]))
        assert item.agreement == pytest.approx(dice(item.mask, filled[index]))
        assert item.probability.shape == item.mask.shape == SHAPE[1:]
        assert item.entropy == pytest.approx(0, abs=1e-6)  # the double is sure of everything
    np.testing.assert_array_equal(result.slices[15].points, np.array(CLICKED[15], float))
    whole = result.mask()
    assert whole.shape == SHAPE
    assert not whole[:5].any()
    assert not whole[26:].any()
    np.testing.assert_array_equal(whole[9], result.slices[9].mask)


def test_every_slice_is_given_with_the_modality_pixel_size_and_window_of_the_volume(predictor):
    session = VolumeSession(predictor)
    rng = np.random.default_rng(1)
    values = volume() + rng.normal(size=SHAPE).astype(np.float32) * 1e-3
    session.set_image(values, "mr", SPACING)
    session.segment_between({5: CLICKED[5], 8: CLICKED[5]})
    assert len(predictor.images) == 4
    assert {(item.modality, item.spacing) for item in predictor.images} == {("mr", (1.0, 1.5))}
    (window,) = {item.intensity_range for item in predictor.images}
    assert window == pytest.approx(np.percentile(values, (0.5, 99.5)), abs=0.1)


def test_the_same_request_runs_nothing(session, predictor):
    first = session.segment_between(CLICKED)
    predictor.new()
    again = session.segment_between({k: np.asarray(CLICKED[k]) for k in (25, 5, 15)})
    assert predictor.new() == []
    assert (again.calls, again.reused) == (0, 21)
    np.testing.assert_array_equal(again.mask(), first.mask())


def test_a_moved_click_runs_only_up_to_its_clicked_neighbours(session, predictor):
    clicked = CLICKED | {10: clicks(25, 28, 9), 20: clicks(35, 33, 12)}
    before = session.segment_between(clicked)
    predictor.new()
    after = session.segment_between(clicked | {10: clicks(25, 28, 12)})
    asked = predictor.new()
    assert 10 in asked
    assert set(asked) <= set(range(6, 15))
    assert len(asked) == after.calls >= 7
    for index in (5, *range(15, 26)):
        assert after.slices[index].mask is before.slices[index].mask


def test_a_new_click_runs_only_up_to_its_clicked_neighbours(session, predictor):
    session.segment_between(CLICKED)
    predictor.new()
    result = session.segment_between(CLICKED | {20: clicks(30, 30, 15)})
    asked = predictor.new()
    assert 20 in asked
    assert set(asked) <= set(range(16, 25))
    assert result.clicked == [5, 15, 20, 25]


def test_what_is_remembered_cannot_be_changed_from_outside(session):
    result = session.segment_between(CLICKED)
    for kind in ("clicked", "derived"):
        item = result.slices[result.of_kind(kind)[0]]
        for array in (item.mask, item.probability, item.points):
            with pytest.raises(ValueError, match="read-only"):
                array[0, 0] = 1
    filled = session.segment_between(CLICKED, VolumeOptions(fill_only=True)).slices[9]
    with pytest.raises(ValueError, match="read-only"):
        filled.mask[0, 0] = True
    result.mask()[9, 0, 0] = True
    assert not session.segment_between(CLICKED).slices[9].mask[0, 0]


def test_values_that_are_no_numbers_are_in_the_way_only_in_slices_that_are_used(predictor):
    session = VolumeSession(predictor)
    values = volume().astype(np.float32)
    values[0] = np.nan
    session.set_image(values, "ct", SPACING)
    assert list(session.segment_between({5: CLICKED[5]}).slices) == [5]


def test_points_another_threshold_or_another_volume_are_not_confused(session, predictor):
    session.segment_between(CLICKED)
    predictor.new()
    session.segment_between(CLICKED, VolumeOptions(threshold=0.4))
    assert predictor.new() == list(range(5, 26))
    session.set_image(volume(), "ct", SPACING)
    session.segment_between(CLICKED, VolumeOptions(threshold=0.4))
    assert predictor.new() == list(range(5, 26))


def test_a_mask_that_disagrees_with_the_filled_one_is_not_taken(session, predictor):
    predictor.blind = {9}
    result = session.segment_between(CLICKED)
    item = result.slices[9]
    assert item.kind == "filled"
    assert item.agreement < 0.1
    assert item.mask.sum() > 50
    assert item.probability.max() == pytest.approx(0.9)
    predictor.new()
    taken = session.segment_between(CLICKED, VolumeOptions(min_agreement=0))
    assert predictor.new() == []
    assert taken.slices[9].kind == "derived"
    assert taken.slices[9].mask.sum() == 1


def test_filling_only_runs_the_network_on_clicked_slices(session, predictor):
    result = session.segment_between(CLICKED, VolumeOptions(fill_only=True))
    assert predictor.new() == [5, 15, 25]
    assert result.of_kind("filled") == [k for k in range(6, 25) if k != 15]
    item = result.slices[9]
    assert (item.points, item.probability, item.entropy, item.agreement) == (None,) * 4
    expected = fill_between({k: result.slices[k].mask for k in CLICKED}, SPACING[1:])
    np.testing.assert_array_equal(item.mask, expected[9])


def test_masks_too_small_for_the_network_stay_filled(session, predictor):
    thin = {0: clicks(30, 30, 1), 4: clicks(30, 30, 1)}
    result = session.segment_between(thin)
    assert result.slices[0].mask.sum() == 5
    assert predictor.new() == [0, 4]
    assert result.of_kind("filled") == [1, 2, 3]


def test_one_clicked_slice_is_the_whole_result(session, predictor):
    result = session.segment_between({7: CLICKED[5]})
    assert list(result.slices) == [7]
    assert predictor.new() == [7]
    assert result.mask().any(axis=(1, 2)).sum() == 1


def test_a_single_call_does_the_same(session, predictor):
    result = segment_between(CountingPredictor(), volume(), CLICKED, spacing=SPACING)
    np.testing.assert_array_equal(result.mask(), session.segment_between(CLICKED).mask())


def test_colour_volumes(predictor):
    image = np.repeat(volume()[..., None], 3, axis=-1).astype(np.uint8)
    session = VolumeSession(predictor)
    session.set_image(image, "rgb")
    predictor.predict = lambda points, threshold=None: PolygonPredictorDouble.predict(
        predictor, points, threshold
    )
    assert session.segment_between({5: CLICKED[5], 7: CLICKED[5]}).mask()[5:8].any(axis=(1, 2)).all()
