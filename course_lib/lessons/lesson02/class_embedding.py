"""What holds for ClassEmbedding, and right answers written differently."""

from random import Random
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.checks.compare import difference
from course_lib.checks.exercise import Exercise
from course_lib.checks.guard import Failure
from course_lib.checks.trial import Built, Call, Trial, call_text, reference_parameters
from course_lib.class_embedding import ClassEmbedding

Shapes = dict[str, tuple[int, ...]]


def adapt(state: dict[str, Tensor], shapes: Shapes) -> list[dict[str, Tensor]]:
    """Tables held differently: on their side, with a row of zeros for "no class", or as one vector a class."""
    (table,) = state.values()
    classes, dim = table.shape
    if len(shapes) == classes and set(shapes.values()) == {(dim,)}:
        return [dict(zip(shapes, table, strict=True))]
    if len(shapes) != 1:
        return []
    ((name, shape),) = shapes.items()
    zeros = torch.zeros(1, dim)
    with_zeros = [torch.cat([table, zeros]), torch.cat([zeros, table])]
    if shape == (dim, classes):
        return [{name: table.T}]
    if shape == (classes + 1, dim):
        return [{name: one} for one in with_zeros]
    if shape == (dim, classes + 1):
        return [{name: one.T} for one in with_zeros]
    return []


EXERCISE = Exercise(
    "ClassEmbedding",
    ClassEmbedding,
    __name__,
    where='the document, section 2 (assets/network.md): "Class embedding (nn.Embedding)"; for -1, 2.4 of the lesson',
    elementwise=("class_labels",),
    adapt=adapt,
    not_for_all={
        "another_shape": "wrong_shape asks it, once the table is known to be right",
        "gradients_cut": "asked of the table, whose rows have reasons of their own",
    },
)
holds, right = EXERCISE.holds, EXERCISE.right


def sizes(trial: Trial) -> tuple[int, int]:
    """Classes and width, far enough apart that a table on its side, or with a row more, is told from the others."""
    return trial.pick((7, 12), (6, 4), (9, 5), (5, 8))


def example(trial: Trial) -> tuple[Built, tuple[Tensor]]:
    """A batch with a repeated class and "no class"; batch unlike classes and width."""
    classes, dim = sizes(trial)
    embed = trial.build(classes, dim)
    one = int(trial.integers(1, classes - 1, 1))
    return embed, (torch.tensor([one, -1, classes - 1, one, 0, -1][: trial.pick(3, 6)]),)


def constructed(trial: Trial, *args: int) -> Any:
    made = trial.handle.construct(args, {}, trial.random.randrange(2**31))
    if isinstance(made, Failure):
        trial.checked("the object", made, call_text("ClassEmbedding", args, {}))
    if made.unregistered:
        trial.build(*args)  # which says what torch does not see
    return made


def learned_rows(trial: Trial, labels: list[int]) -> None:
    """The gradient, row by row, where it is not zero; however the table is held."""
    classes, dim = 7, 12
    embed, batch = trial.build(classes, dim), torch.tensor(labels)
    found = embed.every_gradient(batch).parameters.values()
    found = [one.to_dense() if one.is_sparse else one for one in found if one is not None and one.ndim <= 2]
    given = embed.text("", (batch,), {}, False)
    if not found:
        rows = torch.zeros(0, dim)
    elif all(one.shape == (dim,) for one in found):
        rows = torch.stack(found)
    else:
        table = max(found, key=Tensor.numel)
        rows = table.T if table.ndim == 2 and table.shape[0] == dim else table.reshape(len(table), -1)
    rows = rows[rows.abs().sum(1) > 0]
    trial.see("the number of rows that learn", len(rows), given)
    trial.see("the gradient of these rows", rows, given, tolerance=10)


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    made, args = example(trial)
    return made.calling(*args)


@EXERCISE.harder
def with_every_label(trial: Trial) -> Call:
    """The ends, "no class", and others, twice."""
    classes, dim = sizes(trial)
    labels = torch.arange(-1, classes).repeat(2)
    return trial.build(classes, dim).calling(labels[torch.randperm(len(labels), generator=trial.generator)])


@holds("the module holds a table that training can change")
def no_trainable_table(trial: Trial) -> None:
    """Your module has no parameter at all. The table must be made once, in __init__, as nn.Embedding or nn.Parameter,
    or there is nothing that could be learned."""
    made = constructed(trial, 7, 12)
    trial.see("whether it registers any parameter", bool(made.parameters), "ClassEmbedding(7, 12)")


@holds("it holds one table, num_classes rows of width dim, and nothing else")
def wrong_table(trial: Trial) -> None:
    """Your module holds other parameters than one table of num_classes rows, each dim wide. Nothing else is learned
    here: no bias, no further layer."""
    made = constructed(trial, 7, 12)
    table = {"table": torch.zeros(7, 12)}
    known = list(made.parameters.values()) == [(7, 12)] or bool(adapt(table, made.parameters))
    shapes = tuple(sorted(made.parameters.values()))
    trial.see("the shapes of its parameters", ((7, 12),) if known else shapes, "ClassEmbedding(7, 12)")


@holds("each label becomes one vector: (B,) gives (B, dim)")
def wrong_shape(trial: Trial) -> None:
    """The shape is not (B, dim). One label goes in for each image, and one vector comes out for each."""
    classes, dim = sizes(trial)
    embed = trial.build(classes, dim)
    labels = trial.integers(1, classes - 1, 3)
    value = embed(labels, observed=False)
    shape = tuple(value.shape) if isinstance(value, Tensor) else value
    trial.see("the shape of the output", shape, embed.text("", (labels,), {}, False))


def with_its_table(trial: Trial) -> tuple[Built, Tensor]:
    """An object, and the table that is loaded into it."""
    size, ahead = sizes(trial), Random()
    ahead.setstate(trial.random.getstate())  # the seed that the table will be drawn with
    (table,) = reference_parameters(ClassEmbedding, size, {}, ahead.randrange(2**31)).values()
    return trial.build(*size), table


@holds("label k gives row k of the table, and not the row before it or behind it")
def neighbouring_rows(trial: Trial) -> None:
    """Every label gives its neighbour's row, see below. Rows and labels both count from 0: label k is row k as it
    stands. Does a row of zeros stand in front of your table? Then all rows have moved on by one: put it behind the last
    row, where index -1 finds it, or look up labels + 1. Without such a row nothing is added to labels, and nothing
    subtracted."""
    embed, table = with_its_table(trial)
    labels = torch.arange(1, len(table) - 1)
    value, given = embed(labels, observed=False), embed.text("", (labels,), {}, False)
    for rows in (labels - 1, labels + 1):
        if isinstance(value, Tensor) and not difference(value, table[rows]):
            trial.see("the row of the table that each label gives", tuple(rows.tolist()), given)
            trial.see("the output", value, given)  # so that one mistake is told from another
            return
    trial.see("the row of the table that each label gives", tuple(labels.tolist()), given)


@holds("label k gives row k of the table")
def wrong_rows(trial: Trial) -> None:
    """What comes back for real classes is neither their rows nor their neighbours': label k gives row k of the table,
    as it stands. Compare your first row below with every row of the table. Is it another one's, by another number that
    is looked up, or is something computed with it?"""
    classes, dim = sizes(trial)
    embed = trial.build(classes, dim)
    embed(trial.integers(1, classes - 1, 4))


@holds("label num_classes - 1 gives the last row")
def last_class_lost(trial: Trial) -> None:
    """A batch with the last class in it, num_classes - 1, comes out wrong, and others did not. Is a label shifted or
    clamped, or is the last row used for something else?"""
    classes, dim = sizes(trial)
    trial.build(classes, dim)(torch.tensor([classes - 1, 1]))


@holds("label 0 gives row 0")
def class_zero_lost(trial: Trial) -> None:
    """Labels 1 and up were right, and a batch with label 0 in it is not. 0 is a class, the first; "no class" is -1. Is
    something compared with 0, asked whether it is true, or written into the table?"""
    trial.build(*sizes(trial))(torch.tensor([0, 2, 0]))


@holds("a batch of one gives a matrix of one row")
def wrong_for_one_image(trial: Trial) -> None:
    """Your code is right for several images and wrong for one. Is there a squeeze() in it?"""
    embed = trial.build(*sizes(trial))
    embed(torch.tensor([3]))
    embed(torch.tensor([0]))


@holds("label -1 is allowed")
def no_class_stops(trial: Trial) -> None:
    """For a batch of -1 no tensor comes back. nn.Embedding knows no row -1: give it a row that exists, 0 for example,
    and replace what comes out by zeros."""
    embed = trial.build(*sizes(trial))
    value = embed(torch.tensor([-1, -1]), observed=False)
    trial.see(
        "whether a tensor comes back", isinstance(value, Tensor), embed.text("", (torch.tensor([-1, -1]),), {}, False)
    )


@holds('label -1, "no class", gives zeros')
def no_class_is_not_zeros(trial: Trial) -> None:
    """Label -1 gives something else than zeros. Zeros are what leaves the time embedding as it is when the two are
    added."""
    classes, dim = sizes(trial)
    trial.build(classes, dim)(torch.tensor([-1, -1, -1]))


@holds("label -1 gives zeros before any training, too")
def no_class_starts_random(trial: Trial) -> None:
    """
    "No class" gives zeros with the weights that the check sets, and something else with those that your module begins
    with. It is zeros from the start and stays zeros. Does it have a row of its own, which starts random and learns?"""
    # With the parameters as they were made: a learned row for "no class" is not zero.
    classes, dim = sizes(trial)
    made = constructed(trial, classes, dim)
    given = f"ClassEmbedding({classes}, {dim})([-1, -1]), as constructed"
    value = trial.handle.call(made.key, (torch.tensor([-1, -1]),), {})
    trial.checked("the output", value, given)


@holds("in one batch, -1 gives zeros and every other label its row")
def wrong_in_a_mixed_batch(trial: Trial) -> None:
    """Alone, classes and -1 are right; together in one batch they are not. Each image is to be treated by itself."""
    embed, args = example(trial)
    embed(*args)
    embed(torch.tensor([-1, 2, 1]))
    embed(torch.tensor([0, -1]))


@holds("the mask is one value an image, however many images there are")
def mask_over_the_wrong_axis(trial: Trial) -> None:
    """Where the batch is as large as the vectors are wide, or as there are classes, your output is wrong. A mask (B,)
    then falls on another axis without an error: no_class[:, None] has the axis it needs."""
    # As many images as numbers in a vector, and as many as classes.
    for classes, dim in ((7, 4), (6, 9)):
        embed = trial.build(classes, dim)
        for batch in (dim, classes):
            labels = trial.integers(0, classes, batch)
            labels[trial.random.randrange(1, batch)] = -1
            labels[0] = 0
            embed(labels)


@holds("a batch of a single -1 gives one row of zeros")
def wrong_for_a_single_no_class(trial: Trial) -> None:
    """A batch of a single -1 does not come out as one row of zeros, (1, dim)."""
    embed = trial.build(*sizes(trial))
    embed(torch.tensor([-1]))


@holds("the table is as before after -1 was asked for")
def table_overwritten(trial: Trial) -> None:
    """After a batch with -1 in it, the rows that come back are others than before. Does your code write into the
    weights? Change what was looked up, not the table."""
    # The table after "no class" was asked for.
    classes, dim = sizes(trial)
    embed = trial.build(classes, dim)
    labels = torch.tensor([0, classes - 1, -1, 1])
    embed(labels, observed=False)
    embed(torch.arange(classes), label="every class, after a batch with -1 in it")


@holds("training and evaluation give the same")
def training_mode_matters(trial: Trial) -> None:
    """While training your module gives something else than in evaluation. There is nothing random in it."""
    classes, dim = sizes(trial)
    # many labels, so that what drops one of ten does so here
    trial.build(classes, dim)(torch.arange(-1, classes).repeat(100 // classes + 1), training=True)


@holds("any number of classes and any width will do")
def sizes_hard_coded(trial: Trial) -> None:
    """Some sizes of the table work and others do not. Is the number of classes or the width written as a number?"""
    trial.build(10, 256)(torch.tensor([0, 5, 3, 9, -1]))
    trial.build(trial.pick(2, 3), 6)(torch.tensor([1, -1, 0]))


@holds("the rows looked up learn, and only those")
def gradients_cut(trial: Trial) -> None:
    """The numbers are right and the gradients are not: the rows that were looked up should learn, and only they. Is
    there a detach, .data, no_grad or requires_grad=False?"""
    learned_rows(trial, [5, 2, 6])


@holds("label -1 sends no gradient to any row")
def no_class_learns(trial: Trial) -> None:
    """With label -1 in the batch, the table gets another gradient than it should: images *without* a class must not
    move any row, and the others move theirs."""
    learned_rows(trial, [-1, -1])
    learned_rows(trial, [4, -1, 1])


@holds("a class that stands in the batch three times gets the sum of three gradients")
def repeats_do_not_add_up(trial: Trial) -> None:
    """A class that occurs several times should add up its gradients; yours get another gradient."""
    learned_rows(trial, [3, -1, 3, 0, 3])


@right
class ByMultiplying(nn.Module):
    def __init__(self, num_classes, dim):
        super().__init__()
        self.table = nn.Parameter(torch.randn(num_classes, dim) * 0.02)

    def forward(self, labels):
        known = (labels >= 0).to(self.table.dtype)
        return self.table[labels.clamp(min=0)] * known.unsqueeze(-1)


@right
class ByOneHot(nn.Module):
    def __init__(self, num_classes, dim):
        super().__init__()
        self.num_classes = num_classes
        self.linear = nn.Linear(num_classes, dim, bias=False)

    def forward(self, labels):
        # the column of "no class" is the first, and it is left out
        one_hot = F.one_hot(labels + 1, self.num_classes + 1)[:, 1:]
        return self.linear(one_hot.to(self.linear.weight.dtype))


@right
class ByPadding(nn.Module):
    """A table of one row more, which stays zero and never learns."""

    def __init__(self, num_classes, dim):
        super().__init__()
        self.emb = nn.Embedding(num_classes + 1, dim, padding_idx=0)

    def forward(self, labels):
        return self.emb(labels + 1)


@right
class ByPaddingAtTheEnd(nn.Module):
    def __init__(self, num_classes, dim):
        super().__init__()
        self.emb = nn.Embedding(num_classes + 1, dim, padding_idx=num_classes)
        self.none = num_classes

    def forward(self, labels):
        return self.emb(torch.where(labels == -1, self.none, labels))


@right
class ByAppendedZeros(nn.Module):
    """The row after the last is row -1."""

    def __init__(self, num_classes, dim):
        super().__init__()
        self.table = nn.Parameter(torch.randn(num_classes, dim))

    def forward(self, labels):
        return torch.cat([self.table, torch.zeros_like(self.table[:1])])[labels]


@right
class ByLoop(nn.Module):
    def __init__(self, num_classes, dim):
        super().__init__()
        self.rows = nn.ParameterList([nn.Parameter(torch.randn(dim)) for _ in range(num_classes)])

    def forward(self, labels):
        return torch.stack(
            [self.rows[label] if label >= 0 else torch.zeros_like(self.rows[0]) for label in labels.tolist()]
        )


@right
class ByFilling(nn.Module):
    def __init__(self, num_classes: int, dim: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(num_classes, dim)

    def forward(self, class_labels: Tensor) -> Tensor:
        out = self.embedding.weight.new_zeros(class_labels.shape[0], self.embedding.embedding_dim)
        known = class_labels != -1
        out[known] = self.embedding(class_labels[known])
        return out
