"""A card says everything that training and use must agree on, and nothing that cannot be."""

import json
import subprocess
import sys
from dataclasses import FrozenInstanceError, asdict, fields
from pathlib import Path
from typing import Any

import pytest

import cueseg
from cueseg.intensity import IntensityRule
from cueseg.weights_card import WeightsCard
from cueseg.weights_file import list_models

VALUES = {
    "name": "tiny-1.0",
    "file": "tiny-1.0.pt",
    "sha256": "0123456789abcdef" * 4,
    "architecture": "psp-resnet18",
    "model_options": {"head_channels": 8},
    "in_channels": 5,
    "cue": "cm+ep",
    "cue_preset": "code",
    "crop_mode": "stretch",
    "input_size": 192,
    "box_size": 360.5,
    "crop_margin": 30,
    "intensity": {"ct_window": [-100, 300], "mr_percentiles": [1, 99]},
    "threshold": 0.8,
    "average_flips": True,
    "training": {"data": ["a", "b"], "seed": 3, "recipe": None},
    "metrics": {"val": {"dice": 0.91}},
    "licence": "CC BY 4.0",
    "description": "Größe of organs.",
}


def test_a_card_survives_its_json() -> None:
    card = WeightsCard(**VALUES)
    assert set(VALUES) == {item.name for item in fields(WeightsCard)}
    assert asdict(card) == VALUES
    assert WeightsCard.from_json(card.to_json()) == card
    assert json.loads(card.to_json()) == VALUES
    assert "Größe" in card.to_json()


def test_a_card_cannot_be_changed_behind_its_back() -> None:
    training = {"seed": 1}
    card = WeightsCard(name="a", architecture="compact", licence="MIT", training=training)
    training["seed"] = 2
    assert card.training == {"seed": 1}
    with pytest.raises(FrozenInstanceError):
        card.threshold = 0.9


def test_the_defaults_are_those_of_the_paper() -> None:
    card = WeightsCard(name="a", architecture="compact", licence="MIT")
    assert (card.cue, card.cue_preset, card.in_channels) == ("cm", "paper", 4)
    assert (card.crop_mode, card.box_size, card.input_size, card.threshold) == ("square", 375, 512, 0.5)
    assert card.intensity["ct_window"] == [-200, 250]
    assert IntensityRule.from_card(card.intensity) == IntensityRule()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("name", "", "name is ''"),
        ("name", "../evil", "letters, digits"),
        ("name", 3, "name is 3: it must be a text"),
        ("file", "folder/a.pt", "without a folder"),
        ("file", "..pt", "without a folder"),
        ("file", "a.bin", "a .pt file"),
        ("sha256", "abc", "64 hexadecimal digits"),
        ("sha256", "A" * 64, "in lower case"),
        ("architecture", " ", "not empty"),
        ("licence", "", "licence is ''.*not empty"),
        ("model_options", [1], "an object"),
        ("in_channels", 4, r"in_channels is 4: it must be 5 with cue 'cm\+ep'"),
        ("in_channels", 5.0, "in_channels is 5.0"),
        ("cue", "gauss", "cue is 'gauss': it must be one of none, cm, ep"),
        ("cue", ["cm"], "one of none"),
        ("cue_preset", "fast", "one of paper, code"),
        ("crop_mode", "wide", "one of square, stretch"),
        ("input_size", 16, "from 32 to 4096"),
        ("input_size", 192.0, "a whole number"),
        ("input_size", True, "a whole number"),
        ("box_size", 0, "above 0 and at most 512"),
        ("box_size", 513, "at most 512"),
        ("box_size", float("nan"), "box_size is nan"),
        ("crop_margin", -1, "0 or more"),
        ("threshold", 0, "between 0 and 1"),
        ("threshold", 1, "between 0 and 1"),
        ("threshold", "0.5", "between 0 and 1"),
        ("average_flips", 1, "true or false"),
        ("training", {"loss": float("nan")}, "training"),
        ("metrics", {"x": object()}, "what JSON can hold"),
        ("description", None, "a text"),
        ("intensity", {"ct_window": [0, 1]}, "ct_window and mr_percentiles"),
        ("intensity", {**VALUES["intensity"], "pda": 0}, "nothing else"),
        (
            "intensity",
            {**VALUES["intensity"], "ct_window": [250, -200]},
            r"ct_window is \[250, -200\].*low < high",
        ),
        ("intensity", {**VALUES["intensity"], "ct_window": 3}, r"\[low, high\]"),
        ("intensity", {**VALUES["intensity"], "mr_percentiles": [-1, 99]}, "within 0 and 100"),
        ("intensity", {**VALUES["intensity"], "mr_percentiles": [1, 101]}, "within 0 and 100"),
    ],
)
def test_values_that_cannot_be_are_refused(name: str, value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        WeightsCard(**{**VALUES, name: value})


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in VALUES.items() if key != name}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", r"not valid JSON \(.*line 1 column 2.*restore it"),
        ("[" * 100_000, "not valid JSON"),
        ("[]", "a JSON object of fields, not a list"),
        (json.dumps(without("cue")), "lacks cue: its fields are name, "),
        (json.dumps({**VALUES, "tau": 7}), "has unknown fields tau"),
        (json.dumps({**without("cue"), "tau": 7, "q": 1}), "lacks cue and has unknown fields tau, q"),
        (json.dumps({**VALUES, "threshold": float("nan")}), "threshold is nan"),
    ],
)
def test_texts_that_are_no_card_are_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        WeightsCard.from_json(text)


@pytest.mark.parametrize("data", [b"{", b"\xff\xfe"])
def test_a_broken_card_is_named_by_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes
) -> None:
    (tmp_path / "odd.json").write_bytes(data)
    monkeypatch.setattr("cueseg.weights_file.WEIGHTS_FOLDER", tmp_path)
    with pytest.raises(ValueError, match=r"odd\.json: "):
        list_models()


def test_models_can_be_listed_without_torch() -> None:
    code = "import sys; sys.modules['torch'] = None; import cueseg; cueseg.list_models(); cueseg.WeightsCard"
    folder = Path(cueseg.__path__[0]).parent
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, encoding="utf-8", check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
