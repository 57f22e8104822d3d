"""Made-up images with one known structure: they teach shape and contrast that no data set here covers."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage


def draw_synthetic(rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Image (H, W) in 0..255 and mask (H, W) of one structure, 5 to 150 px wide, among distractors."""
    side = int(np.exp(rng.uniform(np.log(20), np.log(260))))
    shape = (side, side)
    mask = _largest_part(_random_shape(side, rng))
    image = _texture(shape, rng) * rng.uniform(0.02, 0.25) + rng.uniform(0.0, 1.0)
    for _ in range(rng.integers(0, 4)):
        other = _random_shape(side, rng, centred=False)
        image[other] = image[other] * 0.3 + rng.uniform(0.0, 1.0) * 0.7
    inside = _texture(shape, rng) * rng.uniform(0.02, 0.2) + rng.uniform(0.0, 1.0)
    image = np.where(mask, inside, image)
    image = ndimage.gaussian_filter(image, rng.uniform(0.2, 1.0))
    image += rng.normal(0.0, rng.uniform(0.0, 0.06), shape)
    image += _texture(shape, rng, smooth=0.3) * rng.uniform(0.0, 0.15)  # uneven gain
    return (np.clip(image, 0.0, 1.0) * 255.0).astype(np.float32), mask


def _random_shape(side: int, rng: np.random.Generator, centred: bool = True) -> NDArray[np.bool_]:
    """One of: wobbly ellipse, thin curved band (like a mandible), ring, polygon-like blob."""
    y, x = np.mgrid[:side, :side] / (side - 1) * 2.0 - 1.0
    if not centred:
        x, y = x - rng.uniform(-1, 1), y - rng.uniform(-1, 1)
    angle = rng.uniform(0, np.pi)
    u, v = x * np.cos(angle) + y * np.sin(angle), -x * np.sin(angle) + y * np.cos(angle)
    radius = np.hypot(u, v * rng.uniform(1.0, 2.5))
    theta = np.arctan2(v, u)
    wobble = sum(
        rng.normal(0.0, 0.25 / order) * np.cos(order * theta + rng.uniform(0, 2 * np.pi))
        for order in range(2, 7)
    )
    size = rng.uniform(0.25, 0.5) * (1.0 + wobble * rng.uniform(0.2, 1.0))
    kind = rng.random()
    if kind < 0.6:
        return radius < size
    thickness = rng.uniform(0.06, 0.2)
    band = np.abs(radius - size) < thickness
    if kind < 0.9:  # an arc, open on one side
        return band & (np.abs(theta) > rng.uniform(0.2, 1.6))
    return band


def _largest_part(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    parts, count = ndimage.label(mask)
    if count < 2:
        return mask
    return parts == 1 + int(np.argmax(np.bincount(parts.ravel())[1:]))


def _texture(
    shape: tuple[int, int], rng: np.random.Generator, smooth: float | None = None
) -> NDArray[np.float64]:
    """Band-limited noise of unit spread; `smooth` is the blur as a share of the image side."""
    share = smooth if smooth is not None else np.exp(rng.uniform(np.log(0.005), np.log(0.2)))
    noise = ndimage.gaussian_filter(rng.normal(size=shape), max(0.3, share * shape[0]), mode="wrap")
    return noise / max(float(noise.std()), 1e-6)
