"""Lesson 4 as a learner meets it: `course learn 04`, Run All Cells, and then everything in it that answers.

What the players ask is worked out here a second time, from the numbers that they show. What the linked view counts is
held against `helpers.metrics` on the same street.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import torch
from lab import Notebook, check_figures, check_quiz_and_prediction, solution_of
from playwright.sync_api import Locator, expect

from helpers import metrics
from helpers.course.bank import Single, find_bank
from helpers.labels import Instances
from helpers.metrics.matching import falling
from helpers.models import zoo
from helpers.scenes.dataset import TEST, Drawn
from helpers.scenes.street import street

pytestmark = [pytest.mark.browser, pytest.mark.lesson4, pytest.mark.usefixtures("nothing_goes_wrong")]
LESSON = "04"


def test_all_figures_are_described_for_screen_readers(lesson: Notebook) -> None:
    lesson.go_to(lesson.page.get_by_role("heading", name="4 · Instance segmentation"))
    lesson.shot("lesson4_head")
    check_figures(lesson, at_least=17)
    for widget in lesson.page.locator(".player, .matches").all():
        assert len(widget.get_attribute("aria-label").split()) > 5


def test_nothing_is_wider_than_the_page(lesson: Notebook) -> None:
    """A figure or a table that is, must be scrolled sideways to be seen."""
    wider = """(each) => [each, ...each.querySelectorAll(".player-scroller, .matches-scroller, img, pre")]
        .some(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth + 1)"""
    areas = [lesson.go_to(each) for each in lesson.page.locator(".jp-Cell-outputArea").all()]
    assert len(areas) > 30
    assert [area.inner_text()[:80] for area in areas if area.evaluate(wider)] == []


# --- the players: grouping and matching by hand -----------------------------------------------------------------------


def player(lesson: Notebook, title: str) -> Locator:
    """The player with a panel of this title."""
    return lesson.go_to(lesson.page.locator(".player").filter(has=lesson.page.get_by_text(title, exact=True)))


GROUPING, MATCHING = "where pixels point", "IoU, 0 between categories"


def numbers(shown: Locator) -> dict[str, dict[str, float]]:
    """The table of a player: for each row, the number in each column."""
    columns = shown.get_by_role("columnheader").all_inner_texts()
    lines = shown.get_by_role("row").all()[1:]
    return {
        line.get_by_role("rowheader").inner_text(): dict(
            zip(columns, map(float, line.get_by_role("gridcell").all_inner_texts()), strict=True)
        )
        for line in lines
    }


def press_in_picture(shown: Locator, name: str) -> None:
    """Presses an element where its name stands in the picture."""
    tag = shown.locator(".player-tag").filter(has_text=re.compile(f"^{name}$"))
    mark = shown.locator(f'svg [data-id="{name}"]')
    place, box = tag.evaluate("({ style }) => [parseFloat(style.left), parseFloat(style.top)]"), picture_of(mark)
    mark.page.mouse.click(box["x"] + place[0] / 100 * box["width"], box["y"] + place[1] / 100 * box["height"])


def picture_of(mark: Locator) -> dict[str, float]:
    return mark.locator("xpath=ancestor::*[name()='svg']").bounding_box()


def play_through(lesson: Notebook, shown: Locator, right: dict[str, str], name: str) -> list[str]:
    """Goes through all steps by hand and answers each question wrongly, then rightly.

    Args:
        right: for each element that is asked about, what to press.
        name: of the pictures to be looked at.

    Returns what was said to the wrong answers.
    """
    sentence, said = shown.locator(".player-sentence"), shown.locator(".player-said")
    shown.get_by_role("slider", name="Step").press("Home")
    step, reveal = shown.get_by_role("button", name="Step"), shown.get_by_role("button", name="Show me")
    choices, refused, asked = sorted(set(right.values())), [], 0
    before = lesson.place()
    lesson.shot(f"lesson4_{name}_1", shown)
    while (number := steps_of(shown))[0] < number[1]:
        if not reveal.is_visible():
            step.click()
            expect(shown.locator("output")).not_to_have_text(f"{number[0]} / {number[1]}")
            continue
        expect(step).to_have_attribute("aria-disabled", "true")
        text = sentence.inner_text()
        [answer] = [right[each] for each in right if re.search(rf"\b{each}\b", text)]
        wrong = next(each for each in choices if each != answer)
        press_in_picture(shown, wrong)
        expect(said).to_contain_text(f"✗ {wrong}")
        refused.append(said.inner_text())
        lesson.shot(f"lesson4_{name}_{number[0]}_wrong", shown)
        press_in_picture(shown, answer)
        expect(said).to_contain_text(f"✓ Right: {answer}.")
        lesson.shot(f"lesson4_{name}_{number[0]}_right", shown)
        expect(reveal).to_be_hidden()
        asked += 1
        step.click()
    assert asked == len(right) and lesson.place() == before
    lesson.shot(f"lesson4_{name}_last", shown)
    return refused


def steps_of(shown: Locator) -> list[int]:
    """At which step a player is, and how many it has."""
    return [int(each) for each in re.findall(r"\d+", shown.locator("output").inner_text())]


def test_each_pixel_joins_the_centre_that_is_nearest_to_its_tip(lesson: Notebook) -> None:
    shown = player(lesson, GROUPING)
    far = numbers(shown)
    assert list(far) == ["a", "b", "c"]
    right = {f"Pixel {name}": min(line, key=line.get) for name, line in far.items()}
    assert right["Pixel a"] != right["Pixel b"]  # side by side, and yet two cars
    refused = play_through(lesson, shown, right, "grouping")
    for name, words in zip(far, refused, strict=True):
        centre = re.search(r"c\d+", words)[0]
        assert words.strip() == f"✗ {centre} is {far[name][centre]:.1f} pixels from the tip. Another centre is nearer."


def test_each_prediction_takes_the_free_object_that_it_overlaps_most(lesson: Notebook) -> None:
    shown = player(lesson, MATCHING)
    iou, right = numbers(shown), {}
    for name, line in iou.items():
        free = {truth: value for truth, value in line.items() if truth not in right.values()}
        if max(free.values()) >= 0.5:
            right[name] = max(free, key=free.get)
    assert 3 <= len(right) < len(iou)
    refused = play_through(lesson, shown, right, "matching")
    for name, words in zip(right, refused, strict=True):
        truth = re.search(r"t\d+", words)[0]
        earlier = {taken: taker for taker, taken in list(right.items())[: list(right).index(name)]}
        why = f"{earlier[truth]} chose earlier" if truth in earlier else f"overlaps {name} by {iou[name][truth]:.2f}"
        assert why in words
    missed = sorted(set(iou["p1"]) - set(right.values()), key=lambda truth: int(truth[1:]))
    expect(shown.locator(".player-sentence")).to_have_text(f"Nobody takes {' and '.join(missed)}: missed.")


@pytest.mark.parametrize("title", [GROUPING, MATCHING])
def test_a_player_plays_only_in_view(lesson: Notebook, title: str) -> None:
    shown = player(lesson, title)
    shown.get_by_role("slider", name="Step").press("Home")
    shown.get_by_role("button", name="Play").click()
    lesson.go_to(lesson.page.get_by_role("heading", name="4 · Instance segmentation"))
    expect(shown).not_to_be_in_viewport()
    text = shown.locator(".player-sentence").evaluate("({ textContent }) => textContent")
    lesson.page.wait_for_timeout(1500 + 60 * len(text))  # longer than the step stays
    assert steps_of(shown)[0] == 1
    lesson.go_to(shown)
    expect(shown.locator("output")).to_have_text(re.compile("^2 /"))
    shown.get_by_role("slider", name="Step").press("Home")  # and stands still from now on


def test_keys_in_a_player_leave_the_notebook_alone(lesson: Notebook) -> None:
    shown = player(lesson, GROUPING)
    slider = shown.get_by_role("slider", name="Step")
    slider.press("Home")
    before = lesson.place()
    for key, number in [("ArrowRight", 2), ("ArrowLeft", 1)]:
        slider.press(key)
        expect(shown.locator("output")).to_have_text(re.compile(f"^{number} /"))
    assert lesson.place() == before


# --- the linked view --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def predictions() -> tuple[Instances, Instances]:
    """What the network finds in the linked street, surest first, and what is there."""
    scene = street(Drawn(street, 100, TEST).seeds[57])
    found = zoo.load("mask_rcnn").instances(scene.image[None])[0]
    order = falling(found["scores"])
    return {name: each[order] for name, each in found.items()}, scene.instances


@pytest.fixture
def linked(lesson: Notebook) -> Iterator[Locator]:
    """The linked view; its sliders are at their left ends before and after."""
    view = lesson.page.locator(".matches")
    for slider in lesson.go_to(view).get_by_role("slider").all():
        slider.press("Home")  # and so its cell is the active one
    yield view
    for slider in view.get_by_role("slider").all():
        slider.press("Home")


def missed(found: Instances, truth: Instances) -> torch.Tensor:
    """Which true objects nobody finds, bool `[N]`."""
    return torch.isin(torch.arange(len(truth["labels"])), metrics.match(found, truth), invert=True)


def clear_places(masks: torch.Tensor, others: torch.Tensor) -> dict[int, tuple[int, int]]:
    """For each mask that has one, a pixel (row, column) with nothing else, and no outline of anything else, near it."""
    near = torch.nn.functional.max_pool2d(torch.cat([masks, others]).float(), 5, stride=1, padding=2) > 0
    places = {}
    for one, mask in enumerate(masks):
        clear = (mask & ~near[torch.arange(len(near)) != one].any(0)).nonzero()
        if len(clear):
            places[one] = tuple(clear[len(clear) // 2].tolist())
    return places


def test_a_prediction_lights_in_the_picture_in_the_table_and_on_the_curve(
    lesson: Notebook, linked: Locator, predictions: tuple[Instances, Instances]
) -> None:
    found, truth = predictions
    places = clear_places(found["masks"], truth["masks"][missed(found, truth)])
    lesson.shot("lesson4_linked", linked)
    stage = linked.locator(".matches-stage")
    height, width = found["masks"].shape[1:]
    assert len(places) >= 2
    for one, (row, column) in places.items():
        box = stage.bounding_box()
        place = {"x": (column + 0.5) / width * box["width"], "y": (row + 0.5) / height * box["height"]}
        stage.hover(position=place)
        expect(linked.locator(".matches-said")).to_contain_text(f"Prediction {one + 1}, ")
        for view in ("picture", "matrix", "chart"):
            lit = linked.locator(f".matches-{view} :is(.matches-mark, th, .matches-point)[data-pointed]")
            expect(lit).to_have_count(1)
            expect(lit).to_have_attribute("data-prediction", str(one))
        dimmed = linked.locator(".matches-chart .matches-point[data-dim]")
        assert dimmed.count() >= len(found["masks"]) - 2
    lesson.shot("lesson4_linked_hover", linked)
    lesson.page.mouse.move(1, 1)
    expect(linked.locator("[data-pointed]")).to_have_count(0)


def test_the_sliders_change_precision_and_recall(
    lesson: Notebook, linked: Locator, predictions: tuple[Instances, Instances]
) -> None:
    found, truth = predictions
    score, overlap = (linked.get_by_role("slider", name=f"{name} threshold") for name in ("Score", "IoU"))
    lines = linked.locator(".matches-sums p")
    before = lesson.place()

    def shows(least: float, threshold: float) -> tuple[str, str]:
        """Asserts that the fractions are what `metrics.match` gives; returns the two lines."""
        kept = {name: each[found["scores"] >= least] for name, each in found.items()}
        hits, all_, there = (
            int((metrics.match(kept, truth, threshold) >= 0).sum()),
            len(kept["scores"]),
            len(truth["labels"]),
        )
        expect(lines.nth(0)).to_contain_text(f"= {hits} / {all_} = {hits / all_:.2f}")
        expect(lines.nth(1)).to_contain_text(f"= {hits} / {there} = {hits / there:.2f}")
        return lines.nth(0).inner_text(), lines.nth(1).inner_text()

    first = shows(0, 0.5)
    for _ in range(4):
        score.press("ArrowRight")
    surer = shows(float(found["scores"].sort().values[4]), 0.5)
    lesson.shot("lesson4_linked_surer", linked)
    overlap.press("End")
    shows(float(found["scores"].sort().values[4]), 0.95)
    lesson.shot("lesson4_linked_strict", linked)
    score.press("Home")
    strict = shows(0, 0.95)
    assert first[0] != surer[0] and first[0] != strict[0] and first[1] != strict[1]
    assert lesson.place() == before


# --- the prediction, the quiz, an exercise ----------------------------------------------------------------------------


def plain(text: str) -> str:
    """A text of the bank as the page shows it, without the marks of Markdown."""
    return re.sub(r"[*`]", "", text)


def test_the_prediction_is_held_against_what_is_so(lesson: Notebook) -> None:
    check_quiz_and_prediction(lesson, 4)
    [question] = find_bank(LESSON).at("text")
    card, reveal = (lesson.page.locator(f".p2p-mode-{mode}") for mode in ("predict", "reveal"))
    lesson.go_to(card).get_by_role("radio", name="No").check()
    card.get_by_role("button", name="Commit").click()
    expect(card.locator(".p2p-done")).to_contain_text("you said “No”")
    lesson.shot("lesson4_predict", card)
    lesson.go_to(reveal)
    expect(reveal.locator(".p2p-tile")).to_have_text(["You said✗ No", "What is soYes"])
    for text in (question.feedback, question.explanation):
        expect(reveal).to_contain_text(plain(text))
    lesson.shot("lesson4_reveal", reveal)


def test_a_question_is_answered_wrongly_and_then_rightly(lesson: Notebook) -> None:
    questions = find_bank(LESSON).at("end")
    question = next(each for each in questions if isinstance(each, Single))
    number = questions.index(question) + 1
    quiz = lesson.go_to(lesson.page.locator(".p2p-mode-quiz"))
    quiz.get_by_role("button", name=re.compile(rf"^Question {number}:")).click()
    verdict, feedback = quiz.locator(".p2p-verdict"), quiz.locator(".p2p-feedback")

    def answer(right: bool) -> str:
        choice = next(each for each in question.choices if each.right == right)
        quiz.get_by_role("radio", name=plain(choice.text), exact=True).check()
        quiz.get_by_role("button", name="Answer", exact=True).click()
        return plain(choice.feedback or "")

    why = answer(right=False)
    expect(verdict).to_have_text("✗ Not yet")
    expect(feedback).to_contain_text(why)
    expect(feedback).not_to_contain_text(plain(question.explanation))
    lesson.shot("lesson4_quiz_wrong", quiz)
    quiz.get_by_role("button", name="Try again").click()
    answer(right=True)
    expect(verdict).to_have_text("✓ Right now")
    expect(feedback).to_contain_text(plain(question.explanation))
    lesson.shot("lesson4_quiz_right", quiz)
    feedback.get_by_role("link", name="Go to the evidence").click()
    expect(lesson.cell(question.evidence)).to_be_in_viewport()


EXERCISE = "mask_iou_matrix"
WRONG = f"""def {EXERCISE}(predicted, truth):
    both = (predicted[:, None] & truth).sum((2, 3))
    return both / truth.sum((1, 2)).clamp(min=1)"""


def test_an_exercise_is_not_yet_right_then_right_and_then_shows_our_solution(lesson: Notebook) -> None:
    ours = lesson.cell(f"course.solution({EXERCISE})").locator(".jp-OutputArea-output")
    check = lesson.cell(f"course.check({EXERCISE})").locator(".jp-OutputArea-output")
    solution = solution_of(LESSON, EXERCISE)
    lesson.go_to(ours)
    expect(ours).to_contain_text("our solution comes after a right answer")
    for source, verdict in [(WRONG, "not yet"), (solution, "correct")]:
        lesson.write(f"def {EXERCISE}(", source)
        for _ in range(3):  # the exercise, its check, our solution
            lesson.page.keyboard.press("Shift+Enter")
        expect(lesson.go_to(check)).to_contain_text(f"{verdict}: {EXERCISE}")
        lesson.shot(f"lesson4_exercise_{verdict.replace(' ', '_')}", check)
    expect(lesson.go_to(ours)).to_contain_text("either.clamp(min=1)")
    lesson.shot("lesson4_solution", ours)


# --- the links --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("link", "file"),
    [
        ("stored", "helpers/studies/numbers_or_centers.py"),
        ("mask_grid.py", "helpers/models/mask_grid.py"),
        ("optional notebook", "more/04_instance.ipynb"),
    ],
)
def test_links_open_what_they_name(lesson: Notebook, link: str, file: str) -> None:
    with lesson.follow(lesson.page.get_by_role("link", name=link, exact=True).first) as opened:
        assert opened.endswith(file)
