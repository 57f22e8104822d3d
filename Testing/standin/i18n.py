"""`slicer.i18n`: texts stay as they are, which is what Slicer shows where there is no translation."""

from standin.facade import install_module


def tr(text: str) -> str:
    """The text, in the context of the calling module."""
    return text


def translate(context: str, text: str) -> str:
    """The text, in a context that is named."""
    return text


def install() -> None:
    """Make `slicer.i18n` importable."""
    install_module("slicer.i18n", __doc__, {"tr": tr, "translate": translate})
