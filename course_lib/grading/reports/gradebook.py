"""The marks as tables: grades.csv for people, grades.json for programs, and a gradebook exported from elsewhere."""

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path

from course_lib.files import write_text
from course_lib.grading.marks import Graded, Mark
from course_lib.grading.reading.catalogue import Item

# what makes a spreadsheet take a cell for a formula, at the start or behind what another country's cells end with
FORMULA = re.compile(r"(^\s*|[;,\t|]\s*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")
NUMBER = re.compile(r"^\s*[+-]?(?:\d+(?:[.,]\d+)*|[.,]\d+)(?:[eE][+-]?\d+)?\s*%?\s*$")
NO_GRADE = "-"  # what Moodle writes where there is none


def safe_cell(value: object) -> str:
    """A cell that no spreadsheet takes for a formula. Numbers stay as they are.

    >>> safe_cell('=HYPERLINK("x")'), safe_cell("-3.5"), safe_cell("Ann; =1+1")
    ('\\'=HYPERLINK("x")', '-3.5', "Ann; '=1+1")
    """
    text = str(value)
    text = "".join(" " if character in "\t\r\n\v\f\0" else character for character in text)
    if NUMBER.match(text) or text.strip() == NO_GRADE:
        return text
    return FORMULA.sub(r"\1'", text)


def to_csv(rows: Sequence[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([safe_cell(cell) for cell in row] for row in rows)
    return text.getvalue()


def write_grades_csv(path: Path, class_: Sequence[Graded], items: Sequence[Item]) -> None:
    """One row a learner: 1 or 0 for every exercise, the sum, and in words what did not pass."""
    names = [item.name for item in items]
    rows: list[list[object]] = [["learner", "id", "points", "of", *names, "not passed", "problems with files"]]
    for graded in class_:
        cells = [int(result.mark.status == "passed") for result in graded.results]
        words = [in_words(result.mark) for result in graded.results if result.mark.status != "passed"]
        rows.append(
            [
                graded.learner,
                graded.number,
                graded.points,
                len(cells),
                *cells,
                " · ".join(words),
                " · ".join(graded.problems),
            ]
        )
    write_text(path, to_csv(rows))


def in_words(mark: Mark) -> str:
    return f"{mark.exercise}: {mark.status}" + (f" ({mark.misconception})" if mark.misconception else "")


# ---- a gradebook exported from Canvas or Moodle ----

ID_COLUMNS = (
    "id",
    "sis user id",
    "sis login id",
    "id number",
    "identifier",
    "student id",
    "username",
    "login id",
    "user id",
    "idnumber",
)
EMAIL_COLUMNS = ("email", "email address", "e-mail", "mail", "sis login id", "login id", "username")
MAXIMUM_COLUMNS = ("maximum grade", "maximum", "max points")


def fill(
    exported: Path, column: str, key: str, class_: Sequence[Graded], out: Path
) -> tuple[int, list[str], list[str]]:
    """Write a copy of an exported gradebook with one column filled in; no other cell changes, except formulas.

    A grade is points, scaled to the column's maximum where the file says one (Canvas' row "Points Possible", Moodle's
    column "Maximum Grade").

    Args:
        column: the header of the column, or the beginning of it if only one begins so.
        key: "email" or "id": by what learners and rows are matched.
    Returns: the number of rows filled, learners without a row, and rows without a learner.
    Raises: ValueError if the file is no such gradebook.
    """
    text, encoding, dialect = read_csv_text(exported)
    rows = list(csv.reader(io.StringIO(text, newline=""), dialect))
    if not rows:
        raise ValueError(f"fill is {exported}, which is empty; allowed: a gradebook exported as CSV")
    header = next((number for number, row in enumerate(rows[:5]) if find_column(row, column) is not None), None)
    if header is None:
        raise ValueError(f"column is {column!r}; allowed: {', '.join(repr(name) for name in rows[0])}")
    place = find_column(rows[header], column)
    columns = [name.strip().casefold() for name in rows[header]]
    wanted = EMAIL_COLUMNS if key == "email" else ID_COLUMNS
    key_places = [number for number, name in enumerate(columns) if name in wanted]
    if not key_places:
        raise ValueError(f"key is {key!r}, and {exported.name} has no such column; it has {', '.join(rows[header])}")
    by_key = learners_by_key(class_, key)
    whole = max((len(graded.results) for graded in class_), default=0)
    possible = canvas_maximum(rows, place)
    maximum_place = next((number for number, name in enumerate(columns) if name in MAXIMUM_COLUMNS), None)

    filled: set[int] = set()
    nobody: list[str] = []
    count = 0
    for row in rows[header + 1 :]:
        if len(row) <= max(key_places) or is_canvas_extra(row):
            continue
        matches = {found for number in key_places for found in by_key.get(key_of(row[number], key), ())}
        if len(matches) != 1:
            matches = matches or by_name(row, columns, class_)
        if len(matches) != 1:
            nobody.append(" ".join(cell for cell in row[:2] if cell).strip())
            continue
        (learner,) = matches
        maximum = possible
        if maximum_place is not None and maximum_place < len(row):
            maximum = number_of(row[maximum_place])
        row.extend([""] * (place + 1 - len(row)))
        row[place] = grade(class_[learner].points, whole, maximum)
        filled.add(learner)
        count += 1
    written = io.StringIO(newline="")
    csv.writer(written, dialect).writerows([guarded_cell(cell) for cell in row] for row in rows)
    out.parent.mkdir(parents=True, exist_ok=True)
    write_encoded(out, written.getvalue(), encoding)
    missing = [graded.learner for number, graded in enumerate(class_) if number not in filled]
    return count, missing, nobody


def guarded_cell(cell: str) -> str:
    """As `safe_cell`, but what is no formula stays to the letter: the file must be taken back where it came from."""
    text = cell.lstrip()
    if not text or NUMBER.match(cell) or text.strip() == NO_GRADE or text[0] not in "=+-@\uff1d\uff0b\uff0d\uff20\t\r":
        return cell
    return f"'{cell}"


def read_csv_text(path: Path) -> tuple[str, str, type[csv.Dialect]]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ValueError(f"fill is {path}, which cannot be opened ({error.strerror})") from None
    marked = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
    begins = [name for mark, name in marked.items() if data.startswith(mark)]
    for encoding in (*begins, "utf-8", "cp1252"):
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise ValueError(f"fill is {path}, which is no text; allowed: a gradebook exported as CSV")
    first = text.partition("\n")[0]

    class Dialect(csv.excel):
        delimiter = max(",;\t", key=first.count)
        lineterminator = "\r\n" if "\r\n" in text else "\n"

    return text, encoding, Dialect


def write_encoded(path: Path, text: str, encoding: str) -> None:
    from course_lib.files import write_atomically

    write_atomically(path, lambda temporary: temporary.write_bytes(text.encode(encoding, "replace")))


def find_column(header: Sequence[str], name: str) -> int | None:
    wanted = name.strip().casefold()
    names = [cell.strip().casefold() for cell in header]
    if wanted in names:
        return names.index(wanted)
    # Canvas adds its number: "Lesson 3 (123456)"
    begins = [number for number, cell in enumerate(names) if wanted and cell.startswith(wanted)]
    return begins[0] if len(begins) == 1 else None


def key_of(cell: str, key: str) -> str:
    text = cell.strip().strip("'").casefold()
    return re.sub(r"^participant\s+", "", text) if key == "id" else text


def learners_by_key(class_: Sequence[Graded], key: str) -> dict[str, set[int]]:
    """For every text that may stand in the key's column, which learners it may mean."""
    found: dict[str, set[int]] = {}
    for number, graded in enumerate(class_):
        for text in {graded.number, graded.learner, graded.source}:
            if text:
                found.setdefault(key_of(text, key), set()).add(number)
    if key == "email":
        # folders are often called after what stands before the @
        found = AddressKeys(found)
    return found


class AddressKeys(dict):
    """Looks an address up as a whole, then by what stands before the @."""

    def get(self, address: str, default=()):
        return dict.get(self, address) or dict.get(self, address.partition("@")[0], default)


def by_name(row: Sequence[str], columns: Sequence[str], class_: Sequence[Graded]) -> set[int]:
    """The only learner of a row's full name, if there is just one: Moodle's folders carry names, its gradebook numbers
    of another kind."""

    def cell(*names: str) -> str:
        return next((row[number] for number, name in enumerate(columns) if name in names and number < len(row)), "")

    full = cell("full name", "student", "name") or f"{cell('first name')} {cell('last name', 'surname')}"
    words = sorted(re.findall(r"\w+", full.casefold()))
    found = {
        number
        for number, graded in enumerate(class_)
        if words and sorted(re.findall(r"\w+", graded.learner.casefold())) == words
    }
    return found if len(found) == 1 else set()


def is_canvas_extra(row: Sequence[str]) -> bool:
    return row[0].strip().casefold() in ("points possible", "student, test")


def canvas_maximum(rows: Sequence[Sequence[str]], place: int) -> float | None:
    for row in rows[:5]:
        if row and row[0].strip().casefold() == "points possible" and place < len(row):
            return number_of(row[place])
    return None


def number_of(cell: str) -> float | None:
    try:
        return float(cell.strip().replace(",", "."))
    except ValueError:
        return None


def grade(points: int, whole: int, maximum: float | None) -> str:
    if not maximum or not whole:
        return str(points)
    return f"{points / whole * maximum:.2f}".rstrip("0").rstrip(".")
