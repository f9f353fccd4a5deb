"""CIFAR-10, the document's data set: torchvision downloads and verifies it, and nothing in it is executed.

Krizhevsky 2009, "Learning Multiple Layers of Features from Tiny Images".
"""

import codecs
import gzip
import hashlib
import io
import itertools
import pickle
import tarfile
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch

from course_lib.data.download import (
    DataUnavailableError,
    download,
    explain_no_network,
    files_near,
    folder_of,
    is_to_be_told,
    is_url,
)
from course_lib.data.image_dataset import ImageDataset
from course_lib.files import write_atomically

CLASS_NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
DOWNLOAD_SIZE = "170 MB"
GZIP = b"\x1f\x8b"
# a batch has 31 MB, the archive 170 packed and 184 unpacked
SMALLEST_BATCH, LARGEST_BATCH, LARGEST_ARCHIVE = 30_000_000, 32_000_000, 200_000_000


def load_cifar10(data_dir: str | Path | None = None) -> ImageDataset:
    """The 50,000 training images, mirrored half the time while training.

    Files are known by their content: batches that were renamed, the archive under another name or unpacked to a .tar,
    in a folder below or beside, are found. What has a batch's name and another content is an error.

    Args:
        data_dir: a folder that holds the extracted `cifar-10-batches-py` or the archive `cifar-10-python.tar.gz`,
            where it is also stored if it must be downloaded; or the URL of a mirror that has the archive.
    Raises: ValueError that names a file whose checksum is wrong; DataUnavailableError, with the ways out, where
        nothing can be downloaded.
    """
    from torchvision.datasets import CIFAR10

    folder = folder_of(data_dir)
    ours = data_dir is None or is_url(data_dir)
    kept = folder if folder.name == CIFAR10.base_folder else folder / CIFAR10.base_folder
    found: dict[str, bytes] = {}
    wrong = []
    official = (kept / name for name, _ in CIFAR10.train_list)
    for path in official if ours else itertools.chain(official, files_near(folder)):
        if len(found) < len(CIFAR10.train_list) and path.is_file() and _is_plausible(path):
            before = len(found)
            try:
                found |= batches_in(path)
            except OSError:  # somebody else's file
                continue
            except ValueError as error:
                wrong.append((path, str(error)))
            else:
                if len(found) == before and path.name in dict(CIFAR10.train_list):
                    wrong.append((path, f"{path} is corrupt or another file: its checksum is wrong; fetch it again"))
    missing = [name for name, _ in CIFAR10.train_list if name not in found]
    # of files that only might have been it, nothing is said
    told = [
        reason
        for path, reason in wrong
        if (path.name in dict(CIFAR10.train_list) or (missing and "cifar" in path.name.lower()))
        and is_to_be_told(path, folder, missing and found)
    ]
    if told and not ours:
        raise ValueError(told[0])
    if missing:
        if found and not ours:
            raise ValueError(f"data_dir is {str(data_dir)!r}, where {', '.join(missing)} of CIFAR-10 cannot be found")
        found = _downloaded(kept, data_dir if is_url(data_dir) else None)
    batches = [read_batch(io.BytesIO(found[name]), kept / name) for name, _ in CIFAR10.train_list]
    pixels = torch.cat([torch.from_numpy(images.copy()) for images, _ in batches]).reshape(-1, 3, 32, 32)
    labels = torch.cat([torch.tensor(labels, device="cpu") for _, labels in batches])
    return ImageDataset("cifar10", pixels, labels, CLASS_NAMES, flip=True)


def _is_plausible(path: Path) -> bool:
    """Whether a file is worth reading: by its name or by its size it may be a batch or the archive."""
    named = "cifar" in path.name.lower() or path.name.startswith("data_batch")
    size = path.stat().st_size
    return size < LARGEST_ARCHIVE and (named or size > SMALLEST_BATCH)


def batches_in(path: Path) -> dict[str, bytes]:
    """The official batches that `path` is or, as an archive, holds: name -> content, known by their checksums.

    Raises: ValueError that names a damaged archive.
    """
    from torchvision.datasets import CIFAR10

    names = {checksum: name for name, checksum in CIFAR10.train_list}

    def known(content: bytes) -> dict[str, bytes]:
        name = names.get(hashlib.md5(content, usedforsecurity=False).hexdigest())
        return {} if name is None else {name: content}

    with path.open("rb") as file:
        head = file.read(265)
    if head[:2] != GZIP and head[257:262] != b"ustar":
        return known(path.read_bytes()) if path.stat().st_size < LARGEST_BATCH else {}
    found: dict[str, bytes] = {}
    try:
        with (gzip.open if head[:2] == GZIP else open)(path, "rb") as stream, tarfile.open(fileobj=stream) as archive:
            for member in archive:
                if member.isfile() and member.size < LARGEST_BATCH:
                    found |= known(archive.extractfile(member).read())
            while stream.read(2**20):  # to the end, where gzip keeps a checksum of its own
                pass
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path} is truncated or corrupt, fetch it again ({error})") from None
    return found


def _downloaded(kept: Path, mirror: str | None) -> dict[str, bytes]:
    """The batches from the network, also stored in the folder `kept`."""
    from torchvision.datasets import CIFAR10

    source = f"{str(mirror).rstrip('/')}/{CIFAR10.filename}" if mirror is not None else CIFAR10.url
    found: dict[str, bytes] = {}

    def check(path: Path) -> None:
        found.update(batches_in(path))
        missing = [name for name, _ in CIFAR10.train_list if name not in found]
        if missing:
            raise ValueError(f"what came is not CIFAR-10's archive: it lacks {', '.join(missing)}")
        for name, content in found.items():
            write_atomically(kept / name, lambda temporary, content=content: temporary.write_bytes(content))

    archive = kept.parent / CIFAR10.filename
    try:
        download(source, archive, check)
    except (OSError, ValueError) as error:
        message = explain_no_network("cifar10", DOWNLOAD_SIZE, [CIFAR10.filename, CIFAR10.base_folder], source, error)
        raise DataUnavailableError(message) from None
    archive.unlink(missing_ok=True)  # its batches are beside it
    return found


def read_batch(file: Path | BinaryIO, path: Path | None = None) -> tuple[np.ndarray, list[int]]:
    """Pixels (N, 3072) uint8 and labels of one batch file.

    The official files are pickles. This reader only lets them name the pieces of a numpy array, so a file that tries to
    run anything else is refused.

    Args:
        file: the batch, as a path or opened; path: what to call it in a message.
    Raises: ValueError that names the file.
    """
    path = file if path is None else path
    try:
        with file.open("rb") if isinstance(file, Path) else file as opened:
            entry = _ArraysOnly(opened, encoding="latin1").load()
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
