"""Manifest entries of CHAOS (Kavur et al. 2021): abdominal CT and MR as DICOM, labels as one PNG per slice."""

from pathlib import Path

from cueseg.datasets.entries import Entry, entry, natural

__all__ = ["chaos_entries"]

CT_BANDS = [[1, 1, 255]]
CT_CLASSES = {"liver": [1]}
# The organs have the grey values 63, 126, 189 and 252; the data set says to take what lies around them.
MR_BANDS = [[1, 55, 70], [2, 110, 135], [3, 175, 200], [4, 240, 255]]
MR_CLASSES = {"liver": [1], "kidney right": [2], "kidney left": [3], "spleen": [4]}


def chaos_entries(folder: Path) -> list[Entry]:
    """CHAOS: Ground beside DICOM_anon in CT/N, MR/N/T2SPIR and MR/N/T1DUAL (DICOM_anon/InPhase, DICOM_anon/OutPhase).

    The k-th PNG of a folder in the order of names belongs to the k-th DICOM file, unless their names agree. The phases
    of T1-DUAL are two channels of one image, of which the in-phase one stands for it. Both sequences of a patient have
    one subject, so they come into the same split.

    Raises:
        ValueError: There is no such folder with labels.
    """
    entries = []
    for ground in sorted(folder.rglob("Ground"), key=natural):
        images = ground.parent / "DICOM_anon"
        parts = ground.parent.parts
        if not ground.is_dir() or not images.is_dir():
            continue
        if parts[-2] == "CT":
            entries.append(_entry(f"chaos ct {parts[-1]}", "chaos ct", "ct", images, ground))
        elif parts[-1] == "T2SPIR":
            entries.append(_entry(f"chaos mr {parts[-2]}", "chaos t2", "mr", images, ground))
        elif parts[-1] == "T1DUAL":
            phases = [images / "InPhase", images / "OutPhase"]
            names = {"channels": ["in phase", "out phase"], "channel": "in phase"}
            entries.append(_entry(f"chaos mr {parts[-2]}", "chaos t1", "mr", phases, ground, **names))
    if not entries:
        raise ValueError(
            f"no labelled image was found in {folder}: expected CT/N/Ground beside DICOM_anon, MR/N/T1DUAL/Ground or "
            "MR/N/T2SPIR/Ground"
        )
    return entries


def _entry(
    subject: str, group: str, modality: str, images: Path | list[Path], ground: Path, **more: object
) -> Entry:
    bands, classes = (CT_BANDS, CT_CLASSES) if modality == "ct" else (MR_BANDS, MR_CLASSES)
    labels = {"label_format": "slices", "label_values": bands}
    return entry(subject, group, modality, images, ground, classes, **labels, **more)
