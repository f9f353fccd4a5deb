"""What holds for hybrid, and right answers written differently."""

from torch import Tensor

from course_lib.checks.exercise import Exercise
from course_lib.checks.trial import Call, Trial
from course_lib.editing import Change, Split, hybrid
from course_lib.lessons.lesson13 import editing_watched as watched
from course_lib.lessons.lesson13.asking import FIRST_CALLS, OTHER_CALLS, PAIR, found, numbers, see

FAR_ASKED, NEAR_ASKED = 3, 4

EXERCISE = Exercise(
    "hybrid",
    hybrid,
    __name__,
    where="section 13.7; Geng, Park and Owens 2024 (Factorized Diffusion)",
    watched=watched.hybrid,
    not_for_all={
        "another_shape": "no_pair looks at the two parts, and has the words for it",
        "gradients_cut": "it serves sampling, where nothing learns",
    },
)
holds, right = EXERCISE.holds, EXERCISE.right


def a_call(trial: Trial, size: float = 1.0, shape: tuple = (3, 2, 4, 5), t: float = 0.6) -> Call:
    schedule = trial.pick("a line", "an arc")
    return trial.calling(size * trial.normal(*shape), t, numbers(trial), numbers(trial), schedule)


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    return a_call(trial)


@EXERCISE.harder
def late_and_large(trial: Trial) -> Call:
    """Large numbers near the noise, five images of three channels that are higher than wide."""
    return a_call(trial, size=4, shape=(5, 3, 7, 4), t=0.93)


@EXERCISE.telling
def given(call: Call) -> str:
    x, t, *_ = call.args
    return f"hybrid of two splits and a blur, then asked with x {tuple(x.shape)} and t = {t}"


@holds("what is returned is a function split(x, t) that gives (clean, noise), each shaped like x")
def no_pair(trial: Trial) -> None:
    """What you return is no function split(x, t) that gives (clean, noise). Return the inner function itself, without
    calling it, and from it a pair."""
    call = a_call(trial)
    trial.see("the shapes of the two", tuple(tuple(part.shape) for part in found(call, given(call))[PAIR]), given(call))


@holds("both splits are asked once")
def wrong_number_of_calls(trial: Trial) -> None:
    """Each of the two splits is a call of the network. Yours are not asked once each: one call gives both parts, clean
    and noise."""
    call = a_call(trial)
    # both of one call: an answer that asks one of them by chance asks the other next time
    seen = found(call, given(call))
    trial.see("how often the far split is called", seen[FIRST_CALLS], given(call))
    trial.see("how often the near split is called", seen[OTHER_CALLS], given(call))


@holds("both splits are asked about x at time t")
def asked_about_something_else(trial: Trial) -> None:
    """What a split is asked about is not x at time t. The network knows noisy images as they are, and
    was never shown a blurred or a changed one: ask both about x, and blur what they say."""
    call = a_call(trial)
    see(call, FAR_ASKED, "what the far split is asked about", given(call))
    see(call, NEAR_ASKED, "what the near split is asked about", given(call))


def see_part(call: Call, part: int) -> None:
    call.trial.see(("the clean image", "the noise")[part], found(call, given(call))[PAIR][part], given(call))


@holds("two equal splits make the same one again")
def loses_something(trial: Trial) -> None:
    """With the same split twice the clean image should be that of the split: coarse and fine part together are
    everything. Yours is another one. Is it blur(far) + near - blur(near), made of the two clean images, and does the
    bracket of each blur close where it should?"""
    see_part(of_equal_splits(trial), 0)


def of_equal_splits(trial: Trial) -> Call:
    x, numbers_of_both = trial.normal(3, 2, 4, 5), numbers(trial)
    return trial.calling(x, 0.5, numbers_of_both, numbers_of_both, "an arc")


@holds("the clean image is coarse from the far split, fine from the near one")
def wrong_clean(trial: Trial) -> None:
    """The clean image is not blur(far) with near - blur(near) added to it."""
    see_part(a_call(trial), 0)


@holds("and so is the noise")
def wrong_noise(trial: Trial) -> None:
    """The clean image is right, and the noise not. It is mixed from the two noises, as the clean image is from the two
    clean ones: blur(far_noise) + near_noise - blur(near_noise)."""
    see_part(of_equal_splits(trial), 1)
    see_part(a_call(trial), 1)


@holds("a batch of one, and equal sizes, work as well")
def wrong_for_other_sizes(trial: Trial) -> None:
    for shape in ((1, 3, 4, 6), (4, 4, 4, 4)):
        see_part(a_call(trial, shape=shape), 0)


@holds("large numbers are left as they are")
def clipped(trial: Trial) -> None:
    """Where numbers are large yours is wrong: nothing is cut off."""
    see_part(a_call(trial, size=8), 0)


@right
def by_the_difference(far_split: Split, near_split: Split, blur: Change) -> Split:
    """The near view, and the coarse part of what the far one sees otherwise."""

    def both(x: Tensor, t: float) -> tuple[Tensor, ...]:
        return tuple(b + blur(a - b) for a, b in zip(far_split(x, t), near_split(x, t), strict=True))

    return both


@right
def by_two_filters(far_split: Split, near_split: Split, blur: Change) -> Split:
    def sharpen(image: Tensor) -> Tensor:
        return image - blur(image)

    def both(x: Tensor, t: float) -> tuple[Tensor, Tensor]:
        far_clean, far_noise = far_split(x, t)
        near_clean, near_noise = near_split(x, t)
        return blur(far_clean) + sharpen(near_clean), blur(far_noise) + sharpen(near_noise)

    return both


@right
def by_lambda(far_split: Split, near_split: Split, blur: Change) -> Split:
    return lambda x, t: [b - blur(b) + blur(a) for a, b in zip(far_split(x, t), near_split(x, t), strict=True)]
