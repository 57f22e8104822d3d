"""The MRML half of 3D Slicer without the application: scene, logics, `slicer.modules` and file input/output.

`boot()` needs the `slicer-core` wheel only. It sets `slicer.mrmlScene`, `slicer.app` and `slicer.modules`,
which the wheel leaves out and `slicer.util` asks for. There is no Qt here: no widgets, layouts or place
mode.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import slicer
import vtk

# Attribute of slicer.modules, class of its logic, name under which the application logic knows it.
MODULE_LOGICS = (
    ("colors", "vtkMRMLColorLogic", "Colors"),
    ("volumes", "vtkSlicerVolumesLogic", "Volumes"),
    ("segmentations", "vtkSlicerSegmentationsModuleLogic", "Segmentations"),
    ("subjecthierarchy", "vtkSlicerSubjectHierarchyModuleLogic", "SubjectHierarchy"),
    ("markups", "vtkSlicerMarkupsLogic", "Markups"),
    ("models", "vtkSlicerModelsLogic", "Models"),
    ("transforms", "vtkSlicerTransformLogic", "Transforms"),
)

# File type of slicer.util, endings, class of the nodes that are written to it.
FILE_TYPES = (
    ("SegmentationFile", (".seg.nrrd", ".seg.nhdr"), "vtkMRMLSegmentationNode"),
    ("MarkupsFile", (".mrk.json", ".fcsv"), "vtkMRMLMarkupsNode"),
    ("VolumeFile", (".nrrd", ".nhdr", ".nii", ".nii.gz", ".mha", ".mhd"), "vtkMRMLVolumeNode"),
    ("TransformFile", (".tfm", ".h5"), "vtkMRMLTransformNode"),
    ("SceneFile", (".mrml",), None),
)

_AUTO_WINDOW_LEVEL, _LABELMAP = 8, 1  # options of vtkSlicerVolumesLogic.AddArchetypeVolume


@dataclass
class HeadlessModule:
    """What `slicer.modules.<name>` must answer below the widgets: `logic()`."""

    name: str
    module_logic: Any

    def logic(self) -> Any:
        return self.module_logic


class HeadlessIOManager:
    """The part of qSlicerCoreIOManager that `slicer.util.load*` and `save*` call."""

    def __init__(self, scene: Any) -> None:
        self.scene = scene

    def fileType(self, path: str) -> str:
        name = str(path).lower()
        return next((kind for kind, endings, _ in FILE_TYPES if name.endswith(endings)), "NoFile")

    def fileWriterFileType(self, node: Any) -> str:
        return next((kind for kind, _, base in FILE_TYPES if base and node.IsA(base)), "NoFile")

    def loadNodes(self, kind: str, properties: dict, loaded: Any, messages: Any = None) -> bool:
        path = Path(properties["fileName"])
        if not path.exists():
            return False
        if kind == "SceneFile":
            self.scene.SetURL(str(path))
            return bool(self.scene.Connect() if properties.get("clear") else self.scene.Import())
        node = self._load(kind, path, properties)
        if node is not None:
            loaded.AddItem(node)
        return node is not None

    def saveNodes(self, kind: str, properties: dict, messages: Any = None) -> bool:
        path = str(properties["fileName"])
        if kind == "SceneFile":
            return self.saveScene(path)
        node = self.scene.GetNodeByID(properties["nodeID"])
        storage = node.GetStorageNode()
        if storage is None or not storage.SupportedFileType(path):
            node.AddDefaultStorageNode(path)
            storage = node.GetStorageNode()
        storage.SetFileName(path)
        storage.SetUseCompression(int(properties.get("useCompression", 1)))
        return bool(storage.WriteData(node))

    def saveScene(self, path: str, screenshot: Any = None) -> bool:
        self.scene.SetURL(path)
        self.scene.SetRootDirectory(str(Path(path).parent))
        return bool(self.scene.Commit())

    def _load(self, kind: str, path: Path, properties: dict) -> Any:
        name = properties.get("name") or path.name.split(".")[0]
        modules = slicer.modules
        if kind == "VolumeFile":
            options = _AUTO_WINDOW_LEVEL | (_LABELMAP if properties.get("labelmap") else 0)
            return modules.volumes.logic().AddArchetypeVolume(str(path), name, options)
        if kind == "SegmentationFile":
            return modules.segmentations.logic().LoadSegmentationFromFile(str(path), True, name)
        if kind == "MarkupsFile":
            node_id = modules.markups.logic().LoadMarkups(str(path), name)
            return self.scene.GetNodeByID(node_id) if node_id else None
        raise ValueError(f"cannot load {path.name}: no reader for {kind} without the Slicer application")


class HeadlessSlicer:
    """`slicer.app` below the widgets: the scene, the application logic, module logics, input and output."""

    def __init__(self) -> None:
        errors = vtk.vtkOutputWindow()
        errors.SetDisplayModeToAlwaysStdErr()
        vtk.vtkOutputWindow.SetInstance(errors)
        self.scene = slicer.vtkMRMLScene()
        crosshair = slicer.vtkMRMLCrosshairNode()
        crosshair.SetCrosshairName("default")
        self.scene.AddNode(crosshair)
        self._logic = self._make_application_logic()
        slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(self.scene, True)
        slicer.app, slicer.mrmlScene = self, self.scene
        slicer.modules = SimpleNamespace()
        for name, class_name, registered in MODULE_LOGICS:
            setattr(slicer.modules, name, HeadlessModule(name, self._make_logic(class_name, registered)))
        self._io = HeadlessIOManager(self.scene)
        self._scratch = tempfile.TemporaryDirectory(prefix="headless-slicer-")

    def applicationLogic(self) -> Any:
        return self._logic

    def mrmlScene(self) -> Any:
        return self.scene

    def coreIOManager(self) -> HeadlessIOManager:
        return self._io

    def layoutManager(self) -> None:
        """There are no views."""

    @property
    def temporaryPath(self) -> str:
        return self._scratch.name

    def _make_application_logic(self) -> Any:
        logic = slicer.vtkSlicerApplicationLogic()
        logic.SetMRMLScene(self.scene)
        logic.GetColorLogic().SetMRMLScene(self.scene)
        logic.GetColorLogic().AddDefaultColorNodes()
        logic.SetSliceLogics(vtk.vtkCollection())
        logic.SetViewLogics(vtk.vtkCollection())
        return logic

    def _make_logic(self, class_name: str, registered: str) -> Any:
        if class_name == "vtkMRMLColorLogic":
            logic = self._logic.GetColorLogic()
        else:
            logic = getattr(slicer, class_name)()
            logic.SetMRMLScene(self.scene)
            logic.SetMRMLApplicationLogic(self._logic)
        self._logic.SetModuleLogic(registered, logic)
        return logic


_booted: list[HeadlessSlicer] = []


def boot() -> HeadlessSlicer:
    """The one headless Slicer of this process; later calls return the same."""
    if not _booted:
        _booted.append(HeadlessSlicer())
    return _booted[0]
