"""What the section "From slices to a volume" shows: how things stand, what can be done, the marks of the slices."""

import slicer
from slicer.i18n import tr as _

from CueSegMRML.SliceStacks import stackOf
from ExtremePointSegLib import WholeVolumeMessages as Messages
from ExtremePointSegLib.WholeVolumeStrip import legend, stripOf
from ExtremePointSegWidgets.VolumeControls import AXES


class VolumeMarks:
    """Base of the section, which has `ui`, `panel`, `whole`, `derived`, `slices` and `nodes`."""

    @property
    def hasNetwork(self):
        """Whether the network can be run."""
        return not self.panel.missingText and bool(self.panel.models)

    def refresh(self):
        """Say how things stand; enable what can be done."""
        if not self.isOpen:
            self._observePoints(None)
            self.derived.hide()
            return
        obstacle = self.obstacle
        if obstacle:
            self.slices = self._stamp = None
        else:
            self._takeSlices()
        need = obstacle or Messages.needOf(self.slices, self.nodes[2], self.nodes[0], _)
        self.ui.volumeHintLabel.text = "\n".join(filter(None, (*self._state(), need)))
        self.ui.volumeResultLabel.text = self._progress or self._message
        self._enable(need)
        self._showAxes()
        self._showStrip()
        self._showPoints()

    def _state(self):
        """What the segment is made of, and what else to know."""
        if self.slices is None:
            return []
        volume, views = self.nodes[2], slicer.util.getNodesByClass("vtkMRMLSliceNode", self._scene)
        texts = [Messages.describe(self.slices, self._outdated, _)]
        texts.append(Messages.obliqueHint(self.slices, volume, views, _))
        if self._settings().volumeNetwork and not self.hasNetwork:
            texts.append(_("The network is not there, so slices are filled by shape only."))
        if Messages.isHidden(*self.nodes[:2]):
            texts.append(_("The segment is hidden."))
        return texts

    def _enable(self, need):
        ui, busy, slices = self.ui, self.whole.queue.busy, self.slices
        hasSlices = slices is not None and bool(slices.kinds)
        isMade = hasSlices and any(index in slices.kinds for index in slices.between)
        fill = _("Update between slices") if isMade else _("Fill between slices")
        ui.volumeFillButton.text = _("Cancel") if busy else fill
        ui.volumeFillButton.enabled = busy or not need
        ui.volumeNextButton.enabled = self._suggested is not None and slices is not None
        canCarry = hasSlices and self.hasNetwork and not busy and Messages.isWritable(slices, *self.nodes)
        sides = slices.stack.sides if slices is not None else ("", "")
        for button, side in zip((ui.volumeLowButton, ui.volumeHighButton), sides, strict=True):
            button.enabled = canCarry
            button.text = _("Carry on to {side}").format(side=_(side)) if side else _("Carry on")

    def _showAxes(self):
        """List the directions, with the number of clicked slices."""
        box, texts, current = self.ui.volumeAxisComboBox, [], -1
        if self.slices is not None:
            current = AXES.index(self.slices.stack.axis)
            for axis in AXES:
                direction, count = _(stackOf(self.nodes[2], axis).direction), self.slices.clicked.get(axis, 0)
                texts.append(_("{direction}, {count} clicked").format(direction=direction, count=count))
        wasBlocked = box.blockSignals(True)
        if [box.itemText(n) for n in range(box.count)] != texts:
            box.clear()
            box.addItems(texts)
        box.currentIndex = current
        box.enabled = bool(texts) and not self.whole.queue.busy
        box.blockSignals(wasBlocked)

    def _showStrip(self):
        label, before = self.ui.volumeStripLabel, self._strip
        self._strip = None
        if self.slices is not None:
            self._strip = stripOf(self.slices, self._suggested, self._outdated, _)
        if self._strip != before:
            label.text = self._strip.html if self._strip is not None else ""
            label.toolTip = legend(_)

    def _showPoints(self):
        if self.slices is None or not self.hasNetwork:
            self._observePoints(None)
            self.derived.hide()
        elif not self.whole.queue.busy and not self._pause.active:  # else somebody drags one of them
            views = slicer.util.getNodesByClass("vtkMRMLSliceNode", self._scene)
            self.derived.show(self.slices, self._moved, views, self.nodes[2])
            self._observePoints(self.derived.node)
