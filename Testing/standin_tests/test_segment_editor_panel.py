"""The segment editor's keys, buttons and switches."""

import numpy as np
import pytest
import qt
import slicer

from editor_case import EditorCase


@pytest.fixture
def case(scene):
    case = EditorCase(scene)
    yield case
    case.close()


@pytest.fixture
def editor(case):
    return case.editor


@pytest.fixture(autouse=True)
def _keys(editor):
    editor.installKeyboardShortcuts()


def press(key: str, modifier: str = "NoModifier") -> None:
    modifier = getattr(qt.Qt.KeyboardModifier, modifier)
    slicer.util.mainWindow().activateWindow()
    slicer.app.processEvents()
    qt.QTest.keyClick(slicer.util.mainWindow(), getattr(qt.Qt.Key, f"Key_{key}"), modifier)


def test_z_and_y(case):
    case.stroke()
    painted = case.voxels()
    press("Z")
    assert not case.voxels().any()
    press("Y")
    assert np.array_equal(case.voxels(), painted)
    press("Z", "ControlModifier")
    assert not case.voxels().any()


def test_numbers_escape_and_space_switch_effects(editor):
    press("2")
    assert editor.activeEffect().name == "Erase"
    press("2")
    assert editor.activeEffect() is None
    press("Space")
    assert editor.activeEffect().name == "Erase"
    press("Escape")
    assert editor.activeEffect() is None


def test_q_and_w_choose_segments(editor):
    press("W")
    assert editor.currentSegmentID() == "spleen"
    press("Q")
    press("Q")
    assert editor.currentSegmentID() == "liver"


def test_i_switches_the_intensity_mask(case):
    press("I")
    assert case.node.GetSourceVolumeIntensityMask()


def test_uninstalled_keys_do_nothing(case, editor):
    with_keys = len(slicer.util.mainWindow().findChildren(qt.QShortcut))
    case.stroke()
    editor.uninstallKeyboardShortcuts()
    press("Z")
    assert case.voxels().any()
    assert with_keys - len(slicer.util.mainWindow().findChildren(qt.QShortcut)) == 35


def test_buttons_do_what_they_say(case, editor):
    editor._add.click()
    assert case.segmentation.GetSegmentation().GetNumberOfSegments() == 3
    assert editor.currentSegmentID() == case.segmentation.GetSegmentation().GetNthSegmentID(2)
    editor._remove.click()
    assert case.segmentation.GetSegmentation().GetNumberOfSegments() == 2
    case.choose("Paint")
    case.stroke()
    editor._undo.click()
    assert not case.voxels().any()
    editor._redo.click()
    assert case.voxels().any()


def test_a_choice_in_the_table_is_told(editor):
    told = []
    editor.connect("currentSegmentIDChanged(QString)", told.append)
    editor._table.selectRow(1)
    editor.setCurrentSegmentID("liver")
    assert (editor.currentSegmentID(), told) == ("liver", ["spleen"])


def test_read_only_ends_editing(case, editor):
    editor.readOnly = True
    assert editor.activeEffect() is None
    assert not editor._add.enabled
    editor.readOnly = False


def test_parts_can_be_hidden(editor):
    for name in (
        "segmentationNodeSelectorVisible",
        "sourceVolumeNodeSelectorVisible",
        "addRemoveSegmentButtonsVisible",
        "undoEnabled",
        "maskingSectionVisible",
    ):
        setattr(editor, name, False)
        assert not getattr(editor, name)


def test_masking_is_kept_in_the_node(case, editor):
    masking = editor._masking
    masking._area.activated.emit(masking._area.findText("Inside spleen"))
    masking._overwrite.activated.emit(masking._overwrite.findText("Visible segments"))
    masking._range.click()
    node = case.node
    assert node.GetMaskMode() == case.segmentation.EditAllowedInsideSingleSegment
    assert node.GetMaskSegmentID() == "spleen"
    assert node.GetOverwriteMode() == node.OverwriteVisibleSegments
    assert node.GetSourceVolumeIntensityMask()


def test_only_ordered_effects_are_shown_if_wanted(editor):
    def shown():
        buttons = [editor.findChild(qt.QToolButton, name) for name in ("Paint", "Erase")]
        return [button.text for button in buttons if not button.isHidden()]

    assert shown() == ["Paint", "Erase"]
    editor.setEffectNameOrder(["Erase", "Threshold"])
    editor.unorderedEffectsVisible = False
    assert (editor.effectNameOrder(), shown()) == (("Erase", "Threshold"), ["Erase"])
    editor.setActiveEffectByName("Paint")
    assert editor.activeEffect().name == "Paint", "hidden effects can still be used"
    editor.unorderedEffectsVisible = True
    assert shown() == ["Paint", "Erase"]
