"""MONAI bundles: the definition is read, never executed, and preprocessing becomes the card."""

import json
import re
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch

from cueseg.networks.architectures import build_network
from cueseg.networks.card import NetworkCard
from cueseg.networks.formats.monai_config import network_arguments, plain
from cueseg.networks.formats.monai_transforms import read_preprocessing
from cueseg.networks.loading import load_network
from network_files import payload

OPTIONS = {"channels": [4, 8, 16], "strides": [2, 2]}
METADATA = {
    "name": "Spleen CT",
    "license": "Apache-2.0",
    "network_data_format": {
        "inputs": {"image": {"num_channels": 1, "spatial_shape": [32, 32, 32]}},
        "outputs": {"pred": {"num_channels": 2, "channel_def": {"0": "background", "1": "spleen"}}},
    },
}
CONFIG: dict[str, Any] = {
    "imports": ["$import os"],
    "device": "$torch.device('cuda')",
    "size": [32, 32, 16],
    "network_def": {
        "_target_": "monai.networks.nets.UNet",
        "spatial_dims": 3,
        "in_channels": 1,
        "out_channels": 2,
        "channels": [4, 8, 16],
        "strides": "$(2, 2)",
    },
    "network": "$@network_def.to(@device)",
    "preprocessing": {
        "_target_": "Compose",
        "transforms": [
            {"_target_": "LoadImaged", "keys": "$@keys"},
            {"_target_": "EnsureTyped", "keys": "image"},
            {"_target_": "Orientationd", "axcodes": "RAS"},
            {"_target_": "Spacingd", "pixdim": [1.5, 1.25, 2.0], "mode": "bilinear"},
            {
                "_target_": "ScaleIntensityRanged",
                "a_min": -57,
                "a_max": 164,
                "b_min": 0,
                "b_max": 1,
                "clip": True,
            },
            {"_target_": "CropForegroundd"},
        ],
    },
    "inferer": {"_target_": "SlidingWindowInferer", "roi_size": "@size", "overlap": 0.25},
}


def bundle(tmp_path: Path, config: dict[str, Any] = CONFIG, weights: bytes | None = None) -> Path:
    folder = tmp_path / "spleen"
    (folder / "configs").mkdir(parents=True)
    (folder / "models").mkdir()
    (folder / "configs" / "inference.json").write_text(json.dumps(config), encoding="utf-8")
    (folder / "configs" / "metadata.json").write_text(json.dumps(METADATA), encoding="utf-8")
    if weights is not None:
        (folder / "models" / "model.pt").write_bytes(weights)
    return folder


def test_a_bundle_becomes_a_network_from_folder_and_zip(tmp_path: Path) -> None:
    pytest.importorskip("monai")
    folder = bundle(tmp_path)
    card = NetworkCard(
        name="a", dims=3, in_channels=1, classes=("a", "b"), architecture="monai-unet", model_options=OPTIONS
    )
    module = build_network(card).eval()
    torch.save({"state_dict": module.state_dict()}, folder / "models" / "model.pt")
    network = load_network(folder)
    image = torch.randn(1, 1, 16, 16, 16)
    assert torch.equal(network.module(image), module(image))
    assert network.card.name == "Spleen-CT"
    assert network.card.classes == ("background", "spleen")
    assert (network.card.axis_order, network.card.flip) == ("xyz", "xy")
    assert network.card.spacing == (2.0, 1.25, 1.5)
    assert (network.card.patch_size, network.card.overlap) == ((32, 32, 16), 0.25)
    assert network.card.intensity == {"kind": "window", "low": -57, "high": 164, "out": [0, 1]}
    assert network.card.licence == "Apache-2.0"
    assert len(network.notes) == 1
    assert "CropForeground" in network.notes[0]
    with zipfile.ZipFile(tmp_path / "spleen.zip", "w") as archive:
        for path in folder.rglob("*.*"):
            archive.write(path, path.relative_to(tmp_path))
    assert load_network(tmp_path / "spleen.zip").card == network.card


def test_without_monai_the_command_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = bundle(tmp_path, weights=b"")
    torch.save({"a": torch.zeros(1)}, folder / "models" / "model.pt")
    monkeypatch.setitem(sys.modules, "monai", None)
    for name in [name for name in sys.modules if name.startswith("monai.")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(ModuleNotFoundError, match="-m pip install monai"):
        load_network(folder)


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ({"_target_": "os.system", "command": "true"}, "only UNet, BasicUNet"),
        ({"_target_": "scripts.net.UNet"}, "only UNet, BasicUNet"),
        ({"_target_": "monai.networks.nets.ViT"}, "only UNet, BasicUNet"),
        ("$monai.networks.nets.UNet(3, 1, 2)", "only UNet, BasicUNet"),
        (None, "only UNet, BasicUNet"),
        ({"_target_": "UNet", "channels": "$__import__('os').mkdir('x')"}, "which is not executed"),
        ({"_target_": "UNet", "channels": "@nowhere"}, "which it does not have"),
        ({"_target_": "UNet", "channels": "%other.json::a"}, "another file"),
        ({"_target_": "UNet", "act": {"_target_": "torch.nn.ReLU"}}, "only plain values"),
    ],
)
def test_definitions_that_would_run_are_refused(definition: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        network_arguments({"network_def": definition})


def test_references_are_followed_and_circles_found() -> None:
    config = {"a": "@b#1", "b": [1, {"c": "@d"}], "d": "$[1, 2]", "e": "@e"}
    assert plain("@a::c", {**config, "a": config["b"][1]}) == [1, 2]
    assert plain(["@b#0", "text"], config) == [1, "text"]
    with pytest.raises(ValueError, match="in a circle"):
        plain("@e", config)


@pytest.mark.parametrize(
    ("step", "name", "value"),
    [
        (
            {"_target_": "NormalizeIntensityd", "nonzero": True},
            "intensity",
            {"kind": "zscore", "nonzero": True},
        ),
        (
            {"_target_": "ScaleIntensityd", "minv": -1, "maxv": 1},
            "intensity",
            {"kind": "percentiles", "low": 0, "high": 100, "out": [-1, 1]},
        ),
        ({"_target_": "Orientationd", "axcodes": "SPL"}, "axis_order", "zyx"),
        ({"_target_": "Spacingd", "pixdim": 2}, "spacing", (2.0, 2.0, 2.0)),
    ],
)
def test_transforms_become_the_card(step: dict[str, Any], name: str, value: Any) -> None:
    read = read_preprocessing({"preprocessing": {"transforms": [step]}}, 3)
    assert getattr(read, name) == value
    assert read.notes == []


@pytest.mark.parametrize(
    ("step", "note"),
    [
        ({"_target_": "RandFlipd"}, "'RandFlip' .*left out"),
        ({"_target_": "Spacingd", "pixdim": "$@spacing * 2"}, "setting pixdim"),
        ({"_target_": "_init__"}, "_init__.*left out"),
        ("$import os", "left out"),
    ],
)
def test_what_is_not_understood_is_noted(step: Any, note: str) -> None:
    notes = read_preprocessing({"preprocessing": [step]}, 3).notes
    assert any(re.search(note, text) for text in notes), notes


def test_code_in_the_weights_is_not_run(tmp_path: Path) -> None:
    pytest.importorskip("monai")
    folder = bundle(tmp_path, weights=payload(tmp_path / "witness"))
    with pytest.raises(ValueError, match=r"contains code .* will not be run"):
        load_network(folder)
    assert not (tmp_path / "witness").exists()


def test_incomplete_bundles_say_what_is_missing(tmp_path: Path) -> None:
    folder = bundle(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"no models/model.pt"):
        load_network(folder)
    (folder / "configs" / "inference.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"no configs/inference.json"):
        load_network(folder)
