"""Links between the pages of the documentation lead somewhere, to the section that they name."""

import re
from functools import cache
from pathlib import Path

import pytest

from project_tree import ROOT, project_files, relative

PAGES = [path for path in project_files() if path.suffix == ".md"]
LINK = re.compile(r"\]\(([^)\s]+)\)|<img src=\"([^\"]+)\"")


def links(text: str) -> list[str]:
    """Targets of links and pictures that stand outside of code."""
    without_code = re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)
    found = ["".join(pair) for pair in LINK.findall(without_code)]
    return [target for target in found if "://" not in target and not target.startswith("mailto:")]


def anchor(heading: str) -> str:
    """As the hosting site makes it of a heading."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


@cache
def anchors(path: Path) -> frozenset[str]:
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    return frozenset(anchor(line.lstrip("#")) for line in text.splitlines() if re.match(r"#+ ", line))


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_links_lead_somewhere(page: Path):
    for target in links(page.read_text(encoding="utf-8")):
        name, _, section = target.partition("#")
        place = (page.parent / name).resolve() if name else page
        assert place.exists(), target
        if section and place.suffix == ".md":
            assert section in anchors(place), target


def test_every_page_is_in_the_index():
    index = (ROOT / "docs/index.md").read_text(encoding="utf-8")
    pages = {path.name for path in PAGES if path.parent == ROOT / "docs"} - {"index.md"}
    assert {name for name in pages if f"]({name})" not in index} == set()


def test_links_in_code_are_none():
    assert links('see [a](b.md#c) and `[x](y)`\n```\n[u](v)\n```\n<img src="p.png">') == ["b.md#c", "p.png"]
    assert anchor(" Segment a whole structure, `here` (1)") == "segment-a-whole-structure-here-1"
