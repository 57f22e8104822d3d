"""qSlicerMarkupsPlaceWidget: switches the application's place mode for one markups node."""

from typing import Any, ClassVar

import slicer
import vtk
from PySide6 import QtCore, QtWidgets

from standin.properties import computed, stored
from standin.scene_widget import qSlicerWidget

_POINT_EVENTS = (
    vtk.vtkCommand.ModifiedEvent,
    slicer.vtkMRMLMarkupsNode.PointAddedEvent,
    slicer.vtkMRMLMarkupsNode.PointRemovedEvent,
    slicer.vtkMRMLMarkupsNode.PointPositionDefinedEvent,
    slicer.vtkMRMLMarkupsNode.PointPositionUndefinedEvent,
    slicer.vtkMRMLMarkupsNode.FixedNumberOfControlPointsModifiedEvent,
    slicer.vtkMRMLDisplayableNode.DisplayModifiedEvent,
)


class qSlicerMarkupsPlaceWidget(qSlicerWidget):
    """The mode itself lives in the scene's interaction and selection nodes; this shows and sets it."""

    slicer_class = "qSlicerMarkupsPlaceWidget"
    slicer_signals: ClassVar = {}
    ShowPlaceMultipleMarkupsOption, HidePlaceMultipleMarkupsOption = 0, 1
    ForcePlaceSingleMarkup, ForcePlaceMultipleMarkups = 2, 3
    activeMarkupsPlaceModeChanged = QtCore.Signal(bool)
    activeMarkupsFiducialPlaceModeChanged = QtCore.Signal(bool)

    placeMultipleMarkups = stored(int, ShowPlaceMultipleMarkupsOption, changed="_apply_persistence")
    deleteAllControlPointsOptionVisible = stored(bool, True, changed="_show_options")
    unsetLastControlPointOptionVisible = stored(bool, False, changed="_show_options")
    unsetAllControlPointsOptionVisible = stored(bool, False, changed="_show_options")
    buttonsVisible = computed(
        bool,
        lambda self: self._place.isVisible() and self._delete.isVisible(),
        lambda self, on: self.setButtonsVisible(on),
    )
    currentNodeActive = computed(
        bool, lambda self: self._is_active(), lambda self, on: self.setCurrentNodeActive(on)
    )
    placeModeEnabled = computed(
        bool, lambda self: self._is_placing(), lambda self, on: self.setPlaceModeEnabled(on)
    )
    placeModePersistency = computed(
        bool,
        lambda self: bool(self._interaction and self._interaction.GetPlaceModePersistence()),
        lambda self, on: self.setPlaceModePersistency(on),
    )

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._node = self._interaction = self._selection = None
        self._told_placing = self._updating = False
        self._place, self._delete = QtWidgets.QToolButton(self), QtWidgets.QToolButton(self)
        self._place.setText("Place")
        self._place.setCheckable(True)
        self._place.connect("toggled(bool)", self.setPlaceModeEnabled)
        self._delete.setText("Delete")
        self._delete.connect("clicked()", self.modifyLastPoint)
        self._make_menus()
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._place)
        layout.addWidget(self._delete)
        self._update()

    # nodes

    def currentNode(self) -> Any:
        return self._node

    def currentMarkupsNode(self) -> Any:
        return self._node

    def setCurrentNode(self, node: Any) -> None:
        """Choose the markups node; a place mode that is on stays on, for whatever node it was."""
        node = node if node is not None and node.IsA("vtkMRMLMarkupsNode") else None
        if node is self._node:
            return
        if self._node is not None:
            self._unwatch(self._node)
        self._node = node
        for event in _POINT_EVENTS if node is not None else ():
            self._watch(node, event, self._update)
        self._update()

    def interactionNode(self) -> Any:
        return self._interaction

    def selectionNode(self) -> Any:
        return self._selection

    def setInteractionNode(self, node: Any) -> None:
        self._interaction = self._observed_instead(self._interaction, node)

    def setSelectionNode(self, node: Any) -> None:
        self._selection = self._observed_instead(self._selection, node)
        if node is not None:
            self._watch(node, slicer.vtkMRMLSelectionNode.ActivePlaceNodePlacementValidEvent, self._update)

    # place mode

    def setCurrentNodeActive(self, active: bool) -> None:
        if self._interaction is None or active == self._is_active():
            return
        slicer.modules.markups.logic().SetActiveList(self._node if active else None)
        if not active:
            self._interaction.SetCurrentInteractionMode(slicer.vtkMRMLInteractionNode.ViewTransform)

    def setPlaceModeEnabled(self, enabled: bool) -> None:
        """Let clicks in the views place points of the current node, or end any place mode."""
        if self._interaction is None or self._node is None:
            return
        if not enabled:
            self._interaction.SetCurrentInteractionMode(slicer.vtkMRMLInteractionNode.ViewTransform)
            return
        self.setCurrentNodeActive(True)
        self._force_persistence()
        self._interaction.SetCurrentInteractionMode(slicer.vtkMRMLInteractionNode.Place)

    def setPlaceModePersistency(self, persistent: bool) -> None:
        if self._interaction is not None:
            self._interaction.SetPlaceModePersistence(int(persistent))

    def setPlaceMultipleMarkups(self, option: int) -> None:
        self.placeMultipleMarkups = option

    # points

    def deleteLastPoint(self) -> None:
        if self._node is not None and self._node.GetNumberOfControlPoints() > 0:
            self._node.RemoveNthControlPoint(self._node.GetNumberOfControlPoints() - 1)

    def deleteAllPoints(self) -> None:
        if self._node is not None:
            self._node.RemoveAllControlPoints()

    def unsetLastDefinedPoint(self) -> None:
        count = self._node.GetNumberOfControlPoints() if self._node is not None else 0
        undefined = slicer.vtkMRMLMarkupsNode.PositionUndefined
        for index in reversed(range(count)):
            if self._node.GetNthControlPointPositionStatus(index) != undefined:
                self._node.UnsetNthControlPointPosition(index)
                return

    def unsetAllPoints(self) -> None:
        if self._node is not None:
            self._node.UnsetAllControlPoints()

    def modifyLastPoint(self) -> None:
        """What the delete button does."""
        if self._node is not None and self._node.GetFixedNumberOfControlPoints():
            self.unsetLastDefinedPoint()
        else:
            self.deleteLastPoint()

    # widgets

    def placeButton(self) -> QtWidgets.QToolButton:
        return self._place

    def deleteButton(self) -> QtWidgets.QToolButton:
        return self._delete

    def setButtonsVisible(self, visible: bool) -> None:
        for button in (self._place, self._delete):
            button.setVisible(visible)

    def _make_menus(self) -> None:
        self._delete.setPopupMode(QtWidgets.QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        menu = QtWidgets.QMenu(self._delete)
        self._options = {}
        for name, text, slot in (
            ("unsetLastControlPointOptionVisible", "Unset last", self.unsetLastDefinedPoint),
            ("unsetAllControlPointsOptionVisible", "Unset all", self.unsetAllPoints),
            ("deleteAllControlPointsOptionVisible", "Delete all", self.deleteAllPoints),
        ):
            self._options[name] = menu.addAction(text)
            self._options[name].connect("triggered()", slot)
        self._delete.setMenu(menu)
        self._show_options()

    def _show_options(self) -> None:
        for name, action in self._options.items():
            action.setVisible(getattr(self, name))

    def _follow_scene(self, scene: Any) -> None:
        super()._follow_scene(scene)
        nodes = ("vtkMRMLInteractionNodeSingleton", "vtkMRMLSelectionNodeSingleton")
        interaction, selection = (scene.GetNodeByID(name) if scene else None for name in nodes)
        self.setInteractionNode(interaction)
        self.setSelectionNode(selection)
        self._update()

    def _observed_instead(self, old: Any, new: Any) -> Any:
        if old is not None:
            self._unwatch(old)
        if new is not None:
            self._watch(new, vtk.vtkCommand.ModifiedEvent, self._update)
        return new

    def _force_persistence(self) -> None:
        if self.placeMultipleMarkups in (self.ForcePlaceSingleMarkup, self.ForcePlaceMultipleMarkups):
            self.setPlaceModePersistency(self.placeMultipleMarkups == self.ForcePlaceMultipleMarkups)

    def _apply_persistence(self) -> None:
        if self._is_placing():
            self._force_persistence()

    def _is_active(self) -> bool:
        if None in (self._node, self._interaction, self._selection):
            return False
        is_list = slicer.modules.markups.logic().GetActiveListID() == self._node.GetID()
        return is_list and self._selection.GetActivePlaceNodeClassName() == self._node.GetClassName()

    def _is_placing(self) -> bool:
        place = slicer.vtkMRMLInteractionNode.Place
        return self._is_active() and self._interaction.GetCurrentInteractionMode() == place

    def _update(self) -> None:
        if self._updating:
            return
        self._updating = True
        usable = self._node is not None and self._interaction is not None
        placing = self._is_placing()
        self._place.setEnabled(
            bool(usable and self._selection and self._selection.GetActivePlaceNodePlacementValid())
        )
        self._delete.setEnabled(bool(usable and self._node.GetNumberOfControlPoints()))
        was_blocked = self._place.blockSignals(True)
        self._place.setChecked(placing)
        self._place.blockSignals(was_blocked)
        if placing != self._told_placing:
            self._told_placing = placing
            self.activeMarkupsFiducialPlaceModeChanged.emit(placing)
            self.activeMarkupsPlaceModeChanged.emit(placing)
        self._updating = False
