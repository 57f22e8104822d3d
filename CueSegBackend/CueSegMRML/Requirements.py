"""Python packages that the extension needs beside what Slicer brings; installed only when asked for."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

# The one list, shared with pip: the folder is the same in the source tree and where Slicer installs modules.
REQUIREMENTS_FILE = Path(__file__).parents[1] / "Resources" / "requirements.txt"


def requirements() -> list[str]:
    """Lines of the requirements file, e.g. "torch>=2.2"."""
    lines = REQUIREMENTS_FILE.read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith(("#", "-"))]


def missingRequirements() -> list[str]:
    """The requirements that are not met; looks, but imports none of the packages."""
    from packaging.requirements import Requirement

    return [text for text in requirements() if not _isMet(Requirement(text))]


def describeMissing(missing: list[str]) -> str:
    """What to install and where, for the user; empty when nothing is missing."""
    if not missing:
        return ""
    torch = [text for text in missing if _isTorch(text)]
    others = [text for text in missing if not _isTorch(text)]
    sentences = []
    if torch:
        sentences.append(
            f"PyTorch ({torch[0]}) is not installed: install the extension 'PyTorch' from the Extensions "
            "Manager, restart Slicer, then press 'Set up…' here, which asks before it downloads anything."
        )
    if others:
        sentences.append(
            f"Missing Python packages: {', '.join(others)}. Press 'Set up…' to install them into the "
            "Python of Slicer."
        )
    return " ".join(sentences)


def install(requester: str) -> None:
    """Install what is missing, on the main thread, after asking the user.

    PyTorch comes through the PyTorch extension, which chooses the build that fits the graphics driver.

    :param requester: name of the module, shown in the question.
    :raises RuntimeError: the user said no, or the PyTorch extension is not there.
    """
    missing = missingRequirements()
    for text in missing:
        if _isTorch(text):
            _installTorch(text)
    others = [text for text in missing if not _isTorch(text)]
    if others:
        from packaging.requirements import Requirement
        from slicer.packaging import pip_ensure

        pip_ensure([Requirement(text) for text in others], requester=requester)


def _installTorch(text: str) -> None:
    try:
        import PyTorchUtils
    except ModuleNotFoundError as error:
        raise RuntimeError(describeMissing([text])) from error
    logic = PyTorchUtils.PyTorchUtilsLogic()
    torch = logic.installTorch(askConfirmation=True, torchVersionRequirement=text.removeprefix("torch"))
    if torch is None:
        raise RuntimeError("PyTorch was not installed, so there is no network to run.")


def _isTorch(text: str) -> bool:
    return text.startswith("torch") and not text[5:6].isalnum()


def _isMet(requirement) -> bool:
    try:
        found = find_spec(requirement.name) is not None
        return found and requirement.specifier.contains(version(requirement.name), prereleases=True)
    except (ImportError, PackageNotFoundError):
        return False
