"""Exercise DDPM.add_noise (lesson 08)."""

import torch
from torch import Tensor

from course_lib.checks import ddpm_scenes as scenes
from course_lib.checks.exercise import Alternative, Exercise, Misconception, Property, mistakes_of
from course_lib.checks.scene import Scene
from course_lib.ddpm import DDPM, per_image

NAME = "add_noise"


def arguments(scene: Scene, t: Tensor, size: tuple[int, int, int]) -> tuple:
    return scene.normal(len(t), *size), t, scene.normal(len(t), *size)


def image_alone(scene: Scene) -> None:
    """Without noise: how much of the image is left. Then the noise by itself."""
    built = scenes.schedule(scene)
    clean, t, noise = arguments(scene, torch.tensor([scenes.steps_of(built) // 2]), (1, 2, 2))
    scenes.tried(scene, built, NAME, (clean, t, 0 * noise), "what is left of the image")
    scenes.tried(scene, built, NAME, (0 * clean, t, noise), "the noise that is added")


def not_limited(scene: Scene) -> None:
    built = scenes.schedule(scene)
    clean, t, noise = arguments(scene, scenes.distinct_times(scene, scenes.steps_of(built), 3), scenes.SIZE)
    scenes.tried(scene, built, NAME, (20 * clean, t, 20 * noise))


# ---- right, written differently ----


def with_none(self: DDPM, clean: Tensor, t: Tensor, noise: Tensor) -> Tensor:
    alpha_bar = self.alphas_cumprod[t].to(clean.dtype)[:, None, None, None]
    return torch.sqrt(alpha_bar) * clean + torch.sqrt(1 - alpha_bar) * noise


def image_by_image(self: DDPM, clean: Tensor, t: Tensor, noise: Tensor) -> Tensor:
    noisy = []
    for image, time, added in zip(clean, t.tolist(), noise, strict=True):
        alpha_bar = float(self.alphas_cumprod[time])
        noisy.append(alpha_bar**0.5 * image + (1 - alpha_bar) ** 0.5 * added)
    return torch.stack(noisy)


def product_of_small_steps(self: DDPM, clean: Tensor, t: Tensor, noise: Tensor) -> Tensor:
    """alpha-bar multiplied out of the betas."""
    products = torch.stack([(1 - self.betas[: int(time) + 1]).prod() for time in t])
    alpha_bar = products.to(clean.dtype).reshape(-1, 1, 1, 1)
    return alpha_bar.sqrt() * clean + (1 - alpha_bar).sqrt() * noise


def as_an_angle(self: DDPM, clean: Tensor, t: Tensor, noise: Tensor) -> Tensor:
    angle = per_image(torch.arccos(self.alphas_cumprod.sqrt()), t, clean)
    return angle.cos() * clean + angle.sin() * noise


def by_einsum(self: DDPM, clean: Tensor, t: Tensor, noise: Tensor) -> Tensor:
    signal = self.alphas_cumprod[t].sqrt().to(clean)
    sigma = (1 - self.alphas_cumprod[t]).sqrt().to(clean)
    return torch.einsum("b,bchw->bchw", signal, clean) + torch.einsum("b,bchw->bchw", sigma, noise)


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


EXERCISES = (
    Exercise(
        name="DDPM.add_noise",
        reference=DDPM,
        lesson="08",
        where="lesson 08, section 8.4; Ho et al. 2020, equation 4",
        properties=(
            scenes.shape_property(
                NAME,
                arguments,
                "the noisy images are as many and as large as the clean ones",
                "Noisy images have the shape of clean ones. Each image has its own number from the schedule, in the "
                "shape (B, 1, 1, 1): per_image makes it.",
            ),
            Property(
                "other_weights",
                "the root of alpha-bar is left of the image, and the root of 1 - alpha-bar is the strength of the "
                "noise",
                image_alone,
                "Your weights for image and noise are others than equation 4's. Both are roots, of alpha-bar and of "
                "1 - alpha-bar at time t: their squares sum to one.",
            ),
            Property(
                "not_the_sum",
                "image and noise, each with its weight, are added",
                scenes.one_time(NAME, arguments),
                "Image alone and noise alone are right, and together they are not. They are added, nothing else.",
            ),
            scenes.own_times_property(NAME, arguments),
            Property(
                "ends_of_time",
                "the first and the last time are times like the others: one step of noise at t = 0",
                scenes.edges(NAME, arguments, 0, 1, -2, -1),
                "In the middle of time your numbers are right, at its ends they are not. t = 0 has one step of noise "
                "already, and t = T-1 still a trace of the image: no case is special.",
            ),
            Property(
                "limited",
                "nothing is clipped, however large the numbers",
                not_limited,
                "Large values are cut off or squashed in your code. Noise has no limits, and x_t must keep all of it.",
            ),
            Property(
                "the_papers_schedule",
                "it holds for the schedule of the paper with its thousand steps",
                scenes.default_schedule(NAME, arguments),
            ),
            scenes.lone_image(NAME, arguments),
            scenes.type_of_the_images(NAME, arguments),
            scenes.gradients(NAME, arguments),
            scenes.any_device(NAME, arguments),
            scenes.seeds_left_alone(NAME, arguments),
        ),
        misconceptions=(
            weights(
                "no_roots",
                ALPHA_BAR,
                f"1 - {ALPHA_BAR}",
                "The roots are missing. alpha-bar and 1 - alpha-bar are *variances*; what multiplies an image is a "
                "spread, the root. Without roots the noisy image shrinks in the middle of time.",
            ),
            mistake(
                "no_root_on_the_image",
                "You multiply the image with alpha-bar itself. It is a variance: take the root, as you do for the "
                "noise.",
                (SIGNAL, f"signal = {ALPHA_BAR}"),
            ),
            mistake(
                "no_root_on_the_noise",
                "You multiply the noise with 1 - alpha-bar itself. It is a variance; noise of that variance is "
                "multiplied by its root.",
                (SIGMA, f"sigma = 1 - {ALPHA_BAR}"),
            ),
            mistake(
                "one_minus_the_root",
                "The noise's weight is 1 - sqrt(alpha-bar) in your code. First subtract, then take the root: "
                "sqrt(1 - alpha-bar). The *squares* of the two weights sum to one.",
                (SIGMA, "sigma = 1 - signal"),
            ),
            weights(
                "weights_exchanged",
                f"(1 - {ALPHA_BAR}).sqrt()",
                f"{ALPHA_BAR}.sqrt()",
                "You exchanged the two weights. Early, alpha-bar is nearly 1, and nearly all of the *image* is there.",
            ),
            weights(
                "one_small_step",
                "(1 - per_image(self.betas, t, clean)).sqrt()",
                "per_image(self.betas, t, clean).sqrt()",
                "You used beta_t: that is one small step, from t - 1 to t. The jump from the clean image needs the "
                "product of all steps so far, alpha-bar: self.alphas_cumprod.",
            ),
            weights(
                "one_small_step_without_roots",
                "1 - per_image(self.betas, t, clean)",
                "per_image(self.betas, t, clean)",
                "You used beta_t, and without roots. The jump needs the roots of alpha-bar and of 1 - alpha-bar.",
            ),
            mistake(
                "noise_of_one_step",
                "Your image has gone through all steps, and your noise only through the last: its weight is "
                "sqrt(beta_t). After the jump it is sqrt(1 - alpha-bar_t).",
                (SIGMA, "sigma = per_image(self.betas, t, clean).sqrt()"),
            ),
            weights(
                "straight_line",
                "1 - (t.to(clean.dtype) / self.num_timesteps).reshape(-1, 1, 1, 1)",
                "(t.to(clean.dtype) / self.num_timesteps).reshape(-1, 1, 1, 1)",
                "You mix along a straight line, 1 - t/T and t/T. That is flow matching, lesson 09. DDPM's weights come "
                "from the schedule.",
            ),
            weights(
                "product_multiplied_again",
                "per_image(self.alphas_cumprod.cumprod(0), t, clean).sqrt()",
                "per_image(1 - self.alphas_cumprod.cumprod(0), t, clean).sqrt()",
                "You multiply up alphas_cumprod once more. It is the product already.",
            ),
            weights(
                "schedule_squared",
                ALPHA_BAR,
                f"(1 - {ALPHA_BAR} ** 2).sqrt()",
                "You treat alphas_cumprod as if it were the root already. The image's weight is its root.",
            ),
            returns(
                "noise_subtracted",
                "signal * clean - sigma * noise",
                "You subtract the noise. It would look the same, and the network would be asked for the noise with the "
                "wrong sign.",
            ),
            returns(
                "noise_unscaled",
                "signal * clean + noise",
                "The noise is added at full strength, whatever the time. Its weight is sqrt(1 - alpha-bar).",
            ),
            returns(
                "image_unscaled",
                "clean + sigma * noise",
                "The image keeps its full strength. It fades, with sqrt(alpha-bar), so that the variance stays that of "
                "the data and not more.",
            ),
            returns(
                "image_forgotten",
                "sigma * noise",
                "Only noise comes back. The image, faded, is the other half of the sum.",
            ),
            returns(
                "noise_forgotten",
                "signal * clean",
                "Only the faded image comes back. The noise, with its weight, has to be added.",
            ),
            returns(
                "noise_drawn_anew",
                "signal * clean + sigma * torch.randn_like(clean)",
                "You draw noise of your own and ignore the noise you were given. The loss compares the prediction with "
                "*that* noise, so it has to be the one that was added.",
            ),
            returns(
                "weights_summed_first",
                "(signal + sigma) * (clean + noise)",
                "You multiply the sum of the weights with the sum of image and noise. Each has its own weight.",
            ),
            returns(
                "one_weight_for_both",
                "signal * (clean + noise)",
                "Image and noise get the same weight. As the image fades, the noise has to grow.",
            ),
            returns(
                "root_of_the_sum",
                f"({ALPHA_BAR} * clean + (1 - {ALPHA_BAR}) * noise).sqrt()",
                "You take the root of the whole sum, which is NaN wherever it is negative. The roots belong on the two "
                "weights.",
            ),
            returns(
                "clipped",
                "(signal * clean + sigma * noise).clamp(-1, 1)",
                "You clip to [-1, 1]. Noise is often larger than that, and clipped noise is not Gaussian any more: "
                "only clean images lie in [-1, 1].",
            ),
            returns(
                "both_returned",
                "signal * clean + sigma * noise, noise",
                "You return two things. Whoever calls add_noise has the noise already: only x_t goes back.",
            ),
            returns(
                "normalised",
                "(signal * clean + sigma * noise) / (signal + sigma)",
                "You divide by the sum of the weights, as for a mean. These weights are chosen so that their *squares* "
                "sum to one; nothing is to be divided.",
            ),
            at_times(
                "one_step_late",
                "(t + 1).clamp(max=self.num_timesteps - 1)",
                "You are one step late, at t + 1. The paper counts from 1; here t = 0 is the first step, and "
                "alphas_cumprod[0] belongs to it.",
            ),
            at_times(
                "one_step_early",
                "(t - 1).clamp(min=0)",
                "You are one step early, at t - 1. alphas_cumprod[t] includes step t already.",
            ),
            at_times(
                "one_step_early_round_the_end",
                "(t - 1) % self.num_timesteps",
                "You look at t - 1, which is -1 at t = 0: in Python the *last* entry, so the first step would be pure "
                "noise. alphas_cumprod[t] includes step t already.",
            ),
            at_times(
                "time_reversed",
                "self.num_timesteps - 1 - t",
                "Time runs backwards in your code: t = 0 is nearly clean, t = T-1 is noise.",
            ),
            at_times(
                "first_time_for_all",
                "t[:1].expand(len(t))",
                "All images are noised to the time of the first. Each has a time of its own.",
            ),
            at_times(
                "largest_time_for_all",
                "t.max().expand(len(t))",
                "All images are noised to the latest time of the batch. Each has a time of its own.",
            ),
            shaped(
                "no_axes_behind",
                "",
                "Your weights have the shape (B,), and meet the *width* of the images. They need three axes of length "
                "one behind: per_image.",
            ),
            shaped(
                "along_the_channels",
                "[:, None, None]",
                "Your weights have the shape (B, 1, 1), and meet the *channels*. One more axis: per_image gives "
                "(B, 1, 1, 1).",
            ),
            weights(
                "type_of_the_schedule",
                "self.alphas_cumprod[t].sqrt()[:, None, None, None]",
                "(1 - self.alphas_cumprod[t]).sqrt()[:, None, None, None]",
                "Right numbers, in float64: the schedule's type won over the images'. The network takes float32. "
                "per_image brings each number to the images' type.",
            ),
            returns(
                "cut_from_its_past",
                "(signal * clean + sigma * noise).detach()",
                "The values are right and no gradient flows back: .detach() (or .data, or no_grad) cuts the result "
                "from the image.",
            ),
        ),
        alternatives=(
            Alternative("with_none", with_none),
            Alternative("image_by_image", image_by_image),
            Alternative("product_of_small_steps", product_of_small_steps),
            Alternative("as_an_angle", as_an_angle),
            Alternative("einsum", by_einsum),
        ),
    ),
)
