"""What would tell the answer to a prediction before it is asked: code that spells an option goes into a folded cell."""

import ast
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from course_lib.authoring.source import Cell

# key of a cell that front ends are to fold
HIDDEN = "hidden"
# Colab shows it as a folded cell's name, Jupyter in the place of its code
TITLE = "# @title Your prediction, and what came out: run this cell"


def with_hidden_answers(cells: Iterable[Cell]) -> Iterator[Cell]:
    """The cells, those that call `verdict` cut in two: what the experiment is, and folded what is compared."""
    options: frozenset[str] = frozenset()
    for cell in cells:
        if "predict" in cell.metadata:
            options = frozenset(str(option).casefold() for option in cell.metadata["options"])
        if cell.kind != "code" or "verdict(" not in cell.text:
            yield cell
            continue
        shown, hidden = cut(cell.text, options)
        if shown:
            yield replace(cell, text=shown)
        if hidden:
            yield replace(cell, text=f"{TITLE}\n{hidden}", metadata={**cell.metadata, HIDDEN: True})


def cut(text: str, options: Collection[str]) -> tuple[str, str]:
    """A cell's code before the first statement that calls `verdict` or spells an option, and from there on."""
    lines = text.splitlines()
    for statement in ast.parse(text).body:
        if tells(statement, options):
            place = statement.lineno - 1
            while place and lines[place - 1].startswith("#"):
                place -= 1
            return "\n".join(lines[:place]).rstrip(), "\n".join(lines[place:])
    return text, ""


def tells(part: ast.AST, options: Collection[str]) -> bool:
    for node in ast.walk(part):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "verdict":
            return True
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.casefold() in options:
            return True
    return False
