"""Measured numbers: shown beside their bound, compared without themselves, their bounds near."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from nbval.plugin import get_sanitize_patterns

from helpers import course
from helpers.measured import Measured, problems, within

ROOT = Path(__file__).resolve().parent.parent
CONFIG = ROOT / "tests" / "nbval.cfg"
NUMBERS = st.one_of(st.integers(-(10**9), 10**9), st.floats(-1e9, 1e9))
BOUNDS = st.one_of(st.integers(-(10**6), 10**6), st.decimals(-1000, 1000, places=2).map(float))


def compared(text: str) -> str:
    """What nbval compares of a text."""
    for pattern, replacement in get_sanitize_patterns(CONFIG.read_text(encoding="ascii")):
        text = re.sub(pattern, replacement, text)
    return text


@pytest.mark.parametrize(
    ("value", "options", "line"),
    [
        (0.63649, {"at_least": 0.6}, "it: ⟨0.636⟩ at least 0.60 ✓"),
        (0.59, {"at_least": 0.6}, "it: ⟨0.590⟩ at least 0.60 ✗"),
        (np.float32(0.5), {"at_least": 0.475}, "it: ⟨0.500⟩ at least 0.475 ✓"),
        (torch.tensor(7), {"between": (7, 8)}, "it: ⟨7⟩ between 7 and 8 ✓"),
        (torch.tensor([0.25]), {"at_most": 0.3, "digits": 1}, "it: ⟨0.2⟩ at most 0.3 ✓"),
        (np.int64(9), {"between": (7, 8)}, "it: ⟨9⟩ between 7 and 8 ✗"),
        (12.345, {"at_most": 20, "unit": "ms", "digits": 1}, "it: ⟨12.3⟩ ms at most 20 ms ✓"),
        (1_149_687, {"at_most": 1_200_000}, "it: ⟨1,149,687⟩ at most 1,200,000 ✓"),
        (0.5, {"at_least": 0.4, "spread": 0.04}, "it: ⟨0.500⟩ ± ⟨0.040⟩ at least 0.40 ✓"),
        (math.nan, {"at_least": 0}, "it: ⟨nan⟩ at least 0 ✗"),
        (math.inf, {"at_least": 0}, "it: ⟨inf⟩ at least 0 ✗"),
        (torch.tensor(-math.inf), {"at_most": 0}, "it: ⟨-inf⟩ at most 0 ✗"),
    ],
)
def test_a_number_stands_beside_its_bound(value, options, line: str, capsys: pytest.CaptureFixture) -> None:
    assert course.measured("it", value, **options) is None
    assert capsys.readouterr().out == line + "\n"
    assert str(course.within(value, **options)) == line.removeprefix("it: ")


@pytest.mark.parametrize(
    ("value", "options", "words"),
    [
        (1, {}, "bound: expected one of at_least, at_most and between, got 0"),
        (1, {"at_least": 0, "at_most": 2}, "got 2"),
        (1, {"between": (2, 1)}, r"between: expected \(low, high\), got \(2, 1\)"),
        (1, {"at_least": math.nan}, "bound: expected a number with at most 3 decimals, as digits says, got nan"),
        (0.5, {"at_least": 0.4987}, "bound: .* got 0.4987"),
        (1, {"at_least": "1"}, "bound: expected a number, got '1'"),
        ("1", {"at_least": 1}, "value: expected a number, got '1'"),
        (True, {"at_least": 1}, "value: expected a number, got True"),
        (torch.tensor([1, 2]), {"at_least": 1}, "value: expected a number"),
        (np.zeros(0), {"at_least": 1}, "value: expected a number"),
    ],
)
def test_what_is_no_number_or_no_bound_is_named(value, options, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        within(value, **options)


@given(NUMBERS, BOUNDS, st.sampled_from(["at_least", "at_most"]))
def test_the_verdict_is_what_the_line_shows(value: float, bound: float, side: str) -> None:
    text = str(within(value, **{side: bound}))
    shown, end = (Decimal(each.replace(",", "")) for each in re.findall(r"-?\d[\d,]*(?:\.\d+)?", text))
    assert end == Decimal(str(bound)) and abs(shown - Decimal(value)) <= Decimal("0.0005")
    assert text.endswith("✓") == (shown >= end if side == "at_least" else shown <= end)


@given(NUMBERS, NUMBERS, BOUNDS)
def test_only_the_verdict_is_compared(one: float, other: float, bound: float) -> None:
    first, second = within(one, at_least=bound), within(other, at_least=bound)
    assert (compared(str(first)) == compared(str(second))) == (first.holds == second.holds)
    assert "0.5" not in compared("⟨0.5⟩") and compared("⟨nan⟩ ⟨inf⟩ ⟨⟩ ⟨a 1⟩ 0.5") == "⟨nan⟩ ⟨inf⟩ ⟨⟩ ⟨a 1⟩ 0.5"


def test_a_measured_number_is_a_record() -> None:
    record = within(0.5, between=(0.45, 0.55), unit="m", digits=2)
    assert record == Measured(0.5, 0.45, 0.55, "m", 2)
    assert (record.number, record.bound, record.verdict) == ("⟨0.50⟩ m", "between 0.45 and 0.55 m", "✓")
    with pytest.raises(AttributeError):
        record.value = 1


# --- what is stored ---


@pytest.mark.parametrize(
    "text",
    [
        "AP: ⟨0.636⟩ at least 0.60 ✓\nno number 0.3",
        "cars: ⟨7⟩ between 6 and 8 ✓",
        "⟨20⟩ at least 18 ✓",
        "twice as fast: ⟨3.1⟩ times at least 1.5 times ✓",
        "⟨0.5⟩ ± ⟨0.1⟩ at least 0.2 ✓",
        "<td>⟨0.636⟩ <small>at least 0.60 ✓</small></td><td>⟨-0.500⟩ <small>at most -0.45 ✓</small></td>",
        "⟨0.000⟩ at most 0.001 ✓",
    ],
)
def test_near_bounds_are_no_problem(text: str) -> None:
    assert problems(text) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("AP: ⟨0.636⟩ at least 0.50 ✓", "0.50 stands too far from its number, more than 0.0636"),
        ("AP: ⟨0.636⟩ at most 0.75 ✓", "0.75 stands too far"),
        ("cars: ⟨7⟩ between 6 and 9 ✓", "9 stands too far"),
        ("cars: ⟨7⟩ between 4 and 8 ✓", "4 stands too far"),
        ("⟨12,345⟩ pixels at least 1,000 pixels ✓", "1000 stands too far"),
        ("⟨3.1⟩ ms at least 1.5 ms ✓", "1.5 stands too far"),
        ("⟨0.5⟩ ± ⟨0.1⟩ at least 0.1 ✓", "0.1 stands too far"),
        ("<td>⟨0.636⟩ <small>at least 0.50 ✓</small></td>", "0.50 stands too far"),
        ("AP: ⟨0.590⟩ at least 0.60 ✗", "a broken bound: AP: ⟨0.590⟩ at least 0.60 ✗"),
        ("AP: ⟨nan⟩ at least 0.60 ✗", "a broken bound"),
        ("AP: ⟨0.590⟩", "a marked number without a bound: AP: ⟨0.590⟩"),
    ],
)
def test_slack_and_broken_bounds_are_problems(text: str, words: str) -> None:
    [problem] = problems(text)
    assert words in problem


@given(NUMBERS, st.floats(0, 0.2), st.booleans())
def test_what_is_printed_can_be_read_again(value: float, share: float, above: bool) -> None:
    """A bound within a tenth of the number is near, one further away is not."""
    bound = round(value + (1 if above else -1) * share * abs(value), 3)
    record = within(value, **{"at_most" if above else "at_least": bound}, unit="m²")
    shown = Decimal(str(round(value, 3)))
    unit = 1 if isinstance(value, int) else Decimal("0.001")
    near = abs(Decimal(str(bound)) - shown) <= max(abs(shown) / 10, unit)
    assert (problems(f"it: {record}") == []) == (record.holds and near)


def stored(path: Path) -> list[tuple[str, str]]:
    """The texts of a notebook's outputs, each with its cell."""
    found = []
    for cell in nbformat.read(path, as_version=4).cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            texts = (output.get("text"), data.get("text/plain"), data.get("text/html"))
            found += [(cell.id, text) for text in texts if text]
    return found


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").rglob("*.ipynb")), ids=lambda path: path.stem)
def test_each_bound_stands_near_its_stored_number(path: Path) -> None:
    assert [f"{cell}: {problem}" for cell, text in stored(path) for problem in problems(text)] == []


# --- nbval itself ---


def notebook(path: Path, shown: str, source: str) -> Path:
    """A notebook of one cell that stores `shown` and, when run, gives what its source says."""
    cell = nbformat.v4.new_code_cell(source, execution_count=1)
    cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=shown)]
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    return path


def test_nbval_leaves_out_the_number_and_nothing_else(tmp_path: Path) -> None:
    """One run of nbval as pyproject.toml asks for it, called from another folder by whole paths."""
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    (tmp_path / "conftest.py").write_bytes((ROOT / "conftest.py").read_bytes())
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "nbval.cfg").write_bytes(CONFIG.read_bytes())
    call = "from helpers import course\ncourse.measured('AP', {}, at_least=0.6)\nprint('cars', {})"
    shown = "AP: ⟨0.636⟩ at least 0.60 ✓\ncars 7\n"
    cases = {
        "same": (0.636, 7),
        "other": (0.7012, 7),
        "broken": (0.59, 7),
        "nan": ("float('nan')", 7),
        "inf": ("float('inf')", 7),
        "unmarked": (0.636, 8),
    }
    paths = [notebook(tmp_path / f"{name}.ipynb", shown, call.format(*case)) for name, case in cases.items()]
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    command = [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", *map(str, paths)]
    run = subprocess.run(command, cwd=elsewhere, capture_output=True, text=True, encoding="utf-8")
    verdict = {name: word for word, name in re.findall(r"^(PASSED|FAILED) .*?(\w+)\.ipynb", run.stdout, re.M)}
    assert verdict == {
        "same": "PASSED",
        "other": "PASSED",
        "broken": "FAILED",
        "nan": "FAILED",
        "inf": "FAILED",
        "unmarked": "FAILED",
    }, run.stdout + run.stderr
