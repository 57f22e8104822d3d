"""Labelling of whole cohorts: a table of images, shares of it for several processes, and a record of every case."""
