"""Properties that many exercises share: the random state, gradients, precision, devices, the batch."""

from collections.abc import Callable
from typing import Any

import torch

from course_lib.checks.exercise import Property
from course_lib.checks.guard import Failure
from course_lib.checks.scene import Built, Scene

RESEEDS = "reseeds_the_random_state"

# draws an object and its arguments: scene -> (object, args)
Example = Callable[[Scene], tuple[Built, tuple]]


def keeps_random_state(example: Example | None = None, arguments: Callable[[Scene], tuple] | None = None) -> Property:
    """The answer never calls torch.manual_seed: for a class give `example`, for a function `arguments`."""

    def probe(scene: Scene) -> None:
        if example is None:
            args = arguments(scene)
            found = [scene.handle.reseeds(None, args, {})]
        else:
            built, args = example(scene)
            found = [
                scene.handle.reseeds(None, built.args, built.kwargs, method="__init__"),
                scene.handle.reseeds(built.constructed.key, args, {}),
            ]
        # an answer that raises has been heard about elsewhere
        scene.see("whether it sets the seed", any(one is True for one in found))

    return Property(
        RESEEDS,
        "the global random state is left alone, so that other random numbers stay random",
        probe,
        "Your code sets the global seed (torch.manual_seed or the like). Everything random that follows, dropout and "
        "training noise included, would then repeat itself. Leave seeds to whoever runs the notebook.",
    )


def gradients_agree(example: Example) -> Property:
    """Gradients with respect to inputs and parameters are the reference's."""

    def probe(scene: Scene) -> None:
        built, args = example(scene)
        built.gradients(*args)

    return Property(
        "gradients_cut",
        "gradients flow back to every input and every parameter",
        probe,
        "The values are right, and the gradients are not: somewhere the computation is cut from its past (.detach(), "
        ".data, .item(), torch.no_grad() or a tensor built anew from numbers). Training would never reach what lies "
        "before the cut.",
    )


def function_gradients_agree(arguments: Callable[[Scene], tuple]) -> Property:
    """The same for a function."""

    def probe(scene: Scene) -> None:
        scene.gradients(*arguments(scene))

    one = gradients_agree(lambda scene: None)
    return Property(one.name, "gradients flow back to every floating-point input", probe, one.mistake)


def works_in_float64(example: Example) -> Property:
    """Layers and inputs in double precision give a result in double precision."""

    def probe(scene: Scene) -> None:
        built, args = example(scene)
        value = built(*args, dtype=torch.float64)
        scene.see("its type", str(value.dtype) if isinstance(value, torch.Tensor) else "no tensor", "float64 inputs")

    return Property(
        "assumes_float32",
        "the precision of what comes in is the precision of what goes out",
        probe,
        "With weights and inputs in float64 your code fails or falls back to float32: somewhere a precision is fixed "
        "(.float(), dtype=torch.float32, a tensor made without dtype). Mixed precision would stumble over it on a GPU.",
    )


def works_on_any_device(example: Example) -> Property:
    """New tensors are put where the inputs are, see `NewTensorsElsewhere`."""

    def probe(scene: Scene) -> None:
        built, args = example(scene)
        moved = scene.handle.call(built.constructed.key, args, {}, elsewhere=True)
        scene.see("whether it mixes devices", mixes_devices(moved), "inputs on another device")

    return Property(
        "assumes_the_cpu",
        "new tensors are made on the device of the inputs",
        probe,
        "Your code makes a new tensor and leaves it on the CPU. With the inputs on a GPU the two cannot be combined: "
        "give the new tensor device=x.device, or register it as a buffer.",
    )


def function_works_on_any_device(arguments: Callable[[Scene], tuple]) -> Property:
    """The same for a function."""

    def probe(scene: Scene) -> None:
        moved = scene.handle.call(None, arguments(scene), {}, elsewhere=True)
        scene.see("whether it mixes devices", mixes_devices(moved), "inputs on another device")

    one = works_on_any_device(lambda scene: None)
    return Property(one.name, one.says, probe, one.mistake)


def mixes_devices(outcome: Any) -> bool:
    """Only this; an answer that fails for another reason has been heard about elsewhere."""
    return isinstance(outcome, Failure) and outcome.kind == "raised" and "same device" in outcome.text


def treats_images_alone(example: Example) -> Property:
    """What one image of a batch gives does not depend on the others: a batch of one gives the same."""

    def probe(scene: Scene) -> None:
        built, args = example(scene)
        first = tuple(arg[:1] if isinstance(arg, torch.Tensor) else arg for arg in args)
        built(*first, label="the output for a batch of one")

    return Property(
        "mixes_the_batch",
        "each image is treated by itself, so a batch of one gives what it gives in a larger batch",
        probe,
        "Your code is right for several images and wrong for one: a squeeze() that also removes the batch axis, a "
        "batch size written as a number, or a statistic taken over the whole batch.",
    )
