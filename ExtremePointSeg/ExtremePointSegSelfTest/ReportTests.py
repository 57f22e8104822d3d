"""The section "Report": times and clicks, the record of the session, a simulated user."""

import csv
import json
import tempfile
from pathlib import Path

import numpy as np
import slicer

from ExtremePointSegSelfTest.PanelCase import PanelCase


class ReportTests(PanelCase):
    """Mixed into the module's test class."""

    def test_TimesAndClicksAreListed(self):
        """By segment and by step, as a table of the scene and as a file; nothing before the first slice."""
        self.ui.reportCollapsibleButton.collapsed = False
        self.assertFalse(self.ui.reportButton.enabled)
        self.segmentRing("Red")
        self.assertRegex(self.ui.reportTimesLabel.text, r"^You \d+ s, machine \d+ s, 1 steps$")
        self.assertTrue(self.ui.reportTableLabel.isHidden())
        self.ui.reportButton.click()
        self.assertIn(">4</td>", self.ui.reportTableLabel.text)
        self.assertFalse(self.ui.reportTableLabel.isHidden())
        self.ui.reportKindComboBox.currentIndex = 1
        self.assertIn("slice", self.ui.reportTableLabel.text)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "times.csv"
            self.ui.reportPathLineEdit.setCurrentPath(str(path))
            self.ui.saveReportButton.click()
            with path.open(newline="", encoding="utf-8") as file:
                lines = list(csv.reader(file))
        self.assertEqual([line[0] for line in lines], ["Round", "1", "Total"])

    def test_ASessionIsRecordedWhenItIsTicked(self):
        """Off at first; then every action is a line of a text in the scene, which can be saved."""
        self.segmentRing("Red")
        records = self.panel.session.recorder.records
        self.assertIsNone(records.node)
        self.ui.reportRecordCheckBox.click()
        self.segmentRing("Red", center=self.center(0, 0, 6))
        self.ui.undoButton.click()
        self.assertEqual(self.ui.recordLabel.text, f"{records.actions} actions are recorded.")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "session.jsonl"
            self.ui.recordPathLineEdit.setCurrentPath(str(path))
            self.ui.saveRecordButton.click()
            text = path.read_text(encoding="utf-8")
        actions = [json.loads(line) for line in text.splitlines()[1:]]
        self.assertEqual([action["action"] for action in actions], ["given", "slice", "undo"])
        self.assertEqual([action["besides"] for action in actions], [{}] * 3)
        self.assertNotIn("abdomen", text)
        slicer.mrmlScene.Clear()
        self.assertFalse(self.ui.reportRecordCheckBox.checked)

    def test_ASimulatedUserTriesAReference(self):
        """It clicks every slice in the background, can be given up, and changes no segment."""
        self.ui.reportCollapsibleButton.collapsed = False
        self.addSegment()
        voxels = slicer.util.arrayFromVolume(self.volume)
        mask = np.zeros(voxels.shape, np.uint8)
        mask[9:12, 12:40, 40:86] = 1
        nodes = (self.settings.segmentation, self.settings.segmentId, self.volume)
        slicer.util.updateSegmentBinaryLabelmapFromArray(mask, *nodes)
        self.widget.refresh()
        self.assertEqual(self.ui.reportReferenceComboBox.count, 1)
        before = self.voxelCount()
        self.double.gate.clear()
        self.ui.reportRobotButton.click()
        self.assertEqual(self.ui.reportRobotButton.text, "Cancel")
        self.ui.reportRobotButton.click()
        self.double.gate.set()
        self.waitUntilIdle()
        self.assertEqual(slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLTableNode"), 0)
        self.ui.reportRobotButton.click()
        self.waitUntilIdle()
        self.assertRegex(self.ui.reportMessageLabel.text, r"^Simulated user: Dice 0\.\d+ after 12 clicks, ")
        table = slicer.util.getNode("Simulated user").GetTable()
        self.assertEqual(table.GetNumberOfRows(), 3)
        self.assertEqual(table.GetValue(0, 0).ToString(), "simulated user")
        self.assertFalse(self.ui.reportPlotContainer.isHidden())
        self.assertEqual(self.voxelCount(), before)
