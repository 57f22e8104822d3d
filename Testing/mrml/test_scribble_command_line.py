"""`python -m cueseg refine` gives the same labels as the panel, from the files that the panel saves."""

from pathlib import Path

import numpy as np
import pytest
import slicer
import torch

from cueseg.cli.main import main
from cueseg.models.unet import UNet
from cueseg.networks import NetworkCard, save_network
from refine_case import RefineCase
from scene_builder import segment_in_volume
from ScribbleRefineLib.Networks import Backend
from ScribbleRefineLib.RefineSettings import REGULARISERS
from ScribbleRefineLib.Session import Session

SHAPE = (6, 18, 22)
STROKES = (np.s_[1:2, 1:3, 3:9], np.s_[2:3, 6:8, 6:12], np.s_[4:5, 12:14, 6:9], np.s_[3:4, 16:17])


def save_random_network(path: Path) -> None:
    torch.manual_seed(1)
    options = {"base": 4, "levels": 2, "norm": "instance"}
    card = NetworkCard(
        name="organs",
        dims=3,
        in_channels=1,
        classes=("background", "liver", "spleen"),
        intensity={"kind": "zscore", "nonzero": False},
        multiple=2,
        architecture="unet",
        model_options=options,
    )
    save_network(path, UNet(3, 1, 3, **options), card)


def scribbled_case(build, network: Path) -> RefineCase:
    """A session over the real backend with a stroke for the background, both classes and a new label."""
    image = np.random.default_rng(0).normal(50, 20, SHAPE).astype(np.float32)
    image[1:5, 5:15, 5:15] += 150
    case = RefineCase(build, "tilted", image, set_up=False)
    case.session = Session(build.scene, case.queue, Backend())
    case.set_up(network=str(network))
    case.session.newOrgan("heart")
    for index, box in enumerate(STROKES):
        case.paint(index, box)
    return case


@pytest.mark.parametrize("kind", REGULARISERS)
def test_the_command_line_gives_the_same_labels(build, tmp_path, kind):
    network, output = tmp_path / "organs.pt", tmp_path / "out.seg.nrrd"
    save_random_network(network)
    case = scribbled_case(build, network)
    case.refine(maxIterations=6, learningRate=0.02, growthThreshold=40.0, regularise=kind, device="cpu")
    assert case.errors == []
    assert slicer.util.saveNode(case.volume, str(tmp_path / "image.nrrd"))
    assert slicer.util.saveNode(case.session.scribbleNode, str(tmp_path / "scribbles.seg.nrrd"))
    arguments = [
        "refine",
        tmp_path / "image.nrrd",
        "--network",
        network,
        "--device",
        "cpu",
        "--output",
        output,
    ]
    arguments += ["--scribbles", tmp_path / "scribbles.seg.nrrd", "--iterations", 6]
    assert (
        main(
            [str(word) for word in (*arguments, "--learning-rate", 0.02, "--grow", 40, "--regularise", kind)]
        )
        == 0
    )
    written = slicer.util.loadSegmentation(str(output))
    rows = [row for row in case.session.labels.foreground() if row.resultSegmentId]
    assert [row.name for row in rows] == ["liver", "spleen", "heart"]
    for row in rows:
        segment_id = written.GetSegmentation().GetSegmentIdBySegmentName(row.name)
        found = segment_in_volume(written, segment_id, case.volume)
        np.testing.assert_array_equal(found, case.voxels(row.index))
    case.close()
