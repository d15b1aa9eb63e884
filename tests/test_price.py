"""The price of an answer: counts against counts by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from helpers.price import Price, multiplications, peak_bytes, prices

pytestmark = pytest.mark.lesson4
IMAGE = torch.rand(1, 3, 10, 10)
ONE = 4 * IMAGE.numel()
"""Bytes of a tensor as large as the picture."""


def one_by_one(x: Tensor) -> Tensor:
    for _ in range(5):
        x = x + 1  # the new one and the one before it
    return x


def held(x: Tensor) -> list[Tensor]:
    return [x + number for number in range(4)]


def views(x: Tensor) -> tuple[Tensor, ...]:
    y = x + 1
    return y.flatten(), y[0], y.transpose(1, 2), y.unbind(2), y.detach(), y.view(-1).reshape(3, 100)


def in_place(x: Tensor) -> Tensor:
    y = x + 1
    y += 1
    y.relu_().mul_(2)
    y[0, 0] = 3
    return torch.add(y, 1, out=y)


def freed(x: Tensor) -> Tensor:
    big = torch.cat([x] * 4)
    y = x + 1
    del big
    return y + torch.cat([x] * 2)  # a peak of 4 + 1 before, of 1 + 2 + 2 now


def freed_before(x: Tensor) -> Tensor:
    y = torch.cat([x] * 3)
    del y
    return torch.cat([x] * 2)


def made_where_another_was(x: Tensor) -> Tensor:
    y = x + 1
    del y
    return torch.stack([x + 1, x + 2])  # two and their stack


def kept_by_a_view(x: Tensor) -> Tensor:
    corner = torch.cat([x] * 4)[0, 0, 0, :1]  # holds all four
    return torch.cat([x] * 2) + corner.reshape(1)


def several_at_once(x: Tensor) -> Tensor:
    values, places = x.sort()  # as many places, int64
    return values


@pytest.mark.parametrize(
    ("ask", "count"),
    [
        (lambda x: x, 0),
        (lambda x: x.flatten(), 0),
        (lambda x: x + 1, 1),
        (lambda x: (x + 1, x + 1), 2),
        (lambda x: {"a": x + 1, "b": [x, x + 2]}, 2),
        (one_by_one, 2),
        (held, 4),
        (views, 1),
        (in_place, 1),
        (freed, 5),
        (freed_before, 3),
        (made_where_another_was, 4),
        (kept_by_a_view, 8),
        (several_at_once, 3),
        (lambda x: x.double(), 2),
        (lambda x: x.new_zeros(x.shape[:2] + (10, 20)), 2),
    ],
)
def test_the_peak_is_the_one_known_by_hand(ask: Callable[[Tensor], object], count: int) -> None:
    assert peak_bytes(ask, IMAGE) == count * ONE
    assert peak_bytes(ask, IMAGE) == count * ONE, "another call changes nothing"


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from(("make", "drop", "view", "change")), st.integers(0, 99)), max_size=20))
def test_the_peak_is_that_of_a_ledger(acts: list[tuple[str, int]]) -> None:
    """Tensors are made, seen, changed and dropped in any order; memory is held as long as a view of it."""
    peak = 0

    def ask(x: Tensor) -> None:
        nonlocal peak
        alive: list[tuple[int, int, Tensor]] = []  # whose memory, its bytes, the tensor
        for turn, (act, number) in enumerate(acts):
            at = number % len(alive) if alive else None
            if act == "make":
                alive.append((turn, 4 * (number + 1), x.new_zeros(number + 1)))
            elif at is not None and act == "drop":
                del alive[at]
            elif at is not None and act == "view":
                memory, size, tensor = alive[at]
                alive.append((memory, size, tensor[:1]))
                del memory, size, tensor
            elif at is not None:
                alive[at][2].add_(1)
            peak = max(peak, sum({memory: size for memory, size, _ in alive}.values()))

    assert peak_bytes(ask, IMAGE) == peak


def test_weights_and_picture_are_not_counted() -> None:
    layer = nn.Conv2d(3, 5, 3)
    with torch.no_grad():
        assert peak_bytes(layer, IMAGE) == 4 * 5 * 8 * 8
        assert peak_bytes(lambda x: layer(x).flatten(1).T, IMAGE) == 4 * 5 * 8 * 8


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 3), st.integers(3, 9), st.integers(1, 2), st.integers(1, 3))
def test_multiplications_of_a_convolution(ins: int, outs: int, kernel: int, size: int, stride: int, batch: int) -> None:
    layer = nn.Conv2d(ins, outs, kernel, stride)
    image = torch.rand(batch, ins, size, size)
    count = 0
    for _ in range(batch * outs * len(range(0, size - kernel + 1, stride)) ** 2):
        count += ins * kernel * kernel
    assert multiplications(layer, image) == count


def test_multiplications_of_a_product() -> None:
    assert multiplications(lambda x: x[0, 0, :, :4] @ x[0, 0, :4], IMAGE) == 10 * 4 * 10
    assert multiplications(lambda x: x + 1, IMAGE) == 0


class Net(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.layer = nn.Conv2d(3, width, 1)
        self.calls, self.graph = 0, False

    def semantic(self, image: Tensor) -> Tensor:
        self.calls += 1
        scores = self.layer(image)
        self.graph |= scores.requires_grad
        return scores.argmax(1)

    def instances(self, image: Tensor) -> list[Tensor]:
        return [self.layer(image), self.layer(image)]


def test_each_network_is_asked_its_own_question() -> None:
    nets = {"small": Net(2), "large": Net(6), "list": Net(2)}
    asked = {"list": "instances", "small": "semantic", "large": "semantic"}
    found = prices(nets, asked, IMAGE, rounds=4)
    assert list(found) == ["small", "large", "list"]
    assert [price.weights for price in found.values()] == [2 * 4, 6 * 4, 2 * 4]
    assert [price.multiplications for price in found.values()] == [100 * 3 * 2, 100 * 3 * 6, 2 * 100 * 3 * 2]
    assert [price.memory for price in found.values()] == [400 * 2 + 800, 400 * 6 + 800, 2 * 400 * 2]
    assert all(0 < price.time < 1 for price in found.values())
    assert nets["small"].calls == 4 + 2 and not nets["small"].graph
    assert found["large"].over(found["small"], "multiplications", at_least=1).value == 3
    assert found["large"].over(found["small"], "memory", at_least=1).value == 3200 / 1600


def test_the_time_is_that_of_the_quickest_round(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0, 5, 10, 11, 20, 22, 30, 33])  # small: 5 and 2 seconds, large: 1 and 3
    monkeypatch.setattr("helpers.price.perf_counter", lambda: next(clock))
    found = prices({"a": Net(1), "b": Net(1)}, {"a": "semantic", "b": "semantic"}, IMAGE, rounds=2)
    assert (found["a"].time, found["b"].time) == (2, 1)


@pytest.mark.parametrize(("what", "times"), [("weights", 3), ("multiplications", 5), ("memory", 7), ("time", 11)])
def test_over_divides_and_bounds(what: str, times: float) -> None:
    found = Price(6, 10, 14, 22.0).over(Price(2, 2, 2, 2.0), what, between=(times - 0.5, times + 0.5), unit="times")
    assert found.value == times and found.holds and found.unit == "times"
    assert not Price(6, 10, 14, 22.0).over(Price(2, 2, 2, 2.0), what, at_most=times - 1).holds


def test_other_names_are_named() -> None:
    with pytest.raises(ValueError, match="question: expected one for each of a, b, got a"):
        prices({"a": Net(1), "b": Net(1)}, {"a": "semantic"}, IMAGE)
