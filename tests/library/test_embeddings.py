"""Time and class embedding against the document's formula, by hand and by another library."""

import math

import pytest
import torch
from helpers import assert_close, perturb, randn
from torch import Tensor

from course_lib import ClassEmbedding, SinusoidalPositionEmbedding, TimeEmbedding

TIMES = [0.0, 1.0, 2.0, 17.0, 500.0, 998.0, 999.0, 0.25, 123.456]


def document_formula(times: list[float], dim: int) -> Tensor:
    """PE(t, 2i) = sin(t / 10000^(2i/dim)), PE(t, 2i+1) = cos(the same): sines and cosines interleaved."""
    rows = []
    for t in times:
        row = []
        for i in range(dim // 2):
            angle = t / 10000 ** (2 * i / dim)
            row += [math.sin(angle), math.cos(angle)]
        rows.append(row)
    return torch.tensor(rows, dtype=torch.float64)


@pytest.mark.parametrize("dim", [2, 4, 6, 18, 256])
def test_embedding_is_all_sines_then_all_cosines_of_the_naive_loop(dim: int) -> None:
    half = dim // 2
    expected = torch.tensor(
        [
            [math.sin(t * math.exp(-math.log(10000) * i / half)) for i in range(half)]
            + [math.cos(t * math.exp(-math.log(10000) * i / half)) for i in range(half)]
            for t in TIMES
        ],
        dtype=torch.float64,
    )
    actual = SinusoidalPositionEmbedding(dim)(torch.tensor(TIMES, dtype=torch.float64))
    assert_close(actual, expected, atol=1e-12)


@pytest.mark.parametrize("dim", [2, 4, 18, 256])
def test_the_documents_interleaved_formula_is_a_fixed_permutation_of_the_columns(dim: int) -> None:
    interleave = [column for i in range(dim // 2) for column in (i, dim // 2 + i)]
    assert sorted(interleave) == list(range(dim))
    actual = SinusoidalPositionEmbedding(dim)(torch.tensor(TIMES, dtype=torch.float64))
    assert_close(actual[:, interleave], document_formula(TIMES, dim), atol=1e-12)


def test_a_batch_as_long_as_half_the_width_is_not_transposed() -> None:
    times = [0.0, 3.0, 30.0, 300.0]
    actual = SinusoidalPositionEmbedding(8)(torch.tensor(times, dtype=torch.float64))
    assert_close(actual[:, [0, 4, 1, 5, 2, 6, 3, 7]], document_formula(times, 8), atol=1e-12)


def test_integer_times_give_what_the_same_times_as_floats_give() -> None:
    times = torch.tensor([0, 1, 500, 998, 999])
    embed = SinusoidalPositionEmbedding(64)
    assert_close(embed(times), embed(times.float()))
    # float32 angles up to 999 are good to 999 * 2^-24
    assert_close(embed(times).double(), embed(times.double()), atol=1e-4)


def test_embedding_equals_that_of_diffusers_without_flip_and_shift() -> None:
    embeddings = pytest.importorskip("diffusers.models.embeddings")
    times = torch.tensor([0, 1, 2, 500, 998, 999])
    for dim in (2, 64, 256):
        theirs = embeddings.get_timestep_embedding(times, dim, flip_sin_to_cos=False, downscale_freq_shift=0)
        assert_close(SinusoidalPositionEmbedding(dim)(times), theirs)


def test_time_embedding_is_linear_silu_linear_on_the_formula() -> None:
    dim, times = 6, [0.0, 1.0, 3.0, 500.0, 999.0]
    embed = perturb(TimeEmbedding(dim).double())
    (w1, b1), (w2, b2) = ((layer.weight.tolist(), layer.bias.tolist()) for layer in (embed.linear1, embed.linear2))
    interleaved = document_formula(times, dim).tolist()
    expected = []
    for row in interleaved:
        inputs = row[0::2] + row[1::2]
        hidden = [sum(w1[i][j] * inputs[j] for j in range(dim)) + b1[i] for i in range(dim)]
        hidden = [h / (1 + math.exp(-h)) for h in hidden]
        expected.append([sum(w2[i][j] * hidden[j] for j in range(dim)) + b2[i] for i in range(dim)])
    actual = embed(torch.tensor(times, dtype=torch.float64))
    assert_close(actual, torch.tensor(expected, dtype=torch.float64), atol=1e-12)


def test_class_embedding_looks_up_the_row_of_each_label_and_gives_zeros_for_no_class() -> None:
    embed = perturb(ClassEmbedding(5, 3).double())
    (table,) = (parameter.tolist() for parameter in embed.parameters())
    labels = [4, -1, 0, 0, 2, -1, 1]
    expected = [[0.0] * 3 if label == -1 else table[label] for label in labels]
    assert embed(torch.tensor(labels)).tolist() == expected


def test_no_class_sends_no_gradient_to_any_row() -> None:
    embed = perturb(ClassEmbedding(5, 3))
    embed(torch.tensor([-1, -1])).mul(randn(2, 3, dtype=torch.float32)).sum().backward()
    (table,) = embed.parameters()
    assert table.grad is None or not table.grad.any()


def test_gradients_reach_only_the_rows_used_and_add_up_over_repeats() -> None:
    embed = perturb(ClassEmbedding(5, 3).double())
    weights = randn(5, 3)
    embed(torch.tensor([3, -1, 3, 0, -1])).mul(weights).sum().backward()
    expected = torch.zeros(5, 3, dtype=torch.float64)
    expected[3], expected[0] = weights[0] + weights[2], weights[3]
    (table,) = embed.parameters()
    assert_close(table.grad, expected, atol=1e-15)
