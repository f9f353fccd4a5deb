"""python -m course_lib grade: mark a whole class's notebooks."""

import argparse
import os
from pathlib import Path

from course_lib.commands.options import add_subparser


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = add_subparser(subparsers, "grade", run, "mark a whole class's notebooks, safely, by the checks they know")
    parser.add_argument("submissions", metavar="SUBMISSIONS", type=Path, help="folder (or zip) of what was handed in")
    parser.add_argument(
        "--out",
        metavar="REPORT",
        type=Path,
        default=Path("grading-report"),
        help="folder for grades and reports (default: grading-report)",
    )
    parser.add_argument("--jobs", type=int, default=1, help="learners to mark at a time (default: 1)")
    parser.add_argument("--lessons", default="", help="such as 03,04; all by default")
    parser.add_argument(
        "--fill", metavar="CSV", type=Path, help="gradebook exported from Canvas or Moodle, to fill a copy of"
    )
    parser.add_argument("--column", metavar="NAME", help="the column to fill")
    parser.add_argument("--key", choices=("email", "id"), default="id", help="what rows are matched by (default: id)")
    parser.add_argument(
        "--require-isolation",
        metavar="LEVEL",
        default="limits",
        help="refuse to mark with less: limits (default), filters or namespaces, see INSTRUCTORS.md",
    )
    parser.add_argument("--seed", type=int, help="of all inputs; by default that of the run in REPORT, or a new one")


NO_FORK = (
    "grade needs a system that can fork a process for each answer, and Windows cannot; allowed: the same command in "
    "WSL (Windows Subsystem for Linux), in a Linux container, or on Linux or macOS"
)


def run(options: argparse.Namespace) -> None:
    if not hasattr(os, "fork"):
        raise ValueError(NO_FORK)
    if options.jobs < 1:
        raise ValueError(f"jobs is {options.jobs}; allowed: at least 1")
    if (options.fill is None) != (options.column is None):
        raise ValueError("--fill and --column belong together; allowed: both or neither")
    if options.fill is not None and not options.fill.is_file():
        raise ValueError(f"fill is {options.fill}, which is no file; allowed: a gradebook exported as CSV")
    if options.seed is not None and not 0 <= options.seed < 2**31:
        raise ValueError(f"seed is {options.seed}; allowed: 0 to {2**31 - 1}")
    # the networks are tiny, and threads of several processes would wait for each other
    os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")

    from tqdm.auto import tqdm

    from course_lib.grading import records
    from course_lib.grading.reading.catalogue import catalogue, lesson_names
    from course_lib.grading.reading.submissions import find_submissions
    from course_lib.grading.reports.write import write_reports
    from course_lib.grading.whole_class import level_in_force, mark_class, settings_for

    lessons = tuple(part.strip().zfill(2) for part in options.lessons.split(",") if part.strip())
    items = catalogue(lessons)
    found = find_submissions(options.submissions, lesson_names().values(), skip=options.out)
    level, meaning = level_in_force(options.require_isolation)
    settings = settings_for(options.out, options.seed, lessons, options.require_isolation)
    learners, exercises = counted(len(found.submissions), "learner"), counted(len(items), "exercise")
    print(f"{learners}, {exercises}, seed {settings.seed}")
    print(f"isolation: {level} ({meaning})")
    if found.ignored:
        print(f"not looked at, since they are no notebooks: {shortened(found.ignored)}")
    before = 0
    with tqdm(total=len(found.submissions), unit="learner") as bar:
        for submission, was_done in mark_class(found.submissions, options.out, settings, options.jobs):
            before += was_done
            bar.set_postfix_str(submission.learner[:20], refresh=False)
            bar.update()
    if before:
        print(f"{before} were marked before and had not changed")
    facts = [
        f"Seed {settings.seed}: with --seed {settings.seed} the same files get the same marks.",
        f"Isolation: {level}, {meaning}.",
    ]
    written = write_reports(options.out, records.file_names(found.submissions), items, settings.seed, facts)
    summary(written, len(items))
    if options.fill is not None:
        fill_gradebook(options, written.class_)
    print(f"reports: {options.out / 'index.html'}")


def summary(written: "Written", exercises: int) -> None:  # noqa: F821
    class_ = written.class_
    total = len(class_) * exercises
    words = {"not attempted": "not attempted (not started)"}
    print("\nmarks given:")
    for status, count in sorted(written.statuses.items(), key=lambda pair: -pair[1]):
        print(f"{count:8} {words.get(status, status)}")
    points = sorted(graded.points for graded in class_)
    mean = sum(points) / max(1, len(points))
    print(f"points: {sum(points)} of {total}; a learner has {points[0]} to {points[-1]}, {mean:.1f} on average")
    troubled = [graded.learner for graded in class_ if graded.problems]
    if troubled:
        print(f"problems with files of {len(troubled)}: {shortened(troubled)}")
    if written.similar:
        print(f"groups of like answers: {len(written.similar)}, see the report")


def fill_gradebook(options: argparse.Namespace, class_: tuple["Graded", ...]) -> None:  # noqa: F821
    from course_lib.grading.reports.gradebook import fill

    out = options.out / f"filled-{options.fill.name}"
    count, missing, nobody = fill(options.fill, options.column, options.key, class_, out)
    print(f"{out}: column {options.column!r} filled in {count} rows")
    if missing:
        print(f"  learners without a row: {shortened(missing)}")
    if nobody:
        print(f"  rows without a submission, left as they are: {shortened(nobody)}")


def shortened(names: list[str], most: int = 8) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def counted(count: int, what: str) -> str:
    return f"{count} {what}" + ("" if count == 1 else "s")
