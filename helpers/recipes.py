"""How each network of the zoo is trained: `course train NAME`.

A lesson trains for half a minute on a fixed set of streets. A recipe here takes longer and sees new scenes at every
step, since drawn scenes cost nothing. It runs on the quickest device that the machine has.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from helpers import metrics
from helpers.categories import COINS, STREET, CategorySet
from helpers.models import zoo
from helpers.models.mask_rcnn import map_to_instances
from helpers.models.panoptic_deeplab import center_loss
from helpers.scenes.collages import collage
from helpers.scenes.dataset import TEST, VALIDATION, fresh_scenes, stack, stack_things
from helpers.scenes.scene import Scene
from helpers.scenes.street import street
from helpers.training import Loss, best_device, category_weights, fit, semantic_loss

Draw = Callable[[int], Scene]
Score = Callable[[nn.Module, int, int], dict[str, float]]
"""From a network, the first seed and the number of scenes to its scores by name."""


@dataclass(frozen=True)
class Recipe:
    """What `course train` does for one network.

    Attributes:
        about: the same in a line, for the card, as `data` is.
        batches: without end.
        make_loss: called once, before the training.
        watch: the name of the score that the learning curve shows.
        prepare: what happens to the network before, such as to give it a trained trunk.
    """

    about: str
    steps: int
    batches: Callable[[], Iterator[tuple[Tensor, ...]]]
    make_loss: Callable[[], Loss]
    score: Score
    watch: str
    rate: float = 1.6e-2
    mixed: bool = False
    seed: int = 0
    prepare: Callable[[nn.Module], object] = lambda net: None
    data: str = "streets of 96 × 128 pixels, seeds from 0; scored on 100 test streets, seeds from 2,000,000"


def trained_trunk(net: nn.Module) -> None:
    """Begin with what the U-Net of the zoo has learned, in place of random weights."""
    net.trunk.load_state_dict(zoo.load_weights("unet"))


def balance(categories: CategorySet, draw: Draw) -> Tensor:
    """Weights for `semantic_loss`, by how rare each category is in 300 scenes."""
    return category_weights(stack([draw(seed) for seed in range(300)])[1], len(categories))


def balanced_semantic_loss() -> Loss:
    weights = balance(STREET, street)
    return lambda net, batch: semantic_loss(net(batch[0]), batch[1], weights)


def semantic_scores(net: nn.Module, start: int, count: int) -> dict[str, float]:
    """Mean IoU, pixel accuracy and the IoU of each category, over `count` streets from the seed `start` on."""
    confusion, device = torch.zeros(len(STREET), len(STREET), dtype=torch.int64), next(net.parameters()).device
    for seed in range(start, start + count):
        scene = street(seed)
        with torch.no_grad():
            guess = net(scene.image[None].to(device))[0].argmax(0).cpu()
        confusion += metrics.confusion_matrix(guess, scene.semantic, len(STREET))
    each = zip(STREET, metrics.category_iou(confusion).tolist(), strict=True)
    return {
        "mIoU": metrics.mean_iou(confusion),
        "pixel accuracy": metrics.pixel_accuracy(confusion),
        **{f"IoU {category.name}": value for category, value in each},
    }


def mask_rcnn_loss() -> Loss:
    """The sum of torchvision's five losses."""

    def loss(net: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
        image, semantic, things = batch
        truth = [map_to_instances(*maps) for maps in zip(semantic, things, strict=True)]
        return sum(net.losses(image, truth).values())

    return loss


def box_free_loss(categories: CategorySet, draw: Draw) -> Loss:
    """The balanced semantic loss, and that of centres and offsets."""
    weights = balance(categories, draw)

    def loss(net: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
        image, semantic, things = batch
        maps = net(image)
        return semantic_loss(maps.semantic, semantic, weights) + center_loss(maps, semantic, things)

    return loss


def instance_scores(
    net: nn.Module, start: int, count: int, categories: CategorySet = STREET, draw: Draw = street
) -> dict[str, float]:
    """Average precision of the masks over `count` scenes from the seed `start` on; what lies in void never counts."""
    scenes, device = [draw(seed) for seed in range(start, start + count)], next(net.parameters()).device
    found = [net.instances(scene.image[None].to(device))[0] for scene in scenes]
    found = [{key: value.cpu() for key, value in each.items()} for each in found]
    void = [scene.panoptic == 0 for scene in scenes]
    return metrics.average_precision(found, [scene.instances for scene in scenes], categories, void)


def _semantic(steps: int, size: int, about: str, mixed: bool = False) -> Recipe:
    return Recipe(
        f"{about}; {steps:,} steps of {size} new streets; cross-entropy weighted by category plus Dice",
        steps,
        lambda: fresh_scenes(size),
        balanced_semantic_loss,
        semantic_scores,
        watch="mIoU",
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
        "torchvision's Mask R-CNN on the U-Net of the zoo; 6,000 steps of 8 new streets",
        6_000,
        _things(8),
        mask_rcnn_loss,
        instance_scores,
        watch="AP",
        rate=6e-3,
        prepare=trained_trunk,
    ),
    "panoptic_deeplab": Recipe(
        "centres and offsets on the U-Net of the zoo; 5,000 steps of 16 new streets",
        5_000,
        _things(16),
        lambda: box_free_loss(STREET, street),
        instance_scores,
        watch="AP",
        rate=8e-3,
        mixed=True,
        prepare=trained_trunk,
    ),
    "coins": Recipe(
        "centres and offsets; 2,000 steps of 16 new collages of coins",
        2_000,
        _things(16, collage),
        lambda: box_free_loss(COINS, collage),
        lambda net, start, count: instance_scores(net, start, count, COINS, collage),
        watch="AP",
        mixed=True,
        data="collages of 128 × 128 pixels of coins from the photograph's upper rows, seeds from 0; scored on 100"
        " collages, seeds from 2,000,000",
    ),
}


def train(name: str) -> Path:
    """Train a network of the zoo and write its weights and its card. Returns the file with the weights.

    An interrupt ends the training early: what was learned until then is scored and written, with its steps on the card.

    Raises `ValueError` for a name without a recipe.
    """
    if name not in RECIPES:
        raise ValueError(f"name: expected one of {', '.join(RECIPES)}, got '{name}'")
    recipe, device = RECIPES[name], best_device()
    torch.manual_seed(recipe.seed)
    net = zoo.MODELS[name]()
    recipe.prepare(net)
    history = fit(
        net,
        recipe.batches(),
        recipe.make_loss(),
        recipe.steps,
        recipe.rate,
        title=name,
        metric=(recipe.watch, lambda net: recipe.score(net, VALIDATION, 50)[recipe.watch]),
        device=device,
        mixed=recipe.mixed,
    )
    card = {
        "recipe": recipe.about,
        "steps": len(history.loss),
        "rate": recipe.rate,
        "mixed precision": recipe.mixed,
        "seed": recipe.seed,
        "data": recipe.data,
        "learning curve": [[step, round(value, 4)] for step, value in history.metric],
        "seconds": round(history.seconds),
        "device": f"{device.type}, {torch.get_num_threads()} threads, {platform.machine()}",
        "torch": torch.__version__,
    }
    zoo.save(name, net, card)
    scores = recipe.score(zoo.load(name), TEST, 100)  # of the weights as they are on disk
    return zoo.save(name, net, {**card, "scores": {key: round(value, 4) for key, value in scores.items()}})
