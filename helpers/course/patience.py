"""How the threads of a kernel wait for each other, so that training stays quick on a laptop with other things to do.

PyTorch's threads (GNU OpenMP, on Linux) meet after every small step, and wait for the last one in a loop that keeps the
core busy. With as many busy programs as cores that is ruinous: on two cores, a U-Net that trains on 200 pictures a
second fell to 6. Told to give up the core after a short wait, it falls to 80, and loses a tenth where nothing disturbs
it. The variable is read when torch is loaded, so it must stand in the environment of the kernel.
"""

from __future__ import annotations

import os


def wait_patiently() -> None:
    """Set it for this process's children, unless somebody has chosen otherwise."""
    os.environ.setdefault("GOMP_SPINCOUNT", "20000")
