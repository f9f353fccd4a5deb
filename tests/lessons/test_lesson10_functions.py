"""decay_at, update_average, guided_prediction and sampling_times against closed forms and plain loops."""

import pytest
import torch
from helpers import assert_close, randn

from course_lib import DDPM, guided_prediction
from course_lib.ema import EMA, decay_at, update_average
from course_lib.lessons.lesson10.measure_steps import both_ends, leading


def model_of_class(x, t, labels):
    """Twice the label everywhere; 7 for no class."""
    values = torch.full((len(x),), 7.0) if labels is None else torch.where(labels < 0, 7.0, 2.0 * labels)
    return values.reshape(-1, 1, 1, 1).expand_as(x).to(x.dtype)


@pytest.mark.parametrize("scale", [-1.0, 0.0, 0.5, 1.0, 3.0, 8.0])
def test_guidance_is_a_place_on_the_line_through_two_predictions(scale):
    labels = torch.tensor([0, 3, 5])
    guided = guided_prediction(model_of_class, torch.zeros(3, 1, 2, 2), torch.zeros(3), labels, scale)
    assert guided[:, 0, 0, 0].tolist() == pytest.approx([7 + scale * (2 * label - 7) for label in (0, 3, 5)])


@pytest.mark.parametrize(("scale", "expected"), [(0.0, 1), (1.0, 1), (1.5, 2), (-2.0, 2)])
def test_guidance_calls_the_model_only_as_often_as_needed(scale, expected):
    asked = []

    def model(x, t, labels):
        asked.append(labels)
        return x

    guided_prediction(model, torch.zeros(2, 1, 2, 2), torch.zeros(2), torch.tensor([1, 2]), scale)
    assert len(asked) == expected
    asked.clear()
    guided_prediction(model, torch.zeros(2, 1, 2, 2), torch.zeros(2), None, scale)
    assert asked == [None]


def test_the_average_equals_a_loop_over_plain_numbers_and_leaves_the_weights_alone():
    average, current = [randn(2, 3, seed=1), randn(4, seed=2)], [randn(2, 3, seed=3), randn(4, seed=4)]
    expected = []
    for old, new in zip(average, current, strict=True):
        pairs = zip(old.flatten().tolist(), new.flatten().tolist(), strict=True)
        expected.append([0.7 * one + 0.3 * other for one, other in pairs])
    before, given = [tensor.clone() for tensor in current], list(average)
    update_average(average, current, 0.7)
    for tensor, numbers in zip(given, expected, strict=True):
        assert_close(tensor.flatten(), torch.tensor(numbers, dtype=torch.float64), atol=1e-15)
    assert all(torch.equal(one, other) for one, other in zip(current, before, strict=True))


def test_the_average_of_parameters_records_no_gradient():
    average, current = torch.zeros(3), torch.nn.Parameter(torch.ones(3))
    update_average([average], [current], 0.5)
    assert not average.requires_grad
    assert average.tolist() == [0.5] * 3


def test_an_average_of_nothing_is_nothing():
    update_average([], [], 0.5)


def test_an_average_in_half_precision_cannot_move():
    average = torch.ones(1, dtype=torch.bfloat16)
    for _ in range(100):
        update_average([average], [torch.full((1,), 2.0, dtype=torch.bfloat16)], 0.999)
    assert average.item() == 1.0


def test_the_decay_rises_from_a_tenth_to_what_was_asked_for():
    decays = [decay_at(step, 0.9) for step in range(200)]
    assert decays[0] == 0.1
    assert decays == sorted(decays)
    assert decays.index(0.9) == 80  # 81 / 90
    assert decay_at(0, 0.05) == 0.05
    assert decay_at(10**9, 0.9999) == 0.9999


@pytest.mark.parametrize(("num_timesteps", "num_steps"), [(1000, 1), (1000, 4), (1000, 7), (40, 7), (10, 9), (5, 5)])
def test_sampling_times_are_within_half_a_step_of_even_and_begin_at_the_noise(num_timesteps, num_steps):
    times = DDPM(num_timesteps).sampling_times(num_steps)
    assert len(times) == num_steps
    assert times[0] == num_timesteps - 1
    for place, t in enumerate(times):
        assert isinstance(t, int)
        assert abs(t + 1 - num_timesteps * (1 - place / num_steps)) <= 0.5
    assert all(earlier > later for earlier, later in zip(times, [*times[1:], -1], strict=True))


def test_the_other_two_ways_are_what_the_lesson_says():
    assert leading(1000, 4) == [750, 500, 250, 0]
    assert both_ends(1000, 4) == [999, 666, 333, 0]


BAD_CALLS = {
    "lists of different lengths": (
        lambda: update_average([torch.zeros(1)], [], 0.5),
        ["current holds 0", "as many as average, 1"],
    ),
    "other shapes": (
        lambda: update_average([torch.zeros(2)], [torch.zeros(3)], 0.5),
        ["current has shape (3,)", "(2,)"],
    ),
    "a step before the first": (lambda: decay_at(-1, 0.9), ["step is -1", "0 or more"]),
    "a decay of one": (lambda: EMA(torch.nn.Linear(1, 1), 1.0), ["decay is 1.0", "below 1"]),
    "more steps than times": (lambda: DDPM(10).sampling_times(11), ["num_steps is 11", "10"]),
}


@pytest.mark.parametrize("what", BAD_CALLS)
def test_a_bad_call_is_a_value_error_that_names_argument_what_came_and_what_is_allowed(what):
    call, fragments = BAD_CALLS[what]
    with pytest.raises(ValueError, match="; allowed: ") as raised:
        call()
    assert not [fragment for fragment in fragments if fragment not in str(raised.value)], str(raised.value)
