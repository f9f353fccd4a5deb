"""What holds for DDPM.loss, and right answers written differently."""

from typing import Any

import torch
from torch import Tensor

from course_lib.checks.draws import see_fresh_noise
from course_lib.checks.exercise import Exercise
from course_lib.checks.guard import Failure
from course_lib.checks.mistakes import edited
from course_lib.checks.properties import changes_the_models_mode
from course_lib.checks.stand_ins import FUNCTION
from course_lib.checks.trial import Built, Call, PropertyEnds, Trial
from course_lib.ddpm import DDPM
from course_lib.guidance import Model
from course_lib.lessons.lesson08.ddpm_loss_watched import watched
from course_lib.lessons.lesson08.ddpm_trials import DRAWN, SIZE, all_kinds_of_times, distinct_times, schedule, steps_of

MANY = 2000
SEEN_BY_THE_MODEL = ("the images the model sees", "the times the model sees", "the labels the model sees")

EXERCISE = Exercise(
    "DDPM.loss",
    DDPM,
    __name__,
    where="lesson 08, section 8.5; Ho et al. 2020, algorithm 1 and equation 14",
    watched=watched,
    not_for_all={
        "another_shape": "no_single_number has the words for it",
        "gradients_cut": "what counts is the model's gradient, and the images need none",
        "assumes_float32": "type_of_the_images looks at what the model gets, with noise given and without",
        "reseeds_the_random_state": "its own tries it where times and noise are drawn",
    },
)
holds, right = EXERCISE.holds, EXERCISE.right


def asking(built: Built, see: str, images: Tensor, labels: Tensor | None, **given: Any) -> Call:
    """A call that shows the "value", or what else the watched loss has to show, for a model unlike any other."""
    # what a stand-in does with x, with the time, with no class and with a class
    model = tuple(0.4 + 0.8 * built.trial.random.random() for _ in range(4))
    args = (see, images, labels, model, *(given.get(name) for name in ("seed", "t", "noise")))
    return built.calling(*args, method="loss")


@EXERCISE.telling
def told(call: Call) -> str:
    shown, images, labels, _, seed, t, noise = call.args
    parts = [f"loss({FUNCTION if shown == FUNCTION else 'a model'}, images {tuple(images.shape)}"]
    parts.append("no labels" if labels is None else f"labels {labels[:6].tolist()}")
    parts += ["a generator"] if seed is not None else []
    parts += [f"t={t[:6].tolist()}"] if t is not None else []
    parts += ["noise given"] if noise is not None else []
    return ", ".join(parts) + ")"


def see(call: Call, label: str = "the loss") -> Any:
    """Record what is to be seen; ends the property if it is no value."""
    return call.trial.checked(label, call.value(), told(call))


def see_the_model(call: Call) -> None:
    """Record how often the model is called, and what it gets; ends the property where that is nothing."""
    found = call.value()
    if isinstance(found, Failure):
        call.trial.checked("the loss", found, told(call))
    count, *calls = found
    call.trial.see("how often the model is called", count, told(call))
    if not calls:
        raise PropertyEnds
    for label, value in zip(SEEN_BY_THE_MODEL, calls[0], strict=True):
        call.trial.see(label, value, told(call))


def batch(trial: Trial, built: Built, count: int = 5) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
    """Images, labels, and the times and noise to use."""
    t = distinct_times(trial, steps_of(built), count)
    images, noise = 0.5 * trial.normal(count, *SIZE), trial.normal(count, *SIZE)
    return images, trial.integers(0, 10, count), {"t": t, "noise": noise}


def seen_by_the_model(built: Built, images: Tensor, **given: Any) -> tuple[Tensor, Tensor]:
    """x_t and t as the model got them, unrecorded; ends the property, recorded, where it was not called."""
    call = asking(built, "calls", images, None, **given)
    found = call.value()
    if isinstance(found, Failure):
        built.trial.checked("what the model got", found, told(call))
    if found[0] != 1 or not isinstance(found[1][1], Tensor) or found[1][0].shape != images.shape:
        built.trial.see("how often the model was called", found[0], told(call))
        raise PropertyEnds
    return found[1][0], found[1][1]


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    built = schedule(trial)
    images, labels, given = batch(trial, built)
    return asking(built, "value", images, labels, **given)


@EXERCISE.harder
def of_all_kinds(trial: Trial) -> Call:
    """Times of all kinds, the first class, the last and none, pixels of -1 and 1, and strong noise."""
    built = schedule(trial)
    images, _, given = batch(trial, built, 6)
    labels, t = torch.tensor([-1, 0, 9, 9, -1, trial.pick(3, 6)]), all_kinds_of_times(steps_of(built))
    return asking(built, "value", (4 * images).clamp(-1, 1), labels, t=t, noise=2 * given["noise"])


# ---- with times and noise given ----


@holds("the loss is one number, as a tensor without axes, so that backward() works")
def no_single_number(trial: Trial) -> None:
    """A loss is a single number in a tensor, the mean over everything. What comes back has another shape."""
    call = ordinary_call(trial)
    value = call.value()
    found = tuple(value.shape) if isinstance(value, Tensor) else value
    if isinstance(value, float | int):
        found = "a plain number, not a tensor"
    trial.checked("its shape", found, told(call))


@holds("the model is called once, with the noisy images, their times and their labels")
def model_asked_wrongly(trial: Trial) -> None:
    """The model is not asked what it should be: once, with x_t = add_noise(images, t, noise), with t as whole numbers,
    and with the labels as they came."""
    built = schedule(trial)
    images, labels, given = batch(trial, built)
    labels[1] = -1
    see_the_model(asking(built, "calls", images, labels, **given))


@holds("the loss is the mean squared difference between the model's answer and the noise")
def another_comparison(trial: Trial) -> None:
    """The model is asked the right thing, and its answer is compared in another way: it should be the *mean* of the
    *squared* differences to the *noise*."""
    see(ordinary_call(trial))


@holds("labels may be None, and the model then gets None; or -1 for all images, and it gets those")
def wrong_without_labels(trial: Trial) -> None:
    """With labels your loss is right, and where no image has one (None, or -1 for all of them) it is not. Hand them on
    as they come."""
    built = schedule(trial)
    images, labels, given = batch(trial, built)
    see_the_model(asking(built, "calls", images, None, **given))
    see_the_model(asking(built, "calls", images, torch.full_like(labels, -1), **given))
    see(asking(built, "value", images, None, **given))


@holds("large errors count squared")
def not_the_square(trial: Trial) -> None:
    """For small errors your loss agrees, for large ones not. The error is squared, however large it is."""
    # where an absolute or a Huber loss leaves a squared one
    built = schedule(trial)
    images, labels, given = batch(trial, built)
    see(asking(built, "value", images, labels, t=given["t"], noise=8 * given["noise"]))


@holds("images whose numbers are all above 0, and noise of zeros, are taken as they are")
def looks_into_the_numbers(trial: Trial) -> None:
    """Images whose numbers are all above 0 are treated otherwise than others, or noise that was given and is 0
    everywhere is. Images come in [-1, 1], bright ones too, and no range is to be guessed from them; noise is drawn
    where it is None, whatever is in it."""
    built = schedule(trial)
    images, labels, given = batch(trial, built)
    see(asking(built, "value", images.abs().clamp(max=1), labels, **given))
    see(asking(built, "value", images, labels, t=given["t"], noise=0 * images))


EXERCISE.here(changes_the_models_mode)


@holds("any function model(x_t, t, labels) will do, a network or not")
def networks_only(trial: Trial) -> None:
    """With a network you are right, and with a plain function model(x, t, labels) not. A model is called with images,
    times and labels, by position, and asked for nothing else."""
    built = schedule(trial)
    images, labels, given = batch(trial, built, 3)
    see(asking(built, FUNCTION, images, labels, **given))


@holds("the first and the last time are times like the others")
def special_times(trial: Trial) -> None:
    built = schedule(trial)
    images, labels, given = batch(trial, built, 4)
    last = steps_of(built) - 1
    given["t"] = torch.tensor([0, last, 1, last - 1])
    see_the_model(asking(built, "calls", images, labels, **given))
    see(asking(built, "value", images, labels, **given))


@holds("a gradient flows back to the model")
def nothing_to_learn_from(trial: Trial) -> None:
    """The number is right, and the gradient that reaches the model is not. Training would not learn from this loss. Is
    there an .item(), a .detach(), a torch.no_grad() around it?"""
    built = schedule(trial)
    images, labels, given = batch(trial, built)
    see(asking(built, "gradient", images, labels, **given), "the gradient of the model's number")


# ---- where the loss draws them ----


@holds("without t, every image gets a time of its own, evenly from 0 to T-1")
def times_not_even(trial: Trial) -> None:
    """The times you draw are not what they should be: one whole number for each image, each from 0 to T-1 equally
    likely. self.sample_times draws them."""
    built = schedule(trial, 8)
    for given in ({}, {"seed": trial.random.randrange(1000)}):
        _, t = seen_by_the_model(built, torch.zeros(MANY, 1, 1, 2), **given)
        said = "2,000 images, T = 8" + (", a generator" if given else "")
        trial.see("the shape of the times", tuple(t.shape), said)
        if t.shape != (MANY,) or t.is_floating_point() or t.min() < 0:
            trial.see("the times", (str(t.dtype), float(t.min()), float(t.max())), said)
            raise PropertyEnds
        trial.see("which times are drawn", tuple(t.unique().tolist()), said)
        counts = torch.bincount(t, minlength=8).double() / MANY
        allowed = 6 * (1 / 8 * 7 / 8 / MANY) ** 0.5
        trial.see("whether all are drawn equally often", bool(((counts - 1 / 8).abs() < allowed).all()), said)


@holds("where one of t and noise is given it is used, and only the other is drawn")
def given_and_not_used(trial: Trial) -> None:
    """With both t and noise given your loss is right. With one of them alone, what was given is not used as it came."""
    built = schedule(trial)
    _, _, given = batch(trial, built)
    black = torch.zeros_like(given["noise"])
    _, t = seen_by_the_model(built, black, t=given["t"])
    trial.see("the times the model sees", t, "black images, t given, noise not")
    x_t, _ = seen_by_the_model(built, black, noise=given["noise"])
    # nothing but the given noise stands in x_t, with a strength for each image
    share = (x_t / given["noise"]).flatten(1)
    same = bool(((share - share[:, :1]).abs() < 1e-3).all())
    trial.see("whether the model sees the given noise", same, "black images, noise given, t not")


@holds("without noise, it is drawn: standard normal, one draw for every image, channel and pixel")
def noise_not_normal(trial: Trial) -> None:
    """The noise you draw is not standard normal with one draw for every image, channel and pixel: torch.randn, or
    fresh_noise."""
    # black images at the last time of a strong schedule: the model gets nearly the noise itself
    built = trial.build(40, 0.3, 0.4)
    for given in ({}, {"seed": trial.random.randrange(1000)}):
        x_t, _ = seen_by_the_model(built, torch.zeros(DRAWN), t=torch.full(DRAWN[:1], 39), **given)
        said = f"black images {DRAWN} at the last time" + (", a generator" if given else "")
        see_fresh_noise(trial, x_t, said)


@holds("the noise that was drawn is the noise that is compared with")
def two_different_noises(trial: Trial) -> None:
    """With t and noise given your loss is right, and with t alone, where you draw the noise, it is not. The given t is
    used all the same; and the noise is one draw, from the generator if there is one, added to the images and compared
    with."""
    built = schedule(trial)
    images, labels, given = batch(trial, built, 3)
    see(asking(built, "value", images, labels, t=given["t"], seed=trial.random.randrange(1000)))
    see(asking(built, "value", images, labels, t=given["t"]))


@holds("the generator draws the times first, then the noise")
def drawn_in_another_order(trial: Trial) -> None:
    """With the same generator other times or other noise come out. All draws use it, the times first, then the noise,
    so that a run can be repeated."""
    built = schedule(trial)
    images, labels, _ = batch(trial, built)
    see_the_model(asking(built, "calls", images, labels, seed=trial.random.randrange(1000)))


@holds("every call draws anew")
def always_the_same_draw(trial: Trial) -> None:
    """Two calls use the same noise, and the network would learn it by heart. Is something fixed?"""
    built = schedule(trial)
    found = [seen_by_the_model(built, torch.zeros(16, 1, 1, 2)) for _ in range(2)]
    trial.see("whether a second call draws other noise", not torch.equal(found[0][0], found[1][0]), "no generator")
    found = [seen_by_the_model(built, torch.zeros(16, 1, 1, 2), seed=seed) for seed in (1, 2)]
    trial.see("whether another generator gives other noise", not torch.equal(found[0][0], found[1][0]), "generators")


@holds("given a generator, or both t and noise, torch's global random numbers are left alone")
def global_numbers_touched(trial: Trial) -> None:
    """Though everything random was given, your code used torch's global random numbers. Draw only what is missing, and
    with the generator."""
    built = schedule(trial)
    images, labels, given = batch(trial, built)
    for some in ({"seed": 3}, given):
        see(asking(built, "global", images, labels, **some), "whether torch's global random numbers were used")


@holds("the model gets images of the type that came in")
def type_of_the_images(trial: Trial) -> None:
    """The model gets another floating type than the images had."""
    built = schedule(trial)
    images, labels, given = batch(trial, built, 2)
    for dtype in (torch.float32, torch.float64):
        for some in ({"t": given["t"], "noise": given["noise"].to(dtype)}, {}):
            found = asking(built, "calls", images.to(dtype), labels, **some).value()
            said = f"images in {str(dtype).removeprefix('torch.')}"
            if isinstance(found, Failure):
                trial.checked("the loss", found, said)
            trial.see("the type of what the model gets", str(found[1][0].dtype) if found[0] else "nothing", said)


@holds("the global random state is not set")
def reseeds_the_random_state(trial: Trial) -> None:
    """Your code sets the global seed. Every batch would get the same noise, and the network would learn that noise by
    heart."""
    built = schedule(trial)
    images, labels, _ = batch(trial, built, 2)
    trial.see("whether it sets the seed", asking(built, "value", images, labels).reseeds())


# ---- right answers written differently ----

TIMES = "t = self.sample_times(len(images), generator)"
NOISE = "noise = fresh_noise(images, generator)"
ASKED = "eps = model(x_t, t, labels)"
COMPARED = "return F.mse_loss(eps, noise)"

right(
    edited(
        DDPM.loss,
        (TIMES, "t = torch.randint(0, self.num_timesteps, (images.shape[0],), generator=generator)"),
        (NOISE, "noise = torch.randn(images.shape, generator=generator, dtype=images.dtype)"),
        (COMPARED, "return ((noise - eps) ** 2).mean()"),
    ),
    "by_hand",
)
right(
    edited(
        DDPM.loss,
        (NOISE, "noise = torch.normal(torch.zeros_like(images), torch.ones_like(images), generator=generator)"),
        (ASKED, "eps = model(self.add_noise(clean=images, t=t, noise=noise), t, labels)"),
        (COMPARED, "return torch.nn.MSELoss()(eps, noise)"),
    ),
    "by_module",
)


@right
def image_by_image(
    self: DDPM,
    model: Model,
    images: Tensor,
    labels: Tensor | None = None,
    generator: torch.Generator | None = None,
    *,
    t: Tensor | None = None,
    noise: Tensor | None = None,
) -> Tensor:
    t = self.sample_times(len(images), generator) if t is None else t
    noise = torch.empty_like(images).normal_(generator=generator) if noise is None else noise
    with torch.no_grad():
        alpha_bar = self.alphas_cumprod[t].to(images.dtype).view(-1, 1, 1, 1)
        x_t = alpha_bar.sqrt() * images + (1 - alpha_bar).sqrt() * noise
    eps = model(x_t, t, labels)
    return torch.stack([(one - other).square().mean() for one, other in zip(eps, noise, strict=True)]).mean()
