"""A training set that grows case by case is the one that would be written at once, and makes a recipe that is right."""

import json
from dataclasses import replace

import pytest

from cueseg.datasets import export_training_set
from cueseg.training.dense_recipe import read_dense_recipe
from ExtremePointSegLib.TrainingRecipe import writeRecipe
from ExtremePointSegLib.TrainingSet import LISTS, addCase, readSet
from training_set_case import grow, make


def contents(folder):
    """Relative path -> JSON values, or bytes of an image."""
    found = {}
    for path in folder.rglob("*"):
        if path.is_file():
            name = path.relative_to(folder).as_posix()
            found[name] = (
                json.loads(path.read_text(encoding="utf-8")) if path.suffix == ".json" else path.read_bytes()
            )
    return found


@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd"])
@pytest.mark.parametrize("layout", sorted(LISTS))
def test_a_set_that_grew_equals_one_that_was_written_at_once(tmp_path, layout, suffix):
    cases = [make(0), make(1), make(2, ("spleen", "kidney")), make(3, ("kidney",))]
    grown, whole = tmp_path / "a" / "Dataset001_Set", tmp_path / "b" / "Dataset001_Set"
    found = grow(grown, cases, layout, suffix)
    at_once = [replace(c, split=split) for c, split in zip(cases, found.splits, strict=True)]
    export_training_set(at_once, whole, layout, suffix=suffix)
    assert contents(grown) == contents(whole)
    assert found == readSet(grown)
    assert found.classes == ("liver", "spleen", "kidney")
    assert found.ids == ("case0", "case1", "case2", "case3")


def test_of_every_five_patients_the_second_is_validated_on(tmp_path):
    found = grow(tmp_path / "set", [make(n) for n in range(8)])
    assert [n for n, split in enumerate(found.splits) if split == "val"] == [1, 6]


def test_all_cases_of_a_patient_are_in_one_split(tmp_path):
    subjects = ("A", "A", "A", "B", "A", "B", "C")
    found = grow(tmp_path / "set", [make(n, subject=s) for n, s in enumerate(subjects)])
    assert {s: {sp for sp, x in zip(found.splits, subjects, strict=True) if x == s} for s in "ABC"} == {
        "A": {"train"},
        "B": {"val"},
        "C": {"train"},
    }


@pytest.mark.parametrize("layout", sorted(LISTS))
def test_a_case_is_replaced_only_when_that_is_wanted(tmp_path, layout):
    folder = tmp_path / "set"
    grow(folder, [make(0), make(1), make(2)], layout)
    again = replace(make(7, ("liver",)), id="case1", subject="patient1")
    before = contents(folder)
    with pytest.raises(ValueError, match="has a case 'case1' already: tick"):
        addCase(folder, again, layout, ".nii.gz")
    assert contents(folder) == before
    found, _ = addCase(folder, again, layout, ".nii.gz", replaceCase=True)
    assert found.ids == ("case0", "case1", "case2")
    after = contents(folder)
    assert set(after) == set(before)
    assert list(after["manifest.json"][1]["classes"]) == ["liver"]
    changed = {name for name in after if after[name] != before[name]}
    assert all("case1" in name or name == "manifest.json" for name in changed)


def test_cases_that_do_not_fit_are_refused_and_change_nothing(tmp_path):
    folder = tmp_path / "set"
    grow(folder, [make(0)])
    before = contents(folder)
    for case, layout, suffix, message in (
        (make(1), "monai", ".nii.gz", "in the layout nnunet with .nii.gz files"),
        (make(1), "nnunet", ".nrrd", "in the layout nnunet with .nii.gz files"),
        (make(1, modality="mr"), "nnunet", ".nii.gz", "of the modality ct, this volume mr"),
        (replace(make(1), id="a b"), "nnunet", ".nii.gz", "'a b' cannot be the name of a file"),
    ):
        with pytest.raises(ValueError, match=message):
            addCase(folder, case, layout, suffix)
        assert contents(folder) == before


def test_a_folder_of_something_else_is_not_written_to(tmp_path):
    (tmp_path / "letter.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(ValueError, match="no training set of this panel: choose a new folder"):
        addCase(tmp_path, make(0), "nnunet", ".nii.gz")
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]
    with pytest.raises(OSError, match="letter"):
        addCase(tmp_path / "letter.txt" / "inside", make(0), "nnunet", ".nii.gz")


def test_what_a_killed_process_left_behind_is_no_hindrance(tmp_path):
    (tmp_path / ".adding" / "set").mkdir(parents=True)
    (tmp_path / ".adding" / "set" / "half.nrrd").write_text("", encoding="utf-8")
    assert grow(tmp_path, [make(0)]).ids == ("case0",)
    assert not (tmp_path / ".adding").exists()


def test_slices_left_out_between_others_are_named(tmp_path):
    case = make(0)
    case.segmentation.layers[0][2][case.segmentation.layers[0][2] == 1] = 0
    _, notes = addCase(tmp_path / "set", case, "nnunet", ".nii.gz")
    assert len(notes) == 1
    assert notes[0].startswith("liver has no labels on some slices between others")


@pytest.mark.parametrize("dims", [2, 3])
def test_the_recipe_of_a_set_is_one_that_can_be_trained(tmp_path, dims):
    found = grow(tmp_path / "Leber & Milz", [make(0, ('l "x"', "spleen")), make(1)])
    recipe = read_dense_recipe(writeRecipe(found, dims, 40, "cpu"))
    assert recipe.name == f"Leber---Milz-{dims}d"
    assert recipe.classes == {'l "x"': ['l "x"'], "spleen": ["spleen"], "liver": ["liver"]}
    assert recipe.patch == (8, 24, 32)[-dims:]
    assert (recipe.steps, recipe.device, recipe.manifest) == (
        40,
        "cpu",
        (tmp_path / "Leber & Milz/manifest.json").as_posix(),
    )


def test_large_images_are_cut_into_patches(tmp_path):
    large = (40, 250, 260)
    found = grow(tmp_path / "set", [make(0, shape=large), make(1, shape=large)])
    assert read_dense_recipe(writeRecipe(found, 2, 10, "auto")).patch == (192, 192)
    assert read_dense_recipe(writeRecipe(found, 3, 10, "auto")).patch == (32, 96, 96)


def test_a_run_goes_on_with_more_cases_and_another_begins_with_more_classes(tmp_path):
    folder = tmp_path / "set"
    first = writeRecipe(grow(folder, [make(0), make(1)]), 2, 10, "cpu")
    patch = read_dense_recipe(first).patch
    more = grow(folder, [make(n, shape=(6, 200, 210)) for n in (2, 3, 4)])
    assert writeRecipe(more, 2, 20, "cpu") == first
    assert (read_dense_recipe(first).patch, read_dense_recipe(first).steps) == (patch, 20)
    other = writeRecipe(grow(folder, [make(5, ("kidney",))]), 2, 20, "cpu")
    assert (first.stem, other.stem) == ("set-2d", "set-2d-2")
    assert writeRecipe(readSet(folder), 3, 20, "cpu").stem == "set-3d"


def test_a_recipe_needs_something_to_validate_on(tmp_path):
    found = grow(tmp_path / "set", [make(0, subject="A"), make(1, subject="A")])
    assert not found.canTrain
    with pytest.raises(ValueError, match="add a case of another patient"):
        writeRecipe(found, 2, 10, "cpu")


def test_a_damaged_recipe_and_a_lost_image_are_named(tmp_path):
    found = grow(tmp_path / "set", [make(0), make(1)])
    path = writeRecipe(found, 2, 10, "cpu")
    path.write_text("name = ", encoding="utf-8")
    with pytest.raises(ValueError, match=r"set-2d.toml is no recipe any more .*: remove it"):
        writeRecipe(found, 2, 10, "cpu")
    (tmp_path / "set/imagesTr/case1_0000.nii.gz").unlink()
    with pytest.raises(ValueError, match=r"case1_0000.nii.gz cannot be read: add the case again"):
        writeRecipe(found, 2, 10, "cpu")


@pytest.mark.parametrize("layout", sorted(LISTS))
@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"labels": {"a": "b"}}'])
def test_a_damaged_list_is_named(tmp_path, layout, text):
    grow(tmp_path / "set", [make(0)], layout)
    (tmp_path / "set" / LISTS[layout]).write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=f"{LISTS[layout]}' is damaged .*restore it"):
        readSet(tmp_path / "set")
