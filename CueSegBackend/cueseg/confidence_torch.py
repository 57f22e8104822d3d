"""Cue maps for whole batches on any torch device: the same maps as `cueseg.confidence`, to 1e-5."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cueseg.confidence import gaussian_factors
from cueseg.extreme_points import check_coordinates
from cueseg.map_options import MapOptions, check_shape, resolve_options
from cueseg.segment_frames import SegmentFrames, exact_parts, segment_frames


@torch.no_grad()
def confidence_map_batch(
    points: Tensor,
    shape: tuple[int, int],
    *,
    preset: str = "paper",
    tau: float | None = None,
    norm: str | None = None,
    sigma: str | None = None,
    scale: str | None = None,
) -> Tensor:
    """Draw the confidence maps of N sets of four clicks; see `cueseg.confidence.confidence_map`.

    Args:
        points: (N, 4, 2) clicks (x, y) in pixels, each set in any order, any real dtype, on any device.
        shape: (H, W) of the maps.
        preset: "paper" or "code".
        tau: factor, replaces that of the preset.
        norm: "l2" or "l1", replaces that of the preset.
        sigma: "split" or "mean", replaces that of the preset.
        scale: "unit" or "minmax255" (each map by itself), replaces that of the preset.

    Returns:
        (N, H, W) float32 on the device of `points`, without gradient.

    Raises:
        ValueError: as `cueseg.confidence.confidence_map`; the message names the item of the batch.
    """
    options = resolve_options(preset, tau=tau, norm=norm, sigma=sigma, scale=scale)
    size = check_shape(shape)
    frames = segment_frames(_to_host(points, "4"), size, split=options.sigma == "split")
    parts = [torch.from_numpy(part).to(points.device) for part in exact_parts(frames)]
    first, second = (_squared_distance(frames, parts, k, options) for k in range(2))
    return _combine(first, second, options)


def _to_host(points: Tensor, count: str) -> NDArray[np.float64]:
    """Copy the few coordinates to the host, where the rules for unusual clicks are applied in float64."""
    good = isinstance(points, Tensor) and points.ndim == 3 and points.shape[2] == 2
    if not good or (count == "4" and points.shape[1] != 4):
        got = tuple(points.shape) if isinstance(points, Tensor) else type(points).__name__
        raise ValueError(f"points must be a tensor of shape (N, {count}, 2), not {got}")
    return points.detach().cpu().double().numpy()


def _squared_distance(frames: SegmentFrames, parts: list[Tensor], k: int, options: MapOptions) -> Tensor:
    """(N, H, W) tau D^2 / sigma^2 for segment `k`."""
    device = parts[0].device

    def per_item(values: NDArray[np.float64]) -> Tensor:
        return torch.from_numpy(values.astype(np.float32)).to(device)[:, None, None]

    beyond = _outer_sum(parts, k, 0).abs_().sub_(per_item(frames.half_length[:, k])).clamp_(min=0)
    squared = _outer_sum(parts, k, 1).square_().addcmul_(beyond, beyond)
    weight = options.tau / frames.sigma[:, k] ** 2
    if options.sigma == "mean":
        return squared.mul_(per_item(weight[:, 0]))
    border = torch.from_numpy(frames.border[:, k].astype(np.int32)).to(device)[:, :, None]
    column = torch.arange(squared.shape[2], device=device, dtype=torch.int32)
    return squared.mul_(torch.where(column < border, per_item(weight[:, 0]), per_item(weight[:, 1])))


def _outer_sum(parts: list[Tensor], k: int, which: int) -> Tensor:
    """(N, H, W) position along segment `k` (0) or offset from it (1), from the parts of `exact_parts`."""
    col, row, col_fine, row_fine = (part[:, k, which] for part in parts)
    total = col[:, None, :] + row[:, :, None]
    return total.add_(row_fine[:, :, None]).add_(col_fine[:, None, :])


def _combine(first: Tensor, second: Tensor, options: MapOptions) -> Tensor:
    """Turn tau d_12^2 and tau d_34^2, (N, H, W), into maps in place, with a single square root."""
    nearer = torch.minimum(first, second)
    if options.norm == "l2":  # noqa: SIM108, d1 d2 = sqrt(min(d12^2, d34^2) (d12^2 + d34^2))
        image = first.add_(second).mul_(nearer).sqrt_()
    else:  # d1 d2 = min(d12^2, d34^2) + d12 d34
        image = first.mul_(second).sqrt_().add_(nearer)
    image.add_(1).reciprocal_()
    if options.scale == "unit":
        return image
    low, high = image.amin(dim=(1, 2), keepdim=True), image.amax(dim=(1, 2), keepdim=True)
    factor = torch.where(high > low, 255 / (high - low), torch.zeros_like(low))  # a constant map becomes 0
    return image.sub_(low).mul_(factor).clamp_(max=255)


@torch.no_grad()
def gaussian_points_batch(points: Tensor, shape: tuple[int, int], sigma: float = 10.0) -> Tensor:
    """Draw the Gaussian spots of N sets of points; see `cueseg.confidence.gaussian_points`.

    Args:
        points: (N, K, 2) points (x, y) in pixels, K of 1 or more, any real dtype, on any device.
        shape: (H, W) of the maps.
        sigma: full width at half maximum in pixels.

    Returns:
        (N, H, W) float32 in 0..1 on the device of `points`, without gradient.

    Raises:
        ValueError: as `cueseg.confidence.gaussian_points`.
    """
    size = check_shape(shape)
    array = check_coordinates(_to_host(points, "K"))
    col, row = (torch.from_numpy(part).to(points.device) for part in gaussian_factors(array, size, sigma))
    image = row[:, 0, :, None] * col[:, 0, None, :]
    for point in range(1, array.shape[1]):
        torch.maximum(image, row[:, point, :, None] * col[:, point, None, :], out=image)
    return image
