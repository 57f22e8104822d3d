"""Data sets: manifests of known folder layouts, what manifests may refer to, and training sets for other tools.

Importing this package imports neither torch nor SimpleITK; names are loaded from their home at first use.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "KINDS": "kinds",
    "SliceOrigin": "provenance",
    "TrainingCase": "training_set",
    "assign_splits": "splits",
    "export_training_set": "training_set",
    "list_data_set": "kinds",
    "read_splits": "splits",
    "write_manifest": "entries",
}

__all__ = [*_HOMES]


def __getattr__(name: str) -> Any:
    """Load a public name from its home module at first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'cueseg.datasets' has no attribute {name!r}")
    return getattr(import_module(f"cueseg.datasets.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
