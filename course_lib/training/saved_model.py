"""A trained model as one safetensors file that says what it is: weights, config, class names."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import nn

from course_lib.defaults import usual_defaults
from course_lib.files import local_path, save_safetensors
from course_lib.shown_command import shown_command
from course_lib.training.config import Process, TrainingConfig, process_for, schedule_of
from course_lib.training.run_folder import RunFolder
from course_lib.unet import UNet, without_wrappers


@dataclass(frozen=True)
class TrainedModel:
    """What is needed to draw pictures: the network in evaluation mode, its process, and the names of its classes."""

    model: UNet
    process: Process
    config: TrainingConfig
    class_names: tuple[str, ...]
    step: int


def save_trained(trained: TrainedModel, path: Path, precision: torch.dtype = torch.float32) -> None:
    """Write the weights, and in the file's metadata what they are; half `precision` halves the file."""
    metadata = {
        "config": trained.config.to_json(),
        "class_names": json.dumps(trained.class_names),
        "step": str(trained.step),
        "schedule": schedule_of(trained.process),
    }
    # copies: in the file, weights that two layers share stand twice
    weights = without_wrappers(trained.model.state_dict())
    weights = {name: values.to(precision, copy=True) for name, values in weights.items()}
    save_safetensors(weights, local_path(path), metadata)


@usual_defaults()
def load_trained(
    run: str | Path,
    device: torch.device | str = "cpu",
    make_model: Callable[..., nn.Module] = UNet,
    process: Process | None = None,
) -> TrainedModel:
    """Load the averaged weights of a run's folder, or of a .safetensors file that `save_trained` wrote.

    Half precision weights are computed with in float32. Names that torch.compile or DistributedDataParallel has put
    something in front of are read like any others.

    Args:
        make_model, process: what `train` was given, where it was given any.
    Raises: ValueError that names the run if there is nothing to load, the file is damaged, or a weight is not a number;
        and for a run whose noise schedule is another than DDPM's usual one, unless its process is given.
    """
    folder = RunFolder(run)
    path = folder.model if folder.path.is_dir() else folder.path
    if not path.is_file():
        raise ValueError(
            f"run is {str(run)!r}, which holds no trained model; allowed: the folder of a run "
            f"({shown_command('course_lib', 'train', '--out')} FOLDER) or a .safetensors file"
        )
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            weights = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118  (not a dict)
        weights = without_wrappers(weights)
        config = TrainingConfig.from_json(metadata["config"])
        class_names = tuple(json.loads(metadata["class_names"]))
        model = make_model(num_classes=len(class_names), **config.unet)
        model.load_state_dict(weights)
        step = int(metadata.get("step", 0))
    except (SafetensorError, OSError, KeyError, TypeError, AttributeError, RuntimeError, ValueError) as error:
        reason = f"it has no {error}" if isinstance(error, KeyError) else " ".join(str(error).split())[:200]
        raise ValueError(
            f"{path} is not a trained model of this course ({reason}); allowed: a run's folder, or the "
            "model.safetensors in it"
        ) from None
    for name, values in weights.items():
        if not values.isfinite().all():
            raise ValueError(f"{path} holds {name} with values that are nan or infinite, so that it can draw nothing")
    model = model.eval().to(device)
    if torch.device(device).type in ("cpu", "cuda"):  # draws faster, see benchmarks/
        model = model.to(memory_format=torch.channels_last)
    process = process_for(config, None, metadata.get("schedule", "")) if process is None else process
    return TrainedModel(model, process, config, class_names, step)
