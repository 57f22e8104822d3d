"""Recipes of both stages: what is read, and how mistakes are named."""

from pathlib import Path

import pytest

from cueseg.training.monitoring_recipe import read_monitoring_recipe
from cueseg.training.points_recipe import read_points_recipe
from cueseg.training.recipe_values import kind_of
from cueseg.training.run import KINDS

RECIPES = Path(__file__).parents[2] / "CueSegBackend" / "recipes"
POINTS = """
kind = "points"
name = "tiny"
manifest = "manifest.json"
target = "box"
parts = ["box"]
levels = 3
patch = [8, 16, 16]
"""
MONITORING = """
kind = "monitoring"
name = "both"
first = "one"
second = "two"
"""


@pytest.fixture
def points(tmp_path):
    path = tmp_path / "points.toml"
    path.write_text(POINTS, encoding="utf-8")
    return path


@pytest.fixture
def monitoring(tmp_path):
    path = tmp_path / "monitoring.toml"
    path.write_text(MONITORING, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "name", ["points-stage1", "points-stage2", "points-benchmark", "points-benchmark-monitoring"]
)
def test_the_recipes_that_come_along_can_be_read(name):
    path = RECIPES / f"{name}.toml"
    kind = kind_of(path)
    assert kind in ("points", "monitoring")
    assert KINDS[kind].read(path).name == name


def test_the_defaults_are_those_of_the_paper(points, monitoring):
    recipe = read_points_recipe(points, levels=5, patch=[48, 128, 128])
    assert (recipe.crf_weight, recipe.variance_weight, recipe.ramp) == (1.0, 0.1, 0.1)
    assert (recipe.crf_grid, recipe.crf_radius, recipe.crf_sigmas) == ((48, 64, 64), 5, (6.0, 0.1))
    assert (recipe.optimizer, recipe.momentum, recipe.nesterov) == ("sgd", 0.99, True)
    assert (recipe.learning_rate, recipe.schedule, recipe.power) == (1e-2, "poly", 0.9)
    assert (recipe.weight_decay, recipe.batch, recipe.flip_share) == (3e-5, 1, 0.2)
    assert recipe.selection == "weak"  # not as in the authors' code, where full labels choose
    assert recipe.model_options == {"base": 16, "levels": 5, "flat": 2}
    second = read_monitoring_recipe(monitoring)
    assert (second.weight, second.temperature) == (0.5, 4.0)


def test_every_network_gets_its_own_options(points):
    plain = read_points_recipe(points, network="unet", base=4)
    assert plain.model_options == {"base": 4, "levels": 3}
    attention = read_points_recipe(points, network="monai-attentionunet", base=4)
    assert attention.model_options == {"channels": [4, 8, 16], "strides": [2, 2]}


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"crf": 3}, "unknown setting 'crf'"),
        ({"kind": "dense"}, 'kind must be "points"'),
        ({"target": ""}, "target must be the name of what the network finds"),
        ({"parts": []}, 'parts must be classes of the manifest, where labels are "simulated"'),
        ({"labels": "six"}, r"labels must be one of \('simulated', 'expanded', 'cut', 'true'\), got 'six'"),
        ({"labels": "expanded", "selection": "full"}, '"weak" with expanded labels: there are no full ones'),
        ({"selection": "best"}, r"selection must be one of \('weak', 'full'\)"),
        ({"missing": "never"}, "missing must be"),
        ({"margin": 0}, "margin must be at least 1"),
        ({"threshold": 1.0}, "threshold must be a share above 0 and below 1"),
        ({"network": "vnet"}, "network must be one of"),
        ({"levels": 2}, "levels must be 3 to 6"),
        ({"flat": 3}, "flat must be 0 to 2"),
        ({"patch": [8, 16]}, "patch must be 3 multiples of 4"),
        ({"patch": [8, 16, 18]}, "patch must be 3 multiples of 4"),
        ({"overlap": 1.0}, "overlap must be a share from 0 to below 1"),
        ({"flips": [3]}, "flips must be axes from 0 to 2"),
        ({"flip_share": 2}, "flip_share must be a share"),
        ({"crf_weight": -1}, "crf_weight must be at least 0"),
        ({"ramp": 1.1}, "ramp must be a share"),
        ({"crf_grid": [8, 8]}, "crf_grid must be"),
        ({"crf_radius": 0}, "crf_radius must be at least 1"),
        ({"crf_sigmas": [6, 0]}, "crf_sigmas must be"),
        ({"momentum": 0.0}, "nesterov must be false without momentum"),
        ({"steps": 0}, "steps must be at least 1"),
    ],
)
def test_mistakes_in_recipes_of_the_first_stage_are_named(points, overrides, message):
    with pytest.raises(ValueError, match=message):
        read_points_recipe(points, **overrides)


def test_expanded_labels_need_no_parts(points):
    assert read_points_recipe(points, labels="expanded", parts=[]).parts == ()


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"second": "one"}, "second must be another run than first"),
        ({"name": "two"}, "name must be other than those of its two runs"),
        ({"weight": 1.5}, "weight must be a share"),
        ({"temperature": 0}, "temperature must be above 0"),
        ({"refresh": 0}, "refresh must be at least 1"),
        ({"fill": "grow"}, 'fill must be "copy" or "cut"'),
        ({"fill": "cut", "keep_labels": False}, 'fill must be "copy" where keep_labels is false'),
        ({"patch": [8, 8, 8]}, "unknown setting 'patch'"),
    ],
)
def test_mistakes_in_recipes_of_the_second_stage_are_named(monitoring, overrides, message):
    with pytest.raises(ValueError, match=message):
        read_monitoring_recipe(monitoring, **overrides)


def test_the_two_runs_must_be_named(monitoring):
    monitoring.write_text('kind = "monitoring"\nname = "both"\nfirst = "one"', encoding="utf-8")
    with pytest.raises(ValueError, match="the recipe lacks 'second'"):
        read_monitoring_recipe(monitoring)
