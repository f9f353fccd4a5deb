"""Whether what came back is what was expected, and if not, how to say so in a sentence."""

import numbers
from collections.abc import Sequence
from functools import partial
from types import BuiltinFunctionType, FunctionType, GeneratorType, MethodType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from course_lib.checks.guard import Failure
from course_lib.checks.raised import name_of_class

RELATIVE = 1e-4
ABSOLUTE = 1e-5


def to_data(value: Any) -> Any:
    """A returned value as plain data: tensors, numbers, text, None, and tuples of these; anything else is a Failure.

    A number is a number whoever made it: numpy's, a fraction, an array without axes. So is a sequence of values.
    """
    if isinstance(value, Tensor):
        return plain_tensor(value)
    if isinstance(value, np.ndarray | np.generic) and value.ndim == 0:
        value = value.item()
    if value is None:
        return None
    if isinstance(value, str):
        return str(value)
    for kind, made in ((bool, bool), (numbers.Integral, int), (numbers.Real, float)):
        if isinstance(value, kind):
            return made(value)
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        return tuple(to_data(item) for item in value)
    return Failure("type", of_no_data(value))


# what is returned in place of what it would give: told by what it is, as each is forgotten in its own way
LAYER, CLASS, FUNCTION, RECIPE = "a layer", "a class", "a function", "a recipe for values"


def of_no_data(value: Any) -> str:
    """What a value is that is no data, in words. Nothing of it is asked: it may be of any making."""
    kind = type(value)
    if issubclass(kind, nn.Module):
        what = LAYER
    elif issubclass(kind, type):
        what = CLASS
    elif issubclass(kind, FunctionType | MethodType | BuiltinFunctionType | partial):
        what = FUNCTION
    elif issubclass(kind, GeneratorType | map | filter | zip | enumerate | reversed):
        what = RECIPE
    else:
        return f"an object of type {name_of_class(kind)}"
    return f"{what}, of type {name_of_class(kind)}"


def plain_tensor(value: Tensor | None) -> Tensor | None:
    """A copy of a Parameter, of another subclass or of a sparse tensor, as a tensor that is nothing but its numbers."""
    if value is None:
        return None
    value = value.detach()
    if value.layout is not torch.strided:
        value = value.to_dense()
    return value.clone().as_subclass(Tensor)


def difference(value: Any, expected: Any, tolerance: float = 1.0) -> str:
    """Empty if `value` agrees with `expected`, otherwise what is different, as a clause after "but".

    Tensors agree within 1e-4 of each element and 1e-5 of the largest, times `tolerance`: near the precision of float32.
    Floating-point tensors may differ in precision, not in kind.
    """
    if isinstance(expected, Failure) or isinstance(value, Failure):
        return failures_differ(value, expected)
    if isinstance(expected, Tensor):
        return tensors_differ(value, expected, tolerance)
    if isinstance(expected, tuple):
        if not isinstance(value, tuple):
            return f"got {named(value)}, where {len(expected)} values were expected"
        if len(value) != len(expected):
            return f"got {len(value)} values, where {len(expected)} were expected"
        for place, (one, other) in enumerate(zip(value, expected, strict=True)):
            found = difference(one, other, tolerance)
            if found:
                return f"value number {place + 1}: {found}"
        return ""
    if isinstance(value, Tensor) and value.ndim == 0:
        value = value.item()
    if isinstance(value, Tensor):
        return f"got {named(value)}, where {expected!r} was expected"
    if isinstance(expected, float) and isinstance(value, float | int) and not isinstance(value, bool):
        close = abs(value - expected) <= tolerance * (RELATIVE * abs(expected) + 1e-6)
        close |= value == expected or (value != value and expected != expected)  # infinite, or no number, both
        if close:
            return ""
        mine, theirs = told_apart(value, expected)
        return f"got {mine}, where {theirs} was expected"
    if isinstance(expected, int) and isinstance(value, float) and value == expected:
        return ""
    return "" if value == expected else f"got {named(value)}, where {expected!r} was expected"


def failures_differ(value: Any, expected: Any) -> str:
    if isinstance(value, Failure) and isinstance(expected, Failure):
        # two answers fail alike if they fail for the same reason: the text may name other sizes
        same = (value.kind, value.error) == (expected.kind, expected.error)
        same = same and (value.kind == "raised" or value.text == expected.text)
        return "" if same else f"it {value.text}"
    if isinstance(value, Failure):
        return value.text
    return f"got {named(value)}"


def tensors_differ(value: Any, expected: Tensor, tolerance: float) -> str:
    if not isinstance(value, Tensor):
        return f"got {named(value)}, where a tensor of shape {tuple(expected.shape)} was expected"
    if value.shape != expected.shape:
        return f"your shape {tuple(value.shape)}, expected {tuple(expected.shape)}"
    if expected.is_floating_point() != value.is_floating_point():
        return f"got numbers of type {value.dtype}, where {expected.dtype} was expected"
    if expected.numel() == 0:
        return ""
    wrong = wrong_places(value, expected, tolerance)
    if not wrong.any():
        return ""
    if not torch.isfinite(value).all():
        return f"{int((~torch.isfinite(value)).sum())} of {value.numel()} numbers are NaN or infinite"
    return at_the_first(wrong, value, expected)


def wrong_places(value: Tensor, expected: Tensor, tolerance: float = 1.0) -> Tensor:
    """Where two tensors of one shape disagree, True; see `difference`."""
    if not expected.is_floating_point():
        return value.long() != expected.long()
    value, expected = value.double(), expected.double()
    finite = torch.isfinite(expected)
    if finite.all():
        allowed = tolerance * (RELATIVE * expected.abs() + ABSOLUTE * expected.abs().max() + 1e-7)
        return ~((value - expected).abs() <= allowed)
    same = (value == expected) | (value.isnan() & expected.isnan())
    if finite.any():
        same[finite] = ~wrong_places(value[finite], expected[finite], tolerance)
    return ~same


def at_the_first(wrong: Tensor, value: Tensor, expected: Tensor, of: str = "") -> str:
    """How many numbers differ, and the first of them; `of` says which numbers it is made from."""
    where = tuple(int(index) for index in wrong.nonzero()[0])
    mine, theirs = told_apart(value[where].item(), expected[where].item())
    both = f"{theirs} was expected, {mine} came"
    both = f"for {of}, {both}" if of else both
    if wrong.numel() == 1:
        return both
    return f"{int(wrong.sum())} of {wrong.numel()} numbers differ; the first, at {list(where)}: {both}"


def told_apart(value: float, expected: float) -> tuple[str, str]:
    """Both numbers with as many digits as it takes to see that they differ.

    >>> told_apart(300.60112, 300.60118), told_apart(2.0, 3.5)
    (('300.60112', '300.60118'), ('2', '3.5'))
    """
    for digits in (6, 8, 10, 17):
        mine, theirs = f"{value:.{digits}g}", f"{expected:.{digits}g}"
        if mine != theirs:
            break
    return mine, theirs


def named(value: Any) -> str:
    if isinstance(value, Tensor):
        return f"a tensor of shape {tuple(value.shape)}"
    if value is None:
        return "nothing (None)"
    if isinstance(value, tuple) and any(isinstance(item, Tensor) for item in value):
        return f"{len(value)} values, {', '.join(map(shown, value))}"[:80]
    return f"{value!r}"[:80]


def shown(value: Any) -> str:
    """An input as a few words: shape for a large tensor, the numbers for a small one."""
    if isinstance(value, Tensor):
        if value.numel() <= 6 and value.ndim <= 1:
            numbers = ", ".join(f"{number:.4g}" for number in value.tolist()) if value.ndim else f"{value.item():.4g}"
            return f"[{numbers}]" if value.ndim else numbers
        return f"tensor {tuple(value.shape)}"
    if isinstance(value, tuple | list) and any(isinstance(item, Tensor) for item in value):
        return "[" + ", ".join(shown(item) for item in value) + "]"
    return repr(value)
