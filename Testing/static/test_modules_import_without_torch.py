"""With torch blocked every module file imports, opens fast, and says what to install."""

import json
import subprocess
import sys

import pytest

from project_tree import MODULES, ROOT

SCRIPT = """
import json, sys, time, unittest
from types import SimpleNamespace

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] == 'torch':
            raise ModuleNotFoundError('torch is blocked')

sys.meta_path.insert(0, Blocker())
import module_standins
app = module_standins.install()
import slicer
view = slicer.vtkMRMLSliceNode()
view.SetLayoutName('Red')
app.scene.AddNode(view)
view.SetOrientationToAxial()

report = {'parents': {}, 'tests': {}, 'seconds': {}}
logics, start = {}, time.process_time()
for name in sys.argv[1:]:
    module = __import__(name)
    parent = SimpleNamespace()
    getattr(module, name)(parent)
    report['parents'][name] = vars(parent)
    logics[name] = getattr(module, name + 'Logic')()
    report['seconds'][name] = time.process_time() - start
    start = time.process_time() if name != 'CueSegBackend' else start
logic = logics['ExtremePointSeg']
report['message'] = logic.panel.missingText
report['device'] = logic.panel.deviceText
settings = logic.getParameterNode()
report['state'] = logic.panel.stateOf(settings).name
report['hint'] = logic.panel.hintFor(settings, str)
report['backend'] = sys.modules['CueSegBackend'].CueSegBackendLogic().missingText()
for test in ('CueSegBackendTest',):
    case = getattr(sys.modules[test.removesuffix('Test')], test)
    names = [name for name in unittest.defaultTestLoader.getTestCaseNames(case) if 'Packages' in name]
    result = unittest.TestSuite(map(case, names)).run(unittest.TestResult())
    problems = [text for _, text in result.errors + result.failures]
    report['tests'][test] = {'run': result.testsRun, 'problems': problems}
report['torch'] = 'torch' in sys.modules
print(json.dumps(report))
"""


@pytest.fixture(scope="module")
def report() -> dict:
    paths = [str(ROOT / folder) for folder in (*MODULES, "Testing")]
    start = f"import sys; sys.path[:0] = {paths!r}\n{SCRIPT}"
    command = [sys.executable, "-W", "error", "-c", start, *MODULES]
    result = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=120)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])


def test_every_module_file_imports_and_describes_itself(report):
    assert list(report["parents"]) == list(MODULES)
    for name, parent in report["parents"].items():
        for field in ("title", "categories", "contributors", "helpText", "acknowledgementText"):
            assert parent[field], (name, field)
        assert parent["dependencies"] == ([] if name == "CueSegBackend" else ["CueSegBackend"])
        assert bool(parent.get("hidden")) == (name == "CueSegBackend")


def test_the_panel_says_what_to_install_and_where(report):
    for text in (report["message"], report["hint"], report["backend"]):
        assert "PyTorch" in text
        assert "Extensions Manager" in text
    assert report["device"] == "○ PyTorch is not installed"
    assert report["state"] == "PACKAGES_MISSING"


def test_nothing_imports_torch_behind_the_users_back(report):
    assert report["torch"] is False


def test_the_panels_own_code_starts_in_half_a_second(report):
    """Of processor time: other work on the machine does not count. The first panel's holds what both share."""
    assert set(report["seconds"]) == set(MODULES)
    assert max(report["seconds"].values()) < 0.5


def test_self_tests_of_the_modules_pass_on_stand_ins(report):
    for name, result in report["tests"].items():
        assert result["problems"] == [], name
        assert result["run"] > 0, name
