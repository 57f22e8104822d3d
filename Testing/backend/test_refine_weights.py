"""Adapted weights: saved, applied again bit for bit, refused elsewhere; and classes that the network did not know."""

import pickle

import numpy as np
import pytest
import torch
from torch import nn

from cueseg.networks.network import SegmentationNetwork
from cueseg.refinement import RefinementOptions, RefinementSession, load_delta, refine
from cueseg.refinement.new_classes import NEVER, append_channels
from refinement_networks import Branching, Plain, box_scribbles, picture, seeded, state_of, unchanged

FAST = RefinementOptions(learning_rate=0.03)


def session_of(network, image=None):
    session = RefinementSession(network, device="cpu")
    session.set_image(picture() if image is None else image)
    return session


@pytest.mark.parametrize("kind", ["ce", "f-brs", "new class", "replay"])
def test_saved_weights_give_the_same_prediction_bit_for_bit(kind, tmp_path):
    network = seeded(Branching if kind == "replay" else Plain)
    options = RefinementOptions(method="f-brs") if kind == "f-brs" else FAST
    scribbles = box_scribbles(inside=3 if kind == "new class" else 1)
    result = session_of(network).refine(scribbles, options)
    path = result.delta.save(tmp_path / "adapted.pt")
    assert path.stat().st_size < 60_000
    delta = load_delta(path)
    assert delta.classes == result.delta.classes
    assert delta.options["method"] == options.method
    assert delta.iterations == result.iterations
    before = state_of(network)
    session = session_of(network)
    again = session.predict(delta)
    assert np.array_equal(again.probabilities, result.probabilities)
    assert unchanged(network, before)
    assert np.array_equal(session.predict().probabilities, result.initial.probabilities)  # revert is exact
    other = session_of(network, picture(seed=7)).predict(delta)
    assert len(other.probabilities) == len(delta.classes)


def test_weights_of_another_network_are_refused(tmp_path):
    delta = session_of(seeded(Plain)).refine(box_scribbles(), FAST).delta
    other = seeded(Plain, seed=1)
    before = state_of(other)
    session = session_of(other)
    with pytest.raises(
        ValueError, match=r"belong to the network 'network'.*load the network they were made from"
    ):
        session.predict(delta)
    assert unchanged(other, before)
    assert session.refine(box_scribbles(), FAST).satisfied


class TestFiles:
    def test_another_ending_is_refused(self, tmp_path):
        delta = session_of(seeded(Plain)).refine(box_scribbles(), FAST).delta
        with pytest.raises(ValueError, match=r"must end in \.pt"):
            delta.save(tmp_path / "adapted.bin")
        assert list(tmp_path.iterdir()) == []

    def test_what_is_no_delta_is_refused(self, tmp_path):
        path = tmp_path / "weights.pt"
        torch.save(seeded(Plain).state_dict(), path)
        with pytest.raises(ValueError, match="holds no adapted weights"):
            load_delta(path)
        torch.save({"card": "{", "tensors": {}}, path)
        with pytest.raises(ValueError, match="damaged card"):
            load_delta(path)
        torch.save({"card": "{}", "tensors": {}}, path)
        with pytest.raises(ValueError, match="another format"):
            load_delta(path)
        with pytest.raises(FileNotFoundError, match="no weights file"):
            load_delta(tmp_path / "nowhere.pt")

    def test_code_in_a_file_is_not_run(self, tmp_path):
        class Payload:
            def __reduce__(self):
                return open, (str(tmp_path / "ran"), "w")

        path = tmp_path / "adapted.pt"
        for content in (pickle.dumps(Payload()), None):
            if content is None:
                torch.save({"card": "{}", "tensors": Payload()}, path)
            else:
                path.write_bytes(content)
            with pytest.raises(ValueError, match="contains code"):
                load_delta(path)
        assert not (tmp_path / "ran").exists()


class TestNewClass:
    def test_a_new_organ_is_learned_beside_the_old_ones(self):
        network = seeded(Plain)
        before = state_of(network)
        result = session_of(network).refine(box_scribbles(inside=3), RefinementOptions(learning_rate=0.1))
        assert result.satisfied
        assert result.probabilities.shape[0] == 4
        assert result.initial.probabilities.shape[0] == 3
        box = (slice(14, 26), slice(17, 31))
        assert (result.labels[box] == 3).mean() > 0.8
        assert result.delta.classes[-1] == "class 3"
        assert unchanged(network, before)

    def test_a_skipped_number_is_never_predicted(self):
        result = session_of(seeded(Plain)).refine(
            box_scribbles(inside=5), RefinementOptions(learning_rate=0.1)
        )
        assert result.probabilities.shape[0] == 6
        assert not np.isin(result.labels, (3, 4)).any()
        assert result.probabilities[3:5].max() < 1e-6

    def test_the_head_is_refined_even_if_other_layers_were_named(self):
        options = RefinementOptions(learning_rate=0.1, layers=("second",))
        result = session_of(seeded(Plain)).refine(box_scribbles(inside=3), options)
        assert "head.weight" in result.delta.tensors
        assert result.delta.layers == ("second", "head")

    def test_sigmoid_networks_get_a_channel_too(self):
        result = session_of(seeded(lambda: Plain(classes=1))).refine(
            box_scribbles(inside=2), RefinementOptions(learning_rate=0.1)
        )
        assert result.probabilities.shape[0] == 3
        assert (result.labels == 2).any()

    def test_f_brs_says_that_it_cannot(self):
        with pytest.raises(ValueError, match="'f-brs' cannot learn a new class: use method 'ce'"):
            session_of(seeded(Plain)).refine(box_scribbles(inside=3), RefinementOptions(method="f-brs"))

    def test_the_new_row_is_the_mean_of_the_foreground_with_the_bias_of_the_background(self):
        head = nn.Conv2d(2, 3, 1).requires_grad_(False)
        weight, bias = head.weight.clone(), head.bias.clone()
        network = nn.Sequential(head)
        x = torch.randn((1, 2, 4, 4), generator=torch.Generator().manual_seed(0))
        assert append_channels(network, ["0"], 2, lambda widened: network(x), unused=[1]) == "0"
        assert torch.equal(head.weight[:3], weight)
        assert torch.allclose(head.weight[3], weight[1:].mean(0))
        assert head.bias[3:].tolist() == [pytest.approx(float(bias[0])), NEVER]

    def test_a_network_without_a_plain_head_is_refused_and_left_as_it_was(self):
        class Product(nn.Module):
            def __init__(self):
                super().__init__()
                self.one, self.other = nn.Conv2d(1, 3, 1), nn.Conv2d(1, 3, 1)

            def forward(self, x):
                return self.one(x) * self.other(x)

        with pytest.raises(ValueError, match="no layer of the network can be widened"):
            refine(seeded(Product), picture(), box_scribbles(inside=3), device="cpu")

    def test_a_class_re_uses_a_channel(self):
        result = session_of(seeded(Plain)).refine(box_scribbles(inside=2), FAST)
        assert result.satisfied
        assert result.probabilities.shape[0] == 3


def test_scale_and_bias_change_nothing_at_first():
    from cueseg.refinement.refined_copy import RefinedCopy, RefinementTarget

    network = SegmentationNetwork.wrap(seeded(Plain))
    x = torch.randn((1, 1, 16, 16), generator=torch.Generator().manual_seed(0))
    copy = RefinedCopy(network, RefinementTarget(("second", "head"), scale_bias=True), x, "cpu", half=False)
    assert list(copy.parameters) == ["second.scale", "second.bias"]
    assert copy.parameters["second.scale"].shape == (6, 1, 1)
    assert torch.equal(copy.logits(copy.features(x)), network.module(x))
    assert "graph" in copy.cut.description
