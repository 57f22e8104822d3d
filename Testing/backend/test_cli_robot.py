"""`python -m cueseg robot`: a table and a plot that say who worked, and what is wrong in words."""

import csv

import numpy as np
import pytest

from command_line import predict_by_brightness
from cueseg.cli.main import main
from cueseg.image_files import Segmentation, read_image, write_segmentation
from image_builder import disc, disc_volume, write_volume
from network_commands import save_tiny_network


@pytest.fixture
def files(tmp_path, monkeypatch):
    predict_by_brightness(monkeypatch)
    write_volume(tmp_path / "ct.nrrd", disc_volume())
    labels = np.zeros(disc_volume().shape, np.uint8)
    labels[1:5] = disc()
    image = read_image(tmp_path / "ct.nrrd")
    write_segmentation(tmp_path / "ref.seg.nrrd", Segmentation.from_labels(labels, ["organ"]), image)
    return tmp_path


def words(files, *more, mode="clicks", output="r.csv"):
    about = ["--reference", files / "ref.seg.nrrd", "--segment", "organ", "--modality", "ct", "--mode", mode]
    return [str(word) for word in ("robot", files / "ct.nrrd", *about, "--output", files / output, *more)]


@pytest.mark.parametrize(("mode", "steps"), [("clicks", 4), ("slices", 2)])
def test_the_command_writes_a_table_and_a_plot(files, capsys, mode, steps):
    assert main(words(files, mode=mode)) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"simulated user, {mode}, seed 0: organ of ct: Dice ")
    with open(files / "r.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == steps
    assert float(rows[-1]["Dice"]) > 0.95
    assert f"NoC@90: {16 if mode == 'clicks' else 12} clicks" in said
    assert "simulated user" in (files / "r.svg").read_text(encoding="utf-8")
    assert main(words(files, mode=mode)) == 3
    assert "exists already: say --overwrite" in capsys.readouterr().err


def test_the_command_corrects_a_network_by_scribbles(files, capsys):
    save_tiny_network(files / "net.pt", "Organ")
    arguments = ("--network", files / "net.pt", "--rounds", "2", "--device", "cpu")
    assert main(words(files, *arguments, mode="scribbles")) == 0
    with open(files / "r.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["Step"] for row in rows] == ["0", "1", "2"]
    assert int(rows[2]["Painted voxels"]) > int(rows[1]["Painted voxels"]) > 0
    assert "simulated user, scribbles" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "mode", "message"),
    [
        ((), "scribbles", "name it with --network"),
        (("--network", "p-net"), "clicks", "--network goes with --mode scribbles"),
        (("--rounds", "0"), "clicks", "--rounds must be 1 or more, got 0"),
        (("--output", "r.txt"), "clicks", "must end in .csv"),
        (("--segment", "heart"), "clicks", "there is no segment 'heart'"),
        (("--network", "p-net"), "scribbles", "p-net has no class 'organ'"),
    ],
)
def test_what_cannot_be_is_said(files, capsys, more, mode, message):
    assert main(words(files, *more, mode=mode)) == 3
    assert message in capsys.readouterr().err
    assert not (files / "r.csv").exists()
