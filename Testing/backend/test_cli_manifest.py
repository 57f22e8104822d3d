"""`python -m cueseg manifest`: a data set becomes a manifest that the readers accept."""

import json

import pytest

import data_set_folders as folders
from cueseg.cli.main import main
from cueseg.cli.manifest import KINDS
from cueseg.training.cases import read_entries, read_manifest


def words(kind, folder, output, *more):
    return ["manifest", kind, str(folder), "-o", str(output), *map(str, more)]


def test_the_command_knows_all_kinds_of_the_package():
    from cueseg.datasets import KINDS as OF_THE_PACKAGE

    assert tuple(OF_THE_PACKAGE) == KINDS


def test_a_data_set_is_split_by_patient_and_read_back(tmp_path, capsys):
    data, output = folders.segthor(tmp_path / "SegTHOR", 5), tmp_path / "lists" / "segthor.json"
    assert main(words("segthor", data, output, "--split", "60/20/20", "--seed", 1, "--check")) == 0
    said = capsys.readouterr()
    assert said.out.startswith("oesophagus: in 5 images\nheart: in 5 images\n")
    assert said.out.endswith(
        f"5 images of 5 subjects: train 3 (3 images), val 1 (1 image), test 1 (1 image) -> {output}\n"
    )
    assert said.err == ""
    assert len(read_manifest(output)) == 4  # the test image only on request
    assert [case.split for case in read_manifest(output, "test")] == ["test"]
    image = json.loads(output.read_text(encoding="utf-8"))[0]["image"]
    assert image == "../SegTHOR/train/Patient_01/Patient_01.nii.gz"


def test_the_same_seed_gives_the_same_file(tmp_path):
    data = folders.segthor(tmp_path / "data", 5)
    texts = []
    for number, seed in enumerate((0, 0, 7)):
        assert main(words("segthor", data, tmp_path / f"{number}.json", "--seed", seed)) == 0
        texts.append((tmp_path / f"{number}.json").read_text(encoding="utf-8"))
    assert texts[0] == texts[1] != texts[2]


def test_patients_are_read_from_the_names_of_cases(tmp_path):
    data = folders.nnunet(tmp_path / "data", cases=6)
    assert main(words("nnunet", data, tmp_path / "m.json", "--subject", r"_00([0-9])")) == 0
    assert sorted(item["subject"] for item in read_entries(tmp_path / "m.json"))[0] in "012345"


def test_splits_come_from_a_file(tmp_path, capsys):
    data = folders.lits(tmp_path / "data")
    (tmp_path / "splits.json").write_text(
        json.dumps({"train": ["lits 0"], "val": ["lits 10"]}), encoding="utf-8"
    )
    assert main(words("lits", data, tmp_path / "m.json", "--split-file", tmp_path / "splits.json")) == 0
    assert "2 images of 2 subjects, 1 left out: train 1 (1 image), val 1" in capsys.readouterr().out
    assert {item["subject"]: item["split"] for item in read_entries(tmp_path / "m.json")} == {
        "lits 0": "train", "lits 10": "val"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--split", "70"], "'70' is no split: write the shares of train/val/test, for example 70/15/15"),
        (["--channel", "t1"], "--channel does not go with the kind segthor"),
        (["--subject", "("], "--subject '(' is no regular expression"),
        (["--subject", "nobody"], "--subject 'nobody' finds no patient in 'Patient_01'"),
        (["--split-file", "no.csv"], "no.csv"),
    ],
)
def test_bad_input_ends_with_3_and_writes_nothing(tmp_path, capsys, more, message):
    data = folders.segthor(tmp_path / "data")
    assert main(words("segthor", data, tmp_path / "m.json", *more)) == 3
    assert message in capsys.readouterr().err
    assert not (tmp_path / "m.json").exists()


def test_an_own_folder_needs_its_patterns(tmp_path, capsys):
    assert main(words("own", tmp_path, tmp_path / "m.json", "--images", "{id}.nrrd")) == 3
    assert "the kind own needs --images and --labels" in capsys.readouterr().err
    more = ("--images", "{id}.nrrd", "--labels", "{id}.nii", "--classes", "liver")
    assert main(words("own", tmp_path, tmp_path / "m.json", *more)) == 3
    assert "'liver' is no class: write NAME=NUMBER" in capsys.readouterr().err


def test_checking_names_every_image_that_does_not_fit(tmp_path, capsys):
    data = folders.segthor(tmp_path / "data")
    for patient in ("Patient_01", "Patient_03"):
        folders.save(data / "train" / patient / "GT.nii.gz", folders.labels_of(1)[:2])
    assert main(words("segthor", data, tmp_path / "m.json", "--check")) == 3
    said = capsys.readouterr().err
    assert "2 of 3 images cannot be used:\nPatient_01: image (4, 12, 14) and labels (2, 12, 14)" in said
    assert "\nPatient_03: " in said
    assert not (tmp_path / "m.json").exists()


def test_a_manifest_is_replaced_only_on_request(tmp_path, capsys):
    data, output = folders.segthor(tmp_path / "data"), tmp_path / "m.json"
    output.write_text("precious", encoding="utf-8")
    assert main(words("segthor", data, output)) == 3
    assert "exists already: say --overwrite to replace it" in capsys.readouterr().err
    assert output.read_text(encoding="utf-8") == "precious"
    assert main(words("segthor", data, output, "--overwrite")) == 0
    assert len(json.loads(output.read_text(encoding="utf-8"))) == 3
