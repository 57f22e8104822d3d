"""Runs on a part of the volume: nothing else is looked at or changed, and within the scope it is as on the whole."""

import numpy as np
import pytest
import slicer

from CueSegMRML import SegmentMasks
from parts_case import box_of, in_box, in_slab, results
from refine_case import LARYNX, LIVER, SPLEEN, RefineCase
from refine_doubles import REACH
from scene_builder import GEOMETRIES, SHAPE, to_world
from ScribbleRefineLib.Parts import NONE, Part, Strokes
from ScribbleRefineLib.Scope import Scope


@pytest.fixture
def case(build):
    case = RefineCase(build)
    yield case
    case.close()


@pytest.mark.parametrize("seed", range(6))
def test_a_round_is_as_on_the_whole_within_the_scope_and_nothing_changes_outside(build, seed):
    found = {}
    for part_only in (False, True):
        case = RefineCase(build, ("lps", "tilted", "sagittal")[seed % 3])
        case.initial()
        case.session.labels.setLocked(SPLEEN, seed % 2 == 0)
        places = np.random.default_rng(seed).integers(0, np.array(SHAPE) - 4, (4, 3))
        for index, (k, j, i) in zip((0, LIVER, SPLEEN, LARYNX), places, strict=True):
            case.paint(index, (slice(k, k + 2), slice(j, j + 3), slice(i, i + 4)))
        k, j, i = places[seed % 4]
        low = np.maximum(places[seed % 4] - 2, 0)
        high = np.minimum(low + np.random.default_rng(seed).integers(3, 9, 3), SHAPE)
        before = case.masks()
        askew = seed % 3 == 1
        scope = in_slab(case, float(k), 1, part_only) if askew else in_box(case, low, high, part_only)
        mask = scope.mask(case.volume)
        result = case.refine(scope=scope)
        assert case.errors == []
        labels = [case.voxels(index) for index in (LIVER, SPLEEN)]
        assert not mask.all()
        for index, segment in zip((LIVER, SPLEEN), labels, strict=True):
            segment_id = case.session.labels.row(index).resultSegmentId
            had = np.frombuffer(before[segment_id], bool).reshape(SHAPE)
            np.testing.assert_array_equal(segment[~mask], had[~mask])
        facts = (result.changedVoxels, result.changedByLabel, result.millilitres, result.satisfied)
        unsatisfied = {k: sorted(map(tuple, v.round(6))) for k, v in result.unsatisfied.items()}
        found[part_only] = (case.masks(), facts, unsatisfied)
        call = case.backend.refinement.calls[-1]
        assert part_only or call.base.shape == SHAPE
        assert call.base.shape == call.scribbles.shape == call.scope.shape
        case.close()
    assert found[True] == found[False]


def test_a_prediction_fills_the_scope_only(case):
    scope = in_box(case, (2, 4, 4), (6, 20, 30))
    result = case.initial(scope)
    assert case.errors == []
    where = np.zeros(SHAPE, bool)
    where[box_of((2, 4, 4), (6, 20, 30))] = True
    image = slicer.util.arrayFromVolume(case.volume)
    np.testing.assert_array_equal(case.voxels(LIVER), (image == 150) & where)
    np.testing.assert_array_equal(case.voxels(SPLEEN), (image == 250) & where)
    part = box_of((0, 0, 0), (6 + REACH, 20 + REACH, 30 + REACH))
    np.testing.assert_array_equal(case.backend.refinement.images[-1].image, image[part])
    assert "the network sees 11 x 25 x 35 of the volume's 12 x 30 x 40 voxels" in result.notes
    case.session.undo()
    assert not case.session.segmentationNode.GetSegmentation().GetNumberOfSegments()


def test_without_the_tick_or_for_the_whole_volume_a_prediction_fills_the_volume(case):
    case.initial(Scope("volume", partOnly=True))
    whole = case.masks()
    assert case.backend.refinement.images[-1].image.shape == SHAPE
    case.session.undo()
    case.initial(in_slab(case, 4.0, part=False))
    assert case.errors == []
    assert case.masks() == whole


def test_the_image_is_kept_while_the_part_stays_the_same(case):
    case.initial(in_slab(case, 5.0))
    case.paint(LARYNX, np.s_[5:6, 2:4, 2:9])
    case.refine(scope=in_slab(case, 5.0))
    case.paint(LARYNX, np.s_[5:6, 20:22, 12:19])
    case.refine(scope=in_slab(case, 5.0))
    assert (len(case.backend.refinement.images), case.errors) == (1, [])
    case.paint(0, np.s_[11:12, 20:22, 12:19])  # outside of the scope: it teaches
    case.refine(scope=in_slab(case, 5.0))
    assert len(case.backend.refinement.images) == 2
    assert (case.backend.refinement.calls[-1].scribbles == 0).sum() == 14
    assert any("14 scribbled voxels lie outside of the scope" in note for note in case.last().notes)


def test_only_scribbles_that_count_widen_the_part(case):
    case.initial()
    case.paint(LARYNX, np.s_[11:12, 2:4, 2:9])
    case.refine()
    case.paint(LARYNX, np.s_[2:3, 20:22, 12:19])
    case.refine(scope=in_slab(case, 2.0), useEarlierScribbles=False)
    assert case.errors == []
    assert case.backend.refinement.calls[-1].base.shape[0] == 3 + REACH


def test_steps_go_back_and_come_again(case):
    case.initial(in_slab(case, 4.0, 1))
    steps = [case.masks()]
    for k in (4, 8):
        case.paint(LARYNX, np.s_[k : k + 1, 2:4, 2:9])
        case.refine(scope=in_slab(case, float(k), 1))
        steps.append(case.masks())
    weights = case.session._space.history.weights
    case.session.undo()
    case.session.redo()
    assert case.masks() == steps[2]
    assert case.session._space.history.weights is weights
    case.session.undo()
    assert results(case) == _only(steps[1], results(case))
    case.session.undo()
    assert results(case) == _only(steps[0], results(case))


def _only(masks, wanted):
    return {name: masks[name] for name in wanted}


def test_maps_lie_where_the_part_does(case):
    case.initial()
    case.paint(LARYNX, np.s_[10:11, 25:27, 30:36])
    scope = in_box(case, (9, 24, 28), (12, 30, 40))
    before = case.voxels(LIVER), case.voxels(SPLEEN)
    case.refine(scope=scope)
    assert case.errors == []
    composite = case.build.scene.AddNewNodeByClass("vtkMRMLSliceCompositeNode", "Test")
    assert case.session.showChangeMap(True, [composite])
    shown = case.build.scene.GetNodeByID(composite.GetForegroundVolumeID())
    values = slicer.util.arrayFromVolume(shown)
    assert values.shape != SHAPE
    changed = case.voxels(LARYNX) | (case.voxels(LIVER) != before[0]) | (case.voxels(SPLEEN) != before[1])
    places = to_world(shown, np.argwhere(values != 0)[:, ::-1].astype(float))
    expected = to_world(case.volume, np.argwhere(changed)[:, ::-1].astype(float))
    assert sorted(map(tuple, places.round(4))) == sorted(map(tuple, expected.round(4)))
    case.session.showChangeMap(False, [composite])
    case.build.scene.RemoveNode(composite)


def test_growth_is_previewed_on_the_part(case):
    case.paint(LARYNX, np.s_[10:11, 25:27, 30:36])
    counts = []
    settings = type(case.settings)(growthThreshold=10.0)
    for scope in (Scope(), in_slab(case, 10.0)):
        case.session.previewGrowth(settings, counts.append, case.errors.append, scope)
        case.wait()
        node = case.session.growth.node
        segment_id = node.GetSegmentation().GetNthSegmentID(0)
        counts.append(SegmentMasks.maskOnVolume(node, segment_id, case.volume).tobytes())
    assert case.errors == []
    assert counts[:2] == counts[2:]
    assert counts[0][LARYNX] > 12


def test_segments_on_another_grid_are_read_and_counted_on_the_part(build):
    coarse = build.volume(GEOMETRIES["lps"] @ np.diag([2.0, 2.0, 1.0, 1.0]), np.zeros((12, 15, 20), np.int16))
    segmentation = build.segmentation(coarse, segments=("liver",))
    mask = np.zeros((12, 15, 20), bool)
    mask[2:8, 4:9, 5:12] = True
    SegmentMasks.setOnVolume(segmentation, "liver", coarse, mask)
    case = RefineCase(build, set_up=False)
    case.set_up(segmentation)
    case.session.startFromSegmentation()
    whole = case.voxels(LIVER)
    part = box_of((1, 3, 7), (7, 17, 20))
    np.testing.assert_array_equal(
        SegmentMasks.maskOnVolume(segmentation, "liver", case.volume, part), whole[part]
    )
    assert not SegmentMasks.maskOnVolume(
        segmentation, "liver", case.volume, box_of((0, 0, 0), (1, 2, 2))
    ).any()
    case.paint(LARYNX, np.s_[4:5, 10:12, 12:14])
    result = case.refine(scope=in_slab(case, 4.0))
    assert case.errors == []
    voxel = 2.0 / 1000
    assert result.millilitres[LIVER][0] == pytest.approx(mask.sum() * 4 * voxel)
    case.close()


def test_strokes_are_kept_in_their_box():
    array = np.full(SHAPE, NONE, np.int16)
    array[3:5, 7:9, 11], array[9, 20, 30] = 2, 0
    strokes = Strokes.around(array, (0, 0, 0), SHAPE)
    assert strokes.box == box_of((3, 7, 11), (10, 21, 31))
    np.testing.assert_array_equal(strokes.within(), array)
    for low, high in (((4, 8, 0), (10, 30, 12)), ((0, 0, 0), (3, 7, 11)), ((9, 20, 30), (10, 21, 31))):
        np.testing.assert_array_equal(strokes.within(box_of(low, high)), array[box_of(low, high)])
    earlier = Strokes.around(np.where(array == 2, array, NONE), (0, 0, 0), SHAPE)
    new = strokes.without(earlier)
    assert (new.low, new.count, new.classes) == ((9, 20, 30), 1, [0])
    assert strokes.without(strokes).count == 0
    assert strokes.without(strokes).within().max() == NONE


def test_a_part_counts_from_its_first_voxel():
    part = Part((2, 3, 4), (8, 9, 10), SHAPE)
    assert part.outer(box_of((0, 1, 2), (3, 4, 5))) == box_of((2, 4, 6), (5, 7, 9))
    assert (part.shape, part.ends) == ((6, 6, 6), [[2, 8], [3, 9], [4, 10]])


def test_scopes_that_hold_nothing_are_refused(case):
    with pytest.raises(ValueError, match="no view is chosen"):
        case.session.runInitial(case.settings, None, None, None, Scope("slab", partOnly=True))
    with pytest.raises(ValueError, match="holds no voxel"):
        case.session.runInitial(case.settings, None, None, None, in_box(case, (90, 90, 90), (95, 95, 95)))


def test_a_cancelled_round_and_one_that_fails_change_nothing(case):
    case.initial()
    before = case.masks()
    case.paint(LARYNX, np.s_[4:5, 2:4, 2:9])
    painted = case.masks()
    case.backend.gate.clear()
    case.refine(wait=False, scope=in_slab(case, 4.0))
    assert case.backend.reached.wait(10)
    case.session.cancel()
    case.backend.gate.set()
    case.wait()
    assert case.masks() == painted
    assert case.session.undoText == "Initial prediction"
    case.backend.error = MemoryError()
    case.refine(scope=in_slab(case, 4.0))
    assert "memory ran out: under Scope choose fewer slices or a smaller box" in str(case.errors[-1])
    assert results(case) == _only(before, results(case))
    case.backend.error = None
    case.refine(scope=in_slab(case, 4.0))
    assert len(case.errors) == 1
    assert case.masks() != painted
