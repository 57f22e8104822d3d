"""How the computing of a recorded action is done again: with a predictor of extreme points, or with a network."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from cueseg.sessions.outcome import Box, part_of, view_of
from cueseg.sessions.run_length import decode_runs
from cueseg.sessions.states import Masks, labels_of

__all__ = ["NetworkTool", "PointsTool", "Tool"]

Action = Mapping[str, Any]


class Tool(Protocol):
    """Does the computing of actions."""

    def make(self, action: Action, masks: Masks) -> Any:
        """What the action computes, given the masks that it starts from; as `made` of `SessionRecorder.note`."""
        ...


class PointsTool:
    """Slices and volumes from extreme points.

    Args:
        predictor: An `ExtremePointPredictor`.
        array: (slices, rows, cols[, 3]) of the volume.
    """

    def __init__(self, predictor: Any, array: NDArray[Any]) -> None:
        self._predictor, self._array = predictor, array

    def make(self, action: Action, masks: Masks) -> dict[int, NDArray[np.bool_]]:
        """Slice number -> (rows, cols) mask.

        Raises:
            ValueError: An action of a network, or one that the predictor refuses.
        """
        if action["action"] == "slice":
            return self._slice(action)
        if action["action"] == "volume":
            return self._volume(action)
        if action["action"] == "propagated":
            return self._propagated(action)
        raise ValueError(
            f"the record has weights for extreme points, but an action {action['action']!r}: it was damaged"
        )

    def _slice(self, action: Action) -> dict[int, NDArray[np.bool_]]:
        index = action["plane"]["index"]
        stack, limits = view_of(action).of(self._array), action["range"]
        self._predictor.set_image(
            np.ascontiguousarray(stack[index]),
            action["modality"],
            tuple(action["spacing"]),
            None if limits is None else tuple(limits),
        )
        return {index: self._predictor.predict(action["points"], action["threshold"]).mask}

    def _volume(self, action: Action) -> dict[int, NDArray[np.bool_]]:
        from cueseg.volumes import VolumeOptions, filled_volume

        stack = view_of(action).of(self._array)
        shape = stack.shape[1:3]
        given = {int(index): decode_runs(runs, shape) for index, runs in action["given"].items()}
        clicked = {int(index): np.asarray(points, float) for index, points in action["clicked"].items()}
        if action["options"] is None:  # without the network
            result = filled_volume(given, len(stack), tuple(action["spacing"]), clicked)
        else:
            options = VolumeOptions(**action["options"])
            result = self._session(action, stack).segment_between(clicked, options, given=given)
        return {index: result.slices[index].mask for index in action["written"]}

    def _propagated(self, action: Action) -> dict[int, NDArray[np.bool_]]:
        from cueseg.volumes import PropagationOptions

        stack = view_of(action).of(self._array)
        session, shape = self._session(action, stack), stack.shape[1:3]
        options = PropagationOptions(**action["options"])
        mask = decode_runs(action["mask"], shape)
        found = session.propagate(action["start"], mask, action["direction"], action["until"], options)
        made = {item.index: item.mask for item in found.slices}
        empty = np.zeros(shape, bool)
        return {index: made.get(index, empty) for index in action["written"]}

    def _session(self, action: Action, stack: NDArray[Any]) -> Any:
        from cueseg.volumes import VolumeSession

        session = VolumeSession(self._predictor)
        session.set_image(stack, action["modality"], tuple(action["spacing"]))
        return session


class NetworkTool:
    """Predictions and refinements of a network that labels every voxel.

    Args:
        network: A `SegmentationNetwork`.
        device: As `RefinementSession` takes it.
        array: (slices, rows, cols[, channels]) of the volume.
        spacing: (slice, row, col) in mm.
    """

    def __init__(
        self, network: Any, device: str, array: NDArray[Any], spacing: tuple[float, float, float]
    ) -> None:
        self._network, self._device, self._array, self._spacing = network, device, array, spacing
        self._session: Any = None
        self._key: tuple[Any, ...] = ()

    def make(self, action: Action, masks: Masks) -> NDArray[np.integer]:
        """(slices, rows, cols) class numbers, of the part that the network was run on.

        Raises:
            ValueError: An action of extreme points, or one that the network refuses.
        """
        kind = action["action"]
        if kind not in ("predicted", "refined"):
            raise ValueError(f"the record has a network, but an action {kind!r}: it was damaged")
        part = part_of(action, self._array.shape[:3])
        session, shape = self._session_for(action, part), self._array[part].shape[:3]
        base = labels_of(masks, action["classes"], self._array.shape[:3])[part]
        runs = action.get("scope")
        scope = None if runs is None else decode_runs(runs, shape)
        if kind == "predicted":
            labels = session.predict().labels.reshape(shape)
            return labels if scope is None else np.where(scope, labels, base)
        scribbles = np.full(shape, -1, np.int16)
        for number, lengths in action["scribbles"].items():
            scribbles[decode_runs(lengths, shape)] = int(number)
        return session.refine(
            scribbles,
            options_from(action["options"]),
            base_labels=base,
            scope=scope,
            locked=tuple(action["locked"]),
        ).labels.reshape(shape)

    def _session_for(self, action: Action, part: Box) -> Any:
        from cueseg.refinement import RefinementSession

        ends = tuple((side.start, side.stop) for side in part)
        key = (action["modality"], action["half_cache"], ends)
        if self._session is None or key != self._key:
            self._session = RefinementSession(
                self._network, device=self._device, half_cache=action["half_cache"]
            )
            image = self._array[part].copy()  # laid out in memory as it was in the panel
            self._session.set_image(image, self._spacing, action["modality"], spatial_shape=image.shape[:3])
            self._key = key
        return self._session


def options_from(values: Mapping[str, Any]) -> Any:
    """`RefinementOptions` as `options_as_json` wrote them.

    Raises:
        ValueError: Other settings than this version has.
    """
    from cueseg.refinement import RefinementOptions
    from cueseg.scribbles import GrowthOptions

    unknown = sorted(set(values) - {item.name for item in fields(RefinementOptions)})
    if unknown:
        raise ValueError(
            f"the record has settings of another version, {', '.join(unknown)}: use that version"
        )
    growth = values.get("growth")
    chosen = {**values, "growth": None if growth is None else GrowthOptions(**growth)}
    return RefinementOptions(**chosen)
