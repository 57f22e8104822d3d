import os
import sys

import pytest

from project_tree import ROOT

sys.path.insert(0, str(ROOT / "Testing" / "application"))

import run_tests


@pytest.mark.parametrize(
    ("given", "reason"), [("", "no Slicer was given"), ("/nowhere/Slicer", "is not a file")]
)
def test_without_a_slicer_it_says_so_and_does_not_pretend(capfd, given, reason):
    assert run_tests.main(["--slicer", given]) == 2
    assert reason in capfd.readouterr().err


@pytest.mark.parametrize(("exit_code", "expected"), [(0, 0), (1, 1)])
def test_the_exit_code_is_that_of_the_self_tests(tmp_path, exit_code, expected):
    """A made-up Slicer that notes its arguments."""
    slicer = tmp_path / "Slicer"
    slicer.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\nexit {exit_code}\n', encoding="utf-8")
    os.chmod(slicer, 0o755)
    assert run_tests.main(["--slicer", str(slicer)]) == expected
    calls = (tmp_path / "calls").read_text(encoding="utf-8").splitlines()
    assert len(calls) == 3
    assert "runUnitTest" in calls[1]
    assert "'ExtremePointSeg'" in calls[1]
