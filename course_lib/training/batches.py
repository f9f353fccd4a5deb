"""The batch of step n depends on the seed and on n, and on nothing else.

So a run that stopped at step n goes on exactly as if it had not, and two processes that share a batch see the very
images, times and noise that one process would have seen.
"""

import functools
from typing import NamedTuple

import torch
from torch import Tensor

from course_lib.data.image_dataset import ImageDataset
from course_lib.defaults import usual_defaults
from course_lib.guidance import drop_labels
from course_lib.seeds import EPOCHS, generator_for
from course_lib.straightening import paired_noise
from course_lib.training.config import Process, TrainingConfig


class Batch(NamedTuple):
    """images (B, 3, 32, 32), labels (B,) with some dropped, times t (B,), noise like the images."""

    images: Tensor
    labels: Tensor
    t: Tensor
    noise: Tensor


@usual_defaults()
def training_batch(config: TrainingConfig, dataset: ImageDataset, process: Process, step: int) -> Batch:
    """The whole batch of step `step`, over all processes together, drawn on the CPU.

    Raises: ValueError if the data set has fewer images than a batch.
    """
    if config.batch_size > len(dataset):
        raise ValueError(
            f"batch_size is {config.batch_size}; allowed: up to the {len(dataset)} images of {config.data}"
        )
    batches_an_epoch = len(dataset) // config.batch_size
    epoch, position = divmod(step, batches_an_epoch)
    order = shuffled(len(dataset), config.seed, epoch)
    images, labels = dataset.batch(order[position * config.batch_size :][: config.batch_size])
    generator = generator_for(config.seed, step)
    if dataset.flip:
        mirrored = torch.rand(len(images), generator=generator, device="cpu") < 0.5
        images = torch.where(mirrored[:, None, None, None], images.flip(-1), images)
    labels = drop_labels(labels, config.class_dropout, generator)
    t = process.sample_times(len(images), generator)
    noise = torch.randn(images.shape, generator=generator, device="cpu", dtype=images.dtype)
    if config.pairing == "within-classes" and config.method == "flow":
        noise = paired_noise(images, noise, labels)  # those whose label was dropped are a class of their own
    return Batch(images, labels, t, noise)


@functools.lru_cache(maxsize=1)
def shuffled(length: int, seed: int, epoch: int) -> Tensor:
    """The order in which epoch `epoch` visits the data set."""
    return torch.randperm(length, generator=generator_for(seed, epoch, stream=EPOCHS), device="cpu")


def share_of(batch: Batch, process_index: int, num_processes: int) -> Batch:
    """The part of a batch that one of several processes works on; all parts are equally large.

    Raises: ValueError if the batch cannot be divided evenly.
    """
    if len(batch.images) % num_processes:
        raise ValueError(f"batch_size is {len(batch.images)}; allowed: a multiple of the {num_processes} processes")
    return Batch(*(part.chunk(num_processes)[process_index] for part in batch))
