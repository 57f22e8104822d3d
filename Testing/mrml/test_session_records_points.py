"""What an extreme points session writes down, its times, and that a replay gives the panel's segments bit by bit."""

import numpy as np
import pytest
import slicer

from cueseg.cli.main import main
from cueseg.image_files import read_image, read_segmentation
from cueseg.predictor import ExtremePointPredictor
from cueseg.sessions.record_file import parse_record
from CueSegMRML import SegmentMasks
from ExtremePointSegLib.Recording import Recorder
from ExtremePointSegLib.Settings import Modality, Overwrite
from panel_case import PanelCase
from scene_builder import GEOMETRIES, view_across
from whole_volume_case import WholeVolumeCase, ring


class RecordedCase(WholeVolumeCase):
    """A case over the shipped weights that is recorded; `now` is the user's time."""

    def __init__(self, build, predictor) -> None:
        self.now = 0.0
        super().__init__(build)
        self.predictor = predictor or self.predictor
        session = self.panel.session
        session.recorder = self.whole._recorder = Recorder(build.scene, lambda: self.now)
        session.recorder.records.isOn = True

    @property
    def recorder(self):
        return self.panel.session.recorder

    def record(self):
        record, notes = parse_record(self.recorder.records.node.GetText())
        assert notes == []
        return record


@pytest.fixture(scope="module")
def shipped():
    return ExtremePointPredictor(device="cpu")


@pytest.fixture
def double(build):
    case = RecordedCase(build, None)
    yield case
    case.close()


@pytest.fixture
def real(build, shipped):
    case = RecordedCase(build, shipped)
    yield case
    case.close()


def kinds(case):
    return [action["action"] for action in case.record().actions]


def replay(case, folder):
    """Exit code and segmentation of a replay from files that the panel saves."""
    assert slicer.util.saveNode(case.volume, str(folder / "image.nrrd"))
    case.recorder.records.save(folder / "session.jsonl")
    words = ["replay", "session.jsonl", "--image", "image.nrrd", "--output", "again.seg.nrrd"]
    code = main([word if word[0] == "-" or "." not in word else str(folder / word) for word in words])
    return code, read_segmentation(folder / "again.seg.nrrd", read_image(folder / "image.nrrd"))


def test_slices_across_two_axes_are_replayed_bit_by_bit(real, tmp_path, capfd):
    """One is corrected, one takes from the other segment, one is undone, a brush was used in between."""
    real.settings.modality = Modality.MR
    real.click_set(ring(4))
    PanelCase.move(real, 0, (10.0, 14.0, 4.0))
    assert real.segment()[1] == []
    first = real.settings.segmentId
    mask = real.voxels()
    mask[8, 3:6, 3:9] = True
    SegmentMasks.setOnVolume(real.settings.segmentation, first, real.volume, mask)
    real.panel.addSegment(real.settings)
    real.settings.overwrite = Overwrite.ALL
    real.click_set(ring(16, center=(18.0, 5.0), scale=0.6, axis=1))
    real.panel.undo(real.settings)
    real.panel.redo(real.settings)
    assert kinds(real) == ["slice", "slice", "given", "slice", "undo", "redo"]
    actions = real.record().actions
    assert [action["besides"] for action in actions] == [{}] * 6
    assert [action["clicks"] for action in actions] == [4, 1, 0, 4, 0, 0]
    assert actions[0]["range"] is not None
    code, found = replay(real, tmp_path)
    assert code == 0
    assert "6 of 6 actions as recorded" in capfd.readouterr().out
    for name, segment_id in (("Segment_1", first), ("Segment_2", real.settings.segmentId)):
        wanted = SegmentMasks.maskOnVolume(real.settings.segmentation, segment_id, real.volume)
        assert wanted.any()
        np.testing.assert_array_equal(found.mask_of(name), wanted)


def test_a_volume_from_clicked_slices_is_replayed_bit_by_bit(real, tmp_path, capfd):
    real.click_slices(3, 6)
    real.fill()
    real.carry_on(1)
    assert real.errors == []
    assert kinds(real) == ["slice", "slice", "volume", "propagated"]
    assert [action["besides"] for action in real.record().actions] == [{}] * 4
    code, found = replay(real, tmp_path)
    assert code == 0
    assert "4 of 4 actions as recorded" in capfd.readouterr().out
    np.testing.assert_array_equal(found.mask_of("Segment_1"), real.voxels())
    assert real.voxels()[3:7].any(axis=(1, 2)).all()


def test_a_filling_without_the_network_and_a_moved_point_are_replayed(real, tmp_path, capfd):
    real.click_slices(3, 6)
    real.fill(useNetwork=False)
    assert real.record().actions[-1]["options"] is None
    code, found = replay(real, tmp_path)
    assert code == 0
    assert "3 of 3 actions as recorded" in capfd.readouterr().out
    np.testing.assert_array_equal(found.mask_of("Segment_1"), real.voxels())


def test_an_oblique_slice_is_kept_as_it_is(double):
    tilted = view_across(double.volume, 2, (20, 15, 5))
    tilted[:3, :3] = tilted[:3, :3] @ np.array(
        [[1, 0, 0], [0, np.cos(0.3), -np.sin(0.3)], [0, np.sin(0.3), np.cos(0.3)]]
    )
    double.build.slice_view(tilted, "Tilted")
    right, up = tilted[:3, 0], tilted[:3, 1]
    places = [tilted[:3, 3] + a * right + b * up for a, b in ((-9, 0), (9, 1), (0, 8), (1, -8))]
    for place in places:
        double.settings.points.AddControlPointWorld(*place)
        double.panel.settlePoints(double.settings)
    assert double.segment()[1] == []
    (action,) = double.record().actions
    assert (action["action"], action["why"], action["clicks"]) == ("given", "oblique", 4)
    assert action["changed"]


def test_voxels_that_masking_kept_out_are_told_besides(double):
    other = double.settings.segmentation.GetSegmentation().AddEmptySegment("other")
    mask = np.zeros_like(double.voxels())
    mask[4, :, 20:] = True
    SegmentMasks.setOnVolume(double.settings.segmentation, other, double.volume, mask)
    scene = double.build.scene
    editor = slicer.vtkMRMLSegmentEditorNode()
    editor.SetSingletonTag("SegmentEditor")
    editor = scene.AddNode(editor)
    editor.SetAndObserveSegmentationNode(double.settings.segmentation)
    editor.SetMaskMode(slicer.vtkMRMLSegmentationNode.EditAllowedOutsideAllSegments)
    double.click_set(ring(4))
    action = double.record().actions[-1]
    assert list(action["besides"]) == ["1"]
    assert not (double.voxels() & mask).any()


def test_nothing_is_written_down_and_times_are_kept_when_it_is_off(double):
    double.recorder.records.isOn = False
    double.click_set(ring(4))
    assert double.recorder.records.node is None
    assert len(double.recorder.times.rounds) == 1


def test_times_and_clicks_by_segment(double):
    name = double.settings.segmentation.GetSegmentation().GetSegment(double.settings.segmentId).GetName()
    for position in ring(4):
        double.click(position[None])
        double.now += 3
    double.now += 60  # of a long pause ten seconds count
    assert double.segment()[1] == []
    assert double.recorder.times.rounds[0].userSeconds == 19
    double.now += 2
    PanelCase.move(double, 0, (10.0, 14.0, 4.0))
    assert double.segment()[1] == []
    titles, *lines = double.recorder.rows(True)
    assert titles == ["Segment", "UT (s)", "MT (s)", "Clicks", "Rounds"]
    assert [line[:2] + line[3:] for line in lines] == [
        [name, "21.0", "5", "2"],
        ["Total", "21.0", "5", "2"],
    ]
    table = double.recorder.report(True)
    assert double.recorder.report(True) is table
    assert table.GetTable().GetNumberOfRows() == 2
    assert double.recorder.rows(False)[0][:4] == ["Round", "Step", "UT (s)", "MT (s)"]


def test_there_is_nothing_to_report_at_first(double):
    with pytest.raises(ValueError, match="segment something first"):
        double.recorder.report(False)


def test_closing_the_scene_switches_recording_off(double):
    double.click_set(ring(4))
    double.panel.session.closeScene()
    assert not double.recorder.records.isOn
    assert double.recorder.times.rounds == []
    assert double.recorder.records.node is None


@pytest.mark.parametrize("geometry", sorted(GEOMETRIES))
def test_a_view_in_the_record_is_the_image_that_the_network_saw(build, geometry):
    from CueSegMRML import Slices
    from CueSegMRML.SessionRecords import viewOf
    from CueSegMRML.Volumes import voxels

    volume = build.volume(GEOMETRIES[geometry])
    for axis in range(3):
        plane = Slices.planeOf(volume, view_across(volume, axis, (20, 15, 5)))
        view = viewOf(volume, plane)
        np.testing.assert_array_equal(view.of(voxels(volume))[plane.index], Slices.sliceImage(volume, plane))
