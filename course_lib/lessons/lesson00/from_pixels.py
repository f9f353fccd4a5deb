"""What holds for from_pixels, and right answers written differently."""

import torch
from torch import Tensor

from course_lib.checks.compare import difference
from course_lib.checks.exercise import Exercise
from course_lib.checks.trial import Call, Trial
from course_lib.data.pixels import from_pixels

EXERCISE = Exercise(
    "from_pixels",
    from_pixels,
    __name__,
    where="lesson 00, the line of numbers from 0 to 255 above the line from -1 to 1",
    elementwise=("pixels",),
    not_for_all={
        "assumes_the_cpu": "pixels come from files, on the CPU",
    },
)
holds, right = EXERCISE.holds, EXERCISE.right


def example(trial: Trial) -> tuple[Tensor]:
    return (trial.integers(0, 256, 3, 4).to(torch.uint8),)


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    return trial.calling(*example(trial))


@EXERCISE.harder
def of_a_dark_and_a_bright_picture(trial: Trial) -> Call:
    """A dark picture with a black pixel and a bright one without white, and each channel brighter than the last."""
    pixels = trial.integers(0, 60, 2, 3, 7, 5) + torch.tensor([20, 60, 100]).view(3, 1, 1)
    pixels[0, 0, 0, 0], pixels[1] = 0, pixels[1] + 80
    return trial.calling(pixels.to(torch.uint8).transpose(2, 3))


@holds("uint8 pixels become what the same numbers become as floats")
def computes_in_uint8(trial: Trial) -> None:
    """The same numbers give something else as uint8 than as floats. In uint8 numbers wrap around at 256, and none is
    below 0: does your code compute before it has made floats?"""
    call = trial.calling(torch.tensor([0, 51, 102, 204, 255], dtype=torch.uint8))
    value, as_floats = call.value(), trial.calling(call.args[0].float()).value()
    right = call.args[0].float() / 127.5 - 1
    both = all(isinstance(one, Tensor) and one.is_floating_point() for one in (value, as_floats))
    trial.see("the result", value if both and difference(value, as_floats) else right, call.text())


@holds("0 becomes -1, 255 becomes 1, and what lies between stays between")
def values(trial: Trial) -> None:
    trial.call(torch.tensor([0, 51, 102, 204, 255], dtype=torch.uint8))


@holds("each of the 256 values of a pixel is right")
def every_pixel(trial: Trial) -> None:
    values = torch.arange(256, dtype=torch.uint8)
    trial.call(values[torch.randperm(256, generator=trial.generator)])


@holds("the shape stays, whatever it is")
def a_batch(trial: Trial) -> None:
    pixels = trial.integers(0, 256, trial.pick(1, 2, 3), 3, *trial.pick((4, 6), (7, 5)))
    # black and white in every channel: an answer that stretches what it gets fails where it is asked about, below
    pixels[..., 0, 0], pixels[..., -1, -1] = 0, 255
    trial.call(pixels.to(torch.uint8))


@holds("a picture without black or white pixels is not stretched")
def stretches_each_picture(trial: Trial) -> None:
    """A picture without black or white pixels comes out wrong, though others were right. The scale is fixed, 0 to 255,
    so that the network sees how bright a picture really is. Does yours come from the picture's own darkest and
    brightest pixel?"""
    trial.call(trial.integers(20, 90, 2, 1, 5, 4).to(torch.uint8))


@holds("a single pixel works too")
def one_pixel(trial: Trial) -> None:
    trial.call(trial.integers(0, 256, 1).to(torch.uint8))


@holds("the result is float32")
def wrong_precision(trial: Trial) -> None:
    """The numbers are right, and their type is not float32, the one that the network's weights have and compute in."""
    value = trial.call(trial.integers(0, 256, 3, 4).to(torch.uint8))
    trial.see("its type", str(value.dtype) if isinstance(value, Tensor) else "no tensor", "uint8 pixels")


@right
def by_table(pixels: Tensor) -> Tensor:
    return torch.linspace(-1, 1, 256)[pixels.long()]


@right
def centred(pixels: Tensor) -> Tensor:
    return (pixels.to(torch.float32) - 127.5) / 127.5


@right
def through_zero_to_one(pixels: Tensor) -> Tensor:
    return pixels.to(torch.float32).div(255).mul(2).sub(1)


@right
def one_by_one(pixels: Tensor) -> Tensor:
    return torch.tensor([value * 2 / 255 - 1 for value in pixels.flatten().tolist()]).reshape(pixels.shape)
