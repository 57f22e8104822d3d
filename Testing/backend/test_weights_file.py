"""Weights survive saving and loading; everything else is refused with what is wrong and what to do."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from cueseg import weights_file
from cueseg.models import create_model
from cueseg.weights_card import WeightsCard
from cueseg.weights_file import list_models, load_model, save_model

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


def put(path: Path, data: bytes) -> Path:
    """Write bytes as weights, with a card that vouches for them."""
    path.write_bytes(data)
    card = replace(CARD, file=path.name, sha256=hashlib.sha256(data).hexdigest())
    path.with_suffix(".json").write_text(card.to_json(), encoding="utf-8")
    return path


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
        ValueError,
        match=r"not the 'psp-resnet18' of its card: .* layer5\.stages\.0\.1\.weight is 8x512x1x1 not 128x",
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


def test_missing_files_are_named(tmp_path: Path) -> None:
    path = put(tmp_path / "tiny.pt", b"weights")
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
            r"no shipped weights 'tini' \(did you mean 'tiny'\?\): there is tiny; for your own file",
        ),
        (7, "7 is no model: give a name"),
        ("tiny.json", r"tiny\.json is a card: give the weights file tiny\.pt"),
    ],
)
def test_unknown_names_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: Any, message: str
) -> None:
    put(tmp_path / "tiny.pt", b"weights")
    monkeypatch.setattr(weights_file, "WEIGHTS_FOLDER", tmp_path)
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
def test_changed_weights_do_not_match_their_card(tmp_path: Path, change: Callable[[bytes], bytes]) -> None:
    whole = packed({"a": torch.zeros(3)})
    path = put(tmp_path / "tiny.pt", whole)
    path.write_bytes(change(whole))
    with pytest.raises(ValueError, match=r"does not match its card.*restore both files") as refusal:
        load_model(path)
    assert hashlib.sha256(change(whole)).hexdigest() in str(refusal.value)
    assert hashlib.sha256(whole).hexdigest() in str(refusal.value)


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
def test_other_contents_are_refused(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message) as refusal:
        load_model(put(tmp_path / "tiny.pt", data))
    assert "tiny.pt" in str(refusal.value)


def test_a_wrong_shape_is_named(tmp_path: Path, model: nn.Module) -> None:
    zero = torch.zeros(())
    state = {name: zero.to(tensor.dtype).expand(tensor.shape) for name, tensor in model.state_dict().items()}
    state["conv1.weight"] = zero.expand(64, 3, 7, 7)
    path = put(tmp_path / "tiny.pt", packed(state))
    with pytest.raises(
        ValueError, match=r"1 of another shape: conv1\.weight is 64x3x7x7 not 64x4x7x7\. Correct"
    ):
        load_model(path)
