"""`course train` and `course score`: what is written is what was learned and scored, and nothing is lost on the way."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from helpers import cli, recipes, scoreboard
from helpers.categories import STREET
from helpers.evaluation import evaluate
from helpers.losses import semantic_loss
from helpers.models import zoo
from helpers.models.unet import UNet
from helpers.recipes import RECIPES, Recipe
from helpers.scenes.dataset import TEST, VALIDATION, Drawn, batches, stack, streets
from helpers.scenes.street import street
from helpers.scoreboard import NETWORKS, TABLE
from helpers.training import best_device

pytestmark = [pytest.mark.lesson3, pytest.mark.lesson4]


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[Path, bytes]:
    """A recipe of three steps on two streets for a network called "small", and what is shipped of it."""
    monkeypatch.setattr(zoo, "WEIGHTS", tmp_path)
    monkeypatch.setattr(scoreboard, "VALIDATION_SCENES", 3)
    monkeypatch.setattr(scoreboard, "TEST_SCENES", 2)
    monkeypatch.setitem(zoo.MODELS, "small", lambda: UNet(STREET, channels=(4, 6, 8)))
    monkeypatch.setitem(NETWORKS, "small", lambda: zoo.load("small"))
    recipe = Recipe("three steps", 3, lambda: batches(*stack(streets(2)), size=2), lambda: semantic_loss, "mIoU")
    monkeypatch.setitem(RECIPES, "small", recipe)
    zoo.save("small", b"shipped", {"recipe": "long ago"})
    return files(tmp_path)


def files(folder: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in folder.iterdir()}


def change(monkeypatch: pytest.MonkeyPatch, **changed: object) -> None:
    monkeypatch.setitem(RECIPES, "small", replace(RECIPES["small"], **changed))


def stopped_after(steps: int) -> Callable[[], Callable]:
    """A loss that is interrupted in the step after so many."""

    def make_loss() -> Callable:
        taken = iter(range(steps))

        def loss(net: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
            if next(taken, None) is None:
                raise KeyboardInterrupt
            return semantic_loss(net, batch)

        return loss

    return make_loss


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


# --- course train ---


def test_what_is_written_is_what_was_scored(shipped: dict, capsys: pytest.CaptureFixture) -> None:
    assert cli.main(["train", "small"]) == 0
    card = zoo.read_card("small")
    assert card["steps"] == 3 and card["device"].startswith(best_device().type)
    assert [step for step, _ in card["learning curve"]] == [1, 2, 3]
    assert list(card["scores"]) == ["3 validation scenes", "2 test scenes"]
    for three, (count, start) in zip(card["scores"].values(), [(3, VALIDATION), (2, TEST)], strict=True):
        found = evaluate(zoo.load("small"), Drawn(street, count, start), title=None)
        expected = {key: score for key, score in found.items() if not math.isnan(score.value)}
        assert three.keys() == expected.keys()
        assert all(three[key] == [round(number, 4) for number in score] for key, score in expected.items())
    assert "small.safetensors" in capsys.readouterr().out


def test_the_scores_are_those_of_the_rounded_weights(shipped: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    scored = []
    monkeypatch.setattr(recipes, "scores_for_card", lambda name, net: scored.append(net) or {})
    recipes.train("small")
    [net] = scored
    weights = zoo.load_weights("small")
    assert not net.training
    assert all(torch.equal(value, weights[key]) for key, value in net.state_dict().items())


def test_the_same_recipe_gives_the_same_weights(shipped: dict) -> None:
    hashes = []
    for _ in range(2):
        recipes.train("small")
        hashes.append(zoo.read_card("small")["sha256"])
    assert hashes[0] == hashes[1]


def test_an_interrupt_keeps_what_was_learned(
    shipped: dict, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    change(monkeypatch, make_loss=stopped_after(2))
    assert cli.main(["train", "small"]) == 0
    assert zoo.read_card("small")["steps"] == 2 and zoo.read_card("small")["scores"]
    zoo.load("small")
    said = capsys.readouterr()
    assert "stopped by you after 2 of 3 steps; what was learned is kept" in said.err and "Written: " in said.out


@pytest.mark.parametrize("where", ["prepare", "batches", "make_loss", "first step", "scoring"])
def test_an_interrupt_before_there_is_anything_to_write_leaves_the_old(
    where: str, shipped: dict, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """While it is scored, too: a card must have scores."""
    if where == "scoring":
        monkeypatch.setattr(recipes, "scores_for_card", interrupt)
    else:
        change(monkeypatch, **({"make_loss": stopped_after(0)} if where == "first step" else {where: interrupt}))
    assert cli.main(["train", "small"]) == 130
    said = capsys.readouterr()
    assert said.err.endswith("\nStopped: nothing was written.\n") and said.out == ""
    assert where == "scoring" or "is kept" not in said.err
    assert files(zoo.WEIGHTS) == shipped


def test_a_training_that_fails_leaves_the_old(
    shipped: dict, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    change(monkeypatch, make_loss=lambda: lambda net, batch: semantic_loss(net, batch) * torch.nan)
    assert cli.main(["train", "small"]) == 1
    said = "small: the loss is nan at step 1; try a rate below 0.016. Nothing was written.\n"
    assert capsys.readouterr().err.endswith(said)
    assert files(zoo.WEIGHTS) == shipped


def test_weights_that_a_recipe_needs_and_cannot_have_are_named(
    shipped: dict, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    change(monkeypatch, prepare=lambda net: zoo.load_weights("small"))
    assert cli.main(["train", "small"]) == 1
    said = r"small: The weights of 'small' cannot be used: .*: `course train small`\. Nothing was written\.\n$"
    assert re.match(said, capsys.readouterr().err)
    assert files(zoo.WEIGHTS) == shipped


def test_a_folder_that_takes_nothing_is_said(
    shipped: dict, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    assert cli.main(["train", "small"]) == 1
    assert "No space left on device. Nothing was written." in capsys.readouterr().err
    assert files(zoo.WEIGHTS) == shipped


@pytest.mark.parametrize("command", ["train", "score"])
def test_an_unknown_name_is_answered_with_those_there_are(command: str, capsys: pytest.CaptureFixture) -> None:
    assert cli.main([command, "resnet"]) == 2
    names = RECIPES if command == "train" else NETWORKS
    assert capsys.readouterr().err == f"There is no network 'resnet'; there are {', '.join(names)}.\n"


# --- course score ---


def test_course_score_says_what_the_card_says(shipped: dict, capsys: pytest.CaptureFixture) -> None:
    recipes.train("small")
    for options, key in (([], "3 validation scenes"), (["--test"], "2 test scenes")):
        assert cli.main(["score", "small", *options]) == 0
        said = capsys.readouterr()
        head, values, ranges = said.out.splitlines()
        scores = zoo.read_card("small")["scores"][key]
        assert re.split(r"\s{2,}", head.strip()) == list(TABLE)
        found = dict(zip(["name", *TABLE], values.split(), strict=True))
        assert found.pop("name") == "small" and {name for name in found if found[name] != "–"} == scores.keys() & found
        shown = [float(number) for number in (found["mIoU"], *ranges.split()[0].split("–"))]
        assert shown == pytest.approx(scores["mIoU"], abs=0.001)
        assert key in said.err, "the bar says on which"


def test_course_score_says_which_weights_cannot_be_used(shipped: dict, capsys: pytest.CaptureFixture) -> None:
    assert cli.main(["score", "small"]) == 1
    assert "The weights of 'small' cannot be used" in capsys.readouterr().err


def test_every_recipe_is_a_whole_one() -> None:
    """What it says of itself holds: a name that is measured, and the batches that its loss takes."""
    for name, recipe in RECIPES.items():
        assert f"{recipe.steps:,} steps" in recipe.about, name
        assert recipe.score in TABLE, name
