"""What is wrong with seven points is said with the point to move and the place to move it to."""

import numpy as np
import pytest

from cueseg.seven_points import Target, check_target, expand_points

SHAPE = (20, 30, 40)
SEED = (20, 15, 10)
OUTSIDE = ((10, 15, 10), (30, 15, 10), (20, 7, 10), (20, 23, 10), (20, 15, 4), (20, 15, 16))


def changed(index, point):
    return Target(SEED, (*OUTSIDE[:index], point, *OUTSIDE[index + 1 :]))


def bright(reach_x=29):
    """An object between the points, or farther along +x."""
    image = np.zeros(SHAPE)
    image[5:16, 8:23, 11 : reach_x + 1] = 100.0
    return image + np.random.default_rng(0).normal(0, 3, SHAPE)


def test_seven_good_points_are_not_complained_of():
    assert check_target(Target(SEED, OUTSIDE), SHAPE, (2.5, 1, 1), bright()) == []


@pytest.mark.parametrize(("index", "side"), list(enumerate(("-x", "+x", "-y", "+y", "-z", "+z"))))
def test_every_missing_side_is_named(index, side):
    target = Target(SEED, OUTSIDE[:index] + OUTSIDE[index + 1 :])
    (finding,) = check_target(target, SHAPE)
    assert (finding.kind, finding.direction, finding.index, finding.blocking) == ("missing", side, None, True)
    where = "below" if side[0] == "-" else "above"
    assert (
        f"no point lies beyond the object's {side} end: set one there, to {side[1]} {where}"
        in finding.message
    )
    with pytest.raises(ValueError, match=r"no point lies beyond"):
        expand_points(bright(), [target])


def test_a_seed_alone_lacks_all_sides():
    findings = check_target(Target(SEED, ()), SHAPE)
    assert [finding.direction for finding in findings] == ["-x", "+x", "-y", "+y", "-z", "+z"]


def test_two_points_on_a_side():
    (finding,) = check_target(changed(5, (9, 15, 10)), SHAPE)
    assert (finding.kind, finding.direction, finding.blocking) == ("twice", "+z", True)
    assert finding.index == 0  # the nearer of the two
    assert "outside point 1 lies on the -x side, which has a point already; move it there, to z above 10" in (
        finding.message
    )


def test_a_seed_outside_the_box_of_the_others():
    target = Target((34, 15, 10), OUTSIDE)
    (finding,) = check_target(target, SHAPE)
    assert (finding.kind, finding.direction, finding.index) == ("seed", "+x", 1)
    assert "move it to x between 10 and 30, into the object" in finding.message
    with pytest.raises(ValueError, match="the seed, at x 34, lies outside the box"):
        expand_points(bright(), [target])


def test_points_beside_the_volume():
    (finding,) = check_target(changed(1, (44, 15, 10)), SHAPE)
    assert (finding.kind, finding.index, finding.blocking) == ("beside", 1, True)
    assert (
        "outside point 2, (44, 15, 10), lies outside the volume, which ends at (39, 29, 19)"
        in finding.message
    )
    assert check_target(changed(1, (40, 15, 10)), SHAPE) == []  # the object may reach the end
    (finding,) = check_target(Target((20, 15, -3), OUTSIDE), SHAPE)[:1]
    assert (finding.kind, finding.index) == ("beside", None)


def test_a_box_one_voxel_thick_lacks_two_sides():
    flat = Target.from_box(SEED, (10, 7, 10), (30, 23, 10))
    kinds = {(finding.kind, finding.direction) for finding in check_target(flat, SHAPE)}
    assert kinds == {("twice", "-z"), ("twice", "+z")}
    with pytest.raises(
        ValueError, match=r"beyond the object's -z end: outside point 5 lies at the seed; move it"
    ):
        expand_points(bright(), [flat])


def test_which_target_is_wrong_is_said():
    good, bad = Target(SEED, OUTSIDE), Target(SEED, OUTSIDE[:5])
    with pytest.raises(ValueError, match=r"^target 2: no point lies beyond the object's \+z end"):
        expand_points(bright(), [good, bad])


def test_one_point_too_many_is_no_obstacle():
    (finding,) = check_target(Target(SEED, (*OUTSIDE, (12, 15, 10))), SHAPE)
    assert (finding.kind, finding.index, finding.blocking) == ("surplus", 6, False)


def test_a_second_point_on_a_side_that_lies_a_little_off_is_doubted():
    (finding,) = check_target(changed(5, (10, 15, 11)), SHAPE)
    assert (finding.kind, finding.direction, finding.index, finding.blocking) == ("doubtful", "+z", 5, False)
    assert "is taken for the +z end but lies mostly on the -x side" in finding.message


def test_a_point_on_the_object_is_told_how_far_to_go():
    (finding,) = check_target(changed(1, (24, 15, 10)), SHAPE, image=bright())
    assert (finding.kind, finding.direction, finding.index, finding.blocking) == ("on_object", "+x", 1, False)
    assert (
        "outside point 2 seems to lie on the object: move it farther along +x, to about x 30"
        in finding.message
    )
    (finding,) = check_target(changed(1, (24, 15, 10)), SHAPE, image=bright(reach_x=39))
    assert "to the volume's end" in finding.message


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"shape": (20, 30)}, r"shape must be \(slices, rows, cols\)"),
        ({"shape": (20, 30, 0)}, "above 0"),
        ({"image": np.zeros((3, 3, 3))}, r"the image has the shape \(3, 3, 3\)"),
        ({"image": np.full(SHAPE, np.inf)}, "NaN or infinite"),
    ],
)
def test_bad_input_is_named(change, message):
    with pytest.raises(ValueError, match=message):
        check_target(**({"target": Target(SEED, OUTSIDE), "shape": SHAPE} | change))
