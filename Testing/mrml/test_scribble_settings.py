"""Settings of a refinement as text and back, and values that cannot be."""

import json

import pytest

from ScribbleRefineLib.Networks import Backend
from ScribbleRefineLib.RefineSettings import RefineSettings


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"layers": 2, "alpha": 0.0, "keepRadius": 12.5, "regularise": "graph-cut"},
        {"method": "paper", "layers": ("up1", "head"), "modality": "mr", "growthThreshold": 12.0},
    ],
)
def test_settings_survive_as_text(changes):
    settings = RefineSettings(**changes)
    assert RefineSettings.fromJson(settings.toJson()) == settings
    assert RefineSettings.fromJson("{}") == RefineSettings()


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("method", "magic", "use one of ce, paper, f-brs"),
        ("growthRule", "", "use one of neighbour, seed"),
        ("regularise", "sharp", "use one of none, graph-cut, random-walker"),
        ("layers", 0, "number of last layers"),
        ("layers", [], "number of last layers"),
        ("layers", True, "number of last layers"),
        ("learningRate", 0.0, "use a number from 1e-08 to 10"),
        ("learningRate", "fast", "use a number from 1e-08 to 10"),
        ("maxIterations", 2.5, "use a whole number"),
        ("confidence", 1.0, "use a number from 0 to 0.999"),
        ("beta", -1.0, "use a number from 0"),
        ("beta", float("nan"), "use a number from 0"),
        ("clampScribbles", 1, "use true or false"),
        ("modality", "us", "use one of ct, mr, grey, rgb, or none"),
        ("device", "", "use auto"),
    ],
)
def test_values_that_cannot_be_are_named_with_the_remedy(field, value, text):
    with pytest.raises(ValueError, match=f"^{field} is .*{text}"):
        RefineSettings(**{field: value})
    with pytest.raises(ValueError, match=f"^{field} is .*{text}"):
        RefineSettings.fromJson(json.dumps({field: value}))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{", "not JSON"),
        ("[]", "a list: an object"),
        ('{"lr": 1, "beta": 0}', "unknown settings: lr; remove"),
    ],
)
def test_text_that_is_no_settings_is_refused(text, found):
    with pytest.raises(ValueError, match=found):
        RefineSettings.fromJson(text)


def test_every_setting_reaches_the_backend():
    settings = RefineSettings(
        method="paper",
        layers=("a",),
        learningRate=0.5,
        maxIterations=7,
        alpha=0.25,
        beta=0.75,
        confidence=0.6,
        growthThreshold=9.0,
        growthRule="seed",
        growthRadius=4.0,
        grownWeight=0.125,
        keepRadius=3.0,
        regularise="graph-cut",
        clampScribbles=False,
        paperReading="nll",
        seed=11,
    )
    options = Backend().makeOptions(settings)
    assert (options.method, options.layers, options.learning_rate) == ("paper", ("a",), 0.5)
    assert (options.max_iterations, options.alpha, options.beta) == (7, 0.25, 0.75)
    assert (options.confidence, options.grown_weight, options.keep_radius) == (0.6, 0.125, 3.0)
    assert (options.regularise, options.clamp_scribbles) == ("graph-cut", False)
    assert (options.paper_reading, options.seed) == ("nll", 11)
    growth = options.growth
    assert (growth.threshold, growth.rule, growth.max_radius) == (9.0, "seed", 4.0)
    assert Backend().makeOptions(RefineSettings()).growth is None
