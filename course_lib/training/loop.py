"""The training loop, as a generator: the caller decides about progress bars, checkpoints and pictures."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from course_lib.data.image_dataset import ImageDataset
from course_lib.ddpm import DDPM
from course_lib.ema import EMA
from course_lib.flow_matching import FlowMatching
from course_lib.training.batches import share_of, training_batch
from course_lib.training.config import TrainingConfig
from course_lib.training.hardware import memory_format_for


@dataclass
class TrainingState:
    """What changes while training, and what a checkpoint therefore holds."""

    model: nn.Module
    ema: EMA
    optimizer: torch.optim.Optimizer
    step: int = 0


def learning_rate(config: TrainingConfig, step: int) -> float:
    """Linear warm-up, then constant, or half a cosine that reaches zero after the last step."""
    warm_up = min(1.0, (step + 1) / max(1, config.warmup_steps))
    decay = 1.0 if config.schedule == "constant" else (1 + math.cos(math.pi * step / config.steps)) / 2
    return config.learning_rate * warm_up * decay


def training_steps(
    config: TrainingConfig,
    state: TrainingState,
    dataset: ImageDataset,
    process: DDPM | FlowMatching,
    accelerator: Accelerator,
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
        torch.manual_seed(config.seed + state.step * accelerator.num_processes + accelerator.process_index)
        # the loss and its gradient
        images = images.contiguous(memory_format=memory_format)
        loss = process.loss(state.model, images, labels, t=t, noise=noise)
        state.optimizer.zero_grad()
        accelerator.backward(loss)
        # one step of AdamW, with the gradient clipped and the learning rate of this step
        accelerator.clip_grad_norm_(state.model.parameters(), config.grad_clip)
        for group in state.optimizer.param_groups:
            group["lr"] = learning_rate(config, state.step)
        state.optimizer.step()
        # the average follows
        state.ema.update(accelerator.unwrap_model(state.model), state.step)
        state.step += 1
        yield loss.detach()
