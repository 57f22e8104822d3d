"""What the recipes of both of PA-Seg's stages say alike."""

from dataclasses import dataclass

from cueseg.training.loop_options import LoopOptions

__all__ = ["StageOptions"]


@dataclass(frozen=True, kw_only=True)
class StageOptions(LoopOptions):
    """The optimiser of Zhai, Wang et al. 2022 as the default, and texts; see also `LoopOptions`.

    Attributes:
        notes, data, description, licence: For the card.
    """

    batch: int = 1
    learning_rate: float = 1e-2
    optimizer: str = "sgd"
    momentum: float = 0.99
    nesterov: bool = True
    weight_decay: float = 3e-5
    schedule: str = "poly"
    warm_up: int = 0
    clip: float = 0.0
    ema: float = 0.0
    notes: str = ""
    data: str = ""
    description: str = ""
    licence: str = "MIT"
