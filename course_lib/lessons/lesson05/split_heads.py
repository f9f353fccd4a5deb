"""What holds for split_heads, and right answers written differently."""

import torch
from torch import Tensor

from course_lib.checks.exercise import Exercise
from course_lib.checks.mistakes import edited
from course_lib.checks.trial import Call, Trial
from course_lib.self_attention import split_heads


def split(trial: Trial, qkv: Tensor, num_heads: int) -> tuple:
    """Call the answer. One tensor that unpacks into q, k and v is as good as three."""
    value = trial.handle.call(None, (qkv, num_heads), {})
    if isinstance(value, Tensor) and value.ndim == 5 and value.shape[0] == 3:
        value = tuple(value)
    given = f"split_heads(tensor {tuple(qkv.shape)}, num_heads={num_heads})"
    return trial.checked("q, k and v", value, given)


def example(trial: Trial) -> tuple:
    """Heads, channels a head, height, width and batch all different."""
    return trial.normal(2, 3 * 3 * 4, 5, 6), 3


def gradients(trial: Trial) -> tuple:
    return example(trial)


RESHAPE = "qkv = qkv.reshape(B, 3, num_heads, C // num_heads, H * W)"


TRANSPOSE = "qkv = qkv.transpose(-1, -2)"


UNBIND = "q, k, v = qkv.unbind(dim=1)"


RETURN = "return q, k, v"


D = "C // num_heads"


def instead(*lines: str) -> object:
    """A wrong answer whose three steps are replaced by other lines."""
    return edited(split_heads, (RESHAPE, "\n    ".join(lines)), (TRANSPOSE, "pass"), (UNBIND, "pass"))


EXERCISE = Exercise(
    "split_heads",
    split_heads,
    __name__,
    where='the document, section 5, the box "Reshape: (B,C,H,W) -> (B,heads,N,d)"',
)
holds, right = EXERCISE.holds, EXERCISE.right


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    return trial.calling(*example(trial))


@holds("three tensors of shape (B, heads, N, d) come back")
def not_three_tensors_of_that_shape(trial: Trial) -> None:
    """What you return is not three tensors of four axes, (B, heads, N, d), for every number of images and heads. Write
    the shape behind each of your lines; every size comes from qkv.shape and num_heads."""
    heads = trial.pick(1, 2)
    value = trial.handle.call(None, (trial.normal(trial.pick(1, 2), 3 * heads * 5, 8, 8), heads), {})
    if isinstance(value, Tensor) and value.ndim == 5 and value.shape[0] == 3:
        value = tuple(value)
    if isinstance(value, tuple):
        value = tuple(tuple(part.shape) if isinstance(part, Tensor) else "no tensor" for part in value)
    trial.checked("the shapes", value, f"split_heads with {heads} heads")


@holds("with one head: q, k, v in this order, one row a pixel")
def not_q_k_v_by_pixels(trial: Trial) -> None:
    """The shapes are right, and with one head some number is not where it should be: the first third of the channels
    are queries, the second keys, the last values, and row n holds the numbers of pixel n."""
    split(trial, trial.normal(2, 3 * trial.pick(5, 7), 8, 8), 1)
    split(trial, trial.normal(1, 3 * trial.pick(5, 7), 8, 8), 1)


@holds("with several heads: the first d channels of the queries belong to head 0, the next d to head 1")
def heads_confused(trial: Trial) -> None:
    """With one head all is right, with several it is not: channels end up in the wrong head. Within q, k and v the
    channels lie head after head: d for head 0, then d for head 1, and so on."""
    heads = trial.pick(3, 5)
    split(trial, trial.normal(2, 3 * heads * 4, 8, 8), heads)


@holds("it is right for other batches, heads and images that are not square")
def assumes_square_images(trial: Trial) -> None:
    """Square images are split correctly and others are not: height and width have changed places, or a number is
    written down that should come from qkv.shape."""
    split(trial, trial.normal(4, 3 * 2 * 5, *trial.pick((3, 6), (7, 2))), 2)


@holds("(4, 768, 8, 8) gives three times (4, 4, 64, 64)")
def the_documents_shapes(trial: Trial) -> None:
    split(trial, trial.normal(4, 3 * 256, 8, 8), 4)


@holds("it is right when batch, heads, d and pixels are all 4")
def equal_sizes(trial: Trial) -> None:
    split(trial, trial.normal(4, 3 * 4 * 4, 2, 2), 4)


@holds("axes of length one stay: a batch of one, heads of one channel, an image of one pixel")
def squeezes_axes_of_length_one(trial: Trial) -> None:
    """An axis of length one has gone astray: squeeze() removes every such axis, also the batch when it holds one image.
    Name the axes you mean instead."""
    split(trial, trial.normal(1, 3 * 2 * 3, 2, 4), 2)
    split(trial, trial.normal(2, 3 * 4, 2, 3), 4)
    split(trial, trial.normal(2, 3 * 2 * 3, 1, 1), 2)


@holds("the precision of what comes in is the precision of what goes out")
def assumes_float32(trial: Trial) -> None:
    """Splitting should only move numbers. Yours also changes their precision: float64 comes in and something else goes
    out."""
    value = split(trial, trial.normal(2, 12, 3, 2).double(), 2)
    kinds = tuple(str(part.dtype) for part in value) if isinstance(value, tuple) else ()
    trial.see("their types", kinds, "float64 inputs")


@right
def by_slices(qkv: Tensor, num_heads: int) -> tuple:
    """One head after the other, with slices."""
    channels = qkv.shape[1] // 3
    d = channels // num_heads
    pixels = qkv.flatten(2)
    parts = []
    for part in range(3):
        heads = []
        for head in range(num_heads):
            start = part * channels + head * d
            heads.append(pixels[:, start : start + d].transpose(1, 2))
        parts.append(torch.stack(heads, dim=1))
    return tuple(parts)


@right
def chunks(qkv: Tensor, num_heads: int) -> list:
    """First q, k and v, then the heads, then the pixels; a list."""
    batch, channels, height, width = qkv.shape
    found = []
    for part in torch.chunk(qkv, 3, dim=1):
        part = part.reshape(batch, num_heads, channels // 3 // num_heads, height, width)
        found.append(part.permute(0, 1, 3, 4, 2).reshape(batch, num_heads, height * width, -1))
    return found


@right
def tokens_first(qkv: Tensor, num_heads: int) -> tuple:
    """As in a text transformer: pixels to the front, then (3, heads, d) from the channels."""
    batch, channels = qkv.shape[:2]
    tokens = qkv.flatten(2).permute(0, 2, 1)
    tokens = tokens.reshape(batch, tokens.shape[1], 3, num_heads, channels // (3 * num_heads))
    q, k, v = tokens.permute(2, 0, 3, 1, 4)
    return q, k, v


@right
def one_tensor(qkv: Tensor, num_heads: int) -> Tensor:
    """One tensor with q, k and v along its first axis."""
    B, _, H, W = qkv.shape
    return qkv.view(B, 3, num_heads, -1, H * W).permute(1, 0, 2, 4, 3)


@right
def by_einsum(qkv: Tensor, num_heads: int) -> tuple:
    B, C, H, W = qkv.shape
    return tuple(torch.einsum("bphdn->pbhnd", qkv.reshape(B, 3, num_heads, C // 3 // num_heads, H * W)).unbind(0))


@right
def by_index(qkv: Tensor, num_heads: int) -> tuple:
    """Every number copied to its place."""
    B, C, H, W = qkv.shape
    d = C // 3 // num_heads
    rows = torch.arange(3 * num_heads * d, device=qkv.device).reshape(3, num_heads, d)
    columns = torch.arange(H * W, device=qkv.device)
    picked = qkv.reshape(B, C, H * W)[:, rows[:, :, None, :], columns[None, None, :, None]]
    return picked[:, 0], picked[:, 1], picked[:, 2]
