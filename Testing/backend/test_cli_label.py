"""`python -m cueseg label`: every case once, whatever interrupts it, and bad ones reported."""

import json
import os
import signal
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from command_line import BRIGHT_CARD, predict_by_brightness, run_python, start_python
from cueseg.cli.main import main
from cueseg.datasets.provenance import read_origins
from cueseg.image_files import read_image, read_segmentation
from image_builder import POINTS, disc, disc_volume, write_volume
from labelled_manifest import made_up_labels, save_thresholds, write_volumes

CASES = 4


@pytest.fixture
def cohort(tmp_path):
    """A table of four volumes in which the network finds organ and bone."""
    write_volumes(tmp_path / "data", ("train",) * CASES)
    table = tmp_path / "cohort.csv"
    table.write_text(
        "image,id\n" + "".join(f"data/{n}.nrrd,case {n}\n" for n in range(CASES)), encoding="utf-8"
    )
    return table


@pytest.fixture
def network(tmp_path):
    return save_thresholds(tmp_path / "net.ts")


def words(table, output, *more):
    return ["label", str(table), "--output", str(output), *map(str, more)]


def log_of(folder):
    return [
        json.loads(line)
        for path in sorted(folder.glob("log-*"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]


def test_a_network_labels_every_case_and_says_where_slices_come_from(cohort, network, tmp_path, capsys):
    output = tmp_path / "out"
    assert main(words(cohort, output, "--network", network)) == 0
    said = capsys.readouterr()
    assert said.out.startswith("case 0: done\ncase 1: done\n")
    assert said.out.endswith(f"4 cases: 4 done, 0 done before, 0 failed -> {output}, log-0-of-1.jsonl\n")
    labels = made_up_labels()
    for number in range(CASES):
        image = read_image(tmp_path / "data" / f"{number}.nrrd")
        segmentation = read_segmentation(output / f"case {number}.seg.nrrd", image)
        assert np.array_equal(segmentation.mask_of("organ"), labels == 1)
        assert np.array_equal(segmentation.mask_of("bone"), labels == 2)
    origins = read_origins(output / "case 0.json")
    assert [(item.segment, item.index, item.origin) for item in origins] == [
        *(("organ", index, "predicted") for index in (1, 2, 3, 4)),
        *(("bone", index, "predicted") for index in (2, 3, 4)),
    ]
    assert len(origins[0].weights["sha256"]) == 64
    lines = log_of(output)
    assert [(line["id"], line["state"]) for line in lines] == [(f"case {n}", "done") for n in range(CASES)]
    assert lines[0]["voxels"] == {"organ": int((labels == 1).sum()), "bone": int((labels == 2).sum())}


def test_points_of_the_table_become_segments(tmp_path, monkeypatch):
    monkeypatch.setattr("command_line.BRIGHT_CARD", replace(BRIGHT_CARD, sha256="0" * 64))
    predict_by_brightness(monkeypatch)
    write_volume(tmp_path / "a.nrrd", disc_volume())
    points = " ".join(POINTS)
    rows = [f'a.nrrd,{index},{name},"{points}"' for index, name in ((1, "liver"), (2, "liver"), (2, "other"))]
    (tmp_path / "t.csv").write_text("image,slice,name,points\n" + "\n".join(rows), encoding="utf-8")
    output = tmp_path / "out"
    assert main(words(tmp_path / "t.csv", output, "--modality", "ct")) == 0
    segmentation = read_segmentation(output / "a.seg.nrrd", read_image(tmp_path / "a.nrrd"))
    liver = segmentation.mask_of("liver")
    assert liver.any(axis=(1, 2)).tolist() == [False, True, True, False, False, False]
    assert (liver[1] ^ disc()).sum() <= 0.03 * disc().sum()
    assert segmentation.mask_of("other").sum() == liver[2].sum()
    origins = read_origins(output / "a.json")
    assert [(item.index, item.origin, item.axis) for item in origins] == [
        (1, "clicked", "axial"), (2, "clicked", "axial"), (2, "clicked", "axial")
    ]  # fmt: skip
    assert origins[0].points == ((18, 22), (42, 22), (30, 10), (30, 34))
    assert origins[0].weights == {"name": "bright", "sha256": "0" * 64}


def test_what_is_done_is_skipped_until_something_changes(cohort, network, tmp_path, capsys):
    output = tmp_path / "out"
    assert main(words(cohort, output, "--network", network)) == 0
    before = {path.name: path.stat().st_mtime_ns for path in output.glob("case*")}
    (output / "case 1.seg.nrrd").unlink()
    os.utime(tmp_path / "data" / "2.nrrd", (1, 1))
    capsys.readouterr()
    assert main(words(cohort, output, "--network", network)) == 0
    assert capsys.readouterr().out.splitlines()[:4] == [
        "case 0: skipped", "case 1: done", "case 2: done", "case 3: skipped"
    ]  # fmt: skip
    after = {path.name: path.stat().st_mtime_ns for path in output.glob("case*")}
    assert [name for name in sorted(after) if after[name] != before[name]] == [
        "case 1.json", "case 1.seg.nrrd", "case 2.json", "case 2.seg.nrrd"
    ]  # fmt: skip
    save_thresholds(network, name="other", classes=("background", "organ", "spine"))
    assert main(words(cohort, output, "--network", network)) == 0
    image = read_image(tmp_path / "data" / "0.nrrd")
    assert read_segmentation(output / "case 0.seg.nrrd", image).mask_of("spine").any()


def test_bad_cases_are_reported_and_the_exit_code_counts_them(cohort, network, tmp_path, capsys):
    (tmp_path / "data" / "1.nrrd").write_bytes(b"NRRD0004\nbroken")
    (tmp_path / "data" / "2.nrrd").unlink()
    output = tmp_path / "out"
    assert main(words(cohort, output, "--network", network)) == 102
    said = capsys.readouterr().out.splitlines()
    assert said[1].startswith("case 1: failed: ")
    assert "1.nrrd" in said[1]
    assert said[2].startswith("case 2: failed: ")
    assert "2.nrrd does not exist: check the path" in said[2]
    assert said[-1].startswith("4 cases: 2 done, 0 done before, 2 failed")
    assert [line["state"] for line in log_of(output)] == ["done", "failed", "failed", "done"]
    assert sorted(path.name for path in output.glob("case*.seg.nrrd")) == [
        "case 0.seg.nrrd",
        "case 3.seg.nrrd",
    ]


def test_files_of_others_are_never_replaced(cohort, network, tmp_path, capsys):
    output = tmp_path / "out"
    output.mkdir()
    (output / "case 0.seg.nrrd").write_text("precious", encoding="utf-8")
    (output / "case 1.json").write_text('{"also": "precious"}', encoding="utf-8")
    assert main(words(cohort, output, "--network", network)) == 102
    assert "case 0.seg.nrrd exists, but was not written here: move it away" in capsys.readouterr().out
    assert (output / "case 0.seg.nrrd").read_text(encoding="utf-8") == "precious"
    assert (output / "case 1.json").read_text(encoding="utf-8") == '{"also": "precious"}'


def test_shares_together_are_the_whole_cohort(cohort, network, tmp_path):
    output = tmp_path / "out"
    for shard in ("0/3", "1/3", "2/3"):
        assert main(words(cohort, output, "--network", network, "--shard", shard)) == 0
    assert len(list(output.glob("*.seg.nrrd"))) == CASES
    assert sorted(path.name for path in output.glob("log*")) == [f"log-{n}-of-3.jsonl" for n in range(3)]
    assert sorted(line["id"] for line in log_of(output)) == [f"case {n}" for n in range(CASES)]


def test_torchrun_shares_the_work_and_all_ranks_know_the_failures(cohort, network, tmp_path):
    (tmp_path / "data" / "1.nrrd").unlink()  # of rank 1; rank 0 must not be stopped by it
    output = tmp_path / "out"
    launcher = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "cueseg")
    done = run_python(*launcher, *words(cohort, output, "--network", network))
    assert done.returncode != 0
    states = {line["id"]: line["state"] for line in log_of(output)}
    assert states == {"case 0": "done", "case 1": "failed", "case 2": "done", "case 3": "done"}
    assert "exitcode  : 101" in done.stderr
    assert sorted(path.name for path in output.glob("log*")) == ["log-0-of-2.jsonl", "log-1-of-2.jsonl"]


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGKILL")
def test_a_killed_run_leaves_nothing_half_and_goes_on(cohort, network, tmp_path):
    """The child stops within the writing of its second case until it is killed."""
    output = tmp_path / "out"
    code = (
        "import sys, time, os\n"
        "from cueseg.cli.main import main\n"
        "replace, seen = os.replace, []\n"
        "def slow(source, target):\n"
        "    if str(target).endswith('case 1.seg.nrrd'):\n"
        "        print('writing', flush=True)\n"
        "        time.sleep(60)\n"
        "    replace(source, target)\n"
        "os.replace = slow\n"
        f"sys.exit(main({words(cohort, output, '--network', network)!r}))\n"
    )
    with start_python("-c", code) as process:
        for line in process.stdout:
            if line == "writing\n":
                process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
    assert [path.name for path in output.glob("case*.seg.nrrd")] == ["case 0.seg.nrrd"]
    began = time.time_ns()
    assert main(words(cohort, output, "--network", network)) == 0
    assert (output / "case 0.seg.nrrd").stat().st_mtime_ns < began
    assert len(list(output.glob("case*.seg.nrrd"))) == CASES
    image = read_image(tmp_path / "data" / "1.nrrd")
    assert read_segmentation(output / "case 1.seg.nrrd", image).mask_of("organ").any()


@pytest.mark.parametrize(
    ("more", "code", "message"),
    [
        (["--network", "nosuch.pt"], 4, "nosuch.pt"),
        (["--shard", "4/4"], 3, "'4/4' is no share"),
        (["--threshold", "2"], 3, "threshold must lie between 0 and 1, got 2.0"),
        (["--device", "tpu9"], 3, "unknown device 'tpu9'"),
    ],
)
def test_wrong_options_end_before_any_case(cohort, tmp_path, capsys, more, code, message):
    assert main(words(cohort, tmp_path / "out", *more)) == code
    assert message in capsys.readouterr().err
    assert log_of(tmp_path / "out") == []


def test_a_table_without_points_needs_a_network(cohort, tmp_path, monkeypatch, capsys):
    predict_by_brightness(monkeypatch)
    assert main(words(cohort, tmp_path / "out")) == 104
    assert "the table has no points for it: add the columns points, slice and name" in capsys.readouterr().out
