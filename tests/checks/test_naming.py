"""A name is spoken where enough agrees. Answers that come near a known mistake: answers/agreement.toml."""

import random

import numpy as np
import pytest
import torch

from course_lib import ResidualBlock, drop_labels
from course_lib.checks import examine
from course_lib.checks.guard import Failure
from course_lib.checks.handle import Handle
from course_lib.checks.mistakes import edited
from course_lib.checks.naming import both_at_once, tells_much
from course_lib.checks.registry import exercises, find_exercise
from course_lib.checks.trial import Observation, Trial
from course_lib.warm_ups import normalize_groups


def mistake_of(exercise, name):
    return next(one for one in find_exercise(None, exercise).misconceptions if one.name == name)


def seen(*values):
    return [Observation("the result", value, "") for value in values]


RIGHT = torch.linspace(0, 1, 12)


@pytest.mark.parametrize(
    ("mine", "much"),
    [
        (RIGHT + 1, True),
        ((RIGHT + 1, 3), True),
        (RIGHT.double() * 2, True),
        (torch.where(RIGHT > 0.5, RIGHT + 1, RIGHT), False),  # six wrong numbers
        (torch.zeros(12), False),  # one number, many times
        (RIGHT * float("nan"), False),
        (True, False),
        (0.3, False),
        (3, False),
    ],
    ids=str,
)
def test_only_many_different_wrong_numbers_tell_much(mine, much):
    right = (RIGHT, 2) if isinstance(mine, tuple) else RIGHT
    assert tells_much(seen(mine), seen(right)) is much


@pytest.mark.parametrize("seed", range(3))
def test_of_two_known_mistakes_at_once_the_first_is_named(seed):
    first = mistake_of("normalize_groups", "all_channels_together")
    second = mistake_of("normalize_groups", "eps_written_as_a_number")
    answer = edited(normalize_groups, *first.edit, *second.edit)
    assert examine(answer, seed=seed).misconception == first.name


def test_mistakes_that_exclude_each_other_are_no_pair():
    both = [mistake_of("normalize_groups", name) for name in ("no_eps", "eps_subtracted")]
    assert both_at_once(*both) is None
    assert both_at_once(both[0], mistake_of("normalize_groups", "all_channels_together")) is not None


def test_a_mistake_beside_one_that_nobody_knows_is_not_named():
    """The numbers agree where it fails first, and at the harder call both are wrong: it may be something else."""
    first = mistake_of("normalize_groups", "all_channels_together")
    answer = edited(normalize_groups, *first.edit, ("variance + eps", "variance + 7e-5 + 0 * eps"))
    assert examine(answer, seed=1).misconception != first.name


@pytest.mark.parametrize("seed", range(2))
def test_a_part_that_is_tried_by_itself_is_named_whatever_the_others_do(seed):
    """The shortcut is doubled; in the branch something is wrong that nobody knows."""
    alone = edited(ResidualBlock, ("h = h + self.skip_conv(x)", "h = h + 2 * self.skip_conv(x)"))
    name = examine(alone, seed=seed).misconception
    both = edited(
        ResidualBlock,
        ("h = h + self.skip_conv(x)", "h = h + 2 * self.skip_conv(x)"),
        ("F.silu(emb)", "(F.silu(emb) + 0.123)"),
    )
    assert name
    assert examine(both, seed=seed).misconception == name


# ---- the harder call, at which computations part that agree on the ordinary one ----

SEEDS = (1, 2, 3)


def drawn(make, exercise, seed):
    """The call, and what is seen of the reference, or why nothing is."""
    seen = []
    trial = Trial(Handle(exercise.subject(exercise.answer), seconds=60), exercise, seed, seen.append)
    call = make(trial)
    return call, [one.value for one in seen] or call.value()


def same(one, other):
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        return one.shape == other.shape and one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if isinstance(one, tuple | list) and isinstance(other, tuple | list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other


def is_finite(value):
    if isinstance(value, tuple | list):
        return all(map(is_finite, value))
    if isinstance(value, torch.Tensor | float):
        return bool(torch.isfinite(torch.as_tensor(value)).all())
    return value is not None and not isinstance(value, Failure)


@pytest.mark.parametrize("name", exercises())
def test_every_exercise_has_a_harder_call_of_its_own(name):
    """It is another one than the ordinary call, and the reference gives finite numbers."""
    exercise = exercises()[name]
    assert exercise.make_harder is not None, f"{name} has no @EXERCISE.harder"
    for seed in SEEDS:
        ordinary, _ = drawn(exercise.make_example, exercise, seed)
        harder, value = drawn(exercise.make_harder, exercise, seed)
        given = [
            (one.args, one.kwargs, one.method, (one.of.args, one.of.kwargs) if one.of else None)
            for one in (ordinary, harder)
        ]
        assert not same(*given), f"seed {seed}: the harder call is the ordinary one"
        assert is_finite(value), f"seed {seed}: {value}"


# ---- random numbers of others ----


def by_python(labels, probability, generator=None):
    return torch.tensor([-1 if random.random() < probability else int(label) for label in labels])


def by_numpy(labels, probability, generator=None):
    return labels.masked_fill(torch.from_numpy(np.random.rand(len(labels))) < probability, -1)


def seeded_by_numpy(labels, probability, generator=None):
    np.random.seed(3)
    return by_numpy(labels, probability)


def seeded_by_python(labels, probability, generator=None):
    random.seed(3)
    return by_python(labels, probability)


def seeded_by_torch(labels, probability, generator=None):
    torch.manual_seed(3)
    return drop_labels(labels, probability, generator)


@pytest.mark.parametrize("answer", [by_python, by_numpy])
def test_who_draws_elsewhere_is_not_told_of_a_seed(answer):
    result = examine(answer, "drop_labels", seed=5)
    assert result.status == "failed"
    assert "global seed" not in result.message
    assert "Every call drops the same" not in result.message
    assert result == examine(answer, "drop_labels", seed=5)


@pytest.mark.parametrize("answer", [seeded_by_numpy, seeded_by_python, seeded_by_torch])
def test_who_sets_a_seed_is_told_so(answer):
    assert examine(answer, "drop_labels").misconception == "reseeds_the_random_state"


def test_afterwards_all_random_numbers_go_on_as_if_nothing_had_been():
    states = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()
    examine(seeded_by_numpy, "drop_labels")
    examine(by_python, "drop_labels")
    assert torch.equal(torch.get_rng_state(), states[0])
    assert (random.getstate(), np.random.get_state()[1].tolist()) == states[1:]
