"""What holds for every exercise: shape and type, a batch of one, one of zeros, gradients, precision, devices, a second
call, the random state, the mode of a network.

They are tried on the call that an exercise's `@example` draws. Where one makes no sense for a call (gradients, where
nothing goes in that has one) nothing is seen of the reference and nothing is asked of the answer. An exercise that
does without one says so, and why, in its `not_for_all`; one that needs it earlier says where, by `here`.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from course_lib.checks.compare import difference
from course_lib.checks.exercise import Exercise, Property
from course_lib.checks.guard import Failure
from course_lib.checks.trial import Call, Trial, is_floating

RESEEDS = "reseeds_the_random_state"


def with_those_of_all(exercise: Exercise) -> tuple[Property, ...]:
    """An exercise's own properties, behind the shape and before the finer ones of every exercise.

    Raises: ValueError for an exercise without an example, or one that does without a property there is not, or whose
        `elementwise` names no argument.
    """
    unknown = set(exercise.not_for_all) - {one.__name__ for one in (*BEFORE, *BEHIND)}
    if unknown or exercise.make_example is None:
        what = f"not_for_all holds {', '.join(sorted(unknown))}" if unknown else "there is no @example"
        raise ValueError(f"{exercise.name}: {what}; allowed: an @example, and names of functions in checks.properties")
    unknown = set(exercise.elementwise) - set(exercise.argument_names)
    if unknown:
        allowed = ", ".join(exercise.argument_names)
        raise ValueError(f"{exercise.name}: elementwise holds {', '.join(sorted(unknown))}; allowed: {allowed}")
    before, behind = (
        [
            property_of(one, exercise)
            for one in some
            if one.__name__ not in exercise.not_for_all and one not in exercise.placed
        ]
        for some in (BEFORE, BEHIND)
    )
    return (*before, *exercise.own_properties, *behind)


def property_of(probe: Callable[[Call, Trial], None], exercise: Exercise, *makes: Callable[[Trial], Call]) -> Property:
    """A probe of this module, for one exercise: its first line is what holds, the rest the sentence.

    Args:
        makes: what draws the calls on which it is tried; by default the exercise's example.
    """
    says, _, sentence = " ".join(probe.__doc__.split()).partition(" :: ")

    def tried(trial: Trial) -> None:
        for make in makes or (exercise.make_example,):
            probe(make(trial), trial)

    return Property(probe.__name__, says, tried, sentence or None)


def another_shape(call: Call, trial: Trial) -> None:
    """the result has the shape it should have"""
    trial.checked("the shape of the result", shape_of(call.value()), call.text())


def another_type(call: Call, trial: Trial) -> None:
    """the result has the type it should have"""
    trial.checked("the type of the result", type_of(call.value()), call.text())


def mixes_the_batch(call: Call, trial: Trial) -> None:
    """each image is treated by itself, so a batch of one gives what it gives in a larger batch ::
    In a larger batch an image comes out right, and by itself it does not. Is there a squeeze() that also removes the
    batch axis, a batch size written as a number, or a statistic taken over the whole batch?"""
    batched = [arg for arg in call.args if isinstance(arg, Tensor) and arg.ndim]
    if batched:
        first = tuple(arg[:1] if isinstance(arg, Tensor) and arg.ndim else arg for arg in call.args)
        Call(trial, first, call.kwargs, call.of, call.method).see("the output for a batch of one")


def all_zeros_are_nothing(call: Call, trial: Trial) -> None:
    """labels and times may all be 0, which is a label and a time like any other ::
    Your result is right for labels (or times) of several kinds, and wrong where all of a batch are 0. 0 is the first of
    them, and not "nothing": is there an `if t`, an .any(), a .sum() or a division where they are?"""
    if any(map(one_number_each, call.args)):
        zeros = tuple(torch.zeros_like(arg) if one_number_each(arg) else arg for arg in call.args)
        Call(trial, zeros, call.kwargs, call.of, call.method).see("the output where all are 0")


def gradients_cut(call: Call, trial: Trial) -> None:
    """gradients flow back to every floating-point input and every parameter ::
    The values are right, and the gradients are not: training would follow them, and go elsewhere or nowhere. Is the
    computation cut from its past somewhere (.detach(), .data, .item(), torch.no_grad(), or a tensor built anew, as
    torch.tensor builds it)?"""
    if call.of is not None or any(map(is_floating, call.args)):
        call.see_gradients()


def assumes_float32(call: Call, trial: Trial) -> None:
    """the precision of what comes in is the precision of what goes out ::
    With weights and inputs in float64 your code does not give the same result in float64. Is a precision fixed
    somewhere (.float(), dtype=torch.float32, a tensor made without dtype)? Mixed precision would stumble over it on a
    GPU."""
    if call.of is not None or any(map(is_floating, call.args)):
        value = call.see("the output", dtype=torch.float64)
        trial.see("its type", type_of(value), "float64 inputs")


def assumes_the_cpu(call: Call, trial: Trial) -> None:
    """new tensors are made on the device of the inputs ::
    With the inputs on another device, such as a GPU, tensors of two devices meet in your code, or the result is not
    where the inputs are. Is a new tensor left on the CPU? Give it device=x.device, or register it as a buffer."""
    if call.of is not None or holds_a_tensor(call.args):
        trial.see("whether it mixes devices", mixes_devices(call.value(elsewhere=True)), "inputs on another device")


def second_call_differs(call: Call, trial: Trial) -> None:
    """a second call with the same inputs gives the same ::
    Called twice with the same inputs and the same random numbers, your code gives two different results. Does it change
    what it was given, in place, or keep something from one call for the next?"""
    both = call.value(twice=True)
    # seen of the numbers themselves, whatever the answer's process says of its inputs
    if isinstance(both, tuple) and len(both) == 2:
        trial.see("whether a second call gives the same", not difference(both[1], both[0]), call.text())
    else:
        trial.checked("the result of a second call", both, call.text())


def reseeds_the_random_state(call: Call, trial: Trial) -> None:
    """the global random state is left alone, so that other random numbers stay random ::
    Your code sets the global seed (torch.manual_seed or the like). Everything random that follows, dropout and training
    noise included, would then repeat itself. Leave seeds to whoever runs the notebook."""
    trial.see("whether it sets the seed", call.reseeds())


def changes_the_models_mode(call: Call, trial: Trial) -> None:
    """a network stays in the mode it came in, training or evaluation ::
    Afterwards the network is in another mode than before, training or evaluation. That choice belongs to whoever calls
    you."""
    for training, came in ((True, "training"), (False, "evaluation")):
        mode = call.value(training=training, modes=True)
        if not mode:  # there is no network
            return
        trial.checked("the mode of the network afterwards", mode, f"a network in {came} mode")


BEFORE = (another_shape,)
BEHIND = (
    another_type,
    mixes_the_batch,
    all_zeros_are_nothing,
    gradients_cut,
    assumes_float32,
    assumes_the_cpu,
    second_call_differs,
    reseeds_the_random_state,
    changes_the_models_mode,
)


def one_number_each(value: Any) -> bool:
    """Labels or times: a number for each image, (B,)."""
    return isinstance(value, Tensor) and value.ndim == 1 and value.dtype != torch.bool


def holds_a_tensor(value: Any) -> bool:
    return any(map(holds_a_tensor, value)) if isinstance(value, tuple | list) else isinstance(value, Tensor)


def mixes_devices(outcome: Any) -> bool:
    """Only this; an answer that fails for another reason has been heard about elsewhere."""
    return isinstance(outcome, Failure) and outcome.kind == "raised" and "same device" in outcome.text


def shape_of(value: Any) -> Any:
    if isinstance(value, Tensor):
        return tuple(value.shape)
    if isinstance(value, tuple):
        return tuple(map(shape_of, value))
    if isinstance(value, str):
        return "a text"
    # a number is as good in a tensor without axes
    return value if value is None or isinstance(value, Failure) else ()


def type_of(value: Any) -> Any:
    if isinstance(value, Tensor) and value.ndim:
        return str(value.dtype).removeprefix("torch.")
    if isinstance(value, tuple):
        return tuple(map(type_of, value))
    return value if value is None or isinstance(value, Failure) else "a single value"
