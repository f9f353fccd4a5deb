"""What holds for DDPM.loss, and right answers written differently."""

from collections.abc import Callable

import torch
from torch import Tensor

from course_lib.checks.exercise import Exercise
from course_lib.checks.guard import Failure
from course_lib.checks.mistakes import Misconception
from course_lib.checks.trial import Built, PropertyEnds, Trial
from course_lib.ddpm import DDPM
from course_lib.lessons.lesson08 import ddpm_trials as scenes
from course_lib.lessons.lesson08.ddpm_loss_watched import watched

SIZE = (2, 5, 4)


MANY = 2000


def model_numbers(trial: Trial) -> tuple[float, ...]:
    """One stand-in unlike another: what it does with x, with the time, with no class and with a class."""
    return tuple(0.4 + 0.8 * trial.random.random() for _ in range(4))


def called(
    trial: Trial, built: Built, see: str, images: Tensor, labels: Tensor | None, label: str, **kwargs: object
) -> object:
    """Call the loss and record what of it is to be seen."""
    args = (see, images, labels, model_numbers(trial))
    seed = trial.random.randrange(2**31)
    value = trial.handle.call(built.constructed.key, args, kwargs, method="loss", seed=seed)
    return trial.checked(label, value, text(images, labels, kwargs))


def text(images: Tensor, labels: Tensor | None, given: dict) -> str:
    parts = [f"loss(a model, images {tuple(images.shape)}"]
    parts.append("no labels" if labels is None else f"labels {labels[:6].tolist()}")
    if given.get("seed") is not None:
        parts.append("a generator")
    for name in ("t", "noise"):
        if given.get(name) is not None:
            parts.append(f"t={given['t'][:6].tolist()}" if name == "t" else "noise given")
    return ", ".join(parts) + ")"


def batch(trial: Trial, built: Built, count: int = 5) -> tuple[Tensor, Tensor, dict]:
    """Images, labels, and the times and noise to use."""
    t = scenes.distinct_times(trial, scenes.steps_of(built), count)
    images, noise = 0.5 * trial.normal(count, *SIZE), trial.normal(count, *SIZE)
    return images, trial.integers(0, 10, count), {"t": t, "noise": noise}


def value(trial: Trial) -> None:
    built = scenes.schedule(trial)
    images, labels, given = batch(trial, built)
    called(trial, built, "value", images, labels, "the loss", **given)


def seen_by_the_model(trial: Trial, built: Built, count: int, **given: object) -> tuple[Tensor, Tensor]:
    """x_t and t as the model got them, unrecorded; ends the property, recorded, where it was not called."""
    images = torch.zeros(count, 1, 1, 2)
    args = ("calls", images, None, model_numbers(trial))
    seed = trial.random.randrange(2**31)
    found = trial.handle.call(built.constructed.key, args, given, method="loss", seed=seed)
    what = text(images, None, given)
    if isinstance(found, Failure):
        trial.checked("what the model got", found, what)
    if found[0] != 1 or not isinstance(found[1][1], Tensor) or found[1][0].shape != images.shape:
        trial.see("how often the model was called", found[0], what)
        raise PropertyEnds
    return found[1][0], found[1][1]


Model = Callable[[Tensor, Tensor, Tensor | None], Tensor]


Maybe = Tensor | None


MaybeGenerator = torch.Generator | None


ADDED = "x_t = self.add_noise(images, t, noise)"


ASKED = "eps = model(x_t, t, labels)"


COMPARED = "return F.mse_loss(eps, noise)"


TIMES = "t = self.sample_times(len(images), generator)"


NOISE = "noise = fresh_noise(images, generator)"


mistake = mistakes_of(DDPM.loss)


def added(name: str, how: str, sentence: str) -> Misconception:
    return mistake(name, sentence, (ADDED, f"x_t = {how}"))


def asked(name: str, how: str, sentence: str) -> Misconception:
    return mistake(name, sentence, (ASKED, f"eps = {how}"))


def compared(name: str, how: str, sentence: str) -> Misconception:
    return mistake(name, sentence, (COMPARED, f"return {how}"))


def drawn_times(name: str, how: str, sentence: str) -> Misconception:
    return mistake(name, sentence, (TIMES, f"t = {how}"))


def drawn_noise(name: str, how: str, sentence: str) -> Misconception:
    return mistake(name, sentence, (NOISE, f"noise = {how}"))


EXERCISE = Exercise(
    "DDPM.loss",
    DDPM,
    __name__,
    where="lesson 08, section 8.5; Ho et al. 2020, algorithm 1 and equation 14",
    watched=watched,
)
holds, right = EXERCISE.holds, EXERCISE.right


@holds("the loss is one number, as a tensor without axes, so that backward() works")
def no_single_number(trial: Trial) -> None:
    """A loss is a single number in a tensor, the mean over everything. What comes back has another shape."""
    built = scenes.schedule(trial)
    images, labels, given = batch(trial, built)
    args = ("value", images, labels, model_numbers(trial))
    value = trial.handle.call(built.constructed.key, args, given, method="loss", seed=1)
    found = tuple(value.shape) if isinstance(value, Tensor) else value
    if isinstance(value, float | int):
        found = "a plain number, not a tensor"
    trial.checked("its shape", found, text(images, labels, given))


@holds("the model is called once, with the noisy images, their times and their labels")
def model_asked_wrongly(trial: Trial) -> None:
    """The model is not asked what it should be: once, with x_t = add_noise(images, t, noise), with t as whole numbers,
    and with the labels as they came."""
    built = scenes.schedule(trial)
    images, labels, given = batch(trial, built)
    labels[1] = -1
    called(trial, built, "calls", images, labels, "how often the model was called, and with what", **given)


holds(
    "the loss is the mean squared difference between the model's answer and the noise",
    name="another_comparison",
    mistake="The model is asked the right thing, and its answer is compared in another way: it should be the "
    "*mean* of the *squared* differences to the *noise*.",
)(value)


@holds("labels may be None, and the model then gets None")
def wrong_without_labels(trial: Trial) -> None:
    """With labels your loss is right, and without (None) it is not. Hand them on as they come."""
    built = scenes.schedule(trial)
    images, _, given = batch(trial, built)
    called(trial, built, "calls", images, None, "how often the model was called, and with what", **given)
    called(trial, built, "value", images, None, "the loss", **given)


@holds("large errors count squared")
def not_the_square(trial: Trial) -> None:
    """For small errors your loss agrees, for large ones not: the square is not all there is."""
    # Where an absolute or a Huber loss leaves a squared one.
    built = scenes.schedule(trial)
    images, labels, given = batch(trial, built)
    given["noise"] = 8 * given["noise"]
    called(trial, built, "value", images, labels, "the loss", **given)


@holds("the first and the last time are times like the others")
def special_times(trial: Trial) -> None:
    built = scenes.schedule(trial)
    images, labels, given = batch(trial, built, 4)
    last = scenes.steps_of(built) - 1
    given["t"] = torch.tensor([0, last, 1, last - 1])
    called(trial, built, "calls", images, labels, "how often the model was called, and with what", **given)
    called(trial, built, "value", images, labels, "the loss", **given)


@holds("a batch of one image works")
def wrong_for_one_image(trial: Trial) -> None:
    """For a batch your loss is right, for a single image it is not."""
    built = scenes.schedule(trial)
    images, labels, given = batch(trial, built, 1)
    called(trial, built, "value", images, labels, "the loss", **given)


@holds("a gradient flows back to the model")
def nothing_to_learn_from(trial: Trial) -> None:
    """The number is right, and no gradient reaches the model (.item(), .detach(), torch.no_grad() around it?). Training
    would run, and learn nothing."""
    built = scenes.schedule(trial)
    images, labels, given = batch(trial, built)
    called(trial, built, "gradient", images, labels, "the gradient of the model's number", **given)


@holds("without t, every image gets a time of its own, evenly from 0 to T-1")
def times_not_even(trial: Trial) -> None:
    """The times you draw are not what they should be: one whole number for each image, each from 0 to T-1 equally
    likely. self.sample_times draws them."""
    # Every time, one for each image, evenly, anew at each call.
    built = scenes.schedule(trial, 8)
    for given in ({}, {"seed": trial.random.randrange(1000)}):
        _, t = seen_by_the_model(trial, built, MANY, **given)
        said = "2,000 images, T = 8" + (", a generator" if given else "")
        trial.see("the shape of the times", tuple(t.shape), said)
        if t.shape != (MANY,) or t.is_floating_point() or t.min() < 0:
            trial.see("the times", (str(t.dtype), float(t.min()), float(t.max())), said)
            raise PropertyEnds
        trial.see("which times are drawn", tuple(t.unique().tolist()), said)
        counts = torch.bincount(t, minlength=8).double() / MANY
        allowed = 6 * (1 / 8 * 7 / 8 / MANY) ** 0.5
        trial.see("whether all are drawn equally often", bool(((counts - 1 / 8).abs() < allowed).all()), said)


@holds("without noise, every pixel gets its own, from a normal distribution of mean 0 and variance 1")
def noise_not_normal(trial: Trial) -> None:
    """The noise you draw is not standard normal, one draw a pixel: torch.randn, or fresh_noise."""
    # Black images at the last time of a strong schedule: the model gets nearly the noise itself.
    built = trial.build(40, 0.3, 0.4)
    last = torch.full((MANY,), 39)
    for given in ({"t": last}, {"t": last, "seed": trial.random.randrange(1000)}):
        x_t, _ = seen_by_the_model(trial, built, MANY, **given)
        said = "2,000 black images at the last time" + (", a generator" if "seed" in given else "")
        x = x_t.double().flatten()
        trial.see("whether the noise has mean 0", bool(x.mean().abs() < 6 / len(x) ** 0.5), said)
        trial.see("whether it has variance 1", bool((x.var() - 1).abs() < 6 * (2 / len(x)) ** 0.5), said)
        # the fourth moment of a normal variable is 3, with a spread of about sqrt(96 / n)
        trial.see("whether it is Gaussian", bool((x**4).mean().sub(3).abs() < 6 * (96 / len(x)) ** 0.5), said)
        pixels = x_t.double().flatten(1)
        both = (pixels[:, 0] * pixels[:, 1]).mean().abs()
        trial.see("whether every pixel has its own", bool(both < 6 / MANY**0.5), said)
        pairs = (x_t.double().flatten(1)[1:, 0] * x_t.double().flatten(1)[:-1, 0]).mean().abs()
        trial.see("whether every image has its own", bool(pairs < 6 / MANY**0.5), said)


@holds("the noise that was drawn is the noise that is compared with")
def two_different_noises(trial: Trial) -> None:
    """Noise that you draw yourself is not the same in both places: what you add is what the model is to find. Draw
    once, use it twice."""
    # Noise that is drawn inside is both what is added and what the prediction is compared with.
    built = scenes.schedule(trial)
    images, labels, given = batch(trial, built, 3)
    called(trial, built, "value", images, labels, "the loss", t=given["t"], seed=trial.random.randrange(1000))
    called(trial, built, "value", images, labels, "the loss", t=given["t"])


@holds("the generator draws the times first, then the noise")
def drawn_in_another_order(trial: Trial) -> None:
    """With the same generator other times or other noise come out. All draws use it, the times first, then the noise,
    so that a run can be repeated."""
    # The generator's first draw are the times, the second is the noise.
    built = scenes.schedule(trial)
    images, labels, _ = batch(trial, built)
    called(trial, built, "calls", images, labels, "what the model was given", seed=trial.random.randrange(1000))


@holds("every call draws anew")
def always_the_same_draw(trial: Trial) -> None:
    """Two calls use the same noise. Something is fixed, and the network would learn that noise by heart."""
    built = scenes.schedule(trial)
    found = [seen_by_the_model(trial, built, 16) for _ in range(2)]
    trial.see("whether a second call draws other noise", not torch.equal(found[0][0], found[1][0]), "no generator")
    found = [seen_by_the_model(trial, built, 16, seed=seed) for seed in (1, 2)]
    trial.see("whether another generator gives other noise", not torch.equal(found[0][0], found[1][0]), "generators")


@holds("given a generator, or both t and noise, torch's global random numbers are left alone")
def global_numbers_touched(trial: Trial) -> None:
    """Though everything random was given, your code used torch's global random numbers. Draw only what is missing, and
    with the generator."""
    built = scenes.schedule(trial)
    images, labels, given = batch(trial, built)
    called(trial, built, "global", images, labels, "whether torch's global random numbers were used", seed=3)
    called(trial, built, "global", images, labels, "whether torch's global random numbers were used", **given)


@holds("the model gets images of the type that came in")
def type_of_the_images(trial: Trial) -> None:
    """The model gets another floating type than the images had."""
    built = scenes.schedule(trial)
    images, labels, given = batch(trial, built, 2)
    for dtype in (torch.float32, torch.float64):
        args = ("calls", images.to(dtype), labels, model_numbers(trial))
        for options in ({"t": given["t"], "noise": given["noise"].to(dtype)}, {}):
            found = trial.handle.call(built.constructed.key, args, options, method="loss", seed=1)
            said = f"images in {str(dtype).removeprefix('torch.')}"
            if isinstance(found, Failure):
                trial.see("the loss", found, said)
                raise PropertyEnds
            trial.see("the type of what the model gets", str(found[1][0].dtype) if found[0] else "nothing", said)


@holds("the global random state is not set")
def reseeds_the_random_state(trial: Trial) -> None:
    """Your code sets the global seed. Every batch would get the same noise, and the network would learn that noise by
    heart."""
    built = scenes.schedule(trial)
    images, labels, _ = batch(trial, built, 2)
    args = ("value", images, labels, model_numbers(trial))
    found = trial.handle.reseeds(built.constructed.key, args, {}, method="loss")
    trial.see("whether it sets the seed", found is True)


@right
def by_hand(
    self: DDPM,
    model: Model,
    images: Tensor,
    labels: Maybe = None,
    generator: MaybeGenerator = None,
    *,
    t: Maybe = None,
    noise: Maybe = None,
) -> Tensor:
    B = images.shape[0]
    if t is None:
        t = torch.randint(0, self.num_timesteps, (B,), generator=generator)
    if noise is None:
        noise = torch.randn(images.shape, generator=generator, dtype=images.dtype)
    error = noise - model(self.add_noise(images, t, noise), t, labels)
    return (error**2).mean()


@right
def image_by_image(
    self: DDPM,
    model: Model,
    images: Tensor,
    labels: Maybe = None,
    generator: MaybeGenerator = None,
    *,
    t: Maybe = None,
    noise: Maybe = None,
) -> Tensor:
    t = self.sample_times(len(images), generator) if t is None else t
    noise = torch.empty_like(images).normal_(generator=generator) if noise is None else noise
    with torch.no_grad():
        alpha_bar = self.alphas_cumprod[t].to(images.dtype).view(-1, 1, 1, 1)
        x_t = alpha_bar.sqrt() * images + (1 - alpha_bar).sqrt() * noise
    eps = model(x_t, t, labels)
    return torch.stack([(one - other).square().mean() for one, other in zip(eps, noise, strict=True)]).mean()


@right
def by_module(
    self: DDPM,
    model: Model,
    images: Tensor,
    labels: Maybe = None,
    generator: MaybeGenerator = None,
    *,
    t: Maybe = None,
    noise: Maybe = None,
) -> Tensor:
    if t is None:
        t = self.sample_times(images.size(0), generator=generator)
    if noise is None:
        noise = torch.normal(torch.zeros_like(images), torch.ones_like(images), generator=generator)
    return torch.nn.MSELoss()(model(self.add_noise(clean=images, t=t, noise=noise), t, labels), noise)
