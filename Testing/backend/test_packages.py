"""Packages that images are taken from: fetched once, checked always, and what is wrong is said."""

import hashlib
import io
import tarfile
import zipfile
from dataclasses import replace

import pytest

from cueseg.training.packages import Package

CONTENT = b"voxels"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
WHEEL = Package("images==1.0", "images-1.0.whl", "1 MB", SHA256, "images/data", "images/data/ct.nrrd")


@pytest.fixture
def wheel(tmp_path):
    """A cache that has the wheel already."""
    with zipfile.ZipFile(tmp_path / WHEEL.archive, "w") as archive:
        for name in ("images/data/ct.nrrd", "images/data/mr.nrrd", "images/code.py"):
            archive.writestr(name, CONTENT)
    return tmp_path


def source(folder, sha256=None):
    """A source package and the folder it is in."""
    path = folder / "images-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name in ("images-1.0/data/ct.nrrd", "images-1.0/data/mr.nrrd", "images-1.0/code.py"):
            member = tarfile.TarInfo(name)
            member.size = len(CONTENT)
            archive.addfile(member, io.BytesIO(CONTENT))
    sha256 = sha256 or hashlib.sha256(path.read_bytes()).hexdigest()
    return Package("images==1.0", path.name, "1 MB", sha256, "images-1.0/data")


def test_only_what_is_wanted_is_taken_out(wheel):
    folder = WHEEL.fetch(wheel, ("ct",))
    assert folder == wheel / "images/data"
    assert (folder / "ct.nrrd").read_bytes() == CONTENT
    assert not (folder / "mr.nrrd").exists()
    assert not (wheel / "images/code.py").exists()
    WHEEL.fetch(wheel)
    assert (folder / "mr.nrrd").exists()


def test_a_source_package_is_checked_as_a_whole(tmp_path):
    folder = source(tmp_path).fetch(tmp_path)
    assert sorted(path.name for path in folder.iterdir()) == ["ct.nrrd", "mr.nrrd"]
    assert not (tmp_path / "images-1.0/code.py").exists()


def test_another_checksum_is_refused_before_anything_is_taken_out(tmp_path):
    with pytest.raises(SystemExit, match=r"images-1\.0\.tar\.gz has SHA-256 .*expected 0000.*delete it"):
        source(tmp_path, "0000").fetch(tmp_path)
    assert not (tmp_path / "images-1.0").exists()


def test_a_damaged_file_is_noticed_later_too(wheel):
    folder = WHEEL.fetch(wheel)
    (folder / "ct.nrrd").write_bytes(b"other")
    with pytest.raises(SystemExit, match=r"ct\.nrrd has SHA-256 .*delete it and .*images-1\.0\.whl"):
        WHEEL.fetch(wheel)


def test_without_a_network_the_file_that_is_missing_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    package = replace(WHEEL, name="no-such-package-of-images==1.0")
    with pytest.raises(
        SystemExit, match=r"could not be downloaded; check the network, or put images-1\.0\.whl"
    ):
        package.fetch(tmp_path)
