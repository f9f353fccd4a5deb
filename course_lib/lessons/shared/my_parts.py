"""Mine or the reference: find the learner's own parts, and put a network together from them."""

import contextlib
import textwrap
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any

from torch import nn

import course_lib
from course_lib.checks import LINE, examine_for
from course_lib.checks.exercise import Exercise
from course_lib.checks.my_work import NOTHING_KEPT, read_kept
from course_lib.checks.registry import exercises, named
from course_lib.group_norm import group_norm

# the nine parts of the network, each made of those before it
PARTS = (
    "SinusoidalPositionEmbedding",
    "TimeEmbedding",
    "ClassEmbedding",
    "num_groups",
    "ResidualBlock",
    "Downsample",
    "Upsample",
    "SelfAttention",
    "UNet",
)


def my_parts() -> dict[str, Any]:
    """The nine parts of the UNet: the learner's where one has passed and still does, the reference's elsewhere.

    Prints whose each part is and, where the reference took its place, why. Parts find each other: a TimeEmbedding of
    the learner's uses the learner's SinusoidalPositionEmbedding. A tenth entry, `group_norm`, is the library's with the
    learner's num_groups in it.
    """
    parts, why = found_parts()
    print(whose([name for name in PARTS if name not in why]))
    for name in PARTS:
        say(f"{name:27} {'the reference: ' + why[name] if name in why else 'yours'}")
    return parts


def found_parts() -> tuple[dict[str, Any], dict[str, str]]:
    """The parts, and for each that is the reference's the reason."""
    parts, why = {"group_norm": group_norm}, {}
    for name in PARTS:
        exercise = named(name)  # None where the lesson was taken out of the course
        answer, reason = (None, "its lesson is not here") if exercise is None else still_passing(exercise, parts)
        if answer is None:
            why[name] = reason
        parts[name] = getattr(course_lib, name) if answer is None else answer
        if name == "num_groups" and answer is not None:
            parts["group_norm"] = FunctionType(group_norm.__code__, group_norm.__globals__ | {name: answer})
    return parts, why


def still_passing(exercise: Exercise, names: dict[str, Any] | None = None) -> tuple[Any, str]:
    """What is kept of an exercise if it passes today; else None, and why."""
    kept = read_kept(exercise, names)
    if kept.answer is None:
        return None, kept.why
    result = examine_for(exercise, kept.answer)[0]
    if result.status == "passed":
        return kept.answer, ""
    return None, f"my_work/{exercise.name}.py does not pass: {result.message.splitlines()[0].rstrip('.')}"


def whose(mine: list[str]) -> str:
    """ "8 of 9 parts are yours; SelfAttention is the reference." """
    theirs = [name for name in PARTS if name not in mine]
    count = f"{len(mine)} of {len(PARTS)} parts are yours"
    if not theirs:
        return f"All {len(PARTS)} parts are yours."
    if not mine:
        return f"{count}; the reference stands in for all of them."
    verb = "is the reference" if len(theirs) == 1 else "are the reference"
    return f"{count}; {', '.join(theirs)} {verb}."


def say(line: str) -> None:
    print(textwrap.fill(line, LINE, initial_indent="  ", subsequent_indent=" " * 30))


def say_what_is_not_used(why: dict[str, str]) -> None:
    """A line for each file that is there and of no use."""
    for name, reason in why.items():
        if not reason.startswith(NOTHING_KEPT):
            say(f"{name:27} {reason}")


@contextlib.contextmanager
def built_from(unet: type, parts: dict[str, Any]) -> Iterator[None]:
    """While this lasts, the class `unet` builds its network from `parts` instead of the parts it was written with.

    What is missing in `parts` stays.
    """
    names = unet.__init__.__globals__
    before = {name: names[name] for name in parts if name in names and name != unet.__name__}
    names.update({name: parts[name] for name in before})
    try:
        yield
    finally:
        names.update(before)


def my_network() -> Callable[..., nn.Module]:
    """What makes UNets from the learner's own parts, as often as it is called. Says how many are theirs, once."""
    parts, why = found_parts()
    print(whose([name for name in PARTS if name not in why]))
    say_what_is_not_used(why)

    def make(**config: Any) -> nn.Module:
        with built_from(parts["UNet"], parts):
            return parts["UNet"](**config)

    return make


def my_class(library: type) -> type:
    """The library's class (DDPM, FlowMatching) with the learner's methods in it, where they have passed and still do.

    Prints a line that says which are the learner's, and why others that were kept are not used.
    """
    found = [exercise for exercise in exercises().values() if exercise.method and exercise.reference is library]
    kept = {exercise.method: still_passing(exercise) for exercise in found}
    mine = {name: answer for name, (answer, _) in kept.items() if answer is not None}
    theirs = [name for name in kept if name not in mine]
    print(
        f"{len(mine)} of the {len(kept)} methods of {library.__name__} that are exercises are yours"
        + (f"; the library's: {', '.join(theirs)}." if theirs else ".")
    )
    say_what_is_not_used({name: kept[name][1] for name in theirs})
    return type(library.__name__, (library,), mine)
