"""Run a training from its config to its last step: folder, checkpoints, metrics, pictures."""

import math
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn
from tqdm.auto import tqdm

from course_lib.data import load_dataset
from course_lib.ema import EMA
from course_lib.files import load_checkpoint, save_checkpoint, write_text
from course_lib.pictures import save_grid, save_loss_curve
from course_lib.training.accelerator import make_accelerator
from course_lib.training.config import Process, TrainingConfig, make_process
from course_lib.training.draw import draw_images
from course_lib.training.hardware import memory_format_for
from course_lib.training.loop import TrainingState, training_steps
from course_lib.training.run_folder import RunFolder
from course_lib.training.saved_model import TrainedModel, save_trained
from course_lib.unet import UNet

# a checkpoint holds four numbers a parameter: weight, average, and AdamW's two moments
BYTES_A_PARAMETER = 4 * 4


def train(
    config: TrainingConfig,
    out: str | Path,
    *,
    data_dir: str | None = None,
    resume: bool = False,
    overwrite: bool = False,
    compile_model: bool = False,
    cpu: bool = False,
    make_model: Callable[..., nn.Module] = UNet,
    process: Process | None = None,
    grids: bool = True,
) -> RunFolder:
    """Train as `config` says and leave everything in the folder `out`.

    The device is chosen by itself (cuda, mps, cpu) unless `cpu` is set; started by `accelerate launch`, several
    processes share each batch. Where the hardware computes in bf16, convolutions and matrix products do.

    Args:
        out: the run's folder. A run that is already there is left alone, unless it is to be resumed or overwritten.
        resume: go on from the last checkpoint. On the CPU the weights end up the same, bit for bit, as without the
            interruption.
        make_model, process: what to train and how, where they are not the library's: a class like `UNet`, and a
            process like the one that `config.method` names. A learner's own, for instance.
        grids: whether to draw sample grids, at the end and now and then.
    Raises: ValueError for a folder that cannot be used; FloatingPointError if the loss is no longer a number.
    """
    folder = RunFolder(out)
    accelerator = make_accelerator(cpu)
    with accelerator.main_process_first():  # which downloads the data; the others find the files
        dataset = load_dataset(config.data, data_dir)
    state = new_state(config, len(dataset.class_names), accelerator.device, make_model)
    if accelerator.is_main_process:
        _prepare_folder(folder, config, state, resume, overwrite)
    accelerator.wait_for_everyone()
    if resume:
        _load_state(state, load_checkpoint(folder.checkpoint))
    if compile_model:
        state.model.compile()
    unwrapped = state.model
    state.model, state.optimizer = accelerator.prepare(state.model, state.optimizer)
    process = make_process(config) if process is None else process

    watch = Stopwatch(config, state.step)
    counted = {"total": config.steps, "initial": state.step, "unit": "img", "unit_scale": config.batch_size}
    with tqdm(**counted, disable=not accelerator.is_main_process) as progress:
        for loss in training_steps(config, state, dataset, process, accelerator):
            if not accelerator.is_main_process:
                continue
            watch.add(loss)
            progress.update()
            at_the_end = state.step == config.steps
            trained = TrainedModel(state.ema.average, process, config, dataset.class_names, state.step)
            if at_the_end or state.step % config.log_every == 0:
                metrics = watch.read(state.step)
                folder.append_metrics(**metrics, learning_rate=state.optimizer.param_groups[0]["lr"])
                progress.set_postfix(loss=f"{metrics['loss']:.4f}")
            if at_the_end or state.step % config.checkpoint_every == 0:
                save_checkpoint(_state_to_save(state, unwrapped), folder.checkpoint)
                save_trained(trained, folder.model)
                save_loss_curve(folder.read_metrics(), folder.loss_curve)
            if grids and (at_the_end or state.step % config.sample_every == 0):
                save_grid(sample_grid(trained), folder.samples(state.step), dataset.class_names)
    accelerator.end_training()
    return folder


def new_state(
    config: TrainingConfig, num_classes: int, device: torch.device, make_model: Callable[..., nn.Module] = UNet
) -> TrainingState:
    """A fresh network, its average and its optimizer, all decided by `config.seed`."""
    torch.manual_seed(config.seed)
    model = make_model(num_classes=num_classes, **config.unet).to(device)
    model = model.to(memory_format=memory_format_for(device))
    optimizer = torch.optim.AdamW(
        model.parameters(),
        lr=config.learning_rate,
        betas=(0.9, config.beta2),
        weight_decay=config.weight_decay,
        fused=device.type in ("cpu", "cuda"),
    )
    return TrainingState(model, EMA(model, config.ema_decay), optimizer)


class Stopwatch:
    """Mean loss and speed since the last line of metrics, reading the device only when asked."""

    def __init__(self, config: TrainingConfig, step: int) -> None:
        self.batch_size, self.step = config.batch_size, step
        self.started, self.losses = time.perf_counter(), []

    def add(self, loss: torch.Tensor) -> None:
        self.losses.append(loss)

    def read(self, step: int) -> dict[str, float]:
        loss, now = torch.stack(self.losses).mean().item(), time.perf_counter()
        images_a_second = (step - self.step) * self.batch_size / (now - self.started)
        self.step, self.started, self.losses = step, now, []
        if not math.isfinite(loss):
            raise FloatingPointError(
                f"the loss is {loss} at step {step}: the run has diverged. A lower --learning-rate usually helps; the "
                "last checkpoint is from before"
            )
        return {"step": step, "loss": round(loss, 6), "images_per_second": round(images_a_second, 1)}


def sample_grid(trained: TrainedModel, columns: int = 5) -> torch.Tensor:
    """Images (classes * columns, 3, 32, 32), one row a class, always from the same noise: grids can be compared."""
    labels = torch.arange(len(trained.class_names)).repeat_interleave(columns)
    return draw_images(trained, labels, seed=0, num_steps=10, guidance_scale=2.0)


def _prepare_folder(
    folder: RunFolder, config: TrainingConfig, state: TrainingState, resume: bool, overwrite: bool
) -> None:
    if folder.holds_a_run() and not (resume or overwrite):
        raise ValueError(
            f"out is {str(folder.path)!r}, which already holds a run; allowed: another folder, --resume to go on with "
            "it, or --overwrite to start it again"
        )
    if resume and not folder.checkpoint.exists():
        raise ValueError(f"out is {str(folder.path)!r}, which has no checkpoint to resume from; allowed: start it anew")
    folder.prepare(BYTES_A_PARAMETER * sum(parameter.numel() for parameter in state.model.parameters()))
    if resume:
        folder.forget_metrics_after(load_checkpoint(folder.checkpoint)["step"])
    else:
        folder.remove_run()
        write_text(folder.config, config.to_json())
        save_checkpoint(_state_to_save(state, state.model), folder.checkpoint)


def _state_to_save(state: TrainingState, model: torch.nn.Module) -> dict:
    return {
        "step": state.step,
        "model": model.state_dict(),
        "ema": state.ema.average.state_dict(),
        "optimizer": state.optimizer.state_dict(),
    }


def _load_state(state: TrainingState, saved: dict) -> None:
    state.model.load_state_dict(saved["model"])
    state.ema.average.load_state_dict(saved["ema"])
    state.optimizer.load_state_dict(saved["optimizer"])
    state.step = saved["step"]
