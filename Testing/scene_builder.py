"""Small MRML scenes for tests, and where a mask has to end up, worked out with VTK and slicer.util alone."""

import numpy as np
import slicer
import vtk
from matplotlib.path import Path as Polygon

SHAPE = (12, 30, 40)  # K, J, I of the standard volume


def affine(columns: np.ndarray, origin: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> np.ndarray:
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = columns, origin
    return matrix


def rotation(axis: int, degrees: float, origin: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> np.ndarray:
    a, b = (i for i in range(3) if i != axis)
    turn = np.eye(3)
    turn[a, a] = turn[b, b] = np.cos(np.radians(degrees))
    turn[a, b], turn[b, a] = -np.sin(np.radians(degrees)), np.sin(np.radians(degrees))
    return affine(turn, origin)


# IJK to RAS of volumes as they come: stored to the right or left, thick slices, sagittal order, tilted.
GEOMETRIES = {
    "ras": affine(np.diag([1.0, 1.0, 2.0]), (-20, -15, -10)),
    "lps": affine(np.diag([-1.0, -1.0, 2.0]), (20, 15, -10)),
    "thick": affine(np.diag([-0.5, -0.5, 5.0]), (3, 4, 100)),
    "sagittal": affine(np.array([[0, 0, 1.5], [1.0, 0, 0], [0, -1.0, 0]]), (7, 8, 9)),
    "tilted": rotation(0, 25) @ rotation(2, -35) @ affine(np.diag([-0.9, -0.8, 3.0]), (10, 20, 30)),
}


class SceneBuilder:
    """Adds nodes to one scene."""

    def __init__(self, scene: slicer.vtkMRMLScene) -> None:
        self.scene = scene

    def volume(self, ijk_to_ras: np.ndarray, array: np.ndarray | None = None, transform=None):
        if array is None:
            array = np.random.default_rng(1).integers(-100, 200, SHAPE).astype(np.int16)
        node_class = "vtkMRMLVectorVolumeNode" if array.ndim == 4 else "vtkMRMLScalarVolumeNode"
        node = self.scene.AddNewNodeByClass(node_class, "image")
        slicer.util.updateVolumeFromArray(node, array)
        node.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(ijk_to_ras))
        if transform is not None:
            node.SetAndObserveTransformNodeID(transform.GetID())
        return node

    def transform(self, matrix: np.ndarray):
        node = self.scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "transform")
        node.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(matrix))
        return node

    def bent_transform(self):
        """A transform that is not linear."""
        spline = vtk.vtkThinPlateSplineTransform()
        corners = vtk.vtkPoints()
        bent = vtk.vtkPoints()
        for point in ((0, 0, 0), (50, 0, 0), (0, 50, 0), (0, 0, 50), (40, 40, 40)):
            corners.InsertNextPoint(point)
            bent.InsertNextPoint([c + 0.002 * c * c for c in point])
        spline.SetSourceLandmarks(corners)
        spline.SetTargetLandmarks(bent)
        spline.SetBasisToR()
        node = self.scene.AddNewNodeByClass("vtkMRMLTransformNode", "bent")
        node.SetAndObserveTransformToParent(spline)
        return node

    def segmentation(self, geometry=None, transform=None, segments: tuple[str, ...] = ("liver", "spleen")):
        node = self.scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "segmentation")
        node.CreateDefaultDisplayNodes()
        if transform is not None:
            node.SetAndObserveTransformNodeID(transform.GetID())
        if geometry is not None:
            node.SetReferenceImageGeometryParameterFromVolumeNode(geometry)
        for name in segments:
            node.GetSegmentation().AddEmptySegment(name, name)
        return node

    def points(self, world: np.ndarray, transform=None):
        node = self.scene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", "points")
        if transform is not None:
            node.SetAndObserveTransformNodeID(transform.GetID())
        for position in world:
            node.AddControlPointWorld(vtk.vtkVector3d(*position))
        return node

    def slice_view(self, matrix: np.ndarray, name: str = "Test"):
        node = slicer.vtkMRMLSliceNode()
        node.SetLayoutName(name)
        node.SetName(name)
        node = self.scene.AddNode(node)
        node.GetSliceToRAS().DeepCopy(slicer.util.vtkMatrixFromArray(matrix))
        node.UpdateMatrices()
        return node


def to_world(volume, ijk: np.ndarray) -> np.ndarray:
    """World RAS of (N, 3) continuous voxel indices, point by point through VTK."""
    matrix, result = vtk.vtkMatrix4x4(), np.empty((len(ijk), 3))
    volume.GetIJKToRASMatrix(matrix)
    for row, point in zip(result, ijk, strict=True):
        volume.TransformPointToWorld(matrix.MultiplyPoint((*point, 1.0))[:3], row)
    return result


def to_ijk(volume, world: np.ndarray) -> np.ndarray:
    """Continuous voxel indices of (N, 3) world points."""
    matrix, local = vtk.vtkMatrix4x4(), [0.0] * 3
    volume.GetRASToIJKMatrix(matrix)
    result = np.empty((len(world), 3))
    for row, point in zip(result, world, strict=True):
        volume.TransformPointFromWorld(point, local)
        row[:] = matrix.MultiplyPoint((*local, 1.0))[:3]
    return result


def view_across(volume, axis: int, through_ijk: tuple[float, float, float], turn: float = 0.0) -> np.ndarray:
    """SliceToRAS of a view that shows the volume's slice across a voxel axis, turned in plane by degrees."""
    corners = to_world(volume, np.vstack([np.zeros(3), np.eye(3)]))
    a, b = (corners[i + 1] - corners[0] for i in range(3) if i != axis)
    normal = np.cross(a, b) / np.linalg.norm(np.cross(a, b))
    right = a / np.linalg.norm(a)
    up = np.cross(normal, right)
    turned = np.cos(np.radians(turn)) * right + np.sin(np.radians(turn)) * up
    columns = np.stack([turned, np.cross(normal, turned), normal], axis=1)
    return affine(columns, tuple(to_world(volume, np.array([through_ijk]))[0]))


def clicks_in_slice(axis: int, index: float, shape: tuple[int, int, int] = SHAPE) -> np.ndarray:
    """(4, 3) continuous voxel indices of four extreme points on the slice `index` across a voxel axis."""
    sizes = shape[::-1]
    a, b = (i for i in range(3) if i != axis)
    ring = np.array([(0.21, 0.47), (0.83, 0.55), (0.52, 0.18), (0.44, 0.86)])
    ijk = np.empty((4, 3))
    ijk[:, axis] = index
    ijk[:, a], ijk[:, b] = ring[:, 0] * (sizes[a] - 1), ring[:, 1] * (sizes[b] - 1)
    return ijk


def voxels_inside(ijk: np.ndarray, axis: int, index: int, shape: tuple[int, int, int] = SHAPE) -> np.ndarray:
    """(K, J, I) bool: voxels of the slice whose centres lie within the quadrilateral of the four clicks."""
    a, b = (i for i in range(3) if i != axis)
    ring = Polygon(ijk[[0, 2, 1, 3]][:, [a, b]], closed=False)
    centres = np.indices(shape[::-1]).reshape(3, -1).T  # (i, j, k)
    inside = ring.contains_points(centres[:, [a, b]]) & (centres[:, axis] == index)
    return inside.reshape(shape[::-1]).transpose(2, 1, 0)


def segment_voxels(segmentation, segment_id: str) -> tuple[np.ndarray, np.ndarray]:
    """(N, 3) world RAS of all voxel centres of the segment's labelmap, and (N,) whether they are in it."""
    image = segmentation.GetBinaryLabelmapInternalRepresentation(segment_id)
    segment = segmentation.GetSegmentation().GetSegment(segment_id)
    matrix, world = vtk.vtkMatrix4x4(), [0.0] * 3
    image.GetImageToWorldMatrix(matrix)
    centres, held = [], []
    for number in range(image.GetNumberOfPoints()):
        offset = np.unravel_index(number, image.GetDimensions(), order="F")
        ijk = [o + low for o, low in zip(offset, image.GetExtent()[::2], strict=True)]
        segmentation.TransformPointToWorld(matrix.MultiplyPoint((*ijk, 1.0))[:3], world)
        centres.append(list(world))
        held.append(image.GetPointData().GetScalars().GetTuple1(number) == segment.GetLabelValue())
    return np.array(centres).reshape(-1, 3), np.array(held, bool)


def segment_in_volume(segmentation, segment_id: str, volume) -> np.ndarray:
    """(K, J, I) bool: voxels of the volume at which the segment has a voxel centre."""
    world, held = segment_voxels(segmentation, segment_id)
    shape = slicer.util.arrayFromVolume(volume).shape[:3]
    found = np.zeros(shape, bool)
    i, j, k = np.floor(to_ijk(volume, world[held]) + 0.5).astype(int).T
    found[k, j, i] = True
    return found
