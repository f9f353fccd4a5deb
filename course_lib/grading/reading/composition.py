"""All that an answer needs to run by itself: helpers, imports and constants from other cells, in their order."""

import ast
import textwrap
from bisect import bisect_left
from collections.abc import Collection, Sequence

from course_lib.checks.python_text import (
    BUILTINS,
    Statement,
    base_name,
    blanks_left,
    definition,
    is_check,
    needed_names,
    same_scope,
    trains,
)
from course_lib.grading.reading.catalogue import Item, course_cells
from course_lib.grading.reading.cells import Candidate, Cells

# what the set-up cell of every lesson imports
SET_UP = "import torch\nimport torch.nn.functional as F\nfrom torch import Tensor, nn"

# what may give a name a value that no text shows
RUN_TEXT = {"exec", "eval", "globals", "locals", "vars", "setattr"}

# a place behind all others
END = (10**9, 0)


def composed(
    candidate: Candidate, item: Item, items: Sequence[Item], from_course: Collection[str], beside: bool = False
) -> tuple[str, set[str]]:
    """The answer's code with all it needs, and the other exercises whose version is the learner's own.

    Args:
        from_course: exercises to import from the course instead.
        beside: whether to take along what may act without being named, see `acting`.
    """
    target = candidate.statement
    limit = seen_until(candidate, item)
    exercises = {other.defines: other for other in items if not other.owner and other.name != item.name}
    chosen: dict[tuple[int, int], Statement] = {}
    imports: list[str] = []
    depends: set[str] = set()
    known: set[tuple[str, tuple[int, int]]] = set()
    waiting = lookups(target, target.place, limit)
    after = changes_of(candidate.cells, candidate.name, target.place, changed_until(candidate, item))
    acts = acting(candidate, items, limit) if beside else []
    after = sorted({*after, *(one for one in acts if one.place > target.place)}, key=lambda one: one.place)
    for statement in (*after, *acts):
        waiting += lookups(statement, statement.place, limit)
    chosen.update((one.place, one) for one in acts)
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
    helpers = [in_peace(one, acts) for one in ordered if one not in after]
    helpers = [text for text in dict.fromkeys(helpers) if text not in SET_UP]
    parts += [*helpers, target.text, *(in_peace(one, acts) for one in after)]
    return "\n\n\n".join(parts) + "\n", depends


def seen_until(candidate: Candidate, item: Item) -> tuple[int, int]:
    """Up to where names get their values: the check, or the end of the answer's cell where there is none behind it."""
    end = (candidate.cell, len(candidate.cells.statements))
    return max(end, candidate.cells.checked.get(item.name, end))


def changed_until(candidate: Candidate, item: Item) -> tuple[int, int]:
    """Up to where an answer itself is put together: methods may come in later cells, and the check may be gone."""
    return max(candidate.cells.checked.get(item.name, END), (candidate.cell, len(candidate.cells.statements)))


def acting(candidate: Candidate, items: Sequence[Item], limit: tuple[int, int]) -> list[Statement]:
    """The learner's statements before the check that may set what the answer uses, without naming it there: calls of
    what they wrote themselves, and of what runs text; conditions and loops around such."""
    exercises = {item.defines for item in items}
    cells = candidate.cells
    own = {
        name
        for name, found in cells.binding.items()
        if name not in exercises and any(definition(one.node) is not None or is_made(one.node) for one in found)
    }
    return [
        one
        for one in cells.statements
        if one.place <= limit
        and one is not candidate.statement
        and not skipped(one.node)
        and not (one.binds & exercises)
        and (definition(one.node) is None or one.node.decorator_list)
        and cells.notebook.cells[one.place[0]].source not in course_cells()
        and any(acts_through(part) & (own | RUN_TEXT) for part in same_scope(one.node))
    ]


def is_made(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda | ast.Call)


def acts_through(node: ast.AST) -> set[str]:
    """The names whose functions are called here: of `patch(Block)`, `registry.add(f)` and `@register` above another."""
    decorators = getattr(node, "decorator_list", [])
    called = [node, *decorators] if isinstance(node, ast.Call) else decorators
    return {name for one in called for name in base_name(one.func if isinstance(one, ast.Call) else one)}


def in_peace(statement: Statement, acts: Sequence[Statement]) -> str:
    """What only may matter must not stop an answer: in the notebook it stopped a cell, at most."""
    if statement not in acts:
        return statement.text
    return f"try:\n{textwrap.indent(ast.unparse(statement.node), '    ')}\nexcept Exception:\n    pass"


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
