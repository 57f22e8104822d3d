"""The entry for the Extensions Catalog: its schema, and that it agrees with CMakeLists.txt."""

import json
import re

import pytest

from project_tree import MODULES, ROOT, project_files

ENTRY = json.loads((ROOT / "docs/catalog/CueSeg.json").read_text(encoding="utf-8"))
CMAKE = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
ANSWERS = (ROOT / "docs/catalog/README.md").read_text(encoding="utf-8")
# Of schema v1.0.1, which allows no others.
FIELDS = {
    "$schema": str,
    "category": str,
    "scm_url": str,
    "scm_revision": str,
    "scm_type": str,
    "build_dependencies": list,
    "build_subdirectory": str,
    "enabled": bool,
    "tier": int,
}


def variable(name: str) -> str:
    return re.search(rf'^set\(EXTENSION_{name} "(.*)"\)$', CMAKE, re.MULTILINE)[1]


def test_the_entry_follows_its_schema():
    assert set(ENTRY) <= set(FIELDS)
    assert {"$schema", "category", "scm_url"} <= set(ENTRY)
    assert {name: type(value) for name, value in ENTRY.items()} == {name: FIELDS[name] for name in ENTRY}
    assert ENTRY["tier"] in (1, 3, 5)
    assert ENTRY["$schema"].endswith("slicer-extension-catalog-entry-schema-v1.0.1.json#")


def test_the_entry_agrees_with_cmake():
    assert re.search(r"^project\((\w+)", CMAKE, re.MULTILINE)[1] == "CueSeg"
    assert ENTRY["category"] == variable("CATEGORY")
    assert ENTRY["build_dependencies"] == variable("DEPENDS").split()
    assert ENTRY["build_subdirectory"] == variable("BUILD_SUBDIRECTORY")
    assert ENTRY["scm_url"].removesuffix(".git") == variable("HOMEPAGE")


@pytest.mark.parametrize("name", ["ICONURL", "SCREENSHOTURLS"])
def test_pictures_are_files_of_the_repository(name):
    for address in variable(name).split():
        path = address.partition("/main/")[2]
        assert path.endswith((".png", ".jpg", ".gif"))
        assert (ROOT / path).exists(), path


def test_every_placeholder_is_named_as_such():
    contributors = variable("CONTRIBUTORS")
    for module in MODULES:
        text = (ROOT / module / f"{module}.py").read_text(encoding="utf-8")
        assert f'contributors = ["{contributors}"]' in text, module
    named = ANSWERS.partition("## What only the owner can fill in")[2].partition("## Tier 1")[0]
    for placeholder in (contributors, variable("HOMEPAGE").removeprefix("https://"), "scm_url", "tier"):
        assert placeholder in named


def test_every_line_of_the_checklist_has_an_answer():
    lines = [line for line in ANSWERS.splitlines() if line.startswith("| ") and "---" not in line]
    begin = next(n for n, line in enumerate(lines) if line.startswith("| requirement"))
    end = next(n for n, line in enumerate(lines) if line.startswith("| question"))
    checked = [line for line in lines[begin:end] if not line.startswith("| requirement")]
    assert len(checked) > 20
    for line in checked:
        assert re.match(r"\| .+ \| \*\*(yes|no|owner|partly)\*\*", line), line


def test_the_repository_stays_small():
    assert sum(path.stat().st_size for path in project_files()) < 100e6
