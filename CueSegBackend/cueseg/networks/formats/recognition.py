"""Which kind of network a path is, told by its content rather than its name."""

import struct
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from cueseg.checkpoint_file import read_bytes
from cueseg.networks.formats.kinds import EXPORT_RECIPE

__all__ = ["ARCHIVE_ERRORS", "recognise"]

ARCHIVE_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    OSError,
    EOFError,
    ValueError,
    LookupError,
    NotImplementedError,
)
"""What zipfile raises for damaged archives."""

_OTHER_ENDINGS = {
    ".onnx": "an ONNX network",
    ".h5": "a Keras or HDF5 file",
    ".keras": "a Keras file",
    ".pb": "a TensorFlow graph",
    ".tflite": "a TensorFlow Lite network",
    ".mlmodel": "a Core ML network",
    ".mlpackage": "a Core ML network",
    ".engine": "a TensorRT engine",
}


def recognise(path: Path) -> str:
    """Tell the kind of a file or folder without running anything in it.

    Returns:
        "state dict", "safetensors", "TorchScript", "torch.export archive", "MONAI bundle" or "nnU-Net v2 folder".

    Raises:
        FileNotFoundError: no such path.
        ValueError: empty, a Git LFS pointer, a web page, a card, a kind that cannot be used; the message says what to
            do instead.
    """
    if path.is_dir():
        return _kind_of_folder(path)
    if path.suffix == ".json":
        raise ValueError(
            f"{path} is a card or a setting: give the file of weights or the folder it belongs to"
        )
    start = read_bytes(path)[:64]
    if path.suffix in _OTHER_ENDINGS or b"onnx" in start.lower():
        kind = _OTHER_ENDINGS.get(path.suffix, "an ONNX network")
        raise ValueError(f"{path} is {kind}, whose weights cannot be refined here: {EXPORT_RECIPE}")
    if path.suffix == ".safetensors":
        return "safetensors"
    if start.startswith(b"PK"):
        return _kind_of_archive(path)
    if start.startswith(b"\x80") or path.suffix in (".pt", ".pth", ".bin", ".ckpt", ".ts"):
        return "state dict"
    raise ValueError(f"{path} is no network of a known kind: {EXPORT_RECIPE}")


def _kind_of_folder(path: Path) -> str:
    if _inside(path, "configs/inference.json", "configs/metadata.json"):
        return "MONAI bundle"
    if _inside(path, "plans.json") or _inside(path.parent, "plans.json", "dataset.json"):
        return "nnU-Net v2 folder"
    deeper = [
        entry.name for entry in sorted(path.iterdir()) if entry.is_dir() and _inside(entry, "plans.json")
    ]
    if deeper:
        raise ValueError(
            f"{path} holds several networks of nnU-Net: give one of its folders, {', '.join(deeper)}"
        )
    raise ValueError(
        f"{path} is a folder without a network: give a MONAI bundle (configs/inference.json in it), a result folder of "
        "nnU-Net v2 (plans.json, dataset.json and fold_0 in it), or a file of weights"
    )


def _inside(path: Path, *names: str) -> bool:
    return any((path / name).is_file() for name in names)


def _kind_of_archive(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = [PurePosixPath(name) for name in archive.namelist()]
    except ARCHIVE_ERRORS as error:
        raise ValueError(f"{path} is damaged or cut short ({error}): download or save it again") from error
    tops = {"/".join(name.parts[1:]) for name in names} | {str(name) for name in names}
    if "models/model.json" in tops or "serialized_exported_program.json" in tops:
        return "torch.export archive"
    if "constants.pkl" in tops and any(name.startswith("code/") for name in tops):
        return "TorchScript"
    if "data.pkl" in tops:
        return "state dict"
    if "configs/inference.json" in tops or "configs/metadata.json" in tops:
        return "MONAI bundle"
    raise ValueError(f"{path} is a zip file without a network of a known kind: {EXPORT_RECIPE}")
