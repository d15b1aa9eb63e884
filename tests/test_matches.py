"""The linked view: what it sends, its numbers against Python's in node, and the widget in a real browser."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from browser import DRAWN, FrontEnd
from hypothesis import given, settings
from hypothesis import strategies as st
from javascript import in_module
from PIL import Image
from playwright.sync_api import Page, expect
from sheets import changes
from test_figures import VISIONS, distances, seen

from helpers.categories import STREET
from helpers.labels import Instances
from helpers.metrics import mask_iou, match, precision_recall
from helpers.metrics.average_precision import THRESHOLDS
from helpers.show.matches import COLORS, LinkedMatches, find_levels, linked_matches, two_digits
from helpers.show.matches_still import draw, unpack

pytestmark = pytest.mark.lesson4
TREE, CAR, PERSON = (STREET.id(name) for name in ("tree", "car", "person"))
ALT = "A street and what was found in it."
FEW = settings(max_examples=8, deadline=None)  # each example starts a node


def boxes(size: tuple[int, int], *corners: tuple[int, int, int, int]) -> torch.Tensor:
    """Bool masks of boxes (top, left, bottom, right)."""
    masks = torch.zeros(len(corners), *size, dtype=torch.bool)
    for mask, (top, left, bottom, right) in zip(masks, corners, strict=True):
        mask[top:bottom, left:right] = True
    return masks


def small() -> tuple[torch.Tensor, Instances, Instances]:
    """A picture 24 × 40 with three cars, a person and a tree; a prediction of every kind, not in order."""
    cars = ((2, 2, 10, 12), (2, 16, 10, 26), (2, 30, 10, 38))
    truth = {
        "masks": boxes((24, 40), (14, 2, 22, 6), *cars, (14, 20, 22, 28)),
        "labels": torch.tensor([PERSON, CAR, CAR, CAR, TREE]),
    }
    found = {
        "masks": boxes(
            (24, 40),
            (2, 2, 10, 10),  # 3: car 1 again, IoU 0.8
            (2, 2, 10, 12),  # 1: car 1
            (2, 19, 10, 29),  # 4: car 2, IoU 7 / 13
            (2, 36, 10, 40),  # 5: car 3, but with an IoU of 2 / 10
            (14, 2, 22, 6),  # 2: the person
            (16, 32, 20, 36),  # 6: a tree where nothing is
        ),
        "labels": torch.tensor([CAR, CAR, CAR, CAR, PERSON, TREE]),
        "scores": torch.tensor([0.8, 0.95, 0.7, 0.7, 0.9, 0.25]),
    }
    image = torch.linspace(0, 1, 24 * 40).view(1, 24, 40).expand(3, -1, -1)
    return image, found, truth


def view(**more: object) -> LinkedMatches:
    return linked_matches(*small(), alt=ALT, **more)


def crowded() -> LinkedMatches:
    """60 predictions of 20 cars in 256 × 256 pixels."""
    rng = np.random.default_rng(3)
    corners = [(top, left, top + 20, left + 30) for top, left in rng.integers(0, 200, (60, 2)).tolist()]
    truth = {"masks": boxes((256, 256), *corners[:20]), "labels": torch.full((20,), CAR)}
    found = {
        "masks": boxes((256, 256), *corners),
        "labels": torch.full((60,), CAR),
        "scores": torch.linspace(1, 0.1, 60),
    }
    return linked_matches(torch.rand(3, 256, 256), found, truth, alt=ALT)


def random_instances(seed: int, count: int, scores: bool) -> Instances:
    """Small boxes in 6 × 9 pixels, so that many overlap; few different scores, so that many are equal."""
    rng = np.random.default_rng(seed)
    corners = [
        (top, left, top + rng.integers(1, 4), left + rng.integers(1, 4)) for top, left in rng.integers(0, 4, (count, 2))
    ]
    labels = torch.from_numpy(rng.choice([TREE, CAR], count))
    instances = {"masks": boxes((6, 9), *corners), "labels": labels}
    return instances | ({"scores": torch.from_numpy(rng.integers(1, 6, count) / 5)} if scores else {})


def random_view(seed: int) -> LinkedMatches:
    rng = np.random.default_rng(seed)
    found, truth = (
        random_instances(seed, rng.integers(0, 8), True),
        random_instances(seed + 1, rng.integers(0, 8), False),
    )
    return linked_matches(torch.rand(3, 6, 9), found, truth, alt=ALT)


# --- what is sent -----------------------------------------------------------------------------------------------------


def test_predictions_come_surest_first_and_true_objects_by_category_with_their_masks() -> None:
    image, found, truth = small()
    sent = view()
    assert [(each["category"], round(each["score"], 2)) for each in sent.info["predictions"]] == [
        ("car", 0.95), ("person", 0.9), ("car", 0.8), ("car", 0.7), ("car", 0.7), ("tree", 0.25)
    ]  # fmt: skip
    names = [f"{each['category']} {each['number']}" for each in sent.info["objects"]]
    assert names == ["tree 1", "car 1", "car 2", "car 3", "person 1"]
    picture, masks = unpack(sent.info, sent.pixels)
    assert (picture == np.round(image.permute(1, 2, 0).numpy() * 255)).all()
    assert (masks[:6] == found["masks"][[1, 4, 0, 2, 3, 5]].numpy()).all()
    assert (masks[6:] == truth["masks"][[4, 1, 2, 3, 0]].numpy()).all()


def test_a_hit_a_double_and_other_false_positives() -> None:
    level = view().info["levels"][0]
    assert level["found"] == [1, 4, -1, 2, -1, -1]
    assert level["kinds"] == ["hit", "hit", "double", "hit", "wrong", "wrong"]
    assert [each["best"] for each in view().info["predictions"]] == [1, 4, 1, 2, 3, -1]
    assert view().info["levels"][-1]["kinds"] == ["hit", "hit", "wrong", "wrong", "wrong", "wrong"]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_a_double_is_what_fits_an_object_that_a_surer_one_had_found(seed: int) -> None:
    found, truth = random_instances(seed, 9, True), random_instances(seed + 1, 4, False)
    ious = mask_iou(found["masks"], truth["masks"])
    for level, threshold in zip(find_levels(found, truth), THRESHOLDS, strict=True):
        assert level.found == match(found, truth, threshold).tolist()
        order = sorted(range(9), key=lambda row: -found["scores"][row])
        for place, row in enumerate(order):
            surer = {level.found[each] for each in order[:place]} - {-1}
            same = found["labels"][row] == truth["labels"]
            best = max((float(iou) for iou, alike in zip(ious[row], same, strict=True) if alike), default=0)
            taken = any(ious[row, column] >= threshold and same[column] for column in surer)
            expected = "hit" if level.found[row] >= 0 else "double" if taken else "wrong"
            assert level.kinds[row] == expected
            assert (expected == "wrong") == (best < threshold)


@given(st.integers(1, 10**4), st.data())
def test_an_iou_is_written_so_that_it_reaches_the_thresholds_that_it_does(union: int, data: st.DataObject) -> None:
    iou = data.draw(st.one_of(st.integers(0, union), st.just(union // 2), st.just(9 * union // 10))) / union
    text = two_digits(iou)
    assert abs(float(text) - iou) < 0.0101 and len(text) == 4
    for threshold in THRESHOLDS.tolist():
        assert (float(text) >= round(threshold, 2)) == (iou >= threshold)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"image": torch.rand(3, 24, 41)}, r"found\['masks'\]: expected masks of \[24, 41\], got \[24, 40\]"),
        ({"image": torch.rand(3, 513, 40)}, "image: expected at most 512×1024, got 513×40"),
        ({"found": {"masks": small()[1]["masks"]}}, "found: expected masks, labels, scores, got no labels, scores"),
        ({"truth": small()[2] | {"labels": torch.zeros(5).long()}}, r"truth\['labels'\]: expected ids of things"),
        ({"found": small()[1] | {"scores": torch.full((6,), 1.5)}}, r"found\['scores'\]: expected numbers in 0..1"),
        ({"alt": "street"}, "alt: expected a sentence that says what the figure shows, got 'street'"),
        ({"curve": (torch.rand(3), torch.rand(4))}, r"curve: precision: expected float \[3\], at least one, got"),
        ({"curve": (torch.rand(0), torch.rand(0))}, "curve: recall: expected float .* at least one, got"),
        ({"curve": (torch.tensor([0.5]), torch.tensor([torch.nan]))}, "curve: precision: expected numbers in 0..1"),
    ],
)  # fmt: skip
def test_bad_input_is_named(change: dict, words: str) -> None:
    image, found, truth = small()
    with pytest.raises(ValueError, match=words):
        linked_matches(**{"image": image, "found": found, "truth": truth, "alt": ALT} | change)


def test_the_repr_is_short_and_the_bundle_has_a_picture() -> None:
    widget = view()
    assert repr(widget) == "LinkedMatches(24×40, 5 true objects)"  # what was found is learned, and may differ
    data, metadata = widget._repr_mimebundle_()
    assert data["text/plain"] == repr(widget) and metadata["image/png"]["alt"] == ALT
    assert Image.open(io.BytesIO(data["image/png"])).format == "PNG"


def test_the_still_picture_shows_each_kind_and_nothing_at_its_edge() -> None:
    widget = view(curve=(torch.tensor([0.0, 1.0]), torch.tensor([1.0, 0.5])))
    picture = draw(widget.info, widget.pixels)
    assert (picture[[0, -1]] == 255).all() and (picture[:, [0, -1]] == 255).all()
    for name, color in COLORS.items():
        assert (picture == color).all(2).sum() > 100, name


@pytest.mark.parametrize(("found", "truth"), [(0, 3), (3, 0), (0, 0)])
def test_the_still_picture_of_nothing(found: int, truth: int) -> None:
    widget = linked_matches(
        torch.rand(3, 6, 9), random_instances(1, found, True), random_instances(2, truth, False), alt=ALT
    )
    assert draw(widget.info, widget.pixels).shape[1] == 1000


@pytest.mark.parametrize("vision", VISIONS)
def test_the_kinds_are_told_apart_by_every_vision(vision: str) -> None:
    assert distances(seen(list(COLORS.values()), vision)).min() >= 20


# --- the pure parts, in node ------------------------------------------------------------------------------------------


def states(script: str, widget: LinkedMatches) -> object:
    names = "start, change, cutsOf, countsOf, pointsOf, lightOf, finderOf"
    return in_module("matches/state.js", names, script, info=widget.info)


@FEW
@given(st.integers(0, 2**32))
def test_the_page_counts_as_python_does_at_every_threshold(seed: int) -> None:
    sent = random_view(seed)
    script = """return info.levels.map((_, level) => {
        const now = { ...start(info), level };
        const counts = info.predictions.map((_, at) => countsOf(info, now, at + 1));
        return [pointsOf(info, now), counts];
    })"""
    objects = len(sent.info["objects"])
    scores = torch.tensor([each["score"] for each in sent.info["predictions"]])
    for (points, counts), level in zip(states(script, sent), sent.info["levels"], strict=True):
        matched = torch.tensor([at >= 0 for at in level["found"]], dtype=torch.bool)
        precision, recall = precision_recall(scores, matched, objects)
        if objects:
            assert np.allclose([each["precision"] for each in points], precision)
            assert np.allclose([each["recall"] for each in points], recall)
        else:
            assert points == []
        for kept, each in enumerate(counts, start=1):
            assert each["hit"] == matched[:kept].sum() and each["missed"] == objects - each["hit"]
            assert each["hit"] + each["double"] + each["wrong"] == each["predictions"] == kept


def test_predictions_of_one_score_vanish_together() -> None:
    cuts = states("return cutsOf(info.predictions)", view())
    assert [(round(each["score"], 2), each["kept"]) for each in cuts] == [
        (0.25, 6),
        (0.7, 5),
        (0.8, 3),
        (0.9, 2),
        (0.95, 1),
    ]


@FEW
@given(st.integers(1, 9), st.integers(1, 12), st.integers(0, 2**32))
def test_the_page_unpacks_and_fills_what_python_packs(height: int, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    masks = torch.from_numpy(rng.random((4, height, width)) < 0.5)
    labels, image = torch.full((2,), CAR), torch.from_numpy(rng.random((3, height, width)))
    found = {"masks": masks[:2], "labels": labels, "scores": torch.tensor([0.9, 0.8])}
    sent = linked_matches(image, found, {"masks": masks[2:], "labels": labels}, alt=ALT)
    script = """const { rgb, masks } = unpack(info, Uint8Array.from(bytes));
        return [[...rgb], masks.map(({ item, mask, area }) => [item, [...mask], area, areaOf(mask, info)])]"""
    rgb, sent_masks = in_module("matches/masks.js", "unpack, areaOf", script, info=sent.info, bytes=list(sent.pixels))
    assert rgb == np.round(image.permute(1, 2, 0).numpy() * 255).ravel().tolist()
    areas = [area for _, _, area, _ in sent_masks]
    assert areas == sorted(areas, reverse=True)
    for item, mask, area, path in sent_masks:
        expected = masks[item["at"] + 2 * (item["kind"] == "object")].numpy()
        assert (np.reshape(mask, (height, width)) == expected).all() and area == expected.sum()
        assert (filled(path, (height, width)) == expected).all()


def filled(path: str, size: tuple[int, int]) -> np.ndarray:
    """How often each pixel lies in a rectangle of the path."""
    times = np.zeros(size, int)
    for part in path.split("M")[1:]:
        column, row, length = (int(each) for each in part.split("v")[0].replace("h", " ").split())
        assert part.endswith(f"v1h{-length}z")
        times[row, column : column + length] += 1
    return times


def test_the_name_of_a_mask_stands_at_its_ends() -> None:
    mask = np.zeros((4, 10), int)
    mask[1, 2:5] = mask[2, 0:9] = mask[3, 6:7] = 1
    script = "return endsOf(mask, { height: 4, width: 10 })"
    ends = in_module("matches/masks.js", "endsOf", script, mask=mask.ravel().tolist())
    assert ends == [{"x": 0.35, "y": 1.5 / 4}, {"x": 0.65, "y": 3.5 / 4}]


@pytest.mark.parametrize(
    ("prediction", "changes", "verdict", "after"),
    [
        (3, {}, "car 0.700: IoU 0.54 with car 2, free until now: a hit.", "3 / 4, recall 3 / 5."),
        (2, {}, "car 0.800: IoU 0.80 with car 1, which prediction 1 had found: a double.", "2 / 3, recall 2 / 5."),
        (
            2,
            {"level": 7},
            "car 0.800: at most IoU 0.80 with car 1, below 0.85: a false positive.",
            "2 / 3, recall 2 / 5.",
        ),
        (5, {}, "tree 0.250: it overlaps no true tree: a false positive.", "3 / 6, recall 3 / 5."),
    ],
)
def test_a_prediction_is_explained_in_numbers(prediction: int, changes: dict, verdict: str, after: str) -> None:
    expected = f"Prediction {prediction + 1}, {verdict} Precision so far {after}"
    assert sentence("prediction", prediction, changes) == expected


@pytest.mark.parametrize(
    ("at", "changes", "words"),
    [
        (2, {}, "True car 2: found by prediction 4 with IoU 0.54."),
        (3, {}, "True car 3: missed. The best IoU is 0.20, by prediction 5, below 0.50."),
        (0, {}, "True tree 1: missed. No prediction of a tree overlaps it."),
        (2, {"kept": 3}, "True car 2: missed. Prediction 4 would find it, but its score 0.700 is below the threshold."),
    ],
)
def test_a_true_object_is_explained_in_numbers(at: int, changes: dict, words: str) -> None:
    assert sentence("object", at, changes) == words


def sentence(kind: str, at: int, changes: dict) -> object:
    script = "return sentenceOf(info, { kept: 6, level: 0, hovered: null, pinned: { kind, at }, ...changes })"
    values = {"info": view().info, "kind": kind, "at": at, "changes": changes}
    return in_module("matches/sentence.js", "sentenceOf", script, **values)


def test_an_object_whose_best_prediction_found_another_says_so() -> None:
    truth = {"masks": boxes((4, 8), (0, 0, 2, 4), (0, 0, 2, 6)), "labels": torch.tensor([CAR, CAR])}
    found = {"masks": boxes((4, 8), (0, 0, 2, 5)), "labels": torch.tensor([CAR]), "scores": torch.tensor([0.9])}
    info = linked_matches(torch.rand(3, 4, 8), found, truth, alt=ALT).info
    script = "return sentenceOf(info, { kept: 1, level: 0, hovered: null, pinned: { kind: 'object', at: 0 } })"
    said = in_module("matches/sentence.js", "sentenceOf", script, info=info)
    assert said == "True car 1: missed. The best IoU is 0.80, by prediction 1, but that found car 2."


@pytest.mark.parametrize(
    ("kind", "at", "predictions", "objects"),
    [
        ("prediction", 3, [3], [2]),  # a hit, with what it found
        ("prediction", 2, [0, 2], [1]),  # a double, with who had found that
        ("prediction", 4, [4], [3]),  # what it fits best
        ("prediction", 5, [5], []),
        ("object", 1, [0], [1]),  # who found it
        ("object", 3, [4], [3]),  # who fits it best
        ("object", 0, [], [0]),
    ],
)
def test_what_is_selected_lights_what_decides_it(kind: str, at: int, predictions: list, objects: list) -> None:
    script = f"""const light = lightOf(info, {{ ...start(info), pinned: {{ kind: "{kind}", at: {at} }} }});
        return [[...light.predictions].sort(), [...light.objects]]"""
    assert states(script, view()) == [predictions, objects]


def test_what_vanishes_is_no_longer_selected_and_what_changes_nothing_is_the_same_state() -> None:
    script = """const pinned = change(start(info), { pinned: { kind: "prediction", at: 4 } });
        const cut = change(pinned, { kept: 3 });
        const object = change(pinned, { pinned: { kind: "object", at: 4 }, kept: 3 });
        const same = change(pinned, { pinned: { kind: "prediction", at: 4 } });
        return [cut.pinned, cut.kept, object.pinned.at, same === pinned, lightOf(info, cut)]"""
    assert states(script, view()) == [None, 3, 4, True, None]


def test_precision_and_recall_are_sums_and_of_nothing_they_are_undefined() -> None:
    script = "return cases.map((each) => formulas(each).map((parts) => parts.map(({ text }) => text).join('')))"
    counts = {"hit": 7, "double": 1, "wrong": 1, "missed": 4, "predictions": 9, "objects": 11}
    some, none = in_module("matches/words.js", "formulas", script, cases=[counts, dict.fromkeys(counts, 0)])
    assert some == [
        "precision = hits / predictions = 7 / (7 + 1 + 1) = 7 / 9 = 0.78",
        "recall = hits / true objects = 7 / (7 + 4) = 7 / 11 = 0.64",
    ]
    assert [line.split("= ")[-1] for line in none] == ["undefined", "undefined"]


# --- in a real browser ------------------------------------------------------------------------------------------------


@pytest.fixture
def shown(front_end: FrontEnd) -> Iterator[Page]:
    """The small street in a page, at rest."""
    front_end.page.mouse.move(999, 899)
    front_end.mount(view(curve=(torch.tensor([0.0, 1.0]), torch.tensor([1.0, 0.5]))), 1000)
    yield front_end.page


def point_at(page: Page, row: float, column: float, act: str = "hover") -> None:
    """Hovers or clicks a position in the small picture, in its pixels."""
    box = page.locator(".matches-stage").bounding_box()
    x, y = box["x"] + column / 40 * box["width"], box["y"] + row / 24 * box["height"]
    {"hover": page.mouse.move, "click": page.mouse.click, "tap": page.touchscreen.tap}[act](x, y)
    page.evaluate(DRAWN)


def selected(page: Page) -> list[list[str]]:
    """For picture, curve and table, which items are pointed at, and which are seen and not dimmed."""
    script = """() => ["picture", "chart", "matrix"].map((name) => {
        const view = document.querySelector(`.matches-${name}`);
        const nodes = [...view.querySelectorAll("[data-prediction][tabindex], [data-object][tabindex]")];
        const nameOf = ({ dataset }) => dataset.prediction ?? `t${dataset.object}`;
        const names = (some) => nodes.filter(some).map(nameOf).sort();
        const seen = (node) => !node.hasAttribute("hidden") && !node.closest("[data-standing=gone]");
        const lit = names((node) => seen(node) && !node.hasAttribute("data-dim"));
        return [names((node) => node.hasAttribute("data-pointed")).join(), lit.join()];
    })"""
    return page.evaluate(script)


def said(page: Page) -> str:
    return page.locator(".matches-said").inner_text()


DOUBLE = [["2", "0,2,t1"], ["2", "0,2"], ["2", "0,2,t1"]]


def test_a_row_a_mask_and_a_point_lead_to_one_selection(shown: Page) -> None:
    rest = selected(shown)
    assert [pointed for pointed, _ in rest] == ["", "", ""]
    assert rest[0][1] == "0,1,2,3,4,5,t0,t3"  # of the true objects the picture has those that are missed
    shown.locator(".matches-matrix th[data-prediction='2']").hover()
    assert selected(shown) == DOUBLE and "IoU 0.80 with car 1, which prediction 1 had found" in said(shown)
    shown.mouse.move(999, 899)
    assert selected(shown) == rest and "Point at" in said(shown)
    point_at(shown, 6, 4)  # the double lies on the hit, is smaller, and so lies above it
    assert selected(shown) == DOUBLE
    point_at(shown, 6, 11)
    assert selected(shown)[0] == ["0", "0,t1"]
    shown.locator(".matches-chart [data-prediction='2']").hover()
    assert selected(shown) == DOUBLE
    shown.locator(".matches-matrix td[data-prediction='2']").nth(3).hover()
    assert selected(shown) == DOUBLE


def test_a_true_object_says_who_found_it(shown: Page) -> None:
    shown.locator(".matches-matrix th[data-object='4']").hover()
    assert selected(shown)[0] == ["t4", "1,t4"] and selected(shown)[2] == ["t4", "1,t4"]
    assert said(shown) == "True person 1: found by prediction 2 with IoU 1.00."
    point_at(shown, 18, 24)
    assert selected(shown)[2] == ["t0", "t0"] and "missed" in said(shown)


def test_what_is_pressed_stays_until_something_else_or_nothing_is(shown: Page) -> None:
    point_at(shown, 6, 24, "click")
    shown.mouse.move(999, 899)
    assert selected(shown)[2][0] == "3"
    shown.locator(".matches-matrix th[data-prediction='0']").hover()
    assert selected(shown)[2][0] == "0"
    shown.mouse.move(999, 899)
    assert selected(shown)[2][0] == "3"
    shown.keyboard.press("Escape")
    assert selected(shown)[2][0] == ""
    point_at(shown, 6, 24, "tap")
    assert selected(shown)[2][0] == "3"
    point_at(shown, 23, 39, "tap")
    assert selected(shown)[2][0] == ""


def test_the_numbers_of_the_page_are_pythons_at_every_threshold(shown: Page) -> None:
    _, found, truth = small()
    score, iou = (shown.locator(".matches-sliders input").nth(at) for at in (0, 1))
    for level, threshold in enumerate(THRESHOLDS.tolist()):
        iou.fill(str(level))
        for cut, least in enumerate(sorted(set(found["scores"].tolist()))):
            score.fill(str(cut))
            kept = {name: each[found["scores"] >= least] for name, each in found.items()}
            hits, count = int((match(kept, truth, threshold) >= 0).sum()), len(kept["scores"])
            precision, recall = shown.locator(".matches-sums p").all_inner_texts()
            assert precision.endswith(f") = {hits} / {count} = {hits / count:.2f}")
            assert recall.endswith(f") = {hits} / 5 = {hits / 5:.2f}")
            legend = [int(each.split()[1]) for each in shown.locator(".matches-legend li").all_inner_texts()]
            assert legend[0] == hits and sum(legend[:3]) == count and legend[3] == 5 - hits
            assert shown.locator(".matches-point:not([hidden])").count() == count
            assert shown.locator("tbody tr:not([data-standing=gone])").count() == count
            ring = shown.locator(".matches-ring").evaluate("({ cx, cy }) => [cx.baseVal.value, cy.baseVal.value]")
            assert ring == pytest.approx([46 + hits / 5 * 262, 178 - hits / count * 166])


def test_colours_lines_and_signs_follow_the_iou_threshold(shown: Page) -> None:
    line = shown.locator(".matches-picture [data-prediction='2'] .matches-line")
    look = "(node) => { const { stroke, strokeDasharray } = getComputedStyle(node); return [stroke, strokeDasharray]; }"
    double, [sign] = line.evaluate(look), shown.locator("th[data-prediction='2'] .matches-sign").all_inner_texts()
    shown.locator(".matches-sliders input").nth(1).fill("9")
    wrong = line.evaluate(look)
    assert (double, wrong) == ([css("double"), "5px, 3px"], [css("wrong"), "1.5px, 3px"])
    assert [sign, shown.locator("th[data-prediction='2'] .matches-sign").inner_text()] == ["2×", "?"]
    hit, missed = (
        shown.locator(f".matches-picture [data-{each}] .matches-line") for each in ("prediction='0'", "object='3'")
    )
    assert hit.evaluate(look) == [css("hit"), "none"] and missed.evaluate(look) == [css("missed"), "none"]
    fill = shown.locator(".matches-picture [data-object='3'] .matches-area").evaluate(
        "(node) => getComputedStyle(node).fill"
    )
    assert "matches-hatch" in fill and shown.evaluate("document.querySelectorAll('pattern').length") == 1


def test_what_does_not_stay_lit_dims_in_the_photograph_too(shown: Page) -> None:
    opacity = """([row, column]) => document.querySelector(".matches-stage canvas").getContext("2d")
        .getImageData(column, row, 1, 1).data[3]"""
    spots = {"hit": (5, 11), "its double": (5, 5), "missed": (5, 31), "ground": (12, 20)}
    assert {shown.evaluate(opacity, spot) for spot in spots.values()} == {255}
    shown.locator(".matches-matrix th[data-prediction='0']").hover()
    found = {name: shown.evaluate(opacity, spot) for name, spot in spots.items()}
    dim = pytest.approx(0.3 * 255, abs=1)
    assert found == {"hit": 255, "its double": 255, "missed": dim, "ground": dim}  # the double lies within the hit


def test_the_cell_that_decides_is_framed_and_other_categories_are_grey(shown: Page) -> None:
    cells = """(name) => [...document.querySelectorAll(`td[data-${name}]`)].map((cell) =>
        [cell.parentElement.sectionRowIndex, cell.cellIndex - 1])"""
    assert shown.evaluate(cells, "frame") == [[0, 1], [1, 4], [2, 1], [3, 2], [4, 3]]
    info = view().info
    others = [
        [row, column]
        for row, prediction in enumerate(info["predictions"])
        for column, each in enumerate(info["objects"])
        if prediction["category"] != each["category"]
    ]
    assert shown.evaluate(cells, "other") == others
    texts = shown.locator("tbody tr").nth(0).locator("td").all_inner_texts()
    assert texts == ["", "1.00", "0", "0", ""]


def test_a_long_table_scrolls_to_what_is_pointed_at_and_the_page_does_not(front_end: FrontEnd) -> None:
    front_end.mount(crowded(), 1000)
    page = front_end.page
    script = """() => { const box = (name) => document.querySelector(name).getBoundingClientRect();
        const row = box("tbody th[data-pointed]"), head = box("thead th[data-object]");
        return row.top >= head.bottom - 3 && row.bottom <= box(".matches-scroller").bottom + 1; }"""
    top = page.evaluate("scrollY")
    for row in (59, 0, 30):
        page.locator(f".matches-point[data-prediction='{row}']").evaluate("(node) => node.focus()")
        page.keyboard.press("ArrowRight")
        assert page.evaluate(script), row
    assert page.evaluate("scrollY") == top


def css(name: str) -> str:
    return f"rgb{COLORS[name]}"


def focused(page: Page) -> str:
    return page.evaluate(
        """() => { const { dataset, ariaLabel, tagName } = document.activeElement;
            const view = document.activeElement.closest("figure")?.className ?? ariaLabel ?? tagName;
            return `${view} ${dataset.prediction ?? ""}${dataset.object ? "t" + dataset.object : ""}`.trim(); }"""
    )


def test_each_view_is_one_stop_of_the_tab_key_and_arrows_go_through_what_is_seen(shown: Page) -> None:
    shown.locator(".matches").focus()
    stops = [(shown.keyboard.press("Tab"), focused(shown))[1] for _ in range(5)]
    assert stops == ["matches-picture 0", "matches-chart 0", "matches-matrix 0", "Score threshold", "IoU threshold"]
    for _ in range(3):
        shown.keyboard.press("Shift+Tab")
    shown.keyboard.press("End")
    assert focused(shown) == "matches-chart 5" and "Prediction 6, tree" in said(shown)
    shown.keyboard.press("Tab")
    for _ in range(6):
        shown.keyboard.press("ArrowDown")
    assert focused(shown) == "matches-matrix t0" and said(shown).startswith("True tree 1: missed")
    shown.locator(".matches-sliders input").nth(0).fill("3")
    shown.locator(".matches-chart [tabindex='0']").focus()
    assert focused(shown) == "matches-chart 0"  # 5 is gone
    shown.keyboard.press("End")
    assert focused(shown) == "matches-chart 1"
    shown.locator(".matches-picture [tabindex='0']").focus()
    order = [(shown.keyboard.press("ArrowRight"), focused(shown))[1].split()[-1] for _ in range(5)]
    assert order == ["1", "t0", "t2", "t3", "t3"]


def test_it_is_named_for_a_screen_reader(shown: Page) -> None:
    expect(shown.get_by_role("group", name=ALT)).to_be_visible()
    expect(shown.get_by_role("img", name="prediction 3, car, double")).to_be_visible()
    expect(shown.get_by_role("img", name="after prediction 3: recall 0.40, precision 0.67")).to_be_visible()
    expect(shown.get_by_role("table", name="IoU of predictions and true objects")).to_be_visible()
    assert shown.locator("[role=status][aria-live=polite]").count() == 2
    score = shown.get_by_role("slider", name="Score threshold")
    score.fill("1")
    assert score.get_attribute("aria-valuetext") == "≥ 0.700 (5 of 6 predictions)"


@pytest.mark.parametrize("width", [1000, 600])
def test_nothing_is_cut_off_and_only_the_table_may_scroll(front_end: FrontEnd, width: int) -> None:
    front_end.mount(view(), width)
    script = """() => { const root = document.querySelector(".matches"), frame = root.getBoundingClientRect();
        const parts = [...root.querySelectorAll("figure, .matches-words, .matches-legend, svg text, .matches-tag")];
        const out = (box) => box.left < frame.left - 1 || box.right > frame.right + 1 || box.bottom > frame.bottom + 1;
        const cut = parts.filter((each) => out(each.getBoundingClientRect()));
        return [root.scrollWidth - root.clientWidth, cut.length]; }"""
    assert front_end.page.evaluate(script) == [0, 0]
    tops = [front_end.page.locator(f".matches-{name}").bounding_box()["y"] for name in ("picture", "chart", "matrix")]
    assert tops[0] == tops[2] if width == 1000 else tops[0] == tops[1]


def test_the_sheets_of_other_widgets_change_nothing(shown: Page) -> None:
    assert changes(shown, ".matches") == []


def test_the_theme_is_jupyters(shown: Page) -> None:
    look = "getComputedStyle(document.querySelector('.matches-said')).color"
    light = shown.evaluate(look)
    shown.evaluate("document.documentElement.style.setProperty('--jp-ui-font-color1', 'rgb(250, 251, 252)')")
    dark = shown.evaluate(look)
    shown.evaluate("document.documentElement.style.removeProperty('--jp-ui-font-color1')")
    assert (light, dark) == ("rgb(31, 35, 40)", "rgb(250, 251, 252)")


def test_it_answers_within_a_tenth_of_a_second_for_many_predictions(front_end: FrontEnd) -> None:
    front_end.mount(crowded(), 1000)
    script = """() => {
        const acts = [...document.querySelectorAll("tbody th")].map((node) => () => {
            node.dispatchEvent(new PointerEvent("pointermove", { bubbles: true, pointerType: "mouse" }));
        });
        const [score, iou] = document.querySelectorAll("input");
        for (const [input, value] of [[iou, 4], [score, 20], [iou, 9], [score, 3]]) {
            acts.push(() => { input.value = value; input.dispatchEvent(new Event("input")); });
        }
        const start = performance.now();
        acts.forEach((act) => (act(), getComputedStyle(document.querySelector("tbody td:last-child")).opacity));
        return (performance.now() - start) / acts.length; }"""
    milliseconds = front_end.page.evaluate(script)
    print(f"{milliseconds:.1f} ms for each act of the reader, with 60 predictions and 20 objects")
    assert milliseconds < 100


@pytest.mark.parametrize(("found", "truth"), [(0, 3), (3, 0), (0, 0)])
def test_a_view_of_nothing_stands(front_end: FrontEnd, found: int, truth: int) -> None:
    instances = random_instances(1, found, True), random_instances(2, truth, False)
    front_end.mount(linked_matches(torch.rand(3, 6, 9), *instances, alt=ALT), 1000)
    precision, recall = front_end.page.locator(".matches-sums p").all_inner_texts()
    assert precision.endswith("undefined") == (found == 0) and recall.endswith("undefined") == (truth == 0)
    assert front_end.page.locator(".matches-point:not([hidden])").count() == (found if truth else 0)


def test_leaving_takes_the_page_away(shown: Page) -> None:
    shown.evaluate("window.leave(); window.leave = null")
    assert shown.locator(".matches").count() == 0
