"""Calling a learner's function: it may fail, exit, recurse or run for ever, and the lesson goes on."""

from __future__ import annotations

import builtins
import dis
import inspect
import linecache
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any

from IPython import get_ipython

MOST_LETTERS, MOST_DISPLAYS = 5000, 20
"""How much of what a learner's function prints and displays a check shows."""


@dataclass(frozen=True)
class Attempt:
    """One call of a learner's function: its `value`, or in words why there is none (`trouble`), and its seconds."""

    seconds: float
    value: Any = None
    trouble: str | None = None
    late: bool = False
    interrupted: bool = False


def attempt(function: Callable, args: tuple, seconds: float) -> Attempt:
    """Call `function(*args)` and stop it after `seconds`. Never raises.

    The clock is the alarm signal of Unix, which rings in the main thread: where cells run. Elsewhere (Windows, other
    threads) nothing can stop a running function from within: there the learner presses "interrupt the kernel", which
    ends the call with `interrupted`, and a call that comes back late is counted as late.
    """
    start = time.perf_counter()
    late = interrupted = False
    value = trouble = None
    try:
        with _alarm(seconds), _exit_raises(function):
            value = _call(function, args)
    except _TimeUp:
        late = True
    except KeyboardInterrupt:
        interrupted = True
    except BaseException as error:  # SystemExit too: nothing that a learner writes may end the lesson
        trouble = _words(error, function)
    took = time.perf_counter() - start
    return Attempt(took, value, trouble, late or (took > seconds and not interrupted), interrupted)


def is_stub(function: Callable) -> bool:
    """Whether a function is still as the lesson gave it: the body is `...`, `pass` or `raise NotImplementedError`.

    Reads the compiled code, so it needs no source. A lone `return None` compiles to the same as `...` and counts as it.
    """
    code = _code(function)
    if code is None or code.co_flags & (inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR):
        return False
    # What is left out prepares a call or a variable but does nothing; the names differ between versions of Python.
    idle = {"RESUME", "NOP", "CACHE", "PRECALL", "PUSH_NULL", "MAKE_CELL", "COPY_FREE_VARS"}
    steps = [step for step in dis.get_instructions(code) if step.opname not in idle]
    if steps[0].opname == "LOAD_GLOBAL" and steps[0].argval == "NotImplementedError":
        return steps[-1].opname == "RAISE_VARARGS" and all(
            step.opname in ("LOAD_CONST", "CALL", "RAISE_VARARGS") for step in steps[1:]
        )
    names = [step.opname for step in steps]
    return names in (["RETURN_CONST"], ["LOAD_CONST", "RETURN_VALUE"]) and steps[0].argval is None


class LimitedOutput:
    """A context, to be entered any number of times: what is printed or displayed in it is cut off after a while.

    All its entries together let through `MOST_LETTERS` to each of standard output and standard error, and
    `MOST_DISPLAYS` of IPython's displays. A loop that prints would fill the notebook, and the browser with it.
    """

    def __init__(self) -> None:
        self._letters = {"stdout": MOST_LETTERS, "stderr": MOST_LETTERS}
        self._displays = MOST_DISPLAYS
        self._undo = ExitStack()

    def __enter__(self) -> None:
        for name in self._letters:
            self._replace(sys, name, _Limited(getattr(sys, name), self._letters, name))
        if shell := get_ipython():
            self._replace(shell.display_pub, "publish", self._limited(shell.display_pub.publish))

    def __exit__(self, *_: object) -> None:
        self._undo.close()

    def _replace(self, owner: Any, name: str, value: Any) -> None:
        self._undo.callback(setattr, owner, name, getattr(owner, name))
        setattr(owner, name, value)

    def _limited(self, publish: Callable) -> Callable:
        def limited(*args: Any, **options: Any) -> None:
            self._displays -= 1
            if self._displays >= 0:
                publish(*args, **options)

        return limited


class _Limited:
    """A stream that passes on as many letters as are left under its name, then says once that it drops the rest."""

    def __init__(self, stream: Any, letters: dict[str, int], name: str) -> None:
        self._stream, self._letters, self._name = stream, letters, name

    def write(self, text: str) -> int:
        left = self._letters[self._name]
        if left >= 0:
            self._letters[self._name] -= len(text)
            self._stream.write(
                text if len(text) <= left else f"{text[:left]}\n[the check drops what is printed from here]\n"
            )
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _TimeUp(BaseException):
    """The alarm rang. Not an `Exception`, so that a learner's `except Exception` lets it through."""


def _call(function: Callable, args: tuple) -> Any:
    return function(*args)


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """Raise `_TimeUp` inside `_call` once the time is over; then hand the alarm back to whoever had set it before."""
    if not hasattr(signal, "SIGALRM") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(_: int, frame: FrameType | None) -> None:
        # Only under `_call`: a ring that comes when the function has just returned must not hit our own code.
        while frame is not None:
            if frame.f_code is _call.__code__:
                raise _TimeUp
            frame = frame.f_back

    start = time.perf_counter()
    handler = signal.signal(signal.SIGALRM, ring)
    # It rings again every quarter of a second: a bare `except:` in the function may have swallowed the first.
    left, interval = signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001), 0.25)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL if handler is None else handler)
        if left:
            signal.setitimer(signal.ITIMER_REAL, max(left - (time.perf_counter() - start), 0.001), interval)


@contextmanager
def _exit_raises(function: Callable) -> Iterator[None]:
    """Let `exit()` and `quit()` raise `SystemExit`: in a notebook they raise nothing, and the kernel ends."""

    def leave(*_: Any, **__: Any) -> None:
        raise SystemExit

    spaces = [vars(builtins), vars(sys.modules["__main__"]), getattr(inspect.unwrap(function), "__globals__", {})]
    found = [
        (space, name, space[name])
        for space in spaces
        for name in ("exit", "quit")
        if type(space.get(name)).__module__.startswith(("IPython.", "_sitebuiltins"))  # not a name of the learner's own
    ]
    for space, name, _ in found:
        space[name] = leave
    try:
        yield
    finally:
        for space, name, value in found:
            space[name] = value


def _code(function: Callable) -> CodeType | None:
    return getattr(inspect.unwrap(function), "__code__", None)


def _words(error: BaseException, function: Callable) -> str:
    """An exception in one line: its name, where in the learner's function it arose, and what it says."""
    if isinstance(error, SystemExit):
        return "your function ended the program (SystemExit)"
    place = _place(error, function)
    if isinstance(error, RecursionError):
        return f"your function calls itself without end (RecursionError){place}"
    try:
        text = str(error).strip().partition("\n")[0][:200]
    except Exception:  # an error class of the learner's own may fail at this too
        text = ""
    return f"{type(error).__name__}{place}{': ' if text else ''}{text}"


def _place(error: BaseException, function: Callable) -> str:
    code, trace, line = _code(function), error.__traceback__, None
    while trace is not None:
        if trace.tb_frame.f_code is code:
            line = trace.tb_lineno
        trace = trace.tb_next
    if code is None or line is None:
        return ""
    source = linecache.getline(code.co_filename, line).strip()
    quoted = f" (`{source}`)" if source else ""
    return f" in line {line - code.co_firstlineno + 1} of {code.co_name}{quoted}"
