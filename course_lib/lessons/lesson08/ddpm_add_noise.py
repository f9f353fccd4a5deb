"""What holds for DDPM.add_noise, and right answers written differently."""

import torch
from torch import Tensor

from course_lib.checks.exercise import Exercise
from course_lib.checks.mistakes import Misconception
from course_lib.checks.trial import Trial
from course_lib.ddpm import DDPM, per_image
from course_lib.lessons.lesson08 import ddpm_trials as scenes

NAME = "add_noise"


def arguments(trial: Trial, t: Tensor, size: tuple[int, int, int]) -> tuple:
    return trial.normal(len(t), *size), t, trial.normal(len(t), *size)


SIGNAL = "signal = per_image(self.alphas_cumprod, t, clean).sqrt()"


SIGMA = "sigma = per_image(1 - self.alphas_cumprod, t, clean).sqrt()"


RESULT = "return signal * clean + sigma * noise"


ALPHA_BAR = "per_image(self.alphas_cumprod, t, clean)"


mistake = mistakes_of(DDPM.add_noise)


def weights(name: str, signal: str, sigma: str, sentence: str) -> Misconception:
    return mistake(name, sentence, (SIGNAL, f"signal = {signal}"), (SIGMA, f"sigma = {sigma}"))


def returns(name: str, value: str, sentence: str) -> Misconception:
    return mistake(name, sentence, (RESULT, f"return {value}"))


def at_times(name: str, times: str, sentence: str) -> Misconception:
    return mistake(name, sentence, (SIGNAL, f"t = {times}\n    {SIGNAL}"))


def shaped(name: str, shape: str, sentence: str) -> Misconception:
    return weights(
        name,
        f"self.alphas_cumprod[t].to(clean.dtype).sqrt(){shape}",
        f"(1 - self.alphas_cumprod)[t].to(clean.dtype).sqrt(){shape}",
        sentence,
    )


EXERCISE = Exercise(
    "DDPM.add_noise",
    DDPM,
    __name__,
    where="lesson 08, section 8.4; Ho et al. 2020, equation 4",
)
holds, right = EXERCISE.holds, EXERCISE.right


# TODO property: scenes.shape_property(
#                 NAME,
#                 arguments,
#                 "the noisy images are as many and as large as the clean ones",
#                 "Noisy images have the shape of clean ones. Each image has its own number from the schedule, in the "
#                 "shape (B, 1, 1, 1): per_image makes it.",
#             )


@holds("the root of alpha-bar is left of the image, and the root of 1 - alpha-bar is the strength of the noise")
def other_weights(trial: Trial) -> None:
    """Your weights for image and noise are others than equation 4's. Both are roots, of alpha-bar and of 1 - alpha-bar
    at time t: their squares sum to one."""
    # Without noise: how much of the image is left. Then the noise by itself.
    built = scenes.schedule(trial)
    clean, t, noise = arguments(trial, torch.tensor([scenes.steps_of(built) // 2]), (1, 2, 2))
    scenes.tried(trial, built, NAME, (clean, t, 0 * noise), "what is left of the image")
    scenes.tried(trial, built, NAME, (0 * clean, t, noise), "the noise that is added")


holds(
    "image and noise, each with its weight, are added",
    name="not_the_sum",
    mistake="Image alone and noise alone are right, and together they are not. They are added, nothing else.",
)(scenes.one_time(NAME, arguments))


# TODO property: scenes.own_times_property(NAME, arguments)


holds(
    "the first and the last time are times like the others: one step of noise at t = 0",
    name="ends_of_time",
    mistake="In the middle of time your numbers are right, at its ends they are not. t = 0 has one step of noise "
    "already, and t = T-1 still a trace of the image: no case is special.",
)(scenes.edges(NAME, arguments, 0, 1, -2, -1))


@holds("nothing is clipped, however large the numbers")
def limited(trial: Trial) -> None:
    """Large values are cut off or squashed in your code. Noise has no limits, and x_t must keep all of it."""
    built = scenes.schedule(trial)
    clean, t, noise = arguments(trial, scenes.distinct_times(trial, scenes.steps_of(built), 3), scenes.SIZE)
    scenes.tried(trial, built, NAME, (20 * clean, t, 20 * noise))


holds("it holds for the schedule of the paper with its thousand steps", name="the_papers_schedule")(
    scenes.default_schedule(NAME, arguments)
)


# TODO property: scenes.lone_image(NAME, arguments)


# TODO property: scenes.type_of_the_images(NAME, arguments)


# TODO property: scenes.gradients(NAME, arguments)


# TODO property: scenes.any_device(NAME, arguments)


# TODO property: scenes.seeds_left_alone(NAME, arguments)


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
