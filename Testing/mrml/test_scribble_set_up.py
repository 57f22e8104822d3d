"""Choosing volume, segmentation and network; scenes that come back, weights, what is refused."""

import subprocess
import sys

import numpy as np
import pytest
import slicer

from project_tree import ROOT
from refine_case import LARYNX, SPLEEN, RefineCase
from refine_doubles import CLASSES
from scene_builder import GEOMETRIES, SHAPE
from ScribbleRefineLib import Workspace

STROKE = (slice(5, 6), slice(20, 22), slice(8, 14))


@pytest.fixture
def case(build):
    case = RefineCase(build, set_up=False)
    yield case
    case.close()


def test_a_listed_network_has_its_labels_at_once_and_is_loaded_behind(case):
    cards = case.set_up(wait=False)
    assert [row.name for row in case.session.labels.rows] == list(CLASSES)
    assert case.session.isSetUp
    case.wait()
    assert cards == [case.backend.card]
    assert case.session.layers[0].name == "head"
    name, thread = case.backend.loaded[0]
    assert name == "organs"
    assert thread != __import__("threading").get_ident()


def test_a_file_has_its_labels_when_it_is_loaded(case):
    case.set_up(network="mine.pt", wait=False)
    assert not case.session.isSetUp
    with pytest.raises(ValueError, match="not loaded yet: wait"):
        case.session.runInitial(case.settings, None, None, None)
    case.wait()
    assert case.session.isSetUp
    assert case.session.networkName == "mine.pt"


def test_a_file_that_is_no_network_is_told(case):
    assert case.set_up(network="broken.pt") == []
    assert [str(error) for error in case.errors] == ["broken.pt is not a network: export it again"]
    assert not case.session.isSetUp


def test_inspection_reports_in_the_background(case):
    reports = []
    case.session.inspectNetwork("mine.pt", reports.append, case.errors.append)
    case.wait()
    assert reports[0].lines == [("ok", "mine.pt is fine", "")]


def test_the_same_choice_again_loses_nothing(case):
    case.set_up()
    case.initial()
    case.paint(LARYNX, STROKE)
    masks = case.masks()
    case.set_up(case.session.segmentationNode)
    assert (case.masks(), case.session.undoText) == (masks, "Initial prediction")
    assert case.session.hasNewScribbles
    assert len(case.backend.loaded) == 1


def test_a_segmentation_is_made_on_the_grid_of_the_volume(case):
    transform = case.build.transform(np.eye(4))
    case.volume.SetAndObserveTransformNodeID(transform.GetID())
    case.set_up()
    node = case.session.segmentationNode
    assert node.GetTransformNodeID() == transform.GetID()
    assert node.GetDisplayNode() is not None
    case.initial()
    assert case.results[-1].notes == []


def test_everything_goes_on_after_saving_and_loading_the_scene(case, tmp_path):
    case.set_up()
    case.initial()
    case.session.newOrgan("heart")
    case.paint(4, STROKE)
    case.session.labels.setLocked(SPLEEN, True)
    mapping = case.session.labels.mapping()
    paths = {}
    for node in (case.volume, case.session.segmentationNode, case.session.scribbleNode):
        paths[node.GetID()] = tmp_path / f"{node.GetID()}{'.seg' * node.IsA('vtkMRMLSegmentationNode')}.nrrd"
        assert slicer.util.saveNode(node, str(paths[node.GetID()]))
    assert slicer.util.saveScene(str(tmp_path / "scene.mrml"))
    volume_id, result_id = case.volume.GetID(), case.session.segmentationNode.GetID()
    case.session.closeScene()
    case.build.scene.Clear(False)
    slicer.util.loadScene(str(tmp_path / "scene.mrml"))
    case.volume = case.build.scene.GetNodeByID(volume_id)
    case.set_up(case.build.scene.GetNodeByID(result_id))
    assert case.session.labels.mapping() == mapping
    assert case.session.labels.row(4).name == "heart"
    assert case.session.labels.lockedIndices() == (SPLEEN,)
    assert case.session.scribbleCounts() == {4: 12}
    case.refine()
    assert case.errors == []
    assert case.voxels(4)[STROKE].all()


def test_a_table_in_which_a_new_label_has_the_old_name_of_a_class_comes_back(case):
    case.set_up()
    case.session.newOrgan("tumour", reuse=SPLEEN)
    case.session.newOrgan("spleen")
    case.session.labels.setLocked(SPLEEN, True)
    table = case.session.labels.toJson()
    result, case.volume = case.session.segmentationNode, case.build.volume(GEOMETRIES["lps"])
    case.set_up(result)
    assert case.session.labels.toJson() == table


def test_weights_are_saved_with_names_and_applied_to_another_volume(case, tmp_path):
    case.set_up()
    case.initial()
    with pytest.raises(ValueError, match="refine first"):
        case.session.saveWeights(str(tmp_path / "w.pt"))
    case.paint(LARYNX, STROKE)
    case.refine()
    case.session.saveWeights(str(tmp_path / "w.pt"))
    case.volume = case.build.volume(GEOMETRIES["ras"], np.full(SHAPE, 120, np.int16))
    case.set_up()
    case.session.applyWeights(
        str(tmp_path / "w.pt"), case.settings, case.progress.append, case.results.append, case.errors.append
    )
    case.wait()
    assert case.errors == []
    assert case.last().kind == "apply"
    assert case.voxels(LARYNX).all()  # the double's weights turn liver into the last class
    assert case.session.hasWeights
    case.session.undo()
    assert not case.session.hasWeights
    with pytest.raises(ValueError, match=r"there is no file 'gone\.pt'"):
        case.session.applyWeights("gone.pt", case.settings, None, None, None)


def test_nodes_that_cannot_be_used_are_refused_and_the_old_ones_stay(case, monkeypatch):
    case.set_up()
    case.initial()
    good, empty = case.volume, case.build.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "hollow")
    bent = case.build.volume(GEOMETRIES["lps"])
    bent.SetAndObserveTransformNodeID(case.build.bent_transform().GetID())
    surfaces = case.build.segmentation(good)
    surfaces.GetSegmentation().SetSourceRepresentationName("Closed surface")
    for volume, segmentation, network, text in (
        (None, None, "organs", "no volume is chosen"),
        (empty, None, "organs", "'hollow' holds no voxels"),
        (bent, None, "organs", "non-linear transform 'bent': harden"),
        (good, surfaces, "organs", "closed surface: make binary labelmap"),
        (good, None, "", "no network is chosen"),
    ):
        count = case.build.scene.GetNumberOfNodes()
        with pytest.raises(ValueError, match=text):
            case.session.setUp(volume, segmentation, network, None, None)
        assert case.build.scene.GetNumberOfNodes() == count
    monkeypatch.setattr(Workspace, "_MOST_VOXELS", 100)
    with pytest.raises(ValueError, match=r"12 x 30 x 40 voxels, more than fit.* Crop Volume"):
        case.session.setUp(bent, None, "organs", None, None)
    assert case.session.volumeNode is good
    assert case.session.undoText == "Initial prediction"


def test_a_session_needs_neither_torch_nor_scipy():
    code = (
        "import sys; sys.path[:0] = ['Testing', 'CueSegBackend', 'ScribbleRefine']\n"
        "import headless_slicer; app = headless_slicer.boot()\n"
        "from CueSegMRML.BackgroundTask import TaskQueue\n"
        "from ScribbleRefineLib.Session import Session\n"
        "session = Session(app.scene, TaskQueue('x')); session.networks(); session.close()\n"
        "sys.exit(any(name in sys.modules for name in ('torch', 'scipy')))"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)


def test_another_volume_without_a_segmentation_gets_one_of_its_own(case):
    case.set_up()
    first = case.session.segmentationNode
    case.set_up()
    assert case.session.segmentationNode is first
    case.volume = case.build.volume(GEOMETRIES["lps"], np.zeros(SHAPE, np.int16))
    case.set_up()
    assert case.session.segmentationNode is not first
