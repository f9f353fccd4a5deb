"""What holds for overlap_counts, and right answers written differently."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.checks.exercise import Exercise
from course_lib.checks.properties import type_of
from course_lib.checks.trial import Call, Trial
from course_lib.warm_ups import overlap_counts

EXERCISE = Exercise(
    "overlap_counts",
    overlap_counts,
    __name__,
    where="the docstring's second sentence: which outputs does input pixel i write to?",
    not_for_all={
        "another_shape": "wrong_length says more",
        "another_type": "wrong_type says more",
    },
)
holds, right = EXERCISE.holds, EXERCISE.right


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    return trial.calling(trial.random.randrange(3, 7), trial.pick(2, 3, 4), trial.pick(1, 2, 3))


@EXERCISE.harder
def of_a_long_axis(trial: Trial) -> Call:
    """A long axis, and a window so long that three or four input pixels meet, with a rest."""
    return trial.calling(trial.random.randrange(10, 15), *trial.pick((8, 3), (11, 3), (11, 4), (17, 5)))


@holds("output pixels that nobody writes to have a count, too: 0")
def gaps_left_out(trial: Trial) -> None:
    """Output pixels that nobody writes to are missing from your result. Where the stride is larger than the kernel
    there are gaps, and the count in a gap is 0. What lists only the pixels that occur (torch.unique, Counter, a dict, a
    set) does not know of them: begin with zeros of the full length, (size - 1) * stride + kernel_size, or use
    torch.bincount."""
    size = trial.pick(3, 4)
    value, call = trial.calling(size, 3, 2).value(), trial.calling(size, 2, 3)
    with_gaps, right = call.see(observed=False), tuple(overlap_counts(size, 2, 3).tolist())
    rows = is_row(value) and is_row(with_gaps)
    left_out = rows and len(value) == 2 * size + 1 and numbers(with_gaps) == tuple(filter(None, right))
    # another length is the next property's
    trial.see("the counts", numbers(with_gaps) if left_out else right, call.text())


def numbers(row: Any) -> tuple:
    return tuple(row.tolist() if isinstance(row, Tensor) else row)


@holds("the result is (size - 1) * stride + kernel_size long, one number an output pixel")
def wrong_length(trial: Trial) -> None:
    """Your result is no row of numbers as long as the output. The last of the `size` input pixels begins at
    (size - 1) * stride, and writes kernel_size pixels from there: the two together are the length."""
    for kernel_size, stride in ((3, 2), (2, 2), (2, 3), (5, trial.pick(1, 2, 3))):
        call = trial.calling(trial.random.randrange(3, 9), kernel_size, stride)
        value = call.see("the length", observed=False)
        trial.see("the length", len(value) if is_row(value) else value, call.text())


def is_row(value: Any) -> bool:
    return isinstance(value, tuple) or (isinstance(value, Tensor) and value.ndim == 1)


@holds("the counts are a tensor of whole numbers")
def no_whole_counts(trial: Trial) -> None:
    """What comes back is no tensor of whole numbers. torch.tensor(counts) makes one of a list. torch.zeros and
    torch.ones make floats unless they are told dtype=torch.int64, / gives floats always, and a comparison gives True
    and False."""
    call = trial.calling(trial.random.randrange(4, 9), 3, 2)
    value = call.see(observed=False)
    kind = type_of(value) if isinstance(value, Tensor) else "a list"
    whole = kind.startswith(("int", "uint"))
    trial.see("the type of the counts", "whole numbers" if whole else kind, call.text())
    if not whole:
        trial.see("the result", value, call.text())  # so that one mistake is told from another


def of_kernel_three(trial: Trial, look: Callable[[Tensor], Any]) -> None:
    """The counts for kernel 3 and stride 2, if `look` sees something else in them than in the right ones."""
    size = trial.pick(4, 5)  # so short that the counts are shown whole
    call = trial.calling(size, 3, 2)
    value, right = call.see(observed=False), overlap_counts(size, 3, 2)
    fine = isinstance(value, Tensor) and value.shape == right.shape and look(value) == look(right)
    trial.see("the result", right if fine else value, call.text())


@holds("kernel 3 and stride 2 give counts that alternate between the ends")
def one_number_between_the_ends(trial: Trial) -> None:
    """Between the ends all your counts are one and the same number. For kernel 3 and stride 2 they alternate, since 2
    does not divide 3. Draw it as in the lesson, one line an input pixel: input i marks i * stride and the kernel_size -
    1 pixels after it, and a column's marks are its count."""
    of_kernel_three(trial, lambda counts: bool((counts[2:-2] == counts[2]).all()))


@holds("each input pixel adds kernel_size ones, so the counts add up to size * kernel_size")
def another_sum(trial: Trial) -> None:
    """The length is right, and your counts do not add up to size * kernel_size, as they do where each of the `size`
    input pixels adds kernel_size ones. Does every input pixel write, for i in range(size)? Does each write kernel_size
    ones, from i * stride on, and is what others wrote there kept, by += 1?"""
    of_kernel_three(trial, lambda counts: int(counts.sum()))


@holds("kernel 3 and stride 2 give 1 1 2 1 2 ... 1 1")
def miscounted(trial: Trial) -> None:
    """The length is right and the sum of your counts is, too; some ones stand in other places. Draw kernel 3 and stride
    2 as in the lesson, one line an input pixel: input i marks i * stride and the kernel_size - 1 pixels after it, and a
    column's marks are its count."""
    trial.call(trial.pick(4, 5), 3, 2)


@holds("where the kernel is no longer than the stride each pixel is written once or never")
def wrong_where_nothing_overlaps(trial: Trial) -> None:
    """For kernel 3 and stride 2 you are right. Where the kernel is as short as the stride or shorter nothing overlaps,
    and between two input pixels gaps may stay empty, with a count of 0."""
    for kernel_size, stride in ((1, 2), (2, 2), (2, 3), (3, 5)):
        trial.call(trial.random.randrange(3, 7), kernel_size, stride)


@holds("with longer kernels three or more input pixels may write to one output pixel")
def wrong_for_longer_kernels(trial: Trial) -> None:
    """Short kernels work, longer ones do not: more than two input pixels may then meet in one output pixel. Let every
    input pixel add its own 1 to every place it writes to."""
    for kernel_size, stride in ((4, 2), (5, 2), (4, 3), (5, 3), (7, 3)):
        trial.call(trial.random.randrange(4, 8), kernel_size, stride)


@holds("at stride 1 the counts rise, stay, and fall")
def wrong_at_stride_one(trial: Trial) -> None:
    """At stride 1 each input pixel lands beside the last, so kernel_size of them overlap; fewer at the ends. Your
    counts differ there."""
    trial.call(trial.random.randrange(4, 9), trial.pick(1, 2, 3), 1)
    trial.call(3, 5, 1)


@holds("one input pixel writes once to each of kernel_size pixels")
def wrong_for_a_single_pixel(trial: Trial) -> None:
    """A single input pixel gives kernel_size ones. Does your code assume that there are at least two?"""
    trial.call(1, trial.pick(2, 3, 4), trial.pick(1, 2, 3))


@holds("the arguments are called size, kernel_size, stride")
def other_argument_names(trial: Trial) -> None:
    """Given in order the arguments work, given by name they do not. Keep the signature: size, kernel_size, stride."""
    trial.call(stride=trial.pick(2, 3), size=trial.random.randrange(3, 7), kernel_size=4)


@holds("the counts are int64")
def wrong_type(trial: Trial) -> None:
    """Your counts are right, in another type than int64, torch's own for whole numbers: dtype=torch.int64."""
    call = trial.calling(4, 3, 2)
    trial.see("its type", type_of(call.value()), call.text())


@right
def transposed_convolution(size: int, kernel_size: int, stride: int) -> Tensor:
    written = F.conv_transpose1d(torch.ones(1, 1, size), torch.ones(1, 1, kernel_size), stride=stride)
    return written[0, 0].round().long()


@right
def bincount(size: int, kernel_size: int, stride: int) -> Tensor:
    places = torch.arange(size)[:, None] * stride + torch.arange(kernel_size)[None, :]
    return torch.bincount(places.flatten(), minlength=(size - 1) * stride + kernel_size)


@right
def asking_each_output(size: int, kernel_size: int, stride: int) -> Tensor:
    outputs = range((size - 1) * stride + kernel_size)
    return torch.tensor([sum(0 <= o - i * stride < kernel_size for i in range(size)) for o in outputs])


@right
def two_loops(size: int, kernel_size: int, stride: int) -> Tensor:
    counts = [0] * ((size - 1) * stride + kernel_size)
    for i in range(size):
        for k in range(kernel_size):
            counts[i * stride + k] += 1
    return torch.tensor(counts, dtype=torch.int64)


@right
def gradient_of_a_convolution(size: int, kernel_size: int, stride: int) -> Tensor:
    with torch.enable_grad():
        x = torch.zeros(1, 1, (size - 1) * stride + kernel_size, requires_grad=True)
        F.conv1d(x, torch.ones(1, 1, kernel_size), stride=stride).sum().backward()
    return x.grad.flatten().round().long()


@right
def shifted_copies(size: int, kernel_size: int, stride: int) -> Tensor:
    rows = torch.zeros(size, (size - 1) * stride + kernel_size, dtype=torch.long)
    for i, row in enumerate(rows):
        row[i * stride : i * stride + kernel_size] = 1
    return rows.sum(dim=0)
