"""Stand-ins for the widgets of CTK that panels use."""

from standin import ui_loader
from standin.ctk_widgets.collapsible_button import ctkCollapsibleButton
from standin.ctk_widgets.double_spin_box import ctkDoubleSpinBox
from standin.ctk_widgets.path_line_edit import ctkPathLineEdit
from standin.ctk_widgets.slider_widget import ctkSliderWidget

WIDGETS = (ctkCollapsibleButton, ctkDoubleSpinBox, ctkPathLineEdit, ctkSliderWidget)

for _widget in WIDGETS:
    ui_loader.register(_widget.__name__, _widget)
