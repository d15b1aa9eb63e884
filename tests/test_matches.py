"""The linked view: what it sends and draws, and its numbers against Python's in node."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from javascript import in_module
from matches import ALT, CAR, boxes, random_instances, random_view, small, view
from PIL import Image
from test_figures import VISIONS, distances, seen

from helpers.metrics import mask_iou, match, precision_recall
from helpers.metrics.average_precision import THRESHOLDS
from helpers.show.matches import COLORS, LinkedMatches, find_levels, linked_matches, two_digits
from helpers.show.matches_still import draw, unpack

pytestmark = pytest.mark.lesson4
FEW = settings(max_examples=8, deadline=None)  # each example starts a node


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
    script = """const pinned = change(start(info), { pinned: { kind: "prediction", at: 3 } });
        const cut = change(pinned, { kept: 3 });
        const object = change(pinned, { pinned: { kind: "object", at: 4 }, kept: 3 });
        const same = change(pinned, { pinned: { kind: "prediction", at: 3 } });
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
