"""The figures and players of lesson 4: what they say is true, and nothing that they write is cut or covered."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from itertools import combinations

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image
from torch import Tensor

from helpers import metrics, show
from helpers.categories import STREET
from helpers.labels import Instances, masks_to_boxes
from helpers.models.panoptic_deeplab import group_pixels
from helpers.models.stages import Stages
from helpers.scenes.scene import Scene
from helpers.scenes.street import street
from helpers.show import figures
from helpers.show.colors import NO_INSTANCE_COLOR, color_numbers
from helpers.show.player import Player
from helpers.show.player_still import draw

pytestmark = pytest.mark.lesson4
FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
CAR, PERSON, TREE = (STREET.id(name) for name in ("car", "person", "tree"))


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Figure]]:
    """The figures that were shown, before they are closed."""
    shown: list[Figure] = []

    def keep(data: dict, **kwargs: object) -> None:
        if "image/png" in data:
            shown.append(plt.gcf())

    monkeypatch.setattr(figures, "display", keep)
    monkeypatch.setattr(plt, "close", lambda *figure: None)
    yield shown
    monkeypatch.undo()
    plt.close("all")


# --- names on boxes ---


def objects_in(size: tuple[int, int], corners: list[tuple[float, float, float, float]]) -> Instances:
    """Boxes by shares of the picture: left, top, width, height."""
    height, width = size
    boxes = torch.tensor(
        [
            (
                left * width,
                top * height,
                min(width, left * width + 1 + wide * width),
                min(height, top * height + 1 + high * height),
            )
            for left, top, wide, high in corners
        ]
    ).reshape(-1, 4)
    return {
        "boxes": boxes,
        "masks": torch.zeros(len(boxes), height, width, dtype=torch.bool),
        "labels": torch.tensor([(CAR, PERSON, TREE)[number % 3] for number in range(len(boxes))], dtype=torch.int64),
        "scores": torch.linspace(0.9, 0.4, len(boxes)),
    }


def names_in(instances: Instances, size: tuple[int, int], inches: float) -> tuple[Axes, list[Text]]:
    figure = plt.figure(figsize=(inches, inches * size[0] / size[1]))
    ax = show.show_instances(torch.rand(3, *size), instances, STREET, ax=figure.add_axes((0, 0, 1, 1)))
    figure.canvas.draw()
    return ax, ax.texts


share = st.floats(0, 0.95)


@FEW
@given(
    st.lists(st.tuples(share, share, share, share), max_size=12),
    st.sampled_from(((96, 128), (48, 200), (300, 200))),
    st.sampled_from((2.2, 3.0, 3.6, 5.0)),
)
def test_names_are_whole_and_cover_no_other(corners: list, size: tuple[int, int], inches: float) -> None:
    instances = objects_in(size, corners)
    ax, names = names_in(instances, size, inches)
    picture = ax.get_window_extent()
    boxes = {text: text.get_window_extent() for text in names if text.get_visible()}
    for text, box in boxes.items():
        assert box.x0 >= picture.x0 - 0.01 and box.y0 >= picture.y0 - 0.01, text
        assert box.x1 <= picture.x1 + 0.01 and box.y1 <= picture.y1 + 0.01, text
    for one, other in combinations(boxes.values(), 2):
        assert (
            min(one.x1, other.x1) - max(one.x0, other.x0) < 0.01 or min(one.y1, other.y1) - max(one.y0, other.y0) < 0.01
        )
    if names:
        assert names[0].get_visible(), "the first has the first choice"
    for text, label, score, frame in zip(names, instances["labels"], instances["scores"], ax.patches, strict=True):
        name = STREET[int(label)].name
        whole = f"{name} {score:.2f}"
        assert text.get_text() in ((name,) if inches < 3.2 else (whole, name))
        if text in boxes:  # it touches its box, or stands left of it at the right end of the picture
            box, edge = boxes[text], frame.get_window_extent()
            assert box.x0 <= edge.x0 + 1 and box.x1 >= edge.x0 - 1 or box.x0 <= picture.x0 + 0.01
            assert min(abs(box.y0 - edge.y1), abs(box.y1 - edge.y1), abs(box.y1 - edge.y0)) < 1
    plt.close("all")


@pytest.mark.parametrize(
    ("corners", "where"),
    [
        ([(0.1, 0.5, 0.5, 0.3)], ["above"]),
        ([(0.1, 0.0, 0.5, 0.3)], ["within"]),
        ([(0.1, 0.5, 0.5, 0.3)] * 4, ["above", "within", "below", None]),
        ([(0.1, 0.0, 0.5, 0.3)] * 3, ["within", "below", None]),
    ],
)
def test_a_name_stands_above_else_within_else_below_else_nowhere(corners: list, where: list[str | None]) -> None:
    ax, names = names_in(objects_in((96, 128), corners), (96, 128), 5)
    found = []
    for text, frame in zip(names, ax.patches, strict=True):
        box, edge = text.get_window_extent(), frame.get_window_extent()
        at = {"above": box.y0 - edge.y1, "within": box.y1 - edge.y1, "below": box.y1 - edge.y0}
        found.append(min(at, key=lambda key: abs(at[key])) if text.get_visible() else None)
    assert found == where
    plt.close("all")


def test_the_score_is_left_out_before_the_name() -> None:
    corners = [(0.84, 0.0, 0.05, 0.0), (0.95, 0.0, 0.05, 0.0)]  # in the upper right corner
    instances = objects_in((40, 60), corners)
    _, [first, second] = names_in(instances | {"labels": torch.tensor([CAR, CAR])}, (40, 60), 4.5)
    assert (first.get_text(), second.get_text()) == ("car 0.90", "car")
    assert first.get_visible() and second.get_visible()
    _, [tree] = names_in(objects_in((96, 14), [(0.1, 0.5, 0.5, 0.3)]), (96, 14), 0.5)
    assert tree.get_text() == "car"
    plt.close("all")


def test_a_figure_drawn_at_another_size_finds_the_places_anew() -> None:
    ax, names = names_in(objects_in((96, 128), [(0.1, 0.5, 0.5, 0.3)] * 3), (96, 128), 2.5)
    assert [text.get_text() for text in names] == ["car", "person", "tree"]
    ax.figure.set_size_inches(5, 3.75)
    ax.figure.canvas.draw()
    assert [text.get_text() for text in names] == ["car 0.90", "person 0.65", "tree 0.40"]
    plt.close("all")


# --- stages ---


def two_stages(count: int = 2) -> Stages:
    masks = torch.zeros(2, 96, 128, dtype=torch.bool)
    masks[0, 50:70, 20:60] = masks[1, 40:60, 80:90] = True
    found = {
        "boxes": masks_to_boxes(masks),
        "labels": torch.tensor([PERSON, CAR]),
        "scores": torch.tensor([0.9, 0.3]),
        "masks": masks,
    }
    found = {key: value[:count] for key, value in found.items()}
    grids = torch.rand(2, 20, 20)[:count]
    proposals = torch.tensor([[1.0, 2, 11, 22], [40, 30, 70, 60], [3, 4, 5, 6]])
    return Stages({}, proposals, found["boxes"], found["labels"], found["scores"], grids, found)


def test_stages_shows_each_stage_with_what_was_found(drawn: list[Figure]) -> None:
    before = dict(plt.rcParams)
    stages, image = two_stages(), street(7).image
    show.stages(image, stages, STREET, alt="A street, stage by stage.")
    assert dict(plt.rcParams) == before, "the look is this figure's alone"
    proposed, named, grid, masks, bar = drawn[0].axes
    titles = [ax.get_title(loc="left") for ax in (proposed, named, grid, masks)]
    assert [title[:2] for title in titles] == ["1.", "2.", "3.", "4."]
    assert "3 surest" in titles[0] and "1 named, surer than 0.4" in titles[1] and "(person)" in titles[2]
    corners = [(*box.get_xy(), box.get_width(), box.get_height()) for box in proposed.patches]
    assert corners == [(0.5, 1.5, 10, 20), (39.5, 29.5, 30, 30), (2.5, 3.5, 2, 2)]
    assert [text.get_text() for text in named.texts] == ["person 0.90"] and len(named.patches) == 1
    assert np.array_equal(grid.images[0].get_array(), stages.grids[0]) and grid.images[0].get_clim() == (0, 1)
    frame = grid.spines["top"].get_edgecolor()[:3]
    assert frame == named.patches[0].get_edgecolor()[:3] == tuple(channel / 255 for channel in STREET[PERSON].color)
    picture, times = show.image_bytes(image), masks.images[0].get_array().shape[0] // 96
    one, none = masks.images[0].get_array()[::times, ::times], named.images[0].get_array()[::times, ::times]
    assert np.array_equal(none, picture), "the second picture shows boxes alone"
    changed = (one != picture).any(2)
    assert changed[52:68, 22:58].all() and not changed[40:48, 80:90].any(), "the unsure one is not drawn"
    assert bar.get_ylabel() == "how sure: object"


def test_more_is_drawn_where_less_is_asked_for(drawn: list[Figure]) -> None:
    show.stages(street(7).image, two_stages(), STREET, alt="A street, stage by stage.", surer=0.2)
    assert "2 named, surer than 0.2" in drawn[0].axes[1].get_title(loc="left")


def test_stages_without_a_box_are_refused() -> None:
    with pytest.raises(ValueError, match="stages: expected at least one box, got 0"):
        show.stages(street(7).image, two_stages(0), STREET, alt="A street, stage by stage.")


# --- centres and offsets ---


@st.composite
def pointing(draw: st.DrawFn) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Centres, pixels, tips and distances, some of these equal."""
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**32)))
    centres, pixels = (torch.randint(0, 60, (draw(st.integers(1, 8)), 2), generator=generator) for _ in range(2))
    tips = pixels + torch.randint(-9, 10, pixels.shape, generator=generator) / draw(st.sampled_from((1, 2, 7)))
    if draw(st.booleans()):
        centres = torch.cat([centres, centres[:1]])
    return centres, pixels, tips, torch.cdist(tips.double(), centres.double())


IMAGE = torch.full((3, 64, 64), 0.5)


@FEW
@given(pointing())
def test_grouping_asks_for_the_nearest_centre_and_says_why_not_another(case: tuple[Tensor, ...]) -> None:
    centres, pixels, tips, distance = case
    info = show.grouping(IMAGE, *case).info
    asked = [step for step in info["steps"] if step["act"]]
    assert len(asked) == len(pixels) and len(info["steps"]) == 1 + 2 * len(pixels)
    heads = [f"c{number}" for number in range(1, len(centres) + 1)]
    offsets, thing = torch.zeros(2, 64, 64), torch.zeros(64, 64, dtype=torch.bool)
    for row, step in enumerate(asked):
        name, best = "abcdefgh"[row], heads[int(distance[row].argmin())]
        assert step["act"] == best
        thing[:], thing[tuple(pixels[row])] = False, True
        offsets[:, pixels[row][0], pixels[row][1]] = tips[row].float() - pixels[row]
        joined = int(group_pixels(centres, offsets, thing)[tuple(pixels[row])])
        assert distance[row, joined] == pytest.approx(float(distance[row].min()), abs=1e-4)  # what the network does
        assert set(step["lights"]) == {name, f"{name}→", *heads}
        assert set(step["wrong"]) == {*heads, *(f"{name}·{head}" for head in heads)} - {best}
        for head, far in zip(heads, distance[row].tolist(), strict=True):
            if head != best:
                said = step["wrong"][head]
                assert said.startswith(f"{head} is {far:.1f} pixels from the tip.")
                nearer = far > float(distance[row].min())
                assert said.endswith("Another centre is nearer." if nearer else f"{best} is as near, and comes first.")
        down, right = (tips[row] - pixels[row]).tolist()
        for step_of, words in ((down, ("down", "up")), (right, ("right", "left"))):
            assert f"{abs(step_of):.1f} {words[step_of < 0]}" in step["text"]
        answer = info["steps"][info["steps"].index(step) + 1]
        assert f"pixel {name} joins {best}, {float(distance[row].min()):.1f} pixels" in answer["text"]
        assert set(answer["lights"]) == {name, f"{name}→", best, f"{name}·{best}"}
    cells = [[cell["text"] for cell in line] for line in info["panels"][1]["cells"]]
    assert cells == [["0" if far == 0 else f"{far:.1f}" for far in line] for line in distance.tolist()]
    for row, line in enumerate(distance.tolist()):
        for head, far in zip(heads, line, strict=True):
            said = "".join(part["text"] for part in info["causes"][f"{'abcdefgh'[row]}·{head}"]["parts"])
            assert f"= {far:.1f} pixels from the tip to {head}" in said


def test_grouping_draws_where_pixels_point_and_refuses_what_does_not_fit() -> None:
    centres, pixels, tips = torch.tensor([[9, 9]]), torch.tensor([[4, 5]]), torch.tensor([[8.0, 7.0]])
    marks = {
        mark["id"]: mark["at"]
        for mark in show.grouping(IMAGE, centres, pixels, tips, torch.ones(1, 1)).info["panels"][0]["marks"]
    }
    assert marks == {"a": [5.5, 4.5], "c1": [9.5, 9.5], "a→": [5.5, 4.5, 7.5, 8.5]}  # x, y
    with pytest.raises(ValueError, match=r"pixels, centres: expected one at least, got \(1, 0\)"):
        show.grouping(IMAGE, centres[:0], pixels, tips, torch.ones(1, 0))
    with pytest.raises(ValueError, match=r"distance: expected \[1, 1\], got \[1, 2\]"):
        show.grouping(IMAGE, centres, pixels, tips, torch.ones(1, 2))


def test_offsets_show_the_heat_the_arrows_and_the_groups_in_the_same_colours(drawn: list[Figure]) -> None:
    thing = torch.zeros(30, 60, dtype=torch.bool)
    thing[6:21, 6:21] = thing[6:21, 30:51] = True
    centres = torch.tensor([[13, 40], [13, 13]])
    offsets = torch.stack(torch.meshgrid(torch.arange(30.0), torch.arange(60.0), indexing="ij"))
    offsets = torch.where(torch.arange(60) < 25, 13.0, torch.tensor([13.0, 40.0])[:, None, None]) - offsets
    group = group_pixels(centres, offsets, thing)
    image, heat = torch.full((3, 30, 60), 0.5), torch.rand(30, 60)
    show.offsets(image, heat, centres, offsets, thing, group, alt="Heat, arrows and groups.")
    likely, arrows, joined, _ = drawn[0].axes
    titles = ["how likely a middle", "where pixels point", "who points alike"]
    assert [ax.get_title(loc="left") for ax in (likely, arrows, joined)] == titles
    assert np.array_equal(likely.images[0].get_array(), heat) and likely.images[0].get_clim() == (0, 1)
    for ax in (likely, arrows):
        assert np.array_equal(ax.lines[0].get_xydata(), centres.flip(1))
    [quiver] = arrows.collections
    starts, steps = quiver.get_offsets(), np.stack([quiver.U, quiver.V], 1)
    assert len(starts) == 5 * 5 + 5 * 7 and all(thing[int(row), int(column)] for column, row in starts)
    ends = starts + steps
    assert all(
        (end == [40, 13]).all() if start[0] > 25 else (end == [13, 13]).all()
        for start, end in zip(starts, ends, strict=True)
    )
    inks = {tuple(np.round(ink[:3] * 255).astype(int)) for ink in quiver.get_facecolor()}
    assert inks == {tuple(color) for color in color_numbers(torch.tensor([[1, 2]]))[0].tolist()}
    picture = joined.images[0].get_array()
    times = picture.shape[0] // 30
    at = picture[times // 2 :: times, times // 2 :: times]
    for row, column, number in ((13, 40, 1), (13, 13, 2)):
        expected = 0.35 * 127.5 + 0.65 * color_numbers(torch.tensor([[number]]))[0, 0].astype(float)
        assert np.allclose(at[row, column], expected, atol=2)
    assert np.allclose(at[2, 2], 127.5, atol=1)


# --- matching ---


def listed(masks: Tensor, labels: list[int], scores: list[float]) -> Instances:
    order = torch.tensor(scores).argsort(descending=True, stable=True)
    found = {"masks": masks, "labels": torch.tensor(labels, dtype=torch.int64), "scores": torch.tensor(scores)}
    return {key: value[order] for key, value in found.items()}


def scene_of(masks: Tensor, labels: list[int]) -> Scene:
    """The fields of a scene that matching looks at."""
    instances = {"masks": masks, "labels": torch.tensor(labels, dtype=torch.int64)}
    image = torch.full((3, *masks.shape[1:]), 0.5)
    return type("Few", (), {"image": image, "categories": STREET, "instances": instances})()


@st.composite
def pictures(draw: st.DrawFn) -> tuple[Scene, Instances, Tensor, float]:
    """Few large stripes, so that many overlap, and equal IoUs and scores occur."""
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**32)))

    def stripes(count: int) -> Tensor:
        masks = torch.zeros(count, 1, 12, dtype=torch.bool)
        for mask in masks:
            low = int(torch.randint(0, 10, (1,), generator=generator))
            mask[0, low : low + int(torch.randint(1, 7, (1,), generator=generator))] = True
        return masks

    def kinds(count: int) -> list[int]:
        return [(CAR, PERSON)[int(torch.rand((), generator=generator) < 0.3)] for _ in range(count)]

    predicted, true = draw(st.integers(1, 6)), draw(st.integers(1, 5))
    scores = [draw(st.sampled_from((0.5, 0.7, 0.9))) for _ in range(predicted)]
    scene, guess = scene_of(stripes(true), kinds(true)), listed(stripes(predicted), kinds(predicted), scores)
    iou = metrics.mask_iou(guess["masks"], scene.instances["masks"])
    iou[guess["labels"][:, None] != scene.instances["labels"]] = 0
    return scene, guess, iou, draw(st.sampled_from((0.3, 0.5, 0.75)))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(pictures())
def test_matching_asks_as_the_metric_matches_and_all_it_says_is_true(
    case: tuple[Scene, Instances, Tensor, float],
) -> None:
    scene, guess, iou, threshold = case
    matched = metrics.match(guess, scene.instances, threshold).tolist()
    steps = show.matching(scene, guess, iou, torch.tensor(matched), threshold).info["steps"][1:]
    free = {f"t{number}" for number in range(1, iou.shape[1] + 1)}
    truths, by = sorted(free), {}
    for row, found in enumerate(matched):
        name, values = f"p{row + 1}", dict(zip(truths, iou[row].tolist(), strict=True))
        step = steps.pop(0)
        assert step["text"].startswith(
            f"{name} ({STREET[int(guess['labels'][row])].name}, score {guess['scores'][row]:.2f})"
        )
        most = max(values.values())
        if found < 0:
            assert step["act"] is None and "false positive" in step["text"]
            if most >= threshold:
                best = next(truth for truth in truths if values[truth] == most)
                assert f"overlaps {best} by {most:.2f}. But {by[best]} has taken it" in step["text"]
                assert best not in free and "double" in step["text"]
            else:
                assert ("at most" in step["text"]) == (most > 0)
            continue
        act = f"t{found + 1}"
        assert step["act"] == act and act in free and values[act] == max(values[truth] for truth in free) >= threshold
        assert set(step["wrong"]) == {*truths, *(f"{name}·{truth}" for truth in truths)} - {act}
        for truth in set(truths) - {act}:
            said = step["wrong"][truth]
            if truth not in free:
                assert said == f"{truth} is no longer free: {by[truth]} chose earlier, and has taken it."
                continue
            assert said.startswith(f"{truth} overlaps {name} by {values[truth]:.2f} only")
            assert ("less than" in said) == (values[truth] < threshold)
            assert ("has more" in said) == (threshold <= values[truth] < values[act])
            assert ("as much" in said) == (threshold <= values[truth] == values[act])
        answer = steps.pop(0)
        assert f"{name} takes {act}: a true positive." == answer["text"]
        assert set(answer["lights"]) == {name, act, f"{name}·{act}"}
        free.remove(act)
        by[act] = name
    if free:
        last = steps.pop(0)
        assert set(last["lights"]) == free and all(truth in last["text"] for truth in free) and "missed" in last["text"]
    assert not steps


@FEW
@given(pictures())
def test_pointing_at_an_overlap_counts_its_pixels(case: tuple[Scene, Instances, Tensor, float]) -> None:
    scene, guess, iou, threshold = case
    matched = metrics.match(guess, scene.instances, threshold)
    info = show.matching(scene, guess, iou, matched, threshold).info
    assert set(info["causes"]) == {f"p{row + 1}·t{column + 1}" for row, column in iou.nonzero().tolist()}
    for row, column in iou.nonzero().tolist():
        one, other = guess["masks"][row].flatten().tolist(), scene.instances["masks"][column].flatten().tolist()
        both, either = (sum(map(rule, zip(one, other, strict=True))) for rule in (all, any))
        said = "".join(part["text"] for part in info["causes"][f"p{row + 1}·t{column + 1}"]["parts"])
        assert said == f"{both} pixels in both / {either} in p{row + 1} or t{column + 1} = {iou[row, column]:.2f}"
    assert [panel["title"] for panel in info["panels"]] == ["predictions", "truth", "IoU, 0 between categories"]


def matching_case(**changes: object) -> Callable[[], Player]:
    masks = torch.ones(2, 2, 3) > 0
    case = {
        "scene": scene_of(masks, [CAR, CAR]),
        "guess": listed(masks, [CAR, CAR], [0.9, 0.4]),
        "iou": torch.ones(2, 2),
        "matched": torch.tensor([1, 0]),
    }
    return lambda: show.matching(**case | changes)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (matching_case(iou=torch.ones(2, 3)), r"iou: expected numbers \[2, 2\], got torch.float32 \[2, 3\]"),
        (matching_case(matched=torch.tensor([1])), r"matched: expected int64 \[2\], got torch.int64 \[1\]"),
        (
            matching_case(
                guess=listed(torch.ones(2, 2, 3) > 0, [CAR] * 2, [0.9, 0.4]) | {"scores": torch.tensor([0.25, 0.5])}
            ),
            r"guess: expected predictions by falling score, got \[0.25, 0.5\]",
        ),
        (
            matching_case(guess=listed(torch.ones(0, 2, 3) > 0, [], []), iou=torch.ones(0, 2), matched=torch.ones(0)),
            r"guess, scene: expected at least one prediction and one true object, got \[0, 2\]",
        ),
    ],
)
def test_what_cannot_be_matched_is_named(call: Callable, words: str) -> None:
    assert matching_case()()
    with pytest.raises(ValueError, match=words):
        call()


# --- still pictures, numbers ---


def real_players() -> dict[str, Player]:
    scene = street(1_000_294)
    true = scene.instances
    moved = true["masks"].roll((1, 2), (1, 2))
    guess = listed(moved, true["labels"].tolist(), torch.linspace(0.99, 0.3, len(moved)).tolist())
    iou = metrics.mask_iou(guess["masks"], true["masks"])
    iou[guess["labels"][:, None] != true["labels"]] = 0
    boxes = masks_to_boxes(true["masks"])
    centres = torch.stack([boxes[:, 1] + boxes[:, 3], boxes[:, 0] + boxes[:, 2]], 1).floor_divide(2).long()
    pixels = torch.tensor([[59, 109], [59, 112], [68, 26]])
    tips = pixels + torch.tensor([[-4.5, 0.6], [2, 8], [-5.7, 0.9]])
    return {
        "matching": show.matching(scene, guess, iou, metrics.match(guess, true)),
        "grouping": show.grouping(scene.image, centres, pixels, tips, torch.cdist(tips, centres.float())),
    }


@pytest.mark.parametrize("name", ["matching", "grouping"])
def test_where_no_front_end_runs_a_picture_stands(name: str) -> None:
    widget = real_players()[name]
    data, metadata = widget._repr_mimebundle_()
    still = np.asarray(Image.open(io.BytesIO(data["image/png"])).convert("RGB"))
    assert np.array_equal(still, draw(widget.info, widget.pixels)) and len(metadata["image/png"]["alt"].split()) > 5
    assert (still[[0, -1]] == 255).all() and (still[:, [0, -1]] == 255).all(), "nothing is cut"
    assert (still != 255).any(2).mean() > 0.2


@FEW
@given(st.lists(st.integers(-1, 60), min_size=1, max_size=40))
@example([-1, 0, 1, 10, 2])
def test_a_number_has_one_colour_and_none_is_grey(numbers: list[int]) -> None:
    found = color_numbers(torch.tensor([numbers]))
    assert found.dtype == np.uint8 and found.shape == (1, len(numbers), 3)
    for (one, a), (other, b) in combinations(zip(numbers, found[0].tolist(), strict=True), 2):
        if one > 0 and other > 0:
            assert (a == b) == ((one - other) % 9 == 0)
        else:
            assert (a == b) == (one <= 0 and other <= 0)
    assert all(
        tuple(color) == NO_INSTANCE_COLOR
        for number, color in zip(numbers, found[0].tolist(), strict=True)
        if number <= 0
    )


def test_the_colours_of_numbers_can_be_told_apart_and_maps_of_another_form_are_named() -> None:
    from skimage.color import rgb2lab

    colors = color_numbers(torch.arange(10)[None])[0]
    lab = rgb2lab(colors / 255)
    assert min(np.linalg.norm(a - b) for a, b in combinations(lab, 2)) > 20
    with pytest.raises(ValueError, match=r"numbers: expected integers \[H, W\], got float32 \[2, 2\]"):
        color_numbers(torch.rand(2, 2))
