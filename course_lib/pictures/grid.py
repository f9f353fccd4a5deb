"""A grid of images, with the names of the classes beside its rows."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from course_lib.data.pixels import to_pixels
from course_lib.files import local_path, write_atomically

PIXEL_ZOOM = 2
GAP = 2


def tile(images: Tensor, columns: int) -> Tensor:
    """Put images (N, 3, H, W) in [-1, 1], or uint8 pixels, into one picture: (3, H', W') uint8, enlarged.

    Row by row on white. Raises: FloatingPointError for images that are not numbers, which would look black.
    """
    from torchvision.utils import make_grid

    if images.dtype != torch.uint8:
        if not images.isfinite().all():
            raise FloatingPointError("the pictures hold nan or infinite values, which nobody can see")
        images = to_pixels(images)
    large = images.repeat_interleave(PIXEL_ZOOM, dim=2).repeat_interleave(PIXEL_ZOOM, dim=3)
    return make_grid(large, nrow=columns, padding=GAP, pad_value=255)


def save_grid(images: Tensor, path: Path, row_names: Sequence[str]) -> None:
    """Save images (N, 3, H, W) in [-1, 1], or uint8 pixels, as a PNG: one row a name, with the name in front.

    Raises: ValueError if the images do not fill the rows evenly.
    """
    from PIL import Image

    if len(images) % len(row_names):
        raise ValueError(f"images holds {len(images)}; allowed: a multiple of the {len(row_names)} rows")
    picture = tile(images, columns=len(images) // len(row_names))
    labelled = _with_row_names(Image.fromarray(picture.permute(1, 2, 0).cpu().numpy()), row_names)
    write_atomically(local_path(path), lambda temporary: labelled.save(temporary, format="PNG"))


def _with_row_names(picture: "Image.Image", row_names: Sequence[str]) -> "Image.Image":  # noqa: F821
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(size=15)
    margin = int(max(font.getlength(name) for name in row_names)) + 12
    canvas = Image.new("RGB", (picture.width + margin, picture.height), "white")
    canvas.paste(picture, (margin, 0))
    row_height = (picture.height - GAP) / len(row_names)
    for row, name in enumerate(row_names):
        ImageDraw.Draw(canvas).text((margin - 6, (row + 0.5) * row_height), name, fill="black", font=font, anchor="rm")
    return canvas
