"""Pictures of panels and views, as PNG files: `make screenshots` and the documentation use them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import slicer
from PySide6 import QtCore, QtGui, QtWidgets

from standin.rendered_view import ctkVTKAbstractView

_DARK = {
    QtGui.QPalette.ColorRole.Window: "#323232",
    QtGui.QPalette.ColorRole.WindowText: "#f0f0f0",
    QtGui.QPalette.ColorRole.Base: "#232323",
    QtGui.QPalette.ColorRole.AlternateBase: "#2b2b2b",
    QtGui.QPalette.ColorRole.Text: "#f0f0f0",
    QtGui.QPalette.ColorRole.Button: "#3c3c3c",
    QtGui.QPalette.ColorRole.ButtonText: "#f0f0f0",
    QtGui.QPalette.ColorRole.ToolTipBase: "#323232",
    QtGui.QPalette.ColorRole.ToolTipText: "#f0f0f0",
    QtGui.QPalette.ColorRole.PlaceholderText: "#909090",
    QtGui.QPalette.ColorRole.Highlight: "#2a82da",
    QtGui.QPalette.ColorRole.HighlightedText: "#ffffff",
}
_DISABLED_TEXT = "#7a7a7a"
_GAP = 4  # pixels between views


@contextmanager
def colors(theme: str) -> Iterator[None]:
    """Draw what is inside in the "light" or "dark" theme.

    The colours are near those of Slicer's styles, not the same.
    """
    if theme not in ("light", "dark"):
        raise ValueError(f"theme must be light or dark, not {theme!r}")
    before = slicer.app.palette()
    style = slicer.app.style().standardPalette()
    slicer.app.setPalette(_dark_palette(style) if theme == "dark" else style)
    slicer.app.processEvents()  # tells the widgets
    try:
        yield
    finally:
        slicer.app.setPalette(before)
        slicer.app.processEvents()


def save_widget(widget: QtWidgets.QWidget, path: Path, width: int | None = None) -> Path:
    """Picture of a panel, in the height that it needs for the width; it need not be shown."""
    smallest, largest, before = widget.minimumSize, widget.maximumSize, widget.size
    width, layout = width or widget.sizeHint.width(), widget.layout()
    widget.ensurePolished()
    widget.setFixedWidth(width)  # also against a scroll area around it
    widget.grab()  # lays out what has never been shown
    wraps = layout is not None and layout.hasHeightForWidth()
    widget.setFixedHeight(layout.totalHeightForWidth(width) if wraps else widget.sizeHint.height())
    picture = widget.grab()
    widget.setMinimumSize(smallest)
    widget.setMaximumSize(largest)
    widget.resize(before)
    return _save(picture, path)


def save_views(views: Sequence[ctkVTKAbstractView], path: Path) -> Path:
    """Picture of slice or 3D views side by side, drawn anew if they changed."""
    pictures = [_picture(view) for view in views]
    width = sum(picture.width() for picture in pictures) + _GAP * (len(pictures) - 1)
    whole = QtGui.QPixmap(width, max(picture.height() for picture in pictures))
    whole.fill(QtCore.Qt.GlobalColor.white)
    painter, left = QtGui.QPainter(whole), 0
    for picture in pictures:
        painter.drawImage(left, 0, picture)
        left += picture.width() + _GAP
    painter.end()
    return _save(whole, path)


def save_slice_views(path: Path) -> Path:
    """Picture of the Red, Yellow and Green view."""
    layout = slicer.app.layoutManager()
    return save_views([layout.sliceWidget(name).sliceView() for name in layout.sliceViewNames()], path)


def _picture(view: ctkVTKAbstractView) -> QtGui.QImage:
    pixels = view._screen.image()
    height, width, _ = pixels.shape
    return QtGui.QImage(pixels.data, width, height, 3 * width, QtGui.QImage.Format.Format_RGB888).copy()


def _save(picture: QtGui.QPixmap, path: Path) -> Path:
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if not picture.save(str(path), "PNG"):
        raise OSError(f"cannot write the picture {path}")
    return path


def _dark_palette(base: QtGui.QPalette) -> QtGui.QPalette:
    palette = QtGui.QPalette(base)
    for role, color in _DARK.items():
        palette.setColor(role, QtGui.QColor(color))
    for role in ("WindowText", "Text", "ButtonText"):
        group, role = QtGui.QPalette.ColorGroup.Disabled, getattr(QtGui.QPalette.ColorRole, role)
        palette.setColor(group, role, QtGui.QColor(_DISABLED_TEXT))
    return palette
