"""`label`: segment all images of a table, in as many processes as wanted, and go on after an interruption."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cueseg.cli.console import HelpFormatter, complain, progress, say
from cueseg.cli.file_arguments import add_device
from cueseg.intensity import MODALITIES
from cueseg.wording import counted

if TYPE_CHECKING:
    from cueseg.labelling.labellers import Labeller

FORMATS = (".seg.nrrd", ".nrrd", ".nii.gz", ".nii", ".mha")
SOME_FAILED, MOST_COUNTED = 100, 25
"""Exit codes 101 to 125: so many cases failed, 125 also for more."""

_DESCRIPTION = """\
Segment the images of a table: with a network, or from extreme points in the table. Writes FOLDER/ID.seg.nrrd
and FOLDER/ID.json, which says where every slice comes from and by which weights. Cases that are done are
skipped when the command is started again; cases that fail are reported and left out.

The table is a CSV file with the column image (path, relative to the table) and, if wanted, id, modality,
series; for extreme points also points ("x,y x,y x,y x,y"), slice, name and axis, one row for each slice."""

_EPILOG = """\
exit codes beside those of all commands:
  101 to 125  1 to 25 cases failed; 125 also for more

examples:
  python -m cueseg label cohort.csv --network my_bundle --output labels
  python -m cueseg label clicks.csv --modality ct --output labels
  python -m cueseg label cohort.csv --network my_bundle --output labels --shard 0/4
  torchrun --nproc-per-node 4 -m cueseg label cohort.csv --network my_bundle --output labels"""


def add_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "label",
        parents=[common],
        help="segment all images of a table",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=HelpFormatter,
    )
    add = parser.add_argument
    add("table", type=Path, metavar="COHORT.csv", help="images to label")
    add("--output", type=Path, required=True, metavar="FOLDER", help="for the segmentations; made if need be")
    add("--format", choices=FORMATS, default=FORMATS[0], help="of the segmentations (default: .seg.nrrd)")
    add("--network", metavar="NAME|FILE", help="label every voxel with this network")
    add("--model", default="default", metavar="NAME|FILE", help="weights for the extreme points of the table")
    add(
        "--threshold",
        type=float,
        metavar="T",
        help="probability of a pixel, extreme points (default: the model's)",
    )
    add("--modality", choices=MODALITIES, help="of images whose file and row do not say it")
    add("--shard", metavar="I/N", help="only share I, from 0, of N (default: RANK and WORLD_SIZE, or all)")
    add_device(add)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Label this process's share of the table; the exit code says how many cases of all processes failed.

    Raises:
        ValueError, OSError: A table or an output folder that cannot be used.
        UnusableWeightsError: The weights or the network cannot be used.
    """
    from cueseg.labelling.cohort import read_cohort
    from cueseg.labelling.shards import device_of_rank, shard_of, together

    cases = read_cohort(options.table)
    shard = shard_of(options.shard)
    if options.output.exists() and not options.output.is_dir():
        raise ValueError(f"{options.output} is a file: give a folder")
    if options.network and any(case.slices for case in cases):
        complain("note: the points of the table are not used with --network")
    options.output.mkdir(parents=True, exist_ok=True)
    log = options.output / f"log-{shard.name}.jsonl"
    with together(shard.count) as processes:
        from cueseg.labelling.batch import label_cases

        labeller = _labeller(options, device_of_rank(options.device))
        mine = shard.of(cases)
        counts = label_cases(mine, labeller, options.output, options.format, log=log, tell=say)
        failed = processes.total(counts.failed)
    share = f" of share {shard.index}/{shard.count}" if shard.count > 1 else ""
    say(
        f"{counted(len(mine), 'case')}{share}: {counts.done} done, {counts.skipped} done before, "
        f"{counts.failed} failed -> {options.output}, {log.name}"
    )
    return SOME_FAILED + min(failed, MOST_COUNTED) if failed else 0


def _labeller(options: argparse.Namespace, device: str) -> "Labeller":
    from cueseg.labelling.labellers import NetworkLabeller, PointLabeller

    modality = options.modality or ""
    if not options.network:
        from cueseg.cli.weights import open_predictor

        if options.threshold is not None and not 0.0 < options.threshold < 1.0:
            raise ValueError(f"threshold must lie between 0 and 1, got {options.threshold}")
        return PointLabeller(
            open_predictor(options.model, device, options.verbose), modality, options.threshold
        )
    from cueseg.cli.predict import open_network
    from cueseg.refinement import RefinementSession
    from cueseg.refinement.delta import state_sha256

    with progress("loading the network", options.verbose):
        network = open_network(options.network)
        session = RefinementSession(network, device=device)
    return NetworkLabeller(session, network.card.sha256 or state_sha256(network.module), modality)
