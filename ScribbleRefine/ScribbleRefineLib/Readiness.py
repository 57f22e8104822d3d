"""What is still missing before the next round can begin."""

from __future__ import annotations

from enum import Enum, auto

import slicer

from CueSegMRML import Volumes


class State(Enum):
    """In the order in which the user has to deal with them."""

    PACKAGES_MISSING = auto()
    NO_VOLUME = auto()
    VOLUME_EMPTY = auto()
    NON_LINEAR_TRANSFORM = auto()
    NO_NETWORK = auto()
    NO_SEGMENTATION = auto()
    NOT_SET_UP = auto()
    LOADING = auto()
    RUNNING = auto()
    NOT_REFINABLE = auto()
    NEEDS_TWO_CLASSES = auto()
    NO_BOX = auto()
    BOX_READY = auto()
    NO_SCRIBBLES = auto()
    NOTHING_NEW = auto()
    READY = auto()

    @property
    def canRefine(self) -> bool:
        """Whether a round can begin."""
        return self in (State.READY, State.NOTHING_NEW)

    @property
    def isOfBox(self) -> bool:
        """Whether one object in a box can be segmented, as soon as there is a box."""
        return self in (State.NO_BOX, State.BOX_READY)

    @property
    def isIdle(self) -> bool:
        """Whether everything is set up and nothing runs."""
        return self.canRefine or self in (State.NO_SCRIBBLES, State.NOT_REFINABLE)

    @property
    def canRunNetwork(self) -> bool:
        """Whether the network can be run as it is, or be set up for that."""
        return self.isIdle or self in (State.NO_SEGMENTATION, State.NOT_SET_UP)


def stateOfInputs(
    packagesMissing: bool,
    volumeNode: slicer.vtkMRMLScalarVolumeNode | None,
    segmentationNode: slicer.vtkMRMLSegmentationNode | None,
    network: str,
) -> State:
    """The first thing in the way of a set-up, or READY."""
    checks = (
        (State.PACKAGES_MISSING, lambda: packagesMissing),
        (State.NO_VOLUME, lambda: volumeNode is None),
        (State.VOLUME_EMPTY, lambda: volumeNode.GetImageData() is None),
        (State.NON_LINEAR_TRANSFORM, lambda: not Volumes.isLinear(volumeNode)),
        (State.NO_NETWORK, lambda: not network),
        (State.NO_SEGMENTATION, lambda: segmentationNode is None),
        (State.NON_LINEAR_TRANSFORM, lambda: not Volumes.isLinear(segmentationNode)),
    )
    return next((state for state, applies in checks if applies()), State.READY)
