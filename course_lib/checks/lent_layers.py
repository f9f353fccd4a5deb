"""An answer in this process; of one that is a method, the layers around it are lent to one answer after the other.

To make a UNet takes ten times as long as to call it, and an answer is tried under twenty properties and compared with a
dozen mistakes. Parameters are set before every use, so that nothing of one answer is left for the next.
"""

import copy
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn

from course_lib.checks.exercise import Exercise
from course_lib.checks.guard import Failure
from course_lib.checks.handle import Handle
from course_lib.checks.seam import Constructed
from course_lib.checks.trial import made_once


def handle_of(exercise: Exercise, answer: Any, seconds: float, trusted: bool = False) -> Handle:
    """An answer in this process; `trusted` is the reference, or a known mistake."""
    subject = exercise.subject(answer)
    if not exercise.makes_the_object and issubclass(exercise.reference, nn.Module):
        return StepHandle(subject, seconds=seconds, trusted=trusted)
    return Handle(subject, seconds=seconds)


@dataclass
class Lent:
    """Layers to be lent.

    Attributes:
        layers: a module of the reference's class.
        parameters: its own, by name.
        marks: see `marks_of`, as it was made.
    """

    layers: nn.Module
    parameters: dict[str, Tensor]
    marks: list[list[int]]


@lru_cache(maxsize=16)  # a first verdict needs up to nine
def lent(reference: type, args: tuple, kwargs: tuple) -> Lent:
    layers = made_once(reference, args, kwargs)[0]
    return Lent(layers, dict(layers.named_parameters()), marks_of(layers))


def marks_of(module: nn.Module) -> list[list[int]]:
    """What tells whether layers are still those that were made: all that they hold, but for modes and numbers."""
    marks = []
    for part in module.modules():
        held = vars(part)
        marks.append([id(value) for name, value in held.items() if name != "training"])
        marks += [[*map(id, held[name].values())] for name in ("_parameters", "_buffers", "_modules")]
        marks.append([len(held["_forward_hooks"]), len(held["_forward_pre_hooks"])])
        marks += [[values._version] for values in held["_buffers"].values() if values is not None]
        marks += [[values.requires_grad] for values in held["_parameters"].values() if values is not None]
    return marks


@dataclass
class StepHandle(Handle):
    """An answer in one method of a module, in layers that are lent to it.

    Attributes:
        trusted: whether it is the course's own, and leaves layers as they are.
        borrowed: what was lent to an object, by its key.
    """

    trusted: bool = False
    borrowed: dict[int, Lent] = field(default_factory=dict)

    def construct(self, args: tuple, kwargs: dict, seed: int) -> Constructed | Failure:
        try:
            taken = lent(self.answer.__base__, args, tuple(kwargs.items()))
        except TypeError:  # an argument that cannot be remembered, such as a list
            return super().construct(args, kwargs, seed)
        if any(one is taken for one in self.borrowed.values()):  # two at once need layers of their own
            return super().construct(args, kwargs, seed)
        made = object.__new__(self.answer)
        # what the method keeps on self stays its own
        vars(made).update({name: copy.copy(value) for name, value in vars(taken.layers).items()})
        self.objects.append(made)
        key = len(self.objects) - 1
        self.borrowed[key] = taken
        return Constructed(key, {name: tuple(values.shape) for name, values in taken.parameters.items()})

    def load(self, key: int, state: dict[str, Tensor]) -> None:
        parameters = self.borrowed[key].parameters if key in self.borrowed else {}
        if not parameters or parameters.keys() != state.keys():
            super().load(key, state)
            return
        with torch.no_grad():
            torch._foreach_copy_(list(parameters.values()), [state[name] for name in parameters])

    def release(self) -> None:
        super().release()
        if not self.trusted and any(marks_of(one.layers) != one.marks for one in self.borrowed.values()):
            # an answer has changed what was lent to it: nobody else gets it
            lent.cache_clear()
            made_once.cache_clear()
        self.borrowed.clear()
