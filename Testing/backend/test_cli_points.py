"""`python -m cueseg points`: seven points in a file, labels and a segment in others."""

import json

import numpy as np
import pytest
import SimpleITK as sitk

from cueseg.cli.main import main
from cueseg.image_files import read_image, read_segmentation
from cueseg.seven_points import expand_points, read_targets, segment_from_points, simulated_target

SHAPE, SPACING = (12, 20, 22), (1.5, 1.0, 2.0)  # of (cols, rows, slices)
ORIGIN = (10.0, -20.0, 30.0)
TURNED = (0.0, -1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, -1.0)  # columns of the image run along +y, slices along -z


@pytest.fixture
def files(tmp_path):
    """A turned volume with a bright block, and its seven points as markups in LPS."""
    mask = np.zeros(SHAPE, bool)
    mask[3:9, 5:14, 6:16] = True
    volume = sitk.GetImageFromArray(
        (mask + np.random.default_rng(0).normal(0, 0.1, SHAPE)).astype(np.float32)
    )
    volume.SetSpacing(SPACING)
    volume.SetOrigin(ORIGIN)
    volume.SetDirection(TURNED)
    sitk.WriteImage(volume, str(tmp_path / "ct.nrrd"))
    target = simulated_target(mask, SPACING[::-1])
    points = [volume.TransformContinuousIndexToPhysicalPoint(p) for p in (target.seed, *target.outside)]
    _write_markups(tmp_path / "points.mrk.json", [points])
    return tmp_path, target, points


def _write_markups(path, lists, system="LPS", more=()):
    sign = np.array([1, 1, 1] if system == "LPS" else [-1, -1, 1])
    markups = [
        {
            "type": "Fiducial",
            "coordinateSystem": system,
            "controlPoints": [{"position": (sign * point).tolist()} for point in points] + list(more),
        }
        for points in lists
    ]
    path.write_text(json.dumps({"markups": markups}), encoding="utf-8")


def _words(folder, *more, points="points.mrk.json"):
    return ["points", str(folder / "ct.nrrd"), "--points", str(folder / points), *map(str, more)]


@pytest.mark.parametrize("system", ["LPS", "RAS"])
def test_markups_lie_where_the_image_does(files, system):
    folder, target, points = files
    unplaced = {"position": [0, 0, 0], "positionStatus": "undefined"}
    _write_markups(folder / "points.mrk.json", [points, []], system, [unplaced])
    (found,) = read_targets(folder / "points.mrk.json", read_image(folder / "ct.nrrd"))
    np.testing.assert_allclose(found.seed, target.seed, atol=1e-6)
    np.testing.assert_allclose(found.outside, target.outside, atol=1e-6)


def test_labels_and_mask_are_those_of_the_package(files, capsys):
    folder, target, _ = files
    image = read_image(folder / "ct.nrrd")
    outputs = ("--labels", folder / "labels.nii.gz", "--output", folder / "out.seg.nrrd", "--name", "cyst")
    assert main(_words(folder, *outputs, "--threshold", 0.3)) == 0
    written = sitk.ReadImage(str(folder / "labels.nii.gz"))
    expected = expand_points(image.array, [target], SPACING[::-1], 0.3)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(written), expected)
    assert set(np.unique(expected)) == {0, 1, 2}
    np.testing.assert_allclose(written.GetOrigin(), ORIGIN, atol=1e-5)
    mask = read_segmentation(folder / "out.seg.nrrd", image).mask_of("cyst")
    assert mask.any()
    defaults = segment_from_points(image.array, [target], SPACING[::-1]).mask
    assert (mask & defaults).sum() > 0.9 * defaults.sum()
    said = capsys.readouterr().out
    assert f"object {(expected == 1).sum()} voxels, unknown {(expected == 2).sum()}" in said
    assert f"cyst {mask.sum()} voxels" in said


def test_targets_in_pixels_and_two_of_them(files):
    folder, target, _ = files
    one = {"seed": list(target.seed), "outside": [list(point) for point in target.outside]}
    (folder / "targets.json").write_text(json.dumps({"targets": [one, one]}), encoding="utf-8")
    image = read_image(folder / "ct.nrrd")
    assert read_targets(folder / "targets.json", image) == [target, target]
    assert main(_words(folder, "--labels", folder / "labels.nrrd", points="targets.json")) == 0
    labels = sitk.GetArrayFromImage(sitk.ReadImage(str(folder / "labels.nrrd")))
    np.testing.assert_array_equal(labels, expand_points(image.array, [target], SPACING[::-1]))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ((), "nothing is to be written: give --labels, --output or both"),
        (("--labels", "a.nrrd", "--output", "a.nrrd"), "--labels and --output are both"),
        (("--labels", "ct.nrrd"), "is the image itself"),
        (("--labels", "a.seg.nrrd"), "label numbers need .nrrd"),
        (("--labels", "a.nrrd", "--threshold", "3"), "threshold is 3.0"),
        (("--labels", "a.nrrd", "--weight", "-1"), "weight is -1.0"),
        (("--labels", "a.txt"), "must be a name that ends in"),
    ],
)
def test_bad_arguments_are_named(files, capsys, more, message):
    folder, _, _ = files
    words = [str(folder / word) if "." in word and word[0].isalpha() else word for word in more]
    assert main(_words(folder, *words)) == 3
    assert message in capsys.readouterr().err
    assert not (folder / "a.nrrd").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[", "is not JSON"),
        ("{}", 'holds neither "markups" nor "targets"'),
        ('{"markups": []}', "holds no points: place a seed"),
        ('{"targets": [{"seed": [1, 2, 3]}]}', 'a target without "seed"'),
        ('{"targets": [{"seed": [1, 2], "outside": []}]}', "the seed must be (x, y, z)"),
        ('{"markups": [{"controlPoints": [{"label": "F"}]}]}', "without a position of three numbers"),
        (
            '{"markups": [{"coordinateSystem": "IJK", "controlPoints": [{"position": [0, 0, 0]}]}]}',
            "gives its points in 'IJK'",
        ),
        (
            '{"targets": [{"seed": [10, 9, 5], "outside": [[2, 9, 5]]}]}',
            "no point lies beyond the object's +x end",
        ),
    ],
)
def test_bad_points_are_named_and_nothing_is_written(files, capsys, content, message):
    folder, _, _ = files
    (folder / "bad.json").write_text(content, encoding="utf-8")
    assert main(_words(folder, "--labels", folder / "a.nrrd", points="bad.json")) == 3
    assert message in capsys.readouterr().err
    assert not (folder / "a.nrrd").exists()
    assert main(_words(folder, "--labels", folder / "a.nrrd", points="absent.json")) == 3
    assert "absent.json does not exist" in capsys.readouterr().err


def test_doubts_are_noted(files, capsys):
    folder, target, _ = files
    outside = [list(point) for point in target.outside]
    near = [*target.seed]
    near[0] += 2
    one = {"seed": list(target.seed), "outside": [outside[0], near, *outside[2:]]}
    (folder / "near.json").write_text(json.dumps({"targets": [one]}), encoding="utf-8")
    assert main(_words(folder, "--labels", folder / "a.nrrd", points="near.json")) == 0
    assert "note: target 1: outside point 2 seems to lie on the object: move it farther along +x" in (
        capsys.readouterr().err
    )
