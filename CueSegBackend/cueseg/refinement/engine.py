"""One image in one network: windows, cached features, and predictions with the present weights."""

import logging
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cueseg.device import free_cached_memory, moved_to_cpu
from cueseg.networks.inference import Blend, predict_windows, read_windows
from cueseg.networks.network import SegmentationNetwork
from cueseg.networks.preparation import PreparedImage
from cueseg.networks.probing import FORWARD_ERRORS, noise_shapes
from cueseg.networks.windows import WindowPlan, plan_windows
from cueseg.refinement.feature_cache import FeatureCache
from cueseg.refinement.options import RefinementOptions
from cueseg.refinement.refined_copy import RefinedCopy, RefinementTarget, find_target
from cueseg.refinement.scribbled_window import ScribbledWindow
from cueseg.refinement.tiles import Tiler
from cueseg.refinement.working_copy import double

__all__ = ["Engine"]

_log = logging.getLogger(__name__)
Report = Callable[[int, int], None]


class Engine:
    """Works on doubles of a network, never on the network.

    Args:
        network: to predict and refine with.
        device: "cpu", "cuda", ...
        cache_megabytes: most memory for features.
        half_cache: keep features as float16.

    Raises:
        ValueError: a negative cache.
    """

    def __init__(
        self, network: SegmentationNetwork, device: str, cache_megabytes: float, half_cache: bool
    ) -> None:
        if not cache_megabytes >= 0:
            raise ValueError(f"cache_megabytes is {cache_megabytes!r}: it must be 0 or more")
        self.network = network
        self.device = device
        self.cache = FeatureCache(cache_megabytes)
        self._half = half_cache
        self._noise: Tensor | None = None
        self._copy: RefinedCopy | None = None
        self._tiler: Tiler | None = None
        self._targets: dict[Any, RefinementTarget] = {}
        self._image: tuple[PreparedImage, WindowPlan] | None = None

    @property
    def prepared(self) -> PreparedImage:
        """The image on the network's grid.

        Raises:
            RuntimeError: none was set.
        """
        return self._present()[0]

    @property
    def plan(self) -> WindowPlan:
        """The windows that cover the grid."""
        return self._present()[1]

    def _present(self) -> tuple[PreparedImage, WindowPlan]:
        if self._image is None:
            raise RuntimeError("no image to segment: call set_image first")
        return self._image

    def set_image(self, prepared: PreparedImage) -> None:
        """Lay windows over a prepared image, and forget the last one's features."""
        card = self.network.card
        shape = prepared.grid_shape
        plan = plan_windows(shape, card.patch_size, card.multiple, card.overlap, flat=len(shape) - card.dims)
        self._image = prepared, plan
        self.cache.clear()

    def target_of(
        self, options: RefinementOptions, appended: int = 0, unused: Sequence[int] = ()
    ) -> RefinementTarget:
        """What the options refine.

        Raises:
            ValueError: the network's weights cannot be refined, or no such layer; with the remedy.
        """
        if self.network.refinable:
            raise ValueError(self.network.refinable)
        key = (options.layers, options.method == "f-brs", appended, tuple(unused))
        if key not in self._targets:
            self._targets[key] = find_target(self.network, self._example(), options, appended, tuple(unused))
        return self._targets[key]

    def use(self, target: RefinementTarget) -> RefinedCopy:
        """The double for a target, with the network's own weights; features are kept if they stay the same."""
        if self._copy is None or self._copy.target != target:
            before = self._copy
            self._copy = None
            copy = RefinedCopy(self.network, target, self._example(), self.device, half=self._half)
            if before is None or _trunk_key(before) != _trunk_key(copy):
                self.cache.clear()
            self._copy, self._tiler = copy, Tiler(copy)
            _log.info("refining %s: %s", ", ".join(target.layers), copy.cut.description)
        self._copy.reset()
        return self._copy

    def features(self, index: int) -> list[Any]:
        """Features of a window in the present copy, from the cache where they are."""
        found = self.cache.get(index)
        if found is None:
            found = self._copy.features(self._window(index))
            self.cache.put(index, found)
        return found

    def logits(self, index: int) -> Tensor:
        """Logits (1, C, *) of a window with the present weights."""
        return self._copy.logits(self.features(index))

    def tiled(self, window: ScribbledWindow, labels: NDArray[np.int16], seed: int) -> ScribbledWindow:
        """The window with features of tiles only, where these suffice; see `Tiler`.

        Args:
            window: what is asked of it.
            labels: (*grid) the network's own labels.
            seed: of what is sampled.
        """
        part = np.full(self.plan.size, -1, np.int16)
        part[self.plan.covered(window.index)] = labels[self.plan.inside(window.index)]
        size = self.plan.size[self.plan.flat :]
        return self._tiler.tile(window, self.features(window.index), size, part.reshape(size), seed)

    def refresh(self, windows: Sequence[ScribbledWindow]) -> bool:
        """Bring tiles behind normalisations up to the present weights; returns whether there are any."""
        tiled = [window for window in windows if window.tiles is not None]
        if not tiled or not len(self._copy.norms):
            return False
        for window in tiled:
            self._tiler.refresh(window.tiles, self.features(window.index))
        return True

    def logits_for(self, window: ScribbledWindow) -> Tensor:
        """Logits (1, C, *size) of a window, or (T, C, *side) of its tiles, with the present weights."""
        return self.logits(window.index) if window.tiles is None else self._tiler.logits(window.tiles)

    def predict(
        self, report: Report, low: Sequence[int] | None = None, high: Sequence[int] | None = None
    ) -> Tensor:
        """Blended logits (C, *box) with the present weights, float32 on the CPU; None: the whole grid."""

        def run(index: int) -> Tensor:
            with torch.no_grad():
                return self.logits(index)[0]

        return predict_windows(run, Blend(self.plan, self._copy.channels, low, high), report)

    def predict_unrefined(self, report: Report) -> Tensor:
        """Blended logits of a network that cannot be refined."""
        module = double(self.network.module, self.device)

        def run(index: int) -> Tensor:
            with torch.no_grad():
                return self.network.logits_of(module(self._window(index).to(self.device)))[0]

        return predict_windows(run, Blend(self.plan, self.network.card.out_channels), report)

    def rest(self) -> None:
        """Give the double its own weights back, and drop gradients."""
        if self._copy is not None:
            self._copy.reset()

    def forget(self) -> None:
        """Free the memory of features and doubles."""
        self.cache.clear()
        self._copy = self._tiler = None
        free_cached_memory()

    def give_way(self) -> str:
        """Ask for less memory from now on; returns what changed, in words, empty when nothing is left to do.

        First features are no longer kept, then a GPU is left for the CPU. What is computed stays the same.
        """
        if self.device == "cpu":
            return ""
        self.forget()
        if self.cache.budget > 0:
            self.cache = FeatureCache(0)
            return "memory was short, so features are computed again in every iteration"
        before, self.device = self.device, "cpu"
        return moved_to_cpu(before)

    def _window(self, index: int) -> Tensor:
        return read_windows(self.prepared.tensor, self.plan, [index], self.network.card.dims)

    def _example(self) -> Tensor:
        """Noise (1, C, *) that the network takes: small, since its layers and cut are the same at every size."""
        if self._noise is not None:
            return self._noise
        card = self.network.card
        shapes = noise_shapes(card)
        if self._image is not None:
            shapes.append(self.plan.size[self.plan.flat :])
        for shape in shapes:
            noise = torch.randn((1, card.in_channels, *shape), generator=torch.Generator().manual_seed(0))
            try:
                with torch.no_grad():
                    self.network.logits_of(self.network.module(noise))
            except torch.OutOfMemoryError:
                raise
            except FORWARD_ERRORS:
                if shape == shapes[-1]:
                    raise
                continue
            self._noise = noise
            break
        return self._noise


def _trunk_key(copy: RefinedCopy) -> tuple[Any, ...]:
    return copy.target.layers, copy.target.scale_bias, type(copy.cut).__name__


def box_of_windows(
    plan: WindowPlan, low: np.ndarray, high: np.ndarray, margin: int
) -> tuple[list[int], list[int]]:
    """A box of the grid, wider by a margin, within the grid."""
    wide_low = np.maximum(np.asarray(low) - margin, 0)
    wide_high = np.minimum(np.asarray(high) + margin, plan.shape)
    return wide_low.tolist(), wide_high.tolist()
