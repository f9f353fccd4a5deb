"""What a lesson's training run looks like when all is well: its loss over several seeds, and pictures along the way.

    python -m course_lib.lessons.shared.measure_expectations

Writes assets/results/expectations.json, and for each method four grids of samples, expectations_METHOD_STEP.png. The
lessons draw them as a strip, so that "is this normal?" has an answer. What is there already is not run again.
"""

import argparse
import dataclasses
from pathlib import Path

import torch
from tqdm.auto import tqdm

from course_lib.assets import ASSETS
from course_lib.data import load_dataset
from course_lib.files import local_path
from course_lib.lessons.shared.expectations import DRAWN
from course_lib.lessons.shared.results import read_results, write_results
from course_lib.pictures.grid import tile
from course_lib.training.accelerator import make_accelerator
from course_lib.training.config import PROFILES, TrainingConfig, make_process
from course_lib.training.draw import draw_images
from course_lib.training.loop import training_steps
from course_lib.training.saved_model import TrainedModel
from course_lib.training.start import new_state

SEEDS = (0, 1, 2)
METHODS = ("ddpm", "flow")
# parts of the budget at which pictures are drawn
MOMENTS = (0.01, 0.1, 0.5, 1.0)
# the loss of a single step jumps; this many steps are averaged
WINDOW = 20


def moments(steps: int) -> list[int]:
    """The steps at which pictures are drawn."""
    return [max(1, round(part * steps)) for part in MOMENTS]


def run_once(config: TrainingConfig, pictures: Path | None) -> list[float]:
    """Train, and return the mean loss of every WINDOW steps; with `pictures`, draw grids at the four moments."""
    accelerator = make_accelerator(cpu=True)
    dataset = load_dataset(config.data)
    state = new_state(config, len(dataset.class_names), accelerator.device)
    process = make_process(config)
    losses = []
    steps = training_steps(config, state, dataset, process, accelerator)
    for loss in tqdm(steps, total=config.steps, desc=f"{config.method}, seed {config.seed}"):
        losses.append(loss.item())
        if pictures is not None and state.step in moments(config.steps):
            trained = TrainedModel(state.ema.average, process, config, dataset.class_names, state.step)
            save_small_grid(trained, pictures / f"expectations_{config.method}_{state.step}.png")
    return [round(float(part.mean()), 5) for part in torch.tensor(losses).split(WINDOW)]


def save_small_grid(trained: TrainedModel, path: Path) -> None:
    """Ten pictures, two of each of five classes, as a small PNG."""
    from PIL import Image

    from course_lib.files import write_atomically

    labels = torch.tensor([0, 1, 5, 8, 9]).repeat(2)
    images = draw_images(trained, labels, seed=0, **DRAWN)
    picture = Image.fromarray(tile(images, columns=5).permute(1, 2, 0).numpy())
    write_atomically(path, lambda temporary: picture.save(temporary, optimize=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=local_path, default=ASSETS / "results" / "expectations.json")
    parser.add_argument("--quick", action="store_true", help="a few steps only, to see that it works")
    options = parser.parse_args()
    profile = PROFILES["lesson"]
    if options.quick:
        profile = dataclasses.replace(profile, steps=40)
    results = read_results(options.out)
    for method in METHODS:
        for seed in SEEDS:
            key = f"{method}, seed {seed}"
            if key in results:
                continue
            config = dataclasses.replace(profile, method=method, seed=seed)
            losses = run_once(config, options.out.parent if seed == SEEDS[0] else None)
            results[key] = {"steps": config.steps, "window": WINDOW, "loss": losses}
            write_results(options.out, results, command="python -m course_lib.lessons.shared.measure_expectations")


if __name__ == "__main__":
    main()
