"""The button "Reload" of a panel: the new panel works, and nothing of the old one stays; in a process of its own."""

import subprocess
import sys

import pytest

from project_tree import MODULES, ROOT

SCRIPT = """
import sys
import standin
standin.boot()
from project_tree import MODULES, ROOT
from standin import errors, module_loader, runner
import qt, slicer
name, method = sys.argv[1:]
for module in MODULES:
    module_loader.load_module(ROOT / module).widgetRepresentation()

def shortcuts():
    return len(slicer.util.mainWindow().findChildren(qt.QShortcut))

slicer.util.selectModule(name)
old, keys = getattr(slicer.modules, f"{name}Widget"), shortcuts()
with errors.none_allowed():
    old.onReload()
    slicer.app.processEvents()
    new = getattr(slicer.modules, f"{name}Widget")
assert new is not old
assert len(old.Observations) == 0, "the old panel still observes"
slicer.util.selectModule("")
slicer.util.selectModule(name)
assert shortcuts() == keys, "shortcuts of the old panel stay"
runner.run_self_test(name, f"test_{method}")
"""


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("ExtremePointSeg", "FourClicksInTheRedView"),
        ("ScribbleRefine", "AStrokeIsSatisfiedAndTheLabelFollows"),
    ],
)
def test_a_reloaded_panel_works(name, method):
    folders = [str(ROOT / folder) for folder in (*MODULES, "Testing")]
    start = f"import sys; sys.path[:0] = {folders!r}\n{SCRIPT}"
    command = [sys.executable, "-W", "error", "-c", start, name, method]
    result = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=180)
    assert result.returncode == 0, result.stderr
