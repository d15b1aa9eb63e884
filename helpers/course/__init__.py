"""The classroom: what a lesson calls as `course.…`. It knows nothing of torch or of segmentation."""

from helpers.course.bank import Picture
from helpers.course.checks import check, hint
from helpers.course.header import begin
from helpers.course.paint import painting
from helpers.course.progress import set_aside
from helpers.course.quiz_widget import predict, quiz, reveal

__all__ = ["Picture", "begin", "check", "hint", "painting", "predict", "quiz", "reveal", "set_aside"]
