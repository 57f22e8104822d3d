"""What the section on whole volumes says: obstacles, how things stand, what was done, and the row of marks."""

import re
from types import SimpleNamespace

import numpy as np
import pytest
import slicer

from CueSegMRML import SegmentMasks
from ExtremePointSegLib import WholeVolumeMessages as Messages
from ExtremePointSegLib.WholeVolumeSlices import hasLayers, slicesOf
from ExtremePointSegLib.WholeVolumeStrip import legend, stripOf
from scene_builder import GEOMETRIES, SHAPE, affine, rotation
from whole_volume_case import WholeVolumeCase


@pytest.fixture
def case(build):
    case = WholeVolumeCase(build)
    yield case
    case.close()


def need(case):
    return Messages.needOf(case.slices(), case.volume, case.nodes[0], str)


def marks(strip):
    return re.findall(r'href="(\d+)"[^>]*>(.)</a>', strip.html)


def test_what_is_missing_is_said(case):
    assert "Choose volume, segmentation and segment" in Messages.obstacleOf(None, None, "", str)
    segmentation, segment_id, volume = case.nodes
    assert Messages.obstacleOf(volume, segmentation, segment_id, str) == ""
    assert "No slice of this segment is clicked yet" in need(case)
    case.click_slices(4)
    assert "Slice 4 is the only one" in need(case)
    case.click_slices(7)
    assert need(case) == ""
    volume.SetAndObserveTransformNodeID(case.build.bent_transform().GetID())
    assert "non-linear" in Messages.obstacleOf(volume, segmentation, segment_id, str)


def test_a_segmentation_of_another_geometry_is_told_from_a_finer_one(build):
    volume = build.volume(GEOMETRIES["lps"])  # slices 2 mm apart
    for step, fits in ((2.0, True), (1.0, True), (0.5, True), (4.0, False), (3.0, False)):
        other = build.volume(affine(np.diag([-1.0, -1.0, step]), (20, 15, -10)))
        assert hasLayers(build.segmentation(other), volume, 2) is fits, step
    tilted = build.volume(rotation(0, 20) @ GEOMETRIES["lps"])
    assert not hasLayers(build.segmentation(tilted), volume, 2)
    assert hasLayers(build.segmentation(), volume, 2), "it gets the volume's"


def test_a_coarse_segmentation_is_refused_in_words(build):
    volume = build.volume(GEOMETRIES["lps"])
    coarse = build.volume(affine(np.diag([-1.0, -1.0, 4.0]), (20, 15, -10)))
    segmentation = build.segmentation(coarse)
    mask = np.zeros(SHAPE, bool)
    mask[2:4, 5:9, 5:9] = True
    SegmentMasks.setOnVolume(segmentation, "liver", volume, mask)
    text = Messages.needOf(slicesOf(segmentation, "liver", volume), volume, segmentation, str)
    assert "do not lie in the slices of 'image': choose this volume as its source geometry" in text


def test_how_things_stand(case):
    case.click_slices(1, 6)
    case.fill()
    case.paint(4, slice(9, 12), slice(10, 30))
    case.paint(2, slice(None), slice(None), False)
    text = Messages.describe(case.slices(), [3, 5], str)
    assert text == (
        "Axial slices: 2 clicked (1, 6), 1 painted or changed by hand (4), 2 by the network from others, 1 between "
        "them empty. Beside slices that changed since: 3, 5. 'Update between slices' makes these again."
    )
    assert (
        Messages.describe(slicesOf(*case.nodes, axis=1), [], str)
        == "2 clicked across other directions: they stay as they are."
    )


def test_clicks_in_an_oblique_view_are_explained(case):
    view = case.build.scene.GetFirstNodeByName("View2")
    tilted = rotation(0, 10) @ slicer.util.arrayFromVTKMatrix(view.GetSliceToRAS())
    oblique = case.build.slice_view(tilted, "Oblique")
    hint = Messages.obliqueHint(case.slices(), case.volume, [view, oblique], str)
    assert "A view is oblique" in hint
    assert Messages.obliqueHint(case.slices(), case.volume, [view], str) == ""
    case.click_slices(3)
    assert Messages.obliqueHint(case.slices(), case.volume, [view, oblique], str) == ""


def test_what_was_done(case):
    case.click_slices(1, 6)
    text = Messages.describeOutcome(case.fill(), False, str)
    assert re.fullmatch(
        r"Slices made: 4 \(4 by the network\), [\d.]+ s. Runs of the network: 4; answers known from before: 0.",
        text,
    )
    case.paint(4, slice(9, 12), slice(10, 30))
    outcome = case.fill(useNetwork=False)
    text = Messages.describeOutcome(outcome, True, str)
    assert text == (
        "Slices made: 3 (3 by shape alone), 0.0 s. Kept, because painted or changed by hand: 1 (4). The segment is "
        "hidden: show it to see the result."
    )


@pytest.mark.parametrize(
    ("stopped_by", "at", "words"),
    [
        ("most", None, "no more at a time"),
        ("end", None, "the volume ends there"),
        ("area", 9, "on slice 9 the area fell below half or rose above twice"),
        ("probability", 9, "on slice 9 the network is not sure"),
        ("size", 9, "too small for the network"),
    ],
)
def test_why_carrying_on_stopped(case, stopped_by, at, words):
    case.click_slices(5)
    outcome = case.carry_on(1)
    result = SimpleNamespace(stopped_by=stopped_by, stopped_at=at)
    for written, begin in (
        ({6: "propagated", 7: "propagated"}, "Carried on to slice 7 (slices: 2)"),
        ({}, "Nothing"),
    ):
        said = SimpleNamespace(
            result=result,
            written=written,
            edit=outcome.edit,
            kept=[],
            nodes=case.nodes,
            slices=outcome.slices,
        )
        text = Messages.describeOutcome(said, False, str)
        assert text.startswith(begin)
        assert words in text


def test_a_hidden_segment_is_noticed(case):
    segmentation, segment_id, _ = case.nodes
    assert not Messages.isHidden(segmentation, segment_id)
    segmentation.GetDisplayNode().SetSegmentVisibility(segment_id, False)
    assert Messages.isHidden(segmentation, segment_id)


def test_progress_in_words():
    assert Messages.progressOf(("between", 2, 9), str) == "Slice 3 of 9 between…"
    assert Messages.progressOf(("propagate", 0, 4), str) == "Slice 1 of at most 4…"


def test_every_slice_has_a_mark_and_words(case):
    case.click_slices(1, 7)
    case.fill()
    case.paint(3, slice(9, 12), slice(10, 30))
    case.paint(2, slice(None), slice(None), False)
    strip = stripOf(case.slices(), 5, [4], str)
    assert marks(strip) == [
        ("1", "●"),
        ("2", "·"),
        ("3", "◐"),
        ("4", "○"),
        ("5", "▲"),
        ("6", "○"),
        ("7", "●"),
    ]
    assert strip.html.startswith("inferior ")
    assert strip.html.endswith(" superior")
    assert strip.words["1"] == "Slice 1: clicked."
    assert strip.words["2"] == "Slice 2: empty."
    assert strip.words["3"] == "Slice 3: painted or changed by hand."
    assert strip.words["4"].endswith("; out of date, because a slice beside it changed.")
    assert strip.words["5"] == "Slice 5: by the network, from points of the filled shape; look here next."
    assert all(mark in legend(str) for mark in "●○◐▲·")


def test_a_long_structure_has_marks_of_its_special_slices(build):
    volume = build.volume(GEOMETRIES["lps"], np.zeros((90, 12, 14), np.int16))
    case = WholeVolumeCase(build)
    case.volume = case.settings.inputVolume = volume
    case.settings.segmentation = None
    case.panel.addSegment(case.settings)
    for k in (3, 40, 80):
        case.paint(k, slice(3, 9), slice(4, 10))
    case.fill(useNetwork=False)
    case.fill()
    assert [index for index, _ in marks(stripOf(case.slices(), 20, [], str))] == ["3", "20", "40", "80"]
    assert stripOf(case.slices(), None, [], str).html.count("…") == 2
    case.close()


def test_no_slice_no_mark(case):
    assert stripOf(case.slices(), None, [], str).html == ""
