"""Exercise split_heads (lesson 05)."""

import torch
from torch import Tensor

from course_lib.checks.exercise import Alternative, Exercise, Misconception, Property, edited
from course_lib.checks.properties import (
    function_gradients_agree,
    function_works_on_any_device,
    keeps_random_state,
)
from course_lib.checks.scene import Scene
from course_lib.self_attention import split_heads


def split(scene: Scene, qkv: Tensor, num_heads: int) -> tuple:
    """Call the answer. One tensor that unpacks into q, k and v is as good as three."""
    value = scene.handle.call(None, (qkv, num_heads), {})
    if isinstance(value, Tensor) and value.ndim == 5 and value.shape[0] == 3:
        value = tuple(value)
    given = f"split_heads(tensor {tuple(qkv.shape)}, num_heads={num_heads})"
    return scene.checked("q, k and v", value, given)


def example(scene: Scene) -> tuple:
    """Heads, channels a head, height, width and batch all different."""
    return scene.normal(2, 3 * 3 * 4, 5, 6), 3


def shapes(scene: Scene) -> None:
    heads = scene.pick(1, 2)
    value = scene.handle.call(None, (scene.normal(scene.pick(1, 2), 3 * heads * 5, 8, 8), heads), {})
    if isinstance(value, Tensor) and value.ndim == 5 and value.shape[0] == 3:
        value = tuple(value)
    if isinstance(value, tuple):
        value = tuple(tuple(part.shape) if isinstance(part, Tensor) else "no tensor" for part in value)
    scene.checked("the shapes", value, f"split_heads with {heads} heads")


def one_head(scene: Scene) -> None:
    split(scene, scene.normal(2, 3 * scene.pick(5, 7), 8, 8), 1)
    split(scene, scene.normal(1, 3 * scene.pick(5, 7), 8, 8), 1)


def several_heads(scene: Scene) -> None:
    heads = scene.pick(3, 5)
    split(scene, scene.normal(2, 3 * heads * 4, 8, 8), heads)


def other_shapes(scene: Scene) -> None:
    split(scene, scene.normal(4, 3 * 2 * 5, *scene.pick((3, 6), (7, 2))), 2)


def as_in_the_document(scene: Scene) -> None:
    split(scene, scene.normal(4, 3 * 256, 8, 8), 4)


def equal_sizes(scene: Scene) -> None:
    split(scene, scene.normal(4, 3 * 4 * 4, 2, 2), 4)


def axes_of_length_one(scene: Scene) -> None:
    split(scene, scene.normal(1, 3 * 2 * 3, 2, 4), 2)
    split(scene, scene.normal(2, 3 * 4, 2, 3), 4)
    split(scene, scene.normal(2, 3 * 2 * 3, 1, 1), 2)


def keeps_precision(scene: Scene) -> None:
    value = split(scene, scene.normal(2, 12, 3, 2).double(), 2)
    kinds = tuple(str(part.dtype) for part in value) if isinstance(value, tuple) else ()
    scene.see("their types", kinds, "float64 inputs")


def gradients(scene: Scene) -> tuple:
    return example(scene)


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


def chunks(qkv: Tensor, num_heads: int) -> list:
    """First q, k and v, then the heads, then the pixels; a list."""
    batch, channels, height, width = qkv.shape
    found = []
    for part in torch.chunk(qkv, 3, dim=1):
        part = part.reshape(batch, num_heads, channels // 3 // num_heads, height, width)
        found.append(part.permute(0, 1, 3, 4, 2).reshape(batch, num_heads, height * width, -1))
    return found


def tokens_first(qkv: Tensor, num_heads: int) -> tuple:
    """As in a text transformer: pixels to the front, then (3, heads, d) from the channels."""
    batch, channels = qkv.shape[:2]
    tokens = qkv.flatten(2).permute(0, 2, 1)
    tokens = tokens.reshape(batch, tokens.shape[1], 3, num_heads, channels // (3 * num_heads))
    q, k, v = tokens.permute(2, 0, 3, 1, 4)
    return q, k, v


def one_tensor(qkv: Tensor, num_heads: int) -> Tensor:
    """One tensor with q, k and v along its first axis."""
    B, _, H, W = qkv.shape
    return qkv.view(B, 3, num_heads, -1, H * W).permute(1, 0, 2, 4, 3)


def by_einsum(qkv: Tensor, num_heads: int) -> tuple:
    B, C, H, W = qkv.shape
    return tuple(torch.einsum("bphdn->pbhnd", qkv.reshape(B, 3, num_heads, C // 3 // num_heads, H * W)).unbind(0))


def by_index(qkv: Tensor, num_heads: int) -> tuple:
    """Every number copied to its place."""
    B, C, H, W = qkv.shape
    d = C // 3 // num_heads
    rows = torch.arange(3 * num_heads * d, device=qkv.device).reshape(3, num_heads, d)
    columns = torch.arange(H * W, device=qkv.device)
    picked = qkv.reshape(B, C, H * W)[:, rows[:, :, None, :], columns[None, None, :, None]]
    return picked[:, 0], picked[:, 1], picked[:, 2]


RESHAPE = "qkv = qkv.reshape(B, 3, num_heads, C // num_heads, H * W)"
TRANSPOSE = "qkv = qkv.transpose(-1, -2)"
UNBIND = "q, k, v = qkv.unbind(dim=1)"
RETURN = "return q, k, v"
D = "C // num_heads"


def instead(*lines: str) -> object:
    """A wrong answer whose three steps are replaced by other lines."""
    return edited(split_heads, (RESHAPE, "\n    ".join(lines)), (TRANSPOSE, "pass"), (UNBIND, "pass"))


EXERCISES = (
    Exercise(
        name="split_heads",
        reference=split_heads,
        lesson="05",
        where='the document, section 5, the box "Reshape: (B,C,H,W) -> (B,heads,N,d)"',
        properties=(
            Property(
                "not_three_tensors_of_that_shape",
                "three tensors of shape (B, heads, N, d) come back",
                shapes,
                "What you return is not three tensors of four axes, (B, heads, N, d), for every number of images and "
                "heads. Write the shape behind each of your lines; every size comes from qkv.shape and num_heads.",
            ),
            Property(
                "not_q_k_v_by_pixels",
                "with one head: q, k, v in this order, one row a pixel",
                one_head,
                "The shapes are right, and with one head some number is not where it should be: the first third of the "
                "channels are queries, the second keys, the last values, and row n holds the numbers of pixel n.",
            ),
            Property(
                "heads_confused",
                "with several heads: the first d channels of the queries belong to head 0, the next d to head 1",
                several_heads,
                "With one head all is right, with several it is not: channels end up in the wrong head. Within q, k "
                "and v the channels lie head after head: d for head 0, then d for head 1, and so on.",
            ),
            Property(
                "assumes_square_images",
                "it is right for other batches, heads and images that are not square",
                other_shapes,
                "Square images are split correctly and others are not: height and width have changed places, or a "
                "number is written down that should come from qkv.shape.",
            ),
            Property("the_documents_shapes", "(4, 768, 8, 8) gives three times (4, 4, 64, 64)", as_in_the_document),
            Property("equal_sizes", "it is right when batch, heads, d and pixels are all 4", equal_sizes),
            Property(
                "squeezes_axes_of_length_one",
                "axes of length one stay: a batch of one, heads of one channel, an image of one pixel",
                axes_of_length_one,
                "An axis of length one has gone astray: squeeze() removes every such axis, also the batch when it "
                "holds one image. Name the axes you mean instead.",
            ),
            function_gradients_agree(gradients),
            Property(
                "assumes_float32",
                "the precision of what comes in is the precision of what goes out",
                keeps_precision,
                "Splitting should only move numbers. Yours also changes their precision: float64 comes in and "
                "something else goes out.",
            ),
            function_works_on_any_device(example),
            keeps_random_state(arguments=example),
        ),
        misconceptions=(
            Misconception(
                "no_transpose",
                "Your tensors come out as (B, heads, d, N): one row a channel. Attention compares pixels, so each "
                "pixel needs a row of its d numbers; the last two axes have to change places.",
                edited(split_heads, (TRANSPOSE, "pass")),
            ),
            Misconception(
                "reshape_instead_of_transpose",
                "Your shape is right and the numbers are shuffled: you reshaped straight to (..., N, d). A reshape "
                "never moves a number, it only cuts the same row elsewhere, so pieces of several pixels land in one "
                "row. Reshape to (..., d, N) first, then transpose.",
                instead("q, k, v = qkv.reshape(B, 3, num_heads, H * W, C // num_heads).unbind(1)"),
            ),
            Misconception(
                "pixels_before_heads_without_moving",
                "You cut the tensor as if every pixel's numbers stood side by side, (B, N, 3, heads, d). In an image "
                "the channels come first and the pixels last, so this mixes pixels with channels: permute before you "
                "cut.",
                instead("q, k, v = qkv.reshape(B, H * W, 3, num_heads, C // num_heads).permute(2, 0, 3, 1, 4)"),
            ),
            Misconception(
                "heads_interleaved",
                "You deal the channels out like cards: 0, heads, 2*heads, ... to head 0. The library keeps neighbours "
                "together: the first d channels are head 0. Both are fine for a new network, but weights trained with "
                "one order mean nothing in the other.",
                instead(
                    "q, k, v = qkv.reshape(B, 3, C // num_heads, num_heads, H * W).permute(1, 0, 3, 4, 2)",
                ),
            ),
            Misconception(
                "q_k_v_inside_each_head",
                "You read the channels as (heads, 3, d): each head's own q, k and v in turn. Here all queries come "
                "first, then all keys, then all values: (3, heads, d).",
                instead("q, k, v = qkv.reshape(B, num_heads, 3, C // num_heads, H * W).transpose(-1, -2).unbind(2)"),
            ),
            Misconception(
                "q_k_v_in_every_channel",
                "You take every third channel for the queries. The three parts are not interleaved: the first third of "
                "the channels are queries, the second keys, the last values.",
                instead("q, k, v = qkv.reshape(B, num_heads, C // num_heads, 3, H * W).permute(3, 0, 1, 4, 2)"),
            ),
            Misconception(
                "keys_first",
                "Queries and keys have changed places. The order of the channels is q, k, v.",
                edited(split_heads, (UNBIND, "k, q, v = qkv.unbind(dim=1)")),
            ),
            Misconception(
                "values_before_keys",
                "Your keys are values and your values keys: the channels are ordered q, then k, then v.",
                edited(split_heads, (UNBIND, "q, v, k = qkv.unbind(dim=1)")),
            ),
            Misconception(
                "values_first",
                "You return the three parts in the opposite order, v, k, q. First come the queries.",
                edited(split_heads, (RETURN, "return v, k, q")),
            ),
            Misconception(
                "rotated_order",
                "The three parts are right and each is under another's name: your q is k, your k is v and your v is q. "
                "Count from the start: first third queries, second keys, last values.",
                edited(split_heads, (RETURN, "return k, v, q")),
            ),
            Misconception(
                "rotated_the_other_way",
                "What you call q is the last third of the channels, which are the values; k and v have moved up too.",
                edited(split_heads, (RETURN, "return v, q, k")),
            ),
            Misconception(
                "heads_behind_pixels",
                "Your tensors are (B, N, heads, d). Then q @ k.transpose(-1, -2) would compare heads with each other "
                "within one pixel. Bring the heads in front of the pixels.",
                edited(split_heads, (RETURN, "return q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2)")),
            ),
            Misconception(
                "heads_in_the_batch",
                "You merged batch and heads into one axis. That computes the same attention, but this course keeps "
                "four axes, (B, heads, N, d), so that everybody can see which head is which.",
                edited(split_heads, (RETURN, "return q.flatten(0, 1), k.flatten(0, 1), v.flatten(0, 1)")),
            ),
            Misconception(
                "heads_and_width_exchanged",
                "You made d heads of `num_heads` channels each. `num_heads` counts the heads; their width d is "
                "C / num_heads.",
                instead("q, k, v = qkv.reshape(B, 3, C // num_heads, num_heads, H * W).transpose(-1, -2).unbind(1)"),
            ),
            Misconception(
                "columns_before_rows",
                "You number the pixels column by column. They lie row by row in memory, and merge_heads puts them back "
                "row by row: with your order the image comes out mirrored along its diagonal.",
                instead(
                    "qkv = qkv.transpose(2, 3)",
                    "q, k, v = qkv.reshape(B, 3, num_heads, C // num_heads, H * W).transpose(-1, -2).unbind(1)",
                ),
            ),
            Misconception(
                "pixels_not_in_one_row",
                "Height and width are still two axes. Attention does not know about rows and columns: make one axis of "
                "N = H * W pixels.",
                instead("q, k, v = qkv.reshape(B, 3, num_heads, C // num_heads, H, W).movedim(3, -1).unbind(1)"),
            ),
            Misconception(
                "no_heads",
                "There is no axis of heads in what you return: (B, N, C). Cut C into heads of d channels.",
                instead("q, k, v = qkv.reshape(B, 3, C, H * W).transpose(-1, -2).unbind(1)"),
            ),
            Misconception(
                "always_one_head",
                "You put all channels into a single head and never use `num_heads`. One head can look for one thing "
                "at a time; several look for several.",
                instead("q, k, v = qkv.reshape(B, 3, 1, C, H * W).transpose(-1, -2).unbind(1)"),
            ),
            Misconception(
                "width_of_all_three",
                "You divided all 3C channels by the number of heads. C is a third of what comes in, because q, k and v "
                "lie one above the other.",
                edited(split_heads, ("qkv.shape[1] // 3", "qkv.shape[1]")),
            ),
            Misconception(
                "q_k_v_from_the_batch",
                "You cut the batch into three instead of the channels: axis 0 is the images, axis 1 the channels.",
                instead("q, k, v = qkv.reshape(3, B, num_heads, C // num_heads, H * W).transpose(-1, -2)"),
            ),
            Misconception(
                "the_first_third_three_times",
                "q, k and v are all the queries' channels. Each of the three has its own third.",
                edited(split_heads, (RETURN, "return q, q, q")),
            ),
            Misconception(
                "keys_twice",
                "You return the keys a second time in place of the values. The last third of the channels are values.",
                edited(split_heads, (RETURN, "return q, k, k")),
            ),
            Misconception(
                "only_two",
                "Two tensors come back. The values are missing: q, k and v.",
                edited(split_heads, (RETURN, "return q, k")),
            ),
            Misconception(
                "chunk_keeps_its_axis",
                "chunk (or split) leaves an axis of length 1 behind, where unbind takes it away: your tensors have "
                "five axes.",
                edited(split_heads, (UNBIND, "q, k, v = qkv.chunk(3, dim=1)")),
            ),
            Misconception(
                "channels_before_heads",
                "Your tensors are (B, d, heads, N): heads and their channels have changed places instead of channels "
                "and pixels. The axes to exchange are the last two.",
                edited(split_heads, (TRANSPOSE, "qkv = qkv.transpose(2, 3)")),
            ),
            Misconception(
                "unbound_along_the_batch",
                "You take the tensor apart along axis 0, the images. The axis of length 3 is number 1.",
                edited(split_heads, (UNBIND, "return qkv.unbind(dim=0)")),
            ),
            Misconception(
                "pixels_in_reverse",
                "Your pixels are numbered from the end. Row 0 is the first pixel, upper left.",
                edited(split_heads, (RETURN, "return q.flip(2), k.flip(2), v.flip(2)")),
            ),
            Misconception(
                "still_one_piece",
                "You return q, k and v in one tensor, with the axis of length 3 in second place. "
                "`q, k, v = ...` would then unpack the images of the batch. Take them apart along that axis.",
                edited(split_heads, (UNBIND, "return qkv")),
            ),
            Misconception(
                "squeezed",
                "You squeeze your tensors, and lose the axis of heads where there is one head, or the batch where "
                "there is one image. Four axes always: (B, heads, N, d).",
                edited(split_heads, (RETURN, "return q.squeeze(), k.squeeze(), v.squeeze()")),
            ),
            Misconception(
                "only_the_queries",
                "You return the queries alone. Three tensors are wanted: q, k and v.",
                edited(split_heads, (RETURN, "return q")),
            ),
            Misconception(
                "always_four_heads",
                "You always make four heads, as in the document's example. `num_heads` says how many.",
                edited(split_heads, (RESHAPE, "qkv = qkv.reshape(B, 3, 4, C // 4, H * W)")),
            ),
            Misconception(
                "keys_transposed_already",
                "You return the keys as (B, heads, d, N), ready for the product. Handy, but attention_weights "
                "transposes them itself: all three are (B, heads, N, d).",
                edited(split_heads, (RETURN, "return q, k.transpose(-1, -2), v")),
            ),
            Misconception(
                "cut_from_the_graph",
                "The numbers are right, but you cut them from their history (detach or .data): nothing would ever "
                "train the qkv convolution.",
                edited(split_heads, (RETURN, "return q.detach(), k.detach(), v.detach()")),
            ),
            Misconception(
                "scaled_already",
                "You divide the queries by sqrt(d) here. That is the job of attention_weights, and done in both places "
                "it would be done twice.",
                edited(split_heads, (RETURN, "return q / q.shape[-1] ** 0.5, k, v")),
            ),
        ),
        alternatives=(
            Alternative("slices", by_slices),
            Alternative("chunks", chunks),
            Alternative("tokens_first", tokens_first),
            Alternative("one_tensor", one_tensor),
            Alternative("einsum", by_einsum),
            Alternative("index", by_index),
        ),
    ),
)
