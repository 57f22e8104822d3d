"""A stand-in for the part of 3D Slicer that is not on PyPI: Qt under PythonQt, CTK, widgets, base classes.

MRML, logics, displayable managers and `slicer.util` are the real ones of the wheel slicer-core. `boot` puts
the rest around them, under the names that they have in Slicer; a module cannot tell the difference as long as
it keeps to those names, and gets an exception where it does not.
"""

import os
from typing import Any

_ENVIRONMENT = {"QT_QPA_PLATFORM": "offscreen", "VTK_DEFAULT_OPENGL_WINDOW": "vtkEGLRenderWindow"}
_booted: list[Any] = []


def boot() -> Any:
    """Start the stand-in, once; later calls return the same `slicer.app`.

    Sets the environment for off-screen drawing before Qt and VTK are imported, and installs `qt`, `ctk`,
    `slicer.ScriptedLoadableModule`, `slicer.parameterNodeWrapper`, `slicer.i18n`, `slicer.packaging`,
    `slicer.testing` and `SampleData`.
    """
    if not _booted:
        for name, value in _ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        from standin import installation

        _booted.append(installation.install())
    return _booted[0]
