"""qMRMLSegmentEditorWidget with Paint and Erase over the real segment editor logic."""

import slicer

from standin import ui_loader
from standin.segment_editor.effect import qSlicerSegmentEditorAbstractEffect
from standin.segment_editor.widget import qMRMLSegmentEditorWidget


def install() -> None:
    """Make the classes known as `slicer.<name>` and the widget to the loader of .ui files."""
    ui_loader.register("qMRMLSegmentEditorWidget", qMRMLSegmentEditorWidget)
    for cls in (qMRMLSegmentEditorWidget, qSlicerSegmentEditorAbstractEffect):
        setattr(slicer, cls.__name__, cls)
