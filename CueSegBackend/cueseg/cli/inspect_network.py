"""`inspect-network`: does a file hold a network that can be used, and if not, what must be changed."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cueseg.cli.console import HelpFormatter, progress, say
from cueseg.cli.errors import UnusableWeightsError
from cueseg.cli.list_models import aligned

if TYPE_CHECKING:
    from cueseg.networks import InspectionReport

_EPILOG = """\
formats:
  net.pt, net.safetensors   weights alone, with a card net.json that names the architecture
  net.ts, net.pt            TorchScript with a card net.json; frozen ones predict, but cannot be refined
  net.pt2                   archive of torch.export with a card net.json
  folder or zip             MONAI bundle with a known network (needs the package monai)
  folder                    result of nnU-Net v2: plans.json, dataset.json, fold_0/checkpoint_final.pth

Code in a file is never executed.

examples:
  python -m cueseg inspect-network net.pt
  python -m cueseg inspect-network spleen_ct_segmentation --layers
  python -m cueseg inspect-network net.ts --card net.json --json"""


def add_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "inspect-network",
        parents=[common],
        help="check a segmentation network before it is used or refined",
        description="Load a network, run it on noise, and say what does not fit and how to put it right.",
        epilog=_EPILOG,
        formatter_class=HelpFormatter,
    )
    parser.add_argument("network", metavar="FILE", help="file or folder, or the name of a shipped network")
    parser.add_argument(
        "--card", type=Path, metavar="JSON", help="card to use instead of the one beside the file"
    )
    parser.add_argument("--layers", action="store_true", help="list the layers in order of execution")
    parser.add_argument("--json", action="store_true", help="write the report as JSON, layers included")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the report.

    Raises:
        UnusableWeightsError: after the report, if the network cannot be used.
    """
    from cueseg.networks import inspect_network
    from cueseg.networks.card import read_network_card

    try:
        card = read_network_card(options.card) if options.card else None
    except (ValueError, OSError) as error:
        raise UnusableWeightsError(str(error)) from error
    with progress(f"inspecting {options.network}", options.verbose > 0):
        report = inspect_network(options.network, card)
    say(_as_json(report) if options.json else report.text())
    if options.layers and not options.json and report.layers:
        rows = [("LAYER", "KIND", "WEIGHTS")]
        rows += [(layer.name or "(all)", layer.kind, f"{layer.parameters:,}") for layer in report.layers]
        say("")
        for line in aligned(rows):
            say(line)
    if not report.ok:
        raise UnusableWeightsError(f"{options.network} cannot be used: see the report")
    return 0


def _as_json(report: "InspectionReport") -> str:
    values = {
        "ok": report.ok,
        "refinable": report.ok and report.refinable,
        "format": report.source,
        "lines": [asdict(line) for line in report.lines],
        "card": None if report.card is None else json.loads(report.card.to_json()),
        "layers": [asdict(layer) for layer in report.layers],
    }
    return json.dumps(values, indent=2, ensure_ascii=False)
