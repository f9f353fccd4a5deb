"""What lesson 08 states, proven: the schedule, the jump, one step back."""

from unittest import mock

import torch

from course_lib import DDPM
from course_lib.ddpm import per_image
from course_lib.lessons.lesson08 import figures
from course_lib.lessons.lesson08.figures import real_images
from course_lib.lessons.shared.claims import claim

ALPHA_BAR = DDPM().alphas_cumprod


@claim("Variances add up, to ten.")
def the_noises_of_all_steps_add_up_to_ten() -> bool:
    return round(float(DDPM().betas.sum())) == 10


@claim(
    "After a quarter of the steps noise and image have the same weight.",
    "image and noise have the same weight at t = 259",
)
def the_weights_are_equal_at_259() -> bool:
    return int((ALPHA_BAR - 0.5).abs().argmin()) in (258, 259) and int((ALPHA_BAR < 0.5).nonzero()[0]) == 259


@claim("Ours have less, so the noise overtakes them earlier:")
def the_noise_overtakes_our_images_earlier() -> bool:
    variance = real_images(1000)[0].var()
    return variance < 0.5 and int((ALPHA_BAR * variance < 1 - ALPHA_BAR).nonzero()[0]) < 200


@claim("At t = 0 the noise's share is $1 - \\bar\\alpha_0 = \\beta_0$, exactly 0.0001.")
def the_first_share_of_noise_is_beta() -> bool:
    return abs(1 - float(ALPHA_BAR[0]) - 1e-4) < 1e-12


@claim("sigma / signal is 157 there", "At t = 999 there is nothing of this bag left, 0.6 % of its strength.")
def errors_are_157_times_as_large_at_the_end() -> bool:
    signal = float(ALPHA_BAR[-1].sqrt())
    return round((1 - signal**2) ** 0.5 / signal) == 157 and round(100 * signal, 1) == 0.6


@claim("Two bell curves; their product is a bell curve again.", "At t = 500 the clean image allows nearly anything")
def the_product_of_two_bells_is_the_formula() -> bool:
    with mock.patch.object(figures, "show"):
        return figures.plot_two_bells(DDPM()) < 1e-6


@claim("As long as nothing is clipped, that is the same:")
def the_papers_mean_is_ours() -> bool:
    generator = torch.Generator().manual_seed(0)
    x_t, eps = torch.randn(2, 5, 3, 4, 4, generator=generator, dtype=torch.float64)
    process, t = DDPM(), torch.tensor([0, 3, 90, 500, 999])
    beta, alpha_bar = per_image(process.betas, t, x_t), per_image(ALPHA_BAR, t, x_t)
    papers = (x_t - beta * eps / (1 - alpha_bar).sqrt()) / (1 - beta).sqrt()
    ours = process.step(x_t, t, eps, noise=torch.zeros_like(x_t), clip_denoised=False)
    return torch.allclose(ours, papers, atol=1e-9)


@claim("and eta = 1, from one time to the one before it and without clipping, is the ancestral step again")
def eta_1_is_the_ancestral_step() -> bool:
    generator = torch.Generator().manual_seed(0)
    x_t, eps, noise = torch.randn(3, 4, 3, 4, 4, generator=generator, dtype=torch.float64)
    process, t = DDPM(), torch.tensor([1, 40, 600, 999])
    one = process.ddim_step(x_t, t, t - 1, eps, eta=1.0, noise=noise, clip_denoised=False)
    return torch.allclose(one, process.step(x_t, t, eps, noise=noise, clip_denoised=False), atol=1e-9)


@claim("Two lazy networks", "Its loss is the mean of noise squared: 1.", "More than two thirds of the loss is gone")
def copying_the_input_is_a_third_of_the_loss() -> bool:
    images, labels = real_images(1000)
    losses = [
        float(DDPM().loss(lazy, images, labels, torch.Generator().manual_seed(0)))
        for lazy in (lambda x, t, labels: torch.zeros_like(x), lambda x, t, labels: x)
    ]
    return abs(losses[0] - 1) < 0.02 and losses[1] < 1 / 3
