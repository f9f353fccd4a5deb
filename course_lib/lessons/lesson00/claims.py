"""What lesson 00 states, proven: pictures, numbers, and what the shipped network costs."""

import torch

from course_lib.data import load_dataset
from course_lib.data.pixels import from_pixels, to_pixels
from course_lib.lessons.lesson00.figures import BRIGHT_PICTURE
from course_lib.lessons.shared.claims import claim


@claim("The black background stays inside [-1, 1]; most of the garment goes over 1.")
def most_of_the_garment_goes_over_one() -> bool:
    image = load_dataset("fashion-mnist").batch(torch.tensor([BRIGHT_PICTURE]))[0][0]
    garment = image > -0.9
    over = image + 0.15 > 1
    return bool(over[garment].double().mean() > 0.5) and not bool(over[~garment].any())


@claim("256 numbers, arranged like the hours of a clock: after 255 comes 0.")
def uint8_wraps_around() -> bool:
    return torch.tensor([255.0, 256.0, 265.0]).to(torch.uint8).tolist() == [255, 0, 9]


@claim("No: to [-1, 1] before, or to [0, 255] afterwards, is the same.")
def clipping_may_stand_before_or_behind() -> bool:
    x = torch.linspace(-3, 3, 1001)
    return torch.equal(((x.clamp(-1, 1) + 1) * 127.5).round(), ((x + 1) * 127.5).round().clamp(0, 255))


@claim("Going there and back loses nothing")
def there_and_back_loses_nothing() -> bool:
    pixels = torch.arange(256, dtype=torch.uint8)
    return torch.equal(to_pixels(from_pixels(pixels)), pixels)
