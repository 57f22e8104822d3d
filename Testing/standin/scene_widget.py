"""What the widgets have in common: a scene, and observers that end with the widget."""

import weakref
from collections.abc import Callable
from typing import Any, ClassVar

import shiboken6
import vtk
from PySide6 import QtCore, QtWidgets

SCENE_CHANGED = "mrmlSceneChanged(vtkMRMLScene*)"


class Observing:
    """VTK observers that belong to a Qt object and end with it.

    The observed objects are kept in a finalizer, apart from the widget. Kept by the widget alone, their python
    wrappers would become garbage together with it, and with the wrappers the functions that VTK goes on to
    call: the garbage collector does not know that the objects themselves live on in the scene.
    """

    def _watch(self, subject: Any, event: int | str, method: Callable[[], None]) -> None:
        """Call a method of this, without arguments, whenever `subject` reports the event."""
        weak = weakref.WeakMethod(method)

        def report(caller: Any, name: str) -> None:
            _call(weak)

        self._observations.append((subject, subject.AddObserver(event, report)))

    def _watch_node(self, subject: Any, event: int | str, method: Callable[[Any], None]) -> None:
        """The same for events that carry an object, which becomes the argument."""
        weak = weakref.WeakMethod(method)

        @vtk.calldata_type(vtk.VTK_OBJECT)
        def report(caller: Any, name: str, node: Any) -> None:
            _call(weak, node)

        self._observations.append((subject, subject.AddObserver(event, report)))

    def _unwatch(self, subject: Any = None) -> None:
        """Stop observing one object, or all."""
        for observed, tag in [pair for pair in self._observations if subject in (None, pair[0])]:
            observed.RemoveObserver(tag)
            self._observations.remove((observed, tag))

    @property
    def _observations(self) -> list:
        if "_observed" not in self.__dict__:
            self._observed: list[tuple[Any, int]] = []
            weakref.finalize(self, _remove_observers, self._observed).atexit = False
        return self._observed


def _remove_observers(observed: list[tuple[Any, int]]) -> None:
    for subject, tag in observed:
        subject.RemoveObserver(tag)
    observed.clear()


def _call(weak: weakref.WeakMethod, *arguments: Any) -> None:
    method = weak()
    if method is not None and shiboken6.isValid(method.__self__):
        method(*arguments)


class SceneFollower(Observing):
    """`setMRMLScene(scene)`; not every class with it also tells its scene."""

    _scene: Any = None

    def setMRMLScene(self, scene: Any) -> None:
        if scene is not self._scene:
            self._scene = scene
            self._follow_scene(scene)

    def _follow_scene(self, scene: Any) -> None:
        """For subclasses: take over the new scene."""


class SceneHolder(SceneFollower):
    """Tells its scene, too."""

    def mrmlScene(self) -> Any:
        return self._scene


class qMRMLWidget(SceneHolder, QtWidgets.QWidget):
    """Base of the MRML widgets, and the top widget of panels; passes its scene on by a signal."""

    slicer_class = "qMRMLWidget"
    slicer_signals: ClassVar = {SCENE_CHANGED: "mrmlSceneChanged"}
    mrmlSceneChanged = QtCore.Signal(object)

    def _follow_scene(self, scene: Any) -> None:
        self.mrmlSceneChanged.emit(scene)


class qSlicerWidget(SceneFollower, QtWidgets.QWidget):
    """Base of the widgets of modules."""

    slicer_class = "qSlicerWidget"
    slicer_signals: ClassVar = {SCENE_CHANGED: "mrmlSceneChanged"}
    mrmlSceneChanged = QtCore.Signal(object)

    def _follow_scene(self, scene: Any) -> None:
        self.mrmlSceneChanged.emit(scene)
