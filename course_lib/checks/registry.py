"""Find the exercise that an object answers."""

import importlib
import inspect
import pkgutil
from functools import cache
from typing import Any

from course_lib.checks import bank
from course_lib.checks.exercise import Exercise


@cache
def exercises() -> dict[str, Exercise]:
    """All exercises by name, in the order of the lessons. Every module of the bank holds them in `EXERCISES`."""
    found = [
        exercise
        for module in pkgutil.iter_modules(bank.__path__)
        for exercise in importlib.import_module(f"{bank.__name__}.{module.name}").EXERCISES
    ]
    return {exercise.name: exercise for exercise in sorted(found, key=lambda exercise: exercise.lesson)}


def find_exercise(obj: Any, name: str | None = None) -> Exercise:
    """The exercise called `name`, or the one that the object's own name says it answers.

    Raises: ValueError if there is none of that name.
    """
    known = exercises()
    if name is not None:
        if name in known:
            return known[name]
        raise ValueError(f"exercise is {name!r}; allowed: {', '.join(known)}")
    path = obj.__qualname__.split("<locals>.")[-1] if inspect.isclass(obj) or inspect.isroutine(obj) else ""
    last = path.rpartition(".")[2]
    for candidate in (path, last):
        if candidate in known:
            return known[candidate]
    # a method written as a function by itself, or one of the methods of a class that is an exercise as a whole
    methods = [exercise for exercise in known.values() if last and exercise.method == last]
    if len(methods) == 1:
        return methods[0]
    owner = path.partition(".")[0]
    if "." in path and owner in known:
        return known[owner]
    raise ValueError(
        f"there is no exercise for {path or 'an object of type ' + type(obj).__name__}; allowed: a class or "
        f"function called {', '.join(known)}, or its name as second argument"
    )
