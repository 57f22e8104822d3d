"""The panel with a box around one object, and what the backend makes of the same box."""

import numpy as np
import slicer

from ScribbleRefineLib.Settings import Method
from ScribbleRefineSelfTest import Gestures, Phantom
from ScribbleRefineSelfTest.PanelCase import PanelCase

FEW = 2  # alternations


class BoxCase(PanelCase):
    """Base of the tests of boxes."""

    def beginWithBox(self, corners):
        """Choose method and network, and draw a box."""
        self.ui.methodComboBox.currentIndex = list(Method).index(Method.BOX)
        self.importNetwork(Phantom.objectNetworkFile())
        self.ui.alternationsSpinBox.value = FEW
        self.drawBox(corners)

    def drawBox(self, corners):
        """Draw a box by two clicks; it is as deep as it is wide and high in the mean."""
        self.ui.drawBoxButton.click()
        self.assertTrue(self.ui.boxPlaceWidget.placeModeEnabled)
        for corner in corners:
            Gestures.click("Red", Phantom.worldOf(self.volume, corner))
        self.assertFalse(self.ui.boxPlaceWidget.placeModeEnabled)
        self.waitUntilIdle()

    def inBox(self):
        """Bool (slices, rows, columns), by the box's own test of every voxel."""
        places = [Phantom.worldOf(self.volume, voxel) for voxel in np.ndindex(Phantom.SHAPE)]
        inside = [self.settings.box.IsPointInROIWorld(place) for place in places]
        return np.array(inside).reshape(Phantom.SHAPE)

    def corners(self):
        """Voxels (x, y, z) of the box that was computed in."""
        return self.panel.session._space.history.box.key[1]

    def directly(self, corners, *rounds):
        """What the backend makes of a box, and of scribbles round after round, without the panel."""
        from cueseg import BifsegOptions, BifsegSession, load_network

        session = BifsegSession(load_network(Phantom.objectNetworkFile()))
        image = slicer.util.arrayFromVolume(self.volume)
        session.set_image(image, spacing=Phantom.SPACING[::-1], spatial_shape=image.shape)
        session.set_box(corners)
        return [session.segment(painted, BifsegOptions(alternations=FEW)) for painted in rounds]

    def painted(self):
        """The scribbles as the backend wants them."""
        array = np.full(Phantom.SHAPE, -1, np.int16)
        array[self.scribbles("background")], array[self.scribbles("object")] = 0, 1
        return array

    def assertSameWeights(self, result):
        """The weights that the panel keeps are those of a result."""
        kept = self.panel.session._space.history.weights.tensors
        for name, tensor in result.delta.tensors.items():
            np.testing.assert_array_equal(kept[name].numpy(), tensor.numpy(), name)
