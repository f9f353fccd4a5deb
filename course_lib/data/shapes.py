"""Procedural shapes: pictures whose every factor is known exactly, for unit tests and controlled experiments."""

import torch
from torch import Tensor

from course_lib.data.image_dataset import IMAGE_SIZE, ImageDataset
from course_lib.validation import check_positive_int

KINDS = ("disc", "square", "diamond", "ring", "cross")
COLOURS = {"orange": (230, 159, 0), "blue": (86, 180, 233)}  # of the Okabe-Ito palette, safe for colour-blind readers
CLASS_NAMES = tuple(f"{colour} {kind}" for colour in COLOURS for kind in KINDS)


def signed_distance(kind: str, dx: Tensor, dy: Tensor, radius: Tensor) -> Tensor:
    """How far outside the shape a point is, in pixels; negative inside. `radius` is half the shape's width.

    Exact for the disc and the ring; for the shapes with corners exact up to the nearest edge, which is all that
    drawing needs.
    """
    if kind == "disc":
        return torch.hypot(dx, dy) - radius
    if kind == "square":
        return torch.maximum(dx.abs(), dy.abs()) - radius
    if kind == "diamond":
        return (dx.abs() + dy.abs() - radius) / 2**0.5
    if kind == "ring":  # as thick as a third of the radius
        return (torch.hypot(dx, dy) - radius * 5 / 6).abs() - radius / 6
    if kind == "cross":  # two bars, each a third as thick as long
        along, across = torch.maximum(dx.abs(), dy.abs()), torch.minimum(dx.abs(), dy.abs())
        return torch.maximum(along - radius, across - radius / 3)
    raise ValueError(f"kind is {kind!r}; allowed: {', '.join(map(repr, KINDS))}")


def draw_shapes(count: int, seed: int = 0) -> ImageDataset:
    """Draw `count` shapes on black, with smooth edges, at random places and of random sizes.

    The same seed gives the same pictures. `factors` holds the truth: "x" and "y" of the centre and "radius", in
    pixels, float64 (the middle of the top left pixel is at 0, 0); colour and kind are the label.

    Raises: ValueError for a count below 1.
    """
    check_positive_int("count", count)
    generator = torch.Generator().manual_seed(int(seed))
    labels = torch.randint(len(CLASS_NAMES), (count,), generator=generator, device="cpu")
    radius = 5 + 5 * torch.rand(count, generator=generator, dtype=torch.float64, device="cpu")
    # a margin of one pixel, so that no shape is cut off
    room = IMAGE_SIZE - 3 - 2 * radius
    x = 1 + radius + room * torch.rand(count, generator=generator, dtype=torch.float64, device="cpu")
    y = 1 + radius + room * torch.rand(count, generator=generator, dtype=torch.float64, device="cpu")

    axis = torch.arange(IMAGE_SIZE, dtype=torch.float64, device="cpu")
    dx = (axis[None, None, :] - x[:, None, None]).expand(-1, IMAGE_SIZE, -1)
    dy = (axis[None, :, None] - y[:, None, None]).expand(-1, -1, IMAGE_SIZE)
    coverage = torch.empty(count, IMAGE_SIZE, IMAGE_SIZE, dtype=torch.float64, device="cpu")
    for number, kind in enumerate(KINDS):
        chosen = labels % len(KINDS) == number
        distance = signed_distance(kind, dx[chosen], dy[chosen], radius[chosen, None, None])
        coverage[chosen] = (0.5 - distance).clamp(0, 1)  # the edge pixel is covered in part
    colours = torch.tensor(list(COLOURS.values()), dtype=torch.float64, device="cpu")[labels // len(KINDS)]
    pixels = (coverage[:, None] * colours[:, :, None, None]).round().to(torch.uint8)
    return ImageDataset("shapes", pixels, labels, CLASS_NAMES, factors={"x": x, "y": y, "radius": radius})
