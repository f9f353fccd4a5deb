"""Which known mistake an answer makes: a name is spoken where enough agrees, and nothing contradicts it.

A known mistake has to behave like the answer

- under the first property that fails, and be right under those before it, as the answer is;
- under the later ones; where those give numbers the two may differ only if the answer makes a second mistake there: if
  the known one is right and the answer wrong, or the answer stops with an error;
- on further input, drawn from another seed: the property that fails once more, and the exercise's harder call, in which
  everything counts. Every exercise has one.

Two known mistakes made at once behave like neither. Where the answer is a function, the first one is named if both
together do what the answer does.

A yes or no, a count or a few numbers can agree by chance: then the two have to be the same under every property.
"""

from functools import lru_cache
from inspect import isclass
from random import Random
from typing import Any

import torch
from torch import Tensor

from course_lib.checks.guard import Failure
from course_lib.checks.mistakes import Misconception
from course_lib.checks.properties import BEHIND
from course_lib.checks.trial import Observation
from course_lib.checks.witness import Witness, behaves_alike, reference_witness

FINER = {one.__name__ for one in BEHIND}
# as many different wrong numbers do not agree by chance
MANY = 8


def known_mistake(answer: Witness, failing: int) -> Misconception | None:
    """The known mistake that an answer makes, which first fails at the property in place `failing`, or None.

    One that behaves alike under every property is preferred to one beside which there is a second mistake.
    """
    exercise, seed = answer.exercise, answer.seed
    further = Witness(exercise, answer.handle, Random(seed).randrange(2**31), answer.matching)
    second_best = None
    for mistake in exercise.misconceptions:
        if mistake.shows and mistake.shows != exercise.properties[failing].name:
            continue
        if not behaves_alike(exercise, mistake, failing, seed, answer.under(failing)):
            continue
        named, everywhere = agreement(answer, further, mistake, failing)
        if named and everywhere:
            return mistake
        if named and second_best is None:
            second_best = mistake
    return second_best


def agreement(answer: Witness, further: Witness, mistake: Misconception, failing: int) -> tuple[bool, bool]:
    """Whether the name may be spoken, and whether the two are the same under every property."""
    exercise, last = answer.exercise, len(answer.exercise.properties)
    # what tells most comes first: nearly all that agree by chance end at the harder call
    everywhere = [(further, last), (further, failing), *((answer, index) for index in range(failing + 1, last))]
    before = [(answer, index) for index in range(failing)]
    right_there = reference_witness(exercise, answer.seed).under(failing)
    if not tells_much(answer.under(failing), right_there):
        same = all(alike(witness, mistake, index) for witness, index in (*everywhere, *before))
        return same, same
    if not all(alike(witness, mistake, index) for witness, index in ((further, failing), *before)):
        return False, False
    alone = exercise.properties[failing].alone
    if isclass(exercise.answer):
        # what a network does to types, devices and gradients tells no computation from another, and takes long to see
        everywhere = [
            place for place in everywhere if place[1] == last or exercise.properties[place[1]].name not in FINER
        ]
    differ = [place for place in everywhere if not alike(place[0], mistake, place[1])]
    named = all(another_mistake(witness, mistake, index, alone) for witness, index in differ)
    return named or beside_a_known_one(mistake, [*everywhere, *before, (answer, failing)]), not differ


def beside_a_known_one(mistake: Misconception, places: list[tuple[Witness, int]]) -> bool:
    """Whether this mistake and another known one, both at once, do everywhere what the answer does."""
    exercise = mistake.exercise
    if isclass(exercise.answer):  # a network takes too long to make each pair of it
        return False
    pairs = (both_at_once(mistake, other) for other in exercise.misconceptions if other is not mistake)
    return any(all(alike(witness, pair, index) for witness, index in places) for pair in pairs if pair is not None)


@lru_cache(maxsize=4096)
def both_at_once(one: Misconception, other: Misconception) -> Misconception | None:
    """Both edits made, or None where one takes the place of the other."""
    if one.answer or other.answer:
        return None
    both = Misconception(one.name, one.sentence, (*one.edit, *other.edit), "", one.exercise)
    try:
        return both if callable(both.wrong) else None
    except ValueError:
        return None


def alike(witness: Witness, mistake: Misconception, index: int) -> bool:
    return behaves_alike(witness.exercise, mistake, index, witness.seed, witness.under(index))


def another_mistake(witness: Witness, mistake: Misconception, index: int, alone: bool) -> bool:
    """Whether an answer that makes this mistake can differ from it here, because it makes another one besides."""
    mine = witness.under(index)
    if not any(is_number(one.value) for one in mine) or any(stops(one) for one in mine):
        return True
    right = reference_witness(witness.exercise, witness.seed).under(index)
    if behaves_alike(witness.exercise, mistake, index, witness.seed, right):
        return True
    # both are wrong: what has been seen of a part by itself is true of it, whatever the others do
    return alone and bool(wrong_numbers(mine, right))


def stops(observation: Observation) -> bool:
    return isinstance(observation.value, Failure) and observation.value.kind == "raised"


def is_number(value: Any) -> bool:
    if isinstance(value, tuple):
        return any(map(is_number, value))
    return isinstance(value, Tensor | float | int) and not isinstance(value, bool)


def tells_much(mine: list[Observation], right: list[Observation]) -> bool:
    """Whether many different numbers are wrong, so that another computation would not give the same by chance."""
    return len(set(wrong_numbers(mine, right))) >= MANY


def wrong_numbers(mine: list[Observation], right: list[Observation]) -> list[float]:
    # what was looked at beyond the right answer's was looked at because something is wrong: all of it tells
    found = [number for one in mine[len(right) :] for value in tensors_of(one.value) for number in some(value.double())]
    for one, other in zip(mine, right, strict=False):
        for value, wanted in zip(tensors_of(one.value), tensors_of(other.value), strict=False):
            value, wanted = value.double(), wanted.double()
            if value.shape == wanted.shape:
                value = value[~torch.isclose(value, wanted, rtol=1e-4, atol=1e-5)]
            found += some(value)
    return found


def some(value: Tensor) -> list[float]:
    """Its numbers, up to 1,000, without what is none."""
    return value[torch.isfinite(value)].flatten()[:1000].tolist()


def tensors_of(value: Any) -> list[Tensor]:
    if isinstance(value, tuple):
        return [tensor for item in value for tensor in tensors_of(item)]
    return [value] if isinstance(value, Tensor) and value.dtype != torch.bool else []
