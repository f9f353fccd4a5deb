"""What holds for DDPM.ddim_step, and right answers written differently."""

import torch
from torch import Tensor

from course_lib.checks.exercise import Exercise
from course_lib.checks.guard import Failure
from course_lib.checks.mistakes import Misconception
from course_lib.checks.trial import PropertyEnds, Trial
from course_lib.ddpm import DDPM
from course_lib.lessons.lesson08 import ddpm_trials as scenes

NAME = "ddim_step"


def with_eta(eta: float, clip: bool = True, scale: float = 0.2) -> scenes.Arguments:
    """Small images, so that next to nothing is clipped; the step goes about half of the way."""

    def arguments(trial: Trial, t: Tensor, size: tuple[int, int, int]) -> tuple:
        x_t, eps, noise = (trial.normal(len(t), *size) for _ in range(3))
        t_prev = torch.div(t - 1, 2, rounding_mode="floor")
        return scale * x_t, t, t_prev, scale * eps, eta, noise, clip

    return arguments


def middle(trial: Trial, T: int) -> Tensor:
    return torch.tensor([trial.pick(T // 2, T // 3)])


def alpha_bars(self: DDPM, t: Tensor, x: Tensor) -> Tensor:
    """A table with a 1 in front, for the clean image."""
    table = self.alphas_cumprod
    return torch.cat([torch.ones(1, dtype=table.dtype, device=table.device), table]).to(x)[t + 1][:, None, None, None]


CLIP = "if clip_denoised:"


CLAMP = "clean = clean.clamp(-1, 1)"


THEN = "alpha_bar_prev, sigma2_prev = self.alpha_bar_and_sigma2(t_prev, x_t)"


VARIANCE = "variance = eta**2 * (sigma2_prev / sigma2) * (sigma2 - alpha_bar / alpha_bar_prev * sigma2_prev)"


BETA_OF_JUMP = "(sigma2 - alpha_bar / alpha_bar_prev * sigma2_prev)"


X_PREV = "x_prev = alpha_bar_prev.sqrt() * clean + (sigma2_prev - variance).clamp(min=0).sqrt() * eps"


DRAW = "noise = fresh_noise(x_t, None) if noise is None else noise"


ADD = "x_prev = x_prev + variance.sqrt() * noise"


RETURN = "return x_prev"


mistake = mistakes_of(DDPM.ddim_step)


def x_prev_is(name: str, value: str, sentence: str) -> Misconception:
    return mistake(name, sentence, (X_PREV, f"x_prev = {value}"))


def variance_is(name: str, value: str, sentence: str) -> Misconception:
    return mistake(name, sentence, (VARIANCE, f"variance = {value}"))


def then_is(name: str, value: str, sentence: str) -> Misconception:
    return mistake(name, sentence, (THEN, value))


PREVIOUS = "alpha_bar_prev, sigma2_prev = (per_image(table, {0}, x_t) for table in TABLES)".replace(
    "TABLES", "(self.alphas_cumprod, 1 - self.alphas_cumprod)"
)


DIRECTION = "(sigma2_prev - variance).clamp(min=0).sqrt() * eps"


EXERCISE = Exercise(
    "DDPM.ddim_step",
    DDPM,
    __name__,
    where="lesson 08, section 8.9; Song, Meng and Ermon 2021, equations 12 and 16",
)
holds, right = EXERCISE.holds, EXERCISE.right


# TODO property: scenes.shape_property(
#                 NAME,
#                 with_eta(0.0),
#                 "the images at t_prev have the shape of x_t",
#                 "The shape of x_t is lost. Each image's own number from the schedule needs the shape (B, 1, 1, 1).",
#             )


holds(
    "with eta = 0 the predicted clean image is noised again to t_prev, with eps for its noise",
    name="another_deterministic_step",
    mistake="With eta = 0 your step is another one. It is add_noise at t_prev: sqrt(alpha-bar_prev) of the "
    "predicted clean image, and sqrt(1 - alpha-bar_prev) of eps.",
)(scenes.one_time(NAME, with_eta(0.0, False, 1.0)))


@holds(
    "the fresh noise has the spread eta sqrt((1 - alpha-bar_prev) / (1 - alpha-bar)) sqrt(1 - alpha-bar / alpha-bar_prev)"
)
def another_strength_of_noise(trial: Trial) -> None:
    """With eta = 0 your step is right; above 0 the fresh noise has another strength than equation 16's."""
    # x_t and eps of zero, so that only the fresh noise is left.
    for eta in (1.0, 0.5):
        built = scenes.schedule(trial)
        x_t, t, t_prev, eps, eta, noise, clip = with_eta(eta)(trial, middle(trial, scenes.steps_of(built)), (1, 2, 2))
        args = (0 * x_t, t, t_prev, 0 * eps, eta, noise, clip)
        scenes.tried(trial, built, NAME, args, f"what the fresh noise adds at eta = {eta}")


@holds("above eta = 0, less of eps is added, so that the total stays right: the root of 1 - alpha-bar_prev - variance")
def no_room_for_the_noise(trial: Trial) -> None:
    """With eta above 0, eps keeps a weight that leaves no room for the fresh noise, or too much. Their variances
    together are 1 - alpha-bar_prev: take the fresh noise's away, under the root."""
    # Fresh noise of zero at eta above 0, which still makes room for it.
    for eta in (1.0, 0.4):
        built = scenes.schedule(trial)
        x_t, t, t_prev, eps, eta, noise, clip = with_eta(eta, False, 1.0)(
            trial, middle(trial, scenes.steps_of(built)), (1, 2, 2)
        )
        args = (x_t, t, t_prev, eps, eta, 0 * noise, clip)
        scenes.tried(trial, built, NAME, args, f"the result at eta = {eta} where the fresh noise is zero")


holds("all three parts are added", name="not_the_sum")(scenes.one_time(NAME, with_eta(1.0, False, 1.0)))


@holds("the predicted clean image is clipped, by default, and eps stays the model's own")
def another_clipping(trial: Trial) -> None:
    """Where nothing needs clipping your step is right, and elsewhere not: clip the predicted *clean* image to [-1, 1]
    if clip_denoised, and leave eps as it came."""
    built = scenes.schedule(trial)
    for eta in (0.0, 1.0):
        args = with_eta(eta, True, 2.0)(trial, middle(trial, scenes.steps_of(built)).expand(2).clone(), scenes.SIZE)
        scenes.tried(trial, built, NAME, args[:-1], "the result, where much is clipped")
        scenes.tried(trial, built, NAME, args, "the result, where much is clipped")
        scenes.tried(trial, built, NAME, (*args[:-1], False), "the result, where nothing is clipped")


@holds("without eta and noise the step is deterministic")
def other_defaults(trial: Trial) -> None:
    """Called without eta and noise your step does something else than with eta = 0."""
    # Without eta and noise the step is deterministic.
    built = scenes.schedule(trial)
    args = with_eta(0.0)(trial, scenes.distinct_times(trial, scenes.steps_of(built), 3), scenes.SIZE)
    scenes.tried(trial, built, NAME, args[:4], "the result without eta and noise")


@holds("with t_prev = -1 the predicted clean image comes out exactly, whatever eta is")
def clean_image_missed(trial: Trial) -> None:
    """t_prev = -1 is the clean image: alpha-bar is 1 there, and no noise is left. Your code looks up something else."""
    # t_prev = -1: the predicted clean image, whatever eta is; for some images of a batch, and for all.
    built = scenes.schedule(trial)
    T = scenes.steps_of(built)
    for eta in (0.0, 1.0):
        x_t, t, _, eps, eta, noise, clip = with_eta(eta, False, 1.0)(
            trial, scenes.distinct_times(trial, T, 4), scenes.SIZE
        )
        for t_prev in (torch.full((4,), -1), torch.tensor([-1, 1, -1, 0])):
            scenes.tried(trial, built, NAME, (x_t, t, t_prev, eps, eta, noise, clip))


@holds("short steps, long steps, steps to 0 and from 0 are right")
def some_jumps_wrong(trial: Trial) -> None:
    """Some jumps are right and others are not. t_prev may be any earlier time, not only the one before."""
    # One step, the longest step, and steps that end at 0.
    built = scenes.schedule(trial)
    last = scenes.steps_of(built) - 1
    t = torch.tensor([last, last, 1, last // 2, last, 0])
    t_prev = torch.tensor([last - 1, -1, 0, last // 2 - 1, 0, -1])
    for eta in (0.0, 1.0):
        x_t, _, _, eps, eta, noise, clip = with_eta(eta, False, 1.0)(trial, t, scenes.SIZE)
        scenes.tried(trial, built, NAME, (x_t, t, t_prev, eps, eta, noise, clip))


# TODO property: scenes.own_times_property(NAME, with_eta(0.5, False, 1.0))


holds("it holds for the schedule of the paper with its thousand steps", name="the_papers_schedule")(
    scenes.default_schedule(NAME, with_eta(0.7))
)


@holds("where eta is above 0 and no noise is given, it is drawn, new at each call")
def noise_not_drawn(trial: Trial) -> None:
    """With noise given your step is right, and without it is not: draw standard normal noise in the shape of x_t where
    noise is None."""
    built = scenes.schedule(trial)
    T = scenes.steps_of(built)
    t, t_prev, zeros = torch.tensor([T // 2, T // 2]), torch.tensor([T // 4, -1]), torch.zeros(2, 3, 40, 40)
    given = f"images of zeros from t = {t.tolist()} to {t_prev.tolist()}, eta 1, no noise given"
    draws = []
    for seed in (1, 2):
        value = trial.handle.call(built.constructed.key, (zeros, t, t_prev, zeros, 1.0), {}, method=NAME, seed=seed)
        if isinstance(value, Failure) or not isinstance(value, Tensor) or value.shape != zeros.shape:
            trial.see("the result", value, given)
            raise PropertyEnds
        draws.append(value.double())
    one = zeros[:1]
    spread = DDPM(*built.args).ddim_step(one, t[:1], t_prev[:1], one, 1.0, torch.ones_like(one))[0, 0, 0, 0].item()
    first = draws[0][0].flatten() / spread
    right = bool((first.std() - 1).abs() < 6 / (2 * len(first)) ** 0.5)
    trial.see("whether the noise has the right spread", right, given)
    trial.see("whether every call draws anew", not torch.equal(draws[0][0], draws[1][0]), given)


# TODO property: scenes.lone_image(NAME, with_eta(0.5))


# TODO property: scenes.type_of_the_images(NAME, with_eta(0.5))


# TODO property: scenes.gradients(NAME, with_eta(0.5))


# TODO property: scenes.any_device(NAME, with_eta(0.5))


# TODO property: scenes.seeds_left_alone(NAME, with_eta(0.5))


@right
def as_in_the_paper(
    self: DDPM,
    x_t: Tensor,
    t: Tensor,
    t_prev: Tensor,
    eps: Tensor,
    eta: float = 0.0,
    noise: Tensor | None = None,
    clip_denoised: bool = True,
) -> Tensor:
    """sigma by equation 16 as it is printed."""
    now, then = alpha_bars(self, t, x_t), alpha_bars(self, t_prev, x_t)
    clean = (x_t - torch.sqrt(1 - now) * eps) / torch.sqrt(now)
    if clip_denoised:
        clean = clean.clip(-1, 1)
    sigma = eta * torch.sqrt((1 - then) / (1 - now)) * torch.sqrt(1 - now / then)
    noise = torch.randn_like(x_t) if noise is None else noise
    return torch.sqrt(then) * clean + torch.sqrt(1 - then - sigma**2) * eps + sigma * noise


@right
def image_by_image(
    self: DDPM,
    x_t: Tensor,
    t: Tensor,
    t_prev: Tensor,
    eps: Tensor,
    eta: float = 0.0,
    noise: Tensor | None = None,
    clip_denoised: bool = True,
) -> Tensor:
    noise = torch.randn(x_t.shape, dtype=x_t.dtype) if noise is None else noise
    clean = self.predict_clean(x_t, t, eps)
    clean = clean.clamp(min=-1.0, max=1.0) if clip_denoised else clean
    found = []
    for b, (now, then) in enumerate(zip(t.tolist(), t_prev.tolist(), strict=True)):
        a = self.alphas_cumprod[now].item()
        a_prev = self.alphas_cumprod[then].item() if then >= 0 else 1.0
        variance = eta**2 * (1 - a_prev) / (1 - a) * (1 - a / a_prev)
        direction = max(0.0, 1 - a_prev - variance) ** 0.5
        found.append(a_prev**0.5 * clean[b] + direction * eps[b] + variance**0.5 * noise[b])
    return torch.stack(found)


@right
def by_beta_of_the_jump(
    self: DDPM,
    x_t: Tensor,
    t: Tensor,
    t_prev: Tensor,
    eps: Tensor,
    eta: float = 0.0,
    noise: Tensor | None = None,
    clip_denoised: bool = True,
) -> Tensor:
    """The whole jump seen as one step, whose beta is 1 - alpha-bar / alpha-bar_prev: beta-tilde, times eta squared."""
    alpha_bar, sigma2 = self.alpha_bar_and_sigma2(t, x_t)
    alpha_bar_prev, sigma2_prev = self.alpha_bar_and_sigma2(t_prev, x_t)
    beta = 1 - alpha_bar / alpha_bar_prev
    sigma = eta * (beta * sigma2_prev / sigma2).sqrt()
    clean = self.predict_clean(x_t, t, eps)
    if clip_denoised:
        clean = torch.clamp(clean, -1, 1)
    mean = alpha_bar_prev.sqrt() * clean + (sigma2_prev - sigma.square()).clamp(min=0).sqrt() * eps
    if eta == 0:
        return mean
    return mean + sigma * (torch.randn_like(mean) if noise is None else noise)
