"""How well the semantic networks do after the same training, and how long a CRF takes.

All train on the 1,500 streets of lesson 3 with its loss, and are scored on the first 100 test streets.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from time import perf_counter

import torch
import torchvision.models.segmentation as torchvision_models
from torch import Tensor, nn

from helpers.categories import STREET
from helpers.evaluation import evaluate
from helpers.losses import category_weights, semantic_loss
from helpers.models import zoo
from helpers.models.crf import dense_crf
from helpers.models.fcn import FCN
from helpers.models.network import SemanticNetwork
from helpers.models.unet import UNet
from helpers.scenes.dataset import TEST, batches, stack, streets
from helpers.scenes.scene import Scene
from helpers.scenes.street import street
from helpers.show import TrainingBar
from helpers.training import fit

NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "FCN-32s": lambda: FCN(STREET, stride=32),
    "FCN-16s": lambda: FCN(STREET, stride=16),
    "FCN-8s": lambda: FCN(STREET, stride=8),
    "U-Net": lambda: UNet(STREET),
    "lraspp_mobilenet_v3_large": lambda: _Logits(
        torchvision_models.lraspp_mobilenet_v3_large(weights=None, weights_backbone=None, num_classes=len(STREET))
    ),
    "fcn_resnet50": lambda: _Logits(
        torchvision_models.fcn_resnet50(weights=None, weights_backbone=None, num_classes=len(STREET))
    ),
}


class _Logits(SemanticNetwork):
    """torchvision's networks give a dictionary."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__(STREET)
        self.net = net

    def forward(self, image: Tensor) -> Tensor:
        return self.net(image)["out"]


@cache
def data() -> tuple[tuple[Tensor, Tensor], list[Scene]]:
    """The streets to train on and those to score on."""
    return stack(streets(1500)), streets(100, start=TEST)


def score(net: nn.Module) -> float:
    """Mean IoU on the test streets."""
    return evaluate(net, data()[1], draws=0)["mIoU"].value


def train(name: str, steps: int) -> tuple[float, float]:
    """A network from random weights, trained for so many steps of 8: its mean IoU and the seconds that it took."""
    images, maps = data()[0]
    weights = category_weights(maps, len(STREET))
    torch.manual_seed(0)
    net = NETWORKS[name]()
    history = fit(
        net,
        batches(images, maps),
        partial(semantic_loss, weights=weights),
        steps,
        watch=[TrainingBar(name)],
    )
    return score(net), history.seconds


def train_for(name: str, seconds: float) -> tuple[float, int]:
    """The same for so many seconds: its mean IoU, and the steps for which there was time."""
    _, slow = train(name, 2)  # the first steps of a process take longer
    _, took = train(name, 6)
    steps = max(6, round(seconds / (min(slow / 2, took / 6))))
    return train(name, steps)[0], steps


def shipped() -> float:
    return score(zoo.load("unet"))


def crf_seconds(tries: int = 20) -> float:
    """The shortest of several runs over a street, with 8 categories and 5 iterations."""
    scene, times = street(TEST), []
    with torch.no_grad():
        logits = zoo.load("fcn8")(scene.image[None])[0]
    for _ in range(tries):
        start = perf_counter()
        dense_crf(logits, scene.image, iterations=5)
        times.append(perf_counter() - start)
    return min(times)
