"""Fashion-MNIST: the official files, 10,000 images in assets/ and 60,000 more where they can be had.

Xiao, Rasul and Vollgraf 2017, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning Algorithms".
"""

import contextlib
import gzip
import hashlib
import zlib
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.assets import asset_path
from course_lib.data.download import (
    DataUnavailableError,
    download,
    explain_no_network,
    files_near,
    folder_of,
    is_to_be_told,
    is_url,
)
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
TEST_IMAGES, TEST_LABELS = "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"
TRAIN_IMAGES, TRAIN_LABELS = "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"
FULL_DOWNLOAD_SIZE = "26 MB"
# SHA-256 of the unpacked bytes: MNIST, KMNIST and others have files of the same names, and gzip files of the same
# content differ with the program that packed them
UNPACKED = {
    TRAIN_IMAGES: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    TRAIN_LABELS: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    TEST_IMAGES: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    TEST_LABELS: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}
# of the packed and unpacked training files, with room for other packers: only such files are read to know them
PLAUSIBLE_BYTES = ((20_000, 61_000), (20_000_000, 48_000_000))
GZIP = b"\x1f\x8b"


def unpacked(path: Path) -> bytes:
    """The bytes of a file, unpacked if it is a gzip file, whatever its name says.

    Raises: ValueError that names the file if it is missing, truncated or corrupt.
    """
    try:
        raw = path.read_bytes()
        return gzip.decompress(raw) if raw[:2] == GZIP else raw
    except FileNotFoundError:
        raise ValueError(f"{path} is missing") from None
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path} is truncated or corrupt, fetch it again ({error})") from None


def read_idx(path: Path) -> Tensor:
    """Read one IDX file (the format of MNIST) of unsigned bytes, gzipped or not.

    Layout: two zero bytes, 8 for "unsigned byte", the number of axes, each axis' length as a big-endian 32-bit
    number, then the bytes themselves.

    Returns: uint8 tensor with the shape the file states.
    Raises: ValueError that names the file if it is missing, truncated, corrupt or of another format.
    """
    return parse_idx(unpacked(path), path)


def parse_idx(raw: bytes, path: Path) -> Tensor:
    """The tensor that the bytes of the IDX file `path` hold."""
    if len(raw) < 4 or raw[:3] != b"\x00\x00\x08":
        raise ValueError(f"{path} is not an IDX file of unsigned bytes")
    header_end = 4 + 4 * raw[3]
    shape = np.frombuffer(raw[4:header_end], dtype=">u4").astype(int).tolist()
    if len(raw) != header_end + int(np.prod(shape)):
        raise ValueError(f"{path} has {len(raw) - header_end} bytes of data, but its header says {shape}")
    return torch.from_numpy(np.frombuffer(raw, np.uint8, offset=header_end).reshape(shape).copy())


def read_official(path: Path, name: str) -> Tensor:
    """What the official file `name` holds, read from `path`.

    Raises: ValueError that names `path` if its unpacked bytes are not the official ones.
    """
    raw = unpacked(path)
    if hashlib.sha256(raw).hexdigest() != UNPACKED[name]:
        raise ValueError(
            f"{path} is not Fashion-MNIST's {name}: its unpacked bytes have another checksum. MNIST, KMNIST and others "
            "have files of the same name; or the file is damaged, and must be fetched again"
        )
    return parse_idx(raw, path)


def _as_dataset(name: str, images: Tensor, labels: Tensor) -> ImageDataset:
    margin = (IMAGE_SIZE - 28) // 2
    pixels = F.pad(images, (margin,) * 4)[:, None]  # black all round: (N, 1, 32, 32)
    return ImageDataset(name, pixels, labels.long(), CLASS_NAMES)


def load_fashion_mnist() -> ImageDataset:
    """The official 10,000 test images ("t10k"), from the course's own assets. Needs no network.

    Raises: ValueError that names a file that is missing or damaged.
    """
    folder = asset_path("fashion-mnist")
    images, labels = (read_official(folder / name, name) for name in (TEST_IMAGES, TEST_LABELS))
    return _as_dataset("fashion-mnist", images, labels)


def load_fashion_mnist_full(data_dir: str | Path | None = None) -> ImageDataset:
    """The official 60,000 training images, from a folder that has the files or from torchvision's addresses.

    Files are known by their content: unpacked, packed anew, renamed, in a folder below or beside, they are found. What
    has their name and another content is an error, but for what lies beside a folder that has none of them.

    Args:
        data_dir: a folder with the two `train-*-ubyte.gz` files, where they are also stored if they must be downloaded
            (as torchvision lays them out); or the URL of a mirror that has them.
    Raises: ValueError that names a file with another content; DataUnavailableError, with the ways out, where nothing
        can be downloaded.
    """
    folder = folder_of(data_dir)
    ours = data_dir is None or is_url(data_dir)
    raw = folder / "FashionMNIST" / "raw"
    found: dict[str, Tensor] = {}
    impostors = []
    for path in [] if ours else files_near(folder):
        wanted = {name: digest for name, digest in UNPACKED.items() if name.startswith("train") and name not in found}
        if not wanted or not _is_plausible(path):
            continue
        try:
            content = unpacked(path)
        except ValueError as error:
            impostors.append((path, str(error)))
            continue
        digest = hashlib.sha256(content).hexdigest()
        for name in [name for name, own in wanted.items() if own == digest]:
            found[name] = parse_idx(content, path)
        if digest not in UNPACKED.values():
            impostors.append((path, ""))
    for name in (TRAIN_IMAGES, TRAIN_LABELS):
        if name in found:
            continue
        for path, reason in impostors:
            if not is_to_be_told(path, folder, found):
                continue
            if path.name.removesuffix(".gz") == name.removesuffix(".gz"):
                if reason:
                    raise ValueError(reason)
                read_official(path, name)
        found[name] = _kept_or_downloaded(name, raw, data_dir if is_url(data_dir) else None)
    return _as_dataset("fashion-mnist-full", found[TRAIN_IMAGES], found[TRAIN_LABELS])


def _is_plausible(path: Path) -> bool:
    """Whether a file is worth reading: by its name or by its size it may be one of the official ones."""
    size = path.stat().st_size
    named = path.name.removesuffix(".gz") in {name.removesuffix(".gz") for name in UNPACKED}
    return size < PLAUSIBLE_BYTES[-1][1] and (named or any(low <= size <= high for low, high in PLAUSIBLE_BYTES))


def _kept_or_downloaded(name: str, raw: Path, mirror: str | None) -> Tensor:
    """The file `name` from our own folder `raw`; one that is damaged there is fetched again."""
    from torchvision.datasets import FashionMNIST

    with contextlib.suppress(ValueError):
        return read_official(raw / name, name)
    mirrors = FashionMNIST.mirrors if mirror is None else [str(mirror).rstrip("/") + "/"]
    reason: object = ""
    for place in mirrors:
        try:
            download(place + name, raw / name, lambda path: read_official(path, name))
            return read_official(raw / name, name)
        except (OSError, ValueError) as error:  # no network, or something else than the file: try the next mirror
            reason = error
    raise DataUnavailableError(
        explain_no_network("fashion-mnist-full", FULL_DOWNLOAD_SIZE, [TRAIN_IMAGES, TRAIN_LABELS], mirrors[0], reason)
        + "\n  On Debian and Ubuntu: apt install dataset-fashion-mnist, then "
        "--data-dir /usr/share/datasets/fashion-mnist"
    )
