"""Typed numbers in the quiz: how the page reads them, what it says of them, and what it commits."""

from __future__ import annotations

import random
from pathlib import Path
from weakref import WeakSet

import pytest
import yaml
from browser import FrontEnd
from playwright.sync_api import Page, expect

from helpers.course import quiz_widget
from helpers.course.bank import Numeric
from helpers.course.quiz import Answers, Desk
from helpers.course.quiz_widget import Prediction, Quiz, Reveal

pytestmark = pytest.mark.browser

CASES = yaml.safe_load((Path(__file__).parent / "quiz_fixture" / "numbers.yaml").read_text("utf-8"))
SOURCE = (Path(quiz_widget.__file__).parent / "quiz_number.js").read_text("utf-8")


def read(page: Page, typed: list[tuple[str, str]]) -> list[dict]:
    """How the page reads each text, beside a field with this unit: its `value`, its `trouble`, or nothing."""
    script = f"(typed) => {{ {SOURCE}\n return typed.map(([text, unit]) => readNumber(text, unit)); }}"
    return page.evaluate(script, typed)


def test_usual_ways_of_writing_a_number_are_read(page: Page) -> None:
    cases = [(text, "", value) for value, texts in CASES["values"] for text in texts]
    cases += [(text, unit, value) for unit, text, value in CASES["units"]]
    readings = read(page, [(text, unit) for text, unit, _ in cases])
    wrong = [(case, got) for case, got in zip(cases, readings, strict=True) if got != {"value": case[2]}]
    assert not wrong


def test_what_has_no_meaning_gets_a_sentence(page: Page) -> None:
    texts = [text for row in CASES["unreadable"] for text in row]
    says = "cannot be read as a number. Write it like 12, 0.5, 1/2 or 50%."
    assert read(page, [(text, "") for text in texts]) == [{"trouble": f"“{text}” {says}"} for text in texts]
    assert read(page, [("", ""), ("  ", "bytes")]) == [{}, {}], "nothing typed is nothing to complain of"


def test_what_has_two_meanings_gets_a_sentence_with_both(page: Page) -> None:
    cases = CASES["ambiguous"]
    for (_, small, large), reading in zip(cases, read(page, [(text, "") for text, _, _ in cases]), strict=True):
        assert reading["trouble"].endswith(f"can mean {small} or {large}. Write one of these.")
        assert read(page, [(small, ""), (large, "")]) == [{"value": float(small)}, {"value": float(large)}]


def test_what_no_float_can_hold_gets_a_sentence(page: Page) -> None:
    texts = [*CASES["out_of_range"], "9" * 400, f"0.{'0' * 400}1", f"{'9' * 400}/7", f"1/{'9' * 400}"]
    for text, reading in zip(texts, read(page, [(text, "") for text in texts]), strict=True):
        shown = text if len(text) <= 24 else f"{text[:24]}…"
        assert reading == {"trouble": f"“{shown}” is too large, or too close to 0, to calculate with."}


def test_a_number_keeps_its_value_in_every_way_of_writing_it(page: Page) -> None:
    """Python writes numbers in the ways of many countries; the page gives them back, or says that there are two."""
    generator, cases = random.Random(0), []
    for _ in range(3000):
        whole, places = generator.randrange(10 ** generator.randint(1, 9)), generator.randint(0, 4)
        digits = f"{generator.randrange(10**places):0{places}}" if places else ""
        sign = generator.choice(["", "-", "−"])
        thousands, point = generator.choice([("", "."), ("", ","), (",", "."), (".", ","), (" ", ","), ("'", ".")])
        text = f"{whole:,}".replace(",", thousands) + (point + digits if digits else "")
        value = float(f"{'-' if sign else ''}{whole}.{digits}")
        marks = [mark for mark in text if mark in ".,"]
        twofold = len(marks) == 1 and len(text) - 4 == text.index(marks[0]) <= 3 and text[0] != "0"
        cases.append((sign + text, None if twofold else value))
    readings = read(page, [(text, "") for text, _ in cases])
    wrong = [(case, got) for case, got in zip(cases, readings, strict=True) if got.get("value") != case[1]]
    assert not wrong
    assert 100 < sum(value is None for _, value in cases) < 1000


def question(item: str = "share", **fields: object) -> Numeric:
    texts = dict.fromkeys(("feedback", "explanation", "evidence"), "x")
    values = {"id": item, "kind": "numeric", "prompt": "How large is the share?", "answer": 0.5, "tolerance": 0.004}
    near = [{"value": 5, "feedback": "This is ten times as much."}]
    return Numeric.model_validate({**values, **texts, "near": near, **fields})


def stored(answers: Answers, kind: str = "quiz") -> dict[str, list]:
    assert not answers.trouble
    return Answers().of("03", kind)


@pytest.fixture(autouse=True)
def no_other_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Widgets of earlier tests, which would be told of an answer too, are forgotten."""
    monkeypatch.setattr(quiz_widget, "_pages", WeakSet())


@pytest.fixture
def quiz() -> Quiz:
    unit = question("size", prompt="How many?", answer=60000, tolerance=0, unit="numbers")
    return Quiz(Desk("03", "quiz", [question(), unit], Answers()), "quiz")


def test_the_reading_stands_beside_the_field_before_anything_is_committed(
    front_end: FrontEnd, page: Page, quiz: Quiz
) -> None:
    front_end.mount(quiz)
    field, commit = (
        page.get_by_role("textbox", name="Your answer"),
        page.get_by_role("button", name="Answer", exact=True),
    )
    reading = page.locator(".p2p-reading")
    expect(reading).to_have_attribute("aria-live", "polite")
    expect(reading).to_be_empty()
    expect(commit).to_be_disabled()
    for text, words in (("1/2", "Read as 0.5"), ("⅓", "Read as about 0.333333333333"), ("−50,4 %", "Read as -0.504")):
        field.fill(text)
        expect(reading).to_have_text(words)
        expect(field).to_have_accessible_description(words)
        expect(field).to_have_attribute("aria-invalid", "false")
        expect(commit).to_be_enabled()
    for text in ("60.000", "1e999", "9" * 400, "half"):
        field.fill(text)
        expect(reading).to_contain_text(f"“{text[:24]}")
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(commit).to_be_disabled()
        field.press("Enter")
    field.fill("")
    expect(reading).to_be_empty()
    expect(field).to_have_attribute("aria-invalid", "false")
    front_end.settle()
    assert stored(quiz._desk.answers) == {}


def test_what_was_read_is_what_is_graded_and_kept(front_end: FrontEnd, page: Page, quiz: Quiz) -> None:
    front_end.mount(quiz)
    field, verdict = page.get_by_role("textbox"), page.locator(".p2p-verdict")
    field.fill("50,4%")
    field.press("Enter")
    expect(verdict).to_have_text("✓ Right")
    expect(field).to_have_value("0.504")
    page.get_by_role("button", name="Next question").click()
    field.fill("60 000,5 numbers")
    expect(page.locator(".p2p-reading")).to_have_text("Read as 60000.5")
    page.get_by_role("button", name="Answer", exact=True).click()
    expect(verdict).to_have_text("✗ Not yet")
    page.get_by_role("button", name="Try again").click()
    expect(field).to_be_focused()
    expect(field).to_have_value("")
    field.fill("60 000")
    page.get_by_role("button", name="Answer", exact=True).click()
    expect(verdict).to_have_text("✓ Right now")
    assert stored(quiz._desk.answers) == {"share": [0.504], "size": [60000.5, 60000]}


def test_wheel_and_arrow_keys_leave_a_number_alone(front_end: FrontEnd, page: Page, quiz: Quiz) -> None:
    front_end.mount(quiz)
    field = page.get_by_role("textbox")
    field.fill("0.5")
    field.hover()
    page.mouse.wheel(0, 120)
    for key in ("ArrowUp", "ArrowDown", "PageUp"):
        field.press(key)
    front_end.frame()
    expect(field).to_have_value("0.5")


def test_what_was_typed_outlives_a_redrawing(front_end: FrontEnd, page: Page, quiz: Quiz) -> None:
    front_end.mount(quiz, answers=False)
    page.get_by_role("textbox").fill("1/2")
    front_end.answer()  # the kernel was slow with the first message
    page.get_by_role("button", name="Question 2: not answered").click()
    page.get_by_role("button", name="Question 1: not answered").click()
    expect(page.get_by_role("textbox")).to_have_value("1/2")
    expect(page.locator(".p2p-reading")).to_have_text("Read as 0.5")
    page.get_by_role("button", name="Answer", exact=True).click()
    front_end.settle()
    assert front_end.answer() == {"type": "commit", "id": "share", "answer": 0.5}
    expect(page.locator(".p2p-verdict")).to_have_text("✓ Right")


def test_a_number_can_be_predicted_and_revealed(front_end: FrontEnd, page: Page) -> None:
    desk = Desk("03", "predict", [question(unit="of it")], Answers())
    front_end.mount(Prediction(desk, "predict"))
    page.get_by_role("textbox", name="Your answer in of it").fill("⅓")
    page.get_by_role("button", name="Commit").click()
    expect(page.locator(".p2p-done")).to_contain_text("you said “0.333333333333 of it”")
    assert stored(desk.answers, "predict") == {"share": [1 / 3]}
    front_end.mount(Reveal(desk, "reveal"))
    expect(page.locator(".p2p-tile").first).to_have_text("You said✗ 0.333333333333 of it")
