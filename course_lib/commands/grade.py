"""python -m course_lib grade: mark a whole class's notebooks."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from course_lib.commands.options import add_subparser
from course_lib.docstrings import check_docstrings
from course_lib.files import local_path


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = add_subparser(subparsers, "grade", run, "mark a whole class's notebooks, safely, by the checks they know")
    parser.add_argument(
        "submissions", metavar="SUBMISSIONS", type=local_path, nargs="?", help="folder (or zip) of what was handed in"
    )
    parser.add_argument(
        "--out",
        "--report",
        metavar="REPORT",
        type=local_path,
        default=Path("grading-report"),
        help="folder for grades and reports (default: grading-report)",
    )
    parser.add_argument("--jobs", type=int, default=1, help="learners to mark at a time (default: 1)")
    parser.add_argument("--lessons", default="", help="such as 03,04; all by default")
    parser.add_argument(
        "--again",
        metavar="NAME",
        action="append",
        default=[],
        help="mark only this exercise or this learner again, and keep all other marks; may be given several times",
    )
    elsewhere = parser.add_argument_group("on several machines, and on those of others")
    elsewhere.add_argument("--part", metavar="i/n", help="mark the i-th of n shares of the learners, to be merged")
    elsewhere.add_argument(
        "--merge", metavar="DIR", type=local_path, nargs="+", help="make one report of the parts in these folders"
    )
    elsewhere.add_argument(
        "--autograder", metavar="ZIP", type=local_path, help="write an autograder for Gradescope, with these settings"
    )
    elsewhere.add_argument(
        "--classroom",
        metavar="DIR",
        type=local_path,
        help="write GitHub Classroom's workflow into this template repository",
    )
    people = parser.add_argument_group("who is who, and what marks are worth")
    people.add_argument(
        "--roster", metavar="CSV", type=local_path, help="list of people: names, sections, who is missing"
    )
    people.add_argument(
        "--marking",
        metavar="TOML",
        type=local_path,
        help="points, weights, late rules (default: REPORT/marking.toml)",
    )
    people.add_argument(
        "--overrides", metavar="CSV", type=local_path, help="marks and comments by hand (default: REPORT/overrides.csv)"
    )
    people.add_argument("--anonymous", action="store_true", help="reports without names; who-is-who.csv has them")
    back = parser.add_argument_group("what goes back")
    back.add_argument(
        "--fill", metavar="CSV", type=local_path, help="gradebook exported from Canvas or Moodle, to fill a copy of"
    )
    back.add_argument("--column", metavar="NAME", help="the column to fill")
    back.add_argument("--comments", metavar="NAME", help="another column of it, to be filled with a comment in words")
    back.add_argument(
        "--key", default="id", metavar="KEY", help="what rows are matched by: id (default), email, or a column's name"
    )
    back.add_argument("--max", type=float, metavar="N", help="scale grades to this, whatever maximum the file states")
    back.add_argument(
        "--return", dest="hand_back", action="store_true", help="write zips of feedback for Moodle and Canvas"
    )
    safety = parser.add_argument_group("safety")
    safety.add_argument(
        "--require-isolation",
        metavar="LEVEL",
        default="limits",
        help="refuse to mark with less: limits (default), filters or namespaces, see INSTRUCTORS.md",
    )
    safety.add_argument("--seed", type=int, help="of all inputs; by default that of the run in REPORT, or a new one")
    safety.add_argument(
        "--self-test", action="store_true", help="mark the course's own solutions and blank notebooks, and nothing else"
    )


NO_FORK = (
    "grade needs a system that can fork a process for each answer, and Windows cannot; allowed: the same command in "
    "WSL (Windows Subsystem for Linux), in a Linux container, or on Linux or macOS"
)


def run(options: argparse.Namespace) -> int:
    """Mark a class. Returns 0, or 1 if the self-test found something wrong."""
    if not hasattr(os, "fork"):
        raise ValueError(NO_FORK)
    # else no exercise could be marked, and everybody would have no points
    check_docstrings()
    way = way_of(options)
    check_options(options)
    if way in ("merge", "autograder", "classroom"):
        from course_lib.commands import grade_elsewhere

        (grade_elsewhere.merge if way == "merge" else grade_elsewhere.write_for_others)(options)
        return 0
    # the networks are tiny, and threads of several processes would wait for each other
    os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")
    if options.self_test:
        from course_lib.commands.grade_self_test import self_test

        return self_test(options.require_isolation, options.jobs)
    mark(options)
    return 0


# what belongs to a report, and to nothing that only prepares one
OF_REPORTS = ("roster", "anonymous", "fill", "column", "comments", "max", "hand_back")
# way: what it cannot be combined with
WITHOUT = {
    "self_test": (),
    "merge": ("submissions", "part", "autograder", "classroom", "again", "seed", "self_test"),
    "autograder": ("submissions", "part", "classroom", "again", "self_test", *OF_REPORTS),
    "classroom": ("submissions", "part", "again", "self_test", "overrides", *OF_REPORTS),
    "part": ("again", "self_test", "overrides", *OF_REPORTS),
}
SHOWN = {"hand_back": "--return", "submissions": "SUBMISSIONS"}


def way_of(options: argparse.Namespace) -> str:
    """What the command is to do, "" for marking a class.

    Raises: ValueError for options that do not go together.
    """
    way = next((name for name in ("merge", "autograder", "classroom", "part", "self_test") if given(options, name)), "")
    for other in WITHOUT.get(way, ()):
        if given(options, other):
            raise ValueError(f"{shown(way)} and {shown(other)} do not go together; allowed: one of them")
    return way


def given(options: argparse.Namespace, name: str) -> bool:
    value = getattr(options, name)
    return value is not None and value is not False and value != []  # 0 is a seed


def shown(name: str) -> str:
    return SHOWN.get(name, f"--{name.replace('_', '-')}")


def check_options(options: argparse.Namespace) -> None:
    """Raises: ValueError for a request that cannot be met, before anything is marked."""
    elsewhere = options.merge or options.autograder or options.classroom
    if options.submissions is None and not options.self_test and not elsewhere:
        raise ValueError("SUBMISSIONS is missing; allowed: a folder or a .zip, or --self-test without one")
    if options.jobs < 1:
        raise ValueError(f"jobs is {options.jobs}; allowed: at least 1")
    if (options.fill is None) != (options.column is None):
        raise ValueError("--fill and --column belong together; allowed: both or neither")
    if options.fill is None and (options.max is not None or options.comments is not None):
        raise ValueError("--max and --comments belong to --fill; allowed: with it, or not at all")
    if options.max is not None and not 0 < options.max < 1e9:
        raise ValueError(f"max is {options.max}; allowed: a number above 0")
    if options.seed is not None and not 0 <= options.seed < 2**31:
        raise ValueError(f"seed is {options.seed}; allowed: 0 to {2**31 - 1}")
    if options.part is not None and options.seed is None:
        raise ValueError(f"--part needs --seed, the same for all parts; allowed: 0 to {2**31 - 1}")
    for name in ("marking", "overrides"):
        if getattr(options, name) is None and (options.out / default_file(name)).is_file():
            setattr(options, name, options.out / default_file(name))
    for name in ("fill", "roster", "marking", "overrides"):
        path = getattr(options, name)
        if path is not None and not path.is_file():
            raise ValueError(f"{name} is {path}, which is no file; allowed: {KINDS[name]}")


KINDS = {
    "fill": "a gradebook exported as CSV",
    "roster": "a list of people as CSV",
    "marking": "a .toml, see INSTRUCTORS.md",
    "overrides": "a CSV with the columns learner, exercise, points, comment",
}


def default_file(name: str) -> str:
    return "marking.toml" if name == "marking" else "overrides.csv"


def mark(options: argparse.Namespace) -> None:
    from tqdm.auto import tqdm

    from course_lib.commands.grade_telling import counted, tell
    from course_lib.grading import parts, records
    from course_lib.grading.plain_text import shortened
    from course_lib.grading.reading.catalogue import catalogue, lesson_names
    from course_lib.grading.reading.submissions import find_submissions
    from course_lib.grading.reports.write import write_reports
    from course_lib.grading.scheme import read_scheme
    from course_lib.grading.whole_class import Change, level_in_force, mark_class, settings_for

    lessons = lessons_of(options)
    items = catalogue(lessons)
    # what would be refused at the end is refused now
    scheme = read_scheme(options.marking, items)
    part = parts.part_of(options.part) if options.part else parts.Part(1, 1)
    check_tables(options)
    found = find_submissions(options.submissions, lesson_names().values(), skip=options.out)
    check_again(options.again, found.submissions)
    names = records.file_names(found.submissions)
    submissions = part.share(found.submissions)
    level, meaning = level_in_force(options.require_isolation)
    settings = settings_for(options.out, options.seed, lessons, options.require_isolation, scheme.partial)
    (options.out / parts.FILE).unlink(missing_ok=True)
    learners, exercises = counted(len(submissions), "learner"), counted(len(items), "exercise")
    share = f" of {len(found.submissions)}" if options.part else ""
    print(f"{learners}{share}, {exercises}, seed {settings.seed}")
    print(f"isolation: {level} ({meaning})")
    if found.ignored and not options.anonymous:
        print(f"not looked at, since they are no notebooks: {shortened(found.ignored)}")
    for note in () if options.anonymous else found.notes:
        print(f"note: {note}")
    before = 0
    changes: list[Change] = []
    with tqdm(total=len(submissions), unit="learner") as bar:
        for submission, was_done in mark_class(
            submissions, options.out, settings, options.jobs, options.again, changes, part.share(names)
        ):
            before += was_done
            if not options.anonymous:
                bar.set_postfix_str(submission.learner[:20], refresh=False)
            bar.update()
    if before:
        print(f"{before} were marked before and had not changed" if not options.again else f"{before} keep their marks")
    if options.part:
        told = parts.settings_told(settings.seed, lessons, options.marking)
        digest = parts.class_digest(found.submissions)
        parts.write_part(parts.Done(part, options.out, tuple(names), digest, told, level, meaning, tuple(found.notes)))
        print(
            f"part {part.number} of {part.of} is marked; all of them together: grade --merge DIR DIR ... --report OUT"
        )
        return
    facts = facts_told(settings.seed, f"{level}, {meaning}", found.notes, options.anonymous)
    written = write_reports(options.out, names, items, settings.seed, facts, wishes_of(options))
    tell(options, written, changes)


def lessons_of(options: argparse.Namespace) -> tuple[str, ...]:
    return tuple(part.strip().zfill(2) for part in options.lessons.split(",") if part.strip())


def check_tables(options: argparse.Namespace) -> None:
    """Raises: ValueError if one of the tables cannot be read, or lacks a column."""
    from course_lib.grading.reports.exported import one_column, read_table

    for path, argument in ((options.fill, "fill"), (options.roster, "roster"), (options.overrides, "overrides")):
        if path is not None:
            table = read_table(path, argument, options.column if argument == "fill" else "")
            if argument == "fill" and options.comments is not None:
                one_column(table, options.comments, "comments")


def facts_told(seed: int, isolation: str, notes: Sequence[str], anonymous: bool) -> list[str]:
    return [
        f"Seed {seed}: with --seed {seed} the same files get the same marks.",
        f"Isolation: {isolation}.",
        *([] if anonymous else notes),
    ]


def wishes_of(options: argparse.Namespace) -> "Wishes":  # noqa: F821
    from course_lib.grading.judging import Wishes

    return Wishes(options.marking, options.overrides, options.roster, options.key, options.anonymous)


def check_again(again: Sequence[str], submissions: Sequence["Submission"]) -> None:  # noqa: F821
    """Raises: ValueError if nothing and nobody is called so."""
    from course_lib.grading.lateness import called
    from course_lib.grading.plain_text import shortened
    from course_lib.grading.reading.catalogue import catalogue

    exercises = [item.name for item in catalogue()]
    people = {called(text) for one in submissions for text in (one.learner, one.source, one.number)}
    for name in again:
        if name not in exercises and called(name) not in people:
            raise ValueError(
                f"again is {name!r}; allowed: a learner, or one of the exercises {shortened(exercises, 60)}"
            )
