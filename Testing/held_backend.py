"""The refinement of real networks, so small that a round takes milliseconds; a run can be held at a report."""

import threading
import time

import numpy as np
import torch
from torch import nn

from cueseg.networks import NetworkCard, SegmentationNetwork
from ScribbleRefineLib.Networks import Backend

CLASSES = {
    "organs": ("background", "liver", "spleen"),
    "other": ("background", "spleen", "heart"),
    "lesion": ("background", "lesion"),
}
_NETWORKS: dict[str, SegmentationNetwork] = {}


class Levels(nn.Module):
    """Finds grey levels: each class is brighter than the one before; and a little that it learnt elsewhere."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.first, self.head = nn.Conv3d(1, 4, 3, padding=1), nn.Conv3d(4, classes, 1)
        with torch.no_grad():
            for values in (*self.first.parameters(), *self.head.parameters()):
                values.mul_(0.3)
            self.first.weight[0, 0, 1, 1, 1] = 1.0
            for number in range(1, classes):
                self.head.weight[number, 0] = 6.0 * number
                self.head.bias[number] = -3.0 * number * number

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(torch.relu(self.first(x)))


def network_named(name: str) -> SegmentationNetwork:
    """The same object for the same name."""
    if name not in _NETWORKS:
        with torch.random.fork_rng():
            torch.manual_seed(len(name))
            module = Levels(len(CLASSES[name])).eval()
        rule = {"kind": "zscore", "nonzero": False}
        card = NetworkCard(
            name=name, dims=3, in_channels=1, classes=CLASSES[name], intensity=rule, multiple=1
        )
        _NETWORKS[name] = SegmentationNetwork(module, card)
    return _NETWORKS[name]


class HeldBackend(Backend):
    """`Backend` with the networks above; `hold` stops the worker at a report, until `go`.

    Attributes:
        reached: whether a run waits.
        optimised: reports of the optimisation until it waited, the last one included; None: it was over by then.
        error: raised when the run goes on.
    """

    def __init__(self) -> None:
        self.reached, self._gate = threading.Event(), threading.Event()
        self._left, self.error, self.optimised = 0, None, None

    def listNetworks(self) -> list[NetworkCard]:
        return [network_named(name).card for name in CLASSES]

    def loadNetwork(self, nameOrPath: str) -> SegmentationNetwork:
        return network_named(nameOrPath)

    def makeRefinement(self, *arguments):
        return HeldSession(super().makeRefinement(*arguments), self)

    def makeBoxSession(self, *arguments):
        return HeldSession(super().makeBoxSession(*arguments), self)

    def hold(self, report: int) -> None:
        """Wait at this report of the next run, counted from 1; 0: at none."""
        self._left, self.error, self.optimised = report, None, 0
        self.reached.clear()
        self._gate.clear()

    def go(self) -> None:
        """Go on."""
        self._left = 0
        self._gate.set()

    def held(self, monitor):
        """The monitor, behind the gate."""

        def told(news):
            self._left -= 1
            if self._left >= 0 and news.stage == "optimise":
                self.optimised += 1
            if self._left == 0:
                if self.optimised and news.stage != "optimise":
                    self.optimised = None
                self.reached.set()
                assert self._gate.wait(60), "nobody let the run go on"
                if self.error is not None:
                    raise self.error
            return monitor(news)

        return told


class HeldSession:
    """A session of the backend whose monitors wait at the gate."""

    def __init__(self, session, backend: HeldBackend) -> None:
        self._session, self._backend = session, backend

    def __getattr__(self, name):
        found = getattr(self._session, name)
        if name not in ("predict", "refine", "segment"):
            return found
        return lambda *rest, monitor, **named: found(*rest, monitor=self._backend.held(monitor), **named)


def levels_image(shape: tuple[int, int, int], seed: int) -> np.ndarray:
    """Int16 noise with a block of a middle and one of a high level."""
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 60, shape).astype(np.int16)
    for level in (140, 240):
        low = rng.integers(0, np.array(shape) // 2)
        image[tuple(slice(a, a + size // 2) for a, size in zip(low, shape, strict=True))] += level
    return image


def until(condition, seconds: float = 60) -> None:
    """Wait for the worker."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the worker did not come"
        time.sleep(0.0005)
