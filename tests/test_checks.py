"""Every exercise's own bank, over several seeds: mistakes get their own sentence, right answers are accepted."""

import pytest

from course_lib.checks import examine
from course_lib.checks.registry import exercises

SEEDS = (1, 2, 3)
MISTAKES = [(name, wrong) for name, exercise in exercises().items() for wrong in exercise.misconceptions]
ALTERNATIVES = [(name, right) for name, exercise in exercises().items() for right in exercise.alternatives]


def ids(pairs):
    return [f"{name}-{entry.name}" for name, entry in pairs]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("name", "mistake"), MISTAKES, ids=ids(MISTAKES))
def test_every_misconception_is_rejected_with_its_own_sentence(name, mistake, seed):
    result = examine(mistake.wrong, name, seed=seed)
    assert (result.status, result.misconception) == ("failed", mistake.name), result.message
    assert result.message.startswith(mistake.sentence)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("name", "alternative"), ALTERNATIVES, ids=ids(ALTERNATIVES))
def test_every_alternative_is_accepted(name, alternative, seed):
    assert examine(alternative.right, name, seed=seed).status == "passed", examine(alternative.right, name, seed=seed)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", exercises())
def test_the_reference_is_accepted(name, seed):
    assert examine(exercises()[name].answer, name, seed=seed).status == "passed"


@pytest.mark.parametrize("name", exercises())
def test_the_bank_is_large_enough_and_says_each_thing_once(name):
    exercise = exercises()[name]
    assert len(exercise.misconceptions) >= 5
    assert len(exercise.alternatives) >= 3
    for entries in (exercise.misconceptions, exercise.alternatives, exercise.properties):
        assert len({entry.name for entry in entries}) == len(entries)
    assert len({wrong.sentence for wrong in exercise.misconceptions}) == len(exercise.misconceptions)
