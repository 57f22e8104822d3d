"""`python -m cueseg predict` and `refine`: files in, files out, the same labels as the session gives."""

import numpy as np
import pytest

from cueseg.cli.main import main
from cueseg.cli.refine_arguments import METHODS, REGULARISERS
from cueseg.cli.scribble_classes import class_numbers
from cueseg.image_files import read_image, read_segmentation
from cueseg.networks import load_network
from cueseg.refinement import RefinementOptions, RefinementSession, options
from network_commands import SHAPE, network_words, save_image, save_tiny_network, write_segments


@pytest.fixture
def files(tmp_path):
    """An image with two discs, a network that finds nothing in particular, and scribbles of three labels."""
    save_tiny_network(tmp_path / "net.pt", "Disc")
    image = np.random.default_rng(0).normal(0, 0.1, SHAPE).astype(np.float32)
    image[1:3, 4:12, 4:12] += 1
    image[1:3, 14:20, 10:18] += 2
    save_image(tmp_path / "image.nrrd", image)
    strokes = np.zeros(SHAPE, np.uint8)
    strokes[1, 8, 5:11], strokes[1, 2, 2:18], strokes[1, 17, 11:17] = 1, 2, 3
    write_segments(tmp_path, "scribbles", strokes, ["disc", "background", "square"])
    return tmp_path


def _words(files, *more, command="refine"):
    painted = ("--scribbles", files / "scribbles.seg.nrrd") if command == "refine" else ()
    return network_words(command, files, *painted, *more)


def _labels(files, name="out"):
    written = read_segmentation(files / f"{name}.seg.nrrd", read_image(files / "image.nrrd"))
    labels = np.zeros(SHAPE, np.int16)
    for number, segment in enumerate(written.segments, 1):
        labels[written.mask_of(segment.name)] = number
    return labels, [segment.name for segment in written.segments]


def _refined(files, **chosen):
    session = RefinementSession(load_network(files / "net.pt"), device="cpu")
    session.set_image(read_image(files / "image.nrrd").array, (1.0, 1.0, 1.0))
    scribbles = np.full(SHAPE, -1, np.int16)
    scribbles[1, 8, 5:11], scribbles[1, 2, 2:18], scribbles[1, 17, 11:17] = 1, 0, 2
    return session.refine(scribbles, RefinementOptions(max_iterations=8, **chosen)).labels


def test_refine_writes_what_the_session_computes(files, capsys):
    assert main(_words(files, "--iterations", "8")) == 0
    labels, names = _labels(files)
    np.testing.assert_array_equal(labels, _refined(files))
    assert names == ["Disc", "square"]
    assert "voxels changed" in capsys.readouterr().out
    assert (labels[1, 17, 11:17] == 2).all()
    assert (labels[1, 2, 2:18] == 0).all()


def test_a_round_that_ends_early_says_how_many_iterations_it_tried_and_what_it_kept(files, capsys):
    assert main(_words(files, "--iterations", 1, "--learning-rate", 1e-9)) == 0
    out = capsys.readouterr().out
    assert out.startswith("stopped after 1 iteration, none was better than the network as it came; scribbled")


@pytest.mark.parametrize("kind", REGULARISERS)
def test_labels_are_brought_to_the_edges_as_asked(files, kind):
    assert main(_words(files, "--iterations", "8", "--regularise", kind)) == 0
    labels, _ = _labels(files)
    np.testing.assert_array_equal(labels, _refined(files, regularise=kind))
    assert (kind == "none") == np.array_equal(labels, _refined(files, regularise="none"))


def test_the_choices_are_those_of_the_options():
    assert (METHODS, REGULARISERS) == (options.METHODS, options.REGULARISERS)


def test_predict_uses_saved_weights(files):
    assert main(_words(files, "--save-weights", str(files / "adapted.pt"), "--iterations", "8")) == 0
    assert main(_words(files, "--overwrite", command="predict")) == 0
    plain, names = _labels(files)
    assert names == ["Disc"]
    assert main(_words(files, "--overwrite", "--weights", str(files / "adapted.pt"), command="predict")) == 0
    adapted, names = _labels(files)
    assert names == ["Disc", "square"]
    assert (adapted != plain).any()


def test_slices_initial_and_lock_leave_the_rest_alone(files):
    initial = np.zeros(SHAPE, np.uint8)
    initial[:, 6:9, 6:9] = 1
    initial[:, 0, 0] = 2
    write_segments(files, "initial", initial, ["disc", "keep"])
    more = ("--initial", str(files / "initial.seg.nrrd"), "--slices", "1:1", "--lock", "keep")
    assert main(_words(files, *more, "--iterations", "5")) == 0
    labels, names = _labels(files)
    assert names == ["Disc", "square", "keep"]
    np.testing.assert_array_equal(labels[[0, 2, 3]] == 1, initial[[0, 2, 3]] == 1)
    np.testing.assert_array_equal(labels == 3, initial == 2)


@pytest.mark.parametrize(
    ("more", "code", "message"),
    [
        (("--slices", "2:9"), 3, "--slices 2:9 goes beyond the 4 slices"),
        (("--lock", "liver"), 3, "--lock 'liver' is no class"),
        (("--network", "nothing.pt"), 4, "nothing.pt"),
        (("--initial", "absent.seg.nrrd"), 3, "absent.seg.nrrd does not exist"),
        (("--iterations", "-2"), 3, "max_iterations"),
        (("--grow", "-1"), 3, "threshold"),
        (("--layers", "heda"), 3, "head"),
    ],
)
def test_bad_input_is_named_and_nothing_is_written(files, capsys, more, code, message):
    assert main(_words(files, *more)) == code
    assert message in capsys.readouterr().err
    assert not (files / "out.seg.nrrd").exists()


def test_empty_scribbles_are_refused(files, capsys):
    write_segments(files, "empty", np.zeros(SHAPE, np.uint8), ["disc"])
    assert main(_words(files, "--scribbles", str(files / "empty.seg.nrrd"))) == 3
    assert "scribble" in capsys.readouterr().err
    assert not (files / "out.seg.nrrd").exists()


def test_names_become_class_numbers():
    classes = ("air", "Liver", "spleen")
    names = ["LIVER", "Background", "tumour", "spleen", "cyst"]
    expected = {"LIVER": 1, "Background": 0, "tumour": 3, "spleen": 2, "cyst": 4}
    assert class_numbers(names, classes) == expected
    with pytest.raises(ValueError, match="both mean class 1"):
        class_numbers(["liver", "Liver"], classes)
