"""Exercise DDPM.loss (lesson 08). The model is a formula that notes what it is given."""

from collections.abc import Callable

import torch
from torch import Tensor

from course_lib.checks import ddpm_scenes as scenes
from course_lib.checks.exercise import Alternative, Exercise, Misconception, Property, mistakes_of
from course_lib.checks.guard import Failure
from course_lib.checks.scene import Built, PropertyEnds, Scene
from course_lib.checks.watched.ddpm_loss import watched
from course_lib.ddpm import DDPM

SIZE = (2, 5, 4)
MANY = 2000


def model_numbers(scene: Scene) -> tuple[float, ...]:
    """One stand-in unlike another: what it does with x, with the time, with no class and with a class."""
    return tuple(0.4 + 0.8 * scene.random.random() for _ in range(4))


def called(
    scene: Scene, built: Built, see: str, images: Tensor, labels: Tensor | None, label: str, **kwargs: object
) -> object:
    """Call the loss and record what of it is to be seen."""
    args = (see, images, labels, model_numbers(scene))
    seed = scene.random.randrange(2**31)
    value = scene.handle.call(built.constructed.key, args, kwargs, method="loss", seed=seed)
    return scene.checked(label, value, text(images, labels, kwargs))


def text(images: Tensor, labels: Tensor | None, given: dict) -> str:
    parts = [f"loss(a model, images {tuple(images.shape)}"]
    parts.append("no labels" if labels is None else f"labels {labels[:6].tolist()}")
    if given.get("seed") is not None:
        parts.append("a generator")
    for name in ("t", "noise"):
        if given.get(name) is not None:
            parts.append(f"t={given['t'][:6].tolist()}" if name == "t" else "noise given")
    return ", ".join(parts) + ")"


def batch(scene: Scene, built: Built, count: int = 5) -> tuple[Tensor, Tensor, dict]:
    """Images, labels, and the times and noise to use."""
    t = scenes.distinct_times(scene, scenes.steps_of(built), count)
    images, noise = 0.5 * scene.normal(count, *SIZE), scene.normal(count, *SIZE)
    return images, scene.integers(0, 10, count), {"t": t, "noise": noise}


def a_number(scene: Scene) -> None:
    built = scenes.schedule(scene)
    images, labels, given = batch(scene, built)
    args = ("value", images, labels, model_numbers(scene))
    value = scene.handle.call(built.constructed.key, args, given, method="loss", seed=1)
    found = tuple(value.shape) if isinstance(value, Tensor) else value
    if isinstance(value, float | int):
        found = "a plain number, not a tensor"
    scene.checked("its shape", found, text(images, labels, given))


def what_the_model_gets(scene: Scene) -> None:
    built = scenes.schedule(scene)
    images, labels, given = batch(scene, built)
    labels[1] = -1
    called(scene, built, "calls", images, labels, "how often the model was called, and with what", **given)


def value(scene: Scene) -> None:
    built = scenes.schedule(scene)
    images, labels, given = batch(scene, built)
    called(scene, built, "value", images, labels, "the loss", **given)


def no_labels(scene: Scene) -> None:
    built = scenes.schedule(scene)
    images, _, given = batch(scene, built)
    called(scene, built, "calls", images, None, "how often the model was called, and with what", **given)
    called(scene, built, "value", images, None, "the loss", **given)


def large_errors(scene: Scene) -> None:
    """Where an absolute or a Huber loss leaves a squared one."""
    built = scenes.schedule(scene)
    images, labels, given = batch(scene, built)
    given["noise"] = 8 * given["noise"]
    called(scene, built, "value", images, labels, "the loss", **given)


def special_times(scene: Scene) -> None:
    built = scenes.schedule(scene)
    images, labels, given = batch(scene, built, 4)
    last = scenes.steps_of(built) - 1
    given["t"] = torch.tensor([0, last, 1, last - 1])
    called(scene, built, "calls", images, labels, "how often the model was called, and with what", **given)
    called(scene, built, "value", images, labels, "the loss", **given)


def lone_image(scene: Scene) -> None:
    built = scenes.schedule(scene)
    images, labels, given = batch(scene, built, 1)
    called(scene, built, "value", images, labels, "the loss", **given)


def learns(scene: Scene) -> None:
    built = scenes.schedule(scene)
    images, labels, given = batch(scene, built)
    called(scene, built, "gradient", images, labels, "the gradient of the model's number", **given)


def seen_by_the_model(scene: Scene, built: Built, count: int, **given: object) -> tuple[Tensor, Tensor]:
    """x_t and t as the model got them, unrecorded; ends the property, recorded, where it was not called."""
    images = torch.zeros(count, 1, 1, 2)
    args = ("calls", images, None, model_numbers(scene))
    seed = scene.random.randrange(2**31)
    found = scene.handle.call(built.constructed.key, args, given, method="loss", seed=seed)
    what = text(images, None, given)
    if isinstance(found, Failure):
        scene.checked("what the model got", found, what)
    if found[0] != 1 or not isinstance(found[1][1], Tensor) or found[1][0].shape != images.shape:
        scene.see("how often the model was called", found[0], what)
        raise PropertyEnds
    return found[1][0], found[1][1]


def times_are_drawn(scene: Scene) -> None:
    """Every time, one for each image, evenly, anew at each call."""
    built = scenes.schedule(scene, 8)
    for given in ({}, {"seed": scene.random.randrange(1000)}):
        _, t = seen_by_the_model(scene, built, MANY, **given)
        said = "2,000 images, T = 8" + (", a generator" if given else "")
        scene.see("the shape of the times", tuple(t.shape), said)
        if t.shape != (MANY,) or t.is_floating_point() or t.min() < 0:
            scene.see("the times", (str(t.dtype), float(t.min()), float(t.max())), said)
            raise PropertyEnds
        scene.see("which times are drawn", tuple(t.unique().tolist()), said)
        counts = torch.bincount(t, minlength=8).double() / MANY
        allowed = 6 * (1 / 8 * 7 / 8 / MANY) ** 0.5
        scene.see("whether all are drawn equally often", bool(((counts - 1 / 8).abs() < allowed).all()), said)


def noise_is_normal(scene: Scene) -> None:
    """Black images at the last time of a strong schedule: the model gets nearly the noise itself."""
    built = scene.build(40, 0.3, 0.4)
    last = torch.full((MANY,), 39)
    for given in ({"t": last}, {"t": last, "seed": scene.random.randrange(1000)}):
        x_t, _ = seen_by_the_model(scene, built, MANY, **given)
        said = "2,000 black images at the last time" + (", a generator" if "seed" in given else "")
        x = x_t.double().flatten()
        scene.see("whether the noise has mean 0", bool(x.mean().abs() < 6 / len(x) ** 0.5), said)
        scene.see("whether it has variance 1", bool((x.var() - 1).abs() < 6 * (2 / len(x)) ** 0.5), said)
        # the fourth moment of a normal variable is 3, with a spread of about sqrt(96 / n)
        scene.see("whether it is Gaussian", bool((x**4).mean().sub(3).abs() < 6 * (96 / len(x)) ** 0.5), said)
        pixels = x_t.double().flatten(1)
        both = (pixels[:, 0] * pixels[:, 1]).mean().abs()
        scene.see("whether every pixel has its own", bool(both < 6 / MANY**0.5), said)
        pairs = (x_t.double().flatten(1)[1:, 0] * x_t.double().flatten(1)[:-1, 0]).mean().abs()
        scene.see("whether every image has its own", bool(pairs < 6 / MANY**0.5), said)


def same_noise_for_both(scene: Scene) -> None:
    """Noise that is drawn inside is both what is added and what the prediction is compared with."""
    built = scenes.schedule(scene)
    images, labels, given = batch(scene, built, 3)
    called(scene, built, "value", images, labels, "the loss", t=given["t"], seed=scene.random.randrange(1000))
    called(scene, built, "value", images, labels, "the loss", t=given["t"])


def drawn_in_order(scene: Scene) -> None:
    """The generator's first draw are the times, the second is the noise."""
    built = scenes.schedule(scene)
    images, labels, _ = batch(scene, built)
    called(scene, built, "calls", images, labels, "what the model was given", seed=scene.random.randrange(1000))


def draws_anew(scene: Scene) -> None:
    built = scenes.schedule(scene)
    found = [seen_by_the_model(scene, built, 16) for _ in range(2)]
    scene.see("whether a second call draws other noise", not torch.equal(found[0][0], found[1][0]), "no generator")
    found = [seen_by_the_model(scene, built, 16, seed=seed) for seed in (1, 2)]
    scene.see("whether another generator gives other noise", not torch.equal(found[0][0], found[1][0]), "generators")


def global_numbers_untouched(scene: Scene) -> None:
    built = scenes.schedule(scene)
    images, labels, given = batch(scene, built)
    called(scene, built, "global", images, labels, "whether torch's global random numbers were used", seed=3)
    called(scene, built, "global", images, labels, "whether torch's global random numbers were used", **given)


def seed_left_alone(scene: Scene) -> None:
    built = scenes.schedule(scene)
    images, labels, _ = batch(scene, built, 2)
    args = ("value", images, labels, model_numbers(scene))
    found = scene.handle.reseeds(built.constructed.key, args, {}, method="loss")
    scene.see("whether it sets the seed", found is True)


def type_of_the_images(scene: Scene) -> None:
    built = scenes.schedule(scene)
    images, labels, given = batch(scene, built, 2)
    for dtype in (torch.float32, torch.float64):
        args = ("calls", images.to(dtype), labels, model_numbers(scene))
        for options in ({"t": given["t"], "noise": given["noise"].to(dtype)}, {}):
            found = scene.handle.call(built.constructed.key, args, options, method="loss", seed=1)
            said = f"images in {str(dtype).removeprefix('torch.')}"
            if isinstance(found, Failure):
                scene.see("the loss", found, said)
                raise PropertyEnds
            scene.see("the type of what the model gets", str(found[1][0].dtype) if found[0] else "nothing", said)


# ---- right, written differently ----

Model = Callable[[Tensor, Tensor, Tensor | None], Tensor]
Maybe = Tensor | None
MaybeGenerator = torch.Generator | None


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


# ---- wrong ----

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


EXERCISES = (
    Exercise(
        name="DDPM.loss",
        reference=DDPM,
        lesson="08",
        where="lesson 08, section 8.5; Ho et al. 2020, algorithm 1 and equation 14",
        watched=watched,
        properties=(
            Property(
                "no_single_number",
                "the loss is one number, as a tensor without axes, so that backward() works",
                a_number,
                "A loss is a single number in a tensor, the mean over everything. What comes back has another shape.",
            ),
            Property(
                "model_asked_wrongly",
                "the model is called once, with the noisy images, their times and their labels",
                what_the_model_gets,
                "The model is not asked what it should be: once, with x_t = add_noise(images, t, noise), with t as "
                "whole numbers, and with the labels as they came.",
            ),
            Property(
                "another_comparison",
                "the loss is the mean squared difference between the model's answer and the noise",
                value,
                "The model is asked the right thing, and its answer is compared in another way: it should be the "
                "*mean* of the *squared* differences to the *noise*.",
            ),
            Property(
                "wrong_without_labels",
                "labels may be None, and the model then gets None",
                no_labels,
                "With labels your loss is right, and without (None) it is not. Hand them on as they come.",
            ),
            Property(
                "not_the_square",
                "large errors count squared",
                large_errors,
                "For small errors your loss agrees, for large ones not: the square is not all there is.",
            ),
            Property("special_times", "the first and the last time are times like the others", special_times),
            Property(
                "wrong_for_one_image",
                "a batch of one image works",
                lone_image,
                "For a batch your loss is right, for a single image it is not.",
            ),
            Property(
                "nothing_to_learn_from",
                "a gradient flows back to the model",
                learns,
                "The number is right, and no gradient reaches the model (.item(), .detach(), torch.no_grad() around "
                "it?). Training would run, and learn nothing.",
            ),
            Property(
                "times_not_even",
                "without t, every image gets a time of its own, evenly from 0 to T-1",
                times_are_drawn,
                "The times you draw are not what they should be: one whole number for each image, each from 0 to T-1 "
                "equally likely. self.sample_times draws them.",
            ),
            Property(
                "noise_not_normal",
                "without noise, every pixel gets its own, from a normal distribution of mean 0 and variance 1",
                noise_is_normal,
                "The noise you draw is not standard normal, one draw a pixel: torch.randn, or fresh_noise.",
            ),
            Property(
                "two_different_noises",
                "the noise that was drawn is the noise that is compared with",
                same_noise_for_both,
                "Noise that you draw yourself is not the same in both places: what you add is what the model is to "
                "find. Draw once, use it twice.",
            ),
            Property(
                "drawn_in_another_order",
                "the generator draws the times first, then the noise",
                drawn_in_order,
                "With the same generator other times or other noise come out. All draws use it, the times first, then "
                "the noise, so that a run can be repeated.",
            ),
            Property(
                "always_the_same_draw",
                "every call draws anew",
                draws_anew,
                "Two calls use the same noise. Something is fixed, and the network would learn that noise by heart.",
            ),
            Property(
                "global_numbers_touched",
                "given a generator, or both t and noise, torch's global random numbers are left alone",
                global_numbers_untouched,
                "Though everything random was given, your code used torch's global random numbers. Draw only what is "
                "missing, and with the generator.",
            ),
            Property(
                "type_of_the_images",
                "the model gets images of the type that came in",
                type_of_the_images,
                "The model gets another floating type than the images had.",
            ),
            Property(
                "reseeds_the_random_state",
                "the global random state is not set",
                seed_left_alone,
                "Your code sets the global seed. Every batch would get the same noise, and the network would learn "
                "that noise by heart.",
            ),
        ),
        misconceptions=(
            compared(
                "compared_with_the_image",
                "F.mse_loss(eps, images)",
                "You compare the model's answer with the clean images. It predicts the *noise*; that other choice "
                "exists (x_0-prediction), and then all formulas after it change.",
            ),
            compared(
                "compared_with_the_noisy_image",
                "F.mse_loss(eps, x_t)",
                "You compare the model's answer with x_t, its own input. The best network would be the one that "
                "changes nothing.",
            ),
            compared(
                "compared_through_the_image",
                "F.mse_loss(self.predict_clean(x_t, t, eps), images)",
                "You compare clean images. At late times that multiplies every error of the noise by sigma/signal, "
                "157 at the last one, and nothing else would count. Compare noise with noise.",
            ),
            compared(
                "sum_instead_of_mean",
                "F.mse_loss(eps, noise, reduction='sum')",
                "You sum over all pixels. The gradient would grow with batch and image: take the mean.",
            ),
            compared(
                "sum_over_the_pixels",
                "(eps - noise).square().flatten(1).sum(1).mean()",
                "You sum over the pixels and average over the images only. The mean goes over everything, so that the "
                "loss of a model that says 0 is 1, whatever the size.",
            ),
            compared(
                "absolute_error",
                "F.l1_loss(eps, noise)",
                "You take absolute differences. Their best guess is the median, not the mean; the theory, and every "
                "formula of the steps back, needs the mean: squares.",
            ),
            compared(
                "huber",
                "F.smooth_l1_loss(eps, noise)",
                "A smooth L1 (Huber) loss is no square for large errors, and half of one for small ones.",
            ),
            compared(
                "root_of_the_mean",
                "F.mse_loss(eps, noise).sqrt()",
                "You take the root of the mean. Leave the square: the loss of a model that says 0 is then 1 as well, "
                "and all others would be off.",
            ),
            compared(
                "halved",
                "0.5 * F.mse_loss(eps, noise)",
                "You halve it. Some textbooks do, to make the derivative prettier; equation 14 does not.",
            ),
            compared(
                "mean_before_the_square",
                "(eps - noise).mean().square()",
                "You average the errors before you square them, so they cancel. First the square, then the mean.",
            ),
            compared(
                "one_loss_an_image",
                "(eps - noise).square().mean(dim=(1, 2, 3))",
                "You return one loss for each image. backward() needs a single number: take the mean over the batch as "
                "well.",
            ),
            compared(
                "one_loss_a_pixel",
                "(eps - noise).square()",
                "You return the squared differences, pixel by pixel. Their mean is missing.",
            ),
            compared(
                "plain_number",
                "F.mse_loss(eps, noise).item()",
                ".item() makes a plain number of the loss, and backward() has nothing to go back through.",
            ),
            compared(
                "detached",
                "F.mse_loss(eps.detach(), noise)",
                "The number is right, and it is cut from the model, by .detach() or torch.no_grad(): training would "
                "run and learn nothing.",
            ),
            compared(
                "loss_and_prediction_returned",
                "F.mse_loss(eps, noise), eps",
                "You return two things. Only the loss was asked for.",
            ),
            compared(
                "weighted_by_time",
                "((eps - noise).square() * per_image(self.betas / (1 - self.alphas_cumprod), t, images)).mean()",
                "You weight each image by its time. The paper derives such weights (equation 12), finds that leaving "
                "them out gives better pictures, and calls that L_simple.",
            ),
            added(
                "image_not_noised",
                "images",
                "The model gets the clean images. There is no noise in them to be found: jump to time t first, "
                "add_noise.",
            ),
            added(
                "noise_shown",
                "noise",
                "The model gets the noise itself. It would only have to copy it.",
            ),
            added(
                "image_plus_noise",
                "images + noise",
                "You add the noise at full strength, whatever the time. add_noise knows how much belongs to time t.",
            ),
            added(
                "arguments_exchanged",
                "self.add_noise(noise, t, images)",
                "Image and noise have changed places in add_noise: clean first, then t, then noise.",
            ),
            added(
                "other_noise_added",
                "self.add_noise(images, t, torch.randn_like(images))",
                "You add one noise and compare with another. The model could never guess it: draw once, use it twice.",
            ),
            added(
                "clipped",
                "self.add_noise(images, t, noise).clamp(-1, 1)",
                "You clip the noisy images. Noise goes far beyond [-1, 1], and the model needs to see all of it.",
            ),
            added(
                "one_step_late",
                "self.add_noise(images, (t + 1).clamp(max=self.num_timesteps - 1), noise)",
                "The images are noised to t + 1 and the model is told t. Both get the same t.",
            ),
            asked(
                "labels_forgotten",
                "model(x_t, t, None)",
                "The labels never reach the model. It would learn to draw something, never what is asked for.",
            ),
            asked(
                "time_forgotten",
                "model(x_t, torch.zeros_like(t), labels)",
                "The model is told t = 0, always. It has to know how noisy its input is.",
            ),
            asked(
                "time_scaled_to_one",
                "model(x_t, t / self.num_timesteps, labels)",
                "The model gets t / T. Its time embedding is made for whole numbers from 0 to T-1 (lesson 01): pass t.",
            ),
            asked(
                "model_told_the_next_time",
                "model(x_t, t + 1, labels)",
                "The model is told t + 1 while the images are at t. The paper counts from 1; here all count from 0.",
            ),
            asked(
                "model_told_the_time_before",
                "model(x_t, t - 1, labels)",
                "The model is told t - 1 while the images are at t. Both get the same t.",
            ),
            asked(
                "time_with_axes",
                "model(x_t, t.reshape(-1, 1, 1, 1), labels)",
                "The model wants t as (B,); yours has more axes. Only what multiplies images needs those.",
            ),
            asked(
                "time_and_labels_exchanged",
                "model(x_t, labels, t)",
                "Time and labels have changed places: model(x_t, t, labels).",
            ),
            asked(
                "labels_by_keyword",
                "model(x_t, t, class_labels=labels)",
                "You pass the labels by name. Our UNet would take them, other models have other names for them: a "
                "process calls model(x_t, t, labels), by position, so any function will do.",
            ),
            asked(
                "called_twice",
                "(model(x_t, t, labels) + model(x_t, t, labels)) / 2",
                "You call the model twice. Once is enough, and costs half.",
            ),
            drawn_times(
                "one_time_for_the_batch",
                "self.sample_times(1, generator).expand(len(images))",
                "You draw one time for the whole batch. Each image gets its own, or the gradient jumps from batch to "
                "batch.",
            ),
            drawn_times(
                "last_time_never_drawn",
                "torch.randint(self.num_timesteps - 1, (len(images),), generator=generator)",
                "T-1 is never drawn: the upper end of torch.randint is left out already. The sampler starts there.",
            ),
            drawn_times(
                "time_zero_never_drawn",
                "torch.randint(1, self.num_timesteps, (len(images),), generator=generator)",
                "0 is never drawn. The paper counts from 1 to T; here it is 0 to T-1.",
            ),
            drawn_times(
                "times_from_one_to_T",
                "torch.randint(1, self.num_timesteps + 1, (len(images),), generator=generator)",
                "You draw from 1 to T, as the paper counts. Our tables go from 0 to T-1, and T is not in them.",
            ),
            drawn_times(
                "always_a_thousand",
                "torch.randint(1000, (len(images),), generator=generator)",
                "You draw from a thousand times, always. This schedule may have another length: self.num_timesteps.",
            ),
            drawn_times(
                "times_in_a_row",
                "torch.arange(len(images)) % self.num_timesteps",
                "Your times are 0, 1, 2, ... along the batch. They are to be drawn.",
            ),
            drawn_times(
                "times_without_the_generator",
                "self.sample_times(len(images))",
                "The times are not drawn with the generator you were given, so the run can't be repeated.",
            ),
            drawn_noise(
                "uniform_noise",
                "torch.rand(images.shape, generator=generator, dtype=images.dtype)",
                "torch.rand draws evenly from 0 to 1. Noise is normal: torch.randn, with an n.",
            ),
            drawn_noise(
                "uniform_noise_around_zero",
                "2 * torch.rand(images.shape, generator=generator, dtype=images.dtype) - 1",
                "Your noise is uniform from -1 to 1. Only with normal noise do many small steps make one jump: "
                "torch.randn.",
            ),
            drawn_noise(
                "one_noise_for_the_batch",
                "fresh_noise(images[:1], generator).expand(images.shape)",
                "All images of the batch get the same noise. Draw it in the shape of all images.",
            ),
            drawn_noise(
                "one_noise_for_all_pixels",
                "fresh_noise(images[:, :1, :1, :1], generator).expand(images.shape)",
                "All pixels of an image get the same noise: it would only become lighter or darker. One draw a pixel.",
            ),
            drawn_noise(
                "noise_without_the_generator",
                "torch.randn_like(images)",
                "The noise is not drawn with the generator you were given, so the run can't be repeated.",
            ),
            mistake(
                "given_times_ignored",
                "You draw times though they were given. Training passes t=..., so that several GPUs agree: draw only "
                "if t is None.",
                ("if t is None:", "if True:"),
            ),
            mistake(
                "given_noise_ignored",
                "You draw noise though it was given: draw only if noise is None.",
                ("if noise is None:", "if True:"),
            ),
            mistake(
                "given_times_and_noise_ignored",
                "You draw times and noise though they were given: draw only what is None.",
                ("if t is None:", "if True:"),
                ("if noise is None:", "if True:"),
            ),
            mistake(
                "noise_drawn_first",
                "You draw the noise first and the times after it. With the same generator everyone draws the times "
                "first, so that runs can be compared.",
                (
                    "if t is None:",
                    "first = fresh_noise(images, generator) if noise is None else noise\n    noise = first\n    if t "
                    "is None:",
                ),
            ),
        ),
        alternatives=(
            Alternative("by_hand", by_hand),
            Alternative("image_by_image_and_no_grad_for_the_jump", image_by_image),
            Alternative("by_module", by_module),
        ),
    ),
)
