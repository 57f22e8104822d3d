"""How long the user and the machine took, step by step and segment by segment.

The columns follow the tables of Sambaturu et al. 2021: user time (UT) and machine time (MT), here in seconds, with
the machine's by stage, and the interactions. Segments are named; patients and files are not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from cueseg.sessions.clock import UserClock

TOTAL = "Total"
_INTERACTIONS = ("Clicks", "Scribbled voxels")
_ANSWERS = {None: "", True: "yes", False: "no"}
REST = "–"  # the line for steps that were about no single segment


@dataclass(frozen=True)
class Entry:
    """One step; times in seconds, voxels of the volume.

    :param kind: what was done, e.g. "refine" or "slice".
    :param machineSeconds: stage -> seconds.
    :param clicks: name of a segment -> points clicked for it.
    :param scribbles: name of a segment -> voxels that are scribbled for it by then.
    :param painted: the same, since the step before; `TimeLog.add` fills it in.
    :param satisfied: None where nothing was to be satisfied.
    """

    number: int
    kind: str
    userSeconds: float
    machineSeconds: Mapping[str, float]
    clicks: Mapping[str, int] = field(default_factory=dict)
    scribbles: Mapping[str, int] = field(default_factory=dict)
    painted: Mapping[str, int] = field(default_factory=dict)
    iterations: int = 0
    satisfied: bool | None = None
    changedVoxels: int = 0

    @property
    def shares(self) -> dict[str, float]:
        """Segment -> its share of the times: by what was clicked or scribbled for it."""
        counts: dict[str, int] = {}
        for found in (self.clicks, self.painted):
            for name, count in found.items():
                counts[name] = counts.get(name, 0) + count
        total = sum(counts.values())
        return {name: count / total for name, count in counts.items()} if total else {REST: 1.0}


class TimeLog:
    """The steps so far, and the clock of the user's time.

    Of a pause between two events no more than ten seconds count: nobody knows what they were spent on.
    """

    def __init__(self, clock: Callable[[], float], stages: Sequence[str] = (), others: str = "") -> None:
        """Begin with no steps and the clock at rest.

        :param clock: seconds, from any zero.
        :param stages: of the machine's time, columns of the table of steps.
        :param others: stage that the time of all other stages belongs to.
        """
        self.rounds: list[Entry] = []
        self._stages, self._others = stages, others
        self._clock = UserClock(clock)

    @property
    def userSeconds(self) -> float:
        """What the user has spent on the step that is under way."""
        return self._clock.seconds

    @property
    def machineSeconds(self) -> float:
        """What the machine has spent on all steps."""
        return sum(sum(entry.machineSeconds.values()) for entry in self.rounds)

    @property
    def allUserSeconds(self) -> float:
        """What the user has spent on all steps, the one that is under way included."""
        return sum(entry.userSeconds for entry in self.rounds) + self.userSeconds

    def startUser(self) -> None:
        """The user did something."""
        self._clock.touch()

    def stopUser(self) -> None:
        """The machine is at it, or nobody."""
        self._clock.pause()

    def add(self, entry: Entry) -> Entry:
        """Close a step, which is returned with what was painted for it; the user's clock begins again at zero."""
        before = self.rounds[-1].scribbles if self.rounds else {}
        painted = {name: count - before.get(name, 0) for name, count in entry.scribbles.items()}
        painted = {name: count for name, count in painted.items() if count > 0}
        self.rounds.append(replace(entry, painted=painted))
        self._clock.restart()
        return self.rounds[-1]

    def clear(self) -> None:
        """Forget all steps and stop the clock."""
        self.rounds.clear()
        self._clock.clear()

    def rows(self) -> list[list[str]]:
        """All steps as text: one line of titles, one for each step, one for the sum.

        Columns that no step has anything for are left out.
        """
        columns = self._columns()
        lines = [[text(entry) for _, text, _ in columns] for entry in self.rounds]
        return [[title for title, _, _ in columns], *lines, [total for _, _, total in columns]]

    def segmentRows(self) -> list[list[str]]:
        """The layout of the papers' tables: a line for each segment and one for all, times and interactions.

        The times of a step that was about several segments are shared out by what was clicked or scribbled for each;
        those of steps without clicks and scribbles have a line of their own. Columns of interactions that nobody made
        are left out.
        """
        titles = ["Segment", "UT (s)", "MT (s)", "Clicks", "Scribbled voxels", "Rounds"]
        names = list(dict.fromkeys(name for entry in self.rounds for name in entry.shares))
        total = self._sums(None)
        kept = [n for n, title in enumerate(titles) if title not in _INTERACTIONS or total[n] != "0"]
        return [[line[n] for n in kept] for line in (titles, *map(self._sums, names), total)]

    def _sums(self, name: str | None) -> list[str]:
        """The line of a segment, or of all."""
        user = machine = 0.0
        clicks = scribbles = rounds = 0
        for entry in self.rounds:
            share = 1.0 if name is None else entry.shares.get(name, 0.0)
            user += share * entry.userSeconds
            machine += share * sum(entry.machineSeconds.values())
            clicks += sum(count for key, count in entry.clicks.items() if name in (None, key))
            scribbles += sum(count for key, count in entry.painted.items() if name in (None, key))
            rounds += share > 0
        title = TOTAL if name is None else name
        return [title, f"{user:.1f}", f"{machine:.1f}", str(clicks), str(scribbles), str(rounds)]

    def _columns(self) -> list[tuple[str, Callable[[Entry], str], str]]:
        """Title, text of a step, text of the sum."""
        names = list(dict.fromkeys(name for entry in self.rounds for name in entry.scribbles))
        found = [
            ("Round", lambda entry: str(entry.number), TOTAL),
            ("Step", lambda entry: entry.kind, ""),
            self._seconds("UT (s)", lambda entry: entry.userSeconds),
            self._seconds("MT (s)", lambda entry: sum(entry.machineSeconds.values())),
            *(self._seconds(f"MT {stage} (s)", partial(self._ofStage, stage)) for stage in self._stages),
        ]
        if any(entry.clicks for entry in self.rounds):
            found.append(self._count("Clicks", lambda entry: sum(entry.clicks.values())))
        for name in names:
            found.append(self._count(f"Scribbled voxels: {name}", partial(_scribbled, name), summed=False))
        if any(entry.satisfied is not None for entry in self.rounds):
            found.append(self._count("Iterations", lambda entry: entry.iterations))
            found.append(("Satisfied", lambda entry: _ANSWERS[entry.satisfied], ""))
        return [*found, self._count("Changed voxels", lambda entry: entry.changedVoxels)]

    def _seconds(self, title: str, value: Callable[[Entry], float]) -> tuple:
        shown = [round(value(entry), 1) for entry in self.rounds]  # so that the sum is that of what is seen
        return title, lambda entry: f"{value(entry):.1f}", f"{sum(shown):.1f}"

    def _count(self, title: str, value: Callable[[Entry], int], summed: bool = True) -> tuple:
        total = str(sum(map(value, self.rounds))) if summed else ""
        return title, lambda entry: str(value(entry)), total

    def _ofStage(self, stage: str, entry: Entry) -> float:
        seconds = entry.machineSeconds.get(stage, 0.0)
        if stage == self._others:
            seconds += sum(s for name, s in entry.machineSeconds.items() if name not in self._stages)
        return seconds


def _scribbled(name: str, entry: Entry) -> int:
    return entry.scribbles.get(name, 0)
