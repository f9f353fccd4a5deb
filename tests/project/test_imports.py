"""Imports run one way: the library knows no tooling, the checks know no exercise, grading and lessons stand above."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "course_lib"
# from the ground up; a floor may import from its own and from those below
FLOORS = (
    ("library",),
    ("data", "pictures"),
    ("training", "evaluation"),
    ("exporting",),
    ("links",),
    ("checks", "progress"),
    ("colab", "doctor"),
    ("lessons",),
    ("grading",),
    ("authoring", "commands"),
)
HEIGHT = {room: height for height, floor in enumerate(FLOORS) for room in floor}


def room_of(module: str) -> str:
    """ "course_lib.checks.guard" -> "checks"; a module of the package itself belongs to the library."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and (PACKAGE / parts[1]).is_dir() else "library"


def imports() -> list[tuple[str, str]]:
    """(importing file, imported module), for all imports of the package within itself, those in functions included."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            found += [(path.relative_to(PACKAGE).as_posix(), name) for name in names if name.startswith("course_lib")]
    return found


def test_every_room_has_its_floor():
    rooms = {path.name for path in PACKAGE.iterdir() if path.is_dir() and any(path.glob("*.py"))}
    assert rooms == set(HEIGHT) - {"library"}


def test_imports_run_down():
    up = [
        f"{path} imports {name}"
        for path, name in imports()
        if path not in ("__main__.py",)  # the door to the commands
        and HEIGHT[room_of(name)] > HEIGHT[room_of("course_lib." + path.replace("/", ".").removesuffix(".py"))]
    ]
    assert not up


def test_no_lesson_imports_from_another():
    """So that a lesson can be taken away by deleting its folder."""
    across = [
        f"{path} imports {name}"
        for path, name in imports()
        if name.startswith("course_lib.lessons.lesson") and not path.startswith(f"lessons/{name.split('.')[2]}/")
    ]
    assert not across


@pytest.mark.parametrize("room", ["checks", "grading"])
def test_the_engine_names_no_exercise(room):
    """Nor does marking: what they know of an exercise they find in its folder."""
    from course_lib.checks.registry import exercises

    texts = {path: path.read_text(encoding="utf-8") for path in (PACKAGE / room).rglob("*.py")}
    named = [
        f"{path.name}: {node.value}"
        for path, text in texts.items()
        for node in strings_outside_docstrings(ast.parse(text))
        if node.value in exercises()
    ]
    assert not named


def strings_outside_docstrings(tree: ast.Module) -> list[ast.Constant]:
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings
    ]
