"""`slicer.app` with Qt: the scene, logics and files of `headless_slicer`, a main window and views."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import slicer
from PySide6 import QtCore, QtWidgets

import headless_slicer
from standin.io_manager import qSlicerIOManager
from standin.layout import qSlicerLayoutManager
from standin.main_window import qSlicerMainWindow
from standin.module_manager import qSlicerModuleManager
from standin.properties import computed


class qSlicerApplication(QtWidgets.QApplication):
    """Runs in testing mode: `slicer.util` answers its own dialogs and logs their text."""

    slicer_class = "qSlicerApplication"
    slicer_signals: ClassVar = {"mrmlSceneChanged(vtkMRMLScene*)": "mrmlSceneChanged"}
    mrmlSceneChanged = QtCore.Signal(object)
    startupCompleted = QtCore.Signal()
    renderPaused = QtCore.Signal(bool)
    temporaryPath = computed(str, lambda self: self._core.temporaryPath)

    def __init__(self, core: headless_slicer.HeadlessSlicer) -> None:
        super().__init__(["Slicer"])
        self.setApplicationName("Slicer")
        self.setOrganizationName("NA-MIC")
        self._core = core
        self._settings = QtCore.QSettings()
        self._modules = qSlicerModuleManager(self)
        self._io = qSlicerIOManager(
            core.mrmlScene(), core.applicationLogic(), Path(core.temporaryPath) / "cache"
        )
        self._window = self._layout = None

    def mrmlScene(self) -> Any:
        return self._core.mrmlScene()

    def applicationLogic(self) -> Any:
        return self._core.applicationLogic()

    def moduleManager(self) -> qSlicerModuleManager:
        return self._modules

    def moduleLogic(self, name: str) -> Any:
        return self.applicationLogic().GetModuleLogic(name)

    def coreIOManager(self) -> qSlicerIOManager:
        return self._io

    def ioManager(self) -> qSlicerIOManager:
        return self._io

    def layoutManager(self) -> qSlicerLayoutManager:
        return self._layout

    def settings(self) -> QtCore.QSettings:
        return self._settings

    def userSettings(self) -> QtCore.QSettings:
        return self._settings

    def commandOptions(self) -> Any:
        return SimpleNamespace(testingEnabled=True, noMainWindow=False, runPythonAndExit=True)

    def testingEnabled(self) -> bool:
        return True

    def pauseRender(self) -> None:
        self.setRenderPaused(True)

    def resumeRender(self) -> None:
        self.setRenderPaused(False)

    def setRenderPaused(self, paused: bool) -> None:
        self._layout.setRenderPaused(paused)
        self.renderPaused.emit(paused)

    def _open_window(self) -> None:
        self._window = qSlicerMainWindow()
        viewport = self._window.centralWidget()
        self._layout = qSlicerLayoutManager(viewport, self.applicationLogic(), self.mrmlScene())
        self._window.show()
        self._window.activateWindow()
        self.processEvents()


def start() -> qSlicerApplication:
    """Start Qt around the one headless Slicer of this process and open the main window.

    `standin.pythonqt` must be installed before, and `ctk`; afterwards `slicer.qMRML...` and `slicer.qSlicer...`
    are there, also for .ui files.
    """
    app = qSlicerApplication(headless_slicer.boot())
    slicer.app = app
    from standin import mrml_widgets, segment_editor

    for part in (mrml_widgets, segment_editor):
        part.install()
    app._open_window()
    return app
