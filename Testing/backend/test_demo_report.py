"""The page that `make demo` writes: whole, self-contained, well-formed, and it hides no figure."""

import io
import re
import sys
from html.parser import HTMLParser

import cv2
import numpy as np
import pytest

from project_tree import ROOT

VOID = {"meta", "img", "br", "link"}
METHODS = ("CueSeg", "ellipse", "grabcut")
ORGANS = ("liver", "gall & bladder")


@pytest.fixture(autouse=True)
def _demo_folder(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "Testing/demo"))


@pytest.fixture
def folder(tmp_path):
    """What the three demos leave behind, made up."""
    from figures import Figures

    for name in ("liver", "gall_&_bladder", "cord_before", "cord_after", "box"):
        assert cv2.imwrite(str(tmp_path / f"{name}.png"), np.full((20, 30, 3), 90, np.uint8))
    agreement = {method: [0.5 + at / 10, 0.7 + at / 10] for at, method in enumerate(METHODS)}
    organs = [
        {"name": name, "picture": f"{name.replace(' ', '_')}.png", "slices": [3, 4]}
        | {"agreement": agreement, "seconds": [0.1, 0.25]}
        for name in ORGANS
    ]
    rounds = [
        {"agreement": value, "scribbled": 7 * at, "voxels": 1000, "seconds": 1.0 + at}
        for at, value in enumerate((0.111, 0.222))
    ]
    box = {"name": "spleen", "agreement": [0.333, 0.444], "scribbled": 9, "seconds": [1.0, 2.0]}
    for part, found in (("clicks", organs), ("scribbles", rounds), ("boxes", [box])):
        key = {"clicks": "organs", "scribbles": "rounds", "boxes": "structures"}[part]
        Figures(part).write(tmp_path, device="CPU: chosen", **{key: found})
    return tmp_path


class Page(HTMLParser):
    """Checks that tags are closed in the order in which they were opened; keeps text, pictures and cells."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open, self.pictures, self.heads, self.cells, self.addresses = [], [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.addresses += [found[name] for name in ("src", "href") if name in found]
        if tag == "img":
            self.pictures.append(found)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("h1", "h2"):
            self.heads.append(data)
        if self.open and self.open[-1] == "td":
            self.cells.append(data)


@pytest.fixture
def text(folder, monkeypatch):
    import report

    monkeypatch.setattr(sys, "argv", ["report.py", "--output", str(folder)])
    monkeypatch.setattr(report.webbrowser, "open", lambda address: pytest.fail("opened a browser"))
    report.main()
    return (folder / "index.html").read_text(encoding="utf-8")


def test_the_page_is_well_formed_and_needs_no_other_file(text):
    page = Page(text)
    assert page.open == []
    assert len(page.pictures) == len(ORGANS) + 3
    assert all(address.startswith("data:image/jpeg;base64,") for address in page.addresses)
    assert all(picture["alt"] for picture in page.pictures)
    assert not re.search(r"<script|@import|url\(|https?://", text)


def test_it_goes_from_what_is_seen_to_the_tables_to_the_limits(text):
    heads = Page(text).heads
    assert heads[0].startswith("CueSeg")
    assert heads[-3:] == ["Time", "Limits", "Made with"]
    assert text.index("Four clicks") < text.index("by strokes") < text.index("A box") < text.index("<table>")
    assert "Not a medical device" in text
    assert "Simulated" in text
    assert "prefers-color-scheme: dark" in text


def test_every_figure_of_the_demos_is_in_a_table(text):
    cells = Page(text).cells
    assert cells.count("0.600") == cells.count("0.700") == cells.count("0.800") == len(ORGANS)
    assert {"0.600 ± 0.100", "4", "0.111", "0.222", "0.333", "0.444", "175"} <= set(cells)
    assert text.count('class="best"') == len(ORGANS) + 1  # GrabCut's, not ours, where it is the best


def test_names_are_escaped(text):
    assert "gall &amp; bladder" in text
    assert "gall & bladder" not in text


def test_the_path_is_the_last_line(folder, text, capsys, monkeypatch):
    import report

    report.main()
    assert capsys.readouterr().out.splitlines()[-1] == str((folder / "index.html").resolve())


@pytest.mark.parametrize("missing", ["boxes.json", "cord_after.png"])
def test_what_is_missing_is_named(folder, missing):
    import report

    (folder / missing).unlink()
    with pytest.raises(SystemExit, match=rf"{missing.partition('.')[0]}.*make demo"):
        report.page(folder, report.read_figures(folder))


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("output", "environment", "platform", "opens"),
    [
        (Terminal(), {"DISPLAY": ":0"}, "linux", True),
        (Terminal(), {"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        (Terminal(), {}, "darwin", True),
        (Terminal(), {}, "linux", False),
        (Terminal(), {"DISPLAY": ":0", "CI": "true"}, "linux", False),
        (io.StringIO(), {"DISPLAY": ":0"}, "linux", False),
    ],
)
def test_a_browser_is_opened_only_where_a_person_sits(output, environment, platform, opens):
    import report

    assert report.a_person_watches(output, environment, platform) is opens
