"""look_up_by_one_hot, drop_labels and the class embedding against torch's own operations and naive loops."""

import pytest
import torch
import torch.nn.functional as F
from helpers import assert_close, perturb, randn

from course_lib import ClassEmbedding, drop_labels
from course_lib.warm_ups import look_up_by_one_hot


@pytest.mark.parametrize(("classes", "dim", "batch"), [(10, 256, 4), (1, 3, 2), (5, 5, 5), (3, 1, 7)])
def test_look_up_by_one_hot_is_torchs_embedding_and_a_loop_over_labels(classes: int, dim: int, batch: int) -> None:
    weight = randn(classes, dim)
    labels = torch.randint(classes, (batch,), generator=torch.Generator().manual_seed(1))
    found = look_up_by_one_hot(weight, labels)
    assert_close(found, F.embedding(labels, weight), atol=0)
    assert found.tolist() == [weight.tolist()[label] for label in labels.tolist()]


def test_look_up_by_one_hot_sends_the_gradient_to_the_rows_looked_up() -> None:
    labels, factors = torch.tensor([3, 0, 3]), randn(3, 4)
    tables = [randn(5, 4).requires_grad_() for _ in range(2)]
    look_up_by_one_hot(tables[0], labels).mul(factors).sum().backward()
    F.embedding(labels, tables[1]).mul(factors).sum().backward()
    assert_close(tables[0].grad, tables[1].grad, atol=1e-15)
    assert tables[0].grad[[1, 2, 4]].abs().max() == 0


def test_class_embedding_is_the_one_hot_product_for_every_real_class() -> None:
    embed = perturb(ClassEmbedding(7, 12).double())
    labels = torch.tensor([6, 0, 3, 3, 1])
    assert_close(embed(labels), look_up_by_one_hot(embed.embedding.weight, labels), atol=0)


@pytest.mark.parametrize(
    ("weight", "labels", "named"),
    [
        (torch.zeros(5), torch.tensor([0]), "weight has shape"),
        (torch.zeros(5, 2), torch.tensor([[0]]), "labels has shape"),
        (torch.zeros(5, 2), torch.tensor([5]), "labels contains 5"),
        (torch.zeros(5, 2), torch.tensor([-1]), "labels contains -1"),
        (torch.zeros(5, 2), torch.tensor([1.0]), "labels has dtype"),
    ],
)
def test_look_up_by_one_hot_names_bad_input(weight: torch.Tensor, labels: torch.Tensor, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        look_up_by_one_hot(weight, labels)


@pytest.mark.parametrize("probability", [0.1, 0.5, 0.9])
def test_drop_labels_is_the_naive_loop_over_the_same_draws(probability: float) -> None:
    labels = torch.arange(200) % 10
    draws = torch.rand(200, generator=torch.Generator().manual_seed(3)).tolist()
    expected = [-1 if draw < probability else label for draw, label in zip(draws, labels.tolist(), strict=True)]
    assert drop_labels(labels, probability, torch.Generator().manual_seed(3)).tolist() == expected


def test_drop_labels_with_a_generator_leaves_global_numbers_and_labels_alone() -> None:
    labels, before = torch.arange(100), torch.get_rng_state()
    drop_labels(labels, 0.5, torch.Generator().manual_seed(0))
    assert torch.equal(torch.get_rng_state(), before)
    assert labels.tolist() == list(range(100))


def test_drop_labels_keeps_what_has_no_class_already() -> None:
    labels = torch.tensor([-1, 4, -1, 2])
    assert drop_labels(labels, 0.0).tolist() == labels.tolist()
