"""The CTK widgets: defaults, properties, signals."""

import ctk
import pytest
import qt


@pytest.fixture
def section():
    """A window with an open section that holds a shown and a hidden label."""
    button = ctk.ctkCollapsibleButton("Title")
    layout = qt.QVBoxLayout(button)
    shown, hidden = qt.QLabel("shown"), qt.QLabel("hidden")
    layout.addWidget(shown)
    layout.addWidget(hidden)
    hidden.visible = False
    button.show()
    yield button, shown, hidden
    button.close()


def test_collapsing_hides_what_is_below_the_title(section):
    button, shown, hidden = section
    open_height = button.sizeHint.height()
    button.collapsed = True
    assert (button.checked, shown.visible, hidden.visible) == (False, False, False)
    assert button.sizeHint.height() < open_height


def test_layouts_ask_the_section_itself_for_its_size(section, app):
    button, *_ = section
    parent = qt.QWidget()
    layout = qt.QVBoxLayout(parent)
    layout.addWidget(button)
    parent.show()
    app.processEvents()
    open_height = parent.sizeHint.height()
    button.collapsed = True
    app.processEvents()
    margins = layout.contentsMargins
    assert parent.sizeHint.height() == button.sizeHint.height() + margins.top() + margins.bottom()
    assert parent.sizeHint.height() < open_height
    button.setParent(None)


def test_opening_shows_only_what_was_shown(section):
    button, shown, hidden = section
    button.collapsed = True
    button.checked = True
    assert (button.collapsed, shown.visible, hidden.visible) == (False, True, False)


def test_what_is_shown_while_closed_appears_when_opened(section):
    button, shown, hidden = section
    button.collapsed = True
    hidden.visible = True
    shown.visible = False
    assert not hidden.visible
    button.collapsed = False
    assert (shown.visible, hidden.visible) == (False, True)


def test_the_title_opens_and_closes(section):
    button, *_ = section
    got = []
    button.connect("contentsCollapsed(bool)", got.append)
    qt.QTest.mouseClick(button, qt.Qt.LeftButton, qt.Qt.NoModifier, qt.QPoint(10, 5))
    qt.QTest.mouseClick(button, qt.Qt.LeftButton, qt.Qt.NoModifier, qt.QPoint(10, button.height - 2))
    button.collapsed = True
    button.click()
    assert got == [True, False]


def test_collapsible_button_takes_a_parent_alone():
    parent = qt.QWidget()
    assert ctk.ctkCollapsibleButton(parent).parent() is parent
    assert ctk.ctkCollapsibleButton("Title", parent).text == "Title"


@pytest.fixture
def slider():
    slider = ctk.ctkSliderWidget()
    slider.decimals, slider.singleStep = 2, 0.01
    slider.minimum, slider.maximum = 0.01, 0.99
    return slider


def test_slider_has_the_defaults_of_ctk():
    slider = ctk.ctkSliderWidget()
    assert (slider.minimum, slider.value, slider.singleStep, slider.tracking) == (0, 0, 1, True)


def test_slider_keeps_to_its_range_and_decimals(slider):
    got = []
    slider.connect("valueChanged(double)", got.append)
    for value in (0.5, 0.5, 7, 0.123):
        slider.value = value
    assert got == [0.5, 0.99, 0.12]


def test_moving_the_slider_sets_the_value(slider):
    got = []
    slider.connect("valueChanged(double)", got.append)
    handle = next(child for child in slider.children() if isinstance(child, qt.QSlider))
    handle.value = handle.maximum
    assert slider.value == 0.99
    handle.triggerAction(qt.QAbstractSlider.SliderSingleStepSub)
    assert slider.value == pytest.approx(0.98)
    assert got == [0.99, pytest.approx(0.98)]


def test_without_tracking_only_the_end_of_a_drag_counts(slider):
    changing, changed = [], []
    slider.tracking = False
    slider.connect("valueIsChanging(double)", changing.append)
    slider.connect("valueChanged(double)", changed.append)
    handle = next(child for child in slider.children() if isinstance(child, qt.QSlider))
    handle.sliderDown = True
    handle.sliderPosition = 10
    assert (changing, changed) == ([pytest.approx(0.11)], [])
    handle.sliderDown = False
    assert changed == [pytest.approx(0.11)]


def test_slider_has_no_setters_that_ctk_does_not_expose(slider):
    for name in ("setMinimum", "setMaximum", "setRange", "spinBox", "slider"):
        assert not hasattr(slider, name)


def test_slider_slots(slider):
    got = []
    slider.connect("decimalsChanged(int)", got.append)
    slider.setDecimals(3)
    slider.setValue(0.555)
    slider.setSpinBoxVisible(False)
    assert (got, slider.value, slider.spinBoxVisible) == ([3], 0.555, False)
    slider.reset()
    assert slider.value == slider.minimum


def test_double_spin_box_is_no_qt_spin_box():
    box, got = ctk.ctkDoubleSpinBox(), []
    box.connect("valueChanged(double)", got.append)
    box.maximum, box.suffix = 10, " mm"
    box.setValue(4.5)
    box.stepUp()
    box.stepDown()
    assert (got, box.cleanText) == ([4.5, 5.5, 4.5], "4.50")
    assert not isinstance(box, qt.QDoubleSpinBox)
    assert not hasattr(box, "setRange")


def test_path_line_edit_tells_of_text_and_validity(tmp_path):
    edit, paths, valid = ctk.ctkPathLineEdit(), [], []
    edit.connect("currentPathChanged(QString)", paths.append)
    edit.connect("validInputChanged(bool)", valid.append)
    edit.filters = edit.Dirs
    edit.currentPath = str(tmp_path)
    edit.setCurrentPath(str(tmp_path / "nothing"))
    assert paths == [str(tmp_path), str(tmp_path / "nothing")]
    assert valid == [True, False]


def test_path_line_edit_remembers_on_request():
    edit = ctk.ctkPathLineEdit()
    edit.currentPath = "/somewhere"
    edit.addCurrentPathToHistory()
    edit.addCurrentPathToHistory()
    assert edit.comboBox().count == 1


def test_ctk_has_no_other_names():
    with pytest.raises(AttributeError):
        ctk.ctkNothing  # noqa: B018
