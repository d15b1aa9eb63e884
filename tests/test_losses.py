"""What networks are taught: each loss against a slow one, and a sentence for labels that cannot be learned."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from helpers import losses
from helpers.categories import STREET, VOID
from helpers.losses import (
    box_free_loss,
    category_weights,
    cross_entropy_dice,
    mask_rcnn_loss,
    semantic_loss,
)
from helpers.models.mask_rcnn import MaskRCNN
from helpers.models.panoptic_deeplab import PanopticDeepLab
from helpers.models.unet import UNet

pytestmark = [pytest.mark.lesson3, pytest.mark.lesson4]
SMALL = (4, 6, 8, 10, 12)
ROAD, CAR = STREET.id("road"), STREET.id("car")


# --- cross-entropy and Dice ---


def slow_loss(logits: Tensor, semantic: Tensor, weights: Tensor) -> float:
    """Cross-entropy plus Dice, pixel by pixel."""
    logits, semantic = logits.double().movedim(1, -1).flatten(0, 2), semantic.flatten()
    categories = logits.shape[1]
    total = counted = 0.0
    both, guess, truth = [0.0] * categories, [0.0] * categories, [0.0] * categories
    for scores, label in zip(logits, semantic.tolist(), strict=True):
        if label == VOID:
            continue
        probability = (scores.exp() / scores.exp().sum()).tolist()
        total -= float(weights[label]) * np.log(probability[label])
        counted += float(weights[label])
        truth[label] += 1
        both[label] += probability[label]
        guess = [one + more for one, more in zip(guess, probability, strict=True)]
    dice = [(2 * b + 1) / (g + t + 1) for b, g, t in zip(both, guess, truth, strict=True)]
    return total / counted + 1 - sum(dice) / categories


def labelled(void: float = 0.3) -> tuple[Tensor, Tensor]:
    """Logits `[2, 4, 5, 6]` and a semantic map; category 3 is in no pixel."""
    generator = torch.Generator().manual_seed(0)
    semantic = torch.randint(0, 3, (2, 5, 6), generator=generator)
    semantic[torch.rand(2, 5, 6, generator=generator) < void] = VOID
    return torch.randn(2, 4, 5, 6, generator=generator), semantic


@pytest.mark.parametrize("void", [0.0, 0.3])
def test_the_loss_against_a_slow_reference(void: float) -> None:
    logits, semantic = labelled(void)
    weights = torch.tensor([0.5, 1.0, 3.0, 7.0])
    for given in (None, weights):
        expected = slow_loss(logits, semantic, torch.ones(4) if given is None else given)
        assert float(cross_entropy_dice(logits, semantic, given)) == pytest.approx(expected, rel=1e-5)


def test_the_loss_is_that_of_the_networks_answer() -> None:
    logits, semantic = labelled()
    net, weights = nn.Identity(), torch.tensor([0.5, 1.0, 3.0, 7.0])
    further = torch.ones_like(semantic)  # what only other losses need
    assert semantic_loss(net, (logits, semantic, further)) == cross_entropy_dice(logits, semantic)
    assert semantic_loss(net, (logits, semantic), weights) == cross_entropy_dice(logits, semantic, weights)


def test_void_counts_in_neither_part() -> None:
    logits, semantic = labelled()
    void = semantic == VOID
    other = torch.where(void[:, None], logits + 10 * torch.randn(logits.shape), logits).requires_grad_()
    assert cross_entropy_dice(other, semantic) == cross_entropy_dice(logits, semantic)
    cross_entropy_dice(other, semantic).backward()
    moved = other.grad.abs().sum(1) > 0
    assert torch.equal(moved, ~void)


@pytest.mark.parametrize("weights", [None, torch.tensor([0.5, 1.0, 3.0, 7.0])])
def test_a_map_without_labels_teaches_nothing(weights: Tensor | None) -> None:
    logits, semantic = labelled(void=1.1)
    assert (semantic == VOID).all()
    logits.requires_grad_()
    value = cross_entropy_dice(logits, semantic, weights)
    value.backward()
    assert value.item() == 0 and torch.equal(logits.grad, torch.zeros_like(logits))


def test_a_perfect_answer_costs_nothing_and_a_wrong_one_much() -> None:
    _, semantic = labelled()
    perfect = 50 * F.one_hot(semantic.clamp(max=3), 4).movedim(-1, 1).float()
    assert 0 <= float(cross_entropy_dice(perfect, semantic)) < 1e-5
    assert float(cross_entropy_dice(-perfect, semantic)) > 10


def test_every_category_has_one_vote_in_the_second_part() -> None:
    """One pixel of another category is a hundredth of the cross-entropy, but half of the categories of Dice."""
    semantic = torch.zeros(1, 10, 10, dtype=torch.int64)
    semantic[0, 0, 0] = 1
    all_zero = torch.zeros(1, 2, 10, 10)
    all_zero[:, 0] = 4
    cross_entropy = F.cross_entropy(all_zero, semantic)
    dice = float(cross_entropy_dice(all_zero, semantic) - cross_entropy)
    assert float(cross_entropy) < 0.06 and 0.25 < dice < 0.5


def test_half_precision_is_only_for_the_network() -> None:
    """Sums over thousands of pixels are exact only in float32: in bfloat16, 256 + 1 is 256."""
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(1, 3, 64, 64, generator=generator).bfloat16()
    semantic = torch.randint(0, 3, (1, 64, 64), generator=generator)
    for weights in (None, torch.tensor([0.5, 1.0, 3.0])):
        whole = cross_entropy_dice(logits.float(), semantic, weights)
        half = cross_entropy_dice(logits, semantic, weights)
        with torch.autocast("cpu", torch.bfloat16):
            mixed = cross_entropy_dice(logits, semantic, weights)
        assert half.dtype == mixed.dtype == torch.float32
        assert half.item() == pytest.approx(whole.item(), rel=1e-6) == mixed.item()


def test_rare_categories_weigh_more_but_modestly() -> None:
    semantic = torch.tensor([[[0] * 16 + [1] * 4 + [VOID] * 7]])
    weights = category_weights(semantic, 3)
    assert weights[1] / weights[0] == pytest.approx(2)  # four times as rare, twice the weight
    assert (16 * weights[0] + 4 * weights[1]) / 20 == pytest.approx(1)
    assert weights[2] == 0


def test_maps_without_labels_have_no_weights() -> None:
    with pytest.raises(ValueError, match="semantic: expected at least one pixel with a label, got only void"):
        category_weights(torch.full((2, 4, 5), VOID), 3)
    with pytest.raises(ValueError, match=re.escape("semantic: expected category ids 0..2 or 255 for void, got [3]")):
        category_weights(torch.full((2, 4, 5), 3), 3)


@pytest.mark.parametrize(
    ("logits", "semantic", "weights", "words"),
    [
        (torch.zeros(8, 4, 4), None, None, "logits: expected float [B, C, H, W], got torch.float32 [8, 4, 4]"),
        (torch.zeros(1, 8, 4, 4).long(), None, None, "logits: expected float [B, C, H, W], got torch.int64"),
        (torch.full((1, 8, 4, 4), torch.nan), None, None, "logits: expected finite numbers (a lower rate may keep"),
        (torch.full((1, 8, 4, 4), torch.inf), None, None, "so), got 128 that are nan or infinite"),
        (None, torch.full((1, 4, 4), 8), None, "semantic: expected category ids 0..7 or 255 for void, got [8]"),
        (None, torch.full((1, 4, 4), -1), None, "semantic: expected category ids 0..7 or 255 for void, got [-1]"),
        (None, torch.zeros(1, 4, 4), None, "semantic: expected int64 [N, H, W], got torch.float32 [1, 4, 4]"),
        (None, torch.zeros(1, 4, 4).byte(), None, "semantic: expected int64 [N, H, W], got torch.uint8 [1, 4, 4]"),
        (None, torch.zeros(1, 4, 5).long(), None, "semantic: expected [1, 4, 4], the size of logits, got [1, 4, 5]"),
        (None, torch.zeros(2, 4, 4).long(), None, "semantic: expected [1, 4, 4], the size of logits, got [2, 4, 4]"),
        (None, None, torch.ones(7), "weights: expected float [8], got torch.float32 [7]"),
    ],
)  # fmt: skip
def test_what_cannot_be_scored_is_named(
    logits: Tensor | None, semantic: Tensor | None, weights: Tensor | None, words: str
) -> None:
    logits = torch.zeros(1, 8, 4, 4) if logits is None else logits
    semantic = torch.zeros(1, 4, 4, dtype=torch.int64) if semantic is None else semantic
    with pytest.raises(ValueError, match=re.escape(words)):
        cross_entropy_dice(logits, semantic, weights)


# --- what every loss refuses ---

LOSSES: dict[Callable, Callable[[], nn.Module]] = {
    semantic_loss: lambda: UNet(STREET, SMALL),
    mask_rcnn_loss: lambda: MaskRCNN(STREET, SMALL),
    box_free_loss: lambda: PanopticDeepLab(STREET, SMALL),
}
OF_THINGS = [loss for loss in LOSSES if loss is not semantic_loss]


def teachable() -> dict[str, Tensor]:
    """A picture of a road with one car."""
    semantic, things = torch.full((1, 64, 64), ROAD), torch.zeros(1, 64, 64, dtype=torch.int64)
    semantic[0, 10:30, 20:50], things[0, 10:30, 20:50] = CAR, 3
    return {"image": torch.rand(1, 3, 64, 64), "semantic": semantic, "things": things}


def refuse(loss: Callable, wrong: dict[str, Tensor], words: str) -> None:
    torch.manual_seed(0)
    net = LOSSES[loss]().train()
    assert loss(net, tuple(teachable().values())).isfinite()
    with pytest.raises(ValueError, match=re.escape(words)):
        loss(net, tuple((teachable() | wrong).values()))


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"semantic": torch.full((1, 64, 64), 8)}, "semantic: expected category ids 0..7 or 255 for void, got [8]"),
        ({"semantic": torch.full((1, 64, 64), -2)}, "semantic: expected category ids 0..7 or 255 for void, got [-2]"),
        ({"semantic": torch.zeros(1, 64, 64)}, "semantic: expected int64 [N, H, W], got torch.float32 [1, 64, 64]"),
        ({"semantic": torch.zeros(1, 64, 64).byte()}, "semantic: expected int64 [N, H, W], got torch.uint8"),
        ({"semantic": torch.full((1, 64, 60), ROAD), "things": torch.zeros(1, 64, 60).long()},
         "semantic: expected [1, 64, 64], the size of "),
        ({"semantic": torch.full((2, 64, 64), ROAD), "things": torch.zeros(2, 64, 64).long()},
         "semantic: expected [1, 64, 64], the size of "),
        ({"image": torch.zeros(1, 3, 64, 64).byte()}, "image: expected float [B, 3, H, W], got torch.uint8"),
        ({"image": torch.full((1, 3, 64, 64), 200.0)}, "image: expected values in 0..1, got 200..200"),
        ({"image": torch.full((1, 3, 64, 64), torch.nan)}, "image: expected values in 0..1, got nan..nan"),
    ],
    ids=["category 8 of 8", "negative", "float map", "uint8 map", "another size", "another count", "uint8 picture",
         "picture in 0..255", "picture of nan"],
)  # fmt: skip
def test_every_loss_refuses_what_cannot_be_learned(loss: Callable, wrong: dict[str, Tensor], words: str) -> None:
    refuse(loss, wrong, words)


@pytest.mark.parametrize("loss", OF_THINGS)
@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"things": torch.ones(1, 64, 64).long()}, f"things, [5, 6, 7], where things is not 0, got [{ROAD}]"),
        ({"semantic": torch.full((1, 64, 64), VOID)}, "things, [5, 6, 7], where things is not 0, got [255]"),
        ({"things": torch.full((1, 64, 64), -3)}, "things: expected numbers from 0, got -3"),
        ({"things": torch.zeros(1, 64, 64)}, "things: expected int64 [1, 64, 64], got torch.float32 [1, 64, 64]"),
        ({"things": torch.zeros(1, 64, 60).long()}, "things: expected int64 [1, 64, 64], got torch.int64 [1, 64, 60]"),
    ],
    ids=["a thing on stuff", "a thing on void", "negative", "float", "another size"],
)
def test_losses_of_things_refuse_things_that_are_none(loss: Callable, wrong: dict[str, Tensor], words: str) -> None:
    refuse(loss, wrong, words)


@pytest.mark.parametrize("loss", OF_THINGS)
def test_losses_of_things_ask_for_the_maps_of_things(loss: Callable) -> None:
    with pytest.raises(ValueError, match="batch: expected image, semantic and things, .*stack_things.*, got 2 tensors"):
        loss(LOSSES[loss]().train(), tuple(teachable().values())[:2])


@pytest.mark.parametrize("loss", [semantic_loss, box_free_loss])
def test_an_answer_that_is_no_number_is_said(loss: Callable) -> None:
    net = LOSSES[loss]().train()
    getattr(net, "trunk", net).head.bias.data[0] = torch.nan
    with pytest.raises(ValueError, match="logits: expected finite numbers"):
        loss(net, tuple(teachable().values()))


def test_every_public_loss_is_tested_here() -> None:
    named = {name for name in vars(losses) if name.endswith("_loss") and name != "center_loss"}
    assert named == {loss.__name__ for loss in LOSSES}
