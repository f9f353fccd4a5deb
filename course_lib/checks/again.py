"""A line that gives a verdict once more: the same answer under the same seed.

In a notebook `X = check(X)` puts the reference under the answer's name where the answer did not pass. So the answers
that a line was printed for are remembered, and `examine(X, seed=...)` with the seed of that line means that answer.
"""

import inspect
from typing import Any

from course_lib.checks.exercise import Exercise

LARGEST_SEED = 10**6  # short enough to copy by hand

CODE = "from course_lib.checks import examine; "
replaced: dict[tuple[str, int], Any] = {}


def remember(exercise: Exercise, answer: Any, seed: int | None) -> None:
    """Note the answer whose name holds the reference from now on, if it has been tried at all."""
    if seed is not None:
        replaced[exercise.name, seed] = answer


def meant_by(exercise: Exercise, given: Any, seed: int | None) -> Any:
    """What is to be examined: `given`, or the answer that the reference has taken the place of under this seed."""
    in_class = exercise.method and inspect.isclass(given)
    now = vars(given).get(exercise.method) if in_class else given
    return replaced.get((exercise.name, seed), given) if now is exercise.answer else given


def repeated_by(exercise: Exercise, answer: Any, seed: int) -> str:
    """The line, its code to be put into a new cell of the notebook; "" for an answer without a name."""
    name = getattr(answer, "__qualname__", "").rpartition("<locals>.")[2]
    if not all(map(str.isidentifier, name.split("."))):
        return ""
    named = "" if name == exercise.name and "." not in name else f', "{exercise.name}"'
    return f"{CODE}examine({name}{named}, seed={seed})  # once more"
