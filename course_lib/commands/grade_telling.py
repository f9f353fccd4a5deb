"""What python -m course_lib grade says and writes once a class is marked."""

import argparse
from collections.abc import Sequence
from statistics import median

from course_lib.grading.handing_back import comment, write_feedback
from course_lib.grading.plain_text import shortened
from course_lib.grading.reports.gradebook import fill
from course_lib.grading.reports.tables import write_csv
from course_lib.grading.reports.write import Written
from course_lib.grading.whole_class import Change


def tell_changes(options: argparse.Namespace, changes: Sequence[Change]) -> None:
    """Which marks are others than in the run before, and why: in a table, and the first of them here."""
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


def summary(options: argparse.Namespace, written: Written) -> None:
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


def tell(options: argparse.Namespace, written: Written, changes: Sequence[Change] = ()) -> None:
    """Which marks changed, the summary, and whatever was asked for to be handed back."""
    tell_changes(options, changes)
    summary(options, written)
    if options.hand_back:
        hand_back(options, written)
    if options.fill is not None:
        fill_gradebook(options, written)
    print(f"reports: {options.out / 'index.html'}")


def hand_back(options: argparse.Namespace, written: Written) -> None:
    for platform, (path, count) in write_feedback(options.out, written.class_, written.pages).items():
        print(f"{path}: {counted(count, 'page')}, to be uploaded to {platform}")
    print(f"pages to be mailed, one a learner: {options.out / 'learners'}")


def fill_gradebook(options: argparse.Namespace, written: Written) -> None:
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
