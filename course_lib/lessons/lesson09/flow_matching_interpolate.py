"""What holds for FlowMatching.interpolate, and right answers written differently."""

import torch
from torch import Tensor

from course_lib.checks.exercise import Exercise
from course_lib.checks.trial import Call, Trial
from course_lib.flow_matching import FlowMatching

EXERCISE = Exercise(
    "FlowMatching.interpolate",
    FlowMatching,
    __name__,
    where="section 9.1, the formula of the straight line (Liu et al. 2023, equation 1)",
    elementwise=("clean", "t", "noise"),
    not_for_all={
        "gradients_cut": "images, times and noise are data: nothing learns through them",
    },
)
holds, right = EXERCISE.holds, EXERCISE.right


def inputs(trial: Trial, batch: int, channels: int, height: int, width: int) -> tuple[Tensor, Tensor, Tensor]:
    """clean, t, noise; the times lie away from 0, 1 and 1/2, and no two are alike."""
    t = 0.05 + 0.4 * trial.uniform(batch)
    t = torch.where(torch.arange(batch) % 2 == 1, 1 - t, t)
    return trial.normal(batch, channels, height, width), t, trial.normal(batch, channels, height, width)


def tried(trial: Trial, clean: Tensor, t: Tensor, noise: Tensor) -> None:
    trial.build()(clean, t, noise, method="interpolate", label="x_t")


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    return trial.build().calling(*inputs(trial, 3, 2, 4, 5), method="interpolate")


@EXERCISE.harder
def large_numbers(trial: Trial) -> Call:
    clean, t, noise = inputs(trial, 4, 4, 4, 4)
    return trial.build().calling(5 * clean, t, 5 * noise, method="interpolate")


@holds("at t = 0 it is the clean image itself")
def wrong_at_the_clean_end(trial: Trial) -> None:
    """At t = 0 nothing should have happened: x_0 is the clean image, with no noise in it, not even a small
    sigma_min."""
    clean, t, noise = inputs(trial, 3, 2, 4, 5)
    tried(trial, clean, torch.zeros_like(t), noise)


@holds("at t = 1 it is pure noise")
def wrong_at_the_noisy_end(trial: Trial) -> None:
    """At t = 1 nothing of the image should be left: x_1 is the noise that was given, no more and no less."""
    clean, t, noise = inputs(trial, 3, 2, 4, 5)
    tried(trial, clean, torch.ones_like(t), noise)


@holds("half way, x_t is the mean of image and noise")
def path_not_straight(trial: Trial) -> None:
    """Both ends are right, and the way between them is not a straight line: at t = 0.5 half of the image and half of
    the noise."""
    clean, t, noise = inputs(trial, 3, 2, 4, 5)
    tried(trial, clean, torch.full_like(t, 0.5), noise)


@holds("on the way it is (1 - t) clean + t noise")
def wrong_on_the_way(trial: Trial) -> None:
    clean, _, noise = inputs(trial, 3, 2, 4, 5)
    tried(trial, clean, torch.full((3,), trial.pick(0.2, 0.3, 0.7, 0.9)), noise)


@holds("every image has its own time, the same for all its pixels")
def one_time_for_all(trial: Trial) -> None:
    """With one time for all images you are right, with a time for each you are not. t is (B,): give it axes of length
    one at the end, so that it is spread over the pixels of its own image."""
    tried(trial, *inputs(trial, 5, 2, 3, 4))


@holds("in one batch, images at t = 0, at t = 1 and between them are each at their own")
def one_end_for_all(trial: Trial) -> None:
    """Where some images of a batch are at an end of time, at t = 0 or t = 1, and others are not, your numbers are
    wrong. No time is special, and none decides for the others: an `if`, an .any() or .all(), or t[0] would do that. The
    formula gives both ends by itself."""
    clean, _, noise = inputs(trial, 4, 2, 3, 5)
    for times in ([0.0, 0.3, 1.0, 0.8], [1.0, 0.4, 0.0, 0.0]):
        tried(trial, clean, torch.tensor(times), noise)


@holds("it is right when batch, channels, height and width are all 4")
def wrong_axis_when_sizes_agree(trial: Trial) -> None:
    """Where the batch is as large as every other axis your numbers are wrong. Say which axis t belongs to: the
    first."""
    tried(trial, *inputs(trial, 4, 4, 4, 4))


@holds("images whose numbers are all above 0, or all below, are images like others")
def range_guessed(trial: Trial) -> None:
    """Where all numbers of the images are above 0, or all below, x_t is another one. Is a range guessed from the
    numbers, such as that of pixels from 0 to 1? What comes in is taken as it is."""
    clean, t, noise = inputs(trial, 3, 2, 4, 5)
    for bright in (clean.abs().clamp(max=1), -clean.abs()):
        tried(trial, bright, t, noise)


@holds("a batch of one image, and images of one pixel, work as well")
def wrong_for_one_image(trial: Trial) -> None:
    """For several images you are right, for a single one, or a single pixel, not. Is there a squeeze(), or a size that
    is written out?"""
    tried(trial, *inputs(trial, 1, 3, 4, 2))
    tried(trial, *inputs(trial, 2, 1, 1, 1))


@holds("numbers outside [-1, 1] are left as they are")
def clipped(trial: Trial) -> None:
    """Large numbers come out wrong. Noise is often larger than 1, and nothing of it is cut off: a clipped line is no
    longer straight."""
    clean, t, noise = inputs(trial, 3, 2, 4, 5)
    tried(trial, 5 * clean, t, 5 * noise)


@right
def along_the_line(self: object, clean: Tensor, t: Tensor, noise: Tensor) -> Tensor:
    return clean + t[:, None, None, None] * (noise - clean)


@right
def image_by_image(self: object, clean: Tensor, t: Tensor, noise: Tensor) -> Tensor:
    return torch.stack([(1 - time) * c + time * n for c, time, n in zip(clean, t, noise, strict=True)])


@right
def by_lerp(self: object, clean: Tensor, t: Tensor, noise: Tensor) -> Tensor:
    return torch.lerp(clean, noise, t.view(-1, 1, 1, 1).expand_as(clean))


@right
def by_einsum(self: object, clean: Tensor, t: Tensor, noise: Tensor) -> Tensor:
    return torch.einsum("b,bchw->bchw", 1 - t, clean) + torch.einsum("b,bchw->bchw", t, noise)


@right
def turned_over(self: object, clean: Tensor, t: Tensor, noise: Tensor) -> Tensor:
    """The batch last, where t broadcasts by itself."""
    return ((1 - t) * clean.permute(1, 2, 3, 0) + t * noise.permute(1, 2, 3, 0)).permute(3, 0, 1, 2)
