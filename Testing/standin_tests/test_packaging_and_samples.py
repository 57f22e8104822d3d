"""slicer.packaging and SampleData."""

import numpy as np
import pytest
import SampleData
import slicer
from packaging.requirements import Requirement
from slicer.packaging import load_requirements, pip_check, pip_ensure, pip_install, pip_uninstall

from standin import packaging as standin_packaging
from standin.packaging import Request
from standin.sample_data import press_button

MISSING = "no-such-package-anywhere>=1"


@pytest.fixture(autouse=True)
def _no_requests():
    standin_packaging.REQUESTS.clear()
    yield
    standin_packaging.REQUESTS.clear()


@pytest.fixture
def sources():
    yield slicer.modules.sampleDataSources
    slicer.modules.sampleDataSources.clear()


def test_requirements_file(tmp_path):
    path = tmp_path / "requirements.txt"
    path.write_text("# what we need\n\n--index-url somewhere\nnumpy>=1\ntorch\n", encoding="utf-8")
    assert [str(requirement) for requirement in load_requirements(path)] == ["numpy>=1", "torch"]


@pytest.mark.parametrize(
    ("requirements", "met"),
    [
        ("numpy", True),
        ("numpy>=1 pytest", True),
        ("numpy<1", False),
        (MISSING, False),
        (Requirement("numpy"), True),
        (["numpy", Requirement(MISSING)], False),
        ([f"{MISSING}; sys_platform == 'nowhere'"], True),
    ],
)
def test_checks_are_real(requirements, met):
    assert pip_check(requirements) is met


def test_ensure_installs_nothing_and_remembers_who_asked():
    assert pip_ensure(["numpy", MISSING], requester="Probe") is None
    pip_ensure("numpy")
    assert [Request("pip_ensure", (MISSING,), "Probe")] == standin_packaging.REQUESTS


def test_requests_to_install_are_remembered():
    pip_ensure(MISSING, skip_in_testing=False)
    pip_install("a b==1")
    pip_uninstall(["c"])
    slicer.util.pip_install("d")
    assert [request.function for request in standin_packaging.REQUESTS] == [
        "pip_ensure",
        "pip_install",
        "pip_install",
        "pip_uninstall",
        "pip_install",
    ]
    assert standin_packaging.REQUESTS[2].requirements == ("a", "b==1")


def test_wrong_arguments_raise():
    with pytest.raises(TypeError):
        pip_ensure(("numpy",))
    with pytest.raises(TypeError):
        pip_ensure("numpy", requestor="Probe")


def test_registered_samples_are_loaded_from_this_machine(sources, scene, tmp_path):
    volume = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "image")
    slicer.util.updateVolumeFromArray(volume, np.ones((2, 3, 4), np.int16))
    path = tmp_path / "image.nrrd"
    slicer.util.saveNode(volume, str(path))
    SampleData.SampleDataLogic.registerCustomSampleDataSource(
        category="CueSeg", sampleName="Probe", uris=path.as_uri(), fileNames="image.nrrd", nodeNames="Loaded"
    )
    assert [source.sampleName for source in sources["CueSeg"]] == ["Probe"]
    node = SampleData.downloadSample("Probe")
    assert (node.GetName(), slicer.util.arrayFromVolume(node).sum()) == ("Loaded", 24)
    assert len(SampleData.downloadSamples("Probe")) == 1


def test_only_the_button_calls_a_function(sources, scene):
    called = []
    SampleData.SampleDataLogic.registerCustomSampleDataSource(
        sampleName="Made", uris="made:here", fileNames="made.nrrd", customDownloader=called.append
    )
    press_button("Made")
    assert [source.sampleName for source in called] == ["Made"]
    with pytest.raises(ValueError, match="downloads nothing: made:here"):
        SampleData.downloadSample("Made")


def test_a_data_set_is_registered_once(sources):
    for _ in range(2):
        SampleData.SampleDataLogic.registerCustomSampleDataSource(sampleName="Probe", uris="file:///x")
    SampleData.SampleDataLogic.registerCustomSampleDataSource(sampleName="Other", uris="file:///x")
    assert [source.sampleName for source in sources["Custom"]] == ["Probe", "Other"]


def test_checksums_are_compared(sources, scene, tmp_path):
    (tmp_path / "image.nrrd").write_bytes(b"something else")
    SampleData.SampleDataLogic.registerCustomSampleDataSource(
        sampleName="Probe", uris=(tmp_path / "image.nrrd").as_uri(), checksums=f"SHA256:{'0' * 64}"
    )
    with pytest.raises(ValueError, match="another checksum"):
        SampleData.downloadSample("Probe")


def test_mistakes_in_samples_raise(sources, tmp_path):
    register = SampleData.SampleDataLogic.registerCustomSampleDataSource
    with pytest.raises(ValueError, match="thumbnail"):
        register(sampleName="Probe", uris="file:///x", thumbnailFileName=str(tmp_path / "nothing.png"))
    with pytest.raises(ValueError, match="as many entries"):
        register(sampleName="Probe", uris=["file:///x", "file:///y"], fileNames=["x"])
    with pytest.raises(KeyError, match="no sample data set"):
        SampleData.downloadSample("Nothing")
    with pytest.raises(TypeError, match="no uris"):
        register(sampleName="Made", customDownloader=print)
    register(sampleName="Far", uris="https://example.org/x.nrrd", fileNames="x.nrrd")
    with pytest.raises(ValueError, match="downloads nothing"):
        SampleData.downloadSample("Far")
