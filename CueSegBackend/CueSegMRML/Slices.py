"""The slice that a view shows of a volume, as a 2D image, and the way back to world coordinates.

Image frame: (x, y, w). x is the column and y the row of the slice image, an integer is a pixel centre; w
counts slices from the middle of this one, so the slice is the slab -0.5 <= w < 0.5.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
import slicer

from CueSegMRML import Volumes

_ALIGNED_SINE = 1e-3  # a view tilted less than this against the voxel axes counts as axis-aligned
_NEAR_SLICE = 0.5 + 1e-3  # slices; further away a point belongs to another slice
_FINEST_IMAGE = 4096  # pixels along one side of an oblique slice image


@dataclass(frozen=True)
class SlicePlane:
    """A flat image cut from a volume.

    :param worldFromImage: 4x4, (x, y, w, 1) to world RAS.
    :param shape: (rows, columns) of the image.
    :param spacing: (row, column) distance of pixel centres in mm.
    :param axis: 0, 1, 2 when the image is one slice of voxels across I, J, K; None when it is oblique.
    :param index: voxel index of the slice along `axis`; None when oblique.
    """

    worldFromImage: np.ndarray
    shape: tuple[int, int]
    spacing: tuple[float, float]
    axis: int | None = None
    index: int | None = None

    def toImage(self, pointsWorld: np.ndarray) -> np.ndarray:
        """(N, 3) world RAS to (N, 3) image coordinates (x, y, w)."""
        return transformed(np.linalg.inv(self.worldFromImage), pointsWorld)

    def toWorld(self, pointsImage: np.ndarray) -> np.ndarray:
        """(N, 3) image coordinates (x, y, w) to (N, 3) world RAS."""
        return transformed(self.worldFromImage, pointsImage)


def transformed(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(N, 3) points through a 4x4 affine matrix."""
    return np.asarray(points, np.float64) @ matrix[:3, :3].T + matrix[:3, 3]


def sliceMatrix(view: slicer.vtkMRMLSliceNode | np.ndarray) -> np.ndarray:
    """4x4 SliceToRAS of a slice node, or a matrix as it is: columns are right, up, normal and origin."""
    if isinstance(view, np.ndarray):
        return view.astype(np.float64)
    return slicer.util.arrayFromVTKMatrix(view.GetSliceToRAS())


def planeOf(
    volumeNode: slicer.vtkMRMLVolumeNode,
    view: slicer.vtkMRMLSliceNode | np.ndarray,
    pointsWorld: np.ndarray | None = None,
) -> SlicePlane:
    """The slice of `volumeNode` in the orientation of a view.

    :param view: slice node or 4x4 SliceToRAS.
    :param pointsWorld: (N, 3); when given, the slice goes through them and not through the view's own
        position, so that scrolling the view afterwards changes nothing.
    :raises ValueError: non-linear transform, empty volume, or the slice misses the volume.
    """
    sliceToWorld = sliceMatrix(view)
    normal = sliceToWorld[:3, 2] / np.linalg.norm(sliceToWorld[:3, 2])
    anchor = sliceToWorld[:3, 3]
    if pointsWorld is not None and len(pointsWorld):
        anchor = anchor + (np.median((pointsWorld - anchor) @ normal)) * normal
    worldFromIJK = Volumes.worldFromIJK(volumeNode)
    axis = _axisAcross(worldFromIJK, normal)
    if axis is None:
        return _obliquePlane(volumeNode, worldFromIJK, sliceToWorld, anchor)
    return _alignedPlane(volumeNode, worldFromIJK, axis, anchor, pointsWorld)


def axisOf(volumeNode: slicer.vtkMRMLVolumeNode, view: slicer.vtkMRMLSliceNode | np.ndarray) -> int | None:
    """The voxel axis (0, 1, 2: I, J, K) across which a view shows slices; None where it is oblique.

    :raises ValueError: non-linear transform.
    """
    normal = sliceMatrix(view)[:3, 2]
    return _axisAcross(Volumes.worldFromIJK(volumeNode), normal / np.linalg.norm(normal))


def sliceImage(volumeNode: slicer.vtkMRMLVolumeNode, plane: SlicePlane) -> np.ndarray:
    """The volume's values on the image grid: (rows, columns) or (rows, columns, components).

    An axis-aligned slice has the voxels themselves, in their own type. An oblique one is interpolated
    linearly (float32), and pixels outside the volume get the lowest value of those inside.
    """
    array = Volumes.voxels(volumeNode)
    ijkFromImage = np.linalg.inv(Volumes.worldFromIJK(volumeNode)) @ plane.worldFromImage
    if plane.axis is None:
        return _interpolated(array, ijkFromImage, plane.shape)
    slab = np.take(array, plane.index, axis=2 - plane.axis)
    columnAxis = int(np.argmax(np.abs(ijkFromImage[:3, 0])))
    rowAxis = int(np.argmax(np.abs(ijkFromImage[:3, 1])))
    if rowAxis < columnAxis:  # array axes run K, J, I, so the lower IJK axis comes last
        slab = np.swapaxes(slab, 0, 1)
    if ijkFromImage[columnAxis, 0] < 0:
        slab = slab[:, ::-1]
    if ijkFromImage[rowAxis, 1] < 0:
        slab = slab[::-1]
    return slab.copy()  # the worker reads it while the volume may change


def pointsInPlane(plane: SlicePlane, pointsWorld: np.ndarray) -> np.ndarray:
    """(N, 2) pixel coordinates (x, y) of world points that lie in the slice.

    :raises ValueError: some of them lie on another slice.
    """
    image = plane.toImage(pointsWorld)
    strays = [i + 1 for i, w in enumerate(image[:, 2]) if abs(w) > _NEAR_SLICE]
    if strays:
        raise ValueError(
            f"point {', '.join(map(str, strays))} of {len(image)} lies on another slice "
            f"({np.abs(image[:, 2]).max():.1f} slices away): put all four points on one slice of one view"
        )
    return image[:, :2]


def _axisAcross(worldFromIJK: np.ndarray, normal: np.ndarray) -> int | None:
    """The voxel axis that the plane cuts straight across, i.e. the plane holds the two others."""
    axes = worldFromIJK[:3, :3] / np.linalg.norm(worldFromIJK[:3, :3], axis=0)
    sines = np.abs(normal @ axes)
    across = int(np.argmax(sines))
    return across if np.delete(sines, across).max() < _ALIGNED_SINE else None


def _alignedPlane(
    volumeNode: slicer.vtkMRMLVolumeNode,
    worldFromIJK: np.ndarray,
    axis: int,
    anchor: np.ndarray,
    pointsWorld: np.ndarray | None,
) -> SlicePlane:
    sizes = Volumes.dimensions(volumeNode)
    ijkFromWorld = np.linalg.inv(worldFromIJK)
    through = anchor[None] if pointsWorld is None or not len(pointsWorld) else pointsWorld
    index = int(np.floor(np.median(transformed(ijkFromWorld, through)[:, axis]) + 0.5))
    if not 0 <= index < sizes[axis]:
        raise ValueError(
            f"the slice lies outside the volume '{volumeNode.GetName()}': scroll the view to a slice of it"
        )
    directions = Volumes.localFromIJK(volumeNode)[:3, :3]
    (column, columnSign), (row, rowSign) = _imageAxes(directions / np.linalg.norm(directions, axis=0), axis)
    ijkFromImage = np.zeros((4, 4))
    ijkFromImage[3, 3] = ijkFromImage[axis, 2] = 1
    ijkFromImage[axis, 3] = index
    for position, (voxelAxis, sign) in enumerate(((column, columnSign), (row, rowSign))):
        ijkFromImage[voxelAxis, position] = sign
        ijkFromImage[voxelAxis, 3] = 0 if sign > 0 else sizes[voxelAxis] - 1
    worldFromImage = worldFromIJK @ ijkFromImage
    spacing = np.linalg.norm(worldFromImage[:3, :2], axis=0)
    shape = (sizes[row], sizes[column])
    return SlicePlane(worldFromImage, shape, (float(spacing[1]), float(spacing[0])), axis, index)


def _imageAxes(directions: np.ndarray, axis: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Voxel axis and sign of the image's columns and rows, the same for every way to store one patient.

    Axial: x to the left, y to the back; coronal: x to the left, y down; sagittal: x to the back, y down.
    That is how the views show them, and it makes the image independent of flipped or permuted voxel axes.
    """
    across = int(np.argmax(np.abs(directions[:, axis])))
    first, second = (patientAxis for patientAxis in range(3) if patientAxis != across)
    a, b = (voxelAxis for voxelAxis in range(3) if voxelAxis != axis)
    size = np.abs(directions)
    column, row = (a, b) if size[first, a] + size[second, b] >= size[first, b] + size[second, a] else (b, a)
    columnSign = -1 if directions[first, column] > 0 else 1
    rowSign = -1 if directions[second, row] > 0 else 1
    return (column, columnSign), (row, rowSign)


def _obliquePlane(
    volumeNode: slicer.vtkMRMLVolumeNode,
    worldFromIJK: np.ndarray,
    sliceToWorld: np.ndarray,
    anchor: np.ndarray,
) -> SlicePlane:
    axes = sliceToWorld[:3, :3] / np.linalg.norm(sliceToWorld[:3, :3], axis=0)
    right, down, normal = axes[:, 0], -axes[:, 1], axes[:, 2]
    voxelsPerMm = np.linalg.norm(np.linalg.inv(worldFromIJK[:3, :3]) @ np.stack([right, down], 1), axis=0)
    spacing = float(1 / voxelsPerMm.max())
    outline = _outline(worldFromIJK, Volumes.dimensions(volumeNode), anchor, normal)
    if len(outline) < 3:
        raise ValueError(
            f"the slice misses the volume '{volumeNode.GetName()}': move the view to a slice that shows it"
        )
    inPlane = (outline - anchor) @ np.stack([right, down], 1)  # mm from the anchor
    low, high = inPlane.min(0), inPlane.max(0)
    columns, rows = (max(1, round(float(extent / spacing))) for extent in high - low)
    if max(columns, rows) > _FINEST_IMAGE:
        raise ValueError(f"the oblique slice would be {rows} x {columns} pixels: resample the volume first")
    thickness = np.abs(
        normal @ worldFromIJK[:3, :3]
    ).sum()  # every voxel whose box the plane cuts is in the slab
    corner = anchor + right * (low[0] + spacing / 2) + down * (low[1] + spacing / 2)
    worldFromImage = np.eye(4)
    worldFromImage[:3] = np.stack([right * spacing, down * spacing, normal * thickness, corner], 1)
    return SlicePlane(worldFromImage, (rows, columns), (spacing, spacing))


def _outline(
    worldFromIJK: np.ndarray, sizes: tuple[int, int, int], anchor: np.ndarray, normal: np.ndarray
) -> np.ndarray:
    """(N, 3) world points where the plane crosses the edges of the volume's box."""
    corners = np.array(list(product((0, 1), repeat=3)))
    world = transformed(worldFromIJK, corners * np.array(sizes) - 0.5)
    heights = (world - anchor) @ normal
    crossings = []
    for a, b in product(range(8), repeat=2):
        isEdge = a < b and np.abs(corners[a] - corners[b]).sum() == 1
        if isEdge and heights[a] * heights[b] <= 0 and heights[a] != heights[b]:
            crossings.append(world[a] + (world[b] - world[a]) * heights[a] / (heights[a] - heights[b]))
    return np.array(crossings).reshape(-1, 3)


def _interpolated(array: np.ndarray, ijkFromImage: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    from scipy.ndimage import map_coordinates

    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float64)
    ijk = transformed(ijkFromImage, np.stack([x, y, np.zeros_like(x)], -1).reshape(-1, 3))
    kji = ijk[:, ::-1].T
    sizes = np.array(array.shape[:3])[:, None]
    inside = ((kji >= -0.5) & (kji <= sizes - 0.5)).all(0)
    channels = array[..., None] if array.ndim == 3 else array
    image = np.empty((inside.size, channels.shape[3]), np.float32)
    for channel in range(channels.shape[3]):
        values = map_coordinates(channels[..., channel], kji, np.float32, order=1, mode="nearest")
        image[:, channel] = np.where(inside, values, values[inside].min() if inside.any() else 0)
    return image.reshape(shape) if array.ndim == 3 else image.reshape(*shape, -1)
