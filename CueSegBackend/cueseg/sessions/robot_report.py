"""What a robot did, as CSV and as a plot; both say that the user is simulated. Needs no torch."""

import csv
import io
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from cueseg.whole_files import write_whole

if TYPE_CHECKING:
    from cueseg.sessions.robot import RobotRun

__all__ = ["rows_of", "svg_of", "write_csv", "write_svg"]

SIMULATED = "simulated user"
_TITLES = ("User", "Mode", "Seed", "Step", "Slice", "Clicks", "Painted voxels", "Dice", "Seconds")
_WIDTH, _HEIGHT = 640, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 20, 50, 50  # margins
_TICKS = 5


def rows_of(run: "RobotRun") -> list[list[str]]:
    """Texts, one line per step, titles first."""
    lines = []
    for step in run.steps:
        where = "" if step.where is None else str(step.where)
        counts = (str(step.number), where, str(step.clicks), str(step.painted))
        reached = (f"{step.dice:.4f}", f"{step.seconds:.3f}")
        lines.append([SIMULATED, run.mode, str(run.seed), *counts, *reached])
    return [list(_TITLES), *lines]


def write_csv(path: Path, run: "RobotRun") -> None:
    """Write the steps, whole or not at all."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows_of(run))
    write_whole(path, text.getvalue().encode())


def write_svg(path: Path, run: "RobotRun", title: str, target: float = 0.9) -> None:
    """Write the plot, whole or not at all."""
    write_whole(path, svg_of(run, title, target).encode())


def svg_of(run: "RobotRun", title: str, target: float = 0.9) -> str:
    """Dice against interactions, with a line at the target.

    Args:
        run: With one step or more.
        title: Above the plot; "simulated user" is added.
        target: Dice from 0 to 1.
    """
    most = max(1, *(run.interactions(step) for step in run.steps))
    unit = "rounds of scribbles" if run.mode == "scribbles" else "clicks"

    def x(value: float) -> float:
        return _LEFT + value / most * (_WIDTH - _LEFT - _RIGHT)

    def y(value: float) -> float:
        return _HEIGHT - _BOTTOM - value * (_HEIGHT - _TOP - _BOTTOM)

    places = [(x(run.interactions(step)), y(step.dice)) for step in run.steps]
    marks = "".join(f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3"/>' for a, b in places)
    line = " ".join(f"{a:.1f},{b:.1f}" for a, b in places)
    ticks = [_horizontal(value / _TICKS, y(value / _TICKS)) for value in range(_TICKS + 1)]
    ticks += [
        _vertical(value, x(value)) for value in sorted({round(most * k / _TICKS) for k in range(_TICKS + 1)})
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" '
            'font-size="12">',
            '<rect width="100%" height="100%" fill="white"/>',
            f'<text x="{_WIDTH / 2}" y="24" text-anchor="middle" font-size="15">{escape(title)}: {SIMULATED}</text>',
            *ticks,
            f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y(target):.1f}" y2="{y(target):.1f}" stroke="#b00020" '
            'stroke-dasharray="6 4"/>',
            f'<polyline points="{line}" fill="none" stroke="#1f5fa8" stroke-width="2"/>',
            f'<g fill="#1f5fa8">{marks}</g>',
            f'<text x="{_WIDTH / 2}" y="{_HEIGHT - 10}" text-anchor="middle">{unit}</text>',
            f'<text x="16" y="{_HEIGHT / 2}" text-anchor="middle" transform="rotate(-90 16 {_HEIGHT / 2})">Dice</text>',
            "</svg>\n",
        ]
    )


def _horizontal(value: float, y: float) -> str:
    return (
        f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#dddddd"/>'
        f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:.1f}</text>'
    )


def _vertical(value: int, x: float) -> str:
    return f'<text x="{x:.1f}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle">{value}</text>'
