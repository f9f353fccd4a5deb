"""What a wrong result alone can tell, where no known mistake behaves like it: a shape, a factor, an order."""

from typing import Any

import torch
from torch import Tensor

from course_lib.checks.compare import CLASS, FUNCTION, LAYER, RECIPE
from course_lib.checks.guard import Failure

# a name and a sentence, as a misconception has them
Symptom = tuple[str, str]

NUMPY = (
    "returns_numpy_array",
    "You return a NumPy array. Everything around expects a tensor: convert it back, or stay with torch all the way.",
)
SEVERAL = (
    "returns_several_values",
    "You return several values, a tuple or a list, where one tensor is expected. Is there a comma too many, or is a "
    "torch.cat or torch.stack missing?",
)
SEVERAL_FOR_A_NUMBER = (
    "returns_several_values",
    "You return a list or a tuple where a single number is expected. Is there a comma or a pair of brackets too many, "
    "or are its numbers to be put together first?",
)
TAKEN = "Does a sum, a mean or an index take it, or does `return` stand inside a loop and end it in the first round?"
WHOLE = (
    "whole_numbers_or_fractions",
    "Your result holds whole numbers, where fractions are expected: what stands behind the point is cut off. Is it "
    "written into a tensor of whole numbers, as zeros_like and empty_like of one are, or converted at the end?",
)
FRACTIONS = (
    "whole_numbers_or_fractions",
    "Your result holds floats, where whole numbers are expected (the docstring says which type). / and .mean() give "
    "floats, and so does whatever is computed with one.",
)


RETURNED_UNCALLED = {
    LAYER: (
        "returns_a_layer",
        "You return a layer, not what it makes of its input. nn.Softmax(dim=-1), for instance, only makes the layer; "
        "layer(x) is the result.",
    ),
    CLASS: (
        "returns_a_class",
        "You return a class itself. Behind its name brackets make an object, and a layer still has to be called with "
        "its input.",
    ),
    FUNCTION: (
        "returns_a_function",
        "You return a function, not what it computes. Are the brackets missing behind the last name, as in x.mean "
        "for x.mean()?",
    ),
    RECIPE: (
        "returns_a_recipe",
        "You return a recipe that has computed nothing yet: (... for ... in ...), map, zip and the like wait to be "
        "asked. list(...) gives the values; torch.stack or torch.cat makes one tensor of a list of them.",
    ),
}


def of_another_type(failure: Failure) -> Symptom | None:
    """What a value tells that is no data."""
    if failure.kind != "type":
        return None
    if "ndarray" in failure.text:
        return NUMPY
    return RETURNED_UNCALLED.get(failure.text.partition(", of type ")[0])


A_TEXT, A_TENSOR, A_NUMBER, SEVERAL_VALUES = "a text", "a tensor", "a single number", "several values"
WHOLE_NUMBERS, NUMBERS = "a list of whole numbers", "a list of numbers"


def kind_of(value: Any) -> str:
    """What a value is, in words. A tensor without axes is a number like any other."""
    if isinstance(value, str):
        return A_TEXT
    if isinstance(value, Tensor) and value.ndim:
        return A_TENSOR
    if not isinstance(value, tuple):
        return A_NUMBER
    if all(isinstance(item, int) for item in value):
        return WHOLE_NUMBERS
    return NUMBERS if all(isinstance(item, int | float) for item in value) else SEVERAL_VALUES


def kind_of_a_shape(shape: Any) -> str:
    """Whose shape it is, in words."""
    if isinstance(shape, str):
        return A_TEXT
    if not isinstance(shape, tuple) or not shape:
        return A_NUMBER
    return SEVERAL_VALUES if any(isinstance(one, tuple) for one in shape) else A_TENSOR


def of_another_kind(came: str, wanted: str, way: str = "") -> Symptom:
    """Both kinds by their names; `way` says what makes one of the other."""
    says = f"You return {came}, and {wanted} should come back: see the arrow -> in the line that begins with def."
    return "returns_another_kind", f"{says}{way}"


def tensor_for_a_list(value: Tensor, expected: tuple) -> Symptom:
    """A tensor where numbers in a list were asked for."""
    wanted = kind_of(expected)
    if wanted == WHOLE_NUMBERS and value.is_floating_point():
        return of_another_kind("a tensor of floats", wanted, " Rounded, .int().tolist() makes one of it.")
    return of_another_kind(A_TENSOR, wanted, " .tolist() makes a list of a tensor.")


def of_a_value(value: Any, expected: Any) -> Symptom | None:
    """How a wrong value is related to the right one."""
    if isinstance(value, Tensor) and isinstance(expected, Tensor):
        return of_a_tensor(value, expected)
    if isinstance(expected, Tensor) and isinstance(value, tuple):
        return SEVERAL
    came, wanted = kind_of(value), kind_of(expected)
    if came == A_TENSOR and wanted in (WHOLE_NUMBERS, NUMBERS):
        return tensor_for_a_list(value, expected)
    return of_another_kind(came, wanted) if came != wanted and {came, wanted} & {A_TEXT, A_TENSOR} else None


def of_a_tensor(value: Tensor, expected: Tensor) -> Symptom | None:
    """The same for two tensors."""
    if value.shape != expected.shape:
        return of_two_shapes(tuple(value.shape), tuple(expected.shape))
    if value.is_floating_point() != expected.is_floating_point():
        return WHOLE if expected.is_floating_point() else FRACTIONS
    return of_numbers(value.double(), expected.double())


def of_a_shape(shape: Any, expected: Any) -> Symptom | None:
    """How a wrong shape is related to the right one: a tuple of numbers, and a tuple of those for several values."""
    if isinstance(shape, str) != isinstance(expected, str):
        return of_another_kind(kind_of_a_shape(shape), kind_of_a_shape(expected))
    if not isinstance(shape, tuple) or not isinstance(expected, tuple):
        return None
    came, wanted = (any(isinstance(one, tuple) for one in some) for some in (shape, expected))
    if came == wanted:
        return of_two_shapes(shape, expected)
    if wanted:
        return (
            "returns_one_of_several_values",
            f"You return a single value where {len(expected)} are expected: they stand behind return, with "
            "commas between them.",
        )
    return SEVERAL if expected else SEVERAL_FOR_A_NUMBER


def of_two_shapes(shape: tuple, expected: tuple) -> Symptom:
    """What became of the axes of one result, or of the shapes of several."""
    says = "Write the shape behind each of your lines, as in the lesson's table, and see where the two part."
    if not any(isinstance(one, tuple) for one in (*shape, *expected)):
        says = what_became_of_the_axes(shape, expected) or says
    return "another_shape", f"Your result has another shape than the docstring promises. {says}"


def what_became_of_the_axes(shape: tuple[int, ...], expected: tuple[int, ...]) -> str:
    """As far as their lengths alone tell it; "" where they do not."""
    if longer_than_1(shape) == longer_than_1(expected):
        if len(shape) == len(expected):
            return "Only an axis of length 1 stands at another place."
        if len(shape) < len(expected):
            return "An axis of length 1 is missing: unsqueeze adds one, and keepdim=True keeps one in a sum or a mean."
        return "An axis of length 1 is too many: squeeze(dim) takes one away. Does a stack stand where a cat belongs?"
    if sorted(shape) == sorted(expected):
        return "Its axes have the right lengths and stand in another order. Say what each axis of yours counts."
    if len(shape) == len(expected):
        (length, wanted), *more = [pair for pair in zip(shape, expected, strict=True) if pair[0] != pair[1]]
        if more and len(shape) == 4 and shape[0] != expected[0]:
            return (
                f"The first of your axes has length {shape[0]}, where {expected[0]} was expected. It counts images: "
                "is a batch size written as a number, or has part of another axis come into it? Take it from the shape "
                "of what comes in."
            )
        if more:
            return ""
        says = f"One axis has length {length}, where {wanted} was expected"
        return f"{says}. {TAKEN}" if length == 1 else f"{says}: which of your lines makes it?"
    gone, too_many = length_left_out(expected, shape), length_left_out(shape, expected)
    if gone:
        return f"An axis of length {gone} is gone. {TAKEN}"
    return f"An axis of length {too_many} is too many: is it to be added up, or is one of it meant?" if too_many else ""


def longer_than_1(shape: tuple[int, ...]) -> list[int]:
    return [length for length in shape if length != 1]


def length_left_out(whole: tuple[int, ...], part: tuple[int, ...]) -> int:
    """The length of the one axis without which `whole` is `part`; 0 if there is none."""
    return next((whole[axis] for axis in range(len(whole)) if whole[:axis] + whole[axis + 1 :] == part), 0)


def of_numbers(value: Tensor, expected: Tensor) -> Symptom | None:
    """The same for tensors of one shape: a factor, a shift, an order."""
    if not torch.isfinite(value).all():
        return (
            "not_a_number",
            "Your result has numbers that are NaN or infinite: a division by zero, a root or a logarithm of something "
            "not positive, or an exponential of something large.",
        )
    if value.numel() < 4 or (expected == expected.flatten()[0]).all():
        return None
    if (value == value.flatten()[0]).all():
        return "always_the_same_number", "Your result is one and the same number everywhere, whatever went in."
    for axis in range(value.ndim):
        if close(value.flip(axis), expected):
            return "reversed", "Your numbers are right and stand in reverse order along one axis."
    if close(value.flatten().sort()[0], expected.flatten().sort()[0]):
        return (
            "right_numbers_in_other_places",
            "All your numbers are right, and they stand in other places: an axis is swapped, or a reshape stands where "
            "a transpose belongs.",
        )
    return of_a_straight_line(value, expected)


def of_a_straight_line(value: Tensor, expected: Tensor) -> Symptom | None:
    """Yours = factor * right + shift."""
    centred = expected - expected.mean()
    factor = float((centred * (value - value.mean())).sum() / centred.square().sum())
    shift = float(value.mean() - factor * expected.mean())
    if not close(factor * expected + shift, value) or abs(factor) < 1e-3:
        return None
    scale = float(expected.abs().max())
    if abs(shift) < 1e-4 * scale * abs(factor):
        return (
            "wrong_factor",
            f"Your result is the right one times {factor:.4g}: a factor is missing or one too many, or you multiply "
            "where you should divide.",
        )
    if abs(factor - 1) < 1e-4:
        return (
            "wrong_shift",
            f"Your result is the right one plus {shift:.4g}, everywhere: look for a missing or extra term.",
        )
    return (
        "wrong_factor_and_shift",
        f"Your numbers follow from the right ones by a factor of {factor:.4g} and a shift of {shift:.4g}: compare the "
        "constants, and the order in which you add and multiply.",
    )


def close(one: Tensor, other: Tensor) -> bool:
    return bool(torch.allclose(one, other, rtol=1e-4, atol=1e-5 * float(other.abs().max())))
