"""python -m course_lib grade: mark a whole class's notebooks."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from course_lib.commands.options import add_subparser


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = add_subparser(subparsers, "grade", run, "mark a whole class's notebooks, safely, by the checks they know")
    parser.add_argument(
        "submissions", metavar="SUBMISSIONS", type=Path, nargs="?", help="folder (or zip) of what was handed in"
    )
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
        "--again",
        metavar="NAME",
        action="append",
        default=[],
        help="mark only this exercise or this learner again, and keep all other marks; may be given several times",
    )
    people = parser.add_argument_group("who is who, and what marks are worth")
    people.add_argument("--roster", metavar="CSV", type=Path, help="list of people: names, sections, who is missing")
    people.add_argument(
        "--marking",
        metavar="TOML",
        type=Path,
        help="points, weights, late rules (default: REPORT/marking.toml)",
    )
    people.add_argument(
        "--overrides", metavar="CSV", type=Path, help="marks and comments by hand (default: REPORT/overrides.csv)"
    )
    people.add_argument("--anonymous", action="store_true", help="reports without names; who-is-who.csv has them")
    back = parser.add_argument_group("what goes back")
    back.add_argument(
        "--fill", metavar="CSV", type=Path, help="gradebook exported from Canvas or Moodle, to fill a copy of"
    )
    back.add_argument("--column", metavar="NAME", help="the column to fill")
    back.add_argument("--comments", metavar="NAME", help="another column of it, to be filled with a comment in words")
    back.add_argument(
        "--key", default="id", metavar="KEY", help="what rows are matched by: id (default), email, or a column's name"
    )
    back.add_argument("--max", type=float, metavar="N", help="scale grades to this, where the file states no maximum")
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
    check_options(options)
    # the networks are tiny, and threads of several processes would wait for each other
    os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")
    if options.self_test:
        from course_lib.grading.self_test import self_test

        return self_test(options.require_isolation, options.jobs)
    mark(options)
    return 0


def check_options(options: argparse.Namespace) -> None:
    """Raises: ValueError for a request that cannot be met, before anything is marked."""
    if options.submissions is None and not options.self_test:
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

    from course_lib.grading import records
    from course_lib.grading.judging import Wishes
    from course_lib.grading.plain_text import shortened
    from course_lib.grading.reading.catalogue import catalogue, lesson_names
    from course_lib.grading.reading.submissions import find_submissions
    from course_lib.grading.reports.exported import one_column, read_table
    from course_lib.grading.reports.write import write_reports
    from course_lib.grading.scheme import read_scheme
    from course_lib.grading.whole_class import Change, level_in_force, mark_class, settings_for

    lessons = tuple(part.strip().zfill(2) for part in options.lessons.split(",") if part.strip())
    items = catalogue(lessons)
    # what would be refused at the end is refused now
    scheme = read_scheme(options.marking, items)
    for path, argument in ((options.fill, "fill"), (options.roster, "roster"), (options.overrides, "overrides")):
        if path is not None:
            table = read_table(path, argument, options.column if argument == "fill" else "")
            if argument == "fill" and options.comments is not None:
                one_column(table, options.comments, "comments")
    found = find_submissions(options.submissions, lesson_names().values(), skip=options.out)
    check_again(options.again, found.submissions)
    level, meaning = level_in_force(options.require_isolation)
    settings = settings_for(options.out, options.seed, lessons, options.require_isolation, scheme.partial)
    learners, exercises = counted(len(found.submissions), "learner"), counted(len(items), "exercise")
    print(f"{learners}, {exercises}, seed {settings.seed}")
    print(f"isolation: {level} ({meaning})")
    if found.ignored and not options.anonymous:
        print(f"not looked at, since they are no notebooks: {shortened(found.ignored)}")
    for note in () if options.anonymous else found.notes:
        print(f"note: {note}")
    before, changes = 0, []
    with tqdm(total=len(found.submissions), unit="learner") as bar:
        for submission, was_done in mark_class(
            found.submissions, options.out, settings, options.jobs, options.again, changes
        ):
            before += was_done
            if not options.anonymous:
                bar.set_postfix_str(submission.learner[:20], refresh=False)
            bar.update()
    if before:
        print(f"{before} were marked before and had not changed" if not options.again else f"{before} keep their marks")
    facts = [
        f"Seed {settings.seed}: with --seed {settings.seed} the same files get the same marks.",
        f"Isolation: {level}, {meaning}.",
        *([] if options.anonymous else found.notes),
    ]
    wishes = Wishes(options.marking, options.overrides, options.roster, options.key, options.anonymous)
    names = records.file_names(found.submissions)
    written = write_reports(options.out, names, items, settings.seed, facts, wishes)
    told: Sequence[Change] = changes
    tell_changes(options, told)
    summary(options, written)
    if options.hand_back:
        hand_back(options, written)
    if options.fill is not None:
        fill_gradebook(options, written)
    print(f"reports: {options.out / 'index.html'}")


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


def tell_changes(options: argparse.Namespace, changes: Sequence["Change"]) -> None:  # noqa: F821
    """Which marks are others than in the run before, and why: in a table, and the first of them here."""
    from course_lib.grading.reports.tables import write_csv

    path = options.out / "changes.csv"
    path.unlink(missing_ok=True)
    if not changes:
        return
    who = ["somebody" if options.anonymous else one.learner for one in changes]
    rows = [[name, one.exercise, one.before, one.after, one.why] for name, one in zip(who, changes, strict=True)]
    write_csv(path, [["learner", "exercise", "before", "now", "why"], *rows])
    print(f"\n{counted(len(changes), 'mark')} changed, see {path}:")
    for name, one in zip(who[:10], changes, strict=False):
        print(f"  {name}, {one.exercise}: {one.before} -> {one.after}; {one.why}")


def summary(options: argparse.Namespace, written: "Written") -> None:  # noqa: F821
    from statistics import median

    from course_lib.grading.plain_text import shortened

    words = {"not attempted": "not attempted (not started)"}
    print("\nmarks given:")
    for status, count in sorted(written.statuses.items(), key=lambda pair: -pair[1]):
        print(f"{count:8} {words.get(status, status)}")
    totals = written.judged.totals
    points = sorted(total.points for total in totals)
    mean = sum(points) / max(1, len(points))
    of = sum(total.of for total in totals)
    print(
        f"points: {sum(points):g} of {of:g}; a learner has {points[0]:g} to {points[-1]:g}, {mean:.1f} on average, "
        f"{median(points):g} in the middle"
    )
    if written.judged.scheme.pass_mark is not None:
        print(f"passed: {sum(bool(total.passed) for total in totals)} of {len(totals)}")
    shown = written.judged.class_
    late = [one.learner for one, total in zip(shown, totals, strict=True) if one.late or total.days_late]
    if late:
        print(f"late: {shortened(late)}")
    if written.judged.absent:
        print(f"handed in nothing: {shortened([name for name, _ in written.judged.absent])}")
    troubled = [one.learner for one in shown if one.problems]
    if troubled:
        print(f"problems with files of {len(troubled)}: {shortened(troubled)}")
    for note in written.judged.notes[:20]:
        print(f"unclear: {note}")
    if written.similar:
        print(f"groups of like answers: {len(written.similar)}, see the report")


def hand_back(options: argparse.Namespace, written: "Written") -> None:  # noqa: F821
    from course_lib.grading.handing_back import write_feedback

    for platform, (path, count) in write_feedback(options.out, written.class_, written.pages).items():
        print(f"{path}: {counted(count, 'page')}, to be uploaded to {platform}")
    print(f"pages to be mailed, one a learner: {options.out / 'learners'}")


def fill_gradebook(options: argparse.Namespace, written: "Written") -> None:  # noqa: F821
    from course_lib.grading.handing_back import comment
    from course_lib.grading.plain_text import shortened
    from course_lib.grading.reports.gradebook import fill

    out = options.out / f"filled-{options.fill.name}"
    totals, class_ = written.judged.totals, written.class_
    comments = None
    if options.comments is not None:
        # Moodle takes its comments for HTML
        texts = [comment(one, total, one.kind == "moodle") for one, total in zip(class_, totals, strict=True)]
        comments = options.comments, texts
    filled = fill(
        options.fill,
        options.column,
        options.key,
        class_,
        out,
        totals=[(total.points, total.of) for total in totals],
        maximum=options.max,
        known=written.judged.known,
        comments=comments,
    )
    print(f"{out}: column {options.column!r} filled in {filled.count} rows")
    for note in filled.notes:
        print(f"  {note}")
    for what, names in (
        ("excused (EX), left as they are", filled.kept),
        ("filled, though not all of it could be read or marked: look at", filled.look_at),
        ("learners without a row", filled.missing),
        ("rows without a submission, left as they are", filled.nobody),
    ):
        if names:
            print(f"  {what}: {shortened(names)}")
    for one in filled.unclear:
        print(f"  unclear, so not filled: {one}")


def counted(count: int, what: str) -> str:
    return f"{count} {what}" + ("" if count == 1 else "s")
