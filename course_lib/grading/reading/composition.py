"""All that an answer needs to run by itself: helpers, imports and constants from other cells, in their order."""

import ast
from bisect import bisect_left
from collections.abc import Collection, Sequence

from course_lib.checks.python_text import (
    BUILTINS,
    Statement,
    blanks_left,
    definition,
    is_check,
    needed_names,
    same_scope,
    trains,
)
from course_lib.grading.reading.catalogue import Item
from course_lib.grading.reading.cells import Candidate, Cells

# what the set-up cell of every lesson imports
SET_UP = "import torch\nimport torch.nn.functional as F\nfrom torch import Tensor, nn"

# a place behind all others
END = (10**9, 0)


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
    there = cells.binding.get(name, [])
    earlier = bisect_left(there, before, key=lambda one: one.place)
    counts = (one for one in (*reversed(there[:earlier]), *there[earlier:]) if one is not but and not skipped(one.node))
    found = next(counts, None)
    return None if found is not None and found.place >= before and name in BUILTINS else found


def changes_of(cells: Cells, name: str, after: tuple[int, int], before: tuple[int, int]) -> list[Statement]:
    """What changes the value of a name, from where it gets it: `TABLE["a"] = 1`."""
    return [
        one
        for one in cells.changing.get(name, [])
        if after < one.place < before and not skipped(one.node) and name not in one.binds
    ]


def skipped(node: ast.stmt) -> bool:
    return is_check(getattr(node, "value", None)) or (isinstance(node, ast.For | ast.While | ast.With) and trains(node))


def is_star_import(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)


def is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"
