"""A learner's notebook taken apart: its statements, and what its checks say about names."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from course_lib.checks.python_text import Statement, Unparsable, is_check, statements
from course_lib.grading.reading.catalogue import Item
from course_lib.grading.reading.notebooks import Notebook

# lines of a cell, and of a notebook before its long cells are left out; the longest lesson has 900
MAX_LINES = 6_000
MAX_TOTAL_LINES = 20_000
SHORT = 300


@dataclass
class Cells:
    """A notebook taken apart.

    Attributes:
        statements: of all cells that are Python, in order; binding, changing: the same by the names they give a value
            to, or change the value of.
        broken: number of the cell -> why it is no Python.
        aliases: exercise -> names that a check cell says are its answer: `ResidualBlock = check(MyBlock)`.
        checked: exercise -> number of the last cell that checks it.
    """

    notebook: Notebook
    statements: list[Statement] = field(default_factory=list)
    binding: dict[str, list[Statement]] = field(default_factory=dict)
    changing: dict[str, list[Statement]] = field(default_factory=dict)
    broken: dict[int, str] = field(default_factory=dict)
    aliases: dict[str, set[str]] = field(default_factory=dict)
    checked: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Candidate:
    """A place where an exercise may be answered.

    Attributes:
        statement: None where the cell is no Python.
        name: what the answer is called there.
        worth: see `extraction`; rank: the highest of all places is the answer.
    """

    cells: Cells
    cell: int
    statement: Statement | None
    name: str
    worth: int
    rank: tuple


def cells_of(notebook: Notebook, items: Sequence[Item]) -> Cells:
    cells = Cells(notebook)
    total = 0
    for number, cell in enumerate(notebook.cells):
        lines = cell.source.count("\n") + cell.source.count(";") + 1
        total += lines
        if lines > (MAX_LINES if total < MAX_TOTAL_LINES else SHORT):
            cells.broken[number] = f"{lines:,} lines, which are more than are read"
            continue
        try:
            found = statements(cell.source, number)
        except Unparsable as error:
            cells.broken[number] = str(error)
            continue
        cells.statements.extend(found)
        for statement in found:
            for name in statement.binds:
                cells.binding.setdefault(name, []).append(statement)
            for name in statement.changes:
                cells.changing.setdefault(name, []).append(statement)
            note_check(cells, statement, items)
    return cells


def note_check(cells: Cells, statement: Statement, items: Sequence[Item]) -> None:
    """Remember what `X = check(Y, "X")` says about names. That it was printed as passed counts for nothing."""
    node = statement.node
    call = getattr(node, "value", None)
    if not is_check(call) or not call.args:
        return
    # only what becomes the exercise's name: lessons also check mistakes made on purpose
    names = [ast.unparse(target) for target in getattr(node, "targets", [])]
    exercise = next((item for item in items if item.name in names), None)
    if exercise is None:
        exercise = only_one([item for item in items if item.defines in names])
    if exercise is None:
        return
    cells.checked[exercise.name] = statement.place[0]
    if isinstance(call.args[0], ast.Name):
        cells.aliases.setdefault(exercise.name, set()).add(call.args[0].id)


def only_one(found: list) -> Any:
    return found[0] if len(found) == 1 else None
