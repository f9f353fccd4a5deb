"""python -m course_lib progress: where am I in the course?"""

import argparse

from course_lib.commands.options import add_subparser


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    add_subparser(subparsers, "progress", run, "say what you have passed and tried, and what comes next")


def run(options: argparse.Namespace) -> None:
    from course_lib.progress.report import read_progress, report

    print(report(read_progress()))
