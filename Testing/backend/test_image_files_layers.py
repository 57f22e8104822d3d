"""Writing one slice of one segment leaves every other slice and segment as it was."""

import numpy as np
import pytest
import SimpleITK as sitk

from cueseg.image_files import (
    ImageFile,
    Segment,
    Segmentation,
    extract_slice,
    read_segmentation,
    write_segmentation,
)

SHAPE = (4, 5, 6)
IMAGE = ImageFile(np.zeros(SHAPE))
SLICE = extract_slice(IMAGE, "stored", 2)


def test_only_the_slice_of_the_segment_changes(rng):
    labels = rng.integers(0, 3, SHAPE)
    segmentation = Segmentation.from_labels(labels, ["liver", "spleen"])
    new = rng.random(SHAPE[1:]) > 0.5
    replaced = segmentation.set_slice("liver", SLICE, new)
    assert replaced == (labels[2] == 1).sum()
    expected = labels == 1
    expected[2] = new
    np.testing.assert_array_equal(segmentation.mask_of("liver"), expected)
    np.testing.assert_array_equal(segmentation.mask_of("spleen"), labels == 2)


def test_many_random_writes_across_all_axes_agree_with_plain_masks(rng):
    segmentation = Segmentation.empty(SHAPE)
    expected = {name: np.zeros(SHAPE, bool) for name in "abc"}
    for _ in range(200):
        name = rng.choice(list("abc"))
        axis = int(rng.integers(3))
        index = int(rng.integers(SHAPE[axis]))
        where = extract_slice(IMAGE, ("axial", "coronal", "sagittal")[axis], index)
        mask = rng.random(where.pixels.shape) > 0.6
        np.moveaxis(expected[name], axis, 0)[index] = mask
        segmentation.set_slice(str(name), where, mask)
    for segment in segmentation.segments:
        np.testing.assert_array_equal(segmentation.mask_of(segment.name), expected[segment.name])
    assert len(segmentation.layers) <= 3


def test_more_than_255_segments_fit(tmp_path):
    labels = np.arange(np.prod((7, 7, 6))).reshape(7, 7, 6)
    image = ImageFile(np.zeros(labels.shape))
    names = [f"nucleus {number}" for number in range(1, labels.max() + 1)]
    segmentation = Segmentation.from_labels(labels[:, :, ::-1], names)
    assert segmentation.layers[0].dtype == np.uint16
    write_segmentation(tmp_path / "a.seg.nrrd", segmentation, image)
    read = read_segmentation(tmp_path / "a.seg.nrrd", image)
    np.testing.assert_array_equal(read.mask_of("nucleus 290"), labels[:, :, ::-1] == 290)
    few = Segmentation.from_labels(np.where(labels < 256, labels, 0), names[:255])
    free = np.arange(7)[:, None].repeat(6, axis=1) > 0  # the last slice has labels in its first row only
    few.set_slice("one more", extract_slice(image, "stored", 6), free)
    assert [layer.dtype for layer in few.layers] == [np.uint16]
    np.testing.assert_array_equal(few.mask_of("one more")[6], free)
    assert few.mask_of("nucleus 255").sum() == 1


def test_labels_that_belong_to_no_segment_are_left_alone(tmp_path):
    labels = np.zeros(SHAPE, np.uint8)
    labels[0] = 2
    volume = sitk.GetImageFromArray(labels)
    volume.SetMetaData("Segment0_LabelValue", "1")
    volume.SetMetaData("Segment0_ID", "liver")
    sitk.WriteImage(volume, str(tmp_path / "a.seg.nrrd"))
    segmentation = read_segmentation(tmp_path / "a.seg.nrrd", IMAGE)
    segmentation.set_slice("spleen", SLICE, np.ones((5, 6)))
    assert [(item.name, item.value) for item in segmentation.segments] == [("liver", 1), ("spleen", 3)]
    assert (segmentation.layers[0][0] == 2).all()


def test_plain_labelmaps_get_names(tmp_path):
    labels = np.zeros(SHAPE, np.uint8)
    labels[0], labels[1] = 7, 9
    sitk.WriteImage(sitk.GetImageFromArray(labels), str(tmp_path / "a.nrrd"))
    segmentation = read_segmentation(tmp_path / "a.nrrd", IMAGE)
    assert [(item.name, item.value) for item in segmentation.segments] == [("Segment_1", 7), ("Segment_2", 9)]
    assert segmentation.free_name() == "Segment_3"


def test_fields_of_other_programs_survive(tmp_path):
    segmentation = Segmentation.empty(SHAPE)
    tags = "TerminologyEntry:a~b^c\\d|\nSecond:line|"
    segmentation.segments.append(
        Segment("liver", 0, 1, {"ID": "Segment_2", "Tags": tags, "Color": "0 0.5 1"})
    )
    segmentation.fields["Segmentation_ConversionParameters"] = "Smoothing factor|0.5|text&"
    segmentation.set_slice("spleen", SLICE, np.ones((5, 6)))
    write_segmentation(tmp_path / "a.seg.nrrd", segmentation, IMAGE)
    read = read_segmentation(tmp_path / "a.seg.nrrd", IMAGE)
    assert read.segments[0].fields["Tags"] == tags
    assert read.segments[0].fields["Color"] == "0 0.5 1"
    assert read.segments[1].fields["ID"] == "Segment_1"
    assert read.fields["Segmentation_ConversionParameters"] == "Smoothing factor|0.5|text&"
    assert not read.mask_of("liver").any()


@pytest.mark.parametrize("name", ["", "  ", "two\nlines"])
def test_names_must_be_printable(name):
    with pytest.raises(ValueError, match="the name of a segment must be printable text, not"):
        Segmentation.empty(SHAPE).set_slice(name, SLICE, np.ones((5, 6)))


def test_names_must_be_clear():
    segmentation = Segmentation.from_labels(np.ones(SHAPE, int), ["liver", "liver"])
    with pytest.raises(ValueError, match="2 segments are named 'liver': rename one of them first"):
        segmentation.set_slice("liver", SLICE, np.ones((5, 6)))
    with pytest.raises(ValueError, match=r"there is no segment 'lung'; there is \['liver', 'liver'\]"):
        segmentation.mask_of("lung")


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.ones((5, 6), int), "labels must be whole numbers"),
        (np.ones(SHAPE), "labels must be whole numbers"),
        (np.full(SHAPE, -1), "labels go from -1 to -1, but there are names for 1 to 1"),
        (np.full(SHAPE, 2), "labels go from 2 to 2, but there are names for 1 to 1"),
    ],
)
def test_labels_without_names_are_refused(labels, message):
    with pytest.raises(ValueError, match=message):
        Segmentation.from_labels(labels, ["liver"])
