"""Scribbles as arrays: growing them, distances to them, contradictions, and a simulated user who draws them.

A scribble array has the shape of the image without its channels, (rows, cols) or (slices, rows, cols), -1 where
nothing was painted and the number of a class elsewhere.
"""

from cueseg.scribbles.contradictions import resolve_contradictions
from cueseg.scribbles.geodesic import geodesic_distance
from cueseg.scribbles.growth import grow_scribbles
from cueseg.scribbles.growth_options import GrowthOptions, default_threshold
from cueseg.scribbles.simulated_user import SimulationOptions, simulate_scribbles

__all__ = [
    "GrowthOptions",
    "SimulationOptions",
    "default_threshold",
    "geodesic_distance",
    "grow_scribbles",
    "resolve_contradictions",
    "simulate_scribbles",
]
