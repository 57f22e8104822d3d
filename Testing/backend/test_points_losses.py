"""Losses of PA-Seg against values counted by hand and by loops."""

import math
from itertools import product

import numpy as np
import pytest
import torch

from cueseg.training.crf_loss import gated_crf_loss, multi_view_crf_loss
from cueseg.training.points_loss import distillation_loss, labelled_loss, ramp_up, variance_loss

SIDES = (6, 6, 6)


@pytest.fixture
def rng():
    return torch.Generator().manual_seed(7)


def crisp(classes: torch.Tensor) -> torch.Tensor:
    """(N, *spatial) class numbers -> logits that leave no doubt."""
    return 200.0 * torch.nn.functional.one_hot(classes, 2).movedim(-1, 1).float()


def test_the_partial_loss_does_not_depend_on_what_is_unknown(rng):
    logits = torch.randn(2, 2, *SIDES, generator=rng, requires_grad=True)
    labels = torch.randint(0, 3, (2, *SIDES), generator=rng)
    loss = labelled_loss(logits, labels)
    loss.backward()
    unknown = (labels == 2)[:, None].expand_as(logits)
    assert torch.all(logits.grad[unknown] == 0)
    assert bool((logits.grad[~unknown] != 0).all())
    changed = torch.where(unknown, torch.randn(logits.shape, generator=rng), logits)
    assert labelled_loss(changed, labels).item() == pytest.approx(loss.item(), rel=1e-6)


def test_the_partial_loss_is_cross_entropy_and_dice_of_the_labelled_voxels():
    """Three voxels with p(object) 0.5, 0.8 and 0.9, the last of them unknown."""
    p = torch.tensor([0.5, 0.8, 0.9])
    logits = torch.stack([torch.log(1 - p), torch.log(p)])[None]  # (1, 2, 3)
    found = labelled_loss(logits, torch.tensor([[0, 1, 2]]))
    entropy = -(math.log(0.5) + math.log(0.8)) / 2
    of_background, of_object = 2 * 0.5 / (0.7 + 1), 2 * 0.8 / (1.3 + 1)
    assert found.item() == pytest.approx(entropy + 1 - (of_background + of_object) / 2, rel=1e-5)


def test_images_are_averaged_and_one_without_labels_adds_nothing(rng):
    logits = torch.randn(2, 2, *SIDES, generator=rng, requires_grad=True)
    labels = torch.randint(0, 2, (2, *SIDES), generator=rng)
    labels[1] = 2
    alone = labelled_loss(logits[:1], labels[:1])
    both = labelled_loss(logits, labels)
    assert both.item() == pytest.approx(alone.item() / 2, rel=1e-6)
    both.backward()
    assert torch.isfinite(logits.grad).all()


def test_the_variance_is_zero_for_crisp_regions_of_one_value(rng):
    classes = torch.randint(0, 2, (1, *SIDES), generator=rng)
    image = torch.where(classes == 1, 3.0, -2.0)[:, None]
    assert variance_loss(crisp(classes), image).item() == 0
    noisy = image + torch.randn(image.shape, generator=rng)
    assert variance_loss(crisp(classes), noisy).item() > 1


def test_the_variance_is_that_within_the_classes():
    """Object 1 and 3, background 0 (the lowest, left out), 5 and 9."""
    image = torch.tensor([1.0, 3.0, 0.0, 5.0, 9.0])[None, None]
    found = variance_loss(crisp(torch.tensor([[1, 1, 0, 0, 0]])), image)
    assert found.item() == pytest.approx(1.0 + 4.0)


def naive_crf(p: np.ndarray, image: np.ndarray, radius: int, distance: float, intensity: float) -> float:
    """Mean over the three stackings, voxel by voxel; p (C, D, H, W), image (D, H, W)."""
    total = 0.0
    for fixed in range(3):
        for i in np.ndindex(image.shape):
            for step in product(range(-radius, radius + 1), repeat=2):
                offset = np.insert(step, fixed, 0)
                j = tuple(np.add(i, offset))
                if step == (0, 0) or min(j) < 0 or any(np.greater_equal(j, image.shape)):
                    continue
                gap = image[i] - image[j]
                squared = float(np.square(step).sum())
                kernel = math.exp(-squared / (2 * distance**2) - gap**2 / (2 * intensity**2))
                total += kernel * (1 - float(p[(slice(None), *i)] @ p[(slice(None), *j)]))
    return total / 3 / image.size


def test_the_crf_is_that_of_a_loop_over_all_pairs(rng):
    logits = torch.randn(1, 2, *SIDES, generator=rng)
    image = 0.2 * torch.randn(1, 1, *SIDES, generator=rng)
    found = multi_view_crf_loss(logits, image, None, radius=2, sigma_distance=1.5, sigma_intensity=0.1)
    p = logits.softmax(1)[0].double().numpy()
    assert found.item() == pytest.approx(naive_crf(p, image[0, 0].double().numpy(), 2, 1.5, 0.1), rel=1e-5)


@pytest.mark.parametrize("axes", [(3, 4), (2, 4), (2, 3)])
def test_the_gradient_of_the_crf_is_that_of_its_value(rng, axes):
    p = torch.rand(2, 3, 3, 4, 5, generator=rng, dtype=torch.float64).softmax(1).requires_grad_()
    image = 0.2 * torch.rand(2, 1, 3, 4, 5, generator=rng, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda q: gated_crf_loss(q, image, axes, 2, 1.5), p)


def test_the_crf_is_zero_where_all_voxels_are_surely_of_one_class(rng):
    image = torch.randn(1, 1, *SIDES, generator=rng)
    for number in (0, 1):
        surely = crisp(torch.full((1, *SIDES), number))
        assert multi_view_crf_loss(surely, image, None).item() == pytest.approx(0, abs=1e-5)
    assert multi_view_crf_loss(crisp(torch.randint(0, 2, (1, *SIDES), generator=rng)), image, None) > 0.01


def test_the_crf_prefers_borders_where_the_image_has_them():
    classes = torch.zeros(1, *SIDES, dtype=torch.int64)
    classes[:, :, :, 3:] = 1
    image = classes[:, None].float()
    assert multi_view_crf_loss(crisp(classes), image, None).item() == pytest.approx(0, abs=1e-4)
    assert multi_view_crf_loss(crisp(classes.roll(1, 3)), image, None) > 1


def test_the_crf_is_computed_on_the_grid_that_is_asked_for(rng):
    logits = torch.randn(1, 2, 4, 6, 6, generator=rng)
    image = torch.randn(1, 1, 4, 6, 6, generator=rng)
    whole = multi_view_crf_loss(logits, image, None)
    assert multi_view_crf_loss(logits, image, (4, 6, 6)).item() == whole.item()
    assert multi_view_crf_loss(logits, image, (3, 4, 4)).item() != pytest.approx(whole.item(), rel=0.01)


@pytest.mark.parametrize(("share", "weight"), [(0, 0.0067), (0.5, 0.2865), (1, 1), (3, 1), (-1, 0.0067)])
def test_the_ramp_rises_to_one(share, weight):
    assert ramp_up(share) == pytest.approx(weight, abs=5e-5)


def test_distillation_is_zero_between_equals_and_kullback_leibler_else(rng):
    logits = torch.randn(2, 2, *SIDES, generator=rng, requires_grad=True)
    assert distillation_loss(logits, logits, 4.0).item() == pytest.approx(0, abs=1e-7)
    teacher = torch.randn(2, 2, *SIDES, generator=rng, requires_grad=True)
    found = distillation_loss(logits, teacher, 4.0)
    one, other = (x.movedim(1, -1).reshape(-1, 2) / 4 for x in (logits, teacher))
    expected = 16 * torch.nn.functional.kl_div(one.log_softmax(1), other.softmax(1), reduction="batchmean")
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)
    found.backward()
    assert teacher.grad is None


def test_distillation_adds_up_the_voxels_that_count_and_divides_by_all(rng):
    logits, teacher = (torch.randn(1, 2, *SIDES, generator=rng) for _ in range(2))
    first = torch.zeros(1, *SIDES, dtype=torch.bool)
    first[:, 0] = True
    parts = [distillation_loss(logits, teacher, 2.0, counted) for counted in (first, ~first)]
    assert parts[0] > 0
    assert sum(parts).item() == pytest.approx(distillation_loss(logits, teacher, 2.0).item(), rel=1e-5)
    changed = torch.where(first[:, None], logits, 0.0)
    assert distillation_loss(changed, teacher, 2.0, first).item() == parts[0].item()
