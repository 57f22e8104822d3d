"""Recipes of dense networks: what is read, and how mistakes are named."""

from pathlib import Path

import pytest

from cueseg.training.dense_recipe import read_dense_recipe
from cueseg.training.dense_run import DENSE_RECIPES
from cueseg.training.recipe_values import kind_of

RECIPES = Path(__file__).parents[2] / "CueSegBackend" / "recipes"
RECIPE = """
kind = "dense"
name = "tiny"
manifest = "manifest.json"
dims = 3
levels = 2
patch = [4, 16, 16]

[classes]
box = ["box"]
slab = ["slab"]
"""


@pytest.fixture
def recipe_path(tmp_path):
    path = tmp_path / "recipe.toml"
    path.write_text(RECIPE, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["nuclei-unet", "headneck-unet"])
def test_the_recipes_of_the_shipped_networks_can_be_read(name):
    path = RECIPES / f"{name}.toml"
    assert kind_of(path) == "dense"
    assert read_dense_recipe(path).name == name


def test_the_parotids_are_never_mirrored_into_one_another():
    recipe = read_dense_recipe(RECIPES / "headneck-unet.toml")
    assert {"parotid right", "parotid left"} <= set(recipe.classes)
    assert recipe.flips == ()
    assert recipe.rotation < 45


def test_a_recipe_is_read_with_lists_as_tuples(recipe_path, tmp_path):
    recipe = read_dense_recipe(recipe_path)
    assert recipe.patch == (4, 16, 16)
    assert recipe.class_names == ("background", "box", "slab")
    assert recipe.weights == (1.0, 1.0, 1.0)
    assert read_dense_recipe(recipe_path, class_weights={"slab": 3}).weights == (1.0, 1.0, 3.0)
    assert kind_of(recipe_path) == "dense"
    other = tmp_path / "other.toml"
    other.write_text('name = "x"', encoding="utf-8")
    assert kind_of(other) == ""
    assert kind_of(tmp_path / "nowhere.toml") == ""


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"stepps": 3}, "unknown setting 'stepps'"),
        ({"steps": "many"}, "steps must be of type int"),
        ({"steps": True}, "steps must be of type int"),
        ({"steps": 0}, "steps must be at least 1"),
        ({"learning_rate": float("nan")}, "learning_rate must be of type float"),
        ({"classes": {}}, "classes must be"),
        ({"classes": ["box"]}, "classes must be a table"),
        ({"missing": "never"}, "missing must be"),
        ({"dims": 4}, "dims must be 2 or 3"),
        ({"patch": [4, 16]}, "patch must be 3 multiples of 2"),
        ({"patch": [4, 16, 15]}, "patch must be 3 multiples of 2"),
        ({"patch": 16}, "patch must be a list"),
        ({"flips": [3]}, "flips must be axes"),
        ({"foreground": 1.5}, "foreground must be"),
        ({"scale": [0.0, 1.0]}, "scale must be"),
        ({"class_weights": {"liver": 2}}, "class_weights must be weights above 0 of background, box"),
        ({"class_weights": {"box": 0}}, "class_weights must be"),
        ({"kind": "points"}, "kind must be"),
    ],
)
def test_mistakes_in_recipes_are_named(recipe_path, overrides, message):
    with pytest.raises(ValueError, match=message):
        read_dense_recipe(recipe_path, **overrides)


def test_files_that_are_no_recipes_are_named(tmp_path):
    path = tmp_path / "recipe.toml"
    path.write_text("name =", encoding="utf-8")
    with pytest.raises(ValueError, match="not a recipe"):
        read_dense_recipe(path)
    path.write_text('name = "x"\nmanifest = "y"', encoding="utf-8")
    with pytest.raises(ValueError, match="lacks 'classes'"):
        read_dense_recipe(path)


def test_the_train_command_runs_dense_recipes(tmp_path, monkeypatch):
    from cueseg.cli.main import main

    called = {}
    monkeypatch.setattr(
        "cueseg.training.run.run_recipe",
        lambda kind, path, **options: called.update(options, kind=kind, path=path) or 0,
    )
    recipe = tmp_path / "recipe.toml"
    recipe.write_text('kind = "dense"\n', encoding="utf-8")
    words = [
        "train",
        str(recipe),
        "--output",
        str(tmp_path),
        "--name",
        "other",
        "--minutes",
        "2",
        "--set",
        "steps=3",
    ]
    assert main(words) == 0
    assert called == {
        "kind": DENSE_RECIPES,
        "path": recipe,
        "output": tmp_path,
        "minutes": 2.0,
        "export": None,
        "name": "other",
        "steps": 3,
    }
