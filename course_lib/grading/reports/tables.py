"""Tables as spreadsheets open them: every letter right, and no cell a formula."""

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path

from course_lib.files import write_atomically
from course_lib.grading.plain_text import visible

# what makes a spreadsheet take a cell for a formula, at the start or behind what another country's cells end with
FORMULA = re.compile(r"(^ *|[;,|] *)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")
STARTS = tuple("=+-@\uff1d\uff0b\uff0d\uff20\t\r")
NUMBER = re.compile(r"[+-]?(?:\d+(?:[.,]\d+)*|[.,]\d+)(?:[eE][+-]?\d+)? ?%?")
# ="00123", as spreadsheets keep a number's zeros: a text, and no formula that could do anything
KEPT_TEXT = re.compile(r'="[^"]*"')
SPACE = re.compile(r"\s")
NO_GRADE = "-"  # what Moodle writes where there is none


def safe_cell(value: object) -> str:
    """A cell that no spreadsheet takes for a formula. Numbers stay as they are.

    >>> safe_cell('=HYPERLINK("x")'), safe_cell("-3.5"), safe_cell("Ann; =1+1")
    ('\\'=HYPERLINK("x")', '-3.5', "Ann; '=1+1")
    """
    text = SPACE.sub(" ", visible(str(value)))
    return text if is_plain(text) else FORMULA.sub(r"\1'", text)


def guarded_cell(cell: str) -> str:
    """As `safe_cell`, but what is no formula stays to the letter: the file must be taken back where it came from."""
    if is_plain(cell) or not cell.lstrip().startswith(STARTS) or KEPT_TEXT.fullmatch(cell.strip()):
        return cell
    return f"'{cell}"


def is_plain(cell: str) -> bool:
    """Empty, a number, or Moodle's sign for no grade."""
    text = cell.strip()
    return text in ("", NO_GRADE) or NUMBER.fullmatch(text) is not None


def to_csv(rows: Sequence[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([safe_cell(cell) for cell in row] for row in rows)
    return text.getvalue()


def write_csv(path: Path, rows: Sequence[Sequence[object]]) -> None:
    """Write a table that a spreadsheet opens with every letter right: it takes UTF-8 for such only behind its mark."""
    data = to_csv(rows).encode("utf-8-sig", "replace")
    write_atomically(path, lambda temporary: temporary.write_bytes(data))


def tidy(number: float) -> int | float:
    """1.0 as 1, and no more digits than anybody reads."""
    rounded = round(number, 3)
    return int(rounded) if rounded == int(rounded) else rounded
