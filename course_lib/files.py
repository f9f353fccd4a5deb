"""Write files atomically: a reader sees the old file or the new one, never half of one."""

import contextlib
import errno
import glob
import io
import json
import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import Tensor

# what the learner's system lets others do with new files; it can only be read by setting it
UMASK = os.umask(0o022)
os.umask(UMASK)


def local_path(path: str | Path) -> Path:
    """A path that somebody named; a leading `~` is the home.

    A shell replaces it itself, but not in `--out=~/runs`, Windows' command line never does, and nobody does in a
    notebook. Where there is no such home it stays.
    """
    found = Path(os.path.expanduser(path))
    # Path makes ~ of ./~, which the next reader would take for the home
    return Path.cwd() / found if str(found).startswith("~") else found


def local_or_address(text: str) -> str:
    """As `local_path`, for what may also be an address, or is stored as text."""
    return os.path.expanduser(text)


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Call `write` with a temporary path beside `path`, push its bytes to the disk, then move it into place.

    What a killed process left of an earlier try is removed. A device or a pipe is written to, as it is.

    Raises: whatever `write` or the system raises; the old file is then untouched and the temporary one removed.
    """
    if is_device(path):
        write(path)
        return
    path = Path(os.path.realpath(path))  # where a link leads: the link itself stays
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(path.parent, path.stem)
    temporary = _temporary_for(path)
    try:
        write(temporary)
        with contextlib.suppress(OSError):  # FAT and some network drives have no such permissions
            temporary.chmod(0o666 & ~UMASK)  # some writers make files that only their owner can read
        _push_to_the_disk(temporary)
        os.replace(temporary, path)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _temporary_for(path: Path) -> Path:
    """A name beside `path` that no other thread and no other process takes, see `remove_leftovers`."""
    # the ending stays last: image writers choose the format by it
    return path.with_name(f".{path.stem}.{threading.get_ident()}.{os.getpid()}.tmp{path.suffix}")


def is_device(path: Path) -> bool:
    """Whether something is at `path` that is neither a file nor a folder, such as /dev/stdout."""
    return path.exists() and not path.is_file() and not path.is_dir()


def _push_to_the_disk(path: Path) -> None:
    try:
        with path.open("rb+") as file:
            os.fsync(file.fileno())
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):  # drives that cannot be told to hurry
            raise


def remove_leftovers(folder: Path, stem: str = "*") -> None:
    """Remove the temporary files of processes that no longer run: those of `stem`, or of every file in `folder`."""
    pattern = stem if stem == "*" else glob.escape(stem)
    for file in folder.glob(f".{pattern}.*.tmp*"):
        writer = file.name.rpartition(".tmp")[0].rpartition(".")[2]
        if writer.isdecimal() and not _runs(int(writer)):
            with contextlib.suppress(OSError):
                file.unlink(missing_ok=True)


def _runs(process: int) -> bool:
    import psutil

    return psutil.pid_exists(process)


def check_place(name: str, path: Path) -> None:
    """Try, before long work, whether its result can be stored at `path`; a file that is there stays as it is.

    Raises: ValueError that names the argument and says what is in the way.
    """
    if is_device(path):
        return
    probe = _temporary_for(path)
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "it is a folder")
        path.parent.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(bytes(4096))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ValueError(
            f"{name} is {str(path)!r}, where nothing can be stored ({reason}); allowed: a file in a writable folder"
        ) from None
    finally:
        with contextlib.suppress(OSError, ValueError):
            probe.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    write_atomically(path, lambda temporary: temporary.write_text(text, encoding="utf-8", newline="\n"))


def write_if_new(path: Path, text: str) -> None:
    """As `write_text`, but a file that holds this text already is left alone: many would wait long for the disk."""
    if not holds_text(path, text):
        write_text(path, text)


def holds_text(path: Path, text: str) -> bool:
    """Whether a file can be read at `path`, and is this text."""
    try:
        return path.read_bytes() == text.encode("utf-8")
    except OSError:
        return False


def save_safetensors(tensors: Mapping[str, Tensor], path: Path, metadata: Mapping[str, str]) -> None:
    """Save tensors and text about them as one safetensors file: the same bytes whenever these are the same."""
    from safetensors.torch import save

    contiguous = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    content = _with_header_in_order(save(contiguous, dict(metadata)))
    write_atomically(path, lambda temporary: temporary.write_bytes(content))


def _with_header_in_order(content: bytes) -> bytes:
    """The same safetensors file with its header's names in order: metadata come in another one each time.

    The format: eight bytes for the header's length, the header as JSON, filled up with blanks, and the numbers.
    """
    end = 8 + int.from_bytes(content[:8], "little")
    header = json.dumps(json.loads(content[8:end]), sort_keys=True, separators=(",", ":")).encode("utf-8")
    header += b" " * (-len(header) % 8)
    return len(header).to_bytes(8, "little") + header + content[end:]


def save_checkpoint(state: Mapping[str, object], path: Path) -> None:
    """Save nested dicts and lists of tensors, numbers and text, to be read back by `load_checkpoint`."""
    # in memory first: writing the file itself, torch answers a full disk with a RuntimeError
    buffer = io.BytesIO()
    torch.save(dict(state), buffer)
    write_atomically(path, lambda temporary: temporary.write_bytes(buffer.getbuffer()))


def load_checkpoint(path: Path) -> dict:
    """Read a checkpoint without running any code from it.

    Raises: ValueError that names the file if it is not a complete checkpoint.
    """
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many types for a damaged archive; all mean the same to the reader
        reason = str(error).strip().partition("\n")[0].partition(". ")[0] or "it is empty or cut short"
        raise ValueError(
            f"{path} is not a readable checkpoint ({type(error).__name__}: {reason}); what was trained may still be in "
            "model.safetensors beside it, which a new run can begin with: train --from"
        ) from None
