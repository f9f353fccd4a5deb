"""What holds for add_to_every_pixel, and right answers written differently."""

from collections.abc import Callable

import torch
from torch import Tensor

from course_lib.checks.exercise import Exercise
from course_lib.checks.trial import Call, Trial
from course_lib.warm_ups import add_to_every_pixel


def drawn(trial: Trial, batch: int, channels: int, height: int, width: int) -> tuple[Tensor, Tensor]:
    return trial.normal(batch, channels, height, width), trial.normal(batch, channels)


def usual(trial: Trial) -> tuple[Tensor, Tensor]:
    return drawn(trial, trial.pick(2, 3), trial.pick(5, 7), *trial.pick((4, 6), (6, 4)))


def with_reshape(how: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    def wrong(h: Tensor, vectors: Tensor) -> Tensor:
        return h + how(h, vectors)

    return wrong


def viewed_as_channels_last(h: Tensor, vectors: Tensor) -> Tensor:
    batch, channels, height, width = h.shape
    return (h.reshape(batch, height, width, channels) + vectors[:, None, None, :]).reshape(h.shape)


def at_one_place(*place: slice | int) -> Callable[[Tensor, Tensor], Tensor]:
    def wrong(h: Tensor, vectors: Tensor) -> Tensor:
        out = h.clone()
        region = out[(slice(None), slice(None), *place)]
        out[(slice(None), slice(None), *place)] = region + vectors.reshape(*vectors.shape, *[1] * (region.ndim - 2))
        return out

    return wrong


EXERCISE = Exercise(
    "add_to_every_pixel",
    add_to_every_pixel,
    __name__,
    where='the document, section 3, the line "+ t_emb[:,:,None,None]"',
    seconds=3.0,
)
holds, right = EXERCISE.holds, EXERCISE.right


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    return trial.calling(*usual(trial))


@holds("each channel of each image is raised by its own number")
def values(trial: Trial) -> None:
    # Every axis has length four: nothing raises, so a wrong axis shows in the numbers.
    trial.call(*drawn(trial, 4, 4, 4, 4))


@holds("the same, where batch, channels, height and width all differ")
def axes_do_not_line_up(trial: Trial) -> None:
    """As long as all axes have the same length your code runs and is right; with four different lengths it is not. Say
    (B, C, 1, 1) explicitly."""
    trial.call(*usual(trial))


@holds("a batch of one keeps its batch axis")
def loses_a_batch_of_one(trial: Trial) -> None:
    """With one image in the batch your result departs: squeeze() without an axis removes every axis of length one, the
    batch's too."""
    trial.call(*drawn(trial, 1, 3, 4, 5))


@holds("a single channel keeps its axis")
def loses_a_single_channel(trial: Trial) -> None:
    """With a single channel your result departs: is there a squeeze() that removes its axis?"""
    trial.call(*drawn(trial, 3, 1, 2, 4))


@holds("a feature map of one pixel keeps its axes")
def loses_a_single_pixel(trial: Trial) -> None:
    """With one pixel your result departs: height and width of length one must stay."""
    trial.call(*drawn(trial, 3, 5, 1, 1))


@holds("h is as before, and the result is a new tensor")
def keeps_h(trial: Trial) -> None:
    # The same h twice: a second call must not see traces of the first (the engine also compares h before and "
    # "after).
    h, vectors = usual(trial)
    trial.call(h, vectors)
    trial.call(h, 2 * vectors)


@holds("float32 in, float32 out; float64 in, float64 out")
def fixes_the_precision(trial: Trial) -> None:
    """The result has another precision than the inputs: somewhere a precision is fixed."""
    h, vectors = usual(trial)
    for dtype in (torch.float64, torch.float32):
        value = trial.call(h.to(dtype), vectors.to(dtype))
        trial.see("its type", str(value.dtype) if isinstance(value, Tensor) else "no tensor", f"{dtype} inputs")


@right
def by_loops(h: Tensor, vectors: Tensor) -> Tensor:
    out = torch.empty_like(h)
    for image in range(h.shape[0]):
        for channel in range(h.shape[1]):
            out[image, channel] = h[image, channel] + vectors[image, channel]
    return out


@right
def channels_last(h: Tensor, vectors: Tensor) -> Tensor:
    return (h.permute(0, 2, 3, 1) + vectors[:, None, None, :]).permute(0, 3, 1, 2)


@right
def by_rows(h: Tensor, vectors: Tensor) -> Tensor:
    return (h.flatten(2) + vectors.unsqueeze(-1)).reshape(h.shape)


@right
def by_einsum(h: Tensor, vectors: Tensor) -> Tensor:
    return h + torch.einsum("bc,hw->bchw", vectors, torch.ones_like(h[0, 0]))


@right
def by_cloning(h: Tensor, vectors: Tensor) -> Tensor:
    out = h.clone()
    out += vectors.view(*vectors.shape, 1, 1).expand_as(h)
    return out


@right
def by_repeating(h: Tensor, vectors: Tensor) -> Tensor:
    batch, channels, height, width = h.shape
    return h + vectors.repeat_interleave(height * width, dim=1).reshape(batch, channels, height, width)


right(lambda h, vectors: torch.add(h, vectors.unsqueeze(-1).unsqueeze(-1)), "unsqueeze_twice")
