"""Exercise merge_heads (lesson 05)."""

import torch
from torch import Tensor

from course_lib.checks.exercise import Alternative, Exercise, Misconception, Property, edited
from course_lib.checks.properties import (
    function_gradients_agree,
    function_works_on_any_device,
    keeps_random_state,
)
from course_lib.checks.scene import Scene
from course_lib.self_attention import merge_heads


def example(scene: Scene) -> tuple:
    """Batch, heads, pixels and channels a head all different."""
    return scene.normal(2, 3, 5 * 6, 4), 5, 6


def one_head(scene: Scene) -> None:
    scene.call(scene.normal(2, 1, 16, scene.pick(5, 7)), 4, 4)


def several_heads(scene: Scene) -> None:
    scene.call(scene.normal(2, scene.pick(3, 5), 16, 4), 4, 4)


def other_shapes(scene: Scene) -> None:
    height, width = scene.pick((3, 6), (7, 2))
    scene.call(scene.normal(4, 2, height * width, 5), height, width)


def as_in_the_document(scene: Scene) -> None:
    scene.call(scene.normal(4, 4, 64, 64), 8, 8)


def axes_of_length_one(scene: Scene) -> None:
    scene.call(scene.normal(1, 2, 8, 3), 2, 4)
    scene.call(scene.normal(2, 4, 6, 1), 2, 3)
    scene.call(scene.normal(2, 2, 1, 3), 1, 1)


def keeps_precision(scene: Scene) -> None:
    value = scene.call(scene.normal(2, 2, 6, 3).double(), 3, 2)
    scene.see("its type", str(value.dtype) if isinstance(value, Tensor) else "no tensor", "float64 inputs")


def by_slices(h: Tensor, height: int, width: int) -> Tensor:
    """One head's image above the other."""
    images = [head.transpose(1, 2).unflatten(2, (height, width)) for head in h.unbind(dim=1)]
    return torch.cat(images, dim=1)


def tokens_first(h: Tensor, height: int, width: int) -> Tensor:
    """As in a text transformer: back to (B, N, C), and only then to an image."""
    batch, _, pixels, _ = h.shape
    tokens = h.transpose(1, 2).contiguous().view(batch, pixels, -1)
    return tokens.transpose(1, 2).contiguous().view(batch, -1, height, width)


def by_einsum(h: Tensor, height: int, width: int) -> Tensor:
    return torch.einsum("bhnd->bhdn", h).flatten(1, 2).reshape(h.shape[0], -1, height, width)


def pixel_by_pixel(h: Tensor, height: int, width: int) -> Tensor:
    rows = []
    for i in range(height):
        pixels = [h[:, :, i * width + j, :].reshape(h.shape[0], -1) for j in range(width)]
        rows.append(torch.stack(pixels, dim=-1))
    return torch.stack(rows, dim=-2)


def rows_and_columns_first(h: Tensor, height: int, width: int) -> Tensor:
    B, heads, _, d = h.shape
    return h.reshape(B, heads, height, width, d).permute(0, 1, 4, 2, 3).reshape(B, heads * d, height, width)


TRANSPOSE = "h = h.transpose(-1, -2)"
RETURN = "return h.reshape(B, num_heads * d, height, width)"


EXERCISES = (
    Exercise(
        name="merge_heads",
        reference=merge_heads,
        lesson="05",
        where='the document, section 5, the box "Reshape: (B,heads,N,d) -> (B,C,H,W)"',
        properties=(
            Property("values", "with one head: one channel of the image for each of the d columns", one_head),
            Property(
                "heads_confused",
                "with several heads: the first d channels come from head 0, the next d from head 1",
                several_heads,
                "One head is put back correctly, several are not: their channels end up in the wrong places. All d "
                "channels of head 0 come first, then those of head 1.",
            ),
            Property(
                "assumes_square_images",
                "it is right for other batches, heads and images that are not square",
                other_shapes,
                "You put square images back correctly and others not: height and width have changed places, or one of "
                "them (or a root of N) stands for both.",
            ),
            Property("the_documents_shapes", "(4, 4, 64, 64) gives (4, 256, 8, 8)", as_in_the_document),
            Property(
                "squeezes_axes_of_length_one",
                "axes of length one stay: a batch of one, heads of one channel, an image of one pixel",
                axes_of_length_one,
                "Somewhere an axis of length one disappears, probably in a squeeze(): the batch of one image, the one "
                "channel of a head or the one pixel is an axis like any other.",
            ),
            function_gradients_agree(example),
            Property(
                "assumes_float32",
                "the precision of what comes in is the precision of what goes out",
                keeps_precision,
                "Merging only moves numbers, it should not change their precision: a float64 tensor went in and "
                "something else came out.",
            ),
            function_works_on_any_device(example),
            keeps_random_state(arguments=example),
        ),
        misconceptions=(
            Misconception(
                "no_transpose",
                "You reshaped without exchanging the last two axes first. In (B, heads, N, d) the numbers of one pixel "
                "lie side by side, in an image those of one channel do. The shape fits either way, and without the "
                "transpose every channel is a mixture of pixels.",
                edited(merge_heads, (TRANSPOSE, "pass")),
            ),
            Misconception(
                "tokens_read_as_image",
                "You went to (B, N, C), as a text transformer does, and reshaped that to an image. There the pixels "
                "still come before the channels: transpose once more before the reshape.",
                edited(merge_heads, (TRANSPOSE, "h = h.transpose(1, 2)")),
            ),
            Misconception(
                "heads_interleaved",
                "Your channels take turns: one of head 0, one of head 1, and so on. split_heads put neighbouring "
                "channels into one head, so all d of head 0 come first here too.",
                edited(merge_heads, (TRANSPOSE, "h = h.permute(0, 3, 1, 2)")),
            ),
            Misconception(
                "height_and_width_exchanged",
                "Your image has the shape (B, C, width, height). Height comes first.",
                edited(merge_heads, (RETURN, "return h.reshape(B, num_heads * d, width, height)")),
            ),
            Misconception(
                "mirrored",
                "Your image is mirrored along its diagonal: rows have become columns. The pixels are numbered row by "
                "row, so N splits into (height, width) as it is.",
                edited(merge_heads, (RETURN, "return h.reshape(B, num_heads * d, width, height).transpose(-1, -2)")),
            ),
            Misconception(
                "turned",
                "You exchanged height and width after the reshape: the image lies on its side.",
                edited(merge_heads, (RETURN, "return h.reshape(B, num_heads * d, height, width).transpose(-1, -2)")),
            ),
            Misconception(
                "channels_last",
                "You return (B, H, W, C). torch wants the channels in second place, (B, C, H, W).",
                edited(merge_heads, (RETURN, "return h.reshape(B, num_heads * d, height, width).permute(0, 2, 3, 1)")),
            ),
            Misconception(
                "heads_added",
                "You add the heads up. Each has found something of its own and keeps its own d channels: put them one "
                "above the other; mixing them is what `proj` learns to do afterwards.",
                edited(merge_heads, (RETURN, "return h.sum(1).reshape(B, d, height, width)")),
            ),
            Misconception(
                "heads_averaged",
                "You take the mean over the heads, and three quarters of what four heads have gathered are lost. "
                "Concatenate them instead.",
                edited(merge_heads, (RETURN, "return h.mean(1).reshape(B, d, height, width)")),
            ),
            Misconception(
                "only_the_first_head",
                "Only head 0 reaches your image. All heads together make the C channels.",
                edited(merge_heads, (RETURN, "return h[:, 0].reshape(B, d, height, width)")),
            ),
            Misconception(
                "heads_still_apart",
                "Heads and channels are still two axes: (B, heads, d, H, W). Together they make the C channels of an "
                "image with four axes.",
                edited(merge_heads, (RETURN, "return h.reshape(B, num_heads, d, height, width)")),
            ),
            Misconception(
                "heads_in_the_batch",
                "Your images have d channels and there are too many of them: each head became an image of the batch.",
                edited(merge_heads, (RETURN, "return h.reshape(B * num_heads, d, height, width)")),
            ),
            Misconception(
                "still_one_row_of_pixels",
                "You return (B, C, N), with the pixels in one row. The next layers are convolutions and need height "
                "and width.",
                edited(merge_heads, (RETURN, "return h.reshape(B, num_heads * d, height * width)")),
            ),
            Misconception(
                "always_square",
                "You take the root of N for height and width. Feature maps need not be square; the two numbers were "
                "given to you.",
                edited(
                    merge_heads,
                    (RETURN, "return h.reshape(B, num_heads * d, int(h.shape[-1] ** 0.5), int(h.shape[-1] ** 0.5))"),
                ),
            ),
            Misconception(
                "always_8x8",
                "You wrote 8 x 8 into your code. That is the document's example; `height` and `width` say what comes.",
                edited(merge_heads, (RETURN, "return h.reshape(B, num_heads * d, 8, 8)")),
            ),
            Misconception(
                "heads_in_reverse",
                "The heads come out in reverse order: head 0 belongs to the first d channels.",
                edited(merge_heads, (TRANSPOSE, "h = h.transpose(-1, -2).flip(1)")),
            ),
            Misconception(
                "cut_from_the_graph",
                "All values are right, and yet nothing before this line could be trained: .detach() or .data cuts the "
                "result from how it was computed.",
                edited(merge_heads, (TRANSPOSE, "h = h.transpose(-1, -2).detach()")),
            ),
        ),
        alternatives=(
            Alternative("slices", by_slices),
            Alternative("tokens_first", tokens_first),
            Alternative("einsum", by_einsum),
            Alternative("pixel_by_pixel", pixel_by_pixel),
            Alternative("rows_and_columns_first", rows_and_columns_first),
        ),
    ),
)
