"""The section "Report": times, and the record of the session."""

import csv
import json
import tempfile
from pathlib import Path

import slicer

from ScribbleRefineSelfTest.PanelCase import PanelCase


class ReportTests(PanelCase):
    """Mixed into the module's test class."""

    def test_TheReportListsEveryRound(self):
        """User and machine time of each, as a table in the panel and as a file."""
        self.begin()
        self.correctCyst()
        self.assertTrue(self.ui.reportTable.isHidden())
        self.assertRegex(self.ui.reportTimesLabel.text, r"^You \d+ s, machine \d+ s, 2 steps$")
        self.ui.reportButton.click()
        table = self.ui.reportTable
        self.assertEqual(table.horizontalHeaderItem(0).text(), "Segment")
        self.ui.reportKindComboBox.currentIndex = 1
        self.assertEqual(table.rowCount, 3, "initial, one round, sum")
        headings = [table.horizontalHeaderItem(column).text() for column in range(table.columnCount)]
        self.assertEqual(headings[:4], ["Round", "Step", "UT (s)", "MT (s)"])
        self.assertEqual([table.item(row, 1).text() for row in range(2)], ["initial", "refine"])
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "report.csv"
            self.ui.reportPathLineEdit.setCurrentPath(str(path))
            self.ui.saveReportButton.click()
            with path.open(newline="", encoding="utf-8") as file:
                lines = list(csv.reader(file))
        self.assertEqual(lines[0], headings)
        self.assertEqual(len(lines), 4)
        self.ui.reportButton.click()
        self.assertTrue(self.ui.reportTable.isHidden())

    def test_ASessionIsRecordedWhenItIsTicked(self):
        """Off at first; then every action is a line of a text in the scene, which can be saved."""
        self.begin()
        records = self.panel.session.records
        self.assertFalse(self.ui.reportRecordCheckBox.checked)
        self.assertIsNone(records.node)
        self.ui.reportRecordCheckBox.click()
        self.correctCyst()
        self.ui.undoButton.click()
        self.assertEqual(self.ui.recordLabel.text, f"{records.actions} actions are recorded.")
        self.assertFalse(self.ui.saveRecordButton.enabled)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "session.jsonl"
            self.ui.recordPathLineEdit.setCurrentPath(str(path))
            self.ui.saveRecordButton.click()
            lines = path.read_text(encoding="utf-8").splitlines()
        self.assertEqual([json.loads(line)["action"] for line in lines[1:]], ["given", "refined", "undo"])
        slicer.mrmlScene.Clear()
        self.assertFalse(self.ui.reportRecordCheckBox.checked)
