"""Settings of one object in a box on their way to the backend."""

import pytest

from cueseg.bifseg import BifsegOptions
from ScribbleRefineLib.Networks import Backend
from ScribbleRefineLib.RefineSettings import BoxSettings


def test_the_defaults_are_those_of_the_backend():
    assert Backend().makeBoxOptions(BoxSettings(), tunes=True) == BifsegOptions()
    assert Backend().makeBoxOptions(BoxSettings(), tunes=False) == BifsegOptions(alternations=0)


def test_every_setting_reaches_the_backend():
    settings = BoxSettings(2.5, 0.25, 0.3, 0.6, 0.5, 7.5, 3, 2, 0.002)
    expected = BifsegOptions(
        smoothness=2.5,
        sigma=0.25,
        t0=0.3,
        t1=0.6,
        epsilon=0.5,
        omega=7.5,
        alternations=3,
        layers=2,
        learning_rate=0.002,
    )
    assert Backend().makeBoxOptions(settings, tunes=True) == expected


def test_limits_in_the_wrong_order_are_named_before_anything_runs():
    with pytest.raises(ValueError, match=r"t0 is 0\.8 and t1 0\.7: .*t0 not above t1"):
        Backend().makeBoxOptions(BoxSettings(t0=0.8), tunes=True)
