"""What holds for look_up_by_one_hot, and right answers written differently."""

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.checks.exercise import Exercise
from course_lib.checks.properties import type_of
from course_lib.checks.trial import Call, PropertyEnds, Trial
from course_lib.warm_ups import look_up_by_one_hot

EXERCISE = Exercise(
    "look_up_by_one_hot",
    look_up_by_one_hot,
    __name__,
    where='the document, section 2 (assets/network.md): "Shape flow", nn.Embedding(10, dim)',
    elementwise=("labels",),
    not_for_all={
        "another_shape": "shape_of_the_result asks it, once rows are known to be rows of the table",
        "gradients_cut": "it shows what nn.Embedding computes; the network's table is nn.Embedding's",
        "assumes_the_cpu": "the lesson's tables stay on the CPU",
        "mixes_the_batch": "the first thing that goes in is a table; single labels are tried by its own",
    },
)
holds, right = EXERCISE.holds, EXERCISE.right


def example(trial: Trial, classes: int = 7, dim: int = 4, batch: int = 5) -> tuple[Tensor, Tensor]:
    """A random table and labels that repeat one class and leave out the last."""
    labels = trial.integers(0, classes - 1, batch)
    labels[-1] = labels[0]
    return trial.normal(classes, dim), labels


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    return trial.calling(*example(trial))


@EXERCISE.harder
def of_a_long_batch(trial: Trial) -> Call:
    """More labels than classes, the ends twice, some classes never, and large numbers in a table turned in memory."""
    labels = torch.tensor([12, 0, *trial.integers(2, 10, 15).tolist(), 0, 12])
    return trial.calling(50 * trial.normal(9, 13).T, labels)


def looked_up(trial: Trial) -> tuple[Tensor, Tensor, str]:
    """A table, what comes back, and the call in words. Whatever is multiplied with whatever, it fits, because all sizes
    are equal. Ends the property, recorded, if no tensor comes back."""
    size = trial.pick(9, 10)
    weight, labels = trial.normal(size, size), trial.integers(0, size - 1, size)
    labels[0] = size - 1
    value = trial.handle.call(None, (weight, labels), {})
    given = f"a table ({size}, {size}) and {size} labels"
    if not isinstance(value, Tensor):
        trial.checked("the result", value, given)
        raise PropertyEnds
    return weight, value, given


@holds("there is a row for each label, as wide as the table")
def no_row_for_each_label(trial: Trial) -> None:
    """What comes back is no tensor with a row for each label, as wide as a row of the table: (B, dim). The one-hot
    matrix is (B, K), a row for each label, and its product with the table has as many rows."""
    weight, value, given = looked_up(trial)
    trial.see("its shape", tuple(value.shape), given)
    if value.shape != weight.shape:  # as many labels as rows
        trial.see("the result", value, given)  # so that different mistakes are told apart


@holds("the numbers are of the table's kind, with what stands behind the point")
def numbers_of_another_kind(trial: Trial) -> None:
    """What comes back is of a type that has no fractions, and the table's numbers are fractions. Was the table
    converted to the type of the one-hot matrix? That cuts off what stands behind the point. It is the one-hot matrix
    that needs the table's type: one_hot.to(weight.dtype)."""
    _, value, given = looked_up(trial)
    kind = "a type with fractions" if value.is_floating_point() else type_of(value)
    trial.see("the type of the numbers", kind, given)
    if not value.is_floating_point():
        trial.see("the result", value, given)


@holds("other labels give another result")
def labels_not_used(trial: Trial) -> None:
    """What comes back is the same for other labels: it depends on the table alone. The 1 in row b of the one-hot matrix
    stands in column labels[b]; torch.eye(B, K), for instance, puts it in column b, whatever the labels are."""
    weight, value, given = looked_up(trial)
    if value.shape != weight.shape:
        trial.see("the result", value, given)
        return
    others = trial.handle.call(None, (weight, torch.arange(len(weight)).roll(1)), {})
    others = others.double() if isinstance(others, Tensor) and others.shape == value.shape else value.double() + 1
    deaf = torch.equal(others, value.double())
    trial.see("whether other labels give the same", deaf, f"{given}, then other labels")
    if deaf:  # so that different mistakes are told apart
        trial.see("the result", value, given)


@holds("row b of the result is made of label b alone")
def other_labels_come_in(trial: Trial) -> None:
    """Row b of what comes back changes when the label of another image does. Each row is made of its own label alone.
    Are new zeros made for each label, or do the ones of earlier labels stay? Does every row have one 1, and is nothing
    added up or ordered along the batch?"""
    weight, value, given = looked_up(trial)
    size = len(weight)
    if value.shape != weight.shape:
        trial.see("the result", value, given)
        return
    first = trial.integers(0, size - 1, size)
    second = torch.cat([(first[:1] + 1) % size, first[1:-1], (first[-1:] + 1) % size])
    both = [trial.handle.call(None, (weight, labels), {}) for labels in (first, second)]
    fine = all(isinstance(one, Tensor) and one.shape == value.shape for one in both)
    # those in the middle, whose labels stay as they are
    same = not fine or torch.allclose(both[0][1:-1].double(), both[1][1:-1].double(), atol=1e-5)
    trial.see("whether the rows between keep what they are", same, f"{given}, then another first and last label")
    if not same:  # so that different mistakes are told apart
        trial.see("the result", value, given)


@holds("every row of the result is a row of the table, number for number")
def not_rows_of_the_table(trial: Trial) -> None:
    """Not every row of what comes back is a row of the table. A product with one-hot rows copies rows of the table and
    changes no number in them. Is another axis added up than the K classes'? This table is as wide as it is long; print
    the shape for one that is not, (7, 4): it has to be (B, dim)."""
    # whichever rows
    weight, value, given = looked_up(trial)
    if value.shape != weight.shape:
        trial.see("the result", value, given)
        return
    copied = (value[:, None] - weight).abs().amax(2).amin(1) < 1e-4
    trial.see("how many rows of the result are rows of the table", int(copied.sum()), given)
    if not copied.all():  # so that different mistakes are told apart
        trial.see("the result", value, given)


@holds("row b of the result is row labels[b] of the table")
def another_row_picked(trial: Trial) -> None:
    """You give back rows of the table, but not the ones that the labels ask for. Row b of the result is row number
    labels[b]."""
    # Whatever is multiplied with whatever, it fits.
    size = trial.pick(5, 6)
    labels = torch.tensor([size - 1, *trial.integers(0, size - 1, size - 1).tolist()])
    trial.call(trial.normal(size, size), labels)


@holds("the result has one row a label, as wide as the table: (B, dim)")
def shape_of_the_result(trial: Trial) -> None:
    """Your result has another shape than (B, dim). Count the axes: the one-hot matrix is (B, K), the table is (K, dim),
    and the K in the middle goes away in the product."""
    value = trial.handle.call(None, example(trial), {})
    shape = tuple(value.shape) if isinstance(value, Tensor) else value
    trial.see("its shape", shape, "a table (7, 4) and 5 labels")


@holds("row b of the result is the table's row number labels[b]")
def values(trial: Trial) -> None:
    for classes, dim, batch in ((8, 5, 3), (4, 7, 6)):
        trial.call(*example(trial, classes, dim, batch))


@holds("label K - 1 gives the last row")
def last_class_lost(trial: Trial) -> None:
    """A batch with the last class in it comes out wrong. Labels run from 0 to K - 1, so the one-hot row needs K
    columns."""
    trial.call(trial.normal(6, 3), torch.tensor([5, 0, 5, 2]))


@holds("a single label gives a matrix of one row")
def wrong_for_one_label(trial: Trial) -> None:
    """It works for several labels and not for one. Is there a squeeze() that takes the batch axis away?"""
    for classes, dim in ((6, 4), (3, 5)):
        trial.call(trial.normal(classes, dim), trial.integers(0, classes, 1))


@holds("a table of one row, or of one column, works like any other")
def wrong_for_one_class(trial: Trial) -> None:
    """A table with one row or one column gives a wrong result. Is there a squeeze(), or a size that is guessed?"""
    trial.call(trial.normal(1, 4), torch.tensor([0, 0]))
    trial.call(trial.normal(5, 1), torch.tensor([4, 1, 0]))


@holds("the document's table (10, 256) works like a small one")
def wrong_at_full_size(trial: Trial) -> None:
    """Small tables work and the document's (10, 256) does not. Is a size written as a number?"""
    trial.call(trial.normal(10, 256), torch.tensor([0, 5, 3, 9]))


@right
def by_index(weight: Tensor, labels: Tensor) -> Tensor:
    return weight[labels]


@right
def by_identity_matrix(weight: Tensor, labels: Tensor) -> Tensor:
    return torch.eye(weight.shape[0], dtype=weight.dtype)[labels] @ weight


@right
def by_scatter(weight: Tensor, labels: Tensor) -> Tensor:
    one_hot = torch.zeros(len(labels), len(weight), dtype=weight.dtype).scatter_(1, labels.unsqueeze(1), 1.0)
    return torch.mm(one_hot, weight)


@right
def by_comparison(weight: Tensor, labels: Tensor) -> Tensor:
    one_hot = (labels[:, None] == torch.arange(weight.shape[0])).to(weight.dtype)
    return torch.einsum("bk,kd->bd", one_hot, weight)


@right
def by_loop(weight: Tensor, labels: Tensor) -> Tensor:
    rows = []
    for label in labels.tolist():
        row = torch.zeros(weight.shape[1])
        for k in range(weight.shape[0]):
            row = row + (1.0 if k == label else 0.0) * weight[k]
        rows.append(row)
    return torch.stack(rows)


@right
def by_linear_layer(weight: Tensor, labels: Tensor) -> Tensor:
    return F.linear(F.one_hot(labels, weight.shape[0]).type_as(weight), weight.T)


@right
def by_broadcasting(weight: Tensor, labels: Tensor) -> Tensor:
    one_hot = F.one_hot(labels, weight.shape[0]).float()
    return (one_hot.unsqueeze(-1) * weight.unsqueeze(0)).sum(dim=1)


@right
def by_torchs_own(weight: Tensor, labels: Tensor) -> Tensor:
    return F.embedding(labels, weight)
