"""What does each part of the network contribute? Take it out, train again, measure.

    python -m course_lib.lessons.lesson11.measure_ablations --out assets/results/ablations.json

Every network is trained by flow matching on the 10,000 embedded images, for the same number of steps, on the same
batches, times and noise (which depend on seed and step alone). Then it draws 1,000 pictures, which the judge scores.
Results are written run by run, and what is there already is not done again. A grid of pictures for every variant lies
beside the table: ablations_NAME.png, ten classes in columns.
"""

import argparse
import dataclasses
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from accelerate import Accelerator
from torch import Tensor
from tqdm.auto import tqdm

from course_lib.assets import ASSETS
from course_lib.data import load_dataset
from course_lib.evaluation.classifier import judge_images
from course_lib.evaluation.evaluate import Judge, balanced_labels, draw_many
from course_lib.files import local_path, write_atomically, write_text
from course_lib.flow_matching import TIME_SCALE
from course_lib.lessons.lesson11.network_changes import (
    cut_the_skips,
    hide_the_class,
    hide_the_time,
    one_channel_a_group,
    remove_attention,
    remove_shortcuts,
)
from course_lib.lessons.shared.results import rounded
from course_lib.training.accelerator import make_accelerator
from course_lib.training.config import PROFILES, TrainingConfig, make_process
from course_lib.training.hardware import computes_in_bf16
from course_lib.training.loop import TrainingState, training_steps
from course_lib.training.saved_model import TrainedModel
from course_lib.training.start import new_state
from course_lib.unet import UNet

COMMAND = "python -m course_lib.lessons.lesson11.measure_ablations --out assets/results/ablations.json"

CONFIG = PROFILES["lesson"]
GUIDANCE, MODEL_STEPS, PICTURES = 1.5, 20, 1000
TIMES = (0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95)


@dataclass(frozen=True)
class Variant:
    """One network: what is different from the full one, and with how many seeds it is trained.

    Attributes:
        name: short, for file names and the table in the results.
        seeds: how many; 0, 1, 2, ..
        change: takes a part out of a UNet, in place.
        unet: arguments of `UNet` that differ.
    """

    name: str
    seeds: int
    change: Callable[[UNet], None] | None = None
    unet: dict = dataclasses.field(default_factory=dict)


VARIANTS = (
    Variant("full", 3),
    Variant("no skips", 1, cut_the_skips),
    Variant("no time", 2, hide_the_time),
    Variant("no attention", 2, remove_attention),
    Variant("attention at 16 and 8", 1, unet={"attention_resolutions": (16, 8)}),
    Variant("attention at 16", 1, unet={"attention_resolutions": (16,)}),
    Variant("one channel a group", 1, one_channel_a_group),
    Variant("no class", 1, hide_the_class),
    Variant("no shortcuts", 1, remove_shortcuts),
)


def all_runs(most_seeds: int) -> list[tuple[Variant, int]]:
    """Every (variant, seed), all first seeds before any second one, so that a run cut short compares them all."""
    return [(variant, seed) for seed in range(most_seeds) for variant in VARIANTS if seed < variant.seeds]


def train_variant(variant: Variant, config: TrainingConfig, accelerator: Accelerator) -> tuple[TrainedModel, list]:
    """The averaged network of a variant after `config.steps` steps, and the loss of every step."""
    dataset = load_dataset(config.data)
    state = new_state(config, len(dataset.class_names), accelerator.device)
    if variant.change is not None:
        # parameters that are no longer in the network get no gradient, and AdamW leaves them alone
        variant.change(state.model)
        variant.change(state.ema.average)
    process = make_process(config)
    average = state.ema.average
    model, optimizer = accelerator.prepare(state.model, state.optimizer)
    steps = training_steps(config, TrainingState(model, state.ema, optimizer), dataset, process, accelerator)
    progress = tqdm(steps, total=config.steps, desc=f"{variant.name}, seed {config.seed}", leave=False)
    losses = [loss.item() for loss in progress]
    return TrainedModel(average, process, config, dataset.class_names, config.steps), losses


@torch.no_grad()
def loss_at(trained: TrainedModel, t: float, count: int = 500) -> float:
    """The averaged network's loss at one time, on the same `count` images and noise for every network."""
    images, labels = load_dataset(trained.config.data).batch(torch.arange(count))
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(7))
    times = torch.full((count,), t)
    x_t, target = trained.process.interpolate(images, times, noise), trained.process.velocity(images, noise)
    parts = zip(x_t.split(100), (TIME_SCALE * times).split(100), labels.split(100), strict=True)
    return F.mse_loss(torch.cat([trained.model(*part) for part in parts]), target).item()


def measure(variant: Variant, config: TrainingConfig, judge: Judge, accelerator: Accelerator, pictures: int) -> tuple:
    """One row of the results, and the pictures it was measured on."""
    started = time.perf_counter()
    trained, losses = train_variant(variant, config, accelerator)
    drawn_from = time.perf_counter()
    labels = balanced_labels(pictures, len(trained.class_names))
    # a network that hears no class has nothing to be guided by
    guidance = 1.0 if variant.change is hide_the_class else GUIDANCE
    with accelerator.autocast():  # where the processor has bf16, drawing is up to three times as fast
        images = draw_many(trained, labels, num_steps=MODEL_STEPS, guidance_scale=guidance)
    predicted = judge_images(judge.classifier, images)[1]
    row = {
        "variant": variant.name,
        "seed": config.seed,
        "parameters": sum(parameter.numel() for parameter in trained.model.parameters()),
        "loss": round(sum(losses[-200:]) / len(losses[-200:]), 5),
        "loss_curve": [round(sum(part) / len(part), 4) for part in chunks(losses, 20)],
        "loss_at": {str(t): round(loss_at(trained, t), 5) for t in TIMES},
        **rounded(judge.scores(images, labels)),
        "accuracy_of_class": [round((predicted[labels == k] == k).double().mean().item(), 3) for k in range(10)],
        "guidance": guidance,
        "seconds_training": round(drawn_from - started, 1),
        "seconds_drawing": round(time.perf_counter() - drawn_from, 1),
    }
    return row, images


def chunks(values: list[float], size: int) -> list[list[float]]:
    return [values[start : start + size] for start in range(0, len(values), size)]


def save_small_grid(images: Tensor, path: Path, rows: int = 5) -> None:
    """The first `rows` pictures of every class as a small grey PNG, ten classes in columns."""
    from torchvision.transforms.functional import to_pil_image
    from torchvision.utils import make_grid

    grid = make_grid(images[: 10 * rows], nrow=10, padding=1, pad_value=1.0, value_range=(-1, 1), normalize=True)
    picture = to_pil_image(grid).convert("L")
    write_atomically(path, lambda temporary: picture.save(temporary, format="PNG", optimize=True))


def new_results(config: TrainingConfig, judge: Judge, pictures: int) -> dict:
    """The results' head: everything that all runs share."""
    return {
        "command": COMMAND,
        "torch": torch.__version__,
        "number format of the training": "bf16" if computes_in_bf16(cpu=True) else "float32",
        "threads": torch.get_num_threads(),
        "config": json.loads(config.to_json()),
        "pictures": pictures,
        "steps of Euler": MODEL_STEPS,
        "guidance": GUIDANCE,
        "real": [dataclasses.asdict(judge.real_scores(pictures, seed)) for seed in range(3)],
        "runs": [],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=local_path, default=ASSETS / "results" / "ablations.json")
    parser.add_argument("--seeds", type=int, default=3, help="at most so many seeds a variant (default: 3)")
    parser.add_argument("--quick", action="store_true", help="a few steps and 20 pictures, to see that it works")
    options = parser.parse_args()
    config = dataclasses.replace(CONFIG, steps=4) if options.quick else CONFIG
    pictures = 20 if options.quick else PICTURES
    judge = Judge()
    accelerator = make_accelerator(cpu=True)
    if not options.out.exists():
        write_text(options.out, json.dumps(new_results(config, judge, pictures)) + "\n")
    done = {(run["variant"], run["seed"]) for run in json.loads(options.out.read_text())["runs"]}
    for variant, seed in all_runs(options.seeds):
        if (variant.name, seed) in done:
            continue
        run_config = dataclasses.replace(config, seed=seed, unet={**config.unet, **variant.unet})
        row, images = measure(variant, run_config, judge, accelerator, pictures)
        if seed == 0:
            save_small_grid(images, options.out.with_name(f"ablations_{variant.name.replace(' ', '_')}.png"))
        results = json.loads(options.out.read_text())
        write_text(options.out, json.dumps({**results, "runs": [*results["runs"], row]}) + "\n")
        print(
            f"{variant.name:24}seed {seed}  loss {row['loss']:.4f}  accuracy {row['accuracy']:.1%}  "
            f"distance {row['frechet']:.2f}  diversity {row['diversity']:.2f}  "
            f"({row['seconds_training']:.0f} + {row['seconds_drawing']:.0f} s)",
            flush=True,
        )


if __name__ == "__main__":
    main()
