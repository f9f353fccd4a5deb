"""What holds for merge_heads, and right answers written differently."""

import torch
from torch import Tensor

from course_lib.checks.exercise import Exercise
from course_lib.checks.trial import Call, Trial
from course_lib.self_attention import merge_heads

EXERCISE = Exercise(
    "merge_heads",
    merge_heads,
    __name__,
    where='the document, section 5 (assets/network.md), the box "Reshape: (B,heads,N,d) -> (B,C,H,W)"',
)
holds, right = EXERCISE.holds, EXERCISE.right


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    # batch, heads, pixels and channels a head all different
    return trial.calling(trial.normal(2, 3, 5 * 6, 4), 5, 6)


@EXERCISE.harder
def more_heads_than_channels_in_one(trial: Trial) -> Call:
    """Eight heads of five channels, four tall images, and large numbers."""
    return trial.calling(20 * trial.normal(4, 8, 9 * 2, 5), 9, 2)


@holds("with one head: one channel of the image for each of the d columns")
def values(trial: Trial) -> None:
    trial.call(trial.normal(2, 1, 16, trial.pick(5, 7)), 4, 4)


@holds("with several heads: the first d channels come from head 0, the next d from head 1")
def heads_confused(trial: Trial) -> None:
    """One head is put back correctly, several are not. All d channels of head 0 come first, then those of head 1."""
    trial.call(trial.normal(2, trial.pick(3, 5), 16, 4), 4, 4)


@holds("it is right for other batches, heads and images that are not square")
def assumes_square_images(trial: Trial) -> None:
    """You put square images back correctly and others not. Have height and width changed places, or does one of them
    (or a root of N) stand for both?"""
    # tall and wide, so that nobody is right who puts the smaller of the two first
    for height, width in ((3, 6), (7, 2)):
        trial.call(trial.normal(4, 2, height * width, 5), height, width)


@holds("(4, 4, 64, 64) gives (4, 256, 8, 8)")
def the_documents_shapes(trial: Trial) -> None:
    trial.call(trial.normal(4, 4, 64, 64), 8, 8)


@holds("axes of length one stay: a batch of one, heads of one channel, an image of one pixel")
def squeezes_axes_of_length_one(trial: Trial) -> None:
    """Where an axis has length one your result is wrong: the batch of one image, the one channel of a head or the one
    pixel is an axis like any other. Is there a squeeze()?"""
    trial.call(trial.normal(1, 2, 8, 3), 2, 4)
    trial.call(trial.normal(2, 4, 6, 1), 2, 3)
    trial.call(trial.normal(2, 2, 1, 3), 1, 1)


@right
def by_slices(h: Tensor, height: int, width: int) -> Tensor:
    """One head's image above the other."""
    images = [head.transpose(1, 2).unflatten(2, (height, width)) for head in h.unbind(dim=1)]
    return torch.cat(images, dim=1)


@right
def tokens_first(h: Tensor, height: int, width: int) -> Tensor:
    """As in a text transformer: back to (B, N, C), and only then to an image."""
    batch, _, pixels, _ = h.shape
    tokens = h.transpose(1, 2).contiguous().view(batch, pixels, -1)
    return tokens.transpose(1, 2).contiguous().view(batch, -1, height, width)


@right
def by_einsum(h: Tensor, height: int, width: int) -> Tensor:
    return torch.einsum("bhnd->bhdn", h).flatten(1, 2).reshape(h.shape[0], -1, height, width)


@right
def pixel_by_pixel(h: Tensor, height: int, width: int) -> Tensor:
    rows = []
    for i in range(height):
        pixels = [h[:, :, i * width + j, :].reshape(h.shape[0], -1) for j in range(width)]
        rows.append(torch.stack(pixels, dim=-1))
    return torch.stack(rows, dim=-2)


@right
def rows_and_columns_first(h: Tensor, height: int, width: int) -> Tensor:
    B, heads, _, d = h.shape
    return h.reshape(B, heads, height, width, d).permute(0, 1, 4, 2, 3).reshape(B, heads * d, height, width)
