"""What a training begins with: a fresh network, the weights of another run, or where an earlier run was cut off."""

import dataclasses
import inspect
from collections.abc import Callable

import torch
from torch import nn

from course_lib.data.image_dataset import ImageDataset
from course_lib.defaults import usual_defaults
from course_lib.ema import EMA
from course_lib.training.config import Process, TrainingConfig
from course_lib.training.hardware import memory_format_for
from course_lib.training.loop import TrainingState
from course_lib.training.muon import Muon
from course_lib.training.saved_model import load_trained
from course_lib.unet import UNet

# what a resumed run may change without becoming another run
FREE_TO_CHANGE = ("checkpoint_every", "sample_every", "log_every")


class OtherRunError(ValueError):
    """A run cannot go on, because its checkpoint is that of another config or network."""


@usual_defaults()
def new_state(
    config: TrainingConfig, num_classes: int, device: torch.device, make_model: Callable[..., nn.Module] = UNet
) -> TrainingState:
    """A fresh network, its average and its optimizer, all decided by `config.seed`.

    Raises: ValueError if `make_model` does not take the arguments in `config.unet`.
    """
    try:
        inspect.signature(make_model).bind(num_classes=num_classes, **config.unet)
    except TypeError as error:
        raise ValueError(
            f"unet is {config.unet}, with arguments that the network does not take ({error}); allowed: those of "
            f"{getattr(make_model, '__name__', 'make_model')}"
        ) from None
    torch.manual_seed(config.seed)
    try:
        model = make_model(num_classes=num_classes, **config.unet).to(device)
    except (RuntimeError, MemoryError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise ValueError(
            f"unet is {config.unet}, which cannot be built here ({reason}); allowed: a smaller one"
        ) from None
    model = model.to(memory_format=memory_format_for(device))
    return TrainingState(model, EMA(model, config.ema_decay), new_optimizer(config, model, device))


def new_optimizer(config: TrainingConfig, model: nn.Module, device: torch.device) -> torch.optim.Optimizer:
    """The optimizer that `config.optimizer` names, for all parameters of `model`."""
    fused = device.type in ("cpu", "cuda")  # its whole update in one kernel
    if config.optimizer == "muon":
        return Muon(model, config.learning_rate, config.beta2, config.weight_decay, fused=fused)
    return torch.optim.AdamW(
        model.parameters(),
        lr=config.learning_rate,
        betas=(0.9, config.beta2),
        weight_decay=config.weight_decay,
        fused=fused,
    )


def check_same_run(config: TrainingConfig, saved: dict) -> None:
    """Refuse to go on with another config than the checkpoint's, but for what may change.

    Raises: OtherRunError that names the field, what came and what the run has.
    """
    stored = TrainingConfig.from_json(saved["config"])
    for name in (entry.name for entry in dataclasses.fields(config)):
        asked, own = getattr(config, name), getattr(stored, name)
        if asked == own or name in FREE_TO_CHANGE:
            continue
        allowed = f"the run's own value, {own!r}"
        if name == "steps":
            # the learning rate of the steps already taken must not depend on how many follow
            if stored.schedule == "constant" and asked >= saved["step"]:
                continue
            if stored.schedule == "constant":
                allowed = f"at least the {saved['step']} that were taken"
            else:
                allowed += (
                    f", because its schedule, {stored.schedule!r}, ends there (a new run from its weights: train "
                    "--from RUN --out NEW --steps N)"
                )
        raise OtherRunError(f"{name} is {asked!r}; allowed for a run that is resumed: {allowed}")


def state_to_save(state: TrainingState, model: nn.Module) -> dict:
    """What a checkpoint keeps of `state`; `model` is its network as it was before accelerate wrapped it."""
    return {
        "step": state.step,
        "model": model.state_dict(),
        "ema": state.ema.average.state_dict(),
        "optimizer": state.optimizer.state_dict(),
    }


def load_state(state: TrainingState, saved: dict) -> None:
    """Put what a checkpoint keeps back into `state`. Raises: OtherRunError if it is that of another network."""
    try:
        state.model.load_state_dict(saved["model"])
        state.ema.average.load_state_dict(saved["ema"])
        state.optimizer.load_state_dict(saved["optimizer"])
    except (RuntimeError, KeyError, ValueError) as error:
        raise OtherRunError(
            f"the checkpoint is that of another network ({str(error).partition(chr(10))[0]}); allowed: the network it "
            "was written for"
        ) from None
    state.step = saved["step"]


def begin_from(
    state: TrainingState,
    config: TrainingConfig,
    dataset: ImageDataset,
    make_model: Callable[..., nn.Module],
    process: Process,
) -> None:
    """Begin with the averaged weights of another run. Raises: ValueError that names it, if they do not fit."""
    source = load_trained(config.start_from, make_model=make_model, process=process)
    try:
        if len(source.class_names) != len(dataset.class_names):
            raise RuntimeError(f"it knows {len(source.class_names)} classes, the data {len(dataset.class_names)}")
        for model in (state.model, state.ema.average):
            model.load_state_dict(source.model.state_dict())
    except RuntimeError as error:
        raise ValueError(
            f"start_from is {config.start_from!r}, whose weights do not fit this network "
            f"({' '.join(str(error).split())[:200]}); allowed: the network it was trained with, {source.config.unet}"
        ) from None
