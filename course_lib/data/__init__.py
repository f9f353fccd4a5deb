"""Data sets, all of them (3, 32, 32) in [-1, 1] and in memory."""

from pathlib import Path

from course_lib.data.cifar10 import load_cifar10
from course_lib.data.download import DataUnavailableError
from course_lib.data.fashion_mnist import load_fashion_mnist, load_fashion_mnist_full
from course_lib.data.image_dataset import ImageDataset, class_number
from course_lib.data.shapes import draw_shapes

DATASETS = ("fashion-mnist", "fashion-mnist-full", "cifar10", "shapes")


def load_dataset(name: str, data_dir: str | Path | None = None) -> ImageDataset:
    """Load a data set by name.

    Args:
        name: "fashion-mnist" (10,000 real images that came with the course), "fashion-mnist-full" (60,000),
            "cifar10" (50,000, the document's) or "shapes" (10,000, drawn on the spot).
        data_dir: for fashion-mnist-full and cifar10 only: a folder that has the files, or the URL of a mirror.
    Raises: ValueError for another name or a damaged file; DataUnavailableError (a ValueError) where a download is
        needed and fails.
    """
    if name in ("fashion-mnist", "shapes") and data_dir is not None:
        raise ValueError(
            f"data_dir is {str(data_dir)!r}, which has no effect: {name!r} came with the course; allowed: with "
            "'fashion-mnist-full' and 'cifar10'"
        )
    if name == "fashion-mnist":
        return load_fashion_mnist()
    if name == "fashion-mnist-full":
        return load_fashion_mnist_full(data_dir)
    if name == "cifar10":
        return load_cifar10(data_dir)
    if name == "shapes":
        return draw_shapes(10_000)
    raise ValueError(f"data is {name!r}; allowed: {', '.join(map(repr, DATASETS))}")


__all__ = ["DATASETS", "DataUnavailableError", "ImageDataset", "class_number", "load_dataset"]
