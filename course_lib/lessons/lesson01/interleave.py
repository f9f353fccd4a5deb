"""Exercise interleave (lesson 01)."""

from typing import Any

import torch
from torch import Tensor

from course_lib.checks.exercise import Alternative, Exercise, Misconception, Property, edited
from course_lib.checks.properties import (
    function_gradients_agree,
    function_works_on_any_device,
    keeps_random_state,
)
from course_lib.checks.scene import Scene
from course_lib.time_embedding import interleave


def example(scene: Scene) -> tuple[Tensor]:
    return (scene.normal(scene.pick(3, 5), scene.pick(8, 12)),)


def shape_stays(scene: Scene) -> None:
    (embedding,) = example(scene)
    value = scene.handle.call(None, (embedding,), {})
    if not isinstance(value, Tensor):
        scene.see("the result", value, f"an embedding of shape {tuple(embedding.shape)}")
        return
    scene.see("its shape", tuple(value.shape), f"an embedding of shape {tuple(embedding.shape)}")
    if value.shape != embedding.shape:
        scene.see("the result", value)


def nothing_lost(scene: Scene) -> None:
    """Each row holds the numbers that it held before, in whatever order."""
    (embedding,) = example(scene)
    value = scene.handle.call(None, (embedding,), {})
    same = isinstance(value, Tensor) and value.shape == embedding.shape
    same = same and torch.equal(value.sort(dim=1).values, embedding.sort(dim=1).values)
    scene.see("whether each row still holds its own numbers", same, f"a random embedding {tuple(embedding.shape)}")
    if not same:  # so that one mistake is told from another
        scene.see("the result", value)


def values(scene: Scene) -> None:
    scene.call(*example(scene))


def one_row(scene: Scene) -> None:
    scene.call(scene.normal(2, 6))
    scene.call(scene.normal(1, scene.pick(6, 10)))


def batch_as_long_as_the_width(scene: Scene) -> None:
    for batch, dim in ((6, 6), (4, 8), (2, 4)):
        scene.call(scene.normal(batch, dim))


def smallest_and_real_width(scene: Scene) -> None:
    scene.call(scene.normal(3, 2))
    scene.call(scene.normal(2, 256))


def every_other_column(embedding: Tensor) -> Tensor:
    half = embedding.shape[1] // 2
    result = torch.empty_like(embedding)
    result[:, 0::2] = embedding[:, :half]
    result[:, 1::2] = embedding[:, half:]
    return result


def by_index(embedding: Tensor) -> Tensor:
    half = embedding.shape[1] // 2
    return embedding[:, [column for i in range(half) for column in (i, half + i)]]


def column_by_column(embedding: Tensor) -> Tensor:
    half = embedding.shape[1] // 2
    columns = []
    for i in range(half):
        columns.append(embedding[:, i : i + 1])
        columns.append(embedding[:, half + i : half + i + 1])
    return torch.cat(columns, dim=1)


def reshaped(embedding: Tensor) -> Tensor:
    batch, dim = embedding.shape
    return embedding.reshape(batch, 2, dim // 2).transpose(1, 2).reshape(batch, dim)


def by_matrix(embedding: Tensor) -> Tensor:
    """A permutation matrix, so that each column is multiplied into its place."""
    dim = embedding.shape[1]
    order = torch.arange(dim, device=embedding.device).reshape(2, dim // 2).T.flatten()
    return torch.einsum("bd,dk->bk", embedding, torch.eye(dim, device=embedding.device)[:, order].to(embedding.dtype))


def column_after_column(embedding: Tensor) -> Tensor:
    """Wrong: the columns' numbers in one long row, and that cut into rows again."""
    return reshaped(embedding).T.reshape(embedding.shape)


def through_the_batch(embedding: Tensor) -> Tensor:
    """Wrong: the batch axis is cut in two where the columns should be."""
    return embedding.reshape(2, -1, embedding.shape[1] // 2).transpose(1, 2).reshape(embedding.shape)


PAIRS = "torch.stack([sines, cosines], dim=-1)"
FLAT = "pairs.flatten(1)"


def wrong(old: str, new: str) -> Any:
    return edited(interleave, (old, new))


EXERCISES = (
    Exercise(
        name="interleave",
        reference=interleave,
        lesson="01",
        where='the document, section 1: PE(t, 2i) and PE(t, 2i+1) in "Formula" against the cat in "Code"',
        properties=(
            Property(
                "shape_changed",
                "the shape stays (B, dim): columns change places, none comes or goes",
                shape_stays,
                "Your result has another shape than the embedding. Columns only change places here: (B, dim) goes in, "
                "and (B, dim) comes out. If you stacked, the pairs still have to be flattened.",
            ),
            Property(
                "numbers_lost_or_mixed",
                "each row still holds exactly its own numbers, in another order",
                nothing_lost,
                "Some numbers left their row, changed or got lost. Only the *order within a row* may change: each row "
                "is the embedding of one time.",
            ),
            Property(
                "wrong_order",
                "the columns come as sin 0, cos 0, sin 1, cos 1, ..",
                values,
                "Every row keeps its numbers, but they stand in another order than the formula's: column 2i is sine "
                "number i, and column 2i + 1 is cosine number i.",
            ),
            Property(
                "fails_for_one_row",
                "a batch of one gives one row",
                one_row,
                "Your code is right for several rows and wrong for one. Does a squeeze() take the batch axis away?",
            ),
            Property(
                "confuses_batch_and_columns",
                "the columns are reordered, also when there are as many rows as columns",
                batch_as_long_as_the_width,
                "With as many rows as columns your code works on the wrong axis. Columns are the last axis, dim=-1.",
            ),
            Property(
                "fails_for_other_widths",
                "any even width works, from 2 to the network's 256",
                smallest_and_real_width,
                "Your code is right for some widths only. Is a number written out that should be dim // 2?",
            ),
            function_gradients_agree(example),
            function_works_on_any_device(example),
            keeps_random_state(arguments=example),
        ),
        misconceptions=(
            Misconception(
                "unchanged",
                "You give the columns back as they came: all sines, then all cosines. The formula alternates them.",
                wrong(FLAT, "torch.cat([sines, cosines], dim=-1)"),
            ),
            Misconception(
                "cosine_first",
                "You put each cosine before its sine. In the formula the even columns, 2i, are the sines.",
                wrong("[sines, cosines]", "[cosines, sines]"),
            ),
            Misconception(
                "halves_swapped",
                "You swapped the two halves: all cosines, then all sines. Alternating means one of each in turn.",
                wrong(FLAT, "torch.cat([cosines, sines], dim=-1)"),
            ),
            Misconception(
                "undone",
                "Yours is the way back, from the formula's order to the code's: it takes every other column. Here the "
                "halves go in, and the alternating columns come out.",
                wrong(FLAT, "torch.cat([embedding[:, 0::2], embedding[:, 1::2]], dim=-1)"),
            ),
            Misconception(
                "not_flattened",
                "You made the pairs, (B, dim/2, 2), and stopped there. The last step lays them one after the other: "
                "(B, dim).",
                wrong(FLAT, "pairs"),
            ),
            Misconception(
                "batch_flattened_too",
                "You flattened everything, the batch axis included, into one long vector. Flatten from axis 1 on.",
                wrong(FLAT, "pairs.flatten()"),
            ),
            Misconception(
                "stacked_before_the_batch",
                "You stacked on dim=0, in front of the batch. Reading that row by row mixes the embeddings of "
                "different times.",
                wrong(PAIRS, "torch.stack([sines, cosines], dim=0).reshape(len(sines), -1, 2)"),
            ),
            Misconception(
                "batch_cut_instead_of_columns",
                "Your reshape cuts the *batch* in two. Columns are the last axis; the first belongs to the images.",
                through_the_batch,
            ),
            Misconception(
                "rows_became_columns",
                "You transposed the matrix without turning it back, so the numbers of different times end up in one "
                "row.",
                column_after_column,
            ),
            Misconception(
                "cut_across_the_rows",
                "You cut along the batch (chunk on dim=0). Sines and cosines are halves of each row: cut dim=-1.",
                wrong(
                    FLAT,
                    "torch.stack([half[: len(sines) // 2] for half in embedding.chunk(2, dim=0)], dim=-1).flatten(1)",
                ),
            ),
            Misconception(
                "sorted_by_size",
                "You sorted the numbers. The order that is asked for is one of places, the same for every row.",
                wrong(FLAT, "embedding.sort(dim=-1).values"),
            ),
            Misconception(
                "cosines_backwards",
                "The cosines come in the opposite order: sine 0 meets the last cosine. Each sine stands beside the "
                "cosine of the *same* frequency.",
                wrong("[sines, cosines]", "[sines, cosines.flip(-1)]"),
            ),
            Misconception(
                "sines_twice",
                "You put the sines into the odd columns too. Those are for the cosines, the second half.",
                wrong("[sines, cosines]", "[sines, sines]"),
            ),
            Misconception(
                "cosines_twice",
                "You put the cosines into the even columns too; the even ones belong to the sines, the first half.",
                wrong("[sines, cosines]", "[cosines, cosines]"),
            ),
            Misconception(
                "summed",
                "You added sines and cosines. Nothing is computed here: the numbers stay, only their places change.",
                wrong(FLAT, "sines + cosines"),
            ),
            Misconception(
                "pairs_two_by_two",
                "You alternate two sines with two cosines. The formula alternates one by one.",
                wrong(
                    FLAT,
                    "torch.cat([part for one, other in zip(sines.split(2, 1), cosines.split(2, 1)) "
                    "for part in (one, other)], dim=1)",
                ),
            ),
            Misconception(
                "reversed",
                "You turned the row round. The formula starts with sine 0, the fastest, and goes on to the slowest.",
                wrong(FLAT, "pairs.flatten(1).flip(-1)"),
            ),
        ),
        alternatives=(
            Alternative("every_other_column", every_other_column),
            Alternative("by_index", by_index),
            Alternative("column_by_column", column_by_column),
            Alternative("reshape_and_transpose", reshaped),
            Alternative("permutation_matrix", by_matrix),
        ),
    ),
)
