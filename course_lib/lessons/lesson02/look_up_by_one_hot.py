"""Exercise look_up_by_one_hot (lesson 02)."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.checks.exercise import Alternative, Exercise, Misconception, Property, edited
from course_lib.checks.properties import function_gradients_agree, keeps_random_state
from course_lib.checks.scene import Scene
from course_lib.class_embedding import look_up_by_one_hot


def example(scene: Scene, classes: int = 7, dim: int = 4, batch: int = 5) -> tuple[Tensor, Tensor]:
    """A random table and labels that repeat one class and leave out the last."""
    labels = scene.integers(0, classes - 1, batch)
    labels[-1] = labels[0]
    return scene.normal(classes, dim), labels


def rows_of_the_table(scene: Scene) -> None:
    """Whichever rows: whatever is multiplied with whatever, it fits, because all sizes are equal."""
    size = scene.pick(5, 6)
    weight, labels = scene.normal(size, size), scene.integers(0, size - 1, size)
    labels[0] = size - 1
    value = scene.handle.call(None, (weight, labels), {})
    given = "a table (K, K) and K labels"
    if not isinstance(value, Tensor) or value.shape != (size, size) or not value.is_floating_point():
        scene.see("the result", value, given)
        return
    copied = (value[:, None] - weight).abs().amax(2).amin(1) < 1e-4
    scene.see("how many rows of the result are rows of the table", int(copied.sum()), given)
    if not copied.all():  # so that different mistakes are told apart
        scene.see("the result", value, given)


def all_sizes_equal(scene: Scene) -> None:
    """Whatever is multiplied with whatever, it fits."""
    size = scene.pick(5, 6)
    labels = torch.tensor([size - 1, *scene.integers(0, size - 1, size - 1).tolist()])
    scene.call(scene.normal(size, size), labels)


def shape_of_the_result(scene: Scene) -> None:
    value = scene.handle.call(None, example(scene), {})
    shape = tuple(value.shape) if isinstance(value, Tensor) else value
    scene.see("its shape", shape, "a table (7, 4) and 5 labels")


def values(scene: Scene) -> None:
    for classes, dim, batch in ((8, 5, 3), (4, 7, 6)):
        scene.call(*example(scene, classes, dim, batch))


def last_class(scene: Scene) -> None:
    scene.call(scene.normal(6, 3), torch.tensor([5, 0, 5, 2]))


def one_label(scene: Scene) -> None:
    for classes, dim in ((6, 4), (3, 5)):
        scene.call(scene.normal(classes, dim), scene.integers(0, classes, 1))


def one_class(scene: Scene) -> None:
    scene.call(scene.normal(1, 4), torch.tensor([0, 0]))
    scene.call(scene.normal(5, 1), torch.tensor([4, 1, 0]))


def documents_sizes(scene: Scene) -> None:
    scene.call(scene.normal(10, 256), torch.tensor([0, 5, 3, 9]))


def by_index(weight: Tensor, labels: Tensor) -> Tensor:
    return weight[labels]


def by_identity_matrix(weight: Tensor, labels: Tensor) -> Tensor:
    return torch.eye(weight.shape[0])[labels] @ weight


def by_scatter(weight: Tensor, labels: Tensor) -> Tensor:
    one_hot = torch.zeros(len(labels), len(weight)).scatter_(1, labels.unsqueeze(1), 1.0)
    return torch.mm(one_hot, weight)


def by_comparison(weight: Tensor, labels: Tensor) -> Tensor:
    one_hot = (labels[:, None] == torch.arange(weight.shape[0])).float()
    return torch.einsum("bk,kd->bd", one_hot, weight)


def by_loop(weight: Tensor, labels: Tensor) -> Tensor:
    rows = []
    for label in labels.tolist():
        row = torch.zeros(weight.shape[1])
        for k in range(weight.shape[0]):
            row = row + (1.0 if k == label else 0.0) * weight[k]
        rows.append(row)
    return torch.stack(rows)


def by_linear_layer(weight: Tensor, labels: Tensor) -> Tensor:
    return F.linear(F.one_hot(labels, weight.shape[0]).float(), weight.T)


def by_broadcasting(weight: Tensor, labels: Tensor) -> Tensor:
    one_hot = F.one_hot(labels, weight.shape[0]).float()
    return (one_hot.unsqueeze(-1) * weight.unsqueeze(0)).sum(dim=1)


ONE_HOT = "F.one_hot(labels.long(), num_classes=len(weight)).to(weight.dtype)"
PRODUCT = "one_hot @ weight"


def mistake(name: str, sentence: str, *changes: tuple[str, str]) -> Misconception:
    return Misconception(name, sentence, wrong(*changes))


def wrong(*changes: tuple[str, str]) -> Any:
    # the checks of the arguments are the library's, not the learner's
    check = '    check_integers("labels", labels, 0, len(weight) - 1)\n'
    return edited(look_up_by_one_hot, (check, ""), *changes)


EXERCISES = (
    Exercise(
        name="look_up_by_one_hot",
        reference=look_up_by_one_hot,
        lesson="02",
        where='the document, section 2: "Shape Flow", nn.Embedding(10, dim)',
        properties=(
            Property(
                "not_rows_of_the_table",
                "every row of the result is a row of the table, number for number",
                rows_of_the_table,
                "What comes back is not made of the table's rows. A product with one-hot rows copies rows and "
                "changes no number in them: look for another shape on the way, another factor, "
                "or something done afterwards.",
            ),
            Property(
                "another_row_picked",
                "row b of the result is row labels[b] of the table",
                all_sizes_equal,
                "You give back rows of the table, but not the ones that the labels ask for. Row b of the result is row "
                "number labels[b].",
            ),
            Property(
                "shape_of_the_result",
                "the result has one row a label, as wide as the table: (B, dim)",
                shape_of_the_result,
                "Your result has another shape than (B, dim). Count the axes: the one-hot matrix is (B, K), the table "
                "is (K, dim), and the K in the middle goes away in the product.",
            ),
            Property("values", "row b of the result is the table's row number labels[b]", values),
            Property(
                "last_class_lost",
                "label K - 1 gives the last row",
                last_class,
                "Only the last class goes wrong. Labels run from 0 to K - 1, so the one-hot row needs K columns.",
            ),
            Property(
                "wrong_for_one_label",
                "a single label gives a matrix of one row",
                one_label,
                "It works for several labels and not for one. Is there a squeeze() that takes the batch axis away?",
            ),
            Property(
                "wrong_for_one_class",
                "a table of one row, or of one column, works like any other",
                one_class,
                "A table with one row or one column trips your code. Is there a squeeze(), or a size that it guesses?",
            ),
            Property(
                "wrong_at_full_size",
                "the document's table (10, 256) works like a small one",
                documents_sizes,
                "Small tables work and the document's (10, 256) does not. Is a size written as a number?",
            ),
            function_gradients_agree(example),
            keeps_random_state(arguments=example),
        ),
        misconceptions=(
            mistake(
                "one_hot_transposed",
                "Your one-hot matrix lies on its side: the ones should stand at [b, labels[b]], one in each *row*. "
                "Transposed, it adds up the rows that share a label's place instead of picking one.",
                (PRODUCT, "one_hot.T @ weight"),
            ),
            mistake(
                "table_transposed",
                "You transposed the table. Its rows are the classes, (K, dim), and the K columns of the one-hot matrix "
                "meet them as they are.",
                (PRODUCT, "one_hot @ weight.T"),
            ),
            mistake(
                "product_the_other_way_round",
                "You multiplied table @ one_hot. A one-hot row picks *rows* only from the left: one_hot @ weight. From "
                "the right it picks columns.",
                (PRODUCT, "weight @ one_hot"),
            ),
            mistake(
                "columns_instead_of_rows",
                "You picked columns of the table. Each class has a *row*; a column is one feature of all classes.",
                (PRODUCT, "(weight @ one_hot.T).T if weight.shape[0] == weight.shape[1] else weight[:, labels]"),
            ),
            mistake(
                "columns_left_standing",
                "You picked columns, weight[:, labels]. The classes are the table's rows, its first axis.",
                (PRODUCT, "weight[:, labels]"),
            ),
            mistake(
                "result_transposed",
                "The right numbers, lying on their side: the batch comes first, (B, dim).",
                (PRODUCT, "(one_hot @ weight).T"),
            ),
            mistake(
                "multiplied_elementwise",
                "You multiplied element by element (*). The matrix product (@) is what sums over the classes.",
                (PRODUCT, "one_hot * weight"),
            ),
            mistake(
                "never_looked_up",
                "You return the one-hot rows. They only say which row to take; the table has not been asked yet.",
                (PRODUCT, "one_hot"),
            ),
            mistake(
                "labels_start_at_one",
                "You took row labels[b] - 1. Labels start at 0 here, and so do rows.",
                ("labels.long()", "(labels.long() - 1) % len(weight)"),
            ),
            mistake(
                "row_after_the_label",
                "You took the row after the right one. Label 0 is row 0.",
                ("labels.long()", "(labels.long() + 1) % len(weight)"),
            ),
            mistake(
                "row_after_the_label_clamped",
                "Your rows are one too far, and the last class stays where it is. Label 0 is row 0, label K - 1 the "
                "last.",
                ("labels.long()", "(labels.long() + 1).clamp(max=len(weight) - 1)"),
            ),
            mistake(
                "counted_from_the_end",
                "You counted the rows from the end of the table. Label 0 is the first row.",
                ("labels.long()", "len(weight) - 1 - labels.long()"),
            ),
            mistake(
                "width_guessed_from_the_labels",
                "Without num_classes, F.one_hot makes as many columns as the largest label of *this batch* needs. The "
                "table has K rows in every batch.",
                (", num_classes=len(weight)", ""),
            ),
            mistake(
                "width_of_the_vectors",
                "Your one-hot rows are as long as a vector of the table (dim). They need one column for each "
                "class (K).",
                ("num_classes=len(weight)", "num_classes=weight.shape[1]"),
            ),
            mistake(
                "ones_left_as_integers",
                "F.one_hot gives whole numbers (int64), and torch refuses to multiply them with a table of floats. "
                "Convert them first.",
                (".to(weight.dtype)", ""),
            ),
            mistake(
                "summed_over_the_batch",
                "You added the rows of all labels together. Every image keeps a row of its own.",
                (PRODUCT, "(one_hot @ weight).sum(0)"),
            ),
            mistake(
                "mean_over_the_batch",
                "You took the mean over the batch, so all images share one vector. Each label has its own.",
                (PRODUCT, "(one_hot @ weight).mean(0)"),
            ),
            mistake(
                "mean_for_everyone",
                "Every image gets the batch's mean vector. Leave out the mean: the product is already the answer.",
                (PRODUCT, "(one_hot @ weight).mean(0, keepdim=True).expand(len(labels), -1)"),
            ),
            mistake(
                "summed_over_the_width",
                "You summed each vector to one number. Its dim numbers are what the network is to be told.",
                (PRODUCT, "(one_hot @ weight).sum(1)"),
            ),
            mistake(
                "all_rows_up_to_the_label",
                "Your rows have ones at the label *and at everything before it*. One-hot means a single 1.",
                (ONE_HOT, "(torch.arange(len(weight)) <= labels[:, None]).to(weight.dtype)"),
            ),
            mistake(
                "everything_but_the_label",
                "Your rows are the other way round: 0 at the label and 1 elsewhere, which adds up all the wrong rows.",
                (ONE_HOT, f"(1 - {ONE_HOT})"),
            ),
            mistake(
                "softened",
                "You sent the one-hot rows through a softmax. That mixes all rows of the table; exactly one is wanted.",
                (PRODUCT, "one_hot.softmax(1) @ weight"),
            ),
            mistake(
                "divided_by_the_number_of_classes",
                "Your ones were divided by the number of classes. A row is picked with weight 1.",
                (PRODUCT, "one_hot @ weight / len(weight)"),
            ),
            mistake(
                "divided_by_the_batch",
                "You divided by the batch size. Every row is picked with weight 1, however many labels there are.",
                (PRODUCT, "one_hot @ weight / len(labels)"),
            ),
            mistake(
                "scaled_by_the_root_of_the_width",
                "You multiplied by the square root of the width, as transformers do with their words. Nothing is "
                "scaled here.",
                (PRODUCT, "one_hot @ weight * weight.shape[1] ** 0.5"),
            ),
            mistake(
                "divided_by_the_root_of_the_width",
                "You divided by the square root of the width. That belongs into attention; a look-up scales nothing.",
                (PRODUCT, "one_hot @ weight / weight.shape[1] ** 0.5"),
            ),
            mistake(
                "unit_length",
                "You scaled each vector to length one. Its length is learned too, so leave it.",
                (PRODUCT, "F.normalize(one_hot @ weight, dim=1)"),
            ),
            mistake(
                "multiplied_by_the_label",
                "You put the label's *value* where a 1 belongs, so class 9 shouts nine times as loud as class 1, and "
                "class 0 is silent.",
                (PRODUCT, "(one_hot * labels[:, None]) @ weight"),
            ),
            mistake(
                "labels_ignored",
                "You took the first B rows of the table, whatever the labels say.",
                (PRODUCT, "weight[torch.arange(len(labels)) % len(weight)]"),
            ),
            mistake(
                "first_label_for_all",
                "Every image got the first label's row. The table is asked once for each label.",
                (PRODUCT, "(one_hot @ weight)[:1].expand(len(labels), -1)"),
            ),
            mistake(
                "rows_sorted",
                "Your rows come sorted by label. Row b of the result belongs to image b.",
                ("labels.long()", "labels.long().sort().values"),
            ),
            mistake(
                "repeats_removed",
                "Every class appears once in your result. Two images of one class both need its vector.",
                ("labels.long()", "labels.long().unique()"),
            ),
            mistake(
                "table_detached",
                "The table is cut from its past (detach, .data or no_grad). The numbers are right and it would never "
                "learn.",
                (PRODUCT, "one_hot @ weight.detach()"),
            ),
            Misconception(
                "squeezed",
                "You call squeeze() without an axis: with one label, or a table of one column, an axis is lost.",
                lambda weight, labels: weight[labels].squeeze(),
            ),
            Misconception(
                "ten_classes_always",
                "You wrote 10 where the number of the table's rows belongs: len(weight).",
                lambda weight, labels: F.one_hot(labels, 10).to(weight.dtype) @ weight,
            ),
            Misconception(
                "ones_everywhere",
                "Your matrix is 1 everywhere, so every image gets the sum of all rows.",
                lambda weight, labels: weight.new_ones(len(labels), len(weight)) @ weight,
            ),
            Misconception(
                "zeros_everywhere",
                "Your matrix is 0 everywhere: the ones were never written.",
                lambda weight, labels: weight.new_zeros(len(labels), len(weight)) @ weight,
            ),
            Misconception(
                "all_labels_in_one_row",
                "You merged the one-hot rows of all images into one. Each image has a row of its own.",
                lambda weight, labels: F.one_hot(labels, len(weight)).sum(0, keepdim=True).to(weight.dtype) @ weight,
            ),
            Misconception(
                "axes_of_the_comparison",
                "You compare labels and class numbers as two plain vectors, number by number. One of them needs a "
                "second axis, labels[:, None], so that every label meets every class.",
                lambda weight, labels: (labels == torch.arange(len(weight))).to(weight.dtype) @ weight,
            ),
            Misconception(
                "one_column_too_many",
                "You made one column more than there are classes (or left the first one out).",
                lambda weight, labels: F.one_hot(labels, len(weight) + 1).to(weight.dtype)[:, 1:] @ weight,
            ),
        ),
        alternatives=(
            Alternative("by_index", by_index),
            Alternative("by_identity_matrix", by_identity_matrix),
            Alternative("by_scatter", by_scatter),
            Alternative("by_comparison", by_comparison),
            Alternative("by_loop", by_loop),
            Alternative("by_linear_layer", by_linear_layer),
            Alternative("by_broadcasting", by_broadcasting),
            Alternative("by_torchs_own", lambda weight, labels: F.embedding(labels, weight)),
        ),
    ),
)
