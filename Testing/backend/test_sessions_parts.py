"""What records are made of: masks as runs, what identifies a volume, views of it, the user's clock."""

import numpy as np
import pytest

from cueseg.image_files import read_image
from cueseg.sessions.clock import UserClock
from cueseg.sessions.digests import geometry_sha256, voxels_sha256
from cueseg.sessions.identity import identity_of, identity_of_file
from cueseg.sessions.planes import StackView
from cueseg.sessions.run_length import decode_runs, encode_runs
from image_builder import disc_volume, write_volume


@pytest.mark.parametrize("seed", range(20))
def test_runs_give_the_mask_back(seed):
    rng = np.random.default_rng(seed)
    mask = rng.random(tuple(rng.integers(1, 7, 3))) < rng.random()
    np.testing.assert_array_equal(decode_runs(encode_runs(mask), mask.shape), mask)


def test_runs_by_hand():
    assert encode_runs([0, 0, 1, 1, 1, 0, 1, 0]) == [2, 3, 1, 1]
    assert encode_runs([1, 1]) == [0, 2]
    assert encode_runs(np.zeros(9)) == []
    for runs in ([2, 9], [-1, 3], [1.5, 1], [True, 1]):
        with pytest.raises(ValueError, match="record was damaged"):
            decode_runs(runs, (8,))


def test_a_volume_is_known_by_its_values_not_by_their_type():
    values = np.random.default_rng(0).integers(-1000, 2000, (3, 4, 5))
    same = {
        voxels_sha256(values.astype(kind)) for kind in (np.int16, np.int32, np.int64, float, "<f4", ">i4")
    }
    assert len(same) == 1
    assert voxels_sha256(values + 0.5) not in same
    assert voxels_sha256(values.transpose(0, 2, 1)) not in same
    assert voxels_sha256(np.asfortranarray(values)) in same
    assert voxels_sha256(np.full((1, 2, 2), np.nan)) == voxels_sha256(np.full((1, 2, 2), np.nan, "<f4"))


def test_a_geometry_is_known_up_to_what_readers_round():
    matrix = np.diag([0.9765625, 0.78125, 2.5, 1.0])
    matrix[:3, 3] = -250.0, 130.5, 0.0
    noise = np.random.default_rng(1).normal(0, 1e-9, (4, 4))
    assert geometry_sha256(matrix + noise) == geometry_sha256(matrix)
    moved = matrix.copy()
    moved[0, 3] += 0.01
    assert geometry_sha256(moved) != geometry_sha256(matrix)
    assert geometry_sha256(matrix * [[-1], [1], [1], [1]]) != geometry_sha256(matrix)
    with pytest.raises(ValueError, match="4, 4"):
        geometry_sha256(np.eye(3))


def test_a_file_is_the_volume_that_a_panel_sees(tmp_path):
    write_volume(tmp_path / "a.nrrd", disc_volume())
    image = read_image(tmp_path / "a.nrrd")
    ras = np.array([[-0.75, 0, 0, 20.0], [0, -0.5, 0, -12.5], [0, 0, 2.5, 100.0], [0, 0, 0, 1]])
    assert identity_of_file(image) == identity_of(disc_volume(), ras, (2.5, 0.5, 0.75))


def test_a_view_writes_where_it_reads():
    array = np.arange(24).reshape(2, 3, 4)
    view = StackView(1, transposed=True, flip_rows=True)
    seen = view.of(array)
    np.testing.assert_array_equal(seen[2], array[:, 2].T[::-1])
    seen[2][...] = -1
    assert (array[:, 2] == -1).all()
    assert StackView.from_json(view.to_json()) == view
    with pytest.raises(ValueError, match="axis must be"):
        StackView(3)


def test_of_a_long_pause_ten_seconds_count():
    now = [0.0]
    clock = UserClock(lambda: now[0])
    assert (clock.seconds, clock.runs) == (0.0, False)
    clock.touch()
    now[0] += 8
    clock.touch()
    now[0] += 300
    assert clock.seconds == 18
    clock.touch()
    now[0] += 2
    clock.pause()
    now[0] += 5
    assert clock.seconds == 20
    clock.restart()
    now[0] += 3
    assert clock.seconds == 3
    clock.clear()
    assert (clock.seconds, clock.runs) == (0.0, False)
