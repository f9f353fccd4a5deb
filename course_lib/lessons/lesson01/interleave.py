"""What holds for interleave, and right answers written differently."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from course_lib.checks.exercise import Exercise
from course_lib.checks.properties import type_of
from course_lib.checks.trial import Call, Trial
from course_lib.warm_ups import interleave

EXERCISE = Exercise(
    "interleave",
    interleave,
    __name__,
    where='the document, section 1 (assets/network.md): PE(t, 2i), PE(t, 2i+1) in "Formula" against the cat in "Code"',
    not_for_all={
        "another_shape": "its own first property says more",
        "gradients_cut": "it compares two orders and stands in no network",
    },
)
holds, right = EXERCISE.holds, EXERCISE.right


def example(trial: Trial) -> tuple[Tensor]:
    return (trial.normal(trial.pick(3, 5), trial.pick(8, 12)),)


def reshaped(embedding: Tensor) -> Tensor:
    batch, dim = embedding.shape
    return embedding.reshape(batch, 2, dim // 2).transpose(1, 2).reshape(batch, dim)


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    return trial.calling(*example(trial))


@EXERCISE.harder
def with_an_odd_number_of_pairs(trial: Trial) -> Call:
    """Many rows and an odd number of pairs, large numbers turned in memory, and a row of zeros."""
    embedding = 50 * trial.normal(trial.pick(14, 22), 9).T
    embedding[2] = 0
    return trial.calling(embedding)


@holds("the shape stays (B, dim): columns change places, none comes or goes")
def shape_changed(trial: Trial) -> None:
    """Your result is no tensor of the embedding's shape. Columns only change places here: (B, dim) goes in, and
    (B, dim) comes out. If you stacked, the pairs still have to be flattened."""
    (embedding,) = example(trial)
    value = trial.handle.call(None, (embedding,), {})
    if not isinstance(value, Tensor):
        trial.checked("the result", value, f"an embedding of shape {tuple(embedding.shape)}")
        return
    trial.see("its shape", tuple(value.shape), f"an embedding of shape {tuple(embedding.shape)}")
    if value.shape != embedding.shape:
        trial.see("the result", value)


def see_a_row(trial: Trial, fine: Callable[[Tensor, Tensor], bool]) -> None:
    """A row that can be read, if it is wrong in one way: of numbers that count up, or of random ones; else the right
    one."""
    (embedding,) = example(trial)
    batch, dim = embedding.shape
    counting = torch.arange(1.0, batch * dim + 1).reshape(batch, dim)
    value, counted = (trial.handle.call(None, (one,), {}) for one in (embedding, counting))
    right = interleave(counting)[0]
    given = f"an embedding {tuple(embedding.shape)} whose first row is 1, 2, .. {dim}"
    if fine(value, embedding):
        trial.see("the first row", right, given)
    elif not fine(counted, counting):
        trial.see("the first row", counted[0] if isinstance(counted, Tensor) else counted, given)
        trial.see("the result", value)  # so that one mistake is told from another
    else:
        trial.see("whether each row still holds its own numbers", False, f"a random embedding {tuple(embedding.shape)}")
        trial.see("the result", value)


@holds("every column of the result is one of the embedding's")
def columns_of_other_numbers(trial: Trial) -> None:
    """Some columns of your result hold no number of their row, and others do: see the first row below. Is something
    written to every column? Pair number i stands in columns 2i and 2i + 1, so that a loop over i up to dim/2 fills all
    of them. With i and i + 1 each cosine is overwritten by the next sine, and the last columns stay as they were made.
    And nothing is computed: the numbers only change places."""

    def fine(value: Any, embedding: Tensor) -> bool:
        if not isinstance(value, Tensor) or value.shape != embedding.shape:
            return True
        own = (value[:, :, None] == embedding[:, None, :]).any(dim=2)
        foreign = ~own.any(dim=0)
        return not foreign.any() or bool(foreign.all())

    see_a_row(trial, fine)


@holds("each row still holds exactly its own numbers, in another order")
def numbers_lost_or_mixed(trial: Trial) -> None:
    """A row of your result does not hold the numbers that it held before: see the first one below. Which is there
    twice, which is missing, which is of another row? Only the *order within a row* may change: each row is the
    embedding of one time. Do you write to one column twice, or into the tensor that you read from? A slice of it is a
    view, and no copy."""

    def fine(value: Any, embedding: Tensor) -> bool:
        same = isinstance(value, Tensor) and value.shape == embedding.shape
        return same and torch.equal(value.sort(dim=1).values, embedding.sort(dim=1).values)

    see_a_row(trial, fine)


@holds("the columns come as sin 0, cos 0, sin 1, cos 1, ..")
def wrong_order(trial: Trial) -> None:
    """Every row keeps its numbers, but they stand in another order than the formula's: column 2i is sine number i, and
    column 2i + 1 is cosine number i."""
    trial.call(*example(trial))


@holds("a batch of one gives one row")
def fails_for_one_row(trial: Trial) -> None:
    """Your code is right for several rows of 8 or 12 columns, and wrong for two rows of 6, or for a single row. Is a
    size written out, or does a squeeze() take the batch axis away?"""
    trial.call(trial.normal(2, 6))
    trial.call(trial.normal(1, trial.pick(6, 10)))


@holds("the columns are reordered, also when there are as many rows as columns")
def confuses_batch_and_columns(trial: Trial) -> None:
    """With other numbers of rows and columns, among them as many of one as of the other, your result is wrong.
    Columns are the last axis, dim=-1. Is an axis found by its length?"""
    for batch, dim in ((6, 6), (4, 8), (2, 4)):
        trial.call(trial.normal(batch, dim))


@holds("any even width works, from 2 to the network's 256")
def fails_for_other_widths(trial: Trial) -> None:
    """Your code is right for some widths only. Is a number written out that should be dim // 2?"""
    trial.call(trial.normal(3, 2))
    trial.call(trial.normal(2, 256))


@holds("numbers of any type keep it: column numbers are whole, and stay whole")
def columns_of_whole_numbers(trial: Trial) -> None:
    """Whole numbers come back as another type, and here numbers only change places. Is a tensor made without
    dtype=embedding.dtype, or the type changed on the way? torch.zeros and torch.empty make float32 by themselves."""
    call = trial.calling(torch.arange(trial.pick(6, 8, 12))[None, :])
    trial.see("the type of the result", type_of(call.see(observed=False)), call.text())


@holds("column numbers change places as any numbers do")
def whole_numbers_in_other_places(trial: Trial) -> None:
    """Whole numbers do not come back in their places, where other numbers do. Does something compute with them, or ask
    what they are? Only the place of a column counts."""
    trial.call(torch.arange(trial.pick(6, 8, 12))[None, :])


@right
def every_other_column(embedding: Tensor) -> Tensor:
    half = embedding.shape[1] // 2
    result = torch.empty_like(embedding)
    result[:, 0::2] = embedding[:, :half]
    result[:, 1::2] = embedding[:, half:]
    return result


@right
def by_index(embedding: Tensor) -> Tensor:
    half = embedding.shape[1] // 2
    return embedding[:, [column for i in range(half) for column in (i, half + i)]]


@right
def column_by_column(embedding: Tensor) -> Tensor:
    half = embedding.shape[1] // 2
    columns = []
    for i in range(half):
        columns.append(embedding[:, i : i + 1])
        columns.append(embedding[:, half + i : half + i + 1])
    return torch.cat(columns, dim=1)


@right
def by_matrix(embedding: Tensor) -> Tensor:
    """A permutation matrix, so that each column is multiplied into its place."""
    dim = embedding.shape[1]
    order = torch.arange(dim, device=embedding.device).reshape(2, dim // 2).T.flatten()
    return torch.einsum("bd,dk->bk", embedding, torch.eye(dim, device=embedding.device)[:, order].to(embedding.dtype))


right(reshaped, "reshape_and_transpose")
