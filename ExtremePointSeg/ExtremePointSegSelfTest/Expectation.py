"""What a slice view shows of volume and segment, worked out from nodes and `slicer.util` alone.

Everything is compared at the pixels of the view, where the user sees it, so none of the module's own geometry
is used.
"""

from dataclasses import dataclass

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import vtk_to_numpy

from ExtremePointSegSelfTest import Gestures

MARGIN = 14.0  # mm around the clicks
TIE = 1e-6  # voxels, against rounding of sampling positions that lie between two voxels


@dataclass(frozen=True)
class ViewGrid:
    """Pixels of a view around some clicks.

    :param world: (rows, columns, 3) world RAS of the pixels; rows run upwards.
    :param spacing: (row, column) mm.
    :param origin: pixel (x, y) of the view that is the first of the grid.
    """

    world: np.ndarray
    spacing: tuple
    origin: np.ndarray


def gridAround(name, clicks):
    """The pixels of a view within MARGIN of the clicks."""
    matrix = slicer.util.arrayFromVTKMatrix(Gestures.sliceWidget(name).mrmlSliceNode().GetXYToRAS())
    size = np.linalg.norm(matrix[:3, :2], axis=0)
    xy = np.array([Gestures.xyOf(name, ras) for ras in clicks])
    low = np.floor(xy.min(0) - MARGIN / size).astype(int)
    high = np.ceil(xy.max(0) + MARGIN / size).astype(int)
    y, x = np.mgrid[low[1] : high[1] + 1, low[0] : high[0] + 1]
    pixels = np.stack([x, y, np.zeros_like(x), np.ones_like(x)], -1)
    return ViewGrid((pixels @ matrix.T)[..., :3], (size[1], size[0]), low)


def expectedInView(name, clicks, volume, predictor, threshold=0.5):
    """What the predictor itself says of what the view shows; (rows, columns) bool, and the grid."""
    from scipy.ndimage import map_coordinates

    grid = gridAround(name, clicks)
    kji = toIJK(volume, grid.world)[..., ::-1]
    image = map_coordinates(
        slicer.util.arrayFromVolume(volume), np.moveaxis(kji, -1, 0), np.float64, order=1, mode="nearest"
    )
    predictor.set_image(image, "ct", grid.spacing, None)
    points = np.array([Gestures.xyOf(name, ras) for ras in clicks]) - grid.origin
    return predictor.predict(points.astype(float), threshold).mask, grid


def toIJK(volume, world):
    """Continuous voxel indices (..., 3) of world RAS positions, through the volume's transforms."""
    return _moved(np.linalg.inv(_worldFromIJK(volume)), world)


def toWorld(volume, ijk):
    """World RAS (..., 3) of continuous voxel indices, through the volume's transforms."""
    return _moved(_worldFromIJK(volume), ijk)


def _worldFromIJK(volume):
    toWorld = vtk.vtkMatrix4x4()
    slicer.vtkMRMLTransformNode.GetMatrixTransformBetweenNodes(volume.GetParentTransformNode(), None, toWorld)
    ijkToRAS = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(ijkToRAS)
    toWorld, ijkToRAS = (slicer.util.arrayFromVTKMatrix(matrix) for matrix in (toWorld, ijkToRAS))
    return toWorld @ ijkToRAS


def segmentInView(segmentation, segmentId, grid):
    """Whether the segment holds the voxel at each pixel of the grid; (rows, columns) bool."""
    voxels, extent, matrix = _labelmap(segmentation, segmentId)
    ijk = np.floor(_moved(np.linalg.inv(matrix), grid.world) + 0.5 + TIE).astype(int) - extent
    shown = np.zeros(grid.world.shape[:2], bool)
    inside = ((ijk >= 0) & (ijk < np.array(voxels.shape)[::-1])).all(-1)
    i, j, k = ijk[inside].T
    shown[inside] = voxels[k, j, i]
    return shown


def segmentPoints(segmentation, segmentId):
    """(N, 3) world RAS of the centres of the segment's voxels."""
    voxels, extent, matrix = _labelmap(segmentation, segmentId)
    return _moved(matrix, np.argwhere(voxels)[:, ::-1] + extent)


def beyondOneVoxel(shown, expected, grid, voxelSize):
    """Number of pixels at which two regions differ by more than one voxel (mm) along their outline."""
    from scipy.ndimage import distance_transform_edt

    def reach(region):
        return distance_transform_edt(~region, sampling=grid.spacing) <= voxelSize

    return int((shown & ~reach(expected)).sum() + (~shown & ~reach(~expected)).sum())


def _labelmap(segmentation, segmentId):
    """(K, J, I) bool voxels, index (i, j, k) of the first of them, 4x4 from indices to world RAS."""
    image = segmentation.GetBinaryLabelmapInternalRepresentation(segmentId)
    label = segmentation.GetSegmentation().GetSegment(segmentId).GetLabelValue()
    scalars = image.GetPointData().GetScalars()
    shape = image.GetDimensions()[::-1]
    voxels = np.zeros(shape, bool) if scalars is None else vtk_to_numpy(scalars).reshape(shape) == label
    matrix, toWorld = vtk.vtkMatrix4x4(), vtk.vtkMatrix4x4()
    image.GetImageToWorldMatrix(matrix)
    slicer.vtkMRMLTransformNode.GetMatrixTransformBetweenNodes(
        segmentation.GetParentTransformNode(), None, toWorld
    )
    matrix, toWorld = (slicer.util.arrayFromVTKMatrix(found) for found in (matrix, toWorld))
    return voxels, np.array(image.GetExtent()[::2]), toWorld @ matrix


def _moved(matrix, points):
    return points @ matrix[:3, :3].T + matrix[:3, 3]
