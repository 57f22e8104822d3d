"""Labels and channels on the voxels of their image, although their files may store the axes in another order."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cueseg.image_files import ImageFile

__all__ = ["OFF_GRID", "placed_on"]

OFF_GRID = 0.5  # voxels by which two grids may differ anywhere and still be the same


def placed_on(image: ImageFile, other: ImageFile, path: Path) -> NDArray[Any]:
    """The array of a file in the order of an image's voxels: axes swapped and turned round as both headers say.

    Files whose header says nothing (pictures, and volumes with 1 mm voxels along the axes from the origin on) are taken
    as they are stored.

    Args:
        image: Where the voxels shall lie.
        other: What the file holds.
        path: Of the file, for the message.

    Returns:
        A view of the array of `other`, of the shape of the image.

    Raises:
        ValueError: The voxels do not coincide; the message says by how much.
    """
    array = other.array
    if image.picture or other.picture or _says_nothing(image) or _says_nothing(other):
        return array
    relation = np.linalg.inv(image.ijk_to_lps()) @ other.ijk_to_lps()
    turn = np.rint(relation[:3, :3])
    size = np.array(other.shape[::-1])
    if not (np.abs(turn).sum(axis=0) == 1).all() or not (np.abs(turn).sum(axis=1) == 1).all():
        raise ValueError(f"{path} is turned against {image.name}: {_remedy(path)}")
    begin = np.where(turn.sum(axis=1) < 0, np.abs(turn) @ (size - 1), 0)
    corners = np.array(np.meshgrid(*[(0, n - 1) for n in size], indexing="ij")).reshape(3, -1)
    off = relation[:3, :3] @ corners + relation[:3, 3:] - (turn @ corners + begin[:, None])
    if np.abs(off).max() > OFF_GRID:
        raise ValueError(
            f"{path} lies up to {np.abs(off).max():.3g} voxels beside {image.name} by their headers: {_remedy(path)}"
        )
    order = [2 - int(np.flatnonzero(turn[2 - axis])[0]) for axis in range(3)]  # of array axes
    flips = tuple(axis for axis in range(3) if turn[2 - axis].sum() < 0)
    return np.flip(array.transpose(order), flips)


def _says_nothing(image: ImageFile) -> bool:
    identity = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
    plain = np.allclose(image.spacing, 1) and np.allclose(image.origin, 0)
    return bool(plain and np.allclose(image.direction, identity))


def _remedy(path: Path) -> str:
    return (
        f"resample {path.name} to the image, or, if only its header is wrong and the voxels agree, say "
        '"geometry": "ignore" in the manifest (--ignore-geometry)'
    )
