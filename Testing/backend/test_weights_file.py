"""Weights survive saving and loading; everything else is refused with what is wrong and what to do."""

import hashlib
import json
import os
import pickle
import random
import sys
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import torch
from cueseg import weights_file
from cueseg.checkpoint_file import as_state_dict, read_tensors
from cueseg.models import create_model
from cueseg.weights_card import WeightsCard
from cueseg.weights_file import list_models, load_model, save_model
from torch import Tensor, nn

CARD = WeightsCard(
    name="tiny", architecture="psp-resnet18", licence="MIT", model_options={"head_channels": 8}, input_size=64
)


def new_model() -> nn.Module:
    torch.manual_seed(5)
    return create_model("psp-resnet18", 4, head_channels=8).eval()


@pytest.fixture(scope="module")
def model() -> nn.Module:
    return new_model()


@pytest.fixture
def path(tmp_path: Path, model: nn.Module) -> Path:
    """Half-precision weights with their card."""
    save_model(tmp_path / "tiny.pt", model, CARD, half=True)
    return tmp_path / "tiny.pt"


def replace_weights(path: Path, data: bytes) -> None:
    """Put other bytes in place of the weights, with a card that vouches for them."""
    path.write_bytes(data)
    card = json.loads(path.with_suffix(".json").read_text())
    card["sha256"] = hashlib.sha256(data).hexdigest()
    path.with_suffix(".json").write_text(json.dumps(card))


def packed(value: Any) -> bytes:
    buffer = BytesIO()
    torch.save(value, buffer)
    return buffer.getvalue()


def test_weights_survive_exactly(tmp_path: Path, model: nn.Module) -> None:
    written = save_model(tmp_path / "deep" / "tiny.pt", model, CARD)
    loaded = load_model(tmp_path / "deep" / "tiny.pt")
    assert loaded.card == written == replace(CARD, file="tiny.pt", sha256=written.sha256)
    assert hashlib.sha256((tmp_path / "deep" / "tiny.pt").read_bytes()).hexdigest() == written.sha256
    assert not loaded.model.training
    state = loaded.model.state_dict()
    assert state.keys() == model.state_dict().keys()
    assert all(torch.equal(state[name], tensor) for name, tensor in model.state_dict().items())
    assert sorted(item.name for item in (tmp_path / "deep").iterdir()) == ["tiny.json", "tiny.pt"]


def test_half_precision_is_smaller_and_loads_as_float32(path: Path, tmp_path: Path, model: nn.Module) -> None:
    save_model(tmp_path / "full.pt", model, CARD)
    assert path.stat().st_size < 0.52 * (tmp_path / "full.pt").stat().st_size
    state = load_model(path).model.state_dict()
    for name, tensor in model.state_dict().items():
        assert state[name].dtype == tensor.dtype
        stored = tensor.half().float() if tensor.ndim > 1 else tensor
        assert torch.equal(state[name], stored), name


def test_a_network_in_half_precision_is_stored_so(path: Path, tmp_path: Path) -> None:
    save_model(tmp_path / "half.pt", new_model().half(), CARD)
    assert (tmp_path / "half.pt").stat().st_size <= path.stat().st_size
    assert load_model(tmp_path / "half.pt").model.conv1.weight.dtype == torch.float32


def test_equal_weights_give_equal_bytes(path: Path, tmp_path: Path) -> None:
    save_model(tmp_path / "again.pt", new_model(), CARD, half=True)
    assert (tmp_path / "again.pt").read_bytes() == path.read_bytes()


def test_loading_leaves_the_random_numbers_alone(path: Path) -> None:
    before = torch.get_rng_state()
    load_model(path)
    assert torch.equal(torch.get_rng_state(), before)


def test_values_beyond_half_precision_need_full_precision(tmp_path: Path) -> None:
    model = new_model()
    nn.init.constant_(model.conv1.weight, 1e5)
    with pytest.raises(ValueError, match=r"conv1\.weight exceed the range of float16: save with half=False"):
        save_model(tmp_path / "large.pt", model, CARD, half=True)
    assert list(tmp_path.iterdir()) == []


def test_only_what_can_be_loaded_is_saved(tmp_path: Path, model: nn.Module) -> None:
    with pytest.raises(ValueError, match=r"weights\.pth must end in \.pt"):
        save_model(tmp_path / "weights.pth", model, CARD)
    with pytest.raises(
        ValueError, match=r"not the 'psp-resnet18' of its card: .* layer5\.final\.weight is 1x8x1x1"
    ):
        save_model(tmp_path / "a.pt", model, replace(CARD, model_options={}))
    broken = new_model()
    broken.bn1.running_var[3] = float("inf")
    with pytest.raises(ValueError, match=r"NaN or infinite values in bn1\.running_var"):
        save_model(tmp_path / "a.pt", broken, CARD)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = path.read_bytes()

    def fail(source: object, target: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        save_model(path, new_model(), CARD)
    assert path.read_bytes() == before
    assert sorted(item.name for item in path.parent.iterdir()) == ["tiny.json", "tiny.pt"]


def test_missing_files_are_named(path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no weights file .*gone\.pt: check the path"):
        load_model(path.with_name("gone.pt"))
    path.with_suffix(".json").unlink()
    with pytest.raises(
        FileNotFoundError, match=r"tiny\.pt has no card tiny\.json beside it: copy both files"
    ):
        load_model(path)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "tini",
            "no shipped weights 'tini' .did you mean 'tiny'.*there is tiny; for your own file give its path",
        ),
        (7, "7 is no model: give a name"),
        ("tiny.json", r"tiny\.json is a card: give the weights file tiny\.pt"),
    ],
)
def test_unknown_names_are_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch, name: Any, message: str
) -> None:
    monkeypatch.setattr(weights_file, "WEIGHTS_FOLDER", path.parent)
    with pytest.raises(ValueError, match=message):
        load_model(name)


def test_shipped_weights_are_listed_and_loaded_by_name(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    default = weights_file.DEFAULT_MODEL
    monkeypatch.setattr(weights_file, "WEIGHTS_FOLDER", path.parent)
    assert [card.name for card in list_models()] == ["tiny"]
    with pytest.raises(ValueError, match=f"no shipped weights '{default}': there is tiny"):
        load_model()
    for name in (default, "another"):
        save_model(path.with_name(f"{name}.pt"), new_model(), replace(CARD, name=name))
    assert [card.name for card in list_models()] == [default, "another", "tiny"]
    assert load_model("tiny").card.name == "tiny"
    assert load_model("default").card.name == default
    path.unlink()
    with pytest.raises(FileNotFoundError, match=r"no weights file .*tiny\.pt: check the path, or restore"):
        load_model("tiny")


@pytest.mark.parametrize("change", [lambda data: data[: len(data) // 2], lambda data: data[:-1] + b"!"])
def test_changed_weights_do_not_match_their_card(path: Path, change: Callable[[bytes], bytes]) -> None:
    expected = json.loads(path.with_suffix(".json").read_text())["sha256"]
    data = change(path.read_bytes())
    path.write_bytes(data)
    with pytest.raises(ValueError, match="does not match its card.*restore both files") as refusal:
        load_model(path)
    assert hashlib.sha256(data).hexdigest() in str(refusal.value)
    assert expected in str(refusal.value)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty: download or save it again"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS pointer.*git lfs pull"),
        (b"\n<!DOCTYPE html><html></html>", "web page, not weights: download the file itself"),
        (b"hello", "cannot be read as weights.*download or save it again"),
        (packed({"a": torch.zeros(3)})[:-30], "cannot be read as weights.*download or save it again"),
        (packed([torch.zeros(3)]), r"holds a list, not a dict of tensors: save model\.state_dict"),
        (packed({}), "holds an empty dict"),
        (packed({"epoch": 3}), r"entry 'epoch' is a int, not weights: save model\.state_dict\(\) alone"),
        (packed({3: torch.zeros(3)}), "entry 3 is not a plain tensor"),
        (packed({"a": torch.zeros(3).to_sparse()}), "entry 'a' is not a plain tensor"),
        (packed({"a": torch.zeros(3, device="meta")}), "entry 'a' is not a plain tensor"),
        (packed({"a": torch.tensor([0, float("nan")])}), "NaN or infinite values in a: restore"),
        (
            packed({"a": torch.zeros(3)}),
            r"does not fit 'psp-resnet18'.*152 missing: conv1\.weight.*1 unexpected: a\.",
        ),
    ],
)
def test_other_contents_are_refused(path: Path, data: bytes, message: str) -> None:
    replace_weights(path, data)
    with pytest.raises(ValueError, match=message) as refusal:
        load_model(path)
    assert "tiny.pt" in str(refusal.value)


def test_a_wrong_shape_is_named(path: Path) -> None:
    state = torch.load(path, weights_only=True)
    state["conv1.weight"] = torch.zeros(64, 3, 7, 7)
    replace_weights(path, packed(state))
    with pytest.raises(
        ValueError, match=r"1 of another shape: conv1\.weight is 64x3x7x7 not 64x4x7x7\. Correct"
    ):
        load_model(path)


class Payload:
    """Runs a command when a pickle of it is loaded without care."""

    def __init__(self, witness: Path) -> None:
        self.witness = witness

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"\"{sys.executable}\" -c \"open(r'{self.witness}', 'w')\"",)


@pytest.mark.parametrize(
    "pack", [packed, pickle.dumps, lambda value: packed({"a": torch.zeros(2), "b": value})]
)
def test_code_in_a_file_is_not_run(path: Path, tmp_path: Path, pack: Callable[[Any], bytes]) -> None:
    witness = tmp_path / "witness"
    replace_weights(path, pack(Payload(witness)))
    with pytest.raises(
        ValueError, match=r"contains code \(\w+\.system\) and will not be run: if you trust it"
    ):
        load_model(path)
    assert not witness.exists()
    pickle.loads(pickle.dumps(Payload(witness)))
    assert witness.exists()  # the payload does work where it is loaded without care


def test_a_whole_network_is_code(path: Path, model: nn.Module) -> None:
    replace_weights(path, packed(model))
    with pytest.raises(ValueError, match=r"contains code \(cueseg\.models\.resnet\.PSPResNet\).*state_dict"):
        load_model(path)


def test_damaged_bytes_are_refused_or_read(path: Path) -> None:
    tensors = {f"t{index}": torch.arange(9.0).reshape(3, 3) + index for index in range(4)}
    old = BytesIO()
    torch.save(tensors, old, _use_new_zipfile_serialization=False)
    chance = random.Random(0)
    outcomes = set()
    for data in (packed(tensors), old.getvalue()):
        for _ in range(300):
            damaged = bytearray(data[: chance.randrange(1, len(data))] if chance.random() < 0.3 else data)
            for _ in range(chance.randrange(1, 4)):
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
            try:
                state: dict[str, Tensor] = as_state_dict(read_tensors(bytes(damaged), path), path)
                outcomes.add("read")
                assert all(tensor.isfinite().all() for tensor in state.values())
            except ValueError as refusal:
                outcomes.add("refused")
                assert "tiny.pt" in str(refusal)
    assert outcomes == {"read", "refused"}
