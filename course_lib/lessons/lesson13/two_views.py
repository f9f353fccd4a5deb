"""What holds for two_views, and right answers written differently."""

import torch
from torch import Tensor

from course_lib.checks.exercise import Exercise
from course_lib.checks.trial import Call, Trial
from course_lib.editing import Change, Split, two_views
from course_lib.lessons.lesson13 import editing_watched as watched
from course_lib.lessons.lesson13.asking import FIRST_CALLS, OTHER_CALLS, PAIR, TURNED, found, numbers, see

EXERCISE = Exercise(
    "two_views",
    two_views,
    __name__,
    where="section 13.6; Geng, Park and Owens 2024 (Visual Anagrams)",
    watched=watched.two_views,
    not_for_all={
        "another_shape": "no_pair looks at the two parts, and has the words for it",
        "gradients_cut": "it serves sampling, where nothing learns",
    },
)
holds, right = EXERCISE.holds, EXERCISE.right


def a_call(
    trial: Trial, turn: str = "half a turn", size: float = 1.0, shape: tuple = (3, 2, 4, 5), t: float = 0.6
) -> Call:
    schedule = trial.pick("a line", "an arc")
    return trial.calling(size * trial.normal(*shape), t, numbers(trial), numbers(trial), turn, schedule)


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    return a_call(trial, "a quarter turn")


@EXERCISE.harder
def late_and_large(trial: Trial) -> Call:
    """A quarter turn of five images of three channels that are higher than wide, with large numbers near the noise."""
    return a_call(trial, "a quarter turn", size=4, shape=(5, 3, 7, 4), t=0.93)


@EXERCISE.telling
def given(call: Call) -> str:
    x, t, *_, turn, _ = call.args
    return f"two_views of two splits and {turn}, then asked with x {tuple(x.shape)} and t = {t}"


@holds("what is returned is a function split(x, t) that gives (clean, noise), each shaped like x")
def no_pair(trial: Trial) -> None:
    """What you return is no function split(x, t) that gives (clean, noise). Return the inner function itself, without
    calling it, and from it a pair."""
    call = a_call(trial)
    trial.see("the shapes of the two", tuple(tuple(part.shape) for part in found(call, given(call))[PAIR]), given(call))


@holds("both splits are asked once")
def wrong_number_of_calls(trial: Trial) -> None:
    """Each of the two splits is a call of the network. Yours are not asked once each. Both are needed every time, for
    the mean of what they see, and one call gives both parts, clean and noise."""
    call = a_call(trial)
    # both of one call: an answer that asks one of them by chance asks the other next time
    seen = found(call, given(call))
    trial.see("how often the first split is called", seen[FIRST_CALLS], given(call))
    trial.see("how often the other split is called", seen[OTHER_CALLS], given(call))


def see_parts(call: Call) -> None:
    clean, noise = found(call, given(call))[PAIR]
    call.trial.see("the clean image", clean, given(call))
    call.trial.see("the noise", noise, given(call))


@holds("which turn it is, the two arguments say")
def turn_never_asked(trial: Trial) -> None:
    """turn and turn_back are never called. Which turn it is, these two say: one that is written down, as by flip or
    rot90, is right where they do the same, and nowhere else."""
    call = a_call(trial)
    see(call, TURNED, "whether turn or turn_back is called", given(call))


@holds("the mean of what both see, the other in the turned picture and turned back")
def wrong_views(trial: Trial) -> None:
    """What your function gives is not the mean of two: split(x, t) as it is, and turn_back of what the other split sees
    in turn(x)."""
    see_parts(a_call(trial))


@holds("a turn that is not undone by itself needs turn_back")
def turns_twice(trial: Trial) -> None:
    """For half a turn you are right, which undoes itself. A quarter turn does not: turn(x) goes in, and what comes out
    goes through turn_back."""
    see_parts(a_call(trial, "a quarter turn", shape=(3, 2, 4, 4)))


@holds("an image need not be square")
def squares_only(trial: Trial) -> None:
    """For square images you are right. A quarter turn exchanges height and width, and turning back exchanges them
    again."""
    see_parts(ordinary_call(trial))


@holds("large numbers are left as they are")
def clipped(trial: Trial) -> None:
    """Where numbers are large yours is wrong: nothing is cut off."""
    see_parts(a_call(trial, size=6))


@right
def by_lambda(split: Split, other_split: Split, turn: Change, turn_back: Change) -> Split:
    return lambda x, t: tuple(
        0.5 * (mine + turn_back(theirs)) for mine, theirs in zip(split(x, t), other_split(turn(x), t), strict=True)
    )


@right
def in_two_functions(split: Split, other_split: Split, turn: Change, turn_back: Change) -> Split:
    def seen_turned(x: Tensor, t: float) -> tuple[Tensor, Tensor]:
        clean, noise = other_split(turn(x), t)
        return turn_back(clean), turn_back(noise)

    def mean(x: Tensor, t: float) -> list[Tensor]:
        views = split(x, t), seen_turned(x, t)
        return [torch.stack(parts).mean(dim=0) for parts in zip(*views, strict=True)]

    return mean


class Views:
    def __init__(self, split: Split, other_split: Split, turn: Change, turn_back: Change) -> None:
        self.split, self.other_split, self.turn, self.turn_back = split, other_split, turn, turn_back

    def __call__(self, x: Tensor, t: float) -> tuple[Tensor, Tensor]:
        turned = torch.cat(self.other_split(self.turn(x), t))
        both = (torch.cat(self.split(x, t)) + self.turn_back(turned)) / 2
        return both[: len(x)], both[len(x) :]


@right
def by_an_object(split: Split, other_split: Split, turn: Change, turn_back: Change) -> Split:
    return Views(split, other_split, turn, turn_back)
