"""Which volume, which weights, which programs a session used; nothing about patients, files or users."""

import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

import cueseg
from cueseg.sessions.digests import geometry_sha256, voxels_sha256

if TYPE_CHECKING:
    from cueseg.image_files import ImageFile
    from cueseg.sessions.record import SessionHeader

__all__ = [
    "VolumeIdentity",
    "WeightsIdentity",
    "header_for",
    "identity_of",
    "identity_of_file",
    "versions",
    "weights_of_card",
    "weights_of_network",
]

WEIGHTS_KINDS = ("points", "network")
_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


@dataclass(frozen=True)
class VolumeIdentity:
    """A volume without its name.

    Attributes:
        voxels, geometry: SHA-256, 64 hex digits; see `cueseg.sessions.digests`.
        shape: (slices, rows, cols).
        spacing: (slice, row, col) in mm.
    """

    voxels: str
    geometry: str
    shape: tuple[int, int, int]
    spacing: tuple[float, float, float]


@dataclass(frozen=True)
class WeightsIdentity:
    """Weights without their place on a disk.

    Attributes:
        name: On their card.
        sha256: Of their file; of the network's state where the card tells none.
        kind: "points", for extreme points, or "network", which labels every voxel.
    """

    name: str
    sha256: str
    kind: str = "points"

    def __post_init__(self) -> None:
        if self.kind not in WEIGHTS_KINDS:
            raise ValueError(f"weights are for {' or '.join(WEIGHTS_KINDS)}, not {self.kind!r}")


def identity_of(
    array: NDArray[Any], ijk_to_ras: ArrayLike, spacing: tuple[float, float, float]
) -> VolumeIdentity:
    """The identity of an array (slices, rows, cols[, channels]).

    Args:
        array: Integers or floats.
        ijk_to_ras: (4, 4) from (col, row, slice) to RAS in mm.
        spacing: (slice, row, col) in mm.
    """
    shape = tuple(int(size) for size in array.shape[:3])
    steps = tuple(float(step) for step in spacing)
    return VolumeIdentity(voxels_sha256(array), geometry_sha256(ijk_to_ras), shape, steps)


def identity_of_file(image: "ImageFile") -> VolumeIdentity:
    """The identity of an image from a file, as a panel sees it that loaded the same file."""
    return identity_of(image.array, _LPS_TO_RAS @ image.ijk_to_lps(), image.spacing[::-1])


def versions() -> dict[str, str]:
    """Versions of the programs that decide a result; imports torch, if it is installed."""
    import scipy

    found = {
        "cueseg": cueseg.__version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
    }
    try:
        import torch
    except ModuleNotFoundError:  # filling by shape needs none
        return found
    return {**found, "torch": str(torch.__version__)}


def header_for(
    volume: VolumeIdentity, weights: WeightsIdentity, device: str, seed: int = 0
) -> "SessionHeader":
    """The header of a record that begins now; imports torch, if it is installed.

    Args:
        volume: What is segmented.
        weights: What with.
        device: "cpu", "cuda", ...
        seed: Of everything random that no action names a seed for.
    """
    from cueseg.sessions.record import SessionHeader

    found, threads = versions(), 1
    if "torch" in found:
        import torch

        threads = torch.get_num_threads()
    return SessionHeader(found, device, threads, volume, weights, seed)


def weights_of_card(card: Any) -> WeightsIdentity:
    """The identity of weights for extreme points, from their card."""
    return WeightsIdentity(card.name, card.sha256, "points")


def weights_of_network(network: Any) -> WeightsIdentity:
    """The identity of a `SegmentationNetwork`; imports torch where its card tells no SHA-256."""
    sha256 = network.card.sha256
    if not sha256:
        from cueseg.refinement.delta import state_sha256

        sha256 = state_sha256(network.module)
    return WeightsIdentity(network.card.name, sha256, "network")
