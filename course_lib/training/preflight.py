"""Before a long run: four questions whose wrong answers would waste it, each answered in seconds.

A network that is deaf to the time, or an average that never leaves its beginning, trains without any error. The loss
falls all the same. It is found out hours later, in the pictures, or here.
"""

import itertools
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from course_lib.class_embedding import NO_CLASS
from course_lib.data.image_dataset import ImageDataset
from course_lib.ddpm import DDPM
from course_lib.ema import EMA
from course_lib.flow_matching import FlowMatching
from course_lib.training.batches import Batch, training_batch
from course_lib.training.config import TrainingConfig

# an untrained network predicts small numbers, so its loss lies near that of a network that predicts zero
LOWEST_START, HIGHEST_START = 0.7, 2.0
OVERFIT_IMAGES, OVERFIT_STEPS = 8, 24
# what so many steps on one batch must at least reach, as a share of the loss at the start
OVERFITTED = 0.6
# relative change of the output below which a network counts as deaf: rounding alone gives 1e-6
DEAF = 1e-4
# the average must cover a fifth of the run at most, or it remembers the beginning
LARGEST_EMA_SHARE = 0.2


@dataclass(frozen=True)
class Finding:
    """One question before the run.

    Attributes:
        name: what was looked at.
        fine: whether the run may start.
        text: what was seen, with its numbers; where it is not fine, also what is usually the reason.
    """

    name: str
    fine: bool
    text: str


def preflight(
    config: TrainingConfig,
    dataset: ImageDataset,
    process: DDPM | FlowMatching,
    make_model: Callable[..., nn.Module],
    device: torch.device | str = "cpu",
) -> Iterator[Finding]:
    """Ask the questions one after the other, on a fresh network of the run's kind; nothing of the run is touched."""
    yield ema_fits(config)
    torch.manual_seed(config.seed)
    model = make_model(num_classes=len(dataset.class_names), **config.unet).to(device)
    batch = Batch(*(part[:OVERFIT_IMAGES].to(device) for part in training_batch(config, dataset, process, step=0)))
    start = starting_loss(model, process, batch)
    yield start
    if not start.fine:
        return
    yield can_overfit(model, process, batch)
    yield hears_the_time(model, batch)
    yield hears_the_class(model, batch)


def ema_fits(config: TrainingConfig) -> Finding:
    """Whether the average can forget the random beginning within the run."""
    covered = 1 / (1 - config.ema_decay)
    text = f"decay {config.ema_decay:g} averages over about {covered:,.0f} steps, the run has {config.steps:,}"
    fine = covered <= 1.001 * max(LARGEST_EMA_SHARE * config.steps, 10)
    if not fine:
        fitting = 1 - 1 / max(2.0, LARGEST_EMA_SHARE * config.steps / 2)
        text += f". The pictures would come from a network that is still half asleep; try ema_decay={fitting:.4g}"
    return Finding("average of the weights", fine, text)


@torch.no_grad()
def starting_loss(model: nn.Module, process: DDPM | FlowMatching, batch: Batch) -> Finding:
    """Whether an untrained network's loss lies near that of a network that always says zero."""
    loss = loss_of(model.eval(), process, batch).item()
    target = batch.noise if isinstance(process, DDPM) else process.velocity(batch.images, batch.noise)
    known = target.square().mean().item()
    text = f"{loss:.2f}, where a network that says zero has {known:.2f}"
    fine = LOWEST_START * known <= loss <= HIGHEST_START * known
    if not math.isfinite(loss):
        text += ". Not a number to learn from: look for a division by zero, or a root of something negative"
    elif not fine and loss < known:
        text += ". Too good to be true before any training: does the loss compare the right two things?"
    elif not fine:
        text += ". Far too large: images outside [-1, 1], or an output that is scaled?"
    return Finding("loss at the start", fine, text)


def can_overfit(model: nn.Module, process: DDPM | FlowMatching, batch: Batch) -> Finding:
    """Train `model` on one batch, always the same: a network that cannot learn eight images cannot learn 60,000."""
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3)
    losses = []
    for _ in range(OVERFIT_STEPS):
        loss = loss_of(model, process, batch)
        optimizer.zero_grad()
        if loss.requires_grad:
            loss.backward()
            optimizer.step()
        losses.append(loss.detach())
    first, last = losses[0].item(), torch.stack(losses[-5:]).mean().item()
    text = f"{len(batch.images)} images, {OVERFIT_STEPS} steps: the loss went from {first:.2f} to {last:.2f}"
    fine = last < OVERFITTED * first
    if not fine:
        text += ". It must fall below "
        text += f"{OVERFITTED * first:.2f}: is a gradient cut off (detach, no_grad), or a layer not registered?"
    return Finding("one batch can be learned", fine, text)


def hears_the_time(model: nn.Module, batch: Batch) -> Finding:
    early, late = (torch.full((len(batch.images),), t, device=batch.images.device) for t in (50, 900))
    found = change(model, (batch.noise, early, batch.labels), (batch.noise, late, batch.labels))
    text = f"t from 50 to 900 changes the output by {found:.1%}"
    if found <= DEAF:
        text += ". It is deaf to the time: is the embedding added in every block, and does a GroupNorm with one "
        text += "channel a group remove it again (lesson 03)?"
    return Finding("it hears the time", found > DEAF, text)


def hears_the_class(model: nn.Module, batch: Batch) -> Finding:
    t = torch.full((len(batch.images),), 500, device=batch.images.device)
    one, other, none = (torch.full_like(batch.labels, label) for label in (0, 1, NO_CLASS))
    found = min(change(model, (batch.noise, t, one), (batch.noise, t, two)) for two in (other, none))
    text = f"another class changes the output by at least {found:.1%}"
    if found <= DEAF:
        text += ". It is deaf to the class: are the labels handed on, and added to the time embedding?"
    return Finding("it hears the class", found > DEAF, text)


def loss_of(model: nn.Module, process: DDPM | FlowMatching, batch: Batch) -> Tensor:
    return process.loss(model, batch.images, batch.labels, t=batch.t, noise=batch.noise)


@torch.no_grad()
def change(model: nn.Module, one: tuple, other: tuple) -> float:
    """Size of the difference of two outputs, relative to the first."""
    model.eval()
    before, after = model(*one), model(*other)
    return ((after - before).norm() / before.norm().clamp(min=1e-12)).item()


def seconds_a_step(
    config: TrainingConfig,
    dataset: ImageDataset,
    process: DDPM | FlowMatching,
    make_model: Callable[..., nn.Module],
    device: torch.device | str,
    bf16: bool,
    steps: int = 4,
) -> float:
    """Time a few steps of the run on this machine; the first, which sets things up, does not count."""
    timed = timed_steps(config, dataset, process, make_model, device, bf16)
    times = [next(timed) for _ in range(steps + 1)]
    return sorted(times[1:])[steps // 2]


def timed_steps(
    config: TrainingConfig,
    dataset: ImageDataset,
    process: DDPM | FlowMatching,
    make_model: Callable[..., nn.Module],
    device: torch.device | str,
    bf16: bool,
) -> Iterator[float]:
    """Train a fresh network of the run's kind for as long as the caller asks, and yield each step's seconds."""
    torch.manual_seed(config.seed)
    model = make_model(num_classes=len(dataset.class_names), **config.unet).to(device).train()
    optimizer, average = torch.optim.AdamW(model.parameters(), lr=1e-4), EMA(model, config.ema_decay)
    for step in itertools.count():
        started = time.perf_counter()
        batch = Batch(*(part.to(device) for part in training_batch(config, dataset, process, step)))
        with torch.autocast(torch.device(device).type, torch.bfloat16, enabled=bf16):
            loss = loss_of(model, process, batch)
        optimizer.zero_grad()
        if loss.requires_grad:
            loss.backward()
        optimizer.step()
        average.update(model, step)
        loss.item()  # a GPU works on while Python goes ahead: wait for it
        yield time.perf_counter() - started
