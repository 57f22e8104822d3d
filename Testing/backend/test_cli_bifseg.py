"""`python -m cueseg bifseg`: files in, files out, the same mask as the session gives."""

import numpy as np
import pytest
import torch

from cueseg.bifseg import BifsegOptions, bifseg, options
from cueseg.cli.bifseg import WEIGHTINGS
from cueseg.cli.main import main
from cueseg.image_files import read_image, read_segmentation
from cueseg.networks import load_network
from cueseg.refinement import load_delta
from network_commands import SHAPE, network_words, save_image, save_tiny_network, write_segments

BOX = ((3, 3, 1), (13, 13, 2))


@pytest.fixture
def files(tmp_path):
    """A volume and a picture with a square, a network that has learnt nothing, and scribbles."""
    save_tiny_network(tmp_path / "net.pt", "thing")
    image = np.random.default_rng(0).normal(0, 0.05, SHAPE).astype(np.float32)
    image[1:3, 4:12, 5:12] += 1
    save_image(tmp_path / "image.nrrd", image)
    save_image(tmp_path / "picture.png", (np.clip(image[1], 0, 1) * 200).astype(np.uint8))
    write_segments(tmp_path, "scribbles", _strokes(), ["square", "Background"])
    return tmp_path


def _strokes():
    strokes = np.zeros(SHAPE, np.uint8)
    strokes[1, 8, 6:11], strokes[1, 3, 3:13] = 1, 2
    return strokes


def _words(files, *more, box=(3, 3, 1, 13, 13, 2), image="image.nrrd"):
    return network_words("bifseg", files, "--box", *box, *more, image=image)


def _mask(files, name, image="image.nrrd"):
    return read_segmentation(files / "out.seg.nrrd", read_image(files / image)).mask_of(name)


def test_the_mask_is_the_sessions(files, capsys):
    scribbled = ("--scribbles", str(files / "scribbles.seg.nrrd"), "--save-weights", str(files / "tuned.pt"))
    assert main(_words(files, *scribbled, "--iterations", "5", "--learning-rate", "0.01")) == 0
    strokes = _strokes().astype(np.int16)
    scribbles = np.choose(strokes, [-1, 1, 0])
    expected = bifseg(
        load_network(files / "net.pt"),
        read_image(files / "image.nrrd").array,
        BOX,
        scribbles,
        BifsegOptions(iterations=5, learning_rate=0.01),
        spacing=(1.0, 1.0, 1.0),
        device="cpu",
    )
    found = _mask(files, "square")
    np.testing.assert_array_equal(found, expected.mask)
    assert found[strokes == 1].all()
    assert not found[strokes == 2].any()
    said = capsys.readouterr().out
    assert f"{expected.iterations} iterations" in said
    assert f"square {expected.mask.sum()} voxels" in said
    for name, tensor in load_delta(files / "tuned.pt").tensors.items():
        torch.testing.assert_close(tensor, expected.delta.tensors[name], rtol=0, atol=0)


def test_a_picture_needs_four_numbers_and_corners_may_be_negative(files):
    assert main(_words(files, "--alternations", "0", box=(-2, 3, 13, 13), image="picture.png")) == 0
    found = _mask(files, "thing", "picture.png")
    assert found.shape == (1, 24, 20)
    assert not found[0, 14:].any()


def test_the_segment_is_named_as_asked(files):
    assert main(_words(files, "--weighting", "none", "--smoothness", "0", "--name", "cell")) == 0
    assert _mask(files, "cell").shape == SHAPE


@pytest.mark.parametrize("more", [("--weighting", "none"), ("--alternations", "0")])
def test_weights_of_a_network_that_is_not_tuned_are_refused(files, capsys, more):
    assert main(_words(files, "--save-weights", str(files / "tuned.pt"), *more)) == 3
    said = capsys.readouterr().err
    assert " ".join(more) in said
    assert "leave out --save-weights, or choose another" in said
    assert not (files / "tuned.pt").exists()
    assert not (files / "out.seg.nrrd").exists()


def test_weights_that_learnt_nothing_are_not_written_and_this_is_said(files, capsys):
    more = ("--smoothness", "0", "--save-weights", str(files / "tuned.pt"))
    write_segments(files, "background", np.full(SHAPE, 2, np.uint8), ["other", "background"])
    assert main(_words(files, "--scribbles", str(files / "background.seg.nrrd"), *more)) == 0
    captured = capsys.readouterr()
    assert f"nothing was tuned, so {files / 'tuned.pt'} was not written" in captured.err
    assert "tuned layers ->" not in captured.out
    assert not (files / "tuned.pt").exists()


def test_the_choices_are_those_of_the_options():
    assert WEIGHTINGS == options.WEIGHTINGS


@pytest.mark.parametrize(
    ("more", "box", "code", "message"),
    [
        ((), (3, 3, 13, 13), 3, "--box has 4 numbers; image needs x0 y0 z0 x1 y1 z1"),
        ((), (3, 3, 9, 13, 13, 12), 3, "the box lies beside the image: z goes from 9 to 12"),
        ((), (13, 3, 1, 3, 13, 2), 3, "the box is empty: x goes from 13 to 3"),
        (("--margin", "-2"), (3, 3, 1, 13, 13, 2), 3, "margin is -2"),
        (("--network", "nothing.pt"), (3, 3, 1, 13, 13, 2), 4, "nothing.pt"),
        (
            ("--network", "headneck-unet"),
            (3, 3, 1, 13, 13, 2),
            3,
            "one object in a box needs a network of two",
        ),
        (("--scribbles", "absent.seg.nrrd"), (3, 3, 1, 13, 13, 2), 3, "absent.seg.nrrd does not exist"),
    ],
)
def test_bad_input_is_named_and_nothing_is_written(files, capsys, more, box, code, message):
    assert main(_words(files, *more, box=box)) == code
    assert message in capsys.readouterr().err
    assert not (files / "out.seg.nrrd").exists()


def test_two_objects_are_refused(files, capsys):
    write_segments(files, "two", _strokes(), ["kidney", "liver"])
    assert main(_words(files, "--scribbles", str(files / "two.seg.nrrd"))) == 3
    assert "holds the segments kidney, liver: keep background and one object" in capsys.readouterr().err
