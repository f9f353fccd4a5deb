"""What holds for DDPM.step, and right answers written differently."""

import torch
from torch import Tensor

from course_lib.checks.draws import see_fresh_noise
from course_lib.checks.exercise import Exercise
from course_lib.checks.trial import Call, Trial
from course_lib.ddpm import DDPM, per_image
from course_lib.lessons.lesson08 import ddpm_trials as trials
from course_lib.lessons.lesson08.ddpm_trials import DRAWN, SIZE, middle, schedule, steps_of, tried

EXERCISE = Exercise(
    "DDPM.step",
    DDPM,
    __name__,
    where="lesson 08, section 8.8; Ho et al. 2020, equations 6 and 7",
    elementwise=("x_t", "t", "eps", "noise"),
    not_for_all={
        "gradients_cut": "it serves sampling, where nothing learns",
    },
)
holds, right = EXERCISE.holds, EXERCISE.right


def arguments(trial: Trial, t: Tensor, size: tuple[int, int, int]) -> tuple:
    """Small images, so that next to nothing is clipped, and noise at full strength."""
    x_t, eps, noise = (trial.normal(len(t), *size) for _ in range(3))
    return 0.2 * x_t, t, 0.2 * eps, noise


def unclipped(trial: Trial, t: Tensor, size: tuple[int, int, int]) -> tuple:
    x_t, _, eps, noise = arguments(trial, t, size)
    return 4 * x_t, t, 4 * eps, noise, False


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    return trials.usual_call(trial, arguments)


@EXERCISE.harder
def with_much_to_clip(trial: Trial) -> Call:
    """Several times, the first and the last among them, and images that leave [-1, 1]."""
    built = schedule(trial)
    last = steps_of(built) - 1
    x_t, *rest = arguments(trial, torch.tensor([0, last, last // 2, 1]), SIZE)
    return built.calling(2 * x_t, *rest, method="step")


@holds("the mean is that of equation 7: the clean image and x_t, each with its weight")
def another_mean(trial: Trial) -> None:
    """With noise of zero your result is not the mean of equation 7: sqrt(alpha-bar_prev) beta / (1 - alpha-bar) of the
    clean image, and sqrt(1 - beta) (1 - alpha-bar_prev) / (1 - alpha-bar) of x_t."""
    built = schedule(trial)
    x_t, t, eps, noise, clip = unclipped(trial, middle(trial, steps_of(built)), (1, 2, 2))
    tried(built, x_t, t, eps, 0 * noise, clip, label="the mean (the noise is zero)")


@holds("the noise has the variance beta (1 - alpha-bar_prev) / (1 - alpha-bar), beta-tilde", alone=True)
def another_strength_of_noise(trial: Trial) -> None:
    """The noise has another strength than asked for. It is multiplied by the root of beta-tilde, which is beta times (1
    - alpha-bar_prev) / (1 - alpha-bar)."""
    # x_t and eps of zero, so that only the noise is left
    built = schedule(trial)
    x_t, t, eps, noise, clip = unclipped(trial, middle(trial, steps_of(built)), (1, 3, 3))
    tried(built, 0 * x_t, t, 0 * eps, noise, clip, label="what the noise adds")


@holds("mean and noise are added")
def not_the_sum(trial: Trial) -> None:
    """Mean and noise are right, each by itself, and together they are not."""
    trials.one_time(trial, unclipped)


@holds("the predicted clean image is clipped to [-1, 1] first, by default, and not at all with clip_denoised=False")
def another_clipping(trial: Trial) -> None:
    """Where nothing needs clipping your step is right, and elsewhere not: the predicted *clean* image is clipped to
    [-1, 1], before anything else is made of it, and only if clip_denoised. What follows is made of that image and of
    x_t, as equation 7 says; eps does not come in again, for it does not fit a clipped image."""
    built = schedule(trial)
    x_t, t, eps, noise, _ = unclipped(trial, middle(trial, steps_of(built), 2), SIZE)
    tried(built, 2 * x_t, t, eps, noise, label="the result, where much is clipped")
    tried(built, 2 * x_t, t, eps, noise, True, label="the result, where much is clipped")
    tried(built, 2 * x_t, t, eps, noise, False, label="the result, where nothing is clipped")


@holds("at t = 0 the predicted clean image comes out, exactly, with no noise; whatever the others' times are")
def another_last_step(trial: Trial) -> None:
    """At t = 0 something else comes out than the predicted clean image. Nothing lies before the first step: alpha-bar
    is 1 there, 1 - alpha-bar is 0, and so is the variance."""
    built = schedule(trial)
    T = steps_of(built)
    for times in ([0, 0], [T // 2, 0, 2, 0, 1], [0, T // 2]):
        tried(built, *unclipped(trial, torch.tensor(times), SIZE))


trials.mixes_the_times_up(EXERCISE, arguments)


@holds("the first times and the last are right")
def ends_of_time(trial: Trial) -> None:
    """In the middle of time your step is right, at its ends it is not."""
    trials.edges(trial, arguments, 0, 1, 2, -2, -1)


@holds("the clean image is clipped at every time, the last image, too")
def clips_at_some_times_only(trial: Trial) -> None:
    """In the middle of time the predicted clean image is clipped as it should be, and elsewhere it is not.
    clip_denoised alone decides, at every t: what comes out at t = 0 is the clipped image."""
    built = schedule(trial)
    last = steps_of(built) - 1
    for times in ([0, last, 1, last // 2], [0, 0], [1], [last]):
        x_t, t, eps, noise = arguments(trial, torch.tensor(times), SIZE)
        tried(built, 8 * x_t, t, 4 * eps, noise, label="the result, where much is clipped")


trials.range_guessed(EXERCISE, unclipped)
trials.the_papers_schedule(EXERCISE, arguments)


@holds("where no noise is given, it is drawn: one draw for every image, channel and pixel, new at each call")
def noise_not_drawn(trial: Trial) -> None:
    """With noise given your step is right, and without it is not: draw standard normal noise in the shape of x_t where
    noise is None."""
    built = schedule(trial)
    zeros, t = torch.zeros(DRAWN), middle(trial, steps_of(built), DRAWN[0])
    given = f"images of zeros {DRAWN} at t = {t[0].item()}, no noise given"
    first, second = trials.two_draws(built.calling(zeros, t, zeros, method="step"), given)
    one = torch.ones(1, 1, 1, 1)
    spread = DDPM(*built.args).step(0 * one, t[:1], 0 * one, one).item()
    trial.see("whether every call draws anew", not torch.equal(first, second), given)
    see_fresh_noise(trial, first / spread, given)


@holds("at t = 0 there is no noise, where none is given either")
def noise_drawn_at_the_end(trial: Trial) -> None:
    """Where your step draws the noise itself, images at t = 0 get some. Their variance is 0: what comes out is the
    predicted clean image."""
    built = schedule(trial)
    x_t, t, eps, *_ = arguments(trial, torch.tensor([0, 0]), SIZE)
    tried(built, x_t, t, eps, label="the result at t = 0")


@holds("where the noise is drawn, each image's own time decides whether it gets some")
def one_time_decides_for_all(trial: Trial) -> None:
    """Where your step draws the noise itself, and only some images of a batch are at t = 0, one image's time decides
    for all: some get noise that should have none, or get none that should have some. Is there an `if` with t[0], .any()
    or .all()? The variance is 0 at t = 0 and above 0 elsewhere, image by image: drawn for all, it multiplies away by
    itself."""
    built = schedule(trial)
    x_t, t, eps, *_ = arguments(trial, torch.tensor([0, steps_of(built) // 2, 0]), SIZE)
    for order in ([0, 1, 2], [1, 0, 2]):
        call = built.calling(x_t[order], t[order], eps[order], clip_denoised=False, method="step")
        given = f"three images at t = {t[order].tolist()}, no noise given"
        first, second = trials.two_draws(call, given)
        trial.see("the images at t = 0", first[t[order] == 0].float(), given)
        moved = not torch.equal(first[t[order] > 0], second[t[order] > 0])
        trial.see("whether the other image gets new noise at each call", moved, given)


# ---- right answers written differently ----


def clean_of(self: DDPM, x_t: Tensor, t: Tensor, eps: Tensor, clip: bool) -> Tensor:
    alpha_bar = self.alphas_cumprod.to(x_t.dtype)[t][:, None, None, None]
    clean = (x_t - (1 - alpha_bar).sqrt() * eps) / alpha_bar.sqrt()
    return clean.clip(-1, 1) if clip else clean


@right
def by_tables(
    self: DDPM, x_t: Tensor, t: Tensor, eps: Tensor, noise: Tensor | None = None, clip_denoised: bool = True
) -> Tensor:
    """As in the published code: tables with a 1 in front, the variance as a logarithm, a mask at t = 0."""
    betas, alpha_bar = self.betas, self.alphas_cumprod
    alpha_bar_prev = torch.cat([torch.ones(1, dtype=alpha_bar.dtype, device=alpha_bar.device), alpha_bar[:-1]])
    of_clean = betas * alpha_bar_prev.sqrt() / (1 - alpha_bar)
    of_x = (1 - alpha_bar_prev) * (1 - betas).sqrt() / (1 - alpha_bar)
    log_variance = (betas * (1 - alpha_bar_prev) / (1 - alpha_bar)).clamp(min=1e-20).log()
    clean = clean_of(self, x_t, t, eps, clip_denoised)
    mean = per_image(of_clean, t, x_t) * clean + per_image(of_x, t, x_t) * x_t
    noise = torch.randn_like(x_t) if noise is None else noise
    not_last = (t > 0).to(x_t.dtype).view(-1, 1, 1, 1)
    return mean + not_last * torch.exp(0.5 * per_image(log_variance, t, x_t)) * noise


@right
def by_the_noise(
    self: DDPM, x_t: Tensor, t: Tensor, eps: Tensor, noise: Tensor | None = None, clip_denoised: bool = True
) -> Tensor:
    """Equation 11, with the noise that fits the clipped clean image."""
    beta = per_image(self.betas, t, x_t)
    alpha_bar, sigma2 = self.alpha_bar_and_sigma2(t, x_t)
    _, sigma2_prev = self.alpha_bar_and_sigma2(t - 1, x_t)
    eps = (x_t - alpha_bar.sqrt() * clean_of(self, x_t, t, eps, clip_denoised)) / sigma2.sqrt()
    mean = (x_t - beta / sigma2.sqrt() * eps) / (1 - beta).sqrt()
    noise = torch.randn(x_t.shape, dtype=x_t.dtype) if noise is None else noise
    return mean + (beta * sigma2_prev / sigma2).sqrt() * noise


@right
def by_bayes(
    self: DDPM, x_t: Tensor, t: Tensor, eps: Tensor, noise: Tensor | None = None, clip_denoised: bool = True
) -> Tensor:
    """Image by image: the product of two Gaussians, precisions added."""
    clean = clean_of(self, x_t, t, eps, clip_denoised)
    noise = torch.randn_like(x_t) if noise is None else noise
    found = []
    for b, time in enumerate(t.tolist()):
        if time == 0:
            found.append(clean[b])
            continue
        beta, alpha_bar_prev = float(self.betas[time]), float(self.alphas_cumprod[time - 1])
        prior, likelihood = 1 / (1 - alpha_bar_prev), (1 - beta) / beta
        variance = 1 / (prior + likelihood)
        pull = prior * alpha_bar_prev**0.5 * clean[b] + likelihood * x_t[b] / (1 - beta) ** 0.5
        found.append(variance * pull + variance**0.5 * noise[b])
    return torch.stack(found)


@right
def by_ddim(
    self: DDPM, x_t: Tensor, t: Tensor, eps: Tensor, noise: Tensor | None = None, clip_denoised: bool = True
) -> Tensor:
    """DDIM's step with eta = 1, once eps fits the clipped clean image."""
    clean = self.predict_clean(x_t, t, eps)
    clean = clean.clamp(min=-1, max=1) if clip_denoised else clean
    return self.ddim_step(x_t, t, t - 1, self.noise_left(x_t, t, clean), 1.0, noise, clip_denoised=False)
