"""Every exercise is held to its word: mistakes get their own sentence, right answers are accepted.

One process takes them all, so that what is seen of a mistake is seen once.
"""

import os
from collections.abc import Iterator

import pytest

from course_lib.checks import examine
from course_lib.checks.guard import Failure
from course_lib.checks.registry import exercises
from course_lib.checks.witness import reference_witness

SLOW = bool(os.environ.get("COURSE_SLOW_TESTS"))
# answers that draw random numbers, or are judged by many draws: one seed proves less of them
DRAWING = {"drop_labels", "ResidualBlock", "DDPM.loss", "FlowMatching.loss", "DDPM.step", "DDPM.ddim_step"}


def seeds_of(name: str) -> tuple[int, ...]:
    """One; a second one for answers that draw, and for all with COURSE_SLOW_TESTS=1."""
    return (1, 2) if SLOW or name in DRAWING else (1,)


def cases(kind: str) -> Iterator:
    """A case for every entry of this kind, "misconceptions" or "alternatives", of every exercise, and every seed."""
    for name, exercise in exercises().items():
        for entry in getattr(exercise, kind):
            for seed in seeds_of(name):
                yield pytest.param(name, entry, seed, id=f"{name}-{entry.name}-{seed}")


@pytest.mark.parametrize(("name", "mistake", "seed"), cases("misconceptions"))
def test_every_mistake_is_rejected_with_its_own_sentence(name, mistake, seed):
    mistake.verify()
    result = examine(mistake.wrong, name, seed=seed)
    assert result.status == "failed", f"{mistake.name} is no mistake: this answer is right"
    same = f"{mistake.name} is told as {result.misconception}: if the two behave alike, they need one sentence"
    assert result.misconception == mistake.name, f"{same}\n{result.message}"
    assert result.message.startswith(mistake.sentence)


TEN_SEEDS = range(11, 21)


@pytest.mark.parametrize("name", exercises())
def test_a_mistake_has_the_same_name_under_every_seed(name):
    """All mistakes under ten seeds with COURSE_SLOW_TESTS=1; else up to six of each exercise, spread over its list."""
    mistakes = exercises()[name].misconceptions
    every = max(7, len(mistakes) // 6 + 1)
    some = mistakes[list(exercises()).index(name) % every :: every]
    chosen, seeds = (mistakes, TEN_SEEDS) if SLOW else (some, TEN_SEEDS[:1])
    told = {(mistake.name, seed): examine(mistake.wrong, name, seed=seed).misconception
            for seed in seeds for mistake in chosen}  # fmt: skip
    assert not {case: heard for case, heard in told.items() if heard != case[0]}


@pytest.mark.parametrize(("name", "alternative", "seed"), cases("alternatives"))
def test_every_right_answer_is_accepted(name, alternative, seed):
    result = examine(alternative.right, name, seed=seed)
    assert result.status == "passed", result.message


@pytest.mark.parametrize("name", exercises())
def test_the_reference_is_accepted(name):
    for seed in (1, 2):
        result = examine(exercises()[name].answer, name, seed=seed)
        assert result.status == "passed", result.message


@pytest.mark.parametrize("name", exercises())
def test_every_probe_comes_to_its_end_with_the_reference(name):
    """One that breaks, or whose call the reference refuses, would ask nothing of any answer."""
    exercise = exercises()[name]
    reference = reference_witness(exercise, 1)
    for place, one in enumerate(exercise.properties):
        seen = reference.under(place)
        failures = [observation.value for observation in seen if isinstance(observation.value, Failure)]
        assert not failures, f"{one.name}: {failures}"


@pytest.mark.parametrize("name", exercises())
def test_there_is_enough_of_everything_and_each_thing_is_said_once(name):
    exercise = exercises()[name]
    assert len(exercise.misconceptions) >= 5
    assert len(exercise.alternatives) >= 3
    for entries in (exercise.misconceptions, exercise.alternatives, exercise.properties):
        assert len({entry.name for entry in entries}) == len(entries)
    assert len({wrong.sentence for wrong in exercise.misconceptions}) == len(exercise.misconceptions)


def test_those_that_draw_are_exercises():
    assert set(exercises()) >= DRAWING
