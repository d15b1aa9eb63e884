"""Fixtures for all tests. What the notebooks need as well stands in the conftest.py one folder up."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import FrontEnd, empty_page, running_browser
from lab import LEARN, ROOT, Notebook, open_notebook, running_lab
from playwright.sync_api import Browser, Page

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


@pytest.fixture(scope="module")
def browser(chromium_path: Path) -> Iterator[Browser]:
    # For one file of tests and no longer: while it runs, no other event loop can, and those of notebooks are.
    with running_browser(chromium_path) as browser:
        yield browser


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """An empty page; whatever it complains of fails the last test of the file."""
    with empty_page(browser) as page:
        yield page


@pytest.fixture(scope="module")
def front_end(page: Page) -> FrontEnd:
    """The page as the place for one widget at a time."""
    return FrontEnd(page)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a learner who has just begun: their progress is in `progress`, their notebooks in `workspace`."""
    return tmp_path_factory.mktemp("learner")


@pytest.fixture(scope="module")
def lesson(request: pytest.FixtureRequest, browser: Browser, home: Path) -> Iterator[Notebook]:
    """The lesson that the test file names LESSON, "01" and so on, as `course learn` opens it, with all cells run.

    Higher than a screen, so that every widget is seen whole; as wide as a small one.
    """
    number = request.module.LESSON
    [name] = [path.name for path in (ROOT / "notebooks").glob(f"{number}_*.ipynb")]
    with (
        running_lab(home, [*LEARN, number]) as lab,
        open_notebook(browser, lab, name, (1280, 1500)) as notebook,
    ):
        notebook.run_all()
        yield notebook


@pytest.fixture
def nothing_goes_wrong(lesson: Notebook) -> Iterator[None]:
    """Whatever a cell or the console complains of fails the test that caused it."""
    yield
    lesson.check()
