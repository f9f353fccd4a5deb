"""What the exercises on DDPM share: fresh schedules, batches with every time that is special, and common properties.

The methods are tried on schedules that are unlike the default one, so that 1000 and 999 cannot be written as numbers,
and on the default one.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from course_lib.checks.exercise import Property
from course_lib.checks.guard import Failure
from course_lib.checks.properties import mixes_devices
from course_lib.checks.scene import Built, PropertyEnds, Scene

# draws the arguments of a method: scene, times (B,), size (C, H, W) -> args
Arguments = Callable[[Scene, Tensor, tuple[int, int, int]], tuple]

SIZE = (2, 5, 4)


def schedule(scene: Scene, num_timesteps: int | None = None) -> Built:
    """A DDPM whose schedule nobody has seen before."""
    T = num_timesteps or scene.pick(12, 30, 41)
    return scene.build(T, scene.pick(0.001, 0.004), scene.pick(0.15, 0.25))


def steps_of(built: Built) -> int:
    return built.args[0] if built.args else 1000


def distinct_times(scene: Scene, T: int, count: int) -> Tensor:
    """Different times, none of them the first, the last or in order."""
    return torch.randperm(T - 4, generator=scene.generator)[:count] + 2


def tried(scene: Scene, built: Built, method: str, args: tuple, label: str = "the result", **kwargs: Any) -> Tensor:
    """Call a method and record what it returns; says which times went in."""
    seed = scene.random.randrange(2**31)
    value = scene.handle.call(built.constructed.key, args, kwargs, method=method, seed=seed)
    return scene.checked(label, value, built.text(method, args, kwargs, False))


# ---- probes that every method has ----


def shape(method: str, arguments: Arguments) -> Callable[[Scene], None]:
    def probe(scene: Scene) -> None:
        built = schedule(scene)
        args = arguments(scene, distinct_times(scene, steps_of(built), 3), (2, 5, 4))
        value = scene.handle.call(built.constructed.key, args, {}, method=method, seed=1)
        found = tuple(value.shape) if isinstance(value, Tensor) else value
        scene.checked("its shape", found, built.text(method, args, {}, False))

    return probe


def one_time(method: str, arguments: Arguments) -> Callable[[Scene], None]:
    """The formula itself: one image of one pixel in the middle of time, then a batch that shares one time."""

    def probe(scene: Scene) -> None:
        built = schedule(scene)
        T = steps_of(built)
        t = torch.tensor([scene.pick(T // 2, T // 3)])
        tried(scene, built, method, arguments(scene, t, (1, 1, 1)))
        tried(scene, built, method, arguments(scene, t.expand(3).clone(), SIZE))

    return probe


def own_times(method: str, arguments: Arguments) -> Callable[[Scene], None]:
    """Every image at a time of its own: the batch unlike the channels, and then as large as every other axis."""

    def probe(scene: Scene) -> None:
        built = schedule(scene)
        T = steps_of(built)
        tried(scene, built, method, arguments(scene, distinct_times(scene, T, 5), (2, 3, 4)))
        tried(scene, built, method, arguments(scene, distinct_times(scene, T, 4), (4, 4, 4)))

    return probe


def edges(method: str, arguments: Arguments, *places: int) -> Callable[[Scene], None]:
    """Special times one by one: 0 and 1 as they are, -1 and -2 counted from the end."""

    def probe(scene: Scene) -> None:
        built = schedule(scene)
        for place in places:
            t = torch.full((2,), place % steps_of(built))
            tried(scene, built, method, arguments(scene, t, SIZE))

    return probe


def default_schedule(method: str, arguments: Arguments) -> Callable[[Scene], None]:
    """The schedule of the paper, a thousand steps, at every kind of time together."""

    def probe(scene: Scene) -> None:
        built = scene.build()
        t = torch.tensor([999, 0, 1, int(scene.integers(2, 998, 1)), 500, 998])
        tried(scene, built, method, arguments(scene, t, SIZE))

    return probe


def shape_property(method: str, arguments: Arguments, says: str, mistake: str) -> Property:
    return Property("another_shape", says, shape(method, arguments), mistake)


def own_times_property(method: str, arguments: Arguments) -> Property:
    return Property(
        "mixes_the_times_up",
        "every image is treated at its own time, whatever the sizes",
        own_times(method, arguments),
        "For a batch that shares one time your numbers are right, and with a time for each image they are not. Each "
        "number out of the schedule belongs to one image: it needs the shape (B, 1, 1, 1) before it meets the images.",
    )


def lone_image(method: str, arguments: Arguments) -> Property:
    def probe(scene: Scene) -> None:
        built = schedule(scene)
        for size in ((3, 4, 2), (1, 1, 5)):
            tried(scene, built, method, arguments(scene, distinct_times(scene, steps_of(built), 1), size))

    return Property(
        "loses_a_batch_of_one",
        "a batch of one image keeps its axes",
        probe,
        "Your code is right for several images and wrong for one: a squeeze() that also removes the batch axis, or a "
        "batch size written as a number.",
    )


def type_of_the_images(method: str, arguments: Arguments) -> Property:
    """float32 stays float32, though the schedule is float64, and float64 stays exact."""

    def probe(scene: Scene) -> None:
        built = schedule(scene)
        args = arguments(scene, distinct_times(scene, steps_of(built), 3), SIZE)
        for dtype in (torch.float32, torch.float64):
            given = tuple(a.to(dtype) if isinstance(a, Tensor) and a.is_floating_point() else a for a in args)
            value = scene.handle.call(built.constructed.key, given, {}, method=method, seed=1)
            text = f"images in {str(dtype).removeprefix('torch.')}"
            if isinstance(value, Failure):
                scene.see("the result", value, text)
                raise PropertyEnds
            scene.see("its type", str(value.dtype) if isinstance(value, Tensor) else "no tensor", text)

    return Property(
        "type_of_the_schedule",
        "the result has the type of the images: float32 in, float32 out; float64 in, float64 out",
        probe,
        "The schedule is float64 and images are float32. Multiplied as they are, they give float64, which no network "
        "here accepts; and a fixed .float() spoils images that are float64. Bring each number to the images' type: "
        "per_image does.",
    )


def gradients(method: str, arguments: Arguments) -> Property:
    def probe(scene: Scene) -> None:
        built = schedule(scene)
        built.gradients(*arguments(scene, distinct_times(scene, steps_of(built), 3), SIZE), method=method)

    return Property(
        "gradients_cut",
        "gradients flow back to every floating-point input",
        probe,
        "The values are right, and the gradients are not: somewhere the computation is cut from its past (.detach(), "
        ".data, .item(), torch.no_grad() or a tensor built anew from numbers). Whoever wants to learn through this "
        "function could not.",
    )


def any_device(method: str, arguments: Arguments) -> Property:
    def probe(scene: Scene) -> None:
        built = schedule(scene)
        args = arguments(scene, distinct_times(scene, steps_of(built), 3), SIZE)
        moved = scene.handle.call(built.constructed.key, args, {}, method=method, elsewhere=True)
        scene.see("whether it mixes devices", mixes_devices(moved), "inputs on another device")

    return Property(
        "assumes_the_cpu",
        "new tensors are made on the device of the inputs",
        probe,
        "Your code makes a new tensor and leaves it on the CPU. With the images on a GPU the two cannot be combined: "
        "give the new tensor device=x.device, or make it from one that is there (torch.zeros_like).",
    )


def seeds_left_alone(method: str, arguments: Arguments) -> Property:
    def probe(scene: Scene) -> None:
        built = schedule(scene)
        args = arguments(scene, distinct_times(scene, steps_of(built), 2), SIZE)
        found = scene.handle.reseeds(built.constructed.key, args, {}, method=method)
        scene.see("whether it sets the seed", found is True)

    return Property(
        "reseeds_the_random_state",
        "the global random state is not set",
        probe,
        "Your code sets the global seed (torch.manual_seed or the like). Everything random that follows would repeat "
        "itself: noise, dropout, the order of the images.",
    )
