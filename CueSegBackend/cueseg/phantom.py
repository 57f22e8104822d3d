"""A made-up CT of a torso with its labels, for trying things out without data and without a network."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["BODIES", "Body", "Phantom", "torso_phantom"]

AIR, FAT, SOFT = -1000.0, -90.0, 40.0  # HU
NOISE = 12.0  # HU, standard deviation
PLANE = (0.5, 0.5)  # (row, col) of the middle of the torso
SKIN, MUSCLE = (0.46, 0.48), (0.40, 0.43)  # half axes (rows, cols)


@dataclass(frozen=True)
class Body:
    """An ellipsoid; places and half axes as shares of the volume, (slice, row, col).

    A half axis of slices above 1 makes a rod that the volume cuts at both ends.
    """

    name: str
    center: tuple[float, float, float]
    radii: tuple[float, float, float]
    intensity: float  # HU


# Rows run to the back and columns to the patient's left; a later body lies over an earlier one.
BODIES = (
    Body("liver", (0.55, 0.42, 0.30), (0.38, 0.22, 0.19), 110.0),
    Body("spleen", (0.62, 0.55, 0.78), (0.30, 0.14, 0.08), 130.0),
    Body("stomach", (0.60, 0.32, 0.62), (0.30, 0.10, 0.12), 10.0),
    Body("right kidney", (0.32, 0.66, 0.31), (0.26, 0.08, 0.06), 190.0),
    Body("left kidney", (0.36, 0.66, 0.69), (0.26, 0.08, 0.06), 190.0),
    Body("vertebra", (0.50, 0.68, 0.50), (9.0, 0.09, 0.08), 320.0),
    Body("spinal cord", (0.50, 0.71, 0.50), (9.0, 0.025, 0.025), 35.0),
    Body("aorta", (0.50, 0.54, 0.53), (9.0, 0.035, 0.028), 260.0),
)


@dataclass(frozen=True)
class Phantom:
    """A volume and what is in it.

    Attributes:
        image: (slices, rows, cols) int16, HU.
        labels: (slices, rows, cols) uint8, 0 background, k the k-th of `names`.
        names: of the labels, from 1 on.
        spacing: mm (slice, row, col).
    """

    image: NDArray[np.int16]
    labels: NDArray[np.uint8]
    names: tuple[str, ...]
    spacing: tuple[float, float, float]


def torso_phantom(
    shape: tuple[int, int, int] = (36, 144, 176),
    spacing: tuple[float, float, float] = (5.0, 2.0, 2.0),
    seed: int = 0,
) -> Phantom:
    """Draw the torso, slice by slice, so that large volumes need no memory beyond their own.

    Args:
        shape: (slices, rows, cols), at least 8 each.
        spacing: mm (slice, row, col); only handed through.
        seed: of the noise.

    Raises:
        ValueError: A volume that is too small to hold the bodies.
    """
    if min(shape) < 8:
        raise ValueError(f"a torso needs at least 8 voxels along each axis, got {shape}")
    image, labels = np.empty(shape, np.int16), np.empty(shape, np.uint8)
    rng = np.random.default_rng(seed)
    for index, (values, numbers) in enumerate(_slices(shape)):
        noise = rng.standard_normal(values.shape, np.float32) * NOISE
        image[index], labels[index] = np.rint(values + noise), numbers
    return Phantom(image, labels, tuple(body.name for body in BODIES), spacing)


def _slices(shape: tuple[int, int, int]) -> Iterator[tuple[NDArray[np.float32], NDArray[np.uint8]]]:
    rows, cols = np.ogrid[: shape[1], : shape[2]]
    y, x = (rows + 0.5) / shape[1], (cols + 0.5) / shape[2]
    torso = np.full(shape[1:], AIR, np.float32)
    torso[_inside(y, x, PLANE, SKIN)] = FAT
    torso[_inside(y, x, PLANE, MUSCLE)] = SOFT
    for index in range(shape[0]):
        values, numbers = torso.copy(), np.zeros(shape[1:], np.uint8)
        for number, body in enumerate(BODIES, start=1):
            left = 1.0 - (((index + 0.5) / shape[0] - body.center[0]) / body.radii[0]) ** 2
            if left > 0.0:
                axes = tuple(radius * left**0.5 for radius in body.radii[1:])
                inside = _inside(y, x, body.center[1:], axes)
                values[inside], numbers[inside] = body.intensity, number
        yield values, numbers


def _inside(
    y: NDArray[np.float64], x: NDArray[np.float64], center: tuple[float, ...], axes: tuple[float, ...]
) -> NDArray[np.bool_]:
    return ((y - center[0]) / axes[0]) ** 2 + ((x - center[1]) / axes[1]) ** 2 <= 1.0
