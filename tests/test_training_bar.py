"""What is shown of a training: the bar, the picture under it, the learning curve."""

from __future__ import annotations

import re

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from helpers.bar import Bar, progress
from helpers.course.build import execute
from helpers.course.syllabus import ROOT
from helpers.show import TrainingBar, learning_curve
from helpers.training import History, TrainingError, fit

pytestmark = pytest.mark.lesson2


def points() -> object:
    return iter(lambda: (torch.rand(4, 1),), None)


def squared(net: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
    return net(batch[0]).square().mean()


# --- what the bar says ---


def last_word(capsys: pytest.CaptureFixture) -> str:
    return capsys.readouterr().err.split("\r")[-1]


def test_the_bar_says_how_it_went(capsys: pytest.CaptureFixture) -> None:
    fit(nn.Linear(1, 1), points(), squared, 10, metric=("IoU", lambda net: 0.25), watch=[TrainingBar("squares")])
    said = last_word(capsys)
    assert said.startswith("squares: 100%") and "10/10" in said
    assert re.search(r"10 steps, \d+ s  IoU 0\.25\]", said)


@pytest.mark.parametrize(
    ("taken", "words"),
    [(3, "stopped by you after 3 of 10 steps; what was learned is kept"), (0, "after 0 of 10 steps")],
)
def test_the_bar_says_that_it_was_stopped(taken: int, words: str, capsys: pytest.CaptureFixture) -> None:
    def loss(net: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
        if len(seen) == taken:
            raise KeyboardInterrupt
        seen.append(batch)
        return squared(net, batch)

    seen: list = []
    fit(nn.Linear(1, 1), points(), loss, 10, watch=[TrainingBar("squares")])
    said = last_word(capsys)
    assert words in said and ("kept" in said) == (taken > 0)


def test_the_bar_says_that_it_failed(capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(TrainingError):
        fit(nn.Linear(1, 1), points(), lambda net, batch: squared(net, batch) * torch.nan, 10, watch=[TrainingBar("x")])
    assert "failed after 0 of 10 steps" in last_word(capsys)


def test_pictures_are_drawn_on_the_way() -> None:
    drawn = []

    def picture(net: nn.Module) -> np.ndarray:
        weight = next(net.parameters())
        drawn.append(float(weight))
        shade = (weight * torch.ones(4, 6)).abs().clamp(max=1).numpy()  # .numpy() refuses what carries gradients
        return (shade[..., None] * [255, 255, 255]).astype(np.uint8)

    fit(nn.Linear(1, 1), points(), squared, 20, watch=[TrainingBar("squares", picture)])
    assert len(drawn) == 11 and len(set(drawn)) == 11  # before the first step, then ten times


# --- the learning curve ---


@pytest.mark.parametrize(
    "history",
    [
        History(0),
        History(1, loss=[0.7], seconds=0.2),
        History(2, loss=[0.0, 0.0]),
        History(500, loss=[1 / step for step in range(1, 501)], metric=[(50, 0.3), (500, 0.9)], metric_name="mean IoU"),
        History(2, loss=[2.0, 1.0], metric=[(1, float("nan")), (2, 0.4)], metric_name="mean IoU"),
    ],
    ids=["stopped at once", "one step", "all zero", "long", "short"],
)
def test_the_curve_is_drawn(history: History) -> None:
    figure, ax = plt.subplots()
    assert learning_curve(history, ax) is ax
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
    ax = learning_curve(History(2, loss=[2.0, 1.0], seconds=61.4))
    assert ax.get_title() == "Learning curve, 61 s"
    plt.close(ax.figure)


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
    monkeypatch.setattr("IPython.get_ipython", Shell)
    monkeypatch.setattr("IPython.display.display", shown.append)
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
from helpers.show import TrainingBar
from helpers.training import fit
torch.manual_seed(SEED)
net = nn.Linear(1, 1)
points = iter(lambda: (torch.rand(4, 1),), None)
shade = lambda net: (np.abs(np.full((4, 6, 3), net.weight.item())) * 60).astype(np.uint8)
score = ("score", lambda net: abs(net.weight.item()) % 1)
for _ in progress(range(3), "counting"): pass
loss = lambda net, batch: net(batch[0]).square().mean()
fit(net, points, loss, 30, 0.3, score, watch=[TrainingBar("training", shade)])
"""
    cells = [nbformat.v4.new_code_cell(run.replace("SEED", str(seed))) for seed in (1, 2)]
    notebook = execute(nbformat.v4.new_notebook(cells=cells), ROOT / "notebooks")
    first, second = (
        [(output.output_type, output.get("data", {}).get("text/plain", output)) for output in cell.outputs]
        for cell in notebook.cells
    )
    assert first == second
    assert [kind for kind, _ in first] == ["display_data", "display_data", "execute_result"]
    assert first[0][1] == "Bar('counting')"
    assert first[1][1] == "Bar('training')"
    assert first[2][1] == "History(30 steps)"
