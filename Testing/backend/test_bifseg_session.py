"""`BifsegSession`: pictures, volumes and volumes slice by slice; rounds; and what must never happen to the network."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from bifseg_case import BOX, BRIEF, FAST, SCRIBBLES, clear, dice, network, same, session_of, truth
from cueseg.bifseg import BifsegOptions, bifseg
from cueseg.refinement import Decision, RefinementCancelled, RefinementSession, load_delta
from refinement_networks import state_of, unchanged


def test_a_picture_is_segmented_and_the_network_stays(tmp_path):
    net = network()
    before = state_of(net.module)
    image = clear()
    result = bifseg(net, image, BOX, SCRIBBLES, FAST, device="cpu")
    assert unchanged(net.module, before)
    alone = bifseg(net, image, BOX, None, BifsegOptions(alternations=0), device="cpu")
    assert dice(alone.probabilities[1] > 0.5, truth()) < 0.5
    assert dice(result.probabilities[1] > 0.5, truth()) > 0.75
    assert dice(result.mask, truth()) > 0.8
    assert result.satisfied
    assert (result.mask[SCRIBBLES == 1].all(), result.mask[SCRIBBLES == 0].any()) == (True, False)
    assert (result.mask.dtype, result.mask.shape) == (bool, image.shape)
    assert (result.probabilities.dtype, result.probabilities.shape) == (np.float32, (2, *image.shape))
    np.testing.assert_allclose(result.probabilities.sum(axis=0), 1, atol=1e-6)
    assert result.crop == (slice(4, 36), slice(7, 42))
    inside = np.zeros(image.shape, bool)
    inside[9:31, 12:37] = True
    assert not result.mask[~inside].any()
    assert not result.uncertain[~inside | (SCRIBBLES >= 0)].any()
    assert set(result.seconds) == {"features", "nearness", "cut", "optimise", "predict"}
    assert result.iterations == sum(len(item.losses) for item in result.alternations)
    assert all(item.energy <= item.energy_before for item in result.alternations)
    assert result.alternations[0].losses[-1] < result.alternations[0].losses[0]
    delta = load_delta(result.delta.save(tmp_path / "tuned.pt"))
    assert (delta.layers, delta.iterations) == (("head",), result.iterations)
    other = RefinementSession(net, device="cpu")
    other.set_image(image)
    assert other.predict(delta).probabilities.shape == (2, *image.shape)


@pytest.mark.parametrize("options", [BifsegOptions(alternations=0), BifsegOptions(weighting="none")])
def test_without_network_steps_there_is_one_label_step(options):
    result = bifseg(network(), clear(), BOX, SCRIBBLES, options, device="cpu")
    assert (result.stopped_by, result.iterations, len(result.alternations)) == ("untuned", 0, 1)
    assert result.alternations[0].losses == ()
    assert (result.mask[SCRIBBLES == 1].all(), result.mask[SCRIBBLES == 0].any()) == (True, False)
    assert not result.uncertain.any()


def test_without_cut_and_scribbles_the_labels_are_the_networks():
    net, image = network(), clear()
    result = bifseg(
        net, image, BOX, None, BifsegOptions(alternations=0, smoothness=0, margin=3), device="cpu"
    )
    crop = image[6:34, 9:40]
    z = torch.from_numpy((crop - crop.mean()) / crop.std())[None, None]
    with torch.no_grad():
        expected = torch.softmax(net.module(z)[0], 0).numpy()
    np.testing.assert_allclose(result.probabilities[:, 6:34, 9:40], expected, atol=1e-5)
    np.testing.assert_array_equal(result.mask[9:31, 12:37], expected[1, 3:25, 3:28] > 0.5)


@pytest.mark.parametrize("dims", [2, 3])
def test_volumes_by_a_3d_network_and_slice_by_slice(dims):
    """One classifier for all slices: what was scribbled on one is learnt for the others."""
    shape = (9, 24, 28)
    image, box = clear(shape), ((6, 5, 2), (22, 18, 6))
    scribbles = np.full(shape, -1, np.int8)
    scribbles[4, 12, 11:17], scribbles[4, 6, 8:20] = 1, 0
    net = network(dims=dims, seed=1)
    before = state_of(net.module)
    options = replace(FAST, iterations=60, margin=1)
    result = bifseg(net, image, box, scribbles, options, spacing=(3.0, 1.0, 1.0), device="cpu")
    assert unchanged(net.module, before)
    assert dice(result.mask, truth(shape)) > 0.75
    assert result.crop == (slice(2, 7) if dims == 2 else slice(1, 8), slice(4, 20), slice(5, 24))
    assert not result.mask[[0, 1, 7, 8]].any()
    assert result.iterations > 0


def test_channels_first_or_last():
    image = np.stack([clear(), clear(seed=1)])
    net = network(channels=2)
    first = bifseg(net, image, BOX, SCRIBBLES, FAST, device="cpu")
    last = bifseg(net, np.moveaxis(image, 0, -1), BOX, SCRIBBLES, FAST, device="cpu")
    same(first, last)
    assert dice(first.mask, truth()) > 0.75


def test_rounds_go_on_with_the_classifier_and_a_new_box_does_not():
    session = session_of(network(), clear())
    first = session.segment(SCRIBBLES, BRIEF)
    second = session.segment(SCRIBBLES, BRIEF)
    assert second.alternations[0].losses[0] < first.alternations[0].losses[0]
    kept = session.segment(SCRIBBLES, BifsegOptions(alternations=0))
    np.testing.assert_array_equal(kept.probabilities, second.probabilities)
    session.set_box(BOX)
    same(session.segment(SCRIBBLES, BRIEF), first)
    session.set_image(clear())
    session.set_box(BOX)
    same(session.segment(SCRIBBLES, BRIEF), first)


def test_a_round_that_tunes_other_layers_starts_afresh():
    session = session_of(network(), clear())
    first = session.segment(SCRIBBLES, BifsegOptions(layers=2, iterations=5))
    assert first.delta.layers == ("second", "head")
    session.segment(SCRIBBLES, BRIEF)
    same(session.segment(SCRIBBLES, BifsegOptions(layers=2, iterations=5)), first)


def test_the_same_seed_gives_the_same_and_another_draws_others():
    few = {"max_voxels": 100, "learning_rate": 0.1, "iterations": 30, "t0": 0.5, "t1": 0.5}
    net, image = network(), clear()
    one, two, other = (
        bifseg(net, image, BOX, SCRIBBLES, BifsegOptions(seed=seed, **few), device="cpu")
        for seed in (0, 0, 1)
    )
    same(one, two)
    assert (one.probabilities != other.probabilities).any()
    assert dice(one.mask, truth()) > 0.75


def test_a_monitor_that_stops_keeps_what_was_learnt():
    session = session_of(network(), clear())
    asked = []

    def watch(progress):
        asked.append(progress.stage)
        return Decision.STOP if progress.stage == "optimise" and progress.done == 3 else None

    result = session.segment(SCRIBBLES, FAST, monitor=watch)
    assert (result.stopped_by, result.iterations) == ("user", 3)
    assert [stage for i, stage in enumerate(asked) if i == 0 or asked[i - 1] != stage] == [
        "features",
        "cut",
        "optimise",
        "predict",
        "cut",
    ]
    early = session.segment(SCRIBBLES, FAST, monitor=lambda progress: Decision.STOP)
    assert (early.stopped_by, early.iterations) == ("user", 0)


def test_cancelling_anywhere_changes_nothing():
    net, image = network(), clear()
    before = state_of(net.module)
    session = session_of(net, image)
    first = session.segment(SCRIBBLES, BRIEF)
    stages = []
    session.segment(SCRIBBLES, BRIEF, monitor=lambda progress: stages.append(progress.stage))
    session.set_box(BOX)
    same(session.segment(SCRIBBLES, BRIEF), first)
    expected = None
    for stage in sorted(set(stages)):
        for turn in (0, stages.count(stage) - 1):
            calls = iter(range(10**6))

            def cancel(progress, stage=stage, turn=turn, calls=calls):
                return Decision.CANCEL if progress.stage == stage and next(calls) == turn else None

            with pytest.raises(RefinementCancelled, match=stage):
                session.segment(SCRIBBLES, BRIEF, monitor=cancel)
            assert unchanged(net.module, before)
    expected = session.segment(SCRIBBLES, BRIEF)
    fresh = session_of(net, image)
    fresh.segment(SCRIBBLES, BRIEF)
    same(expected, fresh.segment(SCRIBBLES, BRIEF))
