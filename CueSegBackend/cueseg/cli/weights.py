"""Weights for extreme points, opened so that what is wrong with them ends a command with its own exit code."""

from typing import TYPE_CHECKING

from cueseg.cli.console import progress
from cueseg.cli.errors import UnusableWeightsError

if TYPE_CHECKING:
    from cueseg.predictor import ExtremePointPredictor


def open_predictor(model: str, device: str, verbose: bool = False) -> "ExtremePointPredictor":
    """Load weights by name or file.

    Raises:
        ValueError: The device cannot be used.
        UnusableWeightsError: The weights cannot be used.
    """
    with progress("loading the model", verbose):
        from cueseg.device import choose_device
        from cueseg.predictor import ExtremePointPredictor

        choose_device(device)  # first, so that what fails below are the weights
        try:
            return ExtremePointPredictor(model, device)
        except (ValueError, FileNotFoundError) as error:
            raise UnusableWeightsError(str(error)) from error
