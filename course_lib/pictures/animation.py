"""A trajectory from noise to image as an animated GIF."""

from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

from course_lib.files import local_path, write_atomically
from course_lib.pictures.grid import GAP, PIXEL_ZOOM, tile

FRAME_MS, LAST_FRAME_MS = 100, 2000
# a GIF says its width in two bytes
MOST_COLUMNS = (2**16 - 1 - GAP) // (32 * PIXEL_ZOOM + GAP)


def save_gif(states: Sequence[Tensor], path: Path, columns: int) -> None:
    """Save a sequence of image batches (N, 3, H, W) in [-1, 1] as a GIF that lingers on the last frame and loops."""
    from PIL import Image

    frames = [Image.fromarray(tile(images, columns).permute(1, 2, 0).cpu().numpy()) for images in states]
    durations = [FRAME_MS] * (len(frames) - 1) + [LAST_FRAME_MS]
    options = {"save_all": True, "append_images": frames[1:], "duration": durations, "loop": 0}
    write_atomically(local_path(path), lambda temporary: frames[0].save(temporary, format="GIF", **options))
