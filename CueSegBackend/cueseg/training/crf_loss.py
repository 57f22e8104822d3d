"""The multi-view gated CRF loss of PA-Seg (Zhai, Wang et al. 2022, after Obukhov et al. 2019)."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

__all__ = ["gated_crf_loss", "multi_view_crf_loss"]

_VIEWS = ((3, 4), (2, 4), (2, 3))  # the axes of a slice of axial, coronal and sagittal stackings


def multi_view_crf_loss(
    logits: Tensor,
    image: Tensor,
    grid: tuple[int, int, int] | None = (48, 64, 64),
    *,
    radius: int = 5,
    sigma_distance: float = 6.0,
    sigma_intensity: float = 0.1,
) -> Tensor:
    """L_mcrf: the gated CRF loss of the slices of all three stackings of a volume, averaged.

    Class probabilities and image are brought to `grid` by trilinear interpolation (corners aligned); distances are in
    its voxels, so the spacing does not count, as in the paper.

    Args:
        logits: (N, C, slices, rows, cols) float.
        image: (N, 1, slices, rows, cols) float, as the network sees it; the paper's is z-scored.
        grid: (slices, rows, cols); None leaves the size as it is.
        radius: Of the square window of neighbours, in pixels.
        sigma_distance: Width of the kernel in pixels.
        sigma_intensity: Width of the kernel in units of the image.

    Returns:
        A single number.
    """
    p = logits.softmax(dim=1)
    if grid is not None and tuple(grid) != tuple(p.shape[2:]):
        p, image = (F.interpolate(x, size=grid, mode="trilinear", align_corners=True) for x in (p, image))
    losses = [gated_crf_loss(p, image, axes, radius, sigma_distance, sigma_intensity) for axes in _VIEWS]
    return torch.stack(losses).mean()


def gated_crf_loss(
    p: Tensor,
    image: Tensor,
    axes: tuple[int, int] = (3, 4),
    radius: int = 5,
    sigma_distance: float = 6.0,
    sigma_intensity: float = 0.1,
) -> Tensor:
    """(1 / N) sum_i sum_j k_ij (1 - sum_c P_ic P_jc) over the neighbours j of every voxel i in its slice.

    k_ij = exp(-|u_i - u_j|² / (2 sigma_distance²) - (I_i - I_j)² / (2 sigma_intensity²)), k_ii = 0, where u are pixels
    and N is the number of voxels. Neighbours outside the slice do not count; in the authors' code they add a constant.

    One pair of offsets is looked at after the other, and the gradient, -2 / N sum_j k_ij P_jc, comes with the value:
    beside that gradient, memory peaks at 1 + C numbers per voxel, whatever the radius; windows of 11 x 11 that are
    unfolded take 121 (1 + C).

    Args:
        p: (N, C, slices, rows, cols) float, probabilities; only their gradient is known.
        image: (N, 1, slices, rows, cols) float.
        axes: The axes of a slice.
        radius: Of the square window of neighbours, in pixels.
        sigma_distance: In pixels.
        sigma_intensity: In units of the image.

    Returns:
        A single number.
    """
    return _GatedCrf.apply(p, image.to(p), axes, radius, (sigma_distance, sigma_intensity))


class _GatedCrf(torch.autograd.Function):
    """The value, and with it the gradient, so that nothing is kept for every offset."""

    @staticmethod
    def forward(
        context: Any,
        p: Tensor,
        image: Tensor,
        axes: tuple[int, int],
        radius: int,
        sigmas: tuple[float, float],
    ) -> Tensor:
        message, total = torch.zeros_like(p), p.new_zeros(())
        for here, there, squared in _pairs(p.shape, axes, radius):
            gap = image[there] - image[here]
            kernel = gap.square_().mul_(-0.5 / sigmas[1] ** 2).sub_(0.5 * squared / sigmas[0] ** 2).exp_()
            total += 2 * kernel.sum()
            message[here] += kernel * p[there]
            message[there] += kernel * p[here]
        voxels = image.numel()
        context.save_for_backward(message.mul_(-2.0 / voxels))
        # sum_i P_i . message_i, with the factor that the message already has
        return total / voxels + 0.5 * (p * message).sum()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None, None, None, None]:
        (slope,) = context.saved_tensors
        return slope * gradient, None, None, None, None


_Part = tuple[slice, ...]


def _pairs(shape: torch.Size, axes: tuple[int, int], radius: int) -> Iterator[tuple[_Part, _Part, int]]:
    """(voxels, their neighbours at an offset, its squared length); of two opposite offsets only one."""
    for first in range(radius + 1):
        for second in range(-radius, radius + 1):
            if (first == 0 and second <= 0) or first >= shape[axes[0]] or abs(second) >= shape[axes[1]]:
                continue
            here, there = [slice(None)] * len(shape), [slice(None)] * len(shape)
            for axis, step in zip(axes, (first, second), strict=True):
                here[axis] = slice(max(0, -step), shape[axis] - max(0, step))
                there[axis] = slice(max(0, step), shape[axis] - max(0, -step))
            yield tuple(here), tuple(there), first**2 + second**2
