"""Networks of many kinds, and which of their voxels the network step looks at."""

from dataclasses import replace

import numpy as np
import pytest

from bifseg_case import BOX, FAST, SCRIBBLES, clear, dice, network, truth
from cueseg.bifseg import BifsegOptions, bifseg, network_step
from refinement_networks import Branching, InPlace, Plain, state_of, unchanged


@pytest.mark.parametrize(("dims", "card"), [(2, {}), (3, {}), (3, {"patch_size": (8, 16, 16)})])
def test_chosen_voxels_have_the_gradients_of_whole_windows(monkeypatch, dims, card):
    shape = (40, 48) if dims == 2 else (9, 24, 28)
    box = BOX if dims == 2 else ((6, 5, 2), (22, 18, 6))
    image, net = clear(shape), network(dims=dims, **card)
    options = BifsegOptions(max_voxels=None, alternations=1, learning_rate=0.02)
    chosen = bifseg(net, image, box, None, options, device="cpu")
    monkeypatch.setattr(network_step.NetworkStep, "_sees_one_voxel", lambda self: False)
    whole = bifseg(net, image, box, None, options, device="cpu")
    assert len(chosen.alternations[0].losses) == 20
    np.testing.assert_allclose(chosen.alternations[0].losses, whole.alternations[0].losses, rtol=1e-4)
    np.testing.assert_allclose(chosen.probabilities, whole.probabilities, atol=1e-3)


@pytest.mark.parametrize(
    ("tail", "kind", "pointwise"),
    [("head", Plain, True), ("second", Plain, False), ("head", Branching, False)],
)
def test_what_sees_its_neighbours_or_cannot_be_traced_runs_on_whole_windows(
    monkeypatch, tail, kind, pointwise
):
    seen = []
    batches = network_step.NetworkStep.batches
    monkeypatch.setattr(
        network_step.NetworkStep, "batches", lambda self, *a: seen.append(self.pointwise) or batches(self, *a)
    )
    net = network(kind, tail=(tail,))
    result = bifseg(net, clear(), BOX, SCRIBBLES, FAST, device="cpu")
    assert set(seen) == {pointwise}
    assert result.alternations[0].losses[-1] < result.alternations[0].losses[0]


def test_drawn_voxels_have_the_expected_loss(rng):
    """Weighted by what they stand for, voxels drawn many times have the mean of all."""
    codes = rng.choice(np.array([-1, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3], np.int8), 5000)
    where = np.flatnonzero(codes >= 0)
    weights = rng.random(len(where)).astype(np.float32)
    values = rng.normal(size=5000)
    window = [(0, where, codes[where], weights)]
    sums, counts = [], []
    for _ in range(200):
        ((_, kept, code, shares),) = network_step._drawn(window, codes, 600, rng)
        np.testing.assert_array_equal(codes[kept], code)
        sums.append((shares * values[kept]).sum())
        counts.append(len(kept))
    spread = np.std(sums) / np.sqrt(200)
    assert abs(np.mean(sums) - (weights * values[where]).sum()) < 4 * spread
    assert 550 < np.mean(counts) < 650


@pytest.mark.parametrize(
    ("kind", "card"),
    [
        (Plain, {"activation": "sigmoid"}),
        (Plain, {"multiple": 8}),
        (Plain, {"patch_size": (16, 24), "multiple": 4}),
        (Plain, {"patch_size": (64, 64)}),
        (Plain, {"spacing": (1.5, 2.0)}),
        (Plain, {"axis_order": "xy", "flip": "y"}),
        (Branching, {"tail": ()}),
        (InPlace, {"tail": ()}),
    ],
)
def test_networks_of_many_kinds(kind, card):
    net = network(kind, **card)
    before = state_of(net.module)
    result = bifseg(net, clear(), BOX, SCRIBBLES, FAST, spacing=(1.0, 1.0), device="cpu")
    assert unchanged(net.module, before)
    assert dice(result.mask, truth()) > 0.7
    assert (result.mask[SCRIBBLES == 1].all(), result.mask[SCRIBBLES == 0].any()) == (True, False)


def test_networks_that_cannot_be_tuned_are_cut():
    net = network()
    frozen = replace(net, refinable="its weights are frozen: export it without freezing")
    options = BifsegOptions(alternations=0)
    result = bifseg(frozen, clear(), BOX, SCRIBBLES, options, device="cpu")
    plain = bifseg(net, clear(), BOX, SCRIBBLES, options, device="cpu")
    np.testing.assert_array_equal(result.mask, plain.mask)
    assert result.delta is None
    with pytest.raises(ValueError, match="frozen"):
        bifseg(frozen, clear(), BOX, SCRIBBLES, FAST, device="cpu")
