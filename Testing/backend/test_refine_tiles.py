"""Tiles of a window stand for the window: exactly where the refined part is local, closely behind instance norms."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from cueseg.models.unet import UNet
from cueseg.networks.network import SegmentationNetwork
from cueseg.networks.windows import plan_windows
from cueseg.refinement import RefinementOptions, refine
from cueseg.refinement.refined_copy import RefinedCopy, find_target
from cueseg.refinement.scribbled_window import KeepTerm, ScribbledWindow
from cueseg.refinement.targets import Evidence, scribbled_windows
from cueseg.refinement.tile_grid import cheapest_grid, tile_grid
from cueseg.refinement.tiles import Tiler
from refinement_networks import seeded

LAYERS = RefinementOptions(layers=2)


def copied(module, dims):
    """A refined copy of a network, and noise (1, 1, *side) for it."""
    network = SegmentationNetwork.wrap(module, dims=dims, in_channels=1)
    x = torch.randn((1, 1, *(32,) * dims), generator=torch.Generator().manual_seed(1))
    return RefinedCopy(network, find_target(network, x, LAYERS, 0, ()), x, "cpu", half=False)


def noise(*shape, seed=2):
    """float32 (1, 1, *shape), brighter to one side."""
    image = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    return torch.from_numpy(image + np.linspace(-1, 2, shape[-1], dtype=np.float32))[None, None]


def asked(size, voxels, *, keep=True):
    """A window that is asked about some voxels, and is to keep the rest evenly."""
    flat = np.ravel_multi_index(np.asarray(voxels).T, size).astype(np.int64)
    count = len(flat)
    weight = torch.full((1, *size), 1 / math.prod(size))
    return ScribbledWindow(
        0,
        torch.from_numpy(flat),
        torch.zeros(count, dtype=torch.int64),
        torch.full((count,), 1 / count),
        torch.ones(count, dtype=torch.bool),
        KeepTerm(weight, 3) if keep else None,
    )


def at(logits, window):
    """(M, C) logits of what a window is asked about."""
    return logits.transpose(0, 1).flatten(1)[:, window.voxels].T


def shifted(copy, amount=0.05):
    """Change the refined weights."""
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in copy.parameters.values():
            parameter.add_(amount * torch.randn(parameter.shape, generator=generator))


def tiles_behind_norms(norm="instance"):
    """A refined copy with norms over the image, features, a window with two scribbled voxels, and its tiles."""
    size = (256, 256)
    copy = copied(seeded(lambda: UNet(2, 1, 3, base=8, levels=3, norm=norm)), 2)
    features = copy.features(noise(*size))
    window, tiler = asked(size, [(10, 12), (50, 60)]), Tiler(copy)
    return copy, features, window, tiler, tiler.tile(window, features, size, np.zeros(size, np.int16), 0)


CASES = {
    "2d": (lambda: UNet(2, 1, 3, base=4, levels=3, norm="batch"), (128, 96), [(0, 0), (70, 40), (127, 95)]),
    "3d": (lambda: UNet(3, 1, 3, base=4, levels=3, norm="batch"), (40, 48, 64), [(0, 0, 0), (20, 30, 63)]),
}


@pytest.mark.parametrize("kind", CASES)
def test_tiles_of_a_local_network_have_the_logits_of_the_window(kind):
    make, size, voxels = CASES[kind]
    copy = copied(seeded(make), len(size))
    features = copy.features(noise(*size))
    window = asked(size, voxels, keep=False)
    tiler = Tiler(copy)
    tiled = tiler.tile(window, features, size, np.zeros(size, np.int16), 0)
    assert tiled.tiles is not None
    shifted(copy)
    found, expected = at(tiler.logits(tiled.tiles), tiled), at(copy.logits(features), window)
    assert torch.allclose(found, expected, atol=1e-5 * float(expected.detach().abs().max()))


@pytest.mark.parametrize("norm", ["instance", "group"])
def test_behind_norms_over_the_image_tiles_start_exact_and_stay_close(norm):
    copy, features, window, tiler, tiled = tiles_behind_norms(norm)
    assert tiled.tiles is not None
    start = at(copy.logits(features), window).detach()
    assert torch.allclose(at(tiler.logits(tiled.tiles), tiled), start, atol=1e-5)
    shifted(copy, 0.2)
    found, expected = at(tiler.logits(tiled.tiles), tiled), at(copy.logits(features), window)
    assert (found - expected).abs().max() < 0.1 * (expected - start).abs().max()


def test_the_gradient_through_sampled_norms_points_where_the_windows_does():
    copy, features, window, tiler, tiled = tiles_behind_norms()
    parameters = list(copy.parameters.values())

    def gradient(logits, of):
        values = torch.autograd.grad(torch.log_softmax(at(logits, of), dim=1)[:, 0].sum(), parameters)
        return torch.cat([value.flatten() for value in values])

    one, other = gradient(tiler.logits(tiled.tiles), tiled), gradient(copy.logits(features), window)
    assert torch.cosine_similarity(one, other, dim=0) > 0.98


def test_the_sample_stands_for_the_whole_keep_term():
    size = (192, 256)
    copy = copied(seeded(CASES["2d"][0]), 2)
    window = asked(size, [(20, 20)])
    labels = np.zeros(size, np.int16)
    labels[60:90, 100:140] = 1
    weights = []
    for seed in range(20):
        tiled = Tiler(copy).tile(window, copy.features(noise(*size)), size, labels, seed)
        weights.append(float(tiled.keep.weight.sum()))
    assert np.mean(weights) == pytest.approx(1.0, abs=0.15)
    assert np.std(weights) > 0  # a sample indeed
    assert float(tiled.tiles.shares.sum()) == pytest.approx(1.0, abs=1e-5)


class Pooled(nn.Module):
    """The refined part looks at the whole window."""

    def __init__(self):
        super().__init__()
        self.first, self.head = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 3, 3, padding=1)

    def forward(self, x):
        x = torch.relu(self.first(x))
        return self.head(x) + self.head(x).mean(dim=(2, 3), keepdim=True)


def test_a_network_that_looks_at_everything_is_not_tiled():
    size = (96, 96)
    copy = copied(seeded(Pooled), 2)
    window = asked(size, [(20, 20)])
    assert Tiler(copy).tile(window, copy.features(noise(*size)), size, np.zeros(size, np.int16), 0) is window


def test_a_window_that_tiles_would_fill_is_taken_whole():
    size = (48, 48)
    copy = copied(seeded(CASES["2d"][0]), 2)
    everywhere = np.stack(np.meshgrid(*(np.arange(0, side, 8) for side in size)), axis=-1).reshape(-1, 2)
    window = asked(size, everywhere)
    assert Tiler(copy).tile(window, copy.features(noise(*size)), size, np.zeros(size, np.int16), 0) is window


def test_a_refinement_on_tiles_is_one_on_the_window(monkeypatch):
    network = SegmentationNetwork.wrap(seeded(CASES["2d"][0]), dims=2, in_channels=1)
    image = noise(256, 256)[0, 0].numpy()
    scribbles = np.full(image.shape, -1, np.int16)
    scribbles[40, 40:60], scribbles[100, 100:130] = 1, 2
    options = RefinementOptions(learning_rate=0.01, beta=0.0, layers=2)
    tiled = refine(network, image, scribbles, options, device="cpu")
    monkeypatch.setattr(Tiler, "tile", lambda self, window, *_: window)
    whole = refine(network, image, scribbles, options, device="cpu")
    assert [report.loss for report in tiled.history] == pytest.approx(
        [report.loss for report in whole.history], rel=1e-3
    )
    for name, value in whole.delta.tensors.items():
        assert torch.allclose(tiled.delta.tensors[name], value, atol=1e-3)


def test_tiles_cover_their_cells_with_the_margin_or_the_windows_border():
    grid = tile_grid((40, 64), (2, 4), 3, 16)
    assert grid.margin == (4, 4)
    assert grid.side == (24, 24)
    for cell, start in enumerate(grid.start(np.arange(math.prod(grid.cells)))):
        here, there = grid.slices(cell, start)
        assert all(s % k == 0 for s, k in zip(start, (2, 4), strict=True))
        for h, t, n, side in zip(here, there, grid.size, grid.side, strict=True):
            assert h.start >= 4 or t.start == h.start  # as many before it as the window has
            assert side - h.stop >= 4 or t.stop + (side - h.stop) == n


def test_the_cheapest_cells_depend_on_how_the_scribbles_lie():
    together = np.stack(np.meshgrid(np.arange(60), np.arange(60)), axis=-1).reshape(-1, 2)
    assert cheapest_grid((256, 256), (1, 1), 2, together).core == (64, 64)
    assert cheapest_grid((256, 256), (1, 1), 2, np.array([[3, 3], [200, 200]])).core == (16, 16)


@pytest.mark.parametrize(("painted", "spared"), [(3, True), (2, False)])
def test_nothing_is_kept_where_a_new_class_may_spread(painted, spared):
    size = (96, 96)
    user = np.full(size, -1, np.int16)
    user[48, 40:56] = painted
    evidence = Evidence(user, np.full(size, -1, np.int16), 0.5, (1.0, 1.0))
    plan = plan_windows(size, None)
    (window,) = scribbled_windows(plan, [0], evidence, keep_channels=3, known=3, device="cpu")
    weight = window.keep.weight[0]
    assert bool((weight[44:53, 40:56] == 0).all()) == spared
    assert weight[80, 48] > 0


def test_moments_taken_again_make_tiles_exact_at_other_weights():
    copy, features, window, tiler, tiled = tiles_behind_norms()
    shifted(copy, 0.5)
    expected = at(copy.logits(features), window)
    before = float((at(tiler.logits(tiled.tiles), tiled) - expected).detach().abs().max())
    tiler.refresh(tiled.tiles, features)
    after = float((at(tiler.logits(tiled.tiles), tiled) - expected).detach().abs().max())
    assert after < 1e-4 < before


def test_what_is_called_satisfied_on_tiles_is_so_on_the_whole_window():
    network = SegmentationNetwork.wrap(seeded(lambda: UNet(2, 1, 3, base=8, levels=3)), dims=2, in_channels=1)
    image = noise(256, 256)[0, 0].numpy()
    scribbles = np.full(image.shape, -1, np.int16)
    scribbles[40, 40:60], scribbles[100, 100:130], scribbles[200, 20:60] = 1, 2, 0
    result = refine(network, image, scribbles, RefinementOptions(learning_rate=0.03, beta=0.0), device="cpu")
    assert result.stopped_by == "satisfied"
    assert result.satisfied
