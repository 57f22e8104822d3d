"""DICOM folders: one series becomes one volume, and slices that do not are refused or reported."""

import logging

import numpy as np
import pytest

from cueseg.image_files import read_image
from image_builder import ORIGIN, SHAPE, SPACING, disc_volume, write_series


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "scan"


@pytest.mark.parametrize("compressor", ["", "JPEG2000"])
def test_a_series_is_sorted_by_position(folder, compressor, caplog):
    write_series(folder, disc_volume(), compressor=compressor)
    files = list(folder.glob("*.dcm"))
    assert len(files) == SHAPE[0]
    assert all((b"1.2.840.10008.1.2.4.90" in file.read_bytes()) == bool(compressor) for file in files)
    image = read_image(folder)
    np.testing.assert_array_equal(image.array, disc_volume())
    np.testing.assert_allclose(image.spacing, SPACING)
    np.testing.assert_allclose(image.origin, ORIGIN)
    assert (image.modality, image.name, image.picture) == ("ct", "scan", False)
    assert caplog.records == []


@pytest.mark.parametrize(("tag", "modality"), [("CT", "ct"), ("MR", "mr"), ("US", "grey"), ("PT", "grey")])
def test_the_modality_tag_decides(folder, tag, modality):
    write_series(folder, disc_volume()[:2], modality=tag)
    assert read_image(folder).modality == modality


def test_one_file_is_one_slice(folder):
    write_series(folder, disc_volume()[3:4])
    (file,) = folder.glob("*.dcm")
    image = read_image(file)
    np.testing.assert_array_equal(image.array, disc_volume()[3:4])
    assert image.modality == "ct"


def test_sagittal_series_keep_their_geometry(folder):
    write_series(folder, disc_volume(), orientation="0\\1\\0\\0\\0\\-1", stacking=(-1.0, 0.0, 0.0))
    image = read_image(folder)
    np.testing.assert_array_equal(image.array, disc_volume())
    moved = image.ijk_to_lps() @ np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]).T
    np.testing.assert_allclose(moved[:3].T, [[0, 0.75, 0], [0, 0, -0.5], [-2.5, 0, 0]], atol=1e-9)


def test_several_series_are_listed(folder):
    write_series(folder, disc_volume(), uid="1.2.826.1", description="plain")
    write_series(folder, disc_volume()[:4] + 1, uid="1.2.826.22", modality="MR", description="")
    with pytest.raises(ValueError, match="holds 2 series; choose one with --series UID") as caught:
        read_image(folder)
    lines = str(caught.value).splitlines()
    assert lines[1:] == ["  1.2.826.1  CT, 6 files, plain", "  1.2.826.22  MR, 4 files"]


def test_a_series_is_chosen_by_its_uid_or_the_beginning_of_it(folder):
    write_series(folder, disc_volume(), uid="1.2.826.2")
    write_series(folder, disc_volume()[:4], uid="1.2.826.22")
    assert len(read_image(folder, series="1.2.826.2").array) == 6
    assert len(read_image(folder, series="1.2.826.22").array) == 4
    with pytest.raises(ValueError, match=r"2 series of .* begin with '1.2'; there are:\n  1.2.826.2 "):
        read_image(folder, series="1.2")
    with pytest.raises(ValueError, match=r"no series of .* begin with '9'"):
        read_image(folder, series="9")


def test_a_folder_without_dicom_says_what_to_give(folder):
    folder.mkdir()
    (folder / "readme.txt").write_text("no image", encoding="utf-8")
    with pytest.raises(
        FileNotFoundError, match=r"no DICOM files in .*scan \(folders within are not searched\)"
    ):
        read_image(folder)


def test_missing_slices_are_reported(folder, caplog):
    write_series(folder, disc_volume(), positions=[0, 2.5, 5, 10, 12.5, 15])
    with caplog.at_level(logging.WARNING):
        image = read_image(folder)
    assert image.shape == SHAPE
    assert "slices lie 2.5 to 5 mm apart, some may be missing; 3 mm is assumed throughout" in caplog.text


def test_repeated_positions_are_refused(folder):
    write_series(folder, disc_volume(), positions=[0, 0, 2.5, 2.5, 5, 5])
    with pytest.raises(ValueError, match=r"holds 6 slices, but only 3 positions \(several phases or echoes"):
        read_image(folder)


def test_localisers_are_refused(folder):
    write_series(folder, disc_volume()[:1])
    write_series(folder / "b", disc_volume()[:1], orientation="0\\1\\0\\0\\0\\-1")
    (other,) = (folder / "b").iterdir()
    other.rename(folder / "other.dcm")
    with pytest.raises(ValueError, match="slices of several orientations"):
        read_image(folder)


def test_slices_of_several_sizes_are_refused(folder):
    write_series(folder, disc_volume()[:1])
    write_series(folder / "b", disc_volume()[:1, :40], positions=[2.5])
    (other,) = (folder / "b").iterdir()
    other.rename(folder / "other.dcm")
    with pytest.raises(ValueError, match=r"cannot be read .* differ in size or a file is damaged; export"):
        read_image(folder)


def test_a_tilted_gantry_is_reported(folder, caplog):
    write_series(folder, disc_volume(), stacking=(0.0, np.sin(0.3), np.cos(0.3)))
    with caplog.at_level(logging.WARNING):
        read_image(folder)
    assert "tilted by 17.2 degrees" in caplog.text
