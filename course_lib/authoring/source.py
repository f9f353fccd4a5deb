"""Read a lesson: lesson.md, jupytext Markdown, whose exercise cells only name objects of the library."""

import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
LESSONS = ROOT / "course_lib" / "lessons"
NOTEBOOKS, SOLUTIONS = ROOT / "notebooks", ROOT / "solutions"

ALLOWED_KEYS = {"exercise", "shown", "blank", "given", "predict", "options", "answer", "tags"}
# the line of the header that names the lesson's notebooks; jupytext calls the header the notebook's metadata
NAME = re.compile(r"^    lesson: (\d\d_\w+)$", re.M)
# a line of its own above what goes onto a slide; it is in no notebook
SLIDE_MARK = "<!-- slide -->"


@dataclass(frozen=True)
class Source:
    """Where a lesson is written.

    Attributes:
        name: of its notebooks, "03_residual_block".
        path: of its lesson.md.
    """

    name: str
    path: Path

    @property
    def folder(self) -> Path:
        return self.path.parent


@dataclass
class Cell:
    """One cell of a lesson.

    Attributes:
        kind: "markdown" or "code".
        text: its source.
        metadata: what stands behind ```python: exercise, shown, blank, given, predict, options, answer, tags.
    """

    kind: str
    text: str
    metadata: dict = field(default_factory=dict)


@dataclass
class Lesson:
    """A lesson's name, "03_residual_block", and its cells."""

    name: str
    cells: list[Cell]

    @property
    def number(self) -> str:
        return self.name[:2]

    @property
    def shown(self) -> str:
        """Where it is written, as errors call the place."""
        return f"lesson{self.number}/lesson.md"

    @contextmanager
    def named(self) -> Iterator[None]:
        """Put the place in front of a ValueError about one of its cells."""
        try:
            yield
        except ValueError as error:
            raise ValueError(f"{self.shown}: {error}") from None


def lesson_sources() -> list[Source]:
    """All lessons in order: every folder of course_lib/lessons that has a lesson.md."""
    return [find_source(path) for path in sorted(LESSONS.glob("lesson[0-9][0-9]/lesson.md"))]


def find_source(path: Path) -> Source:
    """The lesson that a lesson.md holds.

    Raises: ValueError if its header does not name it, or names it by another number than its folder.
    """
    number = path.parent.name.removeprefix("lesson")
    header = path.read_text(encoding="utf-8").partition("\n---\n")[0]
    found = NAME.search(header)
    if found is None or not found[1].startswith(f"{number}_"):
        raise ValueError(
            f"{path.parent.name}/{path.name} is called {found[1] if found else 'nothing'} by its header; "
            f"allowed: 'lesson: {number}_name' under 'jupyter:' and 'course:', as in the other lessons"
        )
    return Source(found[1], path)


def read_lesson(source: Source, slide_marks: bool = False) -> Lesson:
    """Read a lesson's cells.

    Args:
        slide_marks: whether SLIDE_MARK stays in the text; a mark between two cells of code is a cell then.
    Raises: ValueError if the lesson does not begin with a title, has no figures.py, or a cell carries a key the build
        does not know.
    """
    import jupytext  # a second of imports that finding a lesson does not need

    text = source.path.read_text(encoding="utf-8")
    # a line between a mark and the cell below it, or jupytext notes that there was none
    marked = f"{SLIDE_MARK}\n\n" if slide_marks else ""
    notebook = jupytext.reads(text.replace(f"{SLIDE_MARK}\n", marked), fmt="md")
    shown = f"{source.folder.name}/{source.path.name}"
    cells = []
    for cell in notebook.cells:
        unknown = set(cell.metadata) - ALLOWED_KEYS
        if unknown or cell.cell_type == "raw":
            what = f"the key {', '.join(sorted(unknown))}" if unknown else "the type raw"
            raise ValueError(f"{shown}: a cell has {what}; allowed: {', '.join(sorted(ALLOWED_KEYS))}")
        cells.append(Cell(cell.cell_type, cell.source, dict(cell.metadata)))
    if not cells or cells[0].kind != "markdown" or not cells[0].text.startswith("# "):
        raise ValueError(f"{shown} does not begin with a title; allowed: '# Lesson ...' under the header")
    if not (source.folder / "figures.py").is_file():
        raise ValueError(
            f"{source.folder.name}/figures.py is missing; allowed: what the lesson draws, or an empty file"
        )
    return Lesson(source.name, cells)


def repository_address() -> str:
    """Where the course is published: the one place is pyproject.toml, [project.urls] Repository."""
    return project()["urls"]["Repository"].rstrip("/")


def version() -> str:
    """The course's version, as pyproject.toml says; it is published as the tag v0.1.0."""
    return project()["version"]


def project() -> dict:
    with open(ROOT / "pyproject.toml", "rb") as file:
        return tomllib.load(file)["project"]
