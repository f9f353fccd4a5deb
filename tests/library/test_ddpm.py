"""DDPM, DDIM and guidance against closed forms, naive recursions and diffusers' schedulers."""

import math
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import pytest
import torch
from helpers import DESIGN_U, DESIGN_V, Recorder, assert_close, predict_by_label, randn, relative_difference
from torch import Tensor

from course_lib import DDPM, drop_labels, guided_prediction

T, BETA_START, BETA_END = 1000, 1e-4, 0.02
MEAN, STD = 0.3, 0.4
TIMES = [0, 1, 500, 998, 999]


@cache
def schedule(num_timesteps: int = T) -> tuple[list[float], list[float]]:
    """beta_t and alpha-bar_t as plain numbers."""
    betas, alpha_bars, product = [], [], 1.0
    for t in range(num_timesteps):
        betas.append(BETA_START + (BETA_END - BETA_START) * t / (num_timesteps - 1))
        product *= 1 - betas[-1]
        alpha_bars.append(product)
    return betas, alpha_bars


def alpha_bar_at(t: int) -> float:
    return schedule()[1][t] if t >= 0 else 1.0


def full(time: int, batch: int = 1) -> Tensor:
    return torch.full((batch,), time)


def perfect_eps(x: Tensor, t: Tensor, labels: Tensor | None) -> Tensor:
    """E[noise | x_t = x] for clean images ~ N(MEAN, STD^2)."""
    alpha_bar = torch.tensor([alpha_bar_at(int(time)) for time in t], dtype=x.dtype).reshape(-1, 1, 1, 1)
    return (1 - alpha_bar).sqrt() * (x - alpha_bar.sqrt() * MEAN) / (alpha_bar * STD**2 + 1 - alpha_bar)


class Affine(NamedTuple):
    """x_prev = slope * x + offset + sqrt(variance) * fresh noise."""

    slope: float
    offset: float
    variance: float


def product_of_gaussians(clean: float, x_t: float, t: int) -> tuple[float, float]:
    """Mean and variance of q(x_{t-1} | x_t, clean) by Bayes: q(x_{t-1} | clean) times q(x_t | x_{t-1})."""
    beta, alpha_bar_prev = schedule()[0][t], alpha_bar_at(t - 1)
    if t == 0:
        return clean, 0.0
    prior_mean, prior_precision = math.sqrt(alpha_bar_prev) * clean, 1 / (1 - alpha_bar_prev)
    # as a function of x_{t-1}, N(x_t; sqrt(1 - beta) x_{t-1}, beta) is a Gaussian around x_t / sqrt(1 - beta)
    likelihood_mean, likelihood_precision = x_t / math.sqrt(1 - beta), (1 - beta) / beta
    variance = 1 / (prior_precision + likelihood_precision)
    return variance * (prior_precision * prior_mean + likelihood_precision * likelihood_mean), variance


def posterior_clean(x: float, t: int) -> float:
    """E[clean | x_t = x] by Bayes on N(MEAN, STD^2) and x_t = sqrt(alpha-bar) clean + noise."""
    alpha_bar = alpha_bar_at(t)
    prior_precision, likelihood_precision = 1 / STD**2, alpha_bar / (1 - alpha_bar)
    from_x = x / math.sqrt(alpha_bar)
    return (prior_precision * MEAN + likelihood_precision * from_x) / (prior_precision + likelihood_precision)


def ancestral_step(t: int) -> Affine:
    """The exact step of the perfect model on Gaussian data."""
    offset, variance = product_of_gaussians(posterior_clean(0.0, t), 0.0, t)
    at_one, _ = product_of_gaussians(posterior_clean(1.0, t), 1.0, t)
    return Affine(at_one - offset, offset, variance)


def ddim_map(x: float, times: list[int]) -> float:
    """Follow DDIM's equation 12 for one number, with the perfect model."""
    for now, then in zip(times, [*times[1:], -1], strict=True):
        clean = posterior_clean(x, now)
        eps = (x - math.sqrt(alpha_bar_at(now)) * clean) / math.sqrt(1 - alpha_bar_at(now))
        x = math.sqrt(alpha_bar_at(then)) * clean + math.sqrt(1 - alpha_bar_at(then)) * eps
    return x


# ---- schedule and noising ----


@pytest.mark.parametrize("num_timesteps", [2, 10, 1000])
def test_schedule_equals_the_naive_float64_loop(num_timesteps: int) -> None:
    betas, alpha_bars = (torch.tensor(values, dtype=torch.float64) for values in schedule(num_timesteps))
    ddpm = DDPM(num_timesteps)
    assert_close(ddpm.betas, betas, rtol=1e-14)
    assert_close(ddpm.alphas_cumprod, alpha_bars, rtol=1e-13)
    assert_close(1 - ddpm.alphas_cumprod[0], ddpm.betas[0], rtol=1e-11)


def test_schedule_of_a_single_step_is_beta_start_and_not_saved_with_weights() -> None:
    assert DDPM(1).betas.tolist() == [BETA_START]
    assert DDPM(1).alphas_cumprod.tolist() == [1 - BETA_START]
    assert DDPM().state_dict() == {}


def test_add_noise_has_the_moments_of_many_small_noising_steps() -> None:
    # x_t = sqrt(1 - beta_t) x_{t-1} + sqrt(beta_t) fresh noise, so signal and variance follow a recursion
    ones, zeros = torch.ones(T, 1, 1, 1, dtype=torch.float64), torch.zeros(T, 1, 1, 1, dtype=torch.float64)
    ddpm, every_t = DDPM(), torch.arange(T)
    signals = ddpm.add_noise(ones, every_t, zeros).flatten().tolist()
    sigmas = ddpm.add_noise(zeros, every_t, ones).flatten().tolist()
    signal, variance = 1.0, 0.0
    for t, beta in enumerate(schedule()[0]):
        signal, variance = math.sqrt(1 - beta) * signal, (1 - beta) * variance + beta
        assert signals[t] == pytest.approx(signal, rel=1e-12)
        assert sigmas[t] ** 2 == pytest.approx(variance, rel=1e-11)


def test_add_noise_gives_every_image_its_own_time() -> None:
    clean, noise = randn(5, 2, 3, 4, seed=1), randn(5, 2, 3, 4, seed=2)
    noisy = DDPM().add_noise(clean, torch.tensor(TIMES), noise)
    for b, t in enumerate(TIMES):
        expected = math.sqrt(alpha_bar_at(t)) * clean[b] + math.sqrt(1 - alpha_bar_at(t)) * noise[b]
        assert_close(noisy[b], expected, atol=1e-12)


@pytest.mark.parametrize("t", TIMES)
def test_predict_clean_inverts_add_noise(t: int) -> None:
    clean, noise, ddpm = randn(2, 3, 4, 2, seed=1), randn(2, 3, 4, 2, seed=2), DDPM()
    assert_close(ddpm.predict_clean(ddpm.add_noise(clean, full(t, 2), noise), full(t, 2), noise), clean, atol=1e-12)
    # in float32 the rounding of x_t is divided by sqrt(alpha-bar), 0.006 at the end of time
    clean, noise = clean.float(), noise.float()
    again = ddpm.predict_clean(ddpm.add_noise(clean, full(t, 2), noise), full(t, 2), noise)
    assert_close(again, clean, atol=1e-6 / math.sqrt(alpha_bar_at(t)))


# ---- one step back ----


@pytest.mark.parametrize("times", [[0], [1], [2], [500], [998], [999], [999, 0, 1, 500, 0]])
def test_step_is_the_product_of_gaussians_of_bayes(times: list[int]) -> None:
    b, ddpm, t = len(times), DDPM(), torch.tensor(times)
    clean, x_t, noise = 2 * randn(b, 2, 3, 1, seed=1), randn(b, 2, 3, 1, seed=2), randn(b, 2, 3, 1, seed=3)
    assert (clean.abs() > 1).any()
    # the eps that makes the predicted clean image the wanted one
    signal, sigma = (
        torch.tensor([f(alpha_bar_at(time)) for time in times], dtype=torch.float64).reshape(-1, 1, 1, 1)
        for f in (math.sqrt, lambda alpha_bar: math.sqrt(1 - alpha_bar))
    )
    eps = (x_t - signal * clean) / sigma
    for clip in (False, True):
        actual = ddpm.step(x_t, t, eps, noise, clip_denoised=clip)
        wanted = clean.clamp(-1, 1) if clip else clean
        for i, time in enumerate(times):
            for index in range(6):
                mean, variance = product_of_gaussians(
                    wanted[i].flatten()[index].item(), x_t[i].flatten()[index].item(), time
                )
                expected = mean + math.sqrt(variance) * noise[i].flatten()[index].item()
                assert actual[i].flatten()[index].item() == pytest.approx(expected, rel=0, abs=1e-11)


@pytest.mark.parametrize("clip", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_step_at_time_zero_is_the_clean_prediction_exactly(dtype: torch.dtype, clip: bool) -> None:
    x_t, eps, noise = (randn(3, 2, 3, 4, seed=seed, dtype=dtype) for seed in (1, 2, 3))
    ddpm, t = DDPM(), full(0, 3)
    clean = ddpm.predict_clean(x_t, t, eps)
    expected = clean.clamp(-1, 1) if clip else clean
    # the fraction in front of the clean image is beta / (1 - alpha-bar), 1 but for the last digit
    rounding = 2 * torch.finfo(dtype).eps if dtype == torch.float32 else 1e-11
    assert_close(ddpm.step(x_t, t, eps, noise, clip), expected, rtol=rounding, atol=rounding)
    # and no noise at all gets in
    assert_close(ddpm.step(x_t, t, eps, 1e6 * noise, clip), ddpm.step(x_t, t, eps, None, clip))
    assert_close(ddpm.ddim_step(x_t, t, full(-1, 3), eps, 1.0, 1e6 * noise, clip), expected)


def test_step_draws_its_own_noise_where_none_is_given() -> None:
    x_t, eps, ddpm = randn(2, 2, 3, 4, seed=1), randn(2, 2, 3, 4, seed=2), DDPM()
    torch.manual_seed(5)
    actual = ddpm.step(x_t, full(500, 2), eps)
    torch.manual_seed(5)
    noise = torch.randn(2, 2, 3, 4, dtype=torch.float64)
    assert_close(actual, ddpm.step(x_t, full(500, 2), eps, noise))


@pytest.mark.parametrize("t", [1, 2, 500, 998, 999])
def test_ddim_step_with_eta_one_equals_the_ancestral_step_where_nothing_is_clipped(t: int) -> None:
    x_t, eps, noise = (0.1 * randn(2, 2, 3, 4, seed=seed) for seed in (1, 2, 3))
    ddpm = DDPM()
    ddim = ddpm.ddim_step(x_t, full(t, 2), full(t - 1, 2), eps, 1.0, noise, clip_denoised=False)
    assert_close(ddim, ddpm.step(x_t, full(t, 2), eps, noise, clip_denoised=False), atol=1e-11)


@pytest.mark.parametrize("eta", [0.0, 0.3, 1.0])
@pytest.mark.parametrize(("t", "t_prev"), [(999, 500), (500, 0), (1, 0), (700, 699), (300, -1)])
def test_ddim_step_carries_the_marginal_at_t_onto_the_marginal_at_t_prev(t: int, t_prev: int, eta: float) -> None:
    # with the true eps of x_t = signal clean + sigma eps, x_prev must have signal_prev and sigma_prev, whatever eta is
    ddpm, one, zero = DDPM(), torch.ones(1, 1, 1, 1).double(), torch.zeros(1, 1, 1, 1).double()

    def step(clean: Tensor, eps: Tensor, noise: Tensor) -> float:
        x_t = math.sqrt(alpha_bar_at(t)) * clean + math.sqrt(1 - alpha_bar_at(t)) * eps
        return ddpm.ddim_step(x_t, full(t), full(t_prev), eps, eta, noise, clip_denoised=False).item()

    assert step(one, zero, zero) == pytest.approx(math.sqrt(alpha_bar_at(t_prev)), rel=1e-12)
    from_eps, from_noise = step(zero, one, zero), step(zero, zero, one)
    assert from_eps**2 + from_noise**2 == pytest.approx(1 - alpha_bar_at(t_prev), rel=1e-10, abs=1e-12)
    ratio = alpha_bar_at(t) / alpha_bar_at(t_prev)
    ancestral = (1 - alpha_bar_at(t_prev)) / (1 - alpha_bar_at(t)) * (1 - ratio)
    assert from_noise == pytest.approx(eta * math.sqrt(ancestral), rel=1e-10, abs=1e-15)


def test_ddim_step_gives_every_image_its_own_times() -> None:
    x_t, eps, noise = (randn(4, 2, 3, 1, seed=seed) for seed in (1, 2, 3))
    t, t_prev, ddpm = torch.tensor([999, 0, 500, 20]), torch.tensor([300, -1, 499, 0]), DDPM()
    batch = ddpm.ddim_step(x_t, t, t_prev, eps, 0.7, noise)
    for i in range(4):
        one = slice(i, i + 1)
        assert_close(ddpm.ddim_step(x_t[one], t[one], t_prev[one], eps[one], 0.7, noise[one]), batch[one])


# ---- against diffusers ----


def in_float64(scheduler: object) -> object:
    """diffusers computes its schedule in float32; give it the exact one, so that only the formulas are compared."""
    betas, alpha_bars = (torch.tensor(values, dtype=torch.float64) for values in schedule())
    scheduler.betas, scheduler.alphas, scheduler.alphas_cumprod = betas, 1 - betas, alpha_bars
    scheduler.one = scheduler.final_alpha_cumprod = torch.tensor(1.0, dtype=torch.float64)
    return scheduler


@pytest.mark.parametrize("clip", [False, True])
def test_every_ancestral_step_equals_that_of_diffusers(clip: bool) -> None:
    diffusers = pytest.importorskip("diffusers")
    theirs = in_float64(diffusers.DDPMScheduler(variance_type="fixed_small", clip_sample=clip))
    ddpm, generator = DDPM(), torch.Generator()
    x_t, eps = randn(2, 2, 3, 2, seed=1), randn(2, 2, 3, 2, seed=2)
    for t in range(T):
        generator.manual_seed(t)
        noise = torch.randn(x_t.shape, generator=generator, dtype=torch.float64)
        expected = theirs.step(eps, t, x_t, generator=generator.manual_seed(t)).prev_sample
        assert_close(ddpm.step(x_t, full(t, 2), eps, noise, clip), expected, atol=1e-11)


@pytest.mark.parametrize("eta", [0.0, 1.0])
@pytest.mark.parametrize("clip", [False, True])
@pytest.mark.parametrize("num_steps", [1000, 50])
def test_every_ddim_step_equals_that_of_diffusers(num_steps: int, clip: bool, eta: float) -> None:
    diffusers = pytest.importorskip("diffusers")
    theirs = in_float64(diffusers.DDIMScheduler(clip_sample=clip, timestep_spacing="trailing"))
    theirs.set_timesteps(num_steps)
    ddpm, x_t, eps, noise = DDPM(), *(randn(2, 2, 3, 2, seed=seed) for seed in (1, 2, 3))
    for t in theirs.timesteps.tolist():
        t_prev = max(t - T // num_steps, -1)
        expected = theirs.step(eps, t, x_t, eta=eta, variance_noise=noise if eta else None).prev_sample
        assert_close(ddpm.ddim_step(x_t, full(t, 2), full(t_prev, 2), eps, eta, noise, clip), expected, atol=1e-11)


@pytest.mark.parametrize("num_steps", [1, 2, 7, 10, 50, 300, 999, 1000])
def test_sampling_times_equal_the_trailing_times_of_diffusers(num_steps: int) -> None:
    diffusers = pytest.importorskip("diffusers")
    theirs = diffusers.DDIMScheduler(timestep_spacing="trailing")
    theirs.set_timesteps(num_steps)
    assert DDPM().sampling_times(num_steps) == theirs.timesteps.tolist()


@pytest.mark.parametrize("clip", [False, True])
def test_ddim_sampling_in_50_steps_equals_that_of_diffusers(clip: bool) -> None:
    diffusers = pytest.importorskip("diffusers")
    theirs = in_float64(diffusers.DDIMScheduler(clip_sample=clip, timestep_spacing="trailing"))
    theirs.set_timesteps(50)
    noise = x = randn(2, 2, 3, 2)
    for t in theirs.timesteps.tolist():
        eps = predict_by_label(x, full(t, 2), None)
        x = theirs.step(eps, t, x, use_clipped_model_output=clip).prev_sample
    actual = DDPM().sample(predict_by_label, noise.shape, method="ddim", num_steps=50, clip_denoised=clip, noise=noise)
    assert relative_difference(actual, x) < 1e-11


def ancestral_samples_of_both(num_steps: int, clip: bool) -> tuple[Tensor, Tensor]:
    """Ours and diffusers', from the same noise with the same fresh noise at every step."""
    diffusers = pytest.importorskip("diffusers")
    theirs = in_float64(
        diffusers.DDPMScheduler(variance_type="fixed_small", clip_sample=clip, timestep_spacing="trailing")
    )
    theirs.set_timesteps(num_steps)
    noise = x = randn(2, 2, 3, 2)
    generator = torch.Generator().manual_seed(3)
    for t in theirs.timesteps.tolist():
        x = theirs.step(predict_by_label(x, full(t, 2), None), t, x, generator=generator).prev_sample
    actual = DDPM().sample(
        predict_by_label,
        noise.shape,
        num_steps=num_steps,
        clip_denoised=clip,
        noise=noise,
        generator=torch.Generator().manual_seed(3),
    )
    return actual, x


@pytest.mark.parametrize(("num_steps", "clip"), [(1000, False), (1000, True), (50, False)])
def test_ancestral_sampling_equals_that_of_diffusers(num_steps: int, clip: bool) -> None:
    ours, theirs = ancestral_samples_of_both(num_steps, clip)
    assert relative_difference(ours, theirs) < 1e-11


def test_ancestral_sampling_with_clipping_in_few_steps_equals_that_of_diffusers() -> None:
    # q(x_prev | x_t, clean) at the clipped clean image, as a step over one time; equation 12 with the raw eps differs
    ours, theirs = ancestral_samples_of_both(50, clip=True)
    assert (
        relative_difference(ours, theirs) < 1e-9
    )  # eps is recovered from the clipped image, at the cost of two digits


# ---- Gaussian data, where the perfect noise prediction is known ----


def sampler_as_a_linear_map(
    ddpm: DDPM, num_steps: int, monkeypatch: pytest.MonkeyPatch
) -> tuple[float, float, list[float]]:
    """Offset, slope in the starting noise and slope in every fresh noise, read off exactly in one run.

    Pixel 0 gets no noise at all, pixel 1 starts at 1, pixel 2 + k gets a 1 at the k-th draw.
    """
    pixels = num_steps + 2
    start = torch.zeros(1, 1, 1, pixels, dtype=torch.float64)
    start[..., 1] = 1
    draws = iter(range(num_steps))

    def one_hot_noise(like: Tensor, generator: torch.Generator | None) -> Tensor:
        noise = torch.zeros_like(like)
        noise[..., 2 + next(draws)] = 1
        return noise

    monkeypatch.setattr("course_lib.ddpm.fresh_noise", one_hot_noise)
    end = ddpm.sample(perfect_eps, start.shape, num_steps=num_steps, clip_denoised=False, noise=start).flatten()
    offset = end[0].item()
    return offset, end[1].item() - offset, (end[2:] - offset).tolist()


def test_a_thousand_ancestral_steps_have_the_mean_and_variance_of_the_exact_recursion(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mean, variance, slope = 0.0, 1.0, 1.0
    for t in reversed(range(T)):
        step = ancestral_step(t)
        mean = step.slope * mean + step.offset
        variance = step.slope**2 * variance + step.variance
        slope *= step.slope
    offset, from_start, from_draws = sampler_as_a_linear_map(DDPM(), T, monkeypatch)
    std = math.sqrt(from_start**2 + sum(weight**2 for weight in from_draws))
    assert offset == pytest.approx(mean, rel=0, abs=1e-12)
    assert std == pytest.approx(math.sqrt(variance), rel=0, abs=1e-12)
    assert from_start == pytest.approx(slope, rel=1e-9)
    assert from_draws[-1] == 0
    # The mean is right but for the wrong start, whose mean is 0 and not 0.006 * MEAN; the standard deviation is a bit
    # too small, because a step adds the variance given the clean image, without that of the clean image given x_t.
    assert abs(offset - MEAN) < 1e-4
    assert 0.3961 < std < 0.3963


def test_a_hundred_ancestral_steps_have_the_moments_of_a_schedule_with_a_hundred_steps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    times = [10 * i - 1 for i in range(100, 0, -1)]
    mean, variance = 0.0, 1.0
    for now, then in zip(times, [*times[1:], -1], strict=True):
        ratio, left = alpha_bar_at(now) / alpha_bar_at(then), 1 - alpha_bar_at(then)
        # Bayes again: the prior N(sqrt(alpha-bar_prev) clean, left), the likelihood N(x; sqrt(ratio) x_prev, 1 - ratio)
        added = 1 / (1 / left + ratio / (1 - ratio)) if left else 0.0

        def move(x: float) -> float:
            clean = posterior_clean(x, now)  # noqa: B023
            if not left:  # noqa: B023
                return clean
            return added * (math.sqrt(alpha_bar_at(then)) * clean / left + math.sqrt(ratio) * x / (1 - ratio))  # noqa: B023

        mean, variance = move(mean), (move(1.0) - move(0.0)) ** 2 * variance + added
    offset, from_start, from_draws = sampler_as_a_linear_map(DDPM(), 100, monkeypatch)
    assert offset == pytest.approx(mean, rel=0, abs=1e-11)
    total = from_start**2 + sum(weight**2 for weight in from_draws)
    assert math.sqrt(total) == pytest.approx(math.sqrt(variance), rel=0, abs=1e-11)


@pytest.mark.parametrize(("num_steps", "tolerance"), [(1000, 1.5e-3), (100, 1.5e-2)])
def test_ddim_is_the_affine_map_of_its_naive_loop_and_nearly_that_of_the_exact_flow(
    num_steps: int, tolerance: float
) -> None:
    start = torch.tensor([0.0, 1.0], dtype=torch.float64).reshape(2, 1, 1, 1)
    options = {"method": "ddim", "num_steps": num_steps, "clip_denoised": False, "noise": start}
    at_zero, at_one = DDPM().sample(perfect_eps, (2, 1, 1, 1), **options).flatten().tolist()
    times = [T * (num_steps - i) // num_steps - 1 for i in range(num_steps)]
    assert at_zero == pytest.approx(ddim_map(0.0, times), rel=0, abs=1e-12)
    assert at_one == pytest.approx(ddim_map(1.0, times), rel=0, abs=1e-12)
    # the exact flow keeps (x - mean_t) / std_t: what starts at x ends at MEAN + STD (x - mean_T) / std_T
    mean_end, std_end = math.sqrt(alpha_bar_at(999)) * MEAN, math.sqrt(1 - alpha_bar_at(999) * (1 - STD**2))
    assert abs(at_zero - (MEAN - STD * mean_end / std_end)) < tolerance
    assert abs((at_one - at_zero) - STD / std_end) < tolerance


# ---- loss ----


def test_loss_of_a_model_that_predicts_zero_is_one() -> None:
    images = randn(64, 3, 32, 32, dtype=torch.float32)
    generator = torch.Generator().manual_seed(0)
    loss = DDPM().loss(lambda x, t, labels: torch.zeros_like(x), images, generator=generator)
    # the mean of n squared standard normals has standard deviation sqrt(2 / n)
    assert abs(loss.item() - 1) < 4 * math.sqrt(2 / images.numel())


def test_loss_with_given_times_and_noise_equals_the_formula_by_hand() -> None:
    clean, noise, t = randn(5, 2, 3, 1, seed=1), randn(5, 2, 3, 1, seed=2), torch.tensor(TIMES)
    labels, model = torch.tensor([4, -1, 0, 2, 9]), Recorder(predict_by_label)
    loss = DDPM().loss(model, clean, labels, t=t, noise=noise)
    ((x_t, seen_t, seen_labels),) = model.calls
    assert seen_t.tolist() == TIMES
    assert seen_labels.tolist() == labels.tolist()
    total = 0.0
    for b, time in enumerate(TIMES):
        signal, sigma = math.sqrt(alpha_bar_at(time)), math.sqrt(1 - alpha_bar_at(time))
        for c, n, x in zip(*(values[b].flatten().tolist() for values in (clean, noise, x_t)), strict=True):
            assert x == pytest.approx(signal * c + sigma * n, rel=0, abs=1e-12)
            gain = labels[b].item() + 1
            prediction = (0.3 + 0.1 * gain) * math.tanh(x) + 0.2 * math.cos(time / 100 + gain)
            total += (prediction - n) ** 2
    assert loss.item() == pytest.approx(total / 30, rel=1e-12)


@pytest.mark.parametrize("t", TIMES)
def test_loss_of_the_perfect_model_is_the_variance_no_model_can_explain(t: int) -> None:
    # Var(noise | x_t) = alpha-bar std^2 / (alpha-bar std^2 + 1 - alpha-bar); the design makes the mean an expectation
    loss = DDPM().loss(perfect_eps, MEAN + STD * DESIGN_U, t=full(t), noise=DESIGN_V)
    alpha_bar = alpha_bar_at(t)
    expected = alpha_bar * STD**2 / (alpha_bar * STD**2 + 1 - alpha_bar)
    assert loss.item() == pytest.approx(expected, rel=1e-11)


def test_loss_is_zero_for_a_model_that_knows_the_only_image() -> None:
    image, ddpm = randn(1, 2, 3, 4), DDPM()

    def knows(x: Tensor, t: Tensor, labels: Tensor | None) -> Tensor:
        alpha_bar = torch.tensor([alpha_bar_at(int(time)) for time in t], dtype=torch.float64).reshape(-1, 1, 1, 1)
        return (x - alpha_bar.sqrt() * image) / (1 - alpha_bar).sqrt()

    generator = torch.Generator().manual_seed(0)
    assert ddpm.loss(knows, image.expand(64, 2, 3, 4), generator=generator).item() < 1e-20


def test_loss_draws_the_times_first_then_the_noise() -> None:
    images, model = randn(8, 1, 2, 2, dtype=torch.float32), Recorder(predict_by_label)
    loss = DDPM().loss(model, images, generator=torch.Generator().manual_seed(7))
    generator = torch.Generator().manual_seed(7)
    t, noise = torch.randint(1000, (8,), generator=generator), torch.randn(8, 1, 2, 2, generator=generator)
    ((x_t, seen_t, _),) = model.calls
    assert torch.equal(seen_t, t)
    assert_close(x_t, DDPM().add_noise(images, t, noise))
    assert_close(loss, ((predict_by_label(x_t, t, None) - noise) ** 2).mean(), rtol=1e-6)


def test_times_are_drawn_evenly_from_0_to_the_last_one() -> None:
    times = DDPM(10).sample_times(100_000, torch.Generator().manual_seed(0))
    counts = torch.bincount(times, minlength=10).tolist()
    assert len(counts) == 10
    # a count is binomial with mean 10,000 and standard deviation 95
    assert all(abs(count - 10_000) < 4 * math.sqrt(100_000 * 0.1 * 0.9) for count in counts)


# ---- sampling ----


@pytest.mark.parametrize(("method", "num_steps"), [("ddpm", None), ("ddpm", 7), ("ddim", 7)])
def test_sampling_is_reproducible_and_the_generators_first_draw_is_the_starting_noise(
    method: str, num_steps: int | None
) -> None:
    shape, model, ddpm = (2, 3, 4, 2), Recorder(predict_by_label), DDPM(20)
    options = {"method": method, "num_steps": num_steps}
    first, again = (ddpm.sample(model, shape, **options, generator=torch.Generator().manual_seed(11)) for _ in range(2))
    assert_close(again, first)
    assert_close(model.calls[0][0], torch.randn(shape, generator=torch.Generator().manual_seed(11)))
    other = ddpm.sample(model, shape, **options, generator=torch.Generator().manual_seed(12))
    assert (other - first).abs().max() > 0.1


@pytest.mark.parametrize("method", ["ddpm", "ddim"])
@pytest.mark.parametrize("num_steps", [1, 3, 19, 20])
def test_sample_steps_yields_every_state_and_ends_where_sample_ends(method: str, num_steps: int) -> None:
    ddpm, model, shape = DDPM(20), Recorder(predict_by_label), (2, 1, 3, 2)
    options = {"method": method, "num_steps": num_steps}
    states = list(ddpm.sample_steps(model, shape, **options, generator=torch.Generator().manual_seed(1)))
    times = [round(20 * (num_steps - i) / num_steps) - 1 for i in range(num_steps)]
    assert times[0] == 19
    assert [state.t for state in states] == [*times, -1]
    assert [t.tolist() for _, t, _ in model.calls] == [[time, time] for time in times]
    assert states[0].clean is None
    assert_close(states[-1].x, ddpm.sample(model, shape, **options, generator=torch.Generator().manual_seed(1)))
    for before, after in pairwise(states):
        t = full(int(before.t), 2)
        alpha_bar = schedule(20)[1][int(before.t)]
        eps = predict_by_label(before.x, t, None)
        clean = (before.x - math.sqrt(1 - alpha_bar) * eps) / math.sqrt(alpha_bar)
        assert_close(after.clean, clean.clamp(-1, 1), atol=1e-6)
    # the last state is the last predicted clean image
    assert_close(states[-1].x, states[-1].clean, atol=1e-6)


@pytest.mark.parametrize("method", ["ddpm", "ddim"])
def test_one_step_of_sampling_is_the_clean_image_predicted_from_pure_noise(method: str) -> None:
    noise = 0.02 * randn(2, 1, 3, 2)
    actual = DDPM().sample(perfect_eps, noise.shape, method=method, num_steps=1, clip_denoised=False, noise=noise)
    expected = torch.tensor([posterior_clean(x, 999) for x in noise.flatten().tolist()], dtype=torch.float64)
    assert_close(actual.flatten(), expected, atol=1e-11)


@pytest.mark.parametrize("method", ["ddpm", "ddim"])
@pytest.mark.parametrize("num_steps", [1, 10, 1000])
def test_a_model_that_knows_the_only_image_is_led_to_it(method: str, num_steps: int) -> None:
    image = randn(1, 2, 3, 4).clamp(-1, 1)

    def knows(x: Tensor, t: Tensor, labels: Tensor | None) -> Tensor:
        alpha_bar = alpha_bar_at(int(t[0]))
        return (x - math.sqrt(alpha_bar) * image) / math.sqrt(1 - alpha_bar)

    actual = DDPM().sample(knows, (1, 2, 3, 4), method=method, num_steps=num_steps, noise=randn(1, 2, 3, 4, seed=1))
    assert_close(actual, image, atol=1e-10)


def test_sampling_leaves_no_gradients_behind() -> None:
    weight = torch.ones((), requires_grad=True)
    images = DDPM(3).sample(lambda x, t, labels: weight * x, (1, 1, 2, 2))
    assert not images.requires_grad


# ---- guidance ----


@pytest.mark.parametrize("scale", [-1.0, 0.0, 0.5, 1.0, 3.0, 7.5])
def test_guided_prediction_is_uncond_plus_scale_times_cond_minus_uncond(scale: float) -> None:
    x, t, labels = randn(3, 1, 2, 2), torch.tensor([0, 500, 999]), torch.tensor([4, 0, -1])
    actual = guided_prediction(predict_by_label, x, t, labels, scale)
    for b in range(3):
        for index, value in enumerate(x[b].flatten().tolist()):
            uncond = 0.3 * math.tanh(value) + 0.2 * math.cos(t[b].item() / 100)
            gain = labels[b].item() + 1
            cond = (0.3 + 0.1 * gain) * math.tanh(value) + 0.2 * math.cos(t[b].item() / 100 + gain)
            expected = uncond + scale * (cond - uncond)
            assert actual[b].flatten()[index].item() == pytest.approx(expected, rel=0, abs=1e-13)


@pytest.mark.parametrize("method", ["ddpm", "ddim"])
@pytest.mark.parametrize(("scale", "labels_seen"), [(1.0, {(4, 2)}), (0.0, {(-1, -1)}), (3.0, {(4, 2), (-1, -1)})])
def test_guidance_one_costs_one_call_a_step_and_any_other_two(
    method: str, scale: float, labels_seen: set[tuple[int, ...]]
) -> None:
    model, labels = Recorder(predict_by_label), torch.tensor([4, 2])
    DDPM(6).sample(model, (2, 1, 2, 2), labels, method=method, guidance_scale=scale)
    assert len(model.calls) == 6 * len(labels_seen)
    assert {tuple(seen.tolist()) for _, _, seen in model.calls} == labels_seen
    model.calls.clear()
    DDPM(6).sample(model, (2, 1, 2, 2), method=method, guidance_scale=scale)
    assert [seen for _, _, seen in model.calls] == [None] * 6


@pytest.mark.parametrize("method", ["ddpm", "ddim"])
def test_guided_sampling_equals_sampling_from_the_guided_model(method: str) -> None:
    labels, scale = torch.tensor([4, 2]), 3.0

    def guided(x: Tensor, t: Tensor, _: Tensor | None) -> Tensor:
        return (1 - scale) * predict_by_label(x, t, full(-1, 2)) + scale * predict_by_label(x, t, labels)

    actual, expected = (
        DDPM(12).sample(
            model,
            (2, 1, 3, 2),
            labels,
            method=method,
            guidance_scale=guidance_scale,
            noise=randn(2, 1, 3, 2),
            generator=torch.Generator().manual_seed(2),
        )
        for model, guidance_scale in ((predict_by_label, scale), (guided, 1.0))
    )
    assert_close(actual, expected, atol=1e-10)


def test_dropped_labels_are_as_many_as_asked_and_the_others_stay() -> None:
    labels = torch.arange(100_000) % 10
    dropped = drop_labels(labels, 0.1, torch.Generator().manual_seed(0))
    gone = dropped == -1
    assert torch.equal(dropped[~gone], labels[~gone])
    assert abs(gone.double().mean().item() - 0.1) < 4 * math.sqrt(0.1 * 0.9 / 100_000)
    assert torch.equal(drop_labels(labels, 0.0), labels)
    assert torch.equal(labels, torch.arange(100_000) % 10)
