"""Augmentation: other pictures of the same scenes; each knob does what it says, and the labels stay with the pixels."""

from __future__ import annotations

import re

import pytest
import torch
from torch import Tensor

from helpers.augment import augment

pytestmark = pytest.mark.lesson3

ALL = {"light": 0.5, "noise": 0.1, "blur": 2.0, "mirror": True}


def painted(count: int = 16, height: int = 24, width: int = 32) -> tuple[Tensor, Tensor, Tensor]:
    """Pictures whose colours say what their maps say: red the first, green the second."""
    generator = torch.Generator().manual_seed(1)
    semantic = torch.randint(0, 8, (count, height, width), generator=generator)
    things = torch.randint(0, 5, (count, height, width), generator=generator)
    return torch.stack([semantic / 7, things / 4, torch.full(semantic.shape, 0.5)], 1), semantic, things


def grey(value: float = 0.5, count: int = 32) -> Tensor:
    return torch.full((count, 3, 48, 64), value)


def test_the_same_seed_gives_the_same_batch() -> None:
    batch = painted()
    one, again, other = (augment(batch, seed, **ALL) for seed in (5, 5, 6))
    for first, second, third in zip(one, again, other, strict=True):
        assert torch.equal(first, second) and not torch.equal(first, third)


def test_every_picture_of_a_batch_is_changed_on_its_own() -> None:
    image = augment((grey(),), 0, light=0.5)[0]
    assert len({round(float(one.mean()), 4) for one in image}) > 25


def test_without_strength_nothing_changes() -> None:
    batch = painted()
    assert all(torch.equal(*pair) for pair in zip(augment(batch, 3), batch, strict=True))


@pytest.mark.parametrize("strength", [{name: value} for name, value in ALL.items()] + [ALL], ids=str)
def test_the_batch_that_came_is_left_as_it_is(strength: dict[str, float]) -> None:
    batch = painted()
    before = [each.clone() for each in batch]
    changed = augment(batch, 3, **strength)
    assert all(torch.equal(*pair) for pair in zip(batch, before, strict=True))
    assert not torch.equal(changed[0], batch[0])
    assert [(each.shape, each.dtype) for each in changed] == [(each.shape, each.dtype) for each in batch]
    assert changed[0].min() >= 0 and changed[0].max() <= 1


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_the_picture_keeps_its_precision_and_its_range(dtype: torch.dtype) -> None:
    image, *maps = painted()
    strongest = augment((image.to(dtype), *maps), 3, light=1, noise=1, blur=5, mirror=True)[0]
    assert strongest.dtype == dtype and strongest.isfinite().all() and strongest.aminmax() == (0, 1)


def test_maps_are_mirrored_with_their_picture() -> None:
    """The picture is drawn from its maps, so after mirroring it must still show them."""
    batch = painted(64)
    image, semantic, things = augment(batch, 3, mirror=True)
    assert torch.equal(image[:, 0], semantic / 7) and torch.equal(image[:, 1], things / 4)
    turned = [torch.equal(one, before.flip(-1)) for one, before in zip(semantic, batch[1], strict=True)]
    kept = [torch.equal(one, before) for one, before in zip(semantic, batch[1], strict=True)]
    assert all(one != other for one, other in zip(turned, kept, strict=True)) and 20 < sum(turned) < 44


def test_only_mirroring_moves_labels() -> None:
    batch = painted()
    changed = augment(batch, 3, light=1, noise=1, blur=5)
    assert torch.equal(changed[1], batch[1]) and torch.equal(changed[2], batch[2])


@pytest.mark.parametrize("light", [0.2, 0.5])
def test_light_is_a_factor(light: float) -> None:
    image = grey()
    image[:, 0], image[:, 1] = 0.25, 0.0
    changed = augment((image,), 0, light=light)[0]
    factor = changed[:, 2, 0, 0] / 0.5
    assert torch.allclose(changed, image * factor[:, None, None, None])
    assert 1 - light <= factor.min() < 1 - 0.7 * light and 1 + 0.7 * light < factor.max() <= 1 + light


def test_noise_has_every_strength_up_to_its_own() -> None:
    noise = augment((grey(count=200),), 0, noise=0.1)[0] - 0.5
    spread = noise.flatten(1).std(1)
    assert spread.max() == pytest.approx(0.1, rel=0.03) and spread.mean() == pytest.approx(0.05, rel=0.1)
    assert spread.min() < 0.01
    assert noise.mean().abs() < 1e-3
    loudest = noise[spread.argmax()]
    neighbours = (loudest[..., 1:] * loudest[..., :-1]).mean() / loudest.square().mean()
    assert abs(neighbours) < 0.05, "each pixel has its own"
    colours = (loudest[0] * loudest[1]).mean() / loudest.square().mean()
    assert abs(colours) < 0.05, "each colour has its own"


def test_blur_takes_the_fine_and_leaves_the_coarse() -> None:
    across = torch.arange(64)
    fine, coarse = (0.5 + 0.4 * torch.cos(2 * torch.pi * across / period) for period in (4, 64))
    for wave, kept in ((fine, (0, 0.02)), (coarse, (0.95, 1))):
        image = wave.expand(32, 3, 48, 64)
        changed = augment((image,), 0, blur=3)[0]
        middle = changed[:, :, 24, 10:-10]  # away from the borders, where the picture is reflected
        contrast = middle.flatten(1).std(1) / image[0, :, 24, 10:-10].std()
        assert kept[0] <= contrast.min() <= kept[1]
        assert contrast.max() == pytest.approx(1, abs=0.02), "some are hardly blurred"
        assert changed.mean() == pytest.approx(0.5, abs=0.02)


def test_blur_has_the_width_that_it_says() -> None:
    """A point becomes a bell whose variance is sigma²; of many draws the widest comes close to the largest sigma."""
    image = torch.zeros(64, 3, 49, 49)
    image[:, :, 24, 24] = 1
    bell = augment((image,), 0, blur=4)[0][:, 0]
    assert torch.allclose(bell.sum((1, 2)), torch.ones(64), atol=1e-4)
    place = torch.arange(49) - 24.0
    sigma = (bell.sum(1) * place.square()).sum(1).sqrt()
    assert sigma.max() == pytest.approx(4, rel=0.05) and sigma.min() < 0.3
    assert torch.allclose(bell, bell.mT, atol=1e-6), "as wide down as across"


@pytest.mark.parametrize("other", [{"noise": 0.02}, {"blur": 2.0}, {"mirror": True}], ids=str)
def test_the_knobs_turn_alone(other: dict[str, float]) -> None:
    """What one draws does not change with another: light stays the same with noise and without."""
    image = grey(0.4)
    plain = augment((image,), 9, light=0.3)[0].mean((1, 2, 3))
    assert torch.allclose(augment((image,), 9, light=0.3, **other)[0].mean((1, 2, 3)), plain, atol=1e-3)


@pytest.mark.parametrize(
    ("strength", "words"),
    [
        ({"light": -0.1}, "light: expected 0..1, got -0.1"),
        ({"light": 1.5}, "light: expected 0..1, got 1.5"),
        ({"noise": -1}, "noise: expected 0..1, got -1"),
        ({"noise": float("nan")}, "noise: expected 0..1, got nan"),
        ({"blur": -1}, "blur: expected 0..7, got -1"),
        ({"blur": 8}, "blur: expected 0..7, got 8"),
    ],
)
def test_strengths_that_make_no_sense_are_refused(strength: dict[str, float], words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        augment(painted(), 0, **strength)


def test_the_strongest_blur_fits_into_the_picture() -> None:
    for seed in range(20):
        augment((torch.rand(8, 3, 16, 40),), seed, blur=5)


@pytest.mark.parametrize(
    ("batch", "words"),
    [
        ((), "batch: expected an image, and maps, got nothing"),
        ((torch.zeros(2, 3, 8, 9).byte(),), "image: expected float [B, 3, H, W], got torch.uint8 [2, 3, 8, 9]"),
        ((torch.zeros(3, 8, 9),), "image: expected float [B, 3, H, W], got torch.float32 [3, 8, 9]"),
        ((torch.full((2, 3, 8, 9), 200.0),), "image: expected values in 0..1, got 200..200"),
        ((torch.full((2, 3, 8, 9), torch.nan),), "image: expected values in 0..1, got nan..nan"),
        ((torch.zeros(2, 3, 8, 9), torch.zeros(2, 8)), "batch: expected maps [2, 8, 9], got torch.float32 [2, 8]"),
        ((torch.zeros(2, 3, 8, 9), torch.zeros(1, 8, 9)), "batch: expected maps [2, 8, 9], got torch.float32 [1, 8"),
    ],
)
def test_a_batch_of_another_form_is_refused(batch: tuple[Tensor, ...], words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        augment(batch, 0, mirror=True)
