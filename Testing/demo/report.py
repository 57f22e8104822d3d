"""One page of what the three demos found, for readers who have no Slicer.

python Testing/demo/report.py --output output/demo

Reads the figures and pictures that `demo.py`, `scribble_demo.py` and `box_demo.py` left in the folder, and writes
`index.html` with everything in it: no other file, no script, nothing from the network. Opens it where a person sits.
"""

import argparse
import base64
import os
import sys
import webbrowser
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any, TextIO

import cv2
from figures import read_figures
from report_tables import box_table, click_table, machine_list, scribble_table, time_list

from cueseg.whole_files import write_whole

FIRST = ("liver", "spleen", "spinal cord")  # organs whose pictures are shown at once
JPEG_QUALITY = 88
STYLE = Path(__file__).with_name("report.css")

LEAD = (
    "CueSeg turns a few clicks, strokes or a box into the outline of an organ, inside 3D Slicer, on an ordinary "
    "computer; this page shows what it just did on this machine with real CT images of the torso."
)
SIMULATED = (
    "<strong>Simulated:</strong> nobody clicked. A program clicked and painted as a careful user would, on labels "
    "that another network (TotalSegmentator) had written; no clinician drew or checked them. <strong>Real:</strong> "
    "the CT, the shipped networks, the modules' own code, and the times."
)
LIMITS = (
    "<strong>Not a medical device.</strong> Research software; not for diagnosis or treatment. Look at every outline "
    "before you rely on it.",
    "<strong>Agreement is not accuracy.</strong> It says how much an outline overlaps with labels that a network "
    "wrote, and these have errors of their own. Measurements against clinicians' contours are in "
    "<code>docs/benchmarks.md</code>.",
    "<strong>One image per demo, one run.</strong> The three slices of an organ are not independent of each other. "
    "The simulated user never slips.",
    "<strong>Some settings were chosen on what is shown:</strong> the strengths of the steps and of the keep term in "
    "the demo of strokes, on this very image. No weights were trained on these images.",
    "Four clicks outline one slice. Small, thin and divided structures come out worst: see the table.",
)


def page(folder: Path, figures: Mapping[str, Any]) -> str:
    """The whole page, from the figures of the parts and the pictures in the folder."""
    rounds = figures["scribbles"]["rounds"]
    style = STYLE.read_text(encoding="utf-8")
    return "\n".join(
        [
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>CueSeg: what the demo found</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>",
            f'<h1>CueSeg: a few clicks, one organ</h1>\n<p class="lead">{LEAD}</p>',
            f'<p class="note">{SIMULATED}</p>',
            *clicks_section(folder, figures["clicks"]["organs"]),
            *scribbles_section(folder, rounds),
            *boxes_section(folder, figures["boxes"]["structures"]),
            "<h2>The figures</h2>",
            "<p>Agreement is the Dice score: 1 where two outlines are the same, 0 where they do not touch.</p>",
            click_table(figures["clicks"]["organs"]),
            scribble_table(rounds),
            box_table(figures["boxes"]["structures"]),
            f"<h2>Time</h2>\n{time_list(figures)}",
            "<h2>Limits</h2>\n<ul>" + "".join(f"\n<li>{limit}</li>" for limit in LIMITS) + "\n</ul>",
            f"<h2>Made with</h2>\n{machine_list(figures)}",
            "</main>\n</body>\n</html>\n",
        ]
    )


def clicks_section(folder: Path, organs: list[dict[str, Any]]) -> list[str]:
    """What four clicks give, some organs at once and the others on demand."""
    pictures = {organ["name"]: picture(folder / organ["picture"], _organ_caption(organ)) for organ in organs}
    shown = [pictures.pop(name) for name in FIRST if name in pictures]
    return [
        "<h2>1. Four clicks, and the slice is done</h2>",
        "<p>The leftmost, rightmost, topmost and bottommost point of an organ (red dots) become a map of where the "
        "organ must be (lower row). A small network reads the map together with the image and draws the outline "
        "(green). Yellow is the reference; where only green is seen, the two agree.</p>",
        *shown,
        f"<details>\n<summary>The other {len(pictures)} organs, the weak ones too</summary>",
        *pictures.values(),
        "</details>",
    ]


def scribbles_section(folder: Path, rounds: list[dict[str, float]]) -> list[str]:
    """Before and after the strokes."""
    first, last = rounds[0], rounds[-1]
    before = f"Before: the network alone. Agreement {first['agreement']:.3f}."
    after = (
        f"After {len(rounds) - 1} rounds of strokes, {last['scribbled']:.0f} painted voxels of "
        f"{last['voxels']:,} in all. Agreement {last['agreement']:.3f}."
    )
    return [
        "<h2>2. A network that is wrong, put right by strokes</h2>",
        "<p>A network that learnt the spinal cord in the neck is asked to find it further down, and misses parts. "
        "Strokes say where it is wrong (blue: cord, red: not cord); its last layers are adapted to this image. "
        "The same three cuts before and after, result in green:</p>",
        picture(folder / "cord_before.png", before),
        picture(folder / "cord_after.png", after),
    ]


def boxes_section(folder: Path, structures: list[dict[str, Any]]) -> list[str]:
    """Boxes, alone and with strokes."""
    names = ", ".join(structure["name"] for structure in structures)
    return [
        "<h2>3. A box around something no network was trained for</h2>",
        "<p>The network shown here learnt from cell nuclei and from the head and neck; it never saw an abdomen. A box "
        "(white) says what is meant. Upper row: the box alone. Lower row: after a few strokes, to which the network "
        "was tuned.</p>",
        picture(
            folder / "box.png",
            f"{names.capitalize()}. Result green, reference yellow, strokes blue (object) and red (not).",
        ),
    ]


def picture(path: Path, caption: str) -> str:
    """A picture of the folder, inside the page.

    Raises:
        SystemExit: The picture is missing or cannot be read, with the command that makes it.
    """
    image = cv2.imread(str(path)) if path.exists() else None
    if image is None:
        raise SystemExit(f"{path} cannot be read: run `make demo`, which makes it")
    data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()
    source = f"data:image/jpeg;base64,{base64.b64encode(data).decode()}"
    size = f'width="{image.shape[1]}" height="{image.shape[0]}"'
    text = escape(caption)
    return f'<figure>\n<img {size} alt="{text}" src="{source}">\n<figcaption>{text}</figcaption>\n</figure>'


def a_person_watches(output: TextIO, environment: Mapping[str, str], platform: str = sys.platform) -> bool:
    """Whether a browser may be opened: a terminal and a display are there, and this is no automatic run."""
    if environment.get("CI") or not output.isatty():
        return False
    return platform in ("darwin", "win32") or bool(
        environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")
    )


def _organ_caption(organ: dict[str, Any]) -> str:
    scores = organ["agreement"]["CueSeg"]
    name, count = organ["name"][0].upper() + organ["name"][1:], len(scores)
    return f"{name}: agreement {sum(scores) / count:.3f} (mean of {count} slices, four clicks each)."


def main() -> None:
    """Read, write, show."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, default=Path("output/demo"))
    options = parser.parse_args()
    target = (options.output / "index.html").resolve()
    write_whole(target, page(options.output, read_figures(options.output)).encode())
    if a_person_watches(sys.stdout, os.environ):
        webbrowser.open(target.as_uri())
    sys.stdout.write(f"\nThe whole demo on one page, open it in any browser:\n{target}\n")


if __name__ == "__main__":
    main()
