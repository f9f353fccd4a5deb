"""What several of the lesson's exercises share: numbers for stand-ins, and how what came back is looked at."""

from typing import Any

from torch import Tensor

from course_lib.checks.compare import difference
from course_lib.checks.guard import Failure
from course_lib.checks.trial import Call, PropertyEnds, Trial

# what the watched functions return: of a walk, and of a made split
RESULT, CALLS, TIMES, PLACES = range(4)
PAIR, FIRST_CALLS, OTHER_CALLS, TURNED = range(4)


def numbers(trial: Trial) -> tuple[float, ...]:
    """Of a stand-in for a split."""
    return tuple(number + 0.3 * trial.random.random() for number in (0.3, 0.7, 0.2))


def found(call: Call, given: str) -> tuple:
    """What a watched function returns; ends the property, recorded, where the answer gave no images."""
    trial, value = call.trial, call.value()
    if isinstance(value, Failure):
        trial.checked("the result", value, given)
    if not isinstance(value[0], Tensor | tuple):
        text = value[0] if isinstance(value[0], str) else f"{type(value[0]).__name__} came back"
        trial.checked("the result", None if value[0] is None else Failure("type", text), given)
        raise PropertyEnds
    return value


def draws(call: Call) -> bool:
    """Whether two calls of the same inputs, under other random numbers, give unlike results; ends at an error."""
    one, other = call.value(), call.value()
    if isinstance(one, Failure):
        call.trial.checked("the result", one, call.text())
    return bool(difference(one, other))


def see(call: Call, place: int, label: str, given: str) -> Any:
    """Record one of the things that a watched function returns."""
    value = found(call, given)[place]
    call.trial.see(label, value, given)
    return value
