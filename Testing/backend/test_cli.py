"""`python -m cueseg`: its commands, help and exit codes."""

import io
import logging
import shutil
import sys
import time
from pathlib import Path

import pytest

import cueseg
from command_line import run_python, save_tiny_model, segment_words, start_python
from cueseg import weights_file
from cueseg.cli import console, segment_arguments
from cueseg.cli.main import main
from cueseg.image_files import AXES, read_image, read_segmentation
from image_builder import POINTS, disc_volume, write_series


@pytest.fixture
def scan(tmp_path):
    write_series(tmp_path / "scan", disc_volume())
    return tmp_path / "scan"


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Two weights files with their cards, one of them the default."""
    folder = tmp_path_factory.mktemp("weights")
    for name in ("tiny", weights_file.DEFAULT_MODEL):
        save_tiny_model(folder / f"{name}.pt", description=f"About {name}.")
    return folder


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["segmnt"], "invalid choice: 'segmnt'"),
        (["segment", "a.nrrd", "--points", *POINTS], "the following arguments are required: --output"),
        (segment_words("a.nrrd", "b.nrrd", points=POINTS[:3]), "expected 4 arguments"),
        (segment_words("a.nrrd", "b.nrrd", points=(*POINTS[:3], "4")), "'4' is no point: write x,y"),
        (segment_words("a.nrrd", "b.nrrd", points=("-1,-1,2", *POINTS[:3])), "'-1,-1,2' is no point"),
        (segment_words("a.nrrd", "b.nrrd", "--axis", "front"), "invalid choice: 'front'"),
        (segment_words("a.nrrd", "b.nrrd", "--slice", "1.5"), "invalid int value: '1.5'"),
        (segment_words("a.nrrd", "b.nrrd", "--append", "--overwrite"), "not allowed with argument --append"),
    ],
)
def test_wrong_use_ends_with_2(capsys, words, message):
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "missing"),
    [
        (["train", "gone.toml"], "gone.toml"),
        (["replay", "gone.jsonl", "--image", "a.nrrd", "--output", "b.nrrd"], "gone.jsonl"),
        (
            ["evaluate", "gone.json"],
            "there is no manifest gone.json: make it with `python -m cueseg manifest`",
        ),
    ],
)
def test_other_missing_files_are_named_without_the_systems_number(capsys, words, missing):
    assert main(words) == 3
    said = capsys.readouterr().err
    assert said.startswith(f"error: {missing}")
    assert "Errno" not in said


def test_missing_images_end_with_3(tmp_path, capsys):
    assert main(segment_words(tmp_path / "nothing.nrrd", tmp_path / "a.nrrd", "--slice", 1)) == 3
    assert capsys.readouterr().err == f"error: {tmp_path}/nothing.nrrd does not exist: check the path\n"


@pytest.mark.parametrize("model", ["no-such-model", "missing.pt", "tiny.pt"])
def test_unusable_weights_end_with_4(scan, weights, tmp_path, capsys, model):
    shutil.copy(weights / "tiny.json", tmp_path)
    (tmp_path / "tiny.pt").write_bytes(b"changed")
    given = tmp_path / model if model.endswith(".pt") else model
    assert main(segment_words(scan, tmp_path / "a.nrrd", "--slice", 1, "--model", given)) == 4
    said = capsys.readouterr()
    assert said.err.startswith("error: ")
    assert model in said.err
    assert not (tmp_path / "a.nrrd").exists()


def test_an_interruption_ends_with_130(monkeypatch, scan, tmp_path, capsys):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("cueseg.image_files.read_image", interrupt)
    assert main(segment_words(scan, tmp_path / "a.nrrd")) == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_unexpected_errors_keep_their_traceback(monkeypatch, scan, tmp_path):
    def fail(*_):
        raise ZeroDivisionError("a mistake in the program")

    monkeypatch.setattr("cueseg.image_files.read_image", fail)
    with pytest.raises(ZeroDivisionError):
        main(segment_words(scan, tmp_path / "a.nrrd"))


def test_models_are_listed(monkeypatch, weights, capsys):
    monkeypatch.setattr(weights_file, "WEIGHTS_FOLDER", weights)
    assert main(["list-models"]) == 0
    header, default, tiny, *about = capsys.readouterr().out.splitlines()
    assert header.split() == ["NAME", "NETWORK", "CUE", "CROP", "INPUT", "THRESHOLD", "LICENCE"]
    assert default.split() == ["*", "compact-cm", "psp-resnet18", "cm", "square", "64", "px", "0.5", "MIT"]
    assert tiny.split()[0] == "tiny"
    assert tiny.index("psp-resnet18") == default.index("psp-resnet18") == header.index("NETWORK")
    assert about == ["", "compact-cm: About compact-cm.", "", "tiny: About tiny."]


def test_lists_without_models_or_with_broken_cards(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(weights_file, "WEIGHTS_FOLDER", tmp_path)
    assert main(["list-models"]) == 0
    assert capsys.readouterr().out == "no weights come with this copy of cueseg\n"
    (tmp_path / "tiny.json").write_text("{", encoding="utf-8")
    assert main(["list-models"]) == 4
    assert "tiny.json: the card is not valid JSON" in capsys.readouterr().err


def test_training_is_handed_on_and_says_what_it_does(monkeypatch, capsys):
    seen = []

    def train(options):
        seen.append(options)
        logging.getLogger("cueseg.training.run").info("step 1 of 2")
        return 0

    monkeypatch.setattr("cueseg.training.run.run", train)
    assert main(["train", "a.toml", "--minutes", "2"]) == 0
    assert (seen[0].recipe, seen[0].minutes) == (Path("a.toml"), 2)
    assert capsys.readouterr().err == "step 1 of 2\n"


def test_bad_recipes_end_with_3(tmp_path, capsys):
    (tmp_path / "a.toml").write_text("nonsense = 1", encoding="utf-8")
    assert main(["train", str(tmp_path / "a.toml")]) == 3
    assert "unknown setting 'nonsense'" in capsys.readouterr().err
    (tmp_path / "a.toml").write_text('kind = "sparse"', encoding="utf-8")
    assert main(["train", str(tmp_path / "a.toml")]) == 3
    kinds = "'dense', 'box', 'points', 'monitoring'"
    assert f"kind is 'sparse'; it must be one of {kinds}, or left out" in capsys.readouterr().err


def test_long_work_is_announced_to_those_who_watch(monkeypatch, capsys):
    monkeypatch.setattr(console, "PROGRESS_AFTER", 0.01)
    for verbose in (False, True):
        with console.progress("reading", verbose):
            time.sleep(0.1)
        monkeypatch.setattr(console, "PROGRESS_AFTER", 5.0)
        with console.progress("writing", verbose):
            pass
        assert capsys.readouterr().err == ("reading ...\n" if verbose else "")
        monkeypatch.setattr(console, "PROGRESS_AFTER", 0.01)


def test_terminals_without_the_letters_get_others(monkeypatch):
    terminal = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", terminal)
    console.say("12 mm²")
    terminal.seek(0)
    assert terminal.read() == "12 mm?\n"


def test_a_reader_that_leaves_early_gets_no_traceback():
    script = "import sys; from cueseg.cli.main import main; sys.stdin.read(); sys.exit(main(['list-models']))"
    with start_python("-c", script) as process:
        process.stdout.close()
        process.stdin.close()
        assert process.stderr.read() == ""
        assert process.wait(60) == 1


def test_axis_names_are_those_of_the_slices():
    assert segment_arguments.AXIS_NAMES == AXES


def test_help_needs_no_torch_and_segment_says_that_it_does(scan, tmp_path):
    script = (
        "import sys; sys.modules['torch'] = None\n"
        "from cueseg.cli.main import main\n"
        "for words in (['--help'], ['segment', '--help'], ['list-models', '--help'], ['--version']):\n"
        "    try: main(words)\n"
        "    except SystemExit as ended: assert ended.code == 0\n"
        "assert 'SimpleITK' not in sys.modules and 'scipy' not in sys.modules\n"
        "assert main(['list-models']) == 0\n"
        "sys.exit(main(sys.argv[1:]))"
    )
    ended = run_python("-c", script, *segment_words(scan, tmp_path / "a.nrrd", "--slice", 1))
    assert f"cueseg {cueseg.__version__}" in ended.stdout
    assert "exit codes:" in ended.stdout
    assert ended.stdout.count("\nexample") == 3
    assert ended.stderr == f"error: torch is not installed: {sys.executable} -m pip install torch\n"
    assert ended.returncode == 1


def test_the_module_runs_with_weights_from_a_file(scan, weights, tmp_path):
    more = ("--slice", 1, "--model", weights / "tiny.pt", "--threshold", "0.001", "--device", "cpu", "-v")
    ended = run_python("-m", "cueseg", *segment_words(scan, tmp_path / "a.seg.nrrd", *more))
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("Segment_1: ")
    assert "tiny on CPU: chosen" in ended.stderr
    assert read_segmentation(tmp_path / "a.seg.nrrd", read_image(scan)).mask_of("Segment_1")[1].any()
