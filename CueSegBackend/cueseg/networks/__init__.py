"""Segmentation networks of any origin: cards, loading, preparation of images, inspection.

Importing this package imports no torch; names are loaded from their home at first use.
"""

from cueseg.lazy_names import lazy_names

_HOMES = {
    "EXPORT_RECIPE": "networks.formats.kinds",
    "InspectionReport": "networks.inspection",
    "LayerInfo": "networks.layers",
    "NetworkCard": "networks.card",
    "PreparedImage": "networks.preparation",
    "SegmentationNetwork": "networks.network",
    "inspect_network": "networks.inspection",
    "list_layers": "networks.layers",
    "list_networks": "networks.shelf",
    "load_network": "networks.loading",
    "save_network": "networks.saving",
}

__all__ = [*_HOMES]
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
