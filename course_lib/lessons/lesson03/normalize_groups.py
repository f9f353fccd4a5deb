"""What holds for normalize_groups, and right answers written differently."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.checks.exercise import Exercise
from course_lib.checks.mistakes import edited
from course_lib.checks.trial import Call, Trial
from course_lib.warm_ups import normalize_groups


def maps(trial: Trial, batch: int, channels: int, height: int, width: int) -> Tensor:
    """Feature maps whose channels have means and spreads of their own."""
    spread, shift = 0.5 + trial.uniform(1, channels, 1, 1), trial.normal(1, channels, 1, 1)
    return trial.normal(batch, channels, height, width) * spread + shift


def usual(trial: Trial) -> tuple[Tensor, int]:
    channels, groups = trial.pick((12, 3), (12, 4), (10, 2), (15, 3))
    height, width = trial.pick((4, 6), (6, 5), (5, 3))
    return maps(trial, 3, channels, height, width), groups


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


EXERCISE = Exercise(
    "normalize_groups",
    normalize_groups,
    __name__,
    where="lesson 03, the formula of group normalisation (Wu and He 2018, equations 1, 2 and 7)",
    seconds=3.0,
)
holds, right = EXERCISE.holds, EXERCISE.right


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    return trial.calling(*usual(trial))


@holds("every group has mean 0 and variance 1 afterwards, image by image")
def values(trial: Trial) -> None:
    channels, groups = trial.pick((12, 4), (12, 3), (15, 3))
    trial.call(maps(trial, 2, channels, 5, 5), groups)


@holds("the result is right where height and width differ")
def assumes_square_images(trial: Trial) -> None:
    """For square images your numbers are right, and for others they are not: height and width have changed places
    somewhere."""
    trial.call(*usual(trial))


@holds("three groups of three are three groups of neighbours")
def confuses_number_and_size_of_groups(trial: Trial) -> None:
    """Three groups of three come out wrong: number and size of the groups must not be told apart by luck."""
    trial.call(maps(trial, 3, 9, 4, 6), 3)


@holds("with one group all channels share mean and variance")
def fails_for_one_group(trial: Trial) -> None:
    """With groups=1 your result departs: then the statistics run over all channels and pixels of an image."""
    trial.call(maps(trial, 3, 6, 4, 5), 1)


@holds("with as many groups as channels every channel has its own mean and variance")
def fails_for_one_channel_each(trial: Trial) -> None:
    """With as many groups as channels your result departs: each channel then has its own mean and variance."""
    trial.call(maps(trial, 3, 6, 4, 5), 6)


@holds("a batch of one image gives what this image gives in any batch")
def mixes_the_batch(trial: Trial) -> None:
    """Your function is right for several images and wrong for one. Keep the batch axis: no squeeze(), and no statistic
    over it."""
    trial.call(maps(trial, 1, 8, 4, 3), 2)


@holds("a feature map of one pixel is normalised over the channels of each group")
def fails_for_one_pixel(trial: Trial) -> None:
    """For feature maps of 1x1 pixels your result departs; a group then holds as many numbers as channels."""
    trial.call(maps(trial, 3, 8, 1, 1), 2)


@holds("eps= is added to the variance, under the root")
def eps_ignored(trial: Trial) -> None:
    """With the usual small eps all is well, with a larger one it is not: use the argument, add it to the variance, and
    take the root afterwards."""
    trial.call(maps(trial, 2, 8, 4, 3), 2, eps=trial.pick(0.5, 1.0, 2.0))


@holds("eps may be given as the third argument")
def eps_not_third(trial: Trial) -> None:
    """eps= works by name and not by position: it is the third argument, after x and groups."""
    trial.call(maps(trial, 2, 8, 4, 3), 2, trial.pick(0.4, 1.5))


@holds("without the argument, eps is 1e-5")
def another_default_eps(trial: Trial) -> None:
    """For very small inputs your result departs. There the size of eps counts: the default is 1e-5, added to the
    variance before the root."""
    trial.call(0.003 * maps(trial, 2, 8, 4, 3), 2, tolerance=5)


@holds("a constant group gives zeros")
def divides_by_zero(trial: Trial) -> None:
    """A constant group has variance 0, and you divide by its root: the result is NaN. eps is there to prevent exactly
    that."""
    trial.call(torch.zeros(2, 8, 3, 4), 2)


@holds("float32 in, float32 out; float64 in, float64 out")
def fixes_the_precision(trial: Trial) -> None:
    """The result has another precision than the input: somewhere you convert to float32 or float64."""
    x, groups = usual(trial)
    for dtype in (torch.float64, torch.float32):
        value = trial.call(x.to(dtype), groups)
        trial.see("its type", str(value.dtype) if isinstance(value, Tensor) else "no tensor", f"a {dtype} x")


@right
def by_torch(x: Tensor, groups: int, eps: float = 1e-5) -> Tensor:
    return F.group_norm(x, groups, eps=eps)


@right
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


@right
def by_five_axes(x: Tensor, groups: int, eps: float = 1e-5) -> Tensor:
    split = x.unflatten(1, (groups, -1))
    variance, mean = torch.var_mean(split, dim=(2, 3, 4), keepdim=True, correction=0)
    return ((split - mean) * (variance + eps).rsqrt()).flatten(1, 2)


@right
def by_second_moment(x: Tensor, groups: int, eps: float = 1e-5) -> Tensor:
    batch, channels, height, width = x.shape
    rows = x.reshape(batch * groups, -1)
    mean = rows.mean(1)
    variance = torch.einsum("ij,ij->i", rows, rows) / rows.shape[1] - mean.pow(2)
    normed = (rows - mean[:, None]) / torch.sqrt(variance.clamp(min=0) + eps)[:, None]
    return normed.reshape(batch, channels, height, width)


@right
def by_layer_norm(x: Tensor, groups: int, eps: float = 1e-5) -> Tensor:
    rows = x.reshape(len(x), groups, -1)
    return F.layer_norm(rows, rows.shape[-1:], eps=eps).view_as(x)
