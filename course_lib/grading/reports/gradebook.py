"""A gradebook exported from elsewhere, with one column filled in: everybody's grade in their own row, or in none."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from course_lib.files import write_atomically
from course_lib.grading.marks import Graded
from course_lib.grading.reports.exported import MAXIMA, Table, one_column, people_of, read_table
from course_lib.grading.reports.matching import key_columns, match
from course_lib.grading.reports.tables import guarded_cell

# what a learner's grade may be too low for, through no fault of theirs
TO_LOOK_AT = ("unreadable", "marking error", "not followed")


class Filled(NamedTuple):
    """What became of a gradebook.

    Attributes:
        count: rows filled; missing: learners without a row; nobody: rows without a learner, left as they are.
        unclear: sentences on learners who might have had several rows, and got none.
        look_at: learners whose files could not all be read or marked, and whose grade was filled in all the same.
        kept: rows that Canvas excuses (EX), left as they are; notes: sentences on the scale.
    """

    count: int
    missing: list[str]
    nobody: list[str]
    unclear: list[str]
    look_at: list[str]
    kept: list[str]
    notes: list[str]


def fill(
    exported: Path,
    column: str,
    key: str,
    class_: Sequence[Graded],
    out: Path,
    *,
    totals: Sequence[tuple[float, float]] | None = None,
    maximum: float | None = None,
    known: Mapping[int, Mapping[str, str]] | None = None,
    comments: tuple[str, Sequence[str]] | None = None,
) -> Filled:
    """Write a copy of an exported gradebook with one column filled in; no other cell changes, except formulas.

    A grade is points, scaled to `maximum`, else to the column's own where the file says one (Canvas' row "Points
    Possible", Moodle's column "Maximum Grade").

    Args:
        column: the header of the column, or the beginning of it if only one begins so.
        key: "email", "id" or a column's name: by what learners and rows are matched.
        totals: points, and points possible, of each learner; by default a point an exercise.
        known: see `match`. comments: another column to fill, and each learner's text.
    Raises: ValueError if the file is no such gradebook.
    """
    table = read_table(exported, "fill", column)
    place = one_column(table, column, "column")
    matched = match(table, class_, key, known)
    recognised_by = {one for by in (key, "id", "email") for one in key_columns(table, by)}
    if place in recognised_by | {n for names in table.name_columns for n in names}:
        raise ValueError(f"column is {column!r}, by which rows are recognised; allowed: a column of grades")
    if totals is None:
        totals = [(graded.points, len(graded.results)) for graded in class_]
    maxima = Maxima(table, place, maximum)
    comment_place = None if comments is None else one_column(table, comments[0], "comments")
    replaced = 0
    kept, look_at = [], []
    learner_of = {row: learner for learner, row in matched.row_of.items()}
    for row, learner in sorted(learner_of.items()):
        cells = table.rows[row]
        cells.extend([""] * (place + 1 - len(cells)))
        if cells[place].strip().casefold() == "ex":
            kept.append(table.shown(row))
            continue
        written = grade(*totals[learner], maxima.of(row), maxima.comma)
        replaced += cells[place].strip() not in ("", "-", written)
        cells[place] = written
        if comment_place is not None:
            cells.extend([""] * (comment_place + 1 - len(cells)))
            cells[comment_place] = comments[1][learner]
        if not is_sound(class_[learner]):
            look_at.append(class_[learner].learner)
    text = io.StringIO(newline="")
    csv.writer(text, table.dialect).writerows([guarded_cell(cell) for cell in row] for row in table.rows)
    data = (table.mark + text.getvalue()).encode(table.encoding, "replace")
    write_atomically(out, lambda temporary: temporary.write_bytes(data))
    notes = [maxima.note] + ([f"{replaced} cells held another grade before"] if replaced else [])
    nobody = [table.shown(row) for row in people_of(table) if row not in learner_of]
    missing = [graded.learner for number, graded in enumerate(class_) if number not in matched.row_of]
    return Filled(len(learner_of) - len(kept), missing, nobody, matched.unclear, look_at, kept, notes)


def is_sound(graded: Graded) -> bool:
    """Whether all that was handed in could be read and marked."""
    return not graded.problems and not any(result.mark.status in TO_LOOK_AT for result in graded.results)


class Maxima:
    """What a column's grades are scaled to, row by row, and how the file writes numbers."""

    def __init__(self, table: Table, place: int, asked_for: float | None) -> None:
        self.table, self.asked_for, self.row_of_maxima = table, asked_for, None
        self.column = maximum_column(table, place)
        for row in table.people[:5]:
            if table.is_maxima(row) and number_of(table.cell(row, place)) is not None:
                self.row_of_maxima = number_of(table.cell(row, place))
                break
        cells = [table.cell(row, n) for row in table.people for n in {place, self.column} - {None}]
        numbers = [cell for cell in cells if number_of(cell) is not None]
        semicolons = table.dialect.delimiter == ";" and not any("." in cell for cell in numbers)
        self.comma = any("," in cell for cell in numbers) or semicolons

    @property
    def note(self) -> str:
        if self.asked_for is not None:
            return f"scaled to {self.asked_for:g}, as asked for"
        if self.row_of_maxima is not None:
            return f"scaled to {self.row_of_maxima:g}, the file's points possible"
        if self.column is not None:
            return f"scaled to the file's column {self.table.rows[self.table.at][self.column].strip()!r}"
        return "the file states no maximum: points as they are. --max N scales them"

    def of(self, row: int) -> float | None:
        if self.asked_for is not None:
            return self.asked_for
        return self.row_of_maxima if self.column is None else number_of(self.table.cell(row, self.column))


def maximum_column(table: Table, place: int) -> int | None:
    """Moodle's "Maximum Grade", by its name, or by being one number all the way down, right behind the grades."""
    known = table.columns(MAXIMA)
    if known:
        return known[0]
    cells = {table.cell(row, place + 1) for row in people_of(table)}
    constant = len(cells) == 1 and (number_of(next(iter(cells))) or 0) > 0
    return place + 1 if constant and table.participants and not table.is_canvas else None


def number_of(cell: str) -> float | None:
    """A number as people write it: "1,234.50", "1.234,50", "10,5"."""
    text = cell.strip().replace(" ", "").replace("\u00a0", "")
    if "," in text and "." in text:
        text = text.replace("." if text.rfind(",") > text.rfind(".") else ",", "")
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        return None
    return number if abs(number) < 1e9 else None


def grade(points: float, whole: float, maximum: float | None, comma: bool = False) -> str:
    scaled = points / whole * maximum if maximum and whole else points
    text = f"{scaled:.2f}".rstrip("0").rstrip(".")
    return text.replace(".", ",") if comma else text
