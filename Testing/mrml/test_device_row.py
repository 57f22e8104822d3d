"""What the row of the device says, and the button beside it."""

import gc
import threading
import weakref

import pytest

from panel_case import PanelCase
from scene_builder import clicks_in_slice

CLICKS = clicks_in_slice(2, 5)


@pytest.fixture
def case(build):
    case = PanelCase(build)
    yield case
    case.panel.close()


@pytest.mark.parametrize(
    ("note", "sign"),
    [
        ("GPU: NVIDIA RTX 4090", "●"),
        ("CPU: this PyTorch is built for CPU only", "◐"),
        ("CPU: chosen", "◐"),
        ("CPU: the memory of the GPU did not suffice", "▲"),
        ("GPU: NVIDIA RTX 4090; memory was short, so features are computed again in every iteration", "▲"),
        ("", "○"),
    ],
)
def test_a_sign_stands_before_the_words(case, note, sign):
    case.panel.session.deviceNote = note
    assert case.panel.deviceText == f"{sign} {note or case.panel.deviceUnknown}"


def test_freeing_memory_drops_the_network_and_the_next_slice_loads_it_again(case):
    case.click(CLICKS)
    case.segment()
    dropped = []
    case.panel.memoryHolders.append(lambda: dropped.append(True))
    held = weakref.ref(next(iter(case.panel.session._predictors.values())))
    before = case.voxels()
    case.panel.freeMemory()
    gc.collect()
    assert held() is None
    assert dropped == [True]
    assert case.panel.deviceText == f"○ {case.panel.deviceUnknown}"
    assert (case.voxels() == before).all()
    case.move(0, (3, 14, 5))
    case.segment()
    assert len(case.loaded) == 2


def test_a_device_that_changes_on_the_way_is_said_at_once(case):
    case.click(CLICKS)
    case.segment()
    predict = case.predictor.predict

    def moved(points, threshold):
        case.predictor.device_note = "CPU: the memory of the GPU did not suffice"
        return predict(points, threshold)

    case.predictor.predict = moved
    case.move(0, (3, 14, 5))
    case.segment()
    assert case.panel.deviceText == "▲ CPU: the memory of the GPU did not suffice"


def test_nothing_is_dropped_under_a_computation(case):
    gate = threading.Event()
    case.panel.queue.submit("other", lambda task: gate.wait(10), lambda done: None, lambda error: None)
    with pytest.raises(ValueError, match="a computation is under way: wait for it or cancel it"):
        case.panel.freeMemory()
    gate.set()
    case.wait()
    case.panel.freeMemory()
