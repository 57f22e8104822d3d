"""Manifest entries of the folders of other tools: nnU-Net v2 and MONAI."""

import json
import re
from pathlib import Path
from typing import Any

from cueseg.datasets.entries import Entry, entry, natural

__all__ = ["monai_entries", "nnunet_entries"]

_MR = re.compile(r"mri?|t1.*|t2.*|flair|adc|dwi|pd|.*mri?", re.IGNORECASE)
_SPLIT_OF_LIST = {
    "training": "train",
    "validation": "val",
    "val": "val",
    "testing": "test",
    "test": "test",
}


def nnunet_entries(folder: Path, modality: str | None = None) -> list[Entry]:
    """Raw data of nnU-Net v2: dataset.json, imagesTr/CASE_0000.nii.gz (a file per channel), labelsTr/CASE.nii.gz.

    Regions (labels that are lists) become classes of several label numbers; the label "ignore" becomes unknown.
    Cases of imagesTs are taken as split test where labelsTs has their labels.

    Args:
        folder: Of dataset.json.
        modality: "ct", "mr", "grey" or "rgb" where the names of the channels do not say it.

    Raises:
        ValueError: No dataset.json or one that lacks a field, an image that is missing, or an unclear modality.
    """
    about = _object(folder / "dataset.json", ("channel_names", "labels", "file_ending"))
    if "dataset" in about:
        raise ValueError(
            f'{folder / "dataset.json"} names its files itself ("dataset"), which is not read: '
            "give the cases by --images and --labels of the kind own"
        )
    names = [str(about["channel_names"][key]) for key in sorted(about["channel_names"], key=int)]
    ending, coloured = about["file_ending"], [name.casefold()[:1] for name in names] == ["r", "g", "b"]
    kind = modality or ("rgb" if coloured else _modality_of(names, folder / "dataset.json"))
    classes = {
        name: [int(number) for number in (value if isinstance(value, list) else [value])]
        for name, value in about["labels"].items()
        if name not in ("background", "ignore")
    }
    more: dict[str, Any] = {"kind": "picture"} if ending.lower() in (".png", ".bmp", ".tif") else {}
    if len(names) > 1 and not coloured:
        more["channels"] = names
    entries = []
    for images, labels, split in (("imagesTr", "labelsTr", "train"), ("imagesTs", "labelsTs", "test")):
        for path in sorted((folder / labels).glob(f"*{ending}"), key=natural):
            case = path.name[: -len(ending)]
            files = [folder / images / f"{case}_{number:04d}{ending}" for number in range(len(names))]
            files = files[:1] if coloured else files
            missing = [file for file in files if not file.is_file()]
            if missing:
                raise ValueError(f"{missing[0]} is missing: {path} has no image, or a channel was not copied")
            image = files if len(files) > 1 else files[0]
            item = entry(case, folder.name, kind, image, path, classes, **more)
            entries.append({**item, "split": split if split == "test" else ""})
    if not entries:
        raise ValueError(f"{folder / 'labelsTr'} holds no *{ending}: is {folder} the folder of dataset.json?")
    return entries


def monai_entries(
    path: Path, modality: str | None = None, classes: dict[str, list[int]] | None = None
) -> list[Entry]:
    """A data list of MONAI or of the Medical Segmentation Decathlon: {"training": [{"image", "label"}, ...], ...}.

    The lists validation and test keep their splits. Paths are relative to the file. An image is a file (with four
    dimensions where there are several channels) or a list of files. Items without a label are left out.

    Args:
        path: The JSON file, or a folder with dataset.json.
        modality: "ct", "mr", "grey" or "rgb" where the list does not say it.
        classes: Class name -> label numbers, where the list has no "labels".

    Raises:
        ValueError: Not such a list, no labels, or an unclear modality.
    """
    path = path / "dataset.json" if path.is_dir() else path
    about = _object(path, ())
    names = _numbered(about.get("modality", about.get("channel_names", {})))
    kind = modality or _modality_of(names, path)
    classes = classes or _classes_of(about, path)
    more: dict[str, Any] = {"channels": names} if len(names) > 1 else {}
    entries = []
    for key, split in _SPLIT_OF_LIST.items():
        items = about.get(key, [])
        for item in items if isinstance(items, list) else []:
            if not (isinstance(item, dict) and item.get("image") and item.get("label")):
                continue
            files = item["image"] if isinstance(item["image"], list) else [item["image"]]
            image = [path.parent / file for file in files]
            subject = str(item.get("subject") or item.get("case_id") or _stem(Path(files[0])))
            group = str(about.get("name") or path.resolve().parent.name)
            labels = path.parent / item["label"]
            found = entry(
                subject, group, kind, image if len(image) > 1 else image[0], labels, classes, **more
            )
            entries.append({**found, "split": "" if split == "train" else split})
    if not entries:
        raise ValueError(f'{path} lists no item with "image" and "label" under training, validation or test')
    return entries


def _object(path: Path, needed: tuple[str, ...]) -> dict[str, Any]:
    if not path.is_file():
        raise ValueError(f"there is no {path}: give the folder that holds it")
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is no JSON file: {error}") from error
    missing = [key for key in needed if not isinstance(about, dict) or key not in about]
    if missing or not isinstance(about, dict):
        raise ValueError(
            f"{path} lacks {', '.join(missing) or 'a JSON object'}: is it of the format of this kind?"
        )
    return about


def _numbered(values: Any) -> list[str]:
    """Names in {"0": name, ...}, or a single name."""
    if isinstance(values, dict):
        return [str(values[key]) for key in sorted(values, key=natural)]
    return [str(values)] if values else []


def _modality_of(names: list[str], path: Path) -> str:
    if names and all(name.casefold() == "ct" for name in names):
        return "ct"
    if names and all(_MR.fullmatch(name) for name in names):
        return "mr"
    raise ValueError(
        f"{path} does not say whether its channels {names} are CT or MR: add --modality ct, mr or grey"
    )


def _classes_of(about: dict[str, Any], path: Path) -> dict[str, list[int]]:
    """Classes of {"1": name} (Decathlon) or {name: 1}, without the background."""
    labels = about.get("labels")
    if not isinstance(labels, dict) or not labels:
        raise ValueError(f"{path} does not say what its labels mean: add --classes NAME=NUMBER ...")
    pairs = [(str(v), k) if str(k).isdigit() else (str(k), v) for k, v in labels.items()]
    numbers = {name: [int(n) for n in (v if isinstance(v, list) else [v])] for name, v in pairs}
    return {name: values for name, values in numbers.items() if values != [0]}


def _stem(path: Path) -> str:
    return path.name[: -len(".nii.gz")] if path.name.endswith(".nii.gz") else path.stem
