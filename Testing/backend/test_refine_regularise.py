"""The last step of a refinement: labels that follow the image's edges near the scribbles."""

import numpy as np
import pytest

from cueseg.refinement import regularisation
from cueseg.refinement.options import REGULARISERS
from cueseg.refinement.regularisation import regularised_probabilities

ACTIVE = [kind for kind in REGULARISERS if kind != "none"]


def blurred_square(rng: np.random.Generator, classes: int = 2) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probabilities that miss the edge of a square by three pixels, its image, and what is true."""
    truth = np.zeros((32, 32), int)
    truth[8:24, 8:24] = 1
    image = 100.0 * truth + rng.normal(0, 1, truth.shape)
    probabilities = np.full((classes, 32, 32), 0.02)
    shifted = np.roll(truth, 3, axis=1)
    probabilities[0], probabilities[1] = 0.6 - 0.2 * shifted, 0.4 + 0.2 * shifted
    return probabilities, image, truth


def strokes(shape: tuple[int, ...] = (32, 32)) -> np.ndarray:
    scribbles = np.full(shape, -1, np.int16)
    scribbles[..., 12, 9:20] = 1
    scribbles[..., 4:28, 27] = scribbles[..., 4:28, 4] = 0
    return scribbles


@pytest.mark.parametrize("kind", ACTIVE)
def test_labels_move_to_the_edge(rng, kind):
    probabilities, image, truth = blurred_square(rng)
    found = regularised_probabilities(probabilities, image, strokes(), None, kind).argmax(axis=0)
    assert (probabilities.argmax(axis=0) != truth).sum() == 96
    assert (found != truth).sum() <= 2


def test_the_walker_solves_its_equation(rng):
    probabilities, image, scribbles = rng.random((3, 6, 7)), rng.random((6, 7)), np.full((6, 7), -1)
    scribbles[1, 2:5], scribbles[4, 3] = 2, 0
    found = regularised_probabilities(probabilities, image, scribbles, (2.0, 1.0)).astype(float)
    low, high = np.percentile(image, [1, 99])
    prior = np.sqrt(probabilities) / np.sqrt(probabilities).sum(axis=0)
    for place in zip(*np.nonzero(scribbles < 0), strict=True):
        total, weight = regularisation._GAMMAS[2] * prior[:, *place], regularisation._GAMMAS[2]
        for step, away in (((0, 1), 1), ((0, -1), 1), ((1, 0), 2), ((-1, 0), 2)):
            other = tuple(np.add(place, step))
            if 0 <= other[0] < 6 and 0 <= other[1] < 7:
                jump = (image[place] - image[other]) / (high - low)
                w = np.exp(-regularisation._BETA * jump**2) / away
                total, weight = total + w * found[:, *other], weight + w
        np.testing.assert_allclose(found[:, *place], total / weight, atol=5e-3)


@pytest.mark.parametrize("kind", ACTIVE)
def test_scribbles_are_kept_and_sums_are_one(rng, kind):
    probabilities = rng.random((4, 5, 12, 11)).astype(np.float32)
    scribbles = np.where(rng.random((5, 12, 11)) < 0.1, rng.integers(0, 4, (5, 12, 11)), -1)
    found = regularised_probabilities(probabilities, rng.random((5, 12, 11, 3)), scribbles, (3, 1, 1), kind)
    assert found.dtype == np.float32
    assert (found >= 0).all()
    np.testing.assert_allclose(found.sum(axis=0), 1, atol=1e-5)
    painted = scribbles >= 0
    np.testing.assert_array_equal(found.argmax(axis=0)[painted], scribbles[painted])


@pytest.mark.parametrize("kind", REGULARISERS)
def test_only_voxels_that_may_change_do(rng, kind):
    probabilities, image, _ = blurred_square(rng)
    allowed = np.zeros((32, 32), bool)
    allowed[5:20, 5:20] = True
    found = regularised_probabilities(probabilities, image, strokes(), kind=kind, allowed=allowed)
    np.testing.assert_array_equal(found[:, ~allowed], probabilities[:, ~allowed].astype(np.float32))
    same = np.array_equal(found, probabilities.astype(np.float32))
    assert same == (kind == "none")


@pytest.mark.parametrize("kind", ACTIVE)
def test_of_a_large_image_the_voxels_nearest_to_the_scribbles_change(rng, kind, monkeypatch):
    monkeypatch.setattr(regularisation, "MOST_VOXELS", 300)
    probabilities = rng.random((2, 6, 40, 40))
    scribbles = np.full((6, 40, 40), -1)
    scribbles[2, 20, 15:25] = 1
    found = regularised_probabilities(
        probabilities, rng.random((6, 40, 40)), scribbles, (2.0, 1.0, 1.0), kind
    )
    changed = (found != probabilities.astype(np.float32)).any(axis=0)
    assert 250 <= changed.sum() <= 320, "those at the same distance as the last one included"
    rows = np.nonzero(changed)
    assert max(abs(rows[1] - 20)) <= 8
    np.testing.assert_array_equal(found.argmax(axis=0)[2, 20, 15:25], 1)


@pytest.mark.parametrize("kind", ACTIVE)
def test_a_class_that_is_nowhere_near_stays_away(rng, kind):
    probabilities, image, truth = blurred_square(rng, classes=4)
    probabilities[2:] = 1e-6
    found = regularised_probabilities(probabilities, image, strokes(), kind=kind)
    assert (found[2:] == 0).all()
    assert (found.argmax(axis=0) != truth).sum() <= 2


def test_a_painted_class_appears_though_the_network_never_gives_it(rng):
    probabilities, image, _ = blurred_square(rng, classes=3)
    probabilities[2] = 0.0
    scribbles = np.where(strokes() == 1, 2, strokes())
    found = regularised_probabilities(probabilities, image, scribbles).argmax(axis=0)
    assert (found[12, 9:20] == 2).all()


@pytest.mark.parametrize("kind", REGULARISERS)
def test_without_scribbles_or_contrast_nothing_breaks(rng, kind):
    probabilities, image, _ = blurred_square(rng)
    none = np.full((32, 32), -1)
    found = regularised_probabilities(probabilities, image, none, kind=kind)
    np.testing.assert_array_equal(found, probabilities.astype(np.float32))
    even = regularised_probabilities(probabilities, np.zeros((32, 32)), strokes(), kind=kind)
    assert np.isfinite(even).all()
    everywhere = np.arange(1024).reshape(32, 32) % 2
    found = regularised_probabilities(probabilities, image, everywhere, kind=kind).argmax(axis=0)
    assert (found == everywhere).all() == (kind != "none")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "cut"}, "kind is 'cut': it must be one of none, graph-cut, random-walker"),
        ({"probabilities": np.ones((2, 4, 5))}, r"probabilities \(2, 4, 5\) must be \(classes, \*\(4, 4\)\)"),
        ({"probabilities": np.ones((1, 4, 4))}, "two classes or more"),
        ({"probabilities": np.full((2, 4, 4), np.nan)}, "probabilities hold negative, NaN"),
        ({"image": np.full((4, 4), np.inf)}, "image holds NaN or infinite"),
        ({"image": np.zeros((3, 3))}, "do not lie on an image"),
        ({"scribbles": np.full((4, 4), 2)}, "scribbles hold class 2, but there are probabilities of 0 to 1"),
        ({"scribbles": np.zeros((4, 4))}, "signed integers"),
        ({"spacing": (0.0, 1.0)}, "spacing must be 2 numbers above 0"),
        ({"allowed": np.ones((4, 3), bool)}, r"allowed has the shape \(4, 3\)"),
    ],
)
def test_what_cannot_be_regularised_is_said(change, message):
    given = {
        "probabilities": np.ones((2, 4, 4)),
        "image": np.zeros((4, 4)),
        "scribbles": np.zeros((4, 4), int),
    }
    with pytest.raises(ValueError, match=message):
        regularised_probabilities(**(given | change))
