"""The command line: python -m course_lib COMMAND; without a command it lists them."""

import argparse
import sys
from collections.abc import Sequence

from course_lib.commands import doctor, evaluate, export, grade, notebooks, progress, sample, shapes, train
from course_lib.commands.surroundings import complain, in_any_terminal


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns 0, 1 if the doctor found a problem, 2 after printing what was wrong with the request."""
    parser = argparse.ArgumentParser(prog="python -m course_lib", description="A diffusion UNet, built and trained.")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (shapes, train, sample, evaluate, export, grade, doctor, progress, notebooks):
        command.add_parser(subparsers)
    options = parser.parse_args(arguments)
    try:
        return options.run(options) or 0
    except BrokenPipeError:  # whoever read has gone (`| head`): see in_any_terminal
        raise
    except (ValueError, FloatingPointError, OSError) as error:
        return complain(str(error) or type(error).__name__)
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(in_any_terminal(main))
