"""How good are pictures of few calls: as trained or straightened, with the calls and the guidance in various places?

    python -m course_lib.lessons.lesson14.measure_calls --out assets/results/fewer_calls.json

All draw 500 pictures, as many of each class, by Euler's method from the noise of a seed. An entry that is there already
is not measured again: for other weights, begin with a new file.
"""

import argparse
from typing import NamedTuple

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from course_lib.assets import ASSETS
from course_lib.evaluation.evaluate import Judge, balanced_labels
from course_lib.files import local_path
from course_lib.lessons.shared.results import read_results, rounded, write_results
from course_lib.lessons.shared.shipped import shipped_model
from course_lib.sampling import starting_noise
from course_lib.seeds import PICTURES, generator_for
from course_lib.straightening import euler_walk, guided_within, spaced_times
from course_lib.training.draw import finished, numbers_in_class

COMMAND = "python -m course_lib.lessons.lesson14.measure_calls --out assets/results/fewer_calls.json"
COUNT = 500
SHIFTS = (0.25, 0.5, 1.0, 2.0, 4.0)
# where guidance is on, in times from image (0) to noise (1): low < t <= high. The last three cost the same calls
INTERVALS = {
    "everywhere": (0.0, 1.0),
    "middle": (0.25, 0.75),
    "near the noise": (0.5, 1.0),
    "near the image": (0.0, 0.5),
}


class Run(NamedTuple):
    """One way to draw.

    Attributes:
        network: one of METHODS.
        steps: of Euler's method.
        shift: of the times, see `spaced_times`.
        scale: of guidance, where it is on; 1 is none.
        where: one of INTERVALS.
    """

    network: str
    steps: int
    seed: int
    shift: float = 1.0
    scale: float = 1.0
    where: str = "everywhere"

    @property
    def key(self) -> str:
        if self.scale == 1.0:
            return f"{self.network}, {self.steps} calls, shift {self.shift:g}, seed {self.seed}"
        return f"{self.network}, {self.steps} steps, guided by {self.scale:g} {self.where}, seed {self.seed}"

    @property
    def calls(self) -> int:
        """Of the network, for one picture."""
        low, high = INTERVALS[self.where]
        guided = sum(low < t <= high for t in spaced_times(self.steps, self.shift)[:-1])
        return self.steps + (guided if self.scale != 1.0 else 0)

    def about(self) -> dict:
        """What an entry says beside the judge's figures; of guidance only where there is some."""
        about = {"network": self.network, "calls": self.calls, "shift": self.shift, "seed": self.seed}
        guidance = {"steps": self.steps, "scale": self.scale, "guided": self.where} if self.scale != 1.0 else {}
        return about | guidance | {"pictures": COUNT}


# the most important first
RUNS = [
    *(Run("straight", calls, 0) for calls in (4, 1, 2)),
    *(Run("as trained", calls, 0) for calls in (1, 2, 20)),
    Run("straight", 4, 1),
    *(Run(network, 8, 0) for network in ("straight", "as trained")),
    *(Run("as trained", 4, seed, shift) for seed in (0, 1, 2) for shift in SHIFTS),
    Run("as trained", 20, 1),
    Run("straight", 20, 0),
    *(
        Run("as trained", steps, seed, scale=2.0, where=where)
        for seed in (0, 1)
        for steps in (8, 20)
        for where in INTERVALS
    ),
    # as many calls as an interval takes, spent on guidance everywhere
    *(Run("as trained", steps, seed, scale=2.0) for seed in (0, 1) for steps in (6, 15)),
    *(Run("straight", calls, 1) for calls in (1, 2, 8, 20)),
    *(Run("as trained", calls, 1) for calls in (1, 2, 8)),
    *(Run("as trained", 20, seed, scale=1.5, where=where) for where in INTERVALS for seed in (0, 1)),
]
METHODS = {"as trained": "flow", "straight": "flow_straight"}


@torch.no_grad()
def draw(model: nn.Module, run: Run, labels: Tensor, batch: int = 100) -> Tensor:
    """Pictures (N, 3, 32, 32) of the classes `labels`, from the noise that `draw_images` begins with."""
    generators = [
        generator_for(run.seed, label + 1, number, stream=PICTURES)
        for label, number in zip(labels.tolist(), numbers_in_class(labels), strict=True)
    ]
    found = []
    for start in range(0, len(labels), batch):
        part = labels[start : start + batch]
        noise = starting_noise(model, (len(part), 3, 32, 32), generators[start : start + batch], None)

        def velocity(x: Tensor, t: float, part: Tensor = part) -> Tensor:
            return guided_within(model, x, t, part, run.scale, *INTERVALS[run.where])

        found.append(finished(euler_walk(velocity, noise, spaced_times(run.steps, run.shift))[-1]))
    return torch.cat(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=local_path, default=ASSETS / "results" / "fewer_calls.json")
    options = parser.parse_args()
    judge, results = Judge(), read_results(options.out)
    if "real" not in results:
        results["real"] = {"pictures": COUNT, **rounded(judge.real_scores(COUNT))}
    for run in tqdm(RUNS, desc="samplers"):
        if run.key in results:
            continue
        labels = balanced_labels(COUNT, 10)
        scores = rounded(judge.scores(draw(shipped_model(METHODS[run.network]).model, run, labels), labels))
        results[run.key] = run.about() | scores
        write_results(options.out, results, COMMAND)
        print(run.key, scores, flush=True)


if __name__ == "__main__":
    main()
