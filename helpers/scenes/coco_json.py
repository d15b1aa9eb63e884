"""The JSON of a data set in COCO panoptic format: what it must hold, and its categories as a vocabulary."""

from __future__ import annotations

import colorsys
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, FailFast, Field, ValidationError

from helpers.categories import VOID, Category, CategorySet
from helpers.scenes.coco_files import read_bytes, short


@dataclass(frozen=True)
class CocoCategories(CategorySet):
    """A vocabulary with what COCO knows it by. Its own ids are 0, 1, 2, ... in the order of the COCO ids.

    Attributes:
        coco_ids: the id that each category has in the JSON.
        supercategories: the group that each belongs to, as the JSON names it.
    """

    coco_ids: tuple[int, ...]
    supercategories: tuple[str, ...]


def coco_ids(categories: CategorySet) -> tuple[int, ...]:
    """The id that each category has in a JSON. A vocabulary that no JSON brought keeps its own ids."""
    if isinstance(categories, CocoCategories):
        return categories.coco_ids
    return tuple(category.id for category in categories)


# What the JSON must hold. COCO knows more fields; they are not needed, and not looked at. An id is not made of text or
# of `true`, and a list is left at its first fault: a file of another kind would have a million.


def _number_or_text(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError("Input should be a whole number or a text")
    return value


_Whole = Annotated[int, Field(strict=True)]
_ImageId = Annotated[int | str, BeforeValidator(_number_or_text)]
_Byte = Annotated[int, Field(ge=0, le=255)]
_Real = int | Annotated[float, Field(allow_inf_nan=False)]


class SegmentInfo(BaseModel):
    id: Annotated[int, Field(strict=True, ge=1, lt=256**3)]
    category_id: _Whole
    iscrowd: bool = False
    area: _Real | None = None
    bbox: Annotated[list[_Real], Field(min_length=4, max_length=4)] | None = None


class Annotation(BaseModel):
    image_id: _ImageId
    file_name: str
    segments_info: Annotated[list[SegmentInfo], FailFast()]


class ListedImage(BaseModel):
    id: _ImageId
    file_name: str


class ListedCategory(BaseModel):
    id: _Whole
    name: str
    isthing: bool
    supercategory: str | None = None
    color: tuple[_Byte, _Byte, _Byte] | None = None


class CocoJson(BaseModel):
    images: Annotated[list[ListedImage], FailFast()]
    annotations: Annotated[list[Annotation], FailFast()]
    categories: Annotated[list[ListedCategory], FailFast(), Field(min_length=1)]


def read_json(path: Path) -> CocoJson:
    """The JSON, each image, annotation and category in it once. Raises `FileNotFoundError`, or `ValueError`."""
    content = read_bytes("annotation_json", path)
    encoding = json.detect_encoding(content)  # by a byte-order mark, as Windows puts in front
    try:
        found = CocoJson.model_validate_json(content if encoding == "utf-8" else content.decode(encoding))
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: expected a JSON in COCO panoptic format; the file: {error}") from None
    except ValidationError as error:
        raise ValueError(f"{path}: expected a JSON in COCO panoptic format; {_first_fault(error)}") from None
    _expect_once(path, "image ids in images", (image.id for image in found.images))
    _expect_once(path, "image_ids in annotations", (annotation.image_id for annotation in found.annotations))
    _expect_once(path, "ids in categories", (category.id for category in found.categories))
    _expect_once(path, "names in categories", (category.name for category in found.categories))
    images = {image.id for image in found.images}
    for annotation in found.annotations:
        image_id = annotation.image_id
        if image_id not in images:
            same = next((other for other in images if str(other) == str(image_id)), None)
            hint = "" if same is None else f"; there is {same!r}, and a number is not a text"
            raise ValueError(f"{path}: {annotation.file_name} belongs to image {image_id!r}, which is not listed{hint}")
    return found


def make_vocabulary(path: Path, listed: list[ListedCategory]) -> CocoCategories:
    """The categories of a JSON, numbered by rising COCO id. Raises `ValueError` for more than 255."""
    if len(listed) > VOID:
        raise ValueError(f"{path}: expected at most {VOID} categories, got {len(listed)}")
    ordered = sorted(listed, key=lambda category: category.id)
    return CocoCategories(
        path.stem,
        tuple(
            Category(number, category.name, category.isthing, category.color or _some_color(number))
            for number, category in enumerate(ordered)
        ),
        tuple(category.id for category in ordered),
        tuple(category.supercategory or category.name for category in ordered),
    )


def match_vocabulary(path: Path, listed: list[ListedCategory], categories: CategorySet) -> None:
    """Raises `ValueError` if the JSON has a category that `categories` has not: the same id, name and isthing."""
    known = dict(zip(coco_ids(categories), categories, strict=True))
    for category in listed:
        same = known.get(category.id)
        if same is None or (same.name, same.isthing) != (category.name, category.isthing):
            expected = "none" if same is None else f"'{same.name}', a {_kind(same)}"
            raise ValueError(
                f"{path}: expected the categories of '{categories.name}', where id {category.id} is {expected}, "
                f"got '{category.name}', a {_kind(category)}"
            )


def _kind(category: Category | ListedCategory) -> str:
    return "thing" if category.isthing else "kind of stuff"


def _expect_once(path: Path, what: str, values: Iterable[int | str]) -> None:
    seen: set[int | str] = set()
    for value in values:
        if value in seen:
            raise ValueError(f"{path}: expected {what} that differ, got {short(repr(value))} twice")
        seen.add(value)


def _first_fault(error: ValidationError) -> str:
    """Where the first fault is and what it is; a file of COCO's better-known kind is called by its name."""
    fault = error.errors()[0]
    entry = fault["input"]
    listed_alone = fault["loc"][:1] == ("annotations",) and isinstance(entry, dict) and "segments_info" not in entry
    if listed_alone and {"bbox", "segmentation"} & entry.keys():
        return "its annotations have no segments_info: it is an ordinary detection JSON, one entry for each object"
    place = ".".join(str(step) for step in fault["loc"]) or "the file"
    plain = entry is None or isinstance(entry, bool | int | float | str)
    got = f", got {short(repr(entry))}" if plain and fault["type"] != "json_invalid" else ""
    return f"{place}: {fault['msg'].removeprefix('Value error, ')}{got}"


def _some_color(number: int) -> tuple[int, int, int]:
    """A colour for a category that brings none: hues one golden angle apart, so that neighbours differ much."""
    red, green, blue = colorsys.hsv_to_rgb(
        number * 0.381966 % 1, 0.6 + 0.2 * (number % 3 - 1), 0.95 - 0.2 * (number % 2)
    )
    return round(red * 255), round(green * 255), round(blue * 255)
