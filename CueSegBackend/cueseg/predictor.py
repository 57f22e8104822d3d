"""Four extreme points to a mask: `set_image` once, `predict` many times (Khan & Shahin 2019)."""

import logging
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import nn

from cueseg.confidence import confidence_map
from cueseg.device import choose_device, free_cached_memory, is_out_of_memory, moved_to_cpu
from cueseg.extreme_points import check_points
from cueseg.geometry import Box, CropWindow
from cueseg.intensity import IntensityRule, Modality, as_rgb, check_image, check_modality
from cueseg.network_input import network_input
from cueseg.weights_file import LoadedModel, WeightsCard, load_model

# A click a little inside the border must not cut the structure off: pixels kept around the click box.
BOX_TOLERANCE = 2.0  # pixels
BOX_TOLERANCE_SHARE = 0.1  # of the box side, where that is less
FLIPS = 4  # of the window, computed together while memory suffices

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Prediction:
    """Result of four clicks.

    Attributes:
        mask: (H, W) bool.
        probability: (H, W) float32 in 0..1, zero outside the click box.
        cue: (H, W) float32 in 0..1, the confidence map of the clicks on the image grid.
        threshold: Probability from which a pixel belongs to the mask.
        seconds: Stage ("crop", "cue", "network", "paste") -> time taken.
    """

    mask: NDArray[np.bool_]
    probability: NDArray[np.float32]
    cue: NDArray[np.float32]
    threshold: float
    seconds: dict[str, float] = field(default_factory=dict)


class ExtremePointPredictor:
    """Segments the structure within four extreme points of one slice.

    Args:
        model: "default", the name of shipped weights, the path of a weights file, or a `LoadedModel`.
        device: "auto" (CUDA when it works, else CPU), "cpu", "cuda", "cuda:1", ...

    Attributes:
        card: Card of the weights.
        device: Device in use.
        device_note: Why that device, in words.

    Raises:
        ValueError: Weights or device that cannot be used, with the reason.
        FileNotFoundError: No such weights.
    """

    def __init__(self, model: str | Path | LoadedModel = "default", device: str = "auto") -> None:
        loaded = model if isinstance(model, LoadedModel) else load_model(model)
        self.card: WeightsCard = loaded.card
        self._rule = IntensityRule.from_card(self.card.intensity)
        self.device, self.device_note = choose_device(device)
        self._network: nn.Module = loaded.model.eval().to(self.device)
        self._flips_at_once = FLIPS if self.card.average_flips else 1
        self._image: NDArray[Any] | None = None
        self._modality: Modality = "grey"
        self._range = (0.0, 255.0)
        self._spacing: tuple[float, float] | None = None

    def set_image(
        self,
        image: ArrayLike,
        modality: Modality = "ct",
        spacing: tuple[float, float] | None = None,
        intensity_range: tuple[float, float] | None = None,
    ) -> None:
        """Take the slice to segment in; the array must not change until the next `set_image`.

        Args:
            image: (H, W), or (H, W, 3) for rgb; any integer or float dtype. CT in HU.
            modality: "ct", "mr", "grey" or "rgb".
            spacing: (row, col) pixel size in mm, where pixels are not square.
            intensity_range: (black, white) raw values, e.g. percentiles of the whole volume; None takes them
                from the slice (CT: from the card's window).

        Raises:
            ValueError: What is wrong with the image, in words; the image set before stays.
        """
        check_modality(modality)
        array = check_image(np.asarray(image), modality)
        if spacing is not None:
            CropWindow.square(Box(0, 0, 1, 1), 2, spacing=spacing)  # raises for a spacing that cannot be
        limits = intensity_range or self._rule.range_of(array, modality)
        self._rule.apply(array[:1, :1], modality, limits)  # raises for a range that cannot be
        self._image, self._modality, self._spacing, self._range = array, modality, spacing, limits

    def predict(self, points: ArrayLike, threshold: float | None = None) -> Prediction:
        """Segment the structure within four clicks.

        Args:
            points: (4, 2) clicks (x, y) in pixels, in any order: left-, right-, top- and bottommost.
            threshold: Probability from which a pixel belongs to the mask; None takes the card's.

        Raises:
            RuntimeError: No image was set.
            ValueError: Clicks that cannot be used (what to click instead), or a threshold outside 0..1.
        """
        if self._image is None:
            raise RuntimeError("no image to segment in: call set_image first")
        threshold = self.card.threshold if threshold is None else float(threshold)
        if not 0.0 < threshold < 1.0:
            raise ValueError(f"threshold must lie between 0 and 1, got {threshold}")
        clicks = check_points(points)
        shape = (self._image.shape[0], self._image.shape[1])
        box = Box.around(clicks)
        _check_overlap(box, clicks, shape)
        watch = _Watch()
        crop = self._crop(box)
        window = as_rgb(crop.extract(self._image, self._windowed))
        watch.lap("crop")
        x = network_input(
            torch.from_numpy(window)[None],
            torch.from_numpy(crop.to_window(clicks))[None],
            self.card.cue,
            self.card.cue_preset,
        )
        cue = confidence_map(clicks, shape, preset="paper")
        watch.lap("cue")
        inside = self._forward(x)
        watch.lap("network")
        probability = np.clip(crop.paste(inside, shape, box.pixels(shape, *_tolerance(box))), 0.0, 1.0)
        mask = probability >= threshold
        watch.lap("paste")
        return Prediction(mask, probability, cue, threshold, watch.laps)

    def _crop(self, box: Box) -> CropWindow:
        if self.card.crop_mode == "stretch":
            return CropWindow.stretch(box, self.card.input_size, self.card.crop_margin)
        return CropWindow.square(box, self.card.input_size, self.card.box_size, self._spacing)

    def _windowed(self, part: NDArray[Any]) -> NDArray[np.float32]:
        return self._rule.apply(part, self._modality, self._range)

    def _forward(self, x: torch.Tensor) -> NDArray[np.float32]:
        """Probability (S, S) of the window, averaged over flips where the card says so.

        Where memory does not suffice, the flips are computed one after the other, then on the CPU; the result stays
        the same.
        """
        while True:
            try:
                return self._probability(x)
            except (MemoryError, RuntimeError) as error:
                if not is_out_of_memory(error) or (self.device == "cpu" and self._flips_at_once == 1):
                    raise
            free_cached_memory()  # only here: the error's frames held what was computed
            if self._flips_at_once > 1:
                self._flips_at_once = 1
                _log.warning("the memory of %s did not suffice for all flips at once", self.device)
            else:
                self.device, self.device_note = "cpu", moved_to_cpu(self.device)
                _log.warning("%s", self.device_note)
                self._network.to("cpu")

    @torch.inference_mode()
    def _probability(self, x: torch.Tensor) -> NDArray[np.float32]:
        x = x.to(self.device)
        flips = ((), (-1,), (-2,), (-2, -1)) if self.card.average_flips else ((),)
        turned_back: list[torch.Tensor] = []
        for begin in range(0, len(flips), self._flips_at_once):
            part = flips[begin : begin + self._flips_at_once]
            logits = self._network(torch.cat([x.flip(dims) for dims in part]))
            turned_back += [torch.sigmoid(logits[i, 0]).flip(dims) for i, dims in enumerate(part)]
        return torch.stack(turned_back).mean(dim=0).cpu().numpy()


class _Watch:
    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = now - self._last
        self._last = now


def _tolerance(box: Box) -> tuple[float, float]:
    """(x, y) tolerance in pixels around the click box."""
    width, height = box.size
    return min(BOX_TOLERANCE, BOX_TOLERANCE_SHARE * width), min(BOX_TOLERANCE, BOX_TOLERANCE_SHARE * height)


def _check_overlap(box: Box, clicks: NDArray[np.float64], shape: tuple[int, int]) -> None:
    height, width = shape
    if box.x_max < -0.5 or box.y_max < -0.5 or box.x_min > width - 0.5 or box.y_min > height - 0.5:
        shown = ", ".join(f"({x:g}, {y:g})" for x, y in clicks)
        raise ValueError(
            f"the four points {shown} lie outside the image ({width} columns, {height} rows); "
            "click the border of a structure inside it"
        )
