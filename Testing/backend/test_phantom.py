"""The made-up torso."""

import numpy as np
import pytest

from cueseg.extreme_points import extreme_points_from_mask
from cueseg.metrics import dice
from cueseg.phantom import BODIES, torso_phantom
from cueseg.predictor import ExtremePointPredictor


@pytest.fixture(scope="module")
def phantom():
    return torso_phantom()


def test_every_body_is_there_with_its_intensity(phantom):
    assert (phantom.image.dtype, phantom.labels.dtype) == (np.int16, np.uint8)
    assert phantom.names == tuple(body.name for body in BODIES)
    for number, body in enumerate(BODIES, start=1):
        values = phantom.image[phantom.labels == number]
        assert values.size > 100, body.name
        assert values.mean() == pytest.approx(body.intensity, abs=3.0), body.name


def test_the_liver_is_on_the_patients_right_and_the_spine_at_the_back(phantom):
    middles = {
        name: np.argwhere(phantom.labels == number).mean(axis=0) / phantom.image.shape
        for number, name in enumerate(phantom.names, start=1)
    }
    assert middles["liver"][2] < 0.5 < middles["spleen"][2]
    assert middles["vertebra"][1] > middles["aorta"][1] > middles["stomach"][1]
    assert middles["right kidney"][2] < 0.5 < middles["left kidney"][2]


def test_the_seed_decides_the_noise(phantom):
    np.testing.assert_array_equal(torso_phantom().image, phantom.image)
    other = torso_phantom(seed=1)
    np.testing.assert_array_equal(other.labels, phantom.labels)
    assert (other.image != phantom.image).mean() > 0.9


def test_a_volume_without_room_is_refused():
    with pytest.raises(ValueError, match=r"at least 8 voxels.*\(4, 64, 64\)"):
        torso_phantom((4, 64, 64))


def test_the_shipped_weights_find_the_bodies(phantom):
    predictor, rng = ExtremePointPredictor(device="cpu"), np.random.default_rng(0)
    scores = {}
    for number, name in enumerate(phantom.names, start=1):
        index = int((phantom.labels == number).sum(axis=(1, 2)).argmax())
        reference = phantom.labels[index] == number
        predictor.set_image(phantom.image[index], "ct")
        scores[name] = dice(predictor.predict(extreme_points_from_mask(reference, rng)).mask, reference)
    assert min(scores.values()) > 0.75, scores
    assert np.mean(list(scores.values())) > 0.9, scores
