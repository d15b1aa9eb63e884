"""Every exercise of the course: its solution passes, its tempting wrong answers do not."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pycocotools.cocoeval import COCOeval
from skimage.measure import label
from torch import Tensor
from torch.nn import functional as F

from helpers.categories import VOID
from helpers.course.checks import judge, prove
from helpers.course.exercise import Exercise, exercises
from helpers.course.solution import written
from helpers.exercises.cases import spiral
from helpers.models.panoptic_deeplab import PEAK_SIZE, find_peaks

EXERCISES = [
    pytest.param(
        exercise, id=f"lesson{exercise.lesson}-{exercise.name}", marks=getattr(pytest.mark, f"lesson{exercise.lesson}")
    )
    for exercise in exercises()
]


@pytest.mark.parametrize("exercise", EXERCISES)
def test_exercise(exercise: Exercise) -> None:
    prove(exercise)


NOTEBOOK = {"torch": torch, "Tensor": Tensor, "F": F, "VOID": VOID, "label": label, "Layers": list[tuple[int, int]]}
"""The names that a shown solution may use."""


@pytest.mark.parametrize("exercise", EXERCISES)
def test_the_solution_that_is_shown_is_one(exercise: Exercise) -> None:
    """Run as it is shown, with nothing else of its file, it passes its own check; and its reasons are a paragraph."""
    code, space = written(exercise), dict(NOTEBOOK)
    exec(code, space)
    assert judge(exercise, space[exercise.name]).status == "correct"
    assert max(map(len, code.splitlines())) <= 81, "it stands in a cell's width"
    assert len(re.findall(r"[.:;?](?= |$)", exercise.reasons)) >= 2 and 150 < len(exercise.reasons) < 500


def test_lessons_with_exercises_have_three() -> None:
    lessons = [exercise.lesson for exercise in exercises()]
    assert {lesson: lessons.count(lesson) for lesson in lessons if lessons.count(lesson) < 3} == {}


def verdict(name: str, function: Callable) -> str:
    [exercise] = [exercise for exercise in exercises() if exercise.name == name]
    return judge(exercise, function).status


def test_what_has_no_width_is_not_drawn() -> None:
    """Matplotlib would draw it with a warning, which a learner would see in red."""
    [exercise] = [exercise for exercise in exercises(4) if exercise.name == "greedy_match"]
    with pytest.raises(ValueError, match="values: expected a map"):
        exercise.picture((torch.zeros(1, 0), torch.ones(1), 0.5), torch.tensor([-1]), torch.tensor([0]))


# Right answers of another kind than the solution


def join_repeated(deep: Tensor, skip: Tensor) -> Tensor:
    height, width = skip.shape[-2:]
    large = deep.repeat_interleave(2, 2).repeat_interleave(2, 3)
    return torch.cat([large[..., :height, :width], skip], 1)


def join_exact(deep: Tensor, skip: Tensor) -> Tensor:
    return torch.cat([F.interpolate(deep, skip.shape[-2:], mode="nearest-exact"), skip], 1)


def field(layers: list[tuple[int, int]]) -> int:
    return 1 + sum((kernel - 1) * math.prod(stride for _, stride in layers[:n]) for n, (kernel, _) in enumerate(layers))


def match_in_lists(iou: Tensor, scores: Tensor, threshold: float, last: bool = True) -> Tensor:
    """Of equal IoUs the last, as in COCO's evaluation, or the first; without predictions an empty tensor of floats."""
    found, free = [-1] * len(scores), list(range(iou.shape[1]))
    for n in np.argsort(-scores.numpy(), kind="stable").tolist():
        best = max(reversed(free) if last else free, key=lambda m: iou[n, m], default=None)
        if best is not None and iou[n, best] >= threshold:
            found[n] = best
            free.remove(best)
    return torch.tensor(found)


def match_as_coco(iou: Tensor, scores: Tensor, threshold: float) -> Tensor:
    """What `evaluateImg` of pycocotools finds, with a table of IoUs in place of masks."""
    coco = COCOeval(iouType="segm")
    coco.params.iouThrs = [threshold]
    coco._gts = {(0, 0): [{"id": m + 1, "ignore": 0, "area": 1, "iscrowd": 0} for m in range(iou.shape[1])]}
    coco._dts = {(0, 0): [{"id": n + 1, "score": score, "area": 1} for n, score in enumerate(scores.tolist())]}
    order = np.argsort(-scores.numpy(), kind="stable")
    coco.ious = {(0, 0): iou.numpy()[order]}  # as computeIoU leaves them, in the order of the scores
    result = coco.evaluateImg(0, 0, [0, 1e10], 100) or {"dtMatches": np.zeros((1, 0))}
    found = np.empty(len(scores), int)
    found[order] = result["dtMatches"][0] - 1
    return torch.from_numpy(found)


def nothing_below(heat: Tensor, threshold: float, window: int) -> Tensor:
    """No pixel below the threshold can exceed one above it, so that all of them may be made lowest."""
    heat = heat.where(heat >= threshold, -torch.inf)
    peaks = (heat == F.max_pool2d(heat[None], window, stride=1, padding=window // 2)[0]) & (heat > -torch.inf)
    return peaks.nonzero()[heat[peaks].argsort(descending=True, stable=True)]


def group_one_by_one(centers: Tensor, offsets: Tensor, thing: Tensor) -> Tensor:
    groups = torch.zeros_like(thing, dtype=torch.int32)
    for y, x in thing.nonzero():
        if len(centers):
            aim = torch.stack([y, x]) + offsets[:, y, x]
            groups[y, x] = 1 + (aim - centers).pow(2).sum(1).argmin()
    return groups


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("count_pixels", lambda semantic, category_id: (semantic == category_id).float().sum()),
        ("count_regions", lambda mask: float(label(mask.numpy()).max())),
        ("receptive_field", lambda layers: float(field(layers))),
        ("join_skip", join_exact),
        ("join_skip", join_repeated),
        ("greedy_match", match_in_lists),
        ("greedy_match", match_as_coco),
        ("find_centers", nothing_below),
        ("group_by_offsets", group_one_by_one),
    ],
)
def test_a_right_answer_of_another_kind(name: str, function: Callable) -> None:
    assert verdict(name, function) == "correct"


# Wrong answers that small cases would let pass. Those that tempt are registered with their exercises


def in_eight_bits(count: int | Tensor) -> int | Tensor:
    """What is left of a count in the type of a picture, which begins again after 255."""
    return count % 256


def iou_in_eight_bits(predicted: Tensor, semantic: Tensor, category_id: int) -> float:
    ours, truth = (predicted == category_id) & (semantic != VOID), semantic == category_id
    both, either = (int(in_eight_bits(mask.sum())) for mask in (ours & truth, ours | truth))
    return both / either if either else float("nan")


def mean_iou_in_eight_bits(predicted: Tensor, semantic: Tensor, num_categories: int) -> float:
    scores = [iou_in_eight_bits(predicted, semantic, category) for category in range(num_categories)]
    return float(np.nanmean(scores)) if not np.isnan(scores).all() else float("nan")


def accuracy_in_eight_bits(predicted: Tensor, semantic: Tensor) -> float:
    known = semantic != VOID
    right, counted = in_eight_bits(int((predicted == semantic)[known].sum())), in_eight_bits(int(known.sum()))
    return right / counted if counted else float("nan")


def confusion_in(dtype: torch.dtype) -> Callable:
    def iou(confusion: Tensor) -> Tensor:
        confusion = confusion.to(dtype)
        both = confusion.diag()
        return both.double() / (confusion.sum(0) + confusion.sum(1) - both).double()

    return iou


def weights_in_eight_bits(semantic: Tensor, num_categories: int) -> Tensor:
    count = in_eight_bits(semantic[semantic != VOID].bincount(minlength=num_categories)).float()
    weights = (count / count.sum()).rsqrt().where(count > 0, 0)
    return weights / weights[semantic[semantic != VOID]].mean()


def weights_of_one_column(semantic: Tensor, num_categories: int) -> Tensor:
    count = semantic[..., 0][semantic[..., 0] != VOID].bincount(minlength=num_categories).float()
    weights = (count / count.sum()).rsqrt().where(count > 0, 0)
    return weights / weights[semantic[semantic != VOID]].mean()


def ious_in_eight_bits(predicted: Tensor, truth: Tensor) -> Tensor:
    both = in_eight_bits((predicted[:, None] & truth).sum((2, 3)))
    return both / in_eight_bits((predicted[:, None] | truth).sum((2, 3))).clamp(min=1)


def precision_in_eight_bits(matched: Tensor, num_truth: int, scores: Tensor, threshold: float) -> tuple[float, float]:
    kept = matched[scores >= threshold]
    hits, count = in_eight_bits(int(kept.sum())), in_eight_bits(len(kept))
    return hits / count if count else float("nan"), hits / num_truth if num_truth else float("nan")


def box_in_eight_bits(mask: Tensor) -> Tensor:
    rows, columns = (in_eight_bits(places) for places in mask.nonzero(as_tuple=True))
    return torch.stack([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]).float()


def runs_in_eight_bits(runs: list[int], height: int, width: int) -> Tensor:
    values = torch.arange(len(runs)) % 2 == 1
    flat = values.repeat_interleave(torch.tensor([in_eight_bits(run) for run in runs]))
    return F.pad(flat, (0, height * width - len(flat))).view(width, height).T


def spread_numbers(mask: Tensor, steps: int) -> int:
    numbers = (torch.arange(mask.numel()).view(mask.shape) + 1.0) * mask
    for _ in range(steps):
        numbers = F.max_pool2d(numbers[None], 3, stride=1, padding=1)[0] * mask
    return len(numbers[mask].unique())


def two_sweeps(mask: Tensor) -> int:
    """Each pixel takes the lowest number around it: once from the top, once from the bottom."""
    numbers = {tuple(place): number for number, place in enumerate(mask.nonzero().tolist())}
    for places in (list(numbers), list(reversed(numbers))):
        for row, column in places:
            around = [(row + down, column + right) for down in (-1, 0, 1) for right in (-1, 0, 1)]
            numbers[row, column] = min(numbers[place] for place in around if place in numbers)
    return len(set(numbers.values()))


def joined_once(order: Callable[[list], list]) -> Callable:
    """Numbers that meet are written down, and joined afterwards in one pass: which forgets what they join later."""

    def count(mask: Tensor) -> int:
        numbers, met = {}, []
        for row, column in mask.nonzero().tolist():
            before = [(row, column - 1), *((row - 1, column + right) for right in (-1, 0, 1))]
            around = {numbers[place] for place in before if place in numbers} or {len(set(numbers.values())) + 1}
            numbers[row, column] = min(around)
            met += [(number, min(around)) for number in around]
        joined = {number: number for number in numbers.values()}
        for one, other in order(met):
            joined[one] = joined[other] = min(joined[one], joined[other])
        return len({joined[number] for number in numbers.values()})

    return count


def match_until_one_fails(iou: Tensor, scores: Tensor, threshold: float) -> Tensor:
    left, found = iou.clone(), torch.full((len(scores),), -1)
    for n in scores.argsort(descending=True, stable=True):
        if not (left[n] >= threshold).any():
            break
        found[n] = (left[n] == left[n].max()).nonzero().max()
        left[:, found[n]] = -1
    return found


def match_by(order: Callable[[Tensor], Tensor]) -> Callable:
    def match(iou: Tensor, scores: Tensor, threshold: float) -> Tensor:
        chosen = order(scores)
        found = torch.empty_like(chosen)
        found[chosen] = match_in_lists(iou[chosen], torch.zeros(len(chosen)), threshold).long()
        return found

    return match


def centers_by(order: Callable[[Tensor], Tensor]) -> Callable:
    def find(heat: Tensor, threshold: float, window: int) -> Tensor:
        peaks = (heat == F.max_pool2d(heat[None], window, stride=1, padding=window // 2)[0]) & (heat >= threshold)
        return peaks.nonzero()[order(heat[peaks])]

    return find


def centers_above_zeros(heat: Tensor, threshold: float, window: int) -> Tensor:
    heat = heat.where(heat >= threshold, 0)
    return centers_by(lambda values: values.argsort(descending=True, stable=True))(heat, threshold, window)


def road_in_eight_bits(semantic: Tensor, road: int) -> Tensor:
    return in_eight_bits((semantic == road).flip(0).cumprod(0).sum(0))


def linear_in_whole_numbers(features: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return (torch.einsum("ck,khw->chw", weight, features) + bias[:, None, None]).round()


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("category_iou", iou_in_eight_bits),
        ("mean_iou", mean_iou_in_eight_bits),
        ("pixel_accuracy", accuracy_in_eight_bits),
        ("iou_from_confusion", confusion_in(torch.uint8)),
        ("iou_from_confusion", confusion_in(torch.float16)),
        ("balanced_weights", weights_in_eight_bits),
        ("balanced_weights", weights_of_one_column),
        ("balanced_weights", lambda semantic, count: weights_in_eight_bits(semantic[:, 0], count)),
        ("mask_iou_matrix", ious_in_eight_bits),
        ("precision_and_recall", precision_in_eight_bits),
        ("mask_to_box", box_in_eight_bits),
        ("decode_runs", runs_in_eight_bits),
        ("drivable_ahead", road_in_eight_bits),
        ("group_by_offsets", lambda *args: in_eight_bits(group_one_by_one(*args))),
        ("find_centers", lambda *args: in_eight_bits(nothing_below(*args))),
        ("count_regions", lambda mask: in_eight_bits(int(label(mask.numpy()).max()))),
        ("receptive_field", lambda layers: in_eight_bits(field(layers))),
        ("count_regions", lambda mask: spread_numbers(mask, sum(mask.shape))),
        ("count_regions", lambda mask: spread_numbers(mask, 4 * sum(mask.shape))),
        ("count_regions", lambda mask: spread_numbers(mask, 100)),
        ("count_regions", two_sweeps),
        ("count_regions", joined_once(list)),
        ("count_regions", joined_once(sorted)),
        ("greedy_match", match_until_one_fails),
        ("greedy_match", lambda *args: match_in_lists(*args, last=False)),
        ("find_centers", centers_above_zeros),
        ("conv_1x1", linear_in_whole_numbers),
    ],
)
def test_a_wrong_answer_that_small_cases_let_pass(name: str, function: Callable) -> None:
    assert verdict(name, function) == "not yet"


def reversed_from(count: int) -> Callable[[Tensor], Tensor]:
    """An order from high to low in which equals are reversed if there are `count` values or more."""

    def order(values: Tensor) -> Tensor:
        if len(values) < count:
            return values.argsort(descending=True, stable=True)
        return values.argsort(stable=True).flip(0)

    return order


@pytest.mark.parametrize("count", [2, 17, 33])
@pytest.mark.parametrize(("name", "answer"), [("greedy_match", match_by), ("find_centers", centers_by)])
def test_a_sort_that_shuffles_equals_is_found_however_few_it_leaves_alone(
    name: str, answer: Callable, count: int
) -> None:
    assert verdict(name, answer(reversed_from(10_000))) == "correct"
    assert verdict(name, answer(reversed_from(count))) == "not yet"


@given(st.integers(0, 5), st.integers(0, 5), st.integers(1, 7), st.integers(0, 2**32 - 1))
def test_greedy_match_is_what_coco_does(n: int, m: int, threshold: int, seed: int) -> None:
    """Scores and IoUs are multiples of 1/8 and 1/4, so that most tables have equals of both."""
    rng = np.random.default_rng(seed)
    iou, scores = torch.from_numpy(rng.integers(0, 9, (n, m)) / 8), torch.from_numpy(rng.integers(1, 5, n) / 4)
    [exercise] = [exercise for exercise in exercises(4) if exercise.name == "greedy_match"]
    assert exercise.spec(iou, scores, threshold / 8).equal(match_as_coco(iou, scores, threshold / 8))


def test_find_centers_on_a_plain_map_are_the_peaks_of_the_network() -> None:
    """Where no neighbours are equal: of equals the network, which numbers things, keeps the first alone."""
    heat = torch.from_numpy(np.random.default_rng(0).permutation(40 * 50) / 2000).view(40, 50)
    [exercise] = [exercise for exercise in exercises(4) if exercise.name == "find_centers"]
    assert exercise.solution(heat, 0.25, PEAK_SIZE).equal(find_peaks(heat, 0.25)[0])


def test_a_spiral_is_one_long_region() -> None:
    for side in (5, 13, 21):
        assert label(spiral(side).numpy()).max() == 1
        assert spiral(side).sum() > side**2 / 2
    assert spread_numbers(spiral(13), 26) > 1
