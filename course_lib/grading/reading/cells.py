"""A learner's notebook taken apart: its statements, and what its checks say about names."""

import ast
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from course_lib.checks.python_text import (
    CHECKS,
    Statement,
    Unparsable,
    is_check,
    plain_python,
    same_scope,
    statements,
)
from course_lib.grading.reading.catalogue import Item, course_cells
from course_lib.grading.reading.newer_python import needs_newer
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
        newer: number of such a cell -> the version of Python that it needs, where it is none of ours.
        aliases: exercise -> names that a check cell says are its answer: `ResidualBlock = check(MyBlock)`.
        checked: exercise -> place of the last statement that checks it.
        tries: exercise -> names that were checked without becoming the exercise's: `check(mine, "ResidualBlock")`.
    """

    notebook: Notebook
    statements: list[Statement] = field(default_factory=list)
    binding: dict[str, list[Statement]] = field(default_factory=dict)
    changing: dict[str, list[Statement]] = field(default_factory=dict)
    broken: dict[int, str] = field(default_factory=dict)
    aliases: dict[str, set[str]] = field(default_factory=dict)
    checked: dict[str, tuple[int, int]] = field(default_factory=dict)
    newer: dict[int, str] = field(default_factory=dict)
    tries: dict[str, set[str]] = field(default_factory=dict)


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

    @property
    def place(self) -> tuple[int, int]:
        return (self.cell, 0) if self.statement is None else self.statement.place


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
            found = statements_in(cell.source, number)
        except Unparsable as error:
            cells.broken[number] = str(error)
            version = needs_newer(plain_python(cell.source))
            if version:
                cells.newer[number] = version
            continue
        cells.statements.extend(found)
        for statement in found:
            for name in statement.binds:
                cells.binding.setdefault(name, []).append(statement)
            for name in statement.changes:
                cells.changing.setdefault(name, []).append(statement)
            note_check(cells, statement, items)
    return cells


def statements_in(source: str, number: int) -> list[Statement]:
    """As `statements`; what lessons bring along, and everybody hands in, is read once. Raises: Unparsable."""
    if source not in course_cells():
        return statements(source, number)
    return [dataclasses.replace(one, place=(number, one.place[1])) for one in course_statements(source)]


@cache
def course_statements(source: str) -> list[Statement]:
    return statements(source, 0)


def note_check(cells: Cells, statement: Statement, items: Sequence[Item]) -> None:
    """Remember what `X = check(Y, "X")` says about names. That it was printed as passed counts for nothing."""
    if not any(name in statement.text for name in CHECKS):
        return
    node = statement.node
    names = [ast.unparse(target) for target in getattr(node, "targets", [])]
    becomes = next((item for item in items if item.name in names), None)
    if becomes is None:
        becomes = only_one([item for item in items if item.defines in names])
    for call in filter(is_check, same_scope(node)):
        subject, said = subject_of(call)
        if subject is None:
            continue
        if becomes is not None and call is node.value:
            cells.checked[becomes.name] = statement.place
            if isinstance(subject, ast.Name):
                cells.aliases.setdefault(becomes.name, set()).add(subject.id)
            continue
        # lessons also check mistakes made on purpose, which are no answers
        if cells.notebook.cells[statement.place[0]].source in course_cells():
            continue
        name = subject.id if isinstance(subject, ast.Name) else subject.attr
        item = next((item for item in items if item.name == said), None) if said else None
        item = item or (only_one([item for item in items if item.defines == name]) if not said else None)
        if item is not None:
            cells.tries.setdefault(item.name, set()).add(name)
            if name == item.defines:
                cells.checked[item.name] = statement.place


def subject_of(call: ast.Call) -> tuple[ast.Name | ast.Attribute | None, str]:
    """What is checked, and the exercise that the call names: `check(mine, exercise="ResidualBlock")`."""
    keywords = {one.arg: one.value for one in call.keywords}
    subject = call.args[0] if call.args else keywords.get("obj")
    said = call.args[1] if len(call.args) > 1 else keywords.get("exercise")
    text = said.value if isinstance(said, ast.Constant) and isinstance(said.value, str) else ""
    return (subject if isinstance(subject, ast.Name | ast.Attribute) else None), text


def only_one(found: list) -> Any:
    return found[0] if len(found) == 1 else None
