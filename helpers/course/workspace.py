"""The learner's folder: a copy of every released notebook, without its answers, that no update ever overwrites.

What a lesson has no room for is copied to `more/`: it stands beside the released lessons just so, and links lead to it.

The released notebooks carry their outputs. A learner should predict before seeing them, so the copies carry none. When
a lesson changes later, a copy that the learner has not worked in is replaced; beside one that they have, the new lesson
arrives under a new name.

What counts as work is anything in the cells: text, code, outputs, tags. The metadata of the notebook as a whole does
not count, since JupyterLab writes the kernel's version there as soon as a notebook is opened.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from helpers.course.syllabus import ROOT, load_syllabus

RECORD = ".released.json"
NO_FSYNC = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP)
"""What a file system says that cannot be told to empty its cache."""


class WorkspaceError(Exception):
    """The workspace cannot be made or updated; one sentence that says why and what to do."""


@dataclass
class Update:
    """What one update did, by file name; the file of `more` that belongs to a lesson is "more/04_instance.ipynb"."""

    copied: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    beside: dict[str, str] = field(default_factory=dict)
    """For a notebook that the learner has worked in and that has changed since: the name of the new one."""
    record_lost: bool = False
    lessons: tuple[str, ...] = field(default=(), compare=False)
    """Every released lesson, in order, whether anything was done to it or not."""

    def lines(self) -> list[str]:
        """What to tell the learner; empty if nothing was done."""
        lines = []
        if self.record_lost:
            lines.append(
                f"The record of released notebooks ({RECORD}) was damaged and is made anew; your work is kept."
            )
        if self.copied:
            lines.append(f"Copied, without answers: {', '.join(self.copied)}.")
        if self.replaced:
            lines.append(f"Brought up to date: {', '.join(self.replaced)}.")
        for name, new in self.beside.items():
            lines.append(f"{name} has changed since you began it: the new lesson is {new}, yours is as it was.")
        return lines


def workspace_folder() -> Path:
    """Where the learner works: `COURSE_WORKSPACE`, else `workspace` in the course's folder.

    Raises `WorkspaceError` if that name begins with `~` and nobody's home is known.
    """
    try:
        return Path(os.environ.get("COURSE_WORKSPACE") or ROOT / "workspace").expanduser().absolute()
    except RuntimeError as error:
        raise WorkspaceError("COURSE_WORKSPACE begins with ~, and your home is not known: name it in full.") from error


def update_workspace(folder: Path, released: Path = ROOT / "notebooks", today: date | None = None) -> Update:
    """Bring the notebooks of the folder `released` into the workspace `folder`. What the learner did is never touched.

    Raises `WorkspaceError` if there is nothing to copy or the workspace cannot be written to.
    """
    lessons = _released(released, "")
    if not lessons:
        raise WorkspaceError(f"There are no notebooks in {released}: fetch the course again, or run `course build`.")
    update = Update(lessons=tuple(lessons))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        record, update.record_lost = _read_record(folder)
        before = json.dumps(record)
        for name in [*lessons, *_released(released, "more/")]:
            _update_one(name, released, folder, record, update, today or date.today())
        if json.dumps(record) != before or update.record_lost:
            _write(folder / RECORD, json.dumps(record, indent=1) + "\n")
    except OSError as error:
        raise WorkspaceError(
            f"The workspace {folder} cannot be written to ({error.strerror or error}): make it writable or make"
            " room, or name another folder in the environment variable COURSE_WORKSPACE."
        ) from error
    return update


def _released(released: Path, below: str) -> list[str]:
    """The notebooks `below` that have a name from the syllabus: any other, such as a front end's copy, is not ours."""
    try:
        names = [lesson.folder for lesson in load_syllabus().lessons]
    except ValueError as error:
        raise WorkspaceError(f"The course's syllabus cannot be read, fetch the course again: {error}") from error
    return [name for stem in names if (released / (name := f"{below}{stem}.ipynb")).is_file()]


def _update_one(
    name: str, released: Path, folder: Path, record: dict[str, dict[str, str]], update: Update, today: date
) -> None:
    release = _without_answers(released / name)
    new, copy = _digest(release), folder / name
    copy.parent.mkdir(exist_ok=True)
    # `copied` is what the learner's file was made from, `offered` the newest release that they were given.
    entry = record.setdefault(name, {"copied": "", "offered": ""})
    present = _digest_of_file(copy)
    if present is None:
        _write(copy, nbformat.writes(release) + "\n")
        update.copied.append(name)
        entry["copied"] = entry["offered"] = new
    elif present == new:
        entry["copied"] = entry["offered"] = new
    elif present == entry["copied"]:
        _write(copy, nbformat.writes(release) + "\n")
        update.replaced.append(name)
        entry["copied"] = entry["offered"] = new
    elif entry["offered"] != new:
        beside = _unused_name(copy.parent, f"{copy.stem}.new-{today.isoformat()}")
        _write(beside, nbformat.writes(release) + "\n")
        update.beside[name] = beside.relative_to(folder).as_posix()
        entry["offered"] = new


def _without_answers(path: Path) -> NotebookNode:
    """The released notebook with no output, no execution count and no widget state."""
    try:
        notebook = nbformat.read(path, as_version=4)
    except ValueError as error:
        raise WorkspaceError(f"The notebook {path} is damaged: fetch the course again.") from error
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    notebook.metadata.pop("widgets", None)
    return notebook


def _digest(notebook: NotebookNode) -> str:
    return hashlib.sha256(json.dumps(notebook.cells, sort_keys=True).encode()).hexdigest()


def _digest_of_file(path: Path) -> str | None:
    """The digest of a notebook's cells, None if there is no such file; an unreadable one is like no other."""
    try:
        return _digest(nbformat.read(path, as_version=4))
    except FileNotFoundError:
        return None
    except Exception:  # nbformat raises many kinds; whatever it is, it is the learner's
        return "unreadable"


def _unused_name(folder: Path, stem: str) -> Path:
    path, number = folder / f"{stem}.ipynb", 2
    while path.exists():
        path, number = folder / f"{stem}-{number}.ipynb", number + 1
    return path


def _read_record(folder: Path) -> tuple[dict[str, dict[str, str]], bool]:
    """The record, and whether it was there but damaged. Without one every existing file counts as the learner's."""
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        return {name: {"copied": entry["copied"], "offered": entry["offered"]} for name, entry in record.items()}, False
    except FileNotFoundError:
        return {}, False
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}, True


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            _to_disk(file.fileno())
        with suppress(OSError):  # mkstemp gives 0600; a share that knows no modes may refuse another
            os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):  # what went wrong before is the thing to say
            os.unlink(temporary)
        raise


def _to_disk(descriptor: int) -> None:
    """Wait until the disk has the file, where the file system can say so."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in NO_FSYNC:
            raise
