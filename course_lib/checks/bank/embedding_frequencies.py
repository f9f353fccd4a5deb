"""Exercise embedding_frequencies (lesson 01)."""

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from course_lib.checks.exercise import Alternative, Exercise, Misconception, Property, edited
from course_lib.checks.guard import Failure
from course_lib.checks.properties import function_works_on_any_device, keeps_random_state
from course_lib.checks.scene import Scene
from course_lib.time_embedding import embedding_frequencies


def unrecorded(scene: Scene, dim: int) -> Tensor | None:
    """The frequencies, not recorded; None, and recorded, if they are no vector of dim/2 real numbers."""
    value = scene.handle.call(None, (dim,), {})
    if isinstance(value, Tensor) and value.shape == (dim // 2,) and value.is_floating_point():
        return value
    scene.see("the result", value, f"embedding_frequencies({dim})")
    return None


def one_number_a_pair(scene: Scene) -> None:
    dim = scene.pick(6, 10, 14)
    value = scene.handle.call(None, (dim,), {})
    given = f"embedding_frequencies({dim})"
    if value is None or isinstance(value, Failure):
        scene.checked("the result", value, given)
    shape = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
    scene.see("its shape", shape, given)
    if shape != (dim // 2,):  # so that different results of one shape are told apart
        scene.see("the result", value, given)


def first_is_one(scene: Scene) -> None:
    dim = scene.pick(6, 10, 14)
    value = unrecorded(scene, dim)
    if value is not None:
        scene.see("the first frequency", float(value[0]), f"embedding_frequencies({dim})", tolerance=0.1)
        if abs(float(value[0]) - 1) > 1e-5:  # more of it, so that one mistake is told from another
            scene.see("the result", value)


def they_fall(scene: Scene) -> None:
    dim = scene.pick(6, 10, 14)
    value = unrecorded(scene, dim)
    if value is not None:
        falls = bool((value[1:] < value[:-1]).all() and (value > 0).all())
        scene.see("whether each is smaller than the one before, and above 0", falls, f"embedding_frequencies({dim})")
        if not falls:
            scene.see("the result", value)


def same_factor(scene: Scene) -> None:
    dim = scene.pick(6, 10, 14)
    value = unrecorded(scene, dim)
    if value is not None:
        ratios = value[1:].double() / value[:-1].double()
        constant = bool((ratios - ratios.mean()).abs().max() < 1e-4)
        scene.see("whether each is the one before times one factor", constant, f"embedding_frequencies({dim})")
        if not constant:
            scene.see("the result", value)


def values(scene: Scene) -> None:
    scene.call(scene.pick(6, 10, 14))


def smallest_width(scene: Scene) -> None:
    scene.call(2)


def real_width(scene: Scene) -> None:
    for dim in (64, 256):
        scene.call(dim)


def obeys_dtype(scene: Scene) -> None:
    dim = scene.pick(6, 10, 14)
    given = f"embedding_frequencies({dim}, dtype=torch.float64)"
    value = scene.handle.call(None, (dim,), {"dtype": torch.float64})
    if isinstance(value, Failure):
        scene.checked("the result", value, given)
    scene.see("its type", str(value.dtype) if isinstance(value, Tensor) else type(value).__name__, given)
    value = scene.handle.call(None, (dim,), {})
    given = f"embedding_frequencies({dim})"
    scene.see("its type", str(value.dtype) if isinstance(value, Tensor) else type(value).__name__, given)


def numpy_power(dim: int, device: Any = None, dtype: Any = None) -> Tensor:
    """One over a power of 10000, by numpy."""
    return torch.tensor(1 / 10000 ** (np.arange(0, dim, 2) / dim), device=device, dtype=dtype or torch.float32)


def one_after_the_other(dim: int, device: Any = None, dtype: Any = None) -> Tensor:
    """Multiply by the same factor again and again."""
    found = [1.0]
    while len(found) < dim // 2:
        found.append(found[-1] * 10000 ** (-2 / dim))
    return torch.tensor(found, device=device, dtype=dtype)


def with_math(dim: int, device: Any = None, dtype: Any = None) -> Tensor:
    half = dim // 2
    return torch.tensor([math.exp(-math.log(10000) * i / half) for i in range(half)], device=device, dtype=dtype)


def log_space(dim: int, device: Any = None, dtype: Any = None) -> Tensor:
    return torch.logspace(0, -4, dim // 2 + 1, device=device, dtype=dtype)[: dim // 2]


def reciprocal_of_power(dim: int, device: Any = None, dtype: Any = None) -> Tensor:
    dtype = dtype or torch.get_default_dtype()
    return torch.pow(10000.0, torch.arange(0, dim, 2, device=device).to(dtype) / dim).reciprocal()


LAST = "torch.exp(-math.log(10000) * exponents)"
RANGE = "torch.arange(half, device=device, dtype=dtype)"
EXPONENTS = RANGE + " / half"


def wrong(old: str, new: str) -> Any:
    return edited(embedding_frequencies, (old, new))


EXERCISES = (
    Exercise(
        name="embedding_frequencies",
        reference=embedding_frequencies,
        lesson="01",
        where='the document, section 1, "Code": freqs = exp(-log(10000) * arange(dim/2) / (dim/2))',
        properties=(
            Property(
                "wrong_number_of_frequencies",
                "there is one frequency for each pair of columns: a vector of dim/2 numbers",
                one_number_a_pair,
                "Your result is no vector of dim/2 numbers. Each frequency serves two columns of the embedding, a sine "
                "and a cosine, so dim columns need half as many frequencies.",
            ),
            Property(
                "first_frequency_is_not_one",
                "the first frequency is 1 radian a step, because its exponent is 0",
                first_is_one,
                "Your first frequency is not 1. For i = 0 the exponent is 0 and exp(0) = 1: look at where your count "
                "starts, and at any factor in front of or outside the exponential.",
            ),
            Property(
                "frequencies_do_not_fall",
                "the frequencies fall from 1 towards 1/10000, and stay positive",
                they_fall,
                "Your frequencies start at 1 and then do not fall as they should. The embedding needs fast columns "
                "first and ever slower ones after them; every number stays between 0 and 1.",
            ),
            Property(
                "not_a_geometric_series",
                "each frequency is the one before times the same factor",
                same_factor,
                "Your frequencies fall, but not by the same factor each time. exp(-log(10000) * i / (dim/2)) does: "
                "every step of i multiplies by exp(-log(10000) / (dim/2)).",
            ),
            Property(
                "wrong_factor_between_frequencies",
                "the frequencies are exp(-log(10000) * i / (dim/2))",
                values,
                "Your frequencies start at 1 and fall by a constant factor, only by another one than the document's, "
                "exp(-log(10000) / (dim/2)). Compare the 10000, the logarithm and the divisor, one by one.",
            ),
            Property(
                "fails_for_the_smallest_width",
                "a width of 2 gives the single frequency 1",
                smallest_width,
                "Your frequencies are right for several pairs and not for a single one, dim = 2. Is there a number "
                "written out, or a division by one less than the number of pairs?",
            ),
            Property(
                "fails_for_the_real_width",
                "the values are right at the network's own width, 256, too",
                real_width,
                "Your frequencies are right for small widths and wrong for those the network uses. Nothing in the "
                "formula depends on the width but dim/2.",
            ),
            Property(
                "dtype_ignored",
                "the result has the precision that `dtype` asks for",
                obeys_dtype,
                "Your values are right, and the argument dtype has no effect on them. Hand it on to torch.arange: the "
                "rest of the line keeps that precision.",
            ),
            function_works_on_any_device(lambda scene: (scene.pick(6, 10), torch.device("cpu"))),
            keeps_random_state(arguments=lambda scene: (8,)),
        ),
        misconceptions=(
            Misconception(
                "divided_by_dim",
                "You divide by dim (or your base is 100, which is the same); the document divides by dim/2, with base "
                "10000. Your exponents stop half-way, and the slowest frequency is about 1/100 where 1/10000 was "
                "meant.",
                wrong(EXPONENTS, RANGE + " / dim"),
            ),
            Misconception(
                "divided_by_half_minus_one",
                "You divide by dim/2 - 1, as many blogs do, so your last frequency is exactly 1/10000. The document "
                "divides by dim/2 and stops a little before. Either works alone; mixed, weights trained with one meet "
                "columns of the other.",
                wrong(EXPONENTS, RANGE + " / max(half - 1, 1)"),
            ),
            Misconception(
                "counted_from_one",
                "Your i runs from 1 to dim/2. The document's arange starts at 0, so that the first frequency is "
                "exactly 1.",
                wrong(RANGE, "torch.arange(1, half + 1, device=device, dtype=dtype)"),
            ),
            Misconception(
                "base_1000",
                "Your base is 1000, the number of timesteps perhaps. The document's base is 10000: the slowest wave "
                "must be far longer than the longest time, or its two ends look alike.",
                wrong("10000", "1000"),
            ),
            Misconception(
                "base_100000",
                "You wrote 100000, one zero more than the document's 10000. The slow columns then hardly move within "
                "the 1000 steps.",
                wrong("10000", "100000"),
            ),
            Misconception(
                "minus_sign_missing",
                "The minus sign in front of the logarithm is missing, so your frequencies *grow* from 1 to nearly "
                "10000 radians a step. Neighbouring times then land anywhere on the circle.",
                wrong("-math.log", "math.log"),
            ),
            Misconception(
                "logarithm_to_base_ten",
                "You took log10, and exp undoes only the natural logarithm, math.log. Your frequencies end near "
                "exp(-4) = 0.018, not near 1/10000.",
                wrong("math.log(", "math.log10("),
            ),
            Misconception(
                "logarithm_to_base_two",
                "You took log2 with exp. The pair that belongs together is exp and the natural logarithm, math.log.",
                wrong("math.log(", "math.log2("),
            ),
            Misconception(
                "logarithm_missing",
                "The logarithm is missing: exp(-10000 * x) is 0 for everything but the first frequency. It is "
                "log(10000) that turns the exponential into a power of 10000.",
                wrong("math.log(10000)", "10000"),
            ),
            Misconception(
                "exponential_missing",
                "You return the exponents themselves. The document takes exp(...) of -log(10000) * i / (dim/2).",
                wrong(LAST, "-math.log(10000) * exponents"),
            ),
            Misconception(
                "division_missing",
                "You do not divide i by dim/2. Without that each frequency is 10000 times slower than the one before, "
                "and from the third on they are practically zero.",
                wrong(EXPONENTS, RANGE + " * 1.0"),
            ),
            Misconception(
                "whole_number_division",
                "You divide with //, which throws the fraction away: i // (dim/2) is 0 for every i, and all "
                "frequencies become 1. A single slash keeps the fraction.",
                wrong(EXPONENTS, RANGE + " // half * 1.0"),
            ),
            Misconception(
                "counted_in_twos_and_divided_by_half",
                "You count 0, 2, 4, .. and divide by dim/2. Either count in twos and divide by dim (the formula's "
                "2i/dim) or in ones and divide by dim/2; yours goes down to 1/10000 squared.",
                wrong(RANGE, "torch.arange(0, dim, 2, device=device, dtype=dtype)"),
            ),
            Misconception(
                "one_frequency_a_column",
                "You made dim frequencies, one for each column. A sine and a cosine share one, so there are dim/2.",
                wrong("dim // 2", "dim"),
            ),
            Misconception(
                "dim_numbers_divided_by_half",
                "Your count runs up to dim and not up to dim/2, so the frequencies go on below 1/10000 and are twice "
                "as many as there are pairs.",
                wrong(RANGE, "torch.arange(dim, device=device, dtype=dtype)"),
            ),
            Misconception(
                "every_frequency_twice",
                "You list each frequency twice, once for the sine and once for the cosine. List it once; "
                "concatenating sines and cosines makes it two columns.",
                wrong(LAST, "torch.exp(-math.log(10000) * exponents).repeat_interleave(2)"),
            ),
            Misconception(
                "frequencies_tiled",
                "You return the whole list of frequencies two times over. The halves of the embedding share one list.",
                wrong(LAST, "torch.exp(-math.log(10000) * exponents).repeat(2)"),
            ),
            Misconception(
                "evenly_spaced",
                "Your frequencies are evenly spaced between 1 and 1/10000. The document's are spaced by a constant "
                "*factor*: as many lie between 1 and 1/10 as between 1/1000 and 1/10000.",
                wrong(LAST, "torch.linspace(1, 1e-4, half, device=device, dtype=dtype)"),
            ),
            Misconception(
                "slowest_first",
                "Your frequencies are right and stand in the opposite order: the document's first is the fastest, 1.",
                wrong(LAST, LAST + ".flip(0)"),
            ),
            Misconception(
                "wavelengths_returned",
                "You return 2 pi divided by the frequency, the wavelength. What multiplies t is the frequency, "
                "in radians a step.",
                wrong(LAST, "2 * math.pi * torch.exp(math.log(10000) * exponents)"),
            ),
            Misconception(
                "factor_of_two_pi",
                "You multiply by 2 pi. Then the fastest wave comes full circle with each whole step, and at whole "
                "times its sine is always 0.",
                wrong(LAST, "2 * math.pi * " + LAST),
            ),
            Misconception(
                "harmonics",
                "You use 1, 2, 3, .. as frequencies, as in a Fourier series. All of them repeat after 2 pi steps; the "
                "document's frequencies fall from 1 to 1/10000.",
                wrong(LAST, "exponents * half + 1"),
            ),
            Misconception(
                "powers_of_one_half",
                "You halve the frequency each time. The document's factor, 10000^(-2/dim), depends on the width, so "
                "that dim/2 frequencies always span the same four powers of ten.",
                wrong(LAST, "0.5 ** (exponents * half)"),
            ),
            Misconception(
                "two_pi_from_nerf",
                "You double the frequency each time, as networks for 3D scenes do with coordinates between -1 and 1. "
                "Times run to 999, so here the frequencies start at 1 and fall.",
                wrong(LAST, "2.0 ** (exponents * half)"),
            ),
            Misconception(
                "exponential_of_two",
                "You wrote exp2 or 2 ** with the natural logarithm of 10000; the pair has to match: exp with log.",
                wrong("torch.exp(", "torch.exp2("),
            ),
            Misconception(
                "one_axis_too_many",
                "Your frequencies have a second axis of length 1. The contract is a plain vector, (dim/2,); the new "
                "axis comes where times and frequencies are multiplied.",
                wrong(LAST, LAST + "[None, :]"),
            ),
        ),
        alternatives=(
            Alternative("power_by_numpy", numpy_power),
            Alternative("one_after_the_other", one_after_the_other),
            Alternative("list_with_math", with_math),
            Alternative("logspace", log_space),
            Alternative("reciprocal_of_a_power", reciprocal_of_power),
            Alternative("negative_power", wrong(LAST, "10000.0 ** -exponents")),
        ),
    ),
)
