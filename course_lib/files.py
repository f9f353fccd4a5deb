"""Write files atomically: a reader sees the old file or the new one, never half of one."""

import contextlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import Tensor

# what the learner's system lets others do with new files; it can only be read by setting it
UMASK = os.umask(0o022)
os.umask(UMASK)


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Call `write` with a temporary path beside `path`, push its bytes to the disk, then move it into place.

    Raises: whatever `write` or the system raises; the old file is then untouched and the temporary one removed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # the ending stays last: image writers choose the format by it
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.tmp{path.suffix}")
    try:
        write(temporary)
        with contextlib.suppress(OSError):  # drives of other systems know no such rights
            temporary.chmod(0o666 & ~UMASK)  # some writers make files that only their owner can read
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    write_atomically(path, lambda temporary: temporary.write_text(text, encoding="utf-8", newline="\n"))


def write_if_new(path: Path, text: str) -> None:
    """As `write_text`, but a file that holds this text already is left alone: many would wait long for the disk."""
    try:
        if path.read_bytes() == text.encode("utf-8"):
            return
    except OSError:
        pass
    write_text(path, text)


def save_safetensors(tensors: Mapping[str, Tensor], path: Path, metadata: Mapping[str, str]) -> None:
    """Save tensors and text about them as one safetensors file."""
    from safetensors.torch import save_file

    contiguous = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    write_atomically(path, lambda temporary: save_file(contiguous, temporary, dict(metadata)))


def save_checkpoint(state: Mapping[str, object], path: Path) -> None:
    """Save nested dicts and lists of tensors, numbers and text, to be read back by `load_checkpoint`."""
    write_atomically(path, lambda temporary: torch.save(dict(state), temporary))


def load_checkpoint(path: Path) -> dict:
    """Read a checkpoint without running any code from it.

    Raises: ValueError that names the file if it is not a complete checkpoint.
    """
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many types for a damaged archive; all mean the same to the reader
        raise ValueError(f"{path} is not a readable checkpoint ({type(error).__name__}: {error})") from None
