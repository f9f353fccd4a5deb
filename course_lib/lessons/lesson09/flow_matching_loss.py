"""What holds for FlowMatching.loss, and right answers written differently."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.checks.exercise import Exercise
from course_lib.checks.guard import Failure
from course_lib.checks.trial import Call, PropertyEnds, Trial
from course_lib.flow_matching import FlowMatching
from course_lib.lessons.lesson09 import flow_matching_watched as watched
from course_lib.sampling import fresh_noise

# what the watched loss returns
VALUE, CALLS, X_T, TIMES, LABELS = range(5)


EXERCISE = Exercise(
    "FlowMatching.loss",
    FlowMatching,
    __name__,
    where="section 9.3, the four lines of training (Lipman et al. 2023, equation 23)",
    watched=watched.loss,
    not_for_all={
        "another_shape": "its own first property says more",
        "another_type": "what the model sees may be looked at in any precision",
        "mixes_the_batch": "the loss is a mean over the batch; its own properties try a batch of one",
        "gradients_cut": "asked of the model's part alone: nothing has to reach the images",
    },
)
holds, right = EXERCISE.holds, EXERCISE.right


def numbers(trial: Trial) -> Tensor:
    """A stand-in that depends on pixels, time and class, and the gain its prediction is multiplied by."""
    return torch.tensor([0.3, 0.7, 0.2, 0.6, 1.0]) + 0.3 * trial.uniform(5)


def batch(trial: Trial, *shape: int) -> dict[str, Tensor]:
    """images, labels (one of them "no class"), times away from 0, 1/2 and 1, noise."""
    shape = shape or (3, 2, 4, 5)
    labels = trial.integers(0, 10, shape[0])
    labels[-1] = -1
    t = 0.05 + 0.4 * trial.uniform(shape[0])
    t = torch.where(torch.arange(shape[0]) % 2 == 1, 1 - t, t)
    return {"images": trial.normal(*shape), "labels": labels, "t": t, "noise": trial.normal(*shape)}


def example(trial: Trial) -> tuple[tuple, dict]:
    made = batch(trial)
    return (made["images"], made["labels"], numbers(trial)), {"t": made["t"], "noise": made["noise"]}


def ask(
    trial: Trial,
    images: Tensor,
    labels: Tensor | None,
    parameters: Tensor,
    *,
    time_sampling: str = "uniform",
    **kwargs: Any,
) -> tuple:
    """What the watched loss returns; ends the property, recorded, where that is no tensor."""
    build = trial.build(time_sampling) if time_sampling != "uniform" else trial.build()
    found = build(images, labels, parameters, method="loss", observed=False, **kwargs)
    if not isinstance(found[VALUE], Tensor):
        named = Failure("type", f"{type(found[VALUE]).__name__} came back")
        trial.checked("the loss", None if found[VALUE] is None else named, told(images, kwargs))
    return found


def told(images: Tensor, kwargs: dict) -> str:
    given = [name for name in ("t", "noise") if kwargs.get(name) is not None]
    if kwargs.get("seed") is not None:
        given.append("a generator")
    return f"images {tuple(images.shape)}" + (
        f", with {' and '.join(given)} given" if given else ", nothing else given"
    )


def seen_by_the_model(trial: Trial, place: int, label: str) -> None:
    args, kwargs = example(trial)
    found = ask(trial, *args, **kwargs)
    if found[CALLS] == 0:
        trial.see(label, "the model is never called", told(args[0], kwargs))
        raise PropertyEnds
    trial.see(label, found[place], told(args[0], kwargs))


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    args, kwargs = example(trial)
    return trial.build().calling(*args, method="loss", **kwargs)


@holds("the loss is one number, a tensor without axes")
def no_single_number(trial: Trial) -> None:
    """What comes back is no single number. backward() needs one: the mean over all images, channels and pixels."""
    args, kwargs = example(trial)
    found = ask(trial, *args, **kwargs)
    trial.see("the shape of the loss", tuple(found[VALUE].shape), told(args[0], kwargs))


@holds("the model is called once")
def not_one_model_call(trial: Trial) -> None:
    """The model is not called exactly once. It is by far the most expensive thing here."""
    args, kwargs = example(trial)
    trial.see("how often the model is called", ask(trial, *args, **kwargs)[CALLS], told(args[0], kwargs))


@holds("the model sees x_t, the point on the line at time t")
def model_sees_another_point(trial: Trial) -> None:
    """The model is not shown the point on the straight line at time t, between these images and this noise."""
    seen_by_the_model(trial, X_T, "the images the model sees")


@holds("the model sees 1000 t, a vector (B,)")
def model_sees_another_time(trial: Trial) -> None:
    """The model is not shown 1000 t. Its time embedding was made for times up to 1000, one number an image."""
    seen_by_the_model(trial, TIMES, "the times the model sees")


@holds("the model sees the labels as they came, None included")
def model_sees_other_labels(trial: Trial) -> None:
    """The model is not shown the labels as they came. With labels it could never learn the classes otherwise; None
    means there are none."""
    seen_by_the_model(trial, LABELS, "the labels the model sees")
    args, kwargs = example(trial)
    found = ask(trial, args[0], None, args[2], **kwargs)
    trial.see("the labels the model sees", found[LABELS], "labels None")


@holds("a model that always says 0 has the mean square of noise - clean as its loss")
def wrong_target(trial: Trial) -> None:
    """For a model that always predicts zero the loss is the mean square of the target, and yours is not that of noise -
    clean: the target or the mean is wrong."""
    # A model that always predicts zero: the loss is the mean square of the target.
    args, kwargs = example(trial)
    found = ask(trial, args[0], args[1], torch.zeros(5), **kwargs)
    trial.see("the loss", found[VALUE], told(args[0], kwargs) + ", a model that always says 0")


@holds("the loss is the mean squared error between prediction and velocity")
def wrong_comparison(trial: Trial) -> None:
    """The model is asked the right thing, the target is right, and the two are compared in another way than by the mean
    squared error."""
    args, kwargs = example(trial)
    trial.see("the loss", ask(trial, *args, **kwargs)[VALUE], told(args[0], kwargs))


@holds("it is right at t = 0 and at t = 1")
def wrong_at_the_ends(trial: Trial) -> None:
    (images, labels, parameters), kwargs = example(trial)
    for time in (0.0, 1.0):
        kwargs["t"] = torch.full((len(images),), time)
        found = ask(trial, images, labels, parameters, **kwargs)
        trial.see("the loss", found[VALUE], f"t = {time:g} for all images")


@holds("a batch of one, and equal sizes, work as well")
def wrong_for_other_sizes(trial: Trial) -> None:
    for shape in ((1, 3, 4, 2), (4, 4, 4, 4), (2, 1, 3, 3)):
        made = batch(trial, *shape)
        found = ask(trial, made["images"], made["labels"], numbers(trial), t=made["t"], noise=made["noise"])
        trial.see("the loss", found[VALUE], f"images {shape}")


@holds("large predictions are left as they are")
def clipped(trial: Trial) -> None:
    (images, labels, parameters), kwargs = example(trial)
    parameters[4] = 9.0
    trial.see("the loss", ask(trial, images, labels, parameters, **kwargs)[VALUE], "a model with large predictions")


@holds("without t, each image gets a time of its own, evenly between 0 and 1")
def times_not_drawn_for_each_image(trial: Trial) -> None:
    """Where no t is given, you do not draw one time for each image, evenly between 0 and 1. self.sample_times does
    that."""
    # Only the noise is given: the times are drawn, one an image, evenly from 0 to 1.
    images, seed = trial.normal(400, 1, 1, 2), trial.random.randrange(1000)
    noise, labels = trial.normal(*images.shape), torch.zeros(400, dtype=torch.int64)
    found = ask(trial, images, labels, numbers(trial), noise=noise, seed=seed)
    times = found[TIMES]
    given = told(images, {"noise": noise, "seed": seed})
    if not isinstance(times, Tensor):
        trial.see("the times the model sees", times, given)
        raise PropertyEnds
    trial.see("whether no two images share a time", len(times.unique()) > 380, given)
    spread = bool((times >= 0).all() and (times <= 1000).all() and (times / 1000).std().sub(0.2887).abs() < 0.06)
    trial.see("whether the times the model sees are spread evenly over 0 to 1000", spread, given)


@holds("times are drawn as time_sampling says")
def another_distribution_of_times(trial: Trial) -> None:
    """With time_sampling='logit-normal' your times are not drawn that way. self.sample_times knows how; hand it the
    generator."""
    (images, labels, parameters), kwargs = example(trial)
    found = ask(trial, images, labels, parameters, noise=kwargs["noise"], seed=5, time_sampling="logit-normal")
    trial.see("the times the model sees", found[TIMES], 'FlowMatching("logit-normal"), generator with seed 5')


@holds("the times come from the generator")
def times_not_from_the_generator(trial: Trial) -> None:
    """The times do not come from the generator that was given, as its first draw."""
    (images, labels, parameters), kwargs = example(trial)
    seed = trial.random.randrange(1000)
    found = ask(trial, images, labels, parameters, noise=kwargs["noise"], seed=seed)
    trial.see("the times the model sees", found[TIMES], f"noise given, a generator with seed {seed}")


@holds("the noise comes from the generator")
def noise_not_from_the_generator(trial: Trial) -> None:
    """The noise does not come from the generator that was given, or is not standard normal."""
    (images, labels, parameters), kwargs = example(trial)
    seed = trial.random.randrange(1000)
    found = ask(trial, images, labels, parameters, t=kwargs["t"], seed=seed)
    given = f"t given, a generator with seed {seed}"
    trial.see("the images the model sees", found[X_T], given)
    trial.see("the loss", found[VALUE], given)


@holds("the generator draws the times first, then the noise")
def drawn_in_another_order(trial: Trial) -> None:
    """Each is drawn correctly by itself, but in another order: the times come first, then the noise. Otherwise a run
    could not be repeated."""
    (images, labels, parameters), _ = example(trial)
    seed = trial.random.randrange(1000)
    found = ask(trial, images, labels, parameters, seed=seed)
    given = f"a generator with seed {seed}"
    trial.see("the times the model sees", found[TIMES], given)
    trial.see("the images the model sees", found[X_T], given)
    trial.see("the loss", found[VALUE], given)


@holds("without a generator, torch's global random numbers do the same")
def wrong_without_a_generator(trial: Trial) -> None:
    """With a generator you are right, without one you are not: then torch's own random numbers draw times and noise."""
    # torch's global random numbers, in whatever order: what was drawn is read off what the model saw.
    images = trial.normal(60, 2, 3, 4)
    labels = torch.zeros(60, dtype=torch.int64)
    found = ask(trial, images, labels, torch.zeros(5))
    times, x_t = found[TIMES], found[X_T]
    given = told(images, {})
    if not isinstance(times, Tensor) or times.shape != (60,) or not isinstance(x_t, Tensor):
        trial.see("the times the model sees", times, given)
        raise PropertyEnds
    t = (times.double() / 1000).reshape(-1, 1, 1, 1)
    noise = (x_t.double() - (1 - t) * images.double()) / t
    clear = t.flatten() > 0.2  # near t = 0 the noise cannot be read off
    fine = bool(clear.sum() > 10 and (noise[clear].std() - 1).abs() < 0.15 and noise[clear].mean().abs() < 0.15)
    trial.see("whether the noise is standard normal", fine, given)
    trial.see("whether no two images share a time", len(times.unique()) > 55, given)


@holds("gradients flow back into the model")
def gradients_cut(trial: Trial) -> None:
    """The values are right, and the gradients are not: somewhere the computation is cut from its past (.detach(),
    .data, .item(), torch.no_grad() or a tensor built anew from numbers). Training would never reach what lies before
    the cut."""
    args, kwargs = example(trial)
    gradient = trial.build().every_gradient(*args, method="loss", **kwargs).inputs[1]
    trial.see("the gradient that comes back", "none" if gradient is None else gradient, "loss", tolerance=10)


@right
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


@right
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


@right
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


@right
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
