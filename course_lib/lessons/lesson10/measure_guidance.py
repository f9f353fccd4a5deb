"""How much guidance is good? The judge's three figures for seven scales, from the networks that came with the course.

    python -m course_lib.lessons.lesson10.measure_guidance --out assets/results/guidance.json

Every scale draws the same 500 classes from the same noise in 20 steps (Euler, or ancestral). An entry that is there
already is not measured again.
"""

import argparse

from tqdm.auto import tqdm

from course_lib.assets import ASSETS
from course_lib.evaluation.evaluate import Judge, balanced_labels, draw_many
from course_lib.files import local_path
from course_lib.lessons.shared.results import read_results, rounded, write_results
from course_lib.lessons.shared.shipped import shipped_model

COMMAND = "python -m course_lib.lessons.lesson10.measure_guidance --out assets/results/guidance.json"
SCALES = (0.0, 1.0, 1.5, 2.0, 3.0, 5.0, 8.0)
METHODS = ("flow", "ddpm")
PICTURES, STEPS = 500, 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=local_path, default=ASSETS / "results" / "guidance.json")
    parser.add_argument("--method", choices=METHODS, action="append", help="only this one; both by default")
    parser.add_argument("--quick", action="store_true", help="20 pictures in 2 steps, to see that it works")
    options = parser.parse_args()
    pictures, steps = (20, 2) if options.quick else (PICTURES, STEPS)
    judge, results = Judge(), read_results(options.out)
    if "real" not in results:
        results["real"] = {"pictures": pictures, **rounded(judge.real_scores(pictures))}
    wanted = [(method, scale) for method in options.method or METHODS for scale in SCALES]
    for method, scale in tqdm(wanted, desc="scales"):
        key = f"{method}, scale {scale:g}"
        if key in results:
            continue
        trained = shipped_model(method)
        labels = balanced_labels(pictures, len(trained.class_names))
        images = draw_many(trained, labels, num_steps=steps, guidance_scale=scale)
        about = {"method": method, "scale": scale, "pictures": pictures, "steps": steps, "trained_steps": trained.step}
        results[key] = {**about, **rounded(judge.scores(images, labels))}
        write_results(options.out, results, COMMAND)


if __name__ == "__main__":
    main()
