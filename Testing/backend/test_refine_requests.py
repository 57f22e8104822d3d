"""Bad input is refused with a reason and a remedy, or comes with a note, and nothing is lost."""

import numpy as np
import pytest
import torch
from torch import nn

from cueseg.refinement import RefinementOptions, RefinementSession, refine
from cueseg.scribbles import GrowthOptions
from refinement_networks import Plain, box_scribbles, picture, seeded, state_of, unchanged

FAST = RefinementOptions(learning_rate=0.03)
NONE = np.full((40, 48), -1)


def with_value(value):
    scribbles = box_scribbles()
    scribbles[0, 0] = value
    return scribbles


BAD = {
    "no scribbles": ({"scribbles": NONE}, "there are no scribbles: paint"),
    "another shape": ({"scribbles": box_scribbles((48, 40))}, r"shape \(48, 40\), the image \(40, 48\)"),
    "three axes": ({"scribbles": NONE[None]}, r"shape \(1, 40, 48\)"),
    "floats": ({"scribbles": NONE.astype(float)}, "dtype float64: give integers"),
    "below -1": ({"scribbles": with_value(-2)}, "hold -2: use -1"),
    "far beyond": (
        {"scribbles": with_value(255)},
        "hold class 255, but the network has 0 background.*new class is 3",
    ),
    "scope shape": ({"scope": np.ones((4, 4), bool)}, "give a bool array"),
    "scope dtype": ({"scope": np.ones((40, 48))}, "the scope has dtype float64"),
    "empty scope": ({"scope": np.zeros((40, 48), bool)}, "the scope is empty"),
    "locked number": ({"locked": (7,)}, "locked holds 7: give class numbers from 0 to 2"),
    "locked name": ({"locked": ("liver",)}, "locked holds 'liver'"),
    "all locked": ({"locked": (0, 1, 2)}, "every class is locked"),
    "base shape": ({"base_labels": np.zeros((4, 4), int)}, r"the base labels have shape \(4, 4\)"),
    "base floats": ({"base_labels": np.zeros((40, 48))}, "the base labels have dtype float64"),
    "unknown layer": ({"options": RefinementOptions(layers=("seconds",))}, "did you mean 'second'"),
    "too many layers": ({"options": RefinementOptions(layers=9)}, "the network has 3"),
}


@pytest.fixture(scope="module")
def session():
    made = RefinementSession(seeded(Plain), device="cpu")
    made.set_image(picture())
    return made


@pytest.mark.parametrize("kind", BAD)
def test_requests_that_cannot_be_are_refused_and_the_session_goes_on(kind, session):
    arguments, message = BAD[kind]
    before = state_of(session.network.module)
    with pytest.raises(ValueError, match=message):
        session.refine(**({"scribbles": box_scribbles()} | arguments))
    assert unchanged(session.network.module, before)
    assert session.refine(box_scribbles(), FAST).satisfied


def test_without_an_image_it_says_what_to_call():
    session = RefinementSession(seeded(Plain), device="cpu")
    for call in (session.predict, lambda: session.refine(box_scribbles())):
        with pytest.raises(RuntimeError, match="call set_image first"):
            call()


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.full((40, 48), np.nan, np.float32), "NaN"),
        (np.zeros((40, 48, 3), np.float32), "channel"),
        (np.zeros((0, 48), np.float32), "empty"),
    ],
)
def test_a_bad_image_is_refused_and_the_one_before_stays(image, message, session):
    with pytest.raises(ValueError, match=message):
        session.set_image(image, spatial_shape=(40, 48))
    assert session.refine(box_scribbles(), FAST).satisfied


def test_networks_without_trainable_parameters_predict_but_are_not_refined():
    class Threshold(nn.Module):
        def forward(self, x):
            return torch.cat([1 - x, x], dim=1)

    from cueseg.networks import SegmentationNetwork

    network = SegmentationNetwork.wrap(Threshold(), dims=2, in_channels=1)
    session = RefinementSession(network, device="cpu")
    session.set_image(picture())
    assert np.array_equal(session.predict().labels, picture() > 0.5)
    with pytest.raises(ValueError, match=r"paramet|weights"):
        session.refine(box_scribbles())
    assert np.array_equal(session.predict().labels, picture() > 0.5)


@pytest.mark.parametrize("value", ["liver", None, 3])
def test_what_is_no_network_is_refused(value):
    with pytest.raises(ValueError, match="is no network"):
        RefinementSession(value, device="cpu")


def test_a_negative_cache_and_an_unknown_device_are_refused():
    with pytest.raises(ValueError, match="cache_megabytes is -1"):
        RefinementSession(seeded(Plain), cache_megabytes=-1)
    with pytest.raises(ValueError, match="unknown device"):
        RefinementSession(seeded(Plain), device="abacus")


def test_divergence_is_said_and_nothing_is_lost(session):
    with pytest.raises(RuntimeError, match=r"diverged after .* learning rate below"):
        session.refine(box_scribbles(), RefinementOptions(method="paper", learning_rate=1e38))
    assert session.refine(box_scribbles(), FAST).satisfied


class TestOneLabel:
    def test_anchors_hold_the_other_classes_and_a_note_says_so(self):
        network = seeded(lambda: Plain(classes=2))
        with torch.no_grad():
            network.head.weight.mul_(8)  # sure of itself
        session = RefinementSession(network, device="cpu")
        session.set_image(picture())
        initial = session.predict().labels
        scribbles = np.full((40, 48), -1)
        row = 20
        scribbles[row, 16:30] = 1 - initial[row, 22]
        result = session.refine(scribbles, FAST)
        (note,) = [note for note in result.notes if "was scribbled" in note]
        assert "only " in note
        assert "pixels far away" in note
        assert len(np.unique(result.labels)) == 2  # not everything became what was scribbled

    def test_anchors_lie_far_away_where_the_network_was_sure(self):
        from cueseg.networks.windows import plan_windows
        from cueseg.refinement.targets import Evidence, find_anchors, keep_reach

        user = np.full((60, 60), -1)
        user[30, 10:20] = 1
        labels = np.zeros((60, 60), np.int16)
        labels[:, :30], labels[:5] = 1, 2
        sure = np.full((60, 60), 0.95, np.float16)
        sure[:, 50:] = 0.8
        plan = plan_windows((60, 60), None)
        evidence = Evidence(user, np.full_like(user, -1), 0.5, (1.0, 1.0))
        anchors = find_anchors(plan, [0], evidence, labels, sure, seed=3)
        places = np.argwhere(anchors >= 0)
        assert set(np.unique(anchors)) == {-1, 0, 2}
        assert (anchors == 0).sum() == 64
        assert (labels[anchors >= 0] == anchors[anchors >= 0]).all()
        assert places[:, 1].max() < 50
        reach = keep_reach((60, 60), (1.0, 1.0))
        assert min(np.abs(places - voxel).max(axis=1).min() for voxel in np.argwhere(user >= 0)) > reach / 1.5
        assert np.array_equal(anchors, find_anchors(plan, [0], evidence, labels, sure, seed=3))
        assert not np.array_equal(anchors, find_anchors(plan, [0], evidence, labels, sure, seed=4))


def test_grown_scribbles_are_evidence_but_not_the_users():
    image = np.where(picture() > 1.5, 3.0, 0.0).astype(np.float32)
    growth = GrowthOptions(threshold=0.5, smoothing=0.0)
    options = RefinementOptions(learning_rate=0.03, growth=growth)
    scribbles = box_scribbles()
    result = refine(seeded(Plain), image, scribbles, options, device="cpu")
    assert (result.grown >= 0).sum() > (scribbles >= 0).sum()
    assert np.array_equal(result.grown[scribbles >= 0], scribbles[scribbles >= 0])
    assert sum(result.history[0].violations.values()) <= (scribbles >= 0).sum()
