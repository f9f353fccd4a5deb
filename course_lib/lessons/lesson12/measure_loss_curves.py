"""Six loss curves, five of them of runs that somebody has worried about: what each looks like, from tiny real runs.

    python -m course_lib.lessons.lesson12.measure_loss_curves --out assets/results/loss_curves.json

All train the same small network by flow matching on the embedded images, from the same seed. A run that is there
already is not done again.
"""

import argparse
import dataclasses
import math

import torch
from tqdm.auto import tqdm

from course_lib.assets import ASSETS
from course_lib.data import load_dataset
from course_lib.files import local_path
from course_lib.lessons.shared.results import read_results, write_results
from course_lib.training.accelerator import make_accelerator
from course_lib.training.config import TrainingConfig, make_process
from course_lib.training.loop import training_steps
from course_lib.training.start import new_state

COMMAND = "python -m course_lib.lessons.lesson12.measure_loss_curves --out assets/results/loss_curves.json"
NO_CLIPPING = 1e9
WELL = TrainingConfig(
    unet={"base_channels": 8, "channel_mults": (1, 2, 4), "num_res_blocks": 1, "dropout": 0.0},
    steps=400,
    batch_size=16,
    learning_rate=5e-3,
    warmup_steps=20,
    schedule="cosine",
    beta2=0.99,
    ema_decay=0.9,
)
RUNS = {
    "learning rate too small": {"learning_rate": 2e-5},
    "resumed without the moments": {"schedule": "constant"},
    "diverged": {"learning_rate": 1.0, "warmup_steps": 0, "grad_clip": NO_CLIPPING, "schedule": "constant"},
    "all is well": {},
    "noisy, and fine": {"batch_size": 2},
    "learning rate too large": {
        "learning_rate": 4e-2,
        "warmup_steps": 0,
        "grad_clip": NO_CLIPPING,
        "schedule": "constant",
    },
}


def losses_of(name: str, config: TrainingConfig) -> list[float]:
    """The loss of every step; a run whose loss is no longer a number ends there."""
    accelerator = make_accelerator(cpu=True)
    dataset, process = load_dataset(config.data), make_process(config)
    state = new_state(config, len(dataset.class_names), accelerator.device)
    seen: list[float] = []
    halves = (config.steps // 2, config.steps) if name.startswith("resumed") else (config.steps,)
    for until in halves:
        part = dataclasses.replace(config, steps=until)
        steps = training_steps(part, state, dataset, process, accelerator)
        for loss in tqdm(steps, total=until, initial=state.step, desc=name, leave=False):
            seen.append(loss.item())
            if not math.isfinite(seen[-1]) or seen[-1] > 1e6:
                return seen[:-1]
        # what is lost if only weights and step were saved: AdamW's two moments
        state.optimizer = torch.optim.AdamW(
            state.model.parameters(), betas=(0.9, config.beta2), weight_decay=config.weight_decay
        )
    return seen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=local_path, default=ASSETS / "results" / "loss_curves.json")
    parser.add_argument("--quick", action="store_true", help="6 steps, to see that it works")
    options = parser.parse_args()
    results = read_results(options.out)
    for name, changes in RUNS.items():
        if name in results:
            continue
        config = dataclasses.replace(WELL, **changes, **({"steps": 6} if options.quick else {}))
        losses = losses_of(name, config)
        results[name] = {
            "steps": config.steps,
            "batch_size": config.batch_size,
            "learning_rate": config.learning_rate,
            "loss": [round(loss, 4) for loss in losses],
        }
        write_results(options.out, results, COMMAND)


if __name__ == "__main__":
    main()
