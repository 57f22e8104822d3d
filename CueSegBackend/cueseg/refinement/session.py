"""Correct a network's prediction with scribbles: the image once, then as many rounds as it takes."""

import time
from collections.abc import Callable, Collection
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import nn

from cueseg.device import choose_device
from cueseg.networks.network import SegmentationNetwork
from cueseg.refinement.activations import Activation
from cueseg.refinement.delta import WeightDelta, options_as_json, state_sha256
from cueseg.refinement.engine import Engine
from cueseg.refinement.evidence import InitialState, RoundInput
from cueseg.refinement.memory import within_memory
from cueseg.refinement.options import RefinementOptions
from cueseg.refinement.progress import Monitor, Reporter
from cueseg.refinement.refined_copy import RefinedCopy, RefinementTarget
from cueseg.refinement.requests import RefinementRequest, check_request
from cueseg.refinement.result import NetworkPrediction, RefinementResult
from cueseg.refinement.round import run_round

__all__ = ["RefinementSession", "refine"]


class RefinementSession:
    """Refines a network to one image after the other; the network itself is never changed.

    Args:
        network: a `SegmentationNetwork`, or a bare module, taken as `SegmentationNetwork.wrap` does.
        device: "auto" (CUDA when it works, else CPU), "cpu", "cuda", ...
        cache_megabytes: most memory for features of the frozen part; what does not fit is computed again.
        half_cache: keep them as float16: twice as many fit, and logits change in about the third digit.

    Attributes:
        network: the network.
        device: in use; the CPU from when on the memory of another one did not suffice.
        device_note: why that device, in words.

    Raises:
        ValueError: no network, a device that is not there, a negative cache.
    """

    def __init__(
        self,
        network: SegmentationNetwork | nn.Module,
        *,
        device: str = "auto",
        cache_megabytes: float = 1024,
        half_cache: bool = False,
    ) -> None:
        self.network = SegmentationNetwork.wrap(network)
        self.device, self.device_note = choose_device(device)
        self._engine = Engine(self.network, self.device, cache_megabytes, half_cache)
        self._image: NDArray[np.generic] | None = None
        self._spacing: tuple[float, ...] | None = None
        self._initial: InitialState | None = None
        self._sha256 = ""

    def set_image(
        self,
        image: ArrayLike,
        spacing: tuple[float, ...] | None = None,
        modality: str | None = None,
        *,
        spatial_shape: tuple[int, ...] | None = None,
    ) -> None:
        """Take an image in; it must not change until the next `set_image`.

        Args:
            image: (rows, cols[, channels]) or (slices, rows, cols[, channels]); channels may come first.
            spacing: (row, col) or (slice, row, col) in mm.
            modality: "ct", "mr", "grey", "rgb" or None.
            spatial_shape: shape of the scribbles, where the image's axes are ambiguous.

        Raises:
            ValueError: what is wrong with the image, in words; the image set before stays.
        """
        array = np.asarray(image)
        prepared = self.network.prepare(array, spacing, modality, spatial_shape)
        self._engine.set_image(prepared)
        self._image, self._initial = array, None
        self._spacing = None if spacing is None else tuple(float(mm) for mm in spacing)

    def predict(self, delta: WeightDelta | None = None, monitor: Monitor | None = None) -> NetworkPrediction:
        """Segment the image with the network's own weights, or with refined ones.

        Args:
            delta: weights of a refinement of this network, on this or another image.
            monitor: called between windows; see `RefinementProgress`.

        Raises:
            RuntimeError: no image was set, or memory did not suffice.
            ValueError: the weights belong to another network.
            RefinementCancelled: the monitor said so.
        """
        reporter = Reporter(monitor)
        if delta is not None:
            delta.check_parent(self._parent_sha256(), self.network.card.name)
            return within_memory(self, self._engine, lambda: self._with(delta, reporter))
        return within_memory(
            self, self._engine, lambda: self._start(RefinementOptions(), reporter).prediction
        )

    def _with(self, delta: WeightDelta, reporter: Reporter) -> NetworkPrediction:
        began = time.perf_counter()
        target = RefinementTarget(delta.layers, delta.scale_bias, delta.appended, delta.unused)
        copy = self._engine.use(target)
        try:
            copy.set_values(delta.tensors)
            logits = self._engine.predict(_reporting(reporter))
        finally:
            self._engine.rest()
        probabilities = self._engine.prepared.to_image(copy.activation.probabilities(logits))
        labels = copy.activation.labels(probabilities)
        return NetworkPrediction(labels, probabilities, time.perf_counter() - began)

    def refine(
        self,
        scribbles: ArrayLike,
        options: RefinementOptions | None = None,
        *,
        base_labels: ArrayLike | None = None,
        scope: ArrayLike | None = None,
        locked: Collection[int] = (),
        monitor: Monitor | None = None,
    ) -> RefinementResult:
        """Refine the last layers until the network agrees with the scribbles, and segment the image again.

        Every call starts from the network's own weights, with all scribbles given; so fewer scribbles undo a
        correction exactly.

        Args:
            scribbles: int array of the image's spatial shape, -1 none, k class k; a class beyond the network's
                is new to it and gets a channel of its own.
            options: method, layers and limits; None: the defaults.
            base_labels: int array, the segmentation to correct; None: the network's prediction.
            scope: bool array, where labels may change; None: everywhere.
            locked: classes whose voxels neither vanish nor appear.
            monitor: called between windows and between iterations.

        Raises:
            ValueError: what is wrong with the request, and what to do; nothing was computed.
            RuntimeError: no image was set, memory did not suffice, or the refinement diverged.
            RefinementCancelled: the monitor said so. After all of these the session works as before.
        """
        options = RefinementOptions() if options is None else options
        prepared = self._engine.prepared
        request = check_request(
            prepared.image_shape, self.network.card.classes, scribbles, base_labels, scope, locked
        )
        reporter = Reporter(monitor)

        def work() -> tuple[RefinedCopy, dict[str, torch.Tensor], dict[str, Any]]:
            target = self._engine.target_of(options, request.appended, request.unused)
            initial = self._start(options, reporter)
            copy = self._engine.use(target)
            try:
                round_input = RoundInput(request, options, initial, self._image, self._spacing)
                return copy, *run_round(self._engine, copy, round_input, reporter)
            finally:
                self._engine.rest()

        copy, values, fields = within_memory(self, self._engine, work)
        delta = self._delta(copy, request, options, values, fields["iterations"])
        return RefinementResult(
            **fields, delta=delta, cut=copy.cut.description, softmax=copy.activation.kind == "softmax"
        )

    def _start(self, options: RefinementOptions, reporter: Reporter) -> InitialState:
        """The network's own prediction; made once, with the features that the options need."""
        if self._initial is not None:
            return self._initial
        began = time.perf_counter()
        engine, card = self._engine, self.network.card
        if self.network.refinable:
            logits = engine.predict_unrefined(_reporting(reporter))
        else:
            engine.use(engine.target_of(options))
            logits = engine.predict(_reporting(reporter))
        activation = Activation(card.activation, card.exclusive)
        on_grid = activation.probabilities(logits)
        probabilities = engine.prepared.to_image(on_grid)
        labels = activation.labels(probabilities)
        grid_labels = activation.labels(on_grid.numpy())
        reporter.finish("initial")
        self._initial = InitialState(
            NetworkPrediction(labels, probabilities, time.perf_counter() - began),
            grid_labels,
            on_grid.amax(dim=0).to(torch.float16).numpy(),
        )
        return self._initial

    def _parent_sha256(self) -> str:
        self._sha256 = self._sha256 or state_sha256(self.network.module)
        return self._sha256

    def _delta(
        self,
        copy: RefinedCopy,
        request: RefinementRequest,
        options: RefinementOptions,
        values: dict[str, torch.Tensor],
        iterations: int,
    ) -> WeightDelta:
        return WeightDelta(
            values,
            self._parent_sha256(),
            self.network.card.name,
            copy.network.card.classes,
            request.appended,
            request.unused,
            copy.target.layers,
            copy.target.scale_bias,
            options_as_json(options),
            iterations,
        )


def refine(
    network: SegmentationNetwork | nn.Module,
    image: ArrayLike,
    scribbles: ArrayLike,
    options: RefinementOptions | None = None,
    *,
    spacing: tuple[float, ...] | None = None,
    modality: str | None = None,
    base_labels: ArrayLike | None = None,
    scope: ArrayLike | None = None,
    locked: Collection[int] = (),
    device: str = "auto",
    monitor: Monitor | None = None,
) -> RefinementResult:
    """Correct a network's prediction of one image with scribbles, in one go.

    For more than one round use `RefinementSession`, which runs the frozen part of the network once per image. All
    arguments, results and errors are those of `RefinementSession.set_image` and `RefinementSession.refine`.
    """
    session = RefinementSession(network, device=device)
    session.set_image(image, spacing, modality, spatial_shape=np.shape(scribbles))
    return session.refine(
        scribbles, options, base_labels=base_labels, scope=scope, locked=locked, monitor=monitor
    )


def _reporting(reporter: Reporter) -> Callable[[int, int], None]:
    return lambda done, total: reporter.report("predict", done, total)
