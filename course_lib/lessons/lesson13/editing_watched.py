"""The lesson's answers take functions: the watched ones take data, make the functions of it, and say what was asked."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from course_lib.checks.modes import given
from course_lib.editing import Change, Strengths

# both begin at the clean image: flow matching's line, and an arc on which the squares add up to 1, like a DDPM's
SCHEDULES: dict[str, Strengths] = {
    "a line": lambda t: (1 - t, t),
    "an arc": lambda t: (math.cos(1.5 * t), math.sin(1.5 * t)),
}
for _strengths in SCHEDULES.values():
    _strengths.__qualname__ = "strengths"  # as an error calls it
SHARES = {"a line": "(1 - t, t)", "an arc": "cosine and sine of 1.5 t"}
# each turn and what undoes it
TURNS: dict[str, tuple[Change, Change]] = {
    "half a turn": (lambda x: x.flip((-2, -1)), lambda x: x.flip((-2, -1))),
    "a quarter turn": (lambda x: x.rot90(1, (-2, -1)), lambda x: x.rot90(-1, (-2, -1))),
}


class SplitStandIn:
    """What a network might see in x at time t, by a formula: clean and noise that together are x again.

    Pixels, neighbours and the time matter. Notes each call, (x, t).

    Args:
        numbers: three that make one stand-in unlike another.
        schedule: one of SCHEDULES.
    """

    def __init__(self, numbers: Sequence[float], schedule: str) -> None:
        self.of_x, self.of_time, self.shift = (float(number) for number in numbers)
        self.strengths = SCHEDULES[schedule]
        self.calls: list[tuple[Tensor, float]] = []

    def __call__(self, x: Tensor, t: float) -> tuple[Tensor, Tensor]:
        if not isinstance(x, Tensor):
            raise TypeError(f"x is of type {type(x).__name__}; allowed: a tensor of images")
        t = float(t)
        self.calls.append((x.detach().clone(), t))
        signal, sigma = self.strengths(t)
        wave = math.sin(4 * self.of_time * t + self.shift)
        clean = self.of_x * x + wave * torch.tanh(x.roll(1, dims=-1)) + self.shift
        noise = 0.6 * torch.tanh(x.roll(1, dims=-2)) - wave * x
        # move both so that signal * clean + sigma * noise is x
        left = (x - signal * clean - sigma * noise) / (signal**2 + sigma**2)
        return clean + signal * left, noise + sigma * left


def small_blur(x: Tensor) -> Tensor:
    """A linear blur: the mean of each pixel and its two neighbours in the row, round the border."""
    if not isinstance(x, Tensor):
        raise TypeError(f"x is of type {type(x).__name__}; allowed: a tensor of images, clean or noise")
    return (x.roll(1, dims=-1) + x + x.roll(-1, dims=-1)) / 3


def seen(result: Any, split: SplitStandIn) -> tuple:
    """A result, how often the split was asked, at which times, and about which images."""
    return (
        result,
        len(split.calls),
        tuple(round(time, 6) for _, time in split.calls),
        tuple(place for place, _ in split.calls),
    )


def walk(answer: Callable) -> Callable:
    """`walk` with a stand-in for the split."""

    def walk(x: Tensor, times: Sequence[float], numbers: Sequence[float], schedule: str) -> tuple:
        split = SplitStandIn(numbers, schedule)
        return seen(answer(given(split), split.strengths, x, list(times)), split)

    return walk


def redraw(answer: Callable) -> Callable:
    """`redraw` with a stand-in for the split."""

    def redraw(
        images: Tensor, noise: Tensor, strength: float, num_steps: int | None, numbers: Sequence[float], schedule: str
    ) -> tuple:
        split = SplitStandIn(numbers, schedule)
        steps = () if num_steps is None else (num_steps,)
        return seen(answer(given(split), split.strengths, images, noise, strength, *steps), split)

    return redraw


def noise_further(answer: Callable) -> Callable:
    """`noise_further` with a schedule by its name."""

    def noise_further(x: Tensor, noise: Tensor, t: float, t_later: float, schedule: str) -> Any:
        return answer(SCHEDULES[schedule], x, noise, t, t_later)

    return noise_further


def keep_known(answer: Callable) -> Callable:
    """`keep_known` with a schedule by its name."""

    def keep_known(x: Tensor, t: float, known: Tensor, mask: Tensor, noise: Tensor, schedule: str) -> Any:
        return answer(SCHEDULES[schedule], x, t, known, mask, noise)

    return keep_known


def pair_from(made: Any, x: Tensor, t: float) -> Any:
    """What a made split says, or in words what there was in its place."""
    if made is None:
        return None
    if not callable(made):
        return f"something of type {type(made).__name__} came back, and no function"
    pair = made(x, t)
    if not isinstance(pair, tuple | list) or len(pair) != 2 or not all(isinstance(part, Tensor) for part in pair):
        return f"the function gives {type(pair).__name__}, not (clean, noise)"
    return tuple(pair)


def two_views(answer: Callable) -> Callable:
    """`two_views` of two stand-ins and a turn by its name, asked once.

    What is seen: the pair, how often each split was asked, and whether something went through a turn.
    """

    def two_views(
        x: Tensor, t: float, numbers: Sequence[float], other_numbers: Sequence[float], turn: str, schedule: str
    ) -> tuple:
        split, other = SplitStandIn(numbers, schedule), SplitStandIn(other_numbers, schedule)
        turned: list[Tensor] = []

        def noted(change: Change) -> Change:
            def noting(x: Tensor) -> Tensor:
                turned.append(x)
                return change(x)

            return noting

        pair = pair_from(answer(given(split), given(other), *map(noted, TURNS[turn])), x, t)
        return pair, len(split.calls), len(other.calls), bool(turned)

    return two_views


def hybrid(answer: Callable) -> Callable:
    """`hybrid` of two stand-ins and a small blur, asked once.

    What is seen: the pair, how often each split was asked, and the images and times that each was asked about.
    """

    def hybrid(x: Tensor, t: float, numbers: Sequence[float], other_numbers: Sequence[float], schedule: str) -> tuple:
        far, near = SplitStandIn(numbers, schedule), SplitStandIn(other_numbers, schedule)
        pair = pair_from(answer(given(far), given(near), small_blur), x, t)
        asked = (tuple(part for call in one.calls for part in call) for one in (far, near))
        return pair, len(far.calls), len(near.calls), *asked

    return hybrid
