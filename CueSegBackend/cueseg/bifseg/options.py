"""Settings of the image-specific fine-tuning. Needs no torch."""

from dataclasses import dataclass

import numpy as np

from cueseg.map_options import is_number
from cueseg.refinement.options import RefinementOptions

__all__ = ["WEIGHTINGS", "BifsegOptions"]

WEIGHTINGS = ("full", "uniform", "none")


@dataclass(frozen=True, kw_only=True)
class BifsegOptions:
    """How one object is segmented; values are checked on construction.

    Attributes:
        weighting: of the voxels in the network step. "full": `omega` on scribbles, 0 where the label is uncertain, 1
            elsewhere. "uniform": 1 everywhere. "none": no network step, the labels are those of the first cut.
        smoothness: lambda, weight of the boundary term; 0 takes the likelier label of every voxel by itself.
        sigma: contrast that lowers the boundary's cost to exp(-1/2), in standard deviations of the crop.
        t0: voxels whose probability of the object lies between `t0` and `t1` are uncertain.
        t1: see `t0`; equal to it, none is.
        epsilon: geodesic distance, in standard deviations of the crop, below which a voxel is uncertain if its label is
            not that of the scribble; 0: none is.
        omega: weight of scribbled voxels.
        alternations: most rounds of a label step and a network step; 0: the network as it is, and one label step.
        iterations: of the network in every network step.
        learning_rate: of Adam.
        margin: voxels of the image around the box that the network sees, background by definition; the slices
            beside the box are none of them for a 2D network in a volume.
        connectivity: neighbours of a pixel, 4 or 8 in a picture, 6 in a volume; None: 4 or 6.
        layers: what is tuned, as in `RefinementOptions`; None: the layers that the network's card names.
        max_voxels: most voxels that a network step looks at, where the tuned layers see one voxel at a time; of
            more, some are drawn that stand for the others. None: all.
        seed: of what is drawn.

    Raises:
        ValueError: a value that is not allowed; the message names it and what is allowed.
    """

    weighting: str = "full"
    smoothness: float = 0.3
    sigma: float = 0.1
    t0: float = 0.2
    t1: float = 0.7
    epsilon: float = 0.05
    omega: float = 5.0
    alternations: int = 4
    iterations: int = 20
    learning_rate: float = 1e-2
    margin: int = 5
    connectivity: int | None = None
    layers: int | tuple[str, ...] | None = None
    max_voxels: int | None = 8192
    seed: int = 0

    def __post_init__(self) -> None:
        if self.weighting not in WEIGHTINGS:
            raise ValueError(
                f"weighting is {self.weighting!r}: it must be one of {', '.join(map(repr, WEIGHTINGS))}"
            )
        if self.connectivity not in (None, 4, 6, 8):
            raise ValueError(f"connectivity is {self.connectivity!r}: it must be 4, 6, 8 or None")
        object.__setattr__(self, "layers", RefinementOptions(layers=self.layers).layers)  # checks them
        for name in ("smoothness", "epsilon"):
            _check_number(name, getattr(self, name), least=0.0)
        for name in ("sigma", "omega", "learning_rate"):
            _check_number(name, getattr(self, name), above=0.0)
        for name, least in (("alternations", 0), ("iterations", 1), ("margin", 0), ("seed", 0)):
            _check_whole(name, getattr(self, name), least)
        if self.max_voxels is not None:
            _check_whole("max_voxels", self.max_voxels, 2)
        if not (is_number(self.t0) and is_number(self.t1) and 0 <= self.t0 <= self.t1 <= 1):
            raise ValueError(
                f"t0 is {self.t0!r} and t1 {self.t1!r}: they must be probabilities, and t0 not above t1"
            )

    @property
    def tunes(self) -> bool:
        """Whether there is any network step."""
        return self.alternations > 0 and self.weighting != "none"


def _check_number(name: str, value: object, *, least: float = 0.0, above: float | None = None) -> None:
    lowest = least if above is None else above
    inside = is_number(value) and lowest <= value < np.inf
    if not inside or (above is not None and value == above):
        bound = f"{least:g} or more" if above is None else f"above {above:g}"
        raise ValueError(f"{name} is {value!r}: it must be a number, {bound}")


def _check_whole(name: str, value: object, least: int) -> None:
    if type(value) is not int or value < least:
        raise ValueError(f"{name} is {value!r}: it must be a whole number, {least} or more")
