"""Exercise FlowMatching.velocity (lesson 09)."""

import torch
from torch import Tensor

from course_lib.lessons.lesson09.flow_matching_interpolate import (
    method_gradients,
    method_in_float64,
    method_leaves_seeds,
    method_on_any_device,
    wrong_class,
)
from course_lib.checks.exercise import Alternative, Exercise, Misconception, Property
from course_lib.checks.guard import Failure
from course_lib.checks.scene import Scene
from course_lib.flow_matching import FlowMatching


def pair(scene: Scene, *shape: int) -> tuple[Tensor, Tensor]:
    return scene.normal(*shape), scene.normal(*shape)


def example(scene: Scene) -> tuple[tuple, dict]:
    return pair(scene, 3, 2, 4, 5), {}


def tried(scene: Scene, clean: Tensor, noise: Tensor) -> None:
    scene.build()(clean, noise, method="velocity", label="the velocity")


def form(scene: Scene) -> None:
    args, _ = example(scene)
    value = scene.handle.call(scene.build().constructed.key, args, {}, method="velocity")
    found = tuple(value.shape) if isinstance(value, Tensor) else value
    if not isinstance(value, Tensor) and not isinstance(value, Failure) and value is not None:
        found = type(value).__name__
    scene.checked("its shape", found, "clean and noise (3, 2, 4, 5)")


def black_image(scene: Scene) -> None:
    clean, noise = pair(scene, 3, 2, 4, 5)
    tried(scene, torch.zeros_like(clean), noise)


def no_noise(scene: Scene) -> None:
    clean, noise = pair(scene, 3, 2, 4, 5)
    tried(scene, clean, torch.zeros_like(noise))


def both(scene: Scene) -> None:
    tried(scene, *pair(scene, 3, 2, 4, 5))


def large(scene: Scene) -> None:
    clean, noise = pair(scene, 3, 2, 4, 5)
    tried(scene, 7 * clean, 7 * noise)


def other_sizes(scene: Scene) -> None:
    for shape in ((1, 3, 4, 2), (4, 4, 4, 4), (2, 1, 1, 1)):
        tried(scene, *pair(scene, *shape))


def by_sub(self: object, clean: Tensor, noise: Tensor) -> Tensor:
    return torch.sub(noise, clean)


def sign_outside(self: object, clean: Tensor, noise: Tensor) -> Tensor:
    return -(clean - noise)


def from_two_points(self: FlowMatching, clean: Tensor, noise: Tensor) -> Tensor:
    """What `interpolate` gives at t = 1, less what it gives at t = 0."""
    ones = torch.ones(len(clean), dtype=clean.dtype, device=clean.device)
    return self.interpolate(clean, ones, noise) - self.interpolate(clean, 0 * ones, noise)


def image_by_image(self: object, clean: Tensor, noise: Tensor) -> Tensor:
    return torch.stack([n - c for c, n in zip(clean, noise, strict=True)])


SLOPE = "return noise - clean"


def slope(name: str, value: str, sentence: str) -> Misconception:
    return Misconception(name, sentence, wrong_class((SLOPE, f"return {value}")))


EXERCISES = (
    Exercise(
        name="FlowMatching.velocity",
        reference=FlowMatching,
        lesson="09",
        where="section 9.2, the derivative of the straight line (Lipman et al. 2023, equation 23)",
        properties=(
            Property(
                "another_shape",
                "the velocity has the shape of the images: one number for every pixel",
                form,
                "What comes back is no batch of images. Every pixel moves, each at its own speed: the velocity has as "
                "many numbers as the images.",
            ),
            Property(
                "wrong_from_a_grey_image",
                "from an image of zeros to the noise, the velocity is the noise",
                black_image,
                "Start at an image of zeros: in one unit of time you get to the noise, so the velocity is the noise "
                "itself. Yours is not.",
            ),
            Property(
                "wrong_towards_no_noise",
                "towards noise of zeros, the velocity is minus the image",
                no_noise,
                "Let the noise be zero: in one unit of time the image has to vanish, so the velocity is minus the "
                "image. Yours is not.",
            ),
            Property("wrong_velocity", "the velocity is noise - clean", both),
            Property("wrong_for_large_numbers", "numbers outside [-1, 1] are left as they are", large),
            Property(
                "wrong_for_other_sizes",
                "a batch of one, equal sizes, and single pixels work as well",
                other_sizes,
                "For other sizes your code goes wrong: a squeeze(), or a size that is written out.",
            ),
            method_gradients("velocity", example, (0, 1)),
            method_in_float64("velocity", example),
            method_on_any_device("velocity", example),
            method_leaves_seeds("velocity", example),
        ),
        misconceptions=(
            slope(
                "sign_flipped",
                "clean - noise",
                "The sign is flipped: your velocity points from the noise to the image. That is the papers' direction. "
                "Here time grows towards the noise, and so the velocity points there: where the line ends, less where "
                "it begins.",
            ),
            slope(
                "sum",
                "noise + clean",
                "You add. A derivative is a difference: where the line ends, less where it begins.",
            ),
            slope(
                "only_the_noise",
                "noise",
                "You return the noise, DDPM's target. The velocity must also take the image away: noise - clean.",
            ),
            slope(
                "only_minus_the_image",
                "-clean",
                "You return minus the image. It fades, and the noise never comes: noise - clean.",
            ),
            slope(
                "the_image",
                "clean",
                "You return the image. Some networks predict it; a velocity is the difference, noise - clean.",
            ),
            slope(
                "halved",
                "(noise - clean) / 2",
                "Right direction, half the speed: you would only get half way in one unit of time.",
            ),
            slope(
                "doubled",
                "2 * (noise - clean)",
                "Right direction, twice the speed. Time runs from 0 to 1, one unit long.",
            ),
            slope(
                "per_thousandth",
                "(noise - clean) / 1000",
                "You divide by 1000, as if time ran from 0 to 1000. The model *sees* 1000 t, but the line is walked "
                "in one unit of time.",
            ),
            slope(
                "unit_length",
                "torch.nn.functional.normalize((noise - clean).flatten(1), dim=1).reshape(clean.shape)",
                "You scale it to length one. A velocity has a direction *and* a speed: far ends are reached in the "
                "same time, at a higher speed.",
            ),
            slope(
                "distance",
                "(noise - clean).abs()",
                "You take absolute values. A pixel that has to become darker has a negative velocity.",
            ),
            slope(
                "squared",
                "(noise - clean) ** 2",
                "You squared the difference: that belongs to the loss, later.",
            ),
            slope(
                "mean_over_pixels",
                "(noise - clean).mean(dim=(1, 2, 3))",
                "You average over the pixels. Each pixel has its own velocity.",
            ),
            slope(
                "clipped",
                "(noise - clean).clamp(-1, 1)",
                "You clip the velocity. It is often larger than 1: the noise alone is, for a third of all pixels.",
            ),
            slope(
                "squeezed",
                "(noise - clean).squeeze()",
                "You squeeze the result: for a batch of one, or images with one channel, an axis is gone.",
            ),
            slope(
                "own_noise",
                "torch.randn_like(clean) - clean",
                "You draw noise of your own. The velocity belongs to the noise that was given.",
            ),
            slope(
                "detached",
                "(noise - clean).detach()",
                "The values are right and cut from the graph: .detach() lets no gradient through.",
            ),
        ),
        alternatives=(
            Alternative("by_sub", by_sub),
            Alternative("sign_outside", sign_outside),
            Alternative("from_two_points", from_two_points),
            Alternative("image_by_image", image_by_image),
        ),
    ),
)
