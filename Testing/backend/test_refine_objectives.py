"""The objectives against formulas written out, and the errors in print that they avoid."""

import numpy as np
import pytest
import torch
from torch import nn

from cueseg.refinement import RefinementSession
from cueseg.refinement.activations import Activation
from cueseg.refinement.objectives import create_objective
from cueseg.refinement.options import RefinementOptions
from cueseg.refinement.scribbled_window import KeepTerm, ScribbledWindow
from refinement_networks import Plain, picture, seeded

SOFTMAX = Activation("softmax")


def window(voxels, classes, weight=None, user=None, keep=None):
    weight = [1.0] * len(voxels) if weight is None else weight
    user = [True] * len(voxels) if user is None else user
    return ScribbledWindow(
        0, torch.tensor(voxels), torch.tensor(classes), torch.tensor(weight), torch.tensor(user), keep
    )


def evaluated(logits, case, method="ce", start=None, **options):
    """Evaluation, and the gradient with regard to the logits themselves."""
    parameter = nn.Parameter(logits.clone())
    start = logits.clone() if start is None else start
    activation = options.pop("activation", SOFTMAX)
    objective = create_objective(activation, RefinementOptions(method=method, **options), [start], 2)
    objective.backward(parameter, case)
    return objective.finish([parameter]), parameter.grad


def test_cross_entropy_is_balanced_over_classes_and_weighs_the_change():
    logits = torch.randn((1, 3, 2, 4), generator=torch.Generator().manual_seed(0))
    case = window([0, 1, 2, 7], [0, 0, 0, 2], [1 / 3, 1 / 3, 1 / 3, 1.0])
    start = logits + 0.1
    result, _ = evaluated(logits, case, start=start, alpha=0.5, beta=0.0)
    log_p = torch.log_softmax(logits[0].flatten(1), dim=0)
    expected = -log_p[0, :3].mean() - log_p[2, 7] + 0.25 * (logits - start).square().sum()
    assert result.loss == pytest.approx(float(expected), rel=1e-5)
    right = logits[0].flatten(1).argmax(0)
    assert result.wrong == {0: int((right[:3] != 0).sum()), 2: int(right[7] != 2)}
    assert result.least_sure == pytest.approx(float(min(log_p[0, :3].min(), log_p[2, 7]).exp()), rel=1e-5)


def test_grown_pixels_count_in_the_loss_but_not_as_violations():
    logits = torch.zeros((1, 2, 1, 2))
    logits[0, 0, 0, 1] = 5
    result, _ = evaluated(logits, window([0, 1], [0, 1], [1.0, 0.5], [True, False]), beta=0.0)
    assert result.wrong == {0: 0}
    assert result.loss > 2


def test_the_keep_term_is_the_divergence_from_the_start():
    start = torch.randn((1, 3, 2, 2), generator=torch.Generator().manual_seed(0))
    now = start + torch.randn((1, 3, 2, 2), generator=torch.Generator().manual_seed(1))
    keep = KeepTerm(torch.tensor([[[0.1, 0.2], [0.3, 0.4]]]), 3)
    case = window([0], [0], [0.0], keep=keep)
    at_start, gradient = evaluated(start, case, beta=2.0, alpha=0.0)
    assert at_start.loss == pytest.approx(0, abs=1e-6)
    assert gradient.abs().max() < 1e-6
    later, _ = evaluated(now, case, start=now, beta=2.0, alpha=0.0)
    p, q = torch.softmax(start, 1), torch.softmax(now, 1)
    expected = 2 * ((p * (p / q).log()).sum(1) * keep.weight).sum()
    assert later.loss == pytest.approx(float(expected), rel=1e-4)


def test_one_step_on_the_scribbles_lowers_their_cross_entropy():
    logits = torch.randn((1, 3, 4, 4), generator=torch.Generator().manual_seed(0))
    case = window([0, 5, 9], [1, 2, 0])
    before, gradient = evaluated(logits, case, alpha=0.0, beta=0.0)
    after, _ = evaluated(logits - 0.1 * gradient, case, alpha=0.0, beta=0.0)
    assert after.loss < before.loss


class TestPaper:
    def case(self):
        logits = torch.tensor([[[[2.0, -1.0, 0.5]], [[0.0, 1.0, 0.0]]]])  # (1, 2, 1, 3); labels 0, 1, 0
        return logits, window([0, 1], [1, 1])  # the first is wrong, the second right

    def test_the_gradient_is_the_product_on_violated_pixels_alone(self):
        logits, case = self.case()
        result, gradient = evaluated(logits, case, "paper")
        p = torch.softmax(logits[0, :, 0, 0], 0)
        violation = float(-p[1].log())
        assert result.loss == pytest.approx(violation, rel=1e-5)
        expected = violation * torch.tensor([1 - p[0], -p[1]])  # g * d log p_0 / d logits
        assert torch.allclose(gradient[0, :, 0, 0], expected, atol=1e-6)
        assert gradient[0, :, 0, 1:].abs().max() == 0

    def test_the_other_reading_has_the_other_sign(self):
        logits, case = self.case()
        one, other = (evaluated(logits, case, "paper", paper_reading=r)[1] for r in ("log-likelihood", "nll"))
        assert torch.equal(one, -other)
        assert one.abs().max() > 0

    def test_the_norm_term_points_back_to_the_start_with_constant_length(self):
        logits, _ = self.case()
        for length in (0.01, 1.0, 100.0):
            start = logits.clone()
            start[0, 0, 0, 2] -= length
            _, gradient = evaluated(logits, window([1], [1]), "paper", start=start, alpha=0.3)
            assert gradient[0, 0, 0, 2] == pytest.approx(0.3)  # a descent lowers it again

    def test_at_the_start_the_norm_has_no_gradient_and_nothing_is_nan(self):
        logits, _ = self.case()
        result, gradient = evaluated(logits, window([1], [1]), "paper", alpha=0.3)
        assert torch.equal(gradient, torch.zeros_like(gradient))
        assert result.loss == 0
        assert result.violations == 0


class TestSigmoid:
    exclusive, overlapping = Activation("sigmoid"), Activation("sigmoid", exclusive=False)

    def test_the_background_is_where_no_channel_responds(self):
        p = self.exclusive.probabilities(torch.tensor([[-2.0, 3.0, 0.5], [-1.0, 4.0, -0.5]]))
        assert self.exclusive.labels(p.numpy()).tolist() == [0, 2, 1]
        assert p[0].numpy() == pytest.approx(1 - p[1:].amax(0).numpy())

    def test_overlapping_regions_take_the_last_that_responds(self):
        p = self.overlapping.probabilities(torch.tensor([[3.0, 3.0, -1.0], [-1.0, 1.0, -1.0]]))
        assert self.overlapping.labels(p.numpy()).tolist() == [1, 2, 0]

    def test_a_scribble_speaks_of_its_own_channel_where_regions_overlap(self):
        logits = torch.zeros((1, 2, 1, 2))
        classes = [1, 0]
        _, both = evaluated(logits, window([0, 1], classes), activation=self.exclusive, beta=0.0)
        _, own = evaluated(logits, window([0, 1], classes), activation=self.overlapping, beta=0.0)
        assert np.sign(both[0, :, 0, 0].numpy()).tolist() == [-1, 1]
        assert np.sign(own[0, :, 0, 0].numpy()).tolist() == [-1, 0]
        assert np.sign(own[0, :, 0, 1].numpy()).tolist() == [1, 1]

    @pytest.mark.parametrize("activation", [exclusive, overlapping], ids=["exclusive", "overlapping"])
    def test_judgement_agrees_with_the_labels(self, activation):
        logits = torch.randn((50, 3), generator=torch.Generator().manual_seed(0))
        classes = torch.arange(50) % 4
        wrong, sure = activation.judge(logits, classes)
        p = activation.probabilities(logits.T).numpy()
        assert wrong.numpy().tolist() == activation.disagrees(p, classes.numpy()).tolist()
        assert (sure[~wrong] > (0.5 if not activation.exclusive else 0)).all()
        if activation.exclusive:
            assert (wrong.numpy() == (activation.labels(p) != classes.numpy())).all()

    @pytest.mark.parametrize("method", ["ce", "paper", "f-brs"])
    def test_every_method_pushes_the_right_way(self, method):
        logits = torch.tensor([[[[-1.0]], [[2.0]]]])
        reading = {"paper_reading": "log-likelihood"} if method == "paper" else {}
        _, gradient = evaluated(
            logits, window([0], [1]), method, activation=self.exclusive, start=logits, **reading, alpha=0.0
        )
        assert gradient[0, 0, 0, 0] < 0 < gradient[0, 1, 0, 0]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"method": "sgd"}, "method is 'sgd'.*ce, paper, f-brs"),
        ({"layers": 0}, "layers is 0"),
        ({"layers": ()}, r"layers is \(\)"),
        ({"learning_rate": 0}, "learning_rate is 0"),
        ({"max_iterations": -1}, "max_iterations is -1"),
        ({"alpha": float("nan")}, "alpha is nan"),
        ({"confidence": 1.0}, "confidence is 1.0"),
        ({"keep_radius": 0}, "keep_radius is 0"),
        ({"paper_reading": "x"}, "paper_reading is 'x'"),
        ({"seed": 1.5}, "seed is 1.5"),
    ],
)
def test_options_that_cannot_be_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        RefinementOptions(**values)


class TestSteps:
    def test_adam_is_the_published_one(self):
        from cueseg.refinement.steps import Adam

        values = torch.randn(6, generator=torch.Generator().manual_seed(0))
        own, published = nn.Parameter(values.clone()), nn.Parameter(values.clone())
        steps, reference = Adam([own], [0.1]), torch.optim.Adam([published], lr=0.1)
        for number in range(5):
            for parameter in (own, published):
                parameter.grad = (parameter.detach() - number).sin()
            steps.step()
            reference.step()
        assert torch.allclose(own, published, atol=1e-6)


class TestKeepingLess:
    """A network that is held too firmly to what the user contradicts is held less, if that was left to the method."""

    @pytest.mark.parametrize(
        ("beta", "dims", "path"), [(None, 3, [30.0, 0.3, 0.1]), (None, 2, []), (3000.0, 3, [])]
    )
    def test_the_penalty_falls_to_that_of_pictures_and_no_further(self, beta, dims, path):
        options = RefinementOptions(beta=beta)
        objective = create_objective(Activation("softmax"), options, [torch.zeros(1)], dims)
        found = []
        while objective.relax():
            found.append(objective.beta)
        assert found == pytest.approx(path)

    def test_strokes_against_the_whole_network_are_met_unless_the_user_fixed_the_penalty(self):
        image = picture((12, 24, 24))
        session = RefinementSession(seeded(lambda: Plain(dims=3)), device="cpu")
        session.set_image(image)
        scribbles = np.full(image.shape, -1, np.int16)
        scribbles[3, 4, 2:20], scribbles[8, 18, 2:20] = 1, 2
        free, fixed = (
            session.refine(scribbles, RefinementOptions(beta=beta, learning_rate=0.03))
            for beta in (None, 3000.0)
        )
        assert any("keep penalty was lowered from 3000" in note for note in free.notes)
        missed = [sum(len(places) for places in result.unsatisfied.values()) for result in (free, fixed)]
        assert missed[0] < missed[1] / 2
        assert not any("keep penalty" in note for note in fixed.notes)
