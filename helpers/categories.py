"""Categories: the words that a label may be, each with one number and one colour.

A *category set* is the vocabulary of a data set. Its ids run from 0 without a gap, so that a category id is also the
channel of a network's output. Every figure, widget and lesson takes its colours from here.

"Stuff" has no countable objects (sky, road), a "thing" does (car, person): the terms of Kirillov et al.,
"Panoptic Segmentation", CVPR 2019, section 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

VOID = 255
"""The category id of a pixel that has no label. It never counts, neither in training nor in a score."""

VOID_COLOR = (0, 0, 0)


@dataclass(frozen=True)
class Category:
    """One word of the vocabulary: its id, its name, whether it is countable, its RGB colour (0..255)."""

    id: int
    name: str
    isthing: bool
    color: tuple[int, int, int]


@dataclass(frozen=True)
class CategorySet:
    """The vocabulary of one data set; behaves as a sequence of `Category`, indexed by id.

    Raises `ValueError` if ids are not 0, 1, 2, ..., a name stands twice, or is one that scores have for groups.
    """

    name: str
    categories: tuple[Category, ...]

    def __post_init__(self) -> None:
        ids = [category.id for category in self.categories]
        if ids != list(range(len(ids))) or len(ids) > VOID:
            raise ValueError(f"categories: ids must run 0, 1, 2, ... and stay below {VOID}, got {ids}")
        if len(set(self.names)) != len(ids):
            raise ValueError(f"categories: names must differ, got {list(self.names)}")
        taken = set(self.names) & {"things", "stuff", "small", "medium", "large"}  # "PQ things", "AP small"
        if taken:
            raise ValueError(f"categories: names must be none of groups of categories, got {sorted(taken)}")

    def __len__(self) -> int:
        return len(self.categories)

    def __iter__(self) -> Iterator[Category]:
        return iter(self.categories)

    def __getitem__(self, category_id: int) -> Category:
        if not 0 <= category_id < len(self):
            raise ValueError(f"category_id: expected 0..{len(self) - 1} of the set '{self.name}', got {category_id}")
        return self.categories[category_id]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(category.name for category in self.categories)

    @property
    def things(self) -> tuple[Category, ...]:
        return tuple(category for category in self.categories if category.isthing)

    @property
    def stuff(self) -> tuple[Category, ...]:
        return tuple(category for category in self.categories if not category.isthing)

    def id(self, name: str) -> int:
        """The id of the category called `name`."""
        if name not in self.names:
            raise ValueError(f"name: the set '{self.name}' has {', '.join(self.names)}; got '{name}'")
        return self.names.index(name)

    @cached_property
    def palette(self) -> np.ndarray:
        """uint8 `[256, 3]`: the RGB colour of every possible value of a semantic map; void is black, the rest grey."""
        table = np.full((256, 3), 128, np.uint8)
        for category in self.categories:
            table[category.id] = category.color
        table[VOID] = VOID_COLOR
        return table


# The colours keep apart for colour-blind eyes too: tests/test_figures.py measures every pair, for four kinds of eyes.
STREET = CategorySet(
    "street",
    (
        Category(0, "sky", False, (106, 182, 252)),
        Category(1, "building", False, (113, 69, 62)),
        Category(2, "road", False, (74, 70, 104)),
        Category(3, "sidewalk", False, (221, 164, 182)),
        Category(4, "grass", False, (180, 226, 119)),
        Category(5, "tree", True, (23, 134, 1)),
        Category(6, "car", True, (25, 75, 235)),
        Category(7, "person", True, (244, 84, 113)),
    ),
)

COINS = CategorySet(
    "coins",
    (
        Category(0, "background", False, (96, 90, 110)),
        Category(1, "coin", True, (240, 190, 60)),
    ),
)
