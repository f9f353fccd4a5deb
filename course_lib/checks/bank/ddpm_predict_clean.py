"""Exercise DDPM.predict_clean (lesson 08)."""

import torch
from torch import Tensor

from course_lib.checks import ddpm_scenes as scenes
from course_lib.checks.exercise import Alternative, Exercise, Misconception, Property, mistakes_of
from course_lib.checks.scene import Scene
from course_lib.ddpm import DDPM, per_image

NAME = "predict_clean"


def arguments(scene: Scene, t: Tensor, size: tuple[int, int, int]) -> tuple:
    return scene.normal(len(t), *size), t, scene.normal(len(t), *size)


def without_noise(scene: Scene) -> None:
    """A prediction of no noise at all: x_t is a faded image, to be brought back to strength."""
    built = scenes.schedule(scene)
    x_t, t, eps = arguments(scene, torch.tensor([scenes.steps_of(built) // 2]), (1, 2, 2))
    scenes.tried(scene, built, NAME, (x_t, t, 0 * eps), "the clean image where no noise is predicted")


def takes_back_add_noise(scene: Scene) -> None:
    """Noisy images made with the true noise: the clean ones come back, unclipped."""
    built = scenes.schedule(scene)
    T = scenes.steps_of(built)
    t = scenes.distinct_times(scene, T, 1).expand(2).clone()
    clean, noise = 1.5 * scene.normal(2, *scenes.SIZE), scene.normal(2, *scenes.SIZE)
    x_t = DDPM(*built.args).add_noise(clean, t, noise)
    scenes.tried(scene, built, NAME, (x_t, t, noise), "the clean image where the noise is known")


# ---- right, written differently ----


def with_none(self: DDPM, x_t: Tensor, t: Tensor, eps: Tensor) -> Tensor:
    alpha_bar = self.alphas_cumprod[t].to(x_t.dtype)[:, None, None, None]
    return (x_t - torch.sqrt(1 - alpha_bar) * eps) / torch.sqrt(alpha_bar)


def two_coefficients(self: DDPM, x_t: Tensor, t: Tensor, eps: Tensor) -> Tensor:
    """As in the published code: sqrt(1 / alpha-bar) and sqrt(1 / alpha-bar - 1)."""
    alpha_bar = self.alphas_cumprod.to(x_t.device)
    recip, recip_minus_one = (1 / alpha_bar).sqrt(), (1 / alpha_bar - 1).sqrt()
    return per_image(recip, t, x_t) * x_t - per_image(recip_minus_one, t, x_t) * eps


def image_by_image(self: DDPM, x_t: Tensor, t: Tensor, eps: Tensor) -> Tensor:
    found = []
    for b, time in enumerate(t.tolist()):
        alpha_bar = self.alphas_cumprod[time].item()
        found.append((x_t[b] - (1 - alpha_bar) ** 0.5 * eps[b]) * alpha_bar**-0.5)
    return torch.stack(found)


def as_an_angle(self: DDPM, x_t: Tensor, t: Tensor, eps: Tensor) -> Tensor:
    angle = per_image(torch.arccos(self.alphas_cumprod.sqrt()), t, x_t)
    return x_t / angle.cos() - angle.tan() * eps


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


EXERCISES = (
    Exercise(
        name="DDPM.predict_clean",
        reference=DDPM,
        lesson="08",
        where="lesson 08, section 8.7; Ho et al. 2020, equation 15",
        properties=(
            scenes.shape_property(
                NAME,
                arguments,
                "a clean image comes back for each noisy one, of the same size",
                "A clean image has the shape of the noisy one. Each image has its own number from the schedule, in the "
                "shape (B, 1, 1, 1): per_image makes it.",
            ),
            Property(
                "strength_not_restored",
                "where no noise is predicted, the image is x_t brought back to full strength: divided by the root of "
                "alpha-bar",
                without_noise,
                "Without any noise, add_noise multiplies the image with sqrt(alpha-bar). To take that back, divide by "
                "the same number; your code does something else.",
            ),
            Property(
                "not_the_inverse",
                "add_noise is taken back: with the true noise, the clean image comes back, also where it leaves [-1, "
                "1]",
                takes_back_add_noise,
                "With the true noise, your code does not find the clean image again. Write x_t = signal * clean + "
                "sigma * noise, and solve for clean: subtract first, then divide all of it.",
            ),
            Property(
                "another_formula",
                "the clean image is (x_t - sigma eps) / signal",
                scenes.one_time(NAME, arguments),
                "The formula is another one: (x_t - sqrt(1 - alpha-bar) eps) / sqrt(alpha-bar).",
            ),
            scenes.own_times_property(NAME, arguments),
            Property(
                "ends_of_time",
                "the first and the last time are times like the others",
                scenes.edges(NAME, arguments, 0, 1, -2, -1),
                "In the middle of time your numbers are right, at its ends they are not. No time is special here.",
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
            returns(
                "never_divided",
                "x_t - sigma * eps",
                "The noise is gone, and the image is still faded: divide by signal, sqrt(alpha-bar).",
            ),
            returns(
                "only_x_t_divided",
                "x_t / signal - sigma * eps",
                "You divide x_t and not the noise. All of x_t - sigma * eps was faded: put brackets around it.",
            ),
            returns(
                "only_the_noise_divided",
                "x_t - sigma * eps / signal",
                "You divide the noise and not x_t. All of x_t - sigma * eps was faded: put brackets around it.",
            ),
            returns(
                "multiplied_instead_of_divided",
                "(x_t - sigma * eps) * signal",
                "You multiply by signal, and the image fades once more. To take a multiplication back, divide.",
            ),
            returns(
                "noise_added",
                "(x_t + sigma * eps) / signal",
                "You add the noise a second time. To take it away, subtract.",
            ),
            returns(
                "noise_unscaled",
                "(x_t - eps) / signal",
                "You subtract eps at full strength. Only sigma times the noise was added: sqrt(1 - alpha-bar) * eps.",
            ),
            returns(
                "eps_subtracted_only",
                "x_t - eps",
                "You subtract eps and are done. What was added is sigma * eps, and the image was faded as well.",
            ),
            returns(
                "divided_by_sigma",
                "(x_t - signal * eps) / sigma",
                "The weights have changed places: signal belongs to the image, sigma to the noise.",
            ),
            returns(
                "solved_for_the_noise",
                "(x_t - sigma * eps) / sigma",
                "You divide by sigma, the weight of the noise. What is left after the subtraction is signal * clean.",
            ),
            returns(
                "noise_returned",
                "eps",
                "You return the noise as it was predicted. The clean image is what is left of x_t without it.",
            ),
            returns(
                "x_t_returned",
                "x_t",
                "You return x_t. Take the predicted noise out of it, and bring the rest back to strength.",
            ),
            returns(
                "eps_forgotten",
                "x_t / signal",
                "You bring x_t to full strength with its noise still in it. First subtract sigma * eps.",
            ),
            returns(
                "clipped",
                "((x_t - sigma * eps) / signal).clamp(-1, 1)",
                "You clip to [-1, 1]. That is up to whoever asks (step has an argument for it): here the prediction "
                "comes back as it is.",
            ),
            weights(
                "no_roots",
                ALPHA_BAR,
                f"1 - {ALPHA_BAR}",
                "The roots are missing: add_noise multiplied with sqrt(alpha-bar) and sqrt(1 - alpha-bar).",
            ),
            mistake(
                "divided_by_alpha_bar",
                "You divide by alpha-bar itself. The image had been multiplied with its root.",
                (SIGNAL, f"signal = {ALPHA_BAR}"),
            ),
            mistake(
                "no_root_on_the_noise",
                "The root on 1 - alpha-bar is missing: that is the variance of the noise, its weight is the root.",
                (SIGMA, f"sigma = 1 - {ALPHA_BAR}"),
            ),
            mistake(
                "one_minus_the_root",
                "The noise's weight is 1 - sqrt(alpha-bar) in your code. First subtract, then take the root.",
                (SIGMA, "sigma = 1 - signal"),
            ),
            weights(
                "one_small_step",
                "(1 - per_image(self.betas, t, x_t)).sqrt()",
                "per_image(self.betas, t, x_t).sqrt()",
                "You take back one small step, with beta_t. All steps up to t lie between x_t and the clean image: "
                "alphas_cumprod.",
            ),
            weights(
                "mean_of_the_step",
                "(1 - per_image(self.betas, t, x_t)).sqrt()",
                "per_image(self.betas / (1 - self.alphas_cumprod).sqrt(), t, x_t)",
                "This is the mean of one step back (Ho et al., equation 11), not the clean image. The clean image is "
                "the end of the way: equation 15.",
            ),
            weights(
                "mixed_alpha",
                "(1 - per_image(self.betas, t, x_t)).sqrt()",
                "per_image(1 - self.alphas_cumprod, t, x_t).sqrt()",
                "You divide by the root of alpha_t, one step's. The image has faded through all steps: alpha-bar.",
            ),
            at_times(
                "one_step_late",
                "(t + 1).clamp(max=self.num_timesteps - 1)",
                "You are one step late, at t + 1. alphas_cumprod[t] is the number add_noise used.",
            ),
            at_times(
                "one_step_early",
                "(t - 1).clamp(min=0)",
                "You are one step early, at t - 1. alphas_cumprod[t] is the number add_noise used.",
            ),
            at_times(
                "one_step_early_round_the_end",
                "(t - 1) % self.num_timesteps",
                "You look at t - 1, which is -1 at t = 0: in Python the *last* entry. alphas_cumprod[t] is the number "
                "add_noise used.",
            ),
            at_times(
                "time_reversed",
                "self.num_timesteps - 1 - t",
                "Time runs backwards in your code: t = 0 is nearly clean, t = T-1 is noise.",
            ),
            at_times(
                "first_time_for_all",
                "t[:1].expand(len(t))",
                "All images are treated at the time of the first. Each has a time of its own.",
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
                "((x_t - sigma * eps) / signal).detach()",
                "The values are right and no gradient flows back: .detach() (or .data, or no_grad) cuts the result "
                "from x_t and eps.",
            ),
        ),
        alternatives=(
            Alternative("with_none", with_none),
            Alternative("two_coefficients", two_coefficients),
            Alternative("image_by_image", image_by_image),
            Alternative("as_an_angle", as_an_angle),
        ),
    ),
)
