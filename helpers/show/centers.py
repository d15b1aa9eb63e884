"""Objects without boxes: a heat map, pixels that point, and the groups they form; as a figure, and by hand."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from torch import Tensor

from helpers.arguments import expect
from helpers.show.colors import color_numbers, draw_borders, enlarge, image_bytes, to_numpy
from helpers.show.figures import PICTURE_WIDTH, draw_map, show_image
from helpers.show.player import TINTS, Cause, Grid, Picture, Player, Step, player
from helpers.show.rows import show_row

_EVERY = 3
"""Pixels from one arrow to the next."""


def offsets(
    image: Tensor, heat: Tensor, centres: Tensor, offsets: Tensor, thing: Tensor, group: Tensor, alt: str
) -> None:
    """Shows how pixels find their object: the heat map, where pixels point, who belongs together.

    Args:
        image: float `[3, H, W]` in 0..1.
        heat: 0..1 `[H, W]`.
        centres: `[K, 2]` (row, column).
        offsets: `[2, H, W]` in pixels, rows down and columns right.
        thing: bool `[H, W]`, the pixels that point.
        group: int64 `[H, W]`, which centre each joins, -1 for none.
        alt: the figure in words.
    """

    def likely(ax: Axes) -> None:
        shown = draw_map(to_numpy(heat), "", ax, vmin=0, vmax=1)
        ax.figure.colorbar(shown.images[0], ax=ax, fraction=0.05, pad=0.02, shrink=0.85).outline.set_visible(False)
        _draw_centres(ax, centres)

    def pointing(ax: Axes) -> None:
        show_image(image * 0.4 + 0.6, "", ax)
        _draw_arrows(ax, offsets, thing, group)
        _draw_centres(ax, centres)

    def joined(ax: Axes) -> None:
        times = max(1, round(PICTURE_WIDTH / group.shape[1]))
        numbers, colors = enlarge(to_numpy(group) + 1, times), enlarge(image_bytes(image), times)
        mixed = (0.35 * colors + 0.65 * color_numbers(numbers)).astype(np.uint8)
        draw_map(draw_borders(np.where(numbers[..., None] > 0, mixed, colors), numbers), "", ax, group.shape)

    show_row([likely, pointing, joined], ["how likely a middle", "where pixels point", "who points alike"], alt)


def _draw_centres(ax: Axes, centres: Tensor) -> None:
    ax.plot(centres[:, 1], centres[:, 0], "o", color="white", markeredgecolor="black", markersize=6)


def _draw_arrows(ax: Axes, offsets: Tensor, thing: Tensor, group: Tensor) -> None:
    """An arrow for one pixel in nine, in the colour of its group."""
    rows, columns = thing.nonzero().T
    chosen = (rows % _EVERY == 0) & (columns % _EVERY == 0)
    rows, columns = rows[chosen], columns[chosen]
    down, right = offsets[:, rows, columns]
    inks = color_numbers(group + 1)[rows, columns] / 255
    ax.quiver(columns, rows, right, down, angles="xy", scale_units="xy", scale=1, width=0.005, color=inks)


def grouping(image: Tensor, centres: Tensor, pixels: Tensor, tips: Tensor, distance: Tensor) -> Player:
    """A player in which the learner finds the centre that each pixel joins.

    Args:
        image: float `[3, H, W]` in 0..1.
        centres: `[K, 2]` (row, column); they are called c1, c2, ...
        pixels: int64 `[P, 2]` (row, column); they are called a, b, ...
        tips: float `[P, 2]`, where they point.
        distance: float `[P, K]`, from each tip to each centre, in pixels; of equal ones the first is joined.

    Raises `ValueError` without pixels or centres, and for distances of another form.
    """
    expect(len(pixels) > 0 and len(centres) > 0, "pixels, centres", "one at least", (len(pixels), len(centres)))
    size = [len(pixels), len(centres)]
    expect(list(distance.shape) == size, "distance", size, list(distance.shape))
    names = [chr(ord("a") + place) for place in range(len(pixels))]
    heads = [f"c{place}" for place in range(1, len(centres) + 1)]
    arrows = {
        f"{name}→": (*pixel, *tip) for name, pixel, tip in zip(names, pixels.tolist(), tips.tolist(), strict=True)
    }
    points = dict(zip([*names, *heads], [*pixels.tolist(), *centres.tolist()], strict=True))
    steps = [Step("Each pixel of an object points at the middle that it takes for its own. Which centre does it join?")]
    for row, name in enumerate(names):
        best = heads[int(distance[row].argmin())]
        down, right = (tips[row] - pixels[row]).tolist()
        text = (
            f"Pixel {name} points {_way(down, 'down', 'up')} and {_way(right, 'right', 'left')}."
            " Press the centre that is nearest to the tip of its arrow."
        )
        wrong = _not_nearest(heads, distance[row].tolist(), best)
        wrong |= {
            f"{name}·{head}": f"That is how far {head} is from the tip. Press the centre itself." for head in heads
        }
        steps.append(Step(text, [name, f"{name}→", *heads], best, wrong))
        steps.append(
            Step(
                f"Yes: pixel {name} joins {best}, {float(distance[row].min()):.1f} pixels from its tip.",
                [name, f"{name}→", best, f"{name}·{best}"],
            )
        )
    causes = {
        f"{name}·{head}": Cause([name, f"{name}→", head], _arithmetic(tips[row], centres[column], head))
        for row, name in enumerate(names)
        for column, head in enumerate(heads)
    }
    return player(
        [
            Picture("where pixels point", image, points=points, arrows=arrows),
            Grid("pixels from tip to centre", distance, rows=names, columns=heads, digits=1),
        ],
        steps,
        causes,
        alt="A picture with the centres of its objects and the arrows of some pixels, and the table of distances.",
        tints=dict.fromkeys([*names, *arrows], TINTS[3]),
    )


def _not_nearest(heads: list[str], distance: list[float], best: str) -> dict[str, str]:
    """Why a centre is not the one, for each but the best."""
    nearest = min(distance)
    return {
        head: f"{head} is {far:.1f} pixels from the tip. "
        + ("Another centre is nearer." if far > nearest else f"{best} is as near, and comes first.")
        for head, far in zip(heads, distance, strict=True)
        if head != best
    }


def _way(step: float, forward: str, back: str) -> str:
    return f"{abs(step):.1f} {forward if step >= 0 else back}"


def _arithmetic(tip: Tensor, centre: Tensor, head: str) -> str:
    rows, columns = (tip - centre).abs().tolist()
    far = float((tip - centre).double().norm())
    return f"√({rows:.1f}² + {columns:.1f}²) = {far:.1f} pixels from the tip to [{head}]({head})"
