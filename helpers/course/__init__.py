"""The classroom: what a lesson calls as `course.…`. It knows nothing of torch or of segmentation."""

from helpers.course.bank import Picture
from helpers.course.checks import check, hint
from helpers.course.header import begin
from helpers.course.mistake import mistake
from helpers.course.paint import painting
from helpers.course.quiz_widget import predict, quiz, reveal
from helpers.course.solution import solution
from helpers.course.store import ProgressError
from helpers.course.store import set_aside as _set_aside
from helpers.measured import measured, within

__all__ = [
    "Picture",
    "begin",
    "check",
    "hint",
    "measured",
    "mistake",
    "painting",
    "predict",
    "quiz",
    "reveal",
    "set_aside",
    "solution",
    "within",
]


def set_aside() -> None:
    """Rename a damaged progress file, so that the next answer begins a new one; print what was done, or why not."""
    try:
        aside = _set_aside()
    except ProgressError as error:
        print(error)
        return
    print(
        f"Your progress so far is in {aside}; a new file begins with your next answer."
        if aside
        else "There is no progress yet."
    )
