"""A call that a verdict shows is one that the learner can make: run as it stands, the reference comes back from it.

An exercise whose answers are watched may pass on other things than a learner does: a seed for a generator, words for a
network. It says such a call in the learner's words, by `@EXERCISE.telling`.
"""

import inspect
import re
from collections.abc import Iterator
from contextlib import suppress

import pytest
import torch
from torch import nn

from course_lib.checks import examine
from course_lib.checks.guard import same_state_afterwards
from course_lib.checks.registry import exercises
from course_lib.checks.trial import Call, PropertyEnds, Trial
from course_lib.checks.witness import reference_witness
from course_lib.lessons.lesson07 import count_parameters as counting
from course_lib.lessons.lesson07.count_parameters_watched import described_module
from course_lib.unet import UNet


class Calls(Trial):
    """Keeps every call that is drawn."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.drawn: list[Call] = []

    def calling(self, *args, **kwargs) -> Call:
        self.drawn.append(super().calling(*args, **kwargs))
        return self.drawn[-1]


def calls_of(name: str) -> Iterator[Call]:
    """The ordinary call, which "This one comes back" may show, and every other that a property draws of a function."""
    exercise = exercises()[name]
    handle = reference_witness(exercise, 1).handle
    yield exercise.make_example(Trial(handle, exercise, 1, lambda observation: None))
    for one in exercise.properties if inspect.isfunction(exercise.reference) else ():
        trial = Calls(handle, exercise, 1, lambda observation: None)
        with suppress(PropertyEnds):
            one.probe(trial)
        yield from trial.drawn


def made_by_a_learner(call: Call):
    """The call as its text says it where nobody words it: the library's own function, unwatched."""
    exercise = call.trial.exercise
    with same_state_afterwards():
        if call.of is not None:
            of = exercise.reference(*call.of.args, **call.of.kwargs)
            return (getattr(of, call.method) if call.method else of)(*call.args, **call.kwargs)
        return exercise.answer(*call.args, **call.kwargs)


@pytest.mark.parametrize("name", [name for name, one in exercises().items() if one.tell is None])
def test_a_call_that_is_shown_as_it_was_made_can_be_made(name):
    for call in calls_of(name):
        if "device" not in call.kwargs:  # a device that does not exist is to be refused
            made_by_a_learner(call)


def arguments_in(text: str, name: str) -> list[str]:
    """The arguments of the call of `name` at the beginning of a text, parted at the commas outside of brackets."""
    inside, depth, parts = text.removeprefix(f"{name}("), 0, [""]
    for letter in inside:
        depth += (letter in "([{") - (letter in ")]}")
        if depth < 0:
            break
        parts[-1] += letter
        if letter == "," and depth == 0:
            parts[-1] = parts[-1][:-1]
            parts.append("")
    return [part.strip() for part in parts]


def named(argument: str) -> str:
    found = re.match(r"(\w+)=", argument)
    return found[1] if found else ""


@pytest.mark.parametrize("name", [name for name, one in exercises().items() if one.tell is not None])
def test_a_call_in_words_has_the_arguments_of_the_answer(name):
    exercise = exercises()[name]
    trial = Trial(reference_witness(exercise, 1).handle, exercise, 1, lambda observation: None)
    text = exercise.make_example(trial).text()
    function = name.rpartition(".")[2]
    if not text.startswith(f"{function}("):  # a sentence, and no call
        return
    parameters = [one for one in inspect.signature(exercise.answer).parameters.values() if one.name != "self"]
    arguments = arguments_in(text, function)
    assert len(arguments) <= len(parameters), text
    assert {named(one) for one in arguments} - {""} <= {one.name for one in parameters}, text
    assert len(arguments) >= sum(one.default is inspect.Parameter.empty for one in parameters), text


def test_a_module_made_by_a_line_is_the_one_that_was_counted():
    for kind, line in counting.MADE_BY_A_LINE.items():
        mine, theirs = eval(line.format(a=6, b=4), {"nn": nn}), described_module(kind, 6, 4)
        assert repr(mine) == repr(theirs), kind
        assert [one.dtype for one in mine.parameters()] == [one.dtype for one in theirs.parameters()]


def test_the_network_of_a_budget_is_shown_as_a_learner_makes_it():
    exercise = exercises()["parameter_budget"]
    trial = Trial(reference_witness(exercise, 1).handle, exercise, 1, lambda observation: None)
    _, _, made = exercise.make_example(trial).text().partition("model is ")
    model = eval(made, {"UNet": UNet})
    assert sum(exercise.answer(model).values()) > 0


def test_the_call_that_comes_back_is_one_a_learner_can_make():
    def drop_labels(labels, probability, generator=None):
        every = int(1 / probability)
        draws = torch.randint(0, every, labels.shape, generator=generator)
        return torch.where(draws == 0, -1, labels)

    message = examine(drop_labels, seed=1).message
    assert "This one comes back: drop_labels(8 labels, 0.5, a generator with seed 3)." in message
