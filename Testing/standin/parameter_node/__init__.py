"""`slicer.parameterNodeWrapper`: the part of it that the stand-in has.

Types: bool, int, float, str, paths, enumerations, MRML nodes, and lists of these. Neither unions, tuples,
dictionaries, parameter packs nor generated widgets: asking for one of them raises.
"""

from standin.facade import install_module


def install() -> None:
    """Make `slicer.parameterNodeWrapper` importable; needs `qt`, `ctk` and the widgets of `slicer`."""
    from standin.parameter_node import annotations, wrapper

    names = "Default Validator WithinRange Minimum Maximum Choice Exclude Decimals SingleStep"
    contents = {name: getattr(annotations, name) for name in names.split()}
    contents |= {
        "parameterNodeWrapper": wrapper.parameterNodeWrapper,
        "isParameterNodeWrapper": wrapper.isParameterNodeWrapper,
        "SlicerParameterNamePropertyName": "SlicerParameterName",
    }
    install_module("slicer.parameterNodeWrapper", __doc__, contents, package=True)
