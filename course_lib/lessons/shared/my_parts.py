"""Mine or the reference: find the learner's own parts, and put a network together from them."""

import contextlib
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any

from torch import nn

import course_lib
from course_lib.checks import examine_for
from course_lib.checks.my_work import load_kept
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

    Prints a line that says which are whose. Parts find each other: a TimeEmbedding of the learner's uses the learner's
    SinusoidalPositionEmbedding. A tenth entry, `group_norm`, is the library's with the learner's num_groups in it.
    """
    parts, mine = {"group_norm": group_norm}, []
    for name in PARTS:
        exercise = named(name)  # None where the lesson was taken out of the course
        kept = None if exercise is None else load_kept(exercise, parts)
        if kept is not None and examine_for(exercise, kept)[0].status == "passed":
            parts[name] = kept
            mine.append(name)
        else:
            parts[name] = getattr(course_lib, name)
        if name == "num_groups" and name in mine:
            parts["group_norm"] = FunctionType(group_norm.__code__, group_norm.__globals__ | {name: kept})
    print(whose(mine))
    return parts


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
    """What makes UNets from the learner's own parts, as often as it is called. Prints the line of `my_parts`, once."""
    parts = my_parts()

    def make(**config: Any) -> nn.Module:
        with built_from(parts["UNet"], parts):
            return parts["UNet"](**config)

    return make


def my_unet(**config: Any) -> Any:
    """A UNet from the learner's own parts. Prints the line of `my_parts`.

    Args:
        config: arguments of UNet.
    """
    return my_network()(**config)


def my_class(library: type) -> type:
    """The library's class (DDPM, FlowMatching) with the learner's methods in it, where they have passed and still do.

    Prints a line that says which are the learner's.
    """
    found = [exercise for exercise in exercises().values() if exercise.method and exercise.reference is library]
    kept = {exercise.method: load_kept(exercise) for exercise in found}
    mine = {
        exercise.method: kept[exercise.method]
        for exercise in found
        if kept[exercise.method] is not None and examine_for(exercise, kept[exercise.method])[0].status == "passed"
    }
    theirs = [name for name in kept if name not in mine]
    print(
        f"{len(mine)} of {len(kept)} methods of {library.__name__} are yours"
        + (f"; the library's: {', '.join(theirs)}." if theirs else ".")
    )
    return type(library.__name__, (library,), mine)
