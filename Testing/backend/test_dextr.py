"""Checkpoints in DEXTR's layout, made here: names, shapes and channels are checked without the real ones."""

from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from cueseg.models import create_model
from cueseg.models.dextr import convert_dextr_checkpoint, dextr_card
from cueseg.weights_card import WeightsCard

COUNTER = "num_batches_tracked"


def hollow_state(in_channels: int = 4) -> dict[str, Tensor]:
    """All 656 tensors, each of one stored number spread over its shape, so that the file stays small."""
    with torch.device("meta"):
        state = create_model("psp-resnet101", in_channels).state_dict()
    return {
        name: torch.tensor(7) if name.endswith(COUNTER) else torch.full((), 0.01).expand(tensor.shape)
        for name, tensor in state.items()
    }


def without_counters(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in state.items() if not name.endswith(COUNTER)}


def saved(folder: Path, checkpoint: Any, **options: Any) -> Path:
    path = folder / "checkpoint.pth"
    torch.save(checkpoint, path, **options)
    return path


@pytest.fixture(scope="module")
def source() -> nn.Module:
    """A network with statistics far from their start, so that a lost tensor shows in the output."""
    torch.manual_seed(3)
    model = create_model("psp-resnet101", 4).eval()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2)
            module.num_batches_tracked.fill_(11)
            nn.init.uniform_(module.weight, 0.5, 1)
            nn.init.normal_(module.bias, 0, 0.1)
    return model


@pytest.fixture(scope="module")
def checkpoint(source: nn.Module, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The source as an old training checkpoint: wrapped, prefixed, no counters, PyTorch's old file format."""
    state = without_counters(source.state_dict())
    wrapped = {
        "epoch": 99,
        "state_dict": OrderedDict((f"module.{name}", tensor) for name, tensor in state.items()),
        "accuracy": 0.9,
        "tr_loss": [0.5, 0.25],
    }
    path = saved(tmp_path_factory.mktemp("dextr"), wrapped, _use_new_zipfile_serialization=False)
    yield path
    path.unlink()  # 195 MB


@pytest.fixture(scope="module")
def batch() -> Tensor:
    return torch.rand(1, 4, 64, 72, generator=torch.Generator().manual_seed(1)) * 255


def test_the_converted_network_computes_what_its_source_computes(
    source: nn.Module, checkpoint: Path, batch: Tensor
) -> None:
    model, report = convert_dextr_checkpoint(checkpoint)
    with torch.inference_mode():
        assert torch.equal(model(batch), source(batch))
    assert not model.training
    assert all(parameter.requires_grad for parameter in model.parameters())
    assert (report.tensors, report.counters_added) == (547, 109)
    assert report.wrapped
    assert report.prefixed
    assert (report.file_channels, report.in_channels, report.new_channel) == (4, 4, "")


def test_a_fifth_channel_of_zeros_is_ignored(source: nn.Module, checkpoint: Path, batch: Tensor) -> None:
    model, report = convert_dextr_checkpoint(checkpoint, 5, new_channel="zeros")
    with torch.inference_mode():
        logits = model(torch.cat([batch, 255 - batch[:, :1]], dim=1))
        expected = source(batch)
    assert torch.allclose(logits, expected, rtol=1e-4, atol=1e-4 * float(expected.abs().max()))
    assert (report.file_channels, report.in_channels, report.new_channel) == (4, 5, "zeros")


def test_a_fifth_channel_starts_as_a_copy_of_the_cue(source: nn.Module, checkpoint: Path) -> None:
    model, report = convert_dextr_checkpoint(checkpoint, 5)
    assert torch.equal(model.conv1.weight[:, :4], source.conv1.weight)
    assert torch.equal(model.conv1.weight[:, 4], source.conv1.weight[:, 3])
    assert report.new_channel == "cue"


@pytest.mark.parametrize(
    ("wrapped", "prefix", "counters"), [(False, "", True), (True, "", False), (False, "module.", True)]
)
def test_every_layout_is_read(tmp_path: Path, wrapped: bool, prefix: str, counters: bool) -> None:
    state = hollow_state() if counters else without_counters(hollow_state())
    state = {prefix + name: tensor for name, tensor in state.items()}
    path = saved(tmp_path, {"epoch": 3, "state_dict": state} if wrapped else state)
    model, report = convert_dextr_checkpoint(path)
    assert (report.wrapped, report.prefixed) == (wrapped, bool(prefix))
    assert (report.tensors, report.counters_added) == ((656, 0) if counters else (547, 109))
    assert model.bn1.num_batches_tracked.item() == (7 if counters else 0)
    assert model.layer4[2].conv3.weight.is_contiguous()
    assert (model.layer4[2].conv3.weight == 0.01).all()
    assert not any(tensor.is_meta for tensor in model.state_dict().values())


@pytest.mark.parametrize("in_channels", [3, 5])
def test_other_channels_are_kept(tmp_path: Path, in_channels: int) -> None:
    model, report = convert_dextr_checkpoint(saved(tmp_path, hollow_state(in_channels)), in_channels)
    assert model.conv1.weight.shape[1] == report.file_channels == in_channels
    assert report.new_channel == ""


@pytest.mark.parametrize(
    ("file_channels", "in_channels", "message"),
    [
        (3, 4, "3 input channels .* network of 4: it has no cue channel to start from; use in_channels=3"),
        (3, 5, "3 input channels .* network of 5: it has no cue"),
        (4, 3, "4 input channels .* network of 3: it would lose a cue it relies on; use in_channels=4 or 5"),
        (5, 4, "5 input channels .* network of 4: it would lose a cue .* use in_channels=5"),
    ],
)
def test_channels_are_not_changed_silently(
    tmp_path: Path, file_channels: int, in_channels: int, message: str
) -> None:
    path = saved(tmp_path, hollow_state(file_channels))
    with pytest.raises(ValueError, match=message):
        convert_dextr_checkpoint(path, in_channels)


def test_every_mismatch_is_named_at_once(tmp_path: Path) -> None:
    state = hollow_state()
    del state["layer3.7.bn2.bias"]
    state["fc.weight"] = torch.zeros(2)
    state["layer5.final.weight"] = torch.zeros(21, 512, 1, 1)
    state["conv1.weight"] = torch.zeros(64, 7, 7, 7)
    state["bn1.weight"] = torch.zeros(64, dtype=torch.int64)
    with pytest.raises(ValueError, match="not a DEXTR checkpoint of 4 channels") as refusal:
        convert_dextr_checkpoint(saved(tmp_path, state))
    message = str(refusal.value)
    assert "1 missing: layer3.7.bn2.bias;" in message
    assert "1 unexpected: fc.weight;" in message
    assert "2 of another shape: conv1.weight is 64x7x7x7 not 64x4x7x7" in message
    assert "layer5.final.weight is 21x512x1x1 not 1x512x1x1;" in message
    assert "1 of another type: bn1.weight is torch.int64 not torch.float32." in message
    assert "547 or 656 tensors" in message


def test_long_lists_are_cut_with_a_count(tmp_path: Path) -> None:
    state = {name: tensor for name, tensor in hollow_state().items() if not name.startswith("layer3.")}
    with pytest.raises(ValueError, match=r"\d+ missing: layer3\.0.* and \d+ more") as refusal:
        convert_dextr_checkpoint(saved(tmp_path, state))
    assert len(str(refusal.value)) < 700


def test_only_all_counters_together_may_be_missing(tmp_path: Path) -> None:
    state = hollow_state()
    del state[f"layer2.1.bn3.{COUNTER}"]
    with pytest.raises(ValueError, match=rf"1 missing: layer2\.1\.bn3\.{COUNTER}\."):
        convert_dextr_checkpoint(saved(tmp_path, state))


def test_a_prefix_on_some_names_only_is_a_mismatch(tmp_path: Path) -> None:
    state = hollow_state()
    state["module.conv1.weight"] = state.pop("conv1.weight")
    with pytest.raises(ValueError, match=r"1 missing: conv1\.weight; 1 unexpected: module\.conv1\.weight"):
        convert_dextr_checkpoint(saved(tmp_path, state))


@pytest.mark.parametrize("checkpoint", [[1.0], {"state_dict": None}, {}, {"epoch": 3}])
def test_a_file_without_tensors_is_refused(tmp_path: Path, checkpoint: Any) -> None:
    with pytest.raises(ValueError, match=r"save model\.state_dict\(\)"):
        convert_dextr_checkpoint(saved(tmp_path, checkpoint))


def test_wrong_requests_are_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, {})
    with pytest.raises(ValueError, match="in_channels=6 is not supported: use 3, 4 or 5"):
        convert_dextr_checkpoint(path, 6)
    with pytest.raises(ValueError, match="new_channel='copy' is not known: use cue or zeros"):
        convert_dextr_checkpoint(path, 5, new_channel="copy")
    with pytest.raises(ValueError, match="in_channels=2 is not supported"):
        dextr_card("dextr", "MIT", 2)
    with pytest.raises(FileNotFoundError, match=r"gone\.pth: check the path"):
        convert_dextr_checkpoint(tmp_path / "gone.pth")


def test_the_card_says_how_dextr_sees_an_image() -> None:
    card = dextr_card("dextr-pascal", "MIT")
    assert (card.architecture, card.in_channels, card.cue) == ("psp-resnet101", 4, "ep")
    assert (card.crop_mode, card.crop_margin, card.input_size) == ("stretch", 50, 512)
    assert card.threshold == 0.8
    assert "without normalisation" in card.description
    assert WeightsCard.from_json(card.to_json()) == card
    assert [dextr_card("d", "MIT", n).cue for n in (3, 5)] == ["none", "cm+ep"]
