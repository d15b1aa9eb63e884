"""What holds for tests and notebooks alike. Here and not in tests/, so that `pytest notebooks/01_...` finds it too."""

from __future__ import annotations

import os
import re
import shutil
import tempfile

import matplotlib
import pytest

from helpers.course.patience import wait_patiently

HOME = pytest.StashKey[str]()


def pytest_configure(config: pytest.Config) -> None:
    # No test may touch the learner's progress. Set here, since the notebooks' kernels inherit it and know no fixtures.
    config.stash[HOME] = os.environ["COURSE_HOME"] = tempfile.mkdtemp(prefix="course-home-")
    wait_patiently()  # as `course learn` does
    if config.getoption("nbval_sanitize_with", None):  # from whatever folder pytest was called
        config.option.nbval_sanitize_with = str(config.rootpath / config.option.nbval_sanitize_with)
    matplotlib.use("Agg")  # by a call: the variable MPLBACKEND would reach the kernels, and no figure would be shown


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(config.stash[HOME], ignore_errors=True)


@pytest.hookimpl(tryfirst=True)  # before -m chooses
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The cells of notebook 01 belong to lesson 1, and so on: `pytest -m lesson1` runs them."""
    for item in items:
        number = re.match(r"(\d\d)_.*\.ipynb$", item.path.name)
        if number:
            item.add_marker(f"lesson{int(number[1])}")
