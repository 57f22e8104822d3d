"""One object in a box, by a network whose classifier is tuned to the image (BIFSeg, Wang et al. 2018).

Importing this package imports no torch; names are loaded from their home at first use.
"""

from cueseg.lazy_names import lazy_names

_HOMES = {
    "Alternation": "bifseg.result",
    "BifsegOptions": "bifseg.options",
    "BifsegResult": "bifseg.result",
    "BifsegSession": "bifseg.session",
    "bifseg": "bifseg.session",
}

__all__ = [*_HOMES]
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
