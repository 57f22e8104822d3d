"""Losses on logits."""

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812


def class_balanced_bce(logits: Tensor, target: Tensor, *, reduction: str = "sum") -> Tensor:
    """Class-balanced binary cross-entropy over the whole batch (Khan & Shahin 2019; Caelles 2017).

    With N_p and N_n positive and negative pixels of the whole batch, positives weigh N_n / N and negatives
    N_p / N. Summed over pixels and divided by the batch size, which is why learning rates near 1e-7 are normal
    with it; `mean` divides by the number of pixels as well.

    Args:
        logits: (N, 1, H, W).
        target: (N, 1, H, W), 0 or 1.
        reduction: "sum" (the paper's code) or "mean".

    Returns:
        Scalar tensor.
    """
    if reduction not in ("sum", "mean"):
        raise ValueError(f"reduction must be 'sum' or 'mean', got {reduction!r}")
    positive = (target >= 0.5).to(logits.dtype)
    n_all = positive.numel()
    n_positive = positive.sum()
    weight = torch.where(positive > 0, (n_all - n_positive) / n_all, n_positive / n_all)
    total = (weight * F.binary_cross_entropy_with_logits(logits, positive, reduction="none")).sum()
    return total / logits.shape[0] if reduction == "sum" else total / n_all


def soft_dice_loss(logits: Tensor, target: Tensor, smooth: float = 1.0) -> Tensor:
    """1 - soft Dice per image, averaged over the batch; (N, 1, H, W) both, scalar out (Milletari 2016)."""
    probability = torch.sigmoid(logits).flatten(1)
    truth = target.to(logits.dtype).flatten(1)
    overlap = (probability * truth).sum(dim=1)
    size = probability.sum(dim=1) + truth.sum(dim=1)
    return (1.0 - (2.0 * overlap + smooth) / (size + smooth)).mean()


def bce_dice_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Mean binary cross-entropy plus soft Dice; balanced between large and small structures without tuning."""
    bce = F.binary_cross_entropy_with_logits(logits, target.to(logits.dtype))
    return bce + soft_dice_loss(logits, target)
