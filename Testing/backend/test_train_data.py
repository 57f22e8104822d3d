"""Where samples come from: memory or disk alike, every structure once per epoch, and never from the split test."""

import dataclasses
import json

import numpy as np
import pytest
import torch

from cueseg.training import augmentation
from cueseg.training.case_store import CaseStore, Chosen, stored_cases
from cueseg.training.config import Phase, read_recipe
from cueseg.training.dense_recipe import read_dense_recipe
from cueseg.training.dense_run import DENSE_RECIPES, dense_cases
from cueseg.training.dense_samples import PatchSource
from cueseg.training.recipe_run import run_recipe
from cueseg.training.samples import SampleSource
from cueseg.training.trainer import Trainer, new_model
from cueseg.weights_file import WEIGHTS_FOLDER
from training_case import DENSE, POINTS, write_recipe

PHASE = Phase(0, 48, {"made up": 1.0})
GIB = 2**30


@pytest.fixture
def recipe(tmp_path):
    return read_recipe(write_recipe(tmp_path, POINTS))


def test_images_read_when_needed_give_the_samples_of_those_in_memory(recipe):
    budgets = {"all": -1.0, "none": 0.0, "one": 80_000 / GIB}
    drawn = {}
    for name, budget in budgets.items():
        options = dataclasses.replace(recipe, memory_gib=budget)
        source = SampleSource.of(stored_cases(recipe.manifest, "train", options), options)
        drawn[name] = [source.draw(number, PHASE) for number in range(12)]
    for name in ("none", "one"):
        for one, two in zip(drawn["all"], drawn[name], strict=True):
            assert np.array_equal(one.window, two.window)
            assert np.array_equal(one.target, two.target)
            assert np.array_equal(one.points, two.points)


def test_dense_patches_are_the_same_from_memory_and_from_disk(tmp_path):
    recipe = read_dense_recipe(write_recipe(tmp_path, DENSE))
    lean = dataclasses.replace(recipe, memory_gib=0.0)
    held, read = dense_cases(recipe, "train"), dense_cases(lean, "train")
    assert isinstance(held, list)
    assert isinstance(read, CaseStore)
    for number in range(8):
        one, two = PatchSource(held, recipe)[number], PatchSource(read, lean)[number]
        assert np.array_equal(one.image, two.image)
        assert np.array_equal(one.target, two.target)
    assert read.held_bytes == 0


def test_regions_grow_in_images_on_disk_too(recipe):
    lean = dataclasses.replace(recipe, memory_gib=0.0, phases=(Phase(0, 48, {"regions": 1.0}),))
    held = dataclasses.replace(lean, memory_gib=-1.0)
    one, two = (
        SampleSource.of(stored_cases(recipe.manifest, "train", options), options) for options in (lean, held)
    )
    for number in range(3):
        assert np.array_equal(
            one.draw(number, lean.phases[0]).window, two.draw(number, lean.phases[0]).window
        )


@dataclasses.dataclass
class Item:
    """A hundred bytes."""

    values: np.ndarray


def test_a_store_keeps_what_was_used_last_within_its_budget():
    reads = []

    def reader(number):
        def read():
            reads.append(number)
            return Item(np.full(100, number, np.uint8))

        return read

    store = CaseStore([reader(number) for number in range(3)], budget=200)
    assert [int(store[number].values[0]) for number in (0, 1, 0, 2, 0, -1, 1)] == [0, 1, 0, 2, 0, 2, 1]
    assert reads == [0, 1, 2, 1]
    assert store.held_bytes == 200
    assert [int(item.values[0]) for item in store] == [0, 1, 2]
    assert [int(item.values[0]) for item in Chosen(store, [2, 0])] == [2, 0]
    assert len(store[1:]) == 2
    with pytest.raises(IndexError):
        store[3]


def test_an_epoch_shows_every_structure_once(recipe):
    recipe = dataclasses.replace(recipe, order="epochs", plane_share=0.0, augmentation="none", jitter=0.0)
    source = SampleSource.of(stored_cases(recipe.manifest, "train", recipe), recipe)
    seen = [source._in_turn(number, PHASE) for number in range(42)]
    total = 2 * (4 + 3)  # two volumes, slices of the box and of the slab
    assert len(set(seen[:total])) == total
    assert {s.axis for s in seen} == {0}
    assert set(seen[:total]) == set(seen[total : 2 * total])
    assert seen[:total] != seen[total : 2 * total]
    again = SampleSource.of(stored_cases(recipe.manifest, "train", recipe), recipe)
    for number in (20, 3):
        assert np.array_equal(again.draw(number, PHASE).window, source.draw(number, PHASE).window)
    both = dataclasses.replace(recipe, phases=(Phase(0, 48, {"made up": 0.5, "synthetic": 0.5}),))
    with pytest.raises(ValueError, match=r"epochs.*leave synthetic and regions out"):
        SampleSource.of(stored_cases(recipe.manifest, "train", recipe), both)


def test_the_changes_of_the_paper_are_a_flip_a_turn_and_a_small_zoom():
    """A bar of 40 x 10 pixels keeps its place and, up to the zoom, its area; its ends lie within 30 degrees."""
    image = np.zeros((90, 90), np.float32)
    image[40:50, 25:65] = 200.0
    areas, angles = [], []
    for seed in range(60):
        bent, mask = augmentation.augment_as_paper(image, image > 0, np.random.default_rng(seed))
        assert bent[mask].min() > 90
        rows, cols = np.nonzero(mask)
        axis = np.linalg.svd(np.stack([rows - rows.mean(), cols - cols.mean()]))[0][:, 0]
        areas.append(mask.sum() / 400)
        angles.append(np.degrees(np.arctan2(axis[0], axis[1])) % 180)
    tilt = np.minimum(angles, 180 - np.array(angles))
    assert 0.78 < min(areas) < 0.9 < 1.1 < max(areas) < 1.24
    assert 20 < tilt.max() < 32


def test_the_paper_samples_have_its_window_and_frame(recipe):
    """Grey is the HU window as it is; the longer side of the box takes 350 to 400 of 512."""
    recipe = dataclasses.replace(recipe, order="epochs", augmentation="paper", jitter=0.0, plane_share=0.0)
    source = SampleSource.of(stored_cases(recipe.manifest, "train", recipe), recipe)
    frame = Phase(0, 512, PHASE.shares)
    for number in range(10):
        sample = source.draw(number, frame)
        sides = [np.count_nonzero(sample.target.any(axis=axis)) for axis in (0, 1)]
        assert 345 < max(sides) < 405
        box = np.median(sample.window[sample.target > 0])
        assert box == pytest.approx((10 + 200) / 450 * 255, abs=6) or box == pytest.approx(
            270 / 450 * 255, abs=6
        )


def test_the_split_test_is_never_read(tmp_path):
    """Its files do not even exist."""
    path = write_recipe(tmp_path, DENSE, steps=2, validate_every=2)
    manifest = tmp_path / "manifest.json"
    entries = json.loads(manifest.read_text(encoding="utf-8"))
    hidden = {**entries[0], "subject": "hidden", "split": "test", "image": "none.nrrd", "labels": "none.nrrd"}
    manifest.write_text(json.dumps([*entries, hidden]), encoding="utf-8")
    assert run_recipe(DENSE_RECIPES, path, output=tmp_path) == 0
    points = read_recipe(write_recipe(tmp_path, POINTS, steps=1))
    manifest.write_text(json.dumps([*entries, hidden]), encoding="utf-8")
    cases = stored_cases(points.manifest, "train", points)
    assert [case.subject for case in cases] == ["case 0", "case 1"]


def test_training_starts_from_the_weights_of_the_recipe(recipe, tmp_path):
    weights = WEIGHTS_FOLDER / "compact-cm.pt"
    start = dataclasses.replace(recipe, initial_weights=str(weights))
    state = torch.load(weights, weights_only=True)
    trainer = Trainer(start, stored_cases(recipe.manifest, "train", recipe), None, tmp_path / "run")
    for name, value in trainer.model.state_dict().items():
        assert torch.equal(value, state[name].to(value.dtype)), name
    with pytest.raises(ValueError, match=r"'compact' with 4 channels.*with 5.*change architecture"):
        new_model(dataclasses.replace(start, cue="cm+ep"))


def test_training_starts_from_a_checkpoint_in_the_layout_of_dextr(recipe, tmp_path):
    options = dataclasses.replace(recipe, architecture="psp-resnet101", cue="ep")
    torch.manual_seed(3)
    state = new_model(options).state_dict()
    torch.save({f"module.{name}": value for name, value in state.items()}, tmp_path / "dextr.pth")
    model = new_model(dataclasses.replace(options, initial_weights=str(tmp_path / "dextr.pth")))
    assert torch.equal(model.state_dict()["layer4.2.conv2.weight"], state["layer4.2.conv2.weight"])
    assert model.training
