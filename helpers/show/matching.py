"""Matching by hand: predictions choose among true objects, surest first."""

from __future__ import annotations

from torch import Tensor

from helpers.arguments import describe, expect
from helpers.labels import Instances
from helpers.scenes.scene import Scene
from helpers.show.player import Cause, Grid, Picture, Player, Step, player


def matching(scene: Scene, guess: Instances, iou: Tensor, matched: Tensor, threshold: float = 0.5) -> Player:
    """A player in which the learner matches the predictions of one picture with the truth.

    Args:
        scene: with N true objects; they are called t1, t2, ...
        guess: M predictions, surest first; they are called p1, p2, ...
        iou: float `[M, N]`, 0 between two categories.
        matched: int64 `[M]`, the true object of each prediction, -1 for none: see `metrics.match`.
        threshold: of the match.

    Raises `ValueError` without predictions or true objects, for predictions in another order, and for overlaps or
    matches of another form.
    """
    size = [len(guess["masks"]), len(scene.instances["masks"])]
    expect(0 not in size, "guess, scene", "at least one prediction and one true object", size)
    expect(list(iou.shape) == size, "iou", f"numbers {size}", describe(iou))
    expect(list(matched.shape) == size[:1], "matched", f"int64 {size[:1]}", describe(matched))
    expect((guess["scores"].diff() <= 0).all(), "guess", "predictions by falling score", guess["scores"].tolist()[:8])
    guesses = [f"p{place}" for place in range(1, len(guess["masks"]) + 1)]
    truths = [f"t{place}" for place in range(1, len(scene.instances["masks"]) + 1)]
    names = [scene.categories[label].name for label in guess["labels"].tolist()]
    taken: dict[str, str] = {}
    steps = [Step("Predictions at the left, surest first; true objects at the right. Who finds whom?")]
    for row, (name, word, score) in enumerate(zip(guesses, names, guess["scores"].tolist(), strict=True)):
        best = truths[int(iou[row].argmax())]
        value = f"{float(iou[row].max()):.2f}"
        who = f"{name} ({word}, score {score:.2f})"
        if matched[row] >= 0:
            found = truths[int(matched[row])]
            steps.append(_ask(who, name, found, truths, iou[row].tolist(), taken, threshold))
            taken[found] = name
            said = f"{name} takes {found}: a true positive."
            steps.append(Step(said, [name, found, f"{name}·{found}"]))
        elif iou[row].max() >= threshold:
            text = f"{who} overlaps {best} by {value}. But {taken[best]} has taken it: a false positive, a double."
            steps.append(Step(text, [name, best, taken[best], f"{name}·{best}"]))
        else:
            most = f" by {threshold}; at most {value}" if iou[row].max() > 0 else ""
            text = f"{who} overlaps nothing of its category{most}: a false positive."
            steps.append(Step(text, [name, *([f"{name}·{best}"] if most else [])]))
    missed = [truth for truth in truths if truth not in taken]
    if missed:
        steps.append(Step(f"Nobody takes {' and '.join(missed)}: missed.", missed))
    return player(
        [
            Picture("predictions", scene.image, masks=dict(zip(guesses, guess["masks"], strict=True))),
            Picture("truth", scene.image, masks=dict(zip(truths, scene.instances["masks"], strict=True))),
            Grid("IoU, 0 between categories", iou, rows=guesses, columns=truths, most=1.0),
        ],
        steps,
        _causes(guess, scene.instances, iou, guesses, truths),
        alt="The predictions of a street, its true objects, and the table of their overlaps.",
    )


def _ask(
    who: str, name: str, found: str, truths: list[str], iou: list[float], taken: dict[str, str], threshold: float
) -> Step:
    wrong, most = {}, iou[truths.index(found)]
    for truth, value in zip(truths, iou, strict=True):
        if truth in taken:
            wrong[truth] = f"{truth} is no longer free: {taken[truth]} chose earlier, and has taken it."
        elif truth != found:
            small = f"{truth} overlaps {name} by {value:.2f} only"
            free = f"{found} has more" if value < most else f"{found} has as much, and of equals the last is taken"
            wrong[truth] = f"{small}, less than {threshold}." if value < threshold else f"{small}; {free}."
    cells = {f"{name}·{truth}": f"That is how much {truth} overlaps. Press the object itself." for truth in truths}
    text = f"{who} chooses. Press the true object that it takes: free, and with the largest IoU."
    return Step(text, [name, *truths, *cells], found, wrong | cells)


def _causes(guess: Instances, truth: Instances, iou: Tensor, guesses: list[str], truths: list[str]) -> dict[str, Cause]:
    """For each cell with an overlap, the pixels that both have over those that at least one has."""
    causes = {}
    for row, name in enumerate(guesses):
        for column, other in enumerate(truths):
            if iou[row, column] > 0:
                both = int((guess["masks"][row] & truth["masks"][column]).sum())
                either = int((guess["masks"][row] | truth["masks"][column]).sum())
                words = (
                    f"{both} pixels in both / {either} in [{name}]({name}) or [{other}]({other}) = {both / either:.2f}"
                )
                causes[f"{name}·{other}"] = Cause([name, other], words)
    return causes
