"""The course's own files, as a lesson's links find them in JupyterLab: to read, not to change.

A lesson links `../helpers/fusion.py`. Seen from `notebooks/` or `workspace/` on a disk or on GitHub that is a file of
the course. JupyterLab shows the workspace alone and takes the link for `helpers/fusion.py` in it, which is not there:
then the file of the course is served in its place. A learner's own file of that name comes first.
"""

from __future__ import annotations

from typing import Any

from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from tornado.web import HTTPError

from helpers.course.syllabus import ROOT

FOLDER = "helpers"
REFUSAL = "{} is a file of the course and is here to be read: save a copy under another name to change it."


class Contents(AsyncLargeFileManager):
    """The files that JupyterLab sees: those of the workspace and, behind them, those of `helpers/`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._course = AsyncLargeFileManager(root_dir=str(ROOT), parent=self.parent)

    async def _is_source(self, path: str) -> bool:
        """Whether this path of JupyterLab stands for a file of the course, and not for one of the learner's."""
        parts = path.strip("/").split("/")
        if parts[0] != FOLDER or any(part.startswith(".") for part in parts) or await super().file_exists(path):
            return False
        return await self._course.file_exists(path)

    async def file_exists(self, path: str) -> bool:
        return await super().file_exists(path) or await self._is_source(path)

    async def is_hidden(self, path: str) -> bool:
        return not await self._is_source(path) and await super().is_hidden(path)

    async def get(self, path: str, *arguments: Any, **options: Any) -> dict[str, Any]:
        if await self._is_source(path):
            return await self._course.get(path, *arguments, **options) | {"writable": False}
        return await super().get(path, *arguments, **options)

    async def save(self, model: dict[str, Any], path: str = "") -> dict[str, Any]:
        await self._refuse(path)
        return await super().save(model, path)

    async def delete_file(self, path: str) -> None:
        await self._refuse(path)
        await super().delete_file(path)

    async def rename_file(self, old_path: str, new_path: str) -> None:
        await self._refuse(old_path)
        await super().rename_file(old_path, new_path)

    async def _refuse(self, path: str) -> None:
        """Raises `HTTPError` 403 if the file is the course's."""
        if await self._is_source(path):
            raise HTTPError(403, REFUSAL.format(path))
