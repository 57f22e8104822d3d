"""Targets of seven points on small volumes, for the tests of what is done with them."""

import time

import numpy as np
import slicer

from cueseg.seven_points import Target, expand_points
from CueSegMRML import Targets
from CueSegMRML.Segments import SegmentEditing
from ExtremePointSegLib.History import History
from ExtremePointSegLib.SevenPoints import SevenPoints
from ExtremePointSegLib.TargetStates import statesOf
from scene_builder import GEOMETRIES, to_world

SHAPE = (16, 30, 36)  # K, J, I
CENTRE, RADII = (17.0, 14.0, 7.0), (9.0, 7.0, 4.0)  # of the bright ellipsoid: (i, j, k), voxels
SEED = (17.0, 14.0, 7.0)
OUTSIDE = ((7.0, 14, 7), (27, 14, 7), (17, 6, 7), (17, 22, 7), (17, 14, 2), (17, 14, 12))  # -x +x -y +y -z +z

TARGET = Target(SEED, OUTSIDE)
SECOND = (28.0, 24.0, 8.0), ((24.0, 24, 8), (32, 24, 8), (28, 20, 8), (28, 28, 8), (28, 24, 5), (28, 24, 11))


def ellipsoid(centre=CENTRE, radii=RADII):
    """(K, J, I) bool."""
    k, j, i = np.indices(SHAPE)
    return sum(((a - c) / r) ** 2 for a, c, r in zip((i, j, k), centre, radii, strict=True)) <= 1


def bright_volume(build, geometry="lps", transform=None, masks=None):
    """A volume of noise with bright objects; the ellipsoid if no masks are given."""
    values = np.random.default_rng(3).normal(0, 4, SHAPE)
    for mask in (ellipsoid(),) if masks is None else masks:
        values[mask] += 100
    return build.volume(GEOMETRIES[geometry], values.astype(np.float32), transform)


def place(node, volume, points):
    """Set control points, by number, to voxels (i, j, k) of a volume; returns the node."""
    for number, ijk in points.items():
        node.SetNthControlPointPositionWorld(number, *to_world(volume, np.array([ijk]))[0])
    return node


def add_target(volume, seed=SEED, outside=OUTSIDE):
    """A target with these points, in this order."""
    points = {} if seed is None else {0: seed}
    return place(Targets.addTarget(volume), volume, points | dict(enumerate(outside, start=1)))


class SessionCase:
    """A session on a scene with one volume, and a view."""

    def __init__(self, build):
        self.build = build
        self.volume = bright_volume(build, masks=(ellipsoid(), ellipsoid(SECOND[0], (3, 3, 2))))
        self.history, self.editing = History(), SegmentEditing(build.scene)
        self.editing.beforeChange = self.history.remember
        self.points = SevenPoints(build.scene, self.editing, self.history)
        composite = slicer.vtkMRMLSliceCompositeNode()
        composite.SetLayoutName("View")
        self.composite = build.scene.AddNode(composite)
        self.values = slicer.util.arrayFromVolume(self.volume)

    def taken(self):
        return self.points.pointsOf(self.volume, statesOf(self.volume))

    def preview(self, threshold=0.2):
        found, errors = [], []
        self.points.preview(self.taken(), threshold, found.append, errors.append)
        self.wait()
        assert errors == []
        return found[0]

    def wait(self):
        end = time.monotonic() + 60
        while self.points.queue.busy:
            self.points.queue.deliver()
            assert time.monotonic() < end, "no result"
            time.sleep(0.002)

    def shown(self):
        """Values over the view; None if there are none."""
        node = self.build.scene.GetNodeByID(self.composite.GetForegroundVolumeID() or "")
        return None if node is None else slicer.util.arrayFromVolume(node)

    def expected(self, *targets, threshold=0.2):
        return expand_points(self.values, targets, (2.0, 1.0, 1.0), threshold)
