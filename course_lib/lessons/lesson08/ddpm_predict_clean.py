"""What holds for DDPM.predict_clean, and right answers written differently."""

import torch
from torch import Tensor

from course_lib.checks.exercise import Exercise
from course_lib.checks.trial import Call, Trial
from course_lib.ddpm import DDPM, per_image
from course_lib.lessons.lesson08 import ddpm_trials as trials
from course_lib.lessons.lesson08.ddpm_trials import SIZE, schedule, steps_of, tried

EXERCISE = Exercise(
    "DDPM.predict_clean",
    DDPM,
    __name__,
    where="lesson 08, section 8.7; Ho et al. 2020, equation 15",
    elementwise=("x_t", "t", "eps"),
    not_for_all={
        "gradients_cut": "it serves sampling, where nothing learns",
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
    x_t, t, eps = arguments(trial, trials.all_kinds_of_times(steps_of(built)), (6, 6, 6))
    return built.calling(5 * x_t, t, 5 * eps, method="predict_clean")


@holds("where no noise is predicted, the image is x_t brought back to full strength: divided by the root of alpha-bar")
def strength_not_restored(trial: Trial) -> None:
    """Without any noise, add_noise multiplies the image with sqrt(alpha-bar), looked up at its time t. To take that
    back, divide by the same number, looked up at the same t; what you divide by is another one, or you do something
    else."""
    built = schedule(trial)
    x_t, t, eps = arguments(trial, torch.tensor([steps_of(built) // 2]), (1, 2, 2))
    tried(built, x_t, t, 0 * eps, label="the clean image where no noise is predicted")


@holds("add_noise is taken back: with the true noise, the clean image comes back, also where it leaves [-1, 1]")
def not_the_inverse(trial: Trial) -> None:
    """With the true noise, your code does not find the clean image again. Write x_t = signal * clean + sigma * noise,
    and solve for clean: subtract first, then divide all of it."""
    built = schedule(trial)
    t = trials.middle(trial, steps_of(built), 2)  # the ends are asked about below
    clean, noise = 1.5 * trial.normal(2, *SIZE), trial.normal(2, *SIZE)
    x_t = DDPM(*built.args).add_noise(clean, t, noise)
    tried(built, x_t, t, noise, label="the clean image where the noise is known")


@holds("the clean image is (x_t - sigma eps) / signal")
def another_formula(trial: Trial) -> None:
    """The formula is another one: (x_t - sqrt(1 - alpha-bar) eps) / sqrt(alpha-bar)."""
    trials.one_time(trial, arguments)


@holds("the first two times and the last two are times like the others")
def ends_of_time(trial: Trial) -> None:
    """In the middle of time your numbers are right, at one of its ends, or both, they are not. No time is special here:
    at late ones the root of alpha-bar is small, and what comes out is large. Is one of them kept within bounds (clamp,
    max, + 1e-5)?"""
    # one that ends as late in every draw, so that what is kept within bounds there is found here
    trials.edges(trial, arguments, 0, 1, -2, -1, built=trial.build(41, 0.004, 0.25))


trials.mixes_the_times_up(EXERCISE, arguments)


trials.range_guessed(EXERCISE, arguments)
trials.the_papers_schedule(
    EXERCISE,
    arguments,
    "With schedules of few steps your numbers are right, and with the paper's thousand they are not. What you divide "
    "by, the root of alpha-bar, is as small as 0.006 there, at t = 999, and what comes out is large: both are meant. "
    "Is one of them kept within bounds (clamp, max, + 1e-5), or is a number written out that belongs to one schedule?",
)


@right
def with_none(self: DDPM, x_t: Tensor, t: Tensor, eps: Tensor) -> Tensor:
    alpha_bar = self.alphas_cumprod[t].to(x_t.dtype)[:, None, None, None]
    return (x_t - torch.sqrt(1 - alpha_bar) * eps) / torch.sqrt(alpha_bar)


@right
def two_coefficients(self: DDPM, x_t: Tensor, t: Tensor, eps: Tensor) -> Tensor:
    """As in the published code: sqrt(1 / alpha-bar) and sqrt(1 / alpha-bar - 1)."""
    alpha_bar = self.alphas_cumprod.to(x_t.device)
    recip, recip_minus_one = (1 / alpha_bar).sqrt(), (1 / alpha_bar - 1).sqrt()
    return per_image(recip, t, x_t) * x_t - per_image(recip_minus_one, t, x_t) * eps


@right
def image_by_image(self: DDPM, x_t: Tensor, t: Tensor, eps: Tensor) -> Tensor:
    found = []
    for b, time in enumerate(t.tolist()):
        alpha_bar = self.alphas_cumprod[time].item()
        found.append((x_t[b] - (1 - alpha_bar) ** 0.5 * eps[b]) * alpha_bar**-0.5)
    return torch.stack(found)


@right
def as_an_angle(self: DDPM, x_t: Tensor, t: Tensor, eps: Tensor) -> Tensor:
    angle = per_image(torch.arccos(self.alphas_cumprod.sqrt()), t, x_t)
    return x_t / angle.cos() - angle.tan() * eps
