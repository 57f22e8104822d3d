"""Options of scribble growing and the threshold to begin with."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from cueseg.intensity import check_modality
from cueseg.map_options import is_number

RULES = ("neighbour", "seed")
CT_THRESHOLDS = {"soft": 12.0, "bone": 60.0, "lung": 60.0}  # HU
MR_SHARE = 0.02  # of the range between the percentiles 1 and 99
PICTURE_SHARE = 6 / 255
_SAMPLES = 1_000_000


@dataclass(frozen=True)
class GrowthOptions:
    """How far a scribble grows. The safeguards are off at 0 (smoothing) and infinity (the others).

    Attributes:
        threshold: largest step of intensity, exclusive, in the image's units; above 0.
        rule: "neighbour": a pixel joins if it differs by less than the threshold from the pixel next to it that
            has joined (Sambaturu et al. 2021). "seed": if it differs by less than the threshold from the median
            of the stroke and is connected to it.
        connectivity: 4 (within the slice; in a volume within the slice of the stroke) or 6 (volumes); None: 4 in
            images, 6 in volumes.
        smoothing: standard deviation in pixels of the finest axis of the Gaussian applied first.
        deviation_factor: a pixel differs from the stroke's median by less than this many thresholds.
        max_radius: longest way from the stroke, mm along the pixel grid through what has grown.
        max_factor: most pixels a stroke claims, as a multiple of its own; the nearest are kept.
    """

    threshold: float
    rule: str = "neighbour"
    connectivity: int | None = None
    smoothing: float = 1.0
    deviation_factor: float = 3.0
    max_radius: float = 10.0
    max_factor: float = 20.0

    def __post_init__(self) -> None:
        if not (is_number(self.threshold) and 0 < self.threshold < np.inf):
            raise ValueError(
                f"the growth threshold must be a number above 0 (image units), not {self.threshold!r}"
            )
        if self.rule not in RULES:
            raise ValueError(f"the growth rule must be one of {', '.join(RULES)}, not {self.rule!r}")
        if self.connectivity not in (None, 4, 6):
            raise ValueError(f"connectivity must be 4, 6 or None, not {self.connectivity!r}")
        if not (is_number(self.smoothing) and 0 <= self.smoothing < np.inf):
            raise ValueError(f"smoothing must be 0 or more pixels, not {self.smoothing!r}")
        for name in ("deviation_factor", "max_radius", "max_factor"):
            value = getattr(self, name)
            if not (is_number(value) and value > 0):
                raise ValueError(f"{name} must be a number above 0 (infinity: no limit), not {value!r}")

    @classmethod
    def without_safeguards(cls, threshold: float, **changes: Any) -> "GrowthOptions":
        """The bare rule of the paper: no smoothing, no limits."""
        unlimited = dict.fromkeys(("deviation_factor", "max_radius", "max_factor"), np.inf)
        return cls(threshold, **({"smoothing": 0.0} | unlimited | changes))


def default_threshold(image: ArrayLike, modality: str | None = None, structure: str = "soft") -> float:
    """Threshold to begin with, in the image's units.

    Args:
        image: the image or volume, with or without channels.
        modality: one of `cueseg.intensity.MODALITIES`: "ct" 12 HU (60 HU for bone and lung), "mr" 2 % of the
            range between the percentiles 1 and 99; "grey", "rgb" and None 6 for 8-bit images, else 6/255 of that
            range.
        structure: "soft", "bone" or "lung"; matters for CT only.

    Returns:
        The threshold, above 0; 1 for an image whose range is 0, where every threshold does the same.

    Raises:
        ValueError: unknown modality or structure, or an image without a finite value.
    """
    if modality is not None:
        check_modality(modality)
    if structure not in CT_THRESHOLDS:
        raise ValueError(f"structure must be one of {', '.join(CT_THRESHOLDS)}, not {structure!r}")
    if modality == "ct":
        return CT_THRESHOLDS[structure]
    array = np.asarray(image)
    if modality != "mr" and array.dtype == np.uint8:
        return 255 * PICTURE_SHARE
    return value_range(array) * (MR_SHARE if modality == "mr" else PICTURE_SHARE) or 1.0


def value_range(image: np.ndarray[Any, Any]) -> float:
    """Range between the percentiles 1 and 99 of the finite values (of a regular sample of large images).

    Raises:
        ValueError: no finite value.
    """
    values = image.reshape(-1)[:: max(1, image.size // _SAMPLES)].astype(np.float64)
    values = values[np.isfinite(values)]
    if not values.size:
        raise ValueError("the image holds no finite value; check how it was loaded")
    low, high = np.percentile(values, [1, 99])
    return float(high - low)
