"""Records of sessions: masks as runs, what identifies a volume, lines that are damaged, what a record never holds."""

import getpass
import json
import platform

import numpy as np
import pytest

from cueseg.sessions.digests import mask_sha256
from cueseg.sessions.identity import VolumeIdentity, WeightsIdentity
from cueseg.sessions.record import SessionHeader
from cueseg.sessions.record_file import append_action, parse_record, read_record, start_record
from cueseg.sessions.recorder import SessionRecorder
from cueseg.sessions.run_length import decode_runs

SHAPE = (3, 5, 6)
PLANE = {"axis": 0, "transposed": False, "flip_slices": False, "flip_rows": False, "flip_cols": False}
SLICE = {
    "segment": "1",
    "keep": False,
    "overwritten": [],
    "corrects": False,
    "points": [[1, 1]] * 4,
    "modality": "ct",
    "spacing": [1, 1],
    "range": None,
    "threshold": 0.5,
}


@pytest.fixture
def header():
    volume = VolumeIdentity("a" * 64, "b" * 64, SHAPE, (1.0, 1.0, 1.0))
    return SessionHeader({"torch": "2"}, "cpu", 1, volume, WeightsIdentity("net", "c" * 64))


@pytest.fixture
def recorder(header):
    return SessionRecorder(header)


def square(size=2):
    mask = np.zeros(SHAPE[1:], bool)
    mask[1 : 1 + size, 1 : 1 + size] = True
    return mask


def write(recorder, index, mask, **changes):
    """Record a slice of segment 1; what other slices have stays."""
    whole = recorder._states.masks(recorder._states.last).get("1", np.zeros(SHAPE, bool)).copy()
    whole[index] = mask
    plane = {**PLANE, "index": index}
    recorder.note("slice", {"1": whole}, {index: mask}, plane=plane, clicks=4, **{**SLICE, **changes})
    return whole


def test_an_action_says_what_became_of_the_segment(recorder):
    whole = write(recorder, 1, square(), user=2.5)
    (action,) = recorder.record.actions
    assert action["masks"] == {"1": mask_sha256(whole)}
    np.testing.assert_array_equal(decode_runs(action["changed"]["1"], SHAPE), whole)
    assert action["besides"] == {}
    assert action["seconds"] == {"user": 2.5, "machine": 0.0}
    assert action["clicks"] == 4


def test_what_masking_kept_out_is_told_besides(recorder):
    mask = square(3)
    whole = np.zeros(SHAPE, bool)
    whole[1] = mask
    whole[1, 3, 3] = False
    action = recorder.note("slice", {"1": whole}, {1: mask}, plane={**PLANE, "index": 1}, **SLICE)
    kept_out = decode_runs(action["besides"]["1"], SHAPE)
    assert np.argwhere(kept_out).tolist() == [[1, 3, 3]]


def test_what_a_brush_changed_in_between_is_given(recorder):
    whole = write(recorder, 0, square())
    recorder.follow({"1": whole})
    assert len(recorder.record.actions) == 1
    whole[2, 4, 4] = True
    recorder.follow({"1": whole})
    given = recorder.record.actions[-1]
    assert (given["action"], given["why"], given["changed"]) == ("given", "edited", {"1": [88, 1]})


def test_undo_and_redo_go_to_the_state_that_has_these_masks(recorder):
    empty = np.zeros(SHAPE, bool)
    first = write(recorder, 0, square())
    second = write(recorder, 1, square())
    goes = [
        recorder.note(kind, {"1": mask}, None)["to"]
        for kind, mask in (("undo", first), ("undo", empty), ("redo", first), ("redo", second))
    ]
    assert goes == [1, 0, 3, 2]
    odd = recorder.note("undo", {"1": ~empty}, None)
    assert odd["to"] is None
    assert odd["besides"]


def test_a_correction_takes_the_place_of_the_write_before_it(recorder):
    other = np.zeros(SHAPE, bool)
    other[1] = square()
    recorder.follow({"2": other})
    write(recorder, 1, square(3), overwritten=["2"])
    whole = np.zeros(SHAPE, bool)
    whole[0] = square()
    fields = {**SLICE, "overwritten": ["2"], "corrects": True, "plane": {**PLANE, "index": 0}}
    action = recorder.note("slice", {"1": whole, "2": other}, {0: square()}, **fields)
    assert action["besides"] == {}
    assert "2" not in action["changed"]


def test_a_correction_is_recognised_by_what_others_got_back(recorder):
    other = np.zeros(SHAPE, bool)
    other[1] = square()
    recorder.follow({"2": other})
    fields = {name: value for name, value in SLICE.items() if name != "corrects"}
    fields |= {"overwritten": ["2"], "plane": {**PLANE, "index": 1}}
    whole, empty = np.zeros(SHAPE, bool), np.zeros(SHAPE, bool)
    whole[1] = square(3)
    first = recorder.note("slice", {"1": whole, "2": empty}, {1: square(3)}, **fields)
    corner = np.zeros(SHAPE[1:], bool)
    corner[3, 3] = True
    whole = np.zeros(SHAPE, bool)
    whole[1] = corner
    second = recorder.note("slice", {"1": whole, "2": other}, {1: corner}, **fields)
    assert (first["corrects"], first["besides"]) == (False, {})
    assert (second["corrects"], second["besides"]) == (True, {})


def test_wrong_fields_are_refused(recorder):
    with pytest.raises(ValueError, match="'sliced' is no action"):
        recorder.note("sliced", {}, None)
    with pytest.raises(ValueError, match="wrong fields: color"):
        recorder.note("undo", {}, None, color="red")
    assert recorder.record.actions == []


def test_a_record_in_a_file_comes_back(recorder, tmp_path, header):
    file = tmp_path / "session.jsonl"
    start_record(file, header)
    recorder = SessionRecorder(header, lambda action: append_action(file, action))
    write(recorder, 0, square())
    write(recorder, 1, square())
    assert read_record(file) == (recorder.record, [])
    assert file.read_text(encoding="utf-8") == recorder.record.to_text()


def test_a_damaged_last_line_is_told_and_left_out(recorder):
    write(recorder, 0, square())
    write(recorder, 1, square())
    text = recorder.record.to_text()
    for cut in (1, 5, 40):
        record, notes = parse_record(text[: -cut - 1])
        assert record.actions == recorder.record.actions[:1]
        assert "the last line (3) is damaged and was left out" in notes[0]


def test_a_damaged_middle_is_refused(recorder):
    for index in range(3):
        write(recorder, index, square())
    head, *lines = recorder.record.to_text().splitlines()
    for broken in ([lines[0], lines[2]], [lines[0], lines[1][:-3], lines[2]], [lines[0], "", lines[2]]):
        text = "\n".join([head, *broken, lines[2]])
        with pytest.raises(ValueError, match="line 3 is damaged"):
            parse_record(text)
    with pytest.raises(ValueError, match="does not begin with a header"):
        parse_record("\n".join(lines))
    with pytest.raises(ValueError, match="the record is empty"):
        parse_record("")


def test_other_files_are_no_records(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match=r"a\.jsonl is no text"):
        read_record(tmp_path / "a.jsonl")


def test_no_record_names_a_person_a_file_or_a_computer(recorder):
    write(recorder, 0, square())
    text = recorder.record.to_text()
    for name in (getpass.getuser(), platform.node(), "/", "\\", ".nrrd", ".pt"):
        assert name not in text
    words = {word for line in text.splitlines() for word in _words(json.loads(line))}
    assert words == {"cueseg-session-1", "2", "cpu", "a" * 64, "b" * 64, "c" * 64, "net", "points"} | {
        *("slice", "1", "ct"),
        recorder.record.actions[0]["masks"]["1"],
    }


def _words(value):
    """All texts in values (not the names of fields)."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [word for item in value for word in _words(item)]
    return [value] if isinstance(value, str) else []
