"""Rounds on one object: the simulated user scribbles, a method answers, the answer is measured."""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache, cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bifseg_items import BoxItem
from cueseg.bifseg import BifsegOptions, BifsegSession
from cueseg.bifseg.box import check_box
from cueseg.extreme_points import extreme_points_from_mask
from cueseg.metrics import dice
from cueseg.networks.network import SegmentationNetwork
from cueseg.predictor import ExtremePointPredictor
from cueseg.refinement import RefinementOptions, RefinementSession
from cueseg.scribbles import SimulationOptions, simulate_scribbles
from cueseg.scribbles.simulated_user import UNKNOWN
from refinement_peers import PEERS, Correct, Situation
from refinement_rounds import NETWORK_METHODS

NETWORK, NONE, BOX, UNIFORM, FULL = (
    "network alone",
    "cut alone",
    "BIFSeg (box alone)",
    "BIFSeg (uniform)",
    "BIFSeg",
)
CUT, WALKER = "graph cut", "random walker"
POINTS = "four points"  # the shipped network of extreme points, two dimensions
REFINED = {"refinement (ce)": "ce (N)", "refinement (paper)": "paper (N)"}
# Method -> what differs from the defaults of BIFSeg.
IN_A_BOX: dict[str, dict[str, Any]] = {
    NETWORK: {"weighting": "none", "smoothness": 0.0},
    NONE: {"weighting": "none"},
    BOX: {},
    UNIFORM: {"weighting": "uniform"},
    FULL: {},
}
TRADITIONAL = (CUT, WALKER)
METHODS = (*IN_A_BOX, POINTS, *TRADITIONAL, *REFINED)
UNGUIDED = (NETWORK, BOX, POINTS)  # take no scribbles
ROUNDS = 5
BINS, BLUR, FLOOR = (
    32,
    1.5,
    0.01,
)  # of the intensities under scribbles; blur in bins, floor as a share of a bin

Mask = NDArray[np.bool_]
Answer = Callable[[NDArray[np.int16] | None], Mask]  # scribbles so far -> mask on the image


class BoxBench:
    """One object and a network.

    Args:
        item: the object.
        network: of two classes.
        changes: options of BIFSeg that differ from the defaults, for all its methods.
        device: of the network.

    Attributes:
        initial: mask of the network alone, on which shared scribbles are drawn.
    """

    def __init__(
        self, item: BoxItem, network: SegmentationNetwork, changes: dict[str, Any], device: str
    ) -> None:
        self.item = item
        self._network, self._device = network, device
        self._options = BifsegOptions(**changes)
        self._session = BifsegSession(network, device=device)
        self._session.set_image(item.image, item.spacing, item.modality)
        box = check_box(item.box, item.image.shape)
        self._part = box.widened((self._options.margin,) * len(box.shape))
        self._inside = np.zeros(box.shape, bool)
        self._inside[item.part] = True
        self._user = user_of(item)
        # The box is the user's own: nobody scribbles outside it.
        self._truth = np.where(self._inside, item.mask, UNKNOWN).astype(np.int16)
        self.initial = self._in_a_box(NETWORK, 0)(None)

    def rounds(self, method: str, mode: str, seed: int) -> list[dict[str, Any]]:
        """A row for the box alone and one for each of `ROUNDS` rounds: round, Dice, painted voxels, seconds.

        With the mode "shared", all scribbles are drawn on the network's own result, so that all methods are given the
        same; with "own", on the method's result of the round before. Where the user has nothing more to draw, the
        result stays as it is, and so do those of methods that take no scribbles; such rounds take 0 s.
        """
        rng = np.random.default_rng(seed)
        answer = self._answer(method, seed)
        began = time.perf_counter()
        mask = answer(None)
        scribbles = np.full(mask.shape, -1, np.int16)
        rows = [self._row(0, mask, scribbles, time.perf_counter() - began)]
        for number in range(1, ROUNDS + 1):
            shown = (self.initial if mode == "shared" else mask).astype(np.int16)
            before = scribbles
            scribbles = simulate_scribbles(
                shown, self._truth, rng, self._user, spacing=self.item.spacing, existing=before
            )
            seconds = 0.0
            if method not in UNGUIDED and (scribbles != before).any():
                began = time.perf_counter()
                mask = answer(scribbles)
                seconds = time.perf_counter() - began
            rows.append(self._row(number, mask, scribbles, seconds))
        return rows

    def _answer(self, method: str, seed: int) -> Answer:
        if method in IN_A_BOX:
            return self._in_a_box(method, seed)
        if method == POINTS:
            return self._from_points(seed)
        return self._refined(REFINED[method]) if method in REFINED else self._traditional(method)

    def _in_a_box(self, method: str, seed: int) -> Answer:
        """BIFSeg; before the first scribbles only the method for the box alone tunes."""
        session = self._session
        options = replace(self._options, seed=seed, **IN_A_BOX[method])
        first = options if method in UNGUIDED else replace(options, weighting="none")
        session.set_box(self.item.box)
        return lambda scribbles: session.segment(scribbles, first if scribbles is None else options).mask

    def _refined(self, name: str) -> Answer:
        """Refinement of the network on the crop that BIFSeg sees; what it finds outside the box does not count."""
        options = RefinementOptions(**NETWORK_METHODS[name])

        def answer(scribbles: NDArray[np.int16] | None) -> Mask:
            session = self._refinement
            given = None if scribbles is None else scribbles[self._part]
            found = session.predict() if given is None else session.refine(given, options)
            return self._on_image(found.labels == 1)

        return answer

    @cached_property
    def _refinement(self) -> RefinementSession:
        session = RefinementSession(self._network, device=self._device)
        session.set_image(self.item.image[self._part], spacing=self.item.spacing, modality=self.item.modality)
        return session

    def _from_points(self, seed: int) -> Answer:
        """Extreme points of the true mask, which touch the sides of the same tight box; ties by the seed."""
        item = self.item
        predictor = shipped_predictor(self._device)

        def answer(_: NDArray[np.int16] | None) -> Mask:
            predictor.set_image(item.image, item.modality, item.spacing)
            found = predictor.predict(extreme_points_from_mask(item.mask, np.random.default_rng(seed)))
            return found.mask & self._inside

        return answer

    def _traditional(self, method: str) -> Answer:
        """Without a network: scribbles, and the margin as background; the box until the object is scribbled."""
        peer: Correct = PEERS[method]

        def answer(scribbles: NDArray[np.int16] | None) -> Mask:
            if scribbles is None or not (scribbles == 1).any():
                return self._inside if scribbles is None else self._inside & (scribbles != 0)
            inside, image = self._inside[self._part], self.item.image[self._part].astype(np.float32)
            given = np.where(inside, scribbles[self._part], np.int16(0))
            likely = probabilities_by_intensity(image, given)
            return self._on_image(
                peer(Situation(image, self.item.spacing, inside.astype(np.int16), likely, given)) == 1
            )

        return answer

    def _on_image(self, found: Mask) -> Mask:
        mask = np.zeros(self._inside.shape, bool)
        mask[self._part] = found
        return mask & self._inside

    def _row(self, number: int, mask: Mask, scribbles: NDArray[np.int16], seconds: float) -> dict[str, Any]:
        return {
            "round": number,
            "dice": round(dice(mask, self.item.mask), 5),
            "painted": int((scribbles >= 0).sum()),
            "seconds": round(seconds, 4),
        }


@cache
def shipped_predictor(device: str) -> ExtremePointPredictor:
    """The shipped network of extreme points, loaded once."""
    return ExtremePointPredictor(device=device)


def user_of(item: BoxItem) -> SimulationOptions:
    """Strokes of at most a third of the box's longest side, so that objects of all sizes take the same effort.

    Of both labels in every round: without one of the object the traditional methods have nothing to go by.
    """
    sides = [(own.stop - own.start) * mm for own, mm in zip(item.part, item.spacing, strict=True)]
    return SimulationOptions(
        max_length=max(sides) / 3, min_pixels=2, separation=max(item.spacing), confirm=True
    )


def probabilities_by_intensity(
    image: NDArray[np.float32], scribbles: NDArray[np.int16]
) -> NDArray[np.float32]:
    """The region term of Boykov & Jolly 2001: how likely either label is by the intensities under its scribbles.

    Bins hold equally many of the image's voxels, so that air and bone do not leave one bin to all soft tissue.

    Args:
        image: (*shape).
        scribbles: -1 none, 0 background, 1 object, some of either.

    Returns:
        (2, *shape), which sum to 1.
    """
    edges = np.quantile(image, np.linspace(0, 1, BINS + 1)[1:-1])
    bins = np.searchsorted(edges, image)
    shares = []
    for label in (0, 1):
        counts = np.bincount(bins[scribbles == label], minlength=BINS)
        smooth = ndimage.gaussian_filter1d(counts / counts.sum(), BLUR, mode="nearest")
        shares.append((smooth + FLOOR / BINS)[bins])
    return (np.stack(shares) / np.sum(shares, axis=0)).astype(np.float32)
