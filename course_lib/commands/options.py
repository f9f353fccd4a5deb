"""What the commands' options have in common."""

import argparse
from collections.abc import Callable


def add_subparser(
    subparsers: argparse._SubParsersAction, name: str, run: Callable[[argparse.Namespace], None], summary: str
) -> argparse.ArgumentParser:
    """Add the command `name`, which calls `run` with the parsed options."""
    parser = subparsers.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".")
    parser.set_defaults(run=run)
    return parser


def whole_numbers(text: str) -> tuple[int, ...]:
    """Read "1,2,4" as (1, 2, 4), and "" or "none" as ()."""
    if text.strip().lower() in ("", "none"):
        return ()
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of whole numbers such as 1,2,4") from None


def numbers(text: str) -> tuple[float, ...]:
    """Read "1,1.5,2" as (1.0, 1.5, 2.0)."""
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of numbers such as 1,1.5,2") from None
