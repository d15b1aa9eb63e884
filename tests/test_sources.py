"""Links of a lesson find the files of the course in JupyterLab, which shows the workspace alone."""

from __future__ import annotations

import asyncio
from pathlib import Path

import nbformat
import pytest
from lab import LEARN, open_notebook, running_lab
from nbformat import v4
from playwright.sync_api import Browser, expect
from tornado.web import HTTPError

from helpers.course.sources import Contents
from helpers.course.syllabus import ROOT

BAR = "helpers/bar.py"


@pytest.fixture
def contents(tmp_path: Path) -> Contents:
    return Contents(root_dir=str(tmp_path))


def test_a_file_of_the_course_can_be_read_and_not_written(contents: Contents) -> None:
    text = (ROOT / BAR).read_text(encoding="utf-8")
    model = asyncio.run(contents.get(BAR))
    assert model["content"] == text and not model["writable"] and model["path"] == BAR
    changed = {"type": "file", "format": "text", "content": "gone"}
    for attempt in (contents.save(changed, BAR), contents.delete_file(BAR), contents.rename_file(BAR, "mine.py")):
        with pytest.raises(HTTPError, match="is here to be read"):
            asyncio.run(attempt)
    assert (ROOT / BAR).read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    "path",
    ["tests/conftest.py", "helpers/nothing.py", "helpers", "helpers/../pyproject.toml", "helpers/.git", "README.md"],
)
def test_nothing_else_is_served(contents: Contents, path: str) -> None:
    assert not asyncio.run(contents.file_exists(path))
    with pytest.raises(HTTPError):
        asyncio.run(contents.get(path))


def test_what_leaves_the_workspace_is_refused(contents: Contents) -> None:
    with pytest.raises(HTTPError):
        asyncio.run(contents.get("../secret.txt"))


def test_a_learners_own_file_comes_first(contents: Contents, tmp_path: Path) -> None:
    (tmp_path / "helpers").mkdir()
    (tmp_path / BAR).write_text("mine", encoding="utf-8")
    model = asyncio.run(contents.get(BAR))
    assert model["content"] == "mine" and model["writable"]
    asyncio.run(contents.save({"type": "file", "format": "text", "content": "more of mine"}, BAR))
    assert (tmp_path / BAR).read_text(encoding="utf-8") == "more of mine"
    asyncio.run(contents.delete_file(BAR))
    assert not (tmp_path / BAR).exists() and (ROOT / BAR).is_file()


@pytest.mark.browser
def test_links_open_in_jupyterlab_from_a_lesson_and_from_more(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "workspace" / "more").mkdir(parents=True)
    for place, links in {
        "try.ipynb": "[the bar](../helpers/bar.py)",
        "more/try.ipynb": "[losses](../../helpers/losses.py) and [the lesson](../01_pixel_labels.ipynb)",
    }.items():
        notebook = v4.new_notebook(cells=[v4.new_markdown_cell(links), v4.new_code_cell("1")])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(notebook, tmp_path / "workspace" / place)
    with running_lab(tmp_path, LEARN) as lab:
        for place, words, tab in (
            ("try.ipynb", "the bar", "bar.py"),
            ("more/try.ipynb", "losses", "losses.py"),
            ("more/try.ipynb", "the lesson", "01_pixel_labels.ipynb"),
        ):
            with open_notebook(browser, lab, place) as opened:
                opened.page.get_by_role("link", name=words).click()
                expect(opened.page.locator(".lm-TabBar-tab.jp-mod-current .lm-TabBar-tabLabel")).to_contain_text(tab)
                if tab.endswith(".py"):
                    expect(opened.page.locator(".cm-content").last).to_contain_text(
                        "from __future__ import annotations"
                    )
                opened.shot(f"link_{tab}")
                assert opened.problems == []
