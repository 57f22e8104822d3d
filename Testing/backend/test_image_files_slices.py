"""Slices along anatomical axes, whatever way the volume is stored, and masks back where they came from."""

import itertools
import logging

import numpy as np
import pytest

from cueseg.image_files import AXES, ImageFile, extract_slice, place_mask, slice_count
from image_builder import rotation

SHAPE = (4, 5, 6)
LPS_OF_AXIS = {"sagittal": 0, "coronal": 1, "axial": 2}


def image_with(direction=(1.0, 0, 0, 0, 1.0, 0, 0, 0, 1.0), **values):
    array = np.arange(np.prod(SHAPE)).reshape(SHAPE)
    return ImageFile(array, (0.5, 0.7, 3.0), (10.0, 20.0, 30.0), tuple(direction), **values)


def positions(image):
    """(slices, rows, cols, 3) LPS of every voxel, straight from the definition of the direction matrix."""
    k, j, i = np.indices(image.shape)
    step = np.reshape(image.direction, (3, 3)).T * np.array(image.spacing)[:, None]
    return np.array(image.origin) + i[..., None] * step[0] + j[..., None] * step[1] + k[..., None] * step[2]


def signed_permutations():
    """All ways to store a volume parallel to the patient axes, turned and mirrored."""
    for order in itertools.permutations(range(3)):
        for signs in itertools.product((1.0, -1.0), repeat=3):
            matrix = np.zeros((3, 3))
            matrix[list(order), range(3)] = signs
            yield tuple(matrix.ravel())


@pytest.mark.parametrize("direction", list(signed_permutations()))
def test_a_slice_lies_at_one_place_along_its_axis(direction):
    image = image_with(direction)
    lps = positions(image)
    for axis, coordinate in LPS_OF_AXIS.items():
        for index in range(slice_count(image, axis)):
            cut = extract_slice(image, axis, index)
            chosen = np.isin(image.array, cut.pixels)
            assert chosen.sum() == cut.pixels.size
            assert np.ptp(lps[chosen][:, coordinate]) < 1e-9


@pytest.mark.parametrize("axis", AXES)
def test_spacing_and_shape_belong_to_the_slice(axis):
    cut = extract_slice(image_with(), axis, 2)
    expected = {
        "axial": ((5, 6), (0.7, 0.5)),
        "stored": ((5, 6), (0.7, 0.5)),
        "coronal": ((4, 6), (3.0, 0.5)),
        "sagittal": ((4, 5), (3.0, 0.7)),
    }
    assert (cut.pixels.shape, cut.spacing) == expected[axis]


def test_pixels_are_array_indices_without_flips():
    image = image_with((-1.0, 0, 0, 0, -1.0, 0, 0, 0, -1.0))
    assert extract_slice(image, "axial", 1).pixels[2, 3] == image.array[1, 2, 3]
    assert extract_slice(image, "coronal", 1).pixels[2, 3] == image.array[2, 1, 3]
    assert extract_slice(image, "sagittal", 1).pixels[2, 3] == image.array[2, 3, 1]


def test_stored_slices_ignore_the_orientation():
    sagittal = image_with((0.0, 0, -1.0, 1.0, 0, 0, 0, -1.0, 0))
    assert extract_slice(sagittal, "stored", 3).array_axis == 0
    assert extract_slice(sagittal, "sagittal", 3).array_axis == 0


def test_colour_stays_last():
    colour = ImageFile(np.zeros((*SHAPE, 3), np.uint8))
    assert extract_slice(colour, "coronal", 0).pixels.shape == (4, 6, 3)


@pytest.mark.parametrize(("angle", "reported"), [(0, False), (25, False), (40, True), (-40, True)])
def test_oblique_volumes_take_the_nearest_axis_and_say_so(angle, reported, caplog):
    image = image_with(rotation(angle))
    with caplog.at_level(logging.WARNING):
        assert extract_slice(image, "axial", 0).array_axis == 0
        assert extract_slice(image, "coronal", 0).array_axis == 1
    assert ("slices are tilted by 40 degrees" in caplog.text) == reported


def test_beyond_45_degrees_the_other_axis_is_nearer():
    assert extract_slice(image_with(rotation(60)), "axial", 0).array_axis == 1


def test_three_names_mean_three_axes_however_oblique():
    third = np.sqrt(1 / 3)
    half, sixth = np.sqrt(1 / 2), np.sqrt(1 / 6)
    matrix = np.array([[third, half, sixth], [third, -half, sixth], [third, 0, -2 * sixth]])
    axes = {extract_slice(image_with(matrix.ravel()), axis, 0).array_axis for axis in LPS_OF_AXIS}
    assert axes == {0, 1, 2}


@pytest.mark.parametrize(("axis", "last"), [("axial", 3), ("coronal", 4), ("sagittal", 5)])
def test_slices_out_of_range_are_refused(axis, last):
    for index in (-1, last + 1):
        with pytest.raises(ValueError, match=f"{axis} slices, from 0 to {last}; there is no slice {index}"):
            extract_slice(image_with(), axis, index)


def test_unknown_axes_are_refused():
    with pytest.raises(ValueError, match="unknown axis 'frontal'; choose one of axial, coronal"):
        extract_slice(image_with(), "frontal", 0)


def test_pictures_are_not_cut_across():
    picture = ImageFile(np.zeros((1, 5, 6)), name="cells", picture=True)
    with pytest.raises(ValueError, match="cells is a picture and has no coronal slices: leave the axis out"):
        extract_slice(picture, "coronal", 0)


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("direction", [rotation(0), rotation(80), (0.0, 0, -1.0, 1.0, 0, 0, 0, -1.0, 0)])
def test_a_mask_returns_to_its_voxels(axis, direction):
    image = image_with(direction)
    cut = extract_slice(image, axis, 2)
    mask = np.zeros(cut.pixels.shape, bool)
    mask[1:3, 2:4] = True
    labels = place_mask(image, cut, mask)
    assert (labels.shape, labels.dtype, labels.max()) == (SHAPE, np.uint8, 1)
    np.testing.assert_array_equal(np.sort(image.array[labels == 1]), np.sort(cut.pixels[mask]))


def test_masks_of_another_shape_are_refused():
    cut = extract_slice(image_with(), "axial", 0)
    with pytest.raises(
        ValueError, match=r"the mask has shape \(6, 5\), but the slice it is for has \(5, 6\)"
    ):
        place_mask(image_with(), cut, np.ones((6, 5)))
