"""Refinement as a caller sees it: corrections, rounds, cancelling, and the network that is never changed."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from cueseg.models.unet import UNet
from cueseg.networks.network import SegmentationNetwork
from cueseg.refinement import (
    Decision,
    RefinementCancelled,
    RefinementOptions,
    RefinementSession,
    list_layers,
    refine,
)
from refinement_networks import (
    Branching,
    Deep,
    InPlace,
    OutOfMemory,
    Plain,
    box_scribbles,
    picture,
    seeded,
    state_of,
    unchanged,
)

FAST = RefinementOptions(learning_rate=0.03, beta=0.1)


@pytest.mark.parametrize("method", ["ce", "paper", "f-brs"])
@pytest.mark.parametrize("make", [Plain, Branching, Deep, InPlace], ids=lambda make: make.__name__)
def test_every_method_corrects_and_leaves_the_network_alone(method, make):
    network = seeded(make)
    before = state_of(network)
    rate = {"ce": 0.03, "paper": 0.3, "f-brs": None}[method]
    options = RefinementOptions(method=method, learning_rate=rate, layers=2)
    scribbles = box_scribbles()
    result = refine(network, picture(), scribbles, options, device="cpu")
    assert unchanged(network, before)
    first, last = result.history[0], result.history[result.iterations]
    assert sum(last.violations.values()) < sum(first.violations.values())
    assert result.labels.dtype == np.int16
    assert result.probabilities.dtype == np.float32
    assert result.probabilities.sum(axis=0) == pytest.approx(1, abs=1e-4)
    assert (result.labels == scribbles)[scribbles >= 0].all()  # clamped, whatever the network says
    wrong = sum(len(places) for places in result.unsatisfied.values())
    assert result.satisfied == (wrong == 0)
    assert {"features", "optimise", "predict", "initial"} == set(result.seconds)


@pytest.mark.parametrize("shape", [(40, 48), (6, 24, 28)])
@pytest.mark.parametrize("dims", [2, 3])
def test_pictures_and_volumes_in_2d_and_3d(dims, shape):
    if dims > len(shape):
        return
    network = seeded(lambda: Plain(dims=dims))
    result = refine(network, picture(shape), box_scribbles(shape), FAST, device="cpu")
    assert result.labels.shape == shape
    assert result.satisfied
    assert result.stopped_by == "satisfied"


def test_channels_last_and_first():
    image = np.stack([picture(seed=n) for n in range(3)], axis=-1)
    network = seeded(lambda: Plain(channels=3))
    last = refine(network, image, box_scribbles(), FAST, device="cpu")
    first = refine(network, image.transpose(2, 0, 1), box_scribbles(), FAST, device="cpu")
    assert last.satisfied
    assert np.array_equal(last.labels, first.labels)


def test_a_sliding_window_network_corrects_in_the_windows_with_scribbles():
    wrapped = SegmentationNetwork.wrap(seeded(lambda: UNet(3, 1, 3, base=4, levels=2)))
    network = replace(wrapped, card=replace(wrapped.card, patch_size=(8, 16, 16)))
    image, scribbles = picture((12, 32, 40)), box_scribbles((12, 32, 40), outside=None)
    scribbles[6, 20, 12:30] = 0
    result = refine(network, image, scribbles, FAST, device="cpu")
    assert result.satisfied
    small = RefinementSession(network, device="cpu", cache_megabytes=0)
    small.set_image(image)
    again = small.refine(scribbles, FAST)
    assert np.array_equal(again.labels, result.labels)  # what is computed again is the same
    assert any("cache" in note for note in again.notes)


def test_rounds_start_from_the_networks_weights_and_reuse_the_trunk():
    network = seeded(Plain)
    session = RefinementSession(network, device="cpu")
    session.set_image(picture())
    one = session.refine(box_scribbles(), FAST)
    more = box_scribbles()
    more[30, 5:9] = 2
    session.refine(more, FAST)
    again = session.refine(box_scribbles(), FAST)
    assert np.array_equal(one.labels, again.labels)
    assert np.array_equal(one.probabilities, again.probabilities)
    assert [h.loss for h in one.history] == [h.loss for h in again.history]
    assert np.array_equal(session.predict().labels, one.initial.labels)
    fresh = refine(network, picture(), box_scribbles(), FAST, device="cpu")
    assert np.array_equal(fresh.probabilities, one.probabilities)


def test_the_initial_prediction_is_the_networks():
    network = seeded(Plain)
    session = RefinementSession(network, device="cpu")
    session.set_image(picture())
    prediction = session.predict()
    with torch.no_grad():
        logits = network(torch.from_numpy(picture())[None, None])[0]
    assert np.array_equal(prediction.labels, logits.argmax(0).numpy())
    assert np.array_equal(prediction.probabilities, torch.softmax(logits, 0).numpy())


def test_half_cache_is_close():
    network, image = seeded(Plain), picture()
    session = RefinementSession(network, device="cpu", half_cache=True)
    session.set_image(image)
    result = session.refine(box_scribbles(), FAST)
    exact = refine(network, image, box_scribbles(), FAST, device="cpu")
    assert result.satisfied
    assert np.abs(result.initial.probabilities - exact.initial.probabilities).max() < 1e-2
    assert (result.labels == exact.labels).mean() > 0.97


class TestMonitor:
    def stages(self, decide):
        network = seeded(Plain)
        before = state_of(network)
        session = RefinementSession(network, device="cpu")
        session.set_image(picture())
        seen = []

        def monitor(progress):
            seen.append(progress)
            return decide(progress)

        try:
            return (
                session.refine(box_scribbles(), RefinementOptions(max_iterations=6), monitor=monitor),
                seen,
                session,
            )
        finally:
            assert unchanged(network, before)

    def test_all_stages_are_reported_in_order(self):
        result, seen, _ = self.stages(lambda progress: None)
        stages = [progress.stage for progress in seen]
        assert list(dict.fromkeys(stages)) == ["predict", "features", "optimise"]
        assert stages[-1] == "predict"
        steps = [progress for progress in seen if progress.stage == "optimise"]
        assert [progress.done for progress in steps] == list(range(len(result.history)))
        assert all(set(progress.violations) == {0, 1} for progress in steps)
        assert result.stopped_by == "iterations"

    def test_stop_keeps_the_best_so_far(self):
        result, _, _ = self.stages(lambda p: Decision.STOP if p.stage == "optimise" and p.done == 3 else None)
        assert result.stopped_by == "user"
        assert len(result.history) == 4
        assert (
            result.iterations
            == min(result.history, key=lambda h: (sum(h.violations.values()), h.loss)).iteration
        )

    @pytest.mark.parametrize("number", range(12))
    def test_cancel_at_any_report_changes_nothing(self, number):
        network = seeded(Plain)
        before = state_of(network)
        session = RefinementSession(network, device="cpu")
        session.set_image(picture())
        count = iter(range(100))
        with pytest.raises(RefinementCancelled):
            session.refine(
                box_scribbles(),
                RefinementOptions(max_iterations=6),
                monitor=lambda progress: Decision.CANCEL if next(count) == number else Decision.CONTINUE,
            )
        assert unchanged(network, before)
        expected = refine(network, picture(), box_scribbles(), FAST, device="cpu")
        assert np.array_equal(session.refine(box_scribbles(), FAST).probabilities, expected.probabilities)

    def test_an_exception_in_the_monitor_leaves_a_working_session(self):
        network = seeded(Plain)
        session = RefinementSession(network, device="cpu")
        session.set_image(picture())

        def monitor(progress):
            if progress.stage == "optimise" and progress.done == 2:
                raise KeyError("broken")

        with pytest.raises(KeyError):
            session.refine(box_scribbles(), FAST, monitor=monitor)
        expected = refine(network, picture(), box_scribbles(), FAST, device="cpu")
        assert np.array_equal(session.refine(box_scribbles(), FAST).labels, expected.labels)

    def test_another_answer_is_refused(self):
        with pytest.raises(ValueError, match="the monitor answered True"):
            self.stages(lambda progress: True)


@pytest.mark.parametrize("spare", [0, 4, 8, 12])
def test_exhausted_memory_becomes_a_message_and_the_session_goes_on(spare):
    network = seeded(OutOfMemory)
    session = RefinementSession(SegmentationNetwork.wrap(network), device="cpu", cache_megabytes=0)
    session.set_image(picture())
    before = state_of(network)
    OutOfMemory.limit = OutOfMemory.calls + spare
    try:
        with pytest.raises(
            RuntimeError, match=r"memory of cpu did not suffice; nothing was changed\. Refine fewer"
        ):
            session.refine(box_scribbles(), RefinementOptions(layers=3))
    finally:
        OutOfMemory.limit = 10**9
    assert unchanged(network, before)
    assert session.refine(box_scribbles(), FAST).satisfied


def test_layers_are_listed():
    assert [(layer.name, layer.kind) for layer in list_layers(seeded(Plain))][-1] == ("head", "Conv2d")
