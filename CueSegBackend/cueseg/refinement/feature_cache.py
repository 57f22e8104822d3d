"""Features of the frozen trunk, kept over iterations and rounds within a budget."""

from collections import OrderedDict
from typing import Any

from cueseg.refinement.trees import nbytes

__all__ = ["FeatureCache"]


class FeatureCache:
    """Least recently used features go first; those of windows with scribbles last.

    Args:
        megabytes: most memory, 2**20 bytes each; 0 keeps nothing.

    Attributes:
        budget: most memory in bytes.
    """

    def __init__(self, megabytes: float) -> None:
        self.budget = int(megabytes * 2**20)
        self._kept: OrderedDict[int, tuple[list[Any], int]] = OrderedDict()
        self.pinned: set[int] = set()

    @property
    def used(self) -> int:
        """Bytes in use."""
        return sum(size for _, size in self._kept.values())

    def __contains__(self, window: int) -> bool:
        return window in self._kept

    def clear(self) -> None:
        """Forget everything."""
        self._kept.clear()
        self.pinned = set()

    def get(self, window: int) -> list[Any] | None:
        """Features of a window, if they are kept."""
        if window not in self._kept:
            return None
        self._kept.move_to_end(window)
        return self._kept[window][0]

    def put(self, window: int, features: list[Any]) -> bool:
        """Keep features if they fit; a pinned window displaces others that are not, no window a pinned one."""
        size = nbytes(features)
        self._kept.pop(window, None)
        if window in self.pinned:
            for other in [key for key in self._kept if key not in self.pinned]:
                if self.used + size <= self.budget:
                    break
                del self._kept[other]
        if self.used + size > self.budget:
            return False
        self._kept[window] = (features, size)
        return True
