"""Lesson 1 as a learner meets it: `course learn`, Run All Cells, and then everything in it that answers.

One JupyterLab serves all tests. What the widgets say is held against the scenes, drawn anew from their seeds, and
against the bank of questions. At the end the kernel restarts, and what the learner did must be there again.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from browser import DRAWN
from lab import Notebook, check_figures
from playwright.sync_api import Locator, expect

from helpers import metrics
from helpers.categories import STREET, VOID
from helpers.course import progress
from helpers.course.bank import Click, Numeric, Question, Single, find_bank
from helpers.course.lesson import read_lesson
from helpers.course.syllabus import load_syllabus
from helpers.scenes.scene import Scene
from helpers.scenes.street import street
from helpers.show.painter import unpack_answer
from helpers.show.painting_score import score_painting

pytestmark = [pytest.mark.browser, pytest.mark.lesson1, pytest.mark.usefixtures("nothing_goes_wrong")]
LESSON = "01"

_COLOR = """(picture, [row, column, height, width]) => {
    const x = Math.floor(((column + 0.5) * picture.width) / width);
    const y = Math.floor(((row + 0.5) * picture.height) / height);
    return [...picture.getContext("2d").getImageData(x, y, 1, 1).data.slice(0, 3)];
}"""


@pytest.fixture
def learners_progress(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_HOME", str(home / "progress"))


def in_view(lesson: Notebook, selector: str) -> Locator:
    """The first widget of this kind in the lesson."""
    return lesson.go_to(lesson.page.locator(selector).first)


def scene_of(widget: Locator, canvas: str) -> Scene:
    """The scene that a viewer or painter shows, drawn anew: its label says the seed, its picture's the size."""
    seed = int(re.search(r"street (\d+)", widget.get_attribute("aria-label"))[1])
    words = widget.locator(canvas).get_attribute("aria-label")
    height, width = map(int, re.search(r"(\d+) rows by (\d+) columns", words).groups())
    return street(seed, size=(height, width))


def at(picture: Locator, size: tuple[int, int], row: float, column: float) -> dict[str, float]:
    """Where the middle of a pixel lies in a picture on the page, as playwright wants it."""
    box = picture.bounding_box()
    return {"x": box["width"] * (column + 0.5) / size[1], "y": box["height"] * (row + 0.5) / size[0]}


def test_the_head_leads_to_each_of_the_nine_modes(lesson: Notebook) -> None:
    title = lesson.page.get_by_role("heading", name="1 · Pixel labels")
    head = lesson.cell("import matplotlib").locator(".jp-OutputArea-output")
    modes = [mode.name for mode in load_syllabus().modes]
    assert len(modes) == 9
    for mode in modes:
        lesson.go_to(title)
        head.get_by_role("link", name=mode, exact=True).first.click()
        expect(lesson.page.get_by_role("heading", name=re.compile(rf"^{mode} \(\d+ minutes\)"))).to_be_in_viewport()
    lesson.go_to(title)
    lesson.shot("lesson1_head")


def test_all_figures_are_described_for_screen_readers(lesson: Notebook) -> None:
    check_figures(lesson)


# --- the viewer -------------------------------------------------------------------------------------------------------


@pytest.fixture
def viewer(lesson: Notebook) -> Locator:
    return in_view(lesson, '[aria-label^="Viewer of street"]')


def words_for(scene: Scene, row: int, column: int) -> str:
    """What the status line must say: written here a second time, from the scene's tensors."""
    red, green, blue = (scene.image[:, row, column] * 255).round().int().tolist()
    words = f"row {row}, column {column} · RGB {red} {green} {blue} · "
    category = int(scene.semantic[row, column])
    if category == VOID:
        return words + "void: no label"
    number = int(scene.panoptic[row, column])
    area = int((scene.panoptic == number).sum())
    kind = "thing" if scene.categories[category].isthing else "stuff"
    share = 100 * area / scene.panoptic.numel()
    return f"{words}{scene.categories[category].name} ({kind}) · segment {number} · {area} pixels, {share:.1f} %"


def hover(viewer: Locator, scene: Scene, row: int, column: int) -> None:
    picture = viewer.locator(".pv-main")
    picture.hover(position=at(picture, scene.size, row, column))


def color_at(viewer: Locator, scene: Scene, row: int, column: int) -> list[int]:
    """The colour that the viewer's picture has in the middle of this pixel, once it has drawn."""
    viewer.page.evaluate(DRAWN)
    return viewer.locator(".pv-main").evaluate(_COLOR, [row, column, *scene.size])


def test_the_viewer_tells_the_truth_about_the_pixel_under_the_pointer(lesson: Notebook, viewer: Locator) -> None:
    scene = scene_of(viewer, ".pv-main")
    height, width = scene.size
    void = (scene.semantic == VOID).nonzero()[0].tolist()
    for row, column in [void, *((r, c) for r in range(5, height, height // 4) for c in range(5, width, width // 5))]:
        hover(viewer, scene, row, column)
        expect(viewer.locator(".pv-status")).to_have_text(words_for(scene, row, column))
    lesson.shot("lesson1_viewer", viewer)


def test_keys_move_the_pixel_and_leave_the_notebook_alone(lesson: Notebook, viewer: Locator) -> None:
    scene = scene_of(viewer, ".pv-main")
    hover(viewer, scene, 40, 50)
    viewer.locator(".pv-main").focus()
    before = lesson.place()
    for key, position in [("ArrowDown", (41, 50)), ("Shift+ArrowRight", (41, 60)), ("ArrowUp", (40, 60))]:
        viewer.page.keyboard.press(key)
        expect(viewer.locator(".pv-status")).to_have_text(words_for(scene, *position))
    # JupyterLab's own: "a" makes a cell, "x" cuts one, an arrow selects another.
    for key in ("a", "x", "Shift+Tab", "Shift+Tab", "ArrowLeft", "ArrowRight"):
        viewer.page.keyboard.press(key)
    assert viewer.locator(":focus").get_attribute("type") == "radio"
    assert lesson.place() == before


def test_a_category_goes_and_comes_and_the_opacity_fades(viewer: Locator) -> None:
    scene = scene_of(viewer, ".pv-main")
    # A pixel of the sky, well inside it: no outline and no name lies there.
    sky = scene.semantic == scene.categories.id("sky")
    row, column = next(
        (r, c) for r, c in sky.nonzero().tolist() if min(r, c) > 3 and sky[r - 3 : r + 4, c - 3 : c + 4].all()
    )
    road = (scene.semantic == scene.categories.id("road")).nonzero()[0].tolist()
    hover(viewer, scene, *road)
    photo = (scene.image[:, row, column] * 255).round().int().tolist()
    label = list(scene.categories[scene.categories.id("sky")].color)

    slider = viewer.get_by_role("slider", name="Opacity")
    slider.fill("100")
    assert color_at(viewer, scene, row, column) == label
    sky_chip = viewer.get_by_role("checkbox", name="sky")
    sky_chip.uncheck()
    hover(viewer, scene, *road)
    assert color_at(viewer, scene, row, column) == photo
    sky_chip.check()
    slider.fill("0")
    hover(viewer, scene, *road)
    assert color_at(viewer, scene, row, column) == photo
    slider.fill("60")
    mixed = [round(0.4 * a + 0.6 * b) for a, b in zip(photo, label, strict=True)]
    assert color_at(viewer, scene, row, column) == pytest.approx(mixed, abs=2)


# --- the IoU explorer -------------------------------------------------------------------------------------------------


def test_the_iou_explorer_counts_what_the_helper_counts(lesson: Notebook, viewer: Locator) -> None:
    scene = scene_of(viewer, ".pv-main")
    cars = [segment for segment in scene.segments if segment.category_id == STREET.id("car")]
    car = scene.panoptic == max(cars, key=lambda segment: segment.area).id
    room = torch.nn.functional.pad(car, (0, 128, 0, 96))  # so that nothing wraps around
    explorer = in_view(lesson, ".ix")
    status = explorer.locator(".ix-status")
    expect(status).to_contain_text(f"Not moved · IoU = {car.sum()} / {car.sum()} = 1.00")
    explorer.locator(".ix-canvas").focus()
    before = lesson.place()
    for key, words, right, down in [
        ("ArrowRight", "Moved 1 right", 1, 0),
        ("ArrowDown", "Moved 1 down, 1 right", 1, 1),
        ("Shift+ArrowRight", "Moved 1 down, 11 right", 11, 1),
    ]:
        lesson.page.keyboard.press(key)
        moved = torch.roll(room, (down, right), (0, 1))
        iou = metrics.iou(room, moved)
        verdict = "above 0.5: counts as found" if iou > 0.5 else "not above 0.5: counts as missed"
        both, union = int((room & moved).sum()), int((room | moved).sum())
        expect(status).to_have_text(f"{words} · IoU = {both} / {union} = {iou:.2f} · {verdict}")
        expect(explorer.locator(".ix-formula b")).to_have_text(f"{iou:.2f}")
    assert lesson.place() == before
    lesson.shot("lesson1_iou_explorer", explorer)


# --- the prediction, the quiz -----------------------------------------------------------------------------------------


def plain(text: str) -> str:
    """A text of the bank as the page shows it, without the marks of Markdown."""
    return re.sub(r"[*`]", "", text)


def open_question(quiz: Locator, question: Question) -> int:
    """Goes to a question of the quiz; returns its number."""
    number = find_bank("01").at("end").index(question) + 1
    quiz.get_by_role("button", name=re.compile(rf"^Question {number}:")).click()
    expect(quiz.locator(".p2p-prompt")).to_contain_text(plain(question.prompt))
    return number


@pytest.fixture(scope="module")
def predicted(lesson: Notebook) -> str:
    """The learner's prediction, committed: "Yes" or "No", and wrong."""
    [question] = find_bank("01").at("text")
    answer = "No" if question.answer else "Yes"
    card = in_view(lesson, ".p2p-mode-predict")
    lesson.shot("lesson1_predict", card)
    card.get_by_role("radio", name=answer).check()
    card.get_by_role("button", name="Commit").click()
    card.locator(".p2p-done").wait_for()
    return answer


def sees_the_prediction(lesson: Notebook, answer: str) -> None:
    [question] = find_bank("01").at("text")
    card, reveal = (lesson.page.locator(f".p2p-mode-{mode}") for mode in ("predict", "reveal"))
    expect(card.locator(".p2p-done")).to_contain_text(f"you said “{answer}”")
    expect(card.get_by_role("radio", name=answer)).to_be_checked()
    expect(card.get_by_role("radio", name=answer)).to_be_disabled()
    tiles = reveal.locator(".p2p-tile")
    expect(tiles).to_have_text([f"You said✗ {answer}", f"What is so{'Yes' if question.answer else 'No'}"])
    expect(reveal).to_contain_text(plain(question.feedback))
    expect(reveal).to_contain_text(plain(question.explanation))


def test_a_prediction_is_committed_and_later_held_against_what_is_so(lesson: Notebook, predicted: str) -> None:
    sees_the_prediction(lesson, predicted)
    lesson.shot("lesson1_predict_committed", in_view(lesson, ".p2p-mode-predict"))
    lesson.shot("lesson1_reveal", in_view(lesson, ".p2p-mode-reveal"))


@pytest.fixture(scope="module")
def answered(lesson: Notebook) -> dict[int, str]:
    """Three questions of the quiz answered, one of them wrongly: by number, what its button says of it."""
    questions = find_bank("01").at("end")
    wrong, number, place = (
        next(question for question in questions if isinstance(question, kind)) for kind in (Single, Numeric, Click)
    )
    scene = scene_of(in_view(lesson, '[aria-label^="Viewer of street"]'), ".pv-main")
    quiz = in_view(lesson, ".p2p-mode-quiz")
    answer, verdict = quiz.get_by_role("button", name="Answer", exact=True), quiz.locator(".p2p-verdict")
    said = {}

    said[open_question(quiz, wrong)] = "not right yet"
    expect(answer).to_be_disabled()
    lesson.shot("lesson1_quiz_before", quiz)
    choice = next(choice for choice in wrong.choices if not choice.right)
    quiz.get_by_role("radio", name=plain(choice.text), exact=True).check()
    answer.click()
    expect(verdict).to_have_text("✗ Not yet")
    feedback = quiz.locator(".p2p-feedback")
    expect(feedback).to_contain_text(plain(choice.feedback))
    others = [other.feedback for other in wrong.choices if other.feedback and other is not choice]
    for secret in [wrong.explanation, *others]:
        expect(feedback).not_to_contain_text(plain(secret))
    lesson.shot("lesson1_quiz_wrong", quiz)

    said[open_question(quiz, number)] = "right at first try"
    quiz.get_by_role("textbox", name="Your answer").fill(f"{number.answer:g}")
    answer.click()
    expect(verdict).to_have_text("✓ Right")
    expect(feedback).to_contain_text(plain(number.explanation))
    lesson.shot("lesson1_quiz_right", quiz)
    feedback.get_by_role("link", name="Go to the evidence").click()
    expect(lesson.cell(number.evidence)).to_be_in_viewport()
    lesson.go_to(quiz)

    said[open_question(quiz, place)] = "right at first try"
    [region] = [region for region in place.regions if region.right]
    assert region.mask == "void"
    row, column = (scene.semantic == VOID).nonzero()[0].tolist()
    stage = lesson.go_to(quiz.locator(".p2p-stage"))
    stage.click(position=at(stage, scene.size, row, column))
    expect(quiz.locator("form")).to_contain_text(f"Your mark: column {column}, row {row}.")
    answer.click()
    expect(verdict).to_have_text("✓ Right")
    lesson.shot("lesson1_quiz_click", quiz)
    return said


def sees_the_answers(lesson: Notebook, said: dict[int, str]) -> None:
    quiz = in_view(lesson, ".p2p-mode-quiz")
    for number in range(1, len(find_bank("01").at("end")) + 1):
        words = said.get(number, "not answered")
        expect(quiz.get_by_role("button", name=f"Question {number}: {words}", exact=True)).to_be_visible()
    expect(quiz.locator(".p2p-score")).to_have_text("First try: 2 of 3 right")


def test_a_wrong_answer_gets_its_own_feedback_and_a_right_one_its_reason(
    lesson: Notebook, answered: dict[int, str]
) -> None:
    sees_the_answers(lesson, answered)


# --- painting ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def painted(lesson: Notebook) -> str:
    """The street, painted with mouse and keys, and scored: what stands above the score."""
    painter = in_view(lesson, '[aria-label^="Painter of street"]')
    size = scene_of(painter, ".pp-main").size
    picture, keyboard, mouse = painter.locator(".pp-main"), lesson.page.keyboard, lesson.page.mouse
    lesson.shot("lesson1_painter", painter)
    picture.focus()
    before = lesson.place()

    def drag(*path: tuple[int, int]) -> None:
        picture.hover(position=at(picture, size, *path[0]))
        mouse.down()
        for row, column in path[1:]:
            corner, place = picture.bounding_box(), at(picture, size, row, column)
            mouse.move(corner["x"] + place["x"], corner["y"] + place["y"], steps=4)
        mouse.up()

    for key in ("]", "]", "0"):  # a large brush, sky
        keyboard.press(key)
    drag((6, 34), (6, 92), (18, 92), (18, 34), (30, 34), (30, 60))
    for key in ("o", "2"):  # the road by its corners
        keyboard.press(key)
    for row, column in [(48, 72), (95, 30), (95, 104), (52, 84)]:
        picture.click(position=at(picture, size, row, column))
    keyboard.press("Enter")
    for key in ("b", "6"):
        keyboard.press(key)
    drag((62, 118), (84, 118))
    for key in ("7", "[", "Home", "ArrowRight", "ArrowRight", "Space"):  # a person, by keys alone
        keyboard.press(key)
    expect(painter.locator(".pv-status")).to_contain_text("row 84, column 2 · person")
    for key in ("1", "r"):
        keyboard.press(key)
    expect(painter.locator(".pp-share")).to_have_text("100 % labelled")
    painter.get_by_role("button", name="Score my labels").click()
    painter.locator(".pp-verdict").wait_for()
    assert lesson.place() == before
    lesson.shot("lesson1_painter_scored", painter)
    return painter.locator(".pp-verdict h3").inner_text()


def sees_the_painting(lesson: Notebook, score: str) -> None:
    """The score on the page, and the labels that the progress file keeps, which give the same score."""
    painter = in_view(lesson, '[aria-label^="Painter of street"]')
    scene = scene_of(painter, ".pp-main")
    expect(painter.locator(".pp-verdict h3")).to_have_text(score)
    expect(painter.locator(".pp-share")).to_have_text("100 % labelled")
    labels, seconds = unpack_answer(progress.last("01", "paint", "street").answer, scene.size, scene.categories)
    truth = score_painting(labels, scene.semantic, scene.categories)
    assert score == f"Mean IoU {truth.mean_iou:.2f}" and seconds >= 0
    assert {each.category.name for each in truth.categories if each.painted} == {
        "sky",
        "building",
        "road",
        "car",
        "person",
    }
    names = painter.locator(".pp-result tr th")
    expect(names).to_contain_text([each.category.name for each in truth.categories])


@pytest.mark.usefixtures("learners_progress")
def test_the_street_is_painted_with_mouse_and_keys_and_scored(lesson: Notebook, painted: str) -> None:
    sees_the_painting(lesson, painted)
    # The viewer strikes out what is hidden, and its style sheet is on this page as well.
    expect(lesson.page.locator(".pp .pv-name").first).to_have_css("text-decoration-line", "none")


# --- an exercise ------------------------------------------------------------------------------------------------------

EXERCISE = "count_pixels"
WRONG = f'''def {EXERCISE}(semantic, category_id):
    """How many pixels of the semantic map [H, W] are of the category."""
    return int((semantic >= category_id).sum())'''


def write_and_check(lesson: Notebook, source: str) -> Locator:
    """Types a function into the exercise's cell, runs it and its check; returns what the check shows."""
    cell, check = lesson.cell(f"def {EXERCISE}("), lesson.cell(f"course.check({EXERCISE})")
    lesson.go_to(cell).locator(".cm-content").click()
    lesson.page.keyboard.press("Control+a")
    lesson.page.keyboard.insert_text(source)
    assert source in ["".join(cell["source"]) for cell in lesson.cells()]
    for _ in range(2):
        lesson.page.keyboard.press("Shift+Enter")
    return check.locator(".jp-OutputArea-output")


@pytest.fixture(scope="module")
def solved(lesson: Notebook) -> str:
    """The exercise, after a wrong try, solved as the lesson solves it: the solution."""
    syllabus = load_syllabus()
    cells = read_lesson(syllabus.lesson("01"), syllabus, solutions=True).cells
    tagged = [cell.source for cell in cells if "solution" in cell.metadata.get("tags", [])]
    [solution] = [source for source in tagged if source.startswith(f"def {EXERCISE}(")]
    output = lesson.cell(f"course.check({EXERCISE})").locator(".jp-OutputArea-output")
    lesson.go_to(output)
    expect(output).to_contain_text(f"not attempted: {EXERCISE}")
    output = write_and_check(lesson, WRONG)
    expect(output).to_contain_text(f"not yet: {EXERCISE}")
    expect(output).to_contain_text("Hint 1 of")
    lesson.shot("lesson1_exercise_not_yet", output)
    output = write_and_check(lesson, solution)
    expect(output).to_contain_text(f"correct: {EXERCISE}")
    lesson.shot("lesson1_exercise_correct", output)
    return solution


@pytest.mark.usefixtures("learners_progress")
def test_an_exercise_is_not_yet_right_and_then_right(solved: str) -> None:
    first, last = (find("01", "exercise", EXERCISE) for find in (progress.first, progress.last))
    assert (first.correct, last.correct) == (False, True)
    assert last.answer["source"].strip() == solved


# --- and all of it again ----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("learners_progress", "solved")
def test_a_new_kernel_finds_the_learners_progress(
    lesson: Notebook, predicted: str, answered: dict[int, str], painted: str
) -> None:
    lesson.restart()
    expect(lesson.page.locator(".p2p-quiz, .pv")).to_have_count(0)
    lesson.run_all()
    sees_the_prediction(lesson, predicted)
    sees_the_answers(lesson, answered)
    sees_the_painting(lesson, painted)
    expect(lesson.cell(f"course.check({EXERCISE})")).to_contain_text(f"correct: {EXERCISE}")
    lesson.shot("lesson1_after_restart", in_view(lesson, ".p2p-mode-quiz"))
