"""qSlicerMainWindow: views in the middle, the panel of the selected module at the left."""

from typing import Any

import slicer
from PySide6 import QtCore, QtWidgets

from standin.properties import computed

VIEWPORT_SIZE = (802, 842)  # four views of 400 x 400 pixels under bars of 20, and gaps of 2


class qSlicerModuleSelectorToolBar(QtWidgets.QToolBar):
    """Switches between modules: leaves one panel and enters the other."""

    slicer_class = "qSlicerModuleSelectorToolBar"
    moduleSelected = QtCore.Signal(str)
    selectedModule = computed(str, lambda self: self._selected)

    def __init__(self, panel: QtWidgets.QScrollArea, parent: QtWidgets.QWidget) -> None:
        super().__init__("Module Selection", parent)
        self._panel, self._selected = panel, ""

    def selectModule(self, name: str) -> None:
        """Show the panel of a loaded module; "" leaves the present one."""
        if name == self._selected:
            return
        entered = slicer.util.getModule(name).widgetRepresentation() if name else None
        left = self._panel.takeWidget()
        if left is not None:
            left.exit()
            left.setParent(None)
        self._selected = name
        if entered is not None:
            self._panel.setWidget(entered)
            entered.setVisible(True)
            entered.enter()
        self.moduleSelected.emit(name)


class qSlicerMainWindow(QtWidgets.QMainWindow):
    """Found by `slicer.util.mainWindow()` through its name."""

    slicer_class = "qSlicerMainWindow"

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("qSlicerMainWindow")
        panel = QtWidgets.QScrollArea()
        panel.setWidgetResizable(True)
        panel.setObjectName("ModulePanel")
        dock = QtWidgets.QDockWidget("Modules", self)
        dock.setObjectName("PanelDockWidget")
        dock.setWidget(panel)
        self.addDockWidget(QtCore.Qt.DockWidgetArea.LeftDockWidgetArea, dock)
        self.resizeDocks([dock], [450], QtCore.Qt.Orientation.Horizontal)
        self._selector = qSlicerModuleSelectorToolBar(panel, self)
        self.addToolBar(self._selector)
        viewport = QtWidgets.QFrame(self)
        viewport.setObjectName("CentralWidget")
        # Nobody looks: the views draw when pixels are asked for, not in every turn of the event loop.
        viewport.setUpdatesEnabled(False)
        viewport.setFixedSize(*VIEWPORT_SIZE)
        self.setCentralWidget(viewport)
        self.setStatusBar(QtWidgets.QStatusBar(self))

    def moduleSelector(self) -> qSlicerModuleSelectorToolBar:
        return self._selector

    def pythonConsole(self) -> Any:
        """There is none."""

    def setLayout(self, layout: int) -> None:
        slicer.app.layoutManager().setLayout(layout)
