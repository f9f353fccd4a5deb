"""DDPM and flow matching side by side: the judge's figures against the number of model calls.

    python -m course_lib.lessons.lesson09.measure_side_by_side --out assets/results/side_by_side.json

Both networks came with the course: same architecture, same data, same number of steps. Every entry draws 1,000 pictures
(500 where it takes 1,000 model calls), the classes going round, and is judged as a whole and by its first 500. An entry
that is there already, drawn from the same weights, is not drawn again. Parts can be made one by one (--part), and a run
that stops (--minutes) goes on with the next batch the next time.
"""

import argparse
import dataclasses
import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor
from tqdm.auto import tqdm

from course_lib.assets import ASSETS, asset_path
from course_lib.evaluation.classifier import judge_images
from course_lib.evaluation.evaluate import Judge, balanced_labels, fast_drawing
from course_lib.files import local_path, save_safetensors
from course_lib.lessons.shared.results import read_results, rounded, write_results
from course_lib.lessons.shared.shipped import shipped_model
from course_lib.training.draw import draw_images

COMMAND = "python -m course_lib.lessons.lesson09.measure_side_by_side --out assets/results/side_by_side.json"
PICTURES, FEWER, BATCH = 1000, 500, 100
CALLS_A_STEP = {"euler": 1, "heun": 2, "ddim": 1, "ddpm": 1}
# batch k of a run starts from seed + k, so the seeds of two runs lie further apart than a run has batches
SEEDS = (0, 1000, 2000)
REAL_DRAWS = 5


@dataclass(frozen=True)
class Run:
    """One entry: which network, how it is sampled, and how many pictures."""

    method: str
    solver: str
    steps: int
    scale: float = 1.0
    seed: int = 0
    pictures: int = PICTURES

    @property
    def calls(self) -> int:
        """How often the network looks at each picture."""
        once = self.steps * CALLS_A_STEP[self.solver] - (self.solver == "heun")  # whose last step is Euler's
        return once * (1 if self.scale == 1 else 2)

    @property
    def key(self) -> str:
        return f"{self.method} {self.solver}, {self.steps} steps, scale {self.scale:g}, seed {self.seed}"


def better_scale(method: str) -> float:
    """The scale above 1 with the best distance in the table of lesson 10, or 2 where that has not been made yet."""
    try:
        rows = read_results(asset_path("results/guidance.json")).values()
    except ValueError:
        return 2.0
    scales = {row["scale"]: row["frechet"] for row in rows if row.get("method") == method and row["scale"] > 1}
    return min(scales, key=scales.get) if scales else 2.0


def runs_of(part: str) -> list[Run]:
    """What belongs to a part, the most important first."""
    if part == "main":
        flow = [Run("flow", "euler", steps) for steps in (20, 10, 5, 2, 50)]
        return flow + [Run("ddpm", "ddim", steps) for steps in (20, 10, 5, 50)]
    if part == "more":
        return [Run("flow", "heun", steps) for steps in (10, 5, 2)]
    if part == "ancestral":
        return [Run("ddpm", "ddpm", 1000, pictures=FEWER)]
    if part == "respaced":
        return [Run("ddpm", "ddpm", steps) for steps in (20, 50)]
    if part == "seeds":
        settings = [("flow", "euler", 20), ("ddpm", "ddim", 20)]
        return [Run(*setting, seed=seed) for setting in settings for seed in SEEDS[1:]]
    flow, ddpm = better_scale("flow"), better_scale("ddpm")
    return [Run("flow", "euler", 10, flow), Run("flow", "euler", 20, flow), Run("ddpm", "ddpm", 20, ddpm)]


PARTS = ("main", "more", "ancestral", "respaced", "seeds", "guided")


def quick(run: Run) -> Run:
    """The same with few pictures and few steps, to see that everything works."""
    return dataclasses.replace(run, pictures=20, steps=min(run.steps, 2))


def fingerprint(method: str) -> str:
    """Twelve characters that tell one file of weights from another."""
    path = asset_path(f"weights/fashion_mnist_{method}.safetensors")
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def real_entry(judge: Judge, pictures: int) -> dict:
    """Real images in the same number, several draws: the floor, and how far it varies."""
    draws = [dataclasses.asdict(judge.real_scores(pictures, seed)) for seed in range(REAL_DRAWS)]
    mean = {name: round(sum(draw[name] for draw in draws) / len(draws), 4) for name in draws[0]}
    return {"pictures": pictures, **mean, "frechet_of_each_draw": [round(draw["frechet"], 4) for draw in draws]}


def batches(run: Run, judge: Judge, folder: Path) -> Iterator[tuple[Tensor, Tensor]]:
    """Features and predicted classes of each batch of a run, from `folder` where they were drawn before."""
    trained = shipped_model(run.method)
    labels = balanced_labels(run.pictures, len(trained.class_names))
    for k, part in enumerate(labels.split(BATCH)):
        name = f"{run.key}, {len(part)} pictures, {fingerprint(run.method)}, {k}".replace(", ", "_").replace(" ", "-")
        path = folder / f"{name}.safetensors"
        if not path.exists():
            how = {"num_steps": run.steps, "solver": run.solver, "guidance_scale": run.scale}
            with fast_drawing(trained):
                images = draw_images(trained, part, seed=run.seed + k, **how)
            features, predicted = judge_images(judge.classifier, images.float())
            save_safetensors({"features": features, "predicted": predicted}, path, {})
        kept = load_file(path)
        yield kept["features"], kept["predicted"]


def measure(run: Run, judge: Judge, folder: Path, until: float) -> dict | None:
    """The entry of a run, or None if the time is up before its last batch."""
    found = []
    total = -(-run.pictures // BATCH)
    for batch in tqdm(batches(run, judge, folder), total=total, desc=run.key, unit="batch"):
        found.append(batch)
        if len(found) < total and time.monotonic() > until:
            return None
    features, predicted = (torch.cat(parts) for parts in zip(*found, strict=True))
    labels = balanced_labels(run.pictures, len(shipped_model(run.method).class_names))
    entry = {**dataclasses.asdict(run), "calls": run.calls, **rounded(judge.scores_of(features, predicted, labels))}
    if run.pictures > FEWER:
        entry["first_500"] = rounded(judge.scores_of(features[:FEWER], predicted[:FEWER], labels[:FEWER]))
    return entry | {"weights": fingerprint(run.method), "trained_steps": shipped_model(run.method).step}


def is_there(results: dict[str, dict], run: Run) -> bool:
    entry = results.get(run.key)
    if entry is None:
        return False
    return (entry["pictures"], entry["weights"]) == (run.pictures, fingerprint(run.method))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=local_path, default=ASSETS / "results" / "side_by_side.json")
    parser.add_argument("--part", choices=PARTS, action="append", help="only this one; all by default")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no other batch after this time")
    parser.add_argument("--batches", type=local_path, default=ASSETS.parent / "runs" / "side_by_side")
    parser.add_argument("--quick", action="store_true", help="20 pictures in 2 steps a part, to see that it works")
    options = parser.parse_args()
    until = time.monotonic() + 60 * options.minutes
    judge, results = Judge(), read_results(options.out)
    for pictures in (PICTURES, FEWER):
        results.setdefault(f"real, {pictures} pictures", real_entry(judge, pictures))
    for part in options.part or PARTS:
        for run in [quick(runs_of(part)[0])] if options.quick else runs_of(part):
            if is_there(results, run):
                continue
            entry = measure(run, judge, options.batches, until)
            if entry is None:
                print(f"time is up: {run.key} goes on the next time")
                return
            results[run.key] = entry
            # what was drawn from other weights, or in quick mode, no longer belongs here
            kept = {key: row for key, row in results.items() if still_true(row, entry)}
            write_results(options.out, kept, COMMAND)
            results = kept


def still_true(row: dict, newest: dict) -> bool:
    """Real images always are; a network's entries if its weights are those of the newest entry."""
    if row.get("method") != newest["method"]:
        return True
    small = min(newest["pictures"], FEWER)
    return row["weights"] == newest["weights"] and row["pictures"] >= small


if __name__ == "__main__":
    main()
