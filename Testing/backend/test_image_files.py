"""Images come in with their values, geometry and modality; what cannot be read says why."""

import gzip
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from cueseg.image_files import ImageFile, read_image
from image_builder import ORIGIN, SPACING, disc_volume, rotation, write_volume

NRRD_HEADER = (
    b"NRRD0004\ntype: short\ndimension: 3\nspace: %s\nsizes: %s\nspace directions: (1,0,0) (0,2,0) (0,0,3)\n"
    b"kinds: domain domain domain\nencoding: raw\nendian: little\nspace origin: (1,2,3)\n\n"
)


def write_picture(path: Path, array: np.ndarray) -> Path:
    sitk.WriteImage(sitk.GetImageFromArray(array, isVector=array.ndim == 3), str(path))
    return path


@pytest.mark.parametrize("ending", [".nrrd", ".nii", ".nii.gz", ".mha", ".mhd"])
@pytest.mark.parametrize("angle", [0, 25])
def test_volumes_keep_values_and_geometry(tmp_path, ending, angle):
    path = tmp_path / f"case 1{ending}"
    stored = write_volume(path, disc_volume(), rotation(angle))
    image = read_image(path)
    np.testing.assert_array_equal(image.array, disc_volume())
    assert image.array.dtype == np.int16
    assert (image.name, image.modality, image.picture) == ("case 1", None, False)
    np.testing.assert_allclose(image.spacing, SPACING)
    np.testing.assert_allclose(image.origin, ORIGIN)
    np.testing.assert_allclose(image.direction, rotation(angle), atol=1e-6)
    corner = stored.TransformIndexToPhysicalPoint((5, 4, 3))
    np.testing.assert_allclose((image.ijk_to_lps() @ (5, 4, 3, 1))[:3], corner, atol=1e-4)


def test_positions_in_ras_become_lps(tmp_path):
    (tmp_path / "ras.nrrd").write_bytes(NRRD_HEADER % (b"right-anterior-superior", b"2 3 4") + bytes(2 * 24))
    image = read_image(tmp_path / "ras.nrrd")
    np.testing.assert_array_equal((image.ijk_to_lps() @ (1, 1, 1, 1))[:3], [-2, -4, 6])


@pytest.mark.parametrize("ending", [".png", ".jpg", ".tif"])
def test_grey_pictures(tmp_path, ending):
    values = np.full((7, 9), 130, np.uint8)
    image = read_image(write_picture(tmp_path / f"cells{ending}", values))
    np.testing.assert_allclose(image.array, values[None], atol=1)
    assert (image.modality, image.picture, image.shape) == ("grey", True, (1, 7, 9))


def test_pictures_of_16_bits_keep_them(tmp_path):
    values = np.arange(63, dtype=np.uint16).reshape(7, 9) * 1000
    image = read_image(write_picture(tmp_path / "cells.PNG", values))
    np.testing.assert_array_equal(image.array[0], values)
    assert image.array.dtype == np.uint16


@pytest.mark.parametrize("channels", [3, 4])
def test_colour_pictures_lose_alpha_only(tmp_path, channels):
    values = np.arange(7 * 9 * channels, dtype=np.uint8).reshape(7, 9, channels)
    image = read_image(write_picture(tmp_path / "stained.png", values))
    np.testing.assert_array_equal(image.array, values[None, ..., :3])
    assert (image.modality, image.shape) == ("rgb", (1, 7, 9))


def test_a_stack_of_pictures_has_slices(tmp_path):
    path = tmp_path / "stack.tif"
    sitk.WriteImage(sitk.GetImageFromArray(np.arange(60, dtype=np.uint8).reshape(3, 4, 5)), str(path))
    assert read_image(path).shape == (3, 4, 5)


def test_a_single_slice_of_a_volume_lies_in_a_plane(tmp_path):
    picture = sitk.GetImageFromArray(np.zeros((4, 5), np.float32))
    picture.SetSpacing((0.5, 2.0))
    picture.SetOrigin((7.0, 8.0))
    picture.SetDirection((0.0, -1.0, 1.0, 0.0))
    sitk.WriteImage(picture, str(tmp_path / "slice.mha"))
    image = read_image(tmp_path / "slice.mha")
    assert (image.shape, image.spacing, image.origin) == ((1, 4, 5), (0.5, 2.0, 1.0), (7.0, 8.0, 0.0))
    assert image.direction == (0.0, -1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0)


def test_one_time_point_is_a_volume(tmp_path):
    path = tmp_path / "bold.nrrd"
    sitk.WriteImage(sitk.GetImageFromArray(np.ones((1, 3, 4, 5), np.int16), isVector=False), str(path))
    assert read_image(path).shape == (3, 4, 5)


def test_several_time_points_are_refused(tmp_path):
    path = tmp_path / "bold.nii.gz"
    sitk.WriteImage(sitk.GetImageFromArray(np.ones((2, 3, 4, 5), np.int16), isVector=False), str(path))
    with pytest.raises(ValueError, match=r"bold.nii.gz has 4 dimensions \(5 x 4 x 3 x 2\).*save one"):
        read_image(path)


def test_vector_fields_are_refused(tmp_path):
    write_volume(tmp_path / "warp.nrrd", np.zeros((2, 3, 4, 3), np.float32))
    with pytest.raises(
        ValueError, match=r"warp holds 3 values of type float32 in every pixel; give an image"
    ):
        read_image(tmp_path / "warp.nrrd")


def test_complex_values_are_refused(tmp_path):
    sitk.WriteImage(sitk.GetImageFromArray(np.zeros((2, 3, 4), np.complex64)), str(tmp_path / "raw.nrrd"))
    with pytest.raises(ValueError, match=r"raw holds .* values.*; give an image"):
        read_image(tmp_path / "raw.nrrd")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.png", b"", "empty.png is empty: copy or export it again"),
        ("notes.txt", b"hello", "not an image that can be read, or it is damaged; give a DICOM folder"),
        ("text.nrrd", b"hello", "not an image that can be read"),
        ("cut.nrrd", NRRD_HEADER % (b"left-posterior-superior", b"2 3 4"), "it is damaged or of an unsuppor"),
        ("none.nrrd", NRRD_HEADER % (b"left-posterior-superior", b"0 3 4"), "axis 0 size is zero"),
        (
            "cut.png",
            b"\x89PNG\r\n\x1a\n1234",
            r"cut.png cannot be read, it is damaged .*copy or export it again",
        ),
        ("cut.nii.gz", gzip.compress(b"n+1"), "cut.nii.gz"),
    ],
)
def test_damaged_files_say_so(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_image(tmp_path / name)


def test_missing_files_say_so(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing.nrrd does not exist: check the path"):
        read_image(tmp_path / "nothing.nrrd")


def test_a_series_can_only_be_chosen_in_a_folder(tmp_path):
    write_volume(tmp_path / "ct.nrrd", disc_volume())
    with pytest.raises(ValueError, match="is a file: a series can only be chosen in a DICOM folder"):
        read_image(tmp_path / "ct.nrrd", series="1.2")


def test_itk_warnings_are_shown_again_afterwards(tmp_path):
    assert sitk.ProcessObject.GetGlobalWarningDisplay()
    (tmp_path / "bad.nrrd").write_bytes(b"NRRD0004\n")
    with pytest.raises(ValueError, match="is damaged"):
        read_image(tmp_path / "bad.nrrd")
    assert sitk.ProcessObject.GetGlobalWarningDisplay()


def test_an_image_in_memory_has_a_plain_geometry():
    np.testing.assert_array_equal(ImageFile(np.zeros((1, 2, 3))).ijk_to_lps(), np.eye(4))
