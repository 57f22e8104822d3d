"""What is missing, said in words, and installed the way Slicer wants it."""

import sys
from importlib.metadata import PackageNotFoundError
from types import ModuleType

import pytest

from CueSegMRML import Requirements


@pytest.fixture
def without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)


class PyTorchUtilsDouble(ModuleType):
    """Double of the module of the PyTorch extension; remembers what was asked of it."""

    def __init__(self, accepts: bool) -> None:
        super().__init__("PyTorchUtils")
        self.asked: list[dict] = []
        outer = self

        class PyTorchUtilsLogic:
            def installTorch(self, **options):
                outer.asked.append(options)
                return object() if accepts else None

        self.PyTorchUtilsLogic = PyTorchUtilsLogic


def test_nothing_is_missing_here():
    assert Requirements.missingRequirements() == []
    assert Requirements.describeMissing([]) == ""


def test_the_list_is_the_file_that_pip_reads_too():
    assert any(text.startswith("torch>=") for text in Requirements.requirements())
    assert all(text[0].isalpha() for text in Requirements.requirements())


def test_missing_torch_is_noticed_without_importing_it(without_torch):
    assert [text.split(">")[0] for text in Requirements.missingRequirements()] == ["torch"]


def test_an_old_version_counts_as_missing(monkeypatch):
    monkeypatch.setattr(Requirements, "version", lambda name: "0.1" if name == "scipy" else "99")
    assert [text.split(">")[0] for text in Requirements.missingRequirements()] == ["scipy"]


def test_a_package_without_metadata_counts_as_missing(monkeypatch):
    def nothing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(Requirements, "version", nothing)
    assert Requirements.missingRequirements() == Requirements.requirements()


def test_the_message_says_what_to_install_and_where():
    message = Requirements.describeMissing(["torch>=2.2", "scipy>=1.11"])
    for part in (
        "PyTorch (torch>=2.2)",
        "extension 'PyTorch' from the Extensions Manager",
        "scipy>=1.11",
        "Set up…",
    ):
        assert part in message
    assert "torch" not in Requirements.describeMissing(["scipy>=1.11"])


def test_torchvision_is_not_torch():
    assert "PyTorch (" not in Requirements.describeMissing(["torchvision>=1"])


def test_torch_comes_through_the_pytorch_extension_and_asks_first(without_torch, monkeypatch):
    double = PyTorchUtilsDouble(accepts=True)
    monkeypatch.setitem(sys.modules, "PyTorchUtils", double)
    Requirements.install("Test")
    assert double.asked == [{"askConfirmation": True, "torchVersionRequirement": ">=2.2"}]


def test_a_refusal_is_an_error_in_words(without_torch, monkeypatch):
    monkeypatch.setitem(sys.modules, "PyTorchUtils", PyTorchUtilsDouble(accepts=False))
    with pytest.raises(RuntimeError, match="PyTorch was not installed"):
        Requirements.install("Test")


def test_without_the_pytorch_extension_the_user_is_sent_there(without_torch, monkeypatch):
    monkeypatch.setitem(sys.modules, "PyTorchUtils", None)
    with pytest.raises(RuntimeError, match="extension 'PyTorch' from the Extensions Manager"):
        Requirements.install("Test")


def test_other_packages_go_through_slicers_own_installer(monkeypatch):
    asked = []
    packaging = ModuleType("slicer.packaging")
    packaging.pip_ensure = lambda requirements, **options: asked.append(
        (list(map(str, requirements)), options)
    )
    monkeypatch.setitem(sys.modules, "slicer.packaging", packaging)
    monkeypatch.setattr(Requirements, "missingRequirements", lambda: ["scipy>=1.11"])
    Requirements.install("Test")
    assert asked == [(["scipy>=1.11"], {"requester": "Test"})]


def test_nothing_is_installed_when_nothing_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "PyTorchUtils", None)
    monkeypatch.setitem(sys.modules, "slicer.packaging", None)
    Requirements.install("Test")
