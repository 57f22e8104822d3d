import math

import pytest
import torch

from cueseg.losses import bce_dice_loss, class_balanced_bce, soft_dice_loss


def test_four_pixels_one_positive_all_logits_zero_gives_one_and_a_half_ln_2():
    target = torch.tensor([[[[1.0, 0.0], [0.0, 0.0]]]])
    loss = class_balanced_bce(torch.zeros_like(target), target)
    assert float(loss) == pytest.approx(1.5 * math.log(2))


def test_mean_reduction_is_the_sum_over_the_pixels_of_an_image():
    target = (torch.rand(3, 1, 8, 8, generator=torch.Generator().manual_seed(0)) > 0.7).float()
    logits = torch.randn(3, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    assert float(class_balanced_bce(logits, target, reduction="mean")) == pytest.approx(
        float(class_balanced_bce(logits, target)) / 64
    )


def test_positives_and_negatives_pull_equally_hard():
    target = torch.zeros(1, 1, 10, 10)
    target[..., :1, :5] = 1
    logits = torch.zeros_like(target, requires_grad=True)
    class_balanced_bce(logits, target).backward()
    positive = target > 0
    assert float(logits.grad[positive].sum()) == pytest.approx(-float(logits.grad[~positive].sum()))


def test_unknown_reduction_is_refused():
    with pytest.raises(ValueError, match="'none'"):
        class_balanced_bce(torch.zeros(1, 1, 2, 2), torch.zeros(1, 1, 2, 2), reduction="none")


def test_soft_dice_is_zero_for_a_perfect_and_near_one_for_a_wrong_answer():
    target = torch.zeros(1, 1, 16, 16)
    target[..., 4:12, 4:12] = 1
    perfect = (target - 0.5) * 200
    assert float(soft_dice_loss(perfect, target)) == pytest.approx(0, abs=1e-6)
    assert float(soft_dice_loss(-perfect, target)) > 0.99
    assert float(bce_dice_loss(perfect, target)) == pytest.approx(0, abs=1e-6)
