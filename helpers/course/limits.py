"""What this process may use of the machine's memory and cores.

A container, a batch system or a notebook service gives a process less than the machine has. On Linux the limit stands
in files of its control group and of every group above, and the lowest holds (version 2 of control groups:
https://docs.kernel.org/admin-guide/cgroup-v2.html; version 1: .../cgroup-v1/). A shell may set another (`ulimit -v`),
and a batch system may bind a process to some of the cores.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import psutil

ROOT = Path("/")


def usable_memory(root: Path = ROOT) -> int:
    """Bytes of memory that this process may use: the machine's, or fewer. `root` holds `proc` and `sys`."""
    limits = [psutil.virtual_memory().total, *_address_space()]
    for folder in _groups(root, "memory"):
        for name in ("memory.max", "memory.limit_in_bytes"):
            limits += [int(word) for word in _text(folder / name).split()[:1] if word.isdecimal()]  # else "max"
    return min(limits)


def usable_cores(root: Path = ROOT) -> float:
    """Processor cores that this process may use at a time: those it is bound to, or a share of time worth fewer."""
    process = psutil.Process()
    bound = len(process.cpu_affinity()) if hasattr(process, "cpu_affinity") else os.cpu_count()  # macOS binds nothing
    cores = [float(bound or 1)]
    for folder in _groups(root, "cpu"):
        cores += _share(_text(folder / "cpu.max"))
        cores += _share(f"{_text(folder / 'cpu.cfs_quota_us')} {_text(folder / 'cpu.cfs_period_us')}")
    return min(cores)


def _share(text: str) -> list[float]:
    """Cores from "quota period", both in microseconds; none where there is no quota ("max" or -1)."""
    words = text.split()
    if len(words) != 2 or not all(word.isdecimal() and int(word) for word in words):
        return []
    return [int(words[0]) / int(words[1])]


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """Every folder in which a limit of `controller` on this process may stand; not all of them need be there.

    In a container the group may go by its name outside, and only its own limit is to be seen, at the top.
    """
    tops, names = {"", "unified", controller}, {""}
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, controllers, name = line.split(":", 2)
        if not controllers or controller in controllers.split(","):
            tops.add(controllers)
            names.add(name.lstrip("/"))
    for top in sorted(tops):
        for name in sorted(names):
            group = PurePosixPath(name)
            for each in (group, *group.parents):
                yield root / "sys/fs/cgroup" / top / each


def _address_space() -> list[int]:
    """The limit that a shell set with `ulimit -v`, if it did."""
    try:
        import resource
    except ImportError:  # Windows
        return []
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    return [] if soft == resource.RLIM_INFINITY else [soft]


def _text(file: Path) -> str:
    """What the file says, nothing if it cannot be read."""
    with contextlib.suppress(OSError):
        return file.read_text(encoding="utf-8", errors="replace")
    return ""
