"""Exercise from_pixels (lesson 00)."""

import torch
from torch import Tensor

from course_lib.checks.exercise import Alternative, Exercise, Misconception, Property, edited
from course_lib.checks.properties import keeps_random_state
from course_lib.checks.scene import Scene
from course_lib.data.pixels import from_pixels


def ends_and_middle(scene: Scene) -> None:
    scene.call(torch.tensor([0, 51, 102, 204, 255], dtype=torch.uint8))


def every_pixel(scene: Scene) -> None:
    values = torch.arange(256, dtype=torch.uint8)
    scene.call(values[torch.randperm(256, generator=scene.generator)])


def a_batch(scene: Scene) -> None:
    scene.call(scene.integers(0, 256, scene.pick(1, 2, 3), 3, *scene.pick((4, 6), (7, 5))).to(torch.uint8))


def no_bright_pixel(scene: Scene) -> None:
    scene.call(scene.integers(20, 90, 2, 1, 5, 4).to(torch.uint8))


def one_pixel(scene: Scene) -> None:
    scene.call(scene.integers(0, 256, 1).to(torch.uint8))


def dtype(scene: Scene) -> None:
    value = scene.call(scene.integers(0, 256, 3, 4).to(torch.uint8))
    scene.see("its type", str(value.dtype) if isinstance(value, Tensor) else "no tensor", "uint8 pixels")


def example(scene: Scene) -> tuple[Tensor]:
    return (scene.integers(0, 256, 3, 4).to(torch.uint8),)


def by_table(pixels: Tensor) -> Tensor:
    return torch.linspace(-1, 1, 256)[pixels.long()]


def centred(pixels: Tensor) -> Tensor:
    return (pixels.to(torch.float32) - 127.5) / 127.5


def through_zero_to_one(pixels: Tensor) -> Tensor:
    return pixels.to(torch.float32).div(255).mul(2).sub(1)


def one_by_one(pixels: Tensor) -> Tensor:
    return torch.tensor([value * 2 / 255 - 1 for value in pixels.flatten().tolist()]).reshape(pixels.shape)


LAST = "return values / HALF_OF_255 - 1"

EXERCISES = (
    Exercise(
        name="from_pixels",
        reference=from_pixels,
        lesson="00",
        where="lesson 00, the line of numbers from 0 to 255 above the line from -1 to 1",
        properties=(
            Property("values", "0 becomes -1, 255 becomes 1, and what lies between stays between", ends_and_middle),
            Property("every_pixel", "each of the 256 values of a pixel is right", every_pixel),
            Property("a_batch", "the shape stays, whatever it is", a_batch),
            Property(
                "stretches_each_picture",
                "a picture without black or white pixels is not stretched",
                no_bright_pixel,
                "You stretch every picture to its own darkest and brightest pixel. The network has to see how bright a "
                "picture really is: the scale is fixed, 0 to 255.",
            ),
            Property("one_pixel", "a single pixel works too", one_pixel),
            Property(
                "wrong_precision",
                "the result is float32",
                dtype,
                "The numbers are right, in a type the network's weights do not have: it computes in float32.",
            ),
            keeps_random_state(arguments=example),
        ),
        misconceptions=(
            Misconception(
                "zero_to_one",
                "You map to [0, 1]. The network's numbers lie around zero, from -1 to 1, like the noise it will see.",
                edited(from_pixels, (LAST, "return values / 255")),
            ),
            Misconception(
                "not_shifted",
                "You divide by 127.5, which gives 0 to 2. Subtract 1 to put the middle grey at zero.",
                edited(from_pixels, (LAST, "return values / HALF_OF_255")),
            ),
            Misconception(
                "divides_by_128",
                "You divide by 128 (or by 256 and double it), so white becomes 0.992 and not 1. Half of 255 is 127.5.",
                edited(from_pixels, (LAST, "return values / 128 - 1")),
            ),
            Misconception(
                "centred_at_128",
                "You subtract 128. The middle of 0 to 255 is 127.5: black and white then lie equally far from zero.",
                edited(from_pixels, (LAST, "return (values - 128) / HALF_OF_255")),
            ),
            Misconception(
                "uint8_arithmetic",
                "You compute in uint8, where numbers wrap around at 256. Convert to floating point first.",
                edited(from_pixels, (LAST, "return (pixels * 2).float() / 255 - 1")),
            ),
            Misconception(
                "whole_numbers",
                "You round (or divide with //): between -1 and 1 there are then almost no numbers left.",
                edited(from_pixels, (LAST, "return (values / HALF_OF_255 - 1).round()")),
            ),
            Misconception(
                "divides_whole",
                "With // you divide without remainder, and all shades of grey but three are lost. Divide with /.",
                edited(from_pixels, (LAST, "return values // HALF_OF_255 - 1")),
            ),
            Misconception(
                "negative",
                "Black and white have changed places: 0 should become -1.",
                edited(from_pixels, (LAST, "return 1 - values / HALF_OF_255")),
            ),
            Misconception(
                "minus_half",
                "You map to [-0.5, 0.5]: the distance from black to white is 1, and should be 2.",
                edited(from_pixels, (LAST, "return values / 255 - 0.5")),
            ),
            Misconception(
                "order_of_operations",
                "You subtract 1 before you divide: 0 gives -0.008. Divide first, or put brackets.",
                edited(from_pixels, (LAST, "return (values - 1) / HALF_OF_255")),
            ),
            Misconception(
                "unchanged",
                "You only convert the type: the numbers still run from 0 to 255.",
                edited(from_pixels, (LAST, "return values")),
            ),
            Misconception(
                "own_statistics",
                "You subtract the picture's own mean and divide by its spread. Then two pictures that differ in "
                "brightness become the same: the scale has to be fixed.",
                edited(from_pixels, (LAST, "return (values - values.mean()) / (values.std() + 1e-5)")),
            ),
            Misconception(
                "multiplied",
                "You multiply by 127.5. Pixels are large and the network's numbers small: divide.",
                edited(from_pixels, (LAST, "return values * HALF_OF_255 - 1")),
            ),
            Misconception(
                "divides_by_127",
                "You divide by 127, so white becomes a little more than 1. Half of 255 is 127.5.",
                edited(from_pixels, (LAST, "return values / 127 - 1")),
            ),
            Misconception(
                "divides_by_255_then_shifts",
                "You divide by 255 and subtract 1: that gives -1 to 0. The range from 0 to 1 has to be doubled first.",
                edited(from_pixels, (LAST, "return values / 255 - 1")),
            ),
            Misconception(
                "centred_at_128_over_127",
                "You subtract 128 and divide by 127. Two numbers that are nearly right: middle and half width are "
                "both 127.5.",
                edited(from_pixels, (LAST, "return (values - 128) / 127")),
            ),
            Misconception(
                "subtracts_in_uint8",
                "You subtract before you convert: uint8 has no negative numbers, so dark pixels wrap around and "
                "become bright.",
                edited(from_pixels, (LAST, "return (pixels - 128).float() / HALF_OF_255")),
            ),
            Misconception(
                "subtracts_127_in_uint8",
                "You subtract 127 before you convert: uint8 has no negative numbers, so dark pixels wrap around and "
                "become bright.",
                edited(from_pixels, (LAST, "return (pixels - 127).float() / 128")),
            ),
            Misconception(
                "clipped",
                "You clip the pixels to [-1, 1], so that everything above 1 becomes white. Scale them instead.",
                edited(from_pixels, (LAST, "return values.clamp(-1, 1)")),
            ),
            Misconception(
                "adds_one",
                "You add 1 where it should be subtracted: the numbers run from 1 to 3.",
                edited(from_pixels, (LAST, "return values / HALF_OF_255 + 1")),
            ),
            Misconception(
                "squashed",
                "You send the numbers through tanh as well. They lie in [-1, 1] already, and black would no longer be "
                "-1.",
                edited(from_pixels, (LAST, "return torch.tanh(values / HALF_OF_255 - 1)")),
            ),
            Misconception(
                "half_precision",
                "You compute in half precision (.half()), which keeps three digits. The network computes in float32.",
                edited(from_pixels, (LAST, "return pixels.half() / HALF_OF_255 - 1")),
            ),
            Misconception(
                "shifted_by_a_half",
                "You divide by 127.5 and subtract a half. The middle of 0 to 2 is 1.",
                edited(from_pixels, (LAST, "return values / HALF_OF_255 - 0.5")),
            ),
        ),
        alternatives=(
            Alternative("by_table", by_table),
            Alternative("centred", centred),
            Alternative("through_zero_to_one", through_zero_to_one),
            Alternative("one_by_one", one_by_one),
        ),
    ),
)
