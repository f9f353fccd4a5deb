"""What holds for normalize_groups, and right answers written differently."""

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.checks.exercise import Exercise
from course_lib.checks.trial import Call, Trial
from course_lib.warm_ups import normalize_groups

EXERCISE = Exercise(
    "normalize_groups",
    normalize_groups,
    __name__,
    where="lesson 03, the formula of group normalisation (Wu and He 2018, equations 1, 2 and 7)",
    seconds=3.0,
    not_for_all={
        "gradients_cut": "it shows what nn.GroupNorm computes; the network's norms are torch's",
    },
)
holds, right = EXERCISE.holds, EXERCISE.right


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    channels, groups = trial.pick((12, 3), (12, 4), (10, 2), (15, 3))
    height, width = trial.pick((4, 6), (6, 5), (5, 3))
    return trial.calling(maps(trial, 3, channels, height, width), groups)


@EXERCISE.harder
def with_a_large_eps(trial: Trial) -> Call:
    # some groups vary much more than eps, others much less
    x = maps(trial, 3, 12, 4, 6) * trial.pick(0.1, 0.2) ** torch.arange(12).view(1, -1, 1, 1).div(
        4, rounding_mode="floor"
    )
    return trial.calling(x, 6, eps=trial.pick(0.05, 0.1))


def maps(trial: Trial, batch: int, channels: int, height: int, width: int) -> Tensor:
    """Feature maps whose channels have means and spreads of their own."""
    spread, shift = 0.5 + trial.uniform(1, channels, 1, 1), trial.normal(1, channels, 1, 1)
    return trial.normal(batch, channels, height, width) * spread + shift


@holds("every group has mean 0 and variance 1 afterwards, image by image")
def values(trial: Trial) -> None:
    channels, groups = trial.pick((12, 4), (12, 3), (15, 3))
    trial.call(maps(trial, 2, channels, 5, 5), groups)


@holds("the result is right where height and width differ")
def assumes_square_images(trial: Trial) -> None:
    """For two square images your numbers are right, and for three images that are not square they are not. Have height
    and width changed places somewhere, or is a size written as a number?"""
    ordinary_call(trial).see()


@holds("three groups of three are three groups of neighbours")
def confuses_number_and_size_of_groups(trial: Trial) -> None:
    """Three groups of three come out wrong. A group is made of neighbours: channels 0 to 2, 3 to 5, 6 to 8."""
    trial.call(maps(trial, 3, 9, 4, 6), 3)


@holds("with one group all channels share mean and variance")
def fails_for_one_group(trial: Trial) -> None:
    """With groups=1 your result departs: then the statistics run over all channels and pixels of an image."""
    trial.call(maps(trial, 3, 6, 4, 5), 1)


@holds("with as many groups as channels every channel has its own mean and variance")
def fails_for_one_channel_each(trial: Trial) -> None:
    """With as many groups as channels your result departs: each channel then has its own mean and variance."""
    trial.call(maps(trial, 3, 6, 4, 5), 6)


@holds("a feature map of one pixel is normalised over the channels of each group")
def fails_for_one_pixel(trial: Trial) -> None:
    """For feature maps of 1x1 pixels your result departs; a group then holds as many numbers as channels."""
    trial.call(maps(trial, 3, 8, 1, 1), 2)


@holds("eps= is added to the variance, under the root")
def eps_ignored(trial: Trial) -> None:
    """With the usual small eps all is well, with a larger one it is not: eps is added to the variance, and the root is
    taken afterwards. Is a number written out for the argument, or eps used otherwise, added behind the root or as a
    lower bound (clamp, max)?"""
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
    """A constant group does not come out as zeros. Its variance is 0: eps, added under the root, is all that keeps the
    division from giving NaN."""
    trial.call(torch.zeros(2, 8, 3, 4), 2)


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


def by_five_axes(x: Tensor, groups: int, eps: float = 1e-5) -> Tensor:
    split = x.unflatten(1, (groups, -1))
    variance, mean = torch.var_mean(split, dim=(2, 3, 4), keepdim=True, correction=0)
    return ((split - mean) * (variance + eps).rsqrt()).flatten(1, 2)


# no decorator: mistakes are edits of its source
right(by_five_axes)


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
