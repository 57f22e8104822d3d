"""Cancelling, stopping, failing and refusing: what is known before stays known."""

import numpy as np
import pytest

from cueseg.refinement import Decision, RefinementCancelled
from cueseg.volumes import PropagationOptions, VolumeOptions, VolumeSession
from doubles import PolygonPredictorDouble
from volume_case import CLICKED, SHAPE, CountingPredictor, clicks, session_with


@pytest.fixture
def predictor():
    return CountingPredictor()


@pytest.fixture
def session(predictor):
    return session_with(predictor)


def test_cancelling_ends_before_the_next_slice_and_keeps_nothing(session, predictor):
    seen = []

    def monitor(progress):
        seen.append((progress.stage, progress.done, progress.total))
        return Decision.CANCEL if progress.stage == "between" and progress.done == 4 else None

    with pytest.raises(RefinementCancelled, match="cancelled in stage between after 4 of 18"):
        session.segment_between(CLICKED, monitor=monitor)
    assert seen[:3] == [("clicked", 0, 3), ("clicked", 1, 3), ("clicked", 2, 3)]
    assert predictor.new() == [5, 6, 7, 8, 9, 15, 25]
    session.segment_between(CLICKED)
    assert predictor.new() == list(range(5, 26))


def test_stopping_leaves_the_filled_masks(session, predictor):
    def monitor(progress):
        return Decision.STOP if progress.stage == "between" and progress.done == 4 else None

    result = session.segment_between(CLICKED, monitor=monitor)
    assert result.stopped
    assert result.of_kind("derived") == [6, 7, 8, 9, 10]
    assert result.of_kind("filled") == [11, 12, 13, 14, *range(16, 25)]
    predictor.new()
    whole = session.segment_between(CLICKED)
    assert not whole.stopped
    assert predictor.new() == [11, 12, 13, 14, *range(16, 25)]


def test_a_failure_leaves_what_was_known(session, predictor):
    session.segment_between(CLICKED)
    predictor.new()
    predictor.broken = 18
    with pytest.raises(RuntimeError, match="out of memory"):
        session.segment_between(CLICKED | {20: clicks(30, 30, 15)})
    predictor.broken = None
    predictor.new()
    session.segment_between(CLICKED)
    assert predictor.new() == []


def test_clicks_that_find_nothing_are_refused(session, predictor, monkeypatch):
    found = PolygonPredictorDouble.predict
    session.segment_between({5: CLICKED[5]})

    def nothing(self, points, threshold=None):
        prediction = found(self, points, threshold)
        prediction.mask, prediction.probability = prediction.mask & False, prediction.probability * 0.2
        return prediction

    monkeypatch.setattr(PolygonPredictorDouble, "predict", nothing)
    with pytest.raises(ValueError, match=r"slice 9: nothing reaches the threshold .*probability 0\.20"):
        session.segment_between({5: CLICKED[5], 9: CLICKED[5]})


@pytest.mark.parametrize(
    ("clicked", "message"),
    [
        ({}, "no slice was clicked"),
        ({31: CLICKED[5]}, "there is no slice 31: the volume has slices 0 to 30"),
        ({-1: CLICKED[5]}, "there is no slice -1"),
        ({2.0: CLICKED[5]}, "not 2.0"),
        ({4: [(1, 1)] * 4}, "slice 4: all four points are at the same place"),
        ({4: CLICKED[5][:3]}, r"slice 4: four \(x, y\) points are needed"),
        ({4: [(3, 3), (3, 9), (3, 5), (3, 7)]}, "slice 4: all four points are in one column"),
        ({4: clicks(np.nan, 3, 2)}, "slice 4: points must be finite"),
    ],
)
def test_slices_and_points_that_cannot_be_used(session, predictor, clicked, message):
    with pytest.raises(ValueError, match=message):
        session.segment_between(clicked)
    assert predictor.asked == []


@pytest.mark.parametrize(
    ("image", "arguments", "message"),
    [
        (np.zeros((5, 6)), (), "a ct volume must be"),
        (np.zeros((3, 5, 6, 3)), (), "a ct volume must be"),
        (np.zeros((0, 5, 6)), (), "a ct volume must be"),
        (np.zeros((3, 5, 6)), ("pet",), "unknown modality 'pet'"),
        (np.zeros((3, 5, 6)), ("ct", (1, 1)), "3 numbers above 0"),
        (np.zeros((3, 5, 6), complex), (), "integers or floats"),
    ],
)
def test_volumes_that_cannot_be_used(session, predictor, image, arguments, message):
    with pytest.raises(ValueError, match=message):
        session.set_image(image, *arguments)
    session.segment_between({5: CLICKED[5]})
    assert predictor.new() == [5]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"threshold": 1}, "threshold must lie between 0 and 1, got 1"),
        ({"min_agreement": 1.5}, "min_agreement must lie from 0 to 1, got 1.5"),
        ({"min_agreement": None}, "min_agreement must lie from 0 to 1, got None"),
    ],
)
def test_options_that_cannot_be(values, message):
    with pytest.raises(ValueError, match=message):
        VolumeOptions(**values)


def test_a_volume_must_be_set_first(predictor):
    with pytest.raises(RuntimeError, match="call set_image first"):
        VolumeSession(predictor).segment_between(CLICKED)
    with pytest.raises(RuntimeError, match="call set_image first"):
        VolumeSession(predictor).propagate(1, np.ones(SHAPE[1:]), 1)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"most": 0}, "most must be a whole number of slices, 1 or more, got 0"),
        ({"most": 2.5}, "got 2.5"),
        ({"max_area": 0.5}, "max_area must be a number, 1 or more, got 0.5"),
        ({"min_area": -1}, "min_area must lie from 0 to 1, got -1"),
        ({"min_probability": 2}, "min_probability must lie from 0 to 1, got 2"),
        ({"threshold": 0}, "threshold must lie between 0 and 1, got 0"),
    ],
)
def test_options_of_carrying_on_that_cannot_be(values, message):
    with pytest.raises(ValueError, match=message):
        PropagationOptions(**values)


@pytest.mark.parametrize(
    ("start", "mask", "direction", "until", "message"),
    [
        (40, np.ones(SHAPE[1:]), 1, None, "there is no slice 40"),
        (4, np.ones(SHAPE[1:]), 0, None, "direction must be 1 or -1, got 0"),
        (4, np.ones((3, 3)), 1, None, r"the mask has shape \(3, 3\), but slices have \(60, 70\)"),
        (4, np.ones(SHAPE[1:]), 1, 2, r"slice 2 does not lie in direction \+1 of slice 4"),
        (4, np.ones(SHAPE[1:]), 1, 31, "there is no slice 31"),
        (4, np.zeros(SHAPE[1:]), 1, None, "the mask of slice 4 is empty"),
    ],
)
def test_nothing_is_carried_on_from_what_cannot_be(session, start, mask, direction, until, message):
    with pytest.raises(ValueError, match=message):
        session.propagate(start, mask, direction, until)
