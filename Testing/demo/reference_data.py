"""The demos' real images, out of a Python package: fetched once, verified always, never committed.

CT of the abdomen and of the torso with organ labels: reference files of the TotalSegmentator source package
(Apache-2.0). The labels were written by that network, so a score against them is agreement with it, not accuracy.
"""

import argparse
from pathlib import Path

from cueseg.training.packages import TOTALSEGMENTATOR

ROOT = Path(__file__).resolve().parents[2]
WANTED = (
    "example_ct_dicom/",
    "example_seg_dicom",
    "example_ct.nii.gz",
    "example_seg_fast_force_split.nii.gz",
)

ORGANS = {
    1: "spleen",
    5: "liver",
    6: "stomach",
    52: "aorta",
    63: "inferior vena cava",
    64: "portal and splenic vein",
    32: "vertebra T12",
    79: "spinal cord",
    86: "back muscles left",
    87: "back muscles right",
}


def folders(description: str) -> tuple[Path, Path]:
    """What a demo reads and writes by its command line: the reference files, and a folder that is there.

    Raises:
        SystemExit: No network on the first run, or an archive with another checksum.
    """
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, default=Path("output/demo"))
    parser.add_argument("--cache", type=Path, default=ROOT / ".cache", help="downloads, verified always")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    return TOTALSEGMENTATOR.fetch(options.cache, WANTED), options.output
