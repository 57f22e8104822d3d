"""qMRMLNodeComboBox follows the scene and says what Slicer's says, no more and no less."""

import pytest
import slicer

from widget_case import WidgetMaker, told

VOLUME, LABELS = "vtkMRMLScalarVolumeNode", "vtkMRMLLabelMapVolumeNode"
SEGMENTATION = "vtkMRMLSegmentationNode"


@pytest.fixture
def made():
    maker = WidgetMaker()
    yield maker.make
    maker.delete_all()


@pytest.fixture
def box(made, scene):
    """A node combo box without "None"."""
    return made(slicer.qMRMLNodeComboBox, scene, nodeTypes=[VOLUME])


@pytest.fixture
def box_with_none(made, scene):
    return made(slicer.qMRMLNodeComboBox, scene, nodeTypes=[VOLUME], noneEnabled=True)


def test_without_a_scene_it_is_empty_and_disabled(made):
    box = made(slicer.qMRMLNodeComboBox, nodeTypes=[VOLUME])
    assert (box.currentNode(), box.nodeCount(), box.enabled) == (None, 0, False)


def test_the_first_node_is_chosen_where_none_is_not_allowed(box, scene):
    changes = told(box, "currentNodeChanged(vtkMRMLNode*)")
    first = scene.AddNewNodeByClass(VOLUME, "first")
    scene.AddNewNodeByClass(VOLUME, "second")
    assert box.currentNode() is first
    assert changes == [first]


def test_none_stays_where_it_is_allowed(box_with_none, scene):
    scene.AddNewNodeByClass(VOLUME, "first")
    assert (box_with_none.currentNode(), box_with_none.nodeCount()) == (None, 1)


def test_a_choice_is_told_by_all_signals_once(box_with_none, scene):
    node = scene.AddNewNodeByClass(VOLUME, "v")
    nodes = told(box_with_none, "currentNodeChanged(vtkMRMLNode*)")
    flags = told(box_with_none, "currentNodeChanged(bool)")
    ids = told(box_with_none, "currentNodeIDChanged(QString)")
    for chosen in (node, node, None, None):
        box_with_none.setCurrentNode(chosen)
    assert (nodes, flags, ids) == ([node, None], [True, False], [node.GetID(), ""])


def test_the_choice_can_be_made_by_id_or_index(box_with_none, scene):
    nodes = [scene.AddNewNodeByClass(VOLUME, name) for name in "ab"]
    box_with_none.setCurrentNodeID(nodes[1].GetID())
    assert box_with_none.currentNode() is nodes[1]
    box_with_none.setCurrentNodeIndex(0)
    assert (box_with_none.currentNode(), box_with_none.currentNodeID) == (nodes[0], nodes[0].GetID())
    assert box_with_none.nodeFromIndex(1) is nodes[1]


def test_blocked_signals_are_not_sent(box_with_none, scene):
    node = scene.AddNewNodeByClass(VOLUME, "v")
    changes = told(box_with_none, "currentNodeChanged(vtkMRMLNode*)")
    box_with_none.blockSignals(True)
    box_with_none.setCurrentNode(node)
    assert (changes, box_with_none.currentNode()) == ([], node)


def test_only_nodes_of_the_types_are_offered(box, scene):
    volume, labels = scene.AddNewNodeByClass(VOLUME), scene.AddNewNodeByClass(LABELS)
    scene.AddNewNodeByClass(SEGMENTATION)
    assert box.nodeCount() == 2  # a label map is a scalar volume
    box.showChildNodeTypes = False
    assert [box.nodeFromIndex(i) for i in range(box.nodeCount())] == [volume]
    box.showChildNodeTypes = True
    box.hideChildNodeTypes = [LABELS]
    assert box.nodeCount() == 1
    box.nodeTypes = [LABELS]
    box.hideChildNodeTypes = []
    assert box.currentNode() is labels


def test_hidden_nodes_are_not_offered(box, scene):
    node = scene.AddNewNodeByClass(VOLUME)
    node.SetHideFromEditors(True)
    assert box.currentNode() is None
    box.showHidden = True
    assert box.currentNode() is node


def test_attributes_narrow_the_choice(box_with_none, scene):
    nodes = [scene.AddNewNodeByClass(VOLUME) for _ in range(3)]
    nodes[1].SetAttribute("kind", "CT")
    nodes[2].SetAttribute("kind", "MR")
    box_with_none.addAttribute(VOLUME, "kind")
    assert box_with_none.nodeCount() == 2
    box_with_none.addAttribute(VOLUME, "kind", "MR")
    assert box_with_none.nodeFromIndex(0) is nodes[2]
    box_with_none.removeAttribute(VOLUME, "kind")
    assert box_with_none.nodeCount() == 3


def test_the_next_node_takes_the_place_of_a_removed_one(box_with_none, scene):
    a, b, c = (scene.AddNewNodeByClass(VOLUME, name) for name in "abc")
    box_with_none.setCurrentNode(b)
    changes = told(box_with_none, "currentNodeChanged(vtkMRMLNode*)")
    for node in (b, c, a):
        scene.RemoveNode(node)
    assert changes == [c, a, None]


def test_removing_another_node_changes_nothing(box_with_none, scene):
    a, b = (scene.AddNewNodeByClass(VOLUME, name) for name in "ab")
    box_with_none.setCurrentNode(b)
    changes = told(box_with_none, "currentNodeChanged(vtkMRMLNode*)")
    leaving = told(box_with_none, "nodeAboutToBeRemoved(vtkMRMLNode*)")
    scene.RemoveNode(a)
    assert (changes, leaving, box_with_none.currentNode()) == ([], [a], b)


def test_closing_the_scene_leaves_none(box_with_none, scene):
    box_with_none.setCurrentNode(scene.AddNewNodeByClass(VOLUME))
    scene.Clear()
    assert (box_with_none.currentNode(), box_with_none.nodeCount()) == (None, 0)


def test_a_node_wished_for_before_there_is_a_scene(made, scene):
    scene.AddNewNodeByClass(VOLUME)
    wished = scene.AddNewNodeByClass(VOLUME)
    box = made(slicer.qMRMLNodeComboBox, nodeTypes=[VOLUME])
    box.setCurrentNode(wished)
    assert box.currentNode() is None
    box.setMRMLScene(scene)
    assert box.currentNode() is wished


def test_a_node_that_is_not_offered_becomes_none(box_with_none, scene):
    box_with_none.setCurrentNode(scene.AddNewNodeByClass(VOLUME))
    box_with_none.setCurrentNode(scene.AddNewNodeByClass(SEGMENTATION))
    assert box_with_none.currentNode() is None
    with pytest.raises(ValueError, match="a node or None"):
        box_with_none.setCurrentNode("name")


def test_add_and_remove(box, scene):
    added = told(box, "nodeAddedByUser(vtkMRMLNode*)")
    box.baseName = "Image"
    node = box.addNode()
    assert (node.GetName(), box.currentNode(), added) == ("Image", node, [node])
    assert box.addNode(SEGMENTATION) is None
    box.removeCurrentNode()
    assert node.GetScene() is None


def test_rows_show_names_and_what_can_be_done(box_with_none, scene):
    node = scene.AddNewNodeByClass(VOLUME, "old")
    node.SetName("new")
    rows = box_with_none._rows._box
    texts = [rows.itemText(row) for row in range(rows.count)]
    assert texts == ["None", "new", "", "Create new Volume", "Delete current Volume"]
    box_with_none.addEnabled = box_with_none.removeEnabled = False
    assert rows.count == 2


def test_clicks_on_rows_choose_and_act(box_with_none, scene):
    node = scene.AddNewNodeByClass(VOLUME, "v")
    activated = told(box_with_none, "nodeActivated(vtkMRMLNode*)")
    rows = box_with_none._rows._box
    rows.activated.emit(1)
    assert (box_with_none.currentNode(), activated) == (node, [node])
    rows.activated.emit(rows.findText("Create new Volume"))
    assert scene.GetNumberOfNodesByClass(VOLUME) == 2
    rows.activated.emit(rows.findText("Delete current Volume"))
    assert (box_with_none.currentNode(), scene.GetNumberOfNodesByClass(VOLUME)) == (node, 1)
