"""Which voxels a scope holds, worked out point by point through VTK; outside of it nothing changes."""

import numpy as np
import pytest
import slicer
import vtk

from refine_case import LARYNX, LIVER, SPLEEN, RefineCase
from scene_builder import GEOMETRIES, SHAPE, rotation, to_world, view_across
from ScribbleRefineLib.Scope import Scope


def place_roi(build, centre, size, matrix=None, transform=None):
    roi = build.scene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "box")
    roi.SetCenter(vtk.vtkVector3d(*centre))
    roi.SetSize(vtk.vtkVector3d(*size))
    if matrix is not None:
        roi.SetAndObserveObjectToNodeMatrix(slicer.util.vtkMatrixFromArray(matrix))
    if transform is not None:
        roi.SetAndObserveTransformNodeID(transform.GetID())
    return roi


def inside_roi(roi, volume) -> np.ndarray:
    """Bool (K, J, I) by the ROI's own test of every voxel centre."""
    k, j, i = np.indices(SHAPE).reshape(3, -1)
    world = to_world(volume, np.stack([i, j, k], 1).astype(float))
    return np.array([roi.IsPointInROIWorld(point) for point in world]).reshape(SHAPE)


@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_slice_of_a_view_is_one_layer_of_voxels(build, geometry, axis):
    volume = build.volume(GEOMETRIES[geometry], transform=build.transform(rotation(1, 30, (1, 2, 3))))
    view = build.slice_view(view_across(volume, axis, (20.3, 14.8, 5.2), turn=25))
    index = (20, 15, 5)[axis]
    expected = np.zeros(SHAPE, bool)
    np.moveaxis(expected, 2 - axis, 0)[index] = True
    np.testing.assert_array_equal(Scope("slice", view).mask(volume), expected)
    np.moveaxis(expected, 2 - axis, 0)[index - 2 : index + 3] = True
    np.testing.assert_array_equal(Scope("slab", view, 2).mask(volume), expected)


def test_an_oblique_slice_has_no_holes_and_is_thin(build):
    volume = build.volume(GEOMETRIES["thick"])
    centre = to_world(volume, np.array([(20, 15, 5)]))[0]
    view = rotation(0, 20, tuple(centre))
    mask = Scope("slice", view).mask(volume)
    k, j, i = np.indices(SHAPE).reshape(3, -1)
    world = to_world(volume, np.stack([i, j, k], 1).astype(float))
    distance = np.abs((world - centre) @ view[:3, 2]).reshape(SHAPE)
    step = np.abs(view[:3, 2] @ (to_world(volume, np.eye(3)) - to_world(volume, np.zeros((1, 3)))).T).sum()
    assert mask[distance < step / 2 - 1e-6].all()
    assert not mask[distance > step / 2 + 1e-6].any()


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("moved", [False, True])
@pytest.mark.parametrize("geometry", ["lps", "tilted"])
def test_a_box_may_be_turned_and_moved(build, geometry, turned, moved):
    volume = build.volume(GEOMETRIES[geometry], transform=build.transform(rotation(2, 10, (4, 0, -2))))
    centre = to_world(volume, np.array([(18.2, 13.4, 6.3)]))[0]
    transform = build.transform(rotation(1, -20, (3, 2, 1))) if moved else None
    inverse = np.linalg.inv(rotation(1, -20, (3, 2, 1))) if moved else np.eye(4)
    local = inverse[:3, :3] @ centre + inverse[:3, 3]
    matrix = rotation(2, 40, tuple(local)) if turned else None
    roi = place_roi(build, local, (14.3, 9.7, 8.9), matrix, transform)
    expected = inside_roi(roi, volume)
    assert 20 < expected.sum() < expected.size / 2
    np.testing.assert_array_equal(Scope("roi", roi=roi).mask(volume), expected)


def test_the_whole_volume_needs_no_mask(build):
    assert Scope().mask(build.volume(GEOMETRIES["lps"])) is None


def test_scopes_that_cannot_be_are_refused_with_the_remedy(build):
    volume = build.volume(GEOMETRIES["lps"])
    with pytest.raises(ValueError, match="no view is chosen"):
        Scope("slice").mask(volume)
    with pytest.raises(ValueError, match="no ROI is chosen"):
        Scope("roi").mask(volume)
    empty = build.scene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "box")
    with pytest.raises(ValueError, match="'box' is not placed yet"):
        Scope("roi", roi=empty).mask(volume)
    with pytest.raises(ValueError, match="holds no voxel of 'image'"):
        Scope("roi", roi=place_roi(build, (500, 0, 0), (5, 5, 5))).mask(volume)
    bent = place_roi(build, (0, 0, 0), (5, 5, 5), transform=build.bent_transform())
    with pytest.raises(ValueError, match="non-linear transform 'bent': harden"):
        Scope("roi", roi=bent).mask(volume)
    with pytest.raises(ValueError, match="outside the volume"):
        Scope("slice", view_across(volume, 2, (20, 15, 50))).mask(volume)
    with pytest.raises(ValueError, match="'sphere': use one of volume, slice"):
        Scope("sphere")
    with pytest.raises(ValueError, match="±-1 slices"):
        Scope("slab", slices=-1)


@pytest.mark.parametrize("seed", range(6))
def test_outside_of_scope_and_in_locked_labels_every_segment_is_bit_identical(build, seed):
    rng = np.random.default_rng(seed)
    case = RefineCase(build, ("lps", "tilted", "sagittal")[seed % 3])
    case.initial()
    locked = int(rng.integers(1, 3))
    case.session.labels.setLocked(locked, True)
    for index in (0, LIVER, SPLEEN, LARYNX):
        k, j, i = (int(rng.integers(0, n - 4)) for n in SHAPE)
        case.paint(index, (slice(k, k + 2), slice(j, j + 3), slice(i, i + 4)))
    at = tuple(float(rng.uniform(3, n - 3)) for n in reversed(SHAPE))
    view = view_across(case.volume, int(rng.integers(3)), at)
    roi = place_roi(build, to_world(case.volume, np.array([at]))[0], tuple(rng.uniform(8, 25, 3)))
    scope = (Scope("slab", view, 3), Scope("roi", roi=roi))[seed % 2]
    before = {index: case.voxels(index) for index in (LIVER, SPLEEN)}
    mask = scope.mask(case.volume)
    painted, _ = case.session._space.painted()
    if not (mask & (painted >= 0)).any():
        case.paint(LARYNX, tuple(slice(c, c + 1) for c in np.argwhere(mask)[len(np.argwhere(mask)) // 2]))
    case.refine(scope=scope)
    assert case.errors == []
    np.testing.assert_array_equal(case.voxels(locked), before[locked])
    for index in (LIVER, SPLEEN):
        np.testing.assert_array_equal(case.voxels(index)[~mask], before[index][~mask])
    assert not case.session.labels.row(LARYNX).resultSegmentId or not case.voxels(LARYNX)[~mask].any()
    case.close()
