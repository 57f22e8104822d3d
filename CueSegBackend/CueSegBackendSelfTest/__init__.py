"""What the self-tests of both panels share; runs inside Slicer."""
