"""What learners write, as it may be shown: nothing in it steers a terminal, turns the reading direction, or hides."""

import unicodedata

from course_lib.visible_text import visible

LONGEST_NAME = 120


def one_line(text: str) -> str:
    """On one line, spaces together, otherwise as `visible`."""
    return " ".join(visible(" ".join(text.split())).split())


def shown_name(name: str) -> str:
    """A learner's name for showing: one line, one kind of accents, not too long. No key: several may look the same."""
    name = one_line(unicodedata.normalize("NFC", name[: 4 * LONGEST_NAME]))
    return (name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 3]}...") or "unnamed"


def shortened(names: list[str], most: int = 8) -> str:
    """The first names of a list, safe for a terminal."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(one_line(name) for name in names[:most]) + more
