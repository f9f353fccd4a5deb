"""The judge and its figures: against closed forms, and against runs that must not score well."""

import itertools

import pytest
import torch

from course_lib.data import load_dataset
from course_lib.evaluation.classifier import judge_images
from course_lib.evaluation.evaluate import balanced_labels, balanced_order
from course_lib.evaluation.metrics import class_accuracy, diversity, frechet_distance


@pytest.fixture(scope="module")
def real():
    dataset = load_dataset("fashion-mnist")
    return dataset.batch(torch.arange(1000))


def features_with(mean, covariance, count=2000):
    """Features whose sample mean and covariance are exactly these."""
    draws = torch.randn(count, len(mean), dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    draws = draws - draws.mean(0)
    whitened = torch.linalg.solve_triangular(torch.linalg.cholesky(draws.T.cov()), draws.T, upper=False)
    return (torch.linalg.cholesky(covariance) @ whitened).T + mean


def test_the_frechet_distance_of_two_gaussians_is_the_closed_form():
    # covariances that commute: the distance is |m1 - m2|^2 + sum (sqrt(l1) - sqrt(l2))^2 over their eigenvalues
    rotation = torch.linalg.qr(torch.randn(5, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1)))[0]
    first, second = torch.tensor([1.0, 2, 3, 4, 5]).double(), torch.tensor([2.0, 2, 1, 9, 0.5]).double()
    m1, m2 = torch.zeros(5).double(), torch.tensor([1.0, 0, -2, 0, 0.5]).double()
    expected = (m1 - m2).square().sum() + (first.sqrt() - second.sqrt()).square().sum()
    one = features_with(m1, rotation @ first.diag() @ rotation.T)
    other = features_with(m2, rotation @ second.diag() @ rotation.T)
    assert frechet_distance(one, other) == pytest.approx(expected.item(), rel=1e-6)
    assert frechet_distance(one, one) == pytest.approx(0, abs=1e-6)


def test_diversity_is_the_mean_squared_distance_of_pairs_in_a_class():
    features = torch.randn(7, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    labels = torch.tensor([0, 0, 0, 5, 5, 5, 5])
    means = []
    for label in (0, 5):
        pairs = itertools.combinations(features[labels == label], 2)
        distances = [(a - b).square().sum().item() for a, b in pairs]
        means.append(sum(distances) / len(distances))
    assert diversity(features, labels) == pytest.approx(sum(means) / 2, rel=1e-12)
    alone = torch.cat([labels, torch.tensor([9])])
    assert diversity(torch.cat([features, features[:1]]), alone) == pytest.approx(sum(means) / 2, rel=1e-12)
    with pytest.raises(ValueError, match="labels never repeat"):
        diversity(features[:2], torch.tensor([0, 1]))


def test_accuracy_counts():
    assert class_accuracy(torch.tensor([1, 2, 3, 4]), torch.tensor([1, 2, 0, 4])) == 0.75


def test_the_shipped_judge_is_at_least_92_percent_accurate_on_images_it_never_saw(judge):
    assert (judge.real_predicted == judge.real_labels).double().mean() >= 0.92
    assert judge.real_features.shape == (10_000, 64)


def test_real_images_set_the_floor(judge):
    floor = judge.real_scores(1000)
    assert floor.accuracy > 0.9
    assert floor.frechet < 0.15
    assert floor.diversity == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("count", [11, 200, 503, 9998])
def test_the_floor_has_the_classes_of_the_pictures_that_it_is_compared_with(judge, monkeypatch, count):
    compared = []

    def seen(predicted, labels):
        compared.append(labels)
        return class_accuracy(predicted, labels)

    monkeypatch.setattr("course_lib.evaluation.evaluate.class_accuracy", seen)
    first, again, other = (judge.real_scores(count, seed) for seed in (3, 3, 4))
    counts = [[labels.tolist().count(label) for label in range(10)] for labels in compared]
    # whole rounds of ten, and what is left goes to the first classes
    assert counts == [[count // 10 + (label < count % 10) for label in range(10)]] * 3
    assert first == again != other


def test_an_order_is_balanced_holds_every_image_once_and_hangs_on_the_seed():
    labels = torch.tensor([2, 2, 0, 2, 1, 2, 0])
    orders = [balanced_order(labels, seed) for seed in range(20)]
    for order in orders:
        assert sorted(order.tolist()) == list(range(7))
        assert labels[order].tolist() == [0, 1, 2, 0, 2, 2, 2]
    assert len({tuple(order.tolist()) for order in orders}) > 5


def test_classes_left_to_chance_make_the_floor_higher(judge):
    def by_chance(seed):
        order = torch.randperm(10_000, generator=torch.Generator().manual_seed(seed))
        return frechet_distance(judge.real_features[order[:500]], judge.real_features[order[500:]])

    floors = [judge.real_scores(500, seed).frechet for seed in range(5)]
    assert 1.5 * sum(floors) < sum(by_chance(seed) for seed in range(5))


def test_one_picture_a_class_does_not_score_well(judge, real):
    images, labels = real
    prototypes = torch.stack([images[labels == label][0] for label in range(10)])
    wanted = balanced_labels(1000, 10)
    collapsed = judge.scores(prototypes[wanted], wanted)
    assert collapsed.diversity < 1e-6
    assert collapsed.frechet > 20 * judge.real_scores(1000).frechet


def test_noise_wrong_classes_and_mirrored_shoes_are_noticed(judge, real):
    images, labels = real
    floor = judge.scores(images, labels)
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(0)).clamp(-1, 1)
    assert judge.scores(noise, labels).frechet > 50 * floor.frechet
    assert judge.scores(images, (labels + 1) % 10).accuracy < 0.1
    assert judge.scores(images.flip(-1), labels).frechet > 5 * floor.frechet


def test_features_do_not_depend_on_the_batch_size(judge, real):
    images, _ = real
    one, _ = judge_images(judge.classifier, images[:50], batch_size=50)
    other, _ = judge_images(judge.classifier, images[:50], batch_size=7)
    torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def test_too_few_images_are_named(judge):
    with pytest.raises(ValueError, match="features holds 1 samples"):
        frechet_distance(torch.zeros(1, 64), torch.zeros(5, 64))
    for count in (10, 9999):
        with pytest.raises(ValueError, match=f"count is {count}; allowed: 11 to 9998"):
            judge.real_scores(count)
