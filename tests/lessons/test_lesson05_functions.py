"""split_heads, attention_weights and merge_heads against loops, closed forms and torch's own attention."""

import math

import pytest
import torch
import torch.nn.functional as F
from helpers import assert_close, randn

from course_lib.self_attention import attention_weights, merge_heads, split_heads

SHAPES = [(2, 3, 4, 5, 6), (1, 1, 3, 4, 4), (3, 4, 1, 2, 7), (2, 2, 5, 1, 1)]  # batch, heads, d, height, width


@pytest.mark.parametrize(("batch", "heads", "d", "height", "width"), SHAPES)
def test_split_heads_puts_every_number_where_a_loop_puts_it(batch, heads, d, height, width):
    qkv = randn(batch, 3 * heads * d, height, width)
    parts = split_heads(qkv, heads)
    assert isinstance(parts, tuple)
    for place, part in enumerate(parts):
        assert part.shape == (batch, heads, height * width, d)
        for b in range(batch):
            for head in range(heads):
                for i in range(height):
                    for j in range(width):
                        for c in range(d):
                            channel = place * heads * d + head * d + c
                            assert part[b, head, i * width + j, c] == qkv[b, channel, i, j]


@pytest.mark.parametrize(("batch", "heads", "d", "height", "width"), SHAPES)
def test_merge_heads_takes_back_what_split_heads_did(batch, heads, d, height, width):
    qkv = randn(batch, 3 * heads * d, height, width)
    merged = [merge_heads(part, height, width) for part in split_heads(qkv, heads)]
    assert torch.equal(torch.cat(merged, dim=1), qkv)


def test_splitting_and_merging_only_move_numbers_so_gradients_are_ones():
    qkv = randn(2, 12, 3, 2).requires_grad_()
    sum(merge_heads(part, 3, 2).sum() for part in split_heads(qkv, 2)).backward()
    assert torch.equal(qkv.grad, torch.ones_like(qkv))


def test_attention_weights_equal_the_formula_written_as_a_loop():
    q, k = randn(2, 3, 4, 5, seed=1), randn(2, 3, 4, 5, seed=2)
    actual = attention_weights(q, k)
    for b in range(2):
        for head in range(3):
            for i in range(4):
                powers = [math.exp(torch.dot(q[b, head, i], k[b, head, j]) / math.sqrt(5)) for j in range(4)]
                expected = torch.tensor([power / sum(powers) for power in powers], dtype=torch.float64)
                assert_close(actual[b, head, i], expected, rtol=1e-12)


def test_attention_weights_times_values_equal_torchs_fused_attention():
    q, k, v = (randn(2, 3, 7, 5, seed=seed) for seed in (1, 2, 3))
    assert_close(attention_weights(q, k) @ v, F.scaled_dot_product_attention(q, k, v), atol=1e-13)


def test_attention_weights_in_closed_form_for_two_keys():
    # scores differ by s / sqrt(d), so the weight of the first key is the logistic function of that
    q = torch.tensor([3.0, 0.0, 0.0, 0.0], dtype=torch.float64).reshape(1, 1, 1, 4)
    k = torch.zeros(1, 1, 2, 4, dtype=torch.float64)
    k[0, 0, 0, 0] = 2.0
    first = 1 / (1 + math.exp(-6 / 2))
    assert_close(attention_weights(q, k).flatten(), torch.tensor([first, 1 - first]).double(), atol=1e-7)


def test_enormous_scores_do_not_overflow():
    weights = attention_weights(torch.full((1, 1, 2, 4), 1e4), torch.full((1, 1, 2, 4), 1e4))
    assert torch.equal(weights, torch.full((1, 1, 2, 2), 0.5))


BAD_CALLS = {
    "channels that do not divide": (
        lambda: split_heads(torch.zeros(1, 10, 2, 2), 2),
        ["qkv has", "(1, 10, 2, 2)", "3"],
    ),
    "no image": (lambda: split_heads(torch.zeros(1, 12, 4), 2), ["qkv has", "(1, 12, 4)", "H, W"]),
    "no heads": (lambda: split_heads(torch.zeros(1, 12, 2, 2), 0), ["num_heads is 0", "at least 1"]),
    "keys of another width": (
        lambda: attention_weights(torch.zeros(1, 1, 2, 3), torch.zeros(1, 1, 2, 4)),
        ["k has", "(1, 1, 2, 4)", "3"],
    ),
    "too few pixels": (lambda: merge_heads(torch.zeros(1, 2, 5, 3), 2, 3), ["h has", "(1, 2, 5, 3)", "2 * 3"]),
    "three axes": (lambda: merge_heads(torch.zeros(2, 6, 3), 2, 3), ["h has", "(2, 6, 3)", "(B, heads,"]),
}


@pytest.mark.parametrize("what", BAD_CALLS)
def test_a_bad_call_is_a_value_error_that_names_argument_what_came_and_what_is_allowed(what):
    call, fragments = BAD_CALLS[what]
    with pytest.raises(ValueError, match="; allowed: ") as raised:
        call()
    assert not [fragment for fragment in fragments if fragment not in str(raised.value)], str(raised.value)
