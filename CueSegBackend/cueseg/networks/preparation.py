"""Between an image and the grid of a network: axes, spacing, intensities, and the way back."""

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cueseg.intensity import check_modality
from cueseg.networks.axes import channels_first, flipped_axes, permutation
from cueseg.networks.card import NetworkCard
from cueseg.networks.intensities import apply_rule, fixed_scale
from cueseg.networks.memory import check_memory
from cueseg.networks.resampling import nearest_labels, resampled

__all__ = ["PreparedImage", "prepare_image"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PreparedImage:
    """An image on a network's grid.

    The grid has the axes in the order the network wants them; a volume for a 2D network has its slices along the
    first. The module takes windows of `tensor` as they are.

    Attributes:
        tensor: float32 (C, *grid): (C, rows, cols), or (C, slices, rows, cols) for a volume.
        image_shape: spatial shape of the image, (row, col) or (slice, row, col).
        axes: axes of the image in the grid's order.
        flipped: axes of the grid that run against the image's.
        grid_spacing: mm per voxel along the grid's axes, or None if unknown.
        notes: what the user should know, in sentences.
    """

    tensor: Tensor
    image_shape: tuple[int, ...]
    axes: tuple[int, ...]
    flipped: tuple[int, ...] = ()
    grid_spacing: tuple[float, ...] | None = None
    notes: tuple[str, ...] = ()

    @property
    def grid_shape(self) -> tuple[int, ...]:
        """Spatial shape of the grid."""
        return tuple(self.tensor.shape[1:])

    def to_grid(self, labels: NDArray[Any], fill: int = -1) -> NDArray[Any]:
        """Bring labels to the grid: nearest, and at least one voxel of every connected stroke survives.

        Args:
            labels: integers of the image's shape.
            fill: the label that means nothing; its regions may vanish.

        Returns:
            The labels on the grid, in their dtype; a new array.

        Raises:
            ValueError: not integers, or another shape.
        """
        labels = np.asarray(labels)
        if not np.issubdtype(labels.dtype, np.integer):
            raise ValueError(
                f"labels must be integers, got dtype {labels.dtype}: use labels.astype(np.int16)"
            )
        turned = self._turned(labels, "labels")
        return nearest_labels(turned, self.grid_shape, fill)

    def mask_to_grid(self, mask: NDArray[Any]) -> NDArray[np.bool_]:
        """Bring a bool mask of the image's shape to the grid, nearest; small regions survive as in `to_grid`.

        Raises:
            ValueError: not bool, or another shape.
        """
        mask = np.asarray(mask)
        if mask.dtype != bool:
            raise ValueError(f"the mask must be bool, got dtype {mask.dtype}: use mask > 0")
        turned = self._turned(mask, "mask").view(np.int8)
        return nearest_labels(turned, self.grid_shape, 0).astype(bool)

    def to_image(self, values: NDArray[np.floating] | Tensor) -> NDArray[np.float32]:
        """Bring maps (K, *grid) back to the image by linear interpolation.

        Returns:
            float32 (K, *image_shape); a new array.

        Raises:
            ValueError: another shape.
        """
        tensor = torch.as_tensor(values).detach().to("cpu", torch.float32)
        if tuple(tensor.shape[1:]) != self.grid_shape:
            raise ValueError(
                f"maps of shape {tuple(tensor.shape)} are not (K, {self.grid_shape}): give them on the grid"
            )
        turned_shape = tuple(self.image_shape[axis] for axis in self.axes)
        result = np.empty((tensor.shape[0], *self.image_shape), np.float32)
        back = np.argsort(self.axes)
        for target, part in zip(result, tensor, strict=True):  # one by one: less memory at a time
            there = np.flip(resampled(part[None], turned_shape)[0].numpy(), self.flipped)
            target[...] = there.transpose(back)
        return result

    def _turned(self, values: NDArray[Any], what: str) -> NDArray[Any]:
        if values.shape != self.image_shape:
            raise ValueError(
                f"the {what} have shape {values.shape}, the image {self.image_shape}: they must agree"
            )
        return np.flip(values.transpose(self.axes), self.flipped)


def prepare_image(
    card: NetworkCard,
    image: NDArray[Any],
    spacing: tuple[float, ...] | None = None,
    modality: str | None = None,
    spatial_shape: tuple[int, ...] | None = None,
) -> PreparedImage:
    """Bring an image to a network's grid, intensities and axis order.

    Intensities are mapped on the image's own voxels; then it is resampled linearly, with an antialiasing kernel where
    voxels become larger.

    Args:
        card: of the network.
        image: (rows, cols[, channels]) or (slices, rows, cols[, channels]); channels may come first as well.
        spacing: (row, col) or (slice, row, col) in mm; needed if the card has a spacing.
        modality: "ct", "mr", "grey" or "rgb", to note where it does not suit the card; None: unknown.
        spatial_shape: of the scribbles, tells spatial axes and channels apart; None: guessed from the channels.

    Raises:
        ValueError: not a numeric image, wrong number of axes or channels, NaN or infinite voxels (with their
            count), no spacing or an impossible one, too large for the memory (with the GB).
    """
    image = np.asarray(image)
    if not (np.issubdtype(image.dtype, np.number) or image.dtype == bool) or np.iscomplexobj(image):
        raise ValueError(f"the image must hold integers or floats, got dtype {image.dtype}: convert it first")
    parts = channels_first(image, card, spatial_shape)
    shape = parts.shape[1:]
    axes = permutation(card, len(shape))
    own = _checked_spacing(spacing, len(shape))
    target, grid_spacing = _grid(card, shape, own)
    _check_size(card, shape, target)
    _check_finite(parts)
    values = torch.from_numpy(apply_rule(parts, card.intensity))
    flipped = flipped_axes(card, len(shape))
    turned = values.permute(0, *(1 + axis for axis in axes)).flip([1 + axis for axis in flipped])
    tensor = resampled(turned, tuple(target[axis] for axis in axes)).contiguous()
    ordered = None if grid_spacing is None else tuple(grid_spacing[axis] for axis in axes)
    return PreparedImage(tensor, shape, axes, flipped, ordered, _notes(card, modality))


def _checked_spacing(spacing: tuple[float, ...] | None, ndim: int) -> tuple[float, ...] | None:
    if spacing is None:
        return None
    numbers = tuple(float(mm) for mm in spacing)
    if len(numbers) != ndim or not all(np.isfinite(mm) and mm > 0 for mm in numbers):
        raise ValueError(
            f"spacing must be {ndim} positive numbers in mm in the order of the axes, got {numbers}"
        )
    return numbers


def _grid(
    card: NetworkCard, shape: tuple[int, ...], own: tuple[float, ...] | None
) -> tuple[tuple[int, ...], tuple[float, ...] | None]:
    """Shape and spacing of the grid, in the order of the image's axes."""
    if card.spacing is None:
        return shape, own
    if own is None:
        raise ValueError(
            f"this network works at {_mm(card.spacing)} per voxel: give the image's spacing in mm, "
            f"e.g. spacing={card.spacing} if the image is on that grid"
        )
    wanted = list(own)
    looked_at = sorted(permutation(card, len(shape))[-card.dims :])
    for axis, mm in zip(looked_at, card.spacing, strict=True):
        wanted[axis] = mm
    target = tuple(
        max(1, round(count * have / want)) for count, have, want in zip(shape, own, wanted, strict=True)
    )
    return target, tuple(wanted)


def _mm(spacing: tuple[float, ...]) -> str:
    return " x ".join(f"{mm:g}" for mm in spacing) + " mm"


def _check_size(card: NetworkCard, shape: tuple[int, ...], target: tuple[int, ...]) -> None:
    here, there = (float(np.prod(sides, dtype=np.float64)) for sides in (shape, target))
    count = len(card.classes)
    needed = 4 * (here * (card.in_channels + count) + there * (card.in_channels + count))
    sides = " x ".join(map(str, shape))
    check_memory(int(needed), f"segmenting this image of {sides} voxels into {count} classes")


def _check_finite(parts: NDArray[Any]) -> None:
    if not np.issubdtype(parts.dtype, np.floating):
        return
    limit = np.finfo(np.float32).max if parts.dtype.itemsize > 4 else np.inf
    planes = parts.reshape(-1, *parts.shape[-2:])
    count = sum(int(np.count_nonzero(~(np.isfinite(part) & (np.abs(part) <= limit)))) for part in planes)
    if count:
        raise ValueError(
            f"the image holds {count} values that are NaN, infinite or beyond float32: replace them first, e.g. "
            "np.nan_to_num(image, nan=image[np.isfinite(image)].min())"
        )


def _notes(card: NetworkCard, modality: str | None) -> tuple[str, ...]:
    if modality is None:
        return ()
    check_modality(modality)
    if modality != "mr" or not fixed_scale(card.intensity):
        return ()
    note = f"the network {card.name} expects fixed intensities such as CT's, and the image is said to be MR"
    _log.warning(note)
    return (note,)
