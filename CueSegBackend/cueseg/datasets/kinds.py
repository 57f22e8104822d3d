"""The kinds of data sets that a manifest can be made of."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from cueseg.datasets.chaos import chaos_entries
from cueseg.datasets.dicom_folders import dicom_entries
from cueseg.datasets.entries import Entry
from cueseg.datasets.exchange import monai_entries, nnunet_entries
from cueseg.datasets.own import own_entries
from cueseg.datasets.pictures import dsb2018_entries
from cueseg.datasets.volumes import brats_entries, lits_entries, segthor_entries

__all__ = ["KINDS", "list_data_set"]

KINDS: dict[str, Callable[..., list[Entry]]] = {
    "segthor": segthor_entries,
    "chaos": chaos_entries,
    "lits": lits_entries,
    "brats": brats_entries,
    "dsb2018": dsb2018_entries,
    "nnunet": nnunet_entries,
    "monai": monai_entries,
    "dicom": dicom_entries,
    "own": own_entries,
}


def list_data_set(kind: str, folder: str | Path, **options: Any) -> list[Entry]:
    """Entries of a data set in its documented layout, most of them not yet in a split ("").

    Args:
        kind: One of `KINDS`.
        folder: Of the data set.
        options: Of the function of that kind.

    Raises:
        ValueError: An unknown kind, no such folder, or what the function of that kind raises.
    """
    if kind not in KINDS:
        raise ValueError(f"unknown kind of data set {kind!r}; there is {', '.join(KINDS)}")
    folder = Path(folder)
    if not folder.exists():
        raise ValueError(f"{folder} does not exist: give the folder of the data set")
    return KINDS[kind](folder, **options)
