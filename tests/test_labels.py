"""The label formats, both ways: against slow specifications, against pycocotools, and on damaged input."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
import torchvision
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from pycocotools import mask as coco_mask
from torch import Tensor

from helpers.categories import STREET, VOID
from helpers.labels import (
    Segment,
    counts_to_mask,
    ids_to_rgb,
    info_to_segments,
    mask_to_counts,
    mask_to_rle,
    masks_to_boxes,
    panoptic_to_instances,
    panoptic_to_semantic,
    rgb_to_ids,
    rle_to_mask,
    segments_to_info,
    semantic_to_onehot,
    semantic_to_panoptic,
)
from helpers.scenes.street import street

pytestmark = [
    pytest.mark.lesson1,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning:pycocotools"),
]

SKY, ROAD, CAR, PERSON = (STREET.id(name) for name in ("sky", "road", "car", "person"))
steady = settings(deadline=None, derandomize=True)  # the same examples each time, on a slow machine too

SIDES = st.integers(1, 12)
Truth = tuple[Tensor, tuple[Segment, ...]]


@st.composite
def truths(draw: st.DrawFn) -> Truth:
    """A panoptic map with void, arbitrary ids, one segment for each kind of stuff and any number of things."""
    stuff = draw(st.lists(st.sampled_from([category.id for category in STREET.stuff]), unique=True, max_size=3))
    things = draw(st.lists(st.sampled_from([category.id for category in STREET.things]), max_size=4))
    labels = draw(st.permutations(stuff + things))
    ids = draw(st.lists(st.integers(1, 256**3 - 1), unique=True, min_size=len(labels), max_size=len(labels)))
    index = draw(npst.arrays(np.int64, st.tuples(SIDES, SIDES), elements=st.integers(0, len(labels))))
    panoptic = torch.from_numpy(np.array([0, *ids])[index])
    segments = [
        Segment(
            id=segment_id,
            category_id=label,
            isthing=STREET[label].isthing,
            area=int((panoptic == segment_id).sum()),
            iscrowd=STREET[label].isthing and draw(st.booleans()),
        )
        for segment_id, label in zip(ids, labels, strict=True)
    ]
    return panoptic, tuple(segment for segment in segments if segment.area)


masks = npst.arrays(bool, st.tuples(SIDES, SIDES)).map(torch.from_numpy)


def small_truth() -> Truth:
    """Void, sky, two cars that touch, a crowd of people."""
    panoptic = torch.tensor([[0, 7, 7, 7], [4, 4, 9, 9], [4, 4, 9, 300]])
    segments = (
        Segment(7, SKY, False, 3),
        Segment(9, CAR, True, 3, score=0.5),
        Segment(4, CAR, True, 4),
        Segment(300, PERSON, True, 1, iscrowd=True),
    )
    return panoptic, segments


# --- semantic, instances, panoptic -----------------------------------------------------------------------------------


def test_panoptic_to_semantic_by_hand() -> None:
    semantic = panoptic_to_semantic(*small_truth())
    expected = [[VOID, SKY, SKY, SKY], [CAR, CAR, CAR, CAR], [CAR, CAR, CAR, PERSON]]
    assert semantic.dtype == torch.int64
    assert semantic.tolist() == expected


def test_panoptic_to_instances_by_hand() -> None:
    instances = panoptic_to_instances(*small_truth())
    assert instances["boxes"].tolist() == [[2, 1, 4, 3], [0, 1, 2, 3]]
    assert instances["labels"].tolist() == [CAR, CAR]
    assert instances["scores"].tolist() == [0.5, 1.0]
    assert instances["masks"].int().tolist() == [
        [[0, 0, 0, 0], [0, 0, 1, 1], [0, 0, 1, 0]],
        [[0, 0, 0, 0], [1, 1, 0, 0], [1, 1, 0, 0]],
    ]
    dtypes = {name: value.dtype for name, value in instances.items()}
    assert dtypes == {"boxes": torch.float32, "labels": torch.int64, "masks": torch.bool, "scores": torch.float32}


@steady
@given(truths())
def test_panoptic_to_semantic_pixel_by_pixel(truth: Truth) -> None:
    panoptic, segments = truth
    category = {0: VOID} | {segment.id: segment.category_id for segment in segments}
    assert panoptic_to_semantic(panoptic, segments).tolist() == [
        [category[i] for i in row] for row in panoptic.tolist()
    ]


@steady
@given(truths())
def test_instances_are_the_things_that_are_no_crowd(truth: Truth) -> None:
    panoptic, segments = truth
    instances = panoptic_to_instances(panoptic, segments)
    things = [segment for segment in segments if segment.isthing and not segment.iscrowd]
    assert instances["labels"].tolist() == [thing.category_id for thing in things]
    assert instances["masks"].shape == (len(things), *panoptic.shape)
    for thing, mask in zip(things, instances["masks"], strict=True):
        assert torch.equal(mask, panoptic == thing.id)


def test_a_picture_without_things_or_without_labels() -> None:
    panoptic = torch.zeros(3, 5, dtype=torch.int64)
    instances = panoptic_to_instances(panoptic, ())
    assert [tuple(value.shape) for value in instances.values()] == [(0, 4), (0,), (0, 3, 5), (0,)]
    assert (panoptic_to_semantic(panoptic, ()) == VOID).all()


def test_a_transposed_map_is_read_without_a_warning() -> None:
    panoptic, segments = small_truth()  # torch.searchsorted warns about tensors that are not contiguous
    turned = panoptic_to_semantic(panoptic.T, segments)
    assert torch.equal(turned, panoptic_to_semantic(panoptic, segments).T)
    masks = panoptic_to_instances(panoptic, segments)["masks"]
    assert torch.equal(panoptic_to_instances(panoptic.T, segments)["masks"], masks.mT)


@steady
@given(st.lists(npst.arrays(bool, (5, 7)).filter(np.any), min_size=1, max_size=4))
def test_boxes_are_torchvision_s_with_the_last_pixel_included(several: list[np.ndarray]) -> None:
    stack = torch.from_numpy(np.stack(several))
    corner = torch.tensor([0, 0, 1, 1])
    assert torch.equal(masks_to_boxes(stack), torchvision.ops.masks_to_boxes(stack) + corner)


# --- one-hot ---------------------------------------------------------------------------------------------------------


@steady
@given(npst.arrays(np.int64, st.tuples(SIDES, SIDES), elements=st.sampled_from([0, 1, 2, 3, 4, VOID])))
def test_onehot_channel_by_channel(array: np.ndarray) -> None:
    semantic = torch.from_numpy(array)
    onehot = semantic_to_onehot(semantic, 5)
    assert onehot.dtype == torch.bool
    for channel in range(5):
        assert torch.equal(onehot[channel], semantic == channel)


# --- RLE -------------------------------------------------------------------------------------------------------------


def reference_rle(mask: Tensor) -> dict:
    rle = coco_mask.encode(np.asfortranarray(mask.numpy().astype(np.uint8)))
    return {"size": list(rle["size"]), "counts": rle["counts"].decode("ascii")}


def assert_same_as_pycocotools(mask: Tensor) -> None:
    rle = mask_to_rle(mask)
    assert rle == reference_rle(mask)
    assert torch.equal(rle_to_mask(rle), mask)
    assert torch.equal(rle_to_mask({**rle, "counts": rle["counts"].encode()}), mask)
    counts = mask_to_counts(mask)
    assert torch.equal(counts_to_mask(counts, tuple(mask.shape)), mask)
    packed = coco_mask.frPyObjects({"size": list(mask.shape), "counts": counts}, *mask.shape)
    assert packed["counts"].decode("ascii") == rle["counts"]
    assert np.array_equal(coco_mask.decode(rle), mask.numpy())
    assert coco_mask.area(rle) == mask.sum()
    if mask.any():
        x1, y1, x2, y2 = masks_to_boxes(mask[None])[0].tolist()
        assert coco_mask.toBbox(rle).tolist() == [x1, y1, x2 - x1, y2 - y1]


def test_counts_by_hand() -> None:
    mask = torch.tensor([[0, 1, 1], [1, 0, 0]], dtype=torch.bool)  # down the columns: 0 1 1 0 1 0
    assert mask_to_counts(mask) == [1, 2, 1, 1, 1]
    assert mask_to_counts(~mask) == [0, 1, 2, 1, 1, 1]


@steady
@given(masks)
@example(torch.zeros(4, 6, dtype=torch.bool))
@example(torch.ones(4, 6, dtype=torch.bool))
@example(torch.ones(1, 1, dtype=torch.bool))
@example(torch.zeros(1, 1, dtype=torch.bool))
def test_rle_is_that_of_pycocotools(mask: Tensor) -> None:
    assert_same_as_pycocotools(mask)


@pytest.mark.parametrize("share", [0.0001, 0.01, 0.5, 0.999])
def test_rle_of_large_random_masks(share: float) -> None:
    generator = torch.Generator().manual_seed(int(share * 1e6))
    assert_same_as_pycocotools(torch.rand(301, 407, generator=generator) < share)


@pytest.mark.parametrize("place", [0, 15, 16, 511, 512, 16383, 16384, 524287, 524288, 999_999])
def test_rle_of_runs_at_the_edges_of_one_to_four_letters(place: int) -> None:
    mask = torch.zeros(1000, 1000, dtype=torch.bool)
    mask.view(-1)[place] = True
    assert_same_as_pycocotools(mask)


@steady
@given(masks, st.data())
def test_damaged_rle_is_refused_or_still_a_mask(mask: Tensor, data: st.DataObject) -> None:
    rle = mask_to_rle(mask)
    text = rle["counts"]
    place = data.draw(st.integers(0, len(text) - 1))
    damaged = text[:place] + data.draw(st.text(max_size=3)) + text[place + data.draw(st.integers(0, 2)) :]
    try:
        assert rle_to_mask({**rle, "counts": damaged}).shape == mask.shape
    except ValueError as error:
        assert "counts" in str(error)


@pytest.mark.parametrize(
    ("rle", "message"),
    [
        ({"size": [2, 3]}, r"rle: expected keys size and counts, got \['size'\]"),
        ({"size": [2, 3], "counts": [1, 5]}, r"rle\['counts'\]: expected text .* got list"),
        (
            {"size": [2, 3], "counts": "15 "},
            r"rle\['counts'\]: expected letters from '0' to 'o', got another at place 2",
        ),
        ({"size": [2, 3], "counts": "1P"}, r"rle\['counts'\]: expected a text that ends with its last number"),
        ({"size": [2, 3], "counts": "15o" + "o" * 99}, r"rle\['counts'\]: expected numbers of at most 12 letters"),
        ({"size": [2, 3], "counts": "14"}, "counts: expected runs of 2·3 pixels in sum, got 5"),
        ({"size": [2, 3], "counts": ""}, "counts: expected runs of 2·3 pixels in sum, got 0"),
        ({"size": [2, 3], "counts": "1O6"}, "counts: expected whole numbers from 0, got -1"),
        ({"size": [0, 3], "counts": "0"}, r"size: expected two whole numbers .*, got \(0, 3\)"),
        ({"size": 6, "counts": "15"}, r"rle\['size'\]: expected \[H, W\], got 6"),
        ({"size": None, "counts": "15"}, r"rle\['size'\]: expected \[H, W\], got None"),
        (None, "rle: expected a dict with size and counts, got NoneType"),
        ("15", "rle: expected a dict with size and counts, got str"),
    ],
)
def test_damaged_rle_says_what_is_wrong(rle: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        rle_to_mask(rle)


# --- COCO panoptic ---------------------------------------------------------------------------------------------------


def test_colours_of_ids() -> None:
    rgb = ids_to_rgb(torch.tensor([[0, 255, 256], [1 + 2 * 256 + 3 * 256**2, 256**2, 256**3 - 1]]))
    assert rgb.dtype == np.uint8
    assert rgb.tolist() == [[[0, 0, 0], [255, 0, 0], [0, 1, 0]], [[1, 2, 3], [0, 0, 1], [255, 255, 255]]]


@steady
@given(npst.arrays(np.int64, st.tuples(SIDES, SIDES), elements=st.integers(0, 256**3 - 1)))
def test_ids_and_colours_both_ways(ids: np.ndarray) -> None:
    panoptic = torch.from_numpy(ids)
    assert torch.equal(rgb_to_ids(ids_to_rgb(panoptic)), panoptic)


@steady
@given(truths())
def test_segments_info_both_ways_and_as_pycocotools_measures(truth: Truth) -> None:
    panoptic, segments = truth
    info = json.loads(json.dumps(segments_to_info(panoptic, segments)))
    assert info_to_segments(info, panoptic, STREET) == segments
    for entry in info:
        rle = reference_rle(panoptic == entry["id"])
        assert entry["area"] == coco_mask.area(rle)
        assert entry["bbox"] == coco_mask.toBbox(rle).tolist()


def test_segments_info_keeps_crowds_and_measures_area_and_box() -> None:
    panoptic, segments = small_truth()
    info = segments_to_info(panoptic, [replace(segment, area=99) for segment in segments])
    assert info[3] == {"id": 300, "category_id": PERSON, "iscrowd": 1, "area": 1, "bbox": [3, 2, 1, 1]}
    bare = [{"id": entry["id"], "category_id": entry["category_id"], "iscrowd": entry["iscrowd"]} for entry in info]
    assert info_to_segments(bare, panoptic, STREET) == tuple(replace(segment, score=1.0) for segment in segments)


@steady
@given(truths(), st.sampled_from(["mirrored", "upside down", "shifted", "cut"]))
def test_a_map_that_is_not_the_one_of_its_info_is_noticed(truth: Truth, change: str) -> None:
    panoptic, segments = truth
    info = segments_to_info(panoptic, segments)
    changed = {
        "mirrored": panoptic.flip(1),
        "upside down": panoptic.flip(0),
        "shifted": panoptic.roll(1, 1),
        "cut": panoptic * (torch.arange(panoptic.shape[1]) < panoptic.shape[1] - 1),
    }[change]
    kept = [entry for entry in info if (changed == entry["id"]).any()]
    if segments_to_info(changed, [segment for segment in segments if (changed == segment.id).any()]) == kept:
        return  # nothing that could be noticed: symmetric, or void at the edge
    with pytest.raises(ValueError, match=r"info: segment \d+: expected area \d+ and bbox .*, got area \d+ and bbox"):
        info_to_segments(kept, changed, STREET)


@pytest.mark.parametrize(
    ("said", "agrees"),
    [
        ({"area": 3}, True),
        ({"bbox": [1, 0, 3, 1]}, True),
        ({"area": 3.0, "bbox": (1.0, 0.0, 3.0, 1.0)}, True),
        ({"area": 2.6, "bbox": [0.9, 0.3, 2.8, 0.9]}, True),  # measured on an outline
        ({"area": 2.6}, True),
        ({"area": 4}, False),
        ({"area": "3"}, False),
        ({"bbox": [1, 0, 3]}, False),
        ({"area": float("nan")}, False),
        ({"bbox": [1, 0, 3, 2]}, False),
        ({"area": 3, "bbox": [0, 0, 3, 1]}, False),
        ({"area": 2.6, "bbox": [1, 0, 3, 3.1]}, False),
    ],
)
def test_area_and_box_of_an_entry_must_agree_where_given(said: dict, agrees: bool) -> None:
    panoptic = torch.tensor([[0, 7, 7, 7], [0, 0, 0, 0], [0, 0, 0, 0]])
    info = [{"id": 7, "category_id": SKY, **said}]
    if agrees:
        assert info_to_segments(info, panoptic, STREET) == (Segment(7, SKY, False, 3),)
    else:
        with pytest.raises(ValueError, match=r"info: segment 7: expected area 3 and bbox \[1, 0, 3, 1\], got"):
            info_to_segments(info, panoptic, STREET)


@pytest.mark.parametrize("whole", [np.int64, np.uint8, torch.tensor], ids=["int64", "uint8", "tensor"])
def test_whole_numbers_of_numpy_and_torch_are_taken(whole: Callable[[int], object]) -> None:
    mask = torch.zeros(20, 20, dtype=torch.bool)
    mask[:, 10:] = True  # two runs of 200: their sum overflows in uint8
    assert torch.equal(counts_to_mask([whole(200), whole(200)], (whole(20), whole(20))), mask)
    assert torch.equal(counts_to_mask(np.array([200, 200]), np.array([20, 20])), mask)
    panoptic = torch.full((2, 3), 200)
    info = [{"id": whole(200), "category_id": whole(CAR)}]
    (segment,) = info_to_segments(info, panoptic, STREET)
    assert segment == Segment(200, CAR, True, 6)
    assert type(segment.id) is type(segment.category_id) is int
    assert segments_to_info(panoptic, [Segment(whole(200), whole(CAR), True, 6)]) == json.loads(
        json.dumps(segments_to_info(panoptic, [segment]))
    )
    assert semantic_to_onehot(panoptic * 0, whole(8)).shape == (8, 2, 3)


# --- what is refused, and how ----------------------------------------------------------------------------------------

PANOPTIC, SEGMENTS = small_truth()
SEMANTIC = panoptic_to_semantic(PANOPTIC, SEGMENTS)
NO_MASK = torch.zeros(1, 3, 4, dtype=torch.bool)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Segment(0, CAR, True, 1), r"id: expected a segment id from 1 \(0 is void\), below .*, got 0"),
        (lambda: Segment(2**63, CAR, True, 1), r"id: expected a segment id .*, below 2\*\*63, got 9223372036854775808"),
        (lambda: Segment(1, True, True, 1), "category_id: expected 0..254 .*got True"),
        (lambda: Segment(1, VOID, True, 1), r"category_id: expected 0..254 \(255 is void\), got 255"),
        (lambda: panoptic_to_semantic(PANOPTIC, SEGMENTS[1:]), r"panoptic: expected a segment for each id.*\[7\]"),
        (lambda: panoptic_to_semantic(-PANOPTIC, SEGMENTS), r"panoptic: expected a segment for each id.*-300"),
        (lambda: panoptic_to_semantic(PANOPTIC, (*SEGMENTS, Segment(8, CAR, True, 1))), r"segments: .*\[8\]"),
        (lambda: panoptic_to_semantic(PANOPTIC, (*SEGMENTS, SEGMENTS[0])), "segments: expected ids that differ"),
        (lambda: panoptic_to_semantic(PANOPTIC.int(), SEGMENTS), r"panoptic: expected torch.int64 .*got torch.int32"),
        (lambda: panoptic_to_semantic(PANOPTIC[None], SEGMENTS), r"panoptic: .*\[H, W\], got .*\[1, 3, 4\]"),
        (lambda: panoptic_to_semantic(PANOPTIC[:0], ()), r"panoptic: .*got torch.int64 \[0, 4\]"),
        (lambda: panoptic_to_instances(PANOPTIC.numpy(), SEGMENTS), r"panoptic: .*got int64 \[3, 4\]"),
        (lambda: masks_to_boxes(NO_MASK), "masks: expected at least one pixel in each, got an empty mask"),
        (lambda: masks_to_boxes(NO_MASK[0]), r"masks: expected torch.bool \[N, H, W\]"),
        (lambda: semantic_to_onehot(SEMANTIC, 7), r"semantic: expected category ids 0..6 or 255 for void, got \[7\]"),
        (lambda: semantic_to_onehot(SEMANTIC, 256), "num_categories: expected 1..255, got 256"),
        (lambda: mask_to_counts(PANOPTIC), "mask: expected torch.bool"),
        (lambda: counts_to_mask([1, 2.0, 3], (2, 3)), "counts: expected whole numbers from 0, got 2.0"),
        (lambda: counts_to_mask([True, 5], (2, 3)), "counts: expected whole numbers from 0, got True"),
        (lambda: counts_to_mask([1, 5], (2.0, 3)), r"size: expected two whole numbers .*, got \(2.0, 3\)"),
        (lambda: counts_to_mask([1, 5], (True, 6)), r"size: expected two whole numbers .*, got \(True, 6\)"),
        (lambda: counts_to_mask([1, 5], None), "size: expected two whole numbers .*, got None"),
        (lambda: counts_to_mask(None, (2, 3)), "counts: expected a list of whole numbers, got NoneType"),
        (lambda: panoptic_to_semantic(PANOPTIC, None), "segments: expected a sequence of Segment, got NoneType"),
        (lambda: panoptic_to_instances(PANOPTIC, [{"id": 7}]), "segments: expected a sequence of Segment, got list"),
        (lambda: segments_to_info(PANOPTIC, None), "segments: expected a sequence of Segment, got NoneType"),
        (lambda: semantic_to_onehot(SEMANTIC, 8.0), "num_categories: expected 1..255, got 8.0"),
        (lambda: ids_to_rgb(PANOPTIC + 256**3), "panoptic: expected ids 0..16777215, got 16777216..16777516"),
        (lambda: ids_to_rgb(PANOPTIC - 1), "panoptic: expected ids 0..16777215, got -1..299"),
        (lambda: rgb_to_ids(np.zeros((3, 4), np.uint8)), r"rgb: .*got uint8 \[3, 4\]"),
        (lambda: ids_to_rgb(torch.tensor([[0, 256**3]])), "panoptic: expected ids 0..16777215, got 0..16777216"),
        (lambda: info_to_segments(None, PANOPTIC, STREET), "info: expected a list of entries, got NoneType"),
        (lambda: info_to_segments([None], PANOPTIC, STREET), r"info: expected a whole number .*, got \[None\]"),
        (
            lambda: info_to_segments([{"id": 1, "category_id": True}], PANOPTIC, STREET),
            "info: expected a whole number as id and as category_id of each entry, got .*True",
        ),
        (
            lambda: info_to_segments([{"id": 2**63, "category_id": 1}], PANOPTIC, STREET),
            r"segments: expected ids .*, below 2\*\*63, got \[9223372036854775808\]",
        ),
        (lambda: info_to_segments([{"id": 7}], PANOPTIC, STREET), r"info: .*got \[{'id': 7}\]"),
        (
            lambda: info_to_segments([{"id": 1, "category_id": 9}], PANOPTIC.clamp(max=1), STREET),
            "category_id: .*got 9",
        ),
    ],
)
def test_wrong_input_is_named(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_a_semantic_map_as_panoptic_has_one_segment_for_each_category() -> None:
    scene = street(3, crowding=1)
    panoptic, segments = semantic_to_panoptic(scene.semantic, STREET)
    assert torch.equal(panoptic_to_semantic(panoptic, segments), scene.semantic)
    ids = [segment.category_id for segment in segments]
    assert len(ids) == len(set(ids)) == len(scene.semantic.unique()) - bool((scene.semantic == VOID).any())
    with pytest.raises(ValueError, match="semantic: expected category ids"):
        semantic_to_panoptic(torch.full((2, 2), 8), STREET)
