"""The simulated user: what it clicks and scribbles, and the answers that are known beforehand."""

import xml.etree.ElementTree as ElementTree
from types import SimpleNamespace

import numpy as np
import pytest

from cueseg.evaluation.from_points import Clicks
from cueseg.evaluation.simulated_rounds import evenly, nearest, scribble_rounds, usable_slices
from cueseg.metrics import dice
from cueseg.scribbles import SimulationOptions
from cueseg.sessions.robot import (
    RobotRun,
    RobotStep,
    RobotTask,
    click_every_slice,
    click_few_slices,
    scribble,
)
from cueseg.sessions.robot_report import rows_of, svg_of

SHAPE = (12, 40, 50)


def ball(shape=SHAPE):
    """An ellipsoid on slices 1 to 10."""
    k, y, x = np.indices(shape)
    return ((k - 5.5) / 5) ** 2 + ((y - 20) / 14) ** 2 + ((x - 25) / 18) ** 2 <= 1


class Oracle:
    """A predictor that knows the reference; slices hold their number as value.

    Attributes:
        clicked: Slices that it was asked for with points of the reference.
        blind: Slices in which it finds nothing.
    """

    def __init__(self, truth, blind=()):
        self.card = SimpleNamespace(intensity={}, threshold=0.5)
        self.truth, self.blind, self.asked = truth, set(blind), []

    def set_image(self, image, *about):
        self._index = int(image[0, 0])

    def predict(self, points, threshold=None):
        self.asked.append(self._index)
        mask = self.truth[self._index].copy()
        if self._index in self.blind:
            mask[:] = False
        return SimpleNamespace(mask=mask, probability=mask.astype(np.float32), threshold=0.5)


class Obedient:
    """A session that begins with nothing and paints a block of 5 pixels around every scribble."""

    def __init__(self, reach=5):
        self.rounds, self._reach = [], reach

    def set_image(self, image, spacing, modality, spatial_shape):
        self._shape = spatial_shape

    def predict(self):
        return SimpleNamespace(labels=np.zeros(self._shape, np.int16))

    def refine(self, scribbles, options):
        from scipy import ndimage

        self.rounds.append(scribbles.copy())
        grown = ndimage.maximum_filter(scribbles, size=(3, self._reach, self._reach))
        return SimpleNamespace(
            labels=np.where(scribbles >= 0, scribbles, np.maximum(grown, 0)).astype(np.int16)
        )


@pytest.fixture
def task():
    numbers = np.broadcast_to(np.arange(SHAPE[0], dtype=np.int16)[:, None, None], SHAPE)
    return RobotTask(numbers, ball(), "ct", (2.0, 1.0, 1.0))


@pytest.fixture
def predictor(monkeypatch):
    monkeypatch.setattr("cueseg.intensity.IntensityRule.from_card", lambda intensity: None)
    return Oracle(ball())


def test_an_oracle_needs_four_clicks_for_every_slice_that_counts(task, predictor):
    run = click_every_slice(task, predictor, Clicks())
    slices = usable_slices(task.reference)
    assert [step.where for step in run.steps] == slices == predictor.asked
    assert [step.clicks for step in run.steps] == [4 * n for n in range(1, len(slices) + 1)]
    sizes = np.cumsum([task.reference[k].sum() for k in slices])
    expected = 2 * sizes / (sizes + task.reference.sum())
    assert [step.dice for step in run.steps] == pytest.approx(expected)
    assert run.steps[-1].dice == 1
    first = int(np.argmax(expected >= 0.9)) + 1
    assert run.needed(0.9) == 4 * first < 4 * len(slices)
    assert run.needed(1.0) == 4 * len(slices)
    assert all(a.seconds <= b.seconds for a, b in zip(run.steps, run.steps[1:], strict=False))


def test_few_slices_are_enough_for_an_oracle_that_fills_between(task, predictor):
    run = click_few_slices(task, predictor, Clicks())
    assert run.steps[0].clicks == 12
    assert run.steps[0].where == 10
    assert run.steps[0].dice == 1  # the slices between are asked for too, and the oracle knows them
    assert run.needed() == 12
    assert run.slices == 10


def test_a_blind_slice_costs_clicks_and_gives_nothing(task, predictor):
    predictor.blind = {5}
    run = click_every_slice(task, predictor, Clicks())
    assert [step.clicks for step in run.steps] == [4 * n for n in range(1, 11)]
    expected = task.reference.copy()
    expected[5] = False
    assert run.steps[-1].dice == pytest.approx(dice(expected, task.reference))
    predictor.blind = set(range(12))
    run = click_few_slices(task, predictor, Clicks())
    assert {step.dice for step in run.steps} == {0.0}
    assert run.needed() is None
    assert run.steps[-1].clicks == 40


def test_a_run_can_be_ended_after_any_step(task, predictor):
    told = []

    def tell(step, most):
        told.append((step.number, most))
        return step.number == 3

    run = click_every_slice(task, predictor, Clicks(), tell)
    assert told == [(1, 10), (2, 10), (3, 10)]
    assert len(run.steps) == 3


def test_clicks_are_the_same_with_the_same_seed(task, predictor):
    points = []
    predict = predictor.predict

    def listen(found, threshold=None):
        points.append(np.array(found))
        return predict(found, threshold)

    predictor.predict = listen
    for seed in (1, 1, 2):
        click_every_slice(task, predictor, Clicks("jittered", 2.0, seed))
    first, second, third = (np.array(points[n : n + 10]) for n in (0, 10, 20))
    np.testing.assert_array_equal(first, second)
    assert (first != third).any()


def test_scribbles_are_right_and_raise_the_dice(task):
    session = Obedient()
    run = scribble(task, session, 2, seed=0, most=4)
    assert len(session.rounds) == 4
    assert [step.number for step in run.steps] == [0, 1, 2, 3, 4]
    assert run.steps[0].dice == 0
    assert run.steps[-1].dice > run.steps[1].dice > 0
    for scribbles in session.rounds:
        assert set(np.unique(scribbles)) <= {-1, 0, 2}
        assert task.reference[scribbles == 2].all()
        assert not task.reference[scribbles == 0].any()
    painted = [int((scribbles >= 0).sum()) for scribbles in session.rounds]
    assert [step.painted for step in run.steps] == [0, *painted]


def test_a_user_who_sees_no_error_scribbles_nothing(task):
    session = Obedient()
    session.predict = lambda: SimpleNamespace(labels=ball().astype(np.int16))
    run = scribble(task, session, 1, seed=0, most=4)
    assert [step.dice for step in run.steps] == [1.0]
    assert run.needed() == 0
    assert session.rounds == []


def test_other_classes_are_right_outside_the_reference(task):
    session = Obedient()
    other = np.zeros(SHAPE, np.int16)
    other[:, :4] = 3
    session.predict = lambda: SimpleNamespace(labels=other)
    scribble(task, session, 1, seed=0, most=2)
    assert all((scribbles[:, :4] == -1).all() for scribbles in session.rounds)


def test_rounds_on_the_initial_labels_do_not_look_at_the_answers():
    truth = ball().astype(np.int16)

    def strokes(**how):
        rounds = scribble_rounds(
            np.zeros_like(truth),
            lambda labels: truth,
            lambda scribbles: (truth, None),
            np.random.default_rng(0),
            SimulationOptions(),
            **how,
        )
        return [next(rounds).scribbles for _ in range(3)]

    seen = strokes(on_initial=True)
    assert (seen[2] >= 0).sum() > (seen[1] >= 0).sum()
    blind = strokes(endless=True)
    np.testing.assert_array_equal(blind[1], blind[2])
    with pytest.raises(StopIteration):
        strokes()


def test_a_reference_that_cannot_be_clicked_is_refused(predictor):
    image = np.zeros(SHAPE, np.int16)
    with pytest.raises(ValueError, match="the reference is empty"):
        RobotTask(image, np.zeros(SHAPE, bool), "ct", (1, 1, 1))
    with pytest.raises(ValueError, match="give a segmentation of this image"):
        RobotTask(image, np.ones((1, 2, 2), bool), "ct", (1, 1, 1))
    thin = np.zeros(SHAPE, bool)
    thin[3, 4, 5:30] = True
    with pytest.raises(ValueError, match="it cannot be clicked"):
        click_every_slice(RobotTask(image, thin, "ct", (1, 1, 1)), predictor, Clicks())


def test_slices_are_spread_evenly_and_the_nearest_is_taken():
    assert evenly(list(range(2, 13)), 3) == [2, 7, 12]
    assert evenly([4, 5], 3) == [4, 5]
    assert nearest({3, 7, 9}, 8) == 7


def run_of(*values, mode="clicks"):
    steps = [RobotStep(n, 4 * n, 0, value, n * 0.5, n) for n, value in enumerate(values, 1)]
    return RobotRun(mode, 7, steps, len(steps))


def test_the_table_and_the_plot_say_that_the_user_is_simulated():
    run = run_of(0.5, 0.95)
    assert rows_of(run)[1:] == [
        ["simulated user", "clicks", "7", "1", "1", "4", "0", "0.5000", "0.500"],
        ["simulated user", "clicks", "7", "2", "2", "8", "0", "0.9500", "1.000"],
    ]
    drawn = svg_of(run, "liver <left>")
    root = ElementTree.fromstring(drawn)
    texts = [item.text for item in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "liver <left>: simulated user" in texts
    circles = list(root.iter("{http://www.w3.org/2000/svg}circle"))
    assert [float(item.get("cx")) for item in circles] == [340.0, 620.0]
    assert [float(item.get("cy")) for item in circles] == [200.0, 65.0]
    assert "rounds of scribbles" in svg_of(run_of(0.5, mode="scribbles"), "")
