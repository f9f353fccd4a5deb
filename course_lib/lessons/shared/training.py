"""What stands around every training cell: a budget, checks before the start, the time left, a run that can resume."""

import dataclasses
import itertools
import shutil
import statistics
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn
from tqdm.auto import tqdm

from course_lib.checks.my_work import work_folder
from course_lib.colab import on_colab
from course_lib.data import load_dataset
from course_lib.ddpm import DDPM
from course_lib.flow_matching import FlowMatching
from course_lib.lessons.shared.shipped import shipped_model
from course_lib.lessons.shared.show import smoke
from course_lib.training.config import PROFILES, TrainingConfig, ema_decay_within, make_process
from course_lib.training.hardware import pick_device
from course_lib.training.preflight import preflight, timed_steps
from course_lib.training.run_folder import RunFolder
from course_lib.training.saved_model import TrainedModel, load_trained
from course_lib.training.start import OtherRunError
from course_lib.training.train import train
from course_lib.unet import UNet

# a cell says "about two minutes"; on a slow machine it takes fewer steps rather than longer than this
MOST_MINUTES = 3

SMOKE = {"steps": 6, "batch_size": 8, "warmup_steps": 2, "ema_decay": 0.5, "checkpoint_every": 3, "log_every": 3}


def lesson_config(method: str, **changes: object) -> TrainingConfig:
    """What a lesson trains: about two minutes on two cores, for "ddpm" and "flow" alike.

    Args:
        changes: fields of `TrainingConfig` to set otherwise.
    """
    config = dataclasses.replace(PROFILES["lesson"], method=method, **changes)
    return dataclasses.replace(config, **SMOKE) if smoke() else config


def run_folder(name: str) -> Path:
    """Where a lesson's run is kept: beside the passed exercises, so that a restarted kernel finds it again."""
    return work_folder() / "runs" / name


def pre_flight(
    config: TrainingConfig,
    make_model: Callable[..., nn.Module] = UNet,
    process: DDPM | FlowMatching | None = None,
) -> bool:
    """Ask whether the run can come to a good end, and print a line for each question. False if it cannot."""
    process = make_process(config) if process is None else process
    questions = preflight(config, load_dataset(config.data), process, make_model)
    findings = []
    for finding in tqdm(questions, total=5, desc="before the start", unit="question", leave=False):
        findings.append(finding)
    for finding in findings:
        print(f"{'ok  ' if finding.fine else 'STOP'}  {finding.name}: {finding.text}.")
    return all(finding.fine for finding in findings)


def train_here(
    config: TrainingConfig,
    name: str,
    make_model: Callable[..., nn.Module] = UNet,
    process: DDPM | FlowMatching | None = None,
) -> TrainedModel:
    """Train as `config` says, where it has not been done yet, and return the trained network.

    The checks of `pre_flight` come first. A run that cannot come to a good end is not started: the network that came
    with the course takes its place. A run that was interrupted goes on where it stopped.

    Args:
        name: of the folder under my_work/runs; delete it to train anew.
        make_model, process: the learner's own, or the library's.
    """
    folder = RunFolder(run_folder(name))
    process = make_process(config) if process is None else process
    own = {"make_model": make_model, "process": process}
    begun = config_of(folder)
    same = begun is not None and fitted(begun, config.steps, config.ema_decay) == config
    config = begun if same else config  # its steps fit this machine
    done = steps_done(folder, config) if same else 0
    if done == config.steps:
        print(f"This run is finished already. To train anew, delete the folder my_work/runs/{name}.")
        return load_trained(folder.path, **own)
    if not pre_flight(config, **own):
        print("The run was not started: it would be in vain. The network that came with the course takes its place.")
        return shipped_model(config.method)
    resume = same and folder.checkpoint.exists()
    a_step = seconds_a_step(config, **own)
    if not resume:
        config = within_budget(config, a_step)
    print(time_needed(config, done, a_step))
    try:
        train(config, folder.path, resume=resume, overwrite=not resume, grids=False, **own)
    except OtherRunError:
        # the network is another one than before: what was trained does not fit it
        print("The interrupted run was of another network, so this one begins anew.")
        train(config, folder.path, overwrite=True, grids=False, **own)
    return load_trained(folder.path, **own)


def last_loss(name: str) -> float:
    """The mean loss of the last lines of metrics of a run of `train_here`; NaN if it was never started."""
    rows = RunFolder(run_folder(name)).read_metrics()[-5:]
    return sum(row["loss"] for row in rows) / len(rows) if rows else float("nan")


def config_of(folder: RunFolder) -> TrainingConfig | None:
    """The config of the run in `folder`, or None where there is none that can be read."""
    try:
        return TrainingConfig.from_json(folder.config.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def within_budget(config: TrainingConfig, a_step: float) -> TrainingConfig:
    """The same config, with fewer steps where `config.steps` would take longer than a lesson's cell may."""
    fitting = max(1, int(60 * MOST_MINUTES / a_step))
    if smoke() or fitting >= config.steps:
        return config
    print(f"{config.steps} steps would take more than {MOST_MINUTES} minutes here, so fewer are taken: {fitting}.")
    return fitted(config, fitting, ema_decay_within(config.ema_decay, fitting))


def fitted(config: TrainingConfig, steps: int, ema_decay: float) -> TrainingConfig:
    return dataclasses.replace(config, steps=steps, ema_decay=ema_decay)


def steps_done(folder: RunFolder, config: TrainingConfig) -> int:
    """Steps that the last checkpoint holds, from the metrics, which may be a few lines ahead of it."""
    rows = folder.read_metrics() if folder.model.exists() else []
    last = rows[-1]["step"] if rows else 0
    return last if last == config.steps else last - last % config.checkpoint_every


def seconds_a_step(config: TrainingConfig, make_model: Callable[..., nn.Module], process: DDPM | FlowMatching) -> float:
    """Measured, on the device that `train` will use."""
    timed = timed_steps(config, load_dataset(config.data), process, make_model)
    return statistics.median_high(itertools.islice(timed, 1, 5))  # the first does not count


def time_needed(config: TrainingConfig, done: int, a_step: float) -> str:
    """One or two sentences: how long it will take here, and on what."""
    left = config.steps - done
    resumed = f"going on after step {done:,}: " if done else ""
    took = minutes(left * a_step)
    return f"{resumed}{left:,} steps of {config.batch_size} images, about {took} {where(pick_device())}"


def minutes(seconds: float) -> str:
    return f"{seconds:.0f} seconds" if seconds < 100 else f"{seconds / 60:.1f} minutes"


def where(device: torch.device) -> str:
    """What does the work, and if a GPU could but does not, how to have it."""
    if device.type != "cpu":
        return f"on the GPU ({device.type})."
    text = f"on the CPU ({torch.get_num_threads()} threads)."
    if on_colab():
        text += " The GPU is switched off: Runtime, Change runtime type, GPU. Then run the notebook again."
    elif shutil.which("nvidia-smi"):
        text += " This machine seems to have an NVIDIA GPU, but this torch cannot use it; see the README's first table."
    return text
