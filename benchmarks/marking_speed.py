"""What marking a class costs: right, wrong, blank and broken answers, and a second run in which nothing changed.

    OMP_NUM_THREADS=1 python benchmarks/marking_speed.py                  # 20 learners, two processes
    OMP_NUM_THREADS=1 python benchmarks/marking_speed.py --learners 100

Makes up a class from the solved notebooks in `solutions`: 73 % of the answers are right. Of the others six in ten make
a known mistake, one is wrong in a way nobody knows, one raises an error, two are blank. Marks it, marks it again, and
counts the processor seconds of all processes, which a busy machine inflates a little and not manifold; half of them is
what two idle cores take. The ratios, of a wrong class to one without a mistake and of the second run to the first, are
the numbers to compare between machines.
"""

import argparse
import copy
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from course_lib.checks.registry import exercises

ROOT = Path(__file__).resolve().parents[1]
WRONG = 0.27
KINDS = ("known", "unknown", "error", "blank")
SHARES = (6, 1, 1, 2)
ADDED = """

def _askew(value):
    if isinstance(value, Tensor):
        return value * 1.0137 + 0.013 if value.is_floating_point() else value + (value % 3 == 1).to(value.dtype)
    if isinstance(value, (tuple, list)):
        return type(value)(map(_askew, value))
    return 1.0137 * value + 0.0113 if isinstance(value, float) else value + 1 if type(value) is int else value


def _wrapped(function):
    def wrong(*args, **kwargs):
        return _askew(function(*args, **kwargs))

    return wrong


"""


def answer_of(name: str, source: str, kind: str, draw: random.Random) -> str:
    """A cell's source with an answer of this kind in it; as it is where the kind cannot be made."""
    exercise = exercises()[name]
    if kind == "right":
        return source
    called = exercise.method or exercise.reference.__name__
    if kind == "known":
        mistakes = [one for one in exercise.misconceptions if one.edit and not one.answer]
        draw.shuffle(mistakes)
        for mistake in mistakes:
            edited = source
            for old, new in mistake.edit:
                edited = edited.replace(old, new)
            if edited != source:
                return edited
        return source
    if kind == "unknown":
        if isinstance(exercise.answer, type):
            return f"{source}{ADDED}{called}.forward = _wrapped({called}.forward)\n"
        return f"{source}{ADDED}{called} = _wrapped({called})\n"
    text = "undefined_name + 1" if kind == "error" else f"raise NotImplementedError('{name} is still blank')"
    if isinstance(exercise.answer, type):
        return f"{source}\n\ndef _forward(self, *args, **kwargs):\n    {text}\n\n\n{called}.forward = _forward\n"
    return f"{source}\n\ndef {called}(*args, **kwargs):\n    {text}\n"


def learner_notebooks(solved: dict[str, dict], wrong: float, draw: random.Random) -> Iterator[tuple[str, bytes]]:
    for name, notebook in solved.items():
        made = copy.deepcopy(notebook)
        for cell in made["cells"]:
            asked = cell["metadata"].get("exercise")
            if asked in exercises():
                kind = draw.choices(KINDS, SHARES)[0] if draw.random() < wrong else "right"
                cell["source"] = answer_of(asked, "".join(cell["source"]), kind, draw)
        yield name, json.dumps(made).encode()


def make_class(folder: Path, learners: int, wrong: float) -> None:
    solved = {
        path.name: json.loads(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "solutions").glob("*.ipynb"))
    }
    for notebook in solved.values():
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                cell["outputs"] = []
    for number in range(learners):
        home = folder / f"learner{number:03}"
        home.mkdir(parents=True)
        for name, content in learner_notebooks(solved, wrong, random.Random(number)):
            (home / name).write_bytes(content)


def marked(submissions: Path, report: Path, jobs: int) -> tuple[float, float, float]:
    """Processor seconds of all processes, seconds on the clock, and the largest process's MiB so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    before, start = used.ru_utime + used.ru_stime, time.monotonic()
    command = [sys.executable, "-m", "course_lib", "grade", str(submissions), "--out", str(report)]
    subprocess.run([*command, "--jobs", str(jobs), "--seed", "1"], check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime - before, time.monotonic() - start, used.ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--learners", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--wrong", type=float, default=WRONG, help="share of answers that are not right")
    parser.add_argument("--only-wrong", action="store_true", help="leave out the class without a mistake")
    options = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory(prefix="marking-speed-") as place:
        shares = {"wrong": options.wrong} if options.only_wrong else {"right": 0.0, "wrong": options.wrong}
        found = {}
        for name, share in shares.items():
            make_class(Path(place) / name, options.learners, share)
            found[name] = marked(Path(place) / name, Path(place) / f"report-{name}", options.jobs)
            told(name, found[name], options.learners)
        again = marked(Path(place) / "wrong", Path(place) / "report-wrong", options.jobs)
        told("again", again, options.learners)
        content = json.loads((Path(place) / "report-wrong" / "grades.json").read_text(encoding="utf-8"))
        statuses = [mark["status"] for one in content["learners"] for mark in one["marks"]]
        passed = statuses.count("passed") / len(statuses)
        print(f"{len(statuses)} answers, {100 * passed:.0f} % passed")
        if "right" in found:
            print(f"wrong / right: {found['wrong'][0] / found['right'][0]:.2f}")
        print(f"again / wrong: {again[0] / found['wrong'][0]:.3f}")


def told(name: str, seconds: tuple[float, float, float], learners: int) -> None:
    processor, clock, memory = seconds
    print(
        f"{name:6} {processor:8.1f} CPU s, {processor / learners:6.2f} a learner, {processor / 2:7.1f} s on two idle "
        f"cores; {clock:7.1f} s on the clock; largest process {memory:5.0f} MiB",
        flush=True,
    )


if __name__ == "__main__":
    main()
