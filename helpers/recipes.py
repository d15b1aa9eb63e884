"""How each network of the zoo is trained: `course train NAME`.

A lesson trains for half a minute on a fixed set of streets. A recipe here takes longer and sees new scenes at every
step, since drawn scenes cost nothing. It runs on the quickest device that the machine has.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from helpers.categories import COINS, STREET, CategorySet
from helpers.evaluation import evaluate
from helpers.losses import box_free_loss, category_weights, mask_rcnn_loss, semantic_loss
from helpers.models import zoo
from helpers.models.mask_rcnn import WholePixels
from helpers.scenes.collages import collage
from helpers.scenes.dataset import VALIDATION, Draw, Drawn, fresh_scenes, stack, stack_things
from helpers.scenes.street import street
from helpers.scoreboard import WORLDS, scores_for_card
from helpers.training import Loss, Watcher, best_device, fit


@dataclass(frozen=True)
class Recipe:
    """What `course train` does for one network.

    Attributes:
        about: the same in a line, for the card, as `data` is.
        batches: without end.
        make_loss: called once, before the training.
        score: the one that the learning curve shows.
        prepare: what happens to the network before, such as to give it a trained trunk.
        variants: other networks that take these weights, which the card compares, each with a name.
    """

    about: str
    steps: int
    batches: Callable[[], Iterator[tuple[Tensor, ...]]]
    make_loss: Callable[[], Loss]
    score: str
    rate: float = 1.6e-2
    mixed: bool = False
    seed: int = 0
    prepare: Callable[[nn.Module], object] = lambda net: None
    variants: tuple[tuple[str, Callable[[], nn.Module]], ...] = ()
    data: str = "streets of 96 × 128 pixels"


def trained_trunk(net: nn.Module) -> None:
    """Begin with what the U-Net of the zoo has learned, in place of random weights."""
    net.trunk.load_state_dict(zoo.load_weights("unet"))


def balanced(loss: Callable[..., Tensor], categories: CategorySet = STREET, draw: Draw = street) -> Loss:
    """The loss with weights for its categories, by how rare each is in 300 scenes."""
    return partial(loss, weights=category_weights(stack([draw(seed) for seed in range(300)])[1], len(categories)))


def _semantic(steps: int, size: int, about: str, mixed: bool = False) -> Recipe:
    return Recipe(
        f"{about}; {steps:,} steps of {size} new streets; cross-entropy weighted by category plus Dice",
        steps,
        lambda: fresh_scenes(size),
        lambda: balanced(semantic_loss),
        score="mIoU",
        mixed=mixed,
    )


def _things(batch: int, draw: Draw = street) -> Callable[[], Iterator[tuple[Tensor, ...]]]:
    return lambda: fresh_scenes(batch, stack_things, draw)


RECIPES: dict[str, Recipe] = {
    "fcn32": _semantic(2_000, 8, "scores at stride 32"),
    "fcn16": _semantic(2_000, 8, "scores at strides 32 and 16"),
    "fcn8": _semantic(2_000, 8, "scores at strides 32, 16 and 8"),
    "unet": _semantic(12_000, 16, "a U-Net half again as wide as the one that the lessons train", mixed=True),
    "mask_rcnn": Recipe(
        "Mask R-CNN, masks on pixel centres, on the U-Net of the zoo; 6,000 steps of 8 new streets",
        6_000,
        _things(8),
        lambda: mask_rcnn_loss,
        score="AP",
        rate=6e-3,
        prepare=trained_trunk,
        variants=(("torchvision's pasting", lambda: WholePixels(STREET, zoo.WIDE)),),
    ),
    "panoptic_deeplab": Recipe(
        "centres and offsets on the U-Net of the zoo; 5,000 steps of 16 new streets",
        5_000,
        _things(16),
        lambda: balanced(box_free_loss),
        score="PQ",
        rate=8e-3,
        mixed=True,
        prepare=trained_trunk,
    ),
    "coins": Recipe(
        "centres and offsets; 2,000 steps of 16 new collages of coins",
        2_000,
        _things(16, collage),
        lambda: balanced(box_free_loss, COINS, collage),
        score="PQ",
        mixed=True,
        data="collages of 128 × 128 pixels of coins from the photograph's upper rows",
    ),
}


def train(name: str, watch: Sequence[Watcher] = ()) -> Path | None:
    """Train a network of the zoo and write its weights and its card. Returns the file with the weights.

    An interrupt ends the training early: what was learned until then is scored and written, with its steps on the card.
    Before the first step nothing was learned: then nothing is written, and the answer is None.

    Raises `ValueError` for a name without a recipe.
    """
    if name not in RECIPES:
        raise ValueError(f"name: expected one of {', '.join(RECIPES)}, got '{name}'")
    recipe, device = RECIPES[name], best_device()
    torch.manual_seed(recipe.seed)
    net = zoo.MODELS[name]()
    recipe.prepare(net)
    some = Drawn(WORLDS[net.categories], 50, VALIDATION)
    history = fit(
        net,
        recipe.batches(),
        recipe.make_loss(),
        recipe.steps,
        recipe.rate,
        metric=(recipe.score, lambda net: evaluate(net, some, draws=0, title=None)[recipe.score].value),
        watch=watch,
        device=device,
        mixed=recipe.mixed,
    )
    if not history.loss:
        return None
    content = zoo.pack(net)
    net = zoo.MODELS[name]()
    net.load_state_dict(zoo.unpack(content))  # what is scored is what is written
    card = {
        "recipe": recipe.about,
        "steps": len(history.loss),
        "rate": recipe.rate,
        "mixed precision": recipe.mixed,
        "seed": recipe.seed,
        "data": f"{recipe.data}, seeds from 0; validation from 1,000,000; test from 2,000,000",
        "learning curve of": recipe.score,
        "learning curve": [[step, round(value, 4)] for step, value in history.metric],
        "seconds": round(history.seconds),
        "device": f"{device.type}, {torch.get_num_threads()} threads, {platform.machine()}",
        "torch": torch.__version__,
        "parameters": sum(parameter.numel() for parameter in net.parameters()),
        "scores": scores_for_card(name, net.eval()),
    }
    for variant, make in recipe.variants:
        other = make()
        other.load_state_dict(net.state_dict())
        card[f"scores with {variant}"] = scores_for_card(name, other.eval())
    return zoo.save(name, content, card)
