"""What holds for walk, and right answers written differently."""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor

from course_lib.checks.exercise import Exercise
from course_lib.checks.trial import Call, Trial
from course_lib.editing import Split, Strengths, walk
from course_lib.lessons.lesson13 import editing_watched as watched
from course_lib.lessons.lesson13.asking import CALLS, PLACES, RESULT, TIMES, found, numbers, see

EXERCISE = Exercise(
    "walk",
    walk,
    __name__,
    where="section 13.1, one step of both methods",
    watched=watched.walk,
    not_for_all={
        "another_shape": "the images are looked at alone: how often and where is asked has words of its own",
        "gradients_cut": "it serves sampling, where nothing learns",
    },
)
holds, right = EXERCISE.holds, EXERCISE.right


def a_call(trial: Trial, times: Sequence[float], schedule: str = "a line", size: float = 1.0, count: int = 3) -> Call:
    return trial.calling(size * trial.normal(count, 2, 4, 5), times, numbers(trial), schedule)


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    return a_call(trial, (0.9, 0.6, 0.25), "an arc")


@EXERCISE.harder
def there_and_back(trial: Trial) -> Call:
    """Five steps that rise and fall, one of them without a change, with large numbers."""
    return a_call(trial, (0.2, 0.85, 0.85, 0.5, 0.95, 0.1), "an arc", size=3, count=5)


@EXERCISE.telling
def given(call: Call) -> str:
    x, times, _, schedule = call.args
    return f"walk along the times {list(times)}, x {tuple(x.shape)}, where the shares are {watched.SHARES[schedule]}"


def arrive(call: Call) -> None:
    see(call, RESULT, "the images at the last time", given(call))


@holds("images of the shape of x come back")
def no_images(trial: Trial) -> None:
    """What comes back is no batch of images as large as x."""
    call = ordinary_call(trial)
    trial.see("its shape", tuple(found(call, given(call))[RESULT].shape), given(call))


@holds("a single time is no step: x comes back as it is")
def moves_without_a_step(trial: Trial) -> None:
    """With a single time there is no step to take, and x should come back as it was."""
    arrive(a_call(trial, (0.6,)))


@holds("a step puts clean and noise together in the shares of the next time")
def wrong_step(trial: Trial) -> None:
    """One step leads elsewhere. Ask at the time you are at, and put both parts together in the shares of the next."""
    arrive(a_call(trial, (0.8, 0.5), "an arc"))


@holds("the split is asked once for each step")
def wrong_number_of_calls(trial: Trial) -> None:
    """The number of calls is wrong: n + 1 times are n steps, and each costs one call. That call gives both parts, clean
    and noise, of what split sees in this step: nothing is asked before the loop, and nothing twice in it."""
    see((call := a_call(trial, (1.0, 0.7, 0.4, 0.1))), CALLS, "how often split is called", given(call))


@holds("the split is asked at the time where a step begins")
def asks_at_another_time(trial: Trial) -> None:
    """The split is asked at other times than those at which the steps begin: all but the last one, each once, in their
    order."""
    call = a_call(trial, (1.0, 0.7, 0.4, 0.1))
    see(call, TIMES, "the times split is asked at", given(call))


@holds("each step begins where the one before has ended")
def asks_elsewhere(trial: Trial) -> None:
    """A single step is right, and of several one goes wrong: the split is then asked about other images. Each step asks
    about those that the step before has made, and makes new ones of what it is told now, signal * clean + sigma *
    noise: nothing else is kept from earlier steps."""
    # within the ends: what goes wrong where a share is 0 is another thing, and so is what is right on the arc alone
    call = a_call(trial, (0.95, 0.7, 0.4, 0.1), "an arc")
    see(call, PLACES, "the images split is asked about", given(call))


@holds("several steps follow one another, at the times given, whatever their distances")
def wrong_after_several_steps(trial: Trial) -> None:
    """One step is right, and several are not. Each begins with the images and the time where the last one ended."""
    arrive(a_call(trial, (0.95, 0.9, 0.6, 0.15), "an arc"))


@holds("the shares are those of strengths, whatever the method")
def one_method_only(trial: Trial) -> None:
    """With one schedule you are right and with another one not. Ask strengths(t_next), it knows the method."""
    for schedule in watched.SCHEDULES:
        arrive(a_call(trial, (0.7, 0.3), schedule))


@holds("the walk may begin at 1 and end at 0")
def wrong_at_the_ends(trial: Trial) -> None:
    """Where the walk begins at 1 or ends at 0 yours is wrong. Neither end needs a case of its own, and nothing is
    divided by one of the shares, which may be 0 there."""
    arrive(a_call(trial, (1.0, 0.5, 0.0)))


@holds("times may rise as well, from the image to the noise")
def wrong_towards_the_noise(trial: Trial) -> None:
    """Towards the image you are right, and towards the noise not. Nothing in a step depends on the direction."""
    arrive(a_call(trial, (0.1, 0.4, 0.9), "an arc"))


@holds("a walk to the noise may begin at 0, the clean image")
def wrong_from_the_image(trial: Trial) -> None:
    """Towards the noise you are right, and from t = 0 on not. There sigma is 0, and nothing can be divided by it: clean
    and noise are what split gives, at this time as at any other."""
    arrive(a_call(trial, (0.0, 0.4, 0.9), "an arc"))


@holds("large numbers are left as they are")
def clipped(trial: Trial) -> None:
    """Where numbers are large yours is wrong. Nothing is cut off: here a walk has to be able to go back again."""
    arrive(a_call(trial, (0.8, 0.5, 0.2), size=6))


@right
def by_index(split: Split, strengths: Strengths, x: Tensor, times: Sequence[float]) -> Tensor:
    for i in range(1, len(times)):
        parts = split(x, times[i - 1])
        x = sum(share * part for share, part in zip(strengths(times[i]), parts, strict=True))
    return x


@right
def by_recursion(split: Split, strengths: Strengths, x: Tensor, times: Sequence[float]) -> Tensor:
    if len(times) < 2:
        return x
    clean, noise = split(x, times[0])
    signal, sigma = strengths(times[1])
    return by_recursion(split, strengths, sigma * noise + signal * clean, times[1:])


@right
def by_the_change(split: Split, strengths: Strengths, x: Tensor, times: Sequence[float]) -> Tensor:
    """Add what changes: both parts, each with the change of its share."""
    for t, t_next in pairwise(times):
        clean, noise = split(x, t)
        (signal, sigma), (signal_next, sigma_next) = strengths(t), strengths(t_next)
        x = x + (signal_next - signal) * clean + (sigma_next - sigma) * noise
    return x
