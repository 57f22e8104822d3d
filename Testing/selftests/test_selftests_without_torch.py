"""Without torch the panels open and name what is missing, and what needs no network works; in a process of its own."""

import subprocess
import sys

from project_tree import ROOT

SCRIPT = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "torch":
            raise ModuleNotFoundError("torch is blocked")

sys.meta_path.insert(0, Blocker())
import standin
standin.boot()
from project_tree import MODULES, ROOT
from standin import module_loader, runner
import slicer
for name in MODULES:
    module_loader.load_module(ROOT / name)
panel = slicer.modules.extremepointseg.widgetRepresentation().self()
slicer.util.selectModule("ExtremePointSeg")
print(panel.ui.hintLabel.text)
for method in ("MissingPackagesAreNamed", "FourClicksInTheRedView", "TheShippedNetworkFindsTheSpleen"):
    runner.run_self_test("ExtremePointSeg", f"test_{method}")
slicer.util.selectModule("ScribbleRefine")
for method in ("MissingPackagesAreNamed", "ThePanelAndItsSettingsAgree"):
    runner.run_self_test("ScribbleRefine", f"test_{method}")
assert "torch" not in sys.modules
"""


def test_the_panels_without_torch():
    folders = [
        str(ROOT / folder) for folder in ("CueSegBackend", "ExtremePointSeg", "ScribbleRefine", "Testing")
    ]
    command = [sys.executable, "-W", "error", "-c", f"import sys; sys.path[:0] = {folders!r}\n{SCRIPT}"]
    result = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=120)
    assert result.returncode == 0, result.stderr
    assert "PyTorch" in result.stdout
    assert "Extensions Manager" in result.stdout
