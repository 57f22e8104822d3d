"""What the demos found, as JSON beside their pictures: `report.py` makes one page of it."""

import json
import time
from pathlib import Path
from typing import Any

from cueseg.whole_files import write_whole

PARTS = ("clicks", "scribbles", "boxes")


class Figures:
    """The figures of one demo, and how long it took from here on."""

    def __init__(self, part: str) -> None:
        self._part, self._began = part, time.perf_counter()

    def write(self, folder: Path, **found: Any) -> None:
        """Write `found` and the seconds since the demo began."""
        text = json.dumps({"seconds": time.perf_counter() - self._began, **found}, indent=1)
        write_whole(figures_file(folder, self._part), text.encode())


def figures_file(folder: Path, part: str) -> Path:
    """Where the figures of a part lie."""
    return folder / f"{part}.json"


def read_figures(folder: Path) -> dict[str, dict[str, Any]]:
    """Part -> what its demo wrote.

    Raises:
        SystemExit: A part is missing, with the command that makes it.
    """
    missing = [part for part in PARTS if not figures_file(folder, part).exists()]
    if missing:
        raise SystemExit(f"no figures of {', '.join(missing)} in {folder}: run `make demo`, which makes them")
    return {part: json.loads(figures_file(folder, part).read_text(encoding="utf-8")) for part in PARTS}
