"""Exercise normalize_groups (lesson 03)."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.checks.exercise import Alternative, Exercise, Misconception, Property, edited
from course_lib.checks.properties import (
    function_gradients_agree,
    function_works_on_any_device,
    keeps_random_state,
)
from course_lib.checks.scene import Scene
from course_lib.group_norm import normalize_groups


def maps(scene: Scene, batch: int, channels: int, height: int, width: int) -> Tensor:
    """Feature maps whose channels have means and spreads of their own."""
    spread, shift = 0.5 + scene.uniform(1, channels, 1, 1), scene.normal(1, channels, 1, 1)
    return scene.normal(batch, channels, height, width) * spread + shift


def usual(scene: Scene) -> tuple[Tensor, int]:
    channels, groups = scene.pick((12, 3), (12, 4), (10, 2), (15, 3))
    height, width = scene.pick((4, 6), (6, 5), (5, 3))
    return maps(scene, 3, channels, height, width), groups


def square(scene: Scene) -> None:
    channels, groups = scene.pick((12, 4), (12, 3), (15, 3))
    scene.call(maps(scene, 2, channels, 5, 5), groups)


def other_sizes(scene: Scene) -> None:
    scene.call(*usual(scene))


def as_many_groups_as_their_size(scene: Scene) -> None:
    scene.call(maps(scene, 3, 9, 4, 6), 3)


def one_group(scene: Scene) -> None:
    scene.call(maps(scene, 3, 6, 4, 5), 1)


def one_channel_each(scene: Scene) -> None:
    scene.call(maps(scene, 3, 6, 4, 5), 6)


def one_image(scene: Scene) -> None:
    scene.call(maps(scene, 1, 8, 4, 3), 2)


def one_pixel(scene: Scene) -> None:
    scene.call(maps(scene, 3, 8, 1, 1), 2)


def larger_eps(scene: Scene) -> None:
    scene.call(maps(scene, 2, 8, 4, 3), 2, eps=scene.pick(0.5, 1.0, 2.0))


def eps_by_position(scene: Scene) -> None:
    scene.call(maps(scene, 2, 8, 4, 3), 2, scene.pick(0.4, 1.5))


def small_numbers(scene: Scene) -> None:
    scene.call(0.003 * maps(scene, 2, 8, 4, 3), 2, tolerance=5)


def constant_group(scene: Scene) -> None:
    scene.call(torch.zeros(2, 8, 3, 4), 2)


def precision(scene: Scene) -> None:
    x, groups = usual(scene)
    for dtype in (torch.float64, torch.float32):
        value = scene.call(x.to(dtype), groups)
        scene.see("its type", str(value.dtype) if isinstance(value, Tensor) else "no tensor", f"a {dtype} x")


def by_torch(x: Tensor, groups: int, eps: float = 1e-5) -> Tensor:
    return F.group_norm(x, groups, eps=eps)


def by_loops(x: Tensor, groups: int, eps: float = 1e-5) -> Tensor:
    images = []
    for image in x:
        normed = []
        for group in image.chunk(groups, dim=0):
            mean = group.sum() / group.numel()
            variance = ((group - mean) ** 2).sum() / group.numel()
            normed.append((group - mean) / (variance + eps) ** 0.5)
        images.append(torch.cat(normed))
    return torch.stack(images)


def by_five_axes(x: Tensor, groups: int, eps: float = 1e-5) -> Tensor:
    split = x.unflatten(1, (groups, -1))
    variance, mean = torch.var_mean(split, dim=(2, 3, 4), keepdim=True, correction=0)
    return ((split - mean) * (variance + eps).rsqrt()).flatten(1, 2)


def by_second_moment(x: Tensor, groups: int, eps: float = 1e-5) -> Tensor:
    batch, channels, height, width = x.shape
    rows = x.reshape(batch * groups, -1)
    mean = rows.mean(1)
    variance = torch.einsum("ij,ij->i", rows, rows) / rows.shape[1] - mean.pow(2)
    normed = (rows - mean[:, None]) / torch.sqrt(variance.clamp(min=0) + eps)[:, None]
    return normed.reshape(batch, channels, height, width)


def by_layer_norm(x: Tensor, groups: int, eps: float = 1e-5) -> Tensor:
    rows = x.reshape(len(x), groups, -1)
    return F.layer_norm(rows, rows.shape[-1:], eps=eps).view_as(x)


def interleaved(x: Tensor, groups: int, eps: float = 1e-5) -> Tensor:
    batch, channels, height, width = x.shape
    split = x.reshape(batch, channels // groups, groups, height, width)
    mean = split.mean(dim=(1, 3, 4), keepdim=True)
    variance = split.var(dim=(1, 3, 4), keepdim=True, unbiased=False)
    return ((split - mean) / torch.sqrt(variance + eps)).reshape(x.shape)


def over_axes(*axes: int, mean_axes: tuple[int, ...] | None = None) -> Callable:
    """The statistics taken over other axes of (B, groups, size, H, W)."""

    def wrong(x: Tensor, groups: int, eps: float = 1e-5) -> Tensor:
        split = x.reshape(x.shape[0], groups, -1, *x.shape[2:])
        mean = split.mean(dim=mean_axes or axes, keepdim=True)
        variance = ((split - mean) ** 2).mean(dim=axes, keepdim=True)
        return ((split - mean) / torch.sqrt(variance + eps)).reshape(x.shape)

    return wrong


def pixels_first(x: Tensor, groups: int, eps: float = 1e-5) -> Tensor:
    """Splits the last axis of channels-last numbers as if it were the second of channels-first ones."""
    batch, _, height, width = x.shape
    rows = x.permute(0, 2, 3, 1).reshape(batch, groups, -1)
    normed = (rows - rows.mean(-1, keepdim=True)) / (rows.var(-1, keepdim=True, unbiased=False) + eps).sqrt()
    return normed.reshape(batch, height, width, -1).permute(0, 3, 1, 2)


def rows_of_size(x: Tensor, groups: int, eps: float = 1e-5) -> Tensor:
    rows = x.reshape(x.shape[0], x.shape[1] // groups, -1)
    return F.layer_norm(rows, rows.shape[-1:], eps=eps).reshape(x.shape)


def rescaled(x: Tensor, groups: int, eps: float = 1e-5) -> Tensor:
    rows = x.reshape(x.shape[0], groups, -1)
    low, high = rows.amin(-1, keepdim=True), rows.amax(-1, keepdim=True)
    return ((rows - low) / (high - low + eps)).reshape(x.shape)


def euclidean(x: Tensor, groups: int, eps: float = 1e-5) -> Tensor:
    rows = x.reshape(x.shape[0], groups, -1)
    distance = rows - rows.mean(-1, keepdim=True)
    return (distance / torch.sqrt(distance.square().sum(-1, keepdim=True) + eps)).reshape(x.shape)


def root_mean_square(x: Tensor, groups: int, eps: float = 1e-5) -> Tensor:
    rows = x.reshape(x.shape[0], groups, -1)
    return (rows / torch.sqrt(rows.square().mean(-1, keepdim=True) + eps)).reshape(x.shape)


def median_instead(x: Tensor, groups: int, eps: float = 1e-5) -> Tensor:
    rows = x.reshape(x.shape[0], groups, -1)
    distance = rows - rows.median(-1, keepdim=True).values
    return (distance / torch.sqrt(distance.square().mean(-1, keepdim=True) + eps)).reshape(x.shape)


def not_centred(x: Tensor, groups: int, eps: float = 1e-5) -> Tensor:
    rows = x.reshape(x.shape[0], groups, -1)
    return (rows / torch.sqrt(rows.var(-1, keepdim=True, unbiased=False) + eps)).reshape(x.shape)


def only_centred(x: Tensor, groups: int, eps: float = 1e-5) -> Tensor:
    rows = x.reshape(x.shape[0], groups, -1)
    return (rows - rows.mean(-1, keepdim=True)).reshape(x.shape)


def spread_of_squares(x: Tensor, groups: int, eps: float = 1e-5) -> Tensor:
    rows = x.reshape(x.shape[0], groups, -1)
    distance = rows - rows.mean(-1, keepdim=True)
    return (distance / torch.sqrt(rows.square().mean(-1, keepdim=True) + eps)).reshape(x.shape)


VARIANCE = "distance.square().mean(dim=-1, keepdim=True)"
DIVIDE = "distance / torch.sqrt(variance + eps)"
MEAN = "rows.mean(dim=-1, keepdim=True)"


def changed(*changes: tuple[str, str]) -> Callable:
    return edited(normalize_groups, *changes)


EXERCISES = (
    Exercise(
        name="normalize_groups",
        reference=normalize_groups,
        lesson="03",
        where="lesson 03, the formula of group normalisation (Wu and He 2018, equations 1, 2 and 7)",
        properties=(
            Property("values", "every group has mean 0 and variance 1 afterwards, image by image", square),
            Property(
                "assumes_square_images",
                "the result is right where height and width differ",
                other_sizes,
                "For square images your numbers are right, and for others they are not: height and width have changed "
                "places somewhere.",
            ),
            Property(
                "confuses_number_and_size_of_groups",
                "three groups of three are three groups of neighbours",
                as_many_groups_as_their_size,
                "Three groups of three come out wrong: number and size of the groups must not be told apart by luck.",
            ),
            Property(
                "fails_for_one_group",
                "with one group all channels share mean and variance",
                one_group,
                "With groups=1 your result departs: then the statistics run over all channels and pixels of an image.",
            ),
            Property(
                "fails_for_one_channel_each",
                "with as many groups as channels every channel has its own mean and variance",
                one_channel_each,
                "With as many groups as channels your result departs: each channel then has its own mean and variance.",
            ),
            Property(
                "mixes_the_batch",
                "a batch of one image gives what this image gives in any batch",
                one_image,
                "Your function is right for several images and wrong for one. Keep the batch axis: no squeeze(), and "
                "no statistic over it.",
            ),
            Property(
                "fails_for_one_pixel",
                "a feature map of one pixel is normalised over the channels of each group",
                one_pixel,
                "For feature maps of 1x1 pixels your result departs; a group then holds as many numbers as channels.",
            ),
            Property(
                "eps_ignored",
                "eps= is added to the variance, under the root",
                larger_eps,
                "With the usual small eps all is well, with a larger one it is not: use the argument, add it to the "
                "variance, and take the root afterwards.",
            ),
            Property(
                "eps_not_third",
                "eps may be given as the third argument",
                eps_by_position,
                "eps= works by name and not by position: it is the third argument, after x and groups.",
            ),
            Property(
                "another_default_eps",
                "without the argument, eps is 1e-5",
                small_numbers,
                "For very small inputs your result departs. There the size of eps counts: the default is 1e-5, added "
                "to the variance before the root.",
            ),
            Property(
                "divides_by_zero",
                "a constant group gives zeros",
                constant_group,
                "A constant group has variance 0, and you divide by its root: the result is NaN. eps is there to "
                "prevent exactly that.",
            ),
            function_gradients_agree(usual),
            Property(
                "fixes_the_precision",
                "float32 in, float32 out; float64 in, float64 out",
                precision,
                "The result has another precision than the input: somewhere you convert to float32 or float64.",
            ),
            function_works_on_any_device(usual),
            keeps_random_state(arguments=usual),
        ),
        misconceptions=(
            Misconception(
                "unbiased_variance",
                "Your variance divides by n - 1, as torch.var does unless told otherwise. GroupNorm divides by n: "
                "there is no larger population to estimate (unbiased=False).",
                changed((VARIANCE, "rows.var(dim=-1, keepdim=True)")),
            ),
            Misconception(
                "eps_after_the_root",
                "You add eps to the standard deviation. It belongs to the variance, under the root; for small inputs "
                "that is a large difference.",
                changed((DIVIDE, "distance / (torch.sqrt(variance) + eps)")),
            ),
            Misconception(
                "no_eps",
                "You leave eps out. A constant group, such as a black border, would then be divided by zero.",
                changed(("variance + eps", "variance")),
            ),
            Misconception(
                "unbiased_and_eps_after_the_root",
                "Two things: torch.std divides by n - 1, where GroupNorm divides by n; and eps is added to the "
                "variance, under the root, not to the standard deviation.",
                changed((DIVIDE, "distance / (rows.std(dim=-1, keepdim=True) + eps)")),
            ),
            Misconception(
                "divided_by_the_variance",
                "You divide by the variance. The *root* of it, the standard deviation, has the unit of x.",
                changed(("torch.sqrt(variance + eps)", "(variance + eps)")),
            ),
            Misconception(
                "multiplied_by_the_standard_deviation",
                "You multiply by the standard deviation instead of dividing: groups with large numbers get larger "
                "still.",
                changed((DIVIDE, "distance * torch.sqrt(variance + eps)")),
            ),
            Misconception(
                "multiplied_instead_of_added_eps",
                "You multiply the variance by eps. eps is a small number to *add*, so that the root never is zero.",
                changed(("variance + eps", "variance * eps")),
            ),
            Misconception(
                "eps_subtracted",
                "You subtract eps from the variance, which makes a root of a negative number possible. Add it.",
                changed(("variance + eps", "variance - eps")),
            ),
            Misconception(
                "eps_written_as_a_number",
                "You wrote 1e-5 into the formula, so the argument eps has no effect. Use the argument.",
                changed(("variance + eps", "variance + 1e-5")),
            ),
            Misconception(
                "eps_1e-6",
                "Your default for eps is 1e-6. nn.GroupNorm's, and ours, is 1e-5.",
                changed(("eps: float = 1e-5", "eps: float = 1e-6")),
            ),
            Misconception(
                "eps_1e-8",
                "Your default for eps is 1e-8, an optimizer's habit. The norm's default is 1e-5.",
                changed(("eps: float = 1e-5", "eps: float = 1e-8")),
            ),
            Misconception(
                "eps_1e-3",
                "Your default for eps is 1e-3. That is large enough to be seen in the result; the norm's is 1e-5.",
                changed(("eps: float = 1e-5", "eps: float = 1e-3")),
            ),
            Misconception(
                "mean_not_subtracted",
                "You divide by the standard deviation and never subtract the mean. Both belong to it: centre first, "
                "then scale.",
                not_centred,
            ),
            Misconception(
                "root_mean_square",
                "You divide by the root of the mean square and leave the mean where it is. That is RMS norm; GroupNorm "
                "subtracts the mean first.",
                root_mean_square,
            ),
            Misconception(
                "square_before_centring",
                "You subtract the mean above the line, and below it you take the mean of the *raw* squares. The "
                "variance is about the distances from the mean.",
                spread_of_squares,
            ),
            Misconception(
                "only_centred",
                "You subtract the mean and leave the spread as it is. Divide by the standard deviation as well.",
                only_centred,
            ),
            Misconception(
                "mean_of_distances",
                "Your spread is the mean absolute distance. The standard deviation is the root of the mean *squared* "
                "distance.",
                changed((DIVIDE, "distance / (distance.abs().mean(dim=-1, keepdim=True) + eps)")),
            ),
            Misconception(
                "sum_instead_of_mean",
                "You divide by the root of the *sum* of the squared distances. Take their mean, or the result "
                "shrinks as the image grows.",
                euclidean,
            ),
            Misconception(
                "squares_not_taken",
                "Your variance is the mean of the distances themselves, and that is zero by construction. Square them "
                "first.",
                changed(("distance.square()", "distance")),
            ),
            Misconception(
                "scaled_to_zero_one",
                "You move every group to the range from 0 to 1 with its smallest and largest number. The norm uses "
                "mean and standard deviation.",
                rescaled,
            ),
            Misconception(
                "median",
                "You centre with the median. It is the mean that is subtracted.",
                median_instead,
            ),
            Misconception(
                "each_channel_by_itself",
                "You normalise each channel by itself, and `groups` has no effect. That is instance norm: it erases "
                "what an embedding adds to a channel.",
                over_axes(3, 4, mean_axes=(3, 4)),
            ),
            Misconception(
                "all_channels_together",
                "You take mean and variance over all channels, and `groups` has no effect. That is layer norm; each "
                "group has statistics of its own.",
                over_axes(1, 2, 3, 4),
            ),
            Misconception(
                "over_the_batch",
                "Your statistics run over the batch as well, as in batch norm. Each image must be treated by itself, "
                "or the result depends on its neighbours in the batch.",
                over_axes(0, 2, 3, 4),
            ),
            Misconception(
                "batch_norm",
                "You take the statistics of every channel over batch and pixels: that is batch norm, and `groups` "
                "plays no part.",
                over_axes(0, 3, 4),
            ),
            Misconception(
                "pixel_by_pixel",
                "You take the statistics over the channels of a group at each pixel. The pixels belong into the same "
                "mean: a group's numbers are its channels *and* all of height and width.",
                over_axes(2),
            ),
            Misconception(
                "only_over_width",
                "Your statistics run over the last axis only, the width. After the reshape to (B, groups, -1) the last "
                "axis holds the whole group.",
                over_axes(4),
            ),
            Misconception(
                "only_over_height_and_channels",
                "Your statistics leave the width out. Channels of the group, height and width all belong to them.",
                over_axes(2, 3),
            ),
            Misconception(
                "only_over_channels_and_width",
                "Your statistics leave the height out. Channels of the group, height and width all belong to them.",
                over_axes(2, 4),
            ),
            Misconception(
                "everything_at_once",
                "One mean and one variance for the whole tensor: every image and every group needs its own.",
                over_axes(0, 1, 2, 3, 4),
            ),
            Misconception(
                "channel_means_group_variance",
                "You subtract each channel's own mean and divide by a spread of the group. Mean and variance belong to "
                "the same set of numbers, the group's.",
                over_axes(2, 3, 4, mean_axes=(3, 4)),
            ),
            Misconception(
                "group_means_channel_variance",
                "You subtract the group's mean and divide by each channel's own spread. Both belong to the group.",
                over_axes(3, 4, mean_axes=(2, 3, 4)),
            ),
            Misconception(
                "every_nth_channel",
                "Your groups gather every n-th channel. A group is a block of *neighbouring* channels: groups come "
                "before their size in the reshape.",
                interleaved,
            ),
            Misconception(
                "number_and_size_of_groups_swapped",
                "You read `groups` as the number of channels in a group. It is the number of groups.",
                rows_of_size,
            ),
            Misconception(
                "pixels_before_channels",
                "You moved the channels to the end and then cut the numbers into groups, so that each group holds a "
                "piece of the image instead of some channels.",
                pixels_first,
            ),
            Misconception(
                "shape_not_restored",
                "Your result is still (B, groups, ...). Give the numbers the shape of x again.",
                changed((".reshape(x.shape)", "")),
            ),
            Misconception(
                "five_axes_left",
                "Your result still has five axes, (B, groups, C / groups, H, W). Join groups and channels again: "
                "reshape to the shape of x.",
                changed((".reshape(x.shape)", ".reshape(x.shape[0], groups, -1, *x.shape[2:])")),
            ),
            Misconception(
                "statistics_detached",
                "You treat mean and variance as constants (detach or no_grad). The values are right, but the "
                "gradient is not: both depend on x.",
                changed(
                    (MEAN, MEAN + ".detach()"),
                    (VARIANCE, VARIANCE + ".detach()"),
                ),
            ),
            Misconception(
                "normalized_twice",
                "You normalise first within each channel and then within the group. The second pass finds nothing left "
                "to share: differences between the channels of a group have gone.",
                lambda x, groups, eps=1e-5: F.group_norm(F.instance_norm(x, eps=eps), groups, eps=eps),
            ),
            Misconception(
                "all_channels_pixel_by_pixel",
                "You normalise the channels of each pixel among themselves, and `groups` has no effect. A group is "
                "some channels at *all* pixels.",
                over_axes(1, 2),
            ),
            Misconception(
                "only_over_height",
                "Your statistics run over the height only. The channels of the group and the width belong to them too.",
                over_axes(3),
            ),
            Misconception(
                "absolute_values",
                "You take absolute values first, so the sign is lost. Distances may be negative; only "
                "their squares count for the variance.",
                lambda x, groups, eps=1e-5: F.group_norm(x.abs(), groups, eps=eps),
            ),
            Misconception(
                "scaled_to_minus_one_and_one",
                "You stretch every group from -1 to 1. The norm asks for mean 0 and variance 1, whatever the extremes.",
                lambda x, groups, eps=1e-5: 2 * rescaled(x, groups, eps) - 1,
            ),
            Misconception(
                "across_the_groups",
                "You take mean and variance along axis 1, across the groups, place by place. A group's own numbers "
                "lie along the last axis: dim=-1.",
                changed(("dim=-1", "dim=1")),
            ),
            Misconception(
                "mean_added",
                "You add the mean where it should be subtracted.",
                changed(
                    ("rows - rows.mean(dim=-1, keepdim=True)", "rows - rows.mean(dim=-1, keepdim=True)"),
                    (DIVIDE, "(rows + rows.mean(dim=-1, keepdim=True)) / torch.sqrt(variance + eps)"),
                ),
            ),
            Misconception(
                "brackets_missing",
                "Brackets are missing: x - mean / deviation divides only the mean. First subtract, then divide the "
                "difference.",
                changed((DIVIDE, "rows - rows.mean(dim=-1, keepdim=True) / torch.sqrt(variance + eps)")),
            ),
            Misconception(
                "median_for_the_mean",
                "You subtract the median. The norm's middle is the mean.",
                changed((DIVIDE, "(rows - rows.median(dim=-1, keepdim=True).values) / torch.sqrt(variance + eps)")),
            ),
            Misconception(
                "softmax",
                "You apply a softmax to each group. Its numbers are positive and add up to 1; a norm gives mean 0 and "
                "variance 1.",
                lambda x, groups, eps=1e-5: x.reshape(x.shape[0], groups, -1).softmax(-1).reshape(x.shape),
            ),
            Misconception(
                "unit_length",
                "You divide each group by its length (F.normalize). That neither subtracts the mean nor gives "
                "variance 1.",
                lambda x, groups, eps=1e-5: torch.nn.functional.normalize(
                    x.reshape(x.shape[0], groups, -1), dim=-1
                ).reshape(x.shape),
            ),
            Misconception(
                "groups_of_columns",
                "You moved axes before the reshape, so each row mixes columns of pixels from all channels. Reshape x "
                "as it is: its second axis is the channels.",
                lambda x, groups, eps=1e-5: torch.nn.functional.layer_norm(
                    (rows := x.transpose(1, 3).reshape(x.shape[0], groups, -1)), rows.shape[-1:], eps=eps
                ).reshape(x.shape),
            ),
            Misconception(
                "variance_detached",
                "You treat the variance as a constant (detach or no_grad). The values are right, but it depends on x "
                "too.",
                changed(("variance + eps", "variance.detach() + eps")),
            ),
            Misconception(
                "mean_detached",
                "You treat the mean as a constant (detach or no_grad). The values are right, but it depends on x too.",
                changed((DIVIDE, "(rows - rows.mean(dim=-1, keepdim=True).detach()) / torch.sqrt(variance + eps)")),
            ),
        ),
        alternatives=(
            Alternative("torchs_own", by_torch),
            Alternative("loops_over_images_and_groups", by_loops),
            Alternative("five_axes", by_five_axes),
            Alternative("second_moment_minus_squared_mean", by_second_moment),
            Alternative("layer_norm_over_rows", by_layer_norm),
        ),
        seconds=3.0,  # a busy machine must not fail a right answer
    ),
)
