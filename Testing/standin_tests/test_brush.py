"""The brush covers exactly the voxels whose centre it touches."""

from itertools import pairwise

import numpy as np
import pytest

from standin.segment_editor.brush import TIE, Brush, stroke_voxels

EXTENT = (0, 19, 0, 14, 0, 9)
ALL = np.stack(np.meshgrid(range(20), range(15), range(10), indexing="ij"), -1).reshape(-1, 3)
AXIAL = np.array([0.0, 0.0, 1.0])


def covered(path, brush: Brush, matrix: np.ndarray | None = None, extent=EXTENT) -> set[tuple[int, int, int]]:
    found = stroke_voxels(np.array(path, float), brush, np.eye(4) if matrix is None else matrix, extent)
    return {tuple(ijk) for ijk in found.tolist()}


def test_a_single_press_is_a_disc_in_one_layer():
    expected = {(i, j, 4) for i, j, _ in ALL.tolist() if (i - 8) ** 2 + (j - 7) ** 2 <= 3.2**2}
    assert covered([(8, 7, 4)], Brush(3.2, AXIAL, 1.0)) == expected


def test_centres_on_the_rim_belong_to_it():
    disc = covered([(8, 7, 4)], Brush(3.0, AXIAL, 1.0))
    assert {(5, 7, 4), (11, 7, 4), (8, 4, 4), (8, 10, 4)} <= disc
    assert covered([(8, 7, 4)], Brush(3.0 - 2 * TIE, AXIAL, 1.0)) == disc - {
        (5, 7, 4),
        (11, 7, 4),
        (8, 4, 4),
        (8, 10, 4),
    }


def test_a_plane_between_two_layers_paints_one_of_them():
    assert {k for _, _, k in covered([(8, 7, 4.5)], Brush(2, AXIAL, 1.0))} == {5}
    assert {k for _, _, k in covered([(8, 7, 4.4)], Brush(2, AXIAL, 1.0))} == {4}


def test_a_stroke_is_the_swept_disc_between_all_its_points():
    path = [(3, 3, 4), (12, 6, 4), (12.5, 11, 4)]
    spacing = (0.8, 1.1, 2.0)
    world = np.array(path) * spacing
    found = covered(world, Brush(2.0, AXIAL, 2.0), np.diag([*spacing, 1.0]))
    layer = ALL[ALL[:, 2] == 4]
    steps = np.linspace(0, 1, 4001)[:, None]
    samples = np.concatenate([start + steps * (end - start) for start, end in pairwise(world)])
    distance = np.linalg.norm((layer * spacing)[:, None] - samples, axis=2).min(1)
    assert {tuple(v) for v in layer[distance < 1.999].tolist()} <= found
    assert found <= {tuple(v) for v in layer[distance < 2.001].tolist()}
    assert len(found) > 30


def test_a_sphere_reaches_into_other_layers():
    distance = np.linalg.norm(ALL - (8, 7, 4), axis=1)
    expected = {tuple(v) for v in ALL[distance <= 2.5].tolist()}
    assert covered([(8, 7, 4)], Brush(2.5)) == expected


def test_an_oblique_brush_measures_in_the_world():
    turn = np.radians(30)
    matrix = np.eye(4)
    matrix[:3, :3] = [[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]]
    middle = matrix[:3, :3] @ (9.0, 7.0, 5.0)
    found = np.array(sorted(covered([middle, middle], Brush(3.0, AXIAL, 1.2), matrix)))
    offset = found @ matrix[:3, :3].T - middle
    assert (np.abs(offset[:, 2]) <= 0.6 + TIE).all()
    assert (np.linalg.norm(offset[:, :2], axis=1) <= 3.0 + TIE).all()
    everywhere = ALL @ matrix[:3, :3].T - middle
    inside = (np.abs(everywhere[:, 2]) < 0.6 - TIE) & (np.linalg.norm(everywhere[:, :2], axis=1) < 3 - TIE)
    assert inside.sum() <= len(found)


@pytest.mark.parametrize("position", [(-3, 7, 4), (30, 7, 4), (8, 7, 40)])
def test_strokes_are_cut_at_the_image(position):
    found = covered([position], Brush(4.0, AXIAL, 1.0))
    assert all(0 <= i <= 19 and 0 <= j <= 14 and 0 <= k <= 9 for i, j, k in found)
    assert bool(found) == (position[0] == -3)


def test_the_extent_need_not_begin_at_zero():
    found = covered([(8, 7, 4)], Brush(2.0, AXIAL, 1.0), extent=(8, 10, 7, 9, 4, 4))
    assert found == {(i, j, 4) for i in (8, 9, 10) for j in (7, 8, 9) if (i - 8) ** 2 + (j - 7) ** 2 <= 4}
