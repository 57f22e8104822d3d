import numpy as np
import pytest

from cueseg.scribbles import resolve_contradictions


def mask(*columns: int) -> np.ndarray:
    layer = np.zeros((2, 6), bool)
    layer[:, list(columns)] = True
    return layer


def test_the_later_layer_wins_and_the_note_counts():
    scribbles, notes = resolve_contradictions([(2, mask(0, 1, 2)), (0, mask(2, 3)), (1, mask(0))])
    assert scribbles.dtype == np.int16
    assert scribbles.tolist() == [[1, 2, 0, 0, -1, -1]] * 2
    assert notes == [
        "2 pixels painted for class 2 and for class 0: class 0, painted later, was kept",
        "2 pixels painted for class 2 and for class 1: class 1, painted later, was kept",
    ]


def test_layers_that_agree_need_no_note():
    scribbles, notes = resolve_contradictions([(1, mask(0, 1)), (1, mask(1, 2)), (3, mask(5))])
    assert scribbles[0].tolist() == [1, 1, 1, -1, -1, 3]
    assert notes == []


def test_one_pixel_is_not_called_pixels():
    one = np.array([[True]])
    _, notes = resolve_contradictions([(1, one), (2, one)])
    assert notes[0].startswith("1 pixel painted")


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([], "no scribbles"),
        ([(1, mask(0)), (2, np.ones((2, 2), bool))], "one shape"),
        ([(-1, mask(0))], "whole number"),
        ([(1.5, mask(0))], "whole number"),
        ([(40000, mask(0))], "whole number"),
    ],
)
def test_bad_layers_are_refused(layers, message):
    with pytest.raises(ValueError, match=message):
        resolve_contradictions(layers)
