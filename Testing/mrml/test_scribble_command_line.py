"""`python -m cueseg refine` gives the same labels as the panel, from the files that the panel saves."""

import numpy as np
import pytest
import slicer

from cueseg.cli.main import main
from real_refine_case import save_random_network, scribbled_case
from scene_builder import segment_in_volume
from ScribbleRefineLib.RefineSettings import REGULARISERS


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
