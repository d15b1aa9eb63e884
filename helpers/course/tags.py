"""The tags that a cell of a lesson may carry. Any other is a slip, and a misspelt `solution` would give the answer."""

from __future__ import annotations

import re
from collections.abc import Collection

TASK, SOLUTION = "task", "solution"
"""A stub for the learner to fill in; its answer, which is kept out of the notebook."""

STDERR = "stderr"
"""The cell writes to stderr on purpose."""

TRUTH_VALUE = "truth-value"
"""True or False is itself what the cell shows, and stands for no number."""

TAGS = {TASK, SOLUTION, STDERR, TRUTH_VALUE, "nbval-ignore-output"}

COVERS = "covers-"
"""A cell tagged `covers-S1` shows the row S1 of the syllabus."""

TRAINING = re.compile(r"training-(\d+)s")
"""`training-20s`: the seconds that a learner waits for what the cell trains."""


def unknown_tags(tags: Collection[str], promised: Collection[str]) -> list[str]:
    """Those of `tags` that mean nothing in a lesson for which the rows `promised` are promised, by their ids."""
    known = TAGS | {COVERS + row for row in promised}
    return [tag for tag in tags if tag not in known and not TRAINING.fullmatch(tag)]
