"""`python -m cueseg segment-volume`: the right voxels of the right slices, and what is wrong in words."""

import numpy as np
import pytest
import SimpleITK as sitk

from command_line import predict_by_brightness
from cueseg.cli.main import main
from cueseg.image_files import read_image, read_segmentation
from image_builder import SPACING, disc, disc_volume, rotation, write_series, write_volume

DISC = "18,22 42,22 30,10 30,34"


@pytest.fixture(autouse=True)
def asked(monkeypatch):
    return predict_by_brightness(monkeypatch)


@pytest.fixture
def scan(tmp_path):
    write_series(tmp_path / "scan", disc_volume())
    return tmp_path / "scan"


def words(image, output, points, *more):
    """The command, with its points in a file beside the output."""
    file = output.parent / "points.txt"
    file.write_text(points, encoding="utf-8")
    return ["segment-volume", str(image), "--points", str(file), "--output", str(output), *map(str, more)]


def missed(mask, expected):
    """Share of wrong pixels."""
    return ((mask > 0) ^ expected).sum() / expected.sum()


def test_two_slices_become_a_structure(scan, tmp_path, capsys):
    output = tmp_path / "organ.seg.nrrd"
    assert main(words(scan, output, f"# liver\n4  {DISC}\n\n1  {DISC}  # first\n", "--name", "liver")) == 0
    mask = read_segmentation(output, read_image(scan)).mask_of("liver")
    assert mask.any(axis=(1, 2)).tolist() == [False, True, True, True, True, False]
    for index in (1, 2, 3, 4):
        assert missed(mask[index], disc()) <= 0.03
    said = capsys.readouterr()
    millilitres = mask.sum() * np.prod(SPACING) / 1000
    assert said.out.startswith(
        f"liver: {mask.sum()} voxels ({millilitres:.1f} ml) on 4 axial slices of scan (2 clicked, 2 derived), "
    )
    assert said.out.endswith(f" s -> {output}; to improve it, click slice 2\n")
    assert said.err == ""


def test_slices_are_only_filled_on_request(scan, tmp_path, capsys):
    output = tmp_path / "organ.nrrd"
    small = "22,22 38,22 30,14 30,30"
    assert main(words(scan, output, f"0 {DISC}\n5 {small}", "--fill-only")) == 0
    labels = sitk.GetArrayFromImage(sitk.ReadImage(str(output)))
    areas = [int((labels[k] == 1).sum()) for k in range(6)]
    assert areas == sorted(areas, reverse=True)
    assert areas[0] > areas[2] > areas[4]
    assert "(2 clicked, 4 filled)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("axis", "points", "array_axis", "slices"),
    [
        ("coronal", "20 18,2 42,2 30,-1.5 30,5.5\n24 18,2 42,2 30,-1.5 30,5.5", 1, (20, 24)),
        ("sagittal", "28 10,2 34,2 22,-.5 22,5.5\n32 10,2 34,2 22,-.5 22,5.5", 2, (28, 32)),
    ],
)
def test_slices_across_the_stored_ones(tmp_path, axis, points, array_axis, slices):
    image, output = tmp_path / "ct.nii.gz", tmp_path / "a.nii.gz"
    write_volume(image, disc_volume(), rotation(10))
    assert main(words(image, output, points, "--axis", axis, "--modality", "ct")) == 0
    labels = np.moveaxis(sitk.GetArrayFromImage(sitk.ReadImage(str(output))), array_axis, 0)
    assert np.flatnonzero(labels.any(axis=(1, 2))).tolist() == list(range(slices[0], slices[1] + 1))
    middle = labels[sum(slices) // 2]
    expected = np.broadcast_to(np.take(disc(), sum(slices) // 2, axis=array_axis - 1), middle.shape)
    assert missed(middle, expected) <= 0.1


def test_progress_is_told_on_request(scan, tmp_path, capsys):
    assert main([*words(scan, tmp_path / "a.nrrd", f"0 {DISC}\n5 {DISC}"), "-v"]) == 0
    said = capsys.readouterr().err
    assert "clicked: slice 1 of 2 ..." in said
    assert "between: slice 1 of 4 ..." in said


@pytest.mark.parametrize(
    ("points", "more", "message"),
    [
        ("", [], "points.txt lists no slice: write lines like"),
        (
            f"x {DISC}",
            [],
            "points.txt, line 1: a line begins with the number of a slice, from 0, not with 'x'",
        ),
        (f"-1 {DISC}", [], "not with '-1'"),
        (f"1 {DISC}\n1 {DISC}", [], "points.txt, line 2: slice 1 is listed twice"),
        ("1 18,22 42,22 30,10", [], "points.txt, line 1: '18,22 42,22 30,10' are no four points"),
        ("1 1,1 1,1 1,1 1,1", [], "line 1: all four points are at the same place"),
        (f"6 {DISC}", [], "scan has 6 axial slices, from 0 to 5; there is no slice 6"),
        (f"1 {DISC}\n9 {DISC}", [], "there is no slice 9: the volume has slices 0 to 5"),
        ("1 600,2 610,2 605,1 605,9", [], "slice 1: the four points"),
        (f"1 {DISC}", ["--threshold", 2], "threshold must lie between 0 and 1, got 2.0"),
        (f"1 {DISC}", ["--threshold", 0.9999999], "slice 1: nothing reaches the threshold"),
        (f"1 {DISC}", ["--min-agreement", 7], "min_agreement must lie from 0 to 1, got 7.0"),
        (f"1 {DISC}", ["--name", ""], "the name of a segment must be printable text"),
        (f"1 {DISC}", ["--output", "mask.jpg"], "mask.jpg must be a name that ends in one of .seg.nrrd"),
    ],
)
def test_bad_input_ends_with_3_and_a_message(scan, tmp_path, capsys, points, more, message):
    assert main(words(scan, tmp_path / "a.seg.nrrd", points, *more)) == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert message in said.err
    assert sorted(item.name for item in tmp_path.iterdir()) == ["points.txt", "scan"]


def test_a_missing_file_of_points_and_an_unclear_modality(tmp_path, capsys):
    write_volume(tmp_path / "image.nrrd", disc_volume())
    command = words(tmp_path / "image.nrrd", tmp_path / "a.nrrd", f"1 {DISC}")
    assert main(command) == 3
    assert "does not say what kind of image it is: add --modality" in capsys.readouterr().err
    (tmp_path / "points.txt").unlink()
    assert main(command) == 3
    assert "points.txt" in capsys.readouterr().err


def test_outputs_are_replaced_only_on_request(scan, tmp_path, capsys):
    output = tmp_path / "a.seg.nrrd"
    output.write_text("precious", encoding="utf-8")
    command = words(scan, output, f"1 {DISC}")
    assert main(command) == 3
    assert "exists" in capsys.readouterr().err
    assert output.read_text(encoding="utf-8") == "precious"
    assert main([*command, "--overwrite"]) == 0
    assert read_segmentation(output, read_image(scan)).mask_of("Segment_1").any()


def test_a_structure_is_added_to_a_file_and_other_slices_of_it_stay(scan, tmp_path, capsys):
    output, image = tmp_path / "a.seg.nrrd", read_image(scan)
    assert main(words(scan, output, f"0 {DISC}\n2 {DISC}", "--name", "liver")) == 0
    assert main(words(scan, output, f"1 {DISC}", "--append")) == 0
    first = read_segmentation(output, image).mask_of("liver")
    assert read_segmentation(output, image).mask_of("Segment_1").any(axis=(1, 2)).tolist() == [
        k == 1 for k in range(6)
    ]
    capsys.readouterr()
    small = "22,22 38,22 30,14 30,30"
    assert main(words(scan, output, f"2 {small}\n4 {small}", "--append", "--name", "liver")) == 0
    assert f"in place of {first[2].sum()} voxels" in capsys.readouterr().out
    after = read_segmentation(output, image).mask_of("liver")
    np.testing.assert_array_equal(after[:2], first[:2])
    assert 0 < after[2].sum() < first[2].sum()
    assert after.any(axis=(1, 2)).tolist() == [True] * 5 + [False]
    assert main(words(scan, tmp_path / "a.nii.gz", f"1 {DISC}", "--append")) == 3
    assert "--append needs a .seg.nrrd file" in capsys.readouterr().err


def test_parts_of_a_structure_have_points_of_their_own(scan, tmp_path, asked):
    left, right = "18,22 29,22 24,12 24,32", "31,22 42,22 36,12 36,32"
    output = tmp_path / "a.seg.nrrd"
    assert main(words(scan, output, f"1 {left} {right}\n3 {left} {right}")) == 0
    mask = read_segmentation(output, read_image(scan)).mask_of("Segment_1")
    assert mask[1:4, :, :30].any(axis=(1, 2)).all()
    assert mask[1:4, :, 31:].any(axis=(1, 2)).all()
