"""Exercise FlowMatching.interpolate (lesson 09), and the properties that methods share."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from course_lib.checks.exercise import Alternative, Exercise, Misconception, Property, edited
from course_lib.checks.guard import Failure
from course_lib.checks.properties import RESEEDS, keeps_random_state, mixes_devices
from course_lib.checks.scene import Scene
from course_lib.flow_matching import FlowMatching

# draws what a method gets: scene -> (arguments, keyword arguments)
Arguments = Callable[[Scene], tuple[tuple, dict]]

# ---- what every method is asked ----


def method_gradients(method: str, arguments: Arguments, places: tuple[int, ...]) -> Property:
    """Gradients reach the floating-point arguments that stand at `places` among those that have gradients."""

    def probe(scene: Scene) -> None:
        args, kwargs = arguments(scene)
        found = scene.build().every_gradient(*args, method=method, **kwargs)
        for place in places:
            gradient = found.inputs[place]
            seen = "none" if gradient is None else gradient
            scene.see("the gradient that comes back", seen, f"FlowMatching().{method}", tolerance=10)

    return Property(
        "gradients_cut",
        "gradients flow back",
        probe,
        "The values are right, and the gradients are not: somewhere the computation is cut from its past (.detach(), "
        ".data, .item(), torch.no_grad() or a tensor built anew from numbers). Training would never reach what lies "
        "before the cut.",
    )


def method_in_float64(method: str, arguments: Arguments) -> Property:
    def probe(scene: Scene) -> None:
        args, kwargs = arguments(scene)
        kwargs = {name: double(value) for name, value in kwargs.items()}
        value = scene.build()(*map(double, args), method=method, observed=False, **kwargs)
        first = value[0] if isinstance(value, tuple) else value
        kind = str(first.dtype) if isinstance(first, Tensor) else "no tensor"
        scene.see("its type", kind, f"FlowMatching().{method} with float64 inputs")

    return Property(
        "assumes_float32",
        "the precision of what comes in is the precision of what goes out",
        probe,
        "With inputs in float64 your code falls back to float32, or fails: somewhere a precision is fixed (.float(), "
        "dtype=torch.float32, a tensor made without dtype).",
    )


def method_on_any_device(method: str, arguments: Arguments) -> Property:
    def probe(scene: Scene) -> None:
        args, kwargs = arguments(scene)
        built = scene.build()
        moved = scene.handle.call(built.constructed.key, args, kwargs, method=method, elsewhere=True)
        scene.see("whether it mixes devices", mixes_devices(moved), "inputs on another device")

    return Property(
        "assumes_the_cpu",
        "new tensors are made on the device of the inputs",
        probe,
        "Your code makes a new tensor and leaves it on the CPU. With the inputs on a GPU the two cannot be combined: "
        "give the new tensor device=x.device.",
    )


def method_leaves_seeds(method: str, arguments: Arguments) -> Property:
    def probe(scene: Scene) -> None:
        args, _ = arguments(scene)
        found = scene.handle.reseeds(scene.build().constructed.key, args, {}, method=method)
        # an answer that raises has been heard about elsewhere
        scene.see("whether it sets the seed", found is True)

    shared = keeps_random_state(arguments=lambda scene: ())
    return Property(RESEEDS, shared.says, probe, shared.mistake)


def double(value: object) -> object:
    return value.double() if isinstance(value, Tensor) and value.is_floating_point() else value


def wrong_class(*changes: tuple[str, str]) -> type:
    """FlowMatching with a mistake; only the exercise's method is taken from it."""
    return edited(FlowMatching, *changes)


# ---- interpolate ----


def inputs(scene: Scene, batch: int, channels: int, height: int, width: int) -> tuple[Tensor, Tensor, Tensor]:
    """clean, t, noise; the times lie away from 0, 1 and 1/2, and no two are alike."""
    t = 0.05 + 0.4 * scene.uniform(batch)
    t = torch.where(torch.arange(batch) % 2 == 1, 1 - t, t)
    return scene.normal(batch, channels, height, width), t, scene.normal(batch, channels, height, width)


def example(scene: Scene) -> tuple[tuple, dict]:
    return inputs(scene, 3, 2, 4, 5), {}


def tried(scene: Scene, clean: Tensor, t: Tensor, noise: Tensor) -> None:
    scene.build()(clean, t, noise, method="interpolate", label="x_t")


def form(scene: Scene) -> None:
    args, _ = example(scene)
    value = scene.handle.call(scene.build().constructed.key, args, {}, method="interpolate")
    found = tuple(value.shape) if isinstance(value, Tensor) else value
    if not isinstance(value, Tensor) and not isinstance(value, Failure) and value is not None:
        found = type(value).__name__
    scene.checked("its shape", found, "clean and noise (3, 2, 4, 5), t (3,)")


def at_zero(scene: Scene) -> None:
    clean, t, noise = inputs(scene, 3, 2, 4, 5)
    tried(scene, clean, torch.zeros_like(t), noise)


def at_one(scene: Scene) -> None:
    clean, t, noise = inputs(scene, 3, 2, 4, 5)
    tried(scene, clean, torch.ones_like(t), noise)


def in_the_middle(scene: Scene) -> None:
    clean, t, noise = inputs(scene, 3, 2, 4, 5)
    tried(scene, clean, torch.full_like(t, 0.5), noise)


def on_the_way(scene: Scene) -> None:
    clean, _, noise = inputs(scene, 3, 2, 4, 5)
    tried(scene, clean, torch.full((3,), scene.pick(0.2, 0.3, 0.7, 0.9)), noise)


def each_its_own_time(scene: Scene) -> None:
    tried(scene, *inputs(scene, 5, 2, 3, 4))


def equal_sizes(scene: Scene) -> None:
    tried(scene, *inputs(scene, 4, 4, 4, 4))


def one_image(scene: Scene) -> None:
    tried(scene, *inputs(scene, 1, 3, 4, 2))
    tried(scene, *inputs(scene, 2, 1, 1, 1))


def large_values(scene: Scene) -> None:
    clean, t, noise = inputs(scene, 3, 2, 4, 5)
    tried(scene, 5 * clean, t, 5 * noise)


# right, written differently


def along_the_line(self: object, clean: Tensor, t: Tensor, noise: Tensor) -> Tensor:
    return clean + t[:, None, None, None] * (noise - clean)


def image_by_image(self: object, clean: Tensor, t: Tensor, noise: Tensor) -> Tensor:
    return torch.stack([(1 - time) * c + time * n for c, time, n in zip(clean, t, noise, strict=True)])


def by_lerp(self: object, clean: Tensor, t: Tensor, noise: Tensor) -> Tensor:
    return torch.lerp(clean, noise, t.view(-1, 1, 1, 1).expand_as(clean))


def by_einsum(self: object, clean: Tensor, t: Tensor, noise: Tensor) -> Tensor:
    return torch.einsum("b,bchw->bchw", 1 - t, clean) + torch.einsum("b,bchw->bchw", t, noise)


def turned_over(self: object, clean: Tensor, t: Tensor, noise: Tensor) -> Tensor:
    """The batch last, where t broadcasts by itself."""
    return ((1 - t) * clean.permute(1, 2, 3, 0) + t * noise.permute(1, 2, 3, 0)).permute(3, 0, 1, 2)


# wrong

SPREAD = "t = t.reshape(-1, *[1] * (clean.ndim - 1))"
LINE = "return (1 - t) * clean + t * noise"


def line(name: str, value: str, sentence: str) -> Misconception:
    return Misconception(name, sentence, wrong_class((LINE, f"return {value}")))


def spread(name: str, value: str, sentence: str) -> Misconception:
    return Misconception(name, sentence, wrong_class((SPREAD, f"t = {value}")))


EXERCISES = (
    Exercise(
        name="FlowMatching.interpolate",
        reference=FlowMatching,
        lesson="09",
        where="section 9.1, the formula of the straight line (Liu et al. 2023, equation 1)",
        properties=(
            Property(
                "another_shape",
                "x_t has the shape of the images",
                form,
                "What comes back is no batch of images as large as the one that came in: x_t is a point between "
                "two images, pixel by pixel.",
            ),
            Property(
                "wrong_at_the_clean_end",
                "at t = 0 it is the clean image itself",
                at_zero,
                "At t = 0 nothing should have happened: x_0 is the clean image, with no noise in it.",
            ),
            Property(
                "wrong_at_the_noisy_end",
                "at t = 1 it is pure noise",
                at_one,
                "At t = 1 nothing of the image should be left: x_1 is the noise that was given, no more and no less.",
            ),
            Property(
                "path_not_straight",
                "half way, x_t is the mean of image and noise",
                in_the_middle,
                "Both ends are right, and the way between them is not a straight line: at t = 0.5 half of the image "
                "and half of the noise.",
            ),
            Property("wrong_on_the_way", "on the way it is (1 - t) clean + t noise", on_the_way),
            Property(
                "one_time_for_all",
                "every image has its own time, the same for all its pixels",
                each_its_own_time,
                "With one time for all images you are right, with a time for each you are not. t is (B,): give it "
                "axes of length one at the end, so that it is spread over the pixels of its own image.",
            ),
            Property(
                "wrong_axis_when_sizes_agree",
                "it is right when batch, channels, height and width are all 4",
                equal_sizes,
                "Where the batch is as large as another axis, your times run along that one. Say which axis t belongs "
                "to: the first.",
            ),
            Property(
                "wrong_for_one_image",
                "a batch of one image, and images of one pixel, work as well",
                one_image,
                "For several images you are right, for a single one, or a single pixel, not: a squeeze() takes an axis "
                "away, or a size is written out.",
            ),
            Property(
                "clipped",
                "numbers outside [-1, 1] are left as they are",
                large_values,
                "You clip x_t. Noise is often larger than 1, and a clipped line is no longer straight.",
            ),
            method_gradients("interpolate", example, (0, 1, 2)),
            method_in_float64("interpolate", example),
            method_on_any_device("interpolate", example),
            method_leaves_seeds("interpolate", example),
        ),
        misconceptions=(
            line(
                "time_reversed",
                "t * clean + (1 - t) * noise",
                "Your time runs the other way: at t = 0 you have noise. That is how most papers count; in "
                "this course, as in DDPM, t = 0 is the clean image and t = 1 is noise.",
            ),
            line(
                "square_roots_of_ddpm",
                "(1 - t).sqrt() * clean + t.sqrt() * noise",
                "You took square roots, as DDPM does with alpha-bar. There the *variances* add up to one. Here the "
                "path is a straight line, and the weights themselves add up to one.",
            ),
            line(
                "variance_preserving",
                "(1 - t**2).sqrt() * clean + t * noise",
                "Your weights' squares add up to one: that path keeps the variance, and it is curved. On the straight "
                "line the image's weight is 1 - t.",
            ),
            line(
                "cosine_path",
                f"torch.cos(t * {math.pi / 2}) * clean + torch.sin(t * {math.pi / 2}) * noise",
                "You walk along a quarter of a circle, cosine and sine. Flow matching's path is the chord: 1 - t "
                "and t.",
            ),
            line(
                "image_never_fades",
                "clean + t * noise",
                "You add noise and never take the image away: its weight has to be 1 - t, or at t = 1 the image would "
                "still be there.",
            ),
            line(
                "noise_never_grows",
                "(1 - t) * clean + noise",
                "The noise is there in full from the start. Its weight is t, nothing at t = 0.",
            ),
            line(
                "only_the_image",
                "(1 - t) * clean",
                "Your image fades and no noise comes: t * noise is missing.",
            ),
            line(
                "only_the_noise",
                "t * noise",
                "Only the noise is there: (1 - t) * clean is missing.",
            ),
            line(
                "noise_subtracted",
                "(1 - t) * clean - t * noise",
                "You subtract the noise. The statistics would be the same, but the velocity belongs to *this* noise, "
                "with its sign.",
            ),
            line(
                "line_in_the_wrong_direction",
                "clean + t * (clean - noise)",
                "You walk away from the noise. The way from clean to noise is noise - clean.",
            ),
            line(
                "velocity_returned",
                "noise - clean",
                "You return the velocity, the direction of the line. What is asked for is the point on it at time t.",
            ),
            line(
                "plain_mean",
                "(clean + noise) / 2",
                "You always stand in the middle: your line does not use t.",
            ),
            line(
                "weights_squared",
                "(1 - t) ** 2 * clean + t**2 * noise",
                "You squared the weights. They no longer add up to one: at t = 0.5 half of everything is gone.",
            ),
            line(
                "small_noise_left_in",
                "(1 - t) * clean + (t + 0.001 * (1 - t)) * noise",
                "You keep a little noise at t = 0, Lipman's sigma_min. Here sigma_min is 0: at t = 0 it is the "
                "image itself.",
            ),
            line(
                "own_noise",
                "(1 - t) * clean + t * torch.randn_like(clean)",
                "You draw noise of your own and never use the noise that was given. The velocity that belongs to it "
                "would be unknown.",
            ),
            line(
                "clipped_to_pixels",
                "((1 - t) * clean + t * noise).clamp(-1, 1)",
                "You clip x_t to [-1, 1]. x_t is no picture yet: a third of all noise is larger than 1, and the line "
                "would bend.",
            ),
            line(
                "time_in_thousandths",
                "(1 - t / 1000) * clean + t / 1000 * noise",
                "You divide t by 1000. In this function t is already between 0 and 1; only the *model* sees 1000 t.",
            ),
            line(
                "time_in_thousands",
                "(1 - 1000 * t) * clean + 1000 * t * noise",
                "You multiply t by 1000. In this function t is between 0 and 1; only the *model* sees 1000 t.",
            ),
            spread(
                "no_new_axes",
                "t",
                "t is (B,), and you multiply it with (B, C, H, W) as it is: torch then lines it up with the *width*. "
                "It fails where W is not B, and it is wrong, silently, where it is.",
            ),
            spread(
                "time_along_channels",
                "t[:, None, None]",
                "t has two new axes, so it is lined up with the *channels*. An image has three axes behind the batch: "
                "t needs three, (B, 1, 1, 1).",
            ),
            spread(
                "time_along_height",
                "t[:, None]",
                "t has one new axis, so it is lined up with the *height*. It needs three, one for each axis of an "
                "image.",
            ),
            spread(
                "first_time_for_all",
                "t[0]",
                "All images get the time of the first. Each has its own.",
            ),
            spread(
                "mean_time_for_all",
                "t.mean()",
                "You take the mean of all times, so every image is equally noisy. Each has its own time.",
            ),
            spread(
                "times_sorted",
                "t.sort().values.reshape(-1, 1, 1, 1)",
                "You sort the times, and they end up at other images. t[k] belongs to image k.",
            ),
            line(
                "squeezed",
                "((1 - t) * clean + t * noise).squeeze()",
                "You squeeze the result: for a batch of one, or images with one channel, an axis is gone.",
            ),
            line(
                "detached",
                "((1 - t) * clean + t * noise).detach()",
                "The values are right and cut from the graph: .detach() lets no gradient through.",
            ),
        ),
        alternatives=(
            Alternative("along_the_line", along_the_line),
            Alternative("image_by_image", image_by_image),
            Alternative("by_lerp", by_lerp),
            Alternative("by_einsum", by_einsum),
            Alternative("turned_over", turned_over),
        ),
    ),
)
