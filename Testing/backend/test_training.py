import dataclasses
import json

import numpy as np
import pytest
import SimpleITK as sitk
import torch

from cueseg.training.cases import read_manifest
from cueseg.training.config import Phase, Recipe, read_recipe
from cueseg.training.optimisation import learning_rate_at
from cueseg.training.regions import draw_region
from cueseg.training.run import Validation
from cueseg.training.samples import SampleSource, collate, find_structures
from cueseg.training.synthetic import draw_synthetic
from cueseg.training.trainer import Trainer
from cueseg.training.validation import score, validation_items
from training_case import write_case

PHASE = Phase(0, 48, {"made up": 0.7, "synthetic": 0.3})
RECIPE_VALUES = {
    "architecture": "compact",
    "phases": (PHASE,),
    "batch": 4,
    "steps": 6,
    "warm_up": 2,
    "validate_every": 3,
    "workers": 0,
}


@pytest.fixture
def manifest(tmp_path):
    """Two made-up CT volumes with two organs each, one for training and one for validation."""
    entries = []
    for number, split in enumerate(("train", "val")):
        labels = np.zeros((6, 40, 50), np.uint8)
        labels[1:5, 10:20, 12:30] = 1
        labels[2:5, 25:33, 5:12] = 2
        classes = {"box": [1], "both": [1, 2]}
        entries.append(write_case(tmp_path, number, split, labels, labels * 60.0 - 50, classes))
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(entries), encoding="utf-8")
    return path


@pytest.fixture
def recipe(manifest):
    return Recipe(name="tiny", manifest=str(manifest), **RECIPE_VALUES)


def test_manifest_gives_cases_of_the_split_wanted(manifest):
    (case,) = read_manifest(manifest, "val")
    assert case.subject == "case 1"
    assert case.image.shape == (6, 40, 50)
    assert case.pixel_size(1) == (3.0, 1.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"split": "tset"}, "split must be one of"),
        ({"modality": "pet"}, "unknown modality"),
        ({"image": "nowhere.nrrd"}, "does not exist"),
        ({"labels": "other.nrrd"}, "do not match"),
    ],
)
def test_bad_manifest_entries_are_named(manifest, change, message):
    sitk.WriteImage(
        sitk.GetImageFromArray(np.zeros((2, 2, 2), np.uint8)), str(manifest.parent / "other.nrrd")
    )
    entries = json.loads(manifest.read_text(encoding="utf-8"))
    entries[0].update(change)
    manifest.write_text(json.dumps(entries), encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        read_manifest(manifest)


def test_structures_are_found_in_all_planes_and_unions_count(manifest):
    found = find_structures(0, read_manifest(manifest, "train")[0])
    assert [s.index for s in found["box"]] == [1, 2, 3, 4]
    assert len(found["box across axis 2"]) == 18
    assert len(found["both across axis 2"]) == 18 + 7


def test_a_sample_depends_on_its_number_and_the_seed_alone(manifest, recipe):
    cases = read_manifest(manifest, "train")
    one, two, other = (SampleSource(cases, recipe.groups, seed, 3.0) for seed in (7, 7, 8))
    one.draw(0, PHASE)
    for number in (3, 11):
        a, b = one.draw(number, PHASE), two.draw(number, PHASE)
        assert np.array_equal(a.window, b.window)
        assert np.array_equal(a.points, b.points)
    assert not np.array_equal(one.draw(3, PHASE).window, other.draw(3, PHASE).window)


def test_samples_hold_their_clicks_near_the_edge_of_the_target(manifest, recipe):
    source = SampleSource(read_manifest(manifest, "train"), recipe.groups, 0, jitter=0.0)
    phase = dataclasses.replace(PHASE, size=96)
    for number in range(40):
        sample = source.draw(number, phase)
        rows, cols = np.nonzero(sample.target)
        slack = 96 * 0.8 / min(np.ptp(cols) + 1, np.ptp(rows) + 1) + 12
        assert abs(sample.points[:, 0].min() - cols.min()) < slack
        assert abs(sample.points[:, 1].max() - rows.max()) < slack
        assert sample.window.min() >= 0
        assert sample.window.max() <= 255


def test_shares_of_a_group_without_images_are_refused(manifest):
    with pytest.raises(ValueError, match="'liver'"):
        SampleSource(read_manifest(manifest), {"liver"}, 0, 0.0)


def test_regions_grow_in_a_real_looking_volume_and_stay_off_its_border(manifest):
    cases = read_manifest(manifest, "train")
    source = SampleSource(cases, {"regions"}, 0, 0.0)
    found = [draw_region(source.large, np.random.default_rng(seed)) for seed in range(20)]
    masks = [region[1] for region in found if region is not None]
    assert masks
    assert not any(mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any() for mask in masks)


def test_synthetic_images_hold_a_structure():
    rng = np.random.default_rng(0)
    filled = [draw_synthetic(rng)[1].mean() for _ in range(50)]
    assert np.mean([0.001 < share < 0.8 for share in filled]) > 0.9


def test_a_network_learns_and_a_stopped_run_goes_on_exactly(manifest, recipe, tmp_path):
    """Six steps at once, and three plus three with a stop between, end with equal weights."""
    cases = read_manifest(manifest, "train")
    items = validation_items(read_manifest(manifest, "val"))

    def trainer(folder):
        return Trainer(recipe, cases, Validation(recipe, items), tmp_path / folder)

    whole = trainer("whole")
    whole.run()
    stopped = trainer("stopped")
    stopped.run(until=0)  # stops after one step
    assert stopped.step == 1
    resumed = trainer("stopped")
    assert resumed.step == 1
    resumed.run()
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, resumed.model.state_dict()[name]), name
    losses = [
        json.loads(line)
        for line in (tmp_path / "whole" / "log.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert [row["step"] for row in losses if "val" in row] == [3, 6]
    assert (tmp_path / "whole" / "best.pt").exists()


def test_training_lowers_the_loss_on_one_batch(manifest, recipe, tmp_path):
    trainer = Trainer(recipe, read_manifest(manifest, "train"), None, tmp_path / "run")
    batch = collate([trainer.source.draw(number, PHASE) for number in range(4)])
    losses = [trainer.train_step(batch) for _ in range(12)]
    assert losses[-1] < 0.7 * losses[0]


def test_learning_rate_warms_up_and_falls_to_a_hundredth():
    recipe = Recipe(name="x", manifest="y", phases=(PHASE,), learning_rate=1.0, warm_up=10, steps=110)
    assert learning_rate_at(recipe, 0) == pytest.approx(0.1)
    assert learning_rate_at(recipe, 10) == pytest.approx(1.0)
    assert learning_rate_at(recipe, 110) == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('name = "x"\nmanifest = "y"\nstepps = 3', "unknown setting 'stepps'"),
        ('name = "x"\nmanifest = "y"\nsteps = "many"', "steps must be"),
        ('name = "x"', "lacks 'manifest'"),
        ('name = "x"\nmanifest = "y"\ncue = "box"', "cue must be one of"),
        ('name = "x"\nmanifest = "y"', "phases must begin at step 0"),
        ('name = "x"\nmanifest = "y"\n[[phases]]\nfirst = 0\nsize = 96', "first, size and shares"),
        ('name = "x"\nmanifest = "y"\n[[phases]]\nfirst = 0\nsize = 96\nshares = {}', "no shares"),
        ('name = "x"\nmanifest = "y"\n[[phases]]\nfirst = 5\nsize = 96\nshares = {a=1}', "begin at step 0"),
        ("name =", "not a recipe"),
    ],
)
def test_mistakes_in_recipes_are_named(tmp_path, text, message):
    path = tmp_path / "recipe.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        read_recipe(path)


def test_scores_compare_with_the_reference_mask(manifest):
    items = validation_items(read_manifest(manifest, "val"))
    assert {item.column for item in items} == {"box", "both"}
    perfect = score(items, lambda item, clicks: item.mask, "disturbed")
    assert perfect == {"box": [1.0], "both": [1.0]}
    assert score(items, lambda item, clicks: ~item.mask, "exact") == {"box": [0.0], "both": [0.0]}


def test_disturbed_clicks_move_at_most_a_tenth_of_the_box(manifest):
    items = validation_items(read_manifest(manifest, "val"))
    for item in items:
        sides = np.ptp(item.exact, axis=0) + 1
        moved = np.abs(item.disturbed - item.exact)
        assert (moved <= np.minimum(3.0, 0.1 * sides) + 1e-9).all()
        assert moved.max() > 0
