"""Read a lesson's source: a jupytext py:percent file whose exercise cells only name objects of the library."""

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

import jupytext

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # comes with pytest there

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCES = ROOT / "solutions"
NOTEBOOKS = ROOT / "notebooks"


@dataclass
class Cell:
    """One cell of a lesson.

    Attributes:
        kind: "markdown" or "code".
        text: its source.
        metadata: what stands behind `# %%`: exercise, blank, given, predict, options, answer, tags.
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


ALLOWED_KEYS = {"exercise", "blank", "given", "predict", "options", "answer", "tags"}


def lesson_sources() -> list[Path]:
    """All lessons' sources in order."""
    return sorted(path for path in SOURCES.glob("*.py") if re.match(r"\d\d_", path.name))


def read_lesson(path: Path) -> Lesson:
    """Read one source file.

    Raises: ValueError if the file does not begin with a title, or a cell carries a key the build does not know.
    """
    notebook = jupytext.reads(path.read_text(encoding="utf-8"), fmt="py:percent")
    cells = []
    for cell in notebook.cells:
        metadata = {key: value for key, value in cell.metadata.items() if key != "lines_to_next_cell"}
        unknown = set(metadata) - ALLOWED_KEYS
        if unknown:
            raise ValueError(f"{path.name}: a cell has the key {unknown}; allowed: {', '.join(sorted(ALLOWED_KEYS))}")
        cells.append(Cell(cell.cell_type, cell.source, metadata))
    if not cells or cells[0].kind != "markdown" or not cells[0].text.startswith("# "):
        raise ValueError(f"{path.name} does not begin with a markdown cell '# Lesson ...'; allowed: a title first")
    return Lesson(path.stem, cells)


def repository_address() -> str:
    """Where the course is published: the one place is pyproject.toml, [project.urls] Repository."""
    return project()["urls"]["Repository"].rstrip("/")


def version() -> str:
    """The course's version, as pyproject.toml says; it is published as the tag v0.1.0."""
    return project()["version"]


def project() -> dict:
    with open(ROOT / "pyproject.toml", "rb") as file:
        return tomllib.load(file)["project"]
