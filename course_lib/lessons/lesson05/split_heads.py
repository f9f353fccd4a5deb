"""What holds for split_heads, and right answers written differently."""

import torch
from torch import Tensor

from course_lib.checks.exercise import Exercise
from course_lib.checks.properties import shape_of
from course_lib.checks.trial import Call, Trial
from course_lib.lessons.lesson05.split_heads_watched import watched
from course_lib.self_attention import split_heads

EXERCISE = Exercise(
    "split_heads",
    split_heads,
    __name__,
    where='the document, section 5 (assets/network.md), the box "Reshape: (B,C,H,W) -> (B,heads,N,d)"',
    watched=watched,
    not_for_all={"another_shape": "not_three_tensors_of_that_shape says more"},
)
holds, right = EXERCISE.holds, EXERCISE.right


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    # heads, channels a head, height, width and batch all different
    return trial.calling(trial.normal(2, 3 * 3 * 4, 5, 6), 3)


@EXERCISE.harder
def more_heads_than_channels_in_one(trial: Trial) -> Call:
    """Eight heads of five channels, four tall images, and large numbers."""
    return trial.calling(20 * trial.normal(4, 3 * 8 * 5, 9, 2), 8)


def with_one_head(trial: Trial) -> tuple[Call, Call]:
    return tuple(trial.calling(trial.normal(batch, 3 * trial.pick(5, 7), 8, 8), 1) for batch in (2, 1))


def rows_of_pixels(qkv: Tensor) -> tuple[Tensor, ...]:
    """q, k and v for one head, (B, 1, N, d)."""
    return tuple(third.flatten(2).transpose(1, 2)[:, None] for third in qkv.chunk(3, dim=1))


def sorted_by_image(parts: tuple[Tensor, ...]) -> list[Tensor]:
    return [part.double().flatten(1).sort(dim=1).values for part in parts]


@holds("three tensors of shape (B, heads, N, d) come back")
def not_three_tensors_of_that_shape(trial: Trial) -> None:
    """What you return is not three tensors of four axes, (B, heads, N, d), for every number of images and heads. Write
    the shape behind each of your lines; every size comes from qkv.shape and num_heads."""
    heads = trial.pick(1, 2)
    call = trial.calling(trial.normal(trial.pick(1, 2), 3 * heads * 5, 8, 8), heads)
    trial.checked("the shapes", shape_of(call.value()), call.text())


@holds("with one head: q, k, v in this order, a third of the channels each")
def other_thirds(trial: Trial) -> None:
    """Already with one head the numbers of your three tensors are not those that belong into them: the first third of
    an image's channels are its queries, the second its keys, the last its values, as they came."""
    for call in with_one_head(trial):
        value, thirds = call.see(observed=False), rows_of_pixels(call.args[0])
        # which numbers, wherever they stand
        same = all(map(torch.equal, sorted_by_image(value), sorted_by_image(thirds)))
        trial.see("the result", thirds if same else value, call.text())


@holds("with one head: one row a pixel")
def not_q_k_v_by_pixels(trial: Trial) -> None:
    """Already with one head your numbers stand in other places: q, k and v hold the channels that they should, and row
    n does not hold the numbers of pixel n. Is the last step a reshape? It moves nothing. In an image the channels come
    first: name the axes as they lie, (d, N), and then exchange the two."""
    for call in with_one_head(trial):
        call.see()


@holds("with several heads: the first d channels of the queries belong to head 0, the next d to head 1")
def heads_confused(trial: Trial) -> None:
    """With one head all is right, with several it is not. Within q, k and v the channels lie head after head: d for
    head 0, then d for head 1, and so on."""
    heads = trial.pick(3, 5)
    trial.call(trial.normal(2, 3 * heads * 4, 8, 8), heads)


@holds("it is right for other batches, heads and images that are not square")
def assumes_square_images(trial: Trial) -> None:
    """Square images are split correctly and others are not. Have height and width changed places, or is a number
    written down that should come from qkv.shape?"""
    trial.call(trial.normal(4, 3 * 2 * 5, *trial.pick((3, 6), (7, 2))), 2)


@holds("images may be wider or taller than they have channels")
def axes_told_by_their_length(trial: Trial) -> None:
    """Where an image is wider or taller than it has channels your result is wrong. The axes are (B, 3C, H, W), in this
    order, however long they are. Is one of them looked for by its length?"""
    for height, width in ((3, 17), (17, 3)):
        trial.call(trial.normal(2, 3 * 2 * 2, height, width), 2)


@holds("(4, 768, 8, 8) gives three times (4, 4, 64, 64)")
def the_documents_shapes(trial: Trial) -> None:
    trial.call(trial.normal(4, 3 * 256, 8, 8), 4)


@holds("it is right when batch, heads, d and pixels are all 4")
def equal_sizes(trial: Trial) -> None:
    trial.call(trial.normal(4, 3 * 4 * 4, 2, 2), 4)


@holds("axes of length one stay: a batch of one, heads of one channel, an image of one pixel")
def squeezes_axes_of_length_one(trial: Trial) -> None:
    """Where an axis has length one your result is wrong. Is there a squeeze()? It removes every such axis, also the
    batch when it holds one image: name the axes you mean."""
    trial.call(trial.normal(1, 3 * 2 * 3, 2, 4), 2)
    trial.call(trial.normal(2, 3 * 4, 2, 3), 4)
    trial.call(trial.normal(2, 3 * 2 * 3, 1, 1), 2)


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
