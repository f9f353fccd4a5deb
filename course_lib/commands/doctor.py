"""python -m course_lib doctor: is this machine ready for the course?"""

import argparse

from course_lib.commands.options import add_subparser


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = add_subparser(subparsers, "doctor", run, "look whether this machine is ready, and say what to do")
    parser.add_argument("--no-speed", action="store_true", help="leave out the two seconds of training")


def run(options: argparse.Namespace) -> int:
    """Returns 1 if something will stop a learner, else 0."""
    from course_lib.doctor import check_up

    return 0 if check_up(speed=not options.no_speed) else 1
