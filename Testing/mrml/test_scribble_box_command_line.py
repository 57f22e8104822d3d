"""`python -m cueseg bifseg` gives the same mask as the panel, from the files that the panel saves."""

import numpy as np
import pytest
import slicer
import vtk

from cueseg.cli.main import main
from refine_case import RefineCase
from scene_builder import segment_in_volume, to_world
from ScribbleRefineLib.Networks import Backend
from ScribbleRefineLib.RefineSettings import BoxSettings, RefineSettings
from ScribbleRefineLib.Session import Session

SHAPE, OBJECT = (4, 40, 44), 1
BOX = ((9, 7, 1), (31, 29, 2))  # (x, y, z), both corners inside
STROKES = {0: np.s_[1:3, 9:10, 10:16], OBJECT: np.s_[1:3, 15:18, 18:24]}


@pytest.fixture
def case(build):
    """A session over the real backend and the shipped network, with a drawn box."""
    rng = np.random.default_rng(0)
    _, rows, cols = np.indices(SHAPE)
    disc = np.hypot(rows - 18, cols - 20) < 9
    image = (rng.normal(60, 15, SHAPE) + 60 * disc).astype(np.float32)
    case = RefineCase(build, "tilted", image, set_up=False)
    case.session = Session(build.scene, case.queue, Backend())
    case.set_up(network="p-net")
    yield case
    case.close()


def draw(case):
    """The box in the volume's own axes, through the middles of its outermost voxels."""
    low, high = to_world(case.volume, np.array(BOX, float))
    roi = case.build.scene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "box")
    turn = np.eye(4)
    turn[:3, :3] = slicer.util.arrayFromVTKMatrix(directions_of(case.volume))[:3, :3]
    turn[:3, 3] = (low + high) / 2
    roi.SetAndObserveObjectToNodeMatrix(slicer.util.vtkMatrixFromArray(turn))
    roi.SetSize(*np.abs(turn[:3, :3].T @ (high - low)) + 0.1)
    return roi


def directions_of(volume):
    matrix = vtk.vtkMatrix4x4()
    volume.GetIJKToRASDirectionMatrix(matrix)
    return matrix


@pytest.mark.parametrize("scribbled", [False, True])
def test_the_command_line_gives_the_same_mask(case, tmp_path, scribbled):
    if scribbled:
        for index, box in STROKES.items():
            case.paint(index, box)
    given = (case.progress.append, case.results.append, case.errors.append)
    settings = RefineSettings(device="cpu")
    case.session.segmentBox(settings, BoxSettings(), draw(case), *given, tunes=scribbled)
    case.wait()
    assert case.errors == []
    image, strokes, output = (tmp_path / name for name in ("i.nrrd", "s.seg.nrrd", "o.seg.nrrd"))
    assert slicer.util.saveNode(case.volume, str(image))
    words = ["bifseg", image, "--network", "p-net", "--device", "cpu", "--output", output, "--name", "object"]
    words += ["--box", *BOX[0], *BOX[1]]
    if scribbled:
        assert slicer.util.saveNode(case.session.scribbleNode, str(strokes))
        words += ["--scribbles", strokes]
    else:
        words += ["--weighting", "none"]
    assert main([str(word) for word in words]) == 0
    written = slicer.util.loadSegmentation(str(output))
    found = segment_in_volume(
        written, written.GetSegmentation().GetSegmentIdBySegmentName("object"), case.volume
    )
    assert 50 < found.sum() < found[1:3, 7:30, 9:32].size
    np.testing.assert_array_equal(found, case.voxels(OBJECT))
