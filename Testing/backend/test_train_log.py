"""The log of a run: lines, curves, progress; nothing twice after a run was killed."""

import json
import logging

import pytest

from cueseg.training import journal
from cueseg.training.journal import Journal


def lines_of(folder):
    return [json.loads(line) for line in (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def log(tmp_path):
    """Of a run of 400 steps that goes on from step 100."""
    return Journal(tmp_path, 100, 400, tensorboard=False, writes=True)


def test_a_line_holds_the_mean_loss_since_the_last_and_the_rate(log, tmp_path):
    for loss in (1.0, 2.0, 6.0):
        log.count(loss)
    log.report(103, 0.00123456)
    log.count(5.0)
    log.report(104, 1e-7)
    log.write({"step": 104, "val": 0.5, "exact": {"box": 0.25}})
    assert lines_of(tmp_path) == [
        {"step": 103, "loss": 3.0, "rate": 0.001235},
        {"step": 104, "loss": 5.0, "rate": 1e-7},
        {"step": 104, "val": 0.5, "exact": {"box": 0.25}},
    ]


def test_progress_says_how_far_and_how_long(log, monkeypatch, caplog):
    log.count(0.25)
    monkeypatch.setattr(journal.time, "monotonic", lambda: log._began + 3000.0)
    with caplog.at_level(logging.INFO):
        log.report(200, 1e-3)
    assert caplog.messages == ["step 200 (50 %) loss 0.25, 30.00 s/step, 1 h 40 min left"]


def test_lines_of_steps_that_come_again_are_dropped(tmp_path):
    rows = [{"step": step, "loss": 1.0} for step in (50, 100, 150)]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (tmp_path / "log.jsonl").write_text(text + '{"step": 160, "lo', encoding="utf-8")
    Journal(tmp_path, 100, 400, tensorboard=False, writes=False)
    assert (tmp_path / "log.jsonl").read_text(encoding="utf-8") == text + '{"step": 160, "lo'
    Journal(tmp_path, 100, 400, tensorboard=False, writes=True)
    assert lines_of(tmp_path) == rows[:2]


def test_ranks_that_do_not_write_leave_nothing(tmp_path):
    silent = Journal(tmp_path, 0, 10, tensorboard=True, writes=False)
    silent.count(1.0)
    silent.report(1, 0.1)
    silent.write({"step": 1})
    silent.close()
    assert list(tmp_path.iterdir()) == []


def test_without_tensorboard_the_lines_are_there_and_it_says_how_to_get_it(tmp_path, monkeypatch, caplog):
    import builtins

    found = builtins.__import__

    def import_but_not_tensorboard(name, *rest):
        if "tensorboard" in name:
            raise ImportError(name)
        return found(name, *rest)

    monkeypatch.setattr(builtins, "__import__", import_but_not_tensorboard)
    with caplog.at_level(logging.INFO):
        log = Journal(tmp_path, 0, 10, tensorboard=True, writes=True)
    assert "pip install tensorboard" in caplog.text
    log.write({"step": 1, "val": 0.5})
    assert lines_of(tmp_path) == [{"step": 1, "val": 0.5}]
    assert not (tmp_path / "events").exists()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_curves_can_be_read_by_tensorboard(tmp_path):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    log = Journal(tmp_path, 0, 10, tensorboard=True, writes=True)
    log.count(2.0)
    log.report(1, 0.125)
    log.write({"step": 1, "val": 0.5, "exact": {"box": 0.25}, "note": "words"})
    log.close()
    events = accumulator.EventAccumulator(str(tmp_path / "events")).Reload()
    scalars = {tag: [(e.step, e.value) for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]}
    assert scalars == {"loss": [(1, 2.0)], "rate": [(1, 0.125)], "val": [(1, 0.5)], "exact/box": [(1, 0.25)]}
