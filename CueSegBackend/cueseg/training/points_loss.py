"""The losses of PA-Seg (Zhai, Wang et al. 2022) beside its CRF: partial supervision, variance, distillation."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

__all__ = ["distillation_loss", "labelled_loss", "ramp_up", "variance_loss"]

_TINY = 1e-19  # the paper's guard of the Dice
_LEAST = 1e-6


def labelled_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """L_psup: cross-entropy plus soft Dice over the voxels that have a label.

    Both are taken per image and averaged over the batch; the Dice part is 1 - the mean soft Dice of both classes. An
    image without a labelled voxel adds 0.

    Args:
        logits: (N, 2, *spatial) float.
        labels: (N, *spatial) integer: 0 background, 1 object, 2 unknown.

    Returns:
        A single number, which does not depend on the logits where the label is 2.
    """
    log_p = F.log_softmax(logits, dim=1).flatten(2)  # (N, 2, voxels)
    truth = torch.stack([labels == 0, labels == 1], dim=1).flatten(2).to(log_p)
    known = truth.sum(dim=(1, 2))  # (N,) voxels
    entropy = -(log_p * truth).sum(dim=(1, 2)) / known.clamp_min(1.0)
    p = log_p.exp() * truth.sum(dim=1, keepdim=True)
    overlap, size = (p * truth).sum(dim=2), p.sum(dim=2) + truth.sum(dim=2)  # (N, 2)
    dice = (2 * overlap + _TINY) / (size + _TINY)
    return ((entropy + 1 - dice.mean(dim=1)) * (known > 0)).mean()


def variance_loss(logits: Tensor, image: Tensor) -> Tensor:
    """L_vm: sum over the classes of the variance of the intensities within them.

    sum_i P_ic (X_i - mu_c)² / sum_i P_ic with mu_c = sum_i P_ic X_i / sum_i P_ic, per image, averaged over the batch.
    Of the background, voxels with the lowest value of the image are left out: they are padding, or cleared.

    Args:
        logits: (N, C, *spatial) float.
        image: (N, 1, *spatial) float.

    Returns:
        A single number.
    """
    p, x = logits.softmax(dim=1).flatten(2), image.to(logits).flatten(2)  # (N, C, voxels), (N, 1, voxels)
    background = p[:, :1] * (x > x.amin(dim=2, keepdim=True))
    p = torch.cat([background, p[:, 1:]], dim=1)
    size = p.sum(dim=2).clamp_min(_LEAST)
    mean = (p * x).sum(dim=2) / size
    variance = (p * (x - mean[..., None]).square()).sum(dim=2) / size
    return variance.sum(dim=1).mean()


def ramp_up(share: float) -> float:
    """Weight rho = exp(-5 (1 - t)²), where t is the share of the ramp that is over; 1 after it."""
    return math.exp(-5.0 * (1.0 - min(1.0, max(0.0, share))) ** 2)


def distillation_loss(
    logits: Tensor, teacher: Tensor, temperature: float, counted: Tensor | None = None
) -> Tensor:
    """T² KL(softmax(teacher / T) || softmax(logits / T)), the mean over the voxels of the batch.

    Args:
        logits: (N, C, *spatial) float, of the network that learns.
        teacher: Of the same shape; nothing flows back to it.
        temperature: T, above 0.
        counted: (N, *spatial) bool, the voxels that add to the sum; None: all. The mean is over all in either case.

    Returns:
        A single number, 0 where both agree.
    """
    target = F.log_softmax(teacher.detach() / temperature, dim=1)
    log_p = F.log_softmax(logits / temperature, dim=1)
    divergence = (target.exp() * (target - log_p)).sum(dim=1)
    if counted is not None:
        divergence = divergence * counted
    return divergence.mean() * temperature**2
