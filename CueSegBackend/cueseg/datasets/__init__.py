"""Data sets: manifests of known folder layouts, what manifests may refer to, and training sets for other tools.

Importing this package imports neither torch nor SimpleITK; names are loaded from their home at first use.
"""

from cueseg.lazy_names import lazy_names

_HOMES = {
    "KINDS": "datasets.kinds",
    "SliceOrigin": "datasets.provenance",
    "TrainingCase": "datasets.training_set",
    "assign_splits": "datasets.splits",
    "export_training_set": "datasets.training_set",
    "list_data_set": "datasets.kinds",
    "read_splits": "datasets.splits",
    "write_manifest": "datasets.entries",
}

__all__ = [*_HOMES]
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
