"""What lesson 12 works out on paper, against what is measured: torch's counters, real tensors, plain loops."""

import math

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from course_lib import SelfAttention, UNet
from course_lib.estimates import attention_multiply_adds, conv_multiply_adds, training_memory
from course_lib.lessons.lesson12.figures import bytes_kept, count_by_formula, gradients_in_parts
from course_lib.tracing import trace
from course_lib.training.schedule import learning_rate_at


def counted(module: nn.Module, *args: torch.Tensor) -> int:
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        module(*args)
    return counter.get_total_flops() // (2 * len(args[0]))


@pytest.mark.parametrize(("kernel_size", "stride"), [(1, 1), (3, 1), (3, 2), (5, 1)])
def test_a_convolution_costs_what_torch_counts(kernel_size, stride):
    conv = nn.Conv2d(3, 5, kernel_size, stride=stride, padding=kernel_size // 2)
    x = torch.zeros(2, 3, 8, 12)
    height, width = conv(x).shape[-2:]
    assert conv_multiply_adds(3, 5, kernel_size, height, width) == counted(conv, x)


@pytest.mark.parametrize(("channels", "heads", "height", "width"), [(8, 2, 3, 5), (16, 4, 4, 4), (8, 1, 1, 1)])
def test_an_attention_costs_what_torch_counts(channels, heads, height, width):
    block = SelfAttention(channels, heads)
    assert attention_multiply_adds(channels, height, width) == counted(block, torch.zeros(2, channels, height, width))


def test_the_documents_network_costs_what_the_formulas_say():
    with torch.device("meta"):
        model = UNet()
    rows = count_by_formula(model, conv_multiply_adds, attention_multiply_adds)
    measured = sum(row.multiply_adds for row in trace(model))
    assert sum(rows.values()) == measured
    assert round(measured / 1e9, 2) == 2.15


def test_memory_is_that_of_real_tensors_plus_the_images():
    model = nn.Linear(7, 5)
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.ones(1, 7)).sum().backward()
    optimizer.step()
    tensors = [*model.parameters(), *(parameter.grad for parameter in model.parameters())]
    for state in optimizer.state.values():
        tensors += [state["exp_avg"], state["exp_avg_sq"]]
    tensors += [parameter.detach().clone() for parameter in model.parameters()]
    expected = sum(tensor.numel() * tensor.element_size() for tensor in tensors)
    assert training_memory(7 * 5 + 5, 0, 4) == expected
    assert training_memory(0, 11, 4) == 44


def test_what_is_kept_for_the_gradients_grows_with_the_batch():
    with torch.device("meta"):
        model = UNet(base_channels=8)
    one, four = bytes_kept(model, 1), bytes_kept(model, 4)
    assert 3.5 < four / one < 4.001


def test_the_learning_rate_warms_up_and_follows_half_a_cosine():
    assert learning_rate_at(0, 2.0, 10, 100, "cosine") == pytest.approx(0.2)
    assert learning_rate_at(50, 2.0, 10, 100, "cosine") == pytest.approx(1.0)
    assert learning_rate_at(99, 2.0, 10, 100, "cosine") == pytest.approx(1 + math.cos(math.pi * 0.99))
    assert [learning_rate_at(step, 2.0, 10, 100) for step in (4, 9, 99)] == pytest.approx([1.0, 2.0, 2.0])
    assert learning_rate_at(0, 2.0, 0, 100) == 2.0


def test_equal_parts_of_a_batch_give_the_gradient_of_the_whole_and_unequal_ones_do_not():
    equal, unequal = gradients_in_parts((4, 4)), gradients_in_parts((6, 2))
    assert equal < 1e-6
    assert unequal > 1e-3


BAD_CALLS = {
    "no channels": (lambda: conv_multiply_adds(0, 1, 3, 8, 8), ["in_channels is 0", "at least 1"]),
    "half a pixel": (lambda: conv_multiply_adds(1, 1, 3, 8, 7.5), ["width is 7.5", "whole number"]),
    "no pixels": (lambda: attention_multiply_adds(8, 0, 4), ["height is 0", "at least 1"]),
    "less than nothing": (lambda: training_memory(1, -1, 1), ["kept_per_image is -1", "0 or more"]),
    "another schedule": (lambda: learning_rate_at(0, 1.0, 0, 1, "linear"), ["schedule is 'linear'", "'cosine'"]),
}


@pytest.mark.parametrize("what", BAD_CALLS)
def test_a_bad_call_is_a_value_error_that_names_argument_what_came_and_what_is_allowed(what):
    call, fragments = BAD_CALLS[what]
    with pytest.raises(ValueError, match="; allowed: ") as raised:
        call()
    assert not [fragment for fragment in fragments if fragment not in str(raised.value)], str(raised.value)
