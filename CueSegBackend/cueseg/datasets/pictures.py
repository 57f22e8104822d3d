"""Manifest entries of the 2018 Data Science Bowl: pictures of cells with one mask per nucleus."""

from pathlib import Path

from cueseg.datasets.entries import Entry, entry, natural

__all__ = ["dsb2018_entries", "is_coloured"]


def dsb2018_entries(folder: Path) -> list[Entry]:
    """Data Science Bowl 2018 (Caicedo et al. 2019): ID/images/ID.png and ID/masks/*.png, one for each nucleus.

    Pictures whose channels are equal count as grey, the others as colour.

    Raises:
        ValueError: There is no such picture.
    """
    entries = []
    for masks in sorted(folder.rglob("masks"), key=natural):
        name = masks.parent.name
        image = masks.parent / "images" / f"{name}.png"
        if not (image.is_file() and any(masks.glob("*.png"))):
            continue
        coloured = is_coloured(image)
        more = {"kind": "picture", "instances": True, "label_format": "masks"}
        modality, kind = ("rgb", "colour") if coloured else ("grey", "grey")
        classes: dict[str, list[int]] = {f"nuclei {kind}": []}
        entries.append(entry(name, "dsb2018", modality, image, masks, classes, **more))
    if not entries:
        raise ValueError(
            f"no labelled picture was found in {folder}: expected ID/images/ID.png with ID/masks/*.png"
        )
    return entries


def is_coloured(path: Path) -> bool:
    """Whether the channels of a picture differ anywhere.

    Raises:
        ValueError: Not a picture.
    """
    from cueseg.image_files import read_image

    array = read_image(path).array
    return array.ndim == 4 and bool((array != array[..., :1]).any())
