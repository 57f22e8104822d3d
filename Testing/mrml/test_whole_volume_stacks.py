"""Slices of a volume as a stack of images: the same images that are cut for clicks, and every way back."""

import numpy as np
import pytest
import slicer

from CueSegMRML import Slices
from CueSegMRML.SliceStacks import stackOf
from scene_builder import GEOMETRIES, SHAPE, affine, clicks_in_slice, rotation, to_world, view_across

CASES = [(name, axis) for name in sorted(GEOMETRIES) for axis in range(3)]


@pytest.mark.parametrize(("geometry", "axis"), CASES)
def test_images_are_those_of_the_slices_that_are_clicked_on(build, geometry, axis):
    volume = build.volume(GEOMETRIES[geometry])
    stack, array = stackOf(volume, axis), slicer.util.arrayFromVolume(volume)
    images = stack.images(array)
    assert images.shape == (SHAPE[2 - axis], *stack.first.shape)
    assert np.shares_memory(images, array)
    np.testing.assert_array_equal(stack.voxels(images), array)
    for index in (0, 4, stack.count - 1):
        view = view_across(volume, axis, tuple(index if a == axis else 3 for a in range(3)))
        plane = Slices.planeOf(volume, view)
        np.testing.assert_array_equal(images[index], Slices.sliceImage(volume, plane))
        np.testing.assert_allclose(stack.planeAt(index).worldFromImage, plane.worldFromImage, atol=1e-9)
        assert stack.planeAt(index).index == plane.index == index
        assert stack.spacing[1:] == pytest.approx(plane.spacing)


@pytest.mark.parametrize(("geometry", "axis"), CASES)
def test_points_go_to_the_images_and_back(build, geometry, axis):
    volume = build.volume(GEOMETRIES[geometry], transform=build.transform(rotation(1, 20, (5, 6, 7))))
    stack, ijk = stackOf(volume, axis), clicks_in_slice(axis, 6)
    world = to_world(volume, ijk)
    points = stack.imagePoints(np.delete(ijk, axis, axis=1))
    np.testing.assert_allclose(points, Slices.pointsInPlane(stack.planeAt(6), world), atol=1e-9)
    np.testing.assert_allclose(stack.worldPoints(points, 6), world, atol=1e-9)
    np.testing.assert_allclose(stack.voxelPoints(points), np.delete(ijk, axis, axis=1), atol=1e-9)


def test_colour_images_keep_their_components(build):
    array = np.random.default_rng(1).integers(0, 255, (*SHAPE, 3)).astype(np.uint8)
    volume = build.volume(GEOMETRIES["lps"], array)
    stack = stackOf(volume, 1)
    assert stack.images(slicer.util.arrayFromVolume(volume)).shape == (30, *stack.first.shape, 3)
    np.testing.assert_array_equal(stack.voxels(stack.images(array)), array)


@pytest.mark.parametrize(
    ("geometry", "axis", "direction", "sides"),
    [
        ("ras", 2, "axial", ("inferior", "superior")),
        ("lps", 0, "sagittal", ("right", "left")),
        ("lps", 1, "coronal", ("anterior", "posterior")),
        ("sagittal", 2, "sagittal", ("left", "right")),
        ("sagittal", 1, "axial", ("superior", "inferior")),
    ],
)
def test_directions_have_names(build, geometry, axis, direction, sides):
    stack = stackOf(build.volume(GEOMETRIES[geometry]), axis)
    assert (stack.direction, stack.sides) == (direction, sides)


def test_a_sheared_volume_has_slices_too(build):
    sheared = affine(np.array([[1.0, 0, 0.3], [0, 1.0, 0], [0, 0, 2.0]]))
    volume = build.volume(sheared)
    stack = stackOf(volume, 2)
    world = to_world(volume, np.array([(3.0, 5.0, 4.0)]))
    np.testing.assert_allclose(stack.worldPoints(stack.imagePoints([(3, 5)]), 4), world, atol=1e-9)
