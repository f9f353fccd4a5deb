"""Class embedding: one learned vector a class, and none for "no class" (the document, section 2)."""

import torch
from torch import Tensor, nn

from course_lib.validation import check_integers, check_positive_int, check_vector

NO_CLASS = -1


# The class embedding of Nichol and Dhariwal 2021, added to that of the time; "no class" is the null token of Ho and
# Salimans 2022.
class ClassEmbedding(nn.Module):
    """Look up one learned vector for each label; label -1 means "no class" and gives zeros.

    Zeros leave the time embedding as it is, so one network serves with and without a class. That is what
    classifier-free guidance needs.

    Args:
        num_classes: number of classes; labels run from 0 to num_classes - 1.
        dim: width of each vector.
    Shapes: (B,) int64 -> (B, dim).
    Raises: ValueError for a label below -1 or above num_classes - 1 (on a GPU: a device-side assertion), a label that
        is not an integer, or labels that are not a vector.
    Source: the document, section 2; Ho and Salimans 2022 for "no class".
    """

    def __init__(self, num_classes: int, dim: int) -> None:
        super().__init__()
        check_positive_int("num_classes", num_classes)
        check_positive_int("dim", dim)
        self.num_classes = num_classes
        self.embedding = nn.Embedding(num_classes, dim)

    def forward(self, class_labels: Tensor) -> Tensor:
        check_vector("class_labels", class_labels)
        check_integers("class_labels", class_labels, NO_CLASS, self.num_classes - 1)
        class_labels = class_labels.long()
        # which images have no class: (B,) of True and False
        no_class = class_labels == NO_CLASS
        # look up a row for every image; "no class" borrows row 0 for a moment: (B,) -> (B, dim)
        vectors = self.embedding(torch.where(no_class, 0, class_labels))
        # and gets zeros instead
        return vectors.masked_fill(no_class[:, None], 0.0)
