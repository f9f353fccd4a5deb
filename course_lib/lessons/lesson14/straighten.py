"""Straighten the shipped flow matching network in four pieces, and write the weights that lesson 14 ships.

    python -m course_lib.lessons.lesson14.straighten --work FOLDER

First the network's own paths: 16 guided Euler steps from noise, of which the images at t = 1, 0.75, 0.5, 0.25 and 0 are
kept. Then training on the straight lines between neighbours, beginning with the shipped weights. Both go on where they
were cut off: what is done is in the folder.
"""

import argparse
import copy
import dataclasses
import json
import time
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from course_lib.assets import ASSETS
from course_lib.ema import EMA
from course_lib.files import load_checkpoint, local_path, save_checkpoint, save_safetensors, write_text
from course_lib.lessons.shared.shipped import shipped_model
from course_lib.seeds import mixed_seed
from course_lib.straightening import euler_walk, guided_within, spaced_times, straight_piece
from course_lib.training.config import TrainingConfig
from course_lib.training.saved_model import TrainedModel, save_trained
from course_lib.training.schedule import learning_rate_at

COMMAND = "python -m course_lib.lessons.lesson14.straighten"
NAME = "fashion_mnist_flow_straight.safetensors"
PIECES, TEACHER_STEPS, GUIDANCE = 4, 16, 1.5
CHUNK, CHUNKS = 80, 5
STATIONS = spaced_times(PIECES)
CONFIG = TrainingConfig(
    method="flow",
    data="fashion-mnist",
    steps=130,
    batch_size=48,
    learning_rate=6e-4,
    warmup_steps=20,
    schedule="cosine",
    beta2=0.99,
    ema_decay=0.98,
    class_dropout=0.0,
    start_from="fashion_mnist_flow.safetensors",
    seed=14,
)


# images (B, 3, 32, 32), times (B,), velocities like the images, labels (B,)
Batch = tuple[Tensor, Tensor, Tensor, Tensor]


def make_paths(
    work: Path, chunk: int, seed: int = CONFIG.seed, steps: int = TEACHER_STEPS, pieces: int = PIECES
) -> None:
    """Draw one chunk of guided paths with the shipped network, and keep the stations."""
    path = work / f"paths_{chunk:02}.safetensors"
    if path.is_file():
        return
    trained = shipped_model("flow")
    generator = torch.Generator().manual_seed(mixed_seed(seed, chunk))
    noise = torch.randn(CHUNK, 3, 32, 32, generator=generator)
    labels = torch.arange(CHUNK) % len(trained.class_names)

    def velocity(x: Tensor, t: float) -> Tensor:
        return guided_within(trained.model, x, t, labels, GUIDANCE, 0.0, 1.0)

    states = euler_walk(velocity, noise, spaced_times(steps))[:: steps // pieces]
    tensors = {"states": torch.stack(states, dim=1).half(), "labels": labels}
    save_safetensors(tensors, path, {"made by": COMMAND})


def read_paths(work: Path, chunks: int) -> tuple[Tensor, Tensor]:
    """The paths of so many chunks, (N, S, 3, 32, 32), and their labels (N,)."""
    parts = [load_file(work / f"paths_{chunk:02}.safetensors") for chunk in range(chunks)]
    return tuple(torch.cat([part[name] for part in parts]) for name in ("states", "labels"))


def batch_of(paths: Tensor, labels: Tensor, step: int) -> Batch:
    """One batch of straight pieces.

    Half of the times are beginnings of pieces, where a walk of four steps asks; the others lie anywhere.
    """
    generator = torch.Generator().manual_seed(mixed_seed(CONFIG.seed, step, 1))
    count = CONFIG.batch_size
    chosen = torch.randint(len(paths), (count,), generator=generator)
    times = torch.rand(count, generator=generator)
    times[: count // 2] = torch.tensor(STATIONS[:-1]).repeat(count // PIECES)[: count // 2]
    points = [
        straight_piece(paths[i, :, None].float(), STATIONS, t)
        for i, t in zip(chosen.tolist(), times.tolist(), strict=True)
    ]
    x, velocity = (torch.cat(parts) for parts in zip(*points, strict=True))
    return x, times, velocity, labels[chosen]


def train(work: Path, config: TrainingConfig, batch_at: Callable[[int], Batch]) -> TrainedModel:
    """Train the shipped network on the batch of each step, from the folder's checkpoint if there is one."""
    trained = shipped_model("flow")
    config = dataclasses.replace(config, unet=trained.config.unet)
    model = copy.deepcopy(trained.model).train()
    ema = EMA(model, config.ema_decay)
    rates = {"lr": config.learning_rate, "betas": (0.9, config.beta2), "weight_decay": config.weight_decay}
    optimizer = torch.optim.AdamW(model.parameters(), **rates)
    checkpoint, first = work / "checkpoint.pt", 0
    log = json.loads((work / "log.json").read_text()) if (work / "log.json").is_file() else []
    if checkpoint.is_file():
        state = load_checkpoint(checkpoint)
        model.load_state_dict(state["model"])
        ema.average.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimizer"])
        first = state["step"]
    for step in range(first, config.steps):
        began = time.perf_counter()
        x, times, velocity, classes = batch_at(step)
        loss = (model(x.to(memory_format=torch.channels_last), 1000 * times, classes) - velocity).square().mean()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), config.grad_clip)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate_at(
                step, config.learning_rate, config.warmup_steps, config.steps, config.schedule
            )
        optimizer.step()
        ema.update(model, step)
        log.append([step, round(loss.item(), 5), round(time.perf_counter() - began, 2)])
        if (step + 1) % 25 == 0 or step + 1 == config.steps:
            parts = {"model": model.state_dict(), "average": ema.average.state_dict()}
            save_checkpoint({**parts, "optimizer": optimizer.state_dict(), "step": step + 1}, checkpoint)
            write_text(work / "log.json", json.dumps(log))
            print(step + 1, log[-1], flush=True)
    return dataclasses.replace(trained, model=ema.average.eval(), config=config, step=config.steps)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--work", type=local_path, required=True, help="folder for the paths, the checkpoint and the weights"
    )
    parser.add_argument("--ship", action="store_true", help="copy the finished weights into assets/weights")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    for chunk in range(CHUNKS):
        began = time.perf_counter()
        make_paths(options.work, chunk)
        print(f"paths {chunk + 1} of {CHUNKS}: {time.perf_counter() - began:.0f} s", flush=True)
    paths, labels = read_paths(options.work, CHUNKS)
    trained = train(options.work, CONFIG, lambda step: batch_of(paths, labels, step))
    for folder in (options.work, ASSETS / "weights") if options.ship else (options.work,):
        save_trained(trained, folder / NAME, precision=torch.float16)


if __name__ == "__main__":
    main()
