"""One object after the other of an image: a box, and as many rounds of scribbles as it takes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from cueseg.bifseg.alternation import Found, Round
from cueseg.bifseg.box import ObjectBox, check_box, check_object_scribbles
from cueseg.bifseg.crop import Crop, cut_out
from cueseg.bifseg.options import BifsegOptions
from cueseg.bifseg.result import BifsegResult
from cueseg.device import choose_device
from cueseg.networks.axes import channels_first
from cueseg.networks.network import SegmentationNetwork
from cueseg.refinement.delta import WeightDelta, options_as_json, state_sha256
from cueseg.refinement.engine import Engine
from cueseg.refinement.memory import within_memory
from cueseg.refinement.options import RefinementOptions
from cueseg.refinement.progress import Monitor, Reporter
from cueseg.refinement.refined_copy import RefinedCopy, RefinementTarget
from cueseg.scribbles.arrays import check_spacing

__all__ = ["BifsegSession", "bifseg"]


class BifsegSession:
    """Tunes a network's classifier to one object of one image after the other (Wang et al. 2018).

    The network itself is never changed. All rounds on one object go on with the classifier of the round before; a new
    box, and a new image, start from the network's own.

    Args:
        network: a `SegmentationNetwork` of two classes, background and object, or such a bare module.
        device: "auto" (CUDA when it works, else CPU), "cpu", "cuda", ...
        cache_megabytes: most memory for features of the frozen part; what does not fit is computed again.

    Attributes:
        network: the network.
        device: in use; the CPU from when on the memory of another one did not suffice.
        device_note: why that device, in words.

    Raises:
        ValueError: no network, one of other classes, a device that is not there, a negative cache.
    """

    def __init__(
        self,
        network: SegmentationNetwork | nn.Module,
        *,
        device: str = "auto",
        cache_megabytes: float = 1024,
    ) -> None:
        self.network = SegmentationNetwork.wrap(network)
        classes = self.network.card.classes
        if len(classes) != 2:
            raise ValueError(
                f"the network has {len(classes)} classes ({', '.join(classes)}): one object in a box needs a network "
                "of two, background and object"
            )
        self.device, self.device_note = choose_device(device)
        self._engine = Engine(self.network, self.device, cache_megabytes, half_cache=False)
        self._parts: NDArray[Any] | None = None
        self._box: ObjectBox | None = None
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
            image: (rows, cols[, channels]) or (slices, rows, cols[, channels]); channels may come first. A 2D network
                takes a volume slice by slice, and one classifier is tuned on all slices of the box.
            spacing: (row, col) or (slice, row, col) in mm.
            modality: "ct", "mr", "grey", "rgb" or None.
            spatial_shape: shape of the scribbles, where the image's axes are ambiguous.

        Raises:
            ValueError: axes or channels that the network does not take, an impossible spacing.
        """
        parts = channels_first(np.asarray(image), self.network.card, spatial_shape)
        check_spacing(spacing, parts.ndim - 1)
        self._parts = parts
        self._spacing = None if spacing is None else tuple(float(mm) for mm in spacing)
        self._modality = modality
        self._box = None

    def set_box(self, box: Sequence[Sequence[float]]) -> None:
        """Begin with a new object.

        Args:
            box: ((x0, y0), (x1, y1)) or ((x0, y0, z0), (x1, y1, z1)), pixel coordinates, integer = centre, both corners
                inside; what goes beyond the image is cut off.

        Raises:
            RuntimeError: no image was set.
            ValueError: no box, or one without voxels of the image; the object before stays.
        """
        if self._parts is None:
            raise RuntimeError("no image to segment: call set_image first")
        self._box = check_box(box, self._parts.shape[1:])
        self._crop: tuple[int, Crop] | None = None
        self._tuned: tuple[RefinementTarget, dict[str, Tensor]] | None = None

    def resume(self, delta: WeightDelta | None) -> None:
        """Go on from the weights of an earlier round on this box, or, with None, from the network's own.

        Raises:
            RuntimeError: no box was set.
        """
        if self._box is None:
            raise RuntimeError("no box around an object: call set_image and set_box first")
        self._tuned = None if delta is None else (RefinementTarget(delta.layers), dict(delta.tensors))

    def segment(
        self,
        scribbles: ArrayLike | None = None,
        options: BifsegOptions | None = None,
        *,
        monitor: Monitor | None = None,
    ) -> BifsegResult:
        """Alternate label steps and network steps, and segment the object.

        Args:
            scribbles: signed integers of the image's spatial shape: -1 none, 0 background, 1 object, all that were
                drawn so far; None: the box alone.
            options: None: the defaults. Where `layers` differs from the round before, this one starts from the
                network's own weights.
            monitor: called between windows, iterations and label steps. STOP goes on with a last label step.

        Raises:
            ValueError: what is wrong with scribbles, options or image, and what to do.
            RuntimeError: no image or box was set, memory did not suffice, or the fine-tuning diverged.
            RefinementCancelled: the monitor said so. After all of these the classifier is that of the round before.
        """
        options = BifsegOptions() if options is None else options
        if self._box is None:
            raise RuntimeError("no box around an object: call set_image and set_box first")
        painted = check_object_scribbles(scribbles, self._box)
        reporter = Reporter(monitor)

        def work() -> tuple[Crop, RefinedCopy | None, Found, WeightDelta | None]:
            crop = self._cropped(options.margin)
            copy = self._copy(options)
            try:
                found = Round(self._engine, copy, crop, painted[crop.part], options, reporter).run()
                delta = None if copy is None else self._delta(copy, options, found.iterations)
            finally:
                self._engine.rest()
            return crop, copy, found, delta

        crop, copy, found, delta = within_memory(self, self._engine, work)
        if copy is not None and found.iterations:
            self._tuned = copy.target, dict(delta.tensors)
        description = "whole: the network cannot be tuned" if copy is None else copy.cut.description
        return _on_image(found, crop, painted, self._box.shape, delta, description, dict(reporter.seconds))

    def _cropped(self, margin: int) -> Crop:
        if self._crop is None or self._crop[0] != margin:
            crop = cut_out(self.network, self._parts, self._box, margin, self._spacing, self._modality)
            self._engine.set_image(crop.padded)
            self._crop = margin, crop
        return self._crop[1]

    def _copy(self, options: BifsegOptions) -> RefinedCopy | None:
        """The double to tune, at the weights of the round before."""
        if self.network.refinable and not options.tunes:
            return None
        copy = self._engine.use(self._engine.target_of(RefinementOptions(layers=options.layers)))
        if self._tuned is not None and self._tuned[0] == copy.target:
            copy.set_values(self._tuned[1])
        return copy

    def _delta(self, copy: RefinedCopy, options: BifsegOptions, iterations: int) -> WeightDelta:
        self._sha256 = self._sha256 or state_sha256(self.network.module)
        card = self.network.card
        return WeightDelta(
            copy.values(),
            self._sha256,
            card.name,
            card.classes,
            layers=copy.target.layers,
            options=options_as_json(options),
            iterations=iterations,
        )


def bifseg(
    network: SegmentationNetwork | nn.Module,
    image: ArrayLike,
    box: Sequence[Sequence[float]],
    scribbles: ArrayLike | None = None,
    options: BifsegOptions | None = None,
    *,
    spacing: tuple[float, ...] | None = None,
    modality: str | None = None,
    device: str = "auto",
    monitor: Monitor | None = None,
) -> BifsegResult:
    """Segment one object in a box, in one go.

    For more than one round use `BifsegSession`. All arguments, results and errors are those of its `set_image`,
    `set_box` and `segment`.
    """
    session = BifsegSession(network, device=device)
    session.set_image(
        image, spacing, modality, spatial_shape=None if scribbles is None else np.shape(scribbles)
    )
    session.set_box(box)
    return session.segment(scribbles, options, monitor=monitor)


def _on_image(
    found: Found,
    crop: Crop,
    scribbles: NDArray[np.int8],
    shape: tuple[int, ...],
    delta: WeightDelta | None,
    description: str,
    seconds: dict[str, float],
) -> BifsegResult:
    mask, uncertain = np.zeros(shape, bool), np.zeros(shape, bool)
    probabilities = np.zeros((2, *shape), np.float32)
    probabilities[0] = 1
    mask[crop.part], uncertain[crop.part] = found.labels, found.uncertain
    probabilities[(slice(None), *crop.part)] = found.probabilities
    painted = scribbles[crop.part]
    wrong = (found.probabilities[1] > 0.5) != (painted == 1)
    return BifsegResult(
        mask=mask,
        probabilities=probabilities,
        uncertain=uncertain,
        alternations=found.alternations,
        satisfied=not bool((wrong & (painted >= 0)).any()),
        iterations=found.iterations,
        stopped_by=found.stopped_by,
        seconds=seconds,
        crop=crop.part,
        delta=delta,
        cut=description,
        notes=[*crop.prepared.notes, *found.notes],
    )
