"""Exercise FlowMatching.loss (lesson 09). The model is a stand-in that notes what it is shown."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.lessons.lesson09.flow_matching_interpolate import (
    method_gradients,
    method_in_float64,
    method_leaves_seeds,
    method_on_any_device,
    wrong_class,
)
from course_lib.checks.exercise import Alternative, Exercise, Misconception, Property
from course_lib.checks.guard import Failure
from course_lib.checks.scene import PropertyEnds, Scene
from course_lib.lessons.lesson09 import flow_matching_watched as watched
from course_lib.flow_matching import FlowMatching
from course_lib.sampling import fresh_noise

# what the watched loss returns
VALUE, CALLS, X_T, TIMES, LABELS = range(5)


def numbers(scene: Scene) -> Tensor:
    """A stand-in that depends on pixels, time and class, and the gain its prediction is multiplied by."""
    return torch.tensor([0.3, 0.7, 0.2, 0.6, 1.0]) + 0.3 * scene.uniform(5)


def batch(scene: Scene, *shape: int) -> dict[str, Tensor]:
    """images, labels (one of them "no class"), times away from 0, 1/2 and 1, noise."""
    shape = shape or (3, 2, 4, 5)
    labels = scene.integers(0, 10, shape[0])
    labels[-1] = -1
    t = 0.05 + 0.4 * scene.uniform(shape[0])
    t = torch.where(torch.arange(shape[0]) % 2 == 1, 1 - t, t)
    return {"images": scene.normal(*shape), "labels": labels, "t": t, "noise": scene.normal(*shape)}


def example(scene: Scene) -> tuple[tuple, dict]:
    made = batch(scene)
    return (made["images"], made["labels"], numbers(scene)), {"t": made["t"], "noise": made["noise"]}


def drawing_example(scene: Scene) -> tuple[tuple, dict]:
    made = batch(scene)
    return (made["images"], made["labels"], numbers(scene)), {}


def ask(
    scene: Scene,
    images: Tensor,
    labels: Tensor | None,
    parameters: Tensor,
    *,
    time_sampling: str = "uniform",
    **kwargs: Any,
) -> tuple:
    """What the watched loss returns; ends the property, recorded, where that is no tensor."""
    build = scene.build(time_sampling) if time_sampling != "uniform" else scene.build()
    found = build(images, labels, parameters, method="loss", observed=False, **kwargs)
    if not isinstance(found[VALUE], Tensor):
        named = Failure("type", f"{type(found[VALUE]).__name__} came back")
        scene.checked("the loss", None if found[VALUE] is None else named, told(images, kwargs))
    return found


def told(images: Tensor, kwargs: dict) -> str:
    given = [name for name in ("t", "noise") if kwargs.get(name) is not None]
    if kwargs.get("seed") is not None:
        given.append("a generator")
    return f"images {tuple(images.shape)}" + (
        f", with {' and '.join(given)} given" if given else ", nothing else given"
    )


def form(scene: Scene) -> None:
    args, kwargs = example(scene)
    found = ask(scene, *args, **kwargs)
    scene.see("the shape of the loss", tuple(found[VALUE].shape), told(args[0], kwargs))


def one_call(scene: Scene) -> None:
    args, kwargs = example(scene)
    scene.see("how often the model is called", ask(scene, *args, **kwargs)[CALLS], told(args[0], kwargs))


def seen_by_the_model(scene: Scene, place: int, label: str) -> None:
    args, kwargs = example(scene)
    found = ask(scene, *args, **kwargs)
    if found[CALLS] == 0:
        scene.see(label, "the model is never called", told(args[0], kwargs))
        raise PropertyEnds
    scene.see(label, found[place], told(args[0], kwargs))


def place_seen(scene: Scene) -> None:
    seen_by_the_model(scene, X_T, "the images the model sees")


def times_seen(scene: Scene) -> None:
    seen_by_the_model(scene, TIMES, "the times the model sees")


def labels_seen(scene: Scene) -> None:
    seen_by_the_model(scene, LABELS, "the labels the model sees")
    args, kwargs = example(scene)
    found = ask(scene, args[0], None, args[2], **kwargs)
    scene.see("the labels the model sees", found[LABELS], "labels None")


def silent_model(scene: Scene) -> None:
    """A model that always predicts zero: the loss is the mean square of the target."""
    args, kwargs = example(scene)
    found = ask(scene, args[0], args[1], torch.zeros(5), **kwargs)
    scene.see("the loss", found[VALUE], told(args[0], kwargs) + ", a model that always says 0")


def value(scene: Scene) -> None:
    args, kwargs = example(scene)
    scene.see("the loss", ask(scene, *args, **kwargs)[VALUE], told(args[0], kwargs))


def at_both_ends(scene: Scene) -> None:
    (images, labels, parameters), kwargs = example(scene)
    for time in (0.0, 1.0):
        kwargs["t"] = torch.full((len(images),), time)
        found = ask(scene, images, labels, parameters, **kwargs)
        scene.see("the loss", found[VALUE], f"t = {time:g} for all images")


def other_sizes(scene: Scene) -> None:
    for shape in ((1, 3, 4, 2), (4, 4, 4, 4), (2, 1, 3, 3)):
        made = batch(scene, *shape)
        found = ask(scene, made["images"], made["labels"], numbers(scene), t=made["t"], noise=made["noise"])
        scene.see("the loss", found[VALUE], f"images {shape}")


def large_predictions(scene: Scene) -> None:
    (images, labels, parameters), kwargs = example(scene)
    parameters[4] = 9.0
    scene.see("the loss", ask(scene, images, labels, parameters, **kwargs)[VALUE], "a model with large predictions")


def own_times(scene: Scene) -> None:
    """Only the noise is given: the times are drawn, one an image, evenly from 0 to 1."""
    images, seed = scene.normal(400, 1, 1, 2), scene.random.randrange(1000)
    noise, labels = scene.normal(*images.shape), torch.zeros(400, dtype=torch.int64)
    found = ask(scene, images, labels, numbers(scene), noise=noise, seed=seed)
    times = found[TIMES]
    given = told(images, {"noise": noise, "seed": seed})
    if not isinstance(times, Tensor):
        scene.see("the times the model sees", times, given)
        raise PropertyEnds
    scene.see("whether no two images share a time", len(times.unique()) > 380, given)
    spread = bool((times >= 0).all() and (times <= 1000).all() and (times / 1000).std().sub(0.2887).abs() < 0.06)
    scene.see("whether the times the model sees are spread evenly over 0 to 1000", spread, given)


def logit_normal_times(scene: Scene) -> None:
    (images, labels, parameters), kwargs = example(scene)
    found = ask(scene, images, labels, parameters, noise=kwargs["noise"], seed=5, time_sampling="logit-normal")
    scene.see("the times the model sees", found[TIMES], 'FlowMatching("logit-normal"), generator with seed 5')


def times_from_the_generator(scene: Scene) -> None:
    (images, labels, parameters), kwargs = example(scene)
    seed = scene.random.randrange(1000)
    found = ask(scene, images, labels, parameters, noise=kwargs["noise"], seed=seed)
    scene.see("the times the model sees", found[TIMES], f"noise given, a generator with seed {seed}")


def noise_from_the_generator(scene: Scene) -> None:
    (images, labels, parameters), kwargs = example(scene)
    seed = scene.random.randrange(1000)
    found = ask(scene, images, labels, parameters, t=kwargs["t"], seed=seed)
    given = f"t given, a generator with seed {seed}"
    scene.see("the images the model sees", found[X_T], given)
    scene.see("the loss", found[VALUE], given)


def both_from_the_generator(scene: Scene) -> None:
    (images, labels, parameters), _ = example(scene)
    seed = scene.random.randrange(1000)
    found = ask(scene, images, labels, parameters, seed=seed)
    given = f"a generator with seed {seed}"
    scene.see("the times the model sees", found[TIMES], given)
    scene.see("the images the model sees", found[X_T], given)
    scene.see("the loss", found[VALUE], given)


def without_a_generator(scene: Scene) -> None:
    """torch's global random numbers, in whatever order: what was drawn is read off what the model saw."""
    images = scene.normal(60, 2, 3, 4)
    labels = torch.zeros(60, dtype=torch.int64)
    found = ask(scene, images, labels, torch.zeros(5))
    times, x_t = found[TIMES], found[X_T]
    given = told(images, {})
    if not isinstance(times, Tensor) or times.shape != (60,) or not isinstance(x_t, Tensor):
        scene.see("the times the model sees", times, given)
        raise PropertyEnds
    t = (times.double() / 1000).reshape(-1, 1, 1, 1)
    noise = (x_t.double() - (1 - t) * images.double()) / t
    clear = t.flatten() > 0.2  # near t = 0 the noise cannot be read off
    fine = bool(clear.sum() > 10 and (noise[clear].std() - 1).abs() < 0.15 and noise[clear].mean().abs() < 0.15)
    scene.see("whether the noise is standard normal", fine, given)
    scene.see("whether no two images share a time", len(times.unique()) > 55, given)


# ---- right, written differently ----


def written_out(
    self: FlowMatching,
    model: Any,
    images: Tensor,
    labels: Tensor | None = None,
    generator: torch.Generator | None = None,
    *,
    t: Tensor | None = None,
    noise: Tensor | None = None,
) -> Tensor:
    """Without the other two methods, and without F."""
    t = self.sample_times(images.shape[0], generator) if t is None else t
    noise = torch.randn(images.shape, generator=generator, dtype=images.dtype) if noise is None else noise
    t = t.to(images)
    s = t[:, None, None, None]
    error = model(images + s * (noise - images), t * 1000, labels) - (noise - images)
    return (error**2).mean()


def image_by_image(
    self: FlowMatching,
    model: Any,
    images: Tensor,
    labels: Tensor | None = None,
    generator: torch.Generator | None = None,
    *,
    t: Tensor | None = None,
    noise: Tensor | None = None,
) -> Tensor:
    """A mean for each image, then the mean of those."""
    if t is None:
        t = self.sample_times(len(images), generator)
    if noise is None:
        noise = fresh_noise(images, generator)
    t = t.to(images.dtype).to(images.device)
    off = model(self.interpolate(images, t, noise), 1000.0 * t, labels) - noise + images
    return off.square().flatten(1).mean(1).mean()


def by_mse_module(
    self: FlowMatching,
    model: Any,
    images: Tensor,
    labels: Tensor | None = None,
    generator: torch.Generator | None = None,
    *,
    t: Tensor | None = None,
    noise: Tensor | None = None,
) -> Tensor:
    """The target first, detached, as it has no parameters; the labels by name."""
    t = (self.sample_times(len(images), generator) if t is None else t).to(images.device, images.dtype)
    noise = fresh_noise(images, generator) if noise is None else noise
    target = self.velocity(images, noise).detach()
    return torch.nn.MSELoss()(model(self.interpolate(images, t, noise), t.mul(1e3), labels=labels), target)


def by_norm(
    self: FlowMatching,
    model: Any,
    images: Tensor,
    labels: Tensor | None = None,
    generator: torch.Generator | None = None,
    *,
    t: Tensor | None = None,
    noise: Tensor | None = None,
) -> Tensor:
    """Sum of squares over the number of pixels; (1 - t) and t weighed by hand."""
    if t is None:
        t = self.sample_times(len(images), generator=generator)
    if noise is None:
        noise = torch.randn_like(images) if generator is None else fresh_noise(images, generator)
    t = t.to(images.dtype)
    weights = t.view(-1, 1, 1, 1)
    predicted = model((1 - weights) * images + weights * noise, 1000 * t, labels)
    return F.mse_loss(self.velocity(images, noise), predicted, reduction="sum") / images.numel()


# ---- wrong ----

TIMES_DRAWN = "if t is None:\n            t = self.sample_times(len(images), generator)"
NOISE_DRAWN = "if noise is None:\n            noise = fresh_noise(images, generator)"
CAST = "t = t.to(images.device, images.dtype)"
WALK = "x_t = self.interpolate(images, t, noise)"
PREDICT = "predicted = model(x_t, TIME_SCALE * t, labels)"
COMPARE = "return F.mse_loss(predicted, self.velocity(images, noise))"


def mistake(name: str, sentence: str, *changes: tuple[str, str]) -> Misconception:
    return Misconception(name, sentence, wrong_class(*changes))


def compared(name: str, value: str, sentence: str) -> Misconception:
    return mistake(name, sentence, (COMPARE, f"return {value}"))


def asked(name: str, arguments: str, sentence: str) -> Misconception:
    return mistake(name, sentence, (PREDICT, f"predicted = model({arguments})"))


EXERCISES = (
    Exercise(
        name="FlowMatching.loss",
        reference=FlowMatching,
        lesson="09",
        where="section 9.3, the four lines of training (Lipman et al. 2023, equation 23)",
        watched=watched.loss,
        properties=(
            Property(
                "no_single_number",
                "the loss is one number, a tensor without axes",
                form,
                "What comes back is no single number. backward() needs one: the mean over all images, channels and "
                "pixels.",
            ),
            Property(
                "not_one_model_call",
                "the model is called once",
                one_call,
                "The model is not called exactly once. It is by far the most expensive thing here.",
            ),
            Property(
                "model_sees_another_point",
                "the model sees x_t, the point on the line at time t",
                place_seen,
                "The model is not shown the point on the straight line at time t, between these images and this noise.",
            ),
            Property(
                "model_sees_another_time",
                "the model sees 1000 t, a vector (B,)",
                times_seen,
                "The model is not shown 1000 t. Its time embedding was made for times up to 1000, one number an image.",
            ),
            Property(
                "model_sees_other_labels",
                "the model sees the labels as they came, None included",
                labels_seen,
                "The model is not shown the labels as they came. With labels it could never learn the classes "
                "otherwise; None means there are none.",
            ),
            Property(
                "wrong_target",
                "a model that always says 0 has the mean square of noise - clean as its loss",
                silent_model,
                "For a model that always predicts zero the loss is the mean square of the target, and yours is not "
                "that of noise - clean: the target or the mean is wrong.",
            ),
            Property(
                "wrong_comparison",
                "the loss is the mean squared error between prediction and velocity",
                value,
                "The model is asked the right thing, the target is right, and the two are compared in another way "
                "than by the mean squared error.",
            ),
            Property("wrong_at_the_ends", "it is right at t = 0 and at t = 1", at_both_ends),
            Property("wrong_for_other_sizes", "a batch of one, and equal sizes, work as well", other_sizes),
            Property("clipped", "large predictions are left as they are", large_predictions),
            Property(
                "times_not_drawn_for_each_image",
                "without t, each image gets a time of its own, evenly between 0 and 1",
                own_times,
                "Where no t is given, you do not draw one time for each image, evenly between 0 and 1. "
                "self.sample_times does that.",
            ),
            Property(
                "another_distribution_of_times",
                "times are drawn as time_sampling says",
                logit_normal_times,
                "With time_sampling='logit-normal' your times are not drawn that way. self.sample_times knows how; "
                "hand it the generator.",
            ),
            Property(
                "times_not_from_the_generator",
                "the times come from the generator",
                times_from_the_generator,
                "The times do not come from the generator that was given, as its first draw.",
            ),
            Property(
                "noise_not_from_the_generator",
                "the noise comes from the generator",
                noise_from_the_generator,
                "The noise does not come from the generator that was given, or is not standard normal.",
            ),
            Property(
                "drawn_in_another_order",
                "the generator draws the times first, then the noise",
                both_from_the_generator,
                "Each is drawn correctly by itself, but in another order: the times come first, then the noise. "
                "Otherwise a run could not be repeated.",
            ),
            Property(
                "wrong_without_a_generator",
                "without a generator, torch's global random numbers do the same",
                without_a_generator,
                "With a generator you are right, without one you are not: then torch's own random numbers draw times "
                "and noise.",
            ),
            method_gradients("loss", example, (1,)),
            method_in_float64("loss", example),
            method_on_any_device("loss", example),
            method_leaves_seeds("loss", drawing_example),
        ),
        misconceptions=(
            asked(
                "time_not_scaled",
                "x_t, t, labels",
                "The model sees t itself, between 0 and 1. Its embedding was made for 0 to 1000: most of its numbers "
                "would hardly move. Hand it 1000 * t.",
            ),
            asked(
                "time_divided",
                "x_t, t / TIME_SCALE, labels",
                "You divide t by 1000 where it is to be multiplied: all times look like 0 to the model.",
            ),
            asked(
                "time_reversed_for_the_model",
                "x_t, TIME_SCALE * (1 - t), labels",
                "The model is told 1000 (1 - t), the other direction's time, while x_t is at time t. It could still "
                "learn, and no sampler of this course would fit it.",
            ),
            asked(
                "time_rounded",
                "x_t, (TIME_SCALE * t).long(), labels",
                "You round 1000 t to whole numbers. DDPM has whole times; here the time is continuous, and the "
                "embedding takes any number.",
            ),
            asked(
                "time_with_image_axes",
                "x_t, TIME_SCALE * t.reshape(-1, 1, 1, 1), labels",
                "You hand the model t as (B, 1, 1, 1). It wants (B,); the axes for the pixels belong into interpolate.",
            ),
            asked(
                "labels_ignored",
                "x_t, TIME_SCALE * t, None",
                "The labels never reach the model, so it cannot learn to draw a class that you ask for.",
            ),
            asked(
                "clean_images_shown",
                "images, TIME_SCALE * t, labels",
                "The model sees the clean images instead of x_t. There is nothing to take away from them, and when "
                "drawing it never meets one before the end.",
            ),
            asked(
                "only_noise_shown",
                "noise, TIME_SCALE * t, labels",
                "The model sees the noise alone. It has to learn at all times in between: show it x_t.",
            ),
            mistake(
                "line_reversed",
                "You walk to 1 - t, and tell the model t. At t = 0 it sees noise: that is the other direction of time.",
                (WALK, "x_t = self.interpolate(images, 1 - t, noise)"),
            ),
            mistake(
                "ends_exchanged",
                "Image and noise have changed places in both methods: the order is clean, noise.",
                (WALK, "x_t = self.interpolate(noise, t, images)"),
                (COMPARE, "return F.mse_loss(predicted, self.velocity(noise, images))"),
            ),
            mistake(
                "time_scaled_before_the_walk",
                "You scale t before you walk: interpolate then gets times up to 1000. Only the model sees 1000 t.",
                (CAST, CAST + " * TIME_SCALE"),
                (PREDICT, "predicted = model(x_t, t, labels)"),
            ),
            compared(
                "sign_flipped",
                "F.mse_loss(predicted, -self.velocity(images, noise))",
                "The sign of your target is flipped: the model would learn clean - noise, the papers' direction. "
                "Everything trains, the loss falls, and the sampler of this course then walks away from the images.",
            ),
            compared(
                "noise_as_target",
                "F.mse_loss(predicted, noise)",
                "Your target is the noise: that is DDPM. Flow matching learns the velocity, noise - clean.",
            ),
            compared(
                "image_as_target",
                "F.mse_loss(predicted, images)",
                "Your target is the clean image. Flow matching learns the velocity, noise - clean.",
            ),
            compared(
                "rest_of_the_way_as_target",
                "F.mse_loss(predicted, noise - x_t)",
                "Your target is the rest of the way, noise - x_t. That is (1 - t) times the velocity; the velocity is "
                "the same at every time.",
            ),
            compared(
                "way_so_far_as_target",
                "F.mse_loss(predicted, x_t - images)",
                "Your target is the way walked so far, x_t - clean. That is t times the velocity; the velocity is the "
                "same at every time.",
            ),
            compared(
                "sum",
                "F.mse_loss(predicted, self.velocity(images, noise), reduction='sum')",
                "You sum over everything instead of taking the mean: the loss, and with it the step size, would grow "
                "with the size of batch and image.",
            ),
            compared(
                "sum_over_pixels",
                "(predicted - self.velocity(images, noise)).square().flatten(1).sum(1).mean()",
                "You sum over the pixels and average over the images only. Here it is the mean over everything.",
            ),
            compared(
                "one_loss_an_image",
                "(predicted - self.velocity(images, noise)).square().flatten(1).mean(1)",
                "You return one loss for each image. Take the mean of those, too: backward() wants a single number.",
            ),
            compared(
                "no_mean",
                "(predicted - self.velocity(images, noise)).square()",
                "You return the squared errors, pixel by pixel. Take their mean.",
            ),
            compared(
                "absolute_error",
                "F.l1_loss(predicted, self.velocity(images, noise))",
                "You take absolute differences. Only the *squared* error has the mean velocity as its minimum, and "
                "that mean is what the theory needs.",
            ),
            compared(
                "root_of_the_error",
                "F.mse_loss(predicted, self.velocity(images, noise)).sqrt()",
                "You take the root at the end. The loss is the mean squared error itself.",
            ),
            compared(
                "halved",
                "F.mse_loss(predicted, self.velocity(images, noise)) / 2",
                "You halve the loss. That may be habit; then a model that says zero does not start at 1 + mean(x^2), "
                "and the curves of this course do not fit.",
            ),
            compared(
                "weighted_by_time",
                "(t.reshape(-1, 1, 1, 1) * (predicted - self.velocity(images, noise)).square()).mean()",
                "You weigh the errors by t. All times count alike here.",
            ),
            compared(
                "prediction_clipped",
                "F.mse_loss(predicted.clamp(-1, 1), self.velocity(images, noise))",
                "You clip the prediction. A velocity is often larger than 1, and where you clip no gradient comes "
                "back.",
            ),
            compared(
                "detached",
                "F.mse_loss(predicted.detach(), self.velocity(images, noise))",
                "The value is right, and no gradient reaches the model: you detached its prediction. The target may be "
                "detached, the prediction never.",
            ),
            compared(
                "plain_number",
                "F.mse_loss(predicted, self.velocity(images, noise)).item()",
                "You return a plain number (.item()). Nobody can call backward() on that; return the tensor.",
            ),
            mistake(
                "one_time_for_the_batch",
                "You draw one time for the whole batch. Each image gets its own: so one step learns about many times.",
                (TIMES_DRAWN, "if t is None:\n            t = self.sample_times(1, generator).expand(len(images))"),
            ),
            mistake(
                "time_sampling_ignored",
                "You draw the times evenly whatever time_sampling says. self.sample_times(B, generator) knows both "
                "ways.",
                (TIMES_DRAWN, "if t is None:\n            t = torch.rand(len(images), generator=generator)"),
            ),
            mistake(
                "whole_times",
                "You draw whole numbers, as DDPM does. Here times are any numbers from 0 to 1.",
                (
                    TIMES_DRAWN,
                    "if t is None:\n            t = torch.randint(2, (len(images),), generator=generator).float()",
                ),
            ),
            mistake(
                "given_time_ignored",
                "You always draw a time, even if one is given. t and noise are there so that others can decide.",
                (TIMES_DRAWN, "t = self.sample_times(len(images), generator)"),
            ),
            mistake(
                "given_noise_ignored",
                "You always draw noise, even if some is given. t and noise are there so that others can decide.",
                (NOISE_DRAWN, "noise = fresh_noise(images, generator)"),
            ),
            mistake(
                "noise_first",
                "You draw the noise first and the times afterwards. The order is part of the promise: the same "
                "generator gives the same step.",
                (
                    TIMES_DRAWN,
                    f"{NOISE_DRAWN}\n        if t is None:\n            t = self.sample_times(len(images), generator)",
                ),
            ),
            mistake(
                "generator_only_for_the_times",
                "The times come from the generator and the noise does not: hand it to fresh_noise as well.",
                (NOISE_DRAWN, "if noise is None:\n            noise = fresh_noise(images, None)"),
            ),
            mistake(
                "generator_only_for_the_noise",
                "The noise comes from the generator and the times do not: hand it to sample_times as well.",
                (TIMES_DRAWN, "if t is None:\n            t = self.sample_times(len(images))"),
            ),
            mistake(
                "uniform_noise",
                "Your noise is uniform, torch.rand. It has to be standard normal, as the sampler starts from that.",
                (
                    NOISE_DRAWN,
                    "if noise is None:\n            noise = torch.rand(images.shape, generator=generator)",
                ),
            ),
            mistake(
                "one_noise_for_the_batch",
                "All images get the same noise. Each has its own.",
                (
                    NOISE_DRAWN,
                    "if noise is None:\n            noise = fresh_noise(images[:1], generator).expand_as(images)",
                ),
            ),
        ),
        alternatives=(
            Alternative("written_out", written_out),
            Alternative("image_by_image", image_by_image),
            Alternative("by_mse_module", by_mse_module),
            Alternative("by_norm", by_norm),
        ),
    ),
)
