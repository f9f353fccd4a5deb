"""What holds for spaced_times, and right answers written differently."""

from typing import Any

from torch import Tensor

from course_lib.checks.compare import shown
from course_lib.checks.exercise import Exercise
from course_lib.checks.guard import Failure
from course_lib.checks.properties import shape_of
from course_lib.checks.trial import Call, Trial
from course_lib.straightening import spaced_times

EXERCISE = Exercise(
    "spaced_times",
    spaced_times,
    __name__,
    where="section 14.4",
    not_for_all={
        "another_shape": "no_list_of_times looks at it, and has the words for a tensor",
        "mixes_the_batch": "there is no batch: plain numbers go in and come out",
    },
)
holds, right = EXERCISE.holds, EXERCISE.right


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    return trial.calling(trial.pick(4, 5, 6), trial.pick(2.0, 3.0))


@EXERCISE.harder
def many_steps_near_the_image(trial: Trial) -> Call:
    """Many steps, their number a prime, and a shift far below 1."""
    return trial.calling(trial.pick(23, 29, 37), trial.pick(0.13, 0.17))


@holds("for any number of steps the list has one time more than there are steps")
def fractions_added_up(trial: Trial) -> None:
    """For some numbers of steps your list has the right number of times, and for others one too many or too few. Is
    1 / num_steps taken off again and again, or arange asked to go in such steps? That does not end at 0 exactly:
    5.551e-17, for example, is left. Count whole numbers: 1 - i / num_steps for i in range(num_steps + 1)."""
    off = {}
    for num_steps in range(2, 21):
        call = trial.calling(num_steps, 1.0)
        value = call.value()
        if isinstance(value, Failure):
            trial.checked("what comes back", value, call.text())
        off[num_steps] = len(value) - num_steps - 1 if isinstance(value, tuple) else None
    right, wrong = ([n for n, more in off.items() if more in some] for some in ((0,), (-1, 1)))
    some_only = len(right) > 1 and len(wrong) > 1
    which = f"right for {right[0]} and {right[1]} steps, and not for {wrong[0]} and {wrong[1]}" if some_only else ""
    trial.see("whether the number is right for some only", some_only, f"2 to 20 steps{which and f': {which}'}")


@holds("a list of num_steps + 1 numbers comes back")
def no_list_of_times(trial: Trial) -> None:
    """What comes back is not a list of num_steps + 1 numbers. n steps have n + 1 times, both ends counted; a tensor
    becomes a list by .tolist()."""
    call = ordinary_call(trial)
    value = call.value()
    trial.checked("what comes back", value if isinstance(value, Failure | None) else kind_of(value), call.text())


def kind_of(value: Any) -> str:
    if isinstance(value, Tensor) and value.ndim:
        return f"a tensor of shape {tuple(value.shape)}"
    if not isinstance(value, tuple):
        return "a single value"
    single = all(shape_of(one) == () for one in value)
    return f"a list of {len(value)} numbers" if single else f"a list of {len(value)} that are not all numbers"


@holds("one step goes from 1 to 0")
def wrong_single_step(trial: Trial) -> None:
    """One step has two times, 1 and 0, whatever the shift."""
    trial.call(1, 1.0)
    trial.call(1, 3.0)


@holds("the times are left as they come, and not rounded")
def rounded(trial: Trial) -> None:
    """Your times are those asked for, rounded or cut off behind a few digits. Leave them as they come: with many steps,
    rounded times meet. To print fewer digits, round what is printed."""
    for num_steps, shift in ((7, 1.0), (7, 3.0), (11, 0.3)):
        call = trial.calling(num_steps, shift)
        found, right = call.value(), spaced_times(num_steps, shift)
        given = f"{call.text()}, which gives {shown(found)[:60]}"
        trial.see("whether they are rounded", are_rounded(found, right), given)


def are_rounded(found: Any, right: list[float]) -> bool:
    """Whether all are the right ones up to a certain digit, and none has more digits than that, but for float32's."""
    if not isinstance(found, tuple) or len(found) != len(right) or not all(isinstance(t, int | float) for t in found):
        return False
    return any(
        all(abs(round(t, digits) - t) < 2e-7 and abs(t - u) < 10**-digits for t, u in zip(found, right, strict=True))
        for digits in range(1, 5)
    )


@holds("shift 1 leaves the times evenly spaced, and is what counts where none is given")
def wrong_even_times(trial: Trial) -> None:
    """With a shift of 1, or none given, the times should be evenly spaced from 1 to 0, and yours are not. Are they even
    before the formula: num_steps + 1 of them, 0 once? And what does your line divide by at shift 1? It should be 1."""
    trial.call(4, 1.0)
    trial.call(5)


@holds("a shift above 1 moves the times towards 1, both ends stay")
def wrong_shift(trial: Trial) -> None:
    """Shifted, the times are others: u becomes shift * u / (1 + (shift - 1) * u), and both ends stay."""
    trial.call(2, 3.0)
    trial.call(4, 2.0)


@holds("a shift below 1 moves them towards 0")
def wrong_below_one(trial: Trial) -> None:
    """Above 1 you are right, and below not."""
    trial.call(4, 0.5)
    trial.call(3, 0.2)


@holds("many steps and large shifts are no special case")
def wrong_for_many(trial: Trial) -> None:
    """For few steps and a small shift you are right, and beyond not."""
    trial.call(20, 7.5)
    trial.call(trial.random.randint(30, 40), 1.5)


@right
def by_fractions(num_steps: int, shift: float = 1.0) -> list[float]:
    """Both parts of the fraction times n."""
    return [shift * left / (shift * left + (num_steps - left)) for left in range(num_steps, -1, -1)]


@right
def by_the_odds(num_steps: int, shift: float = 1.0) -> list[float]:
    """The odds t / (1 - t) become shift times as large."""
    times = [1.0]
    for i in range(1, num_steps + 1):
        u = 1 - i / num_steps
        odds = shift * u / (1 - u)
        times.append(odds / (1 + odds))
    return times


@right
def from_the_other_end(num_steps: int, shift: float = 1.0) -> list[float]:
    up = [i / num_steps for i in range(num_steps + 1)]
    return [1 / (1 + (1 / u - 1) / shift) if u else 0.0 for u in up][::-1]
