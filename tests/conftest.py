"""Fixtures for all tests. What the notebooks need as well stands in the conftest.py one folder up."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from helpers.course.doctor import GET_CHROMIUM, find_chromium


@pytest.fixture(autouse=True)
def course_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for progress, a new one for every test."""
    home = tmp_path / "course-home"
    monkeypatch.setenv("COURSE_HOME", str(home))
    return home


@pytest.fixture(scope="session")
def chromium_path() -> Path:
    """The browser to drive. Without one the test is skipped, or fails where COURSE_REQUIRE_BROWSER is set, as in CI."""
    found = find_chromium()
    if found is None:
        reason = f"browser tests skipped: no Chromium found; to get one: {GET_CHROMIUM}"
        if os.environ.get("COURSE_REQUIRE_BROWSER"):
            pytest.fail(reason.replace("skipped", "required (COURSE_REQUIRE_BROWSER)"), pytrace=False)
        pytest.skip(reason)
    return found
