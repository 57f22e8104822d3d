"""`python -m cueseg replay`: recorded sessions come out bit by bit, and others are refused with the reason."""

import json

import numpy as np
import pytest

from cueseg.cli.main import main
from cueseg.image_files import read_image, read_segmentation
from cueseg.metrics import dice
from cueseg.networks import load_network
from cueseg.predictor import ExtremePointPredictor
from cueseg.sessions.identity import weights_of_card, weights_of_network
from cueseg.sessions.record import SessionRecord
from cueseg.sessions.record_file import read_record, write_record
from cueseg.sessions.replay import Replay
from cueseg.sessions.tools import NetworkTool, PointsTool
from image_builder import disc_volume, write_volume
from network_commands import SHAPE, save_image, save_tiny_network
from session_case import SessionCase

DISC = [(18, 22), (42, 22), (30, 10), (30, 34)]
CORONAL = [(18, 2), (42, 3), (30, 0), (30, 5)]


@pytest.fixture(scope="module")
def predictor():
    return ExtremePointPredictor(device="cpu")


@pytest.fixture
def points_case(tmp_path, predictor):
    """A session of the shipped weights on a disc in noise."""
    noise = np.random.default_rng(0).normal(0, 20, disc_volume().shape)
    write_volume(tmp_path / "ct.nrrd", (disc_volume() + noise).astype(np.int16))
    tool = PointsTool(predictor, read_image(tmp_path / "ct.nrrd").array)
    return SessionCase(tmp_path / "ct.nrrd", tool, weights_of_card(predictor.card))


@pytest.fixture
def network_case(tmp_path):
    """A session of a network that has learnt nothing, on two squares."""
    save_tiny_network(tmp_path / "net.pt", "Disc")
    image = np.random.default_rng(0).normal(0, 0.1, SHAPE).astype(np.float32)
    image[1:3, 4:12, 4:12] += 1
    save_image(tmp_path / "ct.nrrd", image)
    network = load_network(tmp_path / "net.pt")
    tool = NetworkTool(network, "cpu", image, (1.0, 1.0, 1.0))
    return SessionCase(tmp_path / "ct.nrrd", tool, weights_of_network(network))


def slices(case):
    """Slices of two segments in two directions, one moved, one masked, one undone and brought back."""
    case.slice(1, DISC)
    case.slice(2, np.add(DISC, 0.6))
    case.slice(2, np.add(DISC, 0.2), corrects=True, threshold=0.4)
    before = dict(case.masks)
    case.slice(22, CORONAL, axis=1, flip_rows=True, segment="2", overwritten=["1"])
    after = dict(case.masks)
    case.history("undo", {**before, "2": np.zeros_like(before["1"])})
    case.history("redo", after)
    brush = np.zeros_like(before["1"])
    brush[4, 3:9, 3:9] = True
    case.slice(3, DISC, besides={"1": brush}, range=[-200.0, 250.0], keep=True)


def replayed(case, tmp_path, *more):
    record = case.save(tmp_path / "session.jsonl")
    output = tmp_path / "again.seg.nrrd"
    words = ["replay", record, "--image", tmp_path / "ct.nrrd", "--output", output, *more]
    return main([str(word) for word in words]), output


def assert_same(case, output, names):
    segmentation = read_segmentation(output, case.image)
    assert [item.name for item in segmentation.segments] == list(names.values())
    for key, name in names.items():
        np.testing.assert_array_equal(segmentation.mask_of(name), case.masks[key])


def test_slices_from_points_come_out_bit_by_bit(points_case, tmp_path, capsys):
    slices(points_case)
    assert points_case.masks["1"][1].sum() > 200  # something was segmented at all
    code, output = replayed(points_case, tmp_path)
    assert code == 0
    assert_same(points_case, output, {"1": "Segment_1", "2": "Segment_2"})
    told = capsys.readouterr()
    lines = told.out.splitlines()
    assert lines[0] == "1 slice: as recorded"
    assert lines[4:6] == ["5 undo: as recorded", "6 redo: as recorded"]
    assert lines[6] == "7 slice: as recorded; 36 voxels taken from the record"
    assert lines[7] == f"7 of 7 actions as recorded -> {output}"
    assert told.err == ""


def test_a_volume_filled_with_derived_points_comes_out_bit_by_bit(points_case, tmp_path, capsys):
    points_case.volume({0: DISC, 4: np.add(DISC, 1)}, range(5))
    code, output = replayed(points_case, tmp_path)
    assert code == 0
    assert points_case.masks["1"].any(axis=(1, 2)).tolist() == [True] * 5 + [False]
    assert_same(points_case, output, {"1": "Segment_1"})
    assert "1 volume: as recorded" in capsys.readouterr().out


def test_a_carried_mask_comes_out_bit_by_bit(points_case, tmp_path):
    from cueseg.sessions.run_length import encode_runs
    from session_case import WRITING

    points_case.slice(1, DISC)
    start = {"start": 1, "mask": encode_runs(points_case.masks["1"][1]), "direction": 1, "until": 3}
    view = points_case.recorder.record.actions[0]["plane"]
    about = {"view": {name: value for name, value in view.items() if name != "index"}, "modality": "ct"}
    points_case.do(
        "propagated", **WRITING, **start, **about, spacing=[2.5, 0.5, 0.75], options={}, written=[2, 3]
    )
    assert points_case.masks["1"][3].any()
    code, output = replayed(points_case, tmp_path)
    assert code == 0
    assert_same(points_case, output, {"1": "Segment_1"})


def test_rounds_of_scribbles_come_out_bit_by_bit(network_case, tmp_path, capsys):
    network_case.predicted()
    scribbles = np.full(SHAPE, -1, np.int16)
    scribbles[1, 8, 5:11], scribbles[1, 2, 2:18] = 1, 0
    network_case.refined(scribbles, max_iterations=6)
    scribbles[2, 14, 3:9] = 0
    network_case.refined(scribbles, max_iterations=6, seed=3)
    code, output = replayed(network_case, tmp_path, "--weights", tmp_path / "net.pt")
    assert code == 0
    assert_same(network_case, output, {"1": "Disc"})
    assert "3 of 3 actions as recorded" in capsys.readouterr().out


def test_a_mask_that_comes_out_otherwise_is_told_with_its_dice(points_case, tmp_path, capsys):
    points_case.slice(1, DISC)
    wanted = points_case.masks["1"]
    action = dict(points_case.recorder.record.actions[0], points=[[16, 22], [40, 22], [28, 10], [28, 34]])
    record = SessionRecord(points_case.recorder.record.header, [action])
    (step,) = Replay(record, points_case.tool).run()
    (value,) = step.agreement.values()
    assert 0.8 < value < 1
    write_record(tmp_path / "other.jsonl", record)
    output = tmp_path / "again.seg.nrrd"
    words = ["replay", tmp_path / "other.jsonl", "--image", tmp_path / "ct.nrrd", "--output", output]
    assert main([str(word) for word in words]) == 0
    mask = read_segmentation(output, points_case.image).mask_of("Segment_1")
    assert value == pytest.approx(dice(mask, wanted))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"1 slice: NOT as recorded (segment 1: Dice {value:.4f})"
    assert lines[1].startswith("0 of 1 actions as recorded")


def test_another_volume_is_refused(points_case, tmp_path, capsys):
    points_case.slice(1, DISC)
    wanted = points_case.recorder.record.header.volume
    write_volume(tmp_path / "ct.nrrd", disc_volume())
    code, output = replayed(points_case, tmp_path)
    assert code == 3
    assert not output.exists()
    told = capsys.readouterr().err
    assert f"another volume: its voxels are {wanted.voxels[:12]}" in told
    assert "give the image that was segmented" in told


def test_a_volume_that_lies_elsewhere_is_refused(points_case, tmp_path, capsys):
    points_case.slice(1, DISC)
    wanted = points_case.recorder.record.header.volume
    write_volume(
        tmp_path / "ct.nrrd", points_case.image.array, (0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, -1.0)
    )
    assert replayed(points_case, tmp_path)[0] == 3
    told = capsys.readouterr().err
    assert f"its geometry is {wanted.geometry[:12]}, the image's is " in told


def test_other_weights_are_refused(points_case, network_case, tmp_path, capsys):
    code, _ = replayed(network_case, tmp_path)
    told = capsys.readouterr().err
    assert code == 3
    assert "'tiny'" in told
    assert "do not come with this package: give their file with --weights" in told
    code, _ = replayed(network_case, tmp_path, "--weights", "p-net")
    told = capsys.readouterr().err
    assert code == 3
    wanted = network_case.recorder.record.header.weights.sha256[:12]
    assert f"'tiny' ({wanted}, network), these are 'p-net' (b234bf97af70, network): give those" in told


def test_a_changed_record_is_refused(points_case, tmp_path, capsys):
    points_case.slice(1, DISC)
    file = points_case.save(tmp_path / "a.jsonl")
    _, line = file.read_text(encoding="utf-8").splitlines()
    action = json.loads(line)
    action["changed"]["1"][0] += 1
    record, _ = read_record(file)
    with pytest.raises(ValueError, match="does not lead to the mask whose SHA-256 it names"):
        list(Replay(SessionRecord(record.header, [action]), points_case.tool).run())
    del action["plane"]["axis"], action["plane"]["index"]
    action["changed"]["1"][0] -= 1
    with pytest.raises(ValueError, match=r"action 1 \(slice\) is damaged"):
        list(Replay(SessionRecord(record.header, [action]), points_case.tool).run())


def test_an_empty_record_writes_nothing(points_case, tmp_path, capsys):
    code, output = replayed(points_case, tmp_path)
    assert code == 3
    assert not output.exists()
    assert "empty segmentation" in capsys.readouterr().err
