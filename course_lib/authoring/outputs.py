"""What the outputs of a solution follow from, as one digest: a solution with another digest is executed again.

In it stand
- the code cells of the solution, the library's source of the exercises among them,
- every module under course_lib/lessons that these cells import, and that those modules import in turn: the figures,
  the sliders, a script that a figure takes a function from, what lessons share,
- the results and weights in assets/ that all of these name: `shipped_results("steps")` or "results/steps.json" stands
  for results/steps.json and for the pictures beside it.

So no figure is older than the code of the lessons that draws it. Prose is not in it, nor are comments and the files of
an exercise (what holds, what goes wrong): they change no output. Neither is the rest of the library, whose behaviour
its tests hold. Where that changes how a figure or a verdict is written (`course_lib.pictures`, `course_lib.checks`),
the notebooks keep the old ones until `build --force` executes everything.
"""

import ast
import hashlib
import io
import re
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

from course_lib.assets import ASSETS
from course_lib.authoring.blanks import file_of, parsed

LESSONS_PACKAGE = "course_lib.lessons"
NAMED_ASSET = re.compile(r'shipped_results\("(\w+)"\)|(?:results|weights)/(\w+)')


def files_behind(cells: Sequence[str], where: str = "a notebook") -> list[Path]:
    """The modules and assets that the outputs of these code cells follow from.

    Args:
        where: the place that the cells come from, as errors call it.
    Raises: ValueError that names the cell or the module that is not Python.
    """
    modules = imported_lesson_modules(cells, where)
    return modules + named_assets([*cells, *(path.read_text(encoding="utf-8") for path in modules)])


def outputs_digest(cells: Sequence[str], files: Iterable[Path]) -> str:
    """The digest for the code cells of a solution, in order, and the files behind them."""
    digest = hashlib.sha256("\n\n".join(map(without_comments, cells)).encode())
    for path in files:
        of_python = path.suffix == ".py"
        digest.update(without_comments(path.read_text("utf-8")).encode() if of_python else path.read_bytes())
    return digest.hexdigest()


def without_comments(code: str) -> str:
    """Python code as it stands, less its comments and the lines that held nothing else."""
    lines: list[str | None] = code.split("\n")
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column].rstrip() or None
    return "\n".join(line for line in lines if line is not None)


def imported_lesson_modules(cells: Iterable[str], where: str) -> list[Path]:
    """The files under course_lib/lessons that the cells import, those that these import among them."""
    found: set[Path] = set()
    left = [(cell, f"{where}: the cell that begins with {cell.partition(chr(10))[0]!r}") for cell in cells]
    while left:
        for name in lesson_imports(*left.pop()):
            path = file_of(name)
            if path is not None and path not in found:
                found.add(path)
                left.append((path.read_text(encoding="utf-8"), f"{path.parent.name}/{path.name}"))
    return sorted(found)


@cache
def lesson_imports(code: str, shown: str) -> frozenset[str]:
    """What `code` imports from the lessons, by full names; functions and classes among them, which have no file."""
    names = imported_names(parsed(code, shown))
    return frozenset(name for name in names if name.startswith(f"{LESSONS_PACKAGE}."))


def imported_names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def named_assets(texts: Iterable[str]) -> list[Path]:
    """The files in assets/results and assets/weights that `texts` name, in full or by how their names begin."""
    begins = {(match[1] or match[2]).rstrip("_") for text in texts for match in NAMED_ASSET.finditer(text)}
    files = [path for folder in ("results", "weights") for path in sorted((ASSETS / folder).glob("*"))]
    return [path for path in files if path.name.startswith(tuple(begins)) and path.suffix != ".md"]
