"""Find the exercise that an object answers.

An exercise stands in the folder of its lesson, in a file that bears its name: ResidualBlock in residual_block.py,
DDPM.add_noise in ddpm_add_noise.py. So one exercise is found, and read, without the others.
"""

import importlib
import inspect
import re
from functools import cache
from pathlib import Path
from typing import Any

from course_lib.checks.exercise import Exercise

LESSONS = Path(__file__).resolve().parent.parent / "lessons"


def file_name(name: str) -> str:
    """Where an exercise stands, without the ending.

    >>> file_name("ResidualBlock"), file_name("DDPM.add_noise"), file_name("UNet")
    ('residual_block', 'ddpm_add_noise', 'unet')
    """
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace(".", "_").lower()


@cache
def exercise_files() -> dict[str, str]:
    """Module of every exercise by file name, in the order of the lessons: where there are mistakes, there is one."""
    return {
        path.stem: f"course_lib.lessons.{path.parent.name}.{path.stem}"
        for path in sorted(LESSONS.glob("lesson[0-9][0-9]/*.toml"))
    }


@cache
def exercises() -> dict[str, Exercise]:
    """All exercises by name, in the order of the lessons."""
    found = [read(module) for module in exercise_files().values()]
    return {exercise.name: exercise for exercise in sorted(found, key=lambda exercise: exercise.lesson)}


def read(module: str) -> Exercise:
    """The exercise of a module.

    Raises: ValueError if its file does not bear its name: nobody would find it there.
    """
    found = importlib.import_module(module).EXERCISE
    if file_name(found.name) != module.rpartition(".")[2]:
        here = f"{found.file.parent.name}/{found.file.name}"
        raise ValueError(f"{found.name} stands in {here}; allowed: {file_name(found.name)}.py, and .toml beside it")
    return found


def check_its_mistakes_are_there(name: str) -> None:
    """Raises: ValueError if there is a file for an exercise of this name, and none with its mistakes."""
    paths = [path for path in LESSONS.glob("lesson[0-9][0-9]/*.py") if path.stem == file_name(name)]
    for path in paths:
        if not path.with_suffix(".toml").exists() and "EXERCISE = Exercise(" in path.read_text(encoding="utf-8"):
            raise ValueError(f"{path.parent.name}/{path.stem}.toml is missing; allowed: a table for each mistake")


def find_exercise(obj: Any, name: str | None = None) -> Exercise:
    """The exercise called `name`, or the one that the object's own name says it answers.

    Raises: ValueError if there is none of that name, or the object cannot even be asked for its own.
    """
    check_it_can_be_asked(obj)
    if name is not None:
        if not isinstance(name, str):
            raise ValueError(f"exercise is of type {type(name).__name__}; allowed: its name, such as 'ResidualBlock'")
        found = named(name)
        if found is None:
            check_its_mistakes_are_there(name)
            raise ValueError(f"exercise is {name!r}; allowed: {', '.join(exercises())}")
        return found
    path = obj.__qualname__.split("<locals>.")[-1] if inspect.isclass(obj) or inspect.isroutine(obj) else ""
    owner, _, last = path.rpartition(".")
    for candidate in (path, last):
        found = named(candidate)
        if found is not None:
            return found
    # a method written as a function by itself, or one of the methods of a class that is an exercise as a whole
    methods = [found for found in map(read, modules_that_end_with(last)) if last and found.method == last]
    if len(methods) == 1:
        return methods[0]
    found = named(path.partition(".")[0]) if owner else None
    if found is not None:
        return found
    check_its_mistakes_are_there(path)
    raise ValueError(
        f"there is no exercise for {path or 'an object of type ' + type(obj).__name__}; allowed: a class or "
        f"function called {', '.join(exercises())}, or its name as second argument"
    )


def check_it_can_be_asked(obj: Any) -> None:
    """Raises: ValueError for an object that stops with an error of its own when it is asked what it is."""
    for attribute in ("__class__", "__name__", "__qualname__", "__module__", "__mro__", "__dict__"):
        try:
            getattr(obj, attribute, None)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            raise ValueError(
                f"your object stops with {type(error).__name__} when it is asked for its {attribute}; allowed: a plain "
                "class or function"
            ) from None


def named(name: str) -> Exercise | None:
    """The exercise of exactly this name."""
    module = exercise_files().get(file_name(name))
    found = read(module) if module else None
    return found if found is not None and found.name == name else None


def modules_that_end_with(last: str) -> list[str]:
    return [module for name, module in exercise_files().items() if name.endswith(f"_{file_name(last)}")]
