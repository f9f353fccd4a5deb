"""Exercise DDPM.ddim_step (lesson 08)."""

import torch
from torch import Tensor

from course_lib.checks import ddpm_scenes as scenes
from course_lib.checks.exercise import Alternative, Exercise, Misconception, Property, mistakes_of
from course_lib.checks.guard import Failure
from course_lib.checks.scene import PropertyEnds, Scene
from course_lib.ddpm import DDPM

NAME = "ddim_step"


def with_eta(eta: float, clip: bool = True, scale: float = 0.2) -> scenes.Arguments:
    """Small images, so that next to nothing is clipped; the step goes about half of the way."""

    def arguments(scene: Scene, t: Tensor, size: tuple[int, int, int]) -> tuple:
        x_t, eps, noise = (scene.normal(len(t), *size) for _ in range(3))
        t_prev = torch.div(t - 1, 2, rounding_mode="floor")
        return scale * x_t, t, t_prev, scale * eps, eta, noise, clip

    return arguments


def middle(scene: Scene, T: int) -> Tensor:
    return torch.tensor([scene.pick(T // 2, T // 3)])


def noise_alone(scene: Scene) -> None:
    """x_t and eps of zero, so that only the fresh noise is left."""
    for eta in (1.0, 0.5):
        built = scenes.schedule(scene)
        x_t, t, t_prev, eps, eta, noise, clip = with_eta(eta)(scene, middle(scene, scenes.steps_of(built)), (1, 2, 2))
        args = (0 * x_t, t, t_prev, 0 * eps, eta, noise, clip)
        scenes.tried(scene, built, NAME, args, f"what the fresh noise adds at eta = {eta}")


def direction_alone(scene: Scene) -> None:
    """Fresh noise of zero at eta above 0, which still makes room for it."""
    for eta in (1.0, 0.4):
        built = scenes.schedule(scene)
        x_t, t, t_prev, eps, eta, noise, clip = with_eta(eta, False, 1.0)(
            scene, middle(scene, scenes.steps_of(built)), (1, 2, 2)
        )
        args = (x_t, t, t_prev, eps, eta, 0 * noise, clip)
        scenes.tried(scene, built, NAME, args, f"the result at eta = {eta} where the fresh noise is zero")


def clipping(scene: Scene) -> None:
    built = scenes.schedule(scene)
    for eta in (0.0, 1.0):
        args = with_eta(eta, True, 2.0)(scene, middle(scene, scenes.steps_of(built)).expand(2).clone(), scenes.SIZE)
        scenes.tried(scene, built, NAME, args[:-1], "the result, where much is clipped")
        scenes.tried(scene, built, NAME, args, "the result, where much is clipped")
        scenes.tried(scene, built, NAME, (*args[:-1], False), "the result, where nothing is clipped")


def defaults(scene: Scene) -> None:
    """Without eta and noise the step is deterministic."""
    built = scenes.schedule(scene)
    args = with_eta(0.0)(scene, scenes.distinct_times(scene, scenes.steps_of(built), 3), scenes.SIZE)
    scenes.tried(scene, built, NAME, args[:4], "the result without eta and noise")


def to_the_clean_image(scene: Scene) -> None:
    """t_prev = -1: the predicted clean image, whatever eta is; for some images of a batch, and for all."""
    built = scenes.schedule(scene)
    T = scenes.steps_of(built)
    for eta in (0.0, 1.0):
        x_t, t, _, eps, eta, noise, clip = with_eta(eta, False, 1.0)(
            scene, scenes.distinct_times(scene, T, 4), scenes.SIZE
        )
        for t_prev in (torch.full((4,), -1), torch.tensor([-1, 1, -1, 0])):
            scenes.tried(scene, built, NAME, (x_t, t, t_prev, eps, eta, noise, clip))


def every_jump(scene: Scene) -> None:
    """One step, the longest step, and steps that end at 0."""
    built = scenes.schedule(scene)
    last = scenes.steps_of(built) - 1
    t = torch.tensor([last, last, 1, last // 2, last, 0])
    t_prev = torch.tensor([last - 1, -1, 0, last // 2 - 1, 0, -1])
    for eta in (0.0, 1.0):
        x_t, _, _, eps, eta, noise, clip = with_eta(eta, False, 1.0)(scene, t, scenes.SIZE)
        scenes.tried(scene, built, NAME, (x_t, t, t_prev, eps, eta, noise, clip))


def noise_of_its_own(scene: Scene) -> None:
    built = scenes.schedule(scene)
    T = scenes.steps_of(built)
    t, t_prev, zeros = torch.tensor([T // 2, T // 2]), torch.tensor([T // 4, -1]), torch.zeros(2, 3, 40, 40)
    given = f"images of zeros from t = {t.tolist()} to {t_prev.tolist()}, eta 1, no noise given"
    draws = []
    for seed in (1, 2):
        value = scene.handle.call(built.constructed.key, (zeros, t, t_prev, zeros, 1.0), {}, method=NAME, seed=seed)
        if isinstance(value, Failure) or not isinstance(value, Tensor) or value.shape != zeros.shape:
            scene.see("the result", value, given)
            raise PropertyEnds
        draws.append(value.double())
    one = zeros[:1]
    spread = DDPM(*built.args).ddim_step(one, t[:1], t_prev[:1], one, 1.0, torch.ones_like(one))[0, 0, 0, 0].item()
    first = draws[0][0].flatten() / spread
    right = bool((first.std() - 1).abs() < 6 / (2 * len(first)) ** 0.5)
    scene.see("whether the noise has the right spread", right, given)
    scene.see("whether every call draws anew", not torch.equal(draws[0][0], draws[1][0]), given)


# ---- right, written differently ----


def alpha_bars(self: DDPM, t: Tensor, x: Tensor) -> Tensor:
    """A table with a 1 in front, for the clean image."""
    table = self.alphas_cumprod
    return torch.cat([torch.ones(1, dtype=table.dtype, device=table.device), table]).to(x)[t + 1][:, None, None, None]


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


# ---- wrong ----

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

EXERCISES = (
    Exercise(
        name="DDPM.ddim_step",
        reference=DDPM,
        lesson="08",
        where="lesson 08, section 8.9; Song, Meng and Ermon 2021, equations 12 and 16",
        properties=(
            scenes.shape_property(
                NAME,
                with_eta(0.0),
                "the images at t_prev have the shape of x_t",
                "The shape of x_t is lost. Each image's own number from the schedule needs the shape (B, 1, 1, 1).",
            ),
            Property(
                "another_deterministic_step",
                "with eta = 0 the predicted clean image is noised again to t_prev, with eps for its noise",
                scenes.one_time(NAME, with_eta(0.0, False, 1.0)),
                "With eta = 0 your step is another one. It is add_noise at t_prev: sqrt(alpha-bar_prev) of the "
                "predicted clean image, and sqrt(1 - alpha-bar_prev) of eps.",
            ),
            Property(
                "another_strength_of_noise",
                "the fresh noise has the spread eta sqrt((1 - alpha-bar_prev) / (1 - alpha-bar)) sqrt(1 - alpha-bar / "
                "alpha-bar_prev)",
                noise_alone,
                "With eta = 0 your step is right; above 0 the fresh noise has another strength than equation 16's.",
            ),
            Property(
                "no_room_for_the_noise",
                "above eta = 0, less of eps is added, so that the total stays right: the root of 1 - alpha-bar_prev - "
                "variance",
                direction_alone,
                "With eta above 0, eps keeps a weight that leaves no room for the fresh noise, or too much. Their "
                "variances together are 1 - alpha-bar_prev: take the fresh noise's away, under the root.",
            ),
            Property("not_the_sum", "all three parts are added", scenes.one_time(NAME, with_eta(1.0, False, 1.0))),
            Property(
                "another_clipping",
                "the predicted clean image is clipped, by default, and eps stays the model's own",
                clipping,
                "Where nothing needs clipping your step is right, and elsewhere not: clip the predicted *clean* image "
                "to [-1, 1] if clip_denoised, and leave eps as it came.",
            ),
            Property(
                "other_defaults",
                "without eta and noise the step is deterministic",
                defaults,
                "Called without eta and noise your step does something else than with eta = 0.",
            ),
            Property(
                "clean_image_missed",
                "with t_prev = -1 the predicted clean image comes out exactly, whatever eta is",
                to_the_clean_image,
                "t_prev = -1 is the clean image: alpha-bar is 1 there, and no noise is left. Your code looks up "
                "something else.",
            ),
            Property(
                "some_jumps_wrong",
                "short steps, long steps, steps to 0 and from 0 are right",
                every_jump,
                "Some jumps are right and others are not. t_prev may be any earlier time, not only the one before.",
            ),
            scenes.own_times_property(NAME, with_eta(0.5, False, 1.0)),
            Property(
                "the_papers_schedule",
                "it holds for the schedule of the paper with its thousand steps",
                scenes.default_schedule(NAME, with_eta(0.7)),
            ),
            Property(
                "noise_not_drawn",
                "where eta is above 0 and no noise is given, it is drawn, new at each call",
                noise_of_its_own,
                "With noise given your step is right, and without it is not: draw standard normal noise in the shape "
                "of x_t where noise is None.",
            ),
            scenes.lone_image(NAME, with_eta(0.5)),
            scenes.type_of_the_images(NAME, with_eta(0.5)),
            scenes.gradients(NAME, with_eta(0.5)),
            scenes.any_device(NAME, with_eta(0.5)),
            scenes.seeds_left_alone(NAME, with_eta(0.5)),
        ),
        misconceptions=(
            x_prev_is(
                "clean_image_returned",
                "clean",
                "You return the clean image, whatever t_prev. It has to be noised again, to t_prev.",
            ),
            x_prev_is(
                "clean_image_forgotten",
                DIRECTION,
                "Only noise comes back. The predicted clean image, with sqrt(alpha-bar_prev), is the first part.",
            ),
            x_prev_is(
                "direction_forgotten",
                "alpha_bar_prev.sqrt() * clean",
                "The direction towards x_t is missing: at t_prev there is still noise in the image, sqrt(1 - "
                "alpha-bar_prev) of eps.",
            ),
            x_prev_is(
                "clean_image_unscaled",
                f"clean + {DIRECTION}",
                "The clean image comes at full strength. At t_prev it has faded, to sqrt(alpha-bar_prev).",
            ),
            x_prev_is(
                "eps_unscaled",
                "alpha_bar_prev.sqrt() * clean + eps",
                "eps is added at full strength. Its weight is sqrt(1 - alpha-bar_prev - variance).",
            ),
            x_prev_is(
                "no_roots",
                "alpha_bar_prev * clean + (sigma2_prev - variance) * eps",
                "The roots are missing: alpha-bar and 1 - alpha-bar are variances, the weights are their roots.",
            ),
            x_prev_is(
                "no_root_on_the_image",
                f"alpha_bar_prev * clean + {DIRECTION}",
                "A root is missing: the clean image's weight is sqrt(alpha-bar_prev).",
            ),
            x_prev_is(
                "no_root_on_eps",
                "alpha_bar_prev.sqrt() * clean + (sigma2_prev - variance) * eps",
                "A root is missing: the weight of eps is sqrt(1 - alpha-bar_prev - variance).",
            ),
            x_prev_is(
                "image_of_now",
                f"alpha_bar.sqrt() * clean + {DIRECTION}",
                "The clean image's weight belongs to t in your code. The step arrives at t_prev: alpha-bar_prev.",
            ),
            x_prev_is(
                "noise_of_now",
                "alpha_bar_prev.sqrt() * clean + (sigma2 - variance).clamp(min=0).sqrt() * eps",
                "The noise's weight belongs to t in your code, so as much noise as before is left. The step arrives at "
                "t_prev.",
            ),
            x_prev_is(
                "nothing_moves",
                "alpha_bar.sqrt() * clean + (sigma2 - variance).clamp(min=0).sqrt() * eps",
                "Both weights belong to t: with eta = 0 you are where you were. The step arrives at t_prev.",
            ),
            x_prev_is(
                "weights_exchanged",
                "sigma2_prev.sqrt() * clean + (alpha_bar_prev - variance).clamp(min=0).sqrt() * eps",
                "The two weights have changed places: alpha-bar belongs to the image, 1 - alpha-bar to the noise.",
            ),
            x_prev_is(
                "eps_subtracted",
                "alpha_bar_prev.sqrt() * clean - (sigma2_prev - variance).clamp(min=0).sqrt() * eps",
                "You subtract eps. At t_prev its noise is still in the image: add it.",
            ),
            x_prev_is(
                "x_t_instead_of_the_clean_image",
                f"alpha_bar_prev.sqrt() * x_t + {DIRECTION}",
                "You put x_t where the predicted clean image belongs. It would get its noise twice.",
            ),
            x_prev_is(
                "no_room_for_the_noise",
                "alpha_bar_prev.sqrt() * clean + sigma2_prev.sqrt() * eps",
                "eps keeps all of its weight and the fresh noise comes on top: too much noise at t_prev. Take the "
                "variance away under the root: sqrt(1 - alpha-bar_prev - variance).",
            ),
            x_prev_is(
                "room_outside_the_root",
                "alpha_bar_prev.sqrt() * clean + (sigma2_prev.sqrt() - variance.sqrt()) * eps",
                "You subtract one root from the other. *Variances* add up: subtract first, then take the root.",
            ),
            x_prev_is(
                "spread_under_the_root",
                "alpha_bar_prev.sqrt() * clean + (sigma2_prev - variance.sqrt()).clamp(min=0).sqrt() * eps",
                "Under the root stands the spread of the fresh noise, where its *variance* (sigma squared) belongs.",
            ),
            x_prev_is(
                "eps_made_to_fit_the_clipped_image",
                "alpha_bar_prev.sqrt() * clean + (sigma2_prev - variance).clamp(min=0).sqrt() * self.noise_left("
                "x_t, t, clean)",
                "You compute eps anew from the clipped clean image. Some libraries offer that; here the direction "
                "keeps the model's own eps.",
            ),
            # the fresh noise
            variance_is(
                "eta_ignored",
                "0 * sigma2",
                "eta does nothing in your code. It scales the fresh noise: 0 none, 1 as much as the ancestral step.",
            ),
            variance_is(
                "eta_always_one",
                f"(sigma2_prev / sigma2) * {BETA_OF_JUMP} * (1.0 if eta else 0.0)",
                "Any eta above 0 counts as 1. It is a factor of the spread, and may lie between.",
            ),
            variance_is(
                "eta_not_squared",
                f"eta * (sigma2_prev / sigma2) * {BETA_OF_JUMP}",
                "eta is a factor of the *spread*. In the variance it stands squared.",
            ),
            variance_is(
                "variance_is_eta",
                "eta**2 * sigma2_prev",
                "All the noise at t_prev is fresh at eta = 1 in your code. Equation 16 has two more factors: only as "
                "much is fresh as the steps between added.",
            ),
            variance_is(
                "variance_of_the_jump",
                f"(eta**2 * {BETA_OF_JUMP}).minimum(sigma2_prev)",
                "The first root of equation 16 is missing, (1 - alpha-bar_prev) / (1 - alpha-bar): it turns beta into "
                "beta-tilde.",
            ),
            variance_is(
                "second_root_missing",
                "eta**2 * (sigma2_prev / sigma2)",
                "The second root of equation 16 is missing, 1 - alpha-bar / alpha-bar_prev.",
            ),
            variance_is(
                "ratio_turned_over",
                "eta**2 * (sigma2_prev / sigma2) * (1 - alpha_bar_prev / alpha_bar).abs()",
                "A fraction is upside down: it is alpha-bar / alpha-bar_prev, which is below 1.",
            ),
            variance_is(
                "beta_of_one_step",
                "eta**2 * (sigma2_prev / sigma2) * per_image(self.betas, t, x_t)",
                "You used beta_t, one step's. The jump may be over many: 1 - alpha-bar / alpha-bar_prev is the beta of "
                "all of them.",
            ),
            mistake(
                "variance_without_root",
                "The fresh noise is multiplied with its variance. What multiplies is the spread: variance.sqrt().",
                (ADD, "x_prev = x_prev + variance * noise"),
            ),
            mistake(
                "fresh_noise_forgotten",
                "You make room for fresh noise and never add it: with eta above 0 the images lose contrast.",
                (ADD, "pass"),
            ),
            mistake(
                "eps_as_fresh_noise",
                "You add eps where the fresh noise belongs: the argument, or a new draw.",
                (ADD, "x_prev = x_prev + variance.sqrt() * eps"),
            ),
            mistake(
                "given_noise_ignored",
                "You draw noise though it was given. Draw only where noise is None.",
                (DRAW, "noise = fresh_noise(x_t, None)"),
            ),
            mistake(
                "no_noise_where_none_is_given",
                "Where noise is None your step adds none. With eta above 0, None means: draw it yourself.",
                (DRAW, "noise = torch.zeros_like(x_t) if noise is None else noise"),
            ),
            mistake(
                "uniform_noise",
                "You draw uniform noise (torch.rand). It is normal: torch.randn, with an n.",
                (DRAW, "noise = torch.rand_like(x_t) if noise is None else noise"),
            ),
            mistake(
                "noise_though_eta_is_zero",
                "You add noise whenever it is given, even with eta = 0. Its spread is eta times something.",
                (ADD, "pass"),
                (
                    RETURN,
                    "return x_prev + (variance if eta else sigma2_prev).sqrt() * (0 if noise is None else noise)",
                ),
            ),
            # clipping
            mistake(
                "never_clips",
                "The predicted clean image is never clipped. With clip_denoised (the default) it is brought back to "
                "[-1, 1] first.",
                (CLIP, "if False:"),
            ),
            mistake(
                "always_clips",
                "You clip always. With clip_denoised=False the prediction stays as it is.",
                (CLIP, "if True:"),
            ),
            mistake(
                "clips_the_other_way_round", "You clip when clip_denoised is False.", (CLIP, "if not clip_denoised:")
            ),
            mistake(
                "clips_to_zero_one",
                "You clip to [0, 1]. Our images live in [-1, 1].",
                (CLAMP, "clean = clean.clamp(0, 1)"),
            ),
            mistake(
                "clips_the_noisy_image",
                "You clip what the step returns. x at t_prev is noisy and goes beyond [-1, 1]; the predicted *clean* "
                "image is what is clipped.",
                (CLAMP, "pass"),
                (RETURN, "return x_prev.clamp(-1, 1) if clip_denoised else x_prev"),
            ),
            # the time it arrives at
            then_is(
                "round_the_end_at_minus_one",
                PREVIOUS.format("t_prev"),
                "At t_prev = -1 you look up entry -1 of the table: in Python that is the *last* one, pure noise. -1 "
                "stands for the clean image: alpha-bar 1, no noise.",
            ),
            then_is(
                "stays_at_zero",
                PREVIOUS.format("t_prev.clamp(min=0)"),
                "At t_prev = -1 you use alpha-bar_0: a trace of noise stays in the picture. -1 stands for the clean "
                "image: alpha-bar 1, no noise.",
            ),
            then_is(
                "always_one_step",
                THEN.replace("t_prev, x_t", "t - 1, x_t"),
                "You always arrive at t - 1. DDIM may jump: use t_prev.",
            ),
            then_is(
                "one_before_t_prev",
                THEN.replace("t_prev, x_t", "(t_prev - 1).clamp(min=-1), x_t"),
                "You arrive one step before t_prev. It is the time itself; -1 is the clean image.",
            ),
            then_is(
                "one_after_t_prev",
                THEN.replace("t_prev, x_t", "t_prev + 1, x_t"),
                "You arrive one step after t_prev. It is the time itself; -1 is the clean image.",
            ),
            then_is(
                "t_and_t_prev_exchanged",
                f"{THEN}\n    alpha_bar, alpha_bar_prev = alpha_bar_prev, alpha_bar\n"
                "    sigma2, sigma2_prev = sigma2_prev.clamp(min=1e-12), sigma2",
                "t and t_prev have changed places: the step starts at t and arrives at t_prev.",
            ),
            mistake(
                "clean_image_at_the_wrong_time",
                "You predict the clean image with t_prev. x_t is at time t: predict_clean(x_t, t, eps).",
                (
                    "clean = self.predict_clean(x_t, t, eps)",
                    "clean = self.predict_clean(x_t, t_prev.clamp(min=0), eps)",
                ),
            ),
            then_is(
                "first_time_for_all",
                THEN.replace("t_prev, x_t", "t_prev[:1].expand(len(x_t)), x_t"),
                "All images arrive at the first one's t_prev. Each has its own times.",
            ),
            # the rest
            mistake(
                "two_values_returned",
                "You return two things. Only the images at t_prev were asked for.",
                (RETURN, "return x_prev, clean"),
            ),
            mistake(
                "cut_from_its_past",
                "The values are right and no gradient flows back: .detach() or torch.no_grad() cuts the result off.",
                (RETURN, "return x_prev.detach()"),
            ),
            mistake(
                "type_of_the_schedule",
                "Right numbers, in float64: the schedule's type won over the images'. per_image brings each number to "
                "the images' type.",
                (RETURN, "return x_prev.double()"),
            ),
        ),
        alternatives=(
            Alternative("as_in_the_paper", as_in_the_paper),
            Alternative("image_by_image", image_by_image),
            Alternative("beta_of_the_jump", by_beta_of_the_jump),
        ),
    ),
)
