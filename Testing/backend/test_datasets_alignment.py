"""Labels whose file stores the voxels in another order come to lie where SimpleITK's resampling puts them."""

from itertools import permutations, product

import numpy as np
import pytest
import SimpleITK as sitk

from cueseg.cli.main import main
from cueseg.datasets import list_data_set, write_manifest
from cueseg.datasets.alignment import placed_on
from cueseg.datasets.splits import complete_splits
from cueseg.image_files import ImageFile, read_image
from cueseg.training.cases import read_manifest
from data_set_folders import image_of, labels_of, save
from image_builder import rotation


def scan(shape=(4, 5, 6)):
    """An oblique volume of voxels that are all different."""
    image = sitk.GetImageFromArray(np.arange(np.prod(shape), dtype=np.int16).reshape(shape))
    image.SetSpacing((0.7, 0.9, 2.5))
    image.SetOrigin((-3.0, 8.0, 20.0))
    image.SetDirection(rotation(20))
    return image


def stored_as(image, order, flips):
    """The same voxels at the same places, stored along other axes."""
    turned = sitk.PermuteAxes(image, order)
    return sitk.Flip(turned, flips, flipAboutOrigin=False)


def file_of(image):
    return ImageFile(
        sitk.GetArrayFromImage(image), image.GetSpacing(), image.GetOrigin(), image.GetDirection()
    )


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_all_orders_of_axes_give_the_same_voxels(order, tmp_path):
    image = scan()
    for flips in product((False, True), repeat=3):
        other = stored_as(image, order, flips)
        found = placed_on(file_of(image), file_of(other), tmp_path / "x.nii")
        resampled = sitk.Resample(other, image, sitk.Transform(), sitk.sitkNearestNeighbor)
        assert np.array_equal(found, sitk.GetArrayFromImage(resampled))
        assert np.array_equal(found, sitk.GetArrayFromImage(image))


def test_grids_that_do_not_coincide_are_refused_with_the_distance(tmp_path):
    image = file_of(scan())
    moved = scan()
    moved.SetOrigin((-3.0, 8.0, 25.0))  # 5 mm x sin 20 degrees = 1.9 rows of 0.9 mm
    with pytest.raises(
        ValueError, match=r"x\.nii lies up to 1\.9 voxels beside image by their headers: resample"
    ):
        placed_on(image, file_of(moved), tmp_path / "x.nii")
    turned = scan()
    turned.SetDirection(rotation(65))
    with pytest.raises(ValueError, match=r"x\.nii (is turned|lies up to)"):
        placed_on(image, file_of(turned), tmp_path / "x.nii")
    rounded = scan()
    rounded.SetOrigin((-3.0001, 8.0001, 20.0))
    assert np.array_equal(placed_on(image, file_of(rounded), tmp_path / "x.nii"), image.array)


def test_headers_that_say_nothing_are_no_contradiction(tmp_path):
    image, plain = file_of(scan()), ImageFile(file_of(scan()).array)
    assert placed_on(image, plain, tmp_path / "x.nii") is plain.array
    assert placed_on(plain, image, tmp_path / "x.nii") is image.array


def test_a_manifest_of_turned_labels_gives_aligned_cases(tmp_path, capsys):
    path = save(tmp_path / "a_ct.nrrd", image_of(labels_of(1, 2, 3)))
    labels = sitk.GetImageFromArray(labels_of(1, 2, 3))
    labels.CopyInformation(sitk.ReadImage(str(path)))
    sitk.WriteImage(stored_as(labels, (2, 0, 1), (True, False, True)), str(tmp_path / "a_seg.nii.gz"))
    options = {"images": "{id}_ct.nrrd", "labels": "{id}_seg.nii.gz", "modality": "ct", "classes": {"a": [1]}}
    write_manifest(tmp_path / "m.json", complete_splits(list_data_set("own", tmp_path, **options), (1, 0, 0)))
    (case,) = read_manifest(tmp_path / "m.json")
    assert np.array_equal(case.image, image_of(case.labels))
    assert np.array_equal(read_image(path).array, case.image)
    shifted = sitk.ReadImage(str(tmp_path / "a_seg.nii.gz"))
    shifted.SetOrigin((0, 0, 0))
    sitk.WriteImage(shifted, str(tmp_path / "a_seg.nii.gz"))
    with pytest.raises(
        ValueError, match=r"a: .*a_seg\.nii\.gz lies up to .* voxels beside a_ct by their headers"
    ):
        read_manifest(tmp_path / "m.json")


def test_wrong_headers_can_be_ignored_on_request(tmp_path, capsys):
    save(tmp_path / "a_ct.nrrd", image_of(labels_of(1)))
    wrong = sitk.GetImageFromArray(labels_of(1))
    wrong.SetOrigin((500, 0, 0))
    sitk.WriteImage(wrong, str(tmp_path / "a_seg.nrrd"))
    words = ["manifest", "own", str(tmp_path), "-o", str(tmp_path / "m.json"), "--check", "--modality", "ct"]
    words += ["--images", "{id}_ct.nrrd", "--labels", "{id}_seg.nrrd", "--classes", "liver=1"]
    assert main(words) == 3
    assert 'say "geometry": "ignore" in the manifest (--ignore-geometry)' in capsys.readouterr().err
    assert main([*words, "--ignore-geometry", "--split", "1/0"]) == 0
    (case,) = read_manifest(tmp_path / "m.json")
    assert np.array_equal(case.labels, labels_of(1))
