"""Read a learner's notebook: its code cells. What they printed is never looked at."""

import json
import re
from dataclasses import dataclass

MAX_BYTES = 32_000_000
MAX_CELLS = 5_000
MAX_CELL_CHARACTERS = 200_000
# a whole lesson has about 15,000
MAX_CODE_CHARACTERS = 500_000

LESSON = re.compile(r"(?<!\d)(\d\d)_[a-z]")


@dataclass(frozen=True)
class CodeCell:
    """One code cell.

    Attributes:
        source: its text, with one kind of line end.
        exercise: the exercise that its metadata says it is for, "ResidualBlock"; "" where they say nothing.
    """

    source: str
    exercise: str = ""


@dataclass(frozen=True)
class Notebook:
    """A notebook's name, the lesson it belongs to (two digits, "" where that is not known), and its code cells."""

    name: str
    lesson: str
    cells: tuple[CodeCell, ...]


def read_notebook(name: str, data: bytes) -> Notebook:
    """Read a notebook of nbformat 4.0 to 4.5, whichever editor saved it.

    Raises: ValueError that says in a few words why it cannot be read.
    """
    if len(data) > MAX_BYTES:
        raise ValueError(f"larger than {MAX_BYTES // 10**6} MB: clear its outputs and save it again")
    if not data.strip():
        raise ValueError("the file is empty")
    content = parsed(data)
    if not isinstance(content, dict):
        raise ValueError("not a notebook: its content is no notebook's")
    if isinstance(content.get("worksheets"), list):
        raise ValueError("a notebook of nbformat 3: open it in a current Jupyter and save it again")
    cells = content.get("cells")
    if not isinstance(cells, list):
        raise ValueError("not a notebook: it has no cells")
    if len(cells) > MAX_CELLS:
        raise ValueError(f"{len(cells):,} cells; allowed: at most {MAX_CELLS:,}")
    found = [code_cell(cell) for cell in cells if isinstance(cell, dict) and cell.get("cell_type") == "code"]
    total = sum(len(cell.source) for cell in found)
    if total > MAX_CODE_CHARACTERS:
        raise ValueError(f"{total:,} characters of code; allowed: at most {MAX_CODE_CHARACTERS:,}")
    return Notebook(name, lesson_of(name, content), tuple(found))


def parsed(data: bytes) -> object:
    try:
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("not a notebook: its bytes are not text") from None
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        if not text.lstrip().startswith("{"):
            raise ValueError("not a notebook: it does not begin as one") from None
        raise ValueError(f"cut off or damaged at line {error.lineno}") from None
    except (ValueError, RecursionError):
        raise ValueError("damaged: it cannot be read as JSON") from None


def code_cell(cell: dict) -> CodeCell:
    source = cell.get("source", "")
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    if not isinstance(source, str) or len(source) > MAX_CELL_CHARACTERS:
        source = ""
    # lone halves of surrogate pairs can be read from JSON, but written nowhere
    source = source.encode("utf-8", "replace").decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    return CodeCell(source, exercise_of(cell))


def exercise_of(cell: dict) -> str:
    """Our own key; where an editor dropped it, the cell's id, which the build (and nbgrader) make from the name."""
    metadata = cell.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    if isinstance(metadata.get("exercise"), str):
        return metadata["exercise"]
    nbgrader = metadata.get("nbgrader")
    names = [cell.get("id"), nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None]
    for name in names:
        if isinstance(name, str) and name.startswith("exercise-"):
            return name.removeprefix("exercise-")
    return ""


def lesson_of(name: str, content: dict) -> str:
    """Two digits, from what the build wrote into the notebook or from the file's name."""
    metadata = content.get("metadata")
    course = metadata.get("course") if isinstance(metadata, dict) else None
    written = course.get("lesson") if isinstance(course, dict) else None
    for text in (written, name):
        found = LESSON.search(text) if isinstance(text, str) else None
        if found:
            return found[1]
    return ""
