"""What holds for embedding_frequencies, and right answers written differently."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from course_lib.checks.exercise import Exercise
from course_lib.checks.guard import Failure
from course_lib.checks.mistakes import edited
from course_lib.checks.trial import Call, Trial
from course_lib.time_embedding import embedding_frequencies

# pairs enough that an exponent which is rounded, or falls too fast, shows in every draw
WIDE = 14
LAST = "torch.exp(-math.log(10000) * exponents)"


EXERCISE = Exercise(
    "embedding_frequencies",
    embedding_frequencies,
    __name__,
    where='the document, section 1 (assets/network.md), "Code": freqs = exp(-log(10000) * arange(dim/2) / (dim/2))',
    not_for_all={"another_shape": "its own first property says more"},
)
holds, right = EXERCISE.holds, EXERCISE.right


def unrecorded(trial: Trial, dim: int) -> Tensor | None:
    """The frequencies, not recorded; None, and recorded, if they are no vector of dim/2 real numbers.

    Whole numbers are let through: what is said of them first is about their values.
    """
    value = trial.handle.call(None, (dim,), {})
    real = isinstance(value, Tensor) and not value.is_complex() and value.dtype != torch.bool
    if real and value.shape == (dim // 2,):
        return value
    trial.see("the result", value, f"embedding_frequencies({dim})")
    return None


def wrong(old: str, new: str) -> Any:
    return edited(embedding_frequencies, (old, new))


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    return trial.calling(8)


@EXERCISE.harder
def of_another_width_and_precision(trial: Trial) -> Call:
    """A wide embedding whose pairs are no power of two, on a device that is named, in float64."""
    return trial.calling(trial.pick(36, 60, 100), device="cpu", dtype=torch.float64)


@holds("there is one frequency for each pair of columns: a vector of dim/2 numbers")
def wrong_number_of_frequencies(trial: Trial) -> None:
    """Your result is no tensor with one axis of dim/2 numbers. Each frequency serves two columns of the embedding, a
    sine and a cosine, so dim columns need half as many frequencies."""
    dim = trial.pick(6, 10, 14)
    value = trial.handle.call(None, (dim,), {})
    given = f"embedding_frequencies({dim})"
    if value is None or isinstance(value, Failure):
        trial.checked("the result", value, given)
    shape = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
    trial.see("its shape", shape, given)
    if shape != (dim // 2,):  # so that different results of one shape are told apart
        trial.see("the result", value, given)


@holds("every frequency is a number, the first one too, where i is 0")
def no_number_at_i_zero(trial: Trial) -> None:
    """Your first frequency is no number, but inf or nan: where i is 0 you divide by it, or take its logarithm. In the
    formula i stands in the exponent alone, above the line: exp(-log(10000) * i / (dim/2)), or 10000 ** (-2 * i / dim),
    with ** for the power. At i = 0 either is 1."""
    dim = trial.pick(6, 10, 14)
    value = unrecorded(trial, dim)
    if value is not None:
        first = float(value[0])
        number = math.isfinite(first)
        trial.see("the first frequency", 1.0 if number else first, f"embedding_frequencies({dim})")
        if not number:  # so that one mistake is told from another
            trial.see("the result", value)


@holds("the frequencies are powers, with i in the exponent: the first is 1")
def proportional_to_i(trial: Trial) -> None:
    """Your frequencies are proportional to i: 0 where i is 0, and for i = 2 twice as much as for i = 1. In the formula
    i stands in the exponent, that of exp(...) or of a power. Is there an exponential at all? And does the whole
    exponent of a power stand in brackets? ** binds tighter than * and /, so that 10000 ** 2 * i / dim is (10000 ** 2) *
    i / dim: write 10000 ** (2 * i / dim)."""
    if_its_like(trial, lambda value: float(value[0]) == 0 and near(value, value[1] * torch.arange(len(value))))


@holds("nothing multiplies or divides the whole power: the first frequency is 1, because its exponent is 0")
def factor_outside_the_power(trial: Trial) -> None:
    """Each of your frequencies is the one before times one and the same factor, as it should be, and the first is not
    1. At i = 0 the exponent is 0, and exp(0) is 1. Does your i start at another number than 0, or does something
    multiply or divide the whole, outside of the exponent? ** binds tighter than * and /: 10000 ** -i / half is (10000
    ** -i) / half. Brackets around the whole exponent keep it together."""
    if_its_like(trial, falls_or_rises_by_a_factor)


def falls_or_rises_by_a_factor(value: Tensor) -> bool:
    value = value[value.abs() > 1e-30]  # behind it, float32 has no digits left
    if len(value) < 3 or abs(float(value[0]) - 1) < 1e-5:
        return False
    ratios = value[1:] / value[:-1]
    return near(ratios, ratios[:1].expand_as(ratios)) and abs(float(ratios[0]) - 1) > 1e-3


def near(value: Tensor, other: Tensor) -> bool:
    return bool(value.isfinite().all()) and torch.allclose(value, other.to(value), rtol=1e-3, atol=1e-12)


def if_its_like(trial: Trial, kind: Callable[[Tensor], bool]) -> None:
    """See the result if it is wrong in one way, and the right one if not: then it is another property's."""
    dim = trial.pick(6, 10, 14)
    value, right = unrecorded(trial, dim), embedding_frequencies(dim)
    if value is not None:
        trial.see("the result", value if kind(value.double()) else right, f"embedding_frequencies({dim})")


@holds("the first frequency is 1 radian a step, because its exponent is 0")
def first_frequency_is_not_one(trial: Trial) -> None:
    """Your first frequency is not 1. For i = 0 the exponent is 0 and exp(0) = 1. Where does your count start, is there
    a factor in front of or outside the exponential, and is there an exponential at all (or a power, **)?"""
    dim = trial.pick(6, 10, 14)
    value = unrecorded(trial, dim)
    if value is not None:
        trial.see("the first frequency", float(value[0]), f"embedding_frequencies({dim})", tolerance=0.1)
        if abs(float(value[0]) - 1) > 1e-5:  # more of it, so that one mistake is told from another
            trial.see("the result", value)


@holds("the frequencies fall from 1 towards 1/10000, and stay positive")
def frequencies_do_not_fall(trial: Trial) -> None:
    """Your frequencies start at 1, and then not every one is smaller than the one before and above 0. The embedding
    needs fast columns first and ever slower ones after them."""
    dim = WIDE
    value = unrecorded(trial, dim)
    if value is not None:
        falls = bool((value[1:] < value[:-1]).all() and (value > 0).all())
        trial.see("whether each is smaller than the one before, and above 0", falls, f"embedding_frequencies({dim})")
        if not falls:
            trial.see("the result", value)


@holds("each frequency is the one before times the same factor")
def not_a_geometric_series(trial: Trial) -> None:
    """Your frequencies fall, but not by the same factor each time. exp(-log(10000) * i / (dim/2)) does: every step of i
    multiplies by exp(-log(10000) / (dim/2))."""
    dim = WIDE
    value = unrecorded(trial, dim)
    if value is not None:
        ratios = value[1:].double() / value[:-1].double()
        constant = bool((ratios - ratios.mean()).abs().max() < 1e-4)
        trial.see("whether each is the one before times one factor", constant, f"embedding_frequencies({dim})")
        if not constant:
            trial.see("the result", value)


@holds("the frequencies are exp(-log(10000) * i / (dim/2))")
def wrong_factor_between_frequencies(trial: Trial) -> None:
    """Your frequencies start at 1 and fall by a constant factor, and it is another one than the document's,
    exp(-log(10000) / (dim/2)). Compare the 10000, the logarithm and the divisor, one by one: without brackets x / dim /
    2 divides by dim and by 2, and x / 2 * dim multiplies by dim."""
    # numbers enough that no other computation gives the same by chance
    for dim in (trial.pick(6, 10), 14, 22):
        trial.call(dim)


@holds("a width of 2 gives the single frequency 1")
def fails_for_the_smallest_width(trial: Trial) -> None:
    """Your frequencies are right for several pairs and not for a single one, dim = 2. Is there a number written out, or
    a division by one less than the number of pairs?"""
    trial.call(2)


@holds("the values are right at the network's own width, 256, too")
def fails_for_the_real_width(trial: Trial) -> None:
    """Your frequencies are right for small widths and wrong for those the network uses. Nothing in the formula depends
    on the width but dim/2."""
    for dim in (64, 256):
        trial.call(dim)


@holds("the result has the precision that `dtype` asks for")
def dtype_ignored(trial: Trial) -> None:
    """Your values are right, and their type is not. It should be the one that `dtype` names, and float32 where none is
    given. Hand dtype on to torch.arange, and leave out any conversion behind it, such as .float()."""
    dim = trial.pick(6, 10, 14)
    given = f"embedding_frequencies({dim}, dtype=torch.float64)"
    value = trial.handle.call(None, (dim,), {"dtype": torch.float64})
    if isinstance(value, Failure):
        trial.checked("the result", value, given)
    trial.see("its type", str(value.dtype) if isinstance(value, Tensor) else type(value).__name__, given)
    value = trial.handle.call(None, (dim,), {})
    given = f"embedding_frequencies({dim})"
    trial.see("its type", str(value.dtype) if isinstance(value, Tensor) else type(value).__name__, given)


@holds("in float64 the numbers are as exact as float64 is")
def rounded_to_float32(trial: Trial) -> None:
    """With dtype=torch.float64 your numbers are right to seven digits only: they were computed in float32, and what is
    lost there no conversion brings back. Hand dtype on to torch.arange, so that all is computed in it."""
    dim = trial.pick(6, 10, 14)
    value = trial.handle.call(None, (dim,), {"dtype": torch.float64})
    if isinstance(value, Tensor):
        exact = torch.tensor([10000 ** (-2 * i / dim) for i in range(dim // 2)], dtype=torch.float64)
        given = f"embedding_frequencies({dim}, dtype=torch.float64)"
        trial.see("the largest relative error is below 1e-12", bool(((value / exact - 1).abs() < 1e-12).all()), given)


@holds("the result is on the device that `device` names")
def device_ignored(trial: Trial) -> None:
    """The argument device has no effect on your result. Hand it on to torch.arange: the rest of the line follows."""
    # no second device is needed: torch refuses one that does not exist, if it is asked for it
    call = trial.calling(trial.pick(6, 10, 14), device="nowhere")
    refused = isinstance(call.value(), Failure)
    trial.see("whether torch is asked for the device, and refuses one that does not exist", refused, call.text())


@right
def numpy_power(dim: int, device: Any = None, dtype: Any = None) -> Tensor:
    """One over a power of 10000, by numpy."""
    return torch.tensor(1 / 10000 ** (np.arange(0, dim, 2) / dim), device=device, dtype=dtype or torch.float32)


@right
def one_after_the_other(dim: int, device: Any = None, dtype: Any = None) -> Tensor:
    """Multiply by the same factor again and again."""
    found = [1.0]
    while len(found) < dim // 2:
        found.append(found[-1] * 10000 ** (-2 / dim))
    return torch.tensor(found, device=device, dtype=dtype)


@right
def with_math(dim: int, device: Any = None, dtype: Any = None) -> Tensor:
    half = dim // 2
    return torch.tensor([math.exp(-math.log(10000) * i / half) for i in range(half)], device=device, dtype=dtype)


@right
def log_space(dim: int, device: Any = None, dtype: Any = None) -> Tensor:
    return torch.logspace(0, -4, dim // 2 + 1, device=device, dtype=dtype)[: dim // 2]


@right
def reciprocal_of_power(dim: int, device: Any = None, dtype: Any = None) -> Tensor:
    dtype = dtype or torch.get_default_dtype()
    return torch.pow(10000.0, torch.arange(0, dim, 2, device=device).to(dtype) / dim).reciprocal()


right(wrong(LAST, "10000.0 ** -exponents"), "negative_power")
