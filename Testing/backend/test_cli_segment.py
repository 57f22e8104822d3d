"""`python -m cueseg segment`: the right voxels of the right slice, and nothing lost that was there before."""

import logging

import numpy as np
import pytest
import SimpleITK as sitk

import cueseg
from command_line import predict_by_brightness, segment_words
from cueseg.cli.main import main
from cueseg.image_files import read_image, read_segmentation
from image_builder import SPACING, disc, disc_volume, rotation, write_series, write_volume


@pytest.fixture(autouse=True)
def asked(monkeypatch):
    return predict_by_brightness(monkeypatch)


@pytest.fixture
def scan(tmp_path):
    write_series(tmp_path / "scan", disc_volume())
    return tmp_path / "scan"


def missed(mask, expected):
    """Share of wrong pixels."""
    return ((mask > 0) ^ expected).sum() / expected.sum()


def test_four_points_on_a_dicom_slice_become_a_segment(asked, scan, tmp_path, capsys):
    output = tmp_path / "organ.seg.nrrd"
    assert main(segment_words(scan, output, "--slice", 2, "--name", "liver")) == 0
    mask = read_segmentation(output, read_image(scan)).mask_of("liver")
    assert mask.any(axis=(1, 2)).tolist() == [False, False, True, False, False, False]
    assert missed(mask[2], disc()) <= 0.03
    said = capsys.readouterr()
    area = mask.sum() * SPACING[0] * SPACING[1]
    assert said.out.startswith(
        f"liver: {mask.sum()} px ({area:.1f} mm²) on axial slice 2 of scan, probability 0."
    )
    assert said.out.endswith(f" ms (cpu) -> {output}\n")
    assert said.err == ""
    assert asked == ["default"]


def test_slices_of_one_segment_come_one_by_one(scan, tmp_path, capsys):
    output = tmp_path / "organ.seg.nrrd"
    for index in (1, 2, 2):
        assert main(segment_words(scan, output, "--slice", index, "--name", "liver", "--append")) == 0
    liver = read_segmentation(output, read_image(scan)).mask_of("liver")
    assert liver.any(axis=(1, 2)).tolist() == [False, True, True, False, False, False]
    *_, last = capsys.readouterr().out.splitlines()
    assert last.endswith(f", in place of {liver[2].sum()} px")


def test_appending_without_a_name_adds_a_segment(scan, tmp_path):
    output = tmp_path / "organ.seg.nrrd"
    for _ in range(2):
        assert main(segment_words(scan, output, "--slice", 1, "--append")) == 0
    segmentation = read_segmentation(output, read_image(scan))
    assert [item.name for item in segmentation.segments] == ["Segment_1", "Segment_2"]
    np.testing.assert_array_equal(segmentation.mask_of("Segment_1"), segmentation.mask_of("Segment_2"))


@pytest.mark.parametrize(
    ("axis", "index", "array_axis", "points"),
    [
        ("coronal", 22, 1, ("18,2", "42,2", "30,-1.5", "30,5.5")),
        ("sagittal", 30, 2, ("10,2", "34,2", "22,-.5", "22,5.5")),
    ],
)
def test_slices_across_the_stored_ones(tmp_path, axis, index, array_axis, points):
    image, output = tmp_path / "ct.nii.gz", tmp_path / "a.nii.gz"
    write_volume(image, disc_volume(), rotation(10))
    more = ("--axis", axis, "--slice", index, "--modality", "ct")
    assert main(segment_words(image, output, *more, points=points)) == 0
    labels = sitk.GetArrayFromImage(sitk.ReadImage(str(output)))
    found = np.take(labels, index, axis=array_axis)
    assert found.sum() == labels.sum()
    expected = np.broadcast_to(np.take(disc(), index, axis=array_axis - 1), found.shape)
    assert missed(found, expected) <= 0.1


def test_points_left_of_the_image_are_understood(scan, tmp_path):
    points = ("-1,22", "42,22", "-.5,10", "30,34")
    assert main(segment_words(scan, tmp_path / "a.nrrd", "--slice", 2, points=points)) == 0


@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_need_neither_slice_nor_modality(tmp_path, channels, capsys):
    pixels = np.where(disc(), 220, 30).astype(np.uint8)
    pixels = pixels if channels == 1 else np.repeat(pixels[..., None], 3, axis=2)
    sitk.WriteImage(sitk.GetImageFromArray(pixels, isVector=channels > 1), str(tmp_path / "cell.png"))
    assert main(segment_words(tmp_path / "cell.png", tmp_path / "mask.png")) == 0
    mask = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "mask.png")))
    assert np.unique(mask).tolist() == [0, 255]
    assert missed(mask, disc()) <= 0.03
    assert " px on stored slice 0 of cell, " in capsys.readouterr().out


def test_all_slices_of_an_mr_volume_share_one_window(tmp_path, monkeypatch):
    seen = []
    volume = disc_volume().astype(np.float32) * np.arange(1, 7)[:, None, None]
    volume[0, 0, 0] = np.nan  # on another slice: not in the way
    write_volume(tmp_path / "mr.nrrd", volume)
    set_image = cueseg.ExtremePointPredictor.set_image
    monkeypatch.setattr(
        "cueseg.predictor.ExtremePointPredictor.set_image",
        lambda self, *values: seen.append(values[1:]) or set_image(self, *values),
    )
    for index in (1, 4):
        more = ("--slice", index, "--modality", "mr")
        assert main(segment_words(tmp_path / "mr.nrrd", tmp_path / f"{index}.nrrd", *more)) == 0
    low, high = np.nanpercentile(volume, (0.5, 99.5))
    assert seen == [("mr", (SPACING[1], SPACING[0]), (pytest.approx(low), pytest.approx(high)))] * 2


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ([], "scan has 6 axial slices: choose one with --slice, from 0 to 5"),
        (["--slice", 6], "scan has 6 axial slices, from 0 to 5; there is no slice 6"),
        (["--slice", -1], "there is no slice -1"),
        (["--slice", 1, "--series", "9"], "no series of"),
        (["--slice", 1, "--threshold", 2], "threshold must lie between 0 and 1, got 2.0"),
        (["--slice", 1, "--threshold", 0.9999999], "nothing reaches the threshold"),
        (["--slice", 1, "--name", ""], "the name of a segment must be printable text"),
        (["--slice", 1, "--device", "tpu9"], "unknown device 'tpu9'"),
        (["--slice", 1, "--output", "mask.jpg"], "mask.jpg must be a name that ends in one of .seg.nrrd"),
        (["--slice", 1, "--output", "no/a.nrrd"], "the folder no does not exist: create it first"),
        (["--slice", 1, "--output", "mask.nrrd", "--append"], "--append needs a .seg.nrrd file"),
        (["--slice", 1, "--points", "1,1", "1,1", "1,1", "1,1"], "all four points are at the same place"),
        (["--slice", 1, "--points", "nan,1", "1,1", "2,3", "4,1"], "points must be finite"),
    ],
)  # fmt: skip
def test_bad_input_ends_with_3_and_a_message(scan, tmp_path, capsys, more, message):
    assert main(segment_words(scan, tmp_path / "a.seg.nrrd", *more)) == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert message in said.err
    assert [item.name for item in tmp_path.iterdir()] == ["scan"]


def test_an_unclear_modality_must_be_given(tmp_path, capsys):
    write_volume(tmp_path / "image.nrrd", disc_volume())
    assert main(segment_words(tmp_path / "image.nrrd", tmp_path / "a.nrrd", "--slice", 1)) == 3
    said = capsys.readouterr().err
    assert "does not say what kind of image it is: add --modality with one of ct, mr, grey, rgb" in said


def test_outputs_are_replaced_only_on_request(scan, tmp_path, capsys):
    output = tmp_path / "a.seg.nrrd"
    output.write_text("precious", encoding="utf-8")
    assert main(segment_words(scan, output, "--slice", 1)) == 3
    assert "exists already: say --append to add to it, --overwrite to replace it" in capsys.readouterr().err
    assert main(segment_words(scan, output, "--slice", 1, "--append")) == 3
    assert "cannot be read as a segmentation" in capsys.readouterr().err
    assert output.read_text(encoding="utf-8") == "precious"
    assert main(segment_words(scan, output, "--slice", 1, "--overwrite")) == 0
    assert read_segmentation(output, read_image(scan)).mask_of("Segment_1").any()


def test_the_image_is_never_overwritten(tmp_path, capsys):
    image = tmp_path / "ct.nrrd"
    write_volume(image, disc_volume())
    before = image.read_bytes()
    assert main(segment_words(image, image, "--slice", 1, "--modality", "ct", "--overwrite")) == 3
    assert "is the image itself: give another --output" in capsys.readouterr().err
    assert image.read_bytes() == before


def test_warnings_reach_stderr_while_the_command_runs(tmp_path, capsys):
    write_series(tmp_path / "scan", disc_volume(), positions=[0, 2.5, 5, 10, 12.5, 15])
    assert main(segment_words(tmp_path / "scan", tmp_path / "a.nrrd", "--slice", 1)) == 0
    assert capsys.readouterr().err.startswith("warning: series 1.2.826.1: slices lie 2.5 to 5 mm apart")
    assert logging.getLogger("cueseg").handlers == []
