"""What holds for cat_skip, and right answers written differently."""

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.checks.exercise import Exercise
from course_lib.checks.guard import Failure
from course_lib.checks.trial import Call, Trial
from course_lib.lessons.lesson06.cat_skip_watched import watched
from course_lib.skips import cat_skip

Stack = list[Tensor]

EXERCISE = Exercise(
    "cat_skip",
    cat_skip,
    __name__,
    where='the document, section 6 (assets/network.md), "Channel concatenation": skip = skips.pop(), then torch.cat',
    watched=watched,
    not_for_all={
        "another_shape": "its own looks at the result without the list",
        "gradients_cut": "its own says what is lost",
    },
)
holds, right = EXERCISE.holds, EXERCISE.right


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    return trial.calling(*unlike(trial))


@EXERCISE.harder
def from_a_long_stack(trial: Trial) -> Call:
    """Seven skips with more channels than h, fewer and as many, the newest with more, and large numbers."""
    return trial.calling(*(20 * trial.normal(3, channels, 7, 2) for channels in (5, 5, 9, 2, 7, 12, 5, 9)))


def alike(trial: Trial, count: int = 3) -> tuple[Tensor, ...]:
    """h and skips of one shape, in which every axis has another length."""
    shape = (3, trial.pick(4, 8), 5, trial.pick(6, 7))
    return tuple(trial.normal(*shape) for _ in range(count + 1))


def unlike(trial: Trial, count: int = 3) -> tuple[Tensor, ...]:
    """h and skips of different channels; the last skip never has as many as h."""
    height, width = trial.pick((4, 6), (7, 5))
    channels = [trial.pick(3, 4, 5) for _ in range(count)]
    return tuple(trial.normal(2, each, height, width) for each in (channels[-1] + trial.pick(2, 4), *channels))


@EXERCISE.telling
def given(call: Call) -> str:
    return given_text(call.args)


def given_text(tensors: tuple[Tensor, ...]) -> str:
    shapes = ", ".join(str(tuple(skip.shape)) for skip in tensors[1:])
    count = "one skip" if len(tensors) == 2 else f"{len(tensors) - 1} skips"
    return f"cat_skip(h {tuple(tensors[0].shape)}, a list of {count}): {shapes}"


def returned(trial: Trial, tensors: tuple[Tensor, ...]) -> tuple:
    """The result, and what is left on the list; nothing is recorded unless there is no result."""
    value = trial.calling(*tensors).value()
    result = value if isinstance(value, Failure) else value[0]
    if result is None or isinstance(result, Failure):
        trial.checked("the result", result, given_text(tensors))
    return value


def see_result(trial: Trial, tensors: tuple[Tensor, ...]) -> tuple:
    """Record the result alone; gives back what is left on the list."""
    result, *left = returned(trial, tensors)
    trial.see("the result", result, given_text(tensors))
    return tuple(left)


def see_all(trial: Trial, *tensors: Tensor) -> None:
    """Record the result, and then the list."""
    left = see_result(trial, tensors)
    trial.see("how many skips are left on the list", len(left), given_text(tensors))
    trial.see("what is left on the list", left, given_text(tensors))


@holds("it comes back with a tensor")
def comes_back(trial: Trial) -> None:
    # nothing is recorded of an answer that gives a value back
    returned(trial, alike(trial))


@holds("h and the skip lie side by side, also where both have one shape")
def added_where_shapes_agree(trial: Trial) -> None:
    """Where h and the skip have the same shape you add them. The two always lie side by side, whatever their channels,
    so that the next block can weigh them separately: torch.cat([h, skip], dim=1), without a condition."""
    tensors = alike(trial)
    (h, *_, skip), (value, *_) = tensors, returned(trial, tensors)
    added = isinstance(value, Tensor) and value.shape == h.shape and torch.allclose(value, h + skip)
    trial.see(
        "its shape", tuple(value.shape) if added else (h.shape[0], 2 * h.shape[1], *h.shape[2:]), given_text(tensors)
    )
    if added:  # so that one mistake is told from another
        trial.see("the result", value, given_text(tensors))


@holds("the result has the channels of h and of the skip together, and the other axes of both")
def another_shape(trial: Trial) -> None:
    """What comes back is not one tensor with the channels of both. (B, C, H, W) and (B, C_skip, H, W) become
    (B, C + C_skip, H, W), always: only the channels get more. Are the two made into one (a mean, a maximum), or is one
    left out, if only where both have the same shape?"""
    # the result itself is recorded only if its shape is another one
    tensors = alike(trial)
    value, *_ = returned(trial, tensors)
    B, C, H, W = tensors[0].shape
    shape = tuple(value.shape) if isinstance(value, Tensor) else "no tensor"
    trial.see("its shape", shape, given_text(tensors))
    if shape != (B, 2 * C, H, W):
        trial.see("the result", value, given_text(tensors))


@holds("the first channels of the result are those of h, unchanged")
def h_not_in_front(trial: Trial) -> None:
    """The shape is right, and the first channels are not those of h as it came in. h goes in front, and nothing is
    computed with it."""
    # the result itself is recorded only if it does not begin with h
    tensors = alike(trial)
    h, (value, *_) = tensors[0], returned(trial, tensors)
    begins = isinstance(value, Tensor) and value.ndim == 4 and torch.equal(value[:, : h.shape[1]], h)
    trial.see("whether the first channels are those of h", begins, given_text(tensors))
    if not begins:
        trial.see("the result", value, given_text(tensors))


@holds("behind h come the channels of the newest skip, unchanged")
def not_the_newest_skip(trial: Trial) -> None:
    """h stands in front as it should, but what follows is not the newest skip as the encoder left it. Is another one
    taken, from the front of the list or the first that fits by its size, or is something computed with it? skips.pop()
    gives the newest, which is the block's own."""
    # five, so that the second newest is not the second oldest
    see_result(trial, alike(trial, count=5))


@holds("it works when h and the skip have different channels, as in 256+128")
def assumes_equal_channels(trial: Trial) -> None:
    """With equally many channels in h and the skip you are right, with unlike ones you are not. The channels lie side
    by side, so nothing has to match there, and the newest skip is taken whatever its channels."""
    see_result(trial, unlike(trial))


@holds("the newest skip is taken, also where an older one has the channels of h, the most or the fewest")
def skip_chosen_by_its_channels(trial: Trial) -> None:
    """You take the newest skip in most cases, and another one where an older one has as many channels as h, or more or
    fewer than the rest. What belongs to a block is known by its place alone: the newest, whatever its channels."""
    for channels in ((8, 12, 8, 5), (8, 3, 8, 10)):
        see_result(trial, tuple(trial.normal(2, each, 3, 5) for each in channels))


@holds("exactly the newest skip has left the list, and the others stay in their order")
def stack_not_one_shorter(trial: Trial) -> None:
    """The result is right, but the list is not what it should be afterwards. The skip you used has to leave it, and
    only that one: the next block pops the next."""
    see_all(trial, *alike(trial))


@holds("the last skip can be taken, too, and leaves an empty list")
def fails_for_the_last_skip(trial: Trial) -> None:
    """With one skip on the list your code goes wrong. Nothing is special about the last one: the list is empty
    afterwards."""
    see_all(trial, *alike(trial, count=1))


@holds("it works for nine skips, as in the document")
def fails_for_a_long_stack(trial: Trial) -> None:
    """With nine skips on the list your code goes wrong. The newest is skips[-1], however many there are."""
    see_all(trial, *alike(trial, count=9))


@holds("older skips may have any other size and channels")
def looks_at_older_skips(trial: Trial) -> None:
    """Where older skips are larger or smaller images with other channels, your code goes wrong. Only the newest one is
    used, and that it is the newest is known by its place: do not touch the others."""
    # as in the network: older skips are larger images with other channels
    skips = trial.normal(2, 4, 12, 16), trial.normal(2, 4, 6, 8), trial.normal(2, 6, 3, 4)
    see_all(trial, trial.normal(2, 8, 3, 4), *skips)
    see_all(trial, trial.normal(2, 8, 3, 4), trial.normal(2, 6, 2, 2), trial.normal(2, 6, 3, 4))


@holds("the skip may have more channels than h")
def assumes_a_narrow_skip(trial: Trial) -> None:
    """A skip with more channels than h goes wrong. Any two numbers of channels can lie side by side."""
    see_all(trial, trial.normal(2, 4, 3, 5), trial.normal(2, 9, 3, 5), trial.normal(2, 7, 3, 5))
    see_all(trial, trial.normal(2, 2, 3, 5), trial.normal(2, 3, 3, 5), trial.normal(2, 9, 3, 5))


@holds("axis 1 is the channels, also when all axes are of one length")
def confuses_equal_axes(trial: Trial) -> None:
    """Where all four axes have the same length your result is wrong. Is the axis found by its size? Channels are
    dim=1."""
    see_all(trial, *(trial.normal(4, 4, 4, 4) for _ in range(3)))


@holds("if the same tensor stands on the list twice, one of the two stays")
def removes_by_value(trial: Trial) -> None:
    """Where the same tensor stands on the list twice, what is left of the list is wrong. Is a skip taken away by
    comparing it with others? pop() takes the last, whatever is in it."""
    first, second = trial.normal(2, 3, 4, 5), trial.normal(2, 3, 4, 5)
    see_all(trial, trial.normal(2, 4, 4, 5), first, second, second)


@holds("a skip of zeros is a skip like any other")
def judges_by_value(trial: Trial) -> None:
    """A skip of zeros is treated otherwise than the rest. What is in it is none of this function's business."""
    see_all(trial, trial.normal(2, 4, 4, 5), trial.normal(2, 3, 4, 5), torch.zeros(2, 3, 4, 5))


@holds("gradients flow back through h and through the skip")
def gradients_cut(trial: Trial) -> None:
    """The values are right, and gradients do not reach h or the skip as they should. Is there a .detach(), a .data, a
    torch.no_grad()? The skips are the encoder's shortest way to the loss: cut them, and its first layers hardly
    learn."""
    trial.gradients(*unlike(trial))


@right
def two_lines(h: Tensor, skips: Stack) -> Tensor:
    newest = skips[-1]
    del skips[-1]
    return torch.concat((h, newest), -3)


@right
def written_into_a_new_tensor(h: Tensor, skips: Stack) -> Tensor:
    skip = skips.pop(len(skips) - 1)
    B, C, H, W = h.shape
    joined = h.new_empty(B, C + skip.shape[1], H, W)
    joined[:, :C] = h
    joined[:, C:] = skip
    return joined


@right
def with_unpacking(h: Tensor, skips: Stack) -> Tensor:
    *older, newest = skips
    skips[:] = older
    return torch.hstack([h, newest])


@right
def image_by_image(h: Tensor, skips: Stack) -> Tensor:
    skip = skips.pop(-1)
    return torch.stack([torch.cat([mine, other]) for mine, other in zip(h, skip, strict=True)])


@right
def padded_and_added(h: Tensor, skips: Stack) -> Tensor:
    skip = skips.pop()
    return F.pad(h, (0, 0, 0, 0, 0, skip.shape[1])) + F.pad(skip, (0, 0, 0, 0, h.shape[1], 0))
