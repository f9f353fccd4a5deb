"""What holds for FlowMatching.interpolate, and right answers written differently."""

from collections.abc import Callable

import torch
from torch import Tensor

from course_lib.checks.exercise import Exercise, Property
from course_lib.checks.guard import Failure
from course_lib.checks.mistakes import Misconception, edited
from course_lib.checks.trial import Trial
from course_lib.flow_matching import FlowMatching

# draws what a method gets: trial -> (arguments, keyword arguments)
Arguments = Callable[[Trial], tuple[tuple, dict]]


def method_gradients(method: str, arguments: Arguments, places: tuple[int, ...]) -> Property:
    """Gradients reach the floating-point arguments that stand at `places` among those that have gradients."""

    def probe(trial: Trial) -> None:
        args, kwargs = arguments(trial)
        found = trial.build().every_gradient(*args, method=method, **kwargs)
        for place in places:
            gradient = found.inputs[place]
            seen = "none" if gradient is None else gradient
            trial.see("the gradient that comes back", seen, f"FlowMatching().{method}", tolerance=10)

    return Property(
        "gradients_cut",
        "gradients flow back",
        probe,
        "The values are right, and the gradients are not: somewhere the computation is cut from its past (.detach(), "
        ".data, .item(), torch.no_grad() or a tensor built anew from numbers). Training would never reach what lies "
        "before the cut.",
    )


def method_in_float64(method: str, arguments: Arguments) -> Property:
    def probe(trial: Trial) -> None:
        args, kwargs = arguments(trial)
        kwargs = {name: double(value) for name, value in kwargs.items()}
        value = trial.build()(*map(double, args), method=method, observed=False, **kwargs)
        first = value[0] if isinstance(value, tuple) else value
        kind = str(first.dtype) if isinstance(first, Tensor) else "no tensor"
        trial.see("its type", kind, f"FlowMatching().{method} with float64 inputs")

    return Property(
        "assumes_float32",
        "the precision of what comes in is the precision of what goes out",
        probe,
        "With inputs in float64 your code falls back to float32, or fails: somewhere a precision is fixed (.float(), "
        "dtype=torch.float32, a tensor made without dtype).",
    )


def method_on_any_device(method: str, arguments: Arguments) -> Property:
    def probe(trial: Trial) -> None:
        args, kwargs = arguments(trial)
        built = trial.build()
        moved = trial.handle.call(built.constructed.key, args, kwargs, method=method, elsewhere=True)
        trial.see("whether it mixes devices", mixes_devices(moved), "inputs on another device")

    return Property(
        "assumes_the_cpu",
        "new tensors are made on the device of the inputs",
        probe,
        "Your code makes a new tensor and leaves it on the CPU. With the inputs on a GPU the two cannot be combined: "
        "give the new tensor device=x.device.",
    )


def method_leaves_seeds(method: str, arguments: Arguments) -> Property:
    def probe(trial: Trial) -> None:
        args, _ = arguments(trial)
        found = trial.handle.reseeds(trial.build().constructed.key, args, {}, method=method)
        # an answer that raises has been heard about elsewhere
        trial.see("whether it sets the seed", found is True)

    shared = keeps_random_state(arguments=lambda trial: ())
    return Property(RESEEDS, shared.says, probe, shared.mistake)


def double(value: object) -> object:
    return value.double() if isinstance(value, Tensor) and value.is_floating_point() else value


def wrong_class(*changes: tuple[str, str]) -> type:
    """FlowMatching with a mistake; only the exercise's method is taken from it."""
    return edited(FlowMatching, *changes)


def inputs(trial: Trial, batch: int, channels: int, height: int, width: int) -> tuple[Tensor, Tensor, Tensor]:
    """clean, t, noise; the times lie away from 0, 1 and 1/2, and no two are alike."""
    t = 0.05 + 0.4 * trial.uniform(batch)
    t = torch.where(torch.arange(batch) % 2 == 1, 1 - t, t)
    return trial.normal(batch, channels, height, width), t, trial.normal(batch, channels, height, width)


def example(trial: Trial) -> tuple[tuple, dict]:
    return inputs(trial, 3, 2, 4, 5), {}


def tried(trial: Trial, clean: Tensor, t: Tensor, noise: Tensor) -> None:
    trial.build()(clean, t, noise, method="interpolate", label="x_t")


SPREAD = "t = t.reshape(-1, *[1] * (clean.ndim - 1))"


LINE = "return (1 - t) * clean + t * noise"


def line(name: str, value: str, sentence: str) -> Misconception:
    return Misconception(name, sentence, wrong_class((LINE, f"return {value}")))


def spread(name: str, value: str, sentence: str) -> Misconception:
    return Misconception(name, sentence, wrong_class((SPREAD, f"t = {value}")))


EXERCISE = Exercise(
    "FlowMatching.interpolate",
    FlowMatching,
    __name__,
    where="section 9.1, the formula of the straight line (Liu et al. 2023, equation 1)",
)
holds, right = EXERCISE.holds, EXERCISE.right


@holds("x_t has the shape of the images")
def another_shape(trial: Trial) -> None:
    """What comes back is no batch of images as large as the one that came in: x_t is a point between two images, pixel
    by pixel."""
    args, _ = example(trial)
    value = trial.handle.call(trial.build().constructed.key, args, {}, method="interpolate")
    found = tuple(value.shape) if isinstance(value, Tensor) else value
    if not isinstance(value, Tensor) and not isinstance(value, Failure) and value is not None:
        found = type(value).__name__
    trial.checked("its shape", found, "clean and noise (3, 2, 4, 5), t (3,)")


@holds("at t = 0 it is the clean image itself")
def wrong_at_the_clean_end(trial: Trial) -> None:
    """At t = 0 nothing should have happened: x_0 is the clean image, with no noise in it."""
    clean, t, noise = inputs(trial, 3, 2, 4, 5)
    tried(trial, clean, torch.zeros_like(t), noise)


@holds("at t = 1 it is pure noise")
def wrong_at_the_noisy_end(trial: Trial) -> None:
    """At t = 1 nothing of the image should be left: x_1 is the noise that was given, no more and no less."""
    clean, t, noise = inputs(trial, 3, 2, 4, 5)
    tried(trial, clean, torch.ones_like(t), noise)


@holds("half way, x_t is the mean of image and noise")
def path_not_straight(trial: Trial) -> None:
    """Both ends are right, and the way between them is not a straight line: at t = 0.5 half of the image and half of
    the noise."""
    clean, t, noise = inputs(trial, 3, 2, 4, 5)
    tried(trial, clean, torch.full_like(t, 0.5), noise)


@holds("on the way it is (1 - t) clean + t noise")
def wrong_on_the_way(trial: Trial) -> None:
    clean, _, noise = inputs(trial, 3, 2, 4, 5)
    tried(trial, clean, torch.full((3,), trial.pick(0.2, 0.3, 0.7, 0.9)), noise)


@holds("every image has its own time, the same for all its pixels")
def one_time_for_all(trial: Trial) -> None:
    """With one time for all images you are right, with a time for each you are not. t is (B,): give it axes of length
    one at the end, so that it is spread over the pixels of its own image."""
    tried(trial, *inputs(trial, 5, 2, 3, 4))


@holds("it is right when batch, channels, height and width are all 4")
def wrong_axis_when_sizes_agree(trial: Trial) -> None:
    """Where the batch is as large as another axis, your times run along that one. Say which axis t belongs to: the
    first."""
    tried(trial, *inputs(trial, 4, 4, 4, 4))


@holds("a batch of one image, and images of one pixel, work as well")
def wrong_for_one_image(trial: Trial) -> None:
    """For several images you are right, for a single one, or a single pixel, not: a squeeze() takes an axis away, or a
    size is written out."""
    tried(trial, *inputs(trial, 1, 3, 4, 2))
    tried(trial, *inputs(trial, 2, 1, 1, 1))


@holds("numbers outside [-1, 1] are left as they are")
def clipped(trial: Trial) -> None:
    """You clip x_t. Noise is often larger than 1, and a clipped line is no longer straight."""
    clean, t, noise = inputs(trial, 3, 2, 4, 5)
    tried(trial, 5 * clean, t, 5 * noise)


# TODO property: method_gradients("interpolate", example, (0, 1, 2))


# TODO property: method_in_float64("interpolate", example)


# TODO property: method_on_any_device("interpolate", example)


# TODO property: method_leaves_seeds("interpolate", example)


@right
def along_the_line(self: object, clean: Tensor, t: Tensor, noise: Tensor) -> Tensor:
    return clean + t[:, None, None, None] * (noise - clean)


@right
def image_by_image(self: object, clean: Tensor, t: Tensor, noise: Tensor) -> Tensor:
    return torch.stack([(1 - time) * c + time * n for c, time, n in zip(clean, t, noise, strict=True)])


@right
def by_lerp(self: object, clean: Tensor, t: Tensor, noise: Tensor) -> Tensor:
    return torch.lerp(clean, noise, t.view(-1, 1, 1, 1).expand_as(clean))


@right
def by_einsum(self: object, clean: Tensor, t: Tensor, noise: Tensor) -> Tensor:
    return torch.einsum("b,bchw->bchw", 1 - t, clean) + torch.einsum("b,bchw->bchw", t, noise)


@right
def turned_over(self: object, clean: Tensor, t: Tensor, noise: Tensor) -> Tensor:
    """The batch last, where t broadcasts by itself."""
    return ((1 - t) * clean.permute(1, 2, 3, 0) + t * noise.permute(1, 2, 3, 0)).permute(3, 0, 1, 2)
