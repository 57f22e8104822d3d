"""Extreme points: check and order four clicks, take them from a mask, disturb them like a hand does.

Points are (x, y) pixel coordinates, x along columns and y along rows; integers are pixel centres. Masks are
(row, col). The rules for unusual clicks are listed in ``docs/decisions/0002-degenerate-clicks.md``.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cueseg.map_options import check_shape, is_number

# Thinner than this in x or y (px), four clicks lie in a single column or row of pixels: no hand gets that
# close.
MIN_EXTENT = 1e-2
# Farther than this from the origin (px) no click comes from an image, and float32 maps stay finite below it.
MAX_COORDINATE = 1e6
# Slack for "the segments touch" and "the segments are parallel" (relative), and for "a segment has a length"
# (px).
_TOLERANCE = 1e-9
# The three ways to split four clicks into two segments.
_PAIRINGS = ((0, 1, 2, 3), (0, 2, 1, 3), (0, 3, 1, 2))

_WHAT_TO_CLICK = "click the leftmost, rightmost, topmost and bottommost pixel of one structure"


def check_points(points: ArrayLike) -> NDArray[np.float64]:
    """Return four clicks as an array, or say what to click instead.

    Args:
        points: (4, 2) numbers (x, y) in pixels, in any order. They may lie between pixels and outside the
            image.

    Returns:
        (4, 2) float64, in the order given.

    Raises:
        ValueError: not four (x, y) pairs of finite numbers, farther than a million pixels from the origin,
            all at one place, or all in one row or column of pixels.
    """
    array = four_points(points)
    check_clicks(as_complex(array), MIN_EXTENT)
    return array


def four_points(points: ArrayLike) -> NDArray[np.float64]:
    """Return a (4, 2) float64 copy, or raise a ValueError if these are not four pairs of numbers."""
    array = _as_float64(points)
    if array.shape != (4, 2):
        raise ValueError(
            f"four (x, y) points are needed, an array of shape (4, 2), not {array.shape}: {_WHAT_TO_CLICK}"
        )
    return array


def as_complex(points: NDArray[np.float64]) -> list[complex]:
    """View (K, 2) points as complex numbers x + iy: for four clicks plain arithmetic beats arrays."""
    return [complex(x, y) for x, y in points.tolist()]


def check_clicks(clicks: list[complex], min_extent: float) -> None:
    """Raise as `check_points` unless the clicks x + iy span at least `min_extent` px in x and in y."""
    x, y = [z.real for z in clicks], [z.imag for z in clicks]
    shown = ", ".join(f"({z.real:g}, {z.imag:g})" for z in clicks)
    if not all(abs(value) <= MAX_COORDINATE for value in x + y):  # also NaN
        raise ValueError(
            f"points must be finite and within {MAX_COORDINATE:g} px, not {shown}: {_WHAT_TO_CLICK}"
        )
    narrow, flat = max(x) - min(x) < min_extent, max(y) - min(y) < min_extent
    if narrow and flat:
        raise ValueError(f"all four points are at the same place, {shown}: {_WHAT_TO_CLICK}")
    if narrow or flat:
        line, sides = ("column", "left and right") if narrow else ("row", "top and bottom")
        raise ValueError(
            f"all four points are in one {line} of pixels, {shown}: {_WHAT_TO_CLICK}; "
            f"if it is one pixel thin, click the outer {sides} borders of that pixel, half a pixel out"
        )


def check_coordinates(points: ArrayLike) -> NDArray[np.float64]:
    """Return (..., 2) coordinates as float64; ValueError unless all are numbers within a million pixels."""
    array = _as_float64(points)
    if array.ndim < 2 or array.shape[-1] != 2 or array.size == 0:
        raise ValueError(f"points must be (x, y) pairs, at least one, not an array of shape {array.shape}")
    good = np.abs(array) <= MAX_COORDINATE  # False for NaN
    if not good.all():
        raise ValueError(f"points must be finite and within {MAX_COORDINATE:g} px, not {array[~good][0]:g}")
    return array


def order_extreme_points(points: ArrayLike) -> NDArray[np.float64]:
    """Sort four clicks into left, right, top, bottom, whatever order they were made in.

    Left-right and top-bottom are the two segments of the confidence map. They are the pairing of the four
    clicks whose segments meet, which is unique and, for true extreme points, the pairing of the extremes in x
    and in y. If no pairing meets (one click inside the triangle of the others, or all on one slanted line)
    the extremes in x and in y are taken: one click then serves in two directions and the spare one is left
    out.

    Args:
        points: (4, 2) numbers (x, y) in pixels.

    Returns:
        (4, 2) float64 in the order left, right, top, bottom.

    Raises:
        ValueError: as `check_points`.
    """
    ordered = order_clicks(as_complex(check_points(points)))
    return np.array([(z.real, z.imag) for z in ordered])


def order_clicks(clicks: list[complex]) -> tuple[complex, complex, complex, complex]:
    """Order four checked clicks x + iy; see `order_extreme_points`."""
    # Sorted by x, then y: the result is the same to the last bit for every order of the clicks.
    z = sorted(clicks, key=lambda click: (click.real, click.imag))
    pairings = [tuple(z[k] for k in pairing) for pairing in _PAIRINGS]
    margin, best = max((_meeting_margin(*pairing), -k) for k, pairing in enumerate(pairings))
    if margin < -_TOLERANCE:
        return z[0], z[3], min(z, key=lambda click: click.imag), max(z, key=lambda click: click.imag)
    a, b, c, d = pairings[-best]
    if (b - a).real - abs((b - a).imag) < (d - c).real - abs((d - c).imag):
        a, b, c, d = c, d, a, b
    return (a, b, c, d) if c.imag <= d.imag else (a, b, d, c)


def cross(a: complex, b: complex) -> float:
    """Signed area of the parallelogram: the z component of the cross product of two plane vectors."""
    return a.real * b.imag - a.imag * b.real


def _meeting_margin(a: complex, b: complex, c: complex, d: complex) -> float:
    """How far inside the segments a-b and c-d their lines meet, in lengths of the segments.

    0.5 when both meet in their middle, 0 when they just touch, negative outside, -inf if they are parallel or
    one has no length.
    """
    r, s = b - a, d - c
    area, lengths = cross(r, s), (abs(r), abs(s))
    if min(lengths) < _TOLERANCE or abs(area) <= _TOLERANCE * lengths[0] * lengths[1]:
        return -np.inf
    t, u = cross(c - a, s) / area, cross(c - a, r) / area
    return min(t, 1 - t, u, 1 - u)


def extreme_points_from_mask(
    mask: ArrayLike, rng: np.random.Generator | int | None = None
) -> NDArray[np.float64]:
    """Find the four extreme points of a mask.

    Args:
        mask: (H, W) array; every nonzero pixel belongs to the structure.
        rng: generator or seed that chooses among the pixels which share an extreme coordinate, each equally
            likely. None draws from fresh entropy: pass a seed where the result must repeat.

    Returns:
        (4, 2) float64 pixel centres (x, y) in the order left, right, top, bottom. One pixel may appear twice.

    Raises:
        ValueError: the mask is not two-dimensional or has no nonzero pixel.
    """
    array = np.asarray(mask)
    if array.ndim != 2:
        raise ValueError(f"mask must be a (H, W) array of one slice, not of shape {array.shape}")
    array = array != 0
    rows, cols = np.flatnonzero(array.any(axis=1)), np.flatnonzero(array.any(axis=0))
    if rows.size == 0:
        raise ValueError(f"mask of shape {array.shape} is empty: extreme points need at least one pixel")
    generator = np.random.default_rng(rng)
    left, right, top, bottom = cols[0], cols[-1], rows[0], rows[-1]
    return np.array(
        [
            (left, generator.choice(np.flatnonzero(array[:, left]))),
            (right, generator.choice(np.flatnonzero(array[:, right]))),
            (generator.choice(np.flatnonzero(array[top])), top),
            (generator.choice(np.flatnonzero(array[bottom])), bottom),
        ],
        dtype=np.float64,
    )


def jitter_points(
    points: ArrayLike,
    max_offset: float,
    rng: np.random.Generator | int | None,
    shape: tuple[int, int] | None = None,
) -> NDArray[np.float64]:
    """Move every point by a random offset, uniform in x and in y, as an imprecise hand does.

    Args:
        points: (N, 2) numbers (x, y) in pixels.
        max_offset: largest offset in x and in y, pixels, not negative.
        rng: generator or seed; None draws from fresh entropy.
        shape: (H, W) of the image; moved points are kept inside it. None leaves them free.

    Returns:
        (N, 2) float64.

    Raises:
        ValueError: points are not (N, 2) finite numbers, max_offset is not 0 or more, or a bad shape.
    """
    array = check_coordinates(points)
    if array.ndim != 2:
        raise ValueError(f"points must be a (N, 2) array of (x, y), not of shape {array.shape}")
    if not (is_number(max_offset) and 0 <= max_offset < np.inf):
        raise ValueError(f"max_offset must be a finite number of pixels, 0 or more, not {max_offset!r}")
    moved = array + np.random.default_rng(rng).uniform(-max_offset, max_offset, array.shape)
    if shape is not None:
        height, width = check_shape(shape)
        moved = np.clip(moved, 0, [width - 1, height - 1])
    return moved


def _as_float64(points: ArrayLike) -> NDArray[np.float64]:
    """Convert to float64, or say that these are not numbers."""
    try:
        return np.array(points, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"points must be (x, y) pairs of numbers, not {points!r}") from error
