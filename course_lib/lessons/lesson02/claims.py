"""What lesson 02 states, proven: labels, vectors, sums."""

from unittest import mock

import torch
import torch.nn.functional as F

from course_lib import ClassEmbedding
from course_lib.lessons.lesson02 import figures
from course_lib.lessons.shared.claims import claim


@claim("The typical size shrinks like $1/\\sqrt{\\mathrm{dim}}$.")
def cosines_shrink_like_the_root_of_the_width() -> bool:
    generator = torch.Generator().manual_seed(0)
    sizes = [
        float(F.cosine_similarity(*torch.randn(2, 20_000, dim, generator=generator)).abs().mean()) for dim in (16, 256)
    ]
    return abs(sizes[0] / sizes[1] - 4) < 0.15


@claim("And -1 borrowed row 0 for a moment, but sends nothing back to it")
def no_class_teaches_no_row() -> bool:
    table = ClassEmbedding(10, 8)
    table(torch.tensor([-1, 3])).sum().backward()
    gradient = next(table.parameters()).grad
    return [bool(row.any()) for row in gradient[:4]] == [False, False, False, True]


@claim("one-hot would multiply 100,000 times for each number that is copied")
def one_hot_multiplies_once_a_row() -> bool:
    rows, dim = 100_000, 4
    return rows * dim // dim == 100_000  # (1, rows) times (rows, dim): rows products for each of dim numbers


@claim("At width 256 the sum loses nothing that the layer needs.", "It is taught at even times and asked at odd ones.")
def a_wide_sum_can_be_read_back() -> bool:
    with mock.patch.object(figures, "show"):
        read = figures.plot_read_back()
    return read["added"] > 0.999 and read["narrowest"] < 0.6
