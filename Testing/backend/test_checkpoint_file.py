"""Files from elsewhere: code in them is never run, and damage is told apart from weights."""

import hashlib
import os
import pickle
import random
import sys
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import torch

from cueseg.checkpoint_file import as_state_dict, find_mismatch, listing, read_bytes, read_tensors
from cueseg.models import create_model
from cueseg.models.dextr import convert_dextr_checkpoint
from cueseg.weights_card import WeightsCard
from cueseg.weights_file import load_model

TENSORS = {f"t{index}": torch.arange(9.0).reshape(3, 3) + index for index in range(4)}


def packed(value: Any, **options: Any) -> bytes:
    buffer = BytesIO()
    torch.save(value, buffer, **options)
    return buffer.getvalue()


def script() -> bytes:
    """Weights with the entry by which TorchScript, a program, is known."""
    buffer = BytesIO(packed(TENSORS))
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("archive/constants.pkl", b"")
    return buffer.getvalue()


class Payload:
    """Runs a command when a pickle of it is loaded without care."""

    def __init__(self, witness: Path) -> None:
        self.witness = witness

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"\"{sys.executable}\" -c \"open(r'{self.witness}', 'w')\"",)


@pytest.mark.parametrize(
    ("pack", "named"),
    [
        (packed, r"\w+\.system"),
        (lambda value: packed({"t": torch.zeros(2), "x": value}), r"\w+\.system"),
        (lambda value: packed(value, _use_new_zipfile_serialization=False), r"\w+\.system"),
        (pickle.dumps, "a bare Python pickle"),
    ],
)
def test_code_in_a_file_is_not_run(tmp_path: Path, pack: Callable[[Any], bytes], named: str) -> None:
    witness = tmp_path / "witness"
    path = tmp_path / "bad.pt"
    data = pack(Payload(witness))
    path.write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    card = WeightsCard(name="bad", architecture="psp-resnet18", licence="MIT", sha256=digest)
    path.with_suffix(".json").write_text(card.to_json(), encoding="utf-8")
    message = rf"bad\.pt contains code \({named}\) and will not be run: if you trust it.*state_dict"
    for read in (load_model, convert_dextr_checkpoint):
        with pytest.raises(ValueError, match=message):
            read(path)
    assert not witness.exists()
    pickle.loads(pickle.dumps(Payload(witness)))
    assert witness.exists()  # the payload does work where it is loaded without care


def test_networks_and_programs_are_code() -> None:
    with torch.device("meta"):
        model = create_model("psp-resnet18")
    with pytest.raises(ValueError, match=r"contains code \(cueseg\.models\.resnet\.PSPResNet\)"):
        read_tensors(packed(model), Path("whole.pt"))
    with pytest.raises(ValueError, match=r"program\.pt contains code \(TorchScript\)"):
        read_tensors(script(), Path("program.pt"))


@pytest.mark.parametrize("options", [{}, {"_use_new_zipfile_serialization": False}])
def test_every_format_of_torch_is_read(options: dict[str, Any]) -> None:
    read = read_tensors(packed(TENSORS, **options), Path("a.pt"))
    assert read.keys() == TENSORS.keys()
    assert all(torch.equal(read[name], tensor) for name, tensor in TENSORS.items())


def outcome(data: bytes) -> str:
    """ "" for tensors that can be used, else the refusal; any other exception fails the test."""
    try:
        state = as_state_dict(read_tensors(data, Path("tiny.pt")), Path("tiny.pt"))
    except ValueError as refusal:
        return str(refusal)
    return "" if all(tensor.isfinite().all() for tensor in state.values()) else "not finite"


@pytest.mark.parametrize("new_format", [True, False])
def test_damaged_bytes_are_refused_or_read(new_format: bool) -> None:
    data = packed(TENSORS, _use_new_zipfile_serialization=new_format)
    chance = random.Random(0)
    outcomes = []
    for _ in range(400):
        damaged = bytearray(data[: chance.randrange(1, len(data))] if chance.random() < 0.3 else data)
        for _ in range(chance.randrange(1, 4)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        outcomes.append(outcome(bytes(damaged)))
    refusals = [message for message in outcomes if message]
    assert len(outcomes) > len(refusals) > 100
    assert all(message.startswith("tiny.pt") for message in refusals)


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is a folder: give the weights file in it"):
        read_bytes(tmp_path)


def test_tensors_are_copied_to_float32() -> None:
    shared = torch.ones(2, 3, dtype=torch.float16)
    state = as_state_dict({"a": shared, "b": shared.T, "n": torch.tensor(3)}, Path("a.pt"))
    state["a"].zero_()
    assert state["a"].dtype == state["b"].dtype == torch.float32
    assert state["n"].dtype == torch.int64
    assert state["b"].is_contiguous()
    assert torch.equal(state["b"], torch.ones(3, 2))


def test_equal_tensors_do_not_mismatch() -> None:
    assert find_mismatch(TENSORS, {name: tensor + 1 for name, tensor in TENSORS.items()}) == ""
    found = {"a": torch.tensor(1.0), "b": torch.zeros(2)}
    assert find_mismatch(found, {"a": torch.zeros(2), "c": torch.zeros(1)}) == (
        "1 missing: c; 1 unexpected: b; 1 of another shape: a is a single number not 2"
    )


def test_listing_counts_what_it_leaves_out() -> None:
    assert listing("abc") == "a, b, c"
    assert listing("abcdefgh") == "a, b, c, d, e, f, g, h"
    assert listing("abcdefghij") == "a, b, c, d, e, f, g, h and 2 more"
