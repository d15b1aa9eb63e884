"""What a learner keeps beside a lesson hides nothing that the lesson imports.

Python looks into the current folder before the installed packages. A learner's own `helpers.py`, `torch.py` or
`random.py` there would be imported in place of what the lesson means, and its first cell would fail with words that
mean nothing to a beginner. So in the course's environment the current folder comes last, and `helpers` is the course
itself, also before a folder named in PYTHONPATH that has a `helpers` of its own. A script's own folder stays first.

An install copies this file into the environment as `pixels_to_panoptic_imports`, beside a `.pth` file that loads it
whenever Python starts. Hence the standard library only, and nothing that takes time.
"""

import os
import sys
from contextlib import suppress
from importlib.machinery import ModuleSpec, PathFinder

MARK = os.path.join("helpers", "course", "header.py")
"""What no other package of this name has."""


class CourseFirst:
    """The first of Python's finders: puts `sys.path` in order, and answers for `helpers`."""

    @classmethod
    def find_spec(cls, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if path is not None:  # a submodule
            return None
        if name == "helpers":
            folders = [*[each for each in sys.path if each == ""], *sys.path]  # of two courses the nearest
            return next((PathFinder.find_spec(name, [folder]) for folder in folders if _has_course(folder)), None)
        if name == "runpy":  # what `python -m` loads first
            forget_launch_folder(sys.path)
        current_folder_last(sys.path)
        return None


def current_folder_last(path: list[str]) -> None:
    """Move the entry of a session's current folder, "", to the end of `path`."""
    if "" in path[:-1]:
        path.remove("")
        path.append("")


def forget_launch_folder(path: list[str]) -> None:
    """Take the current folder from the front of a kernel's `path`, as its launcher does after its own first imports."""
    if "ipykernel_launcher" not in sys.orig_argv:
        return
    with suppress(OSError):  # the current folder was deleted
        if path[0] == os.getcwd() and path[0] not in path[1:]:
            del path[0]


def _has_course(folder: object) -> bool:
    return isinstance(folder, str) and os.path.isfile(os.path.join(folder, MARK))


def install() -> None:
    """Begin to answer, unless it has begun."""
    if CourseFirst not in sys.meta_path:
        sys.meta_path.insert(0, CourseFirst)


install()
