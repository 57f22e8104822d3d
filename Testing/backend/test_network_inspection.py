"""The inspection says which key, shape or setting is wrong, and how to put it right."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from cueseg.networks import inspection
from cueseg.networks.inspection import inspect_network
from cueseg.networks.network import SegmentationNetwork
from cueseg.networks.saving import save_network
from network_files import CARD, payload, script_bytes, tiny, written


def test_a_good_network_is_found_good(tmp_path: Path) -> None:
    save_network(tmp_path / "net.pt", tiny(), replace(CARD, licence="MIT", patch_size=(32, 32)))
    report = inspect_network(tmp_path / "net.pt")
    assert report.ok
    assert report.refinable
    assert {line.level for line in report.lines} == {"ok"}
    assert report.card is not None
    assert report.layers[-1].name == "head"
    text = report.text()
    assert "3 output" in text or "The output has 3 channels" in text
    assert text.endswith("Result: the network can be used and refined.")


def test_a_frozen_network_predicts_only(tmp_path: Path) -> None:
    path = written(tmp_path / "net.ts", script_bytes(freeze=True))
    report = inspect_network(path, replace(CARD, licence="MIT"))
    assert report.ok
    assert not report.refinable
    assert "can be used for prediction, but not refined, 1 warning." in report.text()


@pytest.mark.parametrize(
    ("data", "message"),
    [(b"", "is empty"), (b"<html>", "a web page"), (b"\x08onnx", "torch.save"), (b"PK\x03\x04", "cut short")],
)
def test_files_that_are_no_networks_are_errors(data: bytes, message: str, tmp_path: Path) -> None:
    report = inspect_network(written(tmp_path / "net.pt", data))
    assert not report.ok
    assert message in report.text()
    assert report.card is None


def test_code_in_a_file_is_not_run(tmp_path: Path) -> None:
    report = inspect_network(written(tmp_path / "net.pt", payload(tmp_path / "witness")))
    assert "contains code" in report.text()
    assert not (tmp_path / "witness").exists()


class Odd(nn.Module):
    """A convolution, and what the test makes of its output."""

    def __init__(self, give: Callable[[torch.Tensor], Any], in_channels: int = 1) -> None:
        super().__init__()
        self.conv, self.give = nn.Conv2d(in_channels, 3, 3, padding=1), give

    def forward(self, x: torch.Tensor) -> Any:
        return self.give(self.conv(x))


def multiple_of_8(y: torch.Tensor) -> torch.Tensor:
    if any(side % 8 for side in y.shape[2:]):
        raise RuntimeError("Sizes of tensors must match")
    return y


@pytest.mark.parametrize(
    ("module", "values", "level", "text", "remedy"),
    [
        (
            Odd(lambda y: y, 2),
            {},
            "error",
            "in_channels is 1, the first convolution takes 2",
            "Set in_channels to 2",
        ),
        (Odd(lambda y: y), {"dims": 3, "axis_order": "zyx"}, "error", "dims is 3", "Set dims to 2"),
        (
            Odd(lambda y: y),
            {"classes": ("background", "a")},
            "error",
            "3 channels; 2 classes",
            "List 3 names",
        ),
        (
            Odd(lambda y: y),
            {"activation": "sigmoid"},
            "error",
            "3 classes with sigmoid need 2",
            "activation to softmax",
        ),
        (
            Odd(multiple_of_8),
            {"multiple": 1, "patch_size": (20, 20)},
            "error",
            "must match",
            "multiples of 8",
        ),
        (Odd(multiple_of_8), {"multiple": 4, "patch_size": (20, 20)}, "error", "20 by 20", "multiples of 8"),
        (Odd(lambda y: y[..., :-2, :-2]), {}, "error", "gave an output of 46 by 46", "patch_size"),
        (Odd(lambda y: y * float("nan")), {}, "error", "NaN", "Check the weights"),
        (
            Odd(lambda y: y.mean((2, 3))),
            {},
            "error",
            "shape 1 by 3, that is 2 axes",
            "one score for each class",
        ),
        (Odd(lambda y: {"a": y, "b": y}), {}, "error", "a dict with a, b", ""),
        (Odd(lambda y: y), {"tail": ("convv",)}, "error", "'convv', which is no layer", "'conv'"),
        (Odd(lambda y: y.softmax(1)), {}, "warning", "probabilities rather than logits", "without its last"),
        (Odd(lambda y: y), {"classes": ("liver", "a", "b")}, "warning", "class 0 is taken", "Begin"),
        (Odd(lambda y: y), {"licence": ""}, "warning", "licence", "Ask"),
    ],
)
def test_what_does_not_fit_is_named_with_a_remedy(
    module: nn.Module,
    values: dict[str, Any],
    level: str,
    text: str,
    remedy: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    card = replace(CARD, **{"multiple": 1, "licence": "MIT", **values})
    monkeypatch.setattr(inspection, "load_network", lambda path, card_: SegmentationNetwork.of(module, card))
    report = inspect_network("net")
    found = [line for line in report.lines if line.level == level]
    assert any(text in line.text and remedy in line.remedy for line in found), report.text()
    assert report.ok == (level != "error")
    assert len(found) == 1, report.text()
