"""What learners write on the way and the network never calls: small functions that make one idea plain.

In the order of the lessons: the columns of the embedding's formula (01), what an embedding computes (02), what a group
norm computes and how a vector reaches every pixel (03), sizes behind a convolution and a transposed one (04), models
whose time runs the other way (09).
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.flow_matching import TIME_SCALE
from course_lib.guidance import Model
from course_lib.validation import check_embedding, check_integers, check_positive_int, check_vector


def interleave(embedding: Tensor) -> Tensor:
    """Put the columns of an embedding into the order of the document's formula.

    The code's order is sin 0, sin 1, .., cos 0, cos 1, ..; the formula's is sin 0, cos 0, sin 1, cos 1, ..
    (sin 1 is the sine of frequency number 1).

    Args:
        embedding: what `SinusoidalPositionEmbedding` gives.
    Shapes: (B, dim) -> (B, dim), dim even.
    Raises: ValueError if the input is not a matrix of even width.
    Source: the document, section 1: "Formula" against "Code".
    """
    if embedding.ndim != 2 or embedding.shape[1] % 2:
        raise ValueError(f"embedding has shape {tuple(embedding.shape)}; allowed: (B, dim) with an even dim")
    # cut the columns into the sines and the cosines: (B, dim/2) each
    sines, cosines = embedding.chunk(2, dim=-1)
    # put each sine beside its cosine, on a new last axis: (B, dim/2, 2)
    pairs = torch.stack([sines, cosines], dim=-1)
    # lay the pairs one after the other: (B, dim/2, 2) -> (B, dim)
    return pairs.flatten(1)


def look_up_by_one_hot(weight: Tensor, labels: Tensor) -> Tensor:
    """Pick one row of a table for each label, written as a matrix product: what an embedding computes.

    `nn.Embedding` gives the same numbers without multiplying by all those zeros.

    Shapes: weight (K, dim), labels (B,) int64 from 0 to K - 1 -> (B, dim).
    Raises: ValueError for a table that is no matrix, or labels that are not a vector of whole numbers from 0 to K - 1.
    Source: the document, section 2, "nn.Embedding(10, dim)".
    """
    if weight.ndim != 2:
        raise ValueError(f"weight has shape {tuple(weight.shape)}; allowed: (K, dim), one row a class")
    check_vector("labels", labels)
    check_integers("labels", labels, 0, len(weight) - 1)
    # a 1 in the column of the label, 0 elsewhere, as numbers of the table's type: (B,) -> (B, K)
    one_hot = F.one_hot(labels.long(), num_classes=len(weight)).to(weight.dtype)
    # each row of zeros with a single 1 picks one row of the table: (B, K) @ (K, dim) -> (B, dim)
    return one_hot @ weight


def normalize_groups(x: Tensor, groups: int, eps: float = 1e-5) -> Tensor:
    """What `nn.GroupNorm` does before its weight and bias: every group of channels gets mean 0 and variance 1.

    The channels are cut into `groups` groups of neighbours, all of one size. Mean and variance are taken for every
    image and every group, over the group's channels and all pixels together. The variance divides by the count of
    these numbers.

    Args:
        x: feature maps.
        groups: how many groups; it divides the number of channels.
        eps: is added to the variance before the root, so that a constant group gives zeros.
    Shapes: (B, C, H, W) -> (B, C, H, W).
    Raises: ValueError if `x` does not have four axes, or `groups` does not divide its channels.
    Source: Wu and He 2018, equations 1, 2 and 7.
    """
    check_positive_int("groups", groups)
    if x.ndim != 4 or x.shape[1] % groups:
        raise ValueError(f"x has shape {tuple(x.shape)}; allowed: (B, C, H, W) with C a multiple of groups, {groups}")
    # all numbers of one group in one row: (B, groups, C / groups * H * W)
    rows = x.reshape(x.shape[0], groups, -1)
    # mean of every row, and how far each number lies from it
    distance = rows - rows.mean(dim=-1, keepdim=True)
    # variance of every row: the mean of the squared distances
    variance = distance.square().mean(dim=-1, keepdim=True)
    # divide by the standard deviation (eps under the root), and give the numbers their old shape
    return (distance / torch.sqrt(variance + eps)).reshape(x.shape)


def add_to_every_pixel(h: Tensor, vectors: Tensor) -> Tensor:
    """Add one vector per image to every pixel of that image; `h` itself stays as it is.

    Args:
        h: feature maps.
        vectors: one number for each image and channel.
    Shapes: h (B, C, H, W), vectors (B, C) -> (B, C, H, W).
    Raises: ValueError if `h` does not have four axes, or the shapes do not fit.
    Source: the document, section 3, the line that adds the embedding.
    """
    if h.ndim != 4:
        raise ValueError(f"h has shape {tuple(h.shape)}; allowed: (B, C, H, W)")
    check_embedding("vectors", vectors, h.shape[0], h.shape[1])
    # two axes of length one behind the channels let the vectors broadcast over height and width
    return h + vectors[:, :, None, None]


def conv_output_size(size: int, kernel_size: int, stride: int = 1, padding: int = 0) -> int:
    """How many pixels a convolution leaves along one axis: floor((size + 2 * padding - kernel_size) / stride) + 1.

    Args:
        size: pixels along the axis before the convolution.
        kernel_size: pixels of the window along that axis.
        stride: how far apart neighbouring windows stand.
        padding: pixels added at *each* of the two ends.
    Returns: a whole number, the pixels after the convolution.
    Raises: ValueError for a size, kernel or stride below 1, a negative padding, or a window that does not fit.
    Source: Dumoulin and Visin 2016, relationship 6; the shapes of the document's section 4.

    >>> conv_output_size(32, kernel_size=3, stride=2, padding=1)
    16
    """
    check_positive_int("size", size)
    check_positive_int("kernel_size", kernel_size)
    check_positive_int("stride", stride)
    check_padding("padding", padding)
    # how far can the first window travel? The padded length, minus the window itself
    room = size + 2 * padding - kernel_size
    if room < 0:
        raise ValueError(f"kernel_size is {kernel_size}; allowed: at most {size + 2 * padding}, the padded size")
    # whole steps of length stride that fit into that room, and one more for the window that has not moved
    return room // stride + 1


def check_padding(name: str, value: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{name} is {value!r}; allowed: a whole number of at least 0")


def overlap_counts(size: int, kernel_size: int, stride: int) -> Tensor:
    """How many input pixels write to each output pixel of a transposed convolution along one axis, without padding.

    Input pixel i writes to the outputs i * stride, ..., i * stride + kernel_size - 1. Where the counts change from
    pixel to pixel, equal weights make a flat picture change with them: a checkerboard.

    Args:
        size: pixels along the axis before the transposed convolution.
        kernel_size: pixels each input pixel writes to.
        stride: how far apart neighbouring input pixels land in the output.
    Shapes: -> ((size - 1) * stride + kernel_size,), int64.
    Raises: ValueError for a size, kernel or stride below 1.
    Source: Odena, Dumoulin and Olah 2016, "Deconvolution and Checkerboard Artifacts".

    >>> overlap_counts(size=4, kernel_size=3, stride=2).tolist()
    [1, 1, 2, 1, 2, 1, 2, 1, 1]
    """
    check_positive_int("size", size)
    check_positive_int("kernel_size", kernel_size)
    check_positive_int("stride", stride)
    # a zero for each output pixel: the last input pixel begins at (size - 1) * stride and writes kernel_size pixels
    counts = torch.zeros((size - 1) * stride + kernel_size, dtype=torch.int64)
    # each input pixel adds one to all the output pixels it writes to
    for i in range(size):
        counts[i * stride : i * stride + kernel_size] += 1
    return counts


def from_other_direction(other: Model) -> Model:
    """Make a model of the papers' direction of time usable here.

    Most papers on flow matching let time s run from noise (s = 0) to the image (s = 1), and their velocity points
    along: image - noise.

    Args:
        other: called as other(x, s, labels), with s (B,) from 0 to 1; predicts their velocity.
    Returns: a function to be called as model(x, 1000 * t, labels), like any other model here: time from the image
        (t = 0) to noise (t = 1), velocity noise - image, at the same points x.
    Source: Lipman et al. 2023 and Liu et al. 2023 have the other direction; Esser et al. 2024 have ours.
    """

    def model(x: Tensor, t: Tensor, labels: Tensor | None = None) -> Tensor:
        # what their clock shows when ours shows t
        s = 1 - t / TIME_SCALE
        # their velocity there, turned into ours
        return -other(x, s, labels)

    return model
