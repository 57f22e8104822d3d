"""Options that every command on an image file has."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from cueseg.intensity import MODALITIES

Add = Callable[..., Any]  # `add_argument` of a parser or of a group


def add_image(add: Add) -> None:
    """The image."""
    add(
        "image",
        type=Path,
        metavar="IMAGE",
        help="DICOM folder or file, NRRD, NIfTI, MetaImage, PNG, JPEG, TIFF",
    )


def add_image_kind(add: Add) -> None:
    """What the image's file may not say: its modality, and which of several series is meant."""
    add(
        "--modality",
        choices=MODALITIES,
        help="kind of image (default: what DICOM says; grey or rgb for pictures; otherwise it must be given)",
    )
    add_series(add)


def add_output(add: Add) -> None:
    """The segmentation to write."""
    add(
        "--output",
        required=True,
        type=Path,
        metavar="FILE",
        help="for 3D Slicer .seg.nrrd; plain labels .nrrd, .nii.gz, .nii, .mha; for a picture also .png",
    )


def add_overwrite(add: Add) -> None:
    """Whether a file may be replaced."""
    add("--overwrite", action="store_true", help="replace the output file if it exists")


def add_network(add: Add, also: str = "") -> None:
    """The segmentation network; `also` ends its help, where not every network will do."""
    add(
        "--network",
        required=True,
        metavar="NAME|FILE",
        help=f"a shipped network, or a file or folder that inspect-network accepts{also}",
    )


def add_device(add: Add) -> None:
    """Where to compute."""
    add("--device", default="auto", metavar="auto|cpu|cuda", help="where to compute (default: auto)")


def add_series(add: Any) -> None:
    """Add which series of a DICOM folder is meant."""
    add(
        "--series", metavar="UID", help="series of a DICOM folder that holds several; its beginning is enough"
    )
