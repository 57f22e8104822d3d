"""Training of the extreme-point networks: cases, samples, recipes and the loop."""
