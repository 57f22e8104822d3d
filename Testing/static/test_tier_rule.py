"""A tier that cannot run is reported, and under CI it fails."""

import pytest

from tiers import missing_tiers


def nothing(module: str) -> None:
    return None


def test_nothing_is_left_out_where_everything_is_installed():
    assert missing_tiers({"CI": "true"}, finder=lambda module: object()) == {}


def test_a_missing_package_is_named():
    assert missing_tiers({}, finder=nothing) == {
        "mrml": "Testing/mrml is not run: it needs the package slicer-core (pip install slicer-core)"
    }


@pytest.mark.parametrize("value", ["true", "1", "True"])
def test_under_ci_a_missing_tier_is_an_error(value):
    with pytest.raises(pytest.UsageError, match="needs the package slicer-core"):
        missing_tiers({"CI": value}, finder=nothing)
