"""Run a training from its config to its last step: folder, checkpoints, metrics, pictures."""

import contextlib
import dataclasses
import math
import time
from collections.abc import Callable
from pathlib import Path

import torch
from accelerate.utils import broadcast_object_list
from torch import nn

from course_lib.data import load_dataset
from course_lib.data.download import is_url
from course_lib.files import holds_text, local_path, save_checkpoint, write_if_new
from course_lib.pictures import save_grid, save_loss_curve
from course_lib.training.accelerator import make_accelerator
from course_lib.training.config import Process, TrainingConfig, ema_decay_within, process_for, schedule_of
from course_lib.training.draw import default_steps, draw_images
from course_lib.training.loop import TrainingState, training_steps
from course_lib.training.rehearsal import needed_at_the_end, rehearse
from course_lib.training.run_folder import RunFolder
from course_lib.training.saved_model import TrainedModel, save_trained
from course_lib.training.show_progress import told_progress
from course_lib.training.start import begin_from, check_same_run, load_state, new_state, state_to_save
from course_lib.unet import UNet

# a checkpoint holds at most four numbers a parameter: weight, average, and AdamW's two moments (Muon has one mean)
BYTES_A_PARAMETER = 4 * 4
# a budget of minutes goes to steps but for this share: checkpoints, pictures, and a machine that is slower at times
SHARE_FOR_STEPS = 0.88
MINUTES_OF_A_YEAR = 525_600
# how long steps are timed for it
SECONDS_TIMED = 3.0


@torch.random.fork_rng(devices=[])
def train(
    config: TrainingConfig,
    out: str | Path,
    *,
    data_dir: str | Path | None = None,
    resume: bool = False,
    overwrite: bool = False,
    compile_model: bool = False,
    cpu: bool = False,
    make_model: Callable[..., nn.Module] = UNet,
    process: Process | None = None,
    grids: bool = True,
    minutes: float | None = None,
) -> RunFolder:
    """Train as `config` says and leave everything in the folder `out`.

    The device is chosen by itself (cuda, mps, cpu) unless `cpu` is set; started by `accelerate launch`, several
    processes share each batch. Where the hardware computes in bf16, convolutions and matrix products do.

    Before anything in `out` changes, a step is taken and taken back. What is there stays until the new run's first
    checkpoint takes its place.

    Args:
        data_dir: see `load_dataset`; a resumed run remembers it.
        out: the run's folder. A run that is already there is left alone, unless it is to be resumed or overwritten.
        resume: go on from the last checkpoint. On the CPU the weights end up the same, bit for bit, as without the
            interruption. More steps than before are allowed where the schedule is "constant".
        make_model, process: what to train and how, where they are not the library's: a class like `UNet`, and a
            process like the one that `config.method` names. A learner's own, for instance, or a DDPM with another
            schedule; whoever loads the run gives them again.
        grids: whether to draw sample grids, at the end and now and then.
        minutes: time some steps first, and take as many as fit in place of `config.steps`. The number is stored in the
            run's config, so that the run is as reproducible as any. A resumed run has its number already.
    Raises: ValueError for a request that cannot be met; FloatingPointError if the loss or the weights are no longer
        numbers; OSError for a disk that fails on the way. The last checkpoint is then intact.
    """
    folder = RunFolder(out)
    check_minutes(minutes)
    found = folder.stamp()
    saved = folder.last_checkpoint() if resume else None
    if saved is not None:
        check_same_run(config, saved)
        data_dir = saved.get("data_dir") if data_dir is None else data_dir
    elif not overwrite:
        folder.check_free()
    accelerator = make_accelerator(cpu)
    with accelerator.main_process_first():  # which downloads the data; the others find the files
        dataset = load_dataset(config.data, data_dir)
    process = process_for(config, process, "" if saved is None else saved.get("schedule", ""))
    state = new_state(config, len(dataset.class_names), accelerator.device, make_model)
    if saved is not None:
        load_state(state, saved)
    elif config.start_from:
        begin_from(state, config, dataset, make_model, process)
    if compile_model:
        state.model.compile()
    unwrapped = state.model
    state.model, state.optimizer = accelerator.prepare(state.model, state.optimizer)
    needed_at_the_end(grids)
    a_step = rehearse(config, state, dataset, process, accelerator, SECONDS_TIMED if minutes and not resume else 0)
    if minutes and not resume:
        steps = broadcast_object_list([max(1, int(SHARE_FOR_STEPS * 60 * minutes / a_step))])[0]
        config = dataclasses.replace(config, steps=steps, ema_decay=ema_decay_within(config.ema_decay, steps))
        state.ema.decay = config.ema_decay

    # the folder is this run's from its first checkpoint on; until then a new run's metrics wait
    folder_is_ours, waiting = resume, []

    def store() -> None:
        nonlocal folder_is_ours
        require_numbers(state, folder if folder_is_ours else None)
        kept = {"config": config.to_json(), "data_dir": remembered(data_dir), "schedule": schedule_of(process)}
        kept |= {} if folder_is_ours else {"begins_with": waiting}
        save_checkpoint(state_to_save(state, unwrapped) | kept, folder.checkpoint)
        if not folder_is_ours:
            folder.begin(config.to_json(), waiting)
            folder_is_ours = True
        show()

    def show() -> None:
        save_trained(as_trained(), folder.model)
        save_loss_curve(folder.read_metrics(), folder.loss_curve)

    def draw() -> None:
        save_grid(sample_grid(as_trained()), folder.samples(state.step), dataset.class_names)

    def as_trained() -> TrainedModel:
        return TrainedModel(state.ema.average, process, config, dataset.class_names, state.step)

    watch = Stopwatch(config, state.step)
    with contextlib.ExitStack() as stack:
        tell = None
        if accelerator.is_main_process:
            stack.enter_context(folder.only_writer())
            if folder.stamp() != found:
                raise ValueError(
                    f"out is {str(folder.path)!r}, in which another process has trained meanwhile; allowed: another "
                    "folder, or this command once more"
                )
            folder.prepare(BYTES_A_PARAMETER * sum(parameter.numel() for parameter in unwrapped.parameters()))
            if saved is not None:
                # what came after the checkpoint may have been cut off
                if "begins_with" in saved and not holds_text(folder.config, saved["config"]):
                    folder.begin(saved["config"], saved["begins_with"])
                folder.forget_metrics_after(state.step)
                write_if_new(folder.config, config.to_json())  # it may have more steps than before
                show()
                if grids and state.step == config.steps:
                    draw()
            tell = stack.enter_context(told_progress(state.step, config.steps, config.batch_size))
        accelerator.wait_for_everyone()
        for loss in training_steps(config, state, dataset, process, accelerator):
            if tell is None:
                continue
            watch.add(loss)
            at_the_end, metrics = state.step == config.steps, None
            draws = grids and (at_the_end or state.step % config.sample_every == 0)
            if at_the_end or state.step % config.log_every == 0:
                metrics = watch.read(state.step, folder if folder_is_ours else None)
                metrics["learning_rate"] = state.optimizer.param_groups[0]["lr"]
                if folder_is_ours:
                    folder.append_metrics(**metrics)
                else:
                    waiting.append(metrics)
            if at_the_end or state.step % config.checkpoint_every == 0 or (draws and not folder_is_ours):
                store()
            if draws:
                draw()
            tell(state.step, metrics)
    accelerator.end_training()
    return folder


def check_minutes(minutes: float | None) -> None:
    if minutes is not None and not 0 < minutes <= MINUTES_OF_A_YEAR:
        raise ValueError(f"minutes is {minutes!r}; allowed: a number above 0, at most {MINUTES_OF_A_YEAR:,}, a year")


def remembered(data_dir: str | Path | None) -> str | None:
    """`data_dir` as it is found from any folder."""
    if data_dir is None or is_url(data_dir):
        return data_dir
    return str(local_path(data_dir).resolve())


class Stopwatch:
    """Mean loss and speed since the last line of metrics, reading the device only when asked."""

    def __init__(self, config: TrainingConfig, step: int) -> None:
        self.batch_size, self.step = config.batch_size, step
        self.started, self.losses = time.perf_counter(), []

    def add(self, loss: torch.Tensor) -> None:
        self.losses.append(loss)

    def read(self, step: int, folder: RunFolder | None) -> dict[str, float]:
        """Raises: FloatingPointError if the loss is no longer a number; `folder` is where a checkpoint is, if any."""
        loss, now = torch.stack(self.losses).mean().item(), time.perf_counter()
        images_a_second = (step - self.step) * self.batch_size / (now - self.started)
        self.step, self.started, self.losses = step, now, []
        if not math.isfinite(loss):
            raise diverged(f"the loss is {loss}", step, folder)
        return {"step": step, "loss": round(loss, 6), "images_per_second": round(images_a_second, 1)}


def require_numbers(state: TrainingState, folder: RunFolder | None) -> None:
    """Raise FloatingPointError rather than let weights that are not numbers take a good checkpoint's place."""
    weights = [*state.model.parameters(), *state.ema.average.parameters()]
    if not torch.stack([weight.isfinite().all() for weight in weights]).all():
        raise diverged("a weight is nan or infinite", state.step, folder)


def diverged(what: str, step: int, folder: RunFolder | None) -> FloatingPointError:
    kept = "no checkpoint was written" if folder is None else f"the checkpoint in {folder.path} is from before"
    return FloatingPointError(
        f"{what} at step {step}: the run has diverged. A lower --learning-rate usually helps; {kept}"
    )


def sample_grid(trained: TrainedModel, columns: int = 5) -> torch.Tensor:
    """Images (classes * columns, 3, 32, 32), one row a class, always from the same noise: grids can be compared."""
    labels = torch.arange(len(trained.class_names), device="cpu").repeat_interleave(columns)
    num_steps = min(10, default_steps(trained, None))
    return draw_images(trained, labels, seed=0, num_steps=num_steps, guidance_scale=2.0)
