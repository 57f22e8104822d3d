"""A network's card survives its JSON, and says which field is wrong."""

import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from cueseg.networks.card import NetworkCard, read_network_card
from cueseg.networks.shelf import list_networks

VALUES: dict[str, Any] = {
    "name": "organs-1.0",
    "dims": 3,
    "in_channels": 2,
    "classes": ("background", "liver", "Müller'sche Zelle"),
    "spacing": (2.5, 1, 1),
    "intensity": {"kind": "window", "low": -100, "high": 300, "out": [0, 1]},
    "patch_size": (32, 64, 64),
    "multiple": 16,
    "overlap": 0.25,
    "axis_order": "xyz",
    "flip": "xy",
    "tail": ("head",),
    "architecture": "unet",
    "model_options": {"base": 8},
    "licence": "MIT",
    "training": {"seed": 1},
}


def test_a_card_survives_its_json(tmp_path: Path) -> None:
    card = NetworkCard(**VALUES)
    (tmp_path / "a.json").write_text(card.to_json(), encoding="utf-8")
    assert read_network_card(tmp_path / "a.json") == card
    assert {name: asdict(card)[name] for name in VALUES} == VALUES


def test_channels_follow_from_classes_and_activation() -> None:
    names = {"name": "a", "dims": 2, "in_channels": 1, "classes": ("none", "a", "b")}
    assert NetworkCard(**names).out_channels == 3
    assert NetworkCard(**names, activation="sigmoid").out_channels == 2
    assert NetworkCard(**names).axis_order == "yx"
    assert NetworkCard(**{**names, "dims": 3}).axis_order == "zyx"


def test_settings_of_intensity_rules_are_filled_in() -> None:
    rule = NetworkCard(**{**VALUES, "intensity": {"kind": "percentiles", "low": 1, "high": 99}}).intensity
    assert rule == {"kind": "percentiles", "low": 1, "high": 99, "out": [0, 1]}
    two = {"kind": "per-channel", "rules": [{"kind": "zscore"}, {"kind": "scale"}]}
    assert NetworkCard(**{**VALUES, "intensity": two}).intensity["rules"] == [
        {"kind": "zscore", "nonzero": False},
        {"kind": "scale", "divisor": 255},
    ]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("name", "../evil", "letters, digits"),
        ("dims", 4, "dims is 4: it must be 2 or 3"),
        ("dims", True, "2 or 3"),
        ("in_channels", 0, "from 1 to"),
        ("classes", ("background",), "two or more"),
        ("classes", ("a", "a"), "different names"),
        ("classes", ("a", 3), "a list of names"),
        ("classes", "ab", "a list of names"),
        ("activation", "relu", "softmax or sigmoid"),
        ("exclusive", False, "never overlap"),
        ("spacing", (1, 1), "3 positive numbers"),
        ("spacing", (1, 0, 1), "3 positive numbers"),
        ("spacing", (1, float("nan"), 1), "3 positive numbers"),
        ("patch_size", (32, 64, 60), "multiples of 16"),
        ("patch_size", (32, 64), "3 whole numbers"),
        ("multiple", 0, "from 1 to"),
        ("overlap", 1.0, "below 1"),
        ("axis_order", "zxx", "letters of zyx"),
        ("flip", "xx", "each once"),
        ("flip", "t", "each once"),
        ("tail", "head", "a list of names"),
        ("file", "folder/a.pt", "without a folder"),
        ("sha256", "ABC", "64 hexadecimal"),
        ("model_options", [1], "an object"),
        ("metrics", {"x": float("inf")}, "what JSON can hold"),
        ("intensity", {"kind": "log"}, "one of none, window"),
        ("intensity", {"kind": "window", "low": 0}, "low and high and out"),
        ("intensity", {"kind": "window", "low": 3, "high": 1}, "low < high"),
        ("intensity", {"kind": "window", "low": 0, "high": 1, "out": [1, 0]}, "low < high"),
        ("intensity", {"kind": "percentiles", "low": -1, "high": 99}, "from 0 to 100"),
        ("intensity", {"kind": "scale", "divisor": 0}, "above 0"),
        ("intensity", {"kind": "zscore", "nonzero": 1}, "true or false"),
        ("intensity", {"kind": "per-channel", "rules": [{"kind": "none"}]}, "a list of 2 plain rules"),
        (
            "intensity",
            {"kind": "per-channel", "rules": [{"kind": "per-channel", "rules": []}] * 2},
            "not per",
        ),
    ],
)
def test_values_that_cannot_be_are_refused(name: str, value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        NetworkCard(**{**VALUES, name: value})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not valid JSON"),
        ("[1]", "not a list"),
        ('{"name": "a", "dims": 2, "colour": 1}', "lacks in_channels, classes and has unknown fields colour"),
    ],
)
def test_files_that_are_no_cards_are_refused(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        read_network_card(tmp_path / "a.json")


def test_cards_of_shipped_networks_can_be_read() -> None:
    names = [card.name for card in list_networks()]
    assert names == sorted(names)


def test_listing_networks_needs_no_torch() -> None:
    code = "import sys; sys.modules['torch'] = None; import cueseg.networks as n; n.list_networks(); n.NetworkCard"
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, encoding="utf-8"
    )
    assert result.returncode == 0, result.stderr
