"""MONAI bundles, folder or zip: a known network's definition and its weights; the bundle is never executed."""

import json
import zipfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

from cueseg.checkpoint_file import as_state_dict, read_tensors
from cueseg.networks.architectures import build_network
from cueseg.networks.card import NetworkCard
from cueseg.networks.formats.monai_config import find_target, network_arguments, plain
from cueseg.networks.formats.monai_transforms import read_preprocessing
from cueseg.networks.formats.recognition import ARCHIVE_ERRORS
from cueseg.networks.formats.state_dict import fill_weights, unwrapped
from cueseg.networks.network import SegmentationNetwork, as_evaluated, full_resolution
from cueseg.networks.probing import probe

__all__ = ["load_bundle"]

_WEIGHTS = "models/model.pt"
_CHANNELS = ("in_channels", "out_channels", "spatial_dims")


def load_bundle(path: Path, card: NetworkCard | None) -> SegmentationNetwork:
    """Load a bundle whose network is one of `MONAI_NETWORKS`.

    Args:
        path: folder with configs and models in it, or a zip of such.
        card: replaces what the bundle says.

    Raises:
        FileNotFoundError: the configuration or the weights are missing.
        ModuleNotFoundError: the package monai is not installed.
        ValueError: damaged, a network that is not allowed, expressions; the message says what to do.
    """
    read = _reader(path)
    config, notes = _json(read, "configs/inference.json", path), []
    if card is None:
        metadata = _json(read, "configs/metadata.json", path)
        card, notes = _card(config, metadata, path)
    weights = read(_WEIGHTS)
    if weights is None:
        raise FileNotFoundError(
            f"{path} has no {_WEIGHTS}: download the bundle with its weights (python -m monai.bundle download); if "
            "it has models/model.ts alone, give that file with a card"
        )
    inner = path / _WEIGHTS
    state = as_state_dict(unwrapped(read_tensors(weights, inner)), inner)
    module = fill_weights(build_network(card), state, inner, card)
    if card.patch_size is None and card.multiple == 1:
        found = probe(as_evaluated(module), card.dims, card.in_channels, full_resolution)
        card = replace(card, multiple=found.multiple)
    return SegmentationNetwork.of(module, card, source="MONAI bundle", notes=tuple(notes))


def _reader(path: Path) -> Any:
    """A function from a name in the bundle to its bytes, or None."""
    if path.is_dir():
        return lambda name: (path / name).read_bytes() if (path / name).is_file() else None
    archive = zipfile.ZipFile(BytesIO(path.read_bytes()))
    names = archive.namelist()

    def read(name: str) -> bytes | None:
        found = [full for full in names if full == name or full.endswith(f"/{name}")]
        try:
            return archive.read(min(found, key=len)) if found else None
        except ARCHIVE_ERRORS as error:
            raise ValueError(f"{path} is damaged ({error}): download it again") from error

    return read


def _json(read: Any, name: str, path: Path) -> dict[str, Any]:
    data = read(name)
    if data is None:
        raise FileNotFoundError(
            f"{path} has no {name}: bundles need it as JSON; convert a .yaml file of that name, or "
            "download the bundle again"
        )
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: {name} is not valid JSON ({error}): download the bundle again") from error
    if not isinstance(value, dict):
        raise ValueError(
            f"{path}: {name} holds a {type(value).__name__}, not an object: download the bundle again"
        )
    return value


def _card(config: dict[str, Any], metadata: dict[str, Any], path: Path) -> tuple[NetworkCard, list[str]]:
    architecture, arguments = network_arguments(config)
    dims = int(arguments.get("spatial_dims", 3))
    in_channels, out_channels = int(arguments.get("in_channels", 1)), int(arguments.get("out_channels", 2))
    options = {key: value for key, value in arguments.items() if key not in _CHANNELS}
    prepared = read_preprocessing(config, dims)
    notes = prepared.notes
    sigmoid = _is_sigmoid(config, out_channels)
    classes = _classes(metadata, out_channels, sigmoid, notes)
    patch, overlap = _window(config, metadata, dims)
    card = NetworkCard(
        name=_name(metadata.get("name", path.stem)),
        dims=dims,
        in_channels=in_channels,
        classes=classes,
        activation="sigmoid" if sigmoid else "softmax",
        exclusive=not sigmoid or out_channels == 1,
        spacing=prepared.spacing,
        intensity=prepared.intensity,
        patch_size=patch,
        overlap=overlap,
        axis_order=prepared.axis_order,
        flip=prepared.flip,
        architecture=architecture,
        model_options=options,
        licence=str(metadata.get("license", "")),
        description=str(metadata.get("description", "")),
    )
    return card, notes


def _is_sigmoid(config: dict[str, Any], out_channels: int) -> bool:
    activation = find_target(config.get("postprocessing", {}), "Activationsd") or {}
    return out_channels == 1 or (activation.get("sigmoid") is True and not activation.get("softmax"))


def _classes(metadata: dict[str, Any], out_channels: int, sigmoid: bool, notes: list[str]) -> tuple[str, ...]:
    outputs = (metadata.get("network_data_format") or {}).get("outputs") or {}
    output = next((value for value in outputs.values() if isinstance(value, dict)), {})
    defined = output.get("channel_def") or {}
    names = [str(defined.get(str(i), f"class {i + sigmoid}")) for i in range(out_channels)]
    if len(defined) != out_channels:
        notes.append(
            f"metadata.json names {len(defined)} channels, the network has {out_channels}: check the classes"
        )
    names = [name if names.count(name) == 1 else f"{name} {i}" for i, name in enumerate(names)]
    return (
        ("background", *(f"{n} region" if n == "background" else n for n in names))
        if sigmoid
        else tuple(names)
    )


def _window(
    config: dict[str, Any], metadata: dict[str, Any], dims: int
) -> tuple[tuple[int, ...] | None, float]:
    inferer = find_target(config, "SlidingWindowInferer") or {}
    inputs = (metadata.get("network_data_format") or {}).get("inputs") or {}
    shape = next((value.get("spatial_shape") for value in inputs.values() if isinstance(value, dict)), None)
    size = plain(inferer["roi_size"], config) if "roi_size" in inferer else shape
    overlap = plain(inferer.get("overlap", 0.5), config)
    size = [size] * dims if isinstance(size, int) else size
    fixed = isinstance(size, list) and len(size) == dims and all(type(n) is int and n > 0 for n in size)
    usable = isinstance(overlap, int | float) and 0 <= overlap < 1
    return tuple(size) if fixed else None, float(overlap) if usable else 0.5


def _name(text: object) -> str:
    name = "".join(letter if letter.isalnum() or letter in "._+-" else "-" for letter in str(text))
    return name.lstrip("._+-") or "bundle"
