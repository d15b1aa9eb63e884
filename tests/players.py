"""The players that lessons are to have, as examples for the tests: matching, grouping, convolution, cropping."""

from __future__ import annotations

import numpy as np
import torch

from helpers.scenes.street import street
from helpers.show.player import Cause, Grid, Picture, Player, Step, player


def matching() -> Player:
    """Greedy matching of 9 predictions with 11 things of a crowded street."""
    scene = street(1_000_005, crowding=1.0)
    true = scene.instances["masks"][:11]
    found = torch.stack([mask.roll((number % 3, 2 + number), (0, 1)) for number, mask in enumerate(true[:9])])
    both = (found[:, None] & true[None]).sum((2, 3))
    union = (found[:, None] | true[None]).sum((2, 3))
    iou = both / union
    predictions = {f"p{number}": mask for number, mask in enumerate(found, start=1)}
    cars_ = {f"t{number}": mask for number, mask in enumerate(true, start=1)}
    causes = {
        f"{p}·{t}": Cause(
            [p, t],
            f"intersection / union = {both[i, j]} / ([{found[i].sum()}]({p}) + [{true[j].sum()}]({t}) − {both[i, j]})"
            f" = {iou[i, j]:.2f}",
        )
        for i, p in enumerate(predictions)
        for j, t in enumerate(cars_)
    }
    panels = [
        Picture("found", scene.image, masks=predictions),
        Picture("true", scene.image, masks=cars_),
        Grid("IoU", iou, rows=predictions, columns=cars_, most=1),
    ]
    best = int(iou[1].argmax()) + 1
    steps = [
        Step("Nine cars were found, and the street has more. Which one is which?"),
        Step(
            "The surest prediction, p1, chooses first: it takes the true car that it overlaps most.",
            ["p1", "t1", "p1·t1"],
        ),
        Step("Now p2. Press the cell of the car that it takes.", ["p2"], f"p2·t{best}", {"p2·t1": "Car t1 is taken."}),
        Step("What nobody took was missed.", list(cars_)[9:]),
    ]
    return player(panels, steps, causes, alt="Nine predictions, the true cars and the IoU of each pair.")


def grouping() -> Player:
    """Pixels grouped by their offsets: each belongs to the centre that its arrow comes nearest to."""
    scene = street(1_000_294)
    centers = {"c1": (60, 40), "c2": (70, 80), "c3": (64, 120)}
    arrows = {"a1": (72, 52, 61, 42), "a2": (62, 70, 69, 79)}
    panel = Picture("offsets", scene.image, points=centers, arrows=arrows)
    steps = [
        Step("Each pixel says where its centre is.", ["a1", "a2"]),
        Step(
            "Press the centre that this pixel belongs to.",
            ["a1"],
            "c1",
            {"c2": "The arrow ends 39 pixels away from c2."},
        ),
        Step("And so for all pixels."),
    ]
    return player(
        [panel],
        steps,
        {"a1": Cause(["c1"], "1.4 pixels to [c1](c1), 39 to c2")},
        alt="A street with centres and offsets.",
    )


def convolution() -> Player:
    """A 3×3 filter over a window of ten by ten."""
    rng = np.random.default_rng(0)
    window = rng.random((10, 10)).round(1)
    kernel = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]])
    out = sum(kernel[i, j] * window[i : i + 8, j : j + 8] for i in range(3) for j in range(3))
    panels = [
        Grid("window", window, key="x", digits=1, most=1),
        Grid("filter", kernel, key="w", digits=0, most=4),
        Grid("result", out, key="y", digits=1, most=4),
    ]
    filter_ = [f"w{i}·{j}" for i in range(3) for j in range(3)]

    def seen(row: int, column: int) -> list[str]:
        return [f"x{row + i}·{column + j}" for i in range(3) for j in range(3)]

    def sum_of(row: int, column: int) -> str:
        values = window[row : row + 3, column : column + 3].ravel()
        pairs = zip(values, kernel.ravel(), seen(row, column), filter_, strict=True)
        products = " + ".join(f"[{x:g}]({a}) × [{w:g}]({b})".replace("-", "−") for x, w, a, b in pairs)
        return f"{products} = {out[row, column]:.1f}".replace("-", "−")

    causes = {f"y{r}·{c}": Cause([*seen(r, c), *filter_], sum_of(r, c)) for r in range(8) for c in range(8)}
    steps = [
        Step(
            f"The filter lies on nine numbers of the window; their products sum to one. {r}, {c}",
            [*causes[f"y{r}·{c}"].lights, f"y{r}·{c}"],
        )
        for r, c in [(0, 0), (0, 1), (0, 2), (1, 0)]
    ]
    return player(panels, steps, causes, alt="A window of numbers, a filter and the result of the convolution.")


def cropping() -> Player:
    """A box cropped to a grid of 7×7, each cell from one point of the picture."""
    scene = street(1_000_294)
    left, top, right, bottom = scene.instances["boxes"][0].tolist()
    gray = scene.image.mean(0).numpy()
    points, causes, values = {}, {}, np.zeros((7, 7))
    for i in range(7):
        for j in range(7):
            row = top + (i + 0.5) * (bottom - top) / 7 - 0.5
            column = left + (j + 0.5) * (right - left) / 7 - 0.5
            values[i, j] = gray[round(row), round(column)]
            points[f"s{i}·{j}"] = (row, column)
            causes[f"g{i}·{j}"] = Cause([f"s{i}·{j}", "b1"], f"the picture at [({row:.1f}, {column:.1f})](s{i}·{j})")
    panels = [
        Picture("picture", scene.image, boxes={"b1": (left, top, right, bottom)}, points=points),
        Grid("crop", values, key="g", most=1),
    ]
    steps = [
        Step("The box has any size.", ["b1"]),
        Step("The crop is always 7 × 7.", [f"g{i}·{j}" for i in range(7) for j in range(7)]),
    ]
    return player(panels, steps, causes, alt="A street with one box, and the crop of it.")
