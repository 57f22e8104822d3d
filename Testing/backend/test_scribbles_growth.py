import time

import numpy as np
import pytest

from cueseg.scribbles import GrowthOptions, default_threshold, grow_scribbles

BARE = GrowthOptions.without_safeguards


def ramp() -> np.ndarray:
    return np.tile(np.linspace(0, 1000, 512), (64, 1))


def one_pixel(shape: tuple[int, ...], place: tuple[int, ...], label: int = 1) -> np.ndarray:
    scribbles = np.full(shape, -1, np.int16)
    scribbles[place] = label
    return scribbles


def test_the_papers_rule_leaks_along_a_ramp_and_the_seed_rule_does_not():
    image, scribbles = ramp(), one_pixel((64, 512), (10, 0))
    assert (grow_scribbles(image, scribbles, options=BARE(5.0)) == 1).all()
    assert (grow_scribbles(image, scribbles, options=BARE(5.0, rule="seed")) == 1).sum() == 192


def test_the_safeguards_stop_the_leak():
    image, scribbles = ramp(), one_pixel((64, 512), (10, 200))
    steep = np.diff(image[0])[0]
    only_deviation = BARE(5.0, deviation_factor=3.0)
    grown = grow_scribbles(image, scribbles, options=only_deviation) == 1
    assert np.flatnonzero(grown.any(axis=0)).tolist() == list(
        range(200 - int(15 / steep), 201 + int(15 / steep))
    )
    radius = grow_scribbles(image, scribbles, options=BARE(5.0, max_radius=4.0)) == 1
    rows, cols = np.nonzero(radius)
    assert (np.abs(rows - 10) + np.abs(cols - 200)).max() == 4
    assert radius.sum() == 41
    assert (grow_scribbles(image, scribbles, options=BARE(5.0, max_factor=20.0)) == 1).sum() == 21
    assert (grow_scribbles(image, scribbles, 5.0) == 1).sum() == 21


def test_the_neighbour_rule_is_the_connected_component_of_small_steps(rng):
    image = rng.integers(0, 12, (24, 30)).astype(float)
    scribbles = one_pixel(image.shape, (12, 15))
    grown = grow_scribbles(image, scribbles, options=BARE(4.0)) == 1
    todo, reached = [(12, 15)], {(12, 15)}
    while todo:
        r, c = todo.pop()
        for p in ((r + 1, c), (r - 1, c), (r, c + 1), (r, c - 1)):
            inside = 0 <= p[0] < 24 and 0 <= p[1] < 30
            if inside and p not in reached and abs(image[p] - image[r, c]) < 4:
                reached.add(p)
                todo.append(p)
    assert set(zip(*(i.tolist() for i in np.nonzero(grown)), strict=True)) == reached
    assert 5 < len(reached) < image.size


def test_strokes_of_two_classes_share_an_even_image_by_distance():
    scribbles = one_pixel((21, 40), (10, 5), 1)
    scribbles[10, 15] = 0
    grown = grow_scribbles(np.zeros((21, 40)), scribbles, options=BARE(1.0))
    assert (grown[:, :10] == 1).all()
    assert (grown[:, 10] == -1).all(), "as far from both: nobody's"
    assert (grown[:, 11:] == 0).all()


def test_growth_stops_at_the_scribbles_of_another_class_and_leaves_painted_pixels_alone():
    scribbles = one_pixel((9, 20), (4, 2), 2)
    scribbles[:, 8] = 1
    grown = grow_scribbles(np.zeros((9, 20)), scribbles, options=BARE(1.0, max_radius=30.0))
    assert (grown[scribbles >= 0] == scribbles[scribbles >= 0]).all()
    assert not (grown[:, 9:] == 2).any()
    assert grown.dtype == scribbles.dtype


def test_strokes_of_one_class_grow_by_their_own_median():
    image = np.zeros((20, 40))
    image[:, 20:] = 100.0
    scribbles = one_pixel(image.shape, (10, 5))
    scribbles[10, 30] = 1
    grown = grow_scribbles(image, scribbles, options=BARE(1.0, deviation_factor=3.0))
    assert (grown == 1).all()


def test_the_radius_is_in_millimetres_per_axis():
    scribbles = one_pixel((9, 41, 41), (4, 20, 20))
    grown = grow_scribbles(
        np.zeros((9, 41, 41)), scribbles, spacing=(5, 1, 0.5), options=BARE(1.0, max_radius=10.0)
    )
    reach = [
        np.flatnonzero((grown == 1).any(axis=tuple(a for a in range(3) if a != axis))) for axis in range(3)
    ]
    assert [(r[0], r[-1]) for r in reach] == [(2, 6), (10, 30), (0, 40)]


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_connectivity_4_keeps_a_volumes_stroke_in_its_slice(axis):
    scribbles = np.full((12, 12, 12), -1, np.int16)
    line = [5, 5, 5]
    line[(axis + 1) % 3] = slice(3, 8)
    line[(axis + 2) % 3] = slice(3, 5)
    scribbles[tuple(line)] = 3
    grown = grow_scribbles(
        np.zeros((12, 12, 12)), scribbles, options=BARE(1.0, connectivity=4, max_radius=3.0)
    )
    index = np.nonzero(grown == 3)
    assert np.unique(index[axis]).tolist() == [5]
    assert len(index[0]) > 10


def test_smoothing_lets_noise_be_crossed_but_no_edge(rng):
    image = np.where(np.arange(80) < 40, 0.0, 60.0) + rng.normal(0, 8, (60, 80))
    scribbles = one_pixel(image.shape, (30, 15))
    limits = {"max_radius": 12.0, "max_factor": np.inf}
    smooth = grow_scribbles(image, scribbles, options=GrowthOptions(5.0, **limits)) == 1
    rough = grow_scribbles(image, scribbles, options=GrowthOptions(5.0, smoothing=0.0, **limits)) == 1
    assert smooth.sum() > 2 * rough.sum()
    assert not smooth[:, 41:].any()


def test_the_channels_of_an_image_count_by_their_largest_difference():
    image = np.zeros((20, 30, 3))
    image[:, 15:, 2] = 50.0
    scribbles = one_pixel((20, 30), (10, 4))
    last = grow_scribbles(image, scribbles, options=BARE(5.0))
    assert (last[:, :15] == 1).all()
    assert (last[:, 15:] == -1).all()
    np.testing.assert_array_equal(
        grow_scribbles(np.moveaxis(image, -1, 0), scribbles, options=BARE(5.0)), last
    )


def test_a_large_image_with_several_strokes_grows_in_a_tenth_of_a_second(rng):
    image = rng.integers(0, 255, (512, 512)).astype(np.uint8)
    scribbles = np.full(image.shape, -1, np.int16)
    for label in range(4):
        scribbles[60 + 100 * label, 100:160] = label
    grow_scribbles(image, scribbles, 6.0)
    times = []
    for _ in range(3):
        began = time.perf_counter()
        grow_scribbles(image, scribbles, 6.0)
        times.append(time.perf_counter() - began)
    assert min(times) < 0.1


def test_no_scribbles_grow_into_no_scribbles():
    empty = np.full((8, 8), -1, np.int16)
    assert (grow_scribbles(np.zeros((8, 8)), empty, 1.0) == -1).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"image": np.zeros((8, 9))}, r"\(8, 8\).*\(8, 9\)"),
        ({"scribbles": np.zeros((8, 8), float)}, "signed integers"),
        ({"scribbles": np.full((8, 8), -2)}, "hold -2"),
        ({"threshold": 0.0}, "above 0"),
        ({"threshold": None}, "default_threshold"),
        ({"spacing": (1.0, -1.0)}, "spacing"),
        ({"options": GrowthOptions(1.0, connectivity=6)}, "connectivity 6"),
        ({"image": np.full((8, 8), np.nan)}, "NaN"),
    ],
)
def test_bad_input_is_refused(change, message):
    given = {"image": np.zeros((8, 8)), "scribbles": one_pixel((8, 8), (4, 4)), "threshold": 1.0} | change
    with pytest.raises(ValueError, match=message):
        grow_scribbles(**given)


@pytest.mark.parametrize(
    "change",
    [{"rule": "flood"}, {"connectivity": 8}, {"smoothing": -1}, {"max_radius": 0}, {"max_factor": np.nan}],
)
def test_bad_options_are_refused(change):
    (name,) = change
    with pytest.raises(ValueError, match=name):
        GrowthOptions(1.0, **change)


def test_default_thresholds():
    grey = np.linspace(0, 1000, 10001)
    assert default_threshold(grey, "ct") == 12
    assert default_threshold(grey, "ct", "bone") == 60
    assert default_threshold(grey, "mr") == pytest.approx(0.02 * 980)
    assert default_threshold(grey) == pytest.approx(6 / 255 * 980)
    assert default_threshold(grey.astype(np.uint8), "rgb") == 6
    assert default_threshold(np.zeros((4, 4)), "mr") == 1
    with pytest.raises(ValueError, match="modality"):
        default_threshold(grey, "pet")
    with pytest.raises(ValueError, match="structure"):
        default_threshold(grey, "ct", "liver")
    with pytest.raises(ValueError, match="finite"):
        default_threshold(np.full(4, np.nan))
