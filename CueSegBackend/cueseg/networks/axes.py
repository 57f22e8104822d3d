"""Which axes of an array are spatial, which is the channel, and in which order a network wants them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cueseg.networks.card import NetworkCard

__all__ = ["channels_first", "flipped_axes", "permutation"]


def channels_first(
    image: NDArray[Any], card: NetworkCard, spatial_shape: tuple[int, ...] | None = None
) -> NDArray[Any]:
    """View an image as (channels, *spatial), spatial axes (row, col) or (slice, row, col).

    Args:
        image: (rows, cols), (slices, rows, cols), or one of these with the channels last or first; for 2D
            networks a volume as well.
        card: dims and channels of the network.
        spatial_shape: the spatial shape, when it is known (that of the scribbles); None: it is guessed from the
            number of axes and of channels, channels last where both fit.

    Raises:
        ValueError: no axis of the network's number of channels, wrong number of axes, an empty image.
    """
    if min(image.shape, default=0) < 1:
        raise ValueError(f"the image is empty: shape {image.shape}; give an image with voxels")
    candidates = [view for view in _views(image) if _fits(view, card, spatial_shape)]
    if candidates:
        return candidates[0]
    raise ValueError(_complaint(image, card, spatial_shape))


def permutation(card: NetworkCard, ndim: int) -> tuple[int, ...]:
    """Axes of the image, in the order in which the network's grid has them.

    Args:
        card: its `axis_order` counts.
        ndim: spatial axes of the image: 2 or 3; a volume for a 2D network has its slice axis first.
    """
    order = card.axis_order
    if len(order) == 3:
        if ndim == 2 and order[0] != "z":
            raise ValueError(
                f"this 2D network looks at slices along the axis {order[0]}: give a volume (slices, rows, cols)"
            )
        return tuple("zyx".index(letter) for letter in order) if ndim == 3 else _plane(order[1:])
    return (0, *(1 + axis for axis in _plane(order))) if ndim == 3 else _plane(order)


def flipped_axes(card: NetworkCard, ndim: int) -> tuple[int, ...]:
    """Axes of the grid that run against the image's.

    Args:
        card: its `axis_order` and `flip` count.
        ndim: spatial axes of the image, 2 or 3.
    """
    letters = card.axis_order[-ndim:]
    first = ndim - len(letters)
    return tuple(first + place for place, letter in enumerate(letters) if letter in card.flip)


def _plane(order: str) -> tuple[int, ...]:
    return tuple("yx".index(letter) for letter in order)


def _views(image: NDArray[Any]) -> list[NDArray[Any]]:
    """The image without a channel axis, with the channels last, and with the channels first."""
    return [image[None], np.moveaxis(image, -1, 0), image]


def _fits(view: NDArray[Any], card: NetworkCard, spatial_shape: tuple[int, ...] | None) -> bool:
    spatial = view.shape[1:]
    if view.shape[0] != card.in_channels or len(spatial) not in ({2, 3} if card.dims == 2 else {3}):
        return False
    return spatial_shape is None or spatial == tuple(spatial_shape)


def _complaint(image: NDArray[Any], card: NetworkCard, spatial_shape: tuple[int, ...] | None) -> str:
    wanted = "(rows, cols) or (slices, rows, cols)" if card.dims == 2 else "(slices, rows, cols)"
    count = card.in_channels
    channels = "one channel" if count == 1 else f"{count} channels, the last axis of the image"
    text = f"the image of shape {image.shape} does not fit this {card.dims}D network, which takes {wanted}, {channels}"
    if spatial_shape is not None and not any(v.shape[1:] == tuple(spatial_shape) for v in _views(image)):
        return f"{text}: its spatial shape should be {tuple(spatial_shape)}, that of the scribbles"
    if count > 1 and image.ndim == card.dims:
        return f"{text}: repeat a grey image with np.repeat(image[..., None], {count}, axis=-1), or add the others"
    if count == 1 and image.ndim > card.dims and {image.shape[-1], image.shape[0]} & {3, 4}:
        return f"{text}: it is in colour, so make it grey, e.g. image[..., :3].mean(axis=-1)"
    if card.dims == 3 and image.ndim == 2:
        return f"{text}: give the whole volume, not one slice"
    return f"{text}: give as many channels as the card says, in its order"
