"""Read a learner's notebooks: their code cells. What they printed is never looked at."""

import contextlib
import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from course_lib.checks.guard import Clock, TimeIsUp, time_limit
from course_lib.grading.plain_text import one_line
from course_lib.grading.reading import places
from course_lib.grading.reading.submissions import Submission

# of one notebook without its outputs
MAX_BYTES = 32_000_000
# all that one learner's files may hold together, so that a zip cannot keep the marking busy
MAX_TOTAL_BYTES = 1_000_000_000
# and for all that is done with their text, in seconds of computing; all lessons together take one
MAX_SECONDS = 30.0
# and the code in them, so that it cannot keep the marking busy; all lessons together have 150,000
MAX_TOTAL_CODE = 4_000_000
MAX_CELLS = 5_000
MAX_CELL_CHARACTERS = 200_000
# a whole lesson has about 15,000
MAX_CODE_CHARACTERS = 500_000

# of the learner's own modules
MAX_MODULES = 50
MAX_MODULE_BYTES = 100_000

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
    """A notebook's name, the lesson it belongs to (two digits, "" where that is not known), and its code cells.

    Attributes:
        modules: the learner's own Python files beside it, by the names under which it can import them.
        no_code: Markdown and raw cells: the exercise that one is for, or its text -> "Markdown" or "raw text".
    """

    name: str
    lesson: str
    cells: tuple[CodeCell, ...]
    no_code: dict[str, str] = field(default_factory=dict)
    modules: dict[str, str] = field(default_factory=dict)


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
    unreadable = [lesson_in(name) for name in submission.lost]
    total = code = 0
    budget = Budget()
    for place in submission.notebooks:
        try:
            if total > MAX_TOTAL_BYTES:
                raise ValueError(f"not read: the files before it hold {MAX_TOTAL_BYTES // 10**6} MB already")
            with budget.spent_on("reading"):
                data = place.read()
                total += len(data)
                notebook = read_notebook(place.shown, data)
            code += sum(len(cell.source) for cell in notebook.cells)
            if code > MAX_TOTAL_CODE:
                raise ValueError(f"not read: with the files before it, more than {MAX_TOTAL_CODE:,} characters of code")
            notebooks.append(notebook)
        except ValueError as error:
            problems.append(one_line(f"{place.shown[:500]}: {error}"))
            unreadable.append(lesson_in(place.name))
    files = own_modules(submission)
    notebooks = [replace(one, modules=modules_beside(one.name, files)) for one in notebooks] if files else notebooks
    return HandedIn(notebooks, problems, unreadable)


def own_modules(submission: Submission) -> dict[str, str]:
    """The texts of the learner's Python files, by their ways; what is too large or no text is left out."""
    files, total = {}, 0
    for name, place in list(submission.modules.items())[:MAX_MODULES]:
        try:
            text = place.read()[: MAX_MODULE_BYTES + 1].decode("utf-8-sig").replace("\r\n", "\n")
        except ValueError:
            continue
        total += len(text)
        if len(text) <= MAX_MODULE_BYTES and total <= MAX_MODULE_BYTES:
            files[name] = text
    return files


def modules_beside(notebook: str, files: Mapping[str, str]) -> dict[str, str]:
    """What a notebook can import: `helpers`, `parts.blocks` of its folder, and modules of other folders by their own
    names, where a line puts these on the path."""
    folder = notebook.rpartition("/")[0]
    found = {}
    for name, text in files.items():
        way = name.removesuffix(".py").split("/")
        found.setdefault(way[-1], text)
        if not folder or name.startswith(f"{folder}/"):
            inside = way[folder.count("/") + 1 if folder else 0 :]
            inside = inside[:-1] if inside[-1] == "__init__" else inside
            for depth in range(1, len(inside)):
                found.setdefault(".".join(inside[:depth]), "")
            if inside:
                found[".".join(inside)] = text
    return {name: text for name, text in found.items() if all(part.isidentifier() for part in name.split("."))}


class Budget:
    """The seconds of computing that one learner's texts may cost; what is left when they are spent is not read."""

    def __init__(self, seconds: float | None = None) -> None:
        self.seconds = self.left = MAX_SECONDS if seconds is None else seconds

    @contextlib.contextmanager
    def spent_on(self, what: str) -> Iterator[None]:
        """Raises: ValueError if nothing is left before the block is done."""
        before = time.process_time()
        try:
            # a little is left for each, so that one large file does not cost the small ones behind it
            with time_limit(Clock(max(self.left, 0.5))):
                yield
        except TimeIsUp:
            raise ValueError(
                f"{what} it took longer than the {self.seconds:g} seconds for all of a learner's answers"
            ) from None
        finally:
            self.left -= time.process_time() - before


def lesson_in(text: str) -> str:
    found = LESSON.search(text)
    return found[1] if found else ""


def read_notebook(name: str, data: bytes) -> Notebook:
    """Read a notebook of nbformat 4.0 to 4.5, whichever editor saved it.

    Raises: ValueError that says in a few words why it cannot be read.
    """
    if len(data) > places.MAX_BYTES:
        raise ValueError(f"larger than {places.MAX_BYTES // 10**6} MB: clear its outputs and save it again")
    if len(data) > MAX_BYTES:
        data = without_outputs(data)
    if len(data) > MAX_BYTES:
        raise ValueError(f"larger than {MAX_BYTES // 10**6} MB without its outputs")
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
    return Notebook(name, lesson_of(name, content), tuple(found), no_code(cells))


OUTPUTS = re.compile(rb'"(?:outputs|attachments)"\s*:\s*(?=[\[{])')
# a text, closed or not, or a bracket: whatever stands here, it is read once
TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\Z)|[\[\]{}]', re.DOTALL)


def without_outputs(data: bytes) -> bytes:
    """The same notebook with empty lists for outputs, without taking them apart: they may be any size."""
    kept, place = [], 0
    while (found := OUTPUTS.search(data, place)) is not None:
        kept.append(data[place : found.end()])
        place = end_of_value(data, found.end())
        kept.append(b"[]" if data[found.end() : found.end() + 1] == b"[" else b"{}")
    kept.append(data[place:])
    return b"".join(kept)


def end_of_value(data: bytes, start: int) -> int:
    """The place behind the list or object that begins at `start`."""
    depth = 0
    for token in TOKEN.finditer(data, start):
        sign = token[0][:1]
        if sign in b"[{":
            depth += 1
        elif sign in b"]}":
            depth -= 1
        if depth == 0:
            return token.end()
    return len(data)


def no_code(cells: list) -> dict[str, str]:
    """Markdown and raw cells that may have been an answer: by what exercise they are for, else by their text."""
    found = {}
    for cell in cells:
        kind = cell.get("cell_type") if isinstance(cell, dict) else None
        if kind in ("markdown", "raw"):
            read = code_cell(cell)
            if read.exercise or DEFINITION.search(read.source):
                found[read.exercise or read.source] = "Markdown" if kind == "markdown" else "raw text"
    return found


DEFINITION = re.compile(r"^[ \t]*(?:class|def)[ \t]", re.MULTILINE)
CONFLICT = re.compile(r"^[ \t\"]*(?:<<<<<<<|=======|>>>>>>>)", re.MULTILINE)


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
        conflict = CONFLICT.search(text)
        if conflict is not None and "<<<<<<<" in text:
            line = text.count("\n", 0, conflict.start()) + 1
            raise ValueError(f"git's conflict marks stand in it (line {line}): choose one side, and save it") from None
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
