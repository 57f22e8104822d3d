"""Cross-entropy and Dice for images in which some classes were not labelled."""

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812


def partial_loss(logits: Tensor, target: Tensor, known: Tensor, weights: Tensor | None = None) -> Tensor:
    """Mean of cross-entropy and soft Dice loss, blind to classes that an image does not label.

    Where an image has no label, its voxel may be background or any class that is unknown there: the cross-entropy
    takes the sum of their probabilities (the marginal loss of Fang & Yan 2020 and Shi et al. 2021). The Dice part is
    the mean over the classes present in the batch, each over the images that know it.

    Args:
        logits: (N, C, *spatial) float.
        target: (N, *spatial) int64, class numbers, 0 background.
        known: (N, C) bool; False for a class that is not labelled in that image. Column 0 is not looked at.
        weights: (C,) of a voxel of a class in the cross-entropy; None: 1 for all. Soft Dice hardly moves a class that
            the network never names; a weight above 1 makes small ones appear earlier.

    Returns:
        A single number.
    """
    log_p = F.log_softmax(logits, dim=1)
    of_voxel = torch.ones_like(target, dtype=log_p.dtype) if weights is None else weights.to(log_p)[target]
    entropy = -(_log_probability_of_target(log_p, target, known) * of_voxel).sum() / of_voxel.sum()
    return 0.5 * (entropy + _dice_loss(log_p.exp(), target, known))


def _log_probability_of_target(log_p: Tensor, target: Tensor, known: Tensor) -> Tensor:
    """(N, *spatial): log of the probability that the voxel is what its label allows."""
    of_label = log_p.gather(1, target[:, None])[:, 0]
    if bool(known[:, 1:].all()):
        return of_label
    may_be = ~known.clone()
    may_be[:, 0] = True
    closed = torch.zeros_like(may_be, dtype=log_p.dtype).masked_fill(~may_be, -torch.inf)
    nothing = torch.logsumexp(log_p + closed.view(*closed.shape, *[1] * (log_p.ndim - 2)), dim=1)
    return torch.where(target == 0, nothing, of_label)


def _dice_loss(p: Tensor, target: Tensor, known: Tensor) -> Tensor:
    """1 - mean soft Dice over the foreground classes that the batch holds; 0 if it holds none."""
    truth = F.one_hot(target, p.shape[1]).movedim(-1, 1).to(p.dtype)
    use = known.to(p.dtype)[:, 1:]
    spatial = tuple(range(2, p.ndim))
    sizes = truth[:, 1:].sum(spatial)
    overlap = ((p[:, 1:] * truth[:, 1:]).sum(spatial) * use).sum(0)
    total = ((p[:, 1:].sum(spatial) + sizes) * use).sum(0)
    present = (sizes * use).sum(0) > 0
    dice = 2 * overlap / total.clamp_min(1e-6)
    return (1 - dice[present]).mean() if bool(present.any()) else p.sum() * 0.0
