"""How long the user and the machine took for every round, as a table and as CSV.

The columns follow the tables of Sambaturu et al. 2021: user time (UT) and machine time (MT), here in seconds
and with the machine's by stage. Labels are named, patients and files are not.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import slicer
import vtk

STAGES = ("load", "features", "optimise", "predict", "write")
TABLE_NAME = "ScribbleRefine report"


@dataclass(frozen=True)
class Round:
    """One run; times in seconds, voxels of the volume.

    :param scribbles: name of a label -> voxels scribbled for it.
    """

    number: int
    kind: str
    userSeconds: float
    machineSeconds: dict[str, float]
    scribbles: dict[str, int]
    iterations: int
    satisfied: bool
    changedVoxels: int


class TimeLog:
    """The rounds so far, and the clock of the user's time."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """:param clock: seconds, from any zero."""
        self.rounds: list[Round] = []
        self._clock = clock
        self._since: float | None = None
        self._spent = 0.0

    @property
    def userSeconds(self) -> float:
        """What the user has spent on the round that is under way."""
        return self._spent + (self._clock() - self._since if self._since is not None else 0.0)

    def startUser(self) -> None:
        """The user is at it; nothing happens when the clock runs already."""
        if self._since is None:
            self._since = self._clock()

    def stopUser(self) -> None:
        """The machine is at it, or nobody."""
        self._spent, self._since = self.userSeconds, None

    def add(self, entry: Round) -> None:
        """Close a round; the user's clock begins again at zero."""
        self.rounds.append(entry)
        self._spent, self._since = 0.0, self._clock()

    def clear(self) -> None:
        """Forget all rounds and stop the clock."""
        self.rounds.clear()
        self._spent, self._since = 0.0, None

    def rows(self) -> list[list[str]]:
        """The table as text: one line of titles, one for each round, one for the sum."""
        names = list(dict.fromkeys(name for entry in self.rounds for name in entry.scribbles))
        titles = ["Round", "Step", "UT (s)", "MT (s)", *(f"MT {stage} (s)" for stage in STAGES)]
        titles += [f"Scribbled voxels: {name}" for name in names]
        titles += ["Iterations", "Satisfied", "Changed voxels"]
        lines = [self._line(entry, names) for entry in self.rounds]
        times = [f"{sum(float(line[column]) for line in lines):.1f}" for column in range(2, 4 + len(STAGES))]
        iterations, changed = (sum(int(line[column]) for line in lines) for column in (-3, -1))
        total = ["Total", "", *times, *("" for _ in names), str(iterations), "", str(changed)]
        return [titles, *lines, total]

    def fill(self, tableNode: slicer.vtkMRMLTableNode) -> None:
        """Put the table into a node."""
        titles, *lines = self.rows()
        with slicer.util.NodeModify(tableNode):
            tableNode.RemoveAllColumns()
            for number, title in enumerate(titles):
                column = vtk.vtkStringArray()
                column.SetName(title)
                for line in lines:
                    column.InsertNextValue(line[number])
                tableNode.AddColumn(column)
            tableNode.SetUseColumnTitleAsColumnHeader(True)

    def save(self, path: str | Path) -> None:
        """Write the table as CSV.

        :raises OSError: the file cannot be written.
        """
        with open(path, "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(self.rows())

    @staticmethod
    def _line(entry: Round, names: list[str]) -> list[str]:
        machine = entry.machineSeconds
        others = sum(seconds for stage, seconds in machine.items() if stage not in STAGES)
        stages = {stage: machine.get(stage, 0.0) for stage in STAGES}
        stages["features"] += others  # whatever else the backend does before it optimises
        return [
            str(entry.number),
            entry.kind,
            f"{entry.userSeconds:.1f}",
            f"{sum(stages.values()):.1f}",
            *(f"{seconds:.1f}" for seconds in stages.values()),
            *(str(entry.scribbles.get(name, 0)) for name in names),
            str(entry.iterations),
            "yes" if entry.satisfied else "no",
            str(entry.changedVoxels),
        ]
