"""Qt parts of the module ExtremePointSeg."""
