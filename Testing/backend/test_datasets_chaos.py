"""CHAOS: labels find their slices whatever the order of names and positions."""

import numpy as np
import pytest

from cueseg.datasets import list_data_set, write_manifest
from cueseg.datasets.splits import complete_splits
from cueseg.training.cases import read_manifest
from data_set_folders import image_of, labels_of, save, save_slices

NAMES = [f"i{number:04d},0000b.dcm" for number in range(4)]
GREY = np.array([0, 63, 126, 189, 252], np.uint8)


@pytest.fixture
def labels():
    """Four organs; every slice is different, so that a mistaken order shows."""
    labels = labels_of(1, 2, 3, 4)
    labels[3, 10, :3] = 1
    labels[0, 0, :5] = 2
    return labels


@pytest.fixture
def chaos(tmp_path, labels):
    """CT 1 rises in the body with its names, CT 2 falls; MR 1 has both sequences."""
    folder = tmp_path / "Train_Sets"
    for number, descending in ((1, False), (2, True)):
        case = folder / "CT" / str(number)
        save_slices(case / "DICOM_anon", image_of(labels), NAMES, uid=f"1.2.{number}", descending=descending)
        for index, part in enumerate(labels):
            save(case / "Ground" / f"liver_GT_{index:03d}.png", np.uint8(255) * (part == 1).astype(np.uint8))
    mr = folder / "MR" / "1"
    stems = [f"IMG-0004-{number:05d}" for number in (1, 3, 5, 7)]
    for add, phase in ((0, "InPhase"), (9, "OutPhase")):
        names = (
            [f"{stem}.dcm" for stem in stems] if add == 0 else [f"IMG-0004-0000{n}.dcm" for n in (2, 4, 6, 8)]
        )
        save_slices(mr / "T1DUAL" / "DICOM_anon" / phase, image_of(labels, add), names, uid=f"1.3.{add}")
    save_slices(mr / "T2SPIR" / "DICOM_anon", image_of(labels), [f"{s}.dcm" for s in stems], uid="1.4")
    for sequence in ("T1DUAL", "T2SPIR"):
        for stem, part in zip(stems, labels, strict=True):
            save(mr / sequence / "Ground" / f"{stem}.png", GREY[part])
    return folder


def cases_of(folder, **options):
    write_manifest(folder.parent / "m.json", complete_splits(list_data_set("chaos", folder), (1, 0, 0)))
    return {(case.group, case.subject): case for case in read_manifest(folder.parent / "m.json", **options)}


def test_ct_labels_follow_their_slices_in_both_directions(chaos, labels):
    cases = cases_of(chaos)
    up, down = cases["chaos ct", "chaos ct 1"], cases["chaos ct", "chaos ct 2"]
    assert np.array_equal(up.labels, labels == 1)
    assert np.array_equal(down.labels, (labels == 1)[::-1])
    for case in (up, down):
        assert case.classes == {"liver": (1,)}
        assert case.modality == "ct"
        assert np.array_equal(case.image[case.labels == 1], np.full(case.labels.sum(), 100))
        assert case.spacing == pytest.approx((3.0, 0.9, 0.8))


def test_mr_has_four_organs_and_two_phases_and_one_patient(chaos, labels):
    cases = cases_of(chaos, all_channels=True)
    t1, t2 = cases["chaos t1", "chaos mr 1"], cases["chaos t2", "chaos mr 1"]
    assert t1.channels == ("in phase", "out phase")
    assert t1.stack[:, 0, 11, 11].tolist() == [0, 9]
    for case in (t1, t2):
        assert np.array_equal(case.labels, labels)
        assert list(case.classes) == ["liver", "kidney right", "kidney left", "spleen"]
        assert case.modality == "mr"


def test_missing_and_strange_pictures_are_named(chaos):
    ground = chaos / "CT" / "1" / "Ground"
    (ground / "liver_GT_002.png").unlink()
    with pytest.raises(ValueError, match=r"chaos ct 1: .*Ground holds 3 PNG files for the 4 slices"):
        cases_of(chaos)
    save(ground / "liver_GT_002.png", np.zeros((5, 5), np.uint8))
    with pytest.raises(ValueError, match=r"liver_GT_002\.png has \(5, 5\) pixels, its slice \(12, 14\)"):
        cases_of(chaos)


def test_two_phases_in_one_folder_are_refused(chaos, labels):
    more = [f"x{name}" for name in NAMES]
    save_slices(chaos / "CT" / "2" / "DICOM_anon", image_of(labels), more, uid="1.9", descending=True)
    with pytest.raises(ValueError, match="several slices of one position: keep one phase"):
        cases_of(chaos)
