"""What holds for DDPM.add_noise, and right answers written differently."""

import torch
from torch import Tensor

from course_lib.checks.exercise import Exercise
from course_lib.checks.trial import Built, Call, Trial
from course_lib.ddpm import DDPM, per_image
from course_lib.lessons.lesson08 import ddpm_trials as trials
from course_lib.lessons.lesson08.ddpm_trials import schedule, steps_of, tried

EXERCISE = Exercise(
    "DDPM.add_noise",
    DDPM,
    __name__,
    where="lesson 08, section 8.4; Ho et al. 2020, equation 4",
    elementwise=("clean", "t", "noise"),
    not_for_all={
        "gradients_cut": "images, times and noise are data: nothing learns through them",
    },
)
holds, right = EXERCISE.holds, EXERCISE.right


def arguments(trial: Trial, t: Tensor, size: tuple[int, int, int]) -> tuple:
    return trial.normal(len(t), *size), t, trial.normal(len(t), *size)


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    return trials.usual_call(trial, arguments)


@EXERCISE.harder
def at_all_times(trial: Trial) -> Call:
    """Times of all kinds, large numbers, and axes of one length, so that no two of them refuse each other."""
    built = schedule(trial)
    clean, t, noise = arguments(trial, trials.all_kinds_of_times(steps_of(built)), (6, 6, 6))
    return built.calling(5 * clean, t, 5 * noise, method="add_noise")


def at_half_time(trial: Trial) -> tuple[Built, tuple]:
    """A schedule, and one image of a few pixels: enough numbers to tell one weight from another."""
    built = schedule(trial)
    return built, arguments(trial, torch.tensor([steps_of(built) // 2]), (1, 3, 3))


@holds("without noise, the root of alpha-bar is left of the image")
def another_weight_of_the_image(trial: Trial) -> None:
    """Where the noise is zero, something else comes back than the image with equation 4's weight: the root of alpha-bar
    at time t, which is looked up in self.alphas_cumprod."""
    built, (clean, t, noise) = at_half_time(trial)
    tried(built, clean, t, 0 * noise, label="what is left of the image")


@holds("without an image, the noise is there with the root of 1 - alpha-bar")
def another_weight_of_the_noise(trial: Trial) -> None:
    """The image's weight is right, and the noise's is not: where the image is zero, something else comes back than the
    noise times the root of 1 - alpha-bar at time t. The squares of the two weights sum to one."""
    built, (clean, t, noise) = at_half_time(trial)
    tried(built, 0 * clean, t, noise, label="the noise that is added")


@holds("image and noise, each with its weight, are added")
def not_the_sum(trial: Trial) -> None:
    """Image alone and noise alone are right, and together they are not. They are added, nothing else."""
    trials.one_time(trial, arguments)


trials.mixes_the_times_up(EXERCISE, arguments)


@holds("the first two times and the last two are times like the others: one step of noise at t = 0")
def ends_of_time(trial: Trial) -> None:
    """In the middle of time your numbers are right, at its ends they are not. t = 0 has one step of noise already, and
    t = T-1 still a trace of the image: no case is special."""
    trials.edges(trial, arguments, 0, 1, -2, -1)


@holds("nothing is clipped, however large the numbers")
def limited(trial: Trial) -> None:
    """Large numbers come out wrong. Noise has no limits, and x_t must keep all of it: nothing is cut off or
    squashed."""
    call = ordinary_call(trial)
    clean, t, noise = call.args
    tried(call.of, 20 * clean, t, 20 * noise)


trials.range_guessed(EXERCISE, arguments)
trials.the_papers_schedule(EXERCISE, arguments)


@right
def with_none(self: DDPM, clean: Tensor, t: Tensor, noise: Tensor) -> Tensor:
    alpha_bar = self.alphas_cumprod[t].to(clean.dtype)[:, None, None, None]
    return torch.sqrt(alpha_bar) * clean + torch.sqrt(1 - alpha_bar) * noise


@right
def image_by_image(self: DDPM, clean: Tensor, t: Tensor, noise: Tensor) -> Tensor:
    noisy = []
    for image, time, added in zip(clean, t.tolist(), noise, strict=True):
        alpha_bar = float(self.alphas_cumprod[time])
        noisy.append(alpha_bar**0.5 * image + (1 - alpha_bar) ** 0.5 * added)
    return torch.stack(noisy)


@right
def product_of_small_steps(self: DDPM, clean: Tensor, t: Tensor, noise: Tensor) -> Tensor:
    """alpha-bar multiplied out of the betas."""
    products = torch.stack([(1 - self.betas[: int(time) + 1]).prod() for time in t])
    alpha_bar = products.to(clean.dtype).reshape(-1, 1, 1, 1)
    return alpha_bar.sqrt() * clean + (1 - alpha_bar).sqrt() * noise


@right
def as_an_angle(self: DDPM, clean: Tensor, t: Tensor, noise: Tensor) -> Tensor:
    angle = per_image(torch.arccos(self.alphas_cumprod.sqrt()), t, clean)
    return angle.cos() * clean + angle.sin() * noise


@right
def by_einsum(self: DDPM, clean: Tensor, t: Tensor, noise: Tensor) -> Tensor:
    signal = self.alphas_cumprod[t].sqrt().to(clean)
    sigma = (1 - self.alphas_cumprod[t]).sqrt().to(clean)
    return torch.einsum("b,bchw->bchw", signal, clean) + torch.einsum("b,bchw->bchw", sigma, noise)
