"""CMake ships what is on disk, requirements are written once, and README commands exist."""

import re
import tomllib

import pytest

from project_tree import MODULES, PANELS, ROOT, project_files, relative

LISTED = re.compile(r"^\s+(\S+\.\w+)$", re.MULTILINE)


def listed_files(module: str) -> set[str]:
    """Entries of the lists in a panel's CMakeLists.txt."""
    text = (ROOT / module / "CMakeLists.txt").read_text(encoding="utf-8")
    return {name.replace("${MODULE_NAME}", module) for name in LISTED.findall(text)}


def shipped_files(module: str) -> set[str]:
    """Files of a module that belong into the installation, relative to its folder."""
    prefix = f"{module}/"
    files = {relative(p).removeprefix(prefix) for p in project_files() if relative(p).startswith(prefix)}
    if module == "CueSegBackend":
        parts = ("cueseg/", "CueSegMRML/", "CueSegBackendSelfTest/", "Resources/", "CueSegBackend.py")
        files = {name for name in files if name.startswith(parts)}
    return files - {"CMakeLists.txt"}


@pytest.mark.parametrize("panel", PANELS)
def test_panels_list_exactly_the_files_on_disk(panel):
    assert listed_files(panel) == shipped_files(panel)


def test_the_backend_globs_cover_every_file():
    text = (ROOT / "CueSegBackend" / "CMakeLists.txt").read_text(encoding="utf-8")
    assert text.count("CONFIGURE_DEPENDS") == text.count("GLOB_RECURSE") == 2
    covered = (
        "cueseg/**/*.py",
        "CueSegMRML/**/*.py",
        "CueSegBackendSelfTest/**/*.py",
        "cueseg/py.typed",
        "cueseg/weights/*.json",
        "cueseg/weights/*.pt",
        "cueseg/networks/shipped/*.json",
        "cueseg/networks/shipped/*.pt",
        "Resources/SampleData/*",
    )
    base = ROOT / "CueSegBackend"
    found = {p.relative_to(base).as_posix() for pattern in covered for p in base.glob(pattern)}
    found |= {"CueSegBackend.py", "Resources/requirements.txt"}
    assert shipped_files("CueSegBackend") - found == set()


def test_no_two_modules_install_to_the_same_path():
    paths = [name for module in MODULES for name in shipped_files(module)]
    assert len(paths) == len(set(paths))


def test_all_modules_are_built():
    text = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
    assert f"set(CUESEG_MODULES {' '.join(MODULES)})" in text
    assert 'set(EXTENSION_DEPENDS "PyTorch")' in text


def test_extension_metadata_fits_one_line_each():
    text = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
    for name in ("HOMEPAGE", "CONTRIBUTORS", "DESCRIPTION", "ICONURL", "SCREENSHOTURLS", "DEPENDS"):
        assert re.search(rf'^set\(EXTENSION_{name} ".*"\)$', text, re.MULTILINE), name


def test_requirements_are_written_once():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    source = project["tool"]["setuptools"]["dynamic"]["dependencies"]["file"]
    assert source == ["CueSegBackend/Resources/requirements.txt"]
    assert "dependencies" not in project["project"]
    others = [relative(p) for p in project_files() if re.fullmatch(r"requirements.*\.txt", p.name)]
    assert others == source


def test_requirements_are_plain_lines_that_slicer_can_read_too():
    lines = (ROOT / "CueSegBackend/Resources/requirements.txt").read_text(encoding="utf-8").splitlines()
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+>=[0-9.]+", line) for line in lines if line)


def test_commands_of_the_readme_exist():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    rules = re.findall(r"^([\w. -]+):(?!=)", makefile, re.MULTILINE)
    targets = {word for rule in rules for word in rule.split()}
    used = {word for line in re.findall(r"\bmake ([a-z][\w -]*)", readme) for word in line.split()[:1]}
    assert {"demo", "test"} <= used
    assert used <= targets


def test_files_that_the_readme_links_exist():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)", readme) if "://" not in link]
    assert [link for link in links if not (ROOT / link).exists()] == []
