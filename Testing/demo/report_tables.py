"""Tables and lists of the demos' report."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "CueSegBackend/benchmarks"))

from common import metadata

PACKAGES = ("torch", "scipy", "SimpleITK", "slicer-core")
METHODS = {"CueSeg": "CueSeg", "ellipse": "ellipse in the click box", "grabcut": "GrabCut"}


def click_table(organs: list[dict[str, Any]]) -> str:
    """Agreement of each method, organ by organ and over all; the best of a row is marked."""
    methods = list(organs[0]["agreement"])
    rows = [
        (
            [organ["name"], len(organ["slices"])],
            [organ["agreement"][method] for method in methods],
            organ["seconds"],
        )
        for organ in organs
    ]
    pooled = [[value for row in rows for value in row[1][at]] for at in range(len(methods))]
    seconds = [value for row in rows for value in row[2]]
    body = [_click_row(*row) for row in rows] + [
        _click_row(["all", len(seconds)], pooled, seconds, whole=True)
    ]
    heads = ["organ", "n slices", *(METHODS[method] for method in methods), "ms, median"]
    caption = (
        "Four simulated clicks per slice, exactly on the reference: agreement with it, mean over the slices (all: "
        "mean ± standard deviation). The two other methods got the same clicks. The best of a row is marked. Time "
        "runs from the fourth click to the written segment."
    )
    return _table(caption, heads, body)


def _click_row(
    heads: Sequence[Any], values: Sequence[Sequence[float]], seconds: Sequence[float], whole: bool = False
) -> str:
    means = [float(np.mean(of_method)) for of_method in values]
    cells = [_cell(head) for head in heads]
    for mean, of_method in zip(means, values, strict=True):
        spread = f" ± {np.std(of_method):.3f}" if whole else ""
        cells.append(_cell(f"{mean:.3f}{spread}", best=round(mean, 3) == round(max(means), 3)))
    cells.append(_cell(f"{1000 * np.median(seconds):.0f}"))
    return f'<tr class="whole">{"".join(cells)}</tr>' if whole else f"<tr>{''.join(cells)}</tr>"


def scribble_table(rounds: list[dict[str, float]]) -> str:
    """Agreement, strokes and time, round by round."""
    rows = [
        [
            str(number) if number else "network alone",
            f"{r['agreement']:.3f}",
            r["scribbled"],
            f"{r['seconds']:.1f}",
        ]
        for number, r in enumerate(rounds)
    ]
    caption = (
        "Strokes on the spinal cord, n = 1 structure in 1 image: agreement of the whole volume shown with the "
        "reference. At most one simulated stroke per wrong class and round."
    )
    return _table(caption, ["round", "agreement", "painted voxels so far", "seconds"], map(_row, rows))


def box_table(structures: list[dict[str, Any]]) -> str:
    """Agreement round by round, structure by structure."""
    count = len(structures[0]["agreement"])
    heads = [
        "structure",
        "box alone",
        *(f"round {n}" for n in range(1, count)),
        "painted pixels",
        "s per round",
    ]
    rows = [
        [
            item["name"],
            *(f"{value:.3f}" for value in item["agreement"]),
            item["scribbled"],
            f"{np.median(item['seconds'][1:]):.1f}",
        ]
        for item in structures
    ]
    caption = (
        f"Boxes, n = {len(structures)} structures on 1 slice of 1 image: agreement with the reference. The box is "
        "the tight one around the reference; strokes are simulated."
    )
    return _table(caption, heads, map(_row, rows))


def time_list(figures: Mapping[str, Any]) -> str:
    """How long things took here."""
    clicks = [value for organ in figures["clicks"]["organs"] for value in organ["seconds"]]
    rounds = [item["seconds"] for item in figures["scribbles"]["rounds"][1:]]
    boxes = [value for item in figures["boxes"]["structures"] for value in item["seconds"][1:]]
    items = [
        _spread("From the fourth click to the written slice", clicks, 1000, "ms"),
        _spread("One round of strokes on a volume", rounds, 1, "s"),
        _spread("One round of strokes in a box", boxes, 1, "s"),
        "The three demos, without starting Python: "
        + ", ".join(f"{part} {figures[part]['seconds']:.0f} s" for part in figures),
    ]
    return _list(items)


def _spread(what: str, values: Sequence[float], factor: float, unit: str) -> str:
    low, middle, high = factor * np.percentile(values, [0, 50, 100])
    digits = 0 if factor > 1 else 1
    return f"{what}: median {middle:.{digits}f} {unit} ({low:.{digits}f} to {high:.{digits}f}, n = {len(values)})"


def machine_list(figures: Mapping[str, Any]) -> str:
    """Machine, versions, data."""
    about = metadata()
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    devices = sorted({figures[part]["device"] for part in figures})
    return _list(
        [
            f"CueSeg {about['cueseg']} (commit {about['commit']}), Python {about['python']}, {versions}",
            f"{about['processor']}, {about['cores']} cores, {about['system']}; computed on: {'; '.join(devices)}",
            f"{about['date']}, load of the machine {about['load']}",
            "Images and reference labels: source package of TotalSegmentator 2.18.0, Apache License 2.0. "
            "CueSeg and its weights: MIT",
            "Made by `make demo` (four commands: see the Makefile); the same figures as text: `table.md`, "
            "`cord_table.md`, `box_table.md`. `abdomen.seg.nrrd` and `cord.seg.nrrd` open in 3D Slicer",
        ]
    )


def _table(caption: str, heads: Iterable[str], rows: Iterable[str]) -> str:
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    body = "\n".join(rows)
    return (
        f'<figure>\n<figcaption>{escape(caption)}</figcaption>\n<div class="scroll"><table>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table></div>\n</figure>"
    )


def _row(cells: Iterable[Any]) -> str:
    return f"<tr>{''.join(_cell(cell) for cell in cells)}</tr>"


def _cell(text: Any, best: bool = False) -> str:
    return f'<td class="best">{escape(str(text))}</td>' if best else f"<td>{escape(str(text))}</td>"


def _list(items: Iterable[str]) -> str:
    """A list; what stands between backticks is code."""
    return "<ul>" + "".join(f"\n<li>{_with_code(escape(item))}</li>" for item in items) + "\n</ul>"


def _with_code(text: str) -> str:
    parts = text.split("`")
    return "".join(f"<code>{part}</code>" if at % 2 else part for at, part in enumerate(parts))
