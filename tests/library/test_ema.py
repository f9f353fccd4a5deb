"""The moving average of the weights against a loop over plain numbers and its closed form."""

import math

import pytest
import torch
from helpers import assert_close, perturb, randn
from torch import nn

from course_lib.ema import EMA


def set_weights(model: nn.Module, step: int) -> None:
    with torch.no_grad():
        for i, parameter in enumerate(model.parameters()):
            parameter.copy_(randn(*parameter.shape, seed=100 * step + i))


@pytest.mark.parametrize("decay", [0.0, 0.5, 0.9, 0.9999])
def test_average_equals_the_naive_loop_including_the_warm_up(decay: float) -> None:
    model = perturb(nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1)).double())
    expected = [parameter.flatten().tolist() for parameter in model.parameters()]
    ema = EMA(model, decay)
    for step in range(30):
        set_weights(model, step)
        ema.update(model, step)
        d = min(decay, (1 + step) / (10 + step))
        for row, parameter in zip(expected, model.parameters(), strict=True):
            row[:] = [d * old + (1 - d) * new for old, new in zip(row, parameter.flatten().tolist(), strict=True)]
    for row, average in zip(expected, ema.average.parameters(), strict=True):
        assert_close(average.flatten(), torch.tensor(row, dtype=torch.float64), atol=1e-14)


def test_average_equals_the_closed_form_of_a_weighted_sum() -> None:
    model, decay, steps = nn.Linear(2, 1, bias=False).double(), 0.8, 60
    start = model.weight.detach().clone()
    ema, seen = EMA(model, decay), []
    for step in range(steps):
        set_weights(model, step)
        seen.append(model.weight.detach().clone())
        ema.update(model, step)
    decays = [min(decay, (1 + n) / (10 + n)) for n in range(steps)]
    assert decays.count(decay) == steps - 35  # (1 + n) / (10 + n) reaches 0.8 at n = 35
    expected = math.prod(decays) * start
    for n, weights in enumerate(seen):
        expected = expected + (1 - decays[n]) * math.prod(decays[n + 1 :]) * weights
    assert_close(ema.average.weight.detach(), expected, atol=1e-14)


@pytest.mark.parametrize("steps", [1, 10, 1000])
def test_warm_up_leaves_one_over_a_binomial_of_the_initialisation(steps: int) -> None:
    # the product of (1 + n) / (10 + n) for n below N telescopes to N! 9! / (N + 9)! = 1 / C(N + 9, 9)
    model = nn.Linear(1, 1, bias=False).double()
    nn.init.ones_(model.weight)
    ema = EMA(model, 0.9999)
    nn.init.zeros_(model.weight)
    for step in range(steps):
        ema.update(model, step)
    expected = torch.tensor([[1 / math.comb(steps + 9, 9)]], dtype=torch.float64)
    assert_close(ema.average.weight.detach(), expected, rtol=1e-10)


def test_average_is_a_frozen_copy_in_evaluation_mode_and_leaves_the_model_alone() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5)).double().train()
    ema = EMA(model, 0.9)
    before = [parameter.detach().clone() for parameter in ema.average.parameters()]
    set_weights(model, 1)
    for average, old in zip(ema.average.parameters(), before, strict=True):
        assert_close(average, old)
    weights = [parameter.detach().clone() for parameter in model.parameters()]
    ema.update(model, 5)
    for parameter, old in zip(model.parameters(), weights, strict=True):
        assert_close(parameter.detach(), old)
    assert model.training
    assert all(parameter.requires_grad for parameter in model.parameters())
    assert not any(module.training for module in ema.average.modules())
    assert not any(parameter.requires_grad for parameter in ema.average.parameters())


def test_buffers_are_copied_as_they_are() -> None:
    model = nn.BatchNorm1d(3).double()
    ema = EMA(model, 0.9)
    model.train()(5 * randn(8, 3) + 2)
    ema.update(model, 0)
    assert_close(ema.average.running_mean, model.running_mean)
    assert_close(ema.average.running_var, model.running_var)
    assert ema.average.num_batches_tracked == 1
