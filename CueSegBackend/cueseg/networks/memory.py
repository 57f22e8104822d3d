"""How much memory there is, before something is begun that would not fit."""

import ctypes
import os
import sys
from pathlib import Path

__all__ = ["NotEnoughMemoryError", "available_bytes", "check_memory"]

_CGROUP = (
    (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")),
    (
        Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
        Path("/sys/fs/cgroup/memory/memory.usage_in_bytes"),
    ),
)
_GB = 1e9


class NotEnoughMemoryError(ValueError):
    """Nothing was begun, because it would not fit.

    Attributes:
        shortage: what is needed and what there is, without the remedy.
    """

    def __init__(self, shortage: str, remedy: str) -> None:
        super().__init__(f"{shortage}: {remedy}")
        self.shortage = shortage


def available_bytes() -> int | None:
    """Memory that can be had without swapping, also within a container's limit; None where nobody tells."""
    if sys.platform == "win32":
        return _windows_bytes()
    found = [number for number in (_linux_bytes(), *map(_room_in, _CGROUP)) if number is not None]
    if found:
        return min(found)
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")  # macOS: all there is
    except (ValueError, OSError):
        return None


def check_memory(needed: int, what: str) -> None:
    """Refuse what does not fit.

    Args:
        needed: bytes.
        what: what needs them, for the message.

    Raises:
        NotEnoughMemoryError: more than is available; the message names both in GB and what to do.
    """
    available = available_bytes()
    if available is not None and needed > available:
        raise NotEnoughMemoryError(
            f"{what} needs {needed / _GB:.1f} GB of memory, {available / _GB:.1f} GB are available",
            "crop the image to the region of interest, resample it to larger voxels, or close other programs",
        )


def _linux_bytes() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return int(found[0]) * 1024 if found else None


def _room_in(files: tuple[Path, Path]) -> int | None:
    try:
        limit, used = (path.read_text(encoding="ascii").strip() for path in files)
    except OSError:
        return None
    return max(0, int(limit) - int(used)) if limit.isdigit() and used.isdigit() else None


def _windows_bytes() -> int | None:
    """`ullAvailPhys` of GlobalMemoryStatusEx: the third field after two 32-bit and one 64-bit number."""
    status = (ctypes.c_uint64 * 8)()
    ctypes.cast(status, ctypes.POINTER(ctypes.c_uint32))[0] = ctypes.sizeof(status)
    done = ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))
    return int(status[2]) if done else None
