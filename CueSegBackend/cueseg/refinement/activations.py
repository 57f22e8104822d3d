"""What the channels of a network mean: probabilities, labels, and whether a pixel has the label that it should."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

__all__ = ["Activation"]


@dataclass(frozen=True)
class Activation:
    """Softmax over classes, or a sigmoid per class without the background.

    Attributes:
        kind: "softmax" or "sigmoid".
        exclusive: False: the regions of a sigmoid network overlap. A pixel then takes the last class that responds,
            as nested regions are ordered from the outside in; and a scribble speaks about its own class only.
    """

    kind: str
    exclusive: bool = True

    def probabilities(self, logits: Tensor) -> Tensor:
        """(C, *) logits -> (K, *) probabilities by class; with sigmoid, class 0 is one minus the largest."""
        if self.kind == "softmax":
            return torch.softmax(logits, dim=0)
        regions = torch.sigmoid(logits)
        return torch.cat([1 - regions.amax(dim=0, keepdim=True), regions])

    def labels(self, probabilities: NDArray[np.float32]) -> NDArray[np.int16]:
        """(K, *) -> labels, int16; the lowest class wins a tie."""
        if self.exclusive:
            return probabilities.argmax(axis=0).astype(np.int16)
        labels = np.zeros(probabilities.shape[1:], np.int16)
        for number in range(1, len(probabilities)):
            labels[probabilities[number] > 0.5] = number
        return labels

    def disagrees(
        self, probabilities: NDArray[np.float32], classes: NDArray[np.integer]
    ) -> NDArray[np.bool_]:
        """(K, M) probabilities, (M,) classes -> (M,) whether the network does not give the class."""
        if self.exclusive:
            return probabilities.argmax(axis=0) != classes
        return np.take_along_axis(probabilities, classes[None].astype(np.int64), axis=0)[0] <= 0.5

    def cross_entropy(self, logits: Tensor, classes: Tensor) -> Tensor:
        """(M, C) logits, (M,) classes -> (M,) cross-entropy; per channel and summed with sigmoid."""
        if self.kind == "softmax":
            return functional.cross_entropy(logits, classes, reduction="none")
        target, relevant = self._channel_targets(logits, classes)
        each = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
        return (each * relevant).sum(dim=1)

    def squared_error(self, logits: Tensor, classes: Tensor) -> Tensor:
        """(M,) squared distance of the probabilities from what they should be (f-BRS)."""
        if self.kind == "softmax":
            target = functional.one_hot(classes, logits.shape[1]).to(logits.dtype)
            return (torch.softmax(logits, dim=1) - target).square().sum(dim=1)
        target, relevant = self._channel_targets(logits, classes)
        return ((torch.sigmoid(logits) - target).square() * relevant).sum(dim=1)

    def likelihood_of_current(self, logits: Tensor, classes: Tensor) -> Tensor:
        """(M,) log-likelihood of the labels that the network gives now; with sigmoid, of its wrong channels."""
        if self.kind == "softmax":
            return functional.log_softmax(logits, dim=1).amax(dim=1)
        target, relevant = self._channel_targets(logits, classes)
        decided = (logits > 0).to(logits.dtype)
        each = -functional.binary_cross_entropy_with_logits(logits, decided, reduction="none")
        return (each * relevant * (decided != target)).sum(dim=1)

    def judge(self, logits: Tensor, classes: Tensor) -> tuple[Tensor, Tensor]:
        """(M, C), (M,) -> (M,) whether the label is wrong, and (M,) probability of the right class."""
        by_class = self.probabilities(logits.T)  # (K, M)
        sure = by_class.gather(0, classes[None])[0]
        if self.exclusive:
            return by_class.argmax(dim=0) != classes, sure
        return sure <= 0.5, sure

    def soft_targets(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """(1, C, *) logits -> probabilities of their channels, and their entropy (1, *)."""
        if self.kind == "softmax":
            log_p = torch.log_softmax(logits, dim=1)
            return log_p.exp(), -(log_p.exp() * log_p).sum(dim=1)
        p = torch.sigmoid(logits)
        return p, functional.binary_cross_entropy_with_logits(logits, p, reduction="none").sum(dim=1)

    def soft_cross_entropy(self, logits: Tensor, target: Tensor) -> Tensor:
        """(1, C, *) logits and probabilities of channels -> (1, *); less their entropy it is KL(target || p)."""
        if self.kind == "softmax":
            return functional.cross_entropy(logits, target, reduction="none")
        return functional.binary_cross_entropy_with_logits(logits, target, reduction="none").sum(dim=1)

    def _channel_targets(self, logits: Tensor, classes: Tensor) -> tuple[Tensor, Tensor]:
        """With sigmoid: (M, C) what each channel should be, and which channels the scribble speaks about."""
        channels = torch.arange(1, logits.shape[1] + 1, device=logits.device)
        target = (classes[:, None] == channels).to(logits.dtype)
        if self.exclusive:
            return target, torch.ones_like(target)
        return target, torch.maximum(target, (classes[:, None] == 0).to(logits.dtype))
