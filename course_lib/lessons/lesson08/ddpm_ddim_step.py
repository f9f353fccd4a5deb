"""What holds for DDPM.ddim_step, and right answers written differently."""

from functools import partial

import torch
from torch import Tensor

from course_lib.checks.draws import see_fresh_noise
from course_lib.checks.exercise import Exercise
from course_lib.checks.trial import Call, Trial
from course_lib.ddpm import DDPM
from course_lib.lessons.lesson08 import ddpm_trials as trials
from course_lib.lessons.lesson08.ddpm_trials import DRAWN, SIZE, distinct_times, middle, schedule, steps_of, tried

EXERCISE = Exercise(
    "DDPM.ddim_step",
    DDPM,
    __name__,
    where="lesson 08, section 8.9; Song, Meng and Ermon 2021, equations 12 and 16",
    elementwise=("x_t", "t", "t_prev", "eps", "eta", "noise"),
    not_for_all={
        "gradients_cut": "it serves sampling, where nothing learns",
        "all_zeros_are_nothing": "t_prev lies before t",
    },
)
holds, right = EXERCISE.holds, EXERCISE.right


def clipped(trial: Trial, t: Tensor, size: tuple[int, int, int], eta: float, scale: float = 0.2) -> tuple:
    """Small images, so that next to nothing is clipped; the step goes about half of the way."""
    x_t, eps, noise = (trial.normal(len(t), *size) for _ in range(3))
    t_prev = torch.div(t - 1, 2, rounding_mode="floor")
    return scale * x_t, t, t_prev, scale * eps, eta, noise, True


def unclipped(trial: Trial, t: Tensor, size: tuple[int, int, int], eta: float) -> tuple:
    return (*clipped(trial, t, size, eta, scale=1.0)[:-1], False)


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    return trials.usual_call(trial, partial(clipped, eta=0.5))


@EXERCISE.harder
def jumps_of_every_length(trial: Trial) -> Call:
    """Steps of one time, of several and to the clean image, from both ends, and images of which some are clipped."""
    built = schedule(trial)
    T = steps_of(built)
    x_t, t, _, *rest = clipped(trial, trials.all_kinds_of_times(T), (6, 6, 6), trial.pick(0.3, 0.8), scale=0.6)
    t_prev = torch.tensor([T // 2 - 1, -1, 1, 0, -1, T // 3])
    return built.calling(x_t, t, t_prev, *rest[:-1], method="ddim_step")


@holds("with eta = 0 the predicted clean image is noised again to t_prev, with eps for its noise")
def another_deterministic_step(trial: Trial) -> None:
    """With eta = 0 your step is another one. It is add_noise at t_prev: sqrt(alpha-bar_prev) of the predicted clean
    image, and sqrt(1 - alpha-bar_prev) of eps."""
    trials.one_time(trial, partial(unclipped, eta=0.0))


@holds(
    "the fresh noise has the spread "
    "eta sqrt((1 - alpha-bar_prev) / (1 - alpha-bar)) sqrt(1 - alpha-bar / alpha-bar_prev)"
)
def another_strength_of_noise(trial: Trial) -> None:
    """With eta = 0 your step is right; above 0 the fresh noise has another strength than equation 16's."""
    # x_t and eps of zero, so that only the fresh noise is left
    for eta in (1.0, 0.5):
        built = schedule(trial)
        x_t, t, t_prev, eps, *rest = clipped(trial, middle(trial, steps_of(built)), (1, 2, 2), eta)
        tried(built, 0 * x_t, t, t_prev, 0 * eps, *rest, label=f"what the fresh noise adds at eta = {eta}")


@holds("above eta = 0, less of eps is added, so that the total stays right: the root of 1 - alpha-bar_prev - variance")
def no_room_for_the_noise(trial: Trial) -> None:
    """With eta above 0 and a fresh noise of zero your step is wrong. eps has the weight that leaves room for the fresh
    noise: their variances together are 1 - alpha-bar_prev, so the fresh noise's is taken away, under the root."""
    # fresh noise of zero at eta above 0, which still makes room for it
    for eta in (1.0, 0.4):
        built = schedule(trial)
        *before, noise, clip = unclipped(trial, middle(trial, steps_of(built)), (1, 2, 2), eta)
        tried(built, *before, 0 * noise, clip, label=f"the result at eta = {eta} where the fresh noise is zero")


@holds("all three parts are added")
def not_the_sum(trial: Trial) -> None:
    trials.one_time(trial, partial(unclipped, eta=1.0))


@holds("the predicted clean image is clipped, by default, and eps stays the model's own")
def another_clipping(trial: Trial) -> None:
    """Where nothing needs clipping your step is right, and elsewhere not: the predicted *clean* image is clipped to
    [-1, 1] if clip_denoised, and eps stays as it came."""
    built = schedule(trial)
    for eta in (0.0, 0.5, 1.0):
        *args, _ = clipped(trial, middle(trial, steps_of(built), 2), SIZE, eta, scale=2.0)
        tried(built, *args, label="the result, where much is clipped")
        tried(built, *args, True, label="the result, where much is clipped")
        tried(built, *args, clip_denoised=False, label="the result, where nothing is clipped")


@holds("without eta and noise the step is deterministic")
def other_defaults(trial: Trial) -> None:
    """Called without eta and noise your step does something else than with eta = 0."""
    call = ordinary_call(trial)
    tried(call.of, *call.args[:4], label="the result without eta and noise")


@holds("with t_prev = -1 the predicted clean image comes out exactly, whatever eta is")
def clean_image_missed(trial: Trial) -> None:
    """t_prev = -1 is the clean image: alpha-bar is 1 there, and no noise is left. In your step something else comes
    out."""
    # for all images of a batch, and for some
    built = schedule(trial)
    for eta in (0.0, 1.0):
        x_t, t, _, *rest = unclipped(trial, distinct_times(trial, steps_of(built), 4), SIZE, eta)
        for t_prev in (torch.full((4,), -1), torch.tensor([-1, 1, -1, 0])):
            tried(built, x_t, t, t_prev, *rest)


@holds("short steps, long steps, steps to 0 and from 0 are right")
def some_jumps_wrong(trial: Trial) -> None:
    """Some jumps are right and others are not. t_prev may be any earlier time, not only the one before."""
    built = schedule(trial)
    last = steps_of(built) - 1
    t = torch.tensor([last, last, 1, last // 2, last, 0])
    t_prev = torch.tensor([last - 1, -1, 0, last // 2 - 1, 0, -1])
    for eta in (0.0, 1.0):
        x_t, _, _, *rest = unclipped(trial, t, SIZE, eta)
        tried(built, x_t, t, t_prev, *rest)


trials.mixes_the_times_up(EXERCISE, partial(unclipped, eta=0.5))


@holds("with eta = 1 and a step of one time, too, eps stays the model's own where the clean image is clipped")
def the_ancestral_step(trial: Trial) -> None:
    """With eta = 1 and t_prev = t - 1 your step is another one where the clean image is clipped. Only where nothing is
    clipped it is the ancestral step, self.step: that makes its mean of the clipped image and x_t, and here eps stays as
    it came, for every eta and every t_prev."""
    built = schedule(trial)
    t = distinct_times(trial, steps_of(built), 3)
    x_t, _, _, *rest = clipped(trial, t, SIZE, 1.0, scale=2.0)
    tried(built, x_t, t, t - 1, *rest)


@holds("the clean image is clipped whatever t and t_prev are, the one that comes out at t_prev = -1, too")
def clips_at_some_times_only(trial: Trial) -> None:
    """Somewhere in time the predicted clean image is clipped as it should be, and elsewhere it is not. clip_denoised
    alone decides, for every t and t_prev: what comes out at t_prev = -1 is the clipped image."""
    built = schedule(trial)
    last = steps_of(built) - 1
    t, t_prev = torch.tensor([last // 2, last, 0, last // 3]), torch.tensor([-1, last // 2, -1, 0])
    for eta in (0.0, 1.0):
        for some in (slice(None), slice(0, 1), slice(1, 2)):
            x_t, _, _, *rest = clipped(trial, t[some], SIZE, eta, scale=2.0)
            tried(built, x_t, t[some], t_prev[some], *rest, label="the result, where much is clipped")


trials.range_guessed(EXERCISE, partial(unclipped, eta=0.5))
trials.the_papers_schedule(EXERCISE, partial(clipped, eta=0.7))


@holds("with eta = 0 the step also goes forward in time, or stays")
def not_forward_in_time(trial: Trial) -> None:
    """Back in time your step is right, and with eta = 0 and a t_prev that is not earlier than t it is not. The formula
    is the same there: the clean image, noised again to t_prev with eps."""
    built = schedule(trial)
    last = steps_of(built) - 1
    t = torch.tensor([0, last // 2, last // 3, last])
    t_prev = torch.tensor([1, last, last // 3, last // 4])
    x_t, _, _, eps, *_ = unclipped(trial, t, SIZE, 0.0)
    tried(built, x_t, t, t_prev, eps, 0.0, clip_denoised=False)
    tried(built, 0.2 * x_t, t, t_prev, 0.2 * eps)
    tried(built, 3 * x_t, t, t_prev, eps)  # where a step that stays changes what was clipped
    tried(built, 3 * x_t, t, t, eps)


@holds("where eta is above 0 and no noise is given, it is drawn: for every image, channel and pixel, at each call")
def noise_not_drawn(trial: Trial) -> None:
    """With noise given your step is right, and without it is not: draw standard normal noise in the shape of x_t where
    noise is None."""
    built = schedule(trial)
    T, zeros = steps_of(built), torch.zeros(DRAWN)
    t, t_prev = torch.full(DRAWN[:1], T // 2), torch.full(DRAWN[:1], T // 4)
    given = f"images of zeros {DRAWN} from t = {T // 2} to {T // 4}, eta 1, no noise given"
    first, second = trials.two_draws(built.calling(zeros, t, t_prev, zeros, 1.0, method="ddim_step"), given)
    one = torch.ones(1, 1, 1, 1)
    spread = DDPM(*built.args).ddim_step(0 * one, t[:1], t_prev[:1], 0 * one, 1.0, one).item()
    trial.see("whether every call draws anew", not torch.equal(first, second), given)
    see_fresh_noise(trial, first / spread, given)


@holds("where the noise is drawn, each image's own t_prev decides whether it gets some")
def one_time_decides_for_all(trial: Trial) -> None:
    """Where your step draws the noise itself, and only some images of a batch go to t_prev = -1, one of them decides
    for all: some get noise that should have none, or get none that should have some. Is there an `if` with t_prev[0],
    .any() or .all()? The variance is 0 where t_prev is -1 and above 0 elsewhere, image by image."""
    built = schedule(trial)
    T = steps_of(built)
    t_prev = torch.tensor([-1, T // 4, -1])
    x_t, t, _, eps, *_ = unclipped(trial, torch.tensor([T // 2, T // 2, T // 3]), SIZE, 1.0)
    for order in ([0, 1, 2], [1, 0, 2]):
        call = built.calling(
            x_t[order], t[order], t_prev[order], eps[order], 1.0, clip_denoised=False, method="ddim_step"
        )
        given = f"three images to t_prev = {t_prev[order].tolist()}, eta 1, no noise given"
        first, second = trials.two_draws(call, given)
        trial.see("the images at t_prev = -1", first[t_prev[order] < 0].float(), given)
        moved = not torch.equal(first[t_prev[order] > 0], second[t_prev[order] > 0])
        trial.see("whether the other image gets new noise at each call", moved, given)


# ---- right answers written differently ----


def alpha_bars(self: DDPM, t: Tensor, x: Tensor) -> Tensor:
    """A table with a 1 in front, for the clean image."""
    table = self.alphas_cumprod
    return torch.cat([torch.ones(1, dtype=table.dtype, device=table.device), table]).to(x)[t + 1][:, None, None, None]


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
    """sigma by equation 16 as it is printed, where eta asks for it."""
    now, then = alpha_bars(self, t, x_t), alpha_bars(self, t_prev, x_t)
    clean = (x_t - torch.sqrt(1 - now) * eps) / torch.sqrt(now)
    if clip_denoised:
        clean = clean.clip(-1, 1)
    sigma = eta * torch.sqrt((1 - then) / (1 - now)) * torch.sqrt(1 - now / then) if eta else torch.zeros_like(now)
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
        variance = max(0.0, eta**2 * (1 - a_prev) / (1 - a) * (1 - a / a_prev))
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
    beta = (1 - alpha_bar / alpha_bar_prev).clamp(min=0)  # 0 where the step goes forward, which takes eta = 0
    sigma = eta * (beta * sigma2_prev / sigma2).sqrt()
    clean = self.predict_clean(x_t, t, eps)
    if clip_denoised:
        clean = torch.clamp(clean, -1, 1)
    mean = alpha_bar_prev.sqrt() * clean + (sigma2_prev - sigma.square()).clamp(min=0).sqrt() * eps
    if eta == 0:
        return mean
    return mean + sigma * (torch.randn_like(mean) if noise is None else noise)
