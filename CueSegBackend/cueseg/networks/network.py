"""`SegmentationNetwork`: any network with the card that says how to use it."""

import copy
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, float32, nn

from cueseg.networks.card import NetworkCard
from cueseg.networks.formats.kinds import is_cuttable, is_recorded, why_not_refinable
from cueseg.networks.preparation import PreparedImage, prepare_image
from cueseg.networks.probing import guess_dims, guess_in_channels, probe

__all__ = ["SegmentationNetwork", "as_evaluated", "full_resolution"]

_OUTPUT_KEYS = ("out", "logits", "pred", "prediction", "seg")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SegmentationNetwork:
    """A network, never changed by anything here, and its card.

    Attributes:
        module: in eval mode, float32, on the CPU; takes (N, channels, *spatial) in the axis order of the card.
        card: how to use it.
        cuttable: whether parts of it can be run and replaced one by one; False for TorchScript.
        refinable: "" or why its weights cannot be refined, in words, with the remedy.
        source: kind of file it came from, in words; "" for a module in memory.
        notes: what was assumed or ignored on loading, in sentences for the user.
    """

    module: nn.Module
    card: NetworkCard
    cuttable: bool = True
    refinable: str = ""
    source: str = ""
    notes: tuple[str, ...] = ()

    @classmethod
    def wrap(
        cls,
        module_or_network: "nn.Module | SegmentationNetwork",
        *,
        dims: int | None = None,
        in_channels: int | None = None,
        class_count: int | None = None,
    ) -> "SegmentationNetwork":
        """Take a module as it is: the image's own grid, no intensity rule, softmax (sigmoid with one channel).

        What is not given is found out: `dims` and `in_channels` from the first convolution, the rest by running the
        module on noise. A module in train mode, of another precision or device is copied, so the caller's stays.

        Args:
            module_or_network: a module from (N, channels, *spatial) to logits (N, classes, *spatial), or a list,
                tuple or dict of such; a `SegmentationNetwork` is returned unchanged.
            dims: 2 or 3.
            in_channels: channels of the image.
            class_count: classes, with the background.

        Raises:
            ValueError: neither a module nor a network; one that does not run on noise or whose output is no map of
                the input's size, with what to do.
        """
        if isinstance(module_or_network, SegmentationNetwork):
            return module_or_network
        if not isinstance(module_or_network, nn.Module):
            raise ValueError(
                f"a {type(module_or_network).__name__} is no network: give a torch.nn.Module, or load_network(path)"
            )
        module = as_evaluated(module_or_network)
        dims = guess_dims(module) if dims is None else dims
        in_channels = guess_in_channels(module) if in_channels is None else in_channels
        found = probe(module, dims, in_channels, full_resolution)
        single = found.channels == 1
        count = found.channels + single if class_count is None else class_count
        if count != found.channels + single:
            raise ValueError(
                f"class_count is {class_count}, but the network has {found.channels} output channels: leave it out"
            )
        card = NetworkCard(
            name="network",
            dims=dims,
            in_channels=in_channels,
            classes=("background", *(f"class {number}" for number in range(1, count))),
            activation="sigmoid" if single else "softmax",
            multiple=found.multiple,
        )
        return cls.of(module, card)

    @classmethod
    def of(
        cls, module: nn.Module, card: NetworkCard, *, source: str = "", notes: tuple[str, ...] = ()
    ) -> "SegmentationNetwork":
        """Join a module and its card; whether it can be cut and refined is seen from the module's kind."""
        module = as_evaluated(module)
        return cls(module, card, is_cuttable(module), why_not_refinable(module), source, notes)

    def prepare(
        self,
        image: NDArray[Any],
        spacing: tuple[float, ...] | None = None,
        modality: str | None = None,
        spatial_shape: tuple[int, ...] | None = None,
    ) -> PreparedImage:
        """Bring an image to the network's grid, intensities and axis order; see `prepare_image`."""
        return prepare_image(self.card, image, spacing, modality, spatial_shape)

    def logits_of(self, output: object) -> Tensor:
        """The logits (N, C, *spatial) in what the module returned.

        Args:
            output: a tensor; a list or tuple (deep supervision), of which the largest map counts, the first one of
                equals; a dict with one of the keys out, logits, pred, prediction, seg, or with a single tensor.

        Raises:
            ValueError: none of these, or another number of channels or axes than the card says.
        """
        logits = full_resolution(output)
        if logits.ndim != self.card.dims + 2 or logits.shape[1] != self.card.out_channels:
            raise ValueError(
                f"the network gave an output of shape {tuple(logits.shape)}; its card promises "
                f"(N, {self.card.out_channels}, {self.card.dims} spatial axes) for {self.card.activation} and the "
                f"{len(self.card.classes)} classes {', '.join(self.card.classes)}: correct the card"
            )
        return logits


def as_evaluated(module: nn.Module) -> nn.Module:
    """The module itself if it is in eval mode, float32 and on the CPU, else a copy that is."""
    tensors = list(chain(module.parameters(), module.buffers()))
    floats = [tensor for tensor in tensors if tensor.is_floating_point()]
    right = all(t.device.type == "cpu" for t in tensors) and all(t.dtype == float32 for t in floats)
    evaluated = is_recorded(module) or not any(part.training for part in module.modules())
    if right and evaluated:
        return module
    _log.debug("copying the network, because it is in train mode, not float32, or not on the CPU")
    return copy.deepcopy(module).to(device="cpu", dtype=float32).eval()


def full_resolution(output: object) -> Tensor:
    """The tensor of logits in what a module returned; see `SegmentationNetwork.logits_of`."""
    if isinstance(output, Tensor):
        return output
    if isinstance(output, Mapping):
        named = [output[key] for key in _OUTPUT_KEYS if key in output]
        candidates = named or list(output.values())
        if len(candidates) > 1 and not named:
            raise ValueError(
                f"the network returned a dict with {', '.join(map(str, output))}: wrap it in a module that returns "
                "the logits alone"
            )
        return full_resolution(candidates[0] if candidates else None)
    if isinstance(output, list | tuple):
        tensors = [item for item in output if isinstance(item, Tensor) and item.ndim >= 4]
        if tensors:
            return max(tensors, key=lambda item: int(np.prod(item.shape[2:])))
    raise ValueError(
        f"the network returned {_described(output)}, in which no logits were found: wrap it in a module that returns "
        "a tensor (N, classes, *spatial)"
    )


def _described(output: object) -> str:
    if isinstance(output, list | tuple):
        return f"a {type(output).__name__} of {len(output)}"
    return "nothing" if output is None else f"a {type(output).__name__}"
