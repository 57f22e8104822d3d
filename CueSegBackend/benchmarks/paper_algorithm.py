"""Algorithm 1 of Khan & Shahin 2019 in plain float64 numpy: the reference in speed and in values.

It follows the printed lines, with the slips corrected that the paper's own figures contradict: c has two
components, the rotation brings the segment onto the x axis (the printed one turns the other way), and
the two sigmas belong to the halves on whose side their ends lie. Nothing is clamped: the clicks must form a
proper cross.
"""

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float64]


def crossing_point(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where the segments left-right and top-bottom of (4, 2) points (x, y) meet, (2,)."""
    left, right, top, bottom = points
    system = np.column_stack([right - left, top - bottom])
    t, _ = np.linalg.solve(system, top - left)
    return left + t * (right - left)


def segment_distance(
    grid_x: Image, grid_y: Image, ends: NDArray[np.float64], centre: NDArray[np.float64], mean_sigma: bool
) -> Image:
    """Algorithm 1: distance (H, W) of every pixel to the segment between `ends` (2, 2), in units of sigma."""
    x, y = grid_x - centre[0], grid_y - centre[1]
    start, stop = ends - centre
    theta = np.arctan2(stop[1] - start[1], stop[0] - start[0])
    x_turned = x * np.cos(theta) + y * np.sin(theta)
    y_turned = y * np.cos(theta) - x * np.sin(theta)
    sigma_left, sigma_right = (
        np.hypot(*start),
        np.hypot(*stop),
    )  # the turned ends lie at -sigma_left, sigma_right
    beyond_right = x_turned > sigma_right
    beyond_left = x_turned < -sigma_left
    beside = ~(beyond_right | beyond_left)
    distance = np.abs(y_turned) * beside
    distance += np.sqrt((x_turned - sigma_right) ** 2 + y_turned**2) * beyond_right
    distance += np.sqrt((x_turned + sigma_left) ** 2 + y_turned**2) * beyond_left
    if mean_sigma:
        return distance / ((sigma_left + sigma_right) / 2)
    return distance / (sigma_right * (x_turned > 0) + sigma_left * (x_turned <= 0))


def paper_confidence_map(
    points: NDArray[np.float64],
    shape: tuple[int, int],
    *,
    tau: float = 1.0,
    norm: str = "l2",
    sigma: str = "split",
) -> Image:
    """Draw the map of (4, 2) points (x, y), in the order left, right, top, bottom, as the paper prints it.

    Returns:
        (H, W) float64 in (0, 1].
    """
    grid_x, grid_y = np.meshgrid(np.arange(shape[1], dtype=np.float64), np.arange(shape[0], dtype=np.float64))
    centre = crossing_point(points)
    d_12 = segment_distance(grid_x, grid_y, points[:2], centre, sigma == "mean")
    d_34 = segment_distance(grid_x, grid_y, points[2:], centre, sigma == "mean")
    d_1 = np.minimum(d_12, d_34)
    d_2 = np.sqrt(d_12**2 + d_34**2) if norm == "l2" else d_12 + d_34
    return 1 / (1 + tau * d_1 * d_2)
