"""`slicer.packaging` of Slicer 5.12: checks are real, nothing is installed, requests are remembered."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import slicer
from packaging.requirements import Requirement

from standin.facade import install_module


@dataclass(frozen=True)
class Request:
    """A call that would have changed the Python of Slicer: function, requirements, who asked."""

    function: str
    requirements: tuple[str, ...]
    requester: str | None = None


REQUESTS: list[Request] = []


def load_requirements(path: str | Path) -> list[Requirement]:
    """The requirements of a file; comments and options of pip are passed over."""
    lines = (line.strip() for line in Path(path).read_text(encoding="utf-8").splitlines())
    return [Requirement(line) for line in lines if line and not line.startswith(("#", "-"))]


def pip_check(req: str | Requirement | list[str | Requirement]) -> bool:
    """Whether all requirements are met here; extras are not looked into."""
    return all(_is_met(requirement) for requirement in _to_list(req))


def pip_ensure(
    requirements: str | Requirement | list[str | Requirement],
    constraints: str | Path | None = None,
    skip_packages: list[str] | None = None,
    prompt_install: bool = True,
    prompt_restart: bool = True,
    requester: str | None = None,
    skip_in_testing: bool = True,
    show_progress: bool = True,
) -> list[str] | None:
    """In testing mode Slicer installs nothing unless `skip_in_testing` is off; it asks nothing then."""
    missing = [str(requirement) for requirement in _to_list(requirements) if not _is_met(requirement)]
    if not missing:
        return None
    REQUESTS.append(Request("pip_ensure", tuple(missing), requester))
    if skip_in_testing and slicer.app.testingEnabled():
        logging.info("Testing mode is enabled: skipping pip_ensure for %s", missing)
        return None
    return pip_install(missing, constraints, skip_packages=skip_packages, requester=requester)


def pip_install(
    requirements: str | list[str],
    constraints: str | Path | None = None,
    no_deps_requirements: str | list[str] | None = None,
    skip_packages: list[str] | None = None,
    blocking: bool = True,
    show_progress: bool = True,
    requester: str | None = None,
    parent: Any = None,
    logCallback: Callable[[str], None] | None = None,
    completedCallback: Callable[[int], None] | None = None,
) -> list[str] | None:
    """Remembers the request."""
    wanted = requirements.split() if isinstance(requirements, str) else requirements
    REQUESTS.append(Request("pip_install", tuple(wanted), requester))


def pip_uninstall(
    requirements: str | list[str],
    blocking: bool = True,
    logCallback: Callable[[str], None] | None = None,
    completedCallback: Callable[[int], None] | None = None,
) -> None:
    """Remembers the request."""
    wanted = requirements.split() if isinstance(requirements, str) else requirements
    REQUESTS.append(Request("pip_uninstall", tuple(wanted)))


def _to_list(requirements: str | Requirement | list[str | Requirement]) -> list[Requirement]:
    if isinstance(requirements, str):
        requirements = requirements.split()
    if isinstance(requirements, Requirement):
        requirements = [requirements]
    if not isinstance(requirements, list):
        raise TypeError(f"requirements are a str, a Requirement or a list, not {requirements!r}")
    return [Requirement(item) if isinstance(item, str) else item for item in requirements]


def _is_met(requirement: Requirement) -> bool:
    if requirement.marker is not None and not requirement.marker.evaluate():
        return True
    try:
        return version(requirement.name) in requirement.specifier
    except PackageNotFoundError:
        return False


def install() -> None:
    """Make `slicer.packaging` importable."""
    functions = (load_requirements, pip_check, pip_ensure, pip_install, pip_uninstall)
    install_module("slicer.packaging", __doc__, {function.__name__: function for function in functions})
