"""Which row of a table is whose. One learner has one row or none, one row one learner or none; what is unclear is said.

An identifier is compared with the column of its own kind: Canvas' number with Canvas' ID, Moodle's participant number
with the participants' column, a folder's name with logins and numbers of institutions. Where id and name contradict
each other, neither counts.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from course_lib.grading.marks import Graded
from course_lib.grading.plain_text import one_line, shortened
from course_lib.grading.reading.whose import from_platform
from course_lib.grading.reports.exported import (
    ADDRESSES,
    LOGINS,
    PARTICIPANTS,
    Table,
    one_column,
    people_of,
    plain,
    text_of,
    words_of,
)


@dataclass
class Matched:
    """What belongs to what.

    Attributes:
        row_of: learner -> row, both by number. unclear: sentences on who got none because two things are possible.
        contested: rows that may be the unclear ones'.
    """

    row_of: dict[int, int] = field(default_factory=dict)
    unclear: list[str] = field(default_factory=list)
    contested: set[int] = field(default_factory=set)


def match(
    table: Table, class_: Sequence[Graded], key: str, known: Mapping[int, Mapping[str, str]] | None = None
) -> Matched:
    """Find every learner's row.

    Args:
        key: "id", "email", or the name of a column.
        known: learner -> what a list of people says of them, by header; compared with columns of the same header.
    Raises: ValueError if the table has no column of that key.
    """
    known = known or {}
    columns = key_columns(table, key)
    if not columns and not any(known.values()):
        headers = ", ".join(table.rows[table.at])
        raise ValueError(f"key is {key!r}, and the table has no such column; allowed: one of its columns, {headers}")
    rows = list(people_of(table))
    matched = Matched()
    claims: dict[int, list[int]] = {}
    for number, graded in enumerate(class_):
        row, why, possible = row_for(table, rows, Wanted(graded, key, columns, known.get(number, {})))
        if row is not None:
            claims.setdefault(row, []).append(number)
        elif why:
            matched.unclear.append(f"{graded.learner}: {why}")
            matched.contested.update(possible)
    for row, learners in claims.items():
        if len(learners) == 1:
            matched.row_of[learners[0]] = row
        else:
            who = shortened([f"{class_[one].learner} ({class_[one].source})" for one in learners])
            matched.contested.add(row)
            matched.unclear.append(f"{who}: all fit the row {one_line(table.shown(row))!r}, and none got it")
    return matched


def key_columns(table: Table, key: str) -> list[int]:
    if key == "email":
        logins = {"sis login id", "login id", "username", "benutzername"}
        return sorted({*table.addresses, *table.columns(logins)})
    if key == "id":
        return sorted({*table.columns(LOGINS), *table.participants})
    return [one_column(table, key, "key")]


@dataclass(frozen=True)
class Wanted:
    """Whose row is looked for, and in which columns."""

    graded: Graded
    key: str
    columns: Sequence[int]
    known: Mapping[str, str]

    @property
    def kind(self) -> str:
        """Whose number it is, also for marks that were kept without it; "" where nobody knows."""
        if self.graded.kind:
            return self.graded.kind
        whose = from_platform(self.graded.source)
        return whose.kind if whose is not None else ""

    def texts(self, table: Table, column: int) -> set[str]:
        """What would stand in this column in the learner's row."""
        header = table.header[column]
        if self.known:
            return {plain(self.known[header])} - {""} if header in self.known else set()
        graded, kind = self.graded, self.kind
        numbers, names = {graded.number}, {graded.learner, graded.source}
        if kind == "":
            found = numbers | names
        elif kind == "folder":
            found = names
        elif self.key == "email" or kind not in ("canvas", "moodle"):
            found = set()
        elif kind == "canvas":
            asked_for = self.key != "id" and header not in (LOGINS | PARTICIPANTS | ADDRESSES) - {"user id"}
            found = numbers if header == "id" or asked_for else set()
        else:
            asked_for = self.key != "id" and header not in (LOGINS | ADDRESSES) - PARTICIPANTS - {"id"}
            found = numbers if column in table.participants or asked_for else set()
        return {plain(text) for text in found} - {""}

    @property
    def name(self) -> str:
        """The name that a platform or a list of people gives; a folder may be called anything."""
        if self.known:
            return self.known.get("", "")
        return self.graded.learner if self.kind in ("canvas", "moodle") else ""


def row_for(table: Table, rows: Sequence[int], wanted: Wanted) -> tuple[int | None, str, list[int]]:
    """The one row, or None, why it is unclear ("" where there is just none), and which rows it might be."""
    found = by_key(table, rows, wanted)
    named = [row for row in rows if fits_name(wanted.name or wanted.graded.learner, table.names(row), wanted.kind)]
    if len(found) > 1:
        return None, f"fits several rows, {told(table, found)}", found
    if found:
        (row,) = found
        others = [one for one in named if one != row]
        if wanted.name and row not in named:
            strange = table.name_columns and any(table.names(row)) and not shares_a_name(wanted.name, table.names(row))
            if others or strange:
                also = f", the name {told(table, others)}" if others else ""
                return None, f"the number means {told(table, found)}{also}", found + others
        return row, "", found
    if len(named) > 1:
        return None, f"{len(named)} rows bear that name, {told(table, named)}", named
    if named and numbered_otherwise(table, named[0], wanted):
        return None, f"the name means {told(table, named)}, which has another number", named
    return (named[0], "", named) if named else (None, "", [])


def told(table: Table, rows: Sequence[int]) -> str:
    return shortened([f"row {row + 1} ({table.shown(row)})" for row in rows], 4)


def by_key(table: Table, rows: Sequence[int], wanted: Wanted) -> list[int]:
    """Rows by identifier: to the letter, else without zeros in front, which spreadsheets take away."""
    for same in (lambda text: text, without_zeros):
        found = []
        for row in rows:
            for column in wanted.columns:
                cell = cell_as_key(table, row, column, wanted.key)
                texts = {same(text) for text in wanted.texts(table, column)}
                alone = cell.partition("@")[0] if wanted.key == "email" and "@" in cell else cell
                # folders are often called after what stands before the @
                if cell and (same(cell) in texts or alone in texts):
                    found.append(row)
                    break
        if found:
            return found
    return []


def cell_as_key(table: Table, row: int, column: int, key: str) -> str:
    text = plain(text_of(table.cell(row, column)))
    if column in table.participants and key != "email":
        number = re.fullmatch(r"\D+(\d{1,18})", text)
        return number[1] if number and re.search(r"[^\W\d_]", text) else text
    return text


def without_zeros(text: str) -> str:
    return text.lstrip("0") or "0" if text.isascii() and text.isdigit() else text


def numbered_otherwise(table: Table, row: int, wanted: Wanted) -> bool:
    """Whether a row bears another number of the very kind that the learner has."""
    if wanted.known or wanted.kind not in ("canvas", "moodle") or not wanted.graded.number:
        return False
    those = [column for column in range(len(table.header)) if Wanted(wanted.graded, "id", (), {}).texts(table, column)]
    return any(table.cell(row, column) for column in those)


def fits_name(name: str, candidates: Sequence[str], kind: str = "") -> bool:
    """Whether a name is one of these, in whatever order its words stand; Canvas writes it as one word."""
    words = words_of(name)
    if not words:
        return False
    joined = "".join(words)
    for one in candidates:
        theirs = words_of(one)
        turned = ("".join(theirs[at:] + theirs[:at]) for at in range(len(theirs)))
        if sorted(theirs) == sorted(words) or (kind == "canvas" and len(theirs) > 1 and joined in turned):
            return True
    return False


def shares_a_name(name: str, candidates: Sequence[str]) -> bool:
    """Whether any word of a name stands in one of these: people marry, and have second names."""
    joined, words = "".join(words_of(name)), set(words_of(name))
    theirs = [word for one in candidates for word in words_of(one)]
    return any(word in words or (len(word) > 2 and word in joined) for word in theirs)


def as_known(table: Table, row: int) -> dict[str, str]:
    """What a row says of somebody, by header; their name under ""."""
    said = {table.header[n]: table.cell(row, n) for n in range(len(table.header)) if table.cell(row, n)}
    names = table.names(row) if table.name_columns else []
    return {**said, "": names[0] if names else ""}
