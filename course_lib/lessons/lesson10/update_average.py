"""What holds for update_average, and right answers written differently."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from course_lib.checks.compare import difference
from course_lib.checks.exercise import Exercise
from course_lib.checks.guard import Failure
from course_lib.checks.trial import Call, Trial
from course_lib.ema import update_average
from course_lib.lessons.lesson10.update_average_watched import watched

EXERCISE = Exercise(
    "update_average",
    update_average,
    __name__,
    where="10.6 of the lesson, the line of the moving average; Ho et al. 2020, appendix B",
    watched=watched,
)
holds, right = EXERCISE.holds, EXERCISE.right


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    # three tensors: a loop over (average, current) would take two apart into old and new
    return trial.calling(*two_lists(trial, (2, 3), (3,), (2,)), a_decay(trial))


@EXERCISE.harder
def large_weights_three_times(trial: Trial) -> Call:
    """Five tensors, one of them without axes, with large numbers, a short decay, and three updates."""
    average, current = two_lists(trial, (2, 3, 3, 2), (5,), (), (7, 4), (5,))
    return trial.calling(tuple(40 * old for old in average), tuple(40 * new for new in current), 0.23, 3)


def two_lists(trial: Trial, *shapes: tuple[int, ...]) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    """The average and the current weights."""
    average, current = (tuple(trial.normal(*shape) for shape in shapes) for _ in range(2))
    return average, current


def a_decay(trial: Trial) -> float:
    return 0.6 + 0.3 * trial.random.random()


def text(average: tuple[Tensor, ...], decay: float, times: int = 1) -> str:
    again = f", {times} times" if times > 1 else ""
    shapes = ", ".join(str(tuple(tensor.shape)) for tensor in average)
    kind = str(average[0].dtype).removeprefix("torch.")
    return f"update_average(average, current, decay={decay:.4g}){again}, with {kind} tensors of the shapes {shapes}"


@EXERCISE.telling
def given(call: Call) -> str:
    average, _, decay, *times = call.args
    return text(average, decay, times[0] if times else 1)


def called(trial: Trial, lists: tuple, decay: float, times: int = 1, tolerance: float = 1.0) -> tuple:
    """Record what the average holds afterwards; give back what else `watched` saw."""
    found, given = trial.calling(*lists, decay, times).value(), text(lists[0], decay, times)
    average, *others = (found,) if isinstance(found, Failure) else found
    trial.checked("what the average holds afterwards", average, given, tolerance)
    return tuple(others)


@holds("the average is moved, though its tensors ask for no gradient")
def moves_only_what_learns(trial: Trial) -> None:
    """You leave out every tensor of the average that asks for no gradient. None of them does, as nobody trains an
    average, and so it stands still. Go through the whole list."""
    lists, decay = two_lists(trial, (3, 2), (4,)), a_decay(trial)
    asking = trial.calling(*lists, decay, 1, True).value()
    plain = trial.calling(*lists, decay).value()
    still = not isinstance(plain, Failure) and not difference(plain[0], lists[0])
    only_then = still and not isinstance(asking, Failure) and bool(difference(asking[0], lists[0]))
    trial.see("whether only what asks for gradients moves", only_then, text(lists[0], decay))


@holds("both shares, decay and 1 - decay, count with all their digits")
def digits_of_a_share_lost(trial: Trial) -> None:
    """A share has lost digits: decay or 1 - decay is rounded or cut off, to a few places behind the point. Use both as
    they are. With two places 1 - 0.9999 becomes 0 and 0.9999 becomes 1: then nothing of the new weights comes in, or
    nothing of the old ever goes."""
    ones, zeros = (torch.ones(3, 2),), (torch.zeros(3, 2),)
    # two decays, so that a share that is always the same is not taken for a rounded one
    decays = 0.61 + 0.03 * trial.random.random(), 0.86 + 0.03 * trial.random.random()
    found = [trial.calling(*lists, decay).value() for decay in decays for lists in ((ones, zeros), (zeros, ones))]
    shares = [share for decay in decays for share in (decay, 1 - decay)]
    if not any(isinstance(one, Failure) for one in found):
        held = [float(average[0][0, 0]) for average, *_ in found]
        shares = held if lacks_digits(held, shares) else shares
    given = " and ".join(f"{decay:.4g}" for decay in decays)
    trial.see("what stays and what comes in, at each of two decays", tuple(shares), f"the decays {given}")


def lacks_digits(found: list[float], shares: list[float]) -> bool:
    """Whether each is the share it should be, or that rounded or cut off, and not all are as they should be."""
    whole = [abs(one - share) < 1e-6 for one, share in zip(found, shares, strict=True)]
    few = [
        any(
            abs(one - cut(share * 10**digits) / 10**digits) < 1e-6
            for digits in (1, 2, 3, 4)
            for cut in (round, math.floor)
        )
        for one, share in zip(found, shares, strict=True)
    ]
    return not all(whole) and all(a or b for a, b in zip(whole, few, strict=True))


@holds("every tensor of the average is decay * itself + (1 - decay) * its partner")
def values(trial: Trial) -> None:
    # convolution, bias, linear layer, norm: as in a network
    shapes = (trial.pick(2, 3), 2, 3, 3), (4,), (3, trial.pick(4, 5)), (2,)
    called(trial, two_lists(trial, *shapes), a_decay(trial))


@holds("0 is a weight like any other")
def zero_taken_for_nothing(trial: Trial) -> None:
    """Where weights are 0, in the average or in the current ones, yours is wrong, and elsewhere it is right. 0 is a
    weight like any other, and every bias begins there: it says neither that the average has not begun, nor that there
    is nothing to bring in."""
    decay = a_decay(trial)
    average, current = two_lists(trial, (3, 4), (4,), (2, 3))
    holes = tuple(one * (trial.uniform(*one.shape) < 0.5) for one in (*average, *current))
    called(trial, ((*holes[:2], 0 * average[2]), current), decay)
    called(trial, (average, (*holes[3:5], 0 * current[2])), decay)
    called(trial, (tuple(0 * old for old in average), current), decay)


@holds("the tensors that were given are changed, and not the list")
def not_in_place(trial: Trial) -> None:
    """The list holds other tensors now. Those that were given are the model's own: change them in place (lerp_, mul_
    and add_, copy_), or the model never hears of it."""
    lists, decay = two_lists(trial, (3, 2), (4,)), a_decay(trial)
    _, same, *_ = called(trial, lists, decay)
    trial.see("whether the list still holds the tensors it held", same, text(lists[0], decay))


@holds("the current weights stay as they are")
def changes_the_current_weights(trial: Trial) -> None:
    """You change the current weights as well. The average only follows: training must not notice it."""
    lists, decay = two_lists(trial, (3, 2), (4,)), a_decay(trial)
    current, _, _, trainable = called(trial, lists, decay)
    trial.see("what the current weights hold afterwards", current, text(lists[0], decay))
    trial.see("whether the current weights still ask for gradients", trainable, text(lists[0], decay))


@holds("the average stays outside of all gradients")
def records_gradients(trial: Trial) -> None:
    """The average now asks for gradients: torch has recorded your arithmetic, and at every step the record gets longer
    until memory is full. Put it under `with torch.no_grad():`."""
    lists, decay = two_lists(trial, (3, 2), (4,)), a_decay(trial)
    _, _, recorded, _ = called(trial, lists, decay)
    trial.see("whether the average asks for gradients now", recorded, text(lists[0], decay))


@holds("several updates, one after the other, each start from what the last one left")
def wrong_the_second_time(trial: Trial) -> None:
    """One update is right, several in a row are not: each has to start from what the one before has left."""
    called(trial, two_lists(trial, (2, 3), (3,)), a_decay(trial), times=trial.pick(3, 4))


@holds("a list of one tensor is updated like any other")
def fails_for_one_tensor(trial: Trial) -> None:
    """A list with a single tensor goes wrong. Go through the list with a loop, whatever its length."""
    called(trial, two_lists(trial, (2, 2)), a_decay(trial))


@holds("tensors without axes, and with one number, are updated like any other")
def fails_for_small_tensors(trial: Trial) -> None:
    """Tensors without axes, or of a single number, come out wrong. A network has such weights, too."""
    called(trial, two_lists(trial, (), (1,)), a_decay(trial))


@holds("partners stand at the same place of both lists, also where all shapes are equal")
def partners_mixed_up(trial: Trial) -> None:
    """Where all tensors have the same shape your average is wrong. Partners stand at the same place of both lists."""
    called(trial, two_lists(trial, (3, 3), (3, 3), (3, 3)), a_decay(trial))


@holds("decay 0 copies the current weights, decay 1 changes nothing")
def wrong_at_the_ends(trial: Trial) -> None:
    """At a decay of 0 the average should become the current weights, at 1 it should stay."""
    for decay in (0.0, 1.0):
        called(trial, two_lists(trial, (2, 3), (3,)), decay)


@holds("a decay below one half counts as it is given")
def long_decays_only(trial: Trial) -> None:
    """Decays below one half come out wrong: the warm-up begins at 0.1, where the current weights have nine tenths."""
    for decay in (0.1, 0.45):
        called(trial, two_lists(trial, (2, 3), (3,)), decay)


@holds("float64 weights are averaged in float64")
def rounds_on_the_way(trial: Trial) -> None:
    """In float64 the average does not hold what it should: it is rounded, or has not moved. .float(), .half() and
    .bfloat16() make a copy, which is less exact, and a change in the copy is none in the average. Work on the tensors
    as they come."""
    # a thousandth comes in at each step: rounding to float32 on the way would show
    average, current = two_lists(trial, (2, 3), (3,))
    lists = tuple(one.double() / 3 for one in average), tuple(one.double() / 3 for one in current)
    called(trial, lists, 0.999, tolerance=1e-5)


@right
def mul_and_add(average: Sequence[Tensor], current: Sequence[Tensor], decay: float) -> None:
    with torch.no_grad():
        for old, new in zip(average, current, strict=True):
            old.mul_(decay).add_(new, alpha=1 - decay)


@right
def by_lerp(average: Sequence[Tensor], current: Sequence[Tensor], decay: float) -> None:
    for old, new in zip(average, current, strict=True):
        old.lerp_(new.detach(), 1 - decay)


@right
@torch.no_grad()
def by_copying(average: Sequence[Tensor], current: Sequence[Tensor], decay: float) -> None:
    for place in range(len(average)):
        average[place].copy_(decay * average[place] + (1 - decay) * current[place])


@right
def through_data(average: Sequence[Tensor], current: Sequence[Tensor], decay: float) -> None:
    for old, new in zip(average, current, strict=True):
        old.data -= (1 - decay) * (old.data - new.data)


@right
def by_slices(average: Sequence[Tensor], current: Sequence[Tensor], decay: float) -> None:
    with torch.no_grad():
        for old, new in zip(average, current, strict=True):
            old[...] = old * decay + new * (1 - decay)
