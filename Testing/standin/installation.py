"""The order in which the parts of the stand-in are put in place; use `standin.boot`."""

import importlib
import logging
import tempfile
from typing import Any

from PySide6.QtCore import QSettings, QtMsgType, qInstallMessageHandler

from standin import errors, qt_module

# These need `slicer.app` and each other, in this order.
_PARTS = (
    "i18n",
    "scripted_module",
    "module_loader",
    "parameter_node",
    "packaging",
    "testing",
    "sample_data",
)
_NOISE = "This plugin does not support propagateSizeHints()"  # of windows without a screen


def install() -> Any:
    """Install every part and start the application; returns `slicer.app`."""
    errors.install()
    qInstallMessageHandler(_log_message)
    _keep_settings_here()
    qt_module.install()
    from standin import ctk_module

    ctk_module.install()
    from standin import application

    app = application.start()
    for part in _PARTS:
        importlib.import_module(f"standin.{part}").install()
    return app


def _keep_settings_here() -> None:
    """`QSettings()` begins empty in every process and touches no file of the user."""
    folder = tempfile.mkdtemp(prefix="slicer-standin-settings-")
    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, folder)


def _log_message(kind: QtMsgType, context: Any, text: str) -> None:
    if _NOISE not in text:
        logging.warning("%s: %s", kind.name, text)
