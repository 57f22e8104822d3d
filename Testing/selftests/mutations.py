"""Breaks the panels in ways that happen, one at a time on a copy, and lists the tests that notice.

    python Testing/selftests/mutations.py [name ...]

Not a test: it takes about twenty minutes. It ends with an error if a mutation goes unnoticed.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODULE = "ExtremePointSeg/ExtremePointSeg.py"
LIB = "ExtremePointSeg/ExtremePointSegLib"
WIDGETS = "ExtremePointSeg/ExtremePointSegWidgets"
UI = "ExtremePointSeg/Resources/UI/ExtremePointSeg.ui"
MRML = "CueSegBackend/CueSegMRML"
KEYS = f"{MRML}/Keys.py"  # held down in the panel with scribbles alone
SCRIBBLES = "ScribbleRefine/ScribbleRefine"  # and what follows: .py, Lib, Widgets
TESTS = ("Testing/selftests/test_selftests.py", "--maxfail=4", "-k")


@dataclass(frozen=True)
class Mutation:
    """One replacement in one file."""

    name: str
    file: str
    old: str
    new: str

    @property
    def tests(self) -> str:
        """Those of the panel that is broken; what both share is seen in either."""
        return f"test_method and {'Scribble' if 'ScribbleRefine' in self.file or self.file == KEYS else 'Extreme'}"


MUTATIONS = (
    Mutation("unbind a parameter", UI, "<string>keepExisting</string>", "<string></string>"),
    Mutation("wrong signal name", MODULE, '"toggled(bool)"', '"toggle(bool)"'),
    Mutation("wrong signal for a slot", MODULE, '"timeout()"', '"objectNameChanged(QString)"'),
    Mutation("typo in a .ui name", UI, 'name="undoButton"', 'name="undoBotton"'),
    Mutation(
        "swap x and y", f"{MRML}/Slices.py", "    return image[:, :2]\n", "    return image[:, 1::-1]\n"
    ),
    Mutation(
        "forget the volume's parent transform",
        f"{MRML}/Volumes.py",
        "return worldFromLocal(volumeNode) @ localFromIJK(volumeNode)",
        "return localFromIJK(volumeNode)",
    ),
    Mutation(
        "write to the wrong segment",
        f"{LIB}/Panel.py",
        "            settings.segmentId,\n            settings.points,\n            settings.modality",
        "            settings.segmentation.GetSegmentation().GetNthSegmentID(0),\n"
        "            settings.points,\n            settings.modality",
    ),
    Mutation(
        "drop undo",
        f"{LIB}/Session.py",
        "        self.editing.beforeChange = self.history.remember\n",
        "        self.history.remember = lambda *nodes: None\n",
    ),
    Mutation("a drag is an undo step of its own", f"{LIB}/Session.py", "key=key, ", ""),
    Mutation(
        "points do not come back",
        f"{LIB}/PointSet.py",
        "setLocalPoints(self.node, state.positions)",
        "definedIndices(self.node)",
    ),
    Mutation(
        "undo computes again",
        f"{LIB}/PointSet.py",
        "self._settled, self._number = ControlPoints",
        "_, self._number = ControlPoints",
    ),
    Mutation("leak an observer", MODULE, "            self.removeObservers(self.onPointsModified)\n", ""),
    Mutation(
        "block the GUI thread",
        f"{MRML}/BackgroundTask.py",
        "        self._tasks.append(task)\n        return task",
        "        task.future.exception()\n        self._tasks.append(task)\n        return task",
    ),
    Mutation(
        "compute on the GUI thread",
        f"{MRML}/BackgroundTask.py",
        "task.future = self._executor.submit(work, task)",
        "task.future.set_result(work(task))",
    ),
    Mutation("forget the clean-up in exit()", MODULE, "        self.panel.release(parameterNode)\n", ""),
    Mutation(
        "forget to end place mode in exit()",
        MODULE,
        "        self.ui.placeWidget.setPlaceModeEnabled(False)\n        parameterNode",
        "        parameterNode",
    ),
    Mutation("forget the closed scene", MODULE, "        self.panel.session.closeScene()\n", ""),
    Mutation(
        "write although the segmentation is gone",
        f"{LIB}/Session.py",
        "if any(node.GetScene() is None for node in nodes)",
        "if False",
    ),
    Mutation("five points make a set", f"{LIB}/PointSet.py", "> SET_SIZE or", "> SET_SIZE + 1 or"),
    Mutation("points of two slices mix", f"{LIB}/PointSet.py", "return self.spread < 0.5", "return True"),
    Mutation("the point under the cursor counts", f"{MRML}/ControlPoints.py", "== defined]", ">= 0]"),
    Mutation(
        "the first segment is chosen after each write",
        f"{LIB}/Panel.py",
        "if settings.segmentId not in found:",
        "if True:",
    ),
    Mutation(
        "settings bound while a scene loads",
        f"{MRML}/SceneEvents.py",
        "        self.addObserver(scene, scene.StartImportEvent, self.onSceneStartImport)\n",
        "",
    ),
    Mutation(
        "the threshold is not passed on",
        f"{LIB}/Panel.py",
        "            settings.threshold,\n",
        "            None,\n",
    ),
    Mutation(
        "the last slice is looked at again",
        f"{LIB}/SegmentFromPoints.py",
        "if task.imageKey != self._imageKey",
        "if self._imageKey is None",
    ),
    Mutation(
        "place button and place mode part",
        MODULE,
        '        ui.placeWidget.connect("activeMarkupsPlaceModeChanged(bool)", ui.placeButton.setChecked)\n',
        "",
    ),
    Mutation(
        "training ends with the scene",
        f"{WIDGETS}/TrainingSection.py",
        "self.training.leaveScene()",
        "self.training.close()",
    ),
    Mutation(
        "stop lets a training go on",
        f"{LIB}/Training.py",
        "            self._process.stop()\n",
        "            pass\n",
    ),
    Mutation("a case is replaced unasked", f"{LIB}/TrainingSet.py", "and not replaceCase", "and False"),
    Mutation("the network stays here", f"{LIB}/Training.py", '"network", str(', '"net", str('),
    Mutation(
        "the scope is forgotten",
        f"{SCRIBBLES}Lib/Panel.py",
        "self.session.refine(options, *calls, scope)",
        "self.session.refine(options, *calls)",
    ),
    Mutation("locks do not reach the table", f"{SCRIBBLES}Lib/LabelTable.py", "= bool(locked)", "= False"),
    Mutation(
        "strokes go to the first label",
        f"{SCRIBBLES}Widgets/PanelSlots.py",
        "labels.row(index).scribbleSegmentId",
        "labels.row(0).scribbleSegmentId",
    ),
    Mutation(
        "stop does nothing",
        f"{SCRIBBLES}Widgets/PanelSlots.py",
        "            self.panel.session.stop()\n",
        "            pass\n",
    ),
    Mutation(
        "Escape does nothing",
        f"{SCRIBBLES}Widgets/PanelSlots.py",
        "            self.panel.session.cancel()\n",
        "            pass\n",
    ),
    Mutation(
        "keys stay",
        f"{SCRIBBLES}.py",
        "            self.keys.uninstall()\n            self.report",
        "            self.report",
    ),
    Mutation("the brush stays", f"{SCRIBBLES}.py", "            self.brush.leave()\n", ""),
    Mutation("maps stay", f"{SCRIBBLES}.py", "        self.panel.session.releaseViews()\n", ""),
    Mutation(
        "a stroke of an earlier round is undone",
        f"{SCRIBBLES}Widgets/PanelSlots.py",
        "        self.brush.forgetStrokes()\n        if self._parameterNode",
        "        if self._parameterNode",
    ),
    Mutation(
        "scribbles overlap",
        f"{SCRIBBLES}Lib/Panel.py",
        "node.SetOverwriteMode(node.OverwriteAllSegments)",
        "node.SetOverwriteMode(node.OverwriteNone)",
    ),
    Mutation(
        "the method's rate is taken", f"{SCRIBBLES}Lib/Settings.py", "=settings.learningRate or", "=None and"
    ),
    Mutation("the key is held for ever", KEYS, '"timeout()", self.release', '"timeout()", self.press'),
    Mutation(
        "earlier scribbles always count", f"{SCRIBBLES}Lib/Settings.py", "=settings.keepScribbles,", "=True,"
    ),
)


def run(mutation: Mutation, folder: Path) -> list[str]:
    """Tests that fail on a copy of the project with this mutation."""
    copy = folder / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    ignored = shutil.ignore_patterns(".git", ".venv", ".cache", "runs", "output", "build", "__pycache__")
    shutil.copytree(ROOT, copy, ignore=ignored)
    path = copy / mutation.file
    text = path.read_text(encoding="utf-8")
    if text.count(mutation.old) != 1:
        raise SystemExit(f"{mutation.name}: found {text.count(mutation.old)} times in {mutation.file}")
    path.write_text(text.replace(mutation.old, mutation.new), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *TESTS, mutation.tests]
    output = subprocess.run(
        command, cwd=copy, capture_output=True, encoding="utf-8", timeout=900, check=False
    ).stdout
    lines = re.findall(r"^(?:FAILED|ERROR) (\S+)", output, re.MULTILINE)
    if not lines and not re.search(r"\d+ passed", output):
        lines = ["the panel does not open"]
    return [re.sub(r".*-test_|\]$", "", line) for line in lines]


def main(names: list[str]) -> int:
    """Run them all, or those that are named."""
    unnoticed = []
    with tempfile.TemporaryDirectory() as folder:
        for mutation in MUTATIONS:
            if names and mutation.name not in names:
                continue
            caught = run(mutation, Path(folder))
            print(f"{mutation.name}: {', '.join(caught) or 'NOT NOTICED'}", flush=True)
            unnoticed += [] if caught else [mutation.name]
    return 1 if unnoticed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
