"""Labels: the forms in which people write down what each pixel is, and the ways between them.

- semantic map: int64 `[H, W]` of category ids, 255 = void.
- one-hot: bool `[C, H, W]`, one channel for each category.
- instances: `Instances`, a dict of `boxes`, `labels`, `masks` and `scores`, one row for each object.
- panoptic: `Panoptic`, an int64 map `[H, W]` of segment ids, 0 = void, and one `Segment` for each id.
- RLE: one mask as a list of run lengths, or as the string that COCO makes of it.
- COCO panoptic: the panoptic map as a colour picture, its segments as JSON.

Void is no category: it has no channel, no segment, no object, and comes back as void. Every function raises
`ValueError` for a wrong shape, dtype or id, naming the argument, what was expected and what came. Results lie on the
device of the input, except for RLE (numbers, text) and pictures (numpy), which live on the CPU.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, NamedTuple, TypedDict

import numpy as np
import torch
from torch import Tensor

from helpers.arguments import check_semantic, describe, expect, is_whole
from helpers.categories import VOID, CategorySet


@dataclass(frozen=True)
class Segment:
    """One region of a panoptic map: a thing, or all the pixels of one kind of stuff.

    Attributes:
        id: its number in the panoptic map, from 1; arbitrary but unique in the picture.
        category_id: its category, 0..254.
        isthing: whether the category is countable.
        area: how many pixels it covers.
        score: how sure a model is of it, 0..1; 1 for truth.
        iscrowd: a group of things that nobody labelled one by one. A crowd has a category, but is not an object.
    """

    id: int
    category_id: int
    isthing: bool
    area: int
    score: float = 1.0
    iscrowd: bool = False

    def __post_init__(self) -> None:
        fits = is_whole(self.id) and 0 < int(self.id) < 2**63
        expect(fits, "id", "a segment id from 1 (0 is void), below 2**63", self.id)
        fits = is_whole(self.category_id) and 0 <= self.category_id < VOID
        expect(fits, "category_id", f"0..{VOID - 1} ({VOID} is void)", self.category_id)


class Instances(TypedDict, total=False):
    """The objects of one picture, or what a model takes for objects: torchvision's form, one row for each of N.

    A function says which keys it needs; truth may lack scores.

    Keys:
        boxes: float32 `[N, 4]`, corners (x1, y1, x2, y2), the right and lower edge outside (see `masks_to_boxes`).
        labels: int64 `[N]` of category ids.
        masks: bool `[N, H, W]`.
        scores: float32 `[N]`, 0..1.
    """

    boxes: Tensor
    labels: Tensor
    masks: Tensor
    scores: Tensor


class Panoptic(NamedTuple):
    """A panoptic map with its segments; unpacks as (map, segments).

    Attributes:
        map: int64 `[H, W]` of segment ids, 0 = void.
        segments: one `Segment` for each id in `map`.
    """

    map: Tensor
    segments: tuple[Segment, ...]


# --- semantic, instances and panoptic --------------------------------------------------------------------------------


def panoptic_to_semantic(panoptic: Tensor, segments: Sequence[Segment]) -> Tensor:
    """What is where, but not which object: int64 `[H, W]` of category ids, 255 = void. Crowds keep their category.

    `segments` holds exactly one `Segment` for each id in `panoptic` (int64 `[H, W]`).
    """
    index = _segment_index(panoptic, _ids(segments))
    categories = torch.tensor([VOID] + [segment.category_id for segment in segments], device=panoptic.device)
    return categories[index]


def panoptic_to_instances(panoptic: Tensor, segments: Sequence[Segment]) -> Instances:
    """The objects, in the order of `segments`, without stuff and crowds.

    All four keys are set; N may be 0.
    """
    index = _segment_index(panoptic, _ids(segments))
    things = [segment for segment in segments if segment.isthing and not segment.iscrowd]
    row = {segment.id: place for place, segment in enumerate(things, start=1)}
    rows = torch.tensor([0] + [row.get(segment.id, 0) for segment in segments], device=panoptic.device)
    masks = _index_to_masks(rows[index], len(things))
    return {
        "boxes": masks_to_boxes(masks),
        "labels": torch.tensor([thing.category_id for thing in things], dtype=torch.int64, device=panoptic.device),
        "masks": masks,
        "scores": torch.tensor([thing.score for thing in things], dtype=torch.float32, device=panoptic.device),
    }


def semantic_to_panoptic(semantic: Tensor, categories: CategorySet) -> Panoptic:
    """A semantic map as a panoptic one: each category becomes one segment, things too, since the map knows no better.

    int64 `[H, W]` of category ids, 255 = void, to the panoptic map and its segments; segment ids are category ids + 1.
    """
    check_semantic("semantic", semantic, len(categories))
    areas = torch.bincount(semantic.flatten(), minlength=VOID + 1).tolist()
    segments = tuple(
        Segment(category.id + 1, category.id, category.isthing, areas[category.id])
        for category in categories
        if areas[category.id]
    )
    return Panoptic(torch.where(semantic == VOID, 0, semantic + 1), segments)


def is_thing(semantic: Tensor, categories: CategorySet) -> Tensor:
    """bool, of the map's shape: whether the category of a pixel is countable; void is not."""
    return torch.isin(semantic, torch.tensor([thing.id for thing in categories.things], device=semantic.device))


def masks_to_boxes(masks: Tensor) -> Tensor:
    """The smallest box around each mask: bool `[N, H, W]` to float32 `[N, 4]`, corners (x1, y1, x2, y2) in pixels.

    A pixel is a square of side 1, so the box of a single pixel at column 3, row 5 is (3, 5, 4, 6) and its area is 1.
    `torchvision.ops.masks_to_boxes` gives the last column and row instead, (3, 5, 3, 5). Raises for an empty mask.
    """
    _check(masks, "masks", torch.bool, 3)
    pixels = masks.view(torch.uint8)  # same bytes; the maximum of bytes is many times faster than `any` of bools
    columns, rows = pixels.amax(1), pixels.amax(2)  # [N, W], [N, H]
    expect(bool(rows.any(1).all()), "masks", "at least one pixel in each", "an empty mask, which has no box")
    return _corners(columns, rows).float()


def _corners(columns: Tensor, rows: Tensor) -> Tensor:
    """int64 `[N, 4]` (x1, y1, x2, y2) from uint8 1 in the columns `[N, W]` and rows `[N, H]` that N masks touch."""
    right = columns.shape[1] - columns.flip(1).argmax(1)  # argmax is the first of several ones
    lower = rows.shape[1] - rows.flip(1).argmax(1)
    return torch.stack((columns.argmax(1), rows.argmax(1), right, lower), dim=1)


def _index_to_masks(index: Tensor, count: int) -> Tensor:
    """bool `[count, H, W]`: mask k is where `index` (int64 `[H, W]`) is k + 1."""
    masks = torch.zeros(count + 1, *index.shape, dtype=torch.bool, device=index.device)
    return masks.scatter_(0, index[None], True)[1:]


# --- one-hot ---------------------------------------------------------------------------------------------------------


def semantic_to_onehot(semantic: Tensor, num_categories: int) -> Tensor:
    """One yes-or-no map for each category: int64 `[H, W]` to bool `[C, H, W]`. A void pixel is no in all of them."""
    check_semantic("semantic", semantic, num_categories)
    return semantic == torch.arange(num_categories, device=semantic.device)[:, None, None]


# --- run-length encoding (RLE) of one mask, as in COCO (Lin et al., ECCV 2014; the `pycocotools` package) -------------


def mask_to_counts(mask: Tensor) -> list[int]:
    """The lengths of the runs of equal pixels, down the columns one after the other, starting with zeros.

    bool `[H, W]` to a list whose sum is H·W. A mask that starts with a one has a first run of length 0.
    """
    _check(mask, "mask", torch.bool, 2)
    pixels = mask.T.flatten().cpu()  # column after column
    changes = (pixels[1:] != pixels[:-1]).nonzero().flatten() + 1
    counts = torch.diff(changes, prepend=torch.tensor([0]), append=torch.tensor([len(pixels)])).tolist()
    return [0, *counts] if pixels[0] else counts


def counts_to_mask(counts: Sequence[int], size: tuple[int, int]) -> Tensor:
    """bool `[H, W]` of the runs in `counts`, `size` = (H, W). Raises if they do not fill the mask exactly."""
    fits = isinstance(size, Iterable) and [is_whole(side) and side > 0 for side in size] == [True, True]
    expect(fits, "size", "two whole numbers (H, W), neither of them 0", size)
    height, width = (int(side) for side in size)
    expect(isinstance(counts, Iterable), "counts", "a list of whole numbers", describe(counts))
    wrong = next((count for count in counts if not is_whole(count) or count < 0), None)
    expect(wrong is None, "counts", "whole numbers from 0", wrong)
    counts = [int(count) for count in counts]  # the sum of small numpy integers would overflow
    expect(sum(counts) == height * width, "counts", f"runs of {height}·{width} pixels in sum", sum(counts))
    ones = torch.arange(len(counts)) % 2 == 1  # no, yes, no, yes, ...
    return ones.repeat_interleave(torch.tensor(counts)).view(width, height).T.contiguous()


def mask_to_rle(mask: Tensor) -> dict[str, Any]:
    """COCO's compressed form, `{"size": [H, W], "counts": text}`: what `pycocotools.mask.encode` gives, as `str`.

    From the fourth run on, the difference to the run before the last is written, since neighbouring columns are alike.
    Each number is cut into groups of five bits, lowest first; a group is one character, with a sixth bit for "more".
    """
    counts = mask_to_counts(mask)
    text = bytearray()
    for place, count in enumerate(counts):
        number = count - counts[place - 2] if place > 2 else count
        more = True
        while more:
            group, number = number & 31, number >> 5
            more = number != (-1 if group & 16 else 0)  # the top bit of the last group is the sign
            text.append(ord("0") + group + 32 * more)
    return {"size": list(mask.shape), "counts": text.decode("ascii")}


def rle_to_mask(rle: dict[str, Any]) -> Tensor:
    """bool `[H, W]` from COCO's compressed form; `counts` may be `str` or `bytes`. Raises if the text is damaged."""
    expect(isinstance(rle, Mapping), "rle", "a dict with size and counts", describe(rle))
    expect({"size", "counts"} <= rle.keys(), "rle", "keys size and counts", sorted(rle))
    text, size = rle["counts"], rle["size"]
    expect(isinstance(size, list | tuple), "rle['size']", "[H, W]", size)
    expect(isinstance(text, str | bytes), "rle['counts']", "text (for a list use counts_to_mask)", type(text).__name__)
    groups = [(ord(letter) if isinstance(letter, str) else letter) - ord("0") for letter in text]
    wrong = next((place for place, group in enumerate(groups) if not 0 <= group < 64), None)
    expect(wrong is None, "rle['counts']", "letters from '0' to 'o'", f"another at place {wrong}")
    counts: list[int] = []
    number = shift = 0
    for group in groups:
        number |= (group & 31) << shift
        shift += 5
        expect(shift <= 60, "rle['counts']", "numbers of at most 12 letters", "a longer one")
        if group & 32:  # more to come
            continue
        if group & 16:
            number -= 1 << shift
        counts.append(number + (counts[-2] if len(counts) > 2 else 0))
        number = shift = 0
    expect(shift == 0, "rle['counts']", "a text that ends with its last number", "one that is cut short")
    return counts_to_mask(counts, tuple(size))


# --- COCO panoptic: a picture of ids and a list of segments (cocodataset.org/#format-data) ---------------------------


def ids_to_rgb(panoptic: Tensor) -> np.ndarray:
    """The ids as colours, id = R + 256 G + 256² B: int64 `[H, W]` to uint8 `[H, W, 3]`. Ids must be below 256³."""
    _check(panoptic, "panoptic", torch.int64, 2)
    low, high = int(panoptic.min()), int(panoptic.max())
    expect(low >= 0 and high < 256**3, "panoptic", f"ids 0..{256**3 - 1}", f"{low}..{high}")
    ids = panoptic.cpu().numpy()
    return np.stack([ids & 255, ids >> 8 & 255, ids >> 16], axis=-1).astype(np.uint8)


def rgb_to_ids(rgb: np.ndarray) -> Tensor:
    """The inverse of `ids_to_rgb`: uint8 `[H, W, 3]` to int64 `[H, W]`."""
    fits = isinstance(rgb, np.ndarray) and rgb.dtype == np.uint8 and rgb.ndim == 3 and rgb.shape[2] == 3
    expect(fits, "rgb", "a numpy array of uint8 [H, W, 3]", describe(rgb))
    return torch.from_numpy(rgb.astype(np.int64) @ np.array([1, 256, 256**2]))


def segments_to_info(panoptic: Tensor, segments: Sequence[Segment]) -> list[dict[str, Any]]:
    """COCO's `segments_info`, ready for JSON: id, category_id, iscrowd (0 or 1), area and bbox `[x, y, width, height]`.

    Area and box are measured on `panoptic`. COCO's truth holds no scores, and says in its categories what is a thing.
    """
    areas, boxes = _measure(_segment_index(panoptic, _ids(segments)), len(segments))
    return [
        {
            "id": int(segment.id),
            "category_id": int(segment.category_id),
            "iscrowd": int(segment.iscrowd),
            "area": area,
            "bbox": box,
        }
        for segment, area, box in zip(segments, areas, boxes, strict=True)
    ]


def info_to_segments(info: Sequence[dict[str, Any]], panoptic: Tensor, categories: CategorySet) -> tuple[Segment, ...]:
    """The segments that `segments_info` tells of; `categories` says which `category_id` is a thing.

    Area and box are measured on `panoptic`. Where an entry gives its own, they must agree, or it tells of another
    picture: one that was shifted, mirrored or cut, say. Entries with fractions were measured on outlines, not on
    pixels; their boxes must agree to 2 pixels.
    """
    expect(isinstance(info, Iterable), "info", "a list of entries", describe(info))
    keys = ("id", "category_id")
    wrong = [e for e in info if not isinstance(e, Mapping) or not all(is_whole(e.get(key)) for key in keys)]
    expect(not wrong, "info", "a whole number as id and as category_id of each entry", wrong[:1])
    areas, boxes = _measure(_segment_index(panoptic, [int(entry["id"]) for entry in info]), len(info))
    for entry, area, box in zip(info, areas, boxes, strict=True):
        came = f"area {entry.get('area')} and bbox {entry.get('bbox')}"
        expect(_agrees(entry, area, box), f"info: segment {entry['id']}", f"area {area} and bbox {box}", came)
    return tuple(
        Segment(
            id=int(entry["id"]),
            category_id=int(entry["category_id"]),
            isthing=categories[entry["category_id"]].isthing,
            area=area,
            iscrowd=bool(entry.get("iscrowd", 0)),
        )
        for entry, area in zip(info, areas, strict=True)
    )


def _agrees(entry: Mapping[str, Any], area: int, box: list[int]) -> bool:
    """Whether the area and the box that an entry gives, if it does, are those that were measured."""
    said_area, said_box = entry.get("area"), entry.get("bbox")
    said = [area if said_area is None else said_area, *(box if said_box is None else said_box)]
    if len(said) != 5 or not all(isinstance(number, Real) for number in said):
        return False
    if all(number % 1 == 0 for number in said):
        return said == [area, *box]
    x, y, width, height = said[1:]
    off = (x - box[0], y - box[1], x + width - box[0] - box[2], y + height - box[1] - box[3])
    return 0 <= said[0] <= (width + 4) * (height + 4) and all(abs(pixels) <= 2 for pixels in off)


def _measure(index: Tensor, count: int) -> tuple[list[int], list[list[int]]]:
    """Area and box `[x, y, width, height]` of the pixels of `index` (int64 `[H, W]`) that are 1, 2, ... `count`."""
    height, width = index.shape
    columns = torch.zeros(count + 1, width, dtype=torch.uint8, device=index.device)
    rows = torch.zeros(count + 1, height, dtype=torch.uint8, device=index.device)
    columns[index, torch.arange(width, device=index.device)] = 1
    rows[index, torch.arange(height, device=index.device)[:, None]] = 1
    boxes = [[x1, y1, x2 - x1, y2 - y1] for x1, y1, x2, y2 in _corners(columns, rows).tolist()]
    return _areas(index, count), boxes[1:]


# --- what every function checks --------------------------------------------------------------------------------------


def _ids(segments: Sequence[Segment]) -> list[int]:
    fits = isinstance(segments, Iterable) and all(isinstance(segment, Segment) for segment in segments)
    expect(fits, "segments", "a sequence of Segment", describe(segments))
    return [int(segment.id) for segment in segments]


def _segment_index(panoptic: Tensor, ids: list[int]) -> Tensor:
    """int64 `[H, W]`: k where `panoptic` has the id `ids[k - 1]`, 0 where it is void. Every id must have its pixels."""
    _check(panoptic, "panoptic", torch.int64, 2)
    fits = len(set(ids)) == len(ids) and all(0 < segment_id < 2**63 for segment_id in ids)
    expect(fits, "segments", "ids that differ, from 1, below 2**63", sorted(ids))
    ordered, order = torch.tensor([0, *ids], device=panoptic.device).sort()
    place = torch.searchsorted(ordered, panoptic.contiguous()).clamp_(max=len(ids))
    unknown = panoptic[ordered[place] != panoptic].unique().tolist()
    expect(not unknown, "panoptic", "a segment for each id", f"ids without one: {unknown[:8]}")
    index = order[place]
    areas = _areas(index, len(ids))
    absent = [segment_id for segment_id, area in zip(ids, areas, strict=True) if area == 0]
    expect(not absent, "segments", "at least one pixel of panoptic for each", f"ids without any: {absent[:8]}")
    return index


def _areas(index: Tensor, count: int) -> list[int]:
    return torch.bincount(index.flatten(), minlength=count + 1)[1:].tolist()


def _check(value: Tensor, argument: str, dtype: torch.dtype, axes: int) -> None:
    """A picture has at least one pixel; a list of pictures, labels or scores may be empty."""
    fits = isinstance(value, Tensor) and value.dtype == dtype and value.ndim == axes
    fits = fits and (axes == 1 or 0 not in value.shape[-2:])
    shape = {1: "[N]", 2: "[H, W]", 3: "[N, H, W]"}[axes]
    expect(fits, argument, f"{dtype} {shape}", describe(value))
