"""The data sets of the tutorials, as the module Sample Data offers them."""

import hashlib
import re
import sys

import numpy as np
import pytest
import SampleData as SlicersSampleData
import slicer

from CueSegMRML import SampleData, Volumes
from project_tree import ROOT
from standin import module_loader
from standin.sample_data import press_button

ABDOMEN = ROOT / "ExtremePointSeg/Resources/SelfTest/Abdomen.nrrd"


@pytest.fixture
def offered(scene):
    """Category -> names of what is offered; the phantom goes into the scene of the test."""
    slicer.modules.sampleDataSources.clear()
    SampleData.register(lambda source: SampleData.addPhantom(scene), ABDOMEN)
    yield slicer.modules.sampleDataSources
    slicer.modules.sampleDataSources.clear()


def test_four_data_sets_are_offered_in_a_category_of_their_own(offered):
    assert {category: [source.sampleName for source in of] for category, of in offered.items()} == {
        "CueSeg": ["CueSegAbdomen", "CueSegTorso", "CueSegPhantom", "CueSegCTLiver"]
    }


def test_asking_twice_offers_nothing_twice(offered):
    before = list(offered["CueSeg"])
    SampleData.register(before[2].customDownloader, ABDOMEN)
    assert offered["CueSeg"] == before


def test_without_its_module_the_abdomen_is_left_out(offered):
    offered.clear()
    SampleData.register(lambda: None, None)
    assert "CueSegAbdomen" not in {source.sampleName for source in offered["CueSeg"]}


@pytest.mark.parametrize("name", ["CueSegAbdomen", "CueSegTorso"])
def test_shipped_images_are_hounsfield_units_with_their_checksum(offered, name):
    volume = SlicersSampleData.downloadSample(name)
    voxels = slicer.util.arrayFromVolume(volume)
    assert volume.GetName() == name
    assert voxels.dtype == np.int16
    assert voxels.min() < -900
    assert voxels.max() > 500


def test_the_download_is_known_by_its_checksum(offered):
    source = next(source for source in offered["CueSeg"] if source.sampleName == "CueSegCTLiver")
    (address,), (checksum,) = source.uris, source.checksums
    assert address.startswith("https://")
    assert checksum.startswith("SHA256:")
    assert address.endswith(checksum.removeprefix("SHA256:"))
    assert len(checksum.removeprefix("SHA256:")) == 2 * hashlib.sha256().digest_size
    with pytest.raises(ValueError, match="downloads nothing"):
        SlicersSampleData.downloadSample("CueSegCTLiver")


def test_the_phantom_is_made_with_its_labels(offered, scene):
    press_button("CueSegPhantom")
    volume = scene.GetFirstNodeByName("CueSegPhantom")
    truth = scene.GetFirstNodeByName("CueSegPhantom labels")
    liver = truth.GetSegmentation().GetSegmentIdBySegmentName("liver")
    mask = slicer.util.arrayFromSegmentBinaryLabelmap(truth, liver, volume) > 0
    assert slicer.util.arrayFromVolume(volume)[mask].mean() == pytest.approx(110, abs=3)
    assert not truth.GetDisplayNode().GetVisibility()
    bounds = np.zeros(6)
    volume.GetRASBounds(bounds)
    np.testing.assert_allclose(bounds[::2], -bounds[1::2], atol=volume.GetSpacing()[2])
    right, front, _ = (Volumes.worldFromIJK(volume) @ [*np.argwhere(mask).mean(axis=0)[::-1], 1])[:3]
    assert right > 0
    assert front > 0


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("tutorial-*.md")), ids=lambda page: page.stem)
def test_tutorials_use_what_is_offered(offered, page):
    named = set(re.findall(r"\*\*(CueSeg\w+)\*\*", page.read_text(encoding="utf-8")))
    assert named
    assert named <= {source.sampleName for source in offered["CueSeg"]}


def test_they_are_offered_when_the_application_has_started(offered, scene):
    for name in ("CueSegBackend", "ExtremePointSeg"):
        module_loader.load_module(ROOT / name)
    offered.clear()
    slicer.app.startupCompleted.emit()
    assert len(offered["CueSeg"]) == 4
    press_button("CueSegPhantom")
    assert scene.GetFirstNodeByName("CueSegPhantom")


def test_slicers_without_sample_data_open_too(offered, monkeypatch):
    offered.clear()
    monkeypatch.setitem(sys.modules, "SampleData", None)
    SampleData.register(lambda: None, ABDOMEN)
    assert offered == {}
