"""Archives of torch.export (.pt2), read so that nothing in them is run but known tensor operators.

`torch.export.load` alone is not safe with files of others. It unpickles with all Python allowed where reading tensors
alone fails (sample inputs, constants, weights marked as pickled), evaluates the texts of symbolic sizes as Python,
compiles the guards' code and a forward function with the names in the archive in it, imports modules named by
enumerations, takes any function of torch as an operator, and loads compiled libraries. Here the guards and the
metadata are taken out first, and what is left must be plain names, sizes in plain arithmetic, operators of a list,
and tensors.
"""

import json
import re
import warnings
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from torch import nn

from cueseg.checkpoint_file import read_bytes, read_tensors
from cueseg.networks.formats.kinds import EXPORT_RECIPE
from cueseg.networks.formats.recognition import ARCHIVE_ERRORS

__all__ = ["read_exported"]

_FILES = re.compile(
    r"data/(weights|constants)/[\w.-]+|data/sample_inputs/model\.pt|models/model\.json|archive_format|archive_version|"
    r"byteorder|version|\.data/[\w.-]+|\.format_version|\.storage_alignment"
)
_OPERATOR = re.compile(
    r"torch\.ops\.aten\.\w+\.\w+|torch\.ops\.prim\.\w+\.\w+|torch\.sym_\w+|"
    r"_operator\.(getitem|add|sub|mul|floordiv|truediv|mod|pow|neg|eq|ne|lt|le|gt|ge|and_|or_)"
)
_FILE_OPERATORS = re.compile(r"from_file|save|load")
_NAME = re.compile(r"[\w.]*")
_KEYS = re.compile(
    r'[\w.," \[\]]*'
)  # of dicts, as a list; no objects in braces, which may name classes to import
# Symbols, numbers, arithmetic, and the functions of sizes, as sympy writes them.
_SIZE = re.compile(
    r"(?:Symbol\('[su]\d+'(?:, (?:positive|nonnegative|integer)=(?:True|False))*\)|[su]\d++|\d++|Integer|Rational|"
    r"Add|Mul|Pow|Max|Min|Mod|PythonMod|FloorDiv|CeilDiv|CleanDiv|IntTrueDiv|[-+*/(), ])*"
)
_FREE_TEXTS = ("torch_version",)


def read_exported(path: Path) -> nn.Module:
    """Load the module of an archive of torch.export; its weights are parameters and can be refined.

    Raises:
        ValueError: damaged, of an old form, or holding anything that could run; the message says what to do.
    """
    data = read_bytes(path)
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            files = {info.filename: archive.read(info) for info in archive.infolist() if not info.is_dir()}
    except ARCHIVE_ERRORS as error:
        raise ValueError(f"{path} is damaged or cut short ({error}): download or save it again") from error
    clean = _checked(files, path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about its own deprecations
            module = torch.export.load(_packed(clean)).module()
    except (RuntimeError, ValueError, LookupError, TypeError, AssertionError, AttributeError) as error:
        raise ValueError(
            f"{path} cannot be read as an archive of torch.export ({error}): save it again with this version of "
            f"torch ({torch.__version__}); or {EXPORT_RECIPE}"
        ) from error
    for part in module.modules():
        part.training = False  # eval() is refused there: the graph was recorded in one mode for good
    return module


def _checked(files: dict[str, bytes], path: Path) -> dict[str, bytes]:
    """The files of an archive in which nothing can run.

    Raises:
        ValueError: naming what could.
    """
    top = next((name.split("/")[0] for name in files if name.endswith("/models/model.json")), None)
    if top is None:
        raise ValueError(
            f"{path} has the form of torch before 2.8: load it there and export it again, or {EXPORT_RECIPE}"
        )
    clean = dict(files)
    for name, data in files.items():
        inner = name.removeprefix(f"{top}/")
        if not _FILES.fullmatch(inner):
            _refuse(path, f"the file {inner}")
        if inner.endswith("_config.json"):
            _check_payload(_json(data, path), path)
        elif inner == "data/sample_inputs/model.pt":
            read_tensors(data, path)
        elif inner == "models/model.json":
            clean[name] = json.dumps(_checked_model(_json(data, path), path)).encode()
    return clean


def _check_payload(config: Any, path: Path) -> None:
    for key, value in _pairs(config):
        if key == "use_pickle" and value is not False:
            _refuse(path, "pickled tensors or objects")
        if key == "path_name" and not re.fullmatch(r"(weight|tensor)_\d+", str(value)):
            _refuse(path, f"the object {value}")


def _checked_model(model: Any, path: Path) -> Any:
    if not isinstance(model, dict):
        raise ValueError(f"{path} is damaged: its model is no JSON object; download or save it again")
    model = {**_without_metadata(model), "guards_code": []}
    for key, value in _pairs(model):
        if not (_NAME.fullmatch(key) or _SIZE.fullmatch(key)):
            _refuse(path, f"the name {key!r}")
        if key in ("as_custom_obj", "as_script_object"):
            _refuse(path, "an object of its own")
        texts = [text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)]
        for text in texts:
            _check_text(key, text, path)
    return model


def _check_text(key: str, text: str, path: Path) -> None:
    if key in ("in_spec", "out_spec"):
        for inner, value in _pairs({"spec": _json(text.encode(), path)}):
            allowed = _KEYS if inner == "context" else _NAME
            if isinstance(value, str) and not allowed.fullmatch(value):
                _refuse(path, f"the structure {text[:80]!r}")
    elif key == "expr_str":
        if not _SIZE.fullmatch(text):
            _refuse(path, f"the size {text[:80]!r}")
    elif key not in _FREE_TEXTS and not (_NAME.fullmatch(text) and _is_operator(text)):
        _refuse(path, f"the name or operator {text[:80]!r}")


def _is_operator(name: str) -> bool:
    """Whether a text that could name a function names a known operator; others are names of tensors."""
    if re.match(r"torch|_operator|math", name):
        return bool(_OPERATOR.fullmatch(name)) and not _FILE_OPERATORS.search(name)
    return True


def _without_metadata(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: {} if key == "metadata" else _without_metadata(item) for key, item in value.items()}
    return [_without_metadata(item) for item in value] if isinstance(value, list) else value


def _pairs(value: Any) -> Iterator[tuple[str, Any]]:
    """All keys with their values, at any depth."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield key, item
            yield from _pairs(item)
    elif isinstance(value, list):
        for item in value:
            yield from _pairs(item)


def _json(data: bytes, path: Path) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is damaged ({error}): download or save it again") from error


def _refuse(path: Path, what: str) -> None:
    raise ValueError(
        f"{path} contains {what} and will not be loaded, because that could run code: {EXPORT_RECIPE}"
    )


def _packed(files: dict[str, bytes]) -> BytesIO:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    buffer.seek(0)
    return buffer
