"""The controls of the section "Report", which both panels have: times, their table and file, the session's record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from slicer.i18n import tr as _

from CueSegMRML.ReportTable import saveCsv, textsOf
from CueSegMRML.SessionRecords import SessionRecords
from CueSegMRML.TimeLog import TimeLog

BY_SEGMENT, BY_STEP = range(2)  # rows of the combo box


class ReportSource(NamedTuple):
    """Where the section has its texts from; `report` and `rows` are told whether lines are by segment."""

    times: TimeLog
    records: SessionRecords
    report: Callable[[bool], Any]
    rows: Callable[[bool], list[list[str]]]


class ReportControls:
    """Part of a panel's widget: `show` shows a table of texts and titles, `hide` hides it."""

    isBusy = False

    def __init__(self, ui: Any, source: ReportSource, onError: Callable[[Exception], None]) -> None:
        """Connect the controls.

        :param onError: says what went wrong.
        """
        self.ui, self._source, self._onError = ui, source, onError
        ui.reportKindComboBox.addItems([_("By segment"), _("By step")])
        ui.reportKindComboBox.connect("currentIndexChanged(int)", lambda index: self._do(self._showTable))
        ui.reportButton.connect("clicked(bool)", lambda checked: self._do(self._showTable))
        ui.saveReportButton.connect("clicked(bool)", lambda checked: self._do(self._saveTimes))
        ui.reportRecordCheckBox.connect("toggled(bool)", self._onRecord)
        ui.saveRecordButton.connect("clicked(bool)", lambda checked: self._do(self._saveRecord))
        for path in (ui.reportPathLineEdit, ui.recordPathLineEdit):
            path.connect("currentPathChanged(QString)", lambda text: self.refresh())
        self.hide()
        self.refresh()

    def show(self, lines: list[list[str]], titles: list[str]) -> None:
        """Show a table in the panel."""
        raise NotImplementedError

    def hide(self) -> None:
        """Show no table."""
        raise NotImplementedError

    def follow(self) -> None:
        """The settings changed."""
        self.refresh()

    def refresh(self) -> None:
        """Say how long it took so far; enable what can be done."""
        ui, (times, records, _report, _rows) = self.ui, self._source
        ui.reportTimesLabel.text = _("You {user:.0f} s, machine {machine:.0f} s, {steps} steps").format(
            user=times.allUserSeconds, machine=times.machineSeconds, steps=len(times.rounds)
        )
        known = bool(times.rounds)
        ui.reportButton.enabled = known or ui.reportButton.checked
        ui.saveReportButton.enabled = known and bool(ui.reportPathLineEdit.currentPath)
        ui.saveRecordButton.enabled = records.node is not None and bool(ui.recordPathLineEdit.currentPath)
        if ui.reportRecordCheckBox.checked != records.isOn:
            ui.reportRecordCheckBox.checked = records.isOn
        ui.recordLabel.text = (
            _("{count} actions are recorded.").format(count=records.actions)
            if records.node is not None
            else _("Nothing is recorded.")
        )

    def release(self) -> None:
        """Nothing of the section is in the views."""

    def leaveScene(self) -> None:
        """The record and the times belong to the scene."""
        self._source.records.isOn = False
        self.ui.reportButton.checked = False
        self.hide()
        self.refresh()

    def close(self) -> None:
        """Nothing of the section goes on."""

    @property
    def _bySegment(self) -> bool:
        return self.ui.reportKindComboBox.currentIndex == BY_SEGMENT

    def _do(self, slot: Callable[[], None]) -> None:
        try:
            slot()
        except (ValueError, OSError) as error:
            self._onError(error)
        self.refresh()

    def _showTable(self) -> None:
        if not self.ui.reportButton.checked:
            self.hide()
            return
        try:
            self.show(*textsOf(self._source.report(self._bySegment)))
        except ValueError:
            self.ui.reportButton.checked = False
            self.hide()
            raise

    def _saveTimes(self) -> None:
        saveCsv(self.ui.reportPathLineEdit.currentPath, self._source.rows(self._bySegment))

    def _onRecord(self, checked: bool) -> None:
        self._source.records.isOn = checked
        self.refresh()

    def _saveRecord(self) -> None:
        self._source.records.save(self.ui.recordPathLineEdit.currentPath)
