"""What every data set here is: images that fit in memory, always handed out as (3, 32, 32) in [-1, 1]."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.utils.data import Dataset

from course_lib.data.pixels import from_pixels

IMAGE_SIZE = 32


@dataclass(frozen=True)
class ImageDataset(Dataset):
    """A data set in memory, usable with torch's DataLoader and, faster, by taking a whole batch at once.

    Attributes:
        name: the name that `load_dataset` knows it by.
        pixels: (N, C, 32, 32) uint8 with C = 1 or 3; grey images are repeated on three channels when handed out.
        labels: (N,) int64, from 0 to len(class_names) - 1.
        class_names: what each label means.
        flip: whether a mirrored image is as likely as the image itself. True for CIFAR-10 only: in Fashion-MNIST
            all shoes point left, so flipping changes the distribution the model is asked to learn.
        factors: exact factors of variation, one (N,) tensor each, where the data are procedural.
    Raises: ValueError if the tensors do not fit together.
    """

    name: str
    pixels: Tensor
    labels: Tensor
    class_names: tuple[str, ...]
    flip: bool = False
    factors: dict[str, Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.pixels.dtype != torch.uint8 or self.pixels.shape[1:] not in [(1, IMAGE_SIZE, IMAGE_SIZE), (3, 32, 32)]:
            raise ValueError(
                f"pixels has shape {tuple(self.pixels.shape)} and type {self.pixels.dtype}; "
                "allowed: (N, 1, 32, 32) or (N, 3, 32, 32), torch.uint8"
            )
        if self.labels.shape != self.pixels.shape[:1]:
            raise ValueError(f"labels has shape {tuple(self.labels.shape)}; allowed: ({len(self.pixels)},)")
        highest = len(self.class_names) - 1
        if len(self.labels) and not 0 <= int(self.labels.min()) <= int(self.labels.max()) <= highest:
            raise ValueError(
                f"labels run from {self.labels.min()} to {self.labels.max()}; allowed: 0 to {highest} for {self.name}"
            )

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        """One image (3, 32, 32) in [-1, 1] and its label."""
        images, labels = self.batch(torch.tensor([range(len(self))[index]], device="cpu"))
        return images[0], int(labels[0])

    def batch(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        """The images (B, 3, 32, 32) float32 in [-1, 1] and labels (B,) at `indices` (B,)."""
        images = from_pixels(self.pixels[indices].expand(-1, 3, -1, -1))
        return images, self.labels[indices]


def class_number(class_name: str, class_names: Sequence[str]) -> int:
    """The label of a class given by name (any case) or by number, as people type it.

    Raises: ValueError that lists the classes.

    >>> class_number("ankle BOOT", ["Bag", "Ankle boot"]), class_number("0", ["Bag", "Ankle boot"])
    (1, 0)
    """
    wanted = class_name.strip().lower()
    names = [name.lower() for name in class_names]
    if wanted in names:
        return names.index(wanted)
    if wanted.isdecimal() and int(wanted) < len(names):
        return int(wanted)
    listed = ", ".join(f"{number} {name}" for number, name in enumerate(class_names))
    raise ValueError(f"class is {class_name!r}; allowed, by name or number: {listed}")
