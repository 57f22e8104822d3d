"""Extreme points: check and order four clicks, take them from a mask, disturb them like a hand does.

Points are (x, y) pixel coordinates, x along columns and y along rows; integers are pixel centres. Masks are
(row, col). The rules for unusual clicks are listed in ``docs/decisions/0002-degenerate-clicks.md``.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Thinner than this in x or y (px), four clicks lie in a single column or row of pixels: no hand gets that close.
MIN_EXTENT = 1e-2
# Farther than this from the origin (px) no click comes from an image, and float32 maps stay finite below it.
MAX_COORDINATE = 1e6
# Relative slack for "the segments touch" and "the segments are parallel".
_TOLERANCE = 1e-9
# The three ways to split four clicks into two segments.
_PAIRINGS = np.array([[0, 1, 2, 3], [0, 2, 1, 3], [0, 3, 1, 2]])

_WHAT_TO_CLICK = "click the leftmost, rightmost, topmost and bottommost pixel of one structure"


def check_points(points: ArrayLike) -> NDArray[np.float64]:
    """Return four clicks as an array, or say what to click instead.

    Args:
        points: (4, 2) numbers (x, y) in pixels, in any order. They may lie between pixels and outside the image.

    Returns:
        (4, 2) float64, in the order given.

    Raises:
        ValueError: not four (x, y) pairs of finite numbers, farther than a million pixels from the origin, all
            at one place, or all in one row or column of pixels.
    """
    array = four_points(points)
    check_point_batch(array[np.newaxis], MIN_EXTENT)
    return array


def four_points(points: ArrayLike) -> NDArray[np.float64]:
    """Return a (4, 2) float64 copy, or raise a ValueError if these are not four pairs of numbers."""
    array = _as_float64(points)
    if array.shape != (4, 2):
        raise ValueError(
            f"four (x, y) points are needed, an array of shape (4, 2), not {array.shape}: {_WHAT_TO_CLICK}"
        )
    return array


def check_point_batch(points: NDArray[np.float64], min_extent: float) -> None:
    """Apply the rules of `check_points` to (N, 4, 2) points at once.

    Args:
        points: (N, 4, 2) float64 clicks (x, y).
        min_extent: least width and height of the box around the clicks, pixels.

    Raises:
        ValueError: as `check_points`, naming the first bad item if there are several.
    """
    usable = _is_coordinate(points).all(axis=(1, 2))
    extent = (points.max(axis=1) - points.min(axis=1)).min(axis=1)  # NaN only where not usable
    good = usable & (extent >= min_extent)
    if not good.all():
        item = int(np.argmin(good))
        prefix = f"item {item} of the batch: " if len(points) > 1 else ""
        raise ValueError(prefix + _complaint(points[item], min_extent))


def check_coordinates(points: ArrayLike) -> NDArray[np.float64]:
    """Return (..., 2) coordinates as float64, or raise a ValueError unless all are numbers within a million pixels."""
    array = _as_float64(points)
    if array.ndim < 2 or array.shape[-1] != 2 or array.size == 0:
        raise ValueError(f"points must be (x, y) pairs, at least one, not an array of shape {array.shape}")
    good = _is_coordinate(array)
    if not good.all():
        raise ValueError(f"points must be finite and within {MAX_COORDINATE:g} px, not {array[~good][0]:g}")
    return array


def _is_coordinate(array: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.abs(array) <= MAX_COORDINATE  # False for NaN


def _complaint(points: NDArray[np.float64], min_extent: float) -> str:
    """Say what is wrong with one set of (4, 2) points that `check_point_batch` refused."""
    shown = ", ".join(f"({x:g}, {y:g})" for x, y in points)
    if not _is_coordinate(points).all():
        return f"points must be finite and within {MAX_COORDINATE:g} px, not {shown}: {_WHAT_TO_CLICK}"
    thin = np.ptp(points, axis=0) < min_extent
    if thin.all():
        return f"all four points are at the same place, {shown}: {_WHAT_TO_CLICK}"
    line, sides = ("column", "left and right") if thin[0] else ("row", "top and bottom")
    return (
        f"all four points are in one {line} of pixels, {shown}: {_WHAT_TO_CLICK}; if it is one pixel thin, click "
        f"the outer {sides} borders of that pixel, half a pixel out"
    )


def order_extreme_points(points: ArrayLike) -> NDArray[np.float64]:
    """Sort four clicks into left, right, top, bottom, whatever order they were made in.

    Left-right and top-bottom are the two segments of the confidence map. They are the pairing of the four clicks
    whose segments meet, which is unique and, for true extreme points, the pairing of the extremes in x and in y.
    If no pairing meets (one click inside the triangle of the others, or all on one slanted line) the extremes in
    x and in y are taken: one click then serves in two directions and the spare one is left out.

    Args:
        points: (4, 2) numbers (x, y) in pixels.

    Returns:
        (4, 2) float64 in the order left, right, top, bottom.

    Raises:
        ValueError: as `check_points`.
    """
    return order_point_batch(check_points(points)[np.newaxis])[0]


def order_point_batch(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Order (N, 4, 2) checked float64 points; see `order_extreme_points`."""
    # Sorted by x, then y: the result is the same to the last bit for every order of the clicks.
    z = np.sort(to_complex(points), axis=1)
    pairs = z[:, _PAIRINGS]  # (N, 3, 4)
    margin = _meeting_margin(pairs)
    best = margin.argmax(axis=1)
    item = np.arange(len(z))
    ordered = _name_sides(pairs[item, best])
    apart = margin[item, best] < -_TOLERANCE
    if apart.any():
        ordered[apart] = _coordinate_extremes(z[apart])
    return ordered.view(np.float64).reshape(points.shape)


def to_complex(points: NDArray[np.float64]) -> NDArray[np.complex128]:
    """View (..., 2) points (x, y) as complex numbers x + iy, which keeps the plane geometry short."""
    return np.ascontiguousarray(points).view(np.complex128)[..., 0]


def cross(a: NDArray[np.complex128], b: NDArray[np.complex128]) -> NDArray[np.float64]:
    """z component of the cross product of two plane vectors."""
    return (a.conj() * b).imag


def _meeting_margin(pairs: NDArray[np.complex128]) -> NDArray[np.float64]:
    """How far inside the segments a-b and c-d of (..., 4) points their lines meet, in lengths of the segments.

    0.5 when both meet in their middle, 0 when they just touch, negative outside, -inf if they are parallel.
    """
    a, b, c, d = (pairs[..., k] for k in range(4))
    r, s, gap = b - a, d - c, c - a
    area = cross(r, s)
    parallel = np.abs(area) <= _TOLERANCE * np.abs(r * s)
    area = np.where(parallel, 1.0, area)
    t, u = cross(gap, s) / area, cross(gap, r) / area
    margin = np.minimum(np.minimum(t, 1 - t), np.minimum(u, 1 - u))
    return np.where(parallel, -np.inf, margin)


def _name_sides(pairs: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """Turn (N, 4) ends of two segments, each sorted by x, into left, right, top, bottom; segments stay together."""
    first, second = pairs[:, :2], pairs[:, 2:]
    flatness = np.diff(pairs.real) - np.abs(np.diff(pairs.imag))  # (N, 3), the middle one is not used
    swap = flatness[:, :1] < flatness[:, 2:]
    across, down = np.where(swap, second, first), np.where(swap, first, second)
    down = np.where(down[:, :1].imag > down[:, 1:].imag, down[:, ::-1], down)
    return np.concatenate([across, down], axis=1)


def _coordinate_extremes(z: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """Pick from (N, 4) points sorted by x those with extreme x and y; a point may be picked twice."""
    item = np.arange(len(z))
    top, bottom = z[item, z.imag.argmin(axis=1)], z[item, z.imag.argmax(axis=1)]
    return np.stack([z[:, 0], z[:, 3], top, bottom], axis=1)


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
        ValueError: points are not (N, 2) finite numbers, or max_offset is negative or not finite.
    """
    array = check_coordinates(points)
    if not (np.isfinite(max_offset) and max_offset >= 0):
        raise ValueError(f"max_offset must be a finite number of pixels, 0 or more, not {max_offset!r}")
    moved = array + np.random.default_rng(rng).uniform(-max_offset, max_offset, array.shape)
    if shape is not None:
        moved = np.clip(moved, 0, [shape[1] - 1, shape[0] - 1])
    return moved


def _as_float64(points: ArrayLike) -> NDArray[np.float64]:
    """Convert to float64, or say that these are not numbers."""
    try:
        return np.array(points, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"points must be (x, y) pairs of numbers, not {points!r}") from error
