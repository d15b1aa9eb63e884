"""Quiz banks, grading, and what leaves the kernel at which moment."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from helpers.course import bank as bank_module
from helpers.course import quiz_widget
from helpers.course.bank import LESSONS, Bank, Numeric, Picture, Region, find_bank, find_prediction, load_bank, shuffled
from helpers.course.quiz import Answers, Desk, grade, right_answer
from helpers.course.quiz_widget import Prediction, Quiz, Reveal, public

FIXTURE = Path(__file__).parent / "quiz_fixture"
BANK_FILE = FIXTURE / "09_shapes" / "quiz.yaml"


def discs() -> Picture:
    """80 × 120, a red disc over a blue one; `behind` is the part of the blue one that shows."""
    y, x = np.mgrid[:80, :120]
    front = (x - 45) ** 2 + (y - 40) ** 2 < 25**2
    behind = ((x - 72) ** 2 + (y - 40) ** 2 < 25**2) & ~front
    image = np.full((80, 120, 3), 150, np.uint8)
    image[behind], image[front] = (60, 90, 200), (200, 60, 60)
    return Picture(image, {"behind": behind, "front": front})


@dataclass
class Memory:
    """A store in memory. `broken` makes it fail like a full disk."""

    kept: list[tuple] = field(default_factory=list)
    broken: bool = False
    reads: int = 0

    def record(self, *entry: Any) -> None:
        if self.broken:
            raise OSError("the disk is full")
        self.kept.append(deepcopy(entry))

    def entries(self, lesson: str, kind: str) -> list[_Entry]:
        self.reads += 1
        found = [entry for entry in self.kept if entry[:2] == (lesson, kind)]
        return [_Entry(entry[2], json.loads(json.dumps(entry[3]))) for entry in found]


@dataclass
class _Entry:
    item: str
    answer: Any


@pytest.fixture
def bank() -> Bank:
    return load_bank(BANK_FILE)


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Memory:
    """Quizzes read the sample bank and write here."""
    memory = Memory()
    monkeypatch.setattr(quiz_widget, "_answers", Answers(memory))
    monkeypatch.setattr(quiz_widget, "find_bank", lambda lesson: find_bank(lesson, FIXTURE))
    monkeypatch.setattr(quiz_widget, "find_prediction", lambda item: find_prediction(item, FIXTURE))
    return memory


class Page:
    """The browser's side of one widget: posts messages as the page would, keeps what comes back."""

    def __init__(self, widget: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.widget, self.inbox = widget, []
        monkeypatch.setattr(widget, "send", lambda message: self.inbox.append(json.loads(json.dumps(message))))

    def post(self, **message: Any) -> dict[str, Any]:
        self.widget._handle_custom_msg(message, [])
        return self.inbox[-1]

    def commit(self, item: str, answer: Any) -> dict[str, Any]:
        return self.post(type="commit", id=item, answer=answer)


# ------------------------------------------------------------------------------------------------------------- grading

STEPS = [
    "Bring both masks to one size",
    "Mark pixels that are in both",
    "Count them, and count those in at least one",
    "Divide the first count by the second",
]
BLEND = "Resizing to half and back, bilinear"


@pytest.mark.parametrize(
    ("item", "answer"),
    [
        ("p9", True),
        ("count-labels", False),
        ("one-hot-shape", "`[8, 96, 128]`"),
        ("lossless", ["Run-length code (RLE)", "PNG"]),
        ("bytes-of-map", 12288),
        ("bytes-of-map", 12288 * 1.0099),
        ("iou-steps", STEPS),
        ("find-disc", [90, 40]),
        ("find-disc", [96, 40]),
    ],
)
def test_right_answers(bank: Bank, item: str, answer: Any) -> None:
    result = grade(bank.question(item), answer, discs())
    assert (result.correct, result.score, result.feedback) == (True, 1.0, [])


@pytest.mark.parametrize(
    ("item", "answer", "score", "says"),
    [
        ("p9", False, 0, ["grey car"]),
        ("count-labels", True, 0, ["Count the channels"]),
        ("one-hot-shape", "`[96, 128]`", 0, ["shape before"]),
        ("one-hot-shape", "`[3, 96, 128]`", 0, ["red, green and blue"]),
        ("one-hot-shape", "`[8, 3, 96, 128]`", 0, ["no axis of 3"]),
        ("lossless", ["PNG"], 0.5, ["missed “Run-length code (RLE)”. RLE writes"]),
        ("lossless", ["PNG", "Run-length code (RLE)", "JPEG"], 0.5, ["ticked “JPEG”. JPEG smooths"]),
        ("lossless", [BLEND], 0, ["missed “PNG”", "missed “Run-length", f"ticked “{BLEND}”"]),
        ("lossless", ["PNG", "JPEG", BLEND, "Run-length code (RLE)"], 0, ["ticked “JPEG”", f"ticked “{BLEND}”"]),
        ("bytes-of-map", 36864, 0, ["three bytes"]),
        ("bytes-of-map", 37000.5, 0, ["three bytes"]),
        ("bytes-of-map", 224, 0, ["added the sides"]),
        ("bytes-of-map", 225, 0, ["Multiply height"]),
        ("bytes-of-map", 12288 * 1.0101, 0, ["Multiply height"]),
        ("iou-steps", [STEPS[1], STEPS[0], *STEPS[2:]], 5 / 6, ["place 1", "no pixels in common"]),
        ("iou-steps", [*STEPS[:2], STEPS[3], STEPS[2]], 5 / 6, ["place 3", "needs both counts"]),
        ("iou-steps", STEPS[::-1], 0, ["place 1", "no pixels in common"]),
        ("find-disc", [45, 40], 0, ["This disc is whole"]),
        ("find-disc", [23, 3], 0, ["rim of the picture"]),
        ("find-disc", [115, 65], 0, ["corner of the ground"]),
        ("find-disc", [24, 4], 0, ["This is the ground"]),
        ("find-disc", [97, 40], 0, ["This is the ground"]),
    ],
)
def test_wrong_answers_get_their_own_feedback(
    bank: Bank, item: str, answer: Any, score: float, says: list[str]
) -> None:
    result = grade(bank.question(item), answer, discs())
    assert not result.correct
    assert result.score == pytest.approx(score)
    text = "\n".join(result.feedback)
    assert all(words in text for words in says), text
    assert len(result.feedback) == (len(says) if item == "lossless" else 1)


@pytest.mark.parametrize(
    ("item", "answer"),
    [
        ("p9", "yes"),
        ("p9", 1),
        ("p9", None),
        ("one-hot-shape", "`[8]`"),
        ("one-hot-shape", 0),
        ("one-hot-shape", ["`[96, 128]`"]),
        ("lossless", []),
        ("lossless", "PNG"),
        ("lossless", ["PNG", "PNG"]),
        ("lossless", ["GIF"]),
        ("lossless", [["PNG"]]),
        ("bytes-of-map", "12288"),
        ("bytes-of-map", True),
        ("bytes-of-map", float("nan")),
        ("bytes-of-map", float("inf")),
        ("bytes-of-map", 10**400),
        ("bytes-of-map", -(10**400)),
        ("iou-steps", STEPS[:3]),
        ("iou-steps", [*STEPS, STEPS[0]]),
        ("iou-steps", [STEPS[0]] * 4),
        ("find-disc", [120, 0]),
        ("find-disc", [0, 80]),
        ("find-disc", [-1, 5]),
        ("find-disc", [1.5, 5]),
        ("find-disc", [1]),
        ("find-disc", {"x": 1, "y": 2}),
    ],
)
def test_malformed_answer_is_named(bank: Bank, item: str, answer: Any) -> None:
    question = bank.question(item)
    with pytest.raises(ValueError, match=rf"answer: question '{item}' \({question.kind}\) expects .*, got ") as caught:
        grade(question, answer, discs())
    assert repr(answer) in str(caught.value)


def numeric(**fields: float) -> Numeric:
    words = {"prompt": "x", "explanation": "x", "evidence": "x", "feedback": "far", "id": "n", "kind": "numeric"}
    return Numeric.model_validate({"near": [{"value": -1e6, "feedback": "near"}], **words, **fields})


@pytest.mark.parametrize(
    ("fields", "right", "wrong"),
    [
        ({"answer": 60000}, [60000, 60000.0], [59999, 60000.5, 60000.001]),
        ({"answer": 0.5, "tolerance": 0.004}, [0.504, 0.496, 0.5], [0.5041, 0.4959, 0.50400001, 0.51]),
        ({"answer": -0.6, "tolerance": 0.004}, [-0.604, -0.596], [-0.6041, -0.5959, 0.6]),
        ({"answer": 0, "tolerance": 0.1}, [0.1, -0.1, 0], [0.1001, -0.1001]),
        ({"answer": 0}, [0, 0.0, -0.0], [1e-12, -1e-300]),
        ({"answer": 0.3}, [0.1 + 0.2], [0.3001, 0.29999]),
        ({"answer": 200, "relative": 0.01}, [198, 202], [197.99, 202.01]),
        ({"answer": -200, "relative": 0.01}, [-198, -202], [-197.99, -202.01]),
        ({"answer": 200, "relative": 0.01, "tolerance": 5}, [195, 205], [194.9, 205.1]),
        ({"answer": 1000, "relative": 0.01, "tolerance": 5}, [990, 1010], [989.9, 1010.1]),
    ],
)
def test_numbers_are_right_within_the_wider_tolerance(fields: dict, right: list[float], wrong: list[float]) -> None:
    graded = {number: grade(numeric(**fields), number).correct for number in [*right, *wrong]}
    assert graded == dict.fromkeys(right, True) | dict.fromkeys(wrong, False)


@given(*[st.integers(-2000, 2000)] * 2, st.integers(0, 50), st.sampled_from([10, 100, 1000]))
def test_tolerances_hold_for_decimals_as_they_are_written(number: int, answer: int, tolerance: int, unit: int) -> None:
    question = numeric(answer=answer / unit, tolerance=tolerance / unit)
    assert grade(question, number / unit).correct == (abs(number - answer) <= tolerance)
    near = numeric(answer=1e5, near=[{"value": answer / unit, "tolerance": tolerance / unit, "feedback": "near"}])
    assert grade(near, number / unit).feedback == ["near" if abs(number - answer) <= tolerance else "far"]


def test_every_right_answer_is_graded_right(bank: Bank) -> None:
    for question in bank.questions:
        if question.kind != "click":
            assert grade(question, right_answer(question)).correct, question.id


def test_click_is_right_exactly_where_the_mask_is(bank: Bank) -> None:
    question, picture = bank.question("find-disc"), discs()
    graded = np.array([[grade(question, [x, y], picture).correct for x in range(120)] for y in range(80)])
    assert np.array_equal(graded, picture.masks["behind"])
    assert np.array_equal(graded, question.right_pixels(picture))


def test_an_earlier_region_decides(bank: Bank) -> None:
    regions = [Region(box=(0, 0, 10, 10), feedback="No."), Region(box=(0, 0, 20, 20), right=True)]
    question = bank.question("find-disc").model_copy(update={"regions": regions})
    assert grade(question, [5, 5], discs()).feedback == ["No."]
    assert grade(question, [10, 9], discs()).correct
    assert question.right_pixels(discs()).sum() == 300


def test_click_without_picture_is_refused(bank: Bank) -> None:
    with pytest.raises(ValueError, match="picture: question 'find-disc' needs the picture 'discs', got None"):
        grade(bank.question("find-disc"), [1, 1])


@pytest.mark.parametrize(
    ("image", "masks", "says"),
    [
        (np.zeros((4, 5), np.uint8), {}, r"image: expected uint8 \[H, W, 3\], got uint8 \[4, 5\]"),
        (np.zeros((4, 5, 3)), {}, r"image: expected uint8 \[H, W, 3\], got float64"),
        (np.zeros((4, 5, 3), np.uint8), {"a": np.zeros((5, 4), bool)}, r"masks\['a'\]: expected bool \[4, 5\]"),
        (np.zeros((4, 5, 3), np.uint8), {"a": np.zeros((4, 5), int)}, r"masks\['a'\]: expected bool"),
    ],
)
def test_bad_picture_is_refused(image: np.ndarray, masks: dict[str, np.ndarray], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Picture(image, masks)


# ------------------------------------------------------------------------------------------------------- reading a bank


def question_of(raw: dict, item: str) -> dict:
    return next(question for question in raw["questions"] if question["id"] == item)


def put(item: str, *path: Any, to: Any) -> Callable[[dict], None]:
    """A fault: in the question `item`, the field at `path` is set to `to`, or taken away if that is `...`."""

    def change(raw: dict) -> None:
        place: Any = question_of(raw, item)
        for step in path[:-1]:
            place = place[step]
        if to is ...:
            del place[path[-1]]
        else:
            place[path[-1]] = to

    return change


@pytest.mark.parametrize(
    ("change", "where", "what"),
    [
        (put("p9", "explanation", to=...), "question 'p9', field 'explanation'", "Field required"),
        (put("p9", "prompt", to=""), "question 'p9', field 'prompt'", "at least 1 character"),
        (put("p9", "feedback", to=...), "question 'p9', field 'feedback'", "Field required"),
        (put("p9", "answer", to="yes"), "question 'p9', field 'answer'", "valid boolean"),
        (put("p9", "evidence", to=...), "question 'p9', field 'evidence'", "Field required"),
        (put("p9", "evidence", to="no such cell"), "question 'p9', field 'evidence'", "match pattern"),
        (put("p9", "place", to="middle"), "question 'p9', field 'place'", "'text' or 'end'"),
        (put("p9", "syllabus", to=["p9"]), "question 'p9', field 'syllabus[0]'", "match pattern"),
        (put("p9", "hint", to="x"), "question 'p9', field 'hint'", "not permitted"),
        (put("p9", "kind", to="essay"), "question 'p9', field 'kind'", "'essay'"),
        (put("p9", "kind", to=...), "question 'p9', field 'kind'", "discriminator"),
        (put("p9", "id", to="A b"), "question 'A b', field 'id'", "match pattern"),
        (put("p9", "id", to=...), "question number 1, field 'id'", "Field required"),
        (put("p9", "id", to="lossless"), "field 'questions'", "stand twice: ['lossless']"),
        (put("one-hot-shape", "choices", 1, "feedback", to=...), "'one-hot-shape', field 'choices'", "[96, 128]"),
        (put("one-hot-shape", "choices", 0, "right", to=False), "'one-hot-shape', field 'choices'", "exactly one"),
        (put("one-hot-shape", "choices", 1, "right", to=True), "'one-hot-shape', field 'choices'", "got 2"),
        (put("one-hot-shape", "choices", 1, "text", to=3), "'one-hot-shape', field 'choices[1].text'", "valid string"),
        (put("one-hot-shape", "choices", 1, "text", to="`[8, 96, 128]`"), "field 'choices'", "stand twice"),
        (put("one-hot-shape", "choices", to=[]), "'one-hot-shape', field 'choices'", "at least 2"),
        (put("lossless", "choices", 0, "feedback", to=...), "'lossless', field 'choices'", "['PNG']"),
        (put("lossless", "choices", 1, "feedback", to=...), "'lossless', field 'choices'", "['JPEG']"),
        (put("bytes-of-map", "near", to=...), "'bytes-of-map', field 'near'", "Field required"),
        (put("bytes-of-map", "near", to=[]), "'bytes-of-map', field 'near'", "at least 1"),
        (put("bytes-of-map", "near", 1, "feedback", to=...), "field 'near[1].feedback'", "Field required"),
        (put("bytes-of-map", "near", 1, "value", to=12300), "field 'near[1].value'", "12300 is graded right"),
        (put("bytes-of-map", "answer", to=float("nan")), "'bytes-of-map', field 'answer'", "finite"),
        (put("bytes-of-map", "relative", to=-1), "'bytes-of-map', field 'relative'", "greater than or equal to 0"),
        (put("bytes-of-map", "feedback", to=...), "'bytes-of-map', field 'feedback'", "Field required"),
        (put("iou-steps", "steps", 1, "feedback", to=...), "'iou-steps', field 'steps'", "Mark pixels"),
        (put("iou-steps", "steps", 1, "text", to=STEPS[0]), "'iou-steps', field 'steps'", "stand twice"),
        (put("find-disc", "alt", to=...), "'find-disc', field 'alt'", "Field required"),
        (put("find-disc", "feedback", to=...), "'find-disc', field 'feedback'", "Field required"),
        (put("find-disc", "regions", 0, "right", to=False), "'find-disc', field 'regions'", "at least one region"),
        (put("find-disc", "regions", 1, "feedback", to=...), "'find-disc', field 'regions'", "missing for ['1']"),
        (put("find-disc", "regions", 1, "box", to=[0, 0, 1, 1]), "field 'regions[1]'", "got mask, box"),
        (put("find-disc", "regions", 2, "box", to=[9, 0, 2, 4]), "field 'regions[2]", "x1 < x2"),
        (put("find-disc", "regions", 3, "polygon", to=[[0, 0], [1, 1]]), "field 'regions[3].polygon'", "at least 3"),
        (lambda raw: raw.update(lesson=8), "field 'lesson'", "number of its folder"),
        (lambda raw: raw.update(lesson="nine"), "field 'lesson'", "valid integer"),
        (lambda raw: raw.update(questions=[]), "field 'questions'", "at least 1"),
    ],
)
def test_fault_in_a_bank_is_named(tmp_path: Path, change: Callable[[dict], None], where: str, what: str) -> None:
    raw = yaml.safe_load(BANK_FILE.read_text("utf-8"))
    change(raw)
    path = tmp_path / "09_shapes" / "quiz.yaml"
    path.parent.mkdir()
    path.write_text(yaml.safe_dump(raw, allow_unicode=True), "utf-8")
    with pytest.raises(ValueError) as caught:
        load_bank(path)
    lines = str(caught.value).splitlines()
    assert len(lines) == 1 and lines[0].startswith(f"{path}: "), lines
    assert where in lines[0] and what in lines[0], lines[0]
    assert "pydantic" not in lines[0]


def test_two_faults_give_two_lines(tmp_path: Path) -> None:
    raw = yaml.safe_load(BANK_FILE.read_text("utf-8"))
    del question_of(raw, "p9")["prompt"], question_of(raw, "lossless")["prompt"]
    path = tmp_path / "09_shapes" / "quiz.yaml"
    path.parent.mkdir()
    path.write_text(yaml.safe_dump(raw), "utf-8")
    with pytest.raises(ValueError, match="(?s)'p9', field 'prompt'.*\n.*'lossless', field 'prompt'"):
        load_bank(path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("lesson: [", "not valid YAML"),
        ("!!python/object/apply:os.getcwd []", "not valid YAML"),
        ("- 1", "valid dictionary"),
        ("", "valid dictionary"),
        ("lesson: 9\nquestions: [3]", "question number 1"),
        ("lesson: 9\nquestions: {a: 1}", "field 'questions'"),
    ],
)
def test_file_that_is_no_bank(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "quiz.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(ValueError, match=says) as caught:
        load_bank(path)
    assert str(path) in str(caught.value)


def test_finding_banks_and_predictions() -> None:
    assert find_bank("09", FIXTURE).lesson == 9
    assert find_prediction("p9", FIXTURE)[1].id == "p9"
    for lesson in ("10", "9", "*", "../quiz_fixture/09"):
        with pytest.raises(ValueError, match=r"lesson: expected one of \['09'\], got"):
            find_bank(lesson, FIXTURE)
    with pytest.raises(ValueError, match=r"id: expected one of \['p9'\], got 'lossless'"):
        find_prediction("lossless", FIXTURE)  # it is asked at the end, not in the text
    with pytest.raises(ValueError, match="cannot be read"):
        load_bank(FIXTURE / "no_such_folder" / "quiz.yaml")


def test_the_banks_of_the_course_load() -> None:
    predictions: list[str] = []
    for path in sorted(LESSONS.glob("*/quiz.yaml")):
        predictions += [question.id for question in load_bank(path).at("text")]
    assert len(set(predictions)) == len(predictions), "predict(id) names no lesson, so ids differ across lessons"


def test_shuffling_is_stable_and_never_solves_the_puzzle(bank: Bank) -> None:
    assert shuffled(bank.question("one-hot-shape")) == [
        "`[8, 3, 96, 128]`",
        "`[3, 96, 128]`",
        "`[96, 128]`",
        "`[8, 96, 128]`",
    ]
    scale = bank.question("one-hot-shape").model_copy(update={"shuffle": False})
    assert shuffled(scale)[0] == "`[8, 96, 128]`"
    order = bank.question("iou-steps")
    for number in range(200):
        mixed = shuffled(order.model_copy(update={"id": f"q{number}"}))
        assert sorted(mixed) == sorted(STEPS) and mixed != STEPS


# -------------------------------------------------------------------------------------------- what the browser is given


def secrets(bank: Bank) -> list[str]:
    """Every word of the bank that a learner may read only after answering."""
    found: list[str] = []
    for question in bank.questions:
        found += [question.explanation, question.evidence]
        dump = question.model_dump()
        parts = [
            dump,
            *dump.get("choices", []),
            *dump.get("steps", []),
            *dump.get("regions", []),
            *dump.get("near", []),
        ]
        found += [part["feedback"] for part in parts if part.get("feedback")]
    return [*found, "12288", "36864", 'behind"', "polygon"]


def test_the_key_is_in_no_synced_trait_and_no_output(bank: Bank, memory: Memory) -> None:
    quiz = quiz_widget.quiz("09", {"discs": discs()})
    predict, reveal = quiz_widget.predict("p9"), quiz_widget.reveal("p9")
    for page in (quiz, predict, reveal):
        state = {name: value for name, value in page.get_state().items() if name not in ("_esm", "_css")}
        sent = json.dumps([state, page._repr_mimebundle_(), page.state()], ensure_ascii=False)
        for secret in secrets(bank):
            assert json.dumps(secret, ensure_ascii=False)[1:-1] not in sent, secret
        for name in ('answer"', "right", "explanation", "feedback", "evidence", "tolerance"):
            assert f'"{name}' not in json.dumps([state["questions"], state["lesson"], state["mode"]]), name


def test_public_lists_its_fields(bank: Bank) -> None:
    shown = {question.id: set(public(question, {"discs": discs()})) for question in bank.questions}
    base = {"id", "kind", "prompt"}
    assert shown["p9"] == shown["lossless"] == shown["iou-steps"] == base | {"choices"}
    assert shown["bytes-of-map"] == base | {"unit"}
    assert shown["find-disc"] == base | {"picture"}


def test_outputs_are_the_same_on_every_run(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    def outputs() -> list[dict]:
        pages = quiz_widget.quiz("09", {"discs": discs()}), quiz_widget.predict("p9"), quiz_widget.reveal("p9")
        bundles = [page._repr_mimebundle_()[0] for page in pages]
        return [{kind: value for kind, value in b.items() if kind.startswith("text/")} for b in bundles]

    before = outputs()
    Page(quiz_widget.predict("p9"), monkeypatch).commit("p9", True)
    page = Page(quiz_widget.quiz("09", {"discs": discs()}), monkeypatch)
    page.commit("lossless", ["JPEG"])
    page.post(type="show", id="lossless")
    assert memory.kept
    assert outputs() == before
    assert [bundle["text/plain"] for bundle in before] == [
        "Quiz('09', 6 questions)",
        "Prediction('p9')",
        "Reveal('p9')",
    ]
    assert "application/vnd.jupyter.widget-view+json" in page.widget._repr_mimebundle_()[0]


def test_markdown_stands_in_where_no_front_end_runs(memory: Memory) -> None:
    text = quiz_widget.quiz("09", {"discs": discs()})._repr_mimebundle_()[0]["text/markdown"]
    assert "2. A map `[96, 128]` with 8 categories" in text
    assert "\n   - ☐ JPEG\n" in text
    assert "(a number, in bytes)" in text
    assert "A red disc partly covers a blue one" in text
    assert "same colour" not in text, "a question of the text is not in the quiz"
    assert quiz_widget._plain("a <b> `x < y`\nz", "  ") == "a &lt;b> `x < y`\n  z"


def test_quiz_commits_then_shows(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    page = Page(quiz_widget.quiz("09", {"discs": discs()}), monkeypatch)
    assert page.post(type="hello") == {"type": "state", "done": None, "answers": {}, "trouble": ""}

    wrong = page.commit("one-hot-shape", "`[96, 128]`")
    assert wrong["done"] == "one-hot-shape"
    view = wrong["answers"]["one-hot-shape"]
    assert set(view) == {"answer", "first_correct", "correct", "score", "feedback"}
    assert "shape before" in view["feedback"][0] and view["correct"] is False

    right = page.commit("one-hot-shape", "`[8, 96, 128]`")["answers"]["one-hot-shape"]
    assert right["correct"] and not right["first_correct"]
    assert right["evidence"] == "see-one-hot" and right["right"] == "`[8, 96, 128]`"
    assert [entry[:6] for entry in memory.kept] == [
        ("09", "quiz", "one-hot-shape", "`[96, 128]`", False, 0.0),
        ("09", "quiz", "one-hot-shape", "`[8, 96, 128]`", True, 1.0),
    ]


def test_show_comes_after_a_try_and_ends_the_trying(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    page = Page(quiz_widget.quiz("09", {"discs": discs()}), monkeypatch)
    assert page.post(type="show", id="lossless")["type"] == "refused"
    page.commit("lossless", ["JPEG"])
    view = page.post(type="show", id="lossless")["answers"]["lossless"]
    assert view["right"] == ["PNG", "Run-length code (RLE)"] and view["explanation"] and not view["correct"]
    assert page.commit("lossless", ["PNG"])["type"] == "refused"
    assert len(memory.kept) == 1


def test_click_shows_the_region_only_afterwards(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    page = Page(quiz_widget.quiz("09", {"discs": discs()}), monkeypatch)
    assert "overlay" not in page.commit("find-disc", [45, 40])["answers"]["find-disc"]
    assert page.commit("find-disc", [90, 40])["answers"]["find-disc"]["overlay"].startswith("data:image/png;base64,")


def test_prediction_is_committed_once_and_revealed_later(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    predict, reveal = Page(quiz_widget.predict("p9"), monkeypatch), Page(quiz_widget.reveal("p9"), monkeypatch)
    assert reveal.post(type="hello")["answers"] == {}
    assert reveal.commit("p9", True)["type"] == "refused"
    assert predict.commit("p9", False)["answers"] == {"p9": {"answer": False}}
    view = reveal.inbox[-1]["answers"]["p9"]  # the page that waited is told without asking
    assert (view["answer"], view["correct"], view["right"]) == (False, False, True)
    assert view["explanation"].startswith("A label says")
    assert "cannot be changed" in predict.commit("p9", True)["reason"]
    assert predict.post(type="show", id="p9")["type"] == "refused"
    assert [entry[3] for entry in memory.kept] == [False]
    assert memory.kept[0][:3] == ("09", "predict", "p9")


@pytest.mark.parametrize(
    "message",
    [
        {"type": "commit", "id": "lossless", "answer": "PNG"},
        {"type": "commit", "id": "lossless", "answer": None},
        {"type": "commit", "id": "nothing", "answer": 1},
        {"type": "commit", "id": "lossless"},
        {"type": "commit", "id": 3, "answer": 1},
        {"type": "show", "id": "nothing"},
        {"type": "tell me all"},
        {},
    ],
)
def test_message_that_makes_no_sense_is_refused(memory: Memory, monkeypatch: pytest.MonkeyPatch, message: dict) -> None:
    page = Page(quiz_widget.quiz("09", {"discs": discs()}), monkeypatch)
    reply = page.post(**message)
    assert reply["type"] == "refused" and reply["reason"]
    assert not memory.kept


def test_restart_restores(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    page = Page(quiz_widget.quiz("09", {"discs": discs()}), monkeypatch)
    page.commit("lossless", ["PNG", "JPEG"])
    page.commit("bytes-of-map", 224)
    page.commit("bytes-of-map", 12288)
    page.commit("find-disc", [45, 40])
    Page(quiz_widget.predict("p9"), monkeypatch).commit("p9", True)
    before = page.post(type="hello")["answers"]

    monkeypatch.setattr(quiz_widget, "_answers", Answers(memory))  # a new kernel: only the store remains
    again = Page(quiz_widget.quiz("09", {"discs": discs()}), monkeypatch)
    assert again.post(type="hello")["answers"] == before
    assert set(before) == {"lossless", "bytes-of-map", "find-disc"}
    assert not before["bytes-of-map"]["first_correct"] and before["bytes-of-map"]["correct"]
    assert Page(quiz_widget.predict("p9"), monkeypatch).post(type="hello")["answers"] == {"p9": {"answer": True}}
    assert Page(quiz_widget.reveal("p9"), monkeypatch).post(type="hello")["answers"]["p9"]["correct"]


OUTDATED = {
    "count-labels": ("Perhaps", True, False),  # it was a single choice then
    "one-hot-shape": ("`[8]`", "`[96, 128]`", "`[8, 96, 128]`"),
    "lossless": (["TIFF"], ["JPEG"], ["PNG", "Run-length code (RLE)"]),
    "bytes-of-map": ("a lot", 224, 12288),
    "iou-steps": (STEPS[:3], STEPS[::-1], STEPS),
    "find-disc": ([200, 90], [45, 40], [90, 40]),  # the picture was larger then
}
"""For each question of the quiz: an answer that fits an older wording only, then a wrong and a right one that fit."""


@pytest.mark.parametrize(("item", "answers"), OUTDATED.items())
def test_a_reworded_question_is_answered_anew(
    memory: Memory, monkeypatch: pytest.MonkeyPatch, item: str, answers: tuple
) -> None:
    old, wrong, right = answers
    memory.record("09", "quiz", item, old, False, 0.0)
    page = Page(quiz_widget.quiz("09", {"discs": discs()}), monkeypatch)
    assert page.post(type="hello")["answers"] == {}
    view = page.commit(item, wrong)["answers"][item]
    assert (view["answer"], view["correct"], view["first_correct"]) == (wrong, False, False)
    view = page.commit(item, right)["answers"][item]
    assert (view["answer"], view["correct"], view["first_correct"]) == (right, True, False)
    assert [entry[3] for entry in memory.kept] == [old, wrong, right]

    memory.kept.pop(1)  # the first answer that fits is the one that counts
    memory.record("09", "quiz", item, old, False, 0.0)  # and a last one that does not fit hides none
    again = Page(quiz_widget.quiz("09", {"discs": discs()}), monkeypatch).post(type="hello")["answers"]
    assert set(again) == {item}
    assert (again[item]["answer"], again[item]["first_correct"]) == (right, True)


@pytest.mark.parametrize("old", ["Yes, they can", 1, ["true"]])
def test_a_reworded_prediction_is_made_anew_and_revealed(
    memory: Memory, monkeypatch: pytest.MonkeyPatch, old: Any
) -> None:
    memory.record("09", "predict", "p9", old, False, 0.0)
    predict, reveal = Page(quiz_widget.predict("p9"), monkeypatch), Page(quiz_widget.reveal("p9"), monkeypatch)
    assert predict.post(type="hello")["answers"] == reveal.post(type="hello")["answers"] == {}
    assert predict.commit("p9", False)["answers"] == {"p9": {"answer": False}}
    assert reveal.inbox[-1]["answers"]["p9"]["right"] is True
    assert "cannot be changed" in predict.commit("p9", True)["reason"]
    assert [entry[3] for entry in memory.kept] == [old, False]
    again = Page(quiz_widget.reveal("p9"), monkeypatch).post(type="hello")["answers"]
    assert again["p9"]["answer"] is False and not again["p9"]["correct"]


def test_a_view_reads_the_store_once(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    page = Page(quiz_widget.quiz("09", {"discs": discs()}), monkeypatch)
    for item, (_, wrong, _) in OUTDATED.items():
        page.commit(item, wrong)
    memory.reads = 0
    assert len(page.post(type="hello")["answers"]) == len(OUTDATED)
    assert memory.reads == 1


def test_full_disk_is_said_and_the_quiz_goes_on(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    page = Page(quiz_widget.quiz("09", {"discs": discs()}), monkeypatch)
    memory.broken = True
    reply = page.commit("bytes-of-map", 224)
    assert reply["trouble"] == "the disk is full" and not reply["answers"]["bytes-of-map"]["correct"]
    memory.broken = False
    reply = page.commit("bytes-of-map", 12288)
    assert reply["trouble"] == "" and reply["answers"]["bytes-of-map"]["correct"]
    assert not reply["answers"]["bytes-of-map"]["first_correct"]
    assert [entry[3] for entry in memory.kept] == [224, 12288], "what waited is stored, in its order"


def test_store_that_cannot_be_read(bank: Bank, memory: Memory) -> None:
    memory.entries = lambda lesson, kind: 1 / 0
    answers = Answers(memory)
    answers.add("09", "quiz", "count-labels", True, grade(bank.question("count-labels"), True))
    assert answers.of("09", "quiz") == {} and "division" in answers.trouble


@pytest.mark.parametrize(
    ("pictures", "says"),
    [
        ({}, "pictures: question 'find-disc' needs 'discs', got []"),
        ({"discs": Picture(discs().image)}, "expected a mask 'front', got []"),
        ({"discs": Picture(discs().image, discs().masks | {"behind": np.zeros((80, 120), bool)})}, "no right pixel"),
    ],
)
def test_missing_picture_is_named(memory: Memory, pictures: dict[str, Picture], says: str) -> None:
    with pytest.raises(ValueError) as caught:
        quiz_widget.quiz("09", pictures)
    assert says in str(caught.value)


def test_progress_is_a_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bank: Bank) -> None:
    monkeypatch.setenv("COURSE_HOME", str(tmp_path))
    desk = Desk("09", "quiz", bank.at("end"), Answers(), {"discs": discs()})
    for item, answer in (("iou-steps", STEPS[::-1]), ("iou-steps", STEPS), ("find-disc", [90, 40])):
        desk.commit(item, answer)
    assert desk.answers.trouble == ""
    again = Desk("09", "quiz", bank.at("end"), Answers(), {"discs": discs()})
    assert again.view() == desk.view()
    assert again.view()["iou-steps"]["answer"] == STEPS and not again.view()["iou-steps"]["first_correct"]


def test_module_of_the_page_parses(tmp_path: Path) -> None:
    if not (node := shutil.which("node")):
        pytest.skip("needs node to parse the page's JavaScript; the browser test runs it in any case")
    path = tmp_path / "page.mjs"
    path.write_text(Quiz._esm, "utf-8")
    assert subprocess.run([node, "--check", path]).returncode == 0
    assert Quiz._esm == Prediction._esm == Reveal._esm and "innerHTML" not in Quiz._esm


def test_course_stands_apart() -> None:
    code = (
        "import sys, helpers.course.quiz_widget; bad = [m for m in sys.modules if m.split('.')[0] == 'torch' or "
        "m.startswith('helpers.') and not m.startswith(('helpers.course', 'helpers.measured'))]; "
        "sys.exit(', '.join(bad) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=bank_module.ROOT)
    assert done.returncode == 0, done.stderr
