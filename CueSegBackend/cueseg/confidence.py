"""Cue maps from clicks, drawn with numpy: the confidence map and the Gaussian points.

The confidence map is that of Khan & Shahin 2019 (MICCAI, "Extreme points derived confidence map as a cue for
class-agnostic interactive segmentation using deep neural network"), Eq. 3-5. For the segments left-right and
top-bottom, d_12 and d_34 are a pixel's distances to the closed segments, each in units of the length of that part
of the segment, counted from their crossing c, on whose side the pixel lies. Then

    f = 1 / (1 + tau d1 d2),   d1 = min(d_12, d_34),   d2 = sqrt(d_12^2 + d_34^2)  (or d_12 + d_34).
"""

import difflib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cueseg.extreme_points import check_points, cross, order_point_batch

# Shortest half of a segment (px): keeps the map finite when c falls on an extreme point.
MIN_SIGMA = 1.0
MAX_TAU = 1e6


@dataclass(frozen=True)
class MapOptions:
    """Which confidence map is meant: factor tau > 0, norm "l2"|"l1", sigma "split"|"mean", scale "unit"|"minmax255"."""

    tau: float
    norm: str
    sigma: str
    scale: str


# "paper" is the printed definition. "code" is what the authors' released program draws: another norm, the mean of
# both half lengths, a factor 7, and a stretch to 0..255 over the image.
PRESETS = {
    "paper": MapOptions(tau=1.0, norm="l2", sigma="split", scale="unit"),
    "code": MapOptions(tau=7.0, norm="l1", sigma="mean", scale="minmax255"),
}
_CHOICES = {"norm": ("l2", "l1"), "sigma": ("split", "mean"), "scale": ("unit", "minmax255")}


def resolve_options(
    preset: str = "paper",
    *,
    tau: float | None = None,
    norm: str | None = None,
    sigma: str | None = None,
    scale: str | None = None,
) -> MapOptions:
    """Look up a preset and replace the options that are not None.

    Raises:
        ValueError: an unknown preset or option value (the message suggests the nearest one), or a tau that is not
            a number in (0, 1e6].
    """
    base = PRESETS[_known("preset", preset, tuple(PRESETS))]
    tau = base.tau if tau is None else tau
    if not (isinstance(tau, int | float | np.number) and 0 < tau <= MAX_TAU):
        raise ValueError(f"tau must be a number above 0 and up to {MAX_TAU:g}, not {tau!r}")
    texts = {"norm": norm, "sigma": sigma, "scale": scale}
    chosen = {
        name: getattr(base, name) if value is None else _known(name, value, _CHOICES[name])
        for name, value in texts.items()
    }
    return MapOptions(tau=float(tau), **chosen)


def _known(name: str, value: Any, allowed: tuple[str, ...]) -> str:
    """Return `value` if it is allowed, else raise a ValueError that suggests the nearest allowed value."""
    if isinstance(value, str) and value in allowed:
        return value
    close = difflib.get_close_matches(str(value).lower(), allowed, n=1, cutoff=0.4)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    raise ValueError(f"{name} must be one of {', '.join(map(repr, allowed))}, not {value!r}{hint}")


def check_shape(shape: Any) -> tuple[int, int]:
    """Return (H, W) as two ints, or raise a ValueError if they are not positive whole numbers."""
    try:
        height, width = (int(n) for n in shape)
        whole = all(int(n) == n for n in shape)
    except (TypeError, ValueError, OverflowError):
        height = width = 0
        whole = False
    if not whole or height < 1 or width < 1:
        raise ValueError(f"shape must be (rows, columns), two whole numbers above 0, not {shape!r}")
    return height, width


@dataclass(frozen=True)
class SegmentFrames:
    """The two segments of N maps, each in its own frame; every array is float64 (N, 2) or (N, 2, 2).

    Attributes:
        middle: (N, 2, 2) middle (x, y) of the segment.
        direction: (N, 2, 2) unit vector (x, y) along the segment.
        half_length: (N, 2) half the length, px.
        crossing: (N, 2) position of c along the segment, px, 0 in the middle.
        sigma_before: (N, 2) scale for pixels up to c, px.
        sigma_after: (N, 2) scale for pixels beyond c, px.
    """

    middle: NDArray[np.float64]
    direction: NDArray[np.float64]
    half_length: NDArray[np.float64]
    crossing: NDArray[np.float64]
    sigma_before: NDArray[np.float64]
    sigma_after: NDArray[np.float64]


def segment_frames(points: NDArray[np.float64], sigma: str) -> SegmentFrames:
    """Build the frames of the two segments of (N, 4, 2) checked points for sigma "split" or "mean"."""
    ends = order_point_batch(points).reshape(-1, 2, 2, 2)  # (N, segment, end, xy)
    start, stop = ends[:, :, 0], ends[:, :, 1]
    span = stop - start
    length = np.linalg.norm(span, axis=-1)
    direction = span / length[..., np.newaxis]
    middle = (start + stop) / 2
    centre = _crossing_point(start, span)[:, np.newaxis]
    crossing = ((centre - middle) * direction).sum(axis=-1)
    before, after = length / 2 + crossing, length / 2 - crossing
    if sigma == "mean":
        before = after = (before + after) / 2
    return SegmentFrames(
        middle=middle,
        direction=direction,
        half_length=length / 2,
        crossing=crossing,
        sigma_before=np.maximum(before, MIN_SIGMA),
        sigma_after=np.maximum(after, MIN_SIGMA),
    )


def _crossing_point(start: NDArray[np.float64], span: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where the two segments of (N, 2, 2) starts and spans meet, (N, 2); the middle of the first if they coincide."""
    area = cross(span[:, 0], span[:, 1])
    size = np.linalg.norm(span, axis=-1).prod(axis=-1)
    parallel = np.abs(area) <= 1e-9 * size
    t = cross(start[:, 1] - start[:, 0], span[:, 1]) / np.where(parallel, 1.0, area)
    t = np.where(parallel, 0.5, np.clip(t, 0.0, 1.0))
    return start[:, 0] + t[:, np.newaxis] * span[:, 0]
