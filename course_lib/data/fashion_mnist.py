"""Fashion-MNIST: the official files, 10,000 images in assets/ and 60,000 more where they can be had.

Xiao, Rasul and Vollgraf 2017, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning Algorithms".
"""

import gzip
import os
import zlib
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.assets import asset_path
from course_lib.data.download import DataUnavailableError, default_data_dir, explain_no_network, is_url
from course_lib.data.image_dataset import IMAGE_SIZE, ImageDataset

CLASS_NAMES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
TRAIN_IMAGES, TRAIN_LABELS = "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"
FULL_DOWNLOAD_SIZE = "26 MB"


def read_idx(path: Path) -> Tensor:
    """Read one gzipped IDX file (the format of MNIST) of unsigned bytes.

    Layout: two zero bytes, 8 for "unsigned byte", the number of axes, each axis' length as a big-endian 32-bit
    number, then the bytes themselves.

    Returns: uint8 tensor with the shape the file states.
    Raises: ValueError that names the file if it is missing, truncated, corrupt or of another format.
    """
    try:
        raw = gzip.decompress(path.read_bytes())
    except FileNotFoundError:
        raise ValueError(f"{path} is missing") from None
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path} is truncated or corrupt, fetch it again ({error})") from None
    if len(raw) < 4 or raw[:3] != b"\x00\x00\x08":
        raise ValueError(f"{path} is not an IDX file of unsigned bytes")
    header_end = 4 + 4 * raw[3]
    shape = np.frombuffer(raw[4:header_end], dtype=">u4").astype(int).tolist()
    if len(raw) != header_end + int(np.prod(shape)):
        raise ValueError(f"{path} has {len(raw) - header_end} bytes of data, but its header says {shape}")
    return torch.from_numpy(np.frombuffer(raw, np.uint8, offset=header_end).reshape(shape).copy())


def _from_files(name: str, images_path: Path, labels_path: Path) -> ImageDataset:
    images, labels = read_idx(images_path), read_idx(labels_path)
    if images.ndim != 3 or images.shape[1:] != (28, 28):
        raise ValueError(f"{images_path} holds {tuple(images.shape)}; allowed: (N, 28, 28)")
    if labels.shape != images.shape[:1]:
        raise ValueError(f"{labels_path} holds {tuple(labels.shape)} labels for {len(images)} images")
    margin = (IMAGE_SIZE - 28) // 2
    pixels = F.pad(images, (margin,) * 4)[:, None]  # black all round: (N, 1, 32, 32)
    return ImageDataset(name, pixels, labels.long(), CLASS_NAMES)


def load_fashion_mnist() -> ImageDataset:
    """The official 10,000 test images ("t10k"), from the course's own assets. Needs no network."""
    folder = asset_path("fashion-mnist")
    return _from_files("fashion-mnist", folder / "t10k-images-idx3-ubyte.gz", folder / "t10k-labels-idx1-ubyte.gz")


def load_fashion_mnist_full(data_dir: str | Path | None = None) -> ImageDataset:
    """The official 60,000 training images, from a folder that has the files or from torchvision's download.

    Args:
        data_dir: a folder with the two `train-*-ubyte.gz` files (directly, or as torchvision lays them out), where
            they are also stored if they must be downloaded; or the URL of a mirror that has them.
    Raises: ValueError that names a corrupt file; DataUnavailableError, with the ways out, where nothing can be
        downloaded.
    """
    from torchvision.datasets import FashionMNIST
    from torchvision.datasets.utils import check_integrity, download_url

    folder = default_data_dir() if data_dir is None or is_url(data_dir) else Path(os.path.expanduser(data_dir))
    raw = folder / "FashionMNIST" / "raw"
    for place in (folder, raw):
        if (place / TRAIN_IMAGES).exists() and (place / TRAIN_LABELS).exists():
            return _from_files("fashion-mnist-full", place / TRAIN_IMAGES, place / TRAIN_LABELS)
    mirrors = [str(data_dir).rstrip("/") + "/"] if is_url(data_dir) else FashionMNIST.mirrors
    checksums = dict(FashionMNIST.resources)
    for filename in (TRAIN_IMAGES, TRAIN_LABELS):
        for mirror in mirrors:
            try:
                download_url(mirror + filename, str(raw), filename, checksums[filename])
                break
            except (OSError, RuntimeError):  # no network, or a checksum that does not fit: try the next mirror
                continue
        if not check_integrity(str(raw / filename), checksums[filename]):
            raise DataUnavailableError(
                explain_no_network("fashion-mnist-full", FULL_DOWNLOAD_SIZE, [TRAIN_IMAGES, TRAIN_LABELS], mirrors[0])
                + "\n  On Debian and Ubuntu: apt install dataset-fashion-mnist, then "
                "--data-dir /usr/share/datasets/fashion-mnist"
            )
    return _from_files("fashion-mnist-full", raw / TRAIN_IMAGES, raw / TRAIN_LABELS)
