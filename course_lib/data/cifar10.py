"""CIFAR-10, the document's data set: torchvision downloads and verifies it, and nothing in it is executed.

Krizhevsky 2009, "Learning Multiple Layers of Features from Tiny Images".
"""

import codecs
import os
import pickle
from pathlib import Path

import numpy as np
import torch

from course_lib.data.download import DataUnavailableError, default_data_dir, explain_no_network, is_url
from course_lib.data.image_dataset import ImageDataset

CLASS_NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
DOWNLOAD_SIZE = "170 MB"


def load_cifar10(data_dir: str | Path | None = None) -> ImageDataset:
    """The 50,000 training images, mirrored half the time while training.

    Args:
        data_dir: a folder that holds the extracted `cifar-10-batches-py` or the archive `cifar-10-python.tar.gz`,
            where it is also stored if it must be downloaded; or the URL of a mirror that has the archive.
    Raises: ValueError that names a file whose checksum is wrong; DataUnavailableError, with the ways out, where
        nothing can be downloaded.
    """
    from torchvision.datasets import CIFAR10
    from torchvision.datasets.utils import check_integrity, download_and_extract_archive

    root = default_data_dir() if data_dir is None or is_url(data_dir) else Path(os.path.expanduser(data_dir))
    folder = root if root.name == CIFAR10.base_folder else root / CIFAR10.base_folder
    files = [(folder / name, checksum) for name, checksum in CIFAR10.train_list]
    if not all(path.exists() for path, _ in files):
        source = f"{str(data_dir).rstrip('/')}/{CIFAR10.filename}" if is_url(data_dir) else CIFAR10.url
        try:
            download_and_extract_archive(source, str(folder.parent), filename=CIFAR10.filename, md5=CIFAR10.tgz_md5)
        except (OSError, RuntimeError, EOFError) as error:
            message = explain_no_network("cifar10", DOWNLOAD_SIZE, [CIFAR10.filename, CIFAR10.base_folder], source)
            raise DataUnavailableError(f"{message}\n({type(error).__name__}: {error})") from None
    for path, checksum in files:
        if not check_integrity(str(path), checksum):
            raise ValueError(
                f"{path} is missing, truncated or corrupt (its checksum is not {checksum}); fetch it again"
            )
    batches = [read_batch(path) for path, _ in files]
    pixels = torch.cat([torch.from_numpy(images.copy()) for images, _ in batches]).reshape(-1, 3, 32, 32)
    labels = torch.cat([torch.tensor(labels) for _, labels in batches])
    return ImageDataset("cifar10", pixels, labels, CLASS_NAMES, flip=True)


def read_batch(path: Path) -> tuple[np.ndarray, list[int]]:
    """Pixels (N, 3072) uint8 and labels of one batch file.

    The official files are pickles. This reader only lets them name the pieces of a numpy array, so a file that tries to
    run anything else is refused.

    Raises: ValueError that names the file.
    """
    try:
        with path.open("rb") as file:
            entry = _ArraysOnly(file, encoding="latin1").load()
        pixels, labels = np.asarray(entry["data"]), [int(label) for label in entry["labels"]]
    except Exception as error:  # a damaged pickle can fail in any way; all mean the same to the reader
        raise ValueError(f"{path} is not a batch of CIFAR-10 ({type(error).__name__}: {error})") from None
    if pixels.dtype != np.uint8 or pixels.shape != (len(labels), 3072):
        raise ValueError(
            f"{path} holds {pixels.shape} {pixels.dtype} for {len(labels)} labels; allowed: (N, 3072) uint8"
        )
    return pixels, labels


class _ArraysOnly(pickle.Unpickler):
    """Unpickles containers, numbers, text and numpy arrays; any other name in the file is an error."""

    def find_class(self, module: str, name: str) -> object:
        if name == "_reconstruct" and module in ("numpy.core.multiarray", "numpy._core.multiarray"):
            return np.empty(0).__reduce__()[0]
        if (module, name) in (("numpy", "ndarray"), ("numpy", "dtype")):
            return getattr(np, name)
        if (module, name) == ("_codecs", "encode"):  # how Python 3 writes bytes for old readers
            return codecs.encode
        raise pickle.UnpicklingError(f"it names {module}.{name}, which no image needs")
