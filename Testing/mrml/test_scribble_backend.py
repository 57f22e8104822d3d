"""The same session over the real backend: a small network of the user's own, from file to segments and back."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import slicer
import torch

from cueseg.models.unet import UNet
from cueseg.networks import NetworkCard, load_network, save_network
from cueseg.refinement import RefinementOptions, options, refine
from refine_case import RefineCase
from ScribbleRefineLib.Networks import Backend
from ScribbleRefineLib.RefineSettings import METHODS, REGULARISERS, RefineSettings
from ScribbleRefineLib.Session import Session
from ScribbleRefineLib.Settings import Edges, Method

SHAPE = (6, 24, 28)
KEEP = 0.1  # of a 3D network: the liver is a large share of this image, as organs are not of a scan


def brightness_network(dims: int = 3) -> UNet:
    """Finds liver where the image is above 1, whatever its random features say; it never finds the spleen."""
    torch.manual_seed(0)
    module = UNet(dims, 1, 3, base=4, levels=2, norm="batch").eval()
    first, last = module.encoder[0], module.decoder[-1].block
    with torch.no_grad():
        for convolution, source in ((first.conv1, 0), (first.conv2, 0), (last.conv1, 4), (last.conv2, 0)):
            convolution.weight[0] = 0
            convolution.weight[(0, source, *[1] * dims)] = 1  # channel 0 carries the image through
        module.head.weight.mul_(0.1)
        module.head.weight[:, 0] = torch.tensor([0.0, 8.0, 0.0]).reshape(3, *[1] * dims)
        module.head.bias.copy_(torch.tensor([8.0, 0.0, -8.0]))
    return module


def save_in_file(folder: Path, dims: int = 3) -> SimpleNamespace:
    """Path and card of a network in a file, as users have them."""
    card = NetworkCard(
        name="organs",
        dims=dims,
        in_channels=1,
        classes=("background", "liver", "spleen"),
        intensity={"kind": "scale", "divisor": 100},
        multiple=2,
        architecture="unet",
        model_options={"base": 4, "levels": 2, "norm": "batch"},
    )
    path = folder / "organs.pt"
    return SimpleNamespace(path=path, card=save_network(path, brightness_network(dims), card))


@pytest.fixture
def case(build, tmp_path):
    image = np.random.default_rng(0).integers(0, 40, SHAPE).astype(np.int16)
    image[1:5, 5:15, 5:15] = 200
    case = RefineCase(build, image=image, set_up=False)
    case.image, case.network = image, save_in_file(tmp_path)
    case.session = Session(build.scene, case.queue, Backend())
    yield case
    case.close()


def set_up(case) -> None:
    cards = case.set_up(network=str(case.network.path))
    assert case.errors == []
    assert cards[0].classes == ("background", "liver", "spleen")


def scribble(case, inner: int = 2) -> np.ndarray:
    """Strokes for a class inside the bright part and for the background outside."""
    scribbles = np.full(SHAPE, -1, np.int16)
    for index, box in ((inner, np.s_[3:4, 8:10, 7:13]), (0, np.s_[4:5, 1:3, 3:9])):
        scribbles[case.paint(index, box)] = index
    return scribbles


def test_a_file_is_loaded_refined_and_written_like_on_the_command_line(case):
    set_up(case)
    assert case.session.layers
    case.initial()
    assert case.errors == []
    np.testing.assert_array_equal(case.voxels(1)[2:4, 6:14, 6:14], True)
    scribbles = scribble(case)
    settings = RefineSettings(maxIterations=8, learningRate=0.05, beta=KEEP, device="cpu")
    case.session.refine(settings, case.progress.append, case.results.append, case.errors.append)
    case.wait()
    assert case.errors == []
    options = RefinementOptions(max_iterations=8, learning_rate=0.05, beta=KEEP)
    expected = refine(
        load_network(case.network.path), case.image, scribbles, options, spacing=(2.0, 1.0, 1.0), device="cpu"
    )
    assert (expected.labels != expected.base_labels).sum() > 20
    for index in (1, 2):
        np.testing.assert_array_equal(case.voxels(index), expected.labels == index)
    result = case.last()
    assert result.changedVoxels == (expected.labels != expected.base_labels).sum()
    assert (result.iterations, result.stoppedBy) == (expected.iterations, expected.stopped_by)
    assert set(result.seconds) >= {"features", "optimise", "predict", "write"}
    assert "CPU" in case.session.deviceNote
    assert {news.stage for news in case.progress} >= {"load", "optimise"}


def test_weights_survive_a_file_and_carry_the_names_of_new_labels(case, tmp_path):
    set_up(case)
    case.initial()
    heart = case.session.newOrgan("heart").index
    case.paint(heart, np.s_[3:4, 8:10, 7:13])
    case.paint(0, np.s_[4:5, 1:3, 3:9])
    settings = RefineSettings(maxIterations=10, learningRate=0.05, beta=KEEP, device="cpu")
    case.session.refine(settings, case.progress.append, case.results.append, case.errors.append)
    case.wait()
    assert case.errors == []
    path = tmp_path / "adapted.pt"
    case.session.saveWeights(str(path))
    assert Backend().loadDelta(str(path)).classes[-1] == "heart"
    heart_voxels = case.voxels(heart)
    assert heart_voxels.any()
    case.volume = case.build.volume(slicer.util.arrayFromVTKMatrix(ijk_to_ras(case.volume)), case.image)
    set_up(case)
    case.session.applyWeights(
        str(path), settings, case.progress.append, case.results.append, case.errors.append
    )
    case.wait()
    assert case.errors == []
    assert [row.name for row in case.session.labels.rows][-1] == "heart"
    assert case.voxels(heart).any()


def ijk_to_ras(volume):
    import vtk

    matrix = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    return matrix


def test_an_image_of_one_slice_goes_through_a_2d_network(case, tmp_path):
    case.volume = case.build.volume(np.diag([-1.0, -1, 2, 1]), case.image[3:4])
    case.network = save_in_file(tmp_path, dims=2)
    set_up(case)
    case.initial()
    assert case.errors == []
    np.testing.assert_array_equal(case.voxels(1), case.image[3:4] == 200)
    scribbles = np.where(case.paint(2, np.s_[0:1, 8:10, 7:13]), 2, -1)
    case.refine(maxIterations=8, learningRate=0.05, device="cpu")
    assert case.errors == []
    options = RefinementOptions(max_iterations=8, learning_rate=0.05)
    network = load_network(case.network.path)
    expected = refine(network, case.image[3:4], scribbles, options, spacing=(2.0, 1.0, 1.0), device="cpu")
    for index in (1, 2):
        np.testing.assert_array_equal(case.voxels(index), expected.labels == index)


def test_voxels_that_are_not_numbers_are_told(case):
    set_up(case)
    slicer.util.updateVolumeFromArray(case.volume, np.where(case.image > 100, np.nan, 1.0))
    case.initial()
    assert len(case.errors) == 1
    assert "NaN" in str(case.errors[0]) or "finite" in str(case.errors[0])


def test_growing_and_its_threshold_come_from_the_backend(case):
    set_up(case)
    scribble(case)
    told = []
    settings = RefineSettings(growthThreshold=30.0)
    case.session.proposeThreshold(settings, told.append, case.errors.append)
    case.session.previewGrowth(settings, told.append, case.errors.append)
    case.wait()
    assert case.errors == []
    assert told[0] > 0
    assert told[1][2] > 12
    np.testing.assert_array_equal(case.session.growth.node.GetSegmentation().GetNumberOfSegments(), 2)


def test_shipped_networks_are_listed_and_files_inspected(case):
    assert {card.name for card in case.session.networks()} == {card.name for card in Backend().listNetworks()}
    reports = []
    case.session.inspectNetwork(str(case.network.path), reports.append, case.errors.append)
    case.wait()
    assert case.errors == []
    assert reports[0].card.classes == case.network.card.classes


@pytest.mark.parametrize("method", ["ce", "paper", "f-brs"])
def test_the_panel_and_the_backend_have_the_same_defaults(method):
    assert Backend().makeOptions(RefineSettings(method=method)) == RefinementOptions(method=method)


def test_the_panel_and_the_backend_have_the_same_choices():
    assert (METHODS, REGULARISERS) == (options.METHODS, options.REGULARISERS)
    assert {choice.value for choice in Method} == {*METHODS, Method.BOX.value}
    assert {choice.value for choice in Edges} == set(REGULARISERS)


@pytest.mark.parametrize("kind", REGULARISERS)
def test_labels_are_brought_to_the_edges_as_asked(case, kind):
    """The network agrees with the strokes already, and is unsure of a part that the noise tears apart."""
    case.image[1:5, 17:23, 12:26] = np.random.default_rng(1).normal(100, 5, (4, 6, 14))
    slicer.util.updateVolumeFromArray(case.volume, case.image)
    set_up(case)
    case.initial()
    before = case.voxels(1)
    scribbles = scribble(case, 1)
    result = case.refine(regularise=kind, device="cpu")
    assert (case.errors, result.iterations) == ([], 0)
    given = RefinementOptions(regularise=kind)
    network = load_network(case.network.path)
    expected = refine(network, case.image, scribbles, given, spacing=(2.0, 1.0, 1.0), device="cpu").labels
    np.testing.assert_array_equal(case.voxels(1), expected == 1)
    changed = (case.voxels(1) != before).sum()
    assert changed == 0 if kind == "none" else changed > 10
