"""What holds for FlowMatching.loss, and right answers written differently."""

from typing import Any

import torch
from torch import Tensor

from course_lib.checks.exercise import Exercise
from course_lib.checks.guard import Failure
from course_lib.checks.mistakes import edited
from course_lib.checks.properties import changes_the_models_mode, mixes_devices
from course_lib.checks.stand_ins import FUNCTION, NETWORK
from course_lib.checks.trial import Call, PropertyEnds, Trial
from course_lib.flow_matching import FlowMatching
from course_lib.lessons.lesson09 import flow_matching_watched as watched

# what the watched loss returns
VALUE, CALLS, X_T, TIMES, LABELS = range(5)

EXERCISE = Exercise(
    "FlowMatching.loss",
    FlowMatching,
    __name__,
    where="section 9.3, the four lines of training (Lipman et al. 2023, equation 23)",
    watched=watched.loss,
    not_for_all={
        "another_shape": "no_single_number has the words for it, and what the model sees is looked at piece by piece",
        "gradients_cut": "its own looks at the model's gradient alone: the images need none",
        "reseeds_the_random_state": "its own tries it where times and noise are drawn",
    },
)
holds, right = EXERCISE.holds, EXERCISE.right


def asking(
    trial: Trial,
    images: Tensor,
    labels: Tensor | None,
    *,
    gain: float | None = None,
    time_sampling: str = "uniform",
    form: str = NETWORK,
    **given: Any,
) -> Call:
    """A call for a model that depends on pixels, time and class, its prediction multiplied by the gain."""
    numbers = tuple(number + 0.3 * trial.random.random() for number in (0.3, 0.7, 0.2, 0.6))
    gain = 1 + 0.3 * trial.uniform() if gain is None else torch.tensor(gain)
    built = trial.build() if time_sampling == "uniform" else trial.build(time_sampling)
    args = (images, labels, numbers, gain, *(given.get(name) for name in ("t", "noise", "seed")), form)
    return built.calling(*args, method="loss")


@EXERCISE.telling
def told(call: Call) -> str:
    images, _, _, _, t, noise, seed, form = call.args
    named = {"t": t, "noise": noise, "a generator": seed}
    given = " and ".join(name for name, value in named.items() if value is not None)
    model = "" if form == NETWORK else f", the model is {form}"
    return f"images {tuple(images.shape)}, " + (f"with {given} given" if given else "nothing else given") + model


def ask(call: Call) -> tuple:
    """What the watched loss returns; ends the property, recorded, where that is no tensor."""
    found = call.value()
    if isinstance(found, Failure):
        call.trial.checked("the loss", found, told(call))
    if not isinstance(found[VALUE], Tensor):
        named = Failure("type", f"{type(found[VALUE]).__name__} came back")
        call.trial.checked("the loss", None if found[VALUE] is None else named, told(call))
    return found


def see(call: Call, given: str = "") -> None:
    call.trial.see("the loss", ask(call)[VALUE], given or told(call))


def batch(trial: Trial, *shape: int) -> dict[str, Tensor]:
    """images, labels (one of them "no class"), times away from 0, 1/2 and 1, noise."""
    shape = shape or (3, 2, 4, 5)
    labels = trial.integers(0, 10, shape[0])
    labels[-1] = -1
    t = 0.05 + 0.4 * trial.uniform(shape[0])
    t = torch.where(torch.arange(shape[0]) % 2 == 1, 1 - t, t)
    return {"images": trial.normal(*shape), "labels": labels, "t": t, "noise": trial.normal(*shape)}


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    return asking(trial, **batch(trial))


@EXERCISE.harder
def of_all_kinds(trial: Trial) -> Call:
    """Both ends of time, a time that comes twice, the first class, the last and none, pixels of -1 and 1."""
    made = batch(trial, 5, 3, 2, 7)
    made["t"][1], made["t"][2], made["t"][4] = 1.0, 0.0, made["t"][0]
    images = (2 * made["images"]).clamp(-1, 1)
    made |= {"images": images, "noise": 2 * made["noise"], "labels": torch.tensor([9, -1, 0, 5, -1])}
    return asking(trial, **made, gain=3.0)


def seen_by_the_model(trial: Trial, place: int, label: str) -> None:
    call = ordinary_call(trial)
    found = ask(call)
    if found[CALLS] == 0:
        trial.see(label, "the model is never called", told(call))
        raise PropertyEnds
    trial.see(label, found[place], told(call))


# ---- with times and noise given ----


@holds("the loss is one number, a tensor without axes")
def no_single_number(trial: Trial) -> None:
    """What comes back is no single number. backward() needs one: the mean over all images, channels and pixels."""
    call = ordinary_call(trial)
    trial.see("the shape of the loss", tuple(ask(call)[VALUE].shape), told(call))


@holds("the model is called once")
def not_one_model_call(trial: Trial) -> None:
    """The model is not called exactly once. It is by far the most expensive thing here."""
    call = ordinary_call(trial)
    trial.see("how often the model is called", ask(call)[CALLS], told(call))


@holds("the model sees x_t, the point on the line at time t")
def model_sees_another_point(trial: Trial) -> None:
    """The model is not shown the point on the straight line at time t, between these images and this noise."""
    seen_by_the_model(trial, X_T, "the images the model sees")


@holds("the model sees 1000 t with its fractions")
def time_rounded(trial: Trial) -> None:
    """The model sees 1000 t as whole numbers (long, int, round, floor). DDPM has whole times; here the time is
    continuous, and the embedding takes any number, such as 412.5."""
    call = ordinary_call(trial)
    times = ask(call)[TIMES]
    t = call.args[4]
    # whole, and no others than those of 1000 t: another time, or the labels in its place, is the next property's
    whole = isinstance(times, Tensor) and times.shape == t.shape and not times.is_complex()
    whole = whole and bool((times == times.double().round()).all() and ((times - 1000 * t).abs() <= 1).all())
    trial.see("whether fractions are left in the times the model sees", not whole, told(call))


@holds("the model sees 1000 t, a vector (B,)")
def model_sees_another_time(trial: Trial) -> None:
    """The model is not shown 1000 t. Its time embedding was made for times up to 1000, one number an image. A t that is
    handed in runs from 0 to 1, as a drawn one does: both are multiplied."""
    seen_by_the_model(trial, TIMES, "the times the model sees")


@holds("the model sees the labels as they came, None included")
def model_sees_other_labels(trial: Trial) -> None:
    """The model is not shown the labels as they came. Without them it could never learn the classes; None means there
    are none."""
    seen_by_the_model(trial, LABELS, "the labels the model sees")
    without = {**batch(trial), "labels": None}
    trial.see("the labels the model sees", ask(asking(trial, **without))[LABELS], "labels None")
    without["labels"] = torch.full((3,), -1)
    trial.see("the labels the model sees", ask(asking(trial, **without))[LABELS], "labels -1 for all images")


@holds("a model that always says 0 has the mean square of noise - clean as its loss")
def wrong_target(trial: Trial) -> None:
    """For a model that always predicts zero the loss is the mean square of the target, noise - clean. Yours is another
    number."""
    for shape in ((3, 2, 4, 5), (2, 3, 5, 4)):  # two targets may agree by chance on one number
        call = asking(trial, **batch(trial, *shape), gain=0.0)
        see(call, told(call) + ", a model that always says 0")


@holds("the loss is the mean squared error between prediction and velocity")
def wrong_comparison(trial: Trial) -> None:
    """The model is asked the right thing, the target is right, and the two are compared in another way than by the mean
    squared error."""
    see(ordinary_call(trial))
    see(asking(trial, **batch(trial, 2, 3, 5, 4)))


@holds("it is right at t = 0 and at t = 1")
def wrong_at_the_ends(trial: Trial) -> None:
    """Where all images of a batch are at t = 0 or at t = 1, or some of them are, your loss is wrong. No time is
    special: the line has its ends, the model is asked there, too, and each image counts in the mean."""
    made = batch(trial)
    for time in (0.0, 1.0):
        made["t"] = torch.full((3,), time)
        see(asking(trial, **made), f"t = {time:g} for all images")
    made["t"] = torch.tensor([0.0, 0.4, 1.0])
    see(asking(trial, **made), "t = 0, 0.4 and 1")


@holds("a batch of one, and equal sizes, work as well")
def wrong_for_other_sizes(trial: Trial) -> None:
    for shape in ((1, 3, 4, 2), (4, 4, 4, 4), (2, 1, 3, 3)):
        see(asking(trial, **batch(trial, *shape)))


@holds("large predictions are left as they are")
def clipped(trial: Trial) -> None:
    see(asking(trial, **batch(trial), gain=9.0), "a model with large predictions")


@holds("images whose numbers are all above 0, and noise of zeros, are taken as they are")
def looks_into_the_numbers(trial: Trial) -> None:
    """Images whose numbers are all above 0 are treated otherwise than others, or given noise that is 0
    everywhere is. Images come in [-1, 1], bright ones too, and no range is to be guessed from them; noise is drawn
    where it is None, whatever is in it."""
    made = batch(trial)
    bright = made["images"].abs().clamp(max=1)
    see(asking(trial, **{**made, "images": bright}), "images whose numbers are all above 0, with t and noise given")
    see(asking(trial, **{**made, "noise": 0 * bright}), "images, t, and noise of zeros given")


EXERCISE.here(changes_the_models_mode)


@holds("any function model(x_t, 1000 t, labels) will do, a network or not")
def networks_only(trial: Trial) -> None:
    """With a network you are right, and with a plain function model(x, t, labels) not. A model is called with images,
    times and labels, by position, and asked for nothing else."""
    see(asking(trial, **batch(trial), form=FUNCTION))
    see(asking(trial, **{**batch(trial), "labels": None}, form=FUNCTION))


# ---- where the loss draws them ----


@holds("where one of t and noise is given it is used, and only the other is drawn")
def given_and_not_used(trial: Trial) -> None:
    """With both t and noise given your loss is right. With one of them alone, what was given is not used as it came."""
    made = batch(trial)
    black = {**made, "images": torch.zeros_like(made["images"])}
    call = asking(trial, **{**black, "noise": None})
    trial.see("the times the model sees", ask(call)[TIMES], f"black {told(call)}")
    call = asking(trial, **{**black, "t": None})
    # nothing but the given noise stands in x_t, with a strength for each image
    x_t = ask(call)[X_T]
    share = (x_t / made["noise"]).flatten(1)
    same = bool(((share - share[:, :1]).abs() < 1e-3).all())
    trial.see("whether the model sees the given noise", same, f"black {told(call)}")


@holds("without t, each image gets a time of its own, evenly between 0 and 1")
def times_not_drawn_for_each_image(trial: Trial) -> None:
    """Where no t is given, you do not draw one time for each image, evenly between 0 and 1. self.sample_times does
    that."""
    images, noise, labels = trial.normal(400, 1, 1, 2), trial.normal(400, 1, 1, 2), torch.zeros(400, dtype=torch.int64)
    call = asking(trial, images, labels, noise=noise, seed=trial.random.randrange(1000))
    times = ask(call)[TIMES]
    if not isinstance(times, Tensor):
        trial.see("the times the model sees", times, told(call))
        raise PropertyEnds
    trial.see("whether no two images share a time", len(times.unique()) > 380, told(call))
    spread = bool((times >= 0).all() and (times <= 1000).all() and (times / 1000).std().sub(0.2887).abs() < 0.06)
    trial.see("whether the times the model sees are spread evenly over 0 to 1000", spread, told(call))


@holds("times are drawn as time_sampling says")
def another_distribution_of_times(trial: Trial) -> None:
    """With time_sampling='logit-normal' your times are not drawn that way. self.sample_times knows how; hand it the
    generator."""
    made = {**batch(trial), "t": None, "seed": 5, "time_sampling": "logit-normal"}
    given = 'FlowMatching("logit-normal"), generator with seed 5'
    trial.see("the times the model sees", ask(asking(trial, **made))[TIMES], given)


@holds("the times come from the generator")
def times_not_from_the_generator(trial: Trial) -> None:
    """With noise given, the times are not those that the generator gives as its first draw."""
    seed = trial.random.randrange(1000)
    found = ask(asking(trial, **{**batch(trial), "t": None, "seed": seed}))
    trial.see("the times the model sees", found[TIMES], f"noise given, a generator with seed {seed}")


@holds("the noise comes from the generator")
def noise_not_from_the_generator(trial: Trial) -> None:
    """With t given, the noise is not the standard normal numbers that the generator gives as its next draw."""
    seed = trial.random.randrange(1000)
    found = ask(asking(trial, **{**batch(trial), "noise": None, "seed": seed}))
    given = f"t given, a generator with seed {seed}"
    trial.see("the images the model sees", found[X_T], given)
    trial.see("the loss", found[VALUE], given)


@holds("the generator draws the times first, then the noise")
def drawn_in_another_order(trial: Trial) -> None:
    """Times alone and noise alone come as they should, and where both are drawn they do not: the times come first, then
    the noise. Otherwise a run could not be repeated."""
    seed = trial.random.randrange(1000)
    found = ask(asking(trial, **{**batch(trial), "t": None, "noise": None, "seed": seed}))
    given = f"a generator with seed {seed}"
    trial.see("the times the model sees", found[TIMES], given)
    trial.see("the images the model sees", found[X_T], given)
    trial.see("the loss", found[VALUE], given)


@holds("the times get the precision of the images")
def times_in_another_precision(trial: Trial) -> None:
    """The times that the model sees have another precision than the images. Drawn times are float32: they get the type
    of the images."""
    made = batch(trial)
    images, noise = made["images"].double(), made["noise"].double()
    for t in (None, made["t"]):
        call = asking(trial, images, made["labels"], t=t, noise=noise)
        times = ask(call)[TIMES]
        kind = str(times.dtype) if isinstance(times, Tensor) else times
        trial.see("the type of the times the model sees", kind, told(call) + ", in float64")


@holds("the times go to the device of the images")
def times_on_another_device(trial: Trial) -> None:
    """With images on another device than the CPU your code brings tensors of two devices together. Drawn times are on
    the CPU: they go to the device of the images."""
    call = asking(trial, **{**batch(trial), "t": None})
    mixed = mixes_devices(call.value(elsewhere=True))
    trial.see("whether it mixes devices", mixed, told(call) + ", on another device than the CPU")


@holds("without a generator, torch's global random numbers do the same")
def wrong_without_a_generator(trial: Trial) -> None:
    """With a generator you are right, without one you are not: then torch's own random numbers draw times and noise."""
    # in whatever order: what was drawn is read off what the model saw
    images = trial.normal(60, 2, 3, 4)
    call = asking(trial, images, torch.zeros(60, dtype=torch.int64), gain=0.0)
    _, _, x_t, times, _ = ask(call)
    if not isinstance(times, Tensor) or times.shape != (60,) or not isinstance(x_t, Tensor):
        trial.see("the times the model sees", times, told(call))
        raise PropertyEnds
    t = (times.double() / 1000).reshape(-1, 1, 1, 1)
    noise = (x_t.double() - (1 - t) * images.double()) / t
    clear = t.flatten() > 0.2  # near t = 0 the noise cannot be read off
    fine = bool(clear.sum() > 10 and (noise[clear].std() - 1).abs() < 0.15 and noise[clear].mean().abs() < 0.15)
    trial.see("whether the noise is standard normal", fine, told(call))
    gaps = noise[clear].flatten().sort().values.diff()
    trial.see("whether every pixel has noise of its own", bool((gaps < 1e-5).double().mean() < 0.1), told(call))
    trial.see("whether no two images share a time", len(times.unique()) > 55, told(call))


@holds("gradients flow back to the model")
def gradients_cut(trial: Trial) -> None:
    """The value is right, and the gradient that reaches the model is not. Training would not learn from it. Is the
    computation cut from its past (.detach(), .data, .item(), torch.no_grad() or a tensor built anew from numbers)?"""
    call = ordinary_call(trial)
    found = call.gradients()
    if isinstance(found, Failure):
        trial.checked("the gradients", found, told(call))
    _, gain, *_ = found.inputs  # behind the images
    trial.see("the gradient of the model's gain", "none" if gain is None else gain, told(call), tolerance=10)


@holds("the global random state is not set")
def reseeds_the_random_state(trial: Trial) -> None:
    """Your code sets the global seed (torch.manual_seed or the like). Every batch would get the same times and noise.
    Leave seeds to whoever runs the notebook."""
    # so many that times which are whole, or few, do not come twice by chance
    made = {**batch(trial, 64, 1, 2, 2), "t": None, "noise": None}
    call = asking(trial, **made)
    trial.see("whether it sets the seed", call.reseeds())
    first, second = (ask(call)[TIMES] for _ in range(2))
    same = isinstance(first, Tensor) and isinstance(second, Tensor) and torch.equal(first, second)
    trial.see("whether two random states give the same times", same, told(call))


# ---- right answers written differently ----

NOISE = "noise = fresh_noise(images, generator)"
CAST = "t = t.to(images.device, images.dtype)"
WALK = "x_t = self.interpolate(images, t, noise)"
ASKED = "model(x_t, TIME_SCALE * t, labels)"
COMPARED = "return F.mse_loss(predicted, self.velocity(images, noise))"

right(
    edited(
        FlowMatching.loss,
        (NOISE, "noise = torch.randn(images.shape, generator=generator, dtype=images.dtype)"),
        (CAST, "t = t.to(images)"),
        (WALK, "x_t = images + t[:, None, None, None] * (noise - images)"),
        (ASKED, "model(x_t, t * 1000, labels)"),
        (COMPARED, "return ((predicted - (noise - images)) ** 2).mean()"),
    ),
    "without_the_other_methods",
)
right(
    edited(
        FlowMatching.loss,
        (CAST, "t = t.to(images.dtype).to(images.device)"),
        (ASKED, "model(x_t, 1000.0 * t, labels)"),
        (COMPARED, "return (predicted - noise + images).square().flatten(1).mean(1).mean()"),
    ),
    "a_mean_for_each_image_first",
)
right(
    edited(
        FlowMatching.loss,
        (ASKED, "model(x_t, t.mul(1e3), labels)"),
        # the target has no parameters: it may be detached
        (COMPARED, "return torch.nn.MSELoss()(predicted, self.velocity(images, noise).detach())"),
    ),
    "by_module",
)
right(
    edited(
        FlowMatching.loss,
        (NOISE, "noise = torch.randn_like(images) if generator is None else fresh_noise(images, generator)"),
        (CAST, "t = t.type_as(images)\n    weights = t.view(-1, 1, 1, 1)"),
        (WALK, "x_t = (1 - weights) * images + weights * noise"),
        (COMPARED, "return F.mse_loss(self.velocity(images, noise), predicted, reduction='sum') / images.numel()"),
    ),
    "sum_over_the_count",
)
