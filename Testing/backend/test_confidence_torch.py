import numpy as np
import pytest
import torch

from cueseg.confidence import confidence_map, gaussian_points
from cueseg.confidence_torch import confidence_map_batch, gaussian_points_batch
from degenerate_clicks import DRAWN, REFUSED_PLACES

CLICKS = torch.tensor([(10, 30), (50, 28), (32, 8), (29, 52)], dtype=torch.float64)
OPTIONS = [
    {"preset": "paper"},
    {"preset": "code"},
    {"preset": "code", "scale": "unit"},
    {"tau": 7.0, "norm": "l1"},
    {"sigma": "mean", "scale": "minmax255"},
]


def scale_of(options):
    """Largest value of a map: the allowed difference is 1e-5 of it."""
    return 255 if options.get("scale", options.get("preset")) in ("minmax255", "code") else 1


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_the_batch_equals_the_maps_one_by_one(options):
    points = np.random.default_rng(3).uniform(-10, 70, (24, 4, 2))
    expected = np.stack([confidence_map(item, (48, 60), **options) for item in points])
    maps = confidence_map_batch(torch.from_numpy(points), (48, 60), **options)
    assert maps.dtype == torch.float32
    np.testing.assert_allclose(maps.numpy(), expected, rtol=0, atol=1e-5 * scale_of(options))


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_unusual_clicks_are_treated_alike(options):
    points = np.array([case[0] for case in DRAWN.values()], dtype=float)
    expected = np.stack([confidence_map(item, (40, 48), **options) for item in points])
    maps = confidence_map_batch(torch.from_numpy(points), (40, 48), **options)
    assert torch.isfinite(maps).all()
    np.testing.assert_allclose(maps.numpy(), expected, rtol=0, atol=1e-5 * scale_of(options))


@pytest.mark.parametrize("name", REFUSED_PLACES)
def test_the_refused_item_of_a_batch_is_named(name):
    points, message = REFUSED_PLACES[name]
    batch = torch.stack([CLICKS, CLICKS, torch.tensor(points, dtype=torch.float64)])
    with pytest.raises(ValueError, match="item 2 of the batch: .*" + message):
        confidence_map_batch(batch, (40, 40))


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.int64])
def test_any_real_dtype_of_points_is_accepted(dtype):
    expected = confidence_map_batch(CLICKS[None], (64, 64))
    assert torch.equal(confidence_map_batch(CLICKS[None].to(dtype), (64, 64)), expected)


def test_an_item_does_not_depend_on_its_neighbours():
    points = torch.from_numpy(np.random.default_rng(5).uniform(0, 64, (6, 4, 2)))
    together = confidence_map_batch(points, (64, 64))
    alone = torch.cat([confidence_map_batch(item[None], (64, 64)) for item in points])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-6)


def test_no_gradient_is_kept():
    maps = confidence_map_batch(CLICKS[None].clone().requires_grad_(), (8, 8))
    assert not maps.requires_grad


def test_an_empty_batch_gives_no_maps():
    assert confidence_map_batch(torch.zeros(0, 4, 2), (8, 9)).shape == (0, 8, 9)


def test_constant_maps_are_stretched_to_zero_beside_others():
    maps = confidence_map_batch(torch.stack([CLICKS, CLICKS + 0.5]), (1, 1), preset="code")
    torch.testing.assert_close(maps, torch.zeros(2, 1, 1))


@pytest.mark.parametrize(
    "points",
    [CLICKS, CLICKS[None, :3], CLICKS[None, :, :1], torch.zeros(2, 3, 4, 2), np.zeros((1, 4, 2)), None],
    ids=["one set", "three clicks", "no y", "four axes", "numpy", "nothing"],
)
def test_other_shapes_and_types_of_points_are_refused(points):
    with pytest.raises(ValueError, match=r"tensor of shape \(N, 4, 2\)"):
        confidence_map_batch(points, (40, 40))


def test_options_are_checked_like_those_of_the_numpy_map():
    with pytest.raises(ValueError, match="did you mean 'split'"):
        confidence_map_batch(CLICKS[None], (40, 40), sigma="splitt")
    with pytest.raises(ValueError, match="shape must be"):
        confidence_map_batch(CLICKS[None], (40, 0))


def test_gaussian_batches_equal_the_maps_one_by_one():
    points = np.random.default_rng(4).uniform(-5, 45, (5, 4, 2))
    expected = np.stack([gaussian_points(item, (30, 40), 6.5) for item in points])
    maps = gaussian_points_batch(torch.from_numpy(points), (30, 40), 6.5)
    np.testing.assert_allclose(maps.numpy(), expected, rtol=0, atol=1e-6)


def test_gaussian_batches_refuse_what_the_map_refuses():
    with pytest.raises(ValueError, match=r"tensor of shape \(N, K, 2\)"):
        gaussian_points_batch(CLICKS, (30, 40))
    with pytest.raises(ValueError, match="points must be"):
        gaussian_points_batch(CLICKS[None] * float("nan"), (30, 40))
    with pytest.raises(ValueError, match="sigma must be"):
        gaussian_points_batch(CLICKS[None], (30, 40), 0)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_gpu_draws_the_same_maps_on_itself():
    points = torch.tensor([case[0] for case in DRAWN.values()], dtype=torch.float64)
    for options in OPTIONS:
        maps = confidence_map_batch(points.cuda(), (40, 48), **options)
        assert maps.is_cuda
        expected = confidence_map_batch(points, (40, 48), **options)
        torch.testing.assert_close(maps.cpu(), expected, rtol=0, atol=1e-5 * scale_of(options))
    spots = gaussian_points_batch(points.cuda(), (40, 48))
    assert spots.is_cuda
    torch.testing.assert_close(spots.cpu(), gaussian_points_batch(points, (40, 48)), rtol=0, atol=1e-6)
