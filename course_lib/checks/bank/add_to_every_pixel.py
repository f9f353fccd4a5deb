"""Exercise add_to_every_pixel (lesson 03)."""

from collections.abc import Callable

import torch
from torch import Tensor

from course_lib.checks.exercise import Alternative, Exercise, Misconception, Property
from course_lib.checks.properties import (
    function_gradients_agree,
    function_works_on_any_device,
    keeps_random_state,
)
from course_lib.checks.scene import Scene
from course_lib.residual_block import add_to_every_pixel


def drawn(scene: Scene, batch: int, channels: int, height: int, width: int) -> tuple[Tensor, Tensor]:
    return scene.normal(batch, channels, height, width), scene.normal(batch, channels)


def usual(scene: Scene) -> tuple[Tensor, Tensor]:
    return drawn(scene, scene.pick(2, 3), scene.pick(5, 7), *scene.pick((4, 6), (6, 4)))


def equal_sizes(scene: Scene) -> None:
    """Every axis has length four: nothing raises, so a wrong axis shows in the numbers."""
    scene.call(*drawn(scene, 4, 4, 4, 4))


def on_four_lengths(scene: Scene) -> None:
    scene.call(*usual(scene))


def batch_of_one(scene: Scene) -> None:
    scene.call(*drawn(scene, 1, 3, 4, 5))


def one_pixel(scene: Scene) -> None:
    scene.call(*drawn(scene, 3, 5, 1, 1))


def one_channel(scene: Scene) -> None:
    scene.call(*drawn(scene, 3, 1, 2, 4))


def keeps_h(scene: Scene) -> None:
    """The same h twice: a second call must not see traces of the first (the engine also compares h before and "
    "after)."""
    h, vectors = usual(scene)
    scene.call(h, vectors)
    scene.call(h, 2 * vectors)


def precision(scene: Scene) -> None:
    h, vectors = usual(scene)
    for dtype in (torch.float64, torch.float32):
        value = scene.call(h.to(dtype), vectors.to(dtype))
        scene.see("its type", str(value.dtype) if isinstance(value, Tensor) else "no tensor", f"{dtype} inputs")


def with_reshape(how: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    def wrong(h: Tensor, vectors: Tensor) -> Tensor:
        return h + how(h, vectors)

    return wrong


def by_loops(h: Tensor, vectors: Tensor) -> Tensor:
    out = torch.empty_like(h)
    for image in range(h.shape[0]):
        for channel in range(h.shape[1]):
            out[image, channel] = h[image, channel] + vectors[image, channel]
    return out


def channels_last(h: Tensor, vectors: Tensor) -> Tensor:
    return (h.permute(0, 2, 3, 1) + vectors[:, None, None, :]).permute(0, 3, 1, 2)


def by_rows(h: Tensor, vectors: Tensor) -> Tensor:
    return (h.flatten(2) + vectors.unsqueeze(-1)).reshape(h.shape)


def by_einsum(h: Tensor, vectors: Tensor) -> Tensor:
    return h + torch.einsum("bc,hw->bchw", vectors, torch.ones_like(h[0, 0]))


def by_cloning(h: Tensor, vectors: Tensor) -> Tensor:
    out = h.clone()
    out += vectors.view(*vectors.shape, 1, 1).expand_as(h)
    return out


def by_repeating(h: Tensor, vectors: Tensor) -> Tensor:
    batch, channels, height, width = h.shape
    return h + vectors.repeat_interleave(height * width, dim=1).reshape(batch, channels, height, width)


def viewed_as_channels_last(h: Tensor, vectors: Tensor) -> Tensor:
    batch, channels, height, width = h.shape
    return (h.reshape(batch, height, width, channels) + vectors[:, None, None, :]).reshape(h.shape)


def at_one_place(*place: slice | int) -> Callable[[Tensor, Tensor], Tensor]:
    def wrong(h: Tensor, vectors: Tensor) -> Tensor:
        out = h.clone()
        region = out[(slice(None), slice(None), *place)]
        out[(slice(None), slice(None), *place)] = region + vectors.reshape(*vectors.shape, *[1] * (region.ndim - 2))
        return out

    return wrong


EXERCISES = (
    Exercise(
        name="add_to_every_pixel",
        reference=add_to_every_pixel,
        lesson="03",
        where='the document, section 3, the line "+ t_emb[:,:,None,None]"',
        properties=(
            Property("values", "each channel of each image is raised by its own number", equal_sizes),
            Property(
                "axes_do_not_line_up",
                "the same, where batch, channels, height and width all differ",
                on_four_lengths,
                "As long as all axes have the same length your code runs and is right; with four different lengths "
                "it is not. Say (B, C, 1, 1) explicitly.",
            ),
            Property(
                "loses_a_batch_of_one",
                "a batch of one keeps its batch axis",
                batch_of_one,
                "With one image in the batch your result departs: squeeze() without an axis removes every axis of "
                "length one, the batch's too.",
            ),
            Property(
                "loses_a_single_channel",
                "a single channel keeps its axis",
                one_channel,
                "With a single channel your result departs: is there a squeeze() that removes its axis?",
            ),
            Property(
                "loses_a_single_pixel",
                "a feature map of one pixel keeps its axes",
                one_pixel,
                "With one pixel your result departs: height and width of length one must stay.",
            ),
            Property("keeps_h", "h is as before, and the result is a new tensor", keeps_h),
            function_gradients_agree(usual),
            Property(
                "fixes_the_precision",
                "float32 in, float32 out; float64 in, float64 out",
                precision,
                "The result has another precision than the inputs: somewhere a precision is fixed.",
            ),
            function_works_on_any_device(usual),
            keeps_random_state(arguments=usual),
        ),
        misconceptions=(
            Misconception(
                "no_new_axes",
                "Your vectors stand at the right end: broadcasting lines axes up from the right, so (B, C) meets (H, "
                "W), also when the new axes are in front. Two axes of length one *behind* put them in their place.",
                with_reshape(lambda h, v: v),
            ),
            Misconception(
                "one_axis_too_few",
                "You added one axis behind: (B, C, 1) lines up with (C, H, W), images with channels. Two are needed, "
                "[:, :, None, None].",
                with_reshape(lambda h, v: v[:, :, None]),
            ),
            Misconception(
                "axes_in_the_middle",
                "You put the new axes between batch and channels, (B, 1, 1, C): the channels line up with the width. "
                "That is right for channels-last images; ours have the channels second.",
                with_reshape(lambda h, v: v[:, None, None, :]),
            ),
            Misconception(
                "channels_on_the_height",
                "Your vectors became (B, 1, C, 1), so that the channels line up with the height.",
                with_reshape(lambda h, v: v[:, None, :, None]),
            ),
            Misconception(
                "batch_and_channels_swapped",
                "You transposed the vectors: image 2 gets what belongs to channel 2. They come as (B, C), as h wants "
                "them.",
                with_reshape(lambda h, v: v.T[:, :, None, None]),
            ),
            Misconception(
                "reordered_batch_and_channels",
                "You reshaped the vectors to (C, B) and turned that round: the numbers then belong to other images and "
                "channels. A reshape never swaps axes.",
                with_reshape(lambda h, v: v.reshape(v.shape[1], v.shape[0]).T[:, :, None, None]),
            ),
            Misconception(
                "multiplied",
                "You multiply. The document's line has a plus; a product would scale the features instead of shifting "
                "them.",
                lambda h, v: h * v[:, :, None, None],
            ),
            Misconception(
                "scale_of_one_plus",
                "You multiply by one plus the vector, a scale such as other networks use. Here the vector is added.",
                lambda h, v: h * (1 + v[:, :, None, None]),
            ),
            Misconception(
                "scaled_and_shifted",
                "You scale *and* shift by the same vector. The document's block only shifts.",
                lambda h, v: h * (1 + v[:, :, None, None]) + v[:, :, None, None],
            ),
            Misconception(
                "subtracted",
                "You subtract the vectors; they are to be added.",
                lambda h, v: h - v[:, :, None, None],
            ),
            Misconception(
                "added_twice",
                "You add the vectors twice.",
                lambda h, v: h + 2 * v[:, :, None, None],
            ),
            Misconception(
                "averaged",
                "You divide the sum by two. What comes out is h *plus* the vectors, not their mean.",
                lambda h, v: (h + v[:, :, None, None]) / 2,
            ),
            Misconception(
                "not_added",
                "You return h as it was: a sum that is not assigned or returned is lost.",
                lambda h, v: h.clone(),
            ),
            Misconception(
                "only_the_vectors",
                "You spread the vectors over the pixels and forget to add h.",
                lambda h, v: v[:, :, None, None].expand_as(h),
            ),
            Misconception(
                "only_the_vectors_not_spread",
                "You return the vectors with two more axes, and never add them to h.",
                lambda h, v: v[:, :, None, None],
            ),
            Misconception(
                "same_vector_for_all_images",
                "All images get the first image's vector. Each has its own time and class, so each has its own vector.",
                with_reshape(lambda h, v: v[:1, :, None, None]),
            ),
            Misconception(
                "last_vector_for_all_images",
                "All images get the last image's vector: a loop that overwrites, or an index -1.",
                with_reshape(lambda h, v: v[-1:, :, None, None]),
            ),
            Misconception(
                "mean_vector_for_all_images",
                "You average the vectors over the batch. Each image must hear its own time.",
                with_reshape(lambda h, v: v.mean(0)[None, :, None, None]),
            ),
            Misconception(
                "one_number_an_image",
                "You add one number per image, the mean of its vector. Each channel has its own number.",
                with_reshape(lambda h, v: v.mean(1)[:, None, None, None]),
            ),
            Misconception(
                "summed_to_one_number_an_image",
                "You add up each vector and add the sum to all channels alike. Each channel has its own number.",
                with_reshape(lambda h, v: v.sum(1)[:, None, None, None]),
            ),
            Misconception(
                "first_number_for_all_channels",
                "Every channel gets the first number of its image's vector. Channel c gets number c.",
                with_reshape(lambda h, v: v[:, :1, None, None]),
            ),
            Misconception(
                "images_in_reverse",
                "The vectors reach the images in reverse order.",
                with_reshape(lambda h, v: v.flip(0)[:, :, None, None]),
            ),
            Misconception(
                "channels_in_reverse",
                "The numbers reach the channels in reverse order.",
                with_reshape(lambda h, v: v.flip(1)[:, :, None, None]),
            ),
            Misconception(
                "pixels_and_channels_reshaped",
                "You laid the whole vector down once per pixel and *reshaped* between (B, C, H, W) and (B, H, W, C). A "
                "reshape cuts the row of numbers anew and mixes pixels with channels; permute moves axes.",
                viewed_as_channels_last,
            ),
            Misconception(
                "channels_last_result",
                "Your result has the channels last, (B, H, W, C). Move them back to the second place.",
                lambda h, v: h.permute(0, 2, 3, 1) + v[:, None, None, :],
            ),
            Misconception(
                "height_and_width_swapped",
                "Your result has height and width swapped.",
                lambda h, v: h.transpose(2, 3) + v[:, :, None, None],
            ),
            Misconception(
                "concatenated",
                "You concatenate the vectors as further channels. They are to be added to the channels that are there.",
                lambda h, v: torch.cat([h, v[:, :, None, None].expand_as(h)], dim=1),
            ),
            Misconception(
                "one_pixel_only",
                "Only the pixel in the corner is changed. Every pixel needs to know.",
                at_one_place(0, 0),
            ),
            Misconception(
                "one_row_only",
                "Only the first row is changed. Every pixel needs to know.",
                at_one_place(0),
            ),
            Misconception(
                "one_column_only",
                "Only the first column is changed. Every pixel needs to know.",
                at_one_place(slice(None), 0),
            ),
            Misconception(
                "divided_by_the_pixels",
                "You share each vector out among the pixels. Every pixel gets the whole of it.",
                with_reshape(lambda h, v: v[:, :, None, None] / (h.shape[2] * h.shape[3])),
            ),
            Misconception(
                "pixels_averaged",
                "You average h over the pixels first, and so the picture is gone. Every pixel keeps its own value and "
                "gets something added.",
                lambda h, v: (h.mean((2, 3), keepdim=True) + v[:, :, None, None]).expand_as(h),
            ),
            Misconception(
                "activation_added",
                "You pass the vectors through SiLU. In this function they are added as they come; the activation is "
                "the block's business.",
                with_reshape(lambda h, v: torch.nn.functional.silu(v)[:, :, None, None]),
            ),
            Misconception(
                "vectors_detached",
                "You cut the vectors from their past (detach, data, tolist). The sum is right, and no gradient would "
                "reach the time and class embedding.",
                with_reshape(lambda h, v: v.detach()[:, :, None, None]),
            ),
            Misconception(
                "relu_of_the_sum",
                "You pass the sum through ReLU. This function adds, and nothing else.",
                lambda h, v: torch.relu(h + v[:, :, None, None]),
            ),
            Misconception(
                "larger_of_the_two",
                "You take the larger one of h and the vectors at each place. They are to be added.",
                lambda h, v: torch.maximum(h, v[:, :, None, None]),
            ),
            Misconception(
                "vectors_through_softmax",
                "You pass the vectors through softmax first. They are added as they come.",
                with_reshape(lambda h, v: v.softmax(1)[:, :, None, None]),
            ),
            Misconception(
                "scale_and_shift",
                "You multiply by the vector and add it as well, as blocks with scale and shift do. Here it is added "
                "and nothing else.",
                lambda h, vectors: h * vectors[:, :, None, None] + vectors[:, :, None, None],
            ),
            Misconception(
                "sum_of_all_numbers",
                "You add the sum of all vectors everywhere. Each image and each channel has a number of its own.",
                lambda h, vectors: h + vectors.sum(),
            ),
            Misconception(
                "mean_of_all_numbers",
                "You add the mean of all vectors everywhere. Each image and each channel has a number of its own.",
                lambda h, vectors: h + vectors.mean(),
            ),
            Misconception(
                "normalised_afterwards",
                "You normalise the sum. Adding is all that is asked for; the norm comes later in the block.",
                lambda h, vectors: torch.nn.functional.group_norm(h + vectors[:, :, None, None], 1),
            ),
            Misconception(
                "features_detached",
                "You cut h from its past (detach, data). The sum is right, and no gradient would reach the layers "
                "before.",
                lambda h, vectors: h.detach() + vectors[:, :, None, None],
            ),
            Misconception(
                "one_vector_for_the_batch",
                "You add up the vectors of all images and give everyone the sum. Each image has its own.",
                lambda h, vectors: h + vectors.sum(0)[None, :, None, None],
            ),
        ),
        alternatives=(
            Alternative("loops", by_loops),
            Alternative("channels_last_and_back", channels_last),
            Alternative("pixels_in_a_row", by_rows),
            Alternative("einsum_with_ones", by_einsum),
            Alternative("clone_then_in_place", by_cloning),
            Alternative("repeat_interleave", by_repeating),
            Alternative("unsqueeze_twice", lambda h, vectors: torch.add(h, vectors.unsqueeze(-1).unsqueeze(-1))),
        ),
        seconds=3.0,  # a busy machine must not fail a right answer
    ),
)
