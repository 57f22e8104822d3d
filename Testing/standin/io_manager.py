"""File input and output of the application: that of `headless_slicer`, and scene bundles (.mrb)."""

from pathlib import Path
from typing import Any

import slicer

from headless_slicer import HeadlessIOManager


class qSlicerIOManager(HeadlessIOManager):
    """Bundles are read and written by the real scene, which needs a cache folder and two more logics."""

    slicer_class = "qSlicerIOManager"

    def __init__(self, scene: Any, application_logic: Any, cache: Path) -> None:
        super().__init__(scene)
        cache.mkdir(exist_ok=True)
        self._remote = slicer.vtkMRMLRemoteIOLogic()
        self._data = slicer.vtkDataIOManagerLogic()
        for logic in (self._remote, self._data):
            logic.SetMRMLScene(scene)
            logic.SetMRMLApplicationLogic(application_logic)
        self._remote.GetCacheManager().SetRemoteCacheDirectory(str(cache))
        self._data.SetAndObserveDataIOManager(self._remote.GetDataIOManager())
        self._remote.AddDataIOToScene()

    def fileType(self, path: str) -> str:
        return "SceneFile" if _is_bundle(path) else super().fileType(path)

    def loadNodes(self, kind: str, properties: dict, loaded: Any, messages: Any = None) -> bool:
        path = properties["fileName"]
        if kind == "SceneFile" and _is_bundle(path) and Path(path).exists():
            return bool(self.scene.ReadFromMRB(str(path), bool(properties.get("clear", False)), messages))
        return super().loadNodes(kind, properties, loaded, messages)

    def saveScene(self, path: str, screenshot: Any = None) -> bool:
        if _is_bundle(path):
            return bool(self.scene.WriteToMRB(str(path)))
        return super().saveScene(str(path), screenshot)

    def saveNodes(self, kind: str, properties: dict, messages: Any = None) -> bool:
        if kind == "SceneFile":
            return self.saveScene(properties["fileName"])
        return super().saveNodes(kind, properties, messages)


def _is_bundle(path: str) -> bool:
    return str(path).lower().endswith(".mrb")
