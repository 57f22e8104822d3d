"""Clicked slices of a volume to a mask of the whole structure: `set_image` once, then as often as clicks change."""

from collections.abc import Mapping

from numpy.typing import ArrayLike

from cueseg.intensity import Modality
from cueseg.refinement.progress import Monitor, Reporter
from cueseg.volumes.between import Filling, check_masks, fill_gap
from cueseg.volumes.between_run import Accepted, BetweenRun, Memory
from cueseg.volumes.options import PropagationOptions, VolumeOptions
from cueseg.volumes.parts import Mask
from cueseg.volumes.propagation import propagated
from cueseg.volumes.result import Propagation, SliceResult, VolumeResult
from cueseg.volumes.slice_network import SliceNetwork, SlicePredictor, keys_of

__all__ = ["VolumeSession", "segment_between"]


class VolumeSession:
    """Segments one structure of a volume from the extreme points of some of its slices.

    Args:
        predictor: An `ExtremePointPredictor`; the image set in it becomes another with every call.
        fill: Another way to fill between slices; None: that of `fill_between`.
    """

    def __init__(self, predictor: SlicePredictor, fill: Filling | None = None) -> None:
        self._predictor, self._fill = predictor, fill or fill_gap
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
        given: Mapping[int, ArrayLike] | None = None,
    ) -> VolumeResult:
        """Segment the clicked slices and those between them.

        Clicked slices are segmented by the network; several sets of points on one, for several parts of a structure,
        give the union of their masks. Slices between are filled by shape (`fill_between`), the extreme points of the
        filled masks are given to the network, of every part by itself beside a slice with several sets, and its mask is
        taken where it agrees with the filled one. Nothing is made outside the outermost slices. What the last call
        computed is used again: after a new or moved click the network only runs on that slice and up to its neighbours,
        after another `min_agreement` not at all.

        Args:
            clicked: Slice number -> (4, 2) points (x, y) in pixels, or (n, 4, 2) for n parts, in any order.
            options: None: the defaults.
            monitor: Called every time before the network runs, with stage "clicked" or "between". STOP leaves the
                filled masks in the slices that are left.
            given: Slice number -> (rows, cols) mask, nonzero inside, that is taken as it is, e.g. drawn by hand. A
                slice may be clicked and given: that is how its mask was accepted, and the network is not asked.

        Raises:
            RuntimeError: No image was set.
            ValueError: Slices, points or masks that cannot be used, or nothing found in a clicked slice.
            RefinementCancelled: The monitor answered CANCEL. After all of these the session knows what it knew before.
        """
        options = VolumeOptions() if options is None else options
        network = self._volume()
        if not clicked and not given:
            raise ValueError("no slice was clicked: give four extreme points on one slice or more")
        keys = {
            network.check_index(index): keys_of(int(index), points, options.threshold)
            for index, points in clicked.items()
        }
        masks = _checked(network, given) if given else {}
        run = BetweenRun(network, self._memory, options, Reporter(monitor), self._fill)
        result = run.result(
            {index: Accepted(keys.get(index, ()), masks.get(index)) for index in {*keys, *masks}}
        )
        self._memory = run.memory
        return result

    def segment_slice(self, index: int, points: ArrayLike, threshold: float | None = None) -> SliceResult:
        """Segment one slice, and keep beside it all that is known of the others.

        Args:
            index: Its number.
            points: (4, 2) points (x, y) in pixels, or (n, 4, 2) for n parts.
            threshold: None takes the predictor's.

        Raises:
            RuntimeError: No image was set.
            ValueError: A slice or points that cannot be used, or nothing found.
        """
        network, before = self._volume(), self._memory
        number = network.check_index(index)
        run = BetweenRun(network, before, VolumeOptions(threshold=threshold), Reporter(None))
        result = run.result({number: Accepted(keys_of(number, points, threshold))})
        self._memory = Memory({**before.found, **run.memory.found}, before.gaps)
        return result.slices[number]

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
        accepted = _checked(network, {begin: mask})[begin]
        options = PropagationOptions() if options is None else options
        way, at_its_end = _way(network, begin, direction, until, options.most)
        return propagated(network, accepted, way, at_its_end, options, Reporter(monitor))

    def _volume(self) -> SliceNetwork:
        if self._network is None:
            raise RuntimeError("no volume to segment in: call set_image first")
        return self._network


def _checked(network: SliceNetwork, given: Mapping[int, ArrayLike]) -> dict[int, Mask]:
    """Given masks as bool that nobody writes to."""
    masks = {}
    for index, mask in check_masks(
        {network.check_index(index): mask for index, mask in given.items()}
    ).items():
        if mask.shape != network.shape[1:]:
            raise ValueError(f"the mask has shape {mask.shape}, but slices have {network.shape[1:]}")
        if not mask.any():
            raise ValueError(f"the mask of slice {index} is empty: there is nothing to carry on")
        mask.flags.writeable = False
        masks[index] = mask
    return masks


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
    given: Mapping[int, ArrayLike] | None = None,
) -> VolumeResult:
    """`VolumeSession.segment_between` for a single call."""
    session = VolumeSession(predictor)
    session.set_image(image, modality, spacing)
    return session.segment_between(clicked, options, monitor, given)
