"""What holds for every exercise is met by an answer that breaks it. That all are tried is in `test_exercises.py`."""

import dataclasses
import inspect

import pytest
import torch
from torch import nn

from course_lib.checks import examine
from course_lib.checks.examination import examine_answer
from course_lib.checks.guard import Failure
from course_lib.checks.handle import Handle
from course_lib.checks.registry import exercises, find_exercise
from course_lib.checks.witness import reference_witness
from course_lib.editing import Split
from course_lib.flow_matching import Velocity
from course_lib.guidance import Model


def test_a_reason_for_what_there_is_not_is_refused():
    broken = dataclasses.replace(find_exercise(None, "from_pixels"), not_for_all={"mixes_the_batches": "a slip"})
    with pytest.raises(ValueError, match="mixes_the_batches"):
        _ = broken.properties


def test_an_elementwise_argument_there_is_not_is_refused():
    broken = dataclasses.replace(find_exercise(None, "from_pixels"), elementwise=("pixel",))
    with pytest.raises(ValueError, match="from_pixels: elementwise holds pixel; allowed: pixels"):
        _ = broken.properties


def test_an_exercise_without_an_example_is_refused():
    broken = dataclasses.replace(find_exercise(None, "from_pixels"), make_example=None)
    with pytest.raises(ValueError, match="no @example"):
        _ = broken.properties


# ---- each of them, met by one answer that breaks it and nothing else ----


def right(x, groups, eps=1e-5):
    rows = x.reshape(x.shape[0], groups, -1)
    distance = rows - rows.mean(dim=-1, keepdim=True)
    return (distance / torch.sqrt(distance.square().mean(dim=-1, keepdim=True) + eps)).reshape(x.shape)


def another_type(x, groups, eps=1e-5):
    return right(x.double(), groups, eps)


def mixes_the_batch(x, groups, eps=1e-5):
    return right(x, groups, eps).squeeze(0)


def gradients_cut(x, groups, eps=1e-5):
    return right(x, groups, eps).detach()


def assumes_float32(x, groups, eps=1e-5):
    return right(x.float(), groups, eps)


def assumes_the_cpu(x, groups, eps=1e-5):
    return right(x, groups, eps) + torch.zeros(x.shape[-1])


def reseeds_the_random_state(x, groups, eps=1e-5):
    torch.manual_seed(0)
    return right(x, groups, eps)


def second_call_differs(x, groups, eps=1e-5, last=[None]):  # noqa: B006
    given, last[0] = last[0], x
    return right(x, groups, eps) * (2 if given is x else 1)


BREAKS = (
    another_type,
    mixes_the_batch,
    gradients_cut,
    assumes_float32,
    assumes_the_cpu,
    second_call_differs,
    reseeds_the_random_state,
)


@pytest.mark.parametrize("answer", BREAKS, ids=lambda answer: answer.__name__)
def test_each_is_met_by_an_answer_that_breaks_it(answer):
    """Without the known mistakes, so that the property itself has to speak."""
    exercise = dataclasses.replace(find_exercise(None, "normalize_groups"))
    exercise.misconceptions = ()
    exercise.own_properties = []
    exercise.not_for_all = {}
    result = examine_answer(exercise, Handle(answer), seed=1)
    assert result.status == "failed"
    broken = next(one for one in exercise.properties if one.name == answer.__name__)
    assert broken.says in result.message
    if broken.mistake:
        assert result.misconception == broken.name


# ---- a network comes back in the mode in which it came ----

NETWORKS = (nn.Module, Model, Velocity, Split)


def is_a_network(exercise):
    return isinstance(exercise.reference, type) and issubclass(exercise.reference, nn.Module)


def gets_a_network(exercise):
    given = () if isinstance(exercise.answer, type) else inspect.signature(exercise.answer, eval_str=True).parameters
    return is_a_network(exercise) or any(given[name].annotation in NETWORKS for name in given)


GET_A_NETWORK = [name for name, exercise in exercises().items() if gets_a_network(exercise)]


def switching(function, training):
    """Guarded, as those write it who know that a model need not be a network."""

    def wrong(*args, **kwargs):
        for one in args:
            if isinstance(one, nn.Module):
                one.train(training)
        return function(*args, **kwargs)

    return wrong


def test_whoever_gets_a_network_is_asked_for_its_mode_and_nobody_else():
    assert [name for name in exercises() if under_the_mode(name)] == GET_A_NETWORK
    assert {"DDPM.loss", "UNet.encode", "count_parameters", "from_other_direction", "walk"} < set(GET_A_NETWORK)


def under_the_mode(name):
    exercise = exercises()[name]
    (index,) = (place for place, one in enumerate(exercise.properties) if one.name == "changes_the_models_mode")
    return reference_witness(exercise, 1).under(index)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", GET_A_NETWORK)
def test_who_switches_the_mode_of_a_network_hears_of_it(name, training):
    exercise = exercises()[name]
    answer = exercise.answer
    if isinstance(answer, type):
        answer = type(name, (answer,), {"forward": switching(answer.forward, training)})
    else:
        answer = switching(answer, training)
    result = examine(answer, name, seed=3)
    assert result.status == "failed"
    if not is_a_network(exercise):  # one with dropout fails earlier, for what comes out
        assert result.misconception == "changes_the_models_mode"
        assert "the network is in another mode" in result.message
        assert f"a network in {'evaluation' if training else 'training'} mode" in result.message


class Lying(Handle):
    """An answer's process that tells of itself what is wanted."""

    def reseeds(self, *args, **kwargs):
        return False


def setting_the_seed(function):
    def wrong(*args, **kwargs):
        torch.manual_seed(1234)
        return function(*args, **kwargs)

    return wrong


DRAW = ("drop_labels", "ResidualBlock", "DDPM.ddim_step", "DDPM.loss", "DDPM.step", "FlowMatching.loss")


@pytest.mark.parametrize("name", DRAW)
def test_who_sets_the_seed_and_denies_it_gives_the_same_numbers_twice(name):
    exercise = exercises()[name]
    answer = exercise.answer
    if isinstance(answer, type):
        answer = type(answer.__name__, (answer,), {"forward": setting_the_seed(answer.forward)})
    else:
        answer = setting_the_seed(answer)
    assert examine_answer(exercise, Lying(exercise.subject(answer), seconds=60), seed=3).status == "failed"


@pytest.mark.parametrize("name", exercises())
def test_every_probe_can_work_with_the_reference(name):
    """A probe that stops with an error of its own would stop for every answer alike, and ask nothing."""
    witness = reference_witness(exercises()[name], 1)
    seen = [one.value for index in range(len(exercises()[name].properties)) for one in witness.under(index)]
    broken = [value.text for value in seen if isinstance(value, Failure) and "something else came back" in value.text]
    assert not broken
