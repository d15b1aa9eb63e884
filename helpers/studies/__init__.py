"""Experiments that take longer than a lesson can wait: `course study NAME` makes their results anew.

`load(NAME)` gives a lesson what is stored. A study is a file here with a `Study`, and a place in `STUDIES`.
"""

from helpers.studies import numbers_or_centers
from helpers.studies.stored import Results, StudyError, load
from helpers.studies.study import Study, check, make

STUDIES: dict[str, Study] = {study.name: study for study in (numbers_or_centers.STUDY,)}

__all__ = ["STUDIES", "Results", "Study", "StudyError", "check", "load", "make"]
