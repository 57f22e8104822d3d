"""Label step and network step in turn, until the labels stay as they are."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cueseg.bifseg.crop import Crop
from cueseg.bifseg.label_step import LabelStep
from cueseg.bifseg.network_step import NetworkStep, encode
from cueseg.bifseg.options import BifsegOptions
from cueseg.bifseg.result import Alternation
from cueseg.bifseg.weighting import Nearness, voxel_weights
from cueseg.refinement.activations import Activation
from cueseg.refinement.engine import Engine
from cueseg.refinement.progress import Reporter
from cueseg.refinement.refined_copy import RefinedCopy

__all__ = ["Found", "Round"]


@dataclass
class Found:
    """What a round found, on the crop.

    Attributes:
        labels: bool (*crop).
        probabilities: float32 (2, *crop).
        uncertain: bool (*crop).
        alternations: as in `BifsegResult`.
        iterations: of the network.
        stopped_by: as in `BifsegResult`.
        notes: for the user.
    """

    labels: NDArray[np.bool_]
    probabilities: NDArray[np.float32]
    uncertain: NDArray[np.bool_]
    alternations: list[Alternation] = field(default_factory=list)
    iterations: int = 0
    stopped_by: str = "untuned"
    notes: list[str] = field(default_factory=list)


class Round:
    """One round for one object.

    Args:
        engine: with the crop.
        copy: at the weights to begin with; left at the tuned ones. None: of a network that cannot be tuned.
        crop: around the object.
        scribbles: int8 (*crop): -1 none, 0 background, 1 object.
        options: of the round.
        reporter: is told.
    """

    def __init__(
        self,
        engine: Engine,
        copy: RefinedCopy | None,
        crop: Crop,
        scribbles: NDArray[np.int8],
        options: BifsegOptions,
        reporter: Reporter,
    ) -> None:
        self._engine, self._copy, self._crop = engine, copy, crop
        self._scribbles, self._options, self._reporter = scribbles, options, reporter
        given = np.where(crop.outside & (scribbles < 0), np.int8(0), scribbles)
        self._label_step = LabelStep(crop.values, crop.spacing, given, options)

    def run(self) -> Found:
        """Alternate.

        Raises:
            RefinementCancelled: the user gave up.
            RuntimeError: the fine-tuning diverged.
        """
        options, reporter = self._options, self._reporter
        probabilities = self._predicted("features")
        reporter.finish("features")
        labels = self._label_step.likelier(probabilities[1])
        found = Found(labels, probabilities, np.zeros(labels.shape, bool))
        self._cut(found, 0)
        if options.tunes:
            self._tune(found)
        return found

    def _tune(self, found: Found) -> None:
        options, reporter = self._options, self._reporter
        values = self._crop.values
        near = Nearness(values, self._scribbles, self._crop.spacing, options.epsilon)
        reporter.finish("nearness")
        step = NetworkStep(self._engine, self._copy, options.max_voxels, options.learning_rate)
        rng = np.random.default_rng(options.seed)
        for number in range(options.alternations):
            if reporter.stopped:
                found.stopped_by = "user"
                return
            if not self._network_step(found, step, near, rng):
                found.stopped_by = "nothing"
                return
            found.probabilities = self._predicted("predict")
            reporter.finish("predict")
            self._cut(found, number + 1)
            if found.alternations[-1].changed == 0 and not reporter.stopped:
                found.stopped_by = "converged"
                return
        found.stopped_by = "user" if reporter.stopped else "alternations"

    def _cut(self, found: Found, number: int) -> None:
        self._reporter.report("cut", number, self._options.alternations + 1)
        labels, before, energy = self._label_step.minimise(found.probabilities[1], found.labels)
        found.alternations.append(Alternation(before, energy, int((labels != found.labels).sum())))
        found.labels = labels
        self._reporter.finish("cut")

    def _network_step(
        self, found: Found, step: NetworkStep, near: Nearness, rng: np.random.Generator
    ) -> bool:
        """Tune to the labels; returns whether there was anything to learn."""
        crop, options = self._crop, self._options
        if not found.labels.any():
            found.notes.append(
                "no object was found in the box, so nothing was learnt: scribble some of the object"
            )
            return False
        p, painted = found.probabilities[1], self._scribbles >= 0
        weights = voxel_weights(p, found.labels, self._scribbles, crop.outside, near, options)
        omega = float(weights[painted][0]) if painted.any() else 1.0  # scribbles all weigh the same
        batches = step.batches(crop.to_padded(encode(found.labels, weights, painted)), omega, rng)
        if not batches:
            found.notes.append(
                "every voxel is uncertain, so nothing was learnt: scribble, or bring t0 and t1 nearer"
            )
            return False
        total = options.alternations * options.iterations
        losses = step.run(batches, options.iterations, found.iterations, total, self._reporter)
        self._reporter.finish("optimise")
        found.iterations += len(losses)
        found.uncertain = weights == 0
        last = found.alternations[-1]
        found.alternations[-1] = Alternation(
            last.energy_before, last.energy, last.changed, tuple(losses), int(found.uncertain.sum())
        )
        return True

    def _predicted(self, stage: str) -> NDArray[np.float32]:
        """(2, *crop) probabilities at the present weights."""

        def report(done: int, total: int) -> None:
            self._reporter.report(stage, done, total)

        logits = self._engine.predict(report) if self._copy else self._engine.predict_unrefined(report)
        card = self._engine.network.card
        return self._crop.from_padded(Activation(card.activation, card.exclusive).probabilities(logits))
