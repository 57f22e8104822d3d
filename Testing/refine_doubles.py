"""Stand-ins for the refinement of networks: no torch, fast, and what they answer can be worked out by hand."""

import threading
from dataclasses import dataclass, field
from enum import Enum
from types import SimpleNamespace

import numpy as np
from scipy.ndimage import maximum_filter

from cueseg.scribbles.contradictions import resolve_contradictions

CLASSES = ("background", "liver", "spleen", "larynx")
REACH = 5  # voxels: a scribble claims the cube of this size around each of its voxels


class Decision(Enum):
    CONTINUE, STOP, CANCEL = range(3)


class Cancelled(Exception):
    pass


def bright_parts(image: np.ndarray) -> np.ndarray:
    """The double's network: liver from 100, spleen from 200; it never finds the larynx."""
    grey = image if image.ndim == 3 else image.max(-1)
    return ((grey >= 100).astype(np.int16) + (grey >= 200)).astype(np.int16)


def claimed(labels: np.ndarray, scribbles: np.ndarray) -> np.ndarray:
    """Labels after a refinement without limits: the cube around each scribble, higher classes over lower ones."""
    result = labels.copy()
    for index in np.unique(scribbles[scribbles >= 0]):
        result[maximum_filter(scribbles == index, REACH)] = index
    return result


@dataclass
class DeltaDouble:
    number: int
    classes: tuple[str, ...] = CLASSES

    def save(self, path) -> None:
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"{self.number} {','.join(self.classes)}")


@dataclass
class RefinementDouble:
    """Double of `cueseg.refinement.RefinementSession`."""

    backend: "BackendDouble"
    device_note: str = "double"
    images: list = field(default_factory=list)
    calls: list = field(default_factory=list)

    def set_image(self, image, spacing=None, modality=None, *, spatial_shape=None) -> None:
        assert image.shape[:3] == spatial_shape
        if not np.isfinite(image).all():
            raise ValueError("the image has NaN voxels: replace them")
        self.images.append(SimpleNamespace(image=image, spacing=spacing, modality=modality))

    def predict(self, delta=None, monitor=None) -> SimpleNamespace:
        image = self.images[-1].image
        self._tell(monitor, "predict", 1, 1, {}, None)
        labels = bright_parts(image)
        if delta is not None:
            labels[labels == 1] = len(delta.classes) - 1
        return SimpleNamespace(labels=labels, probabilities=self._probabilities(labels), seconds=0.25)

    def refine(self, scribbles, options=None, *, base_labels=None, scope=None, locked=(), monitor=None):
        self.calls.append(
            SimpleNamespace(
                scribbles=scribbles, options=options, base=base_labels, scope=scope, locked=locked
            )
        )
        if self.backend.error is not None:
            raise self.backend.error
        wrong = {int(k): int((scribbles == k).sum()) for k in np.unique(scribbles[scribbles >= 0])}
        stopped_by, done = "satisfied", 0
        self._tell(monitor, "features", 1, 1, wrong, None)
        while any(wrong.values()) or self.backend.endless:
            done += 1
            wrong = {k: count // 2 for k, count in wrong.items()}
            if self._tell(monitor, "optimise", done, 50, wrong, 1.0 / done):
                stopped_by = "user"
                break
        labels = claimed(bright_parts(self.images[-1].image), scribbles)
        keep = np.isin(labels, locked) | np.isin(base_labels, locked)
        keep |= np.zeros_like(keep) if scope is None else ~scope
        labels = np.where(keep, base_labels, labels).astype(np.int16)
        unmet = {int(k): np.argwhere((scribbles == k) & (labels != k)) for k in wrong}
        unmet = {k: where for k, where in unmet.items() if len(where)}
        return SimpleNamespace(
            labels=labels,
            entropy_map=lambda: np.full(labels.shape, 0.5, np.float32),
            seconds={"features": 1.0, "optimise": 2.0, "predict": 0.5},
            satisfied=not unmet,
            unsatisfied=unmet,
            iterations=done,
            stopped_by=stopped_by,
            grown=scribbles,
            delta=DeltaDouble(len(self.calls)),
            notes=[],
        )

    def _tell(self, monitor, stage, done, total, violations, loss) -> bool:
        """Report; whether to stop. Waits at the gate first, so that tests can look at a run under way."""
        self.backend.reached.set()
        assert self.backend.gate.wait(10)
        answer = monitor(
            SimpleNamespace(
                stage=stage, done=done, total=total, violations=violations, loss=loss, seconds=0.1 * done
            )
        )
        if answer is Decision.CANCEL:
            self.backend.cancelled.set()
            raise Cancelled
        return answer is Decision.STOP

    @staticmethod
    def _probabilities(labels: np.ndarray) -> np.ndarray:
        return np.stack([labels == k for k in range(len(CLASSES))]).astype(np.float32)


class BackendDouble:
    """Double of `ScribbleRefineLib.Networks.Backend`."""

    def __init__(self) -> None:
        self.card = SimpleNamespace(name="organs", classes=CLASSES, dims=3)
        self.other = SimpleNamespace(name="other", classes=("background", "spleen", "heart"), dims=3)
        self.refinable = ""
        self.loaded: list[tuple[str, int]] = []
        self.refinements: list[RefinementDouble] = []
        self.error: Exception | None = None
        self.endless = False
        self.gate, self.reached, self.cancelled = threading.Event(), threading.Event(), threading.Event()
        self.gate.set()

    @property
    def refinement(self) -> RefinementDouble:
        return self.refinements[-1]

    def listNetworks(self) -> list:
        return [self.card, self.other]

    def loadNetwork(self, name):
        self.loaded.append((name, threading.get_ident()))
        if name == "broken.pt":
            raise ValueError("broken.pt is not a network: export it again")
        return SimpleNamespace(
            card=self.other if name == "other" else self.card, refinable=self.refinable, notes=()
        )

    def identityOf(self, network):
        return network.card.name, "0" * 64

    def inspectNetwork(self, path):
        return SimpleNamespace(ok=True, lines=[("ok", f"{path} is fine", "")])

    def listLayers(self, network):
        return [SimpleNamespace(name="head", kind="Conv3d", parameters=10)]

    def makeRefinement(self, network, device, cacheMegabytes, halfCache):
        self.refinements.append(RefinementDouble(self))
        return self.refinements[-1]

    def makeOptions(self, settings):
        return settings

    def growScribbles(self, image, scribbles, settings, spacing):
        grown = scribbles.copy()
        wide = maximum_filter(scribbles, 3)
        grown[scribbles < 0] = wide[scribbles < 0]
        return grown

    def defaultThreshold(self, image, modality):
        return 12.0

    def resolveContradictions(self, layers):
        return resolve_contradictions(layers)

    def partAround(self, card, shape, spacing, box):
        low = tuple(max(0, ends.start - REACH) for ends in box)
        return low, tuple(min(size, ends.stop + REACH) for size, ends in zip(shape, box, strict=True))

    def shortageOf(self, error):
        return "memory ran out" if isinstance(error, MemoryError) else ""

    def loadDelta(self, path):
        with open(path, encoding="utf-8") as file:
            number, classes = file.read().split(" ", 1)
        return DeltaDouble(int(number), tuple(classes.split(",")))

    def decision(self, word):
        return Decision[word]
