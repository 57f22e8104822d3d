"""Which voxels a brush stroke covers, worked out exactly: the brush swept along the path of the mouse.

Slicer's own Paint effect stamps a polygon with 32 corners at positions rounded to whole voxels, so its voxels
differ by about one at the rim.
"""

from dataclasses import dataclass

import numpy as np

TIE = 1e-6  # mm; voxel centres this close to the rim count as inside


@dataclass(frozen=True)
class Brush:
    """A round brush in world millimetres.

    Args:
        radius: of the disc or sphere.
        normal: (3,) unit normal of the slice view; None makes the brush a sphere.
        thickness: of the disc along the normal, the spacing between slices of the view.
    """

    radius: float
    normal: np.ndarray | None = None
    thickness: float = 0.0


def stroke_voxels(
    path: np.ndarray, brush: Brush, world_from_voxel: np.ndarray, extent: tuple[int, ...]
) -> np.ndarray:
    """Voxels whose centre the brush touches on its way.

    A disc covers one layer of voxels: centres within half its thickness, of a tie the one along the normal.

    Args:
        path: (N, 3) world RAS of the mouse, N > 0; consecutive positions are joined by straight lines.
        brush: what is swept.
        world_from_voxel: 4x4 voxel indices (i, j, k) to world RAS.
        extent: VTK extent (i0, i1, j0, j1, k0, k1) of the image.

    Returns:
        (M, 3) int voxel indices (i, j, k) within the extent.
    """
    ijk = _candidates(path, brush, world_from_voxel, extent)
    if not len(ijk):
        return ijk
    centres = ijk @ world_from_voxel[:3, :3].T + world_from_voxel[:3, 3]
    ends = path[1:] if len(path) > 1 else path
    covered = np.zeros(len(ijk), bool)
    for start, end in zip(path[: len(ends)], ends, strict=True):
        covered |= _covered(centres, start, end, brush)
    return ijk[covered]


def _candidates(
    path: np.ndarray, brush: Brush, world_from_voxel: np.ndarray, extent: tuple[int, ...]
) -> np.ndarray:
    """Voxels of the box around the stroke."""
    voxel_from_world = np.linalg.inv(world_from_voxel)
    corners = path @ voxel_from_world[:3, :3].T + voxel_from_world[:3, 3]
    reach = max(brush.radius, brush.thickness) * np.linalg.norm(voxel_from_world[:3, :3], axis=1) + 1
    limits = np.reshape(extent, (3, 2))
    low = np.maximum(np.floor(corners.min(0) - reach).astype(int), limits[:, 0])
    high = np.minimum(np.ceil(corners.max(0) + reach).astype(int), limits[:, 1])
    axes = [np.arange(first, last + 1) for first, last in zip(low, high, strict=True)]
    return np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 3)


def _covered(centres: np.ndarray, start: np.ndarray, end: np.ndarray, brush: Brush) -> np.ndarray:
    along = end - start
    length_squared = along @ along
    share = np.clip((centres - start) @ along / length_squared, 0, 1) if length_squared > 0 else 0.0
    offset = centres - (start + np.multiply.outer(share, along))
    if brush.normal is None:
        return np.linalg.norm(offset, axis=1) <= brush.radius + TIE
    height = offset @ brush.normal
    in_plane = np.linalg.norm(offset - np.outer(height, brush.normal), axis=1)
    half = brush.thickness / 2
    return (in_plane <= brush.radius + TIE) & (height > -half + TIE) & (height <= half + TIE)
