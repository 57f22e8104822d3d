"""The section "Report": what the user and the machine took, and the record of the session."""

import qt

from CueSegMRML.ReportControls import ReportControls, ReportSource
from ScribbleRefineWidgets.Tables import fillTable

INTERVAL = 1000  # milliseconds between two looks at the clock


class ReportSection(ReportControls):
    """Part of the panel's widget."""

    def __init__(self, ui, session, onError):
        """Connect the controls to a session."""
        source = ReportSource(session.timeLog, session.records, session.report, session.reportRows)
        super().__init__(ui, source, onError)
        self._timer = qt.QTimer()
        self._timer.setInterval(INTERVAL)
        self._timer.connect("timeout()", self.refresh)

    def follow(self):
        """Let the times run while the panel is in front."""
        self._timer.start()
        super().follow()

    def release(self):
        """Look no more."""
        self._timer.stop()

    def close(self):
        """Look no more."""
        self._timer.stop()

    def show(self, lines, titles):
        """Show the table."""
        fillTable(self.ui.reportTable, lines, titles)
        self.ui.reportTable.visible = True

    def hide(self):
        """Show no table."""
        self.ui.reportTable.visible = False
