"""Cue maps for whole batches on any torch device; the same maps as `cueseg.confidence` to 1e-5."""

import numpy as np
import torch
from torch import Tensor

from cueseg.confidence import MapOptions, check_shape, resolve_options, segment_frames
from cueseg.extreme_points import check_point_batch


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
        scale: "unit" or "minmax255", replaces that of the preset.

    Returns:
        (N, H, W) float32 on the device of `points`, without gradient.

    Raises:
        ValueError: as `cueseg.confidence.confidence_map`; the message names the item of the batch.
    """
    options = resolve_options(preset, tau=tau, norm=norm, sigma=sigma, scale=scale)
    height, width = check_shape(shape)
    array = _points_to_numpy(points, (4, 2))
    check_point_batch(array)
    frames = segment_frames(array, options.sigma)
    # 1e-5 on both sides of an edge needs the offsets rounded only once: float64 vectors, float32 images.
    image = [_squared_distance(frames, k, height, width, points.device) for k in range(2)]
    return _combine(image[0], image[1], options)


def _points_to_numpy(points: Tensor, tail: tuple[int, ...]) -> np.ndarray:
    """Copy the few coordinates to the host, where the rules for unusual clicks are applied in float64."""
    if not isinstance(points, Tensor) or points.ndim != 3 or tuple(points.shape[-len(tail) :]) != tail:
        got = tuple(points.shape) if isinstance(points, Tensor) else type(points).__name__
        raise ValueError(f"points must be a tensor of shape (N, {', '.join(map(str, tail))}), not {got}")
    return points.detach().to("cpu", torch.float64).numpy()


def _squared_distance(frames, k, height, width, device) -> Tensor:
    """(N, H, W) squared distances to segment `k`, each divided by the square of its sigma."""
    ux, uy = frames.direction[:, k, 0, None], frames.direction[:, k, 1, None]
    x, y = np.arange(width) - frames.middle[:, k, 0, None], np.arange(height) - frames.middle[:, k, 1, None]

    def outer(col, row):
        col, row = torch.from_numpy(col).to(device), torch.from_numpy(row).to(device)
        return (col[:, None, :] + row[:, :, None]).float()

    def scalar(values):
        return torch.from_numpy(values[:, None, None]).to(device, torch.float32)

    along = outer(x * ux, y * uy)
    offset = outer(x * -uy, y * ux)
    weight = torch.where(
        along > scalar(frames.crossing[:, k]),
        scalar(frames.sigma_after[:, k] ** -2),
        scalar(frames.sigma_before[:, k] ** -2),
    )
    beyond = along.abs_().sub_(scalar(frames.half_length[:, k])).clamp_(min=0)
    return offset.square_().addcmul_(beyond, beyond).mul_(weight)


def _combine(first: Tensor, second: Tensor, options: MapOptions) -> Tensor:
    """Turn the squared scaled distances to both segments, (N, H, W), into maps with a single square root."""
    nearer = torch.minimum(first, second)
    if options.norm == "l2":
        product = first.add_(second).mul_(nearer).sqrt_()
    else:
        product = first.mul_(second).sqrt_().add_(nearer)
    result = product.mul_(options.tau).add_(1).reciprocal_()
    if options.scale == "unit":
        return result
    low, high = torch.aminmax(result.flatten(1), dim=1)
    span = high - low
    factor = torch.where(span > 0, 255 / span, 0.0)
    return result.sub_(low[:, None, None]).mul_(factor[:, None, None])
