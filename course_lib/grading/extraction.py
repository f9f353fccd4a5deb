"""Find each exercise's answer in a learner's notebooks, with the helpers, imports and constants it needs.

Text only: no cell is run, and nothing that a cell printed is read. Where several definitions could be meant, it is the
one that the learner's own check would see: the last before the check cell that is not blank.
"""

import ast
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from course_lib.grading.catalogue import Item, course_cells, tree_without_docstrings
from course_lib.grading.marks import Answer, Mark
from course_lib.grading.notebook_file import Notebook
from course_lib.grading.python_text import (
    BUILTINS,
    Statement,
    Unparsable,
    blanks_left,
    definition,
    is_check,
    needed_names,
    same_scope,
    statements,
    trains,
)

# what the set-up cell of every lesson imports
SET_UP = "import torch\nimport torch.nn.functional as F\nfrom torch import Tensor, nn"

# how good a candidate is, before its place counts
REFERENCE, BLANK, BROKEN, WRITTEN = range(4)

# a place behind all others
END = (10**9, 0)

NOT_STARTED = "Not started: the cell is still blank."
REIMPORTS = "only re-imports the reference"


@dataclass
class Cells:
    """A notebook taken apart.

    Attributes:
        statements: of all cells that are Python, in order.
        broken: number of the cell -> why it is no Python.
        aliases: exercise -> names that a check cell says are its answer: `ResidualBlock = check(MyBlock)`.
        checked: exercise -> number of the last cell that checks it.
    """

    notebook: Notebook
    statements: list[Statement] = field(default_factory=list)
    broken: dict[int, str] = field(default_factory=dict)
    aliases: dict[str, set[str]] = field(default_factory=dict)
    checked: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Candidate:
    """A place where an exercise may be answered."""

    cells: Cells
    cell: int
    statement: Statement | None
    name: str
    worth: int
    rank: tuple


@dataclass(frozen=True)
class Draft:
    """An answer that was found, before it is decided whose version of other exercises it is run with.

    Attributes:
        shown: the cell's own text; file: the notebook it stands in.
        depends: other exercises that it uses and that the learner wrote too.
    """

    item: Item
    candidate: Candidate
    shown: str
    file: str
    depends: frozenset[str]
    remark: str = ""

    def answer(self, others: Sequence[Item], from_the_course: Collection[str]) -> Answer:
        """The complete code, taking the exercises `from_the_course` from there and all else from the learner."""
        code, _ = composed(self.candidate, self.item, others, from_the_course)
        return Answer(self.item.name, self.candidate.name, code, self.shown)


def extract(notebooks: Sequence[Notebook], unreadable: Sequence[str], items: Sequence[Item]) -> list[Draft | Mark]:
    """For every exercise an answer to try, or a mark where there is nothing to try. Never raises for what a cell holds.

    Args:
        notebooks: in the order in which later ones count more.
        unreadable: lessons (two digits, "" where unknown) of files that could not be read.
        items: the exercises to mark.
    """
    taken_apart = [cells_of(notebook, items) for notebook in notebooks]
    return [draft_or_mark(item, taken_apart, unreadable, items) for item in items]


def cells_of(notebook: Notebook, items: Sequence[Item]) -> Cells:
    cells = Cells(notebook)
    for number, cell in enumerate(notebook.cells):
        try:
            found = statements(cell.source, number)
        except Unparsable as error:
            cells.broken[number] = str(error)
            continue
        cells.statements.extend(found)
        for statement in found:
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


def draft_or_mark(
    item: Item, notebooks: Sequence[Cells], unreadable: Sequence[str], items: Sequence[Item]
) -> Draft | Mark:
    candidates = [one for order, cells in enumerate(notebooks) for one in candidates_in(cells, order, item, items)]
    if not candidates:
        if item.lesson in unreadable or "" in unreadable:
            return Mark(item.name, "unreadable", "The notebook that should hold it could not be read.")
        if any(cells.notebook.lesson == item.lesson for cells in notebooks):
            return Mark(item.name, "missing", "The notebook is there, but this exercise's cell is not in it.")
        return Mark(item.name, "missing", "No notebook of this lesson was handed in.")
    best = max(candidates, key=lambda candidate: candidate.rank)
    shown = best.cells.notebook.cells[best.cell].source
    file = best.cells.notebook.name
    if best.worth == BROKEN:
        why = best.cells.broken[best.cell]
        text = f"Python cannot read this cell, so in a notebook it does not run at all.\nSeen: {why}."
        return Draft(item, best, shown, file, frozenset(), remark=text)
    _, depends = composed(best, item, items, ())
    remark = REIMPORTS if best.worth == REFERENCE else ""
    if best.worth == BLANK and is_untouched(best.statement.text, item):
        remark = NOT_STARTED
    return Draft(item, best, shown, file, frozenset(depends), remark=remark)


def mark_without_running(draft: Draft) -> Mark | None:
    """The mark of an answer that needs no trying: untouched, only imported, or no Python."""
    if draft.candidate.worth == BROKEN:
        return Mark(draft.item.name, "failed", draft.remark, "syntax_error")
    if draft.remark == NOT_STARTED:
        return Mark(draft.item.name, "not attempted", NOT_STARTED)
    if draft.remark == REIMPORTS:
        text = f"Not done: the cell {REIMPORTS} ({draft.item.module}). Write it yourself."
        return Mark(draft.item.name, "not attempted", text, remark=REIMPORTS)
    return None


def is_untouched(text: str, item: Item) -> bool:
    written = tree_without_docstrings(text)
    blank = [one for one in tree_statements(item.blank) if one[0] == item.defines]
    return bool(written) and any(written == tree_without_docstrings(source) for _, source in blank)


def tree_statements(source: str) -> list[tuple[str, str]]:
    try:
        return [(name, one.text) for one in statements(source, 0) for name in one.binds]
    except Unparsable:
        return []


def candidates_in(cells: Cells, order: int, item: Item, items: Sequence[Item]) -> list[Candidate]:
    """Every place in a notebook that may answer an exercise, each with a rank: the highest is the answer."""
    marked = {number for number, cell in enumerate(cells.notebook.cells) if same_name(cell.exercise, item.name)}
    same_lesson = cells.notebook.lesson == item.lesson
    aliases = cells.aliases.get(item.name, set())
    # methods of two classes may share a name: a bare name is only believed in its own lesson or where a check says so
    shared = sum(other.defines == item.defines for other in items) > 1
    by_name = same_lesson or not shared or item.defines in aliases
    checked = cells.checked.get(item.name, -1)

    found = []

    def add(cell: int, statement: Statement | None, name: str, worth: int) -> None:
        seen_by_check = cell <= checked or cell in marked
        place = statement.place if statement is not None else (cell, 0)
        rank = (worth, seen_by_check, same_lesson or cell in marked, order, place)
        found.append(Candidate(cells, cell, statement, name, worth, rank))

    for statement in cells.statements:
        cell = statement.place[0]
        here = cell in marked
        if not here and cells.notebook.cells[cell].source in course_cells():
            continue
        for name in {item.defines, item.owner, *aliases} & statement.binds:
            if is_answer(statement.node, name, item, here, by_name or name != item.defines):
                add(cell, statement, name, worth_of(statement.node, item))
    for cell in marked:
        if cell in cells.broken:
            add(cell, None, item.defines, BROKEN)
        elif not any(candidate.cell == cell for candidate in found):
            other_name(cells, cell, item, add)
    for cell in cells.broken:
        if cell not in marked and by_name and defines_by_its_look(cells.notebook.cells[cell].source, item):
            add(cell, None, item.defines, BROKEN)
    return found


def same_name(written: str, name: str) -> bool:
    """Cell ids cannot hold a dot."""
    return bool(written) and (written == name or written == re.sub(r"[^a-zA-Z0-9-_]+", "-", name))


def is_answer(node: ast.stmt, name: str, item: Item, marked: bool, by_name: bool) -> bool:
    """Whether a statement that binds `name` can be the answer, in a cell that is marked as the exercise's or not."""
    if name == item.owner:  # a whole class that holds the method
        return isinstance(node, ast.ClassDef) and any(getattr(one, "name", "") == item.defines for one in node.body)
    value = getattr(node, "value", None)
    if is_check(value):
        return False
    if marked:
        return True
    if not by_name:
        return False
    if definition(node) is not None:
        return True
    # elsewhere a plain value of that name is part of an experiment
    return isinstance(node, ast.Assign) and isinstance(value, ast.Lambda)


def worth_of(node: ast.stmt, item: Item) -> int:
    if from_the_course(node, item):
        return REFERENCE
    if blanks_left(node):
        return BLANK
    return WRITTEN


def from_the_course(node: ast.stmt, item: Item) -> bool:
    """`from course_lib import X`, `X = course_lib.X` or `class X(course_lib.X): pass`: nothing of their own."""
    if isinstance(node, ast.ImportFrom):
        return (node.module or "").split(".")[0] == "course_lib"
    if isinstance(node, ast.Assign):
        return isinstance(node.value, ast.Attribute) and ast.unparse(node.value).startswith("course_lib.")
    return False


def other_name(cells: Cells, cell: int, item: Item, add: Callable) -> None:
    """A marked cell that defines nothing of the expected name: its only class or function was renamed."""
    here = [one for one in cells.statements if one.place[0] == cell]
    kind = ast.ClassDef if item.is_class else ast.FunctionDef
    renamed = only_one([one for one in here if isinstance(one.node, kind)])
    if renamed is not None:
        add(cell, renamed, renamed.node.name, worth_of(renamed.node, item))


def only_one(found: list) -> Any:
    return found[0] if len(found) == 1 else None


def defines_by_its_look(source: str, item: Item) -> bool:
    return bool(re.search(rf"^(?:class|def)\s+{re.escape(item.defines)}\b", source, re.MULTILINE))


def composed(
    candidate: Candidate, item: Item, items: Sequence[Item], from_course: Collection[str]
) -> tuple[str, set[str]]:
    """The answer's code with all it needs, and the other exercises whose version is the learner's own.

    Args:
        from_course: exercises to import from the course instead.
    """
    target = candidate.statement
    limit = (candidate.cell, len(candidate.cells.statements))
    exercises = {other.defines: other for other in items if not other.owner and other.name != item.name}
    chosen: dict[tuple[int, int], Statement] = {}
    imports: list[str] = []
    depends: set[str] = set()
    known: set[tuple[str, tuple[int, int]]] = set()
    waiting = lookups(target, target.place, limit)
    after = changes_of(candidate.cells, candidate.name, target.place, limit)
    for statement in after:
        waiting += lookups(statement, statement.place, limit)
    unresolved = False
    while waiting:
        name, before = waiting.pop()
        if (name, before) in known:
            continue
        known.add((name, before))
        found = binding(candidate.cells, name, before, target)
        if name in exercises and (name in from_course or found is None or is_no_answer(found.node)):
            imports.append(f"from {exercises[name].module} import {name}")
            continue
        if found is None:
            unresolved = unresolved or name not in BUILTINS
            continue
        if name in exercises and definition(found.node) is not None:
            depends.add(name)
        if found.place in chosen:
            continue
        until = before if found.place < before else END
        for statement in (found, *changes_of(candidate.cells, name, found.place, until)):
            chosen[statement.place] = statement
            waiting += lookups(statement, statement.place, limit)
    if unresolved:
        imports += [one.text for one in candidate.cells.statements if is_star_import(one.node)]
    future = {one.text for one in candidate.cells.statements if is_future(one.node) and one.place <= limit}
    parts = [*sorted(future), SET_UP, *dict.fromkeys(imports)]
    # imports first, so that a helper from an earlier cell finds what the answer's cell imports once more
    ordered = sorted(
        (one for one in chosen.values() if one is not target),
        key=lambda one: (not isinstance(one.node, ast.Import | ast.ImportFrom), one.place),
    )
    helpers = [one.text for one in ordered if one not in after]
    helpers = [text for text in dict.fromkeys(helpers) if text not in SET_UP]
    parts += [*helpers, target.text, *(one.text for one in after)]
    return "\n\n\n".join(parts) + "\n", depends


def lookups(statement: Statement, here: tuple[int, int], limit: tuple[int, int]) -> list[tuple[str, tuple[int, int]]]:
    """The names a statement needs, each with the place before which it must have its value."""
    now, later = needed_names(statement.text)
    # `HALF += 0.5` also reads HALF
    now |= {
        one.target.id
        for one in same_scope(statement.node)
        if isinstance(one, ast.AugAssign) and isinstance(one.target, ast.Name)
    }
    return [(name, here) for name in now] + [(name, limit) for name in later - statement.binds]


def is_no_answer(node: ast.stmt) -> bool:
    """Imported, still blank, or put together from kept answers, as lesson 07 does: the course's own will do."""
    if isinstance(node, ast.Assign):
        plain = (ast.Constant, ast.Lambda, ast.Name, ast.Attribute, ast.BinOp)
        return not (isinstance(node.targets[0], ast.Name) and isinstance(node.value, plain))
    return definition(node) is None or bool(blanks_left(node))


def binding(cells: Cells, name: str, before: tuple[int, int], but: Statement) -> Statement | None:
    """The statement that gives a name its value: the last one before a place, else the first one after it, where a
    learner ran the cells in another order. Checks, and loops that train, are none."""
    found = [one for one in cells.statements if name in one.binds and one is not but and not skipped(one.node)]
    earlier = [one for one in found if one.place < before]
    if earlier:
        return earlier[-1]
    return found[0] if found and name not in BUILTINS else None


def changes_of(cells: Cells, name: str, after: tuple[int, int], before: tuple[int, int]) -> list[Statement]:
    """What changes the value of a name, from where it gets it: `TABLE["a"] = 1`."""
    return [
        one
        for one in cells.statements
        if name in one.changes and after < one.place < before and not skipped(one.node) and name not in one.binds
    ]


def skipped(node: ast.stmt) -> bool:
    return is_check(getattr(node, "value", None)) or (isinstance(node, ast.For | ast.While | ast.With) and trains(node))


def is_star_import(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)


def is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"
