"""A tier that cannot run is reported, and under CI it fails."""

import pytest

from tiers import missing_tiers


def nothing(module: str) -> None:
    return None


def test_nothing_is_left_out_where_everything_is_installed():
    assert missing_tiers({"CI": "true"}, finder=lambda module: object()) == {}


def test_a_missing_package_is_named():
    reasons = missing_tiers({}, finder=nothing)
    assert (
        reasons["mrml"]
        == "Testing/mrml is not run: it needs the package slicer-core (pip install slicer-core)"
    )
    assert "PySide6-Essentials" in reasons["standin_tests"]
    assert "PySide6-Essentials" in reasons["selftests"]


def test_one_missing_package_leaves_out_its_own_tiers_only():
    reasons = missing_tiers({}, finder=lambda module: None if module == "PySide6" else object())
    assert set(reasons) == {"standin_tests", "selftests"}


@pytest.mark.parametrize("value", ["true", "1", "True"])
def test_under_ci_a_missing_tier_is_an_error(value):
    with pytest.raises(pytest.UsageError, match="needs the package slicer-core"):
        missing_tiers({"CI": value}, finder=nothing)
