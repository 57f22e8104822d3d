"""Clicked slices of a volume to a mask of the whole structure: `set_image` once, then as often as clicks change."""

from collections.abc import Mapping

from numpy.typing import ArrayLike

from cueseg.intensity import Modality
from cueseg.refinement.progress import Monitor, Reporter
from cueseg.volumes.between import check_masks
from cueseg.volumes.between_run import BetweenRun, Memory
from cueseg.volumes.options import PropagationOptions, VolumeOptions
from cueseg.volumes.propagation import propagated
from cueseg.volumes.result import Propagation, VolumeResult
from cueseg.volumes.slice_network import SliceNetwork, SlicePredictor, key_of

__all__ = ["VolumeSession", "segment_between"]


class VolumeSession:
    """Segments one structure of a volume from the extreme points of some of its slices.

    Args:
        predictor: An `ExtremePointPredictor`; the image set in it becomes another with every call.
    """

    def __init__(self, predictor: SlicePredictor) -> None:
        self._predictor = predictor
        self._network: SliceNetwork | None = None
        self._memory = Memory({}, {})

    def set_image(
        self,
        image: ArrayLike,
        modality: Modality = "ct",
        spacing: tuple[float, float, float] | None = None,
    ) -> None:
        """Take a volume in, and forget what is known of another; the array must not change until the next `set_image`.

        Args:
            image: (slices, rows, cols), or (slices, rows, cols, 3) for rgb; CT in HU. Clicks are made across axis 0:
                turn the array for other directions.
            modality: "ct", "mr", "grey" or "rgb"; all slices of an MR volume get the same window.
            spacing: (slice, row, col) in mm; None: 1 mm.

        Raises:
            ValueError: What is wrong with the image, in words; the image set before stays.
        """
        self._network = SliceNetwork(self._predictor, image, modality, spacing)
        self._memory = Memory({}, {})

    def segment_between(
        self,
        clicked: Mapping[int, ArrayLike],
        options: VolumeOptions | None = None,
        monitor: Monitor | None = None,
    ) -> VolumeResult:
        """Segment the clicked slices and those between them.

        Clicked slices are segmented by the network. Slices between are filled by shape (`fill_between`), the extreme
        points of the filled masks are given to the network, and its mask is taken where it agrees with the filled one.
        Nothing is made outside the outermost clicked slices. What the last call computed is used again: after a new or
        moved click the network only runs on that slice and up to its clicked neighbours, after another `min_agreement`
        not at all.

        Args:
            clicked: Slice number -> (4, 2) points (x, y) in pixels, in any order.
            options: None: the defaults.
            monitor: Called before every slice that the network runs on, with stage "clicked" or "between". STOP leaves
                the filled masks in the slices that are left.

        Raises:
            RuntimeError: No image was set.
            ValueError: Slices or points that cannot be used, or nothing found in a clicked slice.
            RefinementCancelled: The monitor answered CANCEL. After all of these the session knows what it knew before.
        """
        options = VolumeOptions() if options is None else options
        network = self._volume()
        if not clicked:
            raise ValueError("no slice was clicked: give four extreme points on one slice or more")
        keys = {
            network.check_index(index): key_of(int(index), points, options.threshold)
            for index, points in clicked.items()
        }
        run = BetweenRun(network, self._memory, options, Reporter(monitor))
        result = run.result(keys)
        self._memory = run.memory
        return result

    def propagate(
        self,
        start: int,
        mask: ArrayLike,
        direction: int,
        until: int | None = None,
        options: PropagationOptions | None = None,
        monitor: Monitor | None = None,
    ) -> Propagation:
        """Carry an accepted mask on to the slices beside it, one after another.

        The extreme points of a slice's mask are given to the network on the next slice, until a rule of the options
        is broken. The end of the structure breaks none of them reliably: somebody has to look.

        Args:
            start: Number of the accepted slice.
            mask: (rows, cols) there, nonzero inside.
            direction: 1 towards higher slice numbers, -1 towards lower ones.
            until: The last slice to go to; None: `options.most` slices, or to the end of the volume.
            options: None: the defaults.
            monitor: Called before every slice, with stage "propagate". STOP keeps the slices so far.

        Raises:
            RuntimeError: No image was set.
            ValueError: A slice, mask or direction that cannot be used.
            RefinementCancelled: The monitor answered CANCEL.
        """
        network = self._volume()
        if direction not in (-1, 1):
            raise ValueError(f"direction must be 1 or -1, got {direction!r}")
        begin = network.check_index(start)
        accepted = check_masks({begin: mask})[begin]
        if accepted.shape != network.shape[1:]:
            raise ValueError(f"the mask has shape {accepted.shape}, but slices have {network.shape[1:]}")
        if not accepted.any():
            raise ValueError(f"the mask of slice {begin} is empty: there is nothing to carry on")
        options = PropagationOptions() if options is None else options
        way, at_its_end = _way(network, begin, direction, until, options.most)
        return propagated(network, accepted, way, at_its_end, options, Reporter(monitor))

    def _volume(self) -> SliceNetwork:
        if self._network is None:
            raise RuntimeError("no volume to segment in: call set_image first")
        return self._network


def _way(
    network: SliceNetwork, start: int, direction: int, until: int | None, most: int
) -> tuple[range, str]:
    """The slices to go to, and what stops at their end."""
    border = network.shape[0] - 1 if direction > 0 else 0
    if until is not None:
        end, reason = network.check_index(until), "until"
        if (end - start) * direction < 0:
            raise ValueError(f"slice {end} does not lie in direction {direction:+d} of slice {start}")
    elif most < abs(border - start):
        end, reason = start + most * direction, "most"
    else:
        end, reason = border, "end"
    return range(start + direction, end + direction, direction), reason


def segment_between(
    predictor: SlicePredictor,
    image: ArrayLike,
    clicked: Mapping[int, ArrayLike],
    *,
    modality: Modality = "ct",
    spacing: tuple[float, float, float] | None = None,
    options: VolumeOptions | None = None,
    monitor: Monitor | None = None,
) -> VolumeResult:
    """`VolumeSession.segment_between` for a single call."""
    session = VolumeSession(predictor)
    session.set_image(image, modality, spacing)
    return session.segment_between(clicked, options, monitor)
