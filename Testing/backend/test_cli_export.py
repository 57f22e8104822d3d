"""`python -m cueseg export-training-set`: from labelled cohorts and tables to sets that train at once."""

import json

import numpy as np
import pytest

from cueseg.cli.main import main
from cueseg.image_files import Segmentation, read_image, write_segmentation
from cueseg.training.cases import read_manifest
from labelled_manifest import made_up_labels, save_thresholds, write_volumes

CASES = 5
RECIPE = """
kind = "dense"
name = "tiny"
manifest = "{manifest}"
missing = "background"
base = 4
levels = 2
intensity = {{ kind = "window", low = -200, high = 250, out = [0, 1] }}
patch = [16, 16]
batch = 2
steps = 2
warm_up = 1
validate_every = 2
workers = 0
[classes]
organ = ["organ"]
"""


@pytest.fixture
def volumes(tmp_path):
    write_volumes(tmp_path / "data", ("train",) * CASES)
    return tmp_path / "data"


@pytest.fixture
def labelled(volumes, tmp_path):
    """A folder that the command label filled."""
    table = tmp_path / "cohort.csv"
    table.write_text(
        "image,id,modality\n" + "".join(f"data/{n}.nrrd,case {n},ct\n" for n in range(CASES)),
        encoding="utf-8",
    )
    network = save_thresholds(tmp_path / "net.ts")
    assert main(["label", str(table), "--network", str(network), "--output", str(tmp_path / "labels")]) == 0
    return tmp_path / "labels"


def export(source, output, *more):
    return main(["export-training-set", str(source), "--output", str(output), *map(str, more)])


def test_a_labelled_cohort_becomes_a_training_set_that_trains(labelled, tmp_path, capsys):
    output = tmp_path / "Dataset101_Organs"
    capsys.readouterr()
    assert export(labelled, output, "--split", "60/40") == 0
    said = capsys.readouterr()
    assert said.out == f"5 images (train 3, val 2), organ, bone -> {output / 'manifest.json'}\n"
    assert said.err == ""
    cases = read_manifest(output / "manifest.json")
    assert len(cases) == CASES
    assert all(np.array_equal(case.labels, made_up_labels()) for case in cases)
    provenance = json.loads((output / "provenance" / "case_0.json").read_text(encoding="utf-8"))
    assert {item["origin"] for item in provenance["slices"]} == {"predicted"}
    assert provenance["weights"] == [
        json.loads((labelled / "case 0.json").read_text(encoding="utf-8"))["weights"]
    ]
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(RECIPE.format(manifest=(output / "manifest.json").as_posix()), encoding="utf-8")
    assert main(["train", str(recipe), "--output", str(tmp_path / "runs")]) == 0
    assert (tmp_path / "runs" / "tiny" / "best.pt").exists()


@pytest.fixture
def table(volumes, tmp_path):
    """Two segmentations of one patient and one of another, made in Slicer say."""
    lines = ["image,segmentation,subject,split,id"]
    for number, subject, split in ((0, "anna", "train"), (1, "anna", "train"), (2, "bert", "val")):
        image = read_image(volumes / f"{number}.nrrd")
        segmentation = Segmentation.from_labels(made_up_labels(), ["organ", "bone"])
        write_segmentation(tmp_path / f"{number}.seg.nrrd", segmentation, image)
        lines.append(f"data/{number}.nrrd,{number}.seg.nrrd,{subject},{split},s{number}")
    path = tmp_path / "table.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_a_table_of_segmentations_keeps_patients_and_splits(table, tmp_path):
    output = tmp_path / "set"
    more = ("--layout", "monai", "--format", ".nrrd", "--modality", "ct", "--classes", "bone")
    assert export(table, output, *more) == 0
    cases = read_manifest(output / "manifest.json")
    assert [(case.subject, case.split) for case in cases] == [
        ("anna", "train"),
        ("anna", "train"),
        ("bert", "val"),
    ]
    assert cases[0].classes == {"bone": (1,)}
    assert np.array_equal(cases[0].labels == 1, made_up_labels() == 2)
    origins = json.loads((output / "provenance" / "s0.json").read_text(encoding="utf-8"))["slices"]
    assert {(item["segment"], item["origin"]) for item in origins} == {("bone", "unrecorded")}


def test_an_unclear_modality_is_asked_for(table, tmp_path, capsys):
    assert export(table, tmp_path / "set", "--layout", "monai") == 3
    assert "0.nrrd does not say what kind of image it is: add the column modality" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image,labels\na,b\n", "has the unknown column 'labels': its columns may be image, segmentation"),
        ("image\na\n", "lacks the column image or segmentation"),
        ("image,segmentation\na.nrrd,b.nii\n", "line 2: the segmentation must be a .seg.nrrd file"),
        ("image,segmentation,split\na,b.seg.nrrd,all\n", "line 2: unknown split 'all'"),
        ("image,segmentation\n", "holds no labelled image"),
        ("image,segmentation\nno.nrrd,b.seg.nrrd\n", "no.nrrd does not exist: check the path"),
    ],
)
def test_mistakes_in_a_table_are_named(tmp_path, capsys, text, message):
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    assert export(tmp_path / "t.csv", tmp_path / "set", "--layout", "monai") == 3
    assert message in capsys.readouterr().err


def test_a_folder_of_something_else_is_named(tmp_path, capsys):
    (tmp_path / "in").mkdir()
    assert export(tmp_path / "in", tmp_path / "set") == 3
    assert "holds no labelled image" in capsys.readouterr().err
    (tmp_path / "in" / "a.json").write_text("{}", encoding="utf-8")
    assert export(tmp_path / "in", tmp_path / "set") == 3
    assert "a.json is no record of the command label" in capsys.readouterr().err
    (tmp_path / "in" / "a.json").write_text('{"id": "a", "image": "a.nrrd"}', encoding="utf-8")
    assert export(tmp_path / "in", tmp_path / "set") == 3
    assert "a.json has no a.seg.nrrd beside it: run label again" in capsys.readouterr().err
