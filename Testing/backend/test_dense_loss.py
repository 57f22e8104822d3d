"""Cross-entropy and Dice that are blind to classes an image does not label."""

import pytest
import torch

from cueseg.training.dense_loss import partial_loss


def test_an_unknown_class_costs_nothing_in_the_background():
    target = torch.zeros(1, 4, 4, dtype=torch.long)
    target[0, :2] = 1
    sure_of_two = torch.full((1, 3, 4, 4), -20.0)
    sure_of_two[0, 1, :2] = sure_of_two[0, 2, 2:] = 20.0
    known = torch.tensor([[True, True, False]])
    assert partial_loss(sure_of_two, target, known).item() == pytest.approx(0, abs=1e-4)
    assert partial_loss(sure_of_two, target, torch.ones_like(known)).item() > 5


def test_a_known_class_still_counts_beside_an_unknown_one():
    target = torch.zeros(1, 4, 4, dtype=torch.long)
    target[0, :2] = 1
    blind = torch.zeros(1, 3, 4, 4)
    blind[:, 2] = 20.0  # calls everything the unknown class, also where another one is labelled
    assert partial_loss(blind, target, torch.tensor([[True, True, False]])).item() > 5


def test_with_all_classes_known_it_is_cross_entropy_and_dice():
    torch.manual_seed(0)
    logits, target = torch.randn(2, 3, 5, 5), torch.randint(0, 3, (2, 5, 5))
    known = torch.ones(2, 3, dtype=torch.bool)
    p = logits.softmax(1)
    dice = [2 * (p[:, k] * (target == k)).sum() / (p[:, k].sum() + (target == k).sum()) for k in (1, 2)]
    expected = 0.5 * (torch.nn.functional.cross_entropy(logits, target) + 1 - sum(dice) / 2)
    assert partial_loss(logits, target, known).item() == pytest.approx(expected.item(), rel=1e-5)


def test_a_batch_without_any_class_has_a_finite_gradient():
    logits = torch.randn(1, 3, 4, 4, requires_grad=True)
    partial_loss(
        logits, torch.zeros(1, 4, 4, dtype=torch.long), torch.ones(1, 3, dtype=torch.bool)
    ).backward()
    assert torch.isfinite(logits.grad).all()


def test_weights_count_voxels_of_a_class_more_often():
    torch.manual_seed(0)
    logits, target = torch.randn(2, 3, 5, 5), torch.randint(0, 3, (2, 5, 5))
    known, weights = torch.ones(2, 3, dtype=torch.bool), torch.tensor([1.0, 1.0, 4.0])
    change = partial_loss(logits, target, known, weights) - partial_loss(logits, target, known)
    entropy = torch.nn.functional.cross_entropy
    expected = 0.5 * (entropy(logits, target, weights) - entropy(logits, target))
    assert change.item() == pytest.approx(expected.item(), rel=1e-4)
