"""Labels of least energy on pixel grids: exact minimum cuts of two labels, expansion moves of more. Needs no torch."""

from cueseg.energy.expansion import expand_labels
from cueseg.energy.grid_cut import energy_of, grid_cut
from cueseg.energy.neighbours import contrast_weights

__all__ = ["contrast_weights", "energy_of", "expand_labels", "grid_cut"]
