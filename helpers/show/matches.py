"""The linked view: what was found in a picture, its IoU with each true object, and the curve of precision and recall.

Pointing at a prediction lights it in the picture, in the table and on the curve, and says what it is: a hit, a double,
another false positive. Two sliders move the score and the IoU threshold. Everything goes to the
browser once: for each of ten IoU thresholds who found whom, by `helpers.metrics.match`, so that nothing is matched
there. `helpers/page/matches/` answers. Where no front end runs, as on GitHub, a plain picture stands in its place
(`matches_still.py`).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import anywidget
import numpy as np
import torch
import traitlets
from numpy.typing import ArrayLike
from torch import Tensor

from helpers.arguments import check_instances, check_masks, describe, expect
from helpers.categories import STREET, CategorySet
from helpers.labels import Instances
from helpers.metrics import mask_iou, match
from helpers.metrics.average_precision import THRESHOLDS
from helpers.metrics.matching import falling
from helpers.page import bundle
from helpers.show.colors import image_bytes, to_numpy
from helpers.show.page import check_size, png_bundle

COLORS = {"hit": (52, 129, 229), "double": (254, 246, 140), "wrong": (255, 100, 4), "missed": (255, 176, 216)}
"""RGB of a hit, a double, any other false positive, a missed object. Signs and dashes tell them apart as well."""


@dataclass(frozen=True)
class Level:
    """What is found at one IoU threshold.

    Attributes:
        threshold: the smallest IoU of a match.
        found: for each prediction its true object, or -1.
        kinds: for each prediction "hit", "double" if the object that it fits best had been found by a surer one, else
            "wrong".
    """

    threshold: float
    found: list[int]
    kinds: list[str]


def find_levels(found: Instances, truth: Instances) -> list[Level]:
    """Who found whom at each of COCO's ten IoU thresholds; arguments as for `match`."""
    ious = mask_iou(found["masks"], truth["masks"])
    ious[found["labels"][:, None] != truth["labels"]] = 0
    levels = []
    for threshold in THRESHOLDS.tolist():
        matched = match(found, truth, threshold).tolist()
        fits = (ious >= threshold).any(1).tolist()  # what fits an object and is no hit came too late
        kinds = ["hit" if row >= 0 else "double" if fit else "wrong" for row, fit in zip(matched, fits, strict=True)]
        levels.append(Level(threshold, matched, kinds))
    return levels


class LinkedMatches(anywidget.AnyWidget):
    """The widget that `linked_matches` makes. Its traits go to the browser once and never change."""

    _esm, _css = bundle("matches")

    info = traitlets.Dict().tag(sync=True)
    pixels = traitlets.Bytes().tag(sync=True)

    def __init__(self, info: dict, pixels: bytes) -> None:
        super().__init__(info=info, pixels=pixels)

    def __repr__(self) -> str:
        height, width = self.info["height"], self.info["width"]
        return f"LinkedMatches({height}×{width}, {len(self.info['objects'])} true objects)"

    def _repr_mimebundle_(self, **kwargs: object) -> tuple[dict, dict]:
        from helpers.show.matches_still import draw

        return png_bundle(super()._repr_mimebundle_(**kwargs), draw(self.info, self.pixels), self.info["alt"])


def linked_matches(
    image: ArrayLike,
    found: Instances,
    truth: Instances,
    categories: CategorySet = STREET,
    *,
    alt: str,
    curve: tuple[Tensor, Tensor] | None = None,
) -> LinkedMatches:
    """Picture, IoU matrix and curve of precision and recall of one picture, linked.

    Args:
        image: float `[3, H, W]` in 0..1 or uint8 `[H, W, 3]`.
        found: predictions with `masks`, `labels`, `scores`; all that are given count, of whatever category.
        truth: the true objects, `masks` and `labels`. There is no void here and no crowd.
        categories: names of the labels, which must be things.
        alt: the figure in words.
        curve: recall and precision `[K]` each, 0..1, over many pictures, to compare with.

    Raises `ValueError` for instances of another form, sizes that differ, a curve that is none, or a picture that is too
    large.
    """
    image = image_bytes(image)
    check_size(image.shape, "image")
    things = [category.id for category in categories.things]
    check_instances("found", found, things=things)
    check_instances("truth", truth, ("masks", "labels"), things)
    for name, each in (("found", found), ("truth", truth)):
        check_masks(f"{name}['masks']", each["masks"], image.shape[:2])
    inside = bool(((found["scores"] >= 0) & (found["scores"] <= 1)).all())
    expect(inside, "found['scores']", "numbers in 0..1", "others")
    expect(len(alt.split()) > 2, "alt", "a sentence that says what the figure shows", f"'{alt}'")
    found = {key: found[key].cpu()[falling(found["scores"])] for key in ("masks", "labels", "scores")}
    truth = {key: truth[key].cpu()[truth["labels"].cpu().argsort(stable=True)] for key in ("masks", "labels")}
    info = {"alt": alt, "height": image.shape[0], "width": image.shape[1], "colors": _lists(COLORS)}
    info |= _items(found, truth, categories) | {"curve": [] if curve is None else _points(*curve)}
    masks = torch.cat([found["masks"], truth["masks"]]).numpy()
    return LinkedMatches(info, image.tobytes() + b"".join(np.packbits(mask).tobytes() for mask in masks))


def _lists(colors: dict[str, tuple[int, int, int]]) -> dict[str, list[int]]:
    return {name: list(color) for name, color in colors.items()}


def _items(found: Instances, truth: Instances, categories: CategorySet) -> dict:
    """Predictions, objects and who found whom, as `helpers/page/matches/data.js` has them."""
    ious = mask_iou(found["masks"], truth["masks"])
    same = ious * (found["labels"][:, None] == truth["labels"])
    predictions = [
        {"category": categories[label].name, "score": score, "best": _best(row)}
        for label, score, row in zip(found["labels"].tolist(), found["scores"].tolist(), same.tolist(), strict=True)
    ]
    labels = truth["labels"].tolist()
    return {
        "predictions": predictions,
        "objects": [
            {"category": categories[label].name, "number": labels[: at + 1].count(label)}
            for at, label in enumerate(labels)
        ],
        "ious": ious.tolist(),
        "texts": [[two_digits(iou) for iou in row] for row in ious.tolist()],
        "levels": [asdict(level) for level in find_levels(found, truth)],
    }


def _best(ious: list[float]) -> int:
    """The place of the largest IoU, of equal ones the last, as `match` chooses; -1 if all are 0."""
    most = max(ious, default=0)
    return len(ious) - 1 - ious[::-1].index(most) if most > 0 else -1


def two_digits(iou: float) -> str:
    """An IoU rounded to hundredths, yet never up to a threshold that it does not reach."""
    hundredths = round(100 * iou)
    return f"{(hundredths - (hundredths % 5 == 0 and hundredths / 100 > iou)) / 100:.2f}"


def _points(recall: Tensor, precision: Tensor) -> list[list[float]]:
    """The points of a curve, (recall, precision) each."""
    curve = [to_numpy(each) for each in (recall, precision)]
    for name, each in zip(("recall", "precision"), curve, strict=True):
        fits = each.ndim == 1 and each.dtype.kind == "f" and len(each) == len(curve[0]) and len(each) > 0
        expect(
            fits, f"curve: {name}", f"float [{len(curve[0]) if curve[0].ndim else 'K'}], at least one", describe(each)
        )
        expect(bool(((each >= 0) & (each <= 1)).all()), f"curve: {name}", "numbers in 0..1", "others")
    return np.stack(curve, 1).astype(float).round(4).tolist()
