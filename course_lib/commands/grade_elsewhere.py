"""grade on several machines, and on those of others: parts become one report, services are given what they run."""

import argparse
import random
import tempfile
from pathlib import Path

from course_lib.commands.grade import check_tables, facts_told, lessons_of, wishes_of
from course_lib.commands.grade_telling import counted, tell
from course_lib.grading import parts
from course_lib.grading.reading.catalogue import catalogue
from course_lib.grading.reports.tables import tidy
from course_lib.grading.reports.write import write_reports
from course_lib.grading.sandbox.isolation import LEVELS
from course_lib.grading.scheme import read_scheme
from course_lib.grading.services.carried import Carried
from course_lib.grading.services.classroom import write_workflow
from course_lib.grading.services.gradescope import write_autograder
from course_lib.grading.whole_class import settings_for


def merge(options: argparse.Namespace) -> None:
    """One report of several parts, the same that marking all at once would have made."""
    done = parts.read_parts(options.merge)
    first = done[0]
    lessons, seed = tuple(first.settings["lessons"]), first.settings["seed"]
    if options.lessons and sorted(lessons_of(options)) != sorted(lessons):
        raise ValueError(f"lessons is {options.lessons!r}; allowed: those of the parts, or none given")
    items = catalogue(lessons)
    with tempfile.TemporaryDirectory() as folder:
        marked_with = Path(folder) / "marking.toml"
        marked_with.write_text(str(first.settings["marking"]), encoding="utf-8")
        partial = read_scheme(marked_with, items).partial
        if options.marking is None:
            options.marking = marked_with
        elif read_scheme(options.marking, items).partial != partial:
            raise ValueError(
                f"{options.marking}: partial is another than in the parts; allowed: {str(partial).lower()}"
            )
        check_tables(options)
        parts.merge_marks(done, options.out)
        settings_for(options.out, seed, lessons, options.require_isolation, partial)
        print(f"{counted(len(first.names), 'learner')}, {counted(len(items), 'exercise')}, seed {seed}")
        facts = facts_told(seed, parts.levels_told(done), first.notes, options.anonymous)
        tell(options, write_reports(options.out, first.names, items, seed, facts, wishes_of(options)))


def write_for_others(options: argparse.Namespace) -> None:
    """What Gradescope and GitHub Classroom are given."""
    if options.require_isolation not in LEVELS:
        raise ValueError(f"require-isolation is {options.require_isolation!r}; allowed: {', '.join(LEVELS)}")
    lessons = lessons_of(options)
    items = catalogue(lessons)
    scheme = read_scheme(options.marking, items)
    points = tidy(scheme.full_points(items))
    with_files = f", with {options.marking}" if options.marking else ""
    check_tables(options)
    if options.classroom is not None:
        carried = Carried(lessons, options.require_isolation, options.seed, options.marking)
        for path in write_workflow(options.classroom, carried, items):
            print(path)
        print(f"{len(items)} exercises, {points} points{with_files}")
        return

    # the same inputs for everybody
    seed = random.SystemRandom().randrange(2**31) if options.seed is None else options.seed
    carried = Carried(lessons, options.require_isolation, seed, options.marking, options.overrides)
    write_autograder(options.autograder, carried)
    print(f"{options.autograder}: {len(items)} exercises, seed {seed}{with_files}")
    print(f"In Gradescope, the assignment is worth {points} points.")
