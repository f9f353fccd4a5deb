"""`python -m course_lib.authoring build`: the notebooks, from the lessons. `... watch`: while you write.

`... book`: a web site to read. `... slides`: decks to speak with.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from course_lib.authoring.build import (
    build,
    orphans,
    outdated,
    outdated_generated,
    remove_orphans,
    select,
    shown,
    write_expert_copy,
    write_generated,
)
from course_lib.authoring.emblem import outdated_emblem, write_emblem
from course_lib.commands.surroundings import complain, in_any_terminal
from course_lib.files import local_path
from course_lib.shown_command import shown_command


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0, 1 if --check found something out of date, 2 for a request that cannot be met."""
    parser = argparse.ArgumentParser(prog="python -m course_lib.authoring", description="Make the notebooks.")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    command = subparsers.add_parser(
        "build",
        help="write notebooks/NN_name.ipynb and solutions/NN_name.ipynb from lessonNN/lesson.md, where out of date",
    )
    command.add_argument("--check", action="store_true", help="write nothing, name what is out of date")
    command.add_argument("--force", action="store_true", help="write and execute also what is up to date")
    command.add_argument(
        "--nbgrader", metavar="DIR", type=local_path, help="write nbgrader's source notebooks into DIR instead"
    )
    command.add_argument(
        "--expert",
        metavar="DIR",
        type=local_path,
        help="write learners' copies whose blanks have no step comments into DIR instead; links to the course's files "
        "work from a folder beside notebooks",
    )
    command.set_defaults(run=run_build)
    command = subparsers.add_parser("watch", help="write the notebooks whenever a file of a lesson is saved")
    command.set_defaults(run=run_watch)
    command = subparsers.add_parser("book", help="write the reading edition: all solutions as static pages with search")
    command.add_argument(
        "--out", metavar="DIR", type=local_path, default=Path("build/book"), help="default: build/book"
    )
    command.set_defaults(run=run_book)
    command = subparsers.add_parser("slides", help="write a deck a lesson: pages that open without a network")
    command.add_argument(
        "--out", metavar="DIR", type=local_path, default=Path("build/slides"), help="default: build/slides"
    )
    command.set_defaults(run=run_slides)
    for command in subparsers.choices.values():
        command.add_argument("lessons", nargs="*", help="such as 03; all by default")
    options = parser.parse_args(arguments)
    try:
        return options.run(options)
    except BrokenPipeError:
        raise
    except (ValueError, OSError) as error:
        return complain(str(error) or type(error).__name__)


def run_build(options: argparse.Namespace) -> int:
    sources = select(options.lessons)
    if options.check:
        gone, again = orphans(), shown_command("course_lib.authoring", "build")
        stale = [path for source in sources for path in outdated(source)] + outdated_emblem() + outdated_generated()
        for path in gone:
            print(f"{shown(path)} has no lesson any more: run {again}")
        for path in stale:
            print(f"{shown(path)} is out of date: run {again}")
        return 1 if gone or stale else 0
    if options.nbgrader is not None:
        from course_lib.authoring.nbgrader_flavour import write_assignment

        for source in sources:
            print(write_assignment(source, options.nbgrader))
        return 0
    if options.expert is not None:
        for source in sources:
            print(write_expert_copy(source, options.expert))
        return 0
    for source in sources:
        written = build(source, options.force)
        print(f"{source.name}: " + (", ".join(map(shown, written)) or "up to date"), flush=True)
    for path in remove_orphans():
        print(f"removed, since its lesson is gone: {shown(path)}")
    # the list of checksums comes last: the emblem is in it
    for path in [*write_emblem(), *write_generated()]:
        print(f"written: {shown(path)}")
    return 0


def run_watch(options: argparse.Namespace) -> int:
    from course_lib.authoring.watch import watch

    watch(options.lessons, lambda line: print(line, flush=True))
    return 0


def run_book(options: argparse.Namespace) -> int:
    from course_lib.authoring.reading_edition import write_reading_edition

    print(f"open {write_reading_edition(options.out, select(options.lessons))}")
    return 0


def run_slides(options: argparse.Namespace) -> int:
    from course_lib.authoring.deck import write_deck

    for source in select(options.lessons):
        print(f"open {write_deck(source, options.out)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(in_any_terminal(main))
