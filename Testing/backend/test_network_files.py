"""Weights with a card: saved, loaded, and refused with what to do; code in files never runs."""

import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from cueseg.networks.card import NetworkCard
from cueseg.networks.loading import load_network
from cueseg.networks.saving import save_network
from network_files import CARD, IMAGE, export_bytes, payload, script_bytes, state_bytes, tiny, written


def test_saved_weights_come_back_the_same(tmp_path: Path) -> None:
    card = save_network(tmp_path / "net.pt", tiny(), CARD)
    again = save_network(tmp_path / "other" / "net.pt", tiny(), CARD)
    assert card.sha256 == again.sha256
    network = load_network(tmp_path / "net.pt")
    assert network.card == card
    assert (network.cuttable, network.refinable) == (True, "")
    assert not network.module.training
    assert torch.equal(network.logits_of(network.module(IMAGE)), tiny()(IMAGE))


def test_safetensors(tmp_path: Path) -> None:
    tensors = pytest.importorskip("safetensors.torch")
    tensors.save_file(tiny().state_dict(), tmp_path / "net.safetensors")
    (tmp_path / "net.json").write_text(CARD.to_json(), encoding="utf-8")
    network = load_network(tmp_path / "net.safetensors")
    assert torch.equal(network.module(IMAGE), tiny()(IMAGE))
    (tmp_path / "net.safetensors").write_bytes((tmp_path / "net.safetensors").read_bytes()[:500])
    with pytest.raises(ValueError, match="damaged or cut short"):
        load_network(tmp_path / "net.safetensors")


def test_without_safetensors_the_command_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "net.safetensors").write_bytes(b"12345678{}")
    monkeypatch.setitem(sys.modules, "safetensors", None)
    monkeypatch.delitem(sys.modules, "safetensors.torch", raising=False)
    with pytest.raises(ModuleNotFoundError, match="-m pip install safetensors"):
        load_network(tmp_path / "net.safetensors", CARD)


@pytest.mark.parametrize(
    "wrap", [lambda s: {"state_dict": s}, lambda s: {f"module.{k}": v for k, v in s.items()}]
)
def test_checkpoints_of_training_scripts_are_opened(wrap: Callable[[Any], Any], tmp_path: Path) -> None:
    torch.save(wrap(tiny().state_dict()), tmp_path / "net.pth")
    assert torch.equal(load_network(tmp_path / "net.pth", CARD).module(IMAGE), tiny()(IMAGE))


def test_a_payload_would_run_without_care(tmp_path: Path) -> None:
    torch.load(BytesIO(payload(tmp_path / "witness")), weights_only=False)
    assert (tmp_path / "witness").exists()


@pytest.mark.parametrize("name", ["net.pt", "net.pth", "net.ckpt"])
def test_malicious_pickles_are_not_run(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(payload(tmp_path / "witness"))
    with pytest.raises(ValueError, match=r"contains code .* will not be run"):
        load_network(tmp_path / name, CARD)
    assert not (tmp_path / "witness").exists()


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("net.pt", b"", "is empty"),
        ("net.pt", b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        ("net.pt", b"<!DOCTYPE html><html>", "a web page"),
        ("net.pt", b"PK\x03\x04 cut short", "cut short"),
        ("net.onnx", b"\x08\x07\x12\x07pytorch", "an ONNX network.*torch.save"),
        ("net.h5", b"\x89HDF\r\n", "a Keras or HDF5 file"),
        ("notes.txt", b"hello", "no network of a known kind"),
        ("net.json", b"{}", "is a card"),
    ],
)
def test_files_that_are_no_networks_are_refused(name: str, data: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ValueError, match=message):
        load_network(tmp_path / name)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("pack", [state_bytes, script_bytes, export_bytes])
def test_truncated_files_are_refused(share: float, pack: Callable[[], bytes], tmp_path: Path) -> None:
    data = pack()
    path = written(tmp_path / "net.pt", data[: int(len(data) * share)])
    with pytest.raises(ValueError, match=r"damaged|cut short"):
        load_network(path, CARD)


def test_paths_and_names_that_do_not_exist(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no network"):
        load_network(tmp_path / "none.pt")
    with pytest.raises(ValueError, match="no shipped network 'liver'"):
        load_network("liver")
    with pytest.raises(ValueError, match="is no network"):
        load_network(3)
    with pytest.raises(ValueError, match="folder without a network"):
        load_network(tmp_path)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"classes": ("background", "a")}, "head.weight is 3x4x1x1 not 2x4x1x1"),
        ({"architecture": "unett"}, "did you mean 'unet'"),
        ({"architecture": ""}, "needs one of unet"),
        ({"model_options": {"colour": 1}}, "cannot be built.*colour"),
        ({"sha256": "0" * 64}, "does not match its card"),
        ({"model_options": {"base": 4, "levels": 4}}, "missing"),
    ],
)
def test_cards_that_do_not_fit_are_refused(values: dict[str, Any], message: str, tmp_path: Path) -> None:
    torch.save(tiny().state_dict(), tmp_path / "net.pt")
    fields = {"architecture": "unet", "model_options": CARD.model_options, "classes": CARD.classes, **values}
    card = NetworkCard(name="a", dims=2, in_channels=1, **fields)
    with pytest.raises(ValueError, match=message):
        load_network(tmp_path / "net.pt", card)


def test_saving_refuses_what_could_not_be_loaded(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"must end in .pt"):
        save_network(tmp_path / "net.bin", tiny(), CARD)
    with pytest.raises(ValueError, match="is not the 'unet' of its card"):
        save_network(tmp_path / "net.pt", nn.Conv2d(1, 3, 1), CARD)
    assert list(tmp_path.iterdir()) == []
