"""`manifest`: list the images of a data set, split by subject, for training and evaluation."""

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cueseg.cli.console import HelpFormatter, progress, say
from cueseg.intensity import MODALITIES
from cueseg.wording import counted

if TYPE_CHECKING:
    from cueseg.datasets.entries import Entry

KINDS = ("segthor", "chaos", "lits", "brats", "dsb2018", "nnunet", "monai", "dicom", "own")
"""The kinds that `cueseg.datasets` knows, without importing it."""

_DESCRIPTION = """\
List the labelled images of a data set in a manifest, which train and evaluate read. The images stay where
they are. All images of a subject come into the same split; the same seed gives the same split."""

_EPILOG = """\
kinds:
  segthor   Patient_XX/Patient_XX.nii.gz and GT.nii.gz
  chaos     CT/N and MR/N with DICOM_anon and Ground
  lits      volume-N.nii and segmentation-N.nii
  brats     CASE/CASE_t1, _t1ce, _t2, _flair and _seg; also the names of 2023
  dsb2018   ID/images/ID.png and ID/masks/*.png
  nnunet    raw data of nnU-Net v2: dataset.json, imagesTr, labelsTr
  monai     a data list (JSON) of MONAI or the Decathlon
  dicom     DICOM series with SEG or RTSTRUCT files
  own       pairs by --images and --labels

examples:
  python -m cueseg manifest segthor SegTHOR/train -o segthor.json --split 60/20/20
  python -m cueseg manifest own scans -o mine.json --images "{id}/ct.nrrd" --labels "{id}/organs.seg.nrrd" --modality ct
  python -m cueseg manifest own cells -o cells.json --images "images/{id}.png" --labels "masks/{id}" --instances cell"""


def add_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "manifest",
        parents=[common],
        help="list a data set for training and evaluation",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=HelpFormatter,
    )
    add = parser.add_argument
    add("kind", choices=KINDS, help="layout of the data set", metavar="KIND")
    add("folder", type=Path, metavar="FOLDER", help="of the data set; for monai also the JSON file")
    add("-o", "--output", type=Path, required=True, metavar="FILE.json", help="the manifest to write")
    add("--overwrite", action="store_true", help="replace the manifest if it exists")
    either = parser.add_mutually_exclusive_group()
    either.add_argument(
        "--split", metavar="A/B/C", help="shares of train/val/test (default: 70/15/15, or the data set's own)"
    )
    either.add_argument(
        "--split-file", type=Path, metavar="FILE", help="JSON {split: [subjects]} or CSV subject,split"
    )
    add("--seed", type=int, default=0, metavar="S", help="of the split (default: 0)")
    add(
        "--subject",
        metavar="REGEX",
        help="patient in the name of a case, e.g. '(.*)_scan' (default: the name)",
    )
    add("--modality", choices=MODALITIES, help="kind of image, where the data set does not say it")
    add("--classes", nargs="+", metavar="NAME=N", help="monai, own: label numbers; several as NAME=1+2")
    add("--channel", metavar="NAME", help="brats: channel for networks of one channel (default: flair)")
    add("--images", metavar="PATTERN", help='own: for example "images/{id}.nii.gz", also with {subject}')
    add("--labels", metavar="PATTERN", help='own: for example "labels/{id}.nii.gz" or a folder of masks')
    add("--instances", metavar="NAME", help="own: every label or mask is an object of this class")
    add("--ignore-geometry", action="store_true", help="take labels as stored, whatever their headers say")
    add("--check", action="store_true", help="read all images and labels, and name those that do not fit")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """List, split, write, and say what was found.

    Raises:
        ValueError, OSError: A data set or an output that cannot be used.
    """
    from cueseg.datasets.entries import write_manifest
    from cueseg.datasets.kinds import list_data_set
    from cueseg.datasets.splits import complete_splits, parse_shares, read_splits, splits_in_words

    if options.output.exists() and not options.overwrite:
        raise FileExistsError(f"{options.output} exists already: say --overwrite to replace it")
    shares = parse_shares(options.split) if options.split else None
    with progress(f"listing {options.folder}", options.verbose):
        found = list_data_set(options.kind, options.folder, **_options_of_kind(options))
        found = [{**item, "subject": _subject(item["subject"], options.subject)} for item in found]
        if options.ignore_geometry:
            found = [{**item, "geometry": "ignore"} for item in found]
    if options.split_file:
        entries = read_splits(options.split_file, found)
    else:
        entries = complete_splits(found, shares, options.seed)
    left_out = len(found) - len(entries)
    if options.check:
        _check(entries)
    write_manifest(options.output, entries)
    note = f", {left_out} left out" if left_out else ""
    subjects = len({item["subject"] for item in entries})
    say(
        f"{counted(len(entries), 'image')} of {counted(subjects, 'subject')}{note}: "
        f"{splits_in_words(entries)} -> {options.output}"
    )
    return 0


def _options_of_kind(options: argparse.Namespace) -> dict[str, Any]:
    """The options that the kind knows; one that it does not know is an error."""
    known = {
        "nnunet": {"modality"},
        "dicom": {"modality"},
        "monai": {"modality", "classes"},
        "brats": {"channel"},
        "own": {"modality", "classes", "images", "labels", "instances"},
    }.get(options.kind, set())
    names = ("modality", "classes", "channel", "images", "labels", "instances")
    given = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    strange = sorted(set(given) - known)
    if strange:
        raise ValueError(f"--{strange[0]} does not go with the kind {options.kind}")
    if options.kind == "own" and not {"images", "labels"} <= set(given):
        raise ValueError(
            'the kind own needs --images and --labels, for example --images "images/{id}.nii.gz"'
        )
    if "classes" in given:
        from cueseg.datasets.own import parse_classes

        given["classes"] = parse_classes(given["classes"])
    return given


def _subject(name: str, expression: str | None) -> str:
    if expression is None:
        return name
    try:
        match = re.search(expression, name)
    except re.error as error:
        raise ValueError(f"--subject {expression!r} is no regular expression: {error}") from error
    if match is None or not match.groups() or not match[1]:
        raise ValueError(
            f"--subject {expression!r} finds no patient in {name!r}: it needs one group, e.g. '(.*)_scan'"
        )
    return str(match[1])


def _check(entries: "list[Entry]") -> None:
    """Read every image; say what there is of each class, or raise an error with all that do not fit."""
    import numpy as np

    from cueseg.datasets.reading import read_labelled

    wrong, found = [], dict.fromkeys((name for item in entries for name in item["classes"]), 0)
    for item in entries:
        try:
            labelled = read_labelled(Path(), item, all_channels=True)
        except ValueError as error:
            wrong.append(str(error))
            continue
        for name, numbers in labelled.classes.items():
            there = labelled.labels > 0 if item.get("instances") else np.isin(labelled.labels, numbers)
            found[name] += bool(there.any())
    if wrong:
        raise ValueError(f"{len(wrong)} of {len(entries)} images cannot be used:\n" + "\n".join(wrong))
    for name, count in found.items():
        say(f"{name}: in {counted(count, 'image')}")
