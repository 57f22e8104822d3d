"""`ctk`: the widgets of CTK that there is a stand-in for."""

from types import ModuleType

from standin import ctk_widgets
from standin.facade import install_module


def install() -> ModuleType:
    """Make `import ctk` work."""
    return install_module("ctk", __doc__, {widget.__name__: widget for widget in ctk_widgets.WIDGETS})
