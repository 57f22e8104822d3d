"""Outside the scope and in locked labels nothing changes, bit for bit, in 200 random cases; nor do the weights."""

import numpy as np
import pytest
import torch

from cueseg.refinement import RefinementOptions, RefinementSession, refine
from cueseg.refinement.activations import Activation
from cueseg.refinement.locality import allowed_region, bounding_box, within_limits
from cueseg.refinement.options import REGULARISERS
from refinement_networks import Plain, box_scribbles, picture, seeded, state_of, unchanged

GROUPS, CASES = 10, 20


def random_case(rng):
    """Arguments of a refinement that touch scope, locks, radius, new classes, and images and volumes."""
    dims = int(rng.integers(2, 4))
    shape = tuple(int(side) for side in rng.integers(5, 11, 3)) if dims == 3 else (18, 15)
    classes = int(rng.integers(2, 5))
    scribbles = np.full(shape, -1, np.int16)
    for _ in range(int(rng.integers(1, 6))):
        where = tuple(int(rng.integers(0, side)) for side in shape[:-1])
        scribbles[(*where, slice(0, int(rng.integers(1, shape[-1]))))] = rng.integers(0, classes + 1)
    start = rng.integers(0, np.array(shape) - 2)
    scope = np.zeros(shape, bool)
    scope[tuple(slice(int(low), int(low + rng.integers(2, 9))) for low in start)] = True
    options = RefinementOptions(
        method=rng.choice(["ce", "paper"]).item(),
        learning_rate=0.1,
        max_iterations=3,
        layers=int(rng.integers(1, 4)),
        keep_radius=float(rng.uniform(1, 6)) if rng.random() < 0.4 else None,
        clamp_scribbles=bool(rng.random() < 0.7),
        regularise=rng.choice(REGULARISERS).item(),
    )
    return {
        "dims": dims,
        "classes": classes,
        "image": rng.normal(size=shape).astype(np.float32),
        "scribbles": scribbles,
        "options": options,
        "scope": scope if rng.random() < 0.6 else None,
        "base_labels": rng.integers(0, classes + 2, shape).astype(np.int16) if rng.random() < 0.5 else None,
        "locked": tuple(rng.choice(classes, int(rng.integers(0, classes)), replace=False).tolist()),
    }


@pytest.mark.parametrize("group", range(GROUPS))
def test_nothing_changes_outside_the_limits(group):
    sessions = {}
    for number in range(CASES):
        case = random_case(np.random.default_rng(1000 * group + number))
        dims, classes = case.pop("dims"), case.pop("classes")
        if (dims, classes) not in sessions:
            network = seeded(lambda d=dims, c=classes: Plain(dims=d, classes=c, width=4))
            sessions[dims, classes] = RefinementSession(network, device="cpu"), network, state_of(network)
        session, network, before = sessions[dims, classes]
        session.set_image(case.pop("image"))
        result = session.refine(**case)
        assert unchanged(network, before)
        base = result.initial.labels if case["base_labels"] is None else case["base_labels"]
        changed = result.labels != base
        if case["scope"] is not None:
            assert not changed[~case["scope"]].any()
        assert not changed[np.isin(base, case["locked"])].any()
        assert not np.isin(result.labels[changed], case["locked"]).any()
        if case["options"].keep_radius is not None:
            places = np.argwhere(case["scribbles"] >= 0)
            for voxel in np.argwhere(changed):
                assert np.linalg.norm(places - voxel, axis=1).min() <= case["options"].keep_radius + 1e-6


def test_within_the_scope_it_is_the_unlimited_result():
    network, image, scribbles = seeded(Plain), picture(), box_scribbles()
    options = RefinementOptions(
        learning_rate=0.03, regularise="none"
    )  # edges are followed within the scope only
    free = refine(network, image, scribbles, options, device="cpu")
    scope = np.zeros(image.shape, bool)
    scope[10:30, 10:30] = True
    limited = refine(network, image, scribbles, options, scope=scope, device="cpu")
    assert (free.labels != free.base_labels)[~scope].any()
    assert np.array_equal(limited.labels[scope], free.labels[scope])
    assert np.array_equal(limited.probabilities[:, scope], free.probabilities[:, scope])
    assert np.array_equal(limited.probabilities[:, ~scope], free.initial.probabilities[:, ~scope])
    assert any("outside the scope" in note for note in limited.notes)


def test_only_the_windows_that_matter_are_predicted_again():
    network, image = seeded(Plain), np.stack([picture()] * 9)
    session = RefinementSession(network, device="cpu")
    session.set_image(image)
    session.predict()
    scribbles = np.full(image.shape, -1, np.int16)
    scribbles[4] = box_scribbles()
    scope = np.zeros(image.shape, bool)
    scope[4] = True
    totals = []
    session.refine(
        scribbles,
        RefinementOptions(max_iterations=1),
        scope=scope,
        monitor=lambda p: totals.append(p.total) if p.stage == "predict" else None,
    )
    assert set(totals) == {5}  # the slice and two beside it, for the interpolation


class TestLimits:
    probabilities = np.array(
        [[0.1, 0.2, 0.2], [0.2, 0.3, 0.5], [0.7, 0.5, 0.3]], np.float32
    )  # labels 2, 2, 1

    def limited(self, base, painted=(-1, -1, -1), activation=None, **limits):
        arguments = {"allowed": None, "locked": (), "clamp": True} | limits
        base, painted = np.array(base, np.int16), np.array(painted, np.int16)
        activation = activation or Activation("softmax")
        return within_limits(self.probabilities, base, painted, activation, **arguments).tolist()

    def test_a_locked_label_does_not_appear_and_the_next_best_is_taken(self):
        assert self.limited([0, 0, 0], locked=(2,)) == [1, 1, 1]
        assert self.limited([2, 0, 0], locked=(2,)) == [2, 1, 1]

    def test_scribbles_are_clamped_except_in_locked_labels(self):
        assert self.limited([0, 0, 0], painted=(0, -1, 0)) == [0, 2, 0]
        assert self.limited([0, 0, 0], painted=(0, -1, 0), clamp=False) == [2, 2, 1]
        assert self.limited([0, 1, 1], painted=(1, -1, 0), locked=(1,)) == [2, 1, 1]

    def test_overlapping_regions_respect_locks(self):
        overlapping = Activation("sigmoid", exclusive=False)
        assert self.limited([0, 0, 0], activation=overlapping) == [2, 0, 0]
        assert self.limited([1, 1, 1], activation=overlapping, locked=(0,)) == [2, 2, 1]


def test_the_radius_is_in_mm():
    scribbles = np.full((9, 30), -1)
    scribbles[4, 10] = 1
    region = allowed_region(scribbles, None, 3.0, (2.0, 0.5))
    low, high = bounding_box(region)
    assert low.tolist() == [3, 4]
    assert high.tolist() == [6, 17]
    scope = np.zeros((9, 30), bool)
    scope[4] = True
    assert allowed_region(scribbles, scope, 3.0, (2.0, 0.5)).sum() == 13
    assert allowed_region(scribbles, None, None, None) is None
    assert bounding_box(np.zeros((3, 4), bool))[1].tolist() == [0, 0]


def test_maps_of_change_and_uncertainty():
    result = refine(
        seeded(Plain), picture(), box_scribbles(), RefinementOptions(max_iterations=2), device="cpu"
    )
    change, entropy = result.change_map(), result.entropy_map()
    assert change.dtype == np.int8
    assert ((change != 0) == (result.labels != result.base_labels)).all()
    assert (change == 1).sum() == ((result.base_labels == 0) & (result.labels > 0)).sum()
    assert entropy.dtype == np.float32
    p = torch.from_numpy(result.probabilities)
    expected = torch.distributions.Categorical(probs=p.permute(1, 2, 0)).entropy() / np.log(3)
    assert entropy == pytest.approx(expected.numpy(), abs=1e-4)
