"""Result folders of nnU-Net v2: plans.json, dataset.json and fold_*/checkpoint_final.pth."""

import codecs
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from cueseg.checkpoint_file import as_state_dict, read_bytes, read_tensors
from cueseg.networks.architectures import build_network
from cueseg.networks.card import NetworkCard
from cueseg.networks.formats.nnunet_plans import card_from_plans, choose_configuration
from cueseg.networks.formats.state_dict import fill_weights
from cueseg.networks.network import SegmentationNetwork

__all__ = ["load_nnunet"]

_CHECKPOINTS = ("checkpoint_final.pth", "checkpoint_best.pth", "checkpoint_latest.pth")
_NOTES = (
    "images are resampled linearly, where nnU-Net uses cubic splines, and are not mirrored or cropped to their nonzero "
    "part: results differ slightly from nnU-Net's own",
)


def load_nnunet(path: Path, card: NetworkCard | None) -> SegmentationNetwork:
    """Load a network that nnU-Net v2 trained, with its plain or residual-encoder U-Net.

    The checkpoint is read as tensors, plain containers and numpy numbers; nothing in it is run.

    Args:
        path: the folder of plans.json, or one of its folds.
        card: replaces what the plans say.

    Raises:
        FileNotFoundError: plans.json, dataset.json or the checkpoint is missing.
        ValueError: damaged, or an architecture that is not known here; the message says what to do.
    """
    folder = path if (path / "plans.json").is_file() else path.parent
    plans, dataset = _json(folder / "plans.json"), _json(folder / "dataset.json")
    checkpoint = _checkpoint(folder, path)
    content = _read(checkpoint)
    if card is None:
        configuration = choose_configuration(plans, _configuration_name(folder, content, plans))
        card = card_from_plans(plans, dataset, configuration, _card_name(folder, plans))
    weights = content.get("network_weights", content)
    module = fill_weights(
        build_network(card), _deduplicated(as_state_dict(weights, checkpoint), checkpoint), checkpoint, card
    )
    notes = (f"weights of {checkpoint.parent.name}/{checkpoint.name}", *_NOTES)
    return SegmentationNetwork.of(module, card, source="nnU-Net v2 folder", notes=notes)


def _json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise FileNotFoundError(
            f"no {path}: copy the whole result folder of nnU-Net, with plans.json and dataset.json"
        )
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not valid JSON ({error}): copy it again") from error
    if not isinstance(value, dict):
        raise ValueError(f"{path} holds a {type(value).__name__}, not an object of settings: copy it again")
    return value


def _checkpoint(folder: Path, path: Path) -> Path:
    folds = [path] if path != folder else sorted(folder.glob("fold_*"))
    found = [fold / name for fold in folds for name in _CHECKPOINTS if (fold / name).is_file()]
    if not found:
        raise FileNotFoundError(
            f"no checkpoint in {folder}: fold_0/checkpoint_final.pth is expected, or another fold_* with one; copy it"
        )
    return found[0]


def _read(path: Path) -> dict[str, Any]:
    """Unpickle; beside tensors nnU-Net writes numbers of numpy, which are rebuilt from these types alone."""
    scalars = [np.float64(0), np.float32(0), np.int64(0), np.int32(0), np.bool_(False)]
    rebuild = np.float64(0).__reduce__()[0]
    allowed = [
        rebuild,
        (rebuild, "numpy.core.multiarray.scalar"),  # as numpy 1 wrote it
        np.dtype,
        codecs.encode,
        *(type(scalar.dtype) for scalar in scalars),
        *(type(scalar) for scalar in scalars),
    ]
    with torch.serialization.safe_globals(allowed):
        content = read_tensors(read_bytes(path), path)
    if not isinstance(content, dict):
        raise ValueError(
            f"{path} holds a {type(content).__name__}, not a checkpoint of nnU-Net: copy it again"
        )
    return content


def _configuration_name(folder: Path, content: dict[str, Any], plans: dict[str, Any]) -> str:
    """From the checkpoint, the folder's name (trainer__plans__configuration), or the only one there is."""
    told = content.get("init_args")
    if isinstance(told, dict) and isinstance(told.get("configuration"), str):
        return told["configuration"]
    names = list(plans.get("configurations", {}))
    return names[0] if len(names) == 1 else folder.name.rsplit("__", 1)[-1]


def _card_name(folder: Path, plans: dict[str, Any]) -> str:
    name = "".join(
        letter if letter.isalnum() or letter in "._+-" else "-"
        for letter in f"{plans.get('dataset_name', folder.name)}"
    )
    return name.lstrip("._+-") or "nnunet"


def _deduplicated(state: dict[str, Tensor], path: Path) -> dict[str, Tensor]:
    """Drop the entries that name a weight again, after checking that they agree.

    nnU-Net registers each convolution and normalisation also in `all_modules`, and the encoder in the decoder.
    """
    prefix = "module." if all(name.startswith("module.") for name in state) else ""
    if all(name.startswith("_orig_mod.") for name in state):
        prefix = "_orig_mod."
    state = {name.removeprefix(prefix): tensor for name, tensor in state.items()}
    kept = {name: tensor for name, tensor in state.items() if name == _original(name)}
    for name, tensor in state.items():
        first = kept.get(_original(name))
        if first is not None and not torch.equal(first, tensor):
            raise ValueError(
                f"{path}: {name} differs from {_original(name)}, of which it should be the copy: save it again"
            )
    return kept


def _original(name: str) -> str:
    name = name.removeprefix("decoder.") if name.startswith("decoder.encoder.") else name
    head, found, tail = name.partition(".all_modules.")
    if not found:
        return name
    index, _, parameter = tail.partition(".")
    return f"{head}.{'conv' if index == '0' else 'norm'}.{parameter}"
