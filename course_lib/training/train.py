"""Run a training from its config to its last step: folder, checkpoints, metrics, pictures."""

import contextlib
import copy
import dataclasses
import importlib
import inspect
import math
import time
from collections.abc import Callable
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast_object_list
from torch import nn

from course_lib.data import load_dataset
from course_lib.data.download import is_url
from course_lib.data.image_dataset import ImageDataset
from course_lib.ema import EMA
from course_lib.files import local_path, save_checkpoint, write_text
from course_lib.pictures import save_grid, save_loss_curve
from course_lib.training.accelerator import make_accelerator
from course_lib.training.config import Process, TrainingConfig, ema_decay_within, make_process
from course_lib.training.draw import draw_images
from course_lib.training.hardware import memory_format_for
from course_lib.training.loop import TrainingState, training_steps
from course_lib.training.muon import Muon
from course_lib.training.run_folder import RunFolder
from course_lib.training.saved_model import TrainedModel, load_trained, save_trained
from course_lib.training.show_progress import told_progress
from course_lib.unet import UNet

# a checkpoint holds at most four numbers a parameter: weight, average, and AdamW's two moments (Muon has one mean)
BYTES_A_PARAMETER = 4 * 4
# a budget of minutes goes to steps but for this share: checkpoints, pictures, and a machine that is slower at times
SHARE_FOR_STEPS = 0.88
# how long steps are timed for it
SECONDS_TIMED = 3.0
# what a resumed run may change without becoming another run
FREE_TO_CHANGE = ("checkpoint_every", "sample_every", "log_every")


class OtherRunError(ValueError):
    """A run cannot go on, because its checkpoint is that of another config or network."""


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
            process like the one that `config.method` names. A learner's own, for instance.
        grids: whether to draw sample grids, at the end and now and then.
        minutes: time some steps first, and take as many as fit in place of `config.steps`. The number is stored in the
            run's config, so that the run is as reproducible as any. A resumed run has its number already.
    Raises: ValueError for a request that cannot be met; FloatingPointError if the loss or the weights are no longer
        numbers; OSError for a disk that fails on the way. The last checkpoint is then intact.
    """
    folder = RunFolder(out)
    check_minutes(minutes)
    saved = folder.last_checkpoint() if resume else None
    if saved is not None:
        check_same_run(config, saved)
        data_dir = saved.get("data_dir") if data_dir is None else data_dir
    elif folder.holds_a_run() and not overwrite:
        raise ValueError(
            f"out is {str(folder.path)!r}, which already holds a run; allowed: another folder, --resume to go on with "
            "it, or --overwrite to start it again"
        )
    accelerator = make_accelerator(cpu)
    with accelerator.main_process_first():  # which downloads the data; the others find the files
        dataset = load_dataset(config.data, data_dir)
    process = make_process(config) if process is None else process
    state = new_state(config, len(dataset.class_names), accelerator.device, make_model)
    if saved is not None:
        _load_state(state, saved)
    elif config.start_from:
        _start_from(state, config, dataset, make_model, process)
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

    stored, pending = resume, []  # metrics of a new run wait for its first checkpoint

    def store() -> None:
        nonlocal stored
        require_numbers(state, folder if stored else None)
        kept = {"config": config.to_json(), "data_dir": remembered(data_dir)}
        save_checkpoint(_state_to_save(state, unwrapped) | kept, folder.checkpoint)
        if not stored:
            folder.begin(config.to_json(), pending)
            stored = True
        save_trained(trained, folder.model)
        save_loss_curve(folder.read_metrics(), folder.loss_curve)

    watch = Stopwatch(config, state.step)
    with contextlib.ExitStack() as stack:
        tell = None
        if accelerator.is_main_process:
            stack.enter_context(folder.only_writer())
            folder.prepare(BYTES_A_PARAMETER * sum(parameter.numel() for parameter in unwrapped.parameters()))
            if saved is not None:
                folder.forget_metrics_after(state.step)
                write_config_of(folder, config)
            tell = stack.enter_context(told_progress(state.step, config.steps, config.batch_size))
        accelerator.wait_for_everyone()
        for loss in training_steps(config, state, dataset, process, accelerator):
            if tell is None:
                continue
            watch.add(loss)
            at_the_end, metrics = state.step == config.steps, None
            trained = TrainedModel(state.ema.average, process, config, dataset.class_names, state.step)
            draws = grids and (at_the_end or state.step % config.sample_every == 0)
            if at_the_end or state.step % config.log_every == 0:
                metrics = watch.read(state.step, folder if stored else None)
                metrics["learning_rate"] = state.optimizer.param_groups[0]["lr"]
                if stored:
                    folder.append_metrics(**metrics)
                else:
                    pending.append(metrics)
            if at_the_end or state.step % config.checkpoint_every == 0 or (draws and not stored):
                store()
            if draws:
                save_grid(sample_grid(trained), folder.samples(state.step), dataset.class_names)
            tell(state.step, metrics)
    accelerator.end_training()
    return folder


def check_minutes(minutes: float | None) -> None:
    if minutes is not None and not 0 < minutes < math.inf:
        raise ValueError(f"minutes is {minutes!r}; allowed: a number above 0")


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


def remembered(data_dir: str | Path | None) -> str | None:
    """`data_dir` as it is found from any folder."""
    if data_dir is None or is_url(data_dir):
        return data_dir
    return str(local_path(data_dir).resolve())


def write_config_of(folder: RunFolder, config: TrainingConfig) -> None:
    """Keep config.json true where a resumed run has more steps than before."""
    text = config.to_json()
    if not folder.config.exists() or folder.config.read_text(encoding="utf-8") != text:
        write_text(folder.config, text)


def needed_at_the_end(grids: bool) -> None:
    """Import what the pictures need before the work that they are to show.

    Raises: ValueError that names the package.
    """
    for name in ("matplotlib.figure", "safetensors", *["PIL.ImageDraw"] * grids):
        try:
            importlib.import_module(name)
        except ImportError as error:
            raise ValueError(
                f"the package {name.partition('.')[0]} is needed at the end and cannot be imported ({error}); allowed: "
                "an installation with 'pip install -e .'"
            ) from None


def rehearse(
    config: TrainingConfig,
    state: TrainingState,
    dataset: ImageDataset,
    process: Process,
    accelerator: Accelerator,
    seconds: float = 0.0,
) -> float:
    """Take one step, and more for as long as `seconds`, and take them all back: what cannot work is found here.

    Returns: the mean seconds of a step; the first, which sets things up, does not count where there are more.
    Raises: ValueError that names what is too large or cannot be compiled; whatever the network itself raises.
    """
    tensors = [
        *state.model.parameters(),
        *state.model.buffers(),
        *state.ema.average.parameters(),
        *state.ema.average.buffers(),
    ]
    before = [tensor.detach().clone() for tensor in tensors]
    optimizer, first = copy.deepcopy(state.optimizer.state_dict()), state.step
    endless = dataclasses.replace(config, steps=config.steps + 10**9)
    times, started = [], time.perf_counter()
    try:
        for loss in training_steps(endless, state, dataset, process, accelerator):
            loss.item()  # a GPU works on while Python goes ahead: reading the loss waits for it
            times.append(time.perf_counter() - started - sum(times))
            enough = not seconds or (len(times) > 2 and time.perf_counter() - started > seconds + times[0])
            if broadcast_object_list([enough])[0]:  # several processes take the same number
                break
    except (RuntimeError, MemoryError) as error:
        raise_what_it_means(error, config)
    finally:
        with torch.no_grad():
            for tensor, value in zip(tensors, before, strict=True):
                tensor.copy_(value)
        state.optimizer.zero_grad()
        state.optimizer.load_state_dict(optimizer)
        state.step = first
    counted = times[1:] or times
    return sum(counted) / len(counted)


def raise_what_it_means(error: BaseException, config: TrainingConfig) -> None:
    """A ValueError in place of torch's long text where memory or a compiler is missing, else the error itself."""
    text, first_line = str(error).lower(), str(error).strip().partition("\n")[0]
    if isinstance(error, torch.OutOfMemoryError | MemoryError) or "allocate memory" in text:
        raise ValueError(
            f"batch_size is {config.batch_size}, for which the memory does not suffice ({first_line}); allowed: a "
            "smaller one, or a smaller network"
        ) from None
    if type(error).__module__.startswith(("torch._dynamo", "torch._inductor")):
        raise ValueError(
            f"compile is on, and the network cannot be compiled here ({first_line}); allowed: without --compile"
        ) from None
    raise error


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
    model = make_model(num_classes=num_classes, **config.unet).to(device)
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
    return draw_images(trained, labels, seed=0, num_steps=10, guidance_scale=2.0)


def _state_to_save(state: TrainingState, model: torch.nn.Module) -> dict:
    return {
        "step": state.step,
        "model": model.state_dict(),
        "ema": state.ema.average.state_dict(),
        "optimizer": state.optimizer.state_dict(),
    }


def _load_state(state: TrainingState, saved: dict) -> None:
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


def _start_from(
    state: TrainingState,
    config: TrainingConfig,
    dataset: ImageDataset,
    make_model: Callable[..., nn.Module],
    process: Process,
) -> None:
    """Begin with the averaged weights of another run."""
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
