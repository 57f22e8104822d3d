"""Rules for all tiers: fixed seeds, data beside the repository, and no tier that is quietly left out.

Tiers: `backend` and `static` need the packages of the extension itself, `mrml` the wheel slicer-core. Without
it the tier is reported as not run; under CI=true that is an error.
"""

import os
import random
import sys
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
TIER_NEEDS = {"mrml": ("slicer", "slicer-core")}  # folder -> module to import, package to install
SHARED_DATA = ROOT.parent / "shared" / "data"


def missing_tiers(
    environment: Mapping[str, str], finder: Callable[[str], object] = find_spec
) -> dict[str, str]:
    """Tier -> why it cannot run; under CI=true a reason is an error (pytest.UsageError)."""
    reasons = {
        tier: f"Testing/{tier} is not run: it needs the package {package} (pip install {package})"
        for tier, (module, package) in TIER_NEEDS.items()
        if finder(module) is None
    }
    if reasons and environment.get("CI", "").lower() in ("1", "true"):
        raise pytest.UsageError("; ".join(reasons.values()))
    return reasons


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    tiers = [
        tier
        for tier in TIER_NEEDS
        if (ROOT / "Testing" / tier) in (collection_path, *collection_path.parents)
    ]
    return True if tiers and tiers[0] in missing_tiers(os.environ) else None


def pytest_report_header() -> list[str]:
    return list(missing_tiers(os.environ).values())


@pytest.fixture(autouse=True)
def _fixed_seeds() -> None:
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002 (libraries that draw from the global generator)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)


@pytest.fixture
def rng() -> np.random.Generator:
    """A fresh generator with a fixed seed."""
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the labelled images, which are optional: without it the test is skipped, also under CI."""
    if not SHARED_DATA.is_dir():
        pytest.skip(
            f"the optional folder of labelled images is not there: {SHARED_DATA.name} beside the repository"
        )
    return SHARED_DATA
