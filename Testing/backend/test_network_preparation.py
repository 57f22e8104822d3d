"""Images reach the network's grid with the right axes, spacing and intensities, and maps come back."""

from typing import Any

import numpy as np
import pytest
import torch

from cueseg.networks import memory
from cueseg.networks.card import NetworkCard
from cueseg.networks.preparation import prepare_image

VOLUME = np.random.default_rng(0).normal(size=(12, 20, 16)).astype(np.float32)


def card(dims: int = 3, in_channels: int = 1, **values: Any) -> NetworkCard:
    return NetworkCard(name="a", dims=dims, in_channels=in_channels, classes=("background", "a"), **values)


def test_an_image_on_the_grid_stays_as_it_is() -> None:
    prepared = prepare_image(card(), VOLUME, (2, 1, 1))
    assert prepared.tensor.dtype == torch.float32
    assert np.array_equal(prepared.tensor[0].numpy(), VOLUME)
    assert prepared.grid_spacing == (2, 1, 1)
    assert np.array_equal(prepared.to_image(prepared.tensor.numpy())[0], VOLUME)


@pytest.mark.parametrize(
    ("shape", "dims", "channels", "spatial"),
    [
        ((9, 8), 2, 1, (9, 8)),
        ((9, 8, 3), 2, 3, (9, 8)),
        ((3, 9, 8), 2, 3, (9, 8)),
        ((5, 9, 8), 2, 1, (5, 9, 8)),
        ((5, 9, 8, 3), 2, 3, (5, 9, 8)),
        ((5, 9, 8, 1), 3, 1, (5, 9, 8)),
        ((4, 5, 9, 8), 3, 4, (5, 9, 8)),
    ],
)
def test_spatial_axes_and_channels_are_told_apart(
    shape: tuple[int, ...], dims: int, channels: int, spatial: tuple[int, ...]
) -> None:
    prepared = prepare_image(card(dims, channels), np.zeros(shape))
    assert prepared.image_shape == spatial
    assert prepared.tensor.shape == (channels, *spatial)


def test_the_scribbles_decide_where_two_readings_fit() -> None:
    image = np.zeros((3, 9, 3))
    assert prepare_image(card(2, 3), image).image_shape == (3, 9)
    assert prepare_image(card(2, 3), image, spatial_shape=(9, 3)).image_shape == (9, 3)
    with pytest.raises(ValueError, match=r"should be \(4, 4\)"):
        prepare_image(card(2, 3), image, spatial_shape=(4, 4))


@pytest.mark.parametrize("order", ["zyx", "xyz", "yzx"])
@pytest.mark.parametrize("flip", ["", "xy", "z"])
def test_axes_are_turned_and_turned_back(order: str, flip: str) -> None:
    prepared = prepare_image(card(axis_order=order, flip=flip), VOLUME, (3, 2, 1))
    axes = ["zyx".index(letter) for letter in order]
    expected = np.flip(VOLUME.transpose(axes), [order.index(letter) for letter in flip])
    assert np.array_equal(prepared.tensor[0].numpy(), expected)
    assert prepared.grid_spacing == tuple((3, 2, 1)[axis] for axis in axes)
    assert np.array_equal(prepared.to_image(prepared.tensor)[0], VOLUME)
    labels = np.where(VOLUME > 1, 1, -1)
    assert np.array_equal(prepared.to_grid(labels), np.where(expected > 1, 1, -1))


def test_a_2d_network_looks_along_the_axis_it_names() -> None:
    prepared = prepare_image(card(2, axis_order="xzy", spacing=(2, 1)), VOLUME, (1, 1, 1))
    assert prepared.tensor.shape == (1, 16, 6, 20)  # columns one by one; slices of 2 mm, rows of 1 mm
    assert prepare_image(card(2, axis_order="xy"), VOLUME).tensor.shape == (1, 12, 16, 20)
    with pytest.raises(ValueError, match="give a volume"):
        prepare_image(card(2, axis_order="xzy"), VOLUME[0])


def test_resampling_keeps_a_ramp_and_does_not_alias() -> None:
    ramp = np.broadcast_to(np.linspace(0, 1, 40), (20, 30, 40)).astype(np.float32)
    prepared = prepare_image(card(spacing=(2, 2, 2)), ramp, (1, 1, 1))
    assert prepared.tensor.shape == (1, 10, 15, 20)
    back = prepared.to_image(prepared.tensor)[0]
    assert np.abs(back - ramp)[:, :, 4:-4].max() < 1e-5
    stripes = np.broadcast_to((np.arange(40) % 2)[:, None], (40, 40)).astype(np.float32)
    shrunk = prepare_image(card(2, spacing=(4, 4)), stripes, (1, 1)).tensor[0, 1:-1]
    assert np.abs(shrunk.numpy() - 0.5).max() < 0.1  # without a widened kernel all samples would be equal


def test_every_stroke_survives_a_coarser_grid() -> None:
    labels = np.full((24, 64, 64), -1, np.int16)
    labels[3, 7, 7:20] = 1
    labels[4, 33, 33] = 0
    labels[10, 40:60, 41] = 2
    labels[10, 40:60, 43] = 3
    prepared = prepare_image(card(spacing=(5, 5, 5)), np.zeros(labels.shape), (3, 1, 1))
    grid = prepared.to_grid(labels)
    assert grid.dtype == np.int16
    assert grid.shape == prepared.grid_shape
    assert set(np.unique(grid)) == {-1, 0, 1, 2, 3}
    where = np.argwhere(grid == 0)
    assert np.abs((where + 0.5) * np.array([24, 64, 64]) / grid.shape - [4.5, 33.5, 33.5]).max() <= 3


@pytest.mark.parametrize("seed", range(20))
def test_random_strokes_survive(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = np.full((40, 40), -1)
    for place in rng.choice(25, 4, replace=False):  # far enough from each other for voxels of 4
        row, col = 8 * (place // 5), 8 * (place % 5)
        labels[row, col : col + rng.integers(1, 4)] = rng.integers(0, 3)
    prepared = prepare_image(card(2, spacing=(4, 4)), np.zeros((40, 40)), (1, 1))
    grid = prepared.to_grid(labels)
    assert set(np.unique(grid)) == set(np.unique(labels))
    mask = prepared.mask_to_grid(labels == labels.max())
    assert mask.dtype == bool
    assert mask.any()


def test_intensity_rules() -> None:
    image = np.array([[0, 50], [100, 250]], np.int16)

    def of(**rule: Any) -> list[float]:
        return prepare_image(card(2, intensity=rule), image).tensor.flatten().tolist()

    assert of(kind="none") == [0, 50, 100, 250]
    assert of(kind="window", low=0, high=100, out=[-1, 1]) == [-1, 0, 1, 1]
    assert of(kind="scale", divisor=250) == pytest.approx([0, 0.2, 0.4, 1])
    assert of(kind="percentiles", low=0, high=100, out=[0, 5]) == pytest.approx([0, 1, 2, 5])
    assert of(kind="clip-zscore", low=50, high=100, mean=75, std=25) == pytest.approx([-1, -1, 1, 1])
    assert np.mean(of(kind="zscore")) == pytest.approx(0, abs=1e-6)
    nonzero = of(kind="zscore", nonzero=True)
    assert nonzero[0] == 0
    assert np.std(nonzero[1:]) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("kind", ["zscore", "percentiles"])
def test_a_constant_image_gives_finite_numbers(kind: str) -> None:
    rule = {"kind": kind, **({"low": 1, "high": 99} if kind == "percentiles" else {})}
    assert torch.isfinite(prepare_image(card(2, intensity=rule), np.full((4, 4), 7)).tensor).all()


def test_channels_have_their_own_statistics() -> None:
    image = np.stack([np.arange(16.0).reshape(4, 4), 1000 * np.arange(16.0).reshape(4, 4)], -1)
    tensor = prepare_image(card(2, 2, intensity={"kind": "zscore"}), image).tensor
    assert torch.allclose(tensor[0], tensor[1], atol=1e-6)
    rules = {"kind": "per-channel", "rules": [{"kind": "none"}, {"kind": "scale", "divisor": 1000}]}
    tensor = prepare_image(card(2, 2, intensity=rules), image).tensor
    assert torch.equal(tensor[0], tensor[1])


def with_nan(value: float) -> np.ndarray:
    image = VOLUME.astype(np.float64)
    image[1, 2, 3:6] = value
    return image


@pytest.mark.parametrize(
    ("image", "spacing", "values", "message"),
    [
        (with_nan(np.nan), (1, 1, 1), {}, "3 values that are NaN.*nan_to_num"),
        (with_nan(-np.inf), (1, 1, 1), {}, "3 values"),
        (with_nan(1e300), (1, 1, 1), {}, "beyond float32"),
        (VOLUME, None, {"spacing": (1, 1, 1)}, "give the image's spacing"),
        (VOLUME, (1, 1), {}, "3 positive numbers"),
        (VOLUME, (1, -1, 1), {}, "3 positive numbers"),
        (VOLUME[0], None, {}, "whole volume"),
        (VOLUME, None, {"in_channels": 3}, r"np.repeat\(image\[..., None\], 3"),
        (np.zeros((8, 8, 8, 3)), None, {}, "make it grey"),
        (np.zeros((2, 8, 8, 3)), None, {}, "in colour, so make it grey"),
        (np.zeros((0, 8, 8)), None, {}, "empty"),
        (np.zeros((4, 4, 4), complex), None, {}, "integers or floats"),
        (np.array([["a"]]), None, {}, "integers or floats"),
    ],
)
def test_images_that_cannot_be_taken_are_refused(
    image: np.ndarray, spacing: Any, values: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        prepare_image(card(**values), image, spacing)


def test_an_image_beyond_the_memory_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    image = np.broadcast_to(np.zeros((1, 1, 1), np.float32), (1000, 1000, 1000))
    monkeypatch.setattr(memory, "available_bytes", lambda: 8_000_000_000)
    with pytest.raises(ValueError, match=r"needs 24.0 GB of memory, 8.0 GB are available: crop the image"):
        prepare_image(card(), image)
    with pytest.raises(ValueError, match=r"needs 132.0 GB"):  # a finer grid
        prepare_image(card(spacing=(0.4, 0.5, 0.5)), image, (1, 1, 1))


def test_memory_is_known_here() -> None:
    assert memory.available_bytes() > 1_000_000


def test_fixed_intensities_and_mr_are_noted() -> None:
    window = {"kind": "window", "low": -100, "high": 200}
    assert "MR" in prepare_image(card(intensity=window), VOLUME, modality="mr").notes[0]
    assert prepare_image(card(intensity=window), VOLUME, modality="ct").notes == ()
    with pytest.raises(ValueError, match="unknown modality"):
        prepare_image(card(), VOLUME, modality="pet")


def test_labels_of_another_shape_or_type_are_refused() -> None:
    prepared = prepare_image(card(), VOLUME)
    with pytest.raises(ValueError, match="must agree"):
        prepared.to_grid(np.zeros((2, 2, 2), int))
    with pytest.raises(ValueError, match="must be integers"):
        prepared.to_grid(np.zeros(VOLUME.shape))
    with pytest.raises(ValueError, match="must be bool"):
        prepared.mask_to_grid(np.zeros(VOLUME.shape, int))
    with pytest.raises(ValueError, match="on the grid"):
        prepared.to_image(np.zeros((2, 2, 2, 2)))
