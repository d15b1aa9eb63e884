"""The painter in a real JupyterLab: it keeps its keys, and after a restart it shows what was scored before."""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
import pytest
from lab import open_notebook, running_lab
from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.lesson1]

_CELLS = [
    """from helpers import course
from helpers.scenes.street import street
from helpers.show import painter

painting = painter(street(2_000_003), **course.painting("01", "street"))
painting""",
    "print(painting.labels.unique(return_counts=True))",
]


def test_a_scored_painting_survives_the_kernel(browser: Browser, tmp_path: Path) -> None:
    folder = tmp_path / "workspace"
    folder.mkdir()
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in _CELLS])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, folder / "paint.ipynb")
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--ServerApp.root_dir={folder}"]
    with (
        running_lab(tmp_path, command) as lab,
        open_notebook(browser, lab, "paint.ipynb", (1180, 1300)) as opened,
    ):
        page = opened.page
        opened.run_all()
        picture = page.locator(".pp-main")
        picture.scroll_into_view_if_needed()
        picture.focus()
        for key in ("o", "0", "Home", "Shift+ArrowUp", "Shift+ArrowUp", "Space", "End", "Space", "ArrowDown", "Space"):
            page.keyboard.press(key)
        page.keyboard.press("Enter")  # rows 28 and 29 are sky, up to the diagonal: JupyterLab took none of the keys
        box = picture.bounding_box()
        page.keyboard.press("b")
        page.keyboard.press("2")
        page.mouse.move(box["x"] + box["width"] * 0.1, box["y"] + box["height"] * 0.9)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + box["height"] * 0.9, steps=5)
        page.mouse.up()
        page.keyboard.press("1")
        page.keyboard.press("r")
        page.get_by_role("button", name="Score my labels").click()
        page.locator(".pp-verdict").wait_for()
        score = page.locator(".pp-verdict h3").inner_text()
        opened.check()
        page.evaluate("jupyterapp.shell.currentWidget.content.activeCellIndex = 1")
        page.evaluate("jupyterapp.commands.execute('notebook:run-cell')")
        page.wait_for_function(
            "[jupyterapp.shell.currentWidget.content.model.toJSON().cells[1].outputs[0]?.text].flat().join('')"
            ".includes('[0, 1, 2]')"
        )

        page.evaluate("jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
        page.get_by_role("button", name="Score again").click()
        page.get_by_role("alert").filter(has_text="The kernel").wait_for()  # says it, and paints on
        opened.run_all()
        page.locator(".pp-verdict").wait_for()
        assert page.locator(".pp-verdict h3").inner_text() == score
        assert page.locator(".pp-share").inner_text() == "100 % labelled"
        opened.check()
