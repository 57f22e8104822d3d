"""A box around a bright square, and networks that have learnt nothing yet, for the tests of `cueseg.bifseg`."""

from dataclasses import replace

import numpy as np

from cueseg import NetworkCard, SegmentationNetwork
from cueseg.bifseg import BifsegOptions, BifsegSession
from refinement_networks import Plain, box_scribbles, seeded

# The network is never sure; the boundary counts as much as in the paper.
FAST = BifsegOptions(learning_rate=0.1, iterations=30, t0=0.5, t1=0.5, smoothness=3.0, epsilon=0.2)
BRIEF = replace(FAST, iterations=4, alternations=2)
BOX = ((12, 9), (36, 30))  # (x, y), around the bright box of `clear`, x 16 to 31 and y 13 to 25
SCRIBBLES = box_scribbles()
SCRIBBLES[1], SCRIBBLES[10, 14:30] = -1, 0


def network(kind=Plain, dims=2, channels=1, seed=0, **card):
    """Background and object, by a network that has learnt nothing yet; the classifier is its last convolution."""
    fields = {"tail": ("head",), "intensity": {"kind": "zscore", "nonzero": False}} | card
    described = NetworkCard(
        name="tiny", dims=dims, in_channels=channels, classes=("background", "object"), **fields
    )
    return SegmentationNetwork.of(
        seeded(lambda: kind(dims, channels, described.out_channels), seed), described
    )


def clear(shape=(40, 48), seed=0):
    """A bright box with sharp edges, so that strokes are carried up to them by the cut."""
    return (truth(shape) + 0.03 * np.random.default_rng(seed).normal(size=shape)).astype(np.float32)


def session_of(net, image, box=BOX, **more):
    session = BifsegSession(net, device="cpu")
    session.set_image(image, **more)
    session.set_box(box)
    return session


def truth(shape=(40, 48)):
    mask = np.zeros(shape, bool)
    mask[tuple(slice(side // 3, 2 * side // 3) for side in shape)] = True
    return mask


def dice(one, other):
    return 2 * (one & other).sum() / (one.sum() + other.sum())


def same(one, other):
    np.testing.assert_array_equal(one.mask, other.mask)
    np.testing.assert_array_equal(one.probabilities, other.probabilities)
    np.testing.assert_array_equal(one.uncertain, other.uncertain)
    assert one.alternations == other.alternations
