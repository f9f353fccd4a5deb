"""What does averaging the weights do? One training run, followed by several averages at once.

    python -m course_lib.lessons.lesson10.measure_averages --out assets/results/averages.json

The learning rate stays constant, as in the recipes that rely on averaging: one that falls to zero averages by itself.
Every average then draws 500 pictures from the same noise. One row of pictures for each, averages_NAME.png, ten
classes in columns, lies beside the table.
"""

import argparse
import copy
import dataclasses
from pathlib import Path

import torch
from torch import nn
from tqdm.auto import tqdm

from course_lib.assets import ASSETS
from course_lib.data import load_dataset
from course_lib.ema import decay_at, update_average
from course_lib.evaluation.evaluate import Judge, balanced_labels, draw_many
from course_lib.files import local_path, write_atomically
from course_lib.lessons.shared.results import read_results, rounded, write_results
from course_lib.pictures.grid import tile
from course_lib.training.accelerator import make_accelerator
from course_lib.training.config import PROFILES, TrainingConfig, make_process
from course_lib.training.draw import draw_images
from course_lib.training.loop import training_steps
from course_lib.training.saved_model import TrainedModel
from course_lib.training.start import new_state

COMMAND = "python -m course_lib.lessons.lesson10.measure_averages --out assets/results/averages.json"
CONFIG = dataclasses.replace(PROFILES["lesson"], steps=1000, schedule="constant")
# name: the final decay, and whether it is warmed up
AVERAGES = {
    "no average": (0.0, False),
    "0.9": (0.9, True),
    "0.99": (0.99, True),
    "0.999": (0.999, True),
    "0.9999": (0.9999, True),
    "0.9999, no warm-up": (0.9999, False),
}
PICTURES, STEPS, GUIDANCE = 500, 10, 2.0


def trained_averages(config: TrainingConfig) -> dict[str, nn.Module]:
    """Train once; every average follows every step."""
    accelerator = make_accelerator(cpu=True)
    dataset = load_dataset(config.data)
    state = new_state(config, len(dataset.class_names), accelerator.device)
    averages = {name: copy.deepcopy(state.ema.average) for name in AVERAGES}
    steps = training_steps(config, state, dataset, make_process(config), accelerator)
    for step, _ in enumerate(tqdm(steps, total=config.steps, desc="training")):
        for name, (decay, warmed_up) in AVERAGES.items():
            decay_now = decay_at(step, decay) if warmed_up else decay
            update_average(list(averages[name].parameters()), list(state.model.parameters()), decay_now)
    return averages


def save_row(trained: TrainedModel, path: Path) -> None:
    """One picture of every class, side by side, as a small PNG."""
    from PIL import Image

    images = draw_images(trained, torch.arange(10), seed=0, num_steps=20, guidance_scale=GUIDANCE)
    picture = Image.fromarray(tile(images, columns=10).permute(1, 2, 0).numpy())
    write_atomically(path, lambda temporary: picture.save(temporary, format="PNG", optimize=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=local_path, default=ASSETS / "results" / "averages.json")
    parser.add_argument("--quick", action="store_true", help="3 steps and 20 pictures, to see that it works")
    options = parser.parse_args()
    results = read_results(options.out)
    if set(AVERAGES) <= set(results):
        return
    config = TrainingConfig(**{**vars(CONFIG), "steps": 3}) if options.quick else CONFIG
    pictures = 20 if options.quick else PICTURES
    judge, names = Judge(), load_dataset(config.data).class_names
    labels = balanced_labels(pictures, len(names))
    for name, model in trained_averages(config).items():
        trained = TrainedModel(model, make_process(config), config, names, config.steps)
        save_row(trained, options.out.with_name(f"averages_{name.replace(', ', '_').replace(' ', '_')}.png"))
        scores = judge.scores(draw_many(trained, labels, num_steps=STEPS, guidance_scale=GUIDANCE), labels)
        decay, warmed_up = AVERAGES[name]
        about = {"decay": decay, "warmed_up": warmed_up, "trained_steps": config.steps, "pictures": pictures}
        results[name] = {**about, "steps": STEPS, "guidance": GUIDANCE, **rounded(scores)}
        write_results(options.out, results, COMMAND)


if __name__ == "__main__":
    main()
