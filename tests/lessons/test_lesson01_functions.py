"""Lesson 01's functions against closed forms and naive loops."""

import math

import pytest
import torch

from course_lib.lessons.lesson01 import figures as lesson01
from course_lib.time_embedding import SinusoidalPositionEmbedding, embedding_frequencies
from course_lib.warm_ups import interleave


@pytest.mark.parametrize("dim", [2, 4, 18, 256])
def test_frequencies_are_one_over_powers_of_ten_thousand(dim: int) -> None:
    expected = [1 / 10000 ** (2 * i / dim) for i in range(dim // 2)]
    actual = embedding_frequencies(dim, dtype=torch.float64)
    assert actual.tolist() == pytest.approx(expected, rel=1e-12)


def test_frequencies_obey_device_and_dtype() -> None:
    assert embedding_frequencies(8).dtype == torch.get_default_dtype()
    assert embedding_frequencies(8, dtype=torch.float64).dtype == torch.float64
    assert embedding_frequencies(8, device="meta").device.type == "meta"
    assert embedding_frequencies(8, torch.device("meta")).shape == (4,)


@pytest.mark.parametrize("dim", [-2, 0, 1, 7])
def test_frequencies_refuse_odd_and_empty_widths(dim: int) -> None:
    with pytest.raises(ValueError, match=f"dim is {dim}; allowed: an even width"):
        embedding_frequencies(dim)


@pytest.mark.parametrize(("batch", "dim"), [(1, 2), (3, 8), (4, 8), (8, 8), (2, 256)])
def test_interleave_moves_column_by_column(batch: int, dim: int) -> None:
    embedding = torch.arange(batch * dim).reshape(batch, dim)
    actual = interleave(embedding)
    for row in range(batch):
        for i in range(dim // 2):
            assert actual[row, 2 * i] == embedding[row, i]
            assert actual[row, 2 * i + 1] == embedding[row, dim // 2 + i]


def test_interleaved_embedding_is_the_documents_formula() -> None:
    times, dim = [0.0, 1.0, 17.5, 999.0], 12
    actual = interleave(SinusoidalPositionEmbedding(dim)(torch.tensor(times, dtype=torch.float64)))
    for row, t in enumerate(times):
        for i in range(dim // 2):
            angle = t / 10000 ** (2 * i / dim)
            assert actual[row, 2 * i : 2 * i + 2].tolist() == pytest.approx(
                [math.sin(angle), math.cos(angle)], abs=1e-12
            )


@pytest.mark.parametrize("shape", [(4,), (2, 3), (2, 3, 4)])
def test_interleave_refuses_what_is_no_matrix_of_even_width(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="embedding has shape"):
        interleave(torch.zeros(shape))


def test_nearest_steps_agree_with_a_naive_search() -> None:
    vectors = torch.randn(12, 5, generator=torch.Generator().manual_seed(0)).double()
    for row, nearest in enumerate(lesson01.nearest_steps(vectors).tolist()):
        distances = [
            math.dist(vectors[row], other) if place != row else math.inf for place, other in enumerate(vectors)
        ]
        assert nearest == distances.index(min(distances))


def test_neighbours_are_nearest_for_the_right_frequencies_and_never_without_the_minus_sign() -> None:
    freqs = embedding_frequencies(256, dtype=torch.float64)
    assert lesson01.share_of_neighbours(lesson01.sines_and_cosines(freqs)) == 1.0
    assert lesson01.share_of_neighbours(lesson01.sines_and_cosines(1 / freqs)) == 0.0
