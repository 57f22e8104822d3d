"""One object in a box: which voxels are meant, what the backend is told from round to round, what is refused."""

from types import SimpleNamespace

import numpy as np
import pytest
import vtk

from refine_case import RefineCase
from refine_doubles import CLASSES, BackendDouble, DeltaDouble
from scene_builder import GEOMETRIES, SHAPE, rotation, to_world
from ScribbleRefineLib.RefineSettings import BoxSettings, RefineSettings
from ScribbleRefineLib.Scope import Scope

OBJECT = 1
CENTRE, SIZE = (18.2, 13.4, 6.3), (14.3, 9.7, 8.9)  # voxels (i, j, k) and mm
STROKE = (slice(6, 7), slice(13, 14), slice(16, 20))


class BoxDouble:
    """Double of `cueseg.bifseg.BifsegSession`: all of the crop but the background's scribbles is the object."""

    device_note = "double"

    def __init__(self) -> None:
        self.images, self.boxes, self.starts, self.scribbles, self.error = [], [], [], [], None

    def set_image(self, image, spacing=None, modality=None, *, spatial_shape=None):
        self.images.append(spatial_shape)

    def set_box(self, box):
        self.boxes.append(box)

    def resume(self, delta):
        self.starts.append(None if delta is None else delta.number)

    def segment(self, scribbles, options, *, monitor):
        if self.error is not None:
            raise self.error
        self.scribbles.append(scribbles)
        (x0, y0, z0), (x1, y1, z1) = self.boxes[-1]
        mask = np.zeros(SHAPE, bool)
        mask[z0 : z1 + 1, y0 : y1 + 1, x0 : x1 + 1] = True
        if scribbles is not None:
            mask[scribbles == 0] = False
        return SimpleNamespace(
            mask=mask,
            probabilities=np.stack([~mask, mask]).astype(np.float32),
            uncertain=np.zeros(SHAPE, bool),
            satisfied=True,
            iterations=4 * options.alternations,
            stopped_by="alternations",
            seconds={"cut": 0.1},
            delta=DeltaDouble(len(self.scribbles), ("background", "object")),
            notes=[],
        )


class BoxBackend(BackendDouble):
    """With a network of two classes."""

    def __init__(self) -> None:
        super().__init__()
        self.card = SimpleNamespace(name="organs", classes=("background", "object"), dims=3)
        self.box = BoxDouble()

    def makeBoxSession(self, network, device, cacheMegabytes):
        return self.box

    def makeBoxOptions(self, settings, tunes):
        return SimpleNamespace(alternations=settings.alternations if tunes else 0)


class BoxCase(RefineCase):
    """Segments boxes."""

    def segment(self, roi, scope=None, tunes=False):
        self.session.segmentBox(
            RefineSettings(),
            BoxSettings(),
            roi,
            self.progress.append,
            self.results.append,
            self.errors.append,
            scope,
            tunes=tunes,
        )
        self.wait()
        return self.last()


@pytest.fixture
def case(build, monkeypatch):
    monkeypatch.setattr("refine_case.BackendDouble", BoxBackend)
    case = BoxCase(build)
    yield case
    case.close()


def place(case, centre=CENTRE, size=SIZE, matrix=None):
    """A box at a voxel, turned about its middle."""
    world = to_world(case.volume, np.array([centre]))[0]
    roi = case.build.scene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "box")
    roi.SetCenter(vtk.vtkVector3d(*world))
    roi.SetSize(vtk.vtkVector3d(*size))
    if matrix is not None:
        turn = np.eye(4)
        turn[:3, :3], turn[:3, 3] = matrix[:3, :3], world
        roi.SetAndObserveObjectToNodeMatrix(vtk_matrix(turn))
    return roi


def vtk_matrix(array):
    matrix = vtk.vtkMatrix4x4()
    matrix.DeepCopy(array.ravel())
    return matrix


def inside(roi, volume) -> np.ndarray:
    k, j, i = np.indices(SHAPE).reshape(3, -1)
    world = to_world(volume, np.stack([i, j, k], 1).astype(float))
    return np.array([roi.IsPointInROIWorld(point) for point in world]).reshape(SHAPE)


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_a_turned_box_in_a_transform_is_enclosed_and_nothing_beyond_it_is_written(
    build, monkeypatch, geometry
):
    monkeypatch.setattr("refine_case.BackendDouble", BoxBackend)
    case = BoxCase(build, geometry, set_up=False)
    case.volume.SetAndObserveTransformNodeID(build.transform(rotation(2, 10, (4, 0, -2))).GetID())
    case.set_up()
    roi = place(case, matrix=rotation(1, 30) @ rotation(2, 40))
    moved = build.transform(rotation(0, 5, (0.4, 0.2, 0.1)))
    roi.SetAndObserveTransformNodeID(moved.GetID())
    expected = inside(roi, case.volume)
    case.segment(roi)
    assert case.errors == []
    places = np.argwhere(expected)[:, ::-1]
    assert len(places) > 10
    assert case.backend.box.boxes == [(tuple(places.min(0)), tuple(places.max(0)))]
    np.testing.assert_array_equal(case.voxels(OBJECT), expected)
    case.close()


def test_rounds_go_on_with_the_weights_of_the_round_before_on_the_same_box(case):
    roi, box = place(case), case.backend.box
    case.paint(0, STROKE)
    case.segment(roi, tunes=True)
    case.segment(roi, tunes=True)
    case.session.undo()
    case.segment(roi, tunes=True)
    assert box.starts == [None, 1, 1]
    roi.SetCenter(roi.GetCenterWorld()[0] + 0.01, *list(roi.GetCenterWorld())[1:])  # the same voxels
    case.segment(roi, tunes=True)
    assert box.starts[3:] == [3]
    assert (len(box.images), len(box.boxes)) == (1, 1)
    case.segment(roi)  # the network as it is
    case.segment(roi, tunes=True)
    assert box.starts[4:] == [None, None]
    case.segment(place(case, (10, 10, 5)), tunes=True)
    case.segment(roi, tunes=True)
    assert box.starts[6:] == [None, None]
    assert (len(box.images), len(box.boxes)) == (1, 3)
    assert case.errors == []


def test_another_image_in_the_volume_begins_anew(case):
    roi, box = place(case), case.backend.box
    case.segment(roi, tunes=True)
    case.volume.GetImageData().Modified()
    case.segment(roi, tunes=True)
    assert box.starts == [None, None]
    assert (len(box.images), len(box.boxes)) == (2, 2)


def test_the_next_object_has_a_segment_of_its_own_and_is_undone_in_order(case):
    case.session.nextObject()
    assert not case.session.canUndo, "nothing to leave behind yet"
    stroke = case.paint(0, STROKE)
    case.segment(place(case), tunes=True)
    first = case.session.labels.row(OBJECT).resultSegmentId
    case.session.nextObject()
    assert case.session.labels.row(OBJECT).resultSegmentId == ""
    assert (case.session.hasWeights, case.session.scribbleCounts()) == (False, {})
    case.segment(place(case, (10, 10, 5)), tunes=True)
    second = case.session.labels.row(OBJECT).resultSegmentId
    segmentation = case.session.segmentationNode.GetSegmentation()
    assert [segmentation.GetSegment(name).GetName() for name in (first, second)] == ["object", "object 2"]
    assert segmentation.GetSegment(first).GetColor() != segmentation.GetSegment(second).GetColor()
    case.session.undo()
    case.session.undo()
    assert case.session.labels.row(OBJECT).resultSegmentId == first
    assert case.session.scribbleCounts() == {0: stroke.sum()}
    assert case.session.hasWeights
    case.session.redo()
    case.session.redo()
    assert case.session.labels.row(OBJECT).resultSegmentId == second


def test_scribbles_of_other_labels_are_left_out(case):
    other = case.session.newOrgan("other")
    case.paint(other.index, STROKE)
    result = case.segment(place(case))
    assert case.backend.box.scribbles == [None]
    assert result.notes == ["scribbles of other are left out: only object and background count here"]
    case.paint(0, (slice(7, 8), *STROKE[1:]))
    case.segment(place(case))
    assert sorted(np.unique(case.backend.box.scribbles[1])) == [-1, 0]


def test_the_scope_holds(case):
    roi, scoped = place(case), place(case, (18.2, 13.4, 4.3), (8, 8, 6))
    case.segment(roi, Scope("roi", roi=scoped))
    expected = inside(roi, case.volume) & inside(scoped, case.volume)
    np.testing.assert_array_equal(case.voxels(OBJECT), expected)
    assert expected.any()


def test_what_cannot_be_is_refused_and_changes_nothing(case):
    before = case.masks()
    with pytest.raises(ValueError, match="no box is chosen: press 'Draw box'"):
        case.segment(None)
    with pytest.raises(ValueError, match="holds no voxel of 'image': move or enlarge"):
        case.segment(place(case, (500, 0, 0)))
    with pytest.raises(ValueError, match=r"'box.*' lies outside of the scope"):
        case.segment(place(case), Scope("roi", roi=place(case, (1, 1, 1), (3, 3, 3))))
    case.paint(OBJECT, (slice(0, 1), slice(0, 1), slice(0, 2)))
    with pytest.raises(ValueError, match="2 voxels scribbled as 'object' outside of the box"):
        case.segment(place(case))
    case.session.clearScribbles()
    case.backend.box.error = ValueError("the crop is black")
    case.segment(place(case), tunes=True)
    assert [str(error) for error in case.errors] == ["the crop is black"]
    assert (case.masks(), case.results) == (before, [])
    case.backend.box.error = None
    case.segment(place(case), tunes=True)
    assert case.voxels(OBJECT).any()


def test_a_network_of_other_classes_is_refused_by_their_names(build, monkeypatch):
    monkeypatch.setattr("refine_case.BackendDouble", BoxBackend)
    case = BoxCase(build, set_up=False)
    case.backend.card = SimpleNamespace(name="organs", classes=CLASSES, dims=3)
    case.set_up()
    with pytest.raises(
        ValueError, match=r"4 classes \(background, liver, spleen, larynx\).*choose or import"
    ):
        case.segment(None)
    case.close()
