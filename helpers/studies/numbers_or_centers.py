"""Why can a network not learn "coin 3"? The same network is taught three things about the same coins.

- **Numbers drawn anew**: in each picture, each time it is seen, the coins are numbered from 1 in a random order.
- **Numbers from left to right**: the coin whose centre lies furthest to the left is 1, the next is 2, and so on.
- **Centres and offsets**: how likely a pixel is a centre, and the step from it to the centre of its coin (Panoptic-
  DeepLab, see `models/panoptic_deeplab.py`).

What counts is what one wants in the end: the coins that are found, whatever was taught. A number is read like a
category: the pixels that get one number are one object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from helpers.categories import COINS, VOID
from helpers.losses import Batch, box_free_loss, cross_entropy_dice
from helpers.models.encoder import CHANNELS
from helpers.models.network import Network
from helpers.models.panoptic_deeplab import Maps, to_groups
from helpers.models.unet import UNet
from helpers.scenes.collages import collage
from helpers.scenes.dataset import VALIDATION, Drawn, batches, stack_things
from helpers.studies.object_numbers import (
    count_found,
    mean_column,
    numbers_anew,
    numbers_left_to_right,
    objects_of_numbers,
    regions_of_numbers,
)
from helpers.studies.study import Point, Study, whole
from helpers.training import History, Loss, Watcher, fit

MOST = 8
"""Coins in one collage, and so the largest number."""

STEPS, BATCH, RATE = 200, 8, 1.6e-2


def small_collages(count: int, start: int) -> Batch:
    """Collages of 64 × 64 pixels: as `collage` draws them, with both sides halved. See `dataset.stack_things`."""
    image, semantic, things = stack_things(list(Drawn(collage, count, start)))
    return F.avg_pool2d(image, 2), semantic[:, ::2, ::2], things[:, ::2, ::2]


# --- the networks: the same but for the last layer ---


class NumberNet(Network):
    """The course's U-Net with a class for each number: 9 maps in the end, the first for no object."""

    def __init__(self) -> None:
        super().__init__(COINS)
        self.unet = _unet(1 + MOST)

    def forward(self, image: Tensor) -> Tensor:
        return self.unet(image)  # (B, 9, H, W)

    @torch.no_grad()
    def numbers(self, image: Tensor) -> Tensor:
        """float `[B, 3, H, W]` → int64 `[B, H, W]`: the number with the highest score, 0 for no object."""
        self.ready(image)
        return self(image).argmax(1)


class CenterNet(Network):
    """The same U-Net with 5 maps in the end: ground and coin, heat, offsets down and right."""

    def __init__(self) -> None:
        super().__init__(COINS)
        self.unet = _unet(5)
        nn.init.constant_(self.unet.head.bias[8:12], -3.0)  # heat: nearly no pixel is a centre

    def forward(self, image: Tensor) -> Maps:
        x = self.unet(image)  # (B, 5, H, W)
        return Maps(x[:, :2], x[:, 2].sigmoid(), x[:, 3:] * 16)  # as `PanopticDeepLab` scales them

    @torch.no_grad()
    def numbers(self, image: Tensor) -> Tensor:
        """float `[B, 3, H, W]` → int64 `[B, H, W]`: the centre that a pixel joins, in any order; 0 for no object."""
        self.ready(image)
        return torch.stack([to_groups(*maps, COINS).group + 1 for maps in zip(*self(image), strict=True)])


def _unet(maps: int) -> UNet:
    unet = UNet(COINS)
    unet.head = nn.Conv2d(CHANNELS[0], maps * 4, 1)  # × 4: a pixel shuffle doubles both sides
    return unet


# --- what is taught ---


def number_loss(net: nn.Module, batch: Batch, number: Callable[[Tensor], Tensor]) -> Tensor:
    """Cross-entropy plus Dice, as for categories: each number is a class, no object is another."""
    image, semantic, things = batch
    return cross_entropy_dice(net(image), number(things).where(semantic != VOID, VOID))


def _anew(generator: torch.Generator) -> Loss:
    return partial(number_loss, number=partial(numbers_anew, generator=generator))


WAYS: dict[str, tuple[type[Network], Callable[[torch.Generator], Loss]]] = {
    "numbers drawn anew": (NumberNet, _anew),
    "numbers from left to right": (NumberNet, lambda _: partial(number_loss, number=numbers_left_to_right)),
    "centres and offsets": (CenterNet, lambda _: box_free_loss),
}
"""For each way its network, and its loss, which may draw."""


def teach(way: str, train: Batch, seed: int = 0, watch: Sequence[Watcher] = ()) -> tuple[Network, History]:
    """Train one network of `WAYS` on `train`. The seed is that of the weights, the order of pictures, the numbers."""
    make_net, make_loss = WAYS[way]
    torch.manual_seed(seed)
    net, loss = make_net(), make_loss(torch.Generator().manual_seed(seed))
    return net, fit(net, batches(*train, size=BATCH, seed=seed), loss, STEPS, RATE, watch=watch)


# --- one object more ---


def one_more_at_left(batch: Batch) -> tuple[Tensor, Batch]:
    """Put a coin of another picture at the left edge of each picture in which one fits there.

    It fits where it covers no coin and no void, and has its centre left of all others.

    Returns:
        int64 `[M]`, the pictures in which one fits; and these with the coin put in, as another batch.
    """
    image, semantic, things = (tensor.clone() for tensor in batch)
    coins = [(place, *cut) for place in range(len(image)) for cut in _whole_coins(batch[0][place], batch[2][place])]
    chosen = []
    for place in range(len(image)):
        others = [(pixels, mask) for home, pixels, mask in coins if home != place]
        for top, pixels, mask in _places(semantic[place], things[place], others):
            here = (slice(top, top + mask.shape[0]), slice(0, mask.shape[1]))
            image[place][:, *here][:, mask] = pixels[:, mask]
            semantic[place][here][mask] = COINS.id("coin")
            things[place][here][mask] = things[place].max() + 1
            chosen.append(place)
            break
    return torch.tensor(chosen, dtype=torch.int64), (image[chosen], semantic[chosen], things[chosen])


def _whole_coins(image: Tensor, things: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Pixels `[3, h, w]` and mask `[h, w]` of each coin that does not touch an edge of the picture."""
    for mask in objects_of_numbers(things):
        if mask[1:-1, 1:-1].sum() == mask.sum():
            places = mask.nonzero()
            (top, left), (bottom, right) = places.amin(0).tolist(), places.amax(0).tolist()
            cut = (slice(top, bottom + 1), slice(left, right + 1))
            yield image[:, *cut], mask[cut]


def _places(
    semantic: Tensor, things: Tensor, coins: list[tuple[Tensor, Tensor]]
) -> Iterator[tuple[int, Tensor, Tensor]]:
    """Each row at which a coin can begin, with the coin."""
    taken = semantic != COINS.id("background")
    leftmost = min((mean_column(mask) for mask in objects_of_numbers(things)), default=float("inf"))
    for pixels, mask in coins:
        if mean_column(mask) < leftmost:
            for top in range(len(things) - len(mask) + 1):
                if not taken[top : top + len(mask), : mask.shape[1]][mask].any():
                    yield top, pixels, mask


def share_renumbered(net: NumberNet, batch: Batch) -> float:
    """Of the coins that have a number before and after one more comes in at the left: how many have another one.

    A coin has the number that most of its pixels have. nan where no coin has one.
    """
    chosen, (image, *_) = one_more_at_left(batch)
    changed = []
    for before, after, things in zip(net.numbers(batch[0][chosen]), net.numbers(image), batch[2][chosen], strict=True):
        for mask in objects_of_numbers(things):
            first, second = int(before[mask].mode().values), int(after[mask].mode().values)
            if first and second:
                changed.append(first != second)
    return sum(changed) / len(changed) if changed else float("nan")


# --- the study ---


@lru_cache
def _data() -> tuple[Batch, Batch]:
    return small_collages(400, 0), small_collages(40, VALIDATION)


def run(point: Point) -> dict[str, float]:
    """Teach one way, and count what it finds on the 40 validation collages."""
    train, validation = _data()
    net, history = teach(point.setting, train, point.seed)
    whole(history)
    image, _, things = validation
    numbers = net.numbers(image)
    scores = {
        "found": count_found(numbers, things),
        "found as regions of a number": count_found(map(regions_of_numbers, numbers), things),
        "found as regions of coins": count_found(map(regions_of_numbers, (numbers > 0).long()), things),
        "drawn": sum(len(objects_of_numbers(one)) for one in numbers),
        "true": sum(len(objects_of_numbers(one)) for one in things),
    }
    if isinstance(net, NumberNet):
        scores["renumbered"] = share_renumbered(net, validation)
    return scores


STUDY = Study(
    name="numbers_or_centers",
    question="Why can a network not learn 'coin 3'?",
    changed="what is taught about the coins: numbers drawn anew each time a picture is seen; numbers by the column of"
    " their centres; centres and offsets. With it the last layer, 9 maps for numbers, 5 for centres, and the loss:"
    " cross-entropy plus Dice over the numbers and 'none', or over ground and coin with the losses of heat and offsets",
    held_fixed=f"the U-Net below its last layer; {STEPS} steps of {BATCH} pictures, half of the batches mirrored; the"
    f" rate {RATE:g}, for each way the best of 0.004, 0.008, 0.016 and 0.032 with two seeds, or as good within chance",
    data="collages of coins of 128 × 128 pixels with both sides halved: 400 from the seed 0 to learn from, 40"
    " validation collages from 1,000,000 to tune on and score; objects below 16 pixels are left out",
    settings=tuple(WAYS),
    seeds=(0, 1, 2, 3, 4, 5),
    run=run,
    tolerance={
        "found": 6,
        "found as regions of a number": 8,
        "found as regions of coins": 8,
        "drawn": 15,
        "true": 0,
        "renumbered": 0.05,
    },
)
