"""The training loop, as a generator: the caller decides about progress bars, checkpoints and pictures."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from course_lib.data.image_dataset import ImageDataset
from course_lib.ema import EMA
from course_lib.seeds import DROPOUT, mixed_seed
from course_lib.training.batches import share_of, training_batch
from course_lib.training.config import Process, TrainingConfig
from course_lib.training.hardware import memory_format_for
from course_lib.training.schedule import learning_rate_at


@dataclass
class TrainingState:
    """What changes while training, and what a checkpoint therefore holds."""

    model: nn.Module
    ema: EMA
    optimizer: torch.optim.Optimizer
    step: int = 0


def training_steps(
    config: TrainingConfig, state: TrainingState, dataset: ImageDataset, process: Process, accelerator: Accelerator
) -> Iterator[Tensor]:
    """Train from `state.step` to `config.steps`, changing `state` in place; yields each step's loss.

    The loss is a scalar on the device, over this process's share of the batch. Reading its value makes the caller
    wait for the device, so read it now and then, not at every step.
    """
    state.model.train()
    memory_format = memory_format_for(accelerator.device)
    while state.step < config.steps:
        # the batch, this process's share of it, and a dropout that depends on seed and step alone
        batch = training_batch(config, dataset, process, state.step)
        batch = share_of(batch, accelerator.process_index, accelerator.num_processes)
        images, labels, t, noise = (part.to(accelerator.device, non_blocking=True) for part in batch)
        torch.manual_seed(mixed_seed(config.seed, state.step, accelerator.process_index, stream=DROPOUT))
        # the loss and its gradient
        images = images.contiguous(memory_format=memory_format)
        loss = process.loss(state.model, images, labels, t=t, noise=noise)
        state.optimizer.zero_grad()
        accelerator.backward(loss)
        # one step of the optimizer, with the gradient clipped and the learning rate of this step
        accelerator.clip_grad_norm_(state.model.parameters(), config.grad_clip)
        for group in state.optimizer.param_groups:
            group["lr"] = learning_rate_at(
                state.step, config.learning_rate, config.warmup_steps, config.steps, config.schedule
            )
        state.optimizer.step()
        # the average follows
        state.ema.update(accelerator.unwrap_model(state.model), state.step)
        state.step += 1
        yield loss.detach()
