"""Every exercise's own bank, over several seeds: mistakes get their own sentence, right answers are accepted.

The tests of one lesson are a file of their own, test_checks_lessonNN.py, so that two processes can share them.
"""

from collections.abc import Callable

import pytest

from course_lib.checks import examine
from course_lib.checks.registry import exercises

SEEDS = (1, 2)


def cases_of(lesson: str) -> dict[str, Callable]:
    """The tests for the exercises of lesson `lesson` (two digits), by name."""
    here = {name: exercise for name, exercise in exercises().items() if exercise.lesson == lesson}
    mistakes = [(name, wrong) for name, exercise in here.items() for wrong in exercise.misconceptions]
    alternatives = [(name, right) for name, exercise in here.items() for right in exercise.alternatives]

    @pytest.mark.parametrize("seed", SEEDS)
    @pytest.mark.parametrize(("name", "mistake"), mistakes, ids=ids(mistakes))
    def test_every_misconception_is_rejected_with_its_own_sentence(name, mistake, seed):
        result = examine(mistake.wrong, name, seed=seed)
        assert (result.status, result.misconception) == ("failed", mistake.name), result.message
        assert result.message.startswith(mistake.sentence)

    @pytest.mark.parametrize("seed", SEEDS)
    @pytest.mark.parametrize(("name", "alternative"), alternatives, ids=ids(alternatives))
    def test_every_alternative_is_accepted(name, alternative, seed):
        assert examine(alternative.right, name, seed=seed).status == "passed", examine(
            alternative.right, name, seed=seed
        )

    @pytest.mark.parametrize("seed", SEEDS)
    @pytest.mark.parametrize("name", here)
    def test_the_reference_is_accepted(name, seed):
        assert examine(here[name].answer, name, seed=seed).status == "passed"

    @pytest.mark.parametrize("name", here)
    def test_the_bank_is_large_enough_and_says_each_thing_once(name):
        exercise = here[name]
        assert len(exercise.misconceptions) >= 5
        assert len(exercise.alternatives) >= 3
        for entries in (exercise.misconceptions, exercise.alternatives, exercise.properties):
            assert len({entry.name for entry in entries}) == len(entries)
        assert len({wrong.sentence for wrong in exercise.misconceptions}) == len(exercise.misconceptions)

    return {name: test for name, test in locals().items() if name.startswith("test_")}


def ids(pairs: list) -> list[str]:
    return [f"{name}-{entry.name}" for name, entry in pairs]
