import numpy as np
import pytest

from cueseg.intensity import IntensityRule, as_rgb, check_image

RULE = IntensityRule()


def test_ct_window_is_fixed():
    values = RULE.apply(np.array([[-1000, -200, 25, 250, 3000]], np.int16), "ct")
    assert values == pytest.approx(np.array([[0, 0, 127.5, 255, 255]]))


def test_mr_uses_percentiles_so_a_hot_pixel_does_not_darken_the_slice():
    image = np.linspace(0, 1000, 10_000).reshape(100, 100)
    image[0, 0] = 1e6
    low, high = RULE.range_of(image, "mr")
    assert (low, high) == pytest.approx((5, 995), rel=0.05)


def test_a_mostly_black_mr_slice_still_shows_its_structure():
    image = np.zeros((100, 100))
    image[:3, :3] = 50.0  # fewer pixels than the percentiles see
    assert RULE.apply(image, "mr").max() == 255


def test_eight_bit_pictures_keep_their_values():
    image = np.array([[0, 100, 200]], np.uint8)
    assert RULE.apply(image, "grey") == pytest.approx(np.array([[0, 100, 200]]))


@pytest.mark.parametrize(
    "dtype", [np.uint16, np.int16, np.int32, np.uint64, np.float16, np.float32, np.float64]
)
def test_other_depths_are_stretched_to_0_to_255(dtype):
    values = RULE.apply(np.array([[10, 20, 30]], dtype), "grey")
    assert values.dtype == np.float32
    assert values == pytest.approx(np.array([[0, 127.5, 255]]), abs=1e-3)


@pytest.mark.parametrize("modality", ["mr", "grey"])
@pytest.mark.parametrize("value", [0.0, 7.0, 1e300])
def test_a_constant_image_is_black_not_nan(modality, value):
    assert (RULE.apply(np.full((4, 4), value), modality) == 0).all()


def test_the_largest_floats_do_not_overflow():
    values = RULE.apply(np.array([[-1.7e308, 0.0, 1.7e308]]), "grey")
    assert values == pytest.approx(np.array([[0, 127.5, 255]]))


def test_rgb_keeps_its_channels_and_grey_gets_three():
    rgb = np.random.default_rng(0).integers(0, 255, (4, 5, 3)).astype(np.uint8)
    assert as_rgb(RULE.apply(rgb, "rgb")) == pytest.approx(rgb)
    assert as_rgb(RULE.apply(rgb[..., 0], "grey")).shape == (4, 5, 3)


def test_alpha_is_dropped_and_boolean_images_become_black_and_white():
    assert check_image(np.zeros((4, 5, 4), np.uint8), "rgb").shape == (4, 5, 3)
    assert check_image(np.eye(3, dtype=bool), "grey").max() == 255


@pytest.mark.parametrize(
    ("image", "modality", "message"),
    [
        (np.zeros((4, 4, 4)), "ct", r"\(rows, columns\).*give one slice|colour"),
        (np.zeros((4, 4, 3)), "grey", "modality='rgb'"),
        (np.zeros(4), "rgb", r"\(rows, columns, 3\)"),
        (np.zeros((0, 4)), "ct", "empty"),
        (np.full((4, 4), np.nan), "ct", "16 values that are NaN"),
        (np.array([["a"]]), "ct", "dtype"),
        (np.zeros((4, 4), complex), "mr", "complex"),
    ],
)
def test_unusable_images_are_refused_with_the_reason(image, modality, message):
    with pytest.raises(ValueError, match=message):
        check_image(image, modality)


def test_unknown_modality_lists_the_known_ones():
    with pytest.raises(ValueError, match="unknown modality 'pet'; choose one of ct, mr, grey, rgb"):
        RULE.range_of(np.zeros((2, 2)), "pet")


def test_upside_down_range_is_refused():
    with pytest.raises(ValueError, match="black <= white"):
        RULE.apply(np.zeros((2, 2)), "ct", (10, 5))


def test_the_rule_survives_the_card():
    rule = IntensityRule(ct_window=(-25, 230), mr_percentiles=(1, 99))
    assert IntensityRule.from_card(rule.to_card()) == rule
    with pytest.raises(ValueError, match="'window'"):
        IntensityRule.from_card({"window": [0, 1]})
