"""DICOM segmentations and structure sets become masks on the grid of their image."""

import numpy as np
import pytest

from cueseg.datasets import list_data_set, write_manifest
from cueseg.datasets.dicom_elements import read_elements
from cueseg.datasets.dicom_objects import filled_polygon, read_segments
from cueseg.datasets.splits import complete_splits
from cueseg.image_files import read_image
from cueseg.training.cases import read_manifest
from dicom_writer import DEFLATED, EXPLICIT, IMPLICIT, RLE, segmentation, structure_set, write_dicom
from image_builder import ORIGIN, SHAPE, SPACING, disc_volume, write_series

UID = "1.2.826.1"


@pytest.fixture
def masks():
    """Two boxes that overlap."""
    masks = np.zeros((2, *SHAPE), bool)
    masks[0, 1:4, 5:20, 8:30] = True
    masks[1, 3:5, 15:25, 20:40] = True
    return masks


@pytest.fixture
def scan(tmp_path):
    (tmp_path / "data").mkdir()
    write_series(tmp_path / "data" / "ct", disc_volume())
    return tmp_path / "data"


def seg_fields(masks, **options):
    return segmentation(list(masks), ("liver", "tumour"), ORIGIN, SPACING, UID, **options)


def contours_of(mask):
    """A rectangle round the box in every slice, half a pixel outside the centres, in mm."""
    contours = []
    for index in np.flatnonzero(mask.any(axis=(1, 2))):
        rows, cols = np.nonzero(mask[index])
        x, y = (cols.min() - 0.5, cols.max() + 0.5), (rows.min() - 0.5, rows.max() + 0.5)
        corners = np.array([[x[0], y[0]], [x[1], y[0]], [x[1], y[1]], [x[0], y[1]]])
        flat = corners * SPACING[:2] + ORIGIN[:2]
        contours.append(np.column_stack([flat, np.full(4, ORIGIN[2] + index * SPACING[2])]))
    return contours


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, DEFLATED])
@pytest.mark.parametrize("open_ends", [False, True])
@pytest.mark.parametrize("kind", ["BINARY", "FRACTIONAL", "RTSTRUCT"])
def test_every_encoding_gives_the_masks_back(scan, masks, tmp_path, syntax, open_ends, kind):
    if kind == "RTSTRUCT":
        fields = structure_set({n: contours_of(m) for n, m in zip("ab", masks, strict=True)}, UID)
    else:
        fields = seg_fields(masks, kind=kind)
    path = write_dicom(tmp_path / "labels.dcm", fields, syntax, open_ends=open_ends)
    found = read_segments(path, read_image(scan / "ct"))
    assert np.array_equal(np.array(found), masks)


@pytest.mark.parametrize("kind", ["SEG", "RTSTRUCT"])
def test_a_folder_of_dicom_becomes_cases_with_overlapping_classes(scan, masks, kind):
    regions = {"liver": contours_of(masks[0]), "tumour": contours_of(masks[1])}
    write_dicom(scan / "labels", seg_fields(masks) if kind == "SEG" else structure_set(regions, UID))
    entries = list_data_set("dicom", scan)
    write_manifest(scan / "m.json", complete_splits(entries, (1, 0, 0)))
    (case,) = read_manifest(scan / "m.json")
    assert (case.subject, case.modality) == ("anna", "ct")
    assert np.array_equal(case.image, disc_volume())
    for name, mask in zip(("liver", "tumour"), masks, strict=True):
        assert np.array_equal(np.isin(case.labels, case.classes[name]), mask)


def test_holes_are_left_out_and_points_enclose_nothing(scan, masks, tmp_path):
    outer, inner = contours_of(masks[0]), np.zeros(SHAPE, bool)
    inner[1:4, 10:14, 12:20] = True
    image = read_image(scan / "ct")
    path = write_dicom(tmp_path / "rt", structure_set({"ring": outer + contours_of(inner)}, UID))
    assert np.array_equal(read_segments(path, image)[0], masks[0] & ~inner)
    write_dicom(path, structure_set({"ring": outer}, UID, kind="POINT"))
    assert not read_segments(path, image)[0].any()


def test_polygons_are_filled_as_pixel_by_pixel(rng):
    """Beside a count of crossings of a ray from every pixel's centre."""
    for _ in range(50):
        corners = rng.uniform(-3, 15, (rng.integers(3, 9), 2))
        filled = filled_polygon(corners, (12, 14))
        ends = np.roll(corners, -1, axis=0)
        for row in range(12):
            for col in range(14):
                inside = False
                for (x0, y0), (x1, y1) in zip(corners, ends, strict=True):
                    if (y0 <= row) != (y1 <= row) and col >= x0 + (row - y0) * (x1 - x0) / (y1 - y0):
                        inside = not inside
                assert filled[row, col] == inside


def moved_to(fields, by):
    """A SEG whose frames all lie at one place."""
    moved = []
    for tag, kind, value in fields:
        if tag == 0x52009230:
            value = [
                [
                    (0x00209113, "SQ", [[(0x00200032, "DS", by)]]) if item[0] == 0x00209113 else item
                    for item in frame
                ]
                for frame in value
            ]
        moved.append((tag, kind, value))
    return moved


@pytest.mark.parametrize(
    ("at", "message"),
    [("-19.8\\12.5\\100", "voxels do not coincide"), ("-20\\12.5\\-50", "outside ct: it belongs to another")],
)
def test_segments_of_another_image_are_refused(scan, masks, tmp_path, at, message):
    path = write_dicom(tmp_path / "seg", moved_to(seg_fields(masks), at))
    with pytest.raises(ValueError, match=message):
        read_segments(path, read_image(scan / "ct"))


def test_contours_of_another_image_are_refused(scan, masks, tmp_path):
    image = read_image(scan / "ct")
    far = [contour + np.array([0, 0, 500]) for contour in contours_of(masks[0])]
    path = write_dicom(tmp_path / "rt", structure_set({"liver": far}, UID))
    with pytest.raises(ValueError, match="outside ct: it belongs to another image"):
        read_segments(path, image)
    tilted = [contour + np.outer([0, 0, 9, 9], [0, 0, 1]) for contour in contours_of(masks[0])]
    write_dicom(path, structure_set({"liver": tilted}, UID))
    with pytest.raises(ValueError, match="does not lie in one slice of ct"):
        read_segments(path, image)


def test_damaged_compressed_and_other_files_are_named(scan, masks, tmp_path):
    image = read_image(scan / "ct")
    whole = write_dicom(tmp_path / "seg", seg_fields(masks)).read_bytes()
    path = tmp_path / "part"
    for length in range(140, len(whole), 97):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"part"):
            read_segments(path, image)
    write_dicom(path, seg_fields(masks), RLE)
    with pytest.raises(ValueError, match=r"transfer syntax 1\.2\.840\.10008\.1\.2\.5, which is not read"):
        read_segments(path, image)
    with pytest.raises(ValueError, match="modality 'CT': give a SEG or an RTSTRUCT"):
        read_segments(next((scan / "ct").iterdir()), image)
    path.write_bytes(b"")
    with pytest.raises(ValueError, match="part is empty: copy or export it again"):
        read_elements(path)
    path.write_bytes(bytes(200))
    with pytest.raises(ValueError, match="is no DICOM file"):
        read_elements(path)


def test_labels_without_their_series_are_named(scan, masks):
    fields = segmentation(list(masks), ("a", "b"), ORIGIN, SPACING, "1.9.9")
    write_dicom(scan / "seg", fields)
    with pytest.raises(ValueError, match=r"seg was drawn on series 1\.9\.9, which is not in"):
        list_data_set("dicom", scan)
