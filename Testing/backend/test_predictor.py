import numpy as np
import pytest
import torch
from torch import nn

from cueseg.predictor import ExtremePointPredictor
from cueseg.weights_file import LoadedModel, WeightsCard


class BrightnessNetwork(nn.Module):
    """A network double: foreground where the image is bright; it shows what the predictor feeds it."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def forward(self, x):
        self.seen.append(x)
        return (x[:, :1] - 127.5) / 10


def predictor_with(**card):
    settings = {"name": "double", "architecture": "compact", "licence": "MIT", "input_size": 96} | card
    network = BrightnessNetwork()
    return ExtremePointPredictor(LoadedModel(network, WeightsCard(**settings)), "cpu"), network


def disc_image(shape=(80, 100), x=45, y=38, radius=12, low=-150, high=200, dtype=np.int16):
    rows, cols = np.mgrid[: shape[0], : shape[1]]
    mask = (cols - x) ** 2 + (rows - y) ** 2 <= radius**2
    points = np.array([[x - radius, y], [x + radius, y], [x, y - radius], [x, y + radius]], float)
    return np.where(mask, high, low).astype(dtype), mask, points


@pytest.mark.parametrize("card", [{}, {"crop_mode": "stretch"}, {"average_flips": True}, {"cue": "ep"}])
@pytest.mark.parametrize("radius", [3, 12, 35])
def test_a_disc_comes_back_as_its_mask(radius, card):
    predictor, _ = predictor_with(**card)
    image, mask, points = disc_image(radius=radius)
    predictor.set_image(image, "ct")
    prediction = predictor.predict(points)
    assert prediction.mask.shape == image.shape
    assert prediction.mask.dtype == bool
    assert prediction.probability.dtype == np.float32
    missed = (prediction.mask ^ mask).sum()
    assert missed <= 0.03 * mask.sum()


def test_the_network_sees_three_image_channels_and_the_map_in_0_to_255():
    predictor, network = predictor_with()
    image, _, points = disc_image()
    predictor.set_image(image, "ct")
    predictor.predict(points)
    (x,) = network.seen
    assert x.shape == (1, 4, 96, 96)
    assert torch.equal(x[:, 0], x[:, 2])
    assert x[:, 3].max() == pytest.approx(255, abs=1)  # on the segments between the clicks
    left, right = 48 - 375 / 512 * 48, 48 + 375 / 512 * 48
    assert x[0, 3, 48, int(left) + 3 : int(right) - 3].min() > 200


def test_flips_are_turned_back_before_averaging():
    predictor, network = predictor_with(average_flips=True)
    image, _, points = disc_image()
    image[:38] = -150  # only the lower half is bright: flips must not smear it upwards
    predictor.set_image(image, "ct")
    prediction = predictor.predict(points)
    assert network.seen[0].shape[0] == 4
    assert prediction.mask[40:50].any()
    assert not prediction.mask[:37].any()


def test_nothing_outside_the_click_box_is_taken():
    predictor, _ = predictor_with()
    predictor.set_image(np.full((60, 60), 250), "ct")  # bright everywhere
    mask = predictor.predict([[20, 30], [40, 30], [30, 25], [30, 35]]).mask
    rows, cols = np.nonzero(mask)
    assert (cols.min(), cols.max(), rows.min(), rows.max()) == (
        18,
        42,
        24,
        36,
    )  # 2 px, or a tenth of the side


def test_click_order_does_not_matter():
    predictor, _ = predictor_with()
    image, _, points = disc_image()
    predictor.set_image(image, "ct")
    first, second = predictor.predict(points), predictor.predict(points[[2, 0, 3, 1]])
    assert np.array_equal(first.probability, second.probability)


def test_a_structure_cut_by_the_border_is_segmented_up_to_it():
    predictor, _ = predictor_with()
    image, mask, _ = disc_image(x=2, y=30, radius=12)
    predictor.set_image(image, "ct")
    prediction = predictor.predict([[0, 30], [14, 30], [2, 18], [2, 42]])
    assert (prediction.mask ^ mask).sum() <= 0.03 * mask.sum()


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int32, np.float32, np.float64])
@pytest.mark.parametrize("modality", ["mr", "grey"])
def test_depths_and_modalities(dtype, modality):
    predictor, _ = predictor_with()
    image, mask, points = disc_image(low=10, high=240, dtype=dtype)
    predictor.set_image(image, modality)
    assert (predictor.predict(points).mask ^ mask).sum() <= 0.02 * mask.sum()


def test_rgb_images():
    predictor, _ = predictor_with()
    image, mask, points = disc_image(low=10, high=240, dtype=np.uint8)
    predictor.set_image(np.stack([image, image // 2, image // 3], axis=-1), "rgb")
    assert (predictor.predict(points).mask ^ mask).sum() <= 0.02 * mask.sum()


def test_volume_range_replaces_the_range_of_the_slice():
    predictor, network = predictor_with()
    image, _, points = disc_image(low=100, high=200)
    predictor.set_image(image, "mr", intensity_range=(0, 400))
    predictor.predict(points)
    assert network.seen[0][0, 0].max() == pytest.approx(127.5, abs=1)


def test_threshold_is_honoured():
    predictor, _ = predictor_with()
    image, _, points = disc_image(high=30)
    predictor.set_image(image, "ct")
    strict, loose = predictor.predict(points, 0.9).mask.sum(), predictor.predict(points, 0.1).mask.sum()
    assert strict < loose


def test_stages_are_timed():
    predictor, _ = predictor_with()
    image, _, points = disc_image()
    predictor.set_image(image, "ct")
    assert set(predictor.predict(points).seconds) == {"crop", "cue", "network", "paste"}


def test_predicting_without_an_image_says_what_to_call():
    predictor, _ = predictor_with()
    with pytest.raises(RuntimeError, match="set_image"):
        predictor.predict([[0, 0], [1, 1], [2, 0], [0, 2]])


def test_a_refused_image_leaves_the_one_before():
    predictor, _ = predictor_with()
    image, _, points = disc_image()
    predictor.set_image(image, "ct")
    before = predictor.predict(points).mask
    with pytest.raises(ValueError, match="NaN"):
        predictor.set_image(np.full((9, 9), np.nan), "ct")
    assert np.array_equal(predictor.predict(points).mask, before)


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([[500, 500], [520, 500], [510, 490], [510, 510]], "outside the image"),
        ([[1, 1], [2, 2], [3, 3]], "four"),
        ([[5, 5]] * 4, "same place"),
        ([[np.nan, 1], [2, 2], [3, 1], [2, 0]], "finite"),
    ],
)
def test_unusable_clicks_say_what_to_click(points, message):
    predictor, _ = predictor_with()
    predictor.set_image(disc_image()[0], "ct")
    with pytest.raises(ValueError, match=message):
        predictor.predict(points)


@pytest.mark.parametrize("threshold", [0, 1, -0.5, np.nan])
def test_impossible_thresholds_are_refused(threshold):
    predictor, _ = predictor_with()
    image, _, points = disc_image()
    predictor.set_image(image, "ct")
    with pytest.raises(ValueError, match="between 0 and 1"):
        predictor.predict(points, threshold)


@pytest.mark.parametrize(("device", "message"), [("gpu9", "unknown device"), ("meta", "not supported")])
def test_impossible_devices_are_refused(device, message):
    with pytest.raises(ValueError, match=message):
        ExtremePointPredictor(
            LoadedModel(BrightnessNetwork(), WeightsCard(name="x", architecture="compact", licence="MIT")),
            device,
        )


def test_without_a_gpu_the_note_says_so():
    predictor, _ = predictor_with()
    assert predictor.device == "cpu"
    if not torch.cuda.is_available():
        automatic = ExtremePointPredictor(
            LoadedModel(BrightnessNetwork(), WeightsCard(name="x", architecture="compact", licence="MIT"))
        )
        assert automatic.device == "cpu"
        assert "CPU" in automatic.device_note
