"""What holds for DDPM.predict_clean, and right answers written differently."""

import torch
from torch import Tensor

from course_lib.checks.exercise import Exercise
from course_lib.checks.mistakes import Misconception
from course_lib.checks.trial import Trial
from course_lib.ddpm import DDPM, per_image
from course_lib.lessons.lesson08 import ddpm_trials as scenes

NAME = "predict_clean"


def arguments(trial: Trial, t: Tensor, size: tuple[int, int, int]) -> tuple:
    return trial.normal(len(t), *size), t, trial.normal(len(t), *size)


SIGNAL = "signal = per_image(self.alphas_cumprod, t, x_t).sqrt()"


SIGMA = "sigma = per_image(1 - self.alphas_cumprod, t, x_t).sqrt()"


RESULT = "return (x_t - sigma * eps) / signal"


ALPHA_BAR = "per_image(self.alphas_cumprod, t, x_t)"


mistake = mistakes_of(DDPM.predict_clean)


def weights(name: str, signal: str, sigma: str, sentence: str) -> Misconception:
    return mistake(name, sentence, (SIGNAL, f"signal = {signal}"), (SIGMA, f"sigma = {sigma}"))


def returns(name: str, value: str, sentence: str) -> Misconception:
    return mistake(name, sentence, (RESULT, f"return {value}"))


def at_times(name: str, times: str, sentence: str) -> Misconception:
    return mistake(name, sentence, (SIGNAL, f"t = {times}\n    {SIGNAL}"))


def shaped(name: str, shape: str, sentence: str) -> Misconception:
    return weights(
        name,
        f"self.alphas_cumprod[t].to(x_t.dtype).sqrt(){shape}",
        f"(1 - self.alphas_cumprod)[t].to(x_t.dtype).sqrt(){shape}",
        sentence,
    )


EXERCISE = Exercise(
    "DDPM.predict_clean",
    DDPM,
    __name__,
    where="lesson 08, section 8.7; Ho et al. 2020, equation 15",
)
holds, right = EXERCISE.holds, EXERCISE.right


# TODO property: scenes.shape_property(
#                 NAME,
#                 arguments,
#                 "a clean image comes back for each noisy one, of the same size",
#                 "A clean image has the shape of the noisy one. Each image has its own number from the schedule, in the "
#                 "shape (B, 1, 1, 1): per_image makes it.",
#             )


@holds("where no noise is predicted, the image is x_t brought back to full strength: divided by the root of alpha-bar")
def strength_not_restored(trial: Trial) -> None:
    """Without any noise, add_noise multiplies the image with sqrt(alpha-bar). To take that back, divide by the same
    number; your code does something else."""
    # A prediction of no noise at all: x_t is a faded image, to be brought back to strength.
    built = scenes.schedule(trial)
    x_t, t, eps = arguments(trial, torch.tensor([scenes.steps_of(built) // 2]), (1, 2, 2))
    scenes.tried(trial, built, NAME, (x_t, t, 0 * eps), "the clean image where no noise is predicted")


@holds("add_noise is taken back: with the true noise, the clean image comes back, also where it leaves [-1, 1]")
def not_the_inverse(trial: Trial) -> None:
    """With the true noise, your code does not find the clean image again. Write x_t = signal * clean + sigma * noise,
    and solve for clean: subtract first, then divide all of it."""
    # Noisy images made with the true noise: the clean ones come back, unclipped.
    built = scenes.schedule(trial)
    T = scenes.steps_of(built)
    t = scenes.distinct_times(trial, T, 1).expand(2).clone()
    clean, noise = 1.5 * trial.normal(2, *scenes.SIZE), trial.normal(2, *scenes.SIZE)
    x_t = DDPM(*built.args).add_noise(clean, t, noise)
    scenes.tried(trial, built, NAME, (x_t, t, noise), "the clean image where the noise is known")


holds(
    "the clean image is (x_t - sigma eps) / signal",
    name="another_formula",
    mistake="The formula is another one: (x_t - sqrt(1 - alpha-bar) eps) / sqrt(alpha-bar).",
)(scenes.one_time(NAME, arguments))


# TODO property: scenes.own_times_property(NAME, arguments)


holds(
    "the first and the last time are times like the others",
    name="ends_of_time",
    mistake="In the middle of time your numbers are right, at its ends they are not. No time is special here.",
)(scenes.edges(NAME, arguments, 0, 1, -2, -1))


holds("it holds for the schedule of the paper with its thousand steps", name="the_papers_schedule")(
    scenes.default_schedule(NAME, arguments)
)


# TODO property: scenes.lone_image(NAME, arguments)


# TODO property: scenes.type_of_the_images(NAME, arguments)


# TODO property: scenes.gradients(NAME, arguments)


# TODO property: scenes.any_device(NAME, arguments)


# TODO property: scenes.seeds_left_alone(NAME, arguments)


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
