"""Runs on a part of the volume with a real network: as on the whole, recorded and replayed, within the memory."""

import json

import numpy as np
import pytest
import slicer

from cueseg.cli.main import main
from cueseg.image_files import read_image, read_segmentation
from cueseg.networks import memory
from cueseg.sessions.record_file import parse_record
from CueSegMRML import Volumes
from parts_case import CORNER, LARGE, OPTIONS, box_of, in_box, in_slab, large_case, results, save_convolutions


@pytest.fixture
def network(tmp_path):
    save_convolutions(tmp_path / "organs.pt")
    return tmp_path / "organs.pt"


@pytest.fixture
def large(build, network):
    case = large_case(build, network)
    yield case
    case.close()


def test_a_real_prediction_is_the_same_within_the_scope(large):
    large.initial()
    whole = large.voxels(1)
    large.session.undo()
    result = large.initial(in_box(large, *CORNER))
    assert large.errors == []
    assert "the network sees 12 x 62 x 63 of the volume's 12 x 96 x 104 voxels" in result.notes
    where = np.zeros(LARGE, bool)
    where[box_of(*CORNER)] = True
    np.testing.assert_array_equal(large.voxels(1), whole & where)
    assert (large.voxels(1).sum(), (whole & ~where).sum()) > (1000, 1000)


def test_a_part_that_is_the_volume_gives_the_same_to_the_last_bit(large):
    found = {}
    for part in (False, True):
        large.initial()
        large.paint(2, np.s_[4:5, 8:10, 12:20])
        large.paint(0, np.s_[5:6, 64:66, 80:90])
        result = large.refine(scope=in_box(large, *CORNER, part), **OPTIONS)
        assert large.errors == []
        weights = large.session._space.history.weights.tensors
        found[part] = (results(large), {name: tensor.numpy().tobytes() for name, tensor in weights.items()})
        for _ in range(2):
            large.session.undo()
    assert "the network sees 12 x 96 x 104 of the volume's 12 x 96 x 104 voxels" in result.notes
    assert result.changedVoxels > 0
    assert found[True] == found[False]


def test_memory_that_does_not_suffice_names_the_tick_and_loses_nothing(large, monkeypatch):
    large.initial()
    large.paint(2, np.s_[4:5, 8:10, 12:20])
    before, text = large.masks(), large.session.undoText
    needed = 4 * (1 + 3) * 2 * np.prod(LARGE)
    monkeypatch.setattr(memory, "available_bytes", lambda: int(needed * 0.7))
    large.session.freeMemory()
    large.refine(**OPTIONS)
    told = str(large.errors[-1])
    assert told.startswith("segmenting this image of 12 x 96 x 104 voxels into 3 classes needs")
    assert (
        "GB are available: under Scope choose a slice, slices or a box and tick 'Run the network on this"
        in told
    )
    assert told.endswith("nothing was changed")
    assert (large.masks(), large.session.undoText) == (before, text)
    large.refine(scope=in_box(large, *CORNER), **OPTIONS)
    assert len(large.errors) == 1
    assert large.masks() != before
    assert Volumes.dimensions(large.volume) == LARGE[::-1]


def test_a_round_is_the_same_within_the_scope(large):
    found = {}
    for part in (False, True):
        large.initial()
        large.paint(2, np.s_[4:5, 8:10, 12:20])
        large.paint(0, np.s_[5:6, 15:18, 22:28])
        large.refine(scope=in_box(large, *CORNER, part), **OPTIONS)
        found[part] = (large.voxels(1), large.voxels(2))
        for _ in range(2):
            large.session.undo()
    differing = sum((one != other).sum() for one, other in zip(found[True], found[False], strict=True))
    changed = large.last().changedVoxels
    assert changed > 1000
    assert differing < 0.005 * changed  # the keep penalty is sampled from the part, not from the volume


def saved(case, tmp_path) -> list:
    """Write image and record; the recorded actions."""
    assert case.errors == []
    assert slicer.util.saveNode(case.volume, str(tmp_path / "image.nrrd"))
    case.session.records.save(tmp_path / "session.jsonl")
    record, notes = parse_record(case.session.records.node.GetText())
    assert notes == []
    return record.actions


def replay(tmp_path, network) -> int:
    paths = {name: str(tmp_path / name) for name in ("session.jsonl", "image.nrrd", "again.seg.nrrd")}
    words = ["replay", paths["session.jsonl"], "--image", paths["image.nrrd"], "--weights", str(network)]
    return main([*words, "--output", paths["again.seg.nrrd"], "--overwrite"])


@pytest.fixture
def adjusting(build, tmp_path):
    """As `large`, with a network that adjusts to the intensities of what it is given."""
    path = tmp_path / "organs.pt"
    save_convolutions(path, {"kind": "zscore", "nonzero": False})
    case = large_case(build, path)
    yield case, path
    case.close()


def test_rounds_on_parts_are_replayed_bit_by_bit(adjusting, tmp_path, capfd):
    case, network = adjusting
    case.session.records.isOn = True
    case.initial(in_box(case, *CORNER))
    case.paint(2, np.s_[4:5, 8:10, 12:20])
    case.refine(scope=in_box(case, *CORNER), **OPTIONS)
    case.session.labels.setLocked(1, True)
    case.paint(0, np.s_[5:6, 15:18, 22:28])
    case.refine(scope=in_slab(case, 5.0, 1), **OPTIONS)
    case.session.labels.setLocked(1, False)
    case.refine(scope=in_box(case, *CORNER, part=False), **OPTIONS)
    case.session.undo()
    case.session.redo()
    case.initial(in_slab(case, 9.0))
    actions = saved(case, tmp_path)
    assert [a["action"] for a in actions] == ["predicted", *["refined"] * 3, "undo", "redo", "predicted"]
    assert [a.get("part") is not None for a in actions] == [True, True, True, False, False, False, True]
    assert actions[0]["part"] == [[0, 12], [0, 62], [0, 63]]
    assert [action["besides"] for action in actions] == [{}] * 7
    assert replay(tmp_path, network) == 0
    assert "7 of 7 actions as recorded" in capfd.readouterr().out
    found = read_segmentation(tmp_path / "again.seg.nrrd", read_image(tmp_path / "image.nrrd"))
    for index, name in ((1, "liver"), (2, "spleen")):
        np.testing.assert_array_equal(found.mask_of(name), case.voxels(index))


CHANGES = (
    (lambda action: action.update(part=[[0, 12], [0, 97], [0, 63]]), "is no part of a volume of"),
    (lambda action: action.update(part=[[0, 12], [62, 62], [0, 63]]), "is no part of a volume of"),
    (lambda action: action.update(part=[[0, 12], [0, 62]]), "is no part of a volume of"),
    (lambda action: action.update(part=None), "is no part of a volume of"),
    (lambda action: action.pop("scope"), "wrong fields: scope"),
    (lambda action: action.pop("part"), "wrong fields: scope"),
    (lambda action: action.update(scope=[10**9, 5]), "the record was damaged"),
)


def test_another_part_is_not_as_recorded_and_damaged_ones_are_refused(adjusting, tmp_path, capfd):
    case, network = adjusting
    case.session.records.isOn = True
    case.initial(in_box(case, *CORNER))
    case.session.undo()
    saved(case, tmp_path)
    path = tmp_path / "session.jsonl"
    header, first, last = path.read_text(encoding="utf-8").splitlines()

    def replayed_with(change) -> int:
        action = json.loads(first)
        change(action)
        path.write_text("\n".join((header, json.dumps(action), last)), encoding="utf-8")
        return replay(tmp_path, network)

    replayed_with(lambda action: action.update(part=[[0, 12], [6, 68], [0, 63]]))
    assert "1 predicted: NOT as recorded" in capfd.readouterr().out
    for change, message in CHANGES:
        assert replayed_with(change) != 0
        assert message in capfd.readouterr().err
