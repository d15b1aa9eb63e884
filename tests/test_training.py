"""The training loop, its loss, its bar and its batches: it learns, stops in good order, and says what went wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from helpers import bar as bars
from helpers.bar import Bar, progress
from helpers.categories import VOID
from helpers.course.build import execute
from helpers.course.syllabus import ROOT
from helpers.scenes.dataset import TEST, VALIDATION, batches, fresh_scenes, stack, streets
from helpers.scenes.street import street
from helpers.training import History, TrainingError, best_device, category_weights, fit, semantic_loss

pytestmark = pytest.mark.lesson2


def line() -> Iterator[tuple[Tensor, Tensor]]:
    """Points of y = 2x + 1, without end."""
    generator = torch.Generator().manual_seed(0)
    while True:
        x = torch.rand(16, 1, generator=generator)
        yield x, 2 * x + 1


def distance(net: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
    x, y = batch
    return (net(x) - y).square().mean()


def small_net(seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(1, 1), nn.Dropout(0.0))


def copied(net: nn.Module) -> list[Tensor]:
    return [parameter.detach().clone() for parameter in net.parameters()]


def same(one: list[Tensor], other: list[Tensor]) -> bool:
    return all(torch.equal(*pair) for pair in zip(one, other, strict=True))


# --- fit ---


def test_it_learns_a_line() -> None:
    net = small_net()
    history = fit(net, line(), distance, 200, rate=0.3)
    assert len(history.loss) == 200 and not history.stopped and history.seconds > 0
    assert np.mean(history.loss[-5:]) < np.mean(history.loss[:5]) / 50
    assert [round(float(parameter), 1) for parameter in copied(net)] == [2.0, 1.0]
    assert not net.training
    assert repr(history) == "History(200 steps)"


def test_the_same_seed_gives_the_same_weights() -> None:
    nets = [small_net(seed) for seed in (0, 0, 1)]
    histories = [fit(net, line(), distance, 5) for net in nets]
    assert histories[0].loss == histories[1].loss != histories[2].loss
    assert same(copied(nets[0]), copied(nets[1])) and not same(copied(nets[0]), copied(nets[2]))


@pytest.mark.parametrize(
    ("steps", "measured"),
    [
        (100, [10, 20, 30, 40, 50, 60, 70, 80, 90, 100]),
        (25, [2, 5, 8, 10, 12, 15, 18, 20, 22, 25]),
        (3, [1, 2, 3]),
        (1, [1]),
    ],
)
def test_the_metric_is_measured_ten_times(steps: int, measured: list[int]) -> None:
    taken, calls = 0, []

    def loss(net: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
        nonlocal taken
        taken += 1
        assert net.training and torch.is_grad_enabled()
        return distance(net, batch)

    def metric(net: nn.Module) -> float:
        assert not net.training and not torch.is_grad_enabled()
        calls.append(taken)
        return taken / 100

    history = fit(small_net(), line(), loss, steps, metric=("score", metric))
    assert calls == measured
    assert history.metric == [(step, step / 100) for step in measured] and history.metric_name == "score"


@pytest.mark.parametrize("where", ["batches", "loss", "metric"])
def test_an_interrupt_keeps_what_was_learned(where: str, capsys: pytest.CaptureFixture) -> None:
    net, seen = small_net(), []

    def press_stop(place: str) -> None:
        if place == where and len(seen) == 3:
            raise KeyboardInterrupt

    def until_stopped() -> Iterator[tuple[Tensor, ...]]:
        for batch in line():
            press_stop("batches")
            yield batch

    def loss(net: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
        press_stop("loss")
        seen.append(copied(net))
        return distance(net, batch)

    def metric(net: nn.Module) -> float:
        press_stop("metric")
        return 0.5

    before = copied(net)
    history = fit(net, until_stopped(), loss, 10, metric=("score", metric), title="stopping")
    assert history.stopped and len(history.loss) == len(seen) == 3
    assert len(history.metric) == (2 if where == "metric" else 3)
    assert not net.training
    assert not same(copied(net), before) and not same(copied(net), seen[-1])  # three steps were taken, and kept
    said = capsys.readouterr().err
    assert "stopped by you after 3 of 10 steps; what was learned is kept" in said
    assert repr(history) == "History(3 steps, stopped early)"


@pytest.mark.parametrize("value", ["nan", "inf"])
def test_a_loss_that_is_no_number_is_said_with_a_remedy(value: str, capsys: pytest.CaptureFixture) -> None:
    net, seen = small_net(), []

    def loss(net: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
        seen.append(copied(net))
        return distance(net, batch) * (float(value) if len(seen) == 4 else 1)

    words = f"lines: the loss is {value} at step 4; try a rate below 0.5"
    with pytest.raises(TrainingError, match=re.escape(words)):
        fit(net, line(), loss, 10, rate=0.5, title="lines")
    assert same(copied(net), seen[-1]), "the step along a loss that is no number was taken"
    assert all(weights.isfinite().all() for weights in copied(net)) and not net.training
    assert "failed after 3 of 10 steps" in capsys.readouterr().err


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match="steps: expected at least 1, got 0"):
        fit(small_net(), line(), distance, 0)
    two = iter([next(line()), next(line())])
    with pytest.raises(ValueError, match="batches: expected no end, got 2 for 5 steps"):
        fit(small_net(), two, distance, 5)


def test_the_rate_rises_and_falls(monkeypatch: pytest.MonkeyPatch) -> None:
    rates = []
    step = torch.optim.AdamW.step

    def noted(self: torch.optim.AdamW, *args: object) -> None:
        rates.append(self.param_groups[0]["lr"])
        step(self, *args)

    monkeypatch.setattr(torch.optim.AdamW, "step", noted)
    fit(small_net(), line(), distance, 100, rate=0.1)
    assert len(rates) == 100
    assert max(rates) == pytest.approx(0.1) and np.argmax(rates) == 14  # 15 % of the steps
    assert rates[0] < 0.01 and rates[-1] < 0.001


def test_mixed_precision_multiplies_in_half_and_keeps_whole_weights() -> None:
    net, seen = small_net(), []

    def loss(net: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
        seen.append(net(batch[0]).dtype)
        return distance(net, batch)

    history = fit(net, line(), loss, 100, rate=0.3, mixed=True)
    assert set(seen) == {torch.bfloat16} and net[0].weight.dtype == torch.float32
    assert np.mean(history.loss[-5:]) < np.mean(history.loss[:5]) / 10
    fit(net, line(), loss, 1)
    assert seen[-1] == torch.float32


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"),
    [(True, True, "cuda"), (True, False, "cuda"), (False, True, "mps"), (False, False, "cpu")],
)
def test_the_quickest_device_is_chosen(cuda: bool, mps: bool, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert best_device() == torch.device(expected)


def test_pictures_are_drawn_on_the_way() -> None:
    drawn = []

    def picture(net: nn.Module) -> np.ndarray:
        weight = next(net.parameters())
        drawn.append(float(weight))
        shade = (weight * torch.ones(4, 6)).abs().clamp(max=1).numpy()  # .numpy() refuses what carries gradients
        return (shade[..., None] * [255, 255, 255]).astype(np.uint8)

    fit(small_net(), line(), distance, 20, picture=picture)
    assert len(drawn) == 11 and len(set(drawn)) == 11  # before the first step, then ten times


# --- the learning curve ---


@pytest.mark.parametrize(
    "history",
    [
        History(),
        History(loss=[0.7], seconds=0.2),
        History(loss=[0.0, 0.0]),
        History(loss=[1 / step for step in range(1, 501)], metric=[(50, 0.3), (500, 0.9)], metric_name="mean IoU"),
        History(loss=[2.0, 1.0], metric=[(1, float("nan")), (2, 0.4)], metric_name="mean IoU"),
    ],
    ids=["stopped at once", "one step", "all zero", "long", "short"],
)
def test_the_curve_is_drawn(history: History) -> None:
    figure, ax = plt.subplots()
    assert history.plot(ax) is ax
    figure.canvas.draw()
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("step", "loss")
    if history.loss:
        raw, smooth = (curve.get_xydata() for curve in ax.lines)
        assert raw.tolist() == [[step, value] for step, value in enumerate(history.loss, 1)]
        assert smooth[-1, 0] == len(history.loss)  # the mean up to here, not of what is to come
        width = max(1, len(history.loss) // 40)
        assert smooth[0, 1] == pytest.approx(np.mean(history.loss[:width]))
        assert ax.get_ylim()[0] == 0 < ax.get_ylim()[1]
    assert len(figure.axes) == (2 if history.metric else 1)
    if history.metric:
        right = figure.axes[1]
        assert right.get_ylabel() == "mean IoU" and right.get_ylim() == (0, 1)
        np.testing.assert_equal(right.lines[0].get_xydata(), np.array(history.metric, float))
    plt.close(figure)


def test_the_curve_makes_a_figure_of_its_own() -> None:
    ax = History(loss=[2.0, 1.0], seconds=61.4).plot()
    assert ax.get_title() == "Learning curve, 61 s"
    plt.close(ax.figure)


# --- the loss ---


def slow_loss(logits: Tensor, semantic: Tensor, weights: Tensor) -> float:
    """Cross-entropy plus Dice, pixel by pixel."""
    logits, semantic = logits.double().movedim(1, -1).flatten(0, 2), semantic.flatten()
    categories = logits.shape[1]
    total = counted = 0.0
    both, guess, truth = [0.0] * categories, [0.0] * categories, [0.0] * categories
    for scores, label in zip(logits, semantic.tolist(), strict=True):
        if label == VOID:
            continue
        probability = (scores.exp() / scores.exp().sum()).tolist()
        total -= float(weights[label]) * np.log(probability[label])
        counted += float(weights[label])
        truth[label] += 1
        both[label] += probability[label]
        guess = [one + more for one, more in zip(guess, probability, strict=True)]
    dice = [(2 * b + 1) / (g + t + 1) for b, g, t in zip(both, guess, truth, strict=True)]
    return total / counted + 1 - sum(dice) / categories


def labelled(void: float = 0.3) -> tuple[Tensor, Tensor]:
    """Logits `[2, 4, 5, 6]` and a semantic map; category 3 is in no pixel."""
    generator = torch.Generator().manual_seed(0)
    semantic = torch.randint(0, 3, (2, 5, 6), generator=generator)
    semantic[torch.rand(2, 5, 6, generator=generator) < void] = VOID
    return torch.randn(2, 4, 5, 6, generator=generator), semantic


@pytest.mark.parametrize("void", [0.0, 0.3])
def test_the_loss_against_a_slow_reference(void: float) -> None:
    logits, semantic = labelled(void)
    weights = torch.tensor([0.5, 1.0, 3.0, 7.0])
    assert float(semantic_loss(logits, semantic)) == pytest.approx(slow_loss(logits, semantic, torch.ones(4)), rel=1e-5)
    assert float(semantic_loss(logits, semantic, weights)) == pytest.approx(
        slow_loss(logits, semantic, weights), rel=1e-5
    )


def test_void_counts_in_neither_part() -> None:
    logits, semantic = labelled()
    void = semantic == VOID
    other = torch.where(void[:, None], logits + 10 * torch.randn(logits.shape), logits).requires_grad_()
    assert semantic_loss(other, semantic) == semantic_loss(logits, semantic)
    semantic_loss(other, semantic).backward()
    moved = other.grad.abs().sum(1) > 0
    assert torch.equal(moved, ~void)


@pytest.mark.parametrize("weights", [None, torch.tensor([0.5, 1.0, 3.0, 7.0])])
def test_a_map_without_labels_teaches_nothing(weights: Tensor | None) -> None:
    logits, semantic = labelled(void=1.1)
    assert (semantic == VOID).all()
    logits.requires_grad_()
    value = semantic_loss(logits, semantic, weights)
    value.backward()
    assert value.item() == 0 and torch.equal(logits.grad, torch.zeros_like(logits))


def test_logits_that_are_no_numbers_give_a_loss_that_is_none() -> None:
    for void in (0.3, 1.1):
        logits, semantic = labelled(void)
        assert not semantic_loss(logits * float("nan"), semantic).isfinite()


def test_a_perfect_answer_costs_nothing_and_a_wrong_one_much() -> None:
    _, semantic = labelled()
    perfect = 50 * nn.functional.one_hot(semantic.clamp(max=3), 4).movedim(-1, 1).float()
    assert 0 <= float(semantic_loss(perfect, semantic)) < 1e-5
    assert float(semantic_loss(-perfect, semantic)) > 10


def test_rare_categories_weigh_more_but_modestly() -> None:
    semantic = torch.tensor([[[0] * 16 + [1] * 4 + [VOID] * 7]])
    weights = category_weights(semantic, 3)
    assert weights[1] / weights[0] == pytest.approx(2)  # four times as rare, twice the weight
    assert (16 * weights[0] + 4 * weights[1]) / 20 == pytest.approx(1)
    assert weights[2] == 0


def test_every_category_has_one_vote_in_the_second_part() -> None:
    """One pixel of another category is a hundredth of the cross-entropy, but half of the categories of Dice."""
    semantic = torch.zeros(1, 10, 10, dtype=torch.int64)
    semantic[0, 0, 0] = 1
    all_zero = torch.zeros(1, 2, 10, 10)
    all_zero[:, 0] = 4
    cross_entropy = nn.functional.cross_entropy(all_zero, semantic)
    dice = float(semantic_loss(all_zero, semantic) - cross_entropy)
    assert float(cross_entropy) < 0.06 and 0.25 < dice < 0.5


# --- batches ---


def test_batches_are_mirrored_whole_and_labels_stay() -> None:
    images = torch.arange(5 * 3 * 2 * 4).view(5, 3, 2, 4)
    maps, labels = images[:, 0], torch.arange(10).view(5, 2)
    endless = batches(images, maps, labels, size=3)
    mirrored = []
    for _ in range(40):
        image, semantic, label = next(endless)
        assert image.shape == (3, 3, 2, 4) and semantic.shape == (3, 2, 4) and label.shape == (3, 2)
        assert torch.equal(image[:, 0], semantic)
        chosen = label[:, 0] // 2
        assert torch.equal(label, labels[chosen])
        mirrored.append(torch.equal(semantic, maps[chosen].flip(-1)))
        assert mirrored[-1] or torch.equal(semantic, maps[chosen])
    assert 10 < sum(mirrored) < 30


def test_batches_follow_their_seed_and_reach_every_scene() -> None:
    numbers = torch.arange(6)
    one, again, other = (batches(numbers, size=4, seed=seed) for seed in (0, 0, 1))
    drawn = [[next(source)[0].tolist() for _ in range(12)] for source in (one, again, other)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert set(sum(drawn[0], [])) == set(range(6))


@pytest.mark.parametrize("lengths", [(4, 5), (0, 0), ()])
def test_batches_of_unequal_lengths_are_refused_at_once(lengths: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=re.escape(f"tensors: expected equal lengths from 1, got {list(lengths)}")):
        batches(*(torch.zeros(length) for length in lengths))


def test_fresh_streets_never_come_twice() -> None:
    batches = fresh_scenes(3)
    for first in (0, 3):
        image, semantic = next(batches)
        for place in range(3):
            scene = street(first + place)
            assert torch.equal(image[place], scene.image) and torch.equal(semantic[place], scene.semantic)
    batches.close()


def test_streets_are_drawn_from_their_seeds() -> None:
    scenes = streets(2, start=VALIDATION, size=(64, 80))
    images, maps = stack(scenes)
    assert images.shape == (2, 3, 64, 80) and maps.shape == (2, 64, 80) and maps.dtype == torch.int64
    assert torch.equal(images[1], street(VALIDATION + 1, (64, 80)).image)
    assert (VALIDATION, TEST) == (1_000_000, 2_000_000)


# --- the bar ---


def test_in_a_terminal_the_bar_is_a_line(capsys: pytest.CaptureFixture) -> None:
    bar = Bar(4, "drawing", picture=b"ignored")
    bar.move(4, "loss 0.50")
    bar.close("4 steps, 1 s")
    said = capsys.readouterr()
    assert said.out == ""
    last = said.err.split("\r")[-1]
    assert last.startswith("drawing: 100%") and "4/4" in last and "4 steps, 1 s" in last


def test_progress_hands_everything_on(capsys: pytest.CaptureFixture) -> None:
    assert list(progress((letter for letter in "abc"), "reading")) == ["a", "b", "c"]
    said = capsys.readouterr().err
    assert "reading: 100%" in said and re.search(r"3 in \d+\.\d s", said)
    assert list(progress([], "nothing")) == []


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> list:
    """As in a notebook; holds what was displayed."""

    class Shell:
        kernel = True

    shown: list = []
    monkeypatch.setattr(bars, "get_ipython", Shell)
    monkeypatch.setattr(bars, "display", shown.append)
    return shown


def test_in_a_notebook_the_bar_is_a_widget(kernel: list, capsys: pytest.CaptureFixture) -> None:
    bar = Bar(200, "training", picture=b"first")
    (box,) = kernel
    assert box.children == (box.children[0], bar.picture)
    assert box.children[0].children[0].value == "training"
    assert (bar.bar.value, bar.bar.max, bar.note.value) == (0, 200, "")
    bar.move(1, "loss 2.00")
    assert bar.bar.value == 0, "drawn more than ten times a second"
    bar.move(2, "loss 1.00", picture=b"second")
    assert (bar.bar.value, bar.note.value, bar.picture.value) == (2, "2 of 200  loss 1.00", b"second")
    bar.move(200, "loss 0.10")
    assert (bar.bar.value, bar.picture.value) == (200, b"second")
    bar.close("200 steps, 3 s")
    assert bar.note.value == "200 steps, 3 s"
    assert capsys.readouterr().err == ""


def test_what_a_notebook_stores_is_the_same_on_every_run(tmp_path) -> None:
    """Two trainings that learn different things leave the same text, and no line on stderr."""
    run = """
import torch, numpy as np
from torch import nn
from helpers.bar import progress
from helpers.training import fit
torch.manual_seed(SEED)
net = nn.Linear(1, 1)
points = iter(lambda: (torch.rand(4, 1),), None)
shade = lambda net: (np.abs(np.full((4, 6, 3), net.weight.item())) * 60).astype(np.uint8)
score = ("score", lambda net: abs(net.weight.item()) % 1)
for _ in progress(range(3), "counting"): pass
fit(net, points, lambda net, batch: net(batch[0]).square().mean(), 30, rate=0.3, metric=score, picture=shade)
"""
    cells = [nbformat.v4.new_code_cell(run.replace("SEED", str(seed))) for seed in (1, 2)]
    notebook = execute(nbformat.v4.new_notebook(cells=cells), ROOT / "notebooks")
    first, second = (
        [(output.output_type, output.get("data", {}).get("text/plain", output)) for output in cell.outputs]
        for cell in notebook.cells
    )
    assert first == second
    assert [kind for kind, _ in first] == ["display_data", "display_data", "execute_result"]
    assert first[0][1].startswith("HBox(children=(Label(value='counting'), IntProgress(value=0")
    assert first[1][1].startswith("VBox(children=(HBox(children=(Label(value='training'), IntProgress(value=0")
    assert first[2][1] == "History(30 steps)"
