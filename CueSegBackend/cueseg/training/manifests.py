"""Build the manifest of the default weights: `python -m cueseg.training.manifests --help`.

Each builder lists the images of one documented folder layout as manifest entries (see `cueseg.training.cases`).
"""

import argparse
import json
import logging
from pathlib import Path

from cueseg.datasets.entries import Entry, entry, write_manifest

Classes = dict[str, list[int]]

HEADNECK = {
    "brainstem": [1],
    "spinal cord": [2],
    "parotid right": [3],
    "parotid left": [4],
    "oesophagus": [5],
    "larynx": [6],
    "mandible": [7],
}
_AORTA, _PULMONARY = "aorta_report/test_result/models", "pulmonary_report/models"
HIPPOCAMPUS = {
    "hippocampus whole": [1, 2],
    "hippocampus anterior": [1],
    "hippocampus posterior": [2],
}


def headneck_entries(folder: Path) -> list[Entry]:
    """OpenKBP head-and-neck CT: `index.json`, `<id>_ct.nrrd`, `<id>_labels.nrrd`."""
    return [
        _entry(folder, row, "ct", "headneck", f"{row['id']}_ct.nrrd", HEADNECK, f"{row['id']}_labels.nrrd")
        for row in _index(folder)
    ]


def hippocampus_entries(folder: Path) -> list[Entry]:
    """Decathlon hippocampus MR: `index.json`, `<id>_mr.nrrd`, `<id>_labels.nrrd`."""
    return [
        _entry(
            folder, row, "mr", "hippocampus", f"{row['id']}_mr.nrrd", HIPPOCAMPUS, f"{row['id']}_labels.nrrd"
        )
        for row in _index(folder)
    ]


def nuclei_entries(folder: Path) -> list[Entry]:
    """Data Science Bowl 2018 nuclei: `index.json`, `<id>_image.png`, `<id>_instances.png`."""
    entries = []
    for row in _index(folder):
        image = f"{row['id']}_image.png"
        modality = "rgb" if _is_colour(folder / image) else "grey"
        classes: Classes = {f"nuclei {row['kind']}": []}
        found = _entry(folder, row, modality, "nuclei", image, classes, f"{row['id']}_instances.png")
        entries.append({**found, "kind": "picture", "instances": True})
    return entries


def totalsegmentator_entries(folder: Path) -> list[Entry]:
    """Reference files of the TotalSegmentator source package, labelled by a network: CTA to train, others to test.

    The split test has the CT of the torso, the MR and the DICOM series of the abdomen, which are other patients.
    """
    rows = (
        ("example_ct", "ct", "example_ct.nii.gz", "example_seg_fast_force_split.nii.gz"),
        ("example_mr", "mr", "example_mr_sm.nii.gz", "example_seg_mr.nii.gz"),
        ("example_dicom", "ct", "example_ct_dicom", "example_seg_dicom.nii.gz"),
        ("cta_aorta", "ct", f"{_AORTA}/ct_cropped.nii.gz", f"{_AORTA}/aorta.nii.gz"),
        ("cta_heart", "ct", f"{_AORTA}/ct.nii.gz", f"{_PULMONARY}/heart.nii.gz"),
        ("cta_artery", "ct", f"{_PULMONARY}/ct_cropped.nii.gz", f"{_PULMONARY}/pulmonary_artery.nii.gz"),
    )
    entries = []
    for subject, modality, image, labels in rows:
        split = "test" if subject.startswith("example") else "train"
        row = {"id": f"totalsegmentator {subject}", "split": split}
        classes = {f"{subject} {number}": [number] for number in range(1, 118)}
        entries.append(_entry(folder, row, modality, f"package {modality}", image, classes, labels))
    return entries


def slicerio_entries(folder: Path) -> list[Entry]:
    """Data folder of the slicerio package: a chest CT with seven segments in Slicer's own format."""
    row = {"id": "slicerio CTChest4", "split": "train"}
    classes = {f"chest {number}": [number] for number in range(1, 7)}  # 7 is all soft tissue
    labels = "Segmentation.seg.nrrd"
    return [_entry(folder, row, "ct", "package ct", "CTChest4.nrrd", classes, labels)]


BUILDERS = {
    "headneck": headneck_entries,
    "hippocampus": hippocampus_entries,
    "nuclei": nuclei_entries,
    "totalsegmentator": totalsegmentator_entries,
    "slicerio": slicerio_entries,
}


def main(arguments: list[str] | None = None) -> int:
    """Write the manifest of the folders given; exit code 0."""
    parser = argparse.ArgumentParser(prog="python -m cueseg.training.manifests", description=__doc__)
    for name, builder in BUILDERS.items():
        parser.add_argument(f"--{name}", type=Path, metavar="FOLDER", help=builder.__doc__)
    parser.add_argument("--output", type=Path, required=True, help="the manifest to write (JSON)")
    parser.add_argument("--val", nargs="+", default=[], metavar="SUBJECT", help="validate on these instead")
    options = parser.parse_args(arguments)
    entries: list[Entry] = []
    for name, builder in BUILDERS.items():
        folder = getattr(options, name)
        if folder is not None:
            entries += builder(folder.resolve())
    if not entries:
        parser.error("give at least one folder")
    unknown = sorted(set(options.val) - {found["subject"] for found in entries})
    if unknown:
        parser.error(f"--val: there is no subject {unknown[0]!r}")
    for found in entries:
        found["split"] = "val" if found["subject"] in options.val else found["split"]
    write_manifest(options.output, entries)
    logging.getLogger(__name__).info("%d images listed in %s", len(entries), options.output)
    return 0


def _entry(
    folder: Path, row: Entry, modality: str, group: str, image: str, classes: Classes, labels: str
) -> Entry:
    found = entry(str(row["id"]), group, modality, folder / image, folder / labels, classes)
    return {**found, "split": row["split"]}


def _index(folder: Path) -> list[Entry]:
    path = folder / "index.json"
    if not path.exists():
        raise ValueError(f"{folder} has no index.json; is it the folder of the data set?")
    return json.loads(path.read_text(encoding="utf-8"))


def _is_colour(path: Path) -> bool:
    import SimpleITK as sitk  # noqa: N813

    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    reader.ReadImageInformation()
    return reader.GetNumberOfComponents() > 1


if __name__ == "__main__":
    raise SystemExit(main())
