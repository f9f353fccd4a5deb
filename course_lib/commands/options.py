"""What the commands' options have in common."""

import argparse
import math
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


def finite_number(text: str) -> float:
    """Read a number that is neither infinite nor "nan"."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text!r} is not a finite number such as 1.5")
    return value


def numbers(text: str) -> tuple[float, ...]:
    """Read "1,1.5,2" as (1.0, 1.5, 2.0)."""
    try:
        return tuple(finite_number(part) for part in text.split(","))
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of finite numbers such as 1,1.5,2") from None
