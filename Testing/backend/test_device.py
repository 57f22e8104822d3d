"""Which device, why, and what happens where its memory does not suffice. No GPU: "cpu:0" stands for one."""

import numpy as np
import pytest
import torch
from torch import nn

from cueseg.bifseg import BifsegOptions, BifsegSession
from cueseg.device import choose_device, is_out_of_memory, moved_to_cpu
from cueseg.networks import NetworkCard, SegmentationNetwork
from cueseg.predictor import ExtremePointPredictor
from cueseg.refinement import RefinementOptions, RefinementSession
from cueseg.weights_card import WeightsCard
from cueseg.weights_file import LoadedModel
from refinement_networks import OutOfMemory, box_scribbles, picture, seeded, state_of, unchanged

GPU = "cpu:0"
NEVER = 10**9
OPTIONS = RefinementOptions(max_iterations=3)


@pytest.mark.parametrize(
    ("mps", "cuda", "hip", "reason"),
    [
        (True, None, None, "Mac"),
        (False, None, None, "built for CPU only"),
        (False, "12.8", None, "driver"),
        (False, None, "6.2", "driver"),
    ],
)
def test_the_reason_without_a_gpu(monkeypatch, mps, cuda, hip, reason):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_built", lambda: mps)
    monkeypatch.setattr(torch.version, "cuda", cuda)
    monkeypatch.setattr(torch.version, "hip", hip)
    device, note = choose_device()
    assert device == "cpu"
    assert note.startswith("CPU: ")
    assert reason in note


def test_a_gpu_that_fails_its_trial_is_not_used(monkeypatch):
    def fail(*arguments, **more):
        raise RuntimeError("CUDA error: no kernel image is available\nCompile with ...")

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch, "zeros", fail)
    assert choose_device() == (
        "cpu",
        "CPU: the GPU does not work with this PyTorch (CUDA error: no kernel image is available)",
    )


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), True),
        (MemoryError(), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"), True),
        (RuntimeError("shapes do not fit"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_what_counts_as_exhausted_memory(error, expected):
    assert is_out_of_memory(error) is expected


class Greedy(nn.Module):
    """Brightness; refuses batches above a size, and everything on a device but the CPU if it is told to."""

    def __init__(self, most: int, only_cpu: bool = False) -> None:
        super().__init__()
        self.most, self.only_cpu, self.on_cpu, self.batches = most, only_cpu, False, []
        self.scale = nn.Parameter(torch.tensor(4.0))

    def to(self, device):
        self.on_cpu = device == "cpu"
        return super().to(device)

    def forward(self, x):
        self.batches.append(len(x))
        if len(x) > self.most or (self.only_cpu and not self.on_cpu):
            raise torch.OutOfMemoryError("CUDA out of memory (simulated)")
        return self.scale * (x[:, :1] - x[:, :1].mean((1, 2, 3), keepdim=True) + 0.1 * x[:, 1:2].flip(-1))


def predict(network, device=GPU):
    card = WeightsCard(name="x", architecture="compact", licence="MIT", average_flips=True)
    predictor = ExtremePointPredictor(LoadedModel(network, card), device)
    predictor.set_image(np.random.default_rng(0).integers(0, 255, (60, 60)).astype(np.uint8), "grey")
    found = [predictor.predict([(10, 30), (50, 30), (30, 10), (30, 50)]).probability for _ in range(2)]
    np.testing.assert_array_equal(*found)
    return predictor, found[0]


def test_flips_one_after_the_other_are_the_first_way_out():
    _, expected = predict(Greedy(4))
    network = Greedy(1)
    predictor, found = predict(network)
    assert network.batches == [4, *[1] * 8]
    assert (predictor.device, predictor.device_note) == (GPU, "CPU: chosen")
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_the_cpu_is_the_second_and_says_so():
    predictor, found = predict(Greedy(1, only_cpu=True))
    assert predictor.device == "cpu"
    assert predictor.device_note == f"CPU: the memory of {GPU} did not suffice"
    np.testing.assert_array_equal(found, predict(Greedy(1), "cpu")[1])


def test_then_the_error_is_the_callers():
    with pytest.raises(torch.OutOfMemoryError):
        predict(Greedy(0), "cpu")


def test_the_note_speaks_of_the_gpu():
    assert moved_to_cpu("cuda:1") == "CPU: the memory of the GPU did not suffice"


@pytest.fixture
def greedy(monkeypatch):
    """Lets the network fail at the given calls from now on."""

    def fail_at(*calls):
        base = OutOfMemory.calls
        failing = {base + call for call in calls}
        forward = OutOfMemory.__mro__[1].forward

        def answer(self, x):
            type(self).calls += 1
            if type(self).calls in failing:
                raise torch.OutOfMemoryError("CUDA out of memory (simulated)")
            return forward(self, x)

        monkeypatch.setattr(OutOfMemory, "forward", answer)

    yield fail_at
    OutOfMemory.limit = NEVER


def refine(device, greedy=None, calls=()):
    network = seeded(OutOfMemory)
    session = RefinementSession(SegmentationNetwork.wrap(network), device=device)
    session.set_image(picture())
    before = state_of(network)
    if calls:
        greedy(*calls)
    labels = session.refine(box_scribbles(), OPTIONS).labels
    assert unchanged(network, before)
    return session, labels


@pytest.mark.parametrize("first", [1, 2, 4])
def test_refining_goes_on_without_kept_features(greedy, first):
    session, labels = refine(GPU, greedy, [first])
    assert session.device == GPU
    assert "computed again in every iteration" in session.device_note
    np.testing.assert_array_equal(labels, refine("cpu")[1])


@pytest.mark.parametrize("calls", [(1, 2), (2, 5), (4, 5)])
def test_refining_goes_on_on_the_cpu(greedy, calls):
    session, labels = refine(GPU, greedy, calls)
    assert (session.device, session.device_note) == ("cpu", f"CPU: the memory of {GPU} did not suffice")
    np.testing.assert_array_equal(labels, refine("cpu")[1])


def test_the_cpu_is_the_end(greedy):
    with pytest.raises(RuntimeError, match="the memory of cpu did not suffice; nothing was changed"):
        refine(GPU, greedy, (1, 2, 3))


def pair():
    """The network with two classes."""
    card = NetworkCard(name="tiny", dims=2, in_channels=1, classes=("background", "object"), tail=("head",))
    return SegmentationNetwork.of(seeded(lambda: OutOfMemory(2, 1, 2)), card)


def test_a_box_is_segmented_on_the_cpu(greedy):
    def segment(device, *calls):
        session = BifsegSession(pair(), device=device)
        session.set_image(picture())
        session.set_box(((12, 10), (36, 30)))
        if calls:
            greedy(*calls)
        return session, session.segment(None, BifsegOptions(alternations=1, iterations=2))

    _, expected = segment("cpu")
    session, found = segment(GPU, 1, 2)
    assert (session.device, session.device_note) == ("cpu", f"CPU: the memory of {GPU} did not suffice")
    np.testing.assert_array_equal(found.probabilities, expected.probabilities)
