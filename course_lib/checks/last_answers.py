"""What the checks of this process were given last: a name holds the reference once its answer has not passed."""

from typing import Any

from course_lib.checks.exercise import Exercise

_LAST: dict[str, Any] = {}


def note_the_last(exercise: Exercise, answer: Any) -> None:
    _LAST[exercise.name] = answer


def last_answer(name: str) -> Any:
    """The learner's own last answer to an exercise, whatever its verdict; None if there was none in this process."""
    return _LAST.get(name)


def is_of_the_course(answer: Any) -> bool:
    """Whether an object was defined in the library, and not by a learner."""
    return (getattr(answer, "__module__", "") or "").split(".")[0] == "course_lib"


def is_the_reference(exercise: Exercise, obj: Any) -> bool:
    """Whether `obj` is the library's own, under whatever name, or a class that adds no method to it."""
    if exercise.method and isinstance(obj, type):
        obj = getattr(obj, exercise.method, None)
    if obj is exercise.answer or not isinstance(obj, type):
        return obj is exercise.answer
    adds_nothing = not any(callable(getattr(value, "__func__", value)) for value in vars(obj).values())
    return adds_nothing and exercise.answer in obj.__mro__


def sentence_for_the_reference(exercise: Exercise) -> str:
    """What to say instead of a verdict: nobody's answer was tried."""
    if exercise.name in _LAST:
        whose = f"{exercise.name} is the reference's now, put there by the last check"
    else:
        whose = f"{exercise.name} is the reference's, imported from the course"
    return f"{whose}: run the cell above again, then this one."
