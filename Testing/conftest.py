"""Rules for all tiers: fixed seeds, data beside the repository, and no tier that is quietly left out.

Tiers: `backend` and `static` need the packages of the extension itself, `mrml` the wheel slicer-core. Without
it the tier is reported as not run; under CI=true that is an error.
"""

import os
import random
import sys
from pathlib import Path

import numpy as np
import pytest

from tiers import TIER_NEEDS, missing_tiers

ROOT = Path(__file__).parents[1]
SHARED_DATA = ROOT.parent / "shared" / "data"


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    folders = (collection_path, *collection_path.parents)
    tiers = [tier for tier in TIER_NEEDS if ROOT / "Testing" / tier in folders]
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
        pytest.skip("the optional labelled images (../shared/data beside the repository) are not there")
    return SHARED_DATA
