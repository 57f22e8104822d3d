"""`inspect-network`: a report that can be read aloud or parsed, and an exit code."""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import pytest

from cueseg.cli import inspect_network
from cueseg.cli.errors import UnusableWeightsError
from cueseg.networks.saving import save_network
from network_files import CARD, script_bytes, tiny, written


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    parser.set_defaults(verbose=0)
    inspect_network.add_parser(parser.add_subparsers(), argparse.ArgumentParser(add_help=False))
    options = parser.parse_args(["inspect-network", *words])
    return options.run(options)


def test_a_good_network_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_network(tmp_path / "net.pt", tiny(), CARD)
    assert run(str(tmp_path / "net.pt"), "--layers") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("OK: PyTorch weights 'tiny'")
    assert "Result: the network can be used and refined, 1 warning." in lines
    assert lines[-1].split()[:2] == ["head", "Conv2d"]


def test_the_report_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path / "net.ts", script_bytes(freeze=True))
    (tmp_path / "card.json").write_text(replace(CARD, licence="MIT").to_json(), encoding="utf-8")
    assert run(str(path), "--card", str(tmp_path / "card.json"), "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["ok"], report["refinable"], report["format"]) == (True, False, "TorchScript")
    assert report["card"]["classes"] == ["background", "a", "b"]
    assert {line["level"] for line in report["lines"]} == {"ok", "warning"}


def test_what_cannot_be_used_ends_in_an_error_after_the_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path / "net.onnx", b"\x08\x07onnx")
    with pytest.raises(UnusableWeightsError, match="cannot be used: see the report"):
        run(str(path))
    assert "Error: " in capsys.readouterr().out
    with pytest.raises(UnusableWeightsError):
        run(str(path), "--json")
    assert json.loads(capsys.readouterr().out)["ok"] is False
    (tmp_path / "card.json").write_text("{", encoding="utf-8")
    with pytest.raises(UnusableWeightsError, match="not valid JSON"):
        run(str(path), "--card", str(tmp_path / "card.json"))
