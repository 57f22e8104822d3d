"""Segmentation networks of any origin: cards, loading, preparation of images, inspection.

Importing this package imports no torch; names are loaded from their home at first use.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "EXPORT_RECIPE": "formats.kinds",
    "InspectionReport": "inspection",
    "LayerInfo": "layers",
    "NetworkCard": "card",
    "PreparedImage": "preparation",
    "SegmentationNetwork": "network",
    "inspect_network": "inspection",
    "list_layers": "layers",
    "list_networks": "shelf",
    "load_network": "loading",
    "save_network": "saving",
}

__all__ = [*_HOMES]


def __getattr__(name: str) -> Any:
    """Load a public name from its home module at first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'cueseg.networks' has no attribute {name!r}")
    return getattr(import_module(f"cueseg.networks.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
