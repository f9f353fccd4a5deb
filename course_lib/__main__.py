"""The command line: python -m course_lib shapes | train | sample | evaluate | grade | doctor | progress."""

import argparse
import contextlib
import os
import sys
from collections.abc import Sequence

from course_lib.commands import doctor, evaluate, grade, progress, sample, shapes, train


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns 0, 1 if the doctor found a problem, 2 after printing what was wrong with the request."""
    parser = argparse.ArgumentParser(prog="python -m course_lib", description="A diffusion UNet, built and trained.")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (shapes, train, sample, evaluate, grade, doctor, progress):
        command.add_parser(subparsers)
    make_output_tolerant()
    options = parser.parse_args(arguments)
    try:
        status = options.run(options) or 0
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        # whoever read has gone (`| head`): what was worth keeping is stored before it is shown
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return complain("the output was closed before everything had been shown")
    except (ValueError, FloatingPointError, OSError) as error:
        return complain(str(error) or type(error).__name__)
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        return 130


def complain(text: str) -> int:
    """Say what was wrong, where anybody can still read it, and give the exit status."""
    with contextlib.suppress(OSError, AttributeError, ValueError):
        print(f"error: {text}", file=sys.stderr, flush=True)
    return 2


def make_output_tolerant() -> None:
    """A terminal that knows no "é" is no reason to lose what a command has found: such letters are written as codes."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError, OSError):
            stream.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    sys.exit(main())
