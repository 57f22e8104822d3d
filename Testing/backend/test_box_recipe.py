"""Recipes of networks for one object in a box: what is read, and how mistakes are named."""

from pathlib import Path

import pytest

from cueseg.models.p_net import PCNet, PNet
from cueseg.training.box_recipe import read_box_recipe
from cueseg.training.box_run import BOX_RECIPES
from cueseg.training.box_trainer import card_of, new_model
from cueseg.training.recipe_values import kind_of

RECIPES = Path(__file__).parents[2] / "CueSegBackend" / "recipes"
RECIPE = """
kind = "box"
name = "tiny"
manifest = "manifest.json"
features = 8
shares = { cells = 1, organs = 2.5 }
"""


@pytest.fixture
def recipe_path(tmp_path):
    path = tmp_path / "recipe.toml"
    path.write_text(RECIPE, encoding="utf-8")
    return path


@pytest.mark.parametrize(("name", "network"), [("p-net", PNet), ("pc-net", PCNet)])
def test_the_recipes_that_come_along_can_be_read_and_built(name, network):
    path = RECIPES / f"{name}.toml"
    assert kind_of(path) == "box"
    recipe = read_box_recipe(path)
    assert recipe.name == recipe.architecture == name
    assert set(recipe.without) == {"parotid left", "larynx"}
    assert not [group for group in recipe.shares if group.startswith("package")]
    assert isinstance(new_model(recipe), network)


def test_the_card_is_that_of_a_network_that_can_be_tuned(recipe_path):
    recipe = read_box_recipe(recipe_path)
    assert recipe.shares == {"cells": 1, "organs": 2.5}
    card = card_of(recipe)
    assert (card.dims, card.in_channels, card.architecture) == (2, 1, "p-net")
    assert card.classes == ("background", "object")
    assert card.activation == "softmax"
    assert card.tail == ("classifier",)
    assert card.intensity == {"kind": "zscore", "nonzero": False}
    assert "compressed" not in card.model_options
    deep = read_box_recipe(recipe_path, dims=3, compressed=4, dilations=[1, 1, 2, 2, 3])
    assert card_of(deep).architecture == "pc-net"
    assert card_of(deep).model_options["compressed"] == 4
    assert card_of(deep).model_options["dilations"] == [1, 1, 2, 2, 3]


def test_other_recipes_are_not_taken_for_these(recipe_path, tmp_path):
    assert kind_of(recipe_path) == "box"
    assert kind_of(RECIPES / "nuclei-unet.toml") == "dense"
    assert kind_of(RECIPES / "compact-cm.toml") == ""
    assert kind_of(tmp_path / "nowhere.toml") == ""


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"stepps": 3}, "unknown setting 'stepps'"),
        ({"kind": "dense"}, "kind must be"),
        ({"shares": {}}, "shares must be"),
        ({"shares": {"cells": 0}}, "shares must be"),
        ({"shares": {"cells": "much"}}, "shares must be"),
        ({"dims": 4}, "dims must be 2 or 3"),
        ({"margin": -1}, "margin must be at least 0"),
        ({"validate_margin": -1}, "validate_margin must be at least 0"),
        ({"validate_objects": 0}, "validate_objects must be at least 1"),
        ({"stretch": -0.1}, "stretch must be at least 0"),
        ({"largest": 4}, "largest must be at least 8"),
        ({"scale": [0.0, 1.0]}, "scale must be"),
        ({"scale": [2.0, 1.0]}, "scale must be"),
        ({"inverted": 1.5}, "inverted must be"),
        ({"metric": "best"}, "metric must be"),
        ({"without": "larynx"}, "without must be a list"),
        ({"steps": 0}, "steps must be at least 1"),
    ],
)
def test_mistakes_in_recipes_are_named(recipe_path, overrides, message):
    with pytest.raises(ValueError, match=message):
        read_box_recipe(recipe_path, **overrides)


def test_wrong_options_of_the_network_are_named(recipe_path):
    with pytest.raises(ValueError, match=r"dropout=1\.5"):
        new_model(read_box_recipe(recipe_path, dropout=1.5))


def test_the_train_command_runs_box_recipes(recipe_path, tmp_path, monkeypatch):
    from cueseg.cli.main import main

    called = {}
    monkeypatch.setattr(
        "cueseg.training.run.run_recipe",
        lambda kind, path, **options: called.update(options, kind=kind, path=path) or 0,
    )
    assert main(["train", str(recipe_path), "--output", str(tmp_path), "--set", "steps=3"]) == 0
    assert called.pop("kind") is BOX_RECIPES
    assert called.pop("path") == recipe_path
    assert called.pop("minutes") > 1e9
    assert called == {"output": tmp_path, "export": None, "steps": 3}
