"""Turn two finished runs into the weights that come with the course: half precision, a model card beside them.

    python -m course_lib.lessons.shared.ship_weights --flow RUN --ddpm RUN

Writes assets/weights/fashion_mnist_METHOD.safetensors from the averaged weights, measures both networks with the
judge of this repository (assets/results/shipped_weights.json), and writes assets/weights/METHOD.md from the numbers.
"""

import argparse
from pathlib import Path
from typing import NamedTuple

import torch

from course_lib.assets import ASSETS
from course_lib.evaluation.evaluate import Judge, Scores, balanced_labels, draw_many
from course_lib.files import local_path, write_text
from course_lib.lessons.shared.results import read_results, write_results
from course_lib.training.run_folder import RunFolder
from course_lib.training.saved_model import TrainedModel, load_trained, save_trained

COMMAND = "python -m course_lib.lessons.shared.ship_weights"
TRAIN = (
    "python -m course_lib train --method {method} --data fashion-mnist-full --steps {steps} --batch-size {batch} "
    "--optimizer {optimizer} --pairing {pairing} --learning-rate {lr:g} --ema-decay {ema:g}{begun}"
)
COUNT = 2000


class Setting(NamedTuple):
    """How pictures were drawn: the solver's name in `draw_states`, its steps, the guidance scale."""

    solver: str
    steps: int
    scale: float

    @property
    def text(self) -> str:
        name = {"euler": "Euler", "ddim": "DDIM", "ddpm": "ancestral"}[self.solver]
        return f"{self.steps} {name} steps, guidance {self.scale:g}"


SETTINGS = {
    "flow": [Setting("euler", 20, scale) for scale in (1.0, 1.5, 2.0)],
    "ddpm": [Setting("ddim", 20, 1.5), Setting("ddpm", 50, 1.5)],
}


def ship(run: Path, method: str) -> Path:
    """Write the averaged weights of a finished run in half precision."""
    trained = load_trained(run)
    if trained.config.method != method or trained.step != trained.config.steps:
        raise ValueError(
            f"{method} is the run {run}, of method {trained.config.method!r}, which did {trained.step} of "
            f"{trained.config.steps} steps; allowed: a finished run of that method"
        )
    path = ASSETS / "weights" / f"fashion_mnist_{method}.safetensors"
    save_trained(trained, path, precision=torch.float16)
    return path


def measure(trained: TrainedModel, judge: Judge, results: dict, path: Path) -> None:
    """Score `trained` in every setting that `results` does not have yet."""
    method = trained.config.method
    for setting in SETTINGS[method]:
        key = f"{method}, {setting.text}"
        if key in results:
            continue
        labels = balanced_labels(COUNT, len(trained.class_names))
        how = {"num_steps": setting.steps, "solver": setting.solver, "guidance_scale": setting.scale}
        images = draw_many(trained, labels, seed=1000, **how)
        results[key] = as_entry(judge.scores(images, labels)) | how
        write_results(path, results, COMMAND)
        print(key, results[key], flush=True)


def as_entry(scores: Scores) -> dict[str, float]:
    return {
        "accuracy": round(scores.accuracy, 4),
        "frechet": round(scores.frechet, 3),
        "diversity": round(scores.diversity, 3),
        "count": COUNT,
    }


def card(method: str, trained: TrainedModel, results: dict, seconds: float, note: str) -> str:
    """The model card as Markdown, every number from the run or from the measurements; `note` is what else to know."""
    config = trained.config
    command = TRAIN.format(
        method=method,
        steps=config.steps,
        batch=config.batch_size,
        optimizer=config.optimizer,
        pairing=config.pairing,
        lr=config.learning_rate,
        ema=config.ema_decay,
        begun=" --from FIRST" if config.start_from else "",
    )
    parameters = sum(values.numel() for values in trained.model.parameters())
    name = {"flow": "Flow matching", "ddpm": "DDPM"}[method]
    rows = [row_of("real images", results["real"])]
    rows += [row_of(setting.text, results[f"{method}, {setting.text}"]) for setting in SETTINGS[method]]
    return "\n".join(
        [
            f"# {name} on Fashion-MNIST: fashion_mnist_{method}.safetensors",
            "",
            "| | |",
            "|---|---|",
            f"| network | the course's UNet with {config.unet}: {parameters:,} parameters, averaged (EMA), float16 |",
            f"| data | Fashion-MNIST's 60,000 training images (MIT licence, copyright Zalando SE), {config.data} |",
            f"| command | `{command}` |",
            f"| seed | {config.seed} |",
            f"| training | {config.steps:,} steps of {config.batch_size} images, {seconds / 60:.0f} minutes of one "
            f"processor core that was shared with other work. {note.format(method=method)} |",
            "| licence | MIT, like the course |",
            "",
            f"{COUNT:,} samples a row, equally many of each class, by the judge in assets/judge (64 features), "
            "compared with the 10,000 test images. One judge's distances cannot be compared with another's: the row of "
            "real images is the floor.",
            "",
            "| | class accuracy | Fréchet distance | diversity |",
            "|---|---|---|---|",
            *rows,
            "",
            f"Made by `{COMMAND}`; the same numbers are in `assets/results/shipped_weights.json`.",
            "",
        ]
    )


def row_of(name: str, entry: dict) -> str:
    return f"| {name} | {entry['accuracy']:.1%} | {entry['frechet']:.2f} | {entry['diversity']:.2f} |"


def training_seconds(run: Path, batch_size: int) -> float:
    """Time spent in training steps, from the run's metrics."""
    seconds, before = 0.0, 0
    for row in RunFolder(run).read_metrics():
        seconds += (row["step"] - before) * batch_size / row["images_per_second"]
        before = row["step"]
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flow", type=local_path, required=True, help="folder of the finished flow matching run")
    parser.add_argument("--ddpm", type=local_path, required=True, help="folder of the finished DDPM run")
    parser.add_argument("--note", default="", help="what else to know of the training; {method} in it is the method")
    parser.add_argument("--out", type=local_path, default=ASSETS / "results" / "shipped_weights.json")
    options = parser.parse_args()
    results, judge = read_results(options.out), Judge()
    results.setdefault("real", as_entry(judge.real_scores(COUNT)))
    for method in ("flow", "ddpm"):
        run = getattr(options, method)
        trained = load_trained(ship(run, method))
        measure(trained, judge, results, options.out)
        seconds = training_seconds(run, trained.config.batch_size)
        write_text(ASSETS / "weights" / f"{method}.md", card(method, trained, results, seconds, options.note))


if __name__ == "__main__":
    main()
