"""Tiny recipes of both stages of training from seven points, on the manifest of `training_case.write_manifest`."""

SEVEN_POINTS = """
kind = "points"
name = "tiny"
manifest = "{manifest}"
target = "box"
parts = ["box"]
base = 2
levels = 3
flat = 1
patch = [8, 16, 16]
crf_grid = []
crf_radius = 2
steps = 4
validate_every = 2
save_every = 1
report_every = 1
workers = 0
tensorboard = false
"""

MONITORING = """
kind = "monitoring"
name = "both"
first = "one"
second = "two"
steps = 4
refresh = 2
validate_every = 2
save_every = 1
report_every = 1
workers = 0
tensorboard = false
"""
