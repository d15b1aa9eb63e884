"""The network with two heads, beyond what tests/test_models.py holds: what its layers do to what comes in."""

from __future__ import annotations

import pytest
import torch

from helpers.categories import STREET
from helpers.models.two_heads import TwoHeads

pytestmark = pytest.mark.lesson2


def test_layers_that_say_nothing_pass_on_what_came_in() -> None:
    """A residual layer adds to its input (He et al. 2016): where all it adds is 0, the features stay."""
    torch.manual_seed(0)
    net = TwoHeads(STREET).eval()
    strided, dilated = net.trunk[:2], net.trunk[2:]
    assert len(dilated) == 4
    for layer in dilated:
        torch.nn.init.zeros_(layer.look[1].weight)
    features = strided(torch.rand(2, 3, 32, 48, generator=torch.Generator().manual_seed(0)) - 0.5)
    assert features.std() > 0 and torch.equal(dilated(features), features)


def test_layers_add_and_never_take_away() -> None:
    torch.manual_seed(0)
    net = TwoHeads(STREET).eval()
    x = torch.randn(2, 48, 8, 12, generator=torch.Generator().manual_seed(0))
    for layer in net.trunk[2:]:
        assert (layer(x) >= x).all() and (layer(x) > x).any(), "what is added went through a ReLU"
