"""A panel for scribbles on two volumes and two segmentations, beside the model that says what they have to hold."""

import hashlib
import threading
from types import SimpleNamespace

import numpy as np
import slicer
import vtk

from held_backend import HeldBackend, levels_image, until
from random_user import RandomUser, differences, voxels_of
from refine_model import Model, Row, Rows, by_name, mapping, same_masks
from scene_builder import GEOMETRIES, SceneBuilder, to_world, view_across
from ScribbleRefineLib.Panel import Calls, Panel
from ScribbleRefineLib.RefineSettings import BoxSettings
from ScribbleRefineLib.Session import Session
from ScribbleRefineLib.Settings import Edges, Method, Overlay, Region, Settings

SHAPE = (4, 10, 12)  # K, J, I
VOLUMES = ("first", "second")
SEGMENTS = {"primary": ("liver", "vessel"), "secondary": ("spleen", "heart", "background")}
GRIDS = ("ras", "lps", "thick")  # loading turns left-handed ones round
PLOT = ("vtkMRMLTableNode", "vtkMRMLPlotChartNode", "vtkMRMLPlotSeriesNode")
SEGMENTATION, DISPLAY = "vtkMRMLSegmentationNode", "vtkMRMLSegmentationDisplayNode"


class RefineScene(RandomUser):
    """The scene, the model, and whether they agree."""

    def __init__(self, build: SceneBuilder, seed: int) -> None:
        super().__init__(build, seed)
        self.geometry = GEOMETRIES[GRIDS[seed % len(GRIDS)]]
        self.panel, self.backend = Panel(build.scene), HeldBackend()
        self.panel.session = Session(build.scene, self.panel.queue, self.backend)
        self.panel.networks = [card.name for card in self.backend.listNetworks()]
        self.results, self.errors = [], []
        self.calls = Calls(lambda news: None, self.results.append, self.errors.append)
        self.settings = default_settings()
        self.fill()
        self.check()

    @property
    def session(self) -> Session:
        return self.panel.session

    def fill(self) -> None:
        """Volumes, segmentations, a view and boxes, and the panel on them."""
        build = self.build
        for number, name in enumerate(VOLUMES):
            build.volume(self.geometry, levels_image(SHAPE, self.seed + number)).SetName(name)
        volume = self.node(VOLUMES[0])
        masks = {}
        for name, segments in SEGMENTS.items():
            build.segmentation(volume, segments=segments).SetName(name)
            masks |= {(name, segment): np.zeros(SHAPE, bool) for segment in segments}
        for name in ("scope box", "object box"):
            roi = build.scene.AddNewNodeByClass("vtkMRMLMarkupsROINode", name)
            roi.CreateDefaultDisplayNodes()
        view = build.slice_view(view_across(volume, 2, (0, 0, 0)), "Scope")
        view.SetSaveWithScene(False)  # as it has no orientation of Slicer's
        slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(
            build.scene
        )  # makes it, if it is not there
        self.names, self.model = dict.fromkeys(SEGMENTS), Model(masks)
        self.counts = self.node_counts()
        self.place_box("scope box", (1, 2, 0), (8, 7, 2))
        self.place_box("object box", (2, 1, 0), (9, 8, 3))
        self.scope, self.settings.scope = None, Region.VOLUME
        self.choose(VOLUMES[0], "primary", "organs")

    def node(self, name: str):
        return self.build.scene.GetFirstNodeByName(name)

    @property
    def view(self):
        views = slicer.util.getNodesByClass("vtkMRMLSliceNode", self.build.scene)
        return next(view for view in views if view.GetLayoutName() == "Scope")

    @property
    def volume(self):
        return self.settings.inputVolume

    def place_box(self, name: str, low: tuple[int, int, int], high: tuple[int, int, int]) -> None:
        """Put a box around the voxels (i, j, k) from low to high."""
        ends = to_world(self.node(VOLUMES[0]), np.array([low, high], float) + np.array([[-0.25], [0.25]]))
        roi = self.node(name)
        roi.SetCenter(vtk.vtkVector3d(*ends.mean(0)))
        roi.SetSize(vtk.vtkVector3d(*abs(ends[1] - ends[0])))

    def choose(self, volume: str, segmentation: str, network: str) -> None:
        """Choose in the panel, and let it follow; strokes stay what they are, by name."""
        settings = self.settings
        settings.inputVolume, settings.segmentation = self.node(volume), self.node(segmentation)
        settings.network = network
        settings.sliceView, settings.roi = self.view, self.node("scope box")
        settings.box = self.node("object box")
        before = self.named_strokes(segmentation)
        kept = self.scribbles_of(segmentation)
        same = kept is not None and kept.GetAttribute("CueSeg.Network") == network
        cards: list = []
        if self.panel.follow(settings, cards.append, self.errors.append):
            self.backend.go()
            self.wait()
            assert [card.name for card in cards] == [network], self.errors
            if not same:
                self.model.strokes = self.seen_strokes()
            self.model.rows = None
            self.model.start(segmentation)
        assert not same_masks(before, self.named_strokes(segmentation)), "strokes were lost with the choice"

    def scribbles_of(self, segmentation: str):
        node = self.node(segmentation)
        return node.GetNodeReference("CueSeg.Scribbles") if node is not None else None

    def named_strokes(self, segmentation: str) -> dict[str, np.ndarray]:
        node = self.scribbles_of(segmentation)
        ids = node.GetSegmentation().GetSegmentIDs() if node is not None else ()
        names = {name: node.GetSegmentation().GetSegment(name).GetName() for name in ids}
        return by_name((names[name], self.voxels(node, name)) for name in ids)

    def voxels(self, node, segment: str) -> np.ndarray:
        return voxels_of(node, segment, self.node(VOLUMES[0]), SHAPE)

    def seen_masks(self) -> dict:
        nodes = {name: self.node(name) for name in self.names}
        return {
            (name, segment): self.voxels(node, segment)
            for name, node in nodes.items()
            for segment in node.GetSegmentation().GetSegmentIDs()
        }

    def seen_strokes(self) -> dict:
        nodes = {name: self.scribbles_of(name) for name in self.names}
        found = {
            (name, segment): self.voxels(node, segment)
            for name, node in nodes.items()
            if node is not None
            for segment in node.GetSegmentation().GetSegmentIDs()
        }
        return {place: mask for place, mask in found.items() if mask.any()}

    def seen_rows(self) -> Rows:
        there = {segment for name, segment in self.model.masks if name == self.model.segmentation}
        return tuple(
            Row(
                row.index,
                row.name,
                row.isNew,
                row.locked,
                row.resultSegmentId * (row.resultSegmentId in there),
            )
            for row in self.session.labels.rows
        )

    def check(self) -> None:
        """Hold the scene to the model."""
        model, session = self.model, self.session
        assert not self.errors, self.errors
        assert not (found := same_masks(self.seen_masks(), model.masks)), f"segments differ: {found}"
        assert not (found := same_masks(self.seen_strokes(), model.strokes)), f"strokes differ: {found}"
        rows = self.seen_rows()
        assert model.rows is None or rows == model.rows, f"the table is {rows}, not {model.rows}"
        segments = list(mapping(rows).values())
        assert len(set(segments)) == len(segments), f"labels share a segment: {segments}"
        model.know_rows(rows)
        assert digest(session._space.history.weights) == model.weights, "the weights differ"
        can = bool(session.undoText), bool(session.redoText)
        assert can == (bool(model.done), bool(model.undone)), f"undo, redo: {can}"
        if session.scribbleNode is not None and same_masks(model.marked, model.own_strokes()):
            assert session.hasNewScribbles, "new strokes count as old"
        self.check_nodes()
        self.story.append(self.fingerprint())

    def check_nodes(self) -> None:
        """No node too many: a segmentation with strokes for each that is worked on, and the plot."""
        counts, wanted = self.node_counts(), dict(self.counts)
        scribbles = sum(self.scribbles_of(name) is not None for name in self.names)
        wanted |= dict.fromkeys((SEGMENTATION, DISPLAY), len(self.names) + scribbles)
        for kind, most in zip(PLOT, (1, 1, len(self.session.labels.rows)), strict=True):
            assert counts.pop(kind, 0) - wanted.pop(kind, 0) <= most, kind
        assert not differences(counts, wanted), differences(counts, wanted)

    def fingerprint(self) -> str:
        """Of everything that a replay has to bring about again."""
        state = hashlib.sha256()
        for masks in (self.model.masks, self.model.strokes):
            for place in sorted(masks):
                state.update(f"{place}".encode() + masks[place].tobytes())
        state.update(f"{self.model.rows} {self.model.weights}".encode())
        return state.hexdigest()

    def wait(self) -> None:
        """Deliver until nothing is to come, also of work that was cancelled."""
        queue, idle = self.panel.queue, threading.Event()
        until(lambda: not queue.busy or (queue.deliver(), not queue.busy)[1])
        queue.submit("idle", lambda _: idle.set(), lambda _: None, self.errors.append)
        until(lambda: idle.is_set() and not queue.deliver() and not queue.busy)

    def end(self) -> None:
        self.session.releaseViews()
        self.check()
        self.panel.forget()
        assert not any(self.node_counts().get(kind, 0) - self.counts.get(kind, 0) for kind in PLOT)

    def close(self) -> None:
        self.backend.go()
        self.panel.close()


def default_settings() -> SimpleNamespace:
    """The choices of the panel, for rounds that are short."""
    off = {name: False for name, kind in Settings.__annotations__.items() if kind == "bool"}
    nodes = dict.fromkeys(("inputVolume", "segmentation", "sliceView", "roi", "box"))
    values = off | nodes | vars(BoxSettings(alternations=1)) | {"layers": 0, "learningRate": 0.05}
    values |= {"slabSlices": 1, "growth": 0.0, "limit": 0.0, "alpha": 0.0, "beta": 0.1, "iterations": 4}
    values |= {"scope": Region.VOLUME, "overlay": Overlay.NOTHING, "method": Method.CROSS_ENTROPY}
    values |= {"regularise": Edges.AS_THE_NETWORK, "keepScribbles": True, "cacheMegabytes": 64}
    return SimpleNamespace(**values, network="")


def digest(weights) -> str:
    """Of adapted weights, bit for bit; "" for none."""
    if weights is None:
        return ""
    found = hashlib.sha256(repr((weights.classes, weights.appended, weights.layers)).encode())
    for name in sorted(weights.tensors):
        found.update(name.encode() + weights.tensors[name].detach().cpu().numpy().tobytes())
    return found.hexdigest()
