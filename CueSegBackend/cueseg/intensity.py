"""Intensities of CT, MR, grey and RGB images on the network's scale 0..255 (Khan & Shahin 2019, section 3)."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Modality = Literal["ct", "mr", "grey", "rgb"]
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601
MODALITIES: tuple[Modality, ...] = ("ct", "mr", "grey", "rgb")


@dataclass(frozen=True)
class IntensityRule:
    """How raw values become 0..255; stored in the weights' card, because training and use must agree.

    Attributes:
        ct_window: Lower and upper HU of the CT window.
        mr_percentiles: Percentiles of the slice (or volume) that become black and white for MR.
    """

    ct_window: tuple[float, float] = (-200.0, 250.0)
    mr_percentiles: tuple[float, float] = (0.5, 99.5)

    @classmethod
    def from_card(cls, values: dict[str, Any]) -> "IntensityRule":
        """Read the rule from a card's `intensity` entry; unknown keys raise ValueError."""
        known = asdict(cls())
        unknown = sorted(set(values) - set(known))
        if unknown:
            raise ValueError(f"unknown intensity setting {unknown[0]!r} in the card; known: {sorted(known)}")
        return cls(**{key: (float(pair[0]), float(pair[1])) for key, pair in values.items()})

    def to_card(self) -> dict[str, list[float]]:
        """The rule as JSON values."""
        return {"ct_window": list(self.ct_window), "mr_percentiles": list(self.mr_percentiles)}

    def range_of(self, image: NDArray[Any], modality: Modality) -> tuple[float, float]:
        """(black, white) raw values for an image of any shape: a slice, or the whole volume for even windows.

        CT: the fixed window. MR: percentiles. Grey and RGB: 0..255 for 8-bit, otherwise minimum..maximum.
        """
        check_modality(modality)
        if modality == "ct":
            return self.ct_window
        if modality == "mr":
            low, high = np.percentile(np.asarray(image, np.float64), self.mr_percentiles)
        elif image.dtype == np.uint8:
            low, high = 0.0, 255.0
        else:
            low, high = image.min(), image.max()
        if low == high:  # e.g. a mostly black slice: the percentiles say nothing
            low, high = image.min(), image.max()
        return float(low), float(high)

    def apply(
        self,
        image: NDArray[Any],
        modality: Modality,
        intensity_range: tuple[float, float] | None = None,
    ) -> NDArray[np.float32]:
        """Map raw values to float32 in 0..255, in the shape of the image.

        Args:
            image: (H, W) or, for rgb, (H, W, 3); any integer or float dtype; see `check_image`.
            modality: One of `MODALITIES`.
            intensity_range: (black, white) raw values; None computes them from this image.

        Raises:
            ValueError: An unknown modality, or a range that is not finite or upside down.
        """
        check_modality(modality)
        low, high = intensity_range or self.range_of(image, modality)
        if not (np.isfinite([low, high]).all() and high >= low):
            raise ValueError(f"intensity_range must be (black, white) with black <= white, got {(low, high)}")
        half_span = high * 0.5 - low * 0.5  # halves, because high - low may overflow
        if half_span < np.finfo(np.float64).tiny:
            return np.zeros(image.shape, np.float32)
        clipped = np.clip(image.astype(np.float64), low, high)
        return ((clipped * 0.5 - low * 0.5) / half_span * 255.0).astype(np.float32)


def as_rgb(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """(H, W) -> (H, W, 3) with three equal channels; (H, W, 3) unchanged."""
    return image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2)


def as_grey(image: NDArray[Any]) -> NDArray[np.float32]:
    """(..., 3 or more) red, green, blue -> (...) float32 luminance."""
    return image[..., :3].astype(np.float32) @ _LUMA


def check_modality(modality: str) -> None:
    """Raise ValueError unless `modality` is one of `MODALITIES`."""
    if modality not in MODALITIES:
        raise ValueError(f"unknown modality {modality!r}; choose one of {', '.join(MODALITIES)}")


def check_image(image: NDArray[Any], modality: str) -> NDArray[Any]:
    """Return `image` as an array, or raise a ValueError that says what is wrong with it.

    Accepts (H, W), or (H, W, 3) and (H, W, 4) (alpha dropped) when `modality` is rgb; boolean images become
    0 and 255.
    """
    image = np.asarray(image)
    if image.dtype == bool:
        image = image.astype(np.uint8) * np.uint8(255)
    if not (np.issubdtype(image.dtype, np.integer) or np.issubdtype(image.dtype, np.floating)):
        raise ValueError(f"the image must hold integers or floats, got dtype {image.dtype}")
    colour = image.ndim == 3 and image.shape[2] in (3, 4)
    if modality == "rgb" and not (colour or image.ndim == 2):
        raise ValueError(f"an rgb image must have shape (rows, columns, 3), got {image.shape}")
    if modality != "rgb" and image.ndim != 2:
        hint = " (for a colour image say modality='rgb')" if colour else " (give one slice, not a volume)"
        raise ValueError(f"a {modality} image must have shape (rows, columns), got {image.shape}{hint}")
    if min(image.shape[:2]) < 1:
        raise ValueError(f"the image is empty: shape {image.shape}")
    if np.issubdtype(image.dtype, np.floating) and not np.isfinite(image).all():
        count = int((~np.isfinite(image)).sum())
        raise ValueError(f"the image holds {count} values that are NaN or infinite; replace them first")
    return image[..., :3] if colour else image
