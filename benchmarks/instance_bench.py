"""How well the instance networks do, and how long they take, beside the U-Net and torchvision's Mask R-CNN."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from time import perf_counter

import torch
from torch import Tensor, nn
from torchvision.models.detection import maskrcnn_resnet50_fpn

from helpers.categories import STREET
from helpers.evaluation import evaluate
from helpers.labels import Instances
from helpers.losses import mask_rcnn_loss
from helpers.models import zoo
from helpers.models.mask_rcnn import MaskRCNN
from helpers.models.network import Network
from helpers.recipes import trained_trunk
from helpers.scenes.dataset import TEST, Drawn, batches, stack_things, streets
from helpers.scenes.street import street
from helpers.show import TrainingBar
from helpers.training import fit

BATCH = 4  # as lesson 4 trains


def scores(net: nn.Module, count: int = 100) -> dict[str, float]:
    """Every score, on the first test streets."""
    return {name: score.value for name, score in evaluate(net, Drawn(street, count, TEST), draws=0).items()}


@cache
def shipped(name: str) -> dict[str, float]:
    """The scores of a network of the zoo, on 100 test streets."""
    return scores(zoo.load(name))


class Torchvision(Network):
    """`maskrcnn_resnet50_fpn` from random weights, with the course's category ids and torchvision's pasting."""

    def __init__(self) -> None:
        super().__init__(STREET)
        self.things = [thing.id for thing in STREET.things]
        classes = len(self.things) + 1
        # Its own sizes would enlarge a street to 800 pixels, and a step would take half a minute.
        self.net = maskrcnn_resnet50_fpn(None, num_classes=classes, weights_backbone=None, min_size=96, max_size=128)

    @torch.no_grad()
    def instances(self, image: Tensor) -> list[Instances]:
        self.ready(image)
        ids = torch.tensor([0, *self.things])
        return [
            {"masks": it["masks"][:, 0] > 0.5, "labels": ids[it["labels"]], "scores": it["scores"]}
            for it in self.net(list(image))
        ]


def from_trunk() -> nn.Module:
    net = MaskRCNN(STREET, zoo.WIDE)
    trained_trunk(net)
    return net


def train_for(make: Callable[[], nn.Module], seconds: float, title: str) -> tuple[dict[str, float], int]:
    """A network trained for so many seconds on 600 streets: its average precision, and the steps taken."""
    data = stack_things(streets(600))

    def run(steps: int) -> tuple[nn.Module, float]:
        torch.manual_seed(0)
        net = make()
        history = fit(net, batches(*data, size=BATCH), mask_rcnn_loss, steps, 6e-3, watch=[TrainingBar(title)])
        return net, history.seconds

    _, slow = run(1)  # the first steps of a process take longer
    took = run(3)[1] / 3 if slow < seconds else slow
    steps = max(3, round(seconds / took))
    net, _ = run(steps)
    count = 20 if isinstance(net, Torchvision) else 100  # torchvision's takes seconds a picture
    return scores(net, count), steps


def inference_ms(rounds: int = 30) -> dict[str, float]:
    """Milliseconds for one street, in turns, the best of several."""
    image = streets(1, start=TEST)[0].image[None]
    unet, boxes, free = (zoo.load(name) for name in ("unet", "mask_rcnn", "panoptic_deeplab"))
    ask = {
        "U-Net": lambda: unet(image).argmax(1),
        "Mask R-CNN": lambda: boxes.instances(image),
        "box-free": lambda: free.instances(image),
    }
    best = dict.fromkeys(ask, float("inf"))
    with torch.no_grad():
        for _ in range(rounds):
            for name, question in ask.items():
                start = perf_counter()
                question()
                best[name] = min(best[name], 1000 * (perf_counter() - start))
    return best
