"""What the services run: python -m course_lib.grading.services gradescope ROOT, or classroom SUBMISSION."""

import argparse
import os
import sys

from course_lib.files import local_path


def main() -> int:
    """Returns 0, or 2 after a sentence on what cannot be met."""
    parser = argparse.ArgumentParser(prog="python -m course_lib.grading.services")
    ways = parser.add_subparsers(dest="way", required=True)
    ways.add_parser("gradescope", help="mark in Gradescope's container").add_argument("root", type=local_path)
    ways.add_parser("classroom", help="mark on GitHub's runner").add_argument("submission", type=local_path)
    options = parser.parse_args()
    # the networks are tiny, and threads of several processes would wait for each other
    os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")
    try:
        run(options)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def run(options: argparse.Namespace) -> None:
    if options.way == "gradescope":
        from course_lib.grading.services.gradescope import mark_in_container

        mark_in_container(options.root)
    else:
        from course_lib.grading.services.classroom import mark_in_runner

        mark_in_runner(options.submission)


if __name__ == "__main__":
    sys.exit(main())
