"""`export-training-set`: labelled images for nnU-Net v2, MONAI, and our own training."""

import argparse
from pathlib import Path
from typing import Any

from cueseg.cli.console import HelpFormatter, progress, say
from cueseg.intensity import MODALITIES
from cueseg.wording import counted

LAYOUTS = ("nnunet", "monai")
FORMATS = (".nii.gz", ".nrrd", ".png")

_DESCRIPTION = """\
Write labelled images as a training set for nnU-Net v2 or MONAI, with a file per image that says where the
labels of every slice come from and by which weights, and a manifest for the command train.

SOURCE is a folder that the command label filled, or a CSV file with the columns image and segmentation
(.seg.nrrd) and, if wanted, id, subject, modality, series, split, provenance; paths relative to the file."""

_EPILOG = """\
examples:
  python -m cueseg export-training-set labels --output Dataset101_Liver
  python -m cueseg export-training-set organs.csv --output organs --layout monai --format .nrrd --split 80/20"""


def add_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "export-training-set",
        parents=[common],
        help="write labelled images for training",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=HelpFormatter,
    )
    add = parser.add_argument
    add("source", type=Path, metavar="SOURCE", help="folder of the command label, or a table (CSV)")
    add(
        "--output", type=Path, required=True, metavar="FOLDER", help="new folder; for nnU-Net Dataset123_NAME"
    )
    add("--layout", choices=LAYOUTS, default=LAYOUTS[0], help="of the folder (default: nnunet)")
    add("--format", choices=FORMATS, help="of the files (default: .nii.gz, for pictures .png)")
    add("--classes", nargs="+", metavar="NAME", help="only these segments, label 1 first (default: all)")
    add("--modality", choices=MODALITIES, help="of images whose file and row do not say it")
    add(
        "--split",
        default="80/20",
        metavar="A/B/C",
        help="of train/val/test by subject, where the table has none",
    )
    add("--seed", type=int, default=0, metavar="S", help="of the split (default: 0)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Read, split, write, and say what was written.

    Raises:
        ValueError, OSError: Sources or an output that cannot be used.
    """
    from cueseg.datasets.entries import read_entries
    from cueseg.datasets.splits import parse_shares
    from cueseg.datasets.training_set import export_training_set
    from cueseg.datasets.training_sources import read_cases, read_sources, split_sources

    shares = parse_shares(options.split)
    sources = split_sources(read_sources(options.source), shares, options.seed)
    with progress(f"writing {options.output}", options.verbose):
        cases = read_cases(sources, options.modality or "")
        written = export_training_set(
            cases, options.output, options.layout, suffix=options.format, classes=options.classes
        )
    counts = {split: sum(item.split == split for item in sources) for split in ("train", "val", "test")}
    written_entries = [
        item for split, count in counts.items() if count for item in read_entries(written, split)
    ]
    names = dict.fromkeys(name for item in written_entries for name in item["classes"])
    shown = ", ".join(f"{split} {count}" for split, count in counts.items() if count)
    say(f"{counted(len(sources), 'image')} ({shown}), {', '.join(names)} -> {written}")
    return 0
