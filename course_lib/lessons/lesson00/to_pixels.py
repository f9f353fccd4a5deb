"""Exercise to_pixels (lesson 00)."""

import torch
from torch import Tensor

from course_lib.checks.exercise import Alternative, Exercise, Misconception, Property, edited
from course_lib.checks.properties import keeps_random_state
from course_lib.checks.scene import Scene
from course_lib.data.pixels import to_pixels


def inside(scene: Scene, *shape: int) -> Tensor:
    """Numbers in [-1, 1] that are not halfway between two pixels, where rounding is a matter of taste."""
    pixels = scene.integers(0, 256, *shape) + 0.8 * (scene.uniform(*shape) - 0.5)
    return (pixels / 127.5 - 1).clamp(-1, 1)


def inner_values(scene: Scene) -> None:
    scene.call(inside(scene, 40))


def ends(scene: Scene) -> None:
    scene.call(torch.tensor([-1.0, 1.0, -0.999, 0.999, 0.5021]))


def outside(scene: Scene) -> None:
    scene.call(torch.tensor([-3.0, -1.2, -1.01, 1.01, 1.3, 7.0]))


def a_batch(scene: Scene) -> None:
    scene.call(inside(scene, scene.pick(1, 2), 3, *scene.pick((4, 6), (7, 5))))


def dull_picture(scene: Scene) -> None:
    scene.call(0.3 * inside(scene, 2, 1, 5, 4) + 0.1001)


def one_number(scene: Scene) -> None:
    scene.call(inside(scene, 1))


def dtype(scene: Scene) -> None:
    value = scene.call(inside(scene, 3, 4))
    scene.see("its type", str(value.dtype) if isinstance(value, Tensor) else "no tensor", "float32 images")


def example(scene: Scene) -> tuple[Tensor]:
    return (inside(scene, 3, 4),)


def half_added(images: Tensor) -> Tensor:
    return (images * 127.5 + 127.5 + 0.5).clamp(0, 255.5).floor().to(torch.uint8)


def clipped_last(images: Tensor) -> Tensor:
    return torch.clip(torch.round(255 * (images + 1) / 2), 0, 255).to(torch.uint8)


def one_by_one(images: Tensor) -> Tensor:
    values = [max(0, min(255, round((value + 1) * 127.5))) for value in images.flatten().tolist()]
    return torch.tensor(values, dtype=torch.uint8).reshape(images.shape)


def nearest_in_a_table(images: Tensor) -> Tensor:
    return (images.unsqueeze(-1) - torch.linspace(-1, 1, 256)).abs().argmin(-1).to(torch.uint8)


CLIP, SCALE, ROUND = "images = images.clamp(-1, 1)", "(images + 1) * HALF_OF_255", "values.round().to(torch.uint8)"

EXERCISES = (
    Exercise(
        name="to_pixels",
        reference=to_pixels,
        lesson="00",
        where="lesson 00, the line of numbers from -1 to 1 below the line from 0 to 255",
        properties=(
            Property("values", "each number becomes the nearest pixel value", inner_values),
            Property("ends", "-1 becomes 0 and 1 becomes 255", ends),
            Property(
                "not_clipped",
                "numbers outside [-1, 1] are clipped to black or white",
                outside,
                "Inside [-1, 1] all is well; outside it is not. In uint8 numbers wrap around: a pixel a little "
                "brighter than white would turn black. Clip first.",
            ),
            Property("a_batch", "the shape stays, whatever it is", a_batch),
            Property(
                "stretches_each_picture",
                "a dull picture stays dull",
                dull_picture,
                "You stretch every picture to its own darkest and brightest point. The scale is fixed: -1 is black and "
                "1 is white.",
            ),
            Property("one_number", "a single number works too", one_number),
            Property(
                "wrong_type",
                "the result is uint8",
                dtype,
                "The numbers are right, in a type no screen shows: pixels are uint8, one byte each.",
            ),
            keeps_random_state(arguments=example),
        ),
        misconceptions=(
            Misconception(
                "cut_off",
                "You convert to uint8 without rounding, which cuts off: every pixel comes out half a step too dark.",
                edited(to_pixels, (ROUND, "values.to(torch.uint8)")),
            ),
            Misconception(
                "rounded_up",
                "You round up. The nearest whole number may be the one below.",
                edited(to_pixels, (ROUND, "values.ceil().to(torch.uint8)")),
            ),
            Misconception(
                "wraps_around",
                "You did not clip: in uint8 numbers wrap around, and a pixel a little brighter than white turns black.",
                edited(to_pixels, (CLIP, "pass"), (ROUND, "values.round().long().remainder(256).to(torch.uint8)")),
            ),
            Misconception(
                "from_zero_to_one",
                "You multiply by 255 as if black were 0. Here black is -1: add 1 first.",
                edited(to_pixels, (SCALE, "images.clamp(0, 1) * 255")),
            ),
            Misconception(
                "zero_to_one_unclipped",
                "You multiply by 255 as if black were 0, and negative numbers wrap around in uint8. Black is -1 here.",
                edited(
                    to_pixels, (SCALE, "images * 255"), (ROUND, "values.round().long().remainder(256).to(torch.uint8)")
                ),
            ),
            Misconception(
                "clipped_to_zero_one",
                "You clip to [0, 1]: everything darker than middle grey becomes middle grey. Clip to [-1, 1].",
                edited(to_pixels, (CLIP, "images = images.clamp(0, 1)")),
            ),
            Misconception(
                "times_128",
                "You multiply by 128. Half of 255 is 127.5.",
                edited(to_pixels, (SCALE, "((images + 1) * 128).clamp(0, 255)")),
            ),
            Misconception(
                "times_127",
                "You multiply by 127: white comes out as 254. Half of 255 is 127.5.",
                edited(to_pixels, (SCALE, "(images + 1) * 127")),
            ),
            Misconception(
                "times_255",
                "You add 1 and multiply by 255, which is twice too much: the numbers run from 0 to 2 before that.",
                edited(to_pixels, (SCALE, "((images + 1) * 255).clamp(0, 255)")),
            ),
            Misconception(
                "negative",
                "Black and white have changed places: -1 should become 0.",
                edited(to_pixels, (SCALE, "(1 - images) * HALF_OF_255")),
            ),
            Misconception(
                "rounded_too_early",
                "You round before you scale: only three shades of grey are left.",
                edited(to_pixels, (SCALE, "(images.round() + 1) * HALF_OF_255")),
            ),
            Misconception(
                "not_converted",
                "The numbers still lie between -1 and 1: they have been clipped and nothing else.",
                edited(to_pixels, (SCALE, "images"), (ROUND, "values")),
            ),
            Misconception(
                "still_floating_point",
                "Your numbers are right and still floating point. A screen wants uint8: convert them at the end.",
                edited(to_pixels, (ROUND, "values.round()")),
            ),
            Misconception(
                "int8",
                "You convert to int8, which ends at 127: all that is brighter than middle grey turns negative. Pixels "
                "are uint8.",
                edited(to_pixels, (ROUND, "values.round().long().to(torch.int8)")),
            ),
            Misconception(
                "not_shifted",
                "You multiply without adding 1 first, so black to middle grey is negative and wraps around in uint8.",
                edited(
                    to_pixels,
                    (SCALE, "images * HALF_OF_255"),
                    (ROUND, "values.round().long().remainder(256).to(torch.uint8)"),
                ),
            ),
            Misconception(
                "subtracts_one",
                "You subtract 1 where it should be added: all numbers are negative and wrap around in uint8.",
                edited(
                    to_pixels,
                    (SCALE, "(images - 1) * HALF_OF_255"),
                    (ROUND, "values.round().long().remainder(256).to(torch.uint8)"),
                ),
            ),
            Misconception(
                "shifted_after_scaling",
                "You add 1 after you multiply, where it is one step of grey. Add it before, where it is half the "
                "range.",
                edited(
                    to_pixels,
                    (SCALE, "images * HALF_OF_255 + 1"),
                    (ROUND, "values.round().long().remainder(256).to(torch.uint8)"),
                ),
            ),
            Misconception(
                "times_255_and_wrapped",
                "You add 1 and multiply by 255, which is twice too much: bright pixels pass 255 and wrap around in "
                "uint8.",
                edited(
                    to_pixels,
                    (SCALE, "(images + 1) * 255"),
                    (ROUND, "values.round().long().remainder(256).to(torch.uint8)"),
                ),
            ),
            Misconception(
                "times_256_cut_off",
                "You spread [-1, 1] over 256 and cut off. That is a fair way to make pixels, and it is not the "
                "nearest: from_pixels divides by 127.5, so the way back multiplies by 127.5 and rounds.",
                edited(to_pixels, (SCALE, "((images + 1) * 128).clamp(0, 255)"), (ROUND, "values.to(torch.uint8)")),
            ),
            Misconception(
                "rounded_after_the_shift",
                "You round after adding 1, before you scale: only three shades of grey are left. Round at the end.",
                edited(to_pixels, (SCALE, "(images + 1).round() * HALF_OF_255"), (ROUND, "values.to(torch.uint8)")),
            ),
            Misconception(
                "squashed_by_tanh",
                "You squash with tanh, which changes every number. What lies inside [-1, 1] stays as it is: clip.",
                edited(to_pixels, (CLIP, "images = images.tanh()")),
            ),
            Misconception(
                "squashed_by_sigmoid",
                "You use a sigmoid, which turns -1 into 0.27 and not into 0. The way back is a straight line.",
                edited(to_pixels, (SCALE, "images.sigmoid() * 255")),
            ),
            Misconception(
                "stretched",
                "You stretch every picture to its own darkest and brightest point. The scale is fixed: -1 is black "
                "and 1 is white.",
                edited(
                    to_pixels,
                    (CLIP, "images = 2 * (images - images.min()) / (images.max() - images.min() + 1e-12) - 1"),
                ),
            ),
            Misconception(
                "stretched_and_cut_off",
                "You stretch every picture to its own darkest and brightest point, and cut off instead of rounding. "
                "The scale is fixed: -1 is black and 1 is white.",
                edited(
                    to_pixels,
                    (CLIP, "images = 2 * (images - images.min()) / (images.max() - images.min() + 1e-12) - 1"),
                    (ROUND, "values.to(torch.uint8)"),
                ),
            ),
            Misconception(
                "divided_again",
                "You divide by 127.5. On the way back from [-1, 1] to [0, 255] numbers grow: multiply.",
                edited(to_pixels, (SCALE, "(images + 1) / HALF_OF_255"), (ROUND, "values.round().to(torch.uint8)")),
            ),
        ),
        alternatives=(
            Alternative("half_added", half_added),
            Alternative("clipped_last", clipped_last),
            Alternative("one_by_one", one_by_one),
            Alternative("nearest_in_a_table", nearest_in_a_table),
        ),
    ),
)
