"""Augmentation: other pictures of the same scenes, so that a network meets light, noise and blur that it never saw."""

from __future__ import annotations

import torch
from torch import Tensor
from torchvision.transforms.v2.functional import gaussian_blur

from helpers.arguments import check_image, describe, expect


def augment(
    batch: tuple[Tensor, ...],
    seed: int,
    light: float = 0.0,
    noise: float = 0.0,
    blur: float = 0.0,
    mirror: bool = False,
) -> tuple[Tensor, ...]:
    """A batch with every picture changed on its own, at random; the labels stay those of the same pixels.

    Args:
        batch: `image` float `[B, 3, H, W]` in 0..1, then maps `[B, H, W]`.
        seed: same seed, same batch; say the number of the step.
        light: pictures are multiplied by 1 - light .. 1 + light.
        noise: the largest standard deviation of Gaussian noise, in units of the picture.
        blur: the largest sigma of a Gaussian blur, in pixels; it reaches three times as far, within the picture.
        mirror: turn each picture, with its maps, left to right with a chance of one half.

    Returns:
        A new batch of the same form, the image in 0..1. The one that came is left as it is.

    Raises:
        ValueError: for strengths below 0 or too large, and a batch of another form.
    """
    expect(len(batch) > 0, "batch", "an image, and maps", "nothing")
    image, *maps = batch
    check_image(image)
    for each in maps:
        expect(each.shape == image[:, 0].shape, "batch", f"maps {list(image[:, 0].shape)}", describe(each))
    widest = (min(image.shape[-2:]) - 1) // 3
    for name, strength, most in (("light", light, 1), ("noise", noise, 1), ("blur", blur, widest)):
        expect(0 <= strength <= most, name, f"0..{most}", strength)
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=generator).to(image)

    factor, sigma, spread, turn = draw(4, len(image), 1, 1, 1)
    image = image * (1 + light * (2 * factor - 1))
    if blur:
        image = torch.stack([_blurred(one, blur * float(each)) for one, each in zip(image, sigma, strict=True)])
    if noise:
        image = image + noise * spread * torch.randn(image.shape, generator=generator).to(image)
    image = image.clamp(0, 1)
    if mirror:
        image = image.flip(-1).where(turn < 0.5, image)
        maps = [each.flip(-1).where(turn[:, 0] < 0.5, each) for each in maps]
    return (image, *maps)


def _blurred(image: Tensor, sigma: float) -> Tensor:
    """Sigma in pixels; below a fifth of one a blur changes nothing."""
    return image if sigma < 0.2 else gaussian_blur(image, [2 * int(3 * sigma + 0.5) + 1] * 2, [sigma] * 2)
