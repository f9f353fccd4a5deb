"""How few steps are enough? Euler and Heun at equal cost, and three ways to choose a DDPM's times.

    python -m course_lib.lessons.lesson10.measure_steps --out assets/results/steps.json

All draw the same 500 classes from the same noise, without guidance, from the networks that came with the course. An
entry that is there already is not measured again.
"""

import argparse
import dataclasses

from tqdm.auto import tqdm

from course_lib.assets import ASSETS
from course_lib.ddpm import DDPM
from course_lib.evaluation.evaluate import Judge, balanced_labels, draw_many
from course_lib.files import local_path
from course_lib.lessons.shared.results import read_results, rounded, write_results
from course_lib.lessons.shared.shipped import shipped_model

COMMAND = "python -m course_lib.lessons.lesson10.measure_steps --out assets/results/steps.json"
PICTURES = 500
EULER_STEPS, HEUN_STEPS, DDIM_STEPS = (4, 6, 10, 20, 40), (2, 3, 5, 10, 20), (5, 10, 20)


def leading(num_timesteps: int, num_steps: int) -> list[int]:
    """The lower end of every part: the first time visited is well below T-1."""
    return [i * (num_timesteps // num_steps) for i in range(num_steps)][::-1]


def both_ends(num_timesteps: int, num_steps: int) -> list[int]:
    """From T-1 to 0, both included."""
    return [round((num_timesteps - 1) * (1 - i / max(1, num_steps - 1))) for i in range(num_steps)]


class Leading(DDPM):
    """A DDPM that visits the times of `leading`."""

    def sampling_times(self, num_steps: int) -> list[int]:
        return leading(self.num_timesteps, num_steps)


class BothEnds(DDPM):
    """A DDPM that visits the times of `both_ends`."""

    def sampling_times(self, num_steps: int) -> list[int]:
        return both_ends(self.num_timesteps, num_steps)


SPACINGS = {"trailing": DDPM, "leading": Leading, "both ends": BothEnds}


def all_runs() -> list[tuple[str, str, int]]:
    """Every (method, solver or spacing, steps)."""
    runs = [("flow", "euler", steps) for steps in EULER_STEPS] + [("flow", "heun", steps) for steps in HEUN_STEPS]
    return runs + [("ddpm", spacing, steps) for spacing in SPACINGS for steps in DDIM_STEPS]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=local_path, default=ASSETS / "results" / "steps.json")
    parser.add_argument("--quick", action="store_true", help="20 pictures, to see that it works")
    options = parser.parse_args()
    pictures = 20 if options.quick else PICTURES
    judge, results = Judge(), read_results(options.out)
    if "real" not in results:
        results["real"] = {"pictures": pictures, **rounded(judge.real_scores(pictures))}
    for method, how, steps in tqdm(all_runs(), desc="samplers"):
        key = f"{method}, {how}, {steps} steps"
        if key in results:
            continue
        trained = shipped_model(method)
        if method == "ddpm":
            trained = dataclasses.replace(trained, process=SPACINGS[how]())
        labels = balanced_labels(pictures, len(trained.class_names))
        solver = how if method == "flow" else "ddim"
        images = draw_many(trained, labels, num_steps=steps, solver=solver)
        calls = 2 * steps - 1 if how == "heun" else steps  # Heun's last step is Euler's
        about = {"method": method, "how": how, "steps": steps, "calls": calls, "trained_steps": trained.step}
        results[key] = {**about, "pictures": pictures, **rounded(judge.scores(images, labels))}
        write_results(options.out, results, COMMAND)


if __name__ == "__main__":
    main()
