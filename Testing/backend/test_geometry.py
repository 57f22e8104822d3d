import numpy as np
import pytest

from cueseg.geometry import Box, CropWindow

BOX = Box(100, 120, 199, 169)


def disc(shape, x, y, radius):
    rows, cols = np.mgrid[: shape[0], : shape[1]]
    return (cols - x) ** 2 + (rows - y) ** 2 <= radius**2


def test_box_counts_whole_pixels():
    box = Box.around(np.array([[3.0, 5.0], [7.0, 5.0], [4.0, 5.0], [4.0, 9.0]]))
    assert box == Box(3, 5, 7, 9)
    assert box.size == (5, 5)
    assert box.centre == (5, 7)


def test_square_window_gives_the_longer_side_375_of_512_parts():
    window = CropWindow.square(BOX, 512)
    assert window.scale == pytest.approx((3.75, 3.75))  # the box is 100 px long
    assert window.to_window(np.array(BOX.centre)) == pytest.approx([255.5, 255.5])


@pytest.mark.parametrize("box_size", [350.0, 375.0, 400.0])
@pytest.mark.parametrize("size", [96, 128, 512])
def test_share_of_the_window_does_not_depend_on_the_input_size(size, box_size):
    window = CropWindow.square(BOX, size, box_size)
    left, right = window.to_window(np.array([[99.5, 0], [199.5, 0]]))[:, 0]
    assert (right - left) / size == pytest.approx(box_size / 512)


def test_square_window_is_square_in_millimetres_when_the_pixels_are_not():
    window = CropWindow.square(Box(0, 0, 9, 1), 100, 375, spacing=(5.0, 0.5))
    assert window.scale[1] == pytest.approx(10 * window.scale[0])


def test_stretched_window_covers_the_box_and_the_margin():
    window = CropWindow.stretch(BOX, 512, 50)
    corners = window.to_image(np.array([[-0.5, -0.5], [511.5, 511.5]]))
    assert corners == pytest.approx(np.array([[49.5, 69.5], [249.5, 219.5]]))


@pytest.mark.parametrize(
    "window",
    [
        CropWindow.square(BOX, 128),
        CropWindow.square(Box(3.25, 2.5, 9.75, 8), 128, spacing=(2.5, 3.9)),
        CropWindow.stretch(BOX, 512),
    ],
    ids=["square", "square, millimetres", "stretch"],
)
def test_points_come_back_exactly(window):
    points = np.random.default_rng(0).uniform(-50, 300, (20, 2))
    assert window.to_image(window.to_window(points)) == pytest.approx(points, abs=1e-9)


@pytest.mark.parametrize("spacing", [None, (2.5, 3.9)])
@pytest.mark.parametrize("radius", [1.5, 4, 12, 33.3])
def test_an_enlarged_mask_pastes_back_to_itself(radius, spacing):
    mask = disc((120, 130), 47, 61, radius)
    rows, cols = np.nonzero(mask)
    window = CropWindow.square(Box(cols.min(), rows.min(), cols.max(), rows.max()), 128, spacing=spacing)
    back = window.paste(window.extract(mask), mask.shape)
    assert ((back >= 0.5) == mask).all()


def test_a_mask_that_fills_its_box_pastes_back_to_itself():
    mask = np.zeros((64, 80), bool)
    mask[20:41, 30:47] = True
    window = CropWindow.square(Box(30, 20, 46, 40), 128)
    inside = window.paste(np.ones((128, 128), np.float32), mask.shape, (slice(20, 41), slice(30, 47)))
    assert ((inside >= 0.5) == mask).all()


def test_outside_the_image_the_window_is_black():
    image = np.full((20, 20), 200.0)
    part = CropWindow.square(Box(0, 0, 9, 9), 64).extract(image)
    assert part[0, 0] == 0
    assert part[-1, -1] == pytest.approx(200)


def test_a_shrunken_image_does_not_alias():
    stripes = np.zeros((400, 400), np.float32)
    stripes[:, ::2] = 100.0  # finer than the window can show
    part = CropWindow.square(Box(50, 50, 349, 349), 96).extract(stripes)
    assert part[30:60, 30:60] == pytest.approx(50.0, abs=5)


def test_colour_channels_are_sampled_alike():
    image = np.random.default_rng(0).uniform(0, 255, (40, 50, 3))
    window = CropWindow.square(Box(10, 10, 29, 29), 64)
    assert np.array_equal(window.extract(image)[..., 1], window.extract(image[..., 1]))


def test_conversion_sees_only_the_part_that_is_needed():
    seen = []
    CropWindow.square(Box(500, 500, 519, 519), 64).extract(
        np.zeros((1000, 1000)), lambda part: seen.append(part.shape) or part.astype(np.float32)
    )
    assert max(seen[0]) < 40


@pytest.mark.parametrize("spacing", [(0.0, 1.0), (-1.0, 1.0), (np.nan, 1.0), (np.inf, 1.0)])
def test_impossible_spacing_is_refused(spacing):
    with pytest.raises(ValueError, match="two positive numbers"):
        CropWindow.square(BOX, 64, spacing=spacing)


def test_pixels_of_a_box_are_clamped_to_the_image():
    assert Box(-5, 2, 30, 8).pixels((6, 20), 1, 1) == (slice(1, 6), slice(0, 20))
