"""Extreme points: check and order four clicks, take them from a mask, disturb them like a hand does.

Points are (x, y) pixel coordinates, x along columns and y along rows; integers are pixel centres. Masks are
(row, col). The rules for unusual clicks are listed in ``docs/decisions/0002-degenerate-clicks.md``.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Thinner than this in x or y (px) and the four clicks lie in a single column or row of pixels.
MIN_EXTENT = 1e-3
# Farther than this from the origin (px) no click comes from an image; float32 maps stay finite below it.
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
    array = _as_float64(points)
    if array.shape != (4, 2):
        raise ValueError(
            f"four (x, y) points are needed, an array of shape (4, 2), not {array.shape}: {_WHAT_TO_CLICK}"
        )
    check_point_batch(array[np.newaxis])
    return array


def check_point_batch(points: NDArray[np.float64]) -> None:
    """Apply the rules of `check_points` to (N, 4, 2) float64 points at once; the message names the first bad item."""
    usable = np.isfinite(points) & (np.abs(points) <= MAX_COORDINATE)
    extent = np.ptp(np.where(usable, points, 0.0), axis=1)  # (N, 2) width and height of the box
    good = usable.all(axis=(1, 2)) & (extent >= MIN_EXTENT).all(axis=1)
    if not good.all():
        item = int(np.argmin(good))
        prefix = f"item {item} of the batch: " if len(points) > 1 else ""
        raise ValueError(prefix + _complaint(points[item], extent[item]))


def _complaint(points: NDArray[np.float64], extent: NDArray[np.float64]) -> str:
    """Say what is wrong with one set of (4, 2) points whose box has the (width, height) `extent`."""
    shown = ", ".join(f"({x:g}, {y:g})" for x, y in points)
    if not np.isfinite(points).all():
        return f"points must be finite pixel coordinates, not {shown}: {_WHAT_TO_CLICK}"
    if np.abs(points).max() > MAX_COORDINATE:
        return f"points are more than {MAX_COORDINATE:g} px from the image: {shown}; {_WHAT_TO_CLICK}"
    if (extent < MIN_EXTENT).all():
        return f"all four points are at the same place: {shown}; {_WHAT_TO_CLICK}"
    line, sides = ("column", "left and right") if extent[0] < MIN_EXTENT else ("row", "top and bottom")
    return (
        f"all four points are in one {line} of pixels: {shown}; for a structure one pixel thin, click the outer "
        f"{sides} borders of its pixels (half a pixel out), otherwise {_WHAT_TO_CLICK}"
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
    # A canonical order first: the result is then bitwise the same for every order of the clicks.
    rank = np.lexsort((points[..., 1], points[..., 0]), axis=-1)
    points = np.take_along_axis(points, rank[..., np.newaxis], axis=1)
    pairs = points[:, _PAIRINGS]  # (N, 3, 4, 2)
    margin = _meeting_margin(pairs)
    best = np.argmax(margin, axis=1)
    item = np.arange(len(points))
    ordered = _name_sides(pairs[item, best])
    apart = margin[item, best] < -_TOLERANCE
    if apart.any():
        ordered[apart] = _coordinate_extremes(points[apart])
    return ordered


def _meeting_margin(pairs: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far inside both segments the lines of (..., 4, 2) points a, b, c, d meet: negative outside, -inf if parallel.

    The unit is the length of the segment: 0.5 when a-b and c-d meet in both their middles, 0 when they touch.
    """
    a, b, c, d = np.moveaxis(pairs, -2, 0)
    r, s, gap = b - a, d - c, c - a
    area = cross(r, s)
    size = np.linalg.norm(r, axis=-1) * np.linalg.norm(s, axis=-1)
    parallel = np.abs(area) <= _TOLERANCE * size
    area = np.where(parallel, 1.0, area)
    t, u = cross(gap, s) / area, cross(gap, r) / area
    margin = np.minimum(np.minimum(t, 1 - t), np.minimum(u, 1 - u))
    return np.where(parallel, -np.inf, margin)


def cross(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """z component of the cross product of (..., 2) vectors, shape (...)."""
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]


def _name_sides(pairs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Order (N, 4, 2) points of two crossing segments as left, right, top, bottom without splitting the segments."""
    first, second = pairs[:, :2], pairs[:, 2:]
    reach = np.abs(first[:, 0] - first[:, 1]) - np.abs(second[:, 0] - second[:, 1])  # (N, 2)
    swap = (reach[:, 0] < reach[:, 1])[:, np.newaxis, np.newaxis]
    across, down = np.where(swap, second, first), np.where(swap, first, second)
    return np.concatenate([_sorted_along(across, 0), _sorted_along(down, 1)], axis=1)


def _sorted_along(ends: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """Swap the two ends of (N, 2, 2) segments where needed, so that coordinate `axis` grows."""
    swap = (ends[:, 0, axis] > ends[:, 1, axis])[:, np.newaxis, np.newaxis]
    return np.where(swap, ends[:, ::-1], ends)


def _coordinate_extremes(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pick from (N, 4, 2) points those with the smallest and largest x and y; a point may be picked twice."""
    index = np.stack(
        [
            points[..., 0].argmin(axis=1),
            points[..., 0].argmax(axis=1),
            points[..., 1].argmin(axis=1),
            points[..., 1].argmax(axis=1),
        ],
        axis=1,
    )
    return np.take_along_axis(points, index[..., np.newaxis], axis=1)


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
    array = _as_float64(points)
    if array.ndim != 2 or array.shape[1] != 2 or not np.isfinite(array).all():
        raise ValueError(f"points must be a (N, 2) array of finite numbers, not {points!r}")
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
