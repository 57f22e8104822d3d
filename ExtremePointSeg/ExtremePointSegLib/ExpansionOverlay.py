"""The labels that come of the points, over the slice views."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import slicer

from CueSegMRML import Volumes
from CueSegMRML.HiddenNodes import OverlayStyle, VolumeOverlay

_STYLE = OverlayStyle(
    "Labels of the seven points",
    ((0.0, 0.0, 0.0), (1.0, 0.35, 0.1), (0.35, 0.55, 1.0)),  # background is see-through; object; unknown
    (0.0, 2.0),
    1.0,
    0.4,
)


class ExpansionOverlay:
    """A hidden, unsaved volume, made when first shown."""

    def __init__(self) -> None:
        self._overlay = VolumeOverlay()
        self._node: slicer.vtkMRMLScalarVolumeNode | None = None
        self._of: tuple | None = None

    @property
    def isShown(self) -> bool:
        """Whether the overlay is in the scene."""
        return self._overlay.isShown

    def show(
        self,
        labels: np.ndarray,
        volumeNode: slicer.vtkMRMLVolumeNode,
        composites: Sequence[slicer.vtkMRMLSliceCompositeNode],
    ) -> None:
        """Lay labels over the views; what is shown of the same volume is changed in place.

        :param labels: uint8 (K, J, I) on the volume's grid: 0 background, 1 object, 2 unknown.
        """
        of = volumeNode.GetID(), Volumes.worldFromIJK(volumeNode).tobytes(), labels.shape
        if self.isShown and of == self._of:
            slicer.util.updateVolumeFromArray(self._node, labels)
        else:
            self._node, self._of = self._overlay.show(labels, volumeNode, composites, _STYLE), of

    def hide(self) -> None:
        """Remove it; views get their foreground back, unless it was changed meanwhile."""
        self._overlay.hide()
        self._node = self._of = None
