"""How good are pictures of 1 to 20 calls, from the network as trained and from the straightened one?

    python -m course_lib.lessons.lesson14.measure_calls --out assets/results/fewer_calls.json

All draw the same 500 classes from the same noise (seed 0), without guidance, by Euler's method. The two rows of the
network as trained that lesson 10 has measured already, 4 and 20 calls, are taken from there. An entry that is there
already is not measured again.
"""

import argparse

import torch
from torch import Tensor
from tqdm.auto import tqdm

from course_lib.assets import ASSETS
from course_lib.evaluation.evaluate import Judge, balanced_labels
from course_lib.files import local_path
from course_lib.flow_matching import TIME_SCALE
from course_lib.lessons.shared.results import read_results, rounded, shipped_results, write_results
from course_lib.lessons.shared.shipped import shipped_model
from course_lib.sampling import starting_noise
from course_lib.seeds import PICTURES, generator_for
from course_lib.straightening import euler_walk, spaced_times
from course_lib.training.draw import finished, numbers_in_class

COMMAND = "python -m course_lib.lessons.lesson14.measure_calls --out assets/results/fewer_calls.json"
COUNT = 500
# (network, calls, shift, seed), the most important first
RUNS = [
    ("straight", 4, 1.0, 0),
    ("straight", 1, 1.0, 0),
    ("straight", 2, 1.0, 0),
    ("as trained", 1, 1.0, 0),
    ("as trained", 2, 1.0, 0),
    ("straight", 4, 1.0, 1),
    ("straight", 8, 1.0, 0),
    ("as trained", 8, 1.0, 0),
    ("as trained", 20, 1.0, 1),
    ("straight", 20, 1.0, 0),
    ("as trained", 4, 0.5, 0),
    ("as trained", 4, 2.0, 0),
]
METHODS = {"as trained": "flow", "straight": "flow_straight"}


@torch.no_grad()
def draw(network: str, calls: int, shift: float, seed: int, labels: Tensor, batch: int = 100) -> Tensor:
    """Pictures (N, 3, 32, 32) of the classes `labels`, from the noise that `draw_images` begins with."""
    model = shipped_model(METHODS[network]).model
    generators = [
        generator_for(seed, label + 1, number, stream=PICTURES)
        for label, number in zip(labels.tolist(), numbers_in_class(labels), strict=True)
    ]
    found = []
    for start in range(0, len(labels), batch):
        part = labels[start : start + batch]
        noise = starting_noise(model, (len(part), 3, 32, 32), generators[start : start + batch], None)

        def velocity(x: Tensor, t: float, part: Tensor = part) -> Tensor:
            return model(x, torch.full((len(x),), TIME_SCALE * t), part)

        found.append(finished(euler_walk(velocity, noise, spaced_times(calls, shift))[-1]))
    return torch.cat(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=local_path, default=ASSETS / "results" / "fewer_calls.json")
    options = parser.parse_args()
    judge, results = Judge(), read_results(options.out)
    before = shipped_results("steps")
    results.setdefault("real", before["real"])
    for calls in (4, 20):
        entry = {name: before[f"flow, euler, {calls} steps"][name] for name in ("accuracy", "frechet", "diversity")}
        about = {"network": "as trained", "calls": calls, "shift": 1.0, "seed": 0, "pictures": COUNT}
        results.setdefault(f"as trained, {calls} calls, shift 1, seed 0", about | entry)
    for network, calls, shift, seed in tqdm(RUNS, desc="samplers"):
        key = f"{network}, {calls} calls, shift {shift:g}, seed {seed}"
        if key in results:
            continue
        labels = balanced_labels(COUNT, 10)
        scores = rounded(judge.scores(draw(network, calls, shift, seed, labels), labels))
        about = {"network": network, "calls": calls, "shift": shift, "seed": seed, "pictures": COUNT}
        results[key] = about | scores
        write_results(options.out, results, COMMAND)
        print(key, scores, flush=True)


if __name__ == "__main__":
    main()
