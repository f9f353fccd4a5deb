"""Before a long run: five questions whose wrong answers would waste it, each answered in seconds.

A network that is deaf to the time, or an average that never leaves its beginning, trains without any error. The loss
falls all the same. It is found out hours later, in the pictures, or here.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from course_lib.class_embedding import NO_CLASS
from course_lib.data.image_dataset import ImageDataset
from course_lib.ddpm import DDPM
from course_lib.training.accelerator import make_accelerator
from course_lib.training.batches import Batch, training_batch
from course_lib.training.config import LARGEST_EMA_SHARE, Process, TrainingConfig
from course_lib.training.rehearsal import seconds_of_steps
from course_lib.training.start import new_state

# an untrained network predicts small numbers, so its loss lies near that of a network that predicts zero
LOWEST_START, HIGHEST_START = 0.7, 2.0
OVERFIT_IMAGES, OVERFIT_STEPS = 8, 24
# what so many steps on one batch must at least reach, as a share of the loss at the start
OVERFITTED = 0.6
# relative change of the output below which a network counts as deaf: rounding alone gives 1e-6
DEAF = 1e-4


@dataclass(frozen=True)
class Readiness:
    """The answer to one question before the run.

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
    process: Process,
    make_model: Callable[..., nn.Module],
    device: torch.device | str = "cpu",
) -> Iterator[Readiness]:
    """Ask the questions one after the other, on a fresh network of the run's kind; nothing of the run is touched."""
    yield ema_fits(config)
    with torch.random.fork_rng(devices=[]):
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


def ema_fits(config: TrainingConfig) -> Readiness:
    """Whether the average can forget the random beginning within the run."""
    covered = 1 / (1 - config.ema_decay)
    text = f"decay {config.ema_decay:g} averages over about {covered:,.0f} steps, the run has {config.steps:,}"
    fine = covered <= 1.001 * max(LARGEST_EMA_SHARE * config.steps, 10)
    fitting = 1 - 1 / max(2.0, LARGEST_EMA_SHARE * config.steps / 2)
    reason = f"The pictures would come from a network that is still half asleep; try ema_decay={fitting:.4g}"
    return judged("average of the weights", fine, text, reason)


@torch.no_grad()
def starting_loss(model: nn.Module, process: Process, batch: Batch) -> Readiness:
    """Whether an untrained network's loss lies near that of a network that always says zero."""
    loss = loss_of(model.eval(), process, batch).item()
    target = batch.noise if isinstance(process, DDPM) else process.velocity(batch.images, batch.noise)
    known = target.square().mean().item()
    text = f"{loss:.2f}, where a network that says zero has {known:.2f}"
    fine = LOWEST_START * known <= loss <= HIGHEST_START * known
    if not math.isfinite(loss):
        reason = "Not a number to learn from: look for a division by zero, or a root of something negative"
    elif loss < known:
        reason = "Too good to be true before any training: does the loss compare the right two things?"
    else:
        reason = "Far too large: images outside [-1, 1], or an output that is scaled?"
    return judged("loss at the start", fine, text, reason)


def can_overfit(model: nn.Module, process: Process, batch: Batch) -> Readiness:
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
    reason = f"It must fall below {OVERFITTED * first:.2f}: "
    reason += "is a gradient cut off (detach, no_grad), or a layer not registered?"
    return judged("one batch can be learned", last < OVERFITTED * first, text, reason)


def hears_the_time(model: nn.Module, batch: Batch) -> Readiness:
    early, late = (torch.full((len(batch.images),), t, device=batch.images.device) for t in (50, 900))
    found = change(model, (batch.noise, early, batch.labels), (batch.noise, late, batch.labels))
    text = f"t from 50 to 900 changes the output by {found:.1%}"
    reason = "It is deaf to the time: is the embedding added in every block, and does a GroupNorm with one channel a "
    reason += "group remove it again (lesson 03)?"
    return judged("it hears the time", found > DEAF, text, reason)


def hears_the_class(model: nn.Module, batch: Batch) -> Readiness:
    t = torch.full((len(batch.images),), 500, device=batch.images.device)
    one, other, none = (torch.full_like(batch.labels, label) for label in (0, 1, NO_CLASS))
    found = min(change(model, (batch.noise, t, one), (batch.noise, t, two)) for two in (other, none))
    text = f"another class changes the output by at least {found:.1%}"
    reason = "It is deaf to the class: are the labels handed on, and added to the time embedding?"
    return judged("it hears the class", found > DEAF, text, reason)


def judged(name: str, fine: bool, text: str, reason: str) -> Readiness:
    """An answer that gives its usual reason where the run may not start."""
    return Readiness(name, fine, text if fine else f"{text}. {reason}")


def loss_of(model: nn.Module, process: Process, batch: Batch) -> Tensor:
    return process.loss(model, batch.images, batch.labels, t=batch.t, noise=batch.noise)


@torch.no_grad()
def change(model: nn.Module, one: tuple, other: tuple) -> float:
    """Size of the difference of two outputs, relative to the first."""
    model.eval()
    before, after = model(*one), model(*other)
    return ((after - before).norm() / before.norm().clamp(min=1e-12)).item()


def timed_steps(
    config: TrainingConfig,
    dataset: ImageDataset,
    process: Process,
    make_model: Callable[..., nn.Module],
    cpu: bool = False,
) -> Iterator[float]:
    """The seconds of each step of a fresh network that is trained as the run will train it, for as long as one asks.

    The first step sets things up and takes longer.
    """
    accelerator = make_accelerator(cpu)
    state = new_state(config, len(dataset.class_names), accelerator.device, make_model)
    state.model, state.optimizer = accelerator.prepare(state.model, state.optimizer)
    return seconds_of_steps(config, state, dataset, process, accelerator)
