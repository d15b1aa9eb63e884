"""The zoo: what it ships is whole and as good as its card says; what is damaged is refused with a remedy."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from helpers import cli, recipes
from helpers.models import zoo
from helpers.models.unet import UNet
from helpers.recipes import RECIPES, semantic_scores
from helpers.scenes.dataset import TEST, batches, stack, streets
from helpers.training import semantic_loss

pytestmark = pytest.mark.lesson3


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of weights, and a small network called "unet"."""
    monkeypatch.setattr(zoo, "WEIGHTS", tmp_path / "weights")
    monkeypatch.setitem(zoo.MODELS, "unet", lambda: UNet(8, channels=(4, 6, 8)))
    return tmp_path / "weights"


def saved() -> nn.Module:
    torch.manual_seed(3)
    net = zoo.MODELS["unet"]().eval()
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_var, 0.5, 2)
    zoo.save("unet", net, {"recipe": "none", "seed": 3})
    return net


# --- what is shipped ---


@pytest.mark.parametrize("name", zoo.MODELS)
def test_every_network_is_shipped_small_whole_and_with_a_full_card(name: str) -> None:
    card, net = zoo.read_card(name), zoo.load(name)
    assert name in RECIPES and not net.training
    assert card["bytes"] <= zoo.MAX_BYTES
    assert card["parameters"] == sum(parameter.numel() for parameter in net.parameters())
    assert {"recipe", "steps", "rate", "seed", "data", "seconds", "device", "scores", "learning curve"} <= card.keys()
    assert card["steps"] == RECIPES[name].steps and card["recipe"] == RECIPES[name].about


@pytest.mark.parametrize("name", ["fcn32", "fcn16", "fcn8", "unet"])
def test_the_scores_on_the_card_are_true(name: str) -> None:
    """Floating-point sums differ a little between machines, so a few pixels may."""
    scores = zoo.read_card(name)["scores"]
    for key, value in semantic_scores(zoo.load(name), TEST, 100).items():
        assert scores[key] == pytest.approx(value, abs=0.003), key


@pytest.mark.lesson4
@pytest.mark.parametrize("name", ["mask_rcnn", "panoptic_deeplab", "coins"])
def test_the_average_precision_on_the_card_is_true(name: str) -> None:
    """Here a few pixels may move a mask over a threshold, so the bound is wider."""
    scores = zoo.read_card(name)["scores"]
    found = RECIPES[name].score(zoo.load(name), TEST, 100)
    for key in ("AP", "AP50", "AP75"):
        assert scores[key] == pytest.approx(found[key], abs=0.01), key


# --- writing and reading ---


def test_weights_come_back_in_half_precision_and_the_answers_hold(folder: Path) -> None:
    net = saved()
    image = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.allclose(zoo.load("unet")(image), net(image), atol=0.02)
    assert {value.dtype for value in zoo.load_weights("unet").values()} == {torch.float32, torch.int64}
    size = (folder / "unet.safetensors").stat().st_size
    assert size == zoo.read_card("unet")["bytes"] < 4 * zoo.read_card("unet")["parameters"]
    assert sorted(file.name for file in folder.iterdir()) == ["unet.json", "unet.safetensors"]
    assert zoo.read_card("unet")["seed"] == 3


def test_weights_that_cannot_be_written_leave_the_old_ones(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    net = saved()
    before = (folder / "unet.safetensors").read_bytes()
    net.head.weight.data[0] = 1e6
    with pytest.raises(ValueError, match="net: head.weight holds numbers that half precision cannot write"):
        zoo.save("unet", net, {})
    monkeypatch.setattr(zoo, "MAX_BYTES", 100)
    with pytest.raises(ValueError, match=r"net: expected at most 100 bytes of weights, got [\d,]+"):
        zoo.save("unet", zoo.MODELS["unet"](), {})
    assert (folder / "unet.safetensors").read_bytes() == before


def damage(folder: Path, how: str) -> None:
    weights, card = folder / "unet.safetensors", folder / "unet.json"
    content, known = bytearray(weights.read_bytes()), json.loads(card.read_text())
    match how:
        case "weights missing":
            weights.unlink()
        case "cut short":
            weights.write_bytes(content[:-1])
        case "one bit":
            content[-5] ^= 1
            weights.write_bytes(content)
        case "card missing":
            card.unlink()
        case "card no JSON":
            card.write_text("{")
        case "card a list":
            card.write_text("[]")
        case "card without hash":
            card.write_text(json.dumps({key: value for key, value in known.items() if key != "sha256"}))
        case "another version":
            card.write_text(json.dumps(known | {"format": 99}))


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("weights missing", "unet.safetensors is missing"),
        ("cut short", r"unet.safetensors has [\d,]+ bytes, its card says [\d,]+"),
        ("one bit", "is not the file that its card describes"),
        ("card missing", "unet.json is missing"),
        ("card no JSON", "unet.json is damaged"),
        ("card a list", "unet.json is damaged"),
        ("card without hash", "unet.json is damaged"),
        ("another version", "format 99, and this course reads format 1"),
    ],
)
def test_damage_is_named_with_a_remedy(folder: Path, how: str, why: str) -> None:
    saved()
    damage(folder, how)
    with pytest.raises(zoo.WeightsError, match=why) as error:
        zoo.load("unet")
    assert "course train unet" in str(error.value) and "git checkout helpers/weights" in str(error.value)


def test_weights_of_another_network_are_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved()
    monkeypatch.setitem(zoo.MODELS, "unet", lambda: UNet(8, channels=(4, 6)))
    with pytest.raises(zoo.WeightsError, match="do not fit the network in the code"):
        zoo.load("unet")


def test_an_unknown_name_is_answered_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"name: expected one of fcn32, .*unet.*, got 'resnet'"):
        zoo.load("resnet")


# --- course train ---


@pytest.fixture
def quick(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A recipe of three steps on two streets, scored on two."""
    recipe = RECIPES["unet"]
    monkeypatch.setitem(
        RECIPES,
        "unet",
        replace(
            recipe,
            steps=3,
            batches=lambda: batches(*stack(streets(2)), size=2),
            make_loss=lambda: lambda net, batch: semantic_loss(net(batch[0]), batch[1]),
            score=lambda net, start, count: semantic_scores(net, start, min(count, 2)),
            mixed=False,
        ),
    )
    return folder


def test_course_train_writes_weights_and_a_card(quick: Path, capsys: pytest.CaptureFixture) -> None:
    assert cli.main(["train", "unet"]) == 0
    card = zoo.read_card("unet")
    assert card["steps"] == 3 and card["device"].startswith(recipes.best_device().type)
    assert [step for step, _ in card["learning curve"]] == [1, 2, 3]
    found = semantic_scores(zoo.load("unet"), TEST, 2)
    assert card["scores"]["mIoU"] == pytest.approx(found["mIoU"], abs=1e-4)
    assert "unet.safetensors" in capsys.readouterr().out


def test_the_same_recipe_gives_the_same_weights(quick: Path) -> None:
    hashes = []
    for _ in range(2):
        recipes.train("unet")
        hashes.append(zoo.read_card("unet")["sha256"])
    assert hashes[0] == hashes[1]


def test_course_train_refuses_an_unknown_name(capsys: pytest.CaptureFixture) -> None:
    assert cli.main(["train", "resnet"]) == 2
    assert "There is no network 'resnet'; there are fcn32" in capsys.readouterr().err


def test_a_training_that_fails_writes_nothing(
    quick: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    def broken():
        return lambda net, batch: net(batch[0]).sum() * float("nan")

    monkeypatch.setitem(RECIPES, "unet", replace(RECIPES["unet"], make_loss=broken))
    assert cli.main(["train", "unet"]) == 1
    assert "the loss is nan at step 1" in capsys.readouterr().err
    assert not quick.exists()
