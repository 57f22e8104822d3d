"""Which tiers of tests can run here, and why not; under CI a tier may not be left out."""

from collections.abc import Callable, Mapping
from importlib.util import find_spec

import pytest

# Folder below Testing -> module to import, package that brings it.
TIER_NEEDS = {
    "mrml": ("slicer", "slicer-core"),
    "standin_tests": ("PySide6", "PySide6-Essentials"),
    "selftests": ("PySide6", "PySide6-Essentials"),
}


def is_ci(environment: Mapping[str, str]) -> bool:
    """Whether nothing may be left out here."""
    return environment.get("CI", "").lower() in ("1", "true")


def missing_tiers(
    environment: Mapping[str, str], finder: Callable[[str], object] = find_spec
) -> dict[str, str]:
    """Tier -> why it is left out.

    Raises:
        pytest.UsageError: there is such a tier and the environment says CI=true.
    """
    reasons = {
        tier: f"Testing/{tier} is not run: it needs the package {package} (pip install {package})"
        for tier, (module, package) in TIER_NEEDS.items()
        if finder(module) is None
    }
    if reasons and is_ci(environment):
        raise pytest.UsageError("; ".join(reasons.values()))
    return reasons
