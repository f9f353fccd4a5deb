"""What holds for add_to_every_pixel, and right answers written differently."""

import torch
from torch import Tensor

from course_lib.checks.exercise import Exercise
from course_lib.checks.trial import Call, Trial
from course_lib.warm_ups import add_to_every_pixel

EXERCISE = Exercise(
    "add_to_every_pixel",
    add_to_every_pixel,
    __name__,
    where='the document, section 3 (assets/network.md), the line "+ t_emb[:,:,None,None]"',
    elementwise=("h", "vectors"),
    seconds=3.0,
    not_for_all={
        "another_shape": "not_the_sum comes first: where all axes are equally long a wrong axis shows in the numbers",
        "mixes_the_batch": "loses_a_batch_of_one says more",
    },
)
holds, right = EXERCISE.holds, EXERCISE.right


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    # batch, channels, height and width all different
    return trial.calling(*drawn(trial, trial.pick(2, 3), trial.pick(5, 7), *trial.pick((4, 6), (6, 4))))


@EXERCISE.harder
def with_large_vectors(trial: Trial) -> Call:
    """A long batch, odd sizes, maps turned in memory, and vectors that are large, or 0 for one of the images."""
    h, vectors = drawn(trial, 5, 6, 9, 3)
    vectors[1] = 0
    return trial.calling(10 * h.transpose(2, 3), 20 * vectors)


def drawn(trial: Trial, batch: int, channels: int, height: int, width: int) -> tuple[Tensor, Tensor]:
    return trial.normal(batch, channels, height, width), trial.normal(batch, channels)


@holds("each sum stands in its own place: batch, channels, height, width")
def sums_in_other_places(trial: Trial) -> None:
    """All your sums are right, h[b, c, i, j] + vectors[b, c], and they stand in other places. Were axes moved for the
    addition, and not moved back, or with a reshape? A reshape moves no axis, it cuts the same row of numbers anew;
    permute and transpose move axes, there and back."""
    h, vectors = drawn(trial, 4, 4, 4, 4)
    call, sums = trial.calling(h, vectors), h + vectors[:, :, None, None]
    value = call.see(observed=False)
    moved = isinstance(value, Tensor) and value.shape == sums.shape and value.is_floating_point()
    moved = moved and torch.allclose(value.float().flatten().sort().values, sums.flatten().sort().values, atol=1e-5)
    # other sums than these are the next property's
    trial.see("the result", value if moved else sums, call.text(), inputs=call.elementwise_inputs())


@holds("the number that a channel is raised by is not another channel's or image's")
def numbers_of_others(trial: Trial) -> None:
    """Every channel is raised by one number of the vectors, all its pixels alike, and in places it is the number of
    another image or channel: channel c of image b gets vectors[b, c]. Are the vectors turned (.T, permute), reshaped,
    flipped or rolled on the way, or picked by another index? They come as (B, C), as h wants them."""
    h, vectors = drawn(trial, 4, 4, 4, 4)
    call, sums = trial.calling(h, vectors), h + vectors[:, :, None, None]
    value = call.see(observed=False)
    if isinstance(value, Tensor) and value.shape == h.shape and value.is_floating_point():
        raised = value.float() - h
        added = raised.mean(dim=(2, 3))
        alike = torch.allclose(raised, added[:, :, None, None].expand_as(raised), atol=1e-5)
        distance = (added[:, :, None] - vectors.flatten()).abs()
        # each number stands in the vectors, and more than one of them does
        known = bool((distance.amin(dim=2) < 1e-5).all()) and len(distance.argmin(dim=2).unique()) > 4
        sums = value if alike and known else sums
    trial.see("the result", sums, call.text(), inputs=call.elementwise_inputs())


@holds("each channel of each image is raised by its own number")
def not_the_sum(trial: Trial) -> None:
    """Pixel [b, c, i, j] of the result is h[b, c, i, j] + vectors[b, c]: its own image's vector, its own channel's
    number, for every b, c, i and j. Yours departs from that, as you see below."""
    # every axis has length four: nothing raises, so a wrong axis shows in the numbers
    trial.call(*drawn(trial, 4, 4, 4, 4))


@holds("the same, where batch, channels, height and width all differ")
def axes_do_not_line_up(trial: Trial) -> None:
    """With all axes of the same length your code is right; with four different lengths it is not. Say (B, C, 1, 1)
    explicitly."""
    # higher than wide first: who takes one length for the other then goes wrong in one way, whatever the seed
    for sizes in ((6, 4), (4, 6)):
        trial.call(*drawn(trial, trial.pick(2, 3), trial.pick(5, 7), *sizes))


@holds("a batch of one keeps its batch axis")
def loses_a_batch_of_one(trial: Trial) -> None:
    """With one image in the batch your result departs. Is there a squeeze()? Without an axis it removes every axis of
    length one, the batch's too."""
    trial.call(*drawn(trial, 1, 3, 4, 5))


@holds("a single channel keeps its axis")
def loses_a_single_channel(trial: Trial) -> None:
    """With a single channel your result departs: is there a squeeze() that removes its axis?"""
    trial.call(*drawn(trial, 3, 1, 2, 4))


@holds("a feature map of one pixel keeps its axes")
def loses_a_single_pixel(trial: Trial) -> None:
    """With one pixel your result departs. Height and width of length one stay: is there a squeeze() that removes
    them?"""
    trial.call(*drawn(trial, 3, 5, 1, 1))


@holds("h is as before, and the result is a new tensor")
def keeps_h(trial: Trial) -> None:
    # the same h twice: a second call must not see traces of the first (the engine also compares h before and after)
    h, vectors = drawn(trial, 2, 5, 4, 6)
    trial.call(h, vectors)
    trial.call(h, 2 * vectors)


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


@right
def unsqueeze_twice(h: Tensor, vectors: Tensor) -> Tensor:
    return torch.add(h, vectors.unsqueeze(-1).unsqueeze(-1))
