"""What `course learn` hands down to JupyterLab and its kernels: folders that work, and none of the account's settings.

Jupyter keeps keys in the learner's home, and ends with a traceback where that is read-only, unknown, or on a share that
knows no file modes. IPython runs the account's start-up files in every kernel; Python and matplotlib read variables
that were set for other work. A lesson must not depend on any of it.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

from helpers.course.store import ROOT, home

ACCOUNT_VARIABLES = ("MPLBACKEND", "MATPLOTLIBRC", "PYTHONSTARTUP", "PYTHONWARNINGS", "PYTHONOPTIMIZE", "PYTHONINSPECT")
"""What hides figures, runs other code or changes Python in a kernel."""


def lesson_environment(variables: Mapping[str, str], temporary: Path) -> dict[str, str]:
    """The environment for the server and its kernels.

    Args:
        variables: the environment of the learner's shell.
        temporary: an empty folder on this machine that lasts as long as the server.
    """
    from jupyter_core.paths import jupyter_config_dir, jupyter_data_dir, jupyter_runtime_dir

    environment = {name: value for name, value in variables.items() if name not in ACCOUNT_VARIABLES}
    known = os.path.isabs(os.path.expanduser("~"))
    if not known:  # Jupyter and IPython ask for it whatever else is set
        environment |= {"COURSE_HOME": str(home()), "HOME": str(temporary), "USERPROFILE": str(temporary)}
    environment["PYTHONPATH"] = str(ROOT)  # and no folder of other work, whose modules would come first
    environment["PYTHONNOUSERSITE"] = "1"
    environment["IPYTHONDIR"] = str(temporary / "ipython")
    environment["JUPYTER_CONFIG_DIR"] = str(temporary / "config")
    if known and writable(Path(jupyter_config_dir())):  # theme, font size and shortcuts are the learner's to choose
        environment.setdefault("JUPYTERLAB_SETTINGS_DIR", str(Path(jupyter_config_dir(), "lab", "user-settings")))
    for name, folder in (("JUPYTER_DATA_DIR", jupyter_data_dir), ("JUPYTER_RUNTIME_DIR", jupyter_runtime_dir)):
        if not known or not _private(Path(folder())):
            environment[name] = str(temporary / name.lower())
    if not known or ("MPLCONFIGDIR" not in variables and not writable(Path("~").expanduser())):
        environment["MPLCONFIGDIR"] = str(temporary / "matplotlib")  # else it says in the lesson that it made its own
    return environment


def writable(folder: Path) -> bool:
    """Whether a file can be put into this folder, which need not be there yet. Makes nothing."""
    there = existing(folder)
    return os.path.isdir(there) and os.access(there, os.W_OK | os.X_OK)


def existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that can be seen."""
    return next((path for path in (folder, *folder.parents) if os.path.exists(path)), folder)


def _private(folder: Path) -> bool:
    """Whether a file there can be kept from others, which Jupyter demands for its keys. Makes the folder."""
    if not writable(folder):
        return False
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder) as file:  # made with mode 0600, where there are modes
            return os.name == "nt" or stat.S_IMODE(os.stat(file.name).st_mode) == 0o600
    except OSError:
        return False
