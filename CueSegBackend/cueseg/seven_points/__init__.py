"""One object from seven points: one inside it, six just outside (PA-Seg, Zhai, Wang et al. 2022).

Points are (x, y, z) in pixel coordinates of the volume, integer = voxel centre; arrays are (slice, row, col).
Importing this package imports no torch; names are loaded from their home at first use.
"""

from cueseg.lazy_names import lazy_names

_HOMES = {
    "DIRECTIONS": "seven_points.target",
    "Expansion": "seven_points.expansion",
    "Finding": "seven_points.checks",
    "SevenPointsCancelled": "seven_points.expansion",
    "SevenPointsOptions": "seven_points.options",
    "SevenPointsResult": "seven_points.cut",
    "Target": "seven_points.target",
    "check_target": "seven_points.checks",
    "directions": "seven_points.target",
    "expand_points": "seven_points.expansion",
    "read_targets": "seven_points.point_files",
    "segment_from_points": "seven_points.cut",
    "simulated_target": "seven_points.simulated",
}

__all__ = [*_HOMES]
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
