"""Every exercise is held to its word: mistakes get their own sentence, right answers are accepted.

One process takes them all, so that what is seen of a mistake is seen once.
"""

import dataclasses
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from unittest.mock import Mock

import pytest

from course_lib.checks import examine, properties
from course_lib.checks.examination import first_failure
from course_lib.checks.exercise import Exercise, Property
from course_lib.checks.guard import Failure
from course_lib.checks.lent_layers import handle_of
from course_lib.checks.mistakes import Misconception
from course_lib.checks.registry import exercises
from course_lib.checks.result import CheckResult
from course_lib.checks.trial import Trial
from course_lib.checks.witness import Witness, reference_witness

SLOW = bool(os.environ.get("COURSE_SLOW_TESTS"))
# answers that draw random numbers, or are judged by many draws: one seed proves less of them
DRAWING = {"drop_labels", "ResidualBlock", "DDPM.loss", "FlowMatching.loss", "DDPM.step", "DDPM.ddim_step"}
OF_ALL = [one.__name__ for one in (*properties.BEFORE, *properties.BEHIND)]


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
    assert result.misconception == mistake.name, f"{why_not_by_name(mistake, result, seed)}\n{result.message}"
    assert result.message.startswith(mistake.sentence)


def why_not_by_name(mistake: Misconception, result: CheckResult, seed: int) -> str:
    """What keeps an answer that makes a mistake from hearing its sentence."""
    exercise, told = mistake.exercise, result.misconception
    first = first_failure(Witness(exercise, handle_of(exercise, mistake.wrong, exercise.seconds), seed)).property.name
    if mistake.shows not in ("", first):
        return f"shows of {mistake.name} is {mistake.shows!r}, and the property that fails first is {first!r}"
    if told in {other.name for other in exercise.misconceptions}:
        return f"{mistake.name} is told as {told}: if the two behave alike, they need one sentence"
    return f"{mistake.name} is not recognised under {first!r}; what is told is {told or 'what was seen'}, a symptom"


@pytest.mark.parametrize(
    ("shows", "told", "said"),
    [
        ("on_another_device", None, "shows of {} is 'on_another_device', and the property that fails first is '{}'"),
        ("", "{other}", "{} is told as {other}: if the two behave alike, they need one sentence"),
        ("", "wrong_shift", "{} is not recognised under '{}'; what is told is wrong_shift, a symptom"),
    ],
)
def test_what_keeps_a_mistake_from_its_sentence_is_said(shows, told, said):
    mistake, other = exercises()["from_pixels"].misconceptions[:2]
    first = why_not_by_name(dataclasses.replace(mistake, shows="?"), CheckResult("failed", ""), 1).split("'")[-2]
    result = CheckResult("failed", "", told and told.format(other=other.name))
    said = said.format(mistake.name, first, other=other.name)
    assert why_not_by_name(dataclasses.replace(mistake, shows=shows), result, 1) == said


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
    """One that breaks, whose call the reference refuses, or that looks at nothing, would ask nothing of any answer."""
    exercise = exercises()[name]
    reference = reference_witness(exercise, 1)
    for place, one in enumerate(exercise.properties):
        seen = reference.under(place)
        failures = [observation.value for observation in seen if isinstance(observation.value, Failure)]
        assert not failures, f"{one.name}: {failures}"
        assert seen or one.name in OF_ALL or asks(one, exercise), f"{one.name}: its probe asks nothing of the answer"


def asks(one: Property, exercise: Exercise) -> bool:
    """Whether a probe that records nothing of the reference at least makes or calls it: then it records what fails."""
    handle = Mock(wraps=handle_of(exercise, exercise.answer, exercise.seconds))
    one.probe(Trial(handle, exercise, 1, lambda observation: None))
    return bool(handle.method_calls)


def test_a_probe_that_looks_at_nothing_is_told_from_one_that_records_nothing():
    exercise = exercises()["from_pixels"]
    assert asks(Property("one", "calls", lambda trial: exercise.make_example(trial).value()), exercise)
    assert not asks(Property("one", "draws", lambda trial: trial.uniform(2)), exercise)


@pytest.mark.parametrize("name", exercises())
def test_every_exercise_has_the_properties_of_all_or_a_reason(name):
    exercise = exercises()[name]
    names, own = ({one.name for one in some} for some in (exercise.properties, exercise.own_properties))
    for one in OF_ALL:
        reason = exercise.not_for_all.get(one)
        assert (one in names) != (reason is not None) or (reason and one in own), one
        assert reason is None or len(reason) > 10, (
            f"not_for_all: the reason for {one} is {reason!r}; allowed: a sentence"
        )


@pytest.mark.parametrize("name", exercises())
def test_there_is_enough_of_everything_and_each_thing_is_said_once(name):
    exercise = exercises()[name]
    assert len(exercise.misconceptions) >= 5
    assert len(exercise.alternatives) >= 3
    for entries in (exercise.misconceptions, exercise.alternatives, exercise.properties):
        assert not said_twice(entry.name for entry in entries)
    assert not said_twice(wrong.sentence for wrong in exercise.misconceptions)


def said_twice(texts: Iterable[str]) -> list[str]:
    return [text for text, times in Counter(texts).items() if times > 1]


def test_those_that_draw_are_exercises():
    assert set(exercises()) >= DRAWING
