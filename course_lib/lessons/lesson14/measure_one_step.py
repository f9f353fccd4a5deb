"""Distil the shipped flow matching network into one step, twice, and judge pictures of one call and of two.

    python -m course_lib.lessons.lesson14.measure_one_step --work FOLDER --out assets/results/one_step.json

Pairs of noise and image from guided walks of the shipped network, as in straighten.py, but a single piece, and asked at
t = 1 alone. No weights are shipped: what is judged are the pictures, of which a row each is kept beside the table,
one_step_NAME.png. Everything goes on where it was cut off: pairs and checkpoint are in the folder, entries in the file.
For other shipped weights, begin with a new folder and a new file, and take the pictures away.
"""

import argparse
import dataclasses
from pathlib import Path

import torch
from torch import Tensor, nn

from course_lib.assets import ASSETS
from course_lib.evaluation.evaluate import Judge, balanced_labels
from course_lib.files import local_path, write_atomically
from course_lib.lessons.lesson14.measure_calls import COUNT, Run, draw
from course_lib.lessons.lesson14.straighten import CHUNK, CONFIG, GUIDANCE, Batch, make_paths, read_paths, train
from course_lib.lessons.shared.results import read_results, rounded, write_results
from course_lib.lessons.shared.shipped import shipped_model
from course_lib.pictures.grid import tile
from course_lib.seeds import mixed_seed
from course_lib.training.saved_model import TrainedModel

COMMAND = "python -m course_lib.lessons.lesson14.measure_one_step --work FOLDER --out assets/results/one_step.json"
# of the walks that the pairs come from; each step is guided, which makes two calls
TEACHER_STEPS, CHUNKS = 8, 20
STEPS = 400
# of pairs and training
TRAINED_WITH = (21, 22)
# of the noise that pictures are drawn from
DRAWN_WITH = (0, 1)


def batch_of(pairs: Tensor, labels: Tensor, seed: int, step: int) -> Batch:
    """One batch of noises, all at t = 1, and the velocities that lead to their images in one step."""
    generator = torch.Generator().manual_seed(mixed_seed(seed, step, 1))
    chosen = torch.randint(len(pairs), (CONFIG.batch_size,), generator=generator)
    noise, images = pairs[chosen].float().unbind(dim=1)
    return noise, torch.ones(len(noise)), noise - images, labels[chosen]


def distilled(work: Path, seed: int) -> TrainedModel:
    """The shipped network, distilled into one step on pairs of its own; once done, from the folder."""
    work.mkdir(parents=True, exist_ok=True)
    for chunk in range(CHUNKS):
        make_paths(work, chunk, seed, TEACHER_STEPS, pieces=1)
    pairs, labels = read_paths(work, CHUNKS)
    config = dataclasses.replace(CONFIG, steps=STEPS, seed=seed)
    return train(work, config, lambda step: batch_of(pairs, labels, seed, step))


def save_row(model: nn.Module, run: Run, path: Path) -> None:
    """One picture of every class, side by side, as a small PNG, if it is not there yet."""
    from PIL import Image

    if not path.is_file():
        picture = Image.fromarray(tile(draw(model, run, torch.arange(10)), columns=10).permute(1, 2, 0).numpy())
        write_atomically(path, lambda temporary: picture.save(temporary, format="PNG", optimize=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=local_path, required=True, help="folder for the pairs and the checkpoints")
    parser.add_argument("--out", type=local_path, default=ASSETS / "results" / "one_step.json")
    options = parser.parse_args()
    torch.set_num_threads(1)
    judge, results = Judge(), read_results(options.out)
    labels, pairs = balanced_labels(COUNT, 10), CHUNK * CHUNKS

    def measure(trained: TrainedModel, name: str, run: Run, about: dict) -> None:
        key = f"{name}, {run.calls} calls, seed {run.seed}"
        if key not in results:
            scores = rounded(judge.scores(draw(trained.model, run, labels), labels))
            results[key] = about | {"calls": run.calls, "seed": run.seed, "pictures": COUNT} | scores
            write_results(options.out, results, COMMAND)
            print(key, scores, flush=True)

    shipped = shipped_model("flow")
    teacher, plain = Run("as trained", TEACHER_STEPS, 0, scale=GUIDANCE), Run("as trained", 1, 0)
    for seed in DRAWN_WITH:
        for name, run in (("the teacher", teacher), ("as trained", plain)):
            measure(shipped, name, run._replace(seed=seed), {"network": name})
            save_row(shipped.model, run, options.out.with_name(f"one_step_{name.replace(' ', '_')}.png"))
    for number in TRAINED_WITH:
        trained = distilled(options.work / str(number), number)
        about = {"network": "distilled", "trained_with": number, "pairs": pairs, "steps": trained.step}
        for calls in (1, 2):
            for seed in DRAWN_WITH:
                measure(trained, f"distilled {number}", Run("distilled", calls, seed), about)
            # of the first network, which is drawn as soon as it is trained
            save_row(
                trained.model, Run("distilled", calls, 0), options.out.with_name(f"one_step_distilled_{calls}.png")
            )


if __name__ == "__main__":
    main()
