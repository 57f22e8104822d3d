"""A whole structure from some clicked slices: filled by shape, segmented again, carried on; and where to click next.

Importing this package imports no torch; names are loaded from their home at first use.
"""

from cueseg.lazy_names import lazy_names

_HOMES = {
    "Propagation": "volumes.result",
    "PropagationOptions": "volumes.options",
    "SliceResult": "volumes.result",
    "VolumeOptions": "volumes.options",
    "VolumeResult": "volumes.result",
    "VolumeSession": "volumes.session",
    "derived_points": "volumes.derived",
    "fill_between": "volumes.between",
    "filled_volume": "volumes.filled",
    "ranked_slices": "volumes.suggestion",
    "segment_between": "volumes.session",
    "suggest_slice": "volumes.suggestion",
}

__all__ = [*_HOMES]
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
