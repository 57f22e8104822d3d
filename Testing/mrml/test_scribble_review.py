"""What is shown of a run, and that nothing of it stays behind: maps, before, growth, report."""

import csv

import numpy as np
import pytest
import slicer

from CueSegMRML import SegmentMasks
from CueSegMRML.ReportTable import saveCsv
from refine_case import LARYNX, LIVER, RefineCase
from refine_doubles import claimed
from scene_builder import GEOMETRIES, to_ijk, to_world
from ScribbleRefineLib.RefineSettings import RefineSettings

STROKE = (slice(5, 6), slice(20, 22), slice(8, 14))


@pytest.fixture
def case(build):
    case = RefineCase(build, "tilted")
    case.initial()
    case.paint(LARYNX, STROKE)
    case.refine()
    yield case
    case.close()


@pytest.fixture
def composite(case):
    node = slicer.vtkMRMLSliceCompositeNode()
    node.SetLayoutName("Test")
    node = case.build.scene.AddNode(node)
    node.SetForegroundOpacity(0.25)
    return node


def shown(case, composite):
    return case.build.scene.GetNodeByID(composite.GetForegroundVolumeID())


def test_the_change_map_says_what_was_gained_lost_and_relabelled(case, composite):
    assert case.session.showChangeMap(True, [composite])
    strokes = case.backend.refinement.calls[-1].scribbles
    before, after = case.prediction, claimed(case.prediction, strokes)
    expected = np.select([before == after, after == 0, before == 0], [0, 1, 2], 3)
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(shown(case, composite)), expected)
    corner = np.array([(3.0, 4, 5)])
    world = to_world(case.volume, corner)
    np.testing.assert_allclose(to_ijk(shown(case, composite), world), corner, atol=1e-6)


def test_maps_replace_each_other_and_leave_nothing_behind(case, composite):
    other = case.build.volume(GEOMETRIES["ras"])
    composite.SetForegroundVolumeID(other.GetID())
    count = case.build.scene.GetNumberOfNodes()
    case.session.showChangeMap(True, [composite])
    case.session.showEntropy(True, [composite])
    case.session.showChangeMap(False, [composite])
    assert case.session.maps.isShown
    assert (slicer.util.arrayFromVolume(shown(case, composite)) == 0.5).all()
    for node in (shown(case, composite), shown(case, composite).GetDisplayNode()):
        assert not node.GetSaveWithScene()
    case.session.showEntropy(False, [composite])
    assert not case.session.maps.isShown
    assert case.build.scene.GetNumberOfNodes() == count
    assert composite.GetForegroundVolumeID() == other.GetID()
    assert composite.GetForegroundOpacity() == 0.25


def test_without_a_run_there_is_no_map(build):
    case = RefineCase(build)
    assert not case.session.showChangeMap(True, [])
    assert not case.session.maps.isShown
    case.close()


def test_before_is_shown_without_touching_the_result(case):
    masks, count = case.masks(), case.build.scene.GetNumberOfNodes()
    display = case.session.segmentationNode.GetDisplayNode()
    larynx = case.session.labels.row(LARYNX).resultSegmentId
    case.session.showBefore(True)
    assert case.masks() == masks
    assert not display.GetSegmentVisibility(larynx)
    case.session.showBefore(False)
    assert display.GetSegmentVisibility(larynx)
    assert (case.masks(), case.build.scene.GetNumberOfNodes()) == (masks, count)


def test_before_shows_the_segments_as_they_were(case):
    case.paint(LIVER, (slice(9, 10), slice(24, 26), slice(30, 36)))
    before = case.voxels(LIVER)
    case.refine()
    case.session.showBefore(True)
    (node,) = [
        found
        for found in slicer.util.getNodesByClass("vtkMRMLSegmentationNode", case.build.scene)
        if found.GetName() == "Before the last round"
    ]
    liver = case.session.labels.row(LIVER).resultSegmentId
    np.testing.assert_array_equal(SegmentMasks.maskOnVolume(node, liver, case.volume), before)
    assert not node.GetSaveWithScene()
    case.session.undo()
    assert node.GetScene() is None


def test_the_growth_preview_is_translucent_and_goes(case):
    count, told = case.build.scene.GetNumberOfNodes(), []
    settings = RefineSettings(growthThreshold=12.0)
    case.session.previewGrowth(settings, told.append, case.errors.append)
    case.wait()
    assert case.errors == []
    strokes = case.backend.refinement.calls[-1].scribbles
    grown = case.backend.growScribbles(None, strokes, settings, None)
    assert told == [{LARYNX: (grown == LARYNX).sum()}]
    node = case.session.growth.node
    np.testing.assert_array_equal(
        SegmentMasks.maskOnVolume(node, f"Grown_{LARYNX}", case.volume), grown == LARYNX
    )
    assert not node.GetSaveWithScene()
    assert node.GetDisplayNode().GetOpacity2DFill() < 0.5
    case.session.hideGrowth()
    assert case.build.scene.GetNumberOfNodes() == count
    with pytest.raises(ValueError, match="growing is off"):
        case.session.previewGrowth(RefineSettings(), told.append, case.errors.append)


def test_a_threshold_is_proposed(case):
    told = []
    case.session.proposeThreshold(case.settings, told.append, case.errors.append)
    case.wait()
    assert told == [12.0]


def test_the_report_has_the_times_of_the_paper_and_no_patient(build, tmp_path):
    case = RefineCase(build)
    case.volume.SetName("Doe^Jane")
    case.clock += 5
    case.initial()
    case.paint(LARYNX, STROKE)
    for _ in range(3):
        case.clock += 6
        case.session.noteUserActivity()
    case.clock += 300  # of a long pause ten seconds count
    result = case.refine()
    assert (result.userSeconds, result.round) == (28.0, 2)
    assert result.machineSeconds == pytest.approx(3.5 + result.seconds["write"])
    saveCsv(tmp_path / "report.csv", case.session.reportRows())
    with open(tmp_path / "report.csv", newline="", encoding="utf-8") as file:
        titles, *lines = csv.reader(file)
    rows = [dict(zip(titles, line, strict=True)) for line in lines]
    assert [row["UT (s)"] for row in rows] == ["5.0", "28.0", "33.0"]
    assert [row["Round"] for row in rows] == ["1", "2", "Total"]
    assert rows[1]["MT features (s)"] == "1.0"
    assert rows[1]["MT optimise (s)"] == "2.0"
    assert rows[1]["Scribbled voxels: larynx"] == "12"
    assert (rows[1]["Iterations"], rows[1]["Satisfied"]) == ("4", "yes")
    assert rows[1]["Changed voxels"] == str(result.changedVoxels)
    assert "Doe" not in (tmp_path / "report.csv").read_text(encoding="utf-8")
    table = case.session.report()
    assert table.GetTable().GetNumberOfRows() == 3
    assert [table.GetTable().GetColumnName(n) for n in range(len(titles))] == titles
    assert case.session.report() is table
    saveCsv(tmp_path / "labels.csv", case.session.reportRows(True))
    with open(tmp_path / "labels.csv", newline="", encoding="utf-8") as file:
        titles, *lines = csv.reader(file)
    assert titles == ["Segment", "UT (s)", "MT (s)", "Scribbled voxels", "Rounds"]
    machine = [f"{sum(entry.machineSeconds.values()):.1f}" for entry in case.session.timeLog.rounds]
    assert lines[0] == ["–", "5.0", machine[0], "0", "1"]
    assert lines[1] == ["larynx", "28.0", machine[1], "12", "1"]
    assert lines[2][:2] == ["Total", "33.0"]
    assert lines[2][3:] == ["12", "2"]
    assert case.session.report(True).GetTable().GetNumberOfRows() == 3
    case.close()


def test_time_while_the_machine_works_or_after_cancel_counts_right(case):
    case.clock += 4
    case.backend.gate.clear()
    case.refine(wait=False)
    case.clock += 100
    case.session.cancel()
    case.backend.gate.set()
    case.clock += 6
    assert case.refine().userSeconds == 10.0


def test_there_is_no_report_before_the_first_run(build):
    case = RefineCase(build)
    with pytest.raises(ValueError, match="nothing to report yet"):
        case.session.report()
    case.close()


def test_the_way_to_a_scribble_that_was_not_satisfied(case):
    case.session.labels.setLocked(LIVER, True)
    inside = (slice(6, 7), slice(7, 8), slice(8, 13))
    case.paint(LARYNX, inside)
    result = case.refine()
    assert not result.satisfied
    assert len(result.unsatisfied[LARYNX]) == 5
    centre = case.session.centerOf(LARYNX)
    np.testing.assert_allclose(to_ijk(case.volume, np.array([centre]))[0], (10, 7, 6), atol=1e-6)
    assert case.session.centerOf(LIVER) is None


def test_leaving_the_module_leaves_the_views_clean(case, composite):
    count = case.build.scene.GetNumberOfNodes()
    case.session.showEntropy(True, [composite])
    case.session.showBefore(True)
    case.session.previewGrowth(RefineSettings(growthThreshold=1.0), lambda _: None, case.errors.append)
    case.wait()
    case.session.releaseViews()
    assert case.build.scene.GetNumberOfNodes() == count
    assert composite.GetForegroundVolumeID() is None
