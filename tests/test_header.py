"""The head of a lesson: what it says, and links that find their headings."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from helpers import course
from helpers.course.header import LINKABLE, header, mode_headings, plain
from helpers.course.syllabus import ROOT, load_syllabus

SYLLABUS = load_syllabus()

LESSON = """\
# Semantic segmentation

## Goal (5 minutes)

## Picture it: the colouring book (4 minutes)

## Predict (3 minutes)

## Not a mode

```{code-cell}
## See (99 minutes)
```

````
```
## See (98 minutes)
````

## Explain (10 minutes)
## See (5 minutes)
## Explore (5 minutes)
## Build (20 minutes)
### Check
## Check (10 minutes)
## Recap (1 minute)
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "lessons" / "03_semantic").mkdir(parents=True)
    shutil.copy(ROOT / "lessons" / "syllabus.yaml", tmp_path / "lessons")
    (tmp_path / "lessons" / "03_semantic" / "lesson.md").write_text(LESSON, encoding="utf-8")
    return tmp_path


def test_modes_are_the_second_level_headings_outside_code() -> None:
    headings = mode_headings(LESSON, SYLLABUS)
    assert [heading.mode for heading in headings] == [mode.name for mode in SYLLABUS.modes]
    assert [heading.minutes for heading in headings] == [5, 4, 3, 10, 5, 5, 20, 10, 1]
    assert headings[1].anchor == "Picture-it:-the-colouring-book-(4-minutes)"
    assert mode_headings("## Explore the coins\n## Seen\n", SYLLABUS) == []


def test_the_header_says_title_links_minutes_and_needs(root: Path) -> None:
    text = header("03", root)
    assert text.splitlines()[0] == "**Lesson 3 of 7: Semantic segmentation**"
    assert "63 minutes" in text and "Intermediate" in text
    assert "needs lessons 1 (Pixel labels), 2 (Classification and segmentation)" in text
    assert "[See](#See-(5-minutes)) 5 min" in text
    assert text.endswith(
        "Only 15 minutes? Follow [Goal](#Goal-(5-minutes)) 5 min, [Predict](#Predict-(3-minutes)) 3 min, "
        "[See](#See-(5-minutes)) 5 min."
    )
    assert plain(text).endswith("Only 15 minutes? Follow Goal 5 min, Predict 3 min, See 5 min.")
    assert "#" not in plain(text) and "*" not in plain(text)


def test_minutes_come_from_the_syllabus_while_a_heading_is_silent(root: Path) -> None:
    path = root / "lessons" / "03_semantic" / "lesson.md"
    path.write_text(LESSON.replace("## See (5 minutes)", "## See"), encoding="utf-8")
    text = header("03", root)
    assert f"{SYLLABUS.lesson('03').minutes} minutes" in text
    assert "[See](#See) ·" in text


def test_an_unknown_lesson_is_told_what_there_is(root: Path) -> None:
    with pytest.raises(ValueError, match="number: expected one of 01, 02, 03, 04, 05, 06, 07; got '3'"):
        header("3", root)
    with pytest.raises(ValueError, match="number: lesson 05 is not written yet; there is 03"):
        header("05", root)
    with pytest.raises(ValueError, match="got '99'"):
        course.begin("99")


def test_anchors_stay_plain() -> None:
    assert LINKABLE.fullmatch("Picture it: the colouring book (4 minutes)")
    for text in ("See *this*", "See – that", "See `x`", "Sehen: Ämter", "See 50%"):
        assert not LINKABLE.fullmatch(text), text


def test_begin_shows_the_same_text_in_both_forms(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = []
    monkeypatch.setattr("helpers.course.header.ROOT", root)
    monkeypatch.setattr("helpers.course.header.display", lambda data, raw: shown.append((data, raw)))
    course.begin("03")
    text = header("03", root)
    assert shown == [({"text/markdown": text, "text/plain": plain(text)}, True)]
