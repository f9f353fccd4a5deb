"""What can be marked: the exercises, with what extraction and reports must know from the course's own notebooks."""

import ast
import html
import inspect
import json
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from course_lib.assets import NOTEBOOKS
from course_lib.checks.exercise import Exercise
from course_lib.checks.registry import exercises

HINT = re.compile(r"<details>\s*<summary>(Hint \d+.*?)</summary>(.*?)</details>", re.DOTALL)


@dataclass(frozen=True)
class Item:
    """One exercise as marking sees it.

    Attributes:
        name: as in the registry; lesson: two digits.
        defines: the name that the learner's cell gives the answer, "add_noise" of "DDPM.add_noise".
        owner: the class that a method belongs to, "" otherwise.
        module: where the reference is imported from.
        blank: the learner's copy of the cell before anything was written, "" if it stands in no notebook.
        hints: (title, text) in the order of the lesson.
    """

    name: str
    lesson: str
    defines: str
    owner: str
    is_class: bool
    module: str
    blank: str
    hints: tuple[tuple[str, str], ...]


def catalogue(lessons: tuple[str, ...] = ()) -> tuple[Item, ...]:
    """The exercises of these lessons (two digits), or of all, in order, without those that are steps of another.

    Raises: ValueError if there is no such lesson.
    """
    found = tuple(item_of(exercise) for exercise in exercises().values() if not exercise.step_of)
    known = sorted({item.lesson for item in found})
    for lesson in lessons:
        if lesson not in known:
            raise ValueError(f"lessons holds {lesson!r}; allowed: {', '.join(known)}")
    return tuple(asked_for(in_order_of_the_notebooks(found), lessons))


def asked_for(items: Iterable[Item], lessons: Collection[str] = (), only: str = "") -> list[Item]:
    """Those of these lessons, of all if there are none; with `only`, that one exercise."""
    return [item for item in items if (not lessons or item.lesson in lessons) and only in ("", item.name)]


def in_order_of_the_notebooks(items: tuple[Item, ...]) -> list[Item]:
    places = {name: place for place, name in enumerate(cells_by_exercise())}
    return sorted(items, key=lambda item: (item.lesson, places.get(item.name, len(places))))


def item_of(exercise: Exercise) -> Item:
    blank, hints = cells_by_exercise().get(exercise.name, ("", ()))
    return Item(
        name=exercise.name,
        lesson=exercise.lesson,
        defines=exercise.method or exercise.name,
        owner=exercise.name.partition(".")[0] if exercise.method else "",
        is_class=inspect.isclass(exercise.reference) and not exercise.method,
        module=exercise.reference.__module__,
        blank=blank,
        hints=hints,
    )


@cache
def cells_by_exercise() -> dict[str, tuple[str, tuple[tuple[str, str], ...]]]:
    """Blank cell and hints of every exercise, in the order of the course. The hints stand in the cell before it."""
    found = {}
    for path in lesson_notebooks():
        before = ""
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            text = "".join(cell["source"])
            if cell["cell_type"] == "markdown":
                before = text
            name = cell["metadata"].get("exercise")
            if name:
                hints = tuple((html.unescape(title.strip()), body.strip()) for title, body in HINT.findall(before))
                found[name] = (text, hints)
    return found


@cache
def course_cells() -> frozenset[str]:
    """The code cells that lessons bring along: experiments, not answers."""
    cells = [cell for path in lesson_notebooks() for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]]
    return frozenset(
        "".join(cell["source"]) for cell in cells if cell["cell_type"] == "code" and "exercise" not in cell["metadata"]
    )


def lesson_notebooks() -> list[Path]:
    return sorted(path for path in NOTEBOOKS.glob("*.ipynb") if re.match(r"\d\d_", path.name))


def lesson_names() -> dict[str, str]:
    """ "03" -> "03_residual_block"."""
    return {path.stem[:2]: path.stem for path in lesson_notebooks()}


@cache
def tree_without_docstrings(source: str) -> str:
    """What a piece of code says, whatever its layout, comments and docstrings; "" if it is no Python."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr) and is_text(body[0].value):
            del body[0]
    try:
        return ast.dump(tree)
    except RecursionError:
        return ""


def is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)
