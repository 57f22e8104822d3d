"""Runs under way: progress, stop, cancel, errors, nodes that vanish, a scene that closes."""

import gc
import time
import weakref

import numpy as np
import pytest
import slicer

from refine_case import LARYNX, LIVER, RefineCase
from scene_builder import view_across
from ScribbleRefineLib.Scope import Scope

STROKE = (slice(5, 6), slice(20, 22), slice(8, 14))


@pytest.fixture
def case(build):
    case = RefineCase(build)
    case.initial()
    case.paint(LARYNX, STROKE)
    yield case
    case.close()


def start_and_hold(case: RefineCase) -> dict:
    """A refinement that waits in the worker; returns what was there before."""
    before = case.masks()
    case.backend.gate.clear()
    case.backend.reached.clear()
    case.refine(wait=False)
    assert case.backend.reached.wait(10)
    return before


def test_progress_comes_on_the_main_thread_in_order(case):
    case.progress.clear()
    case.refine()
    stages = [news.stage for news in case.progress]
    assert stages == ["load", "features", *["optimise"] * 4]
    fractions = [news.fraction for news in case.progress]
    assert fractions == sorted(fractions)
    assert [news.violations[LARYNX] for news in case.progress[2:]] == [6, 3, 1, 0]


def test_the_plot_has_a_line_for_each_scribbled_label(case):
    case.paint(0, (slice(2, 3), slice(2, 3), slice(2, 4)))
    case.refine()
    table = slicer.util.arrayFromTableColumn(case.session.plot.tableNode, "larynx")
    np.testing.assert_array_equal(table, [6, 3, 1, 0])
    np.testing.assert_array_equal(
        slicer.util.arrayFromTableColumn(case.session.plot.tableNode, "Iteration"), [1, 2, 3, 4]
    )
    chart = case.session.plot.chartNode
    assert chart.GetNumberOfPlotSeriesNodes() == 2
    names = [chart.GetNthPlotSeriesNode(n).GetYColumnName() for n in range(2)]
    assert names == ["background", "larynx"]
    assert not chart.GetSaveWithScene()
    count = case.build.scene.GetNumberOfNodes()
    case.refine()
    assert case.build.scene.GetNumberOfNodes() == count


def test_cancel_changes_nothing_and_says_nothing(case):
    before = start_and_hold(case)
    undo, results = case.session.undoText, len(case.results)
    case.session.cancel()
    assert not case.session.isRunning
    case.backend.gate.set()
    case.wait()
    assert case.backend.cancelled.is_set()
    assert (case.masks(), case.session.undoText) == (before, undo)
    assert (len(case.results), case.errors) == (results, [])
    assert case.refine().kind == "refine"


def test_stop_keeps_the_best_so_far(case):
    case.backend.endless = True
    before = start_and_hold(case)
    case.session.stop()
    case.backend.gate.set()
    case.wait()
    assert case.last().stoppedBy == "user"
    assert case.masks() != before
    case.session.undo()
    case.backend.endless = False
    case.paint(LARYNX, STROKE)
    assert case.refine().stoppedBy == "satisfied"


@pytest.mark.parametrize("error", [ValueError("class 9 is no class"), RuntimeError("CUDA error")])
def test_errors_of_the_network_are_told_and_nothing_is_lost(case, error):
    before, undo = case.masks(), case.session.undoText
    case.backend.error = error
    case.refine()
    assert case.errors == [error]
    assert (case.masks(), case.session.undoText, case.session.isRunning) == (before, undo, False)
    case.backend.error = None
    case.refine()
    assert case.session.undoText == "Refine 1"


def test_out_of_memory_is_told_with_the_remedy_and_can_be_tried_again(case):
    loads = len(case.backend.loaded)
    case.backend.error = MemoryError()
    case.refine()
    assert "memory ran out: under Scope choose a slice" in str(case.errors[0])
    case.backend.error = None
    assert case.refine().kind == "refine"
    assert len(case.backend.loaded) == loads + 1


@pytest.mark.parametrize("which", ["volume", "segmentation", "both"])
def test_nothing_is_written_after_a_node_was_removed(case, which):
    nodes = {"volume": case.volume, "segmentation": case.session.segmentationNode}
    start_and_hold(case)
    results = len(case.results)
    for node in nodes.values() if which == "both" else [nodes[which]]:
        case.build.scene.RemoveNode(node)
    case.backend.gate.set()
    case.wait()
    assert (len(case.results), case.errors, case.session.isRunning) == (results, [], False)
    assert not case.session.isSetUp
    with pytest.raises(ValueError, match="chosen, or was removed"):
        case.refine()


def test_closing_the_scene_while_running_is_safe(case):
    start_and_hold(case)
    results = len(case.results)
    case.session.closeScene()
    case.build.scene.Clear(False)
    case.backend.gate.set()
    case.wait()
    assert (len(case.results), case.errors) == (results, [])
    assert case.session.volumeNode is None
    assert len(slicer.util.getNodesByClass("vtkMRMLSegmentationNode", case.build.scene)) == 0


def test_closing_the_scene_without_a_word_is_safe_too(case):
    start_and_hold(case)
    results = len(case.results)
    case.build.scene.Clear(False)
    case.backend.gate.set()
    case.wait()
    assert (len(case.results), case.errors) == (results, [])
    assert not case.session.isSetUp


def test_nodes_are_not_kept_alive_by_a_closed_session(build):
    case = RefineCase(build)
    case.initial()
    case.paint(LARYNX, STROKE)
    case.refine()
    space, image = weakref.ref(case.session._space), weakref.ref(case.session._space.image().values)
    case.close()
    case.results.clear()
    case.progress.clear()
    end = time.monotonic() + 5
    while (space() is not None or image() is not None) and time.monotonic() < end:
        case.backend.refinements.clear()
        gc.collect()
        time.sleep(0.01)
    assert space() is None
    assert image() is None


def test_a_volume_that_changed_its_size_meanwhile_is_not_written(case):
    before = case.session._space.segmentationNode.GetSegmentation().GetNumberOfSegments()
    start_and_hold(case)
    slicer.util.updateVolumeFromArray(case.volume, np.zeros((3, 4, 5), np.int16))
    case.backend.gate.set()
    case.wait()
    assert str(case.errors[0]) == "the volume was changed while the network ran: run it again"
    assert case.session.segmentationNode.GetSegmentation().GetNumberOfSegments() == before


def test_the_image_is_handed_over_once_and_again_when_it_changes(case):
    case.refine()
    assert len(case.backend.refinement.images) == 1
    slicer.util.arrayFromVolume(case.volume)[:] += 1
    slicer.util.arrayFromVolumeModified(case.volume)
    case.refine()
    assert len(case.backend.refinement.images) == 2
    case.refine(modality="ct")
    assert case.backend.refinement.images[-1].modality == "ct"


def test_memory_can_be_freed_and_is_filled_again(case):
    loads = len(case.backend.loaded)
    case.session.freeMemory()
    case.wait()
    case.refine()
    assert len(case.backend.loaded) == loads + 1
    assert case.errors == []


def test_what_cannot_begin_is_refused_with_the_remedy(case):
    case.session.clearScribbles()
    with pytest.raises(ValueError, match="nothing is scribbled: choose a label, and paint"):
        case.refine()
    case.paint(LIVER, STROKE)
    view = case.build.slice_view(view_across(case.volume, 2, (20, 15, 9)))
    with pytest.raises(ValueError, match="outside of the scope: widen it"):
        case.refine(scope=Scope("slice", view))
    case.refine()
    with pytest.raises(ValueError, match="since the last round: paint"):
        case.refine(useEarlierScribbles=False)
    new = case.paint(LARYNX, (slice(7, 8), slice(3, 4), slice(3, 6)))
    case.refine(useEarlierScribbles=False)
    painted = case.backend.refinement.calls[-1].scribbles
    np.testing.assert_array_equal(painted == LARYNX, new & (painted >= 0))
    assert (painted == LIVER).sum() == 0


def test_strokes_that_are_painted_while_it_runs_belong_to_the_next_round(case):
    start_and_hold(case)
    new = case.paint(LIVER, (slice(7, 8), slice(3, 4), slice(3, 6)))
    case.backend.gate.set()
    case.wait()
    assert case.session.hasNewScribbles
    case.refine(useEarlierScribbles=False)
    painted = case.backend.refinement.calls[-1].scribbles
    np.testing.assert_array_equal(painted >= 0, new)
    assert not case.session.hasNewScribbles
    case.session.undo()
    assert list(case.session.scribbleCounts()) == [LARYNX]


def test_networks_that_cannot_be_refined_can_still_predict(build):
    case = RefineCase(build, set_up=False)
    case.backend.refinable = "frozen TorchScript: export it unfrozen"
    case.set_up()
    case.initial()
    case.paint(LARYNX, STROKE)
    with pytest.raises(ValueError, match="frozen TorchScript: export it unfrozen"):
        case.refine()
    assert case.voxels(LIVER).any()
    case.close()
