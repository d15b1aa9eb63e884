"""Mask R-CNN stage by stage, as a figure."""

from __future__ import annotations

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike
from torch import Tensor

from helpers.arguments import expect
from helpers.categories import CategorySet
from helpers.models.stages import Stages
from helpers.objects import surer_than
from helpers.show.colors import to_numpy
from helpers.show.figures import course_style, show_figure, show_image, show_instances

_PROPOSED = "#ffd34d"


def stages(image: ArrayLike, stages: Stages, categories: CategorySet, alt: str, surer: float = 0.4) -> None:
    """Shows what `look_inside` found: the proposals, the boxes with their names, the grid of the first, all masks.

    Args:
        image: float `[3, H, W]` in 0..1, the picture that was looked at.
        alt: the figure in words.
        surer: boxes and masks with a higher score are drawn.

    Raises `ValueError` if no box was found.
    """
    expect(len(stages.boxes) > 0, "stages", "at least one box", 0)
    kept = surer_than(stages.instances, surer)
    with course_style():
        _, axes = plt.subplots(2, 2, figsize=(10, 7.4))
        proposed, named, grid, masks = axes.flat
        show_image(image, f"1. the {len(stages.proposals)} surest proposals", proposed)
        _draw_boxes(proposed, stages.proposals)
        nothing = kept | {"masks": kept["masks"] & False}
        show_instances(image, nothing, categories, f"2. {len(kept['labels'])} named, surer than {surer}", named)
        _draw_grid(grid, stages, categories)
        show_instances(image, kept, categories, "4. all grids pasted back", masks, boxes=False)
        show_figure(alt)


def _draw_grid(ax: Axes, stages: Stages, categories: CategorySet) -> None:
    """The grid of the surest box, in a frame of the colour that the box has."""
    category = categories[int(stages.labels[0])]
    shown = ax.imshow(to_numpy(stages.grids[0]), vmin=0, vmax=1, cmap="gray")
    ax.set(title=f"3. the grid in the surest box ({category.name})", xticks=[], yticks=[])
    ax.spines[:].set(visible=True, color=[channel / 255 for channel in category.color], linewidth=4)
    plt.colorbar(shown, ax=ax, label="how sure: object", shrink=0.85)


def _draw_boxes(ax: Axes, boxes: Tensor) -> None:
    """Frames of boxes xyxy, whose edges lie between pixels."""
    for left, top, right, bottom in boxes.tolist():
        corner = (left - 0.5, top - 0.5)
        ax.add_patch(Rectangle(corner, right - left, bottom - top, fill=False, edgecolor=_PROPOSED, linewidth=1.2))
