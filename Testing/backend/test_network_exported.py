"""TorchScript and archives of torch.export: trainable as a whole, and nothing in them runs on loading."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from cueseg.networks.layers import list_layers
from cueseg.networks.loading import load_network
from network_files import CARD, IMAGE, export_bytes, payload, rewritten, script_bytes, tiny, written

WEIGHTS = "data/weights/model_weights_config.json"
CONSTANTS = "data/constants/model_constants_config.json"


def test_torchscript_is_whole_but_trainable(tmp_path: Path) -> None:
    path = written(tmp_path / "net.pt", script_bytes())
    with pytest.raises(FileNotFoundError, match=r'no card net.json beside it(.|\n)*"classes"'):
        load_network(path)
    network = load_network(path, CARD)
    assert (network.cuttable, network.refinable, network.source) == (False, "", "TorchScript")
    assert torch.allclose(network.module(IMAGE), tiny()(IMAGE), atol=1e-6)
    assert sum(layer.parameters for layer in list_layers(network)) == sum(
        tensor.numel() for tensor in tiny().parameters()
    )


def test_frozen_torchscript_predicts_and_says_why_it_cannot_be_refined(tmp_path: Path) -> None:
    network = load_network(written(tmp_path / "net.ts", script_bytes(freeze=True)), CARD)
    assert torch.allclose(network.module(IMAGE), tiny()(IMAGE), atol=1e-5)
    assert "frozen" in network.refinable
    assert "torch.jit.script(model).save" in network.refinable


def test_torchscript_that_reaches_for_files_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.ts"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("net/constants.pkl", b"")
        archive.writestr("net/data.pkl", b"")
        archive.writestr(
            "net/code/__torch__.py", "def forward(self, x):\n  return torch.from_file('a', True, 9)\n"
        )
    with pytest.raises(ValueError, match="reads or writes files"):
        load_network(path, CARD)


def test_export_archives_are_trainable(tmp_path: Path) -> None:
    network = load_network(written(tmp_path / "net.pt2", export_bytes()), CARD)
    assert (network.cuttable, network.refinable) == (False, "")
    output = network.module(IMAGE)
    assert torch.allclose(output, tiny()(IMAGE), atol=1e-6)
    output.sum().backward()
    assert network.module.get_parameter("head.weight").grad.abs().sum() > 0


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("data/sample_inputs/model.pt", lambda data, witness: payload(witness)),
        (
            "models/model.json",
            lambda data, w: data.replace(b"torch.ops.aten.conv2d.default", b"torch.hub.load"),
        ),
        ("models/model.json", lambda data, w: data.replace(b"torch.ops.aten.cat.default", b"torch.load")),
        ("models/model.json", lambda data, w: data.replace(b'"x"', b'"x=exec(1)"')),
        ("models/model.json", lambda data, w: with_size(data, f"__import__('os').mkdir({str(w)!r})")),
        ("models/model.json", lambda data, w: data.replace(b"null", b'"__enum__ os:x"', 1)),
        (WEIGHTS, lambda data, w: data.replace(b'"use_pickle": false', b'"use_pickle": true')),
        (CONSTANTS, lambda data, w: b'{"config": {"c": {"path_name": "custom_obj_0"}}}'),
    ],
)
def test_export_archives_that_could_run_code_are_refused(
    file: str, change: Callable[[bytes, Path], bytes], tmp_path: Path
) -> None:
    changed = []

    def changing(name: str, data: bytes) -> bytes:
        if name == file and change(data, tmp_path / "witness") != data:
            changed.append(name)
            return change(data, tmp_path / "witness")
        return data

    bad = written(tmp_path / "bad.pt2", rewritten(export_bytes(), changing))
    assert changed == [file]
    with pytest.raises(ValueError, match=r"could run code|contains code|damaged"):
        load_network(bad, CARD)
    assert not (tmp_path / "witness").exists()


def with_size(data: bytes, text: str) -> bytes:
    model = json.loads(data)
    values = model["graph_module"]["graph"]["tensor_values"]
    values["x"]["sizes"][2] = {"as_expr": {"expr_str": text, "hint": None}}
    return json.dumps(model).encode()


def test_guards_in_export_archives_are_not_compiled(tmp_path: Path) -> None:
    guard = f"__import__('os').mkdir({str(tmp_path / 'witness')!r})"

    def changing(name: str, data: bytes) -> bytes:
        if name != "models/model.json":
            return data
        return json.dumps({**json.loads(data), "guards_code": [guard]}).encode()

    network = load_network(written(tmp_path / "bad.pt2", rewritten(export_bytes(), changing)), CARD)
    assert torch.allclose(network.module(IMAGE), tiny()(IMAGE), atol=1e-6)
    assert not (tmp_path / "witness").exists()


@pytest.mark.parametrize("pack", [script_bytes, export_bytes])
def test_damaged_archives_are_refused_or_read(pack: Callable[[], bytes], tmp_path: Path) -> None:
    rng, data, refused = np.random.default_rng(0), pack(), 0
    for _ in range(12):
        damaged = bytearray(data)
        for place in rng.integers(0, len(data), 20):
            damaged[place] ^= 0xFF
        try:
            load_network(written(tmp_path / "net.pt", bytes(damaged)), CARD)
        except ValueError:
            refused += 1
    assert refused > 0
