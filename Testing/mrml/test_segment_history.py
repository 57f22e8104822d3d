"""Undo, redo, and writes that correct an earlier one, through the history of the Segment Editor."""

import numpy as np
import pytest

from CueSegMRML.Segments import UNDO_STEPS
from editing_case import LEFT, MIDDLE, EditingCase, box, in_slice


@pytest.fixture
def case(build) -> EditingCase:
    return EditingCase(build)


def test_undo_and_redo_restore_every_segment(case):
    case.editing.node.SetOverwriteMode(case.editing.node.OverwriteAllSegments)
    assert not case.editing.canUndo()
    case.write(MIDDLE)
    assert case.editing.canUndo()
    case.editing.undo()
    assert not case.voxels().any()
    np.testing.assert_array_equal(case.voxels("spleen"), case.spleen)
    case.editing.redo()
    np.testing.assert_array_equal(case.voxels(), in_slice(MIDDLE))
    np.testing.assert_array_equal(case.voxels("spleen"), case.spleen & ~in_slice(MIDDLE))


def test_ten_writes_can_be_undone_one_by_one(case):
    masks = [box(slice(2, 4 + n), slice(3, 9)) for n in range(UNDO_STEPS + 2)]
    for mask in masks:
        case.write(mask)
    for mask in masks[-2 : -UNDO_STEPS - 2 : -1]:
        case.editing.undo()
        np.testing.assert_array_equal(case.voxels(), in_slice(mask))
    assert UNDO_STEPS == 10


def test_a_corrected_write_is_one_undo_step_and_gives_back_what_it_took_from_others(case):
    case.editing.node.SetOverwriteMode(case.editing.node.OverwriteAllSegments)
    case.write(MIDDLE)
    case.write(LEFT, replaceLastWrite=True)
    np.testing.assert_array_equal(case.voxels(), in_slice(LEFT))
    np.testing.assert_array_equal(case.voxels("spleen"), case.spleen)
    case.editing.undo()
    assert not case.voxels().any()
    assert not case.editing.canUndo()


def test_a_correction_does_not_undo_what_somebody_else_painted_in_between(case):
    case.write(LEFT)
    painted = case.spleen | in_slice(box(slice(0, 3), slice(0, 3)), 1)
    case.fill("spleen", painted)
    case.write(MIDDLE, replaceLastWrite=True)
    np.testing.assert_array_equal(case.voxels("spleen"), painted)
    np.testing.assert_array_equal(case.voxels(), in_slice(MIDDLE))


def test_a_correction_after_undo_is_a_new_step(case):
    case.write(LEFT)
    case.write(MIDDLE)
    case.editing.undo()
    case.write(MIDDLE, replaceLastWrite=True)
    case.editing.undo()
    np.testing.assert_array_equal(case.voxels(), in_slice(LEFT))
