"""Exercise ClassEmbedding (lesson 02)."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.checks.exercise import Alternative, Exercise, Misconception, Property, edited
from course_lib.checks.guard import Failure
from course_lib.checks.properties import keeps_random_state, works_in_float64, works_on_any_device
from course_lib.checks.scene import Built, Scene, call_text
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


def sizes(scene: Scene) -> tuple[int, int]:
    """Classes and width, far enough apart that a table on its side, or with a row more, is told from the others."""
    return scene.pick((7, 12), (6, 4), (9, 5), (5, 8))


def example(scene: Scene) -> tuple[Built, tuple[Tensor]]:
    """A batch with a repeated class and "no class"; batch unlike classes and width."""
    classes, dim = sizes(scene)
    embed = scene.build(classes, dim)
    one = int(scene.integers(1, classes - 1, 1))
    return embed, (torch.tensor([one, -1, classes - 1, one, 0, -1][: scene.pick(3, 6)]),)


# ---- what it holds ----


def constructed(scene: Scene, *args: int) -> Any:
    made = scene.handle.construct(args, {}, scene.random.randrange(2**31))
    if isinstance(made, Failure):
        scene.checked("the object", made, call_text("ClassEmbedding", args, {}))
    if made.unregistered:
        scene.build(*args)  # which says what torch does not see
    return made


def something_to_learn(scene: Scene) -> None:
    made = constructed(scene, 7, 12)
    scene.see("whether it registers any parameter", bool(made.parameters), "ClassEmbedding(7, 12)")


def one_table(scene: Scene) -> None:
    made = constructed(scene, 7, 12)
    table = {"table": torch.zeros(7, 12)}
    known = list(made.parameters.values()) == [(7, 12)] or bool(adapt(table, made.parameters))
    shapes = tuple(sorted(made.parameters.values()))
    scene.see("the shapes of its parameters", ((7, 12),) if known else shapes, "ClassEmbedding(7, 12)")


# ---- real classes ----


def output_shape(scene: Scene) -> None:
    classes, dim = sizes(scene)
    embed = scene.build(classes, dim)
    labels = scene.integers(1, classes - 1, 3)
    value = embed(labels, observed=False)
    shape = tuple(value.shape) if isinstance(value, Tensor) else value
    scene.see("the shape of the output", shape, embed.text("", (labels,), {}, False))


def middle_classes(scene: Scene) -> None:
    classes, dim = sizes(scene)
    embed = scene.build(classes, dim)
    embed(scene.integers(1, classes - 1, 4))


def last_class(scene: Scene) -> None:
    classes, dim = sizes(scene)
    scene.build(classes, dim)(torch.tensor([classes - 1, 1]))


def class_zero(scene: Scene) -> None:
    scene.build(*sizes(scene))(torch.tensor([0, 2, 0]))


def one_image(scene: Scene) -> None:
    embed = scene.build(*sizes(scene))
    embed(torch.tensor([3]))
    embed(torch.tensor([0]))


# ---- no class ----


def no_class_runs(scene: Scene) -> None:
    embed = scene.build(*sizes(scene))
    value = embed(torch.tensor([-1, -1]), observed=False)
    scene.see(
        "whether a tensor comes back", isinstance(value, Tensor), embed.text("", (torch.tensor([-1, -1]),), {}, False)
    )


def no_class_is_zeros(scene: Scene) -> None:
    classes, dim = sizes(scene)
    scene.build(classes, dim)(torch.tensor([-1, -1, -1]))


def no_class_is_zeros_from_the_start(scene: Scene) -> None:
    """With the parameters as they were made: a learned row for "no class" is not zero."""
    classes, dim = sizes(scene)
    made = constructed(scene, classes, dim)
    given = f"ClassEmbedding({classes}, {dim})([-1, -1]), as constructed"
    value = scene.handle.call(made.key, (torch.tensor([-1, -1]),), {})
    scene.checked("the output", value, given)


def mixed(scene: Scene) -> None:
    embed, args = example(scene)
    embed(*args)
    embed(torch.tensor([-1, 2, 1]))
    embed(torch.tensor([0, -1]))


def square_batches(scene: Scene) -> None:
    """As many images as numbers in a vector, and as many as classes."""
    for classes, dim in ((7, 4), (6, 9)):
        embed = scene.build(classes, dim)
        for batch in (dim, classes):
            labels = scene.integers(0, classes, batch)
            labels[scene.random.randrange(batch)] = -1
            labels[0] = 0
            embed(labels)


def no_class_alone(scene: Scene) -> None:
    embed = scene.build(*sizes(scene))
    embed(torch.tensor([-1]))


def asked_again(scene: Scene) -> None:
    """The table after "no class" was asked for."""
    classes, dim = sizes(scene)
    embed = scene.build(classes, dim)
    labels = torch.tensor([0, classes - 1, -1, 1])
    embed(labels, observed=False)
    embed(torch.arange(classes), label="every class, after a batch with -1 in it")


def while_training(scene: Scene) -> None:
    embed, args = example(scene)
    embed(*args, training=True)


def documents_sizes(scene: Scene) -> None:
    scene.build(10, 256)(torch.tensor([0, 5, 3, 9, -1]))
    scene.build(scene.pick(2, 3), 6)(torch.tensor([1, -1, 0]))


# ---- learning ----


def learned_rows(scene: Scene, labels: list[int]) -> None:
    """The gradient, row by row, where it is not zero; however the table is held."""
    classes, dim = 7, 12
    embed, batch = scene.build(classes, dim), torch.tensor(labels)
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
    scene.see("the number of rows that learn", len(rows), given)
    scene.see("the gradient of these rows", rows, given, tolerance=10)


def rows_learn(scene: Scene) -> None:
    learned_rows(scene, [5, 2, 6])


def no_class_learns_nothing(scene: Scene) -> None:
    learned_rows(scene, [-1, -1])
    learned_rows(scene, [4, -1, 1])


def repeats_add_up(scene: Scene) -> None:
    learned_rows(scene, [3, -1, 3, 0, 3])


# ---- right, written differently ----


class ByMultiplying(nn.Module):
    def __init__(self, num_classes, dim):
        super().__init__()
        self.table = nn.Parameter(torch.randn(num_classes, dim) * 0.02)

    def forward(self, labels):
        known = (labels >= 0).to(self.table.dtype)
        return self.table[labels.clamp(min=0)] * known.unsqueeze(-1)


class ByOneHot(nn.Module):
    def __init__(self, num_classes, dim):
        super().__init__()
        self.num_classes = num_classes
        self.linear = nn.Linear(num_classes, dim, bias=False)

    def forward(self, labels):
        # the column of "no class" is the first, and it is left out
        one_hot = F.one_hot(labels + 1, self.num_classes + 1)[:, 1:]
        return self.linear(one_hot.to(self.linear.weight.dtype))


class ByPadding(nn.Module):
    """A table of one row more, which stays zero and never learns."""

    def __init__(self, num_classes, dim):
        super().__init__()
        self.emb = nn.Embedding(num_classes + 1, dim, padding_idx=0)

    def forward(self, labels):
        return self.emb(labels + 1)


class ByPaddingAtTheEnd(nn.Module):
    def __init__(self, num_classes, dim):
        super().__init__()
        self.emb = nn.Embedding(num_classes + 1, dim, padding_idx=num_classes)
        self.none = num_classes

    def forward(self, labels):
        return self.emb(torch.where(labels == -1, self.none, labels))


class ByAppendedZeros(nn.Module):
    """The row after the last is row -1."""

    def __init__(self, num_classes, dim):
        super().__init__()
        self.table = nn.Parameter(torch.randn(num_classes, dim))

    def forward(self, labels):
        return torch.cat([self.table, torch.zeros_like(self.table[:1])])[labels]


class ByLoop(nn.Module):
    def __init__(self, num_classes, dim):
        super().__init__()
        self.rows = nn.ParameterList([nn.Parameter(torch.randn(dim)) for _ in range(num_classes)])

    def forward(self, labels):
        return torch.stack(
            [self.rows[label] if label >= 0 else torch.zeros_like(self.rows[0]) for label in labels.tolist()]
        )


class ByFilling(nn.Module):
    def __init__(self, num_classes: int, dim: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(num_classes, dim)

    def forward(self, class_labels: Tensor) -> Tensor:
        out = self.embedding.weight.new_zeros(class_labels.shape[0], self.embedding.embedding_dim)
        known = class_labels != -1
        out[known] = self.embedding(class_labels[known])
        return out


# ---- wrong, where an edit does not do ----


class LinearWithBias(nn.Module):
    def __init__(self, num_classes, dim):
        super().__init__()
        self.num_classes = num_classes
        self.linear = nn.Linear(num_classes, dim)

    def forward(self, labels):
        return self.linear(F.one_hot(labels + 1, self.num_classes + 1)[:, 1:].to(self.linear.weight.dtype))


class LinearOnTheNumber(nn.Module):
    def __init__(self, num_classes, dim):
        super().__init__()
        self.linear = nn.Linear(1, dim)

    def forward(self, labels):
        return self.linear(labels[:, None].to(self.linear.weight.dtype))


class LearnedRow(nn.Module):
    def __init__(self, num_classes, dim):
        super().__init__()
        self.embedding = nn.Embedding(num_classes + 1, dim)
        self.num_classes = num_classes

    def forward(self, labels):
        return self.embedding(torch.where(labels < 0, self.num_classes, labels))


class LearnedVector(nn.Module):
    def __init__(self, num_classes, dim):
        super().__init__()
        self.embedding = nn.Embedding(num_classes, dim)
        self.none = nn.Parameter(torch.zeros(dim))

    def forward(self, labels):
        return torch.where((labels < 0)[:, None], self.none, self.embedding(labels.clamp(min=0)))


class TableMadeInForward(nn.Module):
    def __init__(self, num_classes, dim):
        super().__init__()
        self.num_classes, self.dim = num_classes, dim

    def forward(self, labels):
        embedding = nn.Embedding(self.num_classes, self.dim)
        return embedding(labels.clamp(min=0)).masked_fill((labels < 0)[:, None], 0.0)


class TableOnItsSide(nn.Module):
    def __init__(self, num_classes, dim):
        super().__init__()
        self.embedding = nn.Embedding(dim, num_classes)

    def forward(self, labels):
        return self.embedding(labels.clamp(min=0)).masked_fill((labels < 0)[:, None], 0.0)


class WithAnMLP(nn.Module):
    def __init__(self, num_classes, dim):
        super().__init__()
        self.embedding = nn.Embedding(num_classes, dim)
        self.mlp = nn.Sequential(nn.Linear(dim, dim), nn.SiLU(), nn.Linear(dim, dim))

    def forward(self, labels):
        return self.mlp(self.embedding(labels.clamp(min=0))).masked_fill((labels < 0)[:, None], 0.0)


MADE = "nn.Embedding(num_classes, dim)"
LOOKED_UP = "vectors = self.embedding(torch.where(no_class, 0, class_labels))"
RETURNED = "return vectors.masked_fill(no_class[:, None], 0.0)"
ROW = "torch.where(no_class, 0, class_labels)"


def wrong(*changes: tuple[str, str]) -> Any:
    # the checks of the arguments are the library's, not the learner's
    checks = (
        '        check_vector("class_labels", class_labels)\n'
        '        check_integers("class_labels", class_labels, NO_CLASS, self.num_classes - 1)\n'
    )
    return edited(ClassEmbedding, (checks, ""), *changes)


def mistake(name: str, sentence: str, *changes: tuple[str, str]) -> Misconception:
    return Misconception(name, sentence, wrong(*changes))


EXERCISES = (
    Exercise(
        name="ClassEmbedding",
        reference=ClassEmbedding,
        lesson="02",
        where='the document, section 2: "Class Embedding (nn.Embedding)"; for label -1, 2.4 of the lesson',
        adapt=adapt,
        properties=(
            Property(
                "no_trainable_table",
                "the module holds a table that training can change",
                something_to_learn,
                "Your module has no parameter at all. The table must be made once, in __init__, as nn.Embedding or "
                "nn.Parameter, or there is nothing that could be learned.",
            ),
            Property(
                "wrong_table",
                "it holds one table, num_classes rows of width dim, and nothing else",
                one_table,
                "Your module holds other parameters than one table of num_classes rows, each dim wide. Nothing else is "
                "learned here: no bias, no further layer.",
            ),
            Property(
                "wrong_shape",
                "each label becomes one vector: (B,) gives (B, dim)",
                output_shape,
                "The shape is not (B, dim). One label goes in for each image, and one vector comes out for each.",
            ),
            Property(
                "wrong_rows",
                "label k gives row k of the table",
                middle_classes,
                "A real class does not come back as its row. Either another row is looked up, or something is done to "
                "it afterwards: label k gives row k, as it stands.",
            ),
            Property(
                "last_class_lost",
                "label num_classes - 1 gives the last row",
                last_class,
                "The last class, num_classes - 1, does not get its own row. Is a label shifted or clamped, or is the "
                "last row used for something else?",
            ),
            Property(
                "class_zero_lost",
                "label 0 gives row 0",
                class_zero,
                'Label 0 is a class, the first, and in your code it is not treated like one. "No class" is -1, so '
                "compare with -1, not with 0 and not by truth.",
            ),
            Property(
                "wrong_for_one_image",
                "a batch of one gives a matrix of one row",
                one_image,
                "Your code is right for several images and wrong for one. Is there a squeeze() in it?",
            ),
            Property(
                "no_class_stops",
                "label -1 is allowed",
                no_class_runs,
                "Label -1 stops your code. nn.Embedding knows no row -1: give it a row that exists, 0 for example, and "
                "replace what comes out by zeros.",
            ),
            Property(
                "no_class_is_not_zeros",
                'label -1, "no class", gives zeros',
                no_class_is_zeros,
                "Label -1 gives something else than zeros. Zeros are what leaves the time embedding as it is when the "
                "two are added.",
            ),
            Property(
                "no_class_starts_random",
                "label -1 gives zeros before any training, too",
                no_class_is_zeros_from_the_start,
                '"No class" has a row of its own in your table, which starts random and learns. Here it is zeros and '
                "stays zeros.",
            ),
            Property(
                "wrong_in_a_mixed_batch",
                "in one batch, -1 gives zeros and every other label its row",
                mixed,
                "Alone, classes and -1 are right; together in one batch they are not. Each image is to be treated by "
                "itself.",
            ),
            Property(
                "mask_over_the_wrong_axis",
                "the mask is one value an image, however many images there are",
                square_batches,
                "It works until the batch is as large as the vectors are wide, or as there are classes. Then a mask "
                "(B,) falls on the wrong axis: give it a second axis, no_class[:, None].",
            ),
            Property(
                "wrong_for_a_single_no_class",
                "a batch of a single -1 gives one row of zeros",
                no_class_alone,
                "A batch of a single -1 does not come out as one row of zeros, (1, dim).",
            ),
            Property(
                "table_overwritten",
                "the table is as before after -1 was asked for",
                asked_again,
                "After a batch with -1 in it the table is another: your code writes into the weights. Change what was "
                "looked up, not the table.",
            ),
            Property(
                "training_mode_matters",
                "training and evaluation give the same",
                while_training,
                "While training your module gives something else than in evaluation. There is nothing random in it.",
            ),
            Property(
                "sizes_hard_coded",
                "any number of classes and any width will do",
                documents_sizes,
                "Small tables work and others do not. Is the number of classes or the width written as a number?",
            ),
            Property(
                "gradients_cut",
                "the rows looked up learn, and only those",
                rows_learn,
                "The numbers are right and the gradients are not: the rows that were looked up should learn, and only "
                "they. Look for detach, .data, no_grad or requires_grad=False.",
            ),
            Property(
                "no_class_learns",
                "label -1 sends no gradient to any row",
                no_class_learns_nothing,
                "Label -1 sends a gradient into the table, so images *without* a class would change one. The "
                "zeros must "
                "not depend on any row.",
            ),
            Property(
                "repeats_do_not_add_up",
                "a class that stands in the batch three times gets the sum of three gradients",
                repeats_add_up,
                "A class that occurs several times should add up its gradients; in yours they are averaged or lost.",
            ),
            works_in_float64(example),
            works_on_any_device(example),
            keeps_random_state(example),
        ),
        misconceptions=(
            mistake(
                "no_class_not_handled",
                "You look up every label as it is. For -1 there is no row, and nn.Embedding stops with an IndexError. "
                "Give those images row 0 for a moment, then zeros.",
                (ROW, "class_labels"),
            ),
            mistake(
                "no_class_wraps_to_the_last_row",
                'Your -1 counts from the end, as Python does, so "no class" draws the last class: trucks, in CIFAR-10.',
                (ROW, "class_labels % self.num_classes"),
                (RETURNED, "return vectors"),
            ),
            mistake(
                "no_class_is_class_zero",
                "Your -1 becomes class 0 and keeps its row: an image without a class would be an airplane, in "
                "CIFAR-10. "
                "The second step is missing: replace those rows by zeros.",
                (RETURNED, "return vectors"),
            ),
            mistake(
                "no_class_is_class_one",
                'Your -1 lost its sign, so "no class" gets the row of class 1.',
                (ROW, "class_labels.abs()"),
                (RETURNED, "return vectors"),
            ),
            mistake(
                "no_class_is_the_mean",
                'You give "no class" the mean of all rows. A fair idea, but here it is zeros, which cost nothing and '
                "teach nothing.",
                (RETURNED, "return torch.where(no_class[:, None], self.embedding.weight.mean(0), vectors)"),
            ),
            mistake(
                "no_class_is_ones",
                'You give "no class" a vector of ones. Added to the time embedding that shifts it; zeros do not.',
                (RETURNED, "return vectors.masked_fill(no_class[:, None], 1.0)"),
            ),
            mistake(
                "no_class_is_minus_one",
                "You fill in -1, the label, where the vector should be 0.",
                (RETURNED, "return vectors.masked_fill(no_class[:, None], -1.0)"),
            ),
            mistake(
                "no_class_is_nan",
                "You fill in NaN. One addition later the whole network would be NaN; zeros are what changes nothing.",
                (RETURNED, "return vectors.masked_fill(no_class[:, None], float('nan'))"),
            ),
            mistake(
                "no_class_turns_its_row_around",
                "You multiply by -1 instead of by 0 where there is no class, so those images get a class the wrong way "
                "round.",
                (RETURNED, "return torch.where(no_class[:, None], -vectors, vectors)"),
            ),
            Misconception(
                "no_class_has_a_learned_row",
                'You gave "no class" a row of its own, number num_classes, and it learns. Many networks do that. Here '
                "-1 is zeros, so that a network without a class is the time embedding alone.",
                LearnedRow,
            ),
            Misconception(
                "no_class_has_a_learned_vector",
                'You gave "no class" a trainable vector beside the table. Here it is plain zeros and learns nothing.',
                LearnedVector,
            ),
            mistake(
                "mask_inverted",
                'Your mask is the wrong way round: real classes get zeros, and "no class" keeps a row.',
                ("masked_fill(no_class[", "masked_fill(~no_class["),
            ),
            mistake(
                "class_zero_masked",
                'You give zeros for label 0. That is a class like the others; "no class" is -1.',
                ("class_labels == NO_CLASS", "class_labels == 0"),
                (ROW, "class_labels.clamp(min=0)"),
            ),
            mistake(
                "class_zero_masked_too",
                "Your mask also catches label 0 (<= 0, or label > 0 for a class). 0 is the first class; only -1 "
                "is none.",
                ("class_labels == NO_CLASS", "class_labels <= 0"),
            ),
            mistake(
                "padding_row_zero",
                "padding_idx=0 keeps the row of class 0 from learning. It is meant for a row that no class needs.",
                (MADE, "nn.Embedding(num_classes, dim, padding_idx=0)"),
            ),
            mistake(
                "padding_row_last",
                "padding_idx=-1 means the *last* row of the table, so the last class never learns.",
                (MADE, "nn.Embedding(num_classes, dim, padding_idx=-1)"),
            ),
            mistake(
                "whole_batch_masked",
                "As soon as one label is -1, your whole batch gets zeros. Decide for each image by itself.",
                (
                    "no_class = class_labels == NO_CLASS",
                    "no_class = (class_labels == NO_CLASS).any().expand(len(class_labels))",
                ),
            ),
            mistake(
                "masked_only_if_all",
                "You give zeros only when the whole batch has no class. In training, classes and -1 come mixed.",
                (RETURNED, "return torch.zeros_like(vectors) if no_class.all() else vectors"),
            ),
            mistake(
                "only_the_first_label_decides",
                "You look at the first label only and treat the whole batch like it.",
                (RETURNED, "return torch.zeros_like(vectors) if no_class[0] else vectors"),
            ),
            mistake(
                "mask_without_second_axis",
                "Your mask (B,) has no second axis. Torch lines it up with the width, which stops, or masks columns "
                "where B = dim. Write no_class[:, None].",
                (RETURNED, "return vectors.masked_fill(no_class, 0.0)"),
            ),
            mistake(
                "mask_across_if_it_fits",
                "When there are as many images as columns your mask falls across the vectors. Spell the axis out: "
                "no_class[:, None].",
                (
                    RETURNED,
                    "mask = no_class if vectors.shape[0] == vectors.shape[1] else no_class[:, None]\n"
                    "        return vectors.masked_fill(mask, 0.0)",
                ),
            ),
            mistake(
                "images_removed",
                "You leave out the images without a class. They stay in the batch, with a row of zeros.",
                (RETURNED, "return vectors[~no_class]"),
            ),
            mistake(
                "row_after_the_label",
                "You look up row label + 1. That is right only for a table with an extra row at the front.",
                (ROW, "torch.where(no_class, 0, (class_labels + 1) % self.num_classes)"),
            ),
            mistake(
                "labels_start_at_one",
                "You look up row label - 1. Labels start at 0, and so do the rows.",
                (ROW, "torch.where(no_class, 0, (class_labels - 1) % self.num_classes)"),
            ),
            mistake(
                "shifted_and_clamped",
                "You shift every label by one and clamp the last. Label k has row k.",
                (ROW, "(class_labels + 1).clamp(max=self.num_classes - 1)"),
            ),
            mistake(
                "shifted_beyond_the_table",
                "You shift the labels by one to make room for -1, but the table has no row more: the last class falls "
                "off its end.",
                (ROW, "class_labels + 1"),
            ),
            mistake(
                "last_class_clamped",
                "You clamp labels to num_classes - 2, so the last two classes share a row.",
                (ROW, f"{ROW}.clamp(max=self.num_classes - 2)"),
            ),
            mistake(
                "rows_from_the_end",
                "You count the rows from the end of the table. Label 0 is its first row.",
                (ROW, f"self.num_classes - 1 - {ROW}"),
            ),
            mistake(
                "multiplied_by_the_label",
                "You multiply the vector by the label: class 0 is always silent then, and class 9 nine times as loud.",
                (RETURNED, "return vectors * class_labels[:, None]"),
            ),
            mistake(
                "multiplied_by_the_label_clamped",
                "You multiply by the label, negative ones cut off. That silences -1, and class 0 with it; the mask has "
                "to be 0 or 1.",
                (RETURNED, "return vectors * class_labels.clamp(min=0)[:, None]"),
            ),
            mistake(
                "multiplied_by_label_plus_one",
                'You multiply by label + 1, which is 0 for "no class" but grows with every other label. The mask has '
                "to be 0 or 1.",
                (RETURNED, "return vectors * (class_labels + 1)[:, None]"),
            ),
            mistake(
                "scaled_by_the_root_of_the_width",
                "You multiply by the square root of the width, as transformers do with words. The document adds the "
                "vector as it is.",
                (RETURNED, f"{RETURNED} * vectors.shape[1] ** 0.5"),
            ),
            mistake(
                "divided_by_the_root_of_the_width",
                "You divide by the square root of the width. That is for attention's scores; the vector stays "
                "as it is.",
                (RETURNED, f"{RETURNED} / vectors.shape[1] ** 0.5"),
            ),
            mistake(
                "max_norm",
                "max_norm shortens long rows *inside the table*, each time they are looked up. Their length is learned "
                "here.",
                (MADE, "nn.Embedding(num_classes, dim, max_norm=1.0)"),
            ),
            mistake(
                "unit_length",
                "You scale every vector to length one. How long it is, is learned too.",
                (RETURNED, "return F.normalize(vectors.masked_fill(no_class[:, None], 0.0), dim=1)"),
            ),
            mistake(
                "activation_after",
                "You apply SiLU to the vector. The residual block does that, after time and class have been added.",
                (RETURNED, "return F.silu(vectors.masked_fill(no_class[:, None], 0.0))"),
            ),
            mistake(
                "tanh_after",
                "You squeeze the vector through tanh. Nothing comes after the look-up.",
                (RETURNED, "return torch.tanh(vectors.masked_fill(no_class[:, None], 0.0))"),
            ),
            mistake(
                "relu_after",
                "You apply ReLU, which throws every negative number away. Nothing comes after the look-up.",
                (RETURNED, "return F.relu(vectors.masked_fill(no_class[:, None], 0.0))"),
            ),
            mistake(
                "normalised_after",
                "You normalise each vector (layer norm). Nothing comes after the look-up.",
                (RETURNED, "return F.layer_norm(vectors, vectors.shape[1:]).masked_fill(no_class[:, None], 0.0)"),
            ),
            mistake(
                "softmax_after",
                "You send the vector through a softmax. It is no probability: nothing comes after the look-up.",
                (RETURNED, "return vectors.softmax(1).masked_fill(no_class[:, None], 0.0)"),
            ),
            mistake(
                "dropout_after",
                "You drop numbers of the vector at random. Whole *labels* are dropped in training, by drop_labels, "
                "outside this class.",
                (RETURNED, "return F.dropout(vectors, 0.1, self.training).masked_fill(no_class[:, None], 0.0)"),
            ),
            mistake(
                "mean_over_the_batch",
                "You take the mean over the batch, so every image is told the same. Each label has its own vector.",
                (
                    RETURNED,
                    "return vectors.masked_fill(no_class[:, None], 0).mean(0)[None].expand_as(vectors)",
                ),
            ),
            mistake(
                "one_vector_for_the_batch",
                "You merge the vectors of all images into one. B images need B vectors.",
                (RETURNED, "return vectors.masked_fill(no_class[:, None], 0.0).mean(0)"),
            ),
            mistake(
                "first_label_for_all",
                "Every image gets the first label's vector.",
                (RETURNED, "return vectors.masked_fill(no_class[:, None], 0.0)[:1].expand_as(vectors)"),
            ),
            mistake(
                "labels_ignored",
                "You return the first rows of the table, whatever the labels are.",
                (ROW, "torch.arange(len(class_labels)) % self.num_classes"),
            ),
            mistake(
                "extra_axis",
                "Your output has an axis too many, (B, 1, dim). One label gives one vector: (B, dim).",
                (RETURNED, "return vectors.masked_fill(no_class[:, None], 0.0)[:, None]"),
            ),
            mistake(
                "image_axes_added",
                "You have already added two axes for the pixels. The residual block does that; here it is (B, dim).",
                (RETURNED, "return vectors.masked_fill(no_class[:, None], 0.0)[:, :, None, None]"),
            ),
            mistake(
                "transposed",
                "The output lies on its side, (dim, B). The batch comes first.",
                (RETURNED, "return vectors.masked_fill(no_class[:, None], 0.0).T"),
            ),
            mistake(
                "batch_axis_squeezed",
                "A squeeze() takes the batch axis away when there is one image.",
                (RETURNED, "return vectors.masked_fill(no_class[:, None], 0.0).squeeze(0)"),
            ),
            mistake(
                "labels_as_floats",
                "You turned the labels into floats before the look-up. Rows are counted in whole numbers.",
                (ROW, f"{ROW}.float()"),
            ),
            mistake(
                "detached",
                "The vectors are cut from the table (detach, .data, no_grad): the numbers are right, and it never "
                "learns.",
                (RETURNED, "return vectors.masked_fill(no_class[:, None], 0.0).detach()"),
            ),
            mistake(
                "no_class_learns_by_row_zero",
                "Your zeros still depend on row 0 for the gradient, so images *without* a class would change class 0.",
                (RETURNED, "return vectors - (vectors * no_class[:, None]).detach()"),
            ),
            mistake(
                "row_zero_overwritten",
                "You set row 0 of the table to zero to serve -1. That wipes out class 0 for everyone who asks later.",
                (
                    LOOKED_UP,
                    f"self.embedding.weight.data[0] *= (~no_class).all()\n        {LOOKED_UP}",
                ),
            ),
            mistake(
                "last_row_overwritten",
                "weight[-1] is the last *class*, and your code sets it to zero to serve -1.",
                (
                    LOOKED_UP,
                    f"self.embedding.weight.data[-1] *= (~no_class).all()\n        {LOOKED_UP}",
                ),
            ),
            mistake(
                "last_class_always_zero",
                "You set the last row, weight[-1], to zero at every call: -1 is fine, and the last class is gone.",
                (
                    LOOKED_UP,
                    "self.embedding.weight.data[-1] = 0; vectors = self.embedding(class_labels % self.num_classes)",
                ),
                (RETURNED, "return vectors"),
            ),
            mistake(
                "gradient_averaged",
                "scale_grad_by_freq divides a class's gradient by how often it stands in the batch. A plain "
                "nn.Embedding "
                "adds them up.",
                (MADE, "nn.Embedding(num_classes, dim, scale_grad_by_freq=True)"),
            ),
            Misconception(
                "linear_with_bias",
                'Your Linear has a bias, which every class gets, and "no class" too: it would never be zeros. A table '
                "has none (bias=False).",
                LinearWithBias,
            ),
            Misconception(
                "label_as_a_number",
                "You feed the label's value into a Linear, so class 6 lies between 5 and 7 by decree. Classes have no "
                "order: give each a row of its own.",
                LinearOnTheNumber,
            ),
            Misconception(
                "table_made_in_forward",
                "You make a new, random table at every call. Make it once, in __init__, and look up in forward.",
                TableMadeInForward,
            ),
            Misconception(
                "table_on_its_side",
                "You swapped the arguments: nn.Embedding(number of rows, width of a row), classes first.",
                TableOnItsSide,
            ),
            Misconception(
                "mlp_after",
                "You put layers behind the look-up. The time embedding has an MLP because its formula is fixed; "
                "a table "
                "learns whatever is needed by itself.",
                WithAnMLP,
            ),
        ),
        alternatives=(
            Alternative("by_multiplying", ByMultiplying),
            Alternative("by_one_hot", ByOneHot),
            Alternative("by_padding", ByPadding),
            Alternative("by_padding_at_the_end", ByPaddingAtTheEnd),
            Alternative("by_appended_zeros", ByAppendedZeros),
            Alternative("by_loop", ByLoop),
            Alternative("by_filling", ByFilling),
        ),
    ),
)
