"""Exceptions that Qt and VTK swallow are kept, and can fail a test."""

import pytest
import qt
import slicer
import vtk

from standin import errors


def fail(*_):
    raise ArithmeticError("on purpose")


def test_exception_in_a_slot_is_kept():
    button = qt.QPushButton()
    button.connect("clicked()", fail)
    with errors.expected(ArithmeticError):
        button.click()


def test_exception_in_a_timer_is_kept(app):
    with errors.expected(ArithmeticError):
        qt.QTimer.singleShot(0, fail)
        app.processEvents()


def test_exception_in_an_observer_is_kept(scene):
    node = scene.AddNewNodeByClass("vtkMRMLScriptedModuleNode")
    node.AddObserver(vtk.vtkCommand.ModifiedEvent, fail)
    with errors.expected(ArithmeticError):
        node.Modified()


def test_exception_in_an_event_handler_is_kept(app):
    class Widget(qt.QWidget):
        def resizeEvent(self, event):
            fail()

    widget = Widget()
    with errors.expected(ArithmeticError):
        errors.guard(widget.show)()  # versions of PySide6 differ: kept, or raised by the next call into Qt
        errors.guard(app.processEvents)()
    widget.hide()


def test_try_with_error_display_hides_nothing_from_a_test():
    button = qt.QPushButton()

    def click():
        with slicer.util.tryWithErrorDisplay("it failed", waitCursor=True):
            fail()

    button.connect("clicked()", click)
    with errors.expected(ArithmeticError):
        button.click()
    assert qt.QApplication.overrideCursor() is None


def test_kept_exceptions_are_raised_once_with_their_traceback():
    errors.guard(fail)()
    with pytest.raises(AssertionError, match=r"def fail|raise ArithmeticError"):
        errors.raise_collected()
    errors.raise_collected()


def test_a_block_that_must_be_clean_raises():
    with pytest.raises(AssertionError, match="on purpose"), errors.none_allowed():
        errors.guard(fail)()


def test_an_expected_exception_that_does_not_come_is_an_error():
    with pytest.raises(AssertionError, match="expected one swallowed"), errors.expected(ArithmeticError):
        pass


def test_guard_hands_results_through():
    assert errors.guard(lambda a, b=1: a + b)(2, b=3) == 5
