"""Read a learner's notebooks: their code cells. What they printed is never looked at."""

import json
import re
from dataclasses import dataclass
from typing import NamedTuple

from course_lib.grading.reading.places import MAX_BYTES
from course_lib.grading.reading.submissions import Submission

# all that one learner's files may hold together, so that a zip cannot fill the memory
MAX_TOTAL_BYTES = 256_000_000
# and the code in them, so that it cannot keep the marking busy; all lessons together have 150,000
MAX_TOTAL_CODE = 4_000_000
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


class HandedIn(NamedTuple):
    """What of a submission can be read, in the order in which later notebooks count more.

    Attributes:
        problems: sentences on what cannot; unreadable: the lessons that may be in it, "" where it may be any.
    """

    notebooks: list[Notebook]
    problems: list[str]
    unreadable: list[str]


def read_notebooks(submission: Submission) -> HandedIn:
    """Read all that one learner handed in. Never raises because of what it is."""
    notebooks: list[Notebook] = []
    problems = list(submission.problems)
    # what is reported without a notebook's name may have held anything
    unreadable = [lesson_in(text) for text in problems if may_have_held_a_notebook(text)]
    total = code = 0
    for place in submission.notebooks:
        try:
            if total > MAX_TOTAL_BYTES:
                raise ValueError(f"not read: the files before it hold {MAX_TOTAL_BYTES // 10**6} MB already")
            data = place.read()
            total += len(data)
            notebook = read_notebook(place.shown, data)
            code += sum(len(cell.source) for cell in notebook.cells)
            if code > MAX_TOTAL_CODE:
                raise ValueError(f"not read: with the files before it, more than {MAX_TOTAL_CODE:,} characters of code")
            notebooks.append(notebook)
        except ValueError as error:
            problems.append(f"{place.shown}: {error}")
            unreadable.append(lesson_in(place.name))
    return HandedIn(notebooks, problems, unreadable)


def may_have_held_a_notebook(problem: str) -> bool:
    return ".ipynb" in problem.split(" is no notebook")[0] or ".zip" in problem


def lesson_in(text: str) -> str:
    found = LESSON.search(text)
    return found[1] if found else ""


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
