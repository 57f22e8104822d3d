"""What a computation is at, and what it came to: progress, chart, message, and where to look."""

from slicer.i18n import tr as _

from ScribbleRefineLib import Messages


class RoundView:
    """The lower half of the panel's section for refining."""

    def __init__(self, progressBar, messageLabel, jumpButton, plotPane, jumpTo):
        """Take the widgets; `jumpTo` moves the views to a label's scribble and says whether it could."""
        self._progressBar, self._messageLabel, self._jumpButton = progressBar, messageLabel, jumpButton
        self._plotPane, self._jumpTo = plotPane, jumpTo
        self._unsatisfied = []
        jumpButton.connect("clicked(bool)", self.onJump)

    def say(self, text):
        """Show a message, which has no place to jump to."""
        self._messageLabel.text = text
        self._unsatisfied = []
        self._jumpButton.visible = False

    def begin(self, notes):
        """A computation begins."""
        self.say(" ".join(notes))
        self._plotPane.show(None)
        self._progressBar.value = 0

    def showProgress(self, progress, chartNode):
        """Tell how far it is."""
        self._progressBar.value = round(100 * progress.fraction)
        self._messageLabel.text = Messages.textOfProgress(progress, _)
        self._plotPane.show(chartNode)
        self._plotPane.fit()

    def showResult(self, result, names, chartNode):
        """Tell what it came to; `names` gives the names of class numbers."""
        self.say(Messages.textOf(result, names, _))
        self._unsatisfied = Messages.unsatisfiedLabels(result)
        self._jumpButton.visible = bool(self._unsatisfied)
        self._plotPane.show(chartNode)
        self._plotPane.fit()

    def clear(self):
        """Forget everything, before the scene closes."""
        self.say("")
        self._plotPane.show(None)

    def onJump(self, checked=False):
        """Move on to the next label that is not satisfied."""
        while self._unsatisfied:
            index = self._unsatisfied.pop(0)
            if self._jumpTo(index):
                self._unsatisfied.append(index)
                return
        self._jumpButton.visible = False
