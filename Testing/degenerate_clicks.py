"""Unusual clicks, what docs/decisions/0002 decides for them, and the map's definition, pixel by pixel."""

import numpy as np
from scipy import ndimage

# name -> clicks (x, y), the two segments that the map must be drawn from, and the point c that halves them.
DRAWN = {
    "one click extreme in two directions": (
        [(5, 5), (40, 9), (5, 5), (12, 35)],
        [((5, 5), (40, 9)), ((5, 5), (12, 35))],
        (5, 5),
    ),
    "the corners of a rectangle": (
        [(5, 5), (30, 5), (30, 25), (5, 25)],
        [((5, 5), (30, 25)), ((30, 5), (5, 25))],
        (17.5, 15),
    ),
    "top on the segment between left and right": (
        [(4, 10), (44, 10), (20, 10), (25, 36)],
        [((4, 10), (44, 10)), ((20, 10), (25, 36))],
        (20, 10),
    ),
    "one click inside the triangle of the others": (
        [(4, 6), (40, 14), (12, 34), (18, 17)],
        [((4, 6), (40, 14)), ((4, 6), (12, 34))],
        (4, 6),
    ),
    "a spare click outside the triangle of the extremes": (
        [(4, 4), (40, 12), (24, 36), (8, 26)],
        [((8, 26), (40, 12)), ((4, 4), (24, 36))],
        None,
    ),
    "left-right and top-bottom as opposite sides": (
        [(4, 8), (44, 10), (6, 30), (40, 34)],
        [((4, 8), (40, 34)), ((6, 30), (44, 10))],
        None,
    ),
    "all on a slanted line": (
        [(6, 6), (12, 12), (20, 20), (30, 30)],
        [((6, 6), (30, 30)), ((6, 6), (30, 30))],
        (18, 18),
    ),
    "two places on a falling diagonal": (
        [(6, 30), (36, 6), (36, 6), (6, 30)],
        [((6, 30), (36, 6)), ((6, 30), (36, 6))],
        (21, 18),
    ),
    "three at one place": (
        [(6, 30), (6, 30), (36, 6), (6, 30)],
        [((6, 30), (36, 6)), ((6, 30), (36, 6))],
        (21, 18),
    ),
    "two pixels wide": ([(7, 20), (8, 22), (7, 3), (8, 35)], [((7, 20), (8, 22)), ((7, 3), (8, 35))], None),
    "two by two pixels, a diagonal": ([(7, 7), (8, 8), (7, 7), (8, 8)], [((7, 7), (8, 8))] * 2, (7.5, 7.5)),
    "between pixels": (
        [(4.25, 18.75), (40.5, 20.125), (21.5, 3.0625), (19.875, 33.3)],
        [((4.25, 18.75), (40.5, 20.125)), ((21.5, 3.0625), (19.875, 33.3))],
        None,
    ),
    "partly outside the image": (
        [(-12, 18), (60, 20), (20, -9), (22, 55)],
        [((-12, 18), (60, 20)), ((20, -9), (22, 55))],
        None,
    ),
    "wholly outside the image": (
        [(60, 70), (90, 72), (75, 55), (73, 90)],
        [((60, 70), (90, 72)), ((75, 55), (73, 90))],
        None,
    ),
    "borders of a one pixel wide structure": (
        [(9.5, 20), (10.5, 20), (10, 3), (10, 30)],
        [((9.5, 20), (10.5, 20)), ((10, 3), (10, 30))],
        (10, 20),
    ),
}

# name -> four clicks, what the message says.
REFUSED_PLACES = {
    "four at one place": ([(5, 5)] * 4, "at the same place.*click the leftmost"),
    "one pixel wide": ([(5, 3), (5, 9), (5, 1), (5, 30)], "one column.*outer left and right borders"),
    "one pixel high": ([(3, 8), (9, 8), (1, 8), (30, 8)], "one row.*outer top and bottom borders"),
    "not a number": ([(5, np.nan), (9, 8), (1, 8), (30, 8)], r"finite.*\(5, nan\).*click the leftmost"),
    "infinite": ([(5, np.inf), (9, 8), (1, 8), (30, 8)], "finite"),
    "far away": ([(5, 1e7), (9, 8), (1, 8), (30, 8)], r"within 1e\+06 px"),
}
# name -> what are no four clicks, what the message says.
REFUSED_FORMS = {
    "three clicks": ([(5, 1), (9, 8), (1, 8)], r"four \(x, y\) points.*\(3, 2\)"),
    "five clicks": ([(5, 1), (9, 8), (1, 8), (3, 2), (6, 6)], r"four \(x, y\) points.*\(5, 2\)"),
    "points in space": (np.ones((4, 3)), r"four \(x, y\) points.*\(4, 3\)"),
    "text": ("here", "pairs of numbers"),
    "ragged": ([(1, 2), (3,), (4, 5), (6, 7)], "pairs of numbers"),
    "nothing": (None, "four|pairs"),
}
REFUSED = REFUSED_PLACES | REFUSED_FORMS


def map_by_definition(segments, centre, shape, *, tau, norm, sigma):
    """The map (H, W) float64 from its definition, with no half of a segment shorter than a pixel."""
    (a, b), (c, d) = np.array(segments, dtype=float)
    if centre is None:
        t, _ = np.linalg.solve(np.column_stack([b - a, c - d]), c - a)
        centre = a + t * (b - a)
    y, x = np.mgrid[: shape[0], : shape[1]]
    pixels = np.stack([x, y], axis=-1).astype(float)
    d_12, d_34 = (_scaled_distance(pixels, p, q, np.array(centre), sigma) for p, q in ((a, b), (c, d)))
    d_2 = np.hypot(d_12, d_34) if norm == "l2" else d_12 + d_34
    return 1 / (1 + tau * np.minimum(d_12, d_34) * d_2)


def _scaled_distance(pixels, a, b, centre, sigma):
    t = np.clip((pixels - a) @ (b - a) / ((b - a) @ (b - a)), 0, 1)
    distance = np.linalg.norm(pixels - a - t[..., None] * (b - a), axis=-1)
    before, after = np.linalg.norm(a - centre), np.linalg.norm(b - centre)
    if sigma == "mean":
        before = after = np.linalg.norm(b - a) / 2
    side = (pixels - centre) @ (b - a) / np.linalg.norm(b - a)
    return distance / np.where(side > 1e-9, max(after, 1), max(before, 1))


def random_blob(rng):
    """A random mask (H, W) bool, in one part or many, whose box has at least 2 x 2 pixels."""
    shape = rng.integers(3, 60, 2)
    noise = ndimage.gaussian_filter(rng.normal(size=shape), rng.uniform(0.3, 6, 2))
    mask = noise >= np.quantile(noise, rng.uniform(0, 0.99))
    if min(np.ptp(index) for index in np.nonzero(mask)) < 1:
        corner = rng.integers(0, shape - 1)
        mask[corner[0], corner[1]] = mask[corner[0] + 1, corner[1] + 1] = True
    return mask
