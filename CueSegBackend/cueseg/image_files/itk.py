"""What ITK says: its warnings kept quiet, its errors in one line."""

from collections.abc import Iterator
from contextlib import contextmanager

import SimpleITK as sitk  # noqa: N813


@contextmanager
def quiet_itk() -> Iterator[None]:
    """Keep ITK from writing warnings past Python's logging; errors are raised all the same."""
    shown = sitk.ProcessObject.GetGlobalWarningDisplay()
    sitk.ProcessObject.SetGlobalWarningDisplay(False)
    try:
        yield
    finally:
        sitk.ProcessObject.SetGlobalWarningDisplay(shown)


def reason_of(error: RuntimeError) -> str:
    """The last line of an ITK error, which is the one in plain words."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1].removeprefix("sitk::ERROR: ") if lines else type(error).__name__
