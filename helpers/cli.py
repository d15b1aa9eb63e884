"""The `course` command: `course learn`, `progress`, `doctor`, `build`, `train`, `score` and `study`.

Each subcommand imports what it needs when it runs, so that `course --help` is quick and `course doctor` works where
torch is broken.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path


def lesson_number(text: str) -> str:
    """The two digits that name a lesson, from "3" or "03"."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 99):
        raise argparse.ArgumentTypeError(f"a lesson is a number such as 3 or 03, got '{text}'")
    return f"{int(text):02d}"


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="course", description="Pixels to Panoptic: a course in image segmentation.")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    learn = commands.add_parser("learn", help="open a lesson in JupyterLab", description="Open a lesson in JupyterLab.")
    learn.add_argument("lesson", nargs="?", type=lesson_number, default="01", help="its number (default: 1)")
    learn.add_argument("--port", type=int, help="where JupyterLab listens (default: the first free one from 8888)")
    learn.add_argument("--no-browser", action="store_true", help="print the address, but open no browser")

    commands.add_parser("progress", help="show what you have done", description="Show what you have done, by lesson.")

    commands.add_parser("doctor", help="check this machine", description="Check that this machine can run the course.")

    build = commands.add_parser(
        "build", help="build the notebooks", description="Build notebooks/ from lessons/: of what changed, and no more."
    )
    build.add_argument("lessons", nargs="*", type=lesson_number, metavar="LESSON", help="its number (default: all)")
    build.add_argument(
        "--check", action="store_true", help="build nothing; fail if a notebook is not what it should be"
    )
    build.add_argument("--force", action="store_true", help="build even what has not changed")

    train = commands.add_parser(
        "train",
        help="train a network of the zoo anew",
        description="Train a network and write its weights and their card into helpers/weights/."
        " Ctrl+C ends the training early and keeps what was learned.",
    )
    train.add_argument("name", metavar="NAME", help="of the network; to a wrong one all names are the answer")

    score = commands.add_parser(
        "score",
        help="score the networks of the zoo",
        description="Score networks of the zoo on 400 validation scenes, each score with the interval that a bootstrap"
        " over the scenes gives it (95 %).",
    )
    score.add_argument("names", nargs="*", metavar="NAME", help="of a network (default: all)")
    score.add_argument("--test", action="store_true", help="on the 100 test scenes, which are for reports: do not tune")

    study = commands.add_parser(
        "study",
        help="make the results of a study anew",
        description="List the studies, experiments that are too long for a lesson; or make the results of one anew."
        " After Ctrl+C what was measured is kept, and the next call goes on from there.",
    )
    study.add_argument("name", nargs="?", metavar="NAME", help="of a study (default: list them)")
    how = study.add_mutually_exclusive_group()
    how.add_argument("--check", action="store_true", help="measure the first point alone and compare it")
    how.add_argument("--afresh", action="store_true", help="do not go on from an earlier call; after a change of code")
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Carry out a parsed command line. Returns the exit code."""
    if arguments.command == "learn":
        from helpers.course.learn import learn

        return learn(arguments.lesson, arguments.port, open_browser=not arguments.no_browser)
    if arguments.command == "progress":
        return show_progress()
    if arguments.command == "doctor":
        from helpers.course.doctor import doctor

        return doctor()
    if arguments.command == "train":
        return train_network(arguments.name)
    if arguments.command == "score":
        return score_networks(arguments.names, arguments.test)
    if arguments.command == "study":
        if not (arguments.name or arguments.check or arguments.afresh):
            return list_studies()
        name = arguments.name or ""
        return check_study(name) if arguments.check else make_study(name, arguments.afresh)
    from helpers.course.build import build_all

    return build_all(arguments.lessons, check=arguments.check, force=arguments.force)


def train_network(name: str) -> int:
    """Train a network of the zoo; 2 and a sentence for a name that is none, 1 if it fails, 130 if it was stopped."""
    from helpers.models.zoo import WeightsError
    from helpers.recipes import RECIPES, train
    from helpers.show import TrainingBar
    from helpers.training import TrainingError

    if name not in RECIPES:
        print(f"There is no network '{name}'; there are {', '.join(RECIPES)}.", file=sys.stderr)
        return 2
    try:
        written = train(name, [TrainingBar(name)])
    except (TrainingError, WeightsError, ValueError, OSError) as error:  # numbers that half precision cannot write
        print(f"{name}: {str(error).rstrip('.')}. Nothing was written.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:  # before the first step, or while it was scored
        written = None
    if written is None:
        print("\nStopped: nothing was written.", file=sys.stderr)
        return 130
    print(f"Written: {written}")
    return 0


def score_networks(names: Sequence[str], test: bool) -> int:
    """Print what networks reach; 2 and a sentence for a name that is none, 1 if weights cannot be used."""
    from helpers.models.zoo import WeightsError
    from helpers.scoreboard import NETWORKS, score_table

    unknown = [name for name in names if name not in NETWORKS]
    if unknown:
        print(f"There is no network '{unknown[0]}'; there are {', '.join(NETWORKS)}.", file=sys.stderr)
        return 2
    try:
        print(score_table(names or list(NETWORKS), test))
    except WeightsError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def list_studies() -> int:
    """Print each study with its question, and what is stored of it; 1 if results are missing or damaged."""
    from helpers.studies import STUDIES, StudyError, load

    code = 0
    for study in STUDIES.values():
        print(f"{study.name}: {study.question}")
        try:
            results = load(study.name)
            print(f"    {len(results.points)} points, {results.seconds:.0f} s, {results.card['date']}")
        except StudyError as error:
            print(f"    {error}")
            code = 1
    return code


def no_study(name: str) -> bool:
    """Whether there is none of this name; then it says which there are."""
    from helpers.studies import STUDIES

    if name not in STUDIES:
        print(f"There is no study '{name}'; there are {', '.join(STUDIES)}.", file=sys.stderr)
    return name not in STUDIES


def make_study(name: str, afresh: bool) -> int:
    """Make the results of a study anew; 2 for a name that is none, 1 if it fails, 130 if it was stopped."""
    from helpers.studies import STUDIES, make
    from helpers.training import TrainingError

    if no_study(name):
        return 2
    try:
        results = make(STUDIES[name], afresh)
    except (TrainingError, OSError) as error:
        print(f"{name}: {str(error).rstrip('.')}. The stored results are as they were.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"\nStopped: the stored results are as they were; `course study {name}` goes on.", file=sys.stderr)
        return 130
    print(f"Written: {len(results.points)} points, {results.seconds:.0f} s.")
    return 0


def check_study(name: str) -> int:
    """Compare the first point of a study with what is stored; 2 for a name that is none, 1 where it differs."""
    from helpers.studies import STUDIES, StudyError, check, load
    from helpers.training import TrainingError

    if no_study(name):
        return 2
    try:
        scores = check(STUDIES[name], load(name))
    except (StudyError, TrainingError) as error:
        print(error, file=sys.stderr)
        return 1
    for each in scores:
        print(each)
    return 0 if all(each.within for each in scores) else 1


def show_progress() -> int:
    """Print what the learner has done; 1 and a sentence if the progress file cannot be read."""
    from helpers.course import progress

    try:
        print(progress.table())
    except progress.ProgressError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def import_trouble(error: ImportError) -> str:
    """The sentence for an import that failed: a file of other work in the way, or a damaged installation."""
    top = sys.modules.get((error.name or "").partition(".")[0])
    file = getattr(top, "__file__", None) or ""
    if file and not file.startswith((sys.prefix, sys.base_prefix, str(Path(__file__).parent))):
        return f"{file} hides a module that the course needs ({error}): rename it, or take its folder off PYTHONPATH."
    return (
        f"The installation is damaged ({error}): delete the folder .venv, then run `make setup`"
        " (Windows: `py helpers/bootstrap.py`)."
    )


def main(argv: Sequence[str] | None = None) -> int:
    """The entry point of `course`. Errors that the learner can act on are one sentence, without a traceback."""
    arguments = make_parser().parse_args(argv)
    try:
        return run(arguments)
    except ImportError as error:
        print(import_trouble(error), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
