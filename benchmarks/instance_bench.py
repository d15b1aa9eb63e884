"""How well the instance networks do, and how long they take, beside the U-Net and torchvision's Mask R-CNN."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from time import perf_counter

import torch
from torch import nn
from torchvision.models.detection import maskrcnn_resnet50_fpn

from helpers.categories import STREET
from helpers.models import zoo
from helpers.models.mask_rcnn import MaskRCNN
from helpers.recipes import instance_scores, mask_rcnn_loss, trained_trunk
from helpers.scenes.dataset import TEST, batches, stack_things, streets
from helpers.training import fit

BATCH = 4  # as lesson 4 trains


@cache
def shipped(name: str) -> dict[str, float]:
    """Average precision of a network of the zoo, on 100 test streets."""
    return instance_scores(zoo.load(name), TEST, 100)


class Torchvision(MaskRCNN):
    """`maskrcnn_resnet50_fpn` from random weights, with the course's category ids."""

    def __init__(self) -> None:
        super().__init__(STREET)
        classes = len(self.things) + 1
        # Its own sizes would enlarge a street to 800 pixels, and a step would take half a minute.
        self.net = maskrcnn_resnet50_fpn(None, num_classes=classes, weights_backbone=None, min_size=96, max_size=128)


def from_trunk() -> nn.Module:
    net = MaskRCNN(STREET, zoo.WIDE)
    trained_trunk(net)
    return net


def train_for(make: Callable[[], nn.Module], seconds: float, title: str) -> tuple[dict[str, float], int]:
    """A network trained for so many seconds on 600 streets: its average precision, and the steps taken."""
    data = stack_things(streets(600))
    loss = mask_rcnn_loss()

    def run(steps: int) -> tuple[nn.Module, float]:
        torch.manual_seed(0)
        net = make()
        history = fit(net, batches(*data, size=BATCH), loss, steps, rate=6e-3, title=title)
        return net, history.seconds

    _, slow = run(1)  # the first steps of a process take longer
    took = run(3)[1] / 3 if slow < seconds else slow
    steps = max(3, round(seconds / took))
    net, _ = run(steps)
    count = 20 if isinstance(net, Torchvision) else 100  # torchvision's takes seconds a picture
    return instance_scores(net, TEST, count), steps


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
