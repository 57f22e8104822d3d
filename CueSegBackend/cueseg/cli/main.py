"""The commands put together: parsing, exit codes, errors in words."""

import argparse
import logging
import os
import re
import sys
from collections.abc import Sequence

import cueseg
from cueseg.cli import (
    bifseg,
    evaluate,
    export_training_set,
    inspect_network,
    label,
    list_models,
    manifest,
    points,
    predict,
    refine,
    replay,
    robot,
    segment,
    segment_volume,
    train,
)
from cueseg.cli.console import HelpFormatter, complain, logging_to_stderr
from cueseg.cli.errors import UnusableWeightsError

UNEXPECTED, BAD_INPUT, BAD_WEIGHTS, INTERRUPTED = 1, 3, 4, 130

_log = logging.getLogger(__name__)

_EPILOG = """\
exit codes:
  0    done
  1    unexpected error, or a package that is not installed
  2    wrong use of the command line
  3    input or output that cannot be used: the message says what and why
  4    weights that cannot be used
  130  interrupted

examples:
  python -m cueseg segment ct_folder --slice 12 --points 61,80 139,84 96,52 104,118 --output liver.seg.nrrd
  python -m cueseg segment-volume ct_folder --points liver.txt --output liver.seg.nrrd --name liver
  python -m cueseg list-models
  python -m cueseg inspect-network my_bundle
  python -m cueseg refine ct.nrrd --network my_bundle --scribbles s.seg.nrrd --output out.seg.nrrd
  python -m cueseg manifest segthor SegTHOR/train -o segthor.json
  python -m cueseg train CueSegBackend/recipes/compact-cm.toml
  python -m cueseg evaluate segthor.json --clicks jittered --csv scores.csv

"python -m cueseg COMMAND --help" tells more."""

# Clicks left of or above the image begin with a minus sign, which would be taken for an option.
_NEGATIVE = re.compile(r"-[\d.][\d.,eE+-]*")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: Words after the program's name; None takes them from the process.

    Returns:
        The exit code: 0 done, 1 a package is missing, 3 bad input or output, 4 bad weights, 130 interrupted.

    Raises:
        SystemExit: Wrong use (code 2), or help and version (code 0), as argparse does.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    options = build_parser().parse_args([f" {word}" if _NEGATIVE.fullmatch(word) else word for word in words])
    with logging_to_stderr(options.log_level - 10 * options.verbose):
        try:
            return options.run(options)
        except UnusableWeightsError as error:
            complain(f"error: {error}")
            return BAD_WEIGHTS
        except (ValueError, OSError) as error:
            if isinstance(error, BrokenPipeError):
                return _reader_gone()
            _log.debug("where it came from", exc_info=error)
            complain(f"error: {_in_words(error)}")
            return BAD_INPUT
        except ModuleNotFoundError as error:
            if error.name is None or error.name.startswith("cueseg"):
                raise
            complain(f"error: {error.name} is not installed: {sys.executable} -m pip install {error.name}")
            return UNEXPECTED
        except KeyboardInterrupt:
            complain("interrupted")
            return INTERRUPTED


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="python -m cueseg",
        description="Segment structures in CT, MR and other images from four extreme points, and correct the output "
        "of segmentation networks from scribbles.",
        epilog=_EPILOG,
        formatter_class=HelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"cueseg {cueseg.__version__}")
    parser.set_defaults(log_level=logging.WARNING, verbose=0)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "-v", "--verbose", action="count", default=0, help="say more on stderr; -vv still more"
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    segment.add_parser(commands, common)
    segment_volume.add_parser(commands, common)
    list_models.add_parser(commands, common)
    inspect_network.add_parser(commands, common)
    predict.add_parser(commands, common)
    refine.add_parser(commands, common)
    bifseg.add_parser(commands, common)
    points.add_parser(commands, common)
    manifest.add_parser(commands, common)
    evaluate.add_parser(commands, common)
    replay.add_parser(commands, common)
    robot.add_parser(commands, common)
    label.add_parser(commands, common)
    export_training_set.add_parser(commands, common)
    train.add_parser(commands, common)
    return parser


def _in_words(error: ValueError | OSError) -> str:
    """What an error says; what the system says of a file, without its number."""
    if not isinstance(error, OSError) or error.filename is None or error.strerror is None:
        return str(error)
    if isinstance(error, FileNotFoundError):
        return f"{error.filename} does not exist: check the path"
    return f"{error.filename}: {error.strerror}"


def _reader_gone() -> int:
    """The reader of our output closed it, as `head` does; keep Python from complaining when it exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return UNEXPECTED
