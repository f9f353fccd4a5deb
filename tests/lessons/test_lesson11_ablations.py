"""The ablations: each change takes out what it says, and nothing else; the table's arithmetic."""

import math

import pytest
import torch
from helpers import perturb, randn
from torch import nn

from course_lib.lessons.lesson11.figures import Ablations
from course_lib.lessons.lesson11.measure_ablations import VARIANTS, all_runs
from course_lib.lessons.lesson11.network_changes import (
    cut_the_skips,
    hide_the_class,
    hide_the_time,
    one_channel_a_group,
    remove_attention,
    remove_shortcuts,
)
from course_lib.self_attention import SelfAttention
from course_lib.training.config import SMALL_UNET
from course_lib.unet import UNet

X = randn(2, 3, 16, 16, dtype=torch.float32)
LABELS = torch.tensor([1, 7])


def network(change=None) -> UNet:
    torch.manual_seed(0)
    model = perturb(UNet(**SMALL_UNET)).eval()
    if change is not None:
        change(model)
    return model


@torch.no_grad()
def out(model: UNet, t: float = 300.0, labels: torch.Tensor = LABELS) -> torch.Tensor:
    return model(X, torch.full((2,), t), labels)


def size(model: nn.Module) -> int:
    return sum(weights.numel() for weights in model.parameters())


def relative(a: torch.Tensor, b: torch.Tensor) -> float:
    return ((a - b).abs().max() / a.abs().max()).item()


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_every_variant_is_another_network_that_trains(variant):
    torch.manual_seed(0)
    model = perturb(UNet(**{**SMALL_UNET, **variant.unet}))
    if variant.change is not None:
        variant.change(model)
    result = model(X, torch.full((2,), 300.0), LABELS)
    assert result.shape == X.shape
    result.square().mean().backward()
    assert all(torch.isfinite(weights.grad).all() for weights in model.parameters() if weights.grad is not None)
    if variant.name != "full":
        assert relative(out(network()), result.detach()) > 1e-3


def test_without_skips_the_decoder_hears_of_the_encoder_through_the_middle_alone():
    full, cut = network(), network(cut_the_skips)
    assert size(full) == size(cut)
    for model in (full, cut):
        # nothing comes out of the middle
        model.mid_resblock2.register_forward_hook(lambda module, args, output: torch.zeros_like(output))
    one, other = X, X.flip(0)
    t, labels = torch.full((2,), 300.0), torch.tensor([3, 3])
    with torch.no_grad():
        assert relative(full(one, t, labels), full(other, t, labels)) > 1e-2
        assert torch.equal(cut(one, t, labels), cut(other, t, labels))


def test_without_time_no_time_is_heard_and_the_class_still_is():
    model = network(hide_the_time)
    assert torch.equal(out(model, 5.0), out(model, 900.0))
    assert relative(out(model), out(model, labels=LABELS.flip(0))) > 1e-3


def test_without_class_no_class_is_heard_and_the_time_still_is():
    model = network(hide_the_class)
    assert torch.equal(out(model), out(model, labels=LABELS.flip(0)))
    assert relative(out(model, 5.0), out(model, 900.0)) > 1e-3


def test_with_one_channel_a_group_neither_is_heard():
    model = network(one_channel_a_group)
    assert relative(out(model, 5.0), out(model, 900.0)) < 1e-4
    assert relative(out(model), out(model, labels=LABELS.flip(0))) < 1e-4


def test_attention_and_shortcuts_are_gone():
    assert not any(isinstance(module, SelfAttention) for module in network(remove_attention).modules())
    block = network(remove_shortcuts).mid_resblock1
    nn.init.zeros_(block.conv2.weight)
    nn.init.zeros_(block.conv2.bias)
    assert not block(randn(1, 64, 4, 4, dtype=torch.float32), randn(1, 64, dtype=torch.float32)).any()


def test_first_seeds_come_first():
    runs = [(variant.name, seed) for variant, seed in all_runs(3)]
    assert len(runs) == len(set(runs)) == sum(variant.seeds for variant in VARIANTS)
    assert [seed for _, seed in runs] == sorted(seed for _, seed in runs)


def test_differences_are_taken_seed_by_seed():
    full = [{"seed": seed, "frechet": value} for seed, value in enumerate((2.0, 2.4, 2.1))]
    other = [{"seed": 0, "frechet": 3.0}, {"seed": 1, "frechet": 3.2}]
    ablations = Ablations({}, {"full": full, "other": other})
    assert math.isclose(ablations.spread("frechet"), 0.4)
    assert math.isclose(ablations.difference("other", "frechet"), 0.9)
    assert math.isclose(ablations.mean("full", "frechet"), 6.5 / 3)
