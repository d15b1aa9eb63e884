"""What every network of the course reaches, beside the others: `course score`, and the scores on a card."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from torch import nn

from helpers.categories import COINS, STREET, CategorySet
from helpers.evaluation import Score, evaluate
from helpers.models import zoo
from helpers.models.fused import Fused
from helpers.scenes.collages import collage
from helpers.scenes.dataset import TEST, VALIDATION, Draw, Drawn
from helpers.scenes.street import street

VALIDATION_SCENES, TEST_SCENES = 400, 100

WORLDS: dict[CategorySet, Draw] = {STREET: street, COINS: collage}
"""What draws the scenes of a vocabulary."""

NETWORKS: dict[str, Callable[[], nn.Module]] = {
    **{name: partial(zoo.load, name) for name in zoo.MODELS},
    "unet + mask_rcnn": lambda: Fused(zoo.load("unet"), zoo.load("mask_rcnn")).eval(),
}
"""Every network that `course score` knows."""

TABLE = ("mIoU", "AP", "AP50", "AP75", "PQ", "PQ things", "PQ stuff")


def score(name: str, net: nn.Module, test: bool = False) -> dict[str, Score]:
    """What a network reaches on 400 validation scenes of its vocabulary, or on 100 test scenes.

    `name` stands before the progress bar.
    """
    count, start = (TEST_SCENES, TEST) if test else (VALIDATION_SCENES, VALIDATION)
    title = f"{name}, {count} {'test' if test else 'validation'} scenes"
    return evaluate(net, Drawn(WORLDS[net.categories], count, start), title=title)


def score_table(names: Sequence[str], test: bool = False) -> str:
    """A line for each network: each score of `TABLE`, and its interval below; a dash where it has none."""
    lines = [f"{'':20}" + "".join(f"{name:>14}" for name in TABLE)]
    for name in names:
        scores = score(name, NETWORKS[name](), test)
        found = [scores.get(key) for key in TABLE]
        lines.append(f"{name:20}" + "".join(f"{each.value:14.3f}" if each else f"{'–':>14}" for each in found))
        ranges = (f"{each.low:.3f}–{each.high:.3f}" if each else "" for each in found)
        lines.append(f"{'':20}" + "".join(f"{text:>14}" for text in ranges))
    return "\n".join(lines)


def scores_for_card(name: str, net: nn.Module) -> dict[str, dict[str, list[float]]]:
    """Each score as [value, low, high], on validation and test scenes; those that say nothing are left out."""
    return {
        f"{count} {kind} scenes": {
            key: [round(number, 4) for number in value]
            for key, value in score(name, net, kind == "test").items()
            if value.value == value.value  # not nan
        }
        for kind, count in (("validation", VALIDATION_SCENES), ("test", TEST_SCENES))
    }
