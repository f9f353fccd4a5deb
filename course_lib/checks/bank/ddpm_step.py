"""Exercise DDPM.step (lesson 08)."""

import torch
from torch import Tensor

from course_lib.checks import ddpm_scenes as scenes
from course_lib.checks.exercise import Alternative, Exercise, Misconception, Property, mistakes_of
from course_lib.checks.guard import Failure
from course_lib.checks.scene import PropertyEnds, Scene
from course_lib.ddpm import DDPM, per_image

NAME = "step"


def arguments(scene: Scene, t: Tensor, size: tuple[int, int, int]) -> tuple:
    """Small images, so that next to nothing is clipped, and noise at full strength."""
    x_t, eps, noise = (scene.normal(len(t), *size) for _ in range(3))
    return 0.2 * x_t, t, 0.2 * eps, noise


def unclipped(scene: Scene, t: Tensor, size: tuple[int, int, int]) -> tuple:
    x_t, _, eps, noise = arguments(scene, t, size)
    return 4 * x_t, t, 4 * eps, noise, False


def middle(scene: Scene, T: int, batch: int = 1) -> Tensor:
    return torch.full((batch,), scene.pick(T // 2, T // 3))


def mean_alone(scene: Scene) -> None:
    built = scenes.schedule(scene)
    x_t, t, eps, noise, clip = unclipped(scene, middle(scene, scenes.steps_of(built)), (1, 2, 2))
    scenes.tried(scene, built, NAME, (x_t, t, eps, 0 * noise, clip), "the mean (the noise is zero)")


def noise_alone(scene: Scene) -> None:
    """x_t and eps of zero, so that only the noise is left."""
    built = scenes.schedule(scene)
    x_t, t, eps, noise, clip = unclipped(scene, middle(scene, scenes.steps_of(built)), (1, 2, 2))
    scenes.tried(scene, built, NAME, (0 * x_t, t, 0 * eps, noise, clip), "what the noise adds")


def clipping(scene: Scene) -> None:
    """Predictions far outside [-1, 1]: clipped by default and if asked for, otherwise not."""
    built = scenes.schedule(scene)
    x_t, t, eps, noise, _ = unclipped(scene, middle(scene, scenes.steps_of(built), 2), scenes.SIZE)
    scenes.tried(scene, built, NAME, (2 * x_t, t, eps, noise), "the result, where much is clipped")
    scenes.tried(scene, built, NAME, (2 * x_t, t, eps, noise, True), "the result, where much is clipped")
    scenes.tried(scene, built, NAME, (2 * x_t, t, eps, noise, False), "the result, where nothing is clipped")


def last_step(scene: Scene) -> None:
    """At t = 0 the clean image comes out, without any noise; for some images of a batch, and for all."""
    built = scenes.schedule(scene)
    T = scenes.steps_of(built)
    for times in ([0, 0], [T // 2, 0, 2, 0, 1], [0, T // 2]):
        x_t, t, eps, noise, clip = unclipped(scene, torch.tensor(times), scenes.SIZE)
        scenes.tried(scene, built, NAME, (x_t, t, eps, noise, clip))


def noise_of_its_own(scene: Scene) -> None:
    """Where none is given, noise of the right strength is drawn, new each time, one draw a pixel."""
    built = scenes.schedule(scene)
    T = scenes.steps_of(built)
    t, zeros = torch.tensor([T // 2, 0]), torch.zeros(2, 3, 40, 40)
    draws = []
    for seed in (1, 2):
        value = scene.handle.call(built.constructed.key, (zeros, t, zeros), {}, method=NAME, seed=seed)
        given = f"images of zeros at t = {t.tolist()}, no noise given"
        if isinstance(value, Failure) or not isinstance(value, Tensor) or value.shape != zeros.shape:
            scene.see("the result", value, given)
            raise PropertyEnds
        draws.append(value.double())
    spread = (DDPM(*built.args).step(zeros[:1], t[:1], zeros[:1], torch.ones_like(zeros[:1])))[0, 0, 0, 0].item()
    first = draws[0][0].flatten() / spread
    scene.see("whether every pixel has its own", bool(first.std() > 1e-3), given)
    scene.see(
        "whether the noise has the right spread", bool((first.std() - 1).abs() < 6 / (2 * len(first)) ** 0.5), given
    )
    scene.see("whether every call draws anew", not torch.equal(draws[0][0], draws[1][0]), given)
    scene.see("whether there is none at t = 0", bool((draws[0][1].abs() < 1e-6).all()), given)


# ---- right, written differently ----


def clean_of(self: DDPM, x_t: Tensor, t: Tensor, eps: Tensor, clip: bool) -> Tensor:
    alpha_bar = self.alphas_cumprod.to(x_t.dtype)[t][:, None, None, None]
    clean = (x_t - (1 - alpha_bar).sqrt() * eps) / alpha_bar.sqrt()
    return clean.clip(-1, 1) if clip else clean


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


def by_ddim(
    self: DDPM, x_t: Tensor, t: Tensor, eps: Tensor, noise: Tensor | None = None, clip_denoised: bool = True
) -> Tensor:
    """DDIM's step with eta = 1, once eps fits the clipped clean image."""
    clean = self.predict_clean(x_t, t, eps)
    clean = clean.clamp(min=-1, max=1) if clip_denoised else clean
    return self.ddim_step(x_t, t, t - 1, self.noise_left(x_t, t, clean), 1.0, noise, clip_denoised=False)


# ---- wrong ----

CLIP = "if clip_denoised:"
CLAMP = "clean = clean.clamp(-1, 1)"
EARLIER = "alpha_bar_prev, sigma2_prev = self.alpha_bar_and_sigma2(t - 1, x_t)"
BETA = "beta = per_image(self.betas, t, x_t)"
MEAN = "mean = (alpha_bar_prev.sqrt() * beta * clean + (1 - beta).sqrt() * sigma2_prev * x_t) / sigma2"
VARIANCE = "variance = beta * sigma2_prev / sigma2"
DRAW = "noise = fresh_noise(x_t, None)"
RESULT = "return mean + variance.sqrt() * noise"
NOT_LAST = "(t > 0).to(x_t.dtype).reshape(-1, 1, 1, 1)"


mistake = mistakes_of(DDPM.step)


def returns(name: str, value: str, sentence: str) -> Misconception:
    return mistake(name, sentence, (RESULT, f"return {value}"))


def mean_is(name: str, value: str, sentence: str) -> Misconception:
    return mistake(name, sentence, (MEAN, f"mean = {value}"))


def variance_is(name: str, value: str, sentence: str) -> Misconception:
    return mistake(name, sentence, (VARIANCE, f"variance = {value}"))


def earlier_is(name: str, value: str, sentence: str) -> Misconception:
    return mistake(name, sentence, (EARLIER, f"alpha_bar_prev, sigma2_prev = {value}"))


PREVIOUS = "(per_image(self.alphas_cumprod, {0}, x_t), per_image(1 - self.alphas_cumprod, {0}, x_t))"

EXERCISES = (
    Exercise(
        name="DDPM.step",
        reference=DDPM,
        lesson="08",
        where="lesson 08, section 8.8; Ho et al. 2020, equations 6 and 7",
        properties=(
            scenes.shape_property(
                NAME,
                arguments,
                "the images one step earlier have the shape of x_t",
                "The shape of x_t is lost. Each image's own number from the schedule needs the shape (B, 1, 1, 1).",
            ),
            Property(
                "another_mean",
                "the mean is that of equation 7: the clean image and x_t, each with its weight",
                mean_alone,
                "With noise of zero your result is not the mean of equation 7: sqrt(alpha-bar_prev) beta / (1 - "
                "alpha-bar) of the clean image, and sqrt(1 - beta) (1 - alpha-bar_prev) / (1 - alpha-bar) of x_t.",
            ),
            Property(
                "another_strength_of_noise",
                "the noise has the variance beta (1 - alpha-bar_prev) / (1 - alpha-bar), beta-tilde",
                noise_alone,
                "The mean is right, and the noise has another strength: the root of beta-tilde, beta times "
                "(1 - alpha-bar_prev) / (1 - alpha-bar).",
            ),
            Property(
                "not_the_sum",
                "mean and noise are added",
                scenes.one_time(NAME, unclipped),
                "Mean and noise are right, each by itself, and together they are not.",
            ),
            Property(
                "another_clipping",
                "the predicted clean image is clipped to [-1, 1] first, by default, and not at all with "
                "clip_denoised=False",
                clipping,
                "Where nothing needs clipping your step is right, and elsewhere not: clip the predicted *clean* image "
                "to [-1, 1], before anything else is made of it, and only if clip_denoised.",
            ),
            Property(
                "another_last_step",
                "at t = 0 the predicted clean image comes out, exactly, with no noise; whatever the others' times are",
                last_step,
                "At t = 0 something else comes out than the predicted clean image. Nothing lies before the first step: "
                "alpha-bar is 1 there, 1 - alpha-bar is 0, and so is the variance.",
            ),
            scenes.own_times_property(NAME, arguments),
            Property(
                "ends_of_time",
                "the first and the last time are right",
                scenes.edges(NAME, arguments, 0, 1, 2, -2, -1),
                "In the middle of time your step is right, at its ends it is not.",
            ),
            Property(
                "the_papers_schedule",
                "it holds for the schedule of the paper with its thousand steps",
                scenes.default_schedule(NAME, arguments),
            ),
            Property(
                "noise_not_drawn",
                "where no noise is given, it is drawn: one draw a pixel, new at each call, none at t = 0",
                noise_of_its_own,
                "With noise given your step is right, and without it is not: draw standard normal noise in the shape "
                "of x_t where noise is None.",
            ),
            scenes.lone_image(NAME, arguments),
            scenes.type_of_the_images(NAME, arguments),
            scenes.gradients(NAME, arguments),
            scenes.any_device(NAME, arguments),
            scenes.seeds_left_alone(NAME, arguments),
        ),
        misconceptions=(
            # the mean
            returns(
                "clean_image_returned",
                "clean",
                "You return the clean image, all the way at once. One step goes from t to t - 1: most of x_t stays.",
            ),
            mean_is(
                "weights_exchanged",
                "((1 - beta).sqrt() * sigma2_prev * clean + alpha_bar_prev.sqrt() * beta * x_t) / sigma2",
                "The two weights have changed places. Late in time x_t has nearly all the weight, the clean image "
                "hardly any: one step does not do much.",
            ),
            mean_is(
                "alpha_bar_of_now",
                "((1 - sigma2).sqrt() * beta * clean + (1 - beta).sqrt() * sigma2_prev * x_t) / sigma2",
                "The clean image's weight has alpha-bar at t in your code. Where the step *arrives*, at t - 1, that "
                "much of the image is there: alpha-bar_prev.",
            ),
            mean_is(
                "no_root_on_alpha_bar",
                "(alpha_bar_prev * beta * clean + (1 - beta).sqrt() * sigma2_prev * x_t) / sigma2",
                "A root is missing: the clean image's weight contains sqrt(alpha-bar_prev).",
            ),
            mean_is(
                "no_root_on_alpha",
                "(alpha_bar_prev.sqrt() * beta * clean + (1 - beta) * sigma2_prev * x_t) / sigma2",
                "A root is missing: the weight of x_t contains sqrt(1 - beta).",
            ),
            mean_is(
                "neither_root",
                "(alpha_bar_prev * beta * clean + (1 - beta) * sigma2_prev * x_t) / sigma2",
                "Both roots are missing in the mean: sqrt(alpha-bar_prev) and sqrt(1 - beta).",
            ),
            mean_is(
                "root_of_alpha_bar_for_alpha",
                "(alpha_bar_prev.sqrt() * beta * clean + (1 - sigma2).sqrt() * sigma2_prev * x_t) / sigma2",
                "The weight of x_t has sqrt(alpha-bar) in your code. It is one step's alpha there: sqrt(1 - beta_t).",
            ),
            mean_is(
                "beta_root_taken",
                "(alpha_bar_prev.sqrt() * beta.sqrt() * clean + (1 - beta).sqrt() * sigma2_prev * x_t) / sigma2",
                "beta stands in the mean as it is, without a root.",
            ),
            mean_is(
                "divided_by_the_spread",
                "(alpha_bar_prev.sqrt() * beta * clean + (1 - beta).sqrt() * sigma2_prev * x_t) / sigma2.sqrt()",
                "You divide by sqrt(1 - alpha-bar). Both weights are fractions of *variances*: divide by "
                "1 - alpha-bar.",
            ),
            mean_is(
                "never_divided",
                "alpha_bar_prev.sqrt() * beta * clean + (1 - beta).sqrt() * sigma2_prev * x_t",
                "The division by 1 - alpha-bar is missing in the mean.",
            ),
            mean_is(
                "only_x_divided",
                "alpha_bar_prev.sqrt() * beta * clean + (1 - beta).sqrt() * sigma2_prev * x_t / sigma2",
                "Only the second term is divided by 1 - alpha-bar. Both are: mind the brackets.",
            ),
            mean_is(
                "noise_variance_of_now",
                "(alpha_bar_prev.sqrt() * beta * clean + (1 - beta).sqrt() * sigma2 * x_t) / sigma2",
                "The weight of x_t has 1 - alpha-bar at t in your code, which then cancels. It is 1 - alpha-bar *one "
                "step earlier*.",
            ),
            mean_is(
                "noise_taken_out_at_once",
                "(x_t - sigma2.sqrt() * eps) / (1 - beta).sqrt()",
                "You take out all of the noise in one step. One step takes out beta / sqrt(1 - alpha-bar) of eps.",
            ),
            mean_is(
                "small_step_reversed",
                "(x_t - beta.sqrt() * eps) / (1 - beta).sqrt()",
                "You solve one small noising step for x_{t-1}, as if eps were the noise of this step alone. It is the "
                "noise of all steps together: equation 7 says what follows for one.",
            ),
            mean_is(
                "noised_again",
                "alpha_bar_prev.sqrt() * clean + sigma2_prev.sqrt() * eps",
                "You noise the clean image to t - 1 with eps: that is DDIM, the next section. The ancestral step "
                "weighs clean image and x_t, equation 7.",
            ),
            # the noise
            variance_is(
                "variance_beta",
                "beta",
                "You used the larger variance, beta_t (the paper tried both). Here it is beta-tilde, the true variance "
                "of x_{t-1} when the clean image is known; and beta would leave noise in the image at t = 0.",
            ),
            variance_is(
                "variance_beta_and_none_at_zero",
                f"beta * {NOT_LAST}",
                "You used the larger variance, beta_t (the paper tried both). Here it is beta-tilde: beta times "
                "(1 - alpha-bar_prev) / (1 - alpha-bar).",
            ),
            variance_is(
                "variance_turned_over",
                "beta * sigma2 / sigma2_prev.clamp(min=1e-12)",
                "The fraction is upside down: the variance is beta times (1 - alpha-bar_prev) / (1 - alpha-bar), "
                "smaller than beta.",
            ),
            variance_is(
                "all_noise_of_the_time_before",
                "sigma2_prev",
                "You add all the noise there is at t - 1. x_t brings most of it along already.",
            ),
            returns(
                "variance_without_root",
                "mean + variance * noise",
                "You multiply the noise with the variance. What multiplies is the spread: variance.sqrt().",
            ),
            returns(
                "root_twice",
                "mean + variance.sqrt().sqrt() * noise",
                "You take the root twice. variance.sqrt() is the spread.",
            ),
            returns(
                "noise_forgotten",
                "mean",
                "You return the mean. Without fresh noise every picture drifts to the average: the step is a *draw* "
                "around that mean.",
            ),
            returns(
                "noise_unscaled",
                f"mean + {NOT_LAST} * noise",
                "The noise is added at full strength. Its spread is the root of the variance.",
            ),
            returns(
                "noise_subtracted",
                "mean - variance.sqrt() * noise",
                "You subtract the noise. A random sign would do no harm, but the same generator should give the same "
                "pictures to everyone: add it.",
            ),
            returns(
                "predicted_noise_added",
                "mean + variance.sqrt() * eps",
                "You add the *predicted* noise. The step needs fresh noise: the argument, or a new draw.",
            ),
            returns(
                "given_noise_ignored",
                "mean + variance.sqrt() * fresh_noise(x_t, None)",
                "You draw noise though it was given. Draw only where noise is None.",
            ),
            mistake(
                "no_noise_where_none_is_given",
                "Where noise is None your step adds none. None means: draw it yourself.",
                (DRAW, "noise = torch.zeros_like(x_t)"),
            ),
            mistake(
                "uniform_noise",
                "You draw uniform noise (torch.rand). It is normal: torch.randn, with an n.",
                (DRAW, "noise = torch.rand_like(x_t)"),
            ),
            mistake(
                "one_draw_for_the_batch",
                "You draw one noise for the whole batch; the images' ways would all turn alike. One draw a pixel of "
                "each image.",
                (DRAW, "noise = fresh_noise(x_t[:1, :1, :1, :1], None).expand(x_t.shape)"),
            ),
            # clipping
            mistake(
                "never_clips",
                "The predicted clean image is never clipped. With clip_denoised (the default) it is brought back to "
                "[-1, 1] before the mean is made of it. Two ways to miss that: a mean straight from eps (equation 11), "
                "and a clamp whose result is not kept.",
                (CLIP, "if False:"),
            ),
            mistake(
                "always_clips",
                "You clip always. With clip_denoised=False the prediction stays as it is.",
                (CLIP, "if True:"),
            ),
            mistake(
                "clips_the_other_way_round",
                "You clip when clip_denoised is False.",
                (CLIP, "if not clip_denoised:"),
            ),
            mistake(
                "clips_to_zero_one",
                "You clip to [0, 1]. Our images live in [-1, 1].",
                (CLAMP, "clean = clean.clamp(0, 1)"),
            ),
            mistake(
                "squashed_with_tanh",
                "You squash with tanh, which changes values inside [-1, 1] as well. clamp leaves those alone.",
                (CLAMP, "clean = clean.tanh()"),
            ),
            mistake(
                "clips_the_noisy_image",
                "You clip what the step returns. x_{t-1} is noisy and goes beyond [-1, 1]; the predicted *clean* image "
                "is what is clipped.",
                (CLAMP, "pass"),
                (RESULT, "x = mean + variance.sqrt() * noise\n    return x.clamp(-1, 1) if clip_denoised else x"),
            ),
            mistake(
                "clips_the_prediction_of_noise",
                "You clip eps. Noise has no limits; the clean image has.",
                (CLAMP, "clean = self.predict_clean(x_t, t, eps.clamp(-1, 1))"),
            ),
            # the time before
            earlier_is(
                "round_the_end_at_zero",
                PREVIOUS.format("t - 1"),
                "At t = 0 you look up entry -1 of the table: in Python that is the *last* one, pure noise. Before the "
                "first step lies the clean image: alpha-bar 1, no noise.",
            ),
            earlier_is(
                "stays_at_zero",
                PREVIOUS.format("(t - 1).clamp(min=0)"),
                "At t = 0 you use alpha-bar_0 for the time before. Nothing lies before the first step but the clean "
                "image: alpha-bar 1, and no noise, so that the last step is exact.",
            ),
            earlier_is(
                "steps_the_wrong_way",
                PREVIOUS.format("(t + 1).clamp(max=self.num_timesteps - 1)"),
                "You used t + 1 for the step before. The way back goes to t - 1.",
            ),
            earlier_is(
                "no_time_before",
                PREVIOUS.format("t"),
                "alpha-bar_prev is alpha-bar at t in your code. The step arrives at t - 1.",
            ),
            mistake(
                "two_steps_at_once",
                "You look two steps back, at t - 2. One step goes from t to t - 1.",
                (EARLIER, EARLIER.replace("t - 1", "(t - 2).clamp(min=-1)")),
            ),
            mistake(
                "beta_of_the_time_before",
                "You take beta one step too early. The step from t to t - 1 undoes the step whose variance was beta_t.",
                (BETA, "beta = per_image(self.betas, (t - 1).clamp(min=0), x_t)"),
            ),
            mistake(
                "alpha_bar_for_beta",
                "You use 1 - alpha-bar where beta belongs: the noise of all steps instead of this one's.",
                (BETA, "beta = sigma2"),
            ),
            returns(
                "no_noise_if_any_is_at_zero",
                "mean + variance.sqrt() * noise * float((t > 0).all())",
                "As soon as one image of the batch is at t = 0, none gets noise. Each image has its own time; and at "
                "t = 0 the variance is zero by itself.",
            ),
            returns(
                "only_the_first_time_decides",
                "mean + variance.sqrt() * noise * float(t[0] > 0)",
                "The first image's time decides whether anyone gets noise. Each image has its own time.",
            ),
            returns(
                "no_noise_at_time_one",
                "mean + variance.sqrt() * noise * (t > 1).to(x_t.dtype).reshape(-1, 1, 1, 1)",
                'You leave the noise out at t = 1. The paper says "z = 0 if t = 1" and counts from 1; here that is '
                "t = 0.",
            ),
            returns(
                "no_noise_at_the_first_step",
                "mean + variance.sqrt() * noise * (t < self.num_timesteps - 1).to(x_t.dtype).reshape(-1, 1, 1, 1)",
                "You leave the noise out at T-1, where sampling begins. It is left out at its end, t = 0.",
            ),
            mistake(
                "first_time_for_all",
                "All images are treated at the time of the first. Each has a time of its own.",
                ('t = self.checked_times("t", t, x_t)', "t = t[:1].expand(len(x_t))"),
            ),
            # the rest
            returns(
                "two_values_returned",
                "mean + variance.sqrt() * noise, clean",
                "You return two things. Only the images at t - 1 were asked for.",
            ),
            returns(
                "cut_from_its_past",
                "(mean + variance.sqrt() * noise).detach()",
                "The values are right and no gradient flows back: .detach() or torch.no_grad() cuts the result off. "
                "Whoever samples without gradients says so outside.",
            ),
            returns(
                "type_of_the_schedule",
                "(mean + variance.sqrt() * noise).double()",
                "Right numbers, in float64: the schedule's type won over the images'. per_image brings each number to "
                "the images' type.",
            ),
        ),
        alternatives=(
            Alternative("tables_as_published", by_tables),
            Alternative("equation_11", by_the_noise),
            Alternative("bayes_image_by_image", by_bayes),
            Alternative("ddim_with_eta_one", by_ddim),
        ),
    ),
)
