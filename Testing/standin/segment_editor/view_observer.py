"""Hands the mouse events of the slice views to the active effect, before anyone else gets them."""

import weakref
from typing import Any

import shiboken6
import slicer

EVENTS = (
    "LeftButtonPressEvent",
    "LeftButtonReleaseEvent",
    "RightButtonPressEvent",
    "RightButtonReleaseEvent",
    "MiddleButtonPressEvent",
    "MiddleButtonReleaseEvent",
    "MouseMoveEvent",
    "MouseWheelForwardEvent",
    "MouseWheelBackwardEvent",
    "KeyPressEvent",
    "KeyReleaseEvent",
    "EnterEvent",
    "LeaveEvent",
)
PRIORITY = 1.0  # displayable managers listen with 0


class ViewObserver:
    """Observers on the interactors of all slice views that can show the segmentation."""

    def __init__(self, editor: Any, logic: Any) -> None:
        self._editor, self._logic = weakref.ref(editor), logic
        self._tags: list[tuple[Any, int]] = []
        weakref.finalize(editor, self.stop).atexit = False

    def start(self) -> None:
        self.stop()
        layout = slicer.app.layoutManager()
        for name in layout.sliceViewNames():
            widget = layout.sliceWidget(name)
            if self._logic.IsSegmentationDisplayableInView(widget.mrmlSliceNode()):
                self._observe(widget)

    def stop(self) -> None:
        for interactor, tag in self._tags:
            interactor.RemoveObserver(tag)
        self._tags.clear()

    def _observe(self, widget: Any) -> None:
        tags: dict[str, int] = {}

        def report(interactor: Any, event: str) -> None:
            editor = self._editor()
            if editor is None or not shiboken6.isValid(editor):
                return
            effect, scene = editor.activeEffect(), editor.mrmlScene()
            if effect is None or scene is None or scene.IsClosing():
                return
            if effect._process(interactor, event, widget):
                interactor.GetCommand(tags[event]).SetAbortFlag(1)

        interactor = widget.sliceView().interactor()
        for event in EVENTS:
            tags[event] = interactor.AddObserver(event, report, PRIORITY)
        self._tags += [(interactor, tag) for tag in tags.values()]
