"""The qMRML and qSlicer widgets that panels use, over real nodes and logics."""

import slicer

from standin import layout, plot_view, slice_view, threed_view, ui_loader
from standin.mrml_widgets.node_combo_box import qMRMLNodeComboBox
from standin.mrml_widgets.place_widget import qSlicerMarkupsPlaceWidget
from standin.mrml_widgets.segment_selector import qMRMLSegmentSelectorWidget
from standin.scene_widget import qMRMLWidget, qSlicerWidget

IN_UI_FILES = (
    qMRMLWidget,
    qSlicerWidget,
    qMRMLNodeComboBox,
    qMRMLSegmentSelectorWidget,
    qSlicerMarkupsPlaceWidget,
)
_OF_THE_LAYOUT = (
    plot_view.qMRMLPlotView,
    slice_view.qMRMLSliceView,
    slice_view.qMRMLSliceControllerWidget,
    slice_view.qMRMLSliceWidget,
    threed_view.qMRMLThreeDView,
    threed_view.qMRMLThreeDWidget,
    layout.qSlicerLayoutManager,
)


def install() -> None:
    """Make the classes known as `slicer.<name>` and to the loader of .ui files."""
    for cls in IN_UI_FILES:
        ui_loader.register(cls.__name__, cls)
    for cls in (*IN_UI_FILES, *_OF_THE_LAYOUT):
        setattr(slicer, cls.__name__, cls)
