"""per_image, and what lesson 08 claims, against loops and closed forms; the watcher of DDPM.loss."""

import math

import pytest
import torch
from helpers import assert_close, randn

from course_lib import DDPM
from course_lib.ddpm import per_image
from course_lib.lessons.lesson08.ddpm_loss_watched import watched

MEAN, STD = 0.3, 0.4


@pytest.mark.parametrize("size", [(3, 8, 8), (1, 1, 1), (4, 2, 5), (4, 4, 4)])
@pytest.mark.parametrize("batch", [1, 4])
def test_per_image_scales_every_image_by_its_own_entry(batch, size):
    table, t, x = randn(9), torch.tensor([8, 0, 3, 3])[:batch], randn(batch, *size, seed=1)
    factors = per_image(table, t, x)
    assert factors.shape == (batch, 1, 1, 1)
    for b in range(batch):
        assert_close((factors * x)[b], table[int(t[b])].item() * x[b])


@pytest.mark.parametrize(("of_table", "of_images"), [(torch.float64, torch.float32), (torch.float32, torch.float64)])
def test_per_image_takes_type_and_device_from_the_images(of_table, of_images):
    table, t = torch.arange(5, dtype=of_table), torch.tensor([4, 1])
    assert per_image(table, t, torch.zeros(2, 1, 2, 2, dtype=of_images)).dtype == of_images
    on_meta = per_image(table, t.to("meta"), torch.zeros(2, 1, 2, 2, dtype=of_images, device="meta"))
    assert (on_meta.device.type, on_meta.dtype) == ("meta", of_images)


def test_alpha_bar_and_sigma2_are_one_and_zero_at_the_clean_image_and_the_schedule_elsewhere():
    ddpm, product = DDPM(20), 1.0
    alpha_bar, sigma2 = ddpm.alpha_bar_and_sigma2(torch.arange(-1, 20), torch.zeros(21, 1, 1, 1).double())
    assert (alpha_bar[0].item(), sigma2[0].item()) == (1.0, 0.0)
    for t in range(20):
        product *= 1 - (1e-4 + (0.02 - 1e-4) * t / 19)
        assert alpha_bar[t + 1].item() == pytest.approx(product, rel=1e-13)
        assert sigma2[t + 1].item() == pytest.approx(1 - product, rel=1e-11)


def test_noise_left_is_the_noise_that_was_added():
    ddpm, t = DDPM(), torch.tensor([0, 500, 999])
    clean, noise = randn(3, 2, 3, 4), randn(3, 2, 3, 4, seed=1)
    assert_close(ddpm.noise_left(ddpm.add_noise(clean, t, noise), t, clean), noise, atol=1e-11)


def test_image_and_noise_are_equally_strong_a_quarter_of_the_way():
    # log alpha-bar is nearly -(sum of the betas so far): 0.693 = b0 n + (b1 - b0) n^2 / 2000 has its root near 259
    slope = (0.02 - 1e-4) / 999
    root = (-1e-4 + math.sqrt(1e-8 + 2 * slope * math.log(2))) / slope
    half = int((DDPM().alphas_cumprod < 0.5).nonzero()[0])
    assert half == 259
    assert abs(half - root) < 3


def test_a_network_that_returns_its_input_has_the_loss_of_the_formula():
    # E (x_t - noise)^2 = alpha-bar E clean^2 + (sqrt(1 - alpha-bar) - 1)^2, a mean over independent clean and noise
    alpha_bar = DDPM().alphas_cumprod
    second_moment = MEAN**2 + STD**2
    expected = (alpha_bar * second_moment + ((1 - alpha_bar).sqrt() - 1) ** 2).mean().item()
    images = MEAN + STD * randn(20_000, 1, 2, 2)
    loss = DDPM().loss(lambda x, t, labels: x, images, generator=torch.Generator().manual_seed(0)).item()
    assert loss == pytest.approx(expected, rel=0.02)


def test_small_steps_of_the_lesson_have_the_moments_of_one_jump():
    from course_lib.lessons.lesson08.figures import small_steps

    ddpm, last = DDPM(40, 0.001, 0.1), 30
    clean = torch.full((1, 1, 300, 300), 0.8)
    walked = small_steps(ddpm, clean, last, torch.Generator().manual_seed(0))
    alpha_bar = float(ddpm.alphas_cumprod[last])
    assert float(walked.mean()) == pytest.approx(0.8 * math.sqrt(alpha_bar), abs=5 / 300)
    assert float(walked.std()) == pytest.approx(math.sqrt(1 - alpha_bar), rel=5 / 400)
    unfaded = small_steps(ddpm, clean, last, torch.Generator().manual_seed(0), fade=False)
    assert float(unfaded.var()) == pytest.approx(float(ddpm.betas[: last + 1].sum()), rel=0.03)


def test_weights_of_a_step_are_those_that_step_uses():
    from course_lib.lessons.lesson08.figures import weights_of_step

    ddpm = DDPM(12, 0.01, 0.3)
    t, zeros, ones = torch.arange(12), torch.zeros(12, 1, 1, 1).double(), torch.ones(12, 1, 1, 1).double()
    of_clean, of_x, spread = weights_of_step(ddpm)
    signal, sigma = (table.sqrt().reshape(-1, 1, 1, 1) for table in (ddpm.alphas_cumprod, 1 - ddpm.alphas_cumprod))
    # x_t = 1 with a predicted clean image of 0; x_t = 0 with one of 1; neither, with noise of 1
    for actual, expected in (
        (ddpm.step(ones, t, ones / sigma, zeros, clip_denoised=False), of_x),
        (ddpm.step(zeros, t, -signal * ones / sigma, zeros, clip_denoised=False), of_clean),
        (ddpm.step(zeros, t, zeros, ones, clip_denoised=False), spread),
    ):
        assert_close(actual.flatten(), expected, atol=1e-12)


def test_samples_of_the_perfect_network_have_a_spread_that_grows_with_the_steps_and_ddim_loses_less():
    from course_lib.lessons.lesson08.figures import perfect_noise

    ddpm = DDPM()
    start = torch.tensor([0.0, 1.0], dtype=torch.float64).reshape(2, 1, 1, 1)
    spreads = []
    for num_steps in (5, 20, 100):
        options = {"method": "ddim", "num_steps": num_steps, "clip_denoised": False, "noise": start}
        at_zero, at_one = ddpm.sample(perfect_noise(ddpm), (2, 1, 1, 1), **options).flatten().tolist()
        spreads.append(at_one - at_zero)
    assert spreads == sorted(spreads)
    assert spreads[-1] < 0.4
    noise = randn(1, 1, 300, 300)
    options = {"num_steps": 20, "clip_denoised": False, "noise": noise, "generator": torch.Generator().manual_seed(0)}
    assert ddpm.sample(perfect_noise(ddpm), noise.shape, **options).std() < spreads[1] - 0.01


def test_the_distance_between_samples_is_that_of_a_loop():
    from course_lib.lessons.lesson08.figures import kolmogorov_smirnov

    one, other = randn(30), 0.5 + randn(30, seed=1)
    places = torch.cat([one, other]).tolist()
    expected = max(abs(float((one <= x).double().mean() - (other <= x).double().mean())) for x in places)
    assert kolmogorov_smirnov(one, other) == pytest.approx(expected, abs=1e-7)


def test_the_watcher_of_loss_sees_calls_gradient_and_random_numbers():
    ddpm, seen = DDPM(10), watched(DDPM.loss)
    images, labels, t = randn(3, 1, 2, 2).float(), torch.tensor([4, -1, 0]), torch.tensor([0, 9, 4])
    noise, numbers = randn(3, 1, 2, 2, seed=1).float(), (0.5, 1.0, 0.3, 0.7)
    count, (x_t, times, given) = seen(ddpm, "calls", images, labels, numbers, None, t, noise)
    assert (count, times.tolist(), given.tolist()) == (1, [0, 9, 4], [4, -1, 0])
    assert_close(x_t, ddpm.add_noise(images, t, noise))
    # the prediction is gain * p, so d/dgain mean((gain p - noise)^2) = mean(2 (p - noise) p) at gain 1
    gradient = seen(ddpm, "gradient", images, labels, numbers, None, t, noise)
    from course_lib.checks.stand_ins import StandIn

    p = StandIn(numbers, images)(x_t, t, labels).detach()
    assert_close(gradient, (2 * (p - noise) * p).mean(), rtol=1e-5)
    assert seen(ddpm, "global", images, labels, numbers, None, t, noise) is False
    assert seen(ddpm, "global", images, labels, numbers, 3) is False
    assert seen(ddpm, "global", images, labels, numbers) is True
