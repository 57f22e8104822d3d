"""Scribbles that correct any network: its last layers are refined for one image (Sambaturu et al. 2021).

Importing this package imports no torch; names are loaded from their home at first use.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "Decision": "refinement.progress",
    "IterationReport": "refinement.result",
    "LayerInfo": "networks.layers",
    "NetworkPrediction": "refinement.result",
    "RefinementCancelled": "refinement.progress",
    "RefinementOptions": "refinement.options",
    "RefinementProgress": "refinement.progress",
    "RefinementResult": "refinement.result",
    "RefinementSession": "refinement.session",
    "WeightDelta": "refinement.delta",
    "list_layers": "networks.layers",
    "load_delta": "refinement.delta",
    "refine": "refinement.session",
}

__all__ = [*_HOMES]


def __getattr__(name: str) -> Any:
    """Load a public name from its home module at first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'cueseg.refinement' has no attribute {name!r}")
    return getattr(import_module(f"cueseg.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
