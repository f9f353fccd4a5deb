"""The exercises of lesson 11 against closed forms, loops over pairs, and torchmetrics."""

import math

import pytest
import torch
from helpers import assert_close, randn

from course_lib.evaluation.metrics import (
    class_accuracy,
    diversity,
    feature_statistics,
    frechet_distance,
    gaussian_frechet,
    matrix_square_root,
)


def covariance(dim: int, seed: int) -> torch.Tensor:
    factor = torch.randn(dim, dim + 2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return factor @ factor.T / dim


def test_class_accuracy_is_a_share():
    wanted = torch.tensor([0, 1, 2, 3, 3, 3, 7, 9])
    predicted = torch.tensor([0, 1, 1, 3, 3, 2, 7, 0])
    assert class_accuracy(predicted, wanted) == 5 / 8
    assert class_accuracy(wanted, wanted) == 1.0
    assert class_accuracy(wanted + 1, wanted) == 0.0


@pytest.mark.parametrize(("count", "dim"), [(2, 3), (5, 1), (40, 6)])
def test_feature_statistics_are_those_of_loops_and_of_torch(count, dim):
    features = randn(count, dim)
    mean, cov = feature_statistics(features)
    assert mean.dtype == cov.dtype == torch.float64
    for i in range(dim):
        assert math.isclose(mean[i], sum(row[i].item() for row in features) / count, abs_tol=1e-12)
        for j in range(dim):
            products = [(row[i].item() - mean[i].item()) * (row[j].item() - mean[j].item()) for row in features]
            assert math.isclose(cov[i, j], sum(products) / (count - 1), abs_tol=1e-12)
    assert_close(cov, torch.cov(features.T).reshape(dim, dim), atol=1e-12)


def test_feature_statistics_are_exact_far_from_zero():
    features = (randn(500, 3) + 5000).float()
    assert_close(feature_statistics(features)[1], torch.cov(features.double().T), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("dim", [1, 2, 7, 64])
def test_the_root_multiplied_by_itself_gives_the_matrix(dim):
    matrix = covariance(dim, 3)
    root = matrix_square_root(matrix)
    assert_close(root @ root, matrix, atol=1e-11)
    assert_close(root, root.T, atol=1e-11)
    assert torch.linalg.eigvalsh(root).min() >= 0


def test_the_root_of_a_projection_is_itself_though_its_zeros_round_below_zero():
    direction = torch.nn.functional.normalize(randn(6, 1).double(), dim=0)
    projection = direction @ direction.T
    root = matrix_square_root(projection)
    assert torch.isfinite(root).all()
    assert torch.allclose(root, projection, atol=1e-7)


def test_in_one_dimension_the_distance_is_that_of_means_and_standard_deviations():
    m1, s1, m2, s2 = 0.3, 2.0, -1.2, 0.5
    numbers = [torch.tensor(value, dtype=torch.float64) for value in ([m1], [[s1**2]], [m2], [[s2**2]])]
    assert math.isclose(gaussian_frechet(*numbers), (m1 - m2) ** 2 + (s1 - s2) ** 2, rel_tol=1e-12)


def test_equal_covariances_leave_the_distance_of_the_means():
    cov, m1, m2 = covariance(5, 0), randn(5).double(), randn(5, seed=1).double()
    expected = sum((a - b) ** 2 for a, b in zip(m1.tolist(), m2.tolist(), strict=True))
    assert math.isclose(gaussian_frechet(m1, cov, m2, cov), expected, rel_tol=1e-9)


def test_diagonal_covariances_add_up_over_the_axes():
    v1, v2 = randn(4).double().square(), randn(4, seed=2).double().square()
    zero = torch.zeros(4, dtype=torch.float64)
    expected = sum((a**0.5 - b**0.5) ** 2 for a, b in zip(v1.tolist(), v2.tolist(), strict=True))
    assert math.isclose(gaussian_frechet(zero, v1.diag(), zero, v2.diag()), expected, rel_tol=1e-9)


def test_the_distance_is_symmetric_and_does_not_depend_on_the_axes():
    m1, c1, m2, c2 = randn(6).double(), covariance(6, 1), randn(6, seed=3).double(), covariance(6, 2)
    there = gaussian_frechet(m1, c1, m2, c2)
    assert math.isclose(there, gaussian_frechet(m2, c2, m1, c1), rel_tol=1e-9)
    turn = torch.linalg.qr(randn(6, 6, seed=4).double())[0]
    turned = gaussian_frechet(turn @ m1, turn @ c1 @ turn.T, turn @ m2, turn @ c2 @ turn.T)
    assert math.isclose(there, turned, rel_tol=1e-9)


@pytest.mark.parametrize("few", [300, 5])
def test_it_agrees_with_torchmetrics_also_where_the_covariance_has_no_inverse(few):
    features, real = randn(few, 8) * 1.3 + 0.2, randn(400, 8, seed=5)
    mine = gaussian_frechet(*feature_statistics(features), *feature_statistics(real))
    assert math.isclose(mine, frechet_distance(features, real), rel_tol=1e-6, abs_tol=1e-6)


def test_diversity_is_the_mean_squared_distance_of_all_pairs():
    labels = torch.tensor([0, 0, 0, 4, 4, 9, 2, 2, 2, 2])  # class 9 has one image
    features = randn(len(labels), 5)
    means = []
    for label in (0, 4, 2):
        images = features[labels == label].double()
        pairs = [(a - b).square().sum().item() for i, a in enumerate(images) for j, b in enumerate(images) if i != j]
        means.append(sum(pairs) / len(pairs))
    assert math.isclose(diversity(features, labels), sum(means) / 3, rel_tol=1e-9)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: feature_statistics(torch.zeros(1, 3)), "features"),
        (lambda: matrix_square_root(torch.zeros(2, 3)), "matrix"),
        (lambda: gaussian_frechet(torch.zeros(2), torch.eye(3), torch.zeros(2), torch.eye(2)), "cov"),
        (lambda: gaussian_frechet(torch.zeros(2), torch.eye(2), torch.zeros(3), torch.eye(2)), "other_mean"),
        (lambda: diversity(torch.zeros(2, 3), torch.tensor([0, 1])), "labels"),
    ],
)
def test_bad_input_is_named(call, name):
    with pytest.raises(ValueError, match=f"^{name}"):
        call()
