"""Exercises of lesson 4: boxes, IoU of all pairs, greedy matching, precision and recall, grouping, peaks."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from skimage.measure import label
from torch import Tensor
from torch.nn import functional as F

from helpers.course.checks import Exercise, Wrong, register

NAN, INF = float("nan"), float("inf")
HAIR = 1e-6  # makes of "at least the threshold" a "more than": all scores of the cases are eighths

# Numbers in the cases are eighths or quarters: sums of them are exact, so that equal stays equal on every machine.


def _marked(values: Tensor, target: Tensor, yours: Tensor, marks: tuple[str, str] = ("o", "x")) -> Figure:
    """A map in grey; on it the places (column, row) of the target and of the learner's answer."""
    figure, ax = plt.subplots(figsize=(3.6, 3.4))
    ax.imshow(values, cmap="gray")
    for places, mark, color, name in zip(
        (target, yours), marks, ("#4c9be8", "#e8743b"), ("target", "yours"), strict=True
    ):
        ax.plot(*places.T.numpy(), mark, color=color, label=name, markersize=11, markerfacecolor="none", linewidth=2)
    ax.set(xticks=[], yticks=[])
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2, frameon=False)
    return figure


# --- 1. the box around a mask ---


def mask_to_box_spec(mask: Tensor) -> Tensor:
    rows, columns = [], []
    for row in range(mask.shape[0]):
        for column in range(mask.shape[1]):
            if mask[row, column]:
                rows.append(row)
                columns.append(column)
    return torch.tensor([min(columns), min(rows), max(columns) + 1, max(rows) + 1]).float()


def mask_to_box_cases(rng: np.random.Generator) -> Iterator[tuple]:
    yield (torch.tensor([[True]]),)
    yield (torch.tensor([[0, 0, 1], [0, 0, 0], [1, 0, 0]]).bool(),)
    for index in range(40):
        height, width = rng.integers(1, 3 + index // 3, 2)
        mask = rng.random((height, width)) < 0.5 * rng.random()
        mask[rng.integers(height), rng.integers(width)] = True
        yield (torch.from_numpy(mask),)


def _mask_to_box(mask: Tensor) -> Tensor:
    places = mask.nonzero().flip(1)  # (column, row)
    return torch.cat([places.amin(0), places.amax(0) + 1]).float()


def _corner_and_size(mask: Tensor) -> Tensor:
    box = _mask_to_box(mask)
    return torch.cat([box[:2], box[2:] - box[:2]])


def _first_to_last(mask: Tensor) -> Tensor:
    places = mask.nonzero().flip(1)
    return torch.cat([places[0], places[-1] + 1]).float()


def _outline(box: Tensor) -> Tensor:
    """A box's corners, once around: float [5, 2]. In a figure, the middle of the first pixel is at 0."""
    return (box - 0.5)[[0, 1, 2, 1, 2, 3, 0, 3, 0, 1]].view(5, 2)


register(
    Exercise(
        name="mask_to_box",
        lesson=4,
        title="The box around a mask",
        spec=mask_to_box_spec,
        cases=mask_to_box_cases,
        hints=(
            "`rows, columns = mask.nonzero(as_tuple=True)` are the places of all pixels of the mask.",
            "x runs along the columns, y along the rows: the box begins at `columns.min()`, `rows.min()`.",
            "A pixel is a square. The box ends where the last one ends, which is one after where it begins: `+ 1`.",
            "`torch.stack([...])` makes one tensor of four numbers; `.float()` makes them float.",
        ),
        solution=_mask_to_box,
        wrong=(
            Wrong(
                lambda mask: _mask_to_box(mask) - torch.tensor([0, 0, 1, 1]), "ends the box where its last pixel begins"
            ),
            Wrong(lambda mask: _mask_to_box(mask.T), "puts rows before columns, as an index does"),
            Wrong(_corner_and_size, "gives width and height in place of the second corner, as COCO's files do"),
            Wrong(
                lambda mask: _mask_to_box(torch.from_numpy(label(mask.numpy()) == 1)), "takes a thing for one region"
            ),
            Wrong(_first_to_last, "takes the first and last pixel, row by row, for the corners"),
        ),
        picture=lambda args, target, yours: _marked(args[0], _outline(target), _outline(yours), ("-", "--")),
    )
)


# --- 2. the IoU of all pairs ---


def mask_iou_matrix_spec(predicted: Tensor, truth: Tensor) -> Tensor:
    ious = torch.zeros(len(predicted), len(truth))
    for n in range(len(predicted)):
        for m in range(len(truth)):
            ours = {tuple(place) for place in predicted[n].nonzero().tolist()}
            theirs = {tuple(place) for place in truth[m].nonzero().tolist()}
            if ours | theirs:
                ious[n, m] = len(ours & theirs) / len(ours | theirs)
    return ious


def mask_iou_matrix_cases(rng: np.random.Generator) -> Iterator[tuple]:
    def masks(count: int, height: int, width: int) -> Tensor:
        density = rng.random((count, 1, 1)) * (rng.random((count, 1, 1)) < 0.9)  # some masks are empty
        return torch.from_numpy(rng.random((count, height, width)) < density)

    row = torch.tensor([[[1, 1, 0]]]).bool()
    yield row, row.flip(2)
    yield row, torch.zeros(1, 1, 3).bool()
    yield torch.zeros(1, 1, 1).bool(), torch.zeros(1, 1, 1).bool()
    yield masks(0, 2, 2), masks(2, 2, 2)
    yield masks(2, 2, 2), masks(0, 2, 2)
    for index in range(40):
        height, width, n, m = (int(size) for size in rng.integers(1, 3 + index // 10, 4))
        yield masks(n, height, width), masks(m, height, width)


def _areas(predicted: Tensor, truth: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Pixels in both masks of each pair, [N, M]; in each prediction, [N, 1]; in each truth, [M]."""
    ours, theirs = predicted.flatten(1).float(), truth.flatten(1).float()
    return ours @ theirs.T, ours.sum(1, keepdim=True), theirs.sum(1)


def _mask_iou_matrix(predicted: Tensor, truth: Tensor) -> Tensor:
    both, ours, theirs = _areas(predicted, truth)
    return both / (ours + theirs - both).clamp(min=1)


def _dice(predicted: Tensor, truth: Tensor) -> Tensor:
    both, ours, theirs = _areas(predicted, truth)
    return 2 * both / (ours + theirs).clamp(min=1)


def _over_truth(predicted: Tensor, truth: Tensor) -> Tensor:
    both, _, theirs = _areas(predicted, truth)
    return both / theirs.clamp(min=1)


def _nothing_is_nan(predicted: Tensor, truth: Tensor) -> Tensor:
    both, ours, theirs = _areas(predicted, truth)
    return both / (ours + theirs - both)


def _box_iou(predicted: Tensor, truth: Tensor) -> Tensor:
    def span(line: Tensor) -> Tensor:  # all from the first True to the last
        return (line.cumsum(1) > 0) & (line.flip(1).cumsum(1).flip(1) > 0)

    boxes = (span(masks.any(2))[:, :, None] & span(masks.any(1))[:, None] for masks in (predicted, truth))
    return _mask_iou_matrix(*boxes)


def _pairs_picture(args: tuple, target: Tensor, yours: Tensor) -> Figure:
    """All pairs: blue is the prediction's alone, red the truth's alone, white both; above them the scores."""
    count, across = target.shape
    figure, axes = plt.subplots(count, across, squeeze=False, figsize=(1.8 * across, 1.9 * count), layout="constrained")
    for (n, m), ax in np.ndenumerate(axes):
        ours, theirs = args[0][n], args[1][m]
        ax.imshow(torch.stack([theirs, ours & theirs, ours], 2).float())
        ax.set_title(f"{target[n, m]:.2f}, yours {yours[n, m]:.2f}", fontsize=9)
        ax.set(xticks=[], yticks=[])
    return figure


register(
    Exercise(
        name="mask_iou_matrix",
        lesson=4,
        title="The IoU of every prediction with every truth",
        spec=mask_iou_matrix_spec,
        cases=mask_iou_matrix_cases,
        hints=(
            "Two loops do it. Without: `masks.flatten(1).float()` makes each mask a row of zeros and ones.",
            "A product of two zeros and ones is 1 where both are: `ours @ theirs.T` is every intersection at once.",
            "The union is the one area plus the other, less the intersection: `ours.sum(1)[:, None] + theirs.sum(1) - both`.",
            "`.clamp(min=1)` of the union makes 0 / 0 a 0, and changes no other: a union has at least one pixel.",
        ),
        solution=_mask_iou_matrix,
        wrong=(
            Wrong(_dice, "counts the intersection twice: that is Dice"),
            Wrong(_box_iou, "compares the boxes around the masks"),
            Wrong(_over_truth, "divides by the truth alone, so that a prediction of everything scores 1"),
            Wrong(lambda predicted, truth: _mask_iou_matrix(truth, predicted), "has a row for each truth"),
            Wrong(_nothing_is_nan, "gives two empty masks no score"),
        ),
        picture=_pairs_picture,
    )
)


# --- 3. greedy matching ---


def greedy_match_spec(iou: Tensor, scores: Tensor, threshold: float) -> Tensor:
    found, free = [-1] * len(scores), list(range(iou.shape[1]))
    for n in sorted(range(len(scores)), key=lambda n: -float(scores[n])):  # of equals the earlier stays first
        if free:
            best = max(free, key=lambda m: float(iou[n, m]))
            if iou[n, best] >= threshold:
                found[n] = best
                free.remove(best)
    return torch.tensor(found, dtype=torch.int64)


def greedy_match_cases(rng: np.random.Generator) -> Iterator[tuple]:
    yield torch.tensor([[0.5]]), torch.tensor([0.25]), 0.5
    yield torch.zeros(0, 1), torch.zeros(0), 0.5
    yield torch.zeros(1, 0), torch.tensor([0.5]), 0.5
    yield torch.tensor([[0.75], [0.5]]), torch.tensor([0.25, 0.5]), 0.5
    yield torch.tensor([[0.75, 0.5], [0.875, 0.0]]), torch.tensor([0.5, 0.75]), 0.5
    for index in range(50):
        n, m = rng.integers(1, 3 + index // 10, 2)
        iou = torch.from_numpy(rng.integers(0, 9, (n, m)) / 8).float()
        yield iou, torch.from_numpy(rng.integers(1, 9, n) / 8).float(), float(rng.integers(1, 7)) / 8


def _falling(scores: Tensor) -> list[int]:
    return scores.argsort(descending=True, stable=True).tolist()


def _greedy_match(iou: Tensor, scores: Tensor, threshold: float) -> Tensor:
    left, found = iou.clone(), torch.full((len(scores),), -1)
    for n in _falling(scores):
        if (left[n] >= threshold).any():
            found[n] = left[n].argmax()
            left[:, found[n]] = -1
    return found


def _taken_twice(iou: Tensor, scores: Tensor, threshold: float) -> Tensor:
    best, place = F.pad(iou, (0, 1)).max(1)  # with a column of zeros there is a largest even where there is no truth
    return place.where(best >= threshold, -1)


def _gives_up(iou: Tensor, scores: Tensor, threshold: float) -> Tensor:
    wanted, found = _taken_twice(iou, scores, threshold), torch.full((len(scores),), -1)
    for n in _falling(scores):
        if wanted[n] not in found:
            found[n] = wanted[n]
    return found


def _largest_iou_first(iou: Tensor, scores: Tensor, threshold: float) -> Tensor:
    found = torch.full((len(scores),), -1)
    for place in _falling(iou.flatten()):
        n, m = divmod(place, iou.shape[1])
        if iou[n, m] >= threshold and found[n] < 0 and m not in found:
            found[n] = m
    return found


def _match_picture(args: tuple, target: Tensor, yours: Tensor) -> Figure:
    """The table of IoUs, brighter for more, a row for each prediction; a mark where it found a truth."""
    rows = torch.arange(len(target))
    figure = _marked(args[0], *(torch.stack([found, rows], 1)[found >= 0] for found in (target, yours)))
    scores = [f"{score:.2f}" for score in args[1].tolist()]
    figure.axes[0].set(
        yticks=range(len(rows)), yticklabels=scores, ylabel="score", xlabel="truths; brighter: larger IoU"
    )
    return figure


register(
    Exercise(
        name="greedy_match",
        lesson=4,
        title="Which prediction found which object",
        spec=greedy_match_spec,
        cases=greedy_match_cases,
        hints=(
            "`scores.argsort(descending=True, stable=True)` is the order in which the predictions choose.",
            "Begin with -1 for all. In a copy of `iou`, the column of a truth that is taken can be set to -1.",
            "Then every choice is the same: if `(left[n] >= threshold).any()`, take `left[n].argmax()`.",
        ),
        solution=_greedy_match,
        wrong=(
            Wrong(
                lambda iou, scores, threshold: _greedy_match(iou, 0 * scores, threshold),
                "lets them choose as they come",
            ),
            Wrong(_taken_twice, "lets two predictions find the same object"),
            Wrong(_gives_up, "gives up where the best is taken, though another free truth would do"),
            Wrong(lambda iou, scores, threshold: _greedy_match(iou, scores, threshold + HAIR), "asks for more than it"),
            Wrong(_largest_iou_first, "lets the largest IoU choose first, which knows the truth too early"),
        ),
        picture=_match_picture,
    )
)


# --- 4. precision and recall ---


def precision_and_recall_spec(matched: Tensor, num_truth: int, scores: Tensor, threshold: float) -> tuple[float, float]:
    kept = right = 0
    for is_match, score in zip(matched.tolist(), scores.tolist(), strict=True):
        if score >= threshold:
            kept += 1
            right += is_match
    return right / kept if kept else NAN, right / num_truth if num_truth else NAN


def precision_and_recall_cases(rng: np.random.Generator) -> Iterator[tuple]:
    yield torch.tensor([True]), 2, torch.tensor([0.5]), 0.5
    yield torch.tensor([True]), 2, torch.tensor([0.25]), 0.5
    yield torch.tensor([False]), 0, torch.tensor([0.75]), 0.5
    yield torch.tensor([]).bool(), 0, torch.tensor([]), 0.5
    for index in range(40):
        matched = torch.from_numpy(rng.random(rng.integers(0, 3 + index // 4)) < 0.6)
        scores = torch.from_numpy(rng.integers(1, 9, len(matched)) / 8).float()
        yield matched, int(matched.sum() + rng.integers(0, 4)), scores, float(rng.integers(1, 8)) / 8


def _precision_and_recall(matched: Tensor, num_truth: int, scores: Tensor, threshold: float) -> tuple[float, float]:
    kept = matched[scores >= threshold].double()
    return float(kept.mean()), float(kept.sum() / num_truth)


def _of_all(matched: Tensor, num_truth: int, scores: Tensor, threshold: float) -> tuple[float, float]:
    return _precision_and_recall(matched & (scores >= threshold), num_truth, scores, 0)


def _zero_for_nan(matched: Tensor, num_truth: int, scores: Tensor, threshold: float) -> tuple[float, float]:
    both = _precision_and_recall(matched, num_truth, scores, threshold)
    return tuple(share if share == share else 0.0 for share in both)


register(
    Exercise(
        name="precision_and_recall",
        lesson=4,
        title="Precision and recall at a score",
        spec=precision_and_recall_spec,
        cases=precision_and_recall_cases,
        hints=(
            "`matched[scores >= threshold]` says of each prediction that is kept whether it found an object.",
            "Precision is the share of True among them. Recall divides the same sum by `num_truth`.",
            "A tensor with 0 in it, divided by 0, gives nan by itself, and so does the mean of an empty one.",
        ),
        solution=_precision_and_recall,
        wrong=(
            Wrong(lambda *args: _precision_and_recall(*args)[::-1], "takes each for the other"),
            Wrong(_of_all, "divides by all predictions, the dropped ones too"),
            Wrong(
                lambda m, n, s, t: _precision_and_recall(m, int(m.sum()), s, t),
                "recalls only what some prediction found",
            ),
            Wrong(
                lambda m, n, s, t: _precision_and_recall(m, n, s, t + HAIR), "drops a score that is just the threshold"
            ),
            Wrong(_zero_for_nan, "scores 0 where there is nothing to score"),
        ),
    )
)


# --- 5. group pixels by their offsets ---


def group_by_offsets_spec(centers: Tensor, offsets: Tensor, thing: Tensor) -> Tensor:
    groups, (height, width) = torch.zeros(thing.shape, dtype=torch.int64), thing.shape
    for row in range(height):
        for column in range(width):
            nearest = INF
            for number, center in enumerate(centers.tolist(), 1):
                down = row + float(offsets[0, row, column]) - center[0]
                right = column + float(offsets[1, row, column]) - center[1]
                if thing[row, column] and down**2 + right**2 < nearest:
                    nearest = down**2 + right**2
                    groups[row, column] = number
    return groups


def group_by_offsets_cases(rng: np.random.Generator) -> Iterator[tuple]:
    yield torch.tensor([[0.0, 0.0]]), torch.zeros(2, 1, 1), torch.tensor([[True]])
    yield torch.zeros(0, 2), torch.zeros(2, 1, 2), torch.tensor([[True, False]])
    yield torch.tensor([[0.0, 0.0], [0.0, 2.0]]), torch.tensor([[[0.0] * 3], [[2, 0, -2]]]), torch.ones(1, 3).bool()
    for index in range(30):
        count, height, width = (int(size) for size in rng.integers(1, 3 + index // 5, 3))
        centers = rng.integers(0, (4 * height, 4 * width), (count, 2)) / 4
        aims = centers[rng.integers(0, count, (height, width))] + rng.integers(-2, 3, (height, width, 2)) / 4
        offsets = aims.transpose(2, 0, 1) - np.indices((height, width))
        yield (
            *(torch.from_numpy(part).float() for part in (centers, offsets)),
            torch.from_numpy(rng.random((height, width)) < 0.7),
        )


def _group_by_offsets(centers: Tensor, offsets: Tensor, thing: Tensor) -> Tensor:
    groups = torch.zeros(thing.shape, dtype=torch.int64)
    if len(centers):
        aims = thing.nonzero() + offsets[:, thing].T  # (P, 2)
        groups[thing] = torch.cdist(aims, centers).argmin(1) + 1
    return groups


def _groups_picture(args: tuple, target: Tensor, yours: Tensor) -> Figure:
    """Groups in colours, the offsets of the things' pixels as arrows, the centres as stars."""
    (centers, offsets, thing), (figure, axes) = args, plt.subplots(1, 2, figsize=(7, 3.4))
    rows, columns = thing.nonzero(as_tuple=True)
    down, right = offsets[:, thing]
    for ax, groups, title in zip(axes, (target, yours), ("target", "yours"), strict=True):
        ax.imshow(groups, cmap="viridis", vmin=0, vmax=len(centers))
        ax.quiver(columns, rows, right, down, angles="xy", scale_units="xy", scale=1, color="white", width=0.005)
        ax.plot(centers[:, 1], centers[:, 0], "*", color="#e8743b", markersize=12)
        ax.set(title=title, xticks=[], yticks=[])
    return figure


register(
    Exercise(
        name="group_by_offsets",
        lesson=4,
        title="From offsets to objects",
        spec=group_by_offsets_spec,
        cases=group_by_offsets_cases,
        hints=(
            "Only pixels of things count: `thing.nonzero()` are their places (row, column), [P, 2].",
            "`offsets[:, thing].T` are their offsets in the same order. The sum is where each of them points.",
            "`torch.cdist(aims, centers)` is the distance from each to each, [P, K]; `.argmin(1)` counts from 0.",
            "Begin with zeros, set `groups[thing] = ...`, and leave that out where there is no centre.",
        ),
        solution=_group_by_offsets,
        wrong=(
            Wrong(
                lambda c, o, t: _group_by_offsets(c, 0 * o, t), "takes the centre next to the pixel, wherever it points"
            ),
            Wrong(lambda c, o, t: _group_by_offsets(c, o.flip(0), t), "takes the offsets for (x, y)"),
            Wrong(
                lambda c, o, t: _group_by_offsets(c, -o, t), "takes an offset for the way from the centre to the pixel"
            ),
            Wrong(lambda c, o, t: (_group_by_offsets(c, o, t) - 1).clamp(min=0), "counts from 0, which is no thing"),
            Wrong(lambda c, o, t: _group_by_offsets(c, o, t | True), "lets road and sky join a thing"),
        ),
        picture=_groups_picture,
    )
)


# --- 6. the peaks of a heat map ---


def find_centers_spec(heat: Tensor, threshold: float) -> Tensor:
    places, (height, width) = [], heat.shape
    for row in range(height):
        for column in range(width):
            around = heat[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
            if heat[row, column] >= threshold and heat[row, column] == around.max():
                places.append((row, column))
    places.sort(key=lambda place: (-float(heat[place]), *place))
    return torch.tensor(places, dtype=torch.int64).view(-1, 2)


def find_centers_cases(rng: np.random.Generator) -> Iterator[tuple]:
    yield torch.tensor([[0.5]]), 0.5
    yield torch.tensor([[0.25]]), 0.5
    yield torch.tensor([[0.5, 0.5]]), 0.25
    yield torch.tensor([[0.5, 0.25, 0.75]]), 0.25
    for index in range(40):
        heat = torch.from_numpy(rng.integers(-4, 9, rng.integers(1, 3 + index // 4, 2)) / 8).float()
        yield heat, float(rng.integers(-3, 5)) / 8


def _by_heat(heat: Tensor, peaks: Tensor) -> Tensor:
    places = peaks.nonzero()
    return places[_falling(heat[peaks])]


def _around(heat: Tensor, outside: float = -INF) -> Tensor:
    """Each pixel's neighbourhood, row by row: [H, W, 9], the pixel itself at 4."""
    return F.pad(heat, (1, 1, 1, 1), value=outside).unfold(0, 3, 1).unfold(1, 3, 1).flatten(2)


def _find_centers(heat: Tensor, threshold: float) -> Tensor:
    highest = F.max_pool2d(heat[None], 3, stride=1, padding=1)[0]
    return _by_heat(heat, (heat == highest) & (heat >= threshold))


def _no_equals(heat: Tensor, threshold: float) -> Tensor:
    first, second = _around(heat).topk(2).values.unbind(-1)
    return _by_heat(heat, (heat == first) & (heat > second) & (heat >= threshold))


def _sides_only(heat: Tensor, threshold: float) -> Tensor:
    return _by_heat(heat, (heat >= _around(heat)[..., 1::2].amax(-1)) & (heat >= threshold))


def _zeros_outside(heat: Tensor, threshold: float) -> Tensor:
    return _by_heat(heat, (heat == _around(heat, 0).amax(-1)) & (heat >= threshold))


register(
    Exercise(
        name="find_centers",
        lesson=4,
        title="The peaks of a heat map",
        spec=find_centers_spec,
        cases=find_centers_cases,
        hints=(
            "`F.max_pool2d(heat[None], 3, stride=1, padding=1)[0]` is the highest of each pixel's neighbourhood.",
            "Where a pixel equals that, none around it is higher. It must reach the threshold too: `&`.",
            "`peaks.nonzero()` are the places, row by row, and `heat[peaks]` is their heat in the same order.",
            "Index them with `heat[peaks].argsort(descending=True, stable=True)`: equals stay in their order.",
        ),
        solution=_find_centers,
        wrong=(
            Wrong(lambda heat, threshold: _by_heat(heat, heat >= threshold), "takes all that is hot for centres"),
            Wrong(lambda heat, threshold: _find_centers(heat, threshold)[:1], "looks for the highest place alone"),
            Wrong(_no_equals, "asks a peak to be higher than all around it, and loses one of two equal pixels"),
            Wrong(_sides_only, "does not look at the corners of the neighbourhood"),
            Wrong(_zeros_outside, "takes what is outside the picture for 0, higher than any heat below 0"),
            Wrong(lambda heat, threshold: _find_centers(heat, threshold).sort(0).values, "sorts, but by place"),
        ),
        picture=lambda args, target, yours: _marked(args[0], target.flip(1), yours.flip(1)),
    )
)
