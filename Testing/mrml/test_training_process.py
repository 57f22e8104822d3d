"""Training in a process of its own: what it says, how it ends, and that it never outlives the application."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import slicer

from cueseg.networks import load_network
from ExtremePointSegLib import TrainingProcess
from ExtremePointSegLib.Training import Stage, Training
from ExtremePointSegLib.TrainingMessages import describeRun
from ExtremePointSegLib.TrainingProcess import BackgroundProcess, TrainingLog
from project_tree import ROOT
from training_set_case import grow, make

SLEEP = "import time; print('begun', flush=True); time.sleep(60)"


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def python(code):
    return [sys.executable, "-c", code]


def test_the_last_lines_are_those_of_this_process(tmp_path):
    log = tmp_path / "new" / "train.log"
    for word in ("first", "second"):
        process = BackgroundProcess(python(f"print('{word}\\n\\n' * 9); raise SystemExit(3)"), log)
        wait_for(lambda process=process: process.exitCode is not None)
        assert process.exitCode == 3
        assert process.lastLines(2) == f"{word}\n{word}"
    assert log.read_text(encoding="utf-8").count("first") == 9


def test_a_process_is_stopped(tmp_path):
    process = BackgroundProcess(python(SLEEP), tmp_path / "log")
    wait_for(lambda: process.lastLines() == "begun")
    assert process.exitCode is None
    process.stop()
    wait_for(lambda: process.exitCode is not None)
    assert process.wasStopped


def test_a_process_that_does_not_listen_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr(TrainingProcess, "_PATIENCE", 0.2)
    deaf = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEP}"
    process = BackgroundProcess(python(deaf), tmp_path / "log")
    wait_for(lambda: process.lastLines() == "begun")
    process.stop(wait=True)
    assert process.exitCode == -signal.SIGKILL


def test_a_process_ends_with_the_application(tmp_path):
    script = (
        "import sys, time; from pathlib import Path\n"
        "from ExtremePointSegLib.TrainingProcess import BackgroundProcess\n"
        f"process = BackgroundProcess([sys.executable, '-c', {SLEEP!r}], Path({str(tmp_path / 'log')!r}))\n"
        "print(process.pid)\n"
        "while not process.lastLines(): time.sleep(0.01)\n"
    )
    folders = os.pathsep.join(str(ROOT / name) for name in ("CueSegBackend", "ExtremePointSeg"))
    environment = {**os.environ, "PYTHONPATH": folders}
    result = subprocess.run(
        python(script), env=environment, capture_output=True, encoding="utf-8", timeout=60, check=True
    )
    with pytest.raises(ProcessLookupError):
        os.kill(int(result.stdout), 0)


def test_the_log_is_read_while_it_is_written(tmp_path, monkeypatch):
    path, now = tmp_path / "log.jsonl", [100.0]
    monkeypatch.setattr(TrainingProcess.time, "monotonic", lambda: now[0])
    log = TrainingLog(path, 100)
    assert not log.read()
    for step in (10, 20):
        with path.open("a") as file:
            file.write(json.dumps({"step": step, "loss": 1 / step, "rate": 0.1}) + "\n")
        now[0] += 5
        assert log.read()
        assert log.step == step
    assert not log.read()
    assert log.secondsLeft == pytest.approx(40)  # 10 steps in 5 seconds, 80 to go
    with path.open("a") as file:
        file.write(json.dumps({"step": 20, "val": 0.5, "liver": {"n": 1}}) + '\n{"step": 30, "lo')
    assert log.read()
    assert (log.losses, log.scores) == ([(10, 0.1), (20, 0.05)], [(20, 0.5)])


def test_what_an_earlier_process_logged_takes_no_time_now(tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_text('{"step": 50, "loss": 1}\n', encoding="utf-8")
    log = TrainingLog(path, 100)
    assert (log.step, log.secondsLeft) == (50, None)


@pytest.fixture
def training(build):
    training = Training(build.scene)
    yield training
    training.close()


def start(training, folder, dims=3, steps=2):
    errors = []
    training.start(folder, dims, steps, "cpu", lambda recipe: None, errors.append)
    wait_for(lambda: not training.queue.busy or training.queue.deliver())
    training.queue.deliver()
    return errors


def finish(training):
    def ended():
        training.poll()
        return not training.stage.isRunning

    wait_for(ended, 120)


def test_a_3d_network_is_trained_and_can_be_loaded(training, tmp_path):
    grow(tmp_path / "set", [make(0), make(1)])
    assert start(training, tmp_path / "set") == []
    assert training.stage is Stage.TRAINING
    finish(training)
    assert training.stage is Stage.DONE, training.failure
    network = load_network(training.network)
    assert (network.card.dims, network.card.classes) == (3, ("background", "liver", "spleen"))
    assert network.card.metrics["val"]["liver"]["n"] == 1
    assert training.isCurrent
    tables = [series.GetTableNode() for series in training.curves._series.values()]
    np.testing.assert_array_equal([table.GetNumberOfRows() for table in tables], [2, 2])
    assert str(training.network) in describeRun(training, str)
    before = training.network.stat().st_mtime_ns
    os.utime(training.network, (0, 0))
    assert not training.isCurrent, "there are better weights"
    training.exportNetwork(pytest.fail)
    assert training.stage is Stage.EXPORTING
    finish(training)
    assert training.isCurrent
    assert training.network.stat().st_mtime_ns > before


def test_curves_leave_the_scene_and_come_back(training, build, tmp_path):
    path = tmp_path / "log.jsonl"
    rows = [{"step": n, "loss": 1 / n} for n in (1, 2, 3)] + [{"step": 3, "val": 0.25}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    training.log = TrainingLog(path, 10)
    empty = build.scene.GetNumberOfNodes()
    for _ in range(2):
        training.showCurves()
        (series,) = training.curves._series.values()  # one validation makes no line
        table = slicer.util.arrayFromTableColumn(series.GetTableNode(), "Loss")
        np.testing.assert_allclose(table, [1, 1 / 2, 1 / 3])
        chart = training.curves.chartNode
        assert (chart.GetSaveWithScene(), chart.GetHideFromEditors()) == (0, 1)
        training.leaveScene()
        assert build.scene.GetNumberOfNodes() == empty
    training.showCurves()
    build.scene.Clear(False)
    training.showCurves()
    assert training.curves.chartNode.GetScene() is build.scene


def test_closing_the_panel_ends_the_training(training, tmp_path):
    grow(tmp_path / "set", [make(0), make(1)])
    assert start(training, tmp_path / "set", steps=10_000) == []
    pid = training._process.pid
    os.kill(pid, 0)
    training.close()
    assert training.stage is Stage.STOPPED
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_failure_is_told_in_the_words_of_the_process(training, tmp_path):
    grow(tmp_path / "set", [make(0), make(1)])
    (tmp_path / "set/labelsTr/case0.nii.gz").write_bytes(b"nothing")
    assert start(training, tmp_path / "set") == []
    finish(training)
    assert training.stage is Stage.FAILED
    assert "case0.nii.gz" in training.failure
    assert "The training failed" in describeRun(training, str)
    assert not training.hasWeights


def test_a_folder_without_cases_starts_nothing(training, tmp_path):
    (error,) = start(training, tmp_path / "nothing")
    assert "holds no training set: add cases first" in str(error)
    assert training.stage is Stage.IDLE
