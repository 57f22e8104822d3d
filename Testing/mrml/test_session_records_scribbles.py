"""What a scribble session writes down in the scene, and that a replay gives the panel's segments bit by bit."""

import getpass

import numpy as np
import pytest
import slicer

from cueseg.cli.main import main
from cueseg.image_files import read_image, read_segmentation
from cueseg.sessions.record_file import parse_record
from CueSegMRML import SegmentMasks
from CueSegMRML.SessionRecords import NODE_NAME, REFERENCE
from real_refine_case import save_random_network, scribbled_case

OPTIONS = {"maxIterations": 5, "learningRate": 0.02, "growthThreshold": 40.0, "device": "cpu"}


@pytest.fixture
def network(tmp_path):
    save_random_network(tmp_path / "organs.pt")
    return tmp_path / "organs.pt"


@pytest.fixture
def case(build, network):
    case = scribbled_case(build, network)
    yield case
    case.close()


def recorded(case):
    text = case.session.records.node.GetText()
    record, notes = parse_record(text)
    assert notes == []
    return record


def kinds(case):
    return [action["action"] for action in recorded(case).actions]


def brush(case, index, box):
    """Change a segment as another tool would."""
    mask = case.voxels(index)
    mask[box] = ~mask[box]
    segment_id = case.session.labels.row(index).resultSegmentId
    SegmentMasks.setOnVolume(case.session.segmentationNode, segment_id, case.volume, mask)


def test_nothing_is_written_down_until_it_is_asked_for(case, build):
    case.refine(**OPTIONS)
    assert case.session.records.node is None
    assert build.scene.GetFirstNodeByName(NODE_NAME) is None
    with pytest.raises(ValueError, match="tick 'Record this session'"):
        case.session.records.save("/nowhere.jsonl")


def test_a_locked_label_that_is_nowhere_does_not_stand_in_the_way(case):
    case.session.records.isOn = True
    for index, name in enumerate(("bone", "skin"), 4):
        case.session.newOrgan(name)
        case.session.labels.setLocked(index, True)
    brush(case, 4, np.s_[0:1, 0:2, 0:2])
    case.refine(**OPTIONS)
    assert case.errors == []
    assert recorded(case).actions[-1]["locked"] == [4]


def test_a_session_is_replayed_bit_by_bit(case, network, tmp_path, capfd):
    case.session.records.isOn = True
    case.initial()
    case.refine(**OPTIONS)
    brush(case, 1, np.s_[4:6, 3:9, 3:7])
    case.session.labels.setLocked(2, True)
    case.paint(1, np.s_[2:3, 8:9, 5:14])
    case.refine(**OPTIONS)
    case.session.undo()
    case.session.redo()
    assert case.errors == []
    assert kinds(case) == ["predicted", "refined", "given", "refined", "undo", "redo"]
    record = recorded(case)
    assert [action["besides"] for action in record.actions] == [{}] * 6
    assert [action["to"] for action in record.actions[4:]] == [3, 4]
    assert [action["painted"] for action in record.actions] == [12 + 12 + 6 + 22, 0, 0, 9, 0, 0]
    assert slicer.util.saveNode(case.volume, str(tmp_path / "image.nrrd"))
    case.session.records.save(tmp_path / "session.jsonl")
    words = ["replay", "session.jsonl", "--image", "image.nrrd", "--weights", network.name]
    words = [str(tmp_path / word) if "." in word else word for word in words]
    assert main([*words, "--output", str(tmp_path / "again.seg.nrrd")]) == 0
    assert "6 of 6 actions as recorded" in capfd.readouterr().out
    found = read_segmentation(tmp_path / "again.seg.nrrd", read_image(tmp_path / "image.nrrd"))
    for index, name in ((1, "liver"), (2, "spleen"), (3, "class 3")):
        np.testing.assert_array_equal(found.mask_of(name), case.voxels(index))


def test_a_record_is_saved_with_the_scene_and_names_nobody(case, build, network):
    case.volume.SetName("Doe^Jane")
    case.session.segmentationNode.SetName("Doe^Jane segmentation")
    case.session.labels.rename(3, "jane's lesion")
    case.session.records.isOn = True
    case.refine(**OPTIONS)
    node = case.session.records.node
    assert case.session.segmentationNode.GetNodeReference(REFERENCE) is node
    assert node.GetSaveWithScene()
    text = node.GetText()
    for name in (
        "Doe",
        "Jane",
        "jane",
        "lesion",
        "Segment_",
        "liver",
        str(network.parent),
        getpass.getuser(),
    ):
        assert name not in text
    assert '"name":"organs"' in text


def test_another_volume_begins_another_record(case, build):
    case.session.records.isOn = True
    case.refine(**OPTIONS)
    first = case.session.records.node
    values = slicer.util.arrayFromVolume(case.volume)
    values[0, 0, 0] += 1
    slicer.util.arrayFromVolumeModified(case.volume)
    case.paint(1, np.s_[2:3, 8:9, 5:14])
    case.refine(**OPTIONS)
    second = case.session.records.node
    assert second is not first
    assert kinds(case) == ["given", "refined"]
    volumes = [parse_record(node.GetText())[0].header.volume.voxels for node in (first, second)]
    assert volumes[0] != volumes[1]


def test_what_was_done_while_it_was_off_is_given_when_it_is_on_again(case):
    case.session.records.isOn = True
    case.initial()
    case.session.records.isOn = False
    case.refine(**OPTIONS)
    case.session.records.isOn = True
    case.paint(1, np.s_[2:3, 8:9, 5:14])
    case.refine(**OPTIONS)
    record = recorded(case)
    assert [(a["action"], a.get("why")) for a in record.actions] == [("given", "start"), ("refined", None)]


def test_a_deleted_record_does_not_come_back_in_pieces(case, build):
    case.session.records.isOn = True
    case.initial()
    build.scene.RemoveNode(case.session.records.node)
    case.session.undo()
    assert case.session.records.node is None
    case.refine(**OPTIONS)
    assert kinds(case)[-1] == "refined"


def test_closing_the_scene_lets_go_of_the_record(case, build):
    case.session.records.isOn = True
    case.initial()
    case.session.closeScene()
    assert case.session.records.node is None
    assert case.session.records.actions == 0
