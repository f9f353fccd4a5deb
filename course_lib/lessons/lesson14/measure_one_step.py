"""Distil the shipped flow matching network into one step, twice, and judge pictures of one call and of two.

    python -m course_lib.lessons.lesson14.measure_one_step --work FOLDER --out assets/results/one_step.json

Pairs of noise and image from guided walks of the shipped network, as in straighten.py, but a single piece, and asked at
t = 1 alone. No weights are shipped: what is judged are the pictures. Everything goes on where it was cut off: pairs and
checkpoint are in the folder, entries in the file. For other shipped weights, begin with a new folder and a new file.
"""

import argparse
import dataclasses
from pathlib import Path

import torch
from torch import Tensor

from course_lib.assets import ASSETS
from course_lib.evaluation.evaluate import Judge, balanced_labels
from course_lib.files import local_path
from course_lib.lessons.lesson14.measure_calls import COUNT, Run, draw
from course_lib.lessons.lesson14.straighten import CHUNK, CONFIG, GUIDANCE, Batch, make_paths, read_paths, train
from course_lib.lessons.shared.results import read_results, rounded, write_results
from course_lib.lessons.shared.shipped import shipped_model
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=local_path, required=True, help="folder for the pairs and the checkpoints")
    parser.add_argument("--out", type=local_path, default=ASSETS / "results" / "one_step.json")
    options = parser.parse_args()
    torch.set_num_threads(1)
    judge, results = Judge(), read_results(options.out)
    labels = balanced_labels(COUNT, 10)

    def measure(key: str, trained: TrainedModel, run: Run, about: dict) -> None:
        scores = rounded(judge.scores(draw(trained.model, run, labels), labels))
        results[key] = {"calls": run.calls, "seed": run.seed, "pictures": COUNT} | about | scores
        write_results(options.out, results, COMMAND)
        print(key, scores, flush=True)

    for seed in DRAWN_WITH:
        teacher = Run("as trained", TEACHER_STEPS, seed, scale=GUIDANCE)
        for name, run in (("the teacher", teacher), ("as trained", Run("as trained", 1, seed))):
            if (key := f"{name}, {run.calls} calls, seed {seed}") not in results:
                measure(key, shipped_model("flow"), run, {"network": name})
    pairs = CHUNK * CHUNKS
    for number in TRAINED_WITH:
        runs = {
            f"distilled {number}, {calls} calls, seed {seed}": Run("distilled", calls, seed)
            for calls in (1, 2)
            for seed in DRAWN_WITH
        }
        if all(key in results for key in runs):
            continue
        trained = distilled(options.work / str(number), number)
        about = {"network": "distilled", "trained_with": number, "pairs": pairs, "steps": trained.step}
        for key, run in runs.items():
            if key not in results:
                measure(key, trained, run, about)


if __name__ == "__main__":
    main()
