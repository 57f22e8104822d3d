"""What to do when memory does not suffice, in the panel's words."""

from __future__ import annotations

from ScribbleRefineLib.Jobs import Job
from ScribbleRefineLib.Networks import Backend

_OF_VOLUME = (
    "under Scope choose a slice, slices or a box and tick 'Run the network on this part only'; or close other "
    "programs, lower the cache size, or cut out a smaller volume with the Crop Volume module"
)
_OF_PART = (
    "under Scope choose fewer slices or a smaller box, erase scribbles that lie far from it, close other programs, or "
    "lower the cache size"
)
_OF_OBJECT = (
    "close other programs, lower the cache size, or cut out a smaller volume with the Crop Volume module"
)


def inWords(error: Exception, job: Job, backend: Backend) -> Exception:
    """An error of a run as it is told; one for want of memory names what the panel can do about it."""
    shortage = backend.shortageOf(error)
    if not shortage:
        return error
    ofLabels = _OF_VOLUME if job.part is None else _OF_PART
    return ValueError(f"{shortage}: {_OF_OBJECT if job.box is not None else ofLabels}; nothing was changed")
