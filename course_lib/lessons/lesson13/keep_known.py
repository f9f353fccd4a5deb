"""What holds for keep_known, and right answers written differently."""

import torch
from torch import Tensor

from course_lib.checks.compare import difference
from course_lib.checks.exercise import Exercise
from course_lib.checks.guard import Failure
from course_lib.checks.trial import Call, Trial
from course_lib.editing import Strengths, keep_known
from course_lib.lessons.lesson13 import editing_watched as watched
from course_lib.lessons.lesson13.asking import draws

EXERCISE = Exercise(
    "keep_known",
    keep_known,
    __name__,
    where="section 13.5; Lugmayr et al. 2022 (RePaint), equation 8",
    watched=watched.keep_known,
    not_for_all={"gradients_cut": "it serves sampling, where nothing learns"},
)
holds, right = EXERCISE.holds, EXERCISE.right


def a_call(trial: Trial, t: float, schedule: str = "an arc", size: float = 1.0, mask: Tensor | None = None) -> Call:
    x, known, noise = (size * trial.normal(3, 2, 4, 5) for _ in range(3))
    mask = trial.uniform(3, 2, 4, 5) < 0.5 if mask is None else mask
    return trial.calling(x, t, known, mask, noise, schedule)


@EXERCISE.telling
def given(call: Call) -> str:
    x, t, _, mask, _, schedule = call.args
    sizes = f"images {tuple(x.shape)}, mask {tuple(mask.shape)}"
    return (
        f"keep_known(strengths, x, {t:g}, known, mask, noise), {sizes}, where the shares are {watched.SHARES[schedule]}"
    )


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    return a_call(trial, trial.pick(0.4, 0.6, 0.7))


@EXERCISE.harder
def a_mask_for_each_image(trial: Trial) -> Call:
    """Large numbers near the noise, images that are higher than wide, each with a mask for all its channels."""
    x, known, noise = (3 * trial.normal(5, 3, 7, 4) for _ in range(3))
    return trial.calling(x, 0.93, known, trial.uniform(5, 1, 7, 4) < 0.4, noise, "an arc")


@holds("where nothing is known x comes back")
def changes_the_hidden_part(trial: Trial) -> None:
    """With a mask that is False everywhere x should come back as it is: only what is known is put back, its noise
    with it."""
    a_call(trial, 0.5, mask=torch.zeros(3, 2, 4, 5, dtype=torch.bool)).see()


@holds("nothing is drawn: the noise is handed in")
def draws_its_own(trial: Trial) -> None:
    """The same call gives another result each time: noise is drawn inside. Use the one that is handed in, noise."""
    call = a_call(trial, 0.5)
    trial.see("whether the same call gives something else", draws(call), call.text())


@holds("where everything is known, it is the known image with the noise of time t")
def wrong_known_part(trial: Trial) -> None:
    """With a mask that is True everywhere the known image should come back, noised to time t: signal * known +
    sigma * noise. Both shares are used as strengths(t) gives them: they are no variances, of which a root is taken, and
    one does not follow from the other."""
    a_call(trial, 0.5, mask=torch.ones(3, 2, 4, 5, dtype=torch.bool)).see()


@holds("each pixel is taken from where the mask says")
def mixes_the_two(trial: Trial) -> None:
    """With a mask that is all True or all False you are right, and with a mixed one, the same for all images and
    channels, not. Each place takes its own number, of noisy or of x: what picks by a mask, noisy[mask], gives a row of
    numbers without their places."""
    a_call(trial, 0.6, mask=stretched(trial.uniform(1, 1, 4, 5) < 0.5)).see()


def stretched(mask: Tensor) -> Tensor:
    return mask.expand(3, 2, 4, 5).clone()


@holds("each image may have a mask of its own")
def one_mask_for_all_images(trial: Trial) -> None:
    """With one mask for all images you are right, and with another one for each not. Is the mask of one image taken,
    mask[0], or what it says anywhere in the batch? torch.where(mask, noisy, x) takes it as it is."""
    a_call(trial, 0.6, mask=stretched(trial.uniform(3, 1, 4, 5) < 0.5)).see()


@holds("each channel may have a mask of its own")
def one_mask_for_all_channels(trial: Trial) -> None:
    """With one mask for all channels of an image you are right, and with another one for each not. Is one channel of
    the mask taken for all, mask[:, :1], or are they put together, as any(dim=1) does? torch.where(mask, noisy, x) takes
    each as it is."""
    a_call(trial, 0.6).see()


@holds("0 is a number like any other, and only the mask says what is known")
def zero_for_a_mask(trial: Trial) -> None:
    """Where no number is 0 you are right, and where some are, not. 0 is a grey like any other, and says nothing of
    what is known. Is a value compared with 0 in place of the mask, as known != 0? The mask alone says it:
    torch.where(mask, noisy, x)."""
    for zeros in ("known", "known and noise", "x"):
        call = a_call(trial, 0.6)
        x, t, known, mask, noise, schedule = call.args
        none = trial.uniform(3, 2, 4, 5) < 0.4
        images = {"x": x, "known": known, "noise": noise}
        for name in zeros.split(" and "):
            images[name] = images[name].masked_fill(none, 0.0)
        call = trial.calling(images["x"], t, images["known"], mask, images["noise"], schedule)
        trial.checked("the result", call.value(), f"{call.text()}; some numbers of {zeros} are 0")


@holds("the shares are those of strengths, whatever the method")
def one_method_only(trial: Trial) -> None:
    """With one schedule you are right and with another one not. strengths(t) knows the method."""
    for schedule in watched.SCHEDULES:
        a_call(trial, 0.6, schedule).see()


@holds("at t = 0 the known part comes back clean, at t = 1 of flow matching it is noise")
def wrong_at_the_ends(trial: Trial) -> None:
    """At t = 0 or t = 1 yours is wrong. Neither end needs a case of its own."""
    for t in (0.0, 1.0):
        a_call(trial, t, "a line").see()


@holds("one mask may serve all images and channels")
def wants_a_full_mask(trial: Trial) -> None:
    """With a mask of shape (1, 1, H, W) your code fails or is wrong. It should stretch over batch and channels."""
    a_call(trial, 0.6, mask=trial.uniform(1, 1, 4, 5) < 0.5).see()


@holds("what the known image holds outside the mask does not matter")
def reads_what_is_hidden(trial: Trial) -> None:
    """What stands in the known image where the mask is False gets into your result: with infinity there it is another
    one than with other numbers. Multiplying by 0 does not remove that, 0 times infinity is NaN. torch.where does."""
    x, known, noise = (trial.normal(3, 2, 4, 5) for _ in range(3))
    mask = trial.uniform(3, 2, 4, 5) < 0.5
    given = f"images {tuple(x.shape)} at time 0.5, the known one with infinity outside the mask"
    filled = known.masked_fill(~mask, float("inf"))
    found, with_infinity = (trial.calling(x, 0.5, one, mask, noise, "an arc").value() for one in (known, filled))
    if isinstance(found, Failure):
        trial.checked("the result", found, given)
    # a yes or no: who multiplies by the mask can make any other mistake besides
    trial.see("whether what is hidden gets in", bool(difference(with_infinity, found)), given)


@holds("large numbers are left as they are")
def clipped(trial: Trial) -> None:
    """Where numbers are large yours is wrong: on the way images are part noise, and nothing is cut off."""
    a_call(trial, 0.6, size=5).see()


@right
def by_a_copy(strengths: Strengths, x: Tensor, t: float, known: Tensor, mask: Tensor, noise: Tensor) -> Tensor:
    signal, sigma = strengths(t)
    result, mask = x.clone(), mask.expand_as(x)
    result[mask] = (signal * known + sigma * noise)[mask]
    return result


@right
def by_the_other_mask(strengths: Strengths, x: Tensor, t: float, known: Tensor, mask: Tensor, noise: Tensor) -> Tensor:
    shares = strengths(t)
    return torch.where(~mask, x, noise * shares[1] + known * shares[0])


@right
def by_zeros(strengths: Strengths, x: Tensor, t: float, known: Tensor, mask: Tensor, noise: Tensor) -> Tensor:
    signal, sigma = strengths(t)
    return x.masked_fill(mask, 0) + (signal * known + sigma * noise).masked_fill(~mask, 0)
