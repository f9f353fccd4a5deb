"""Two seconds of training, and what they say about the lessons that train."""

import dataclasses
import json
import time

from course_lib.assets import asset_path
from course_lib.doctor.finding import OK, WARN, Finding

SECONDS = 2.0
# a lesson's run that takes longer than this deserves advice
SLOW_MINUTES = 10
# share of the processor that other programs use, above which a measured time says little
BUSY_PERCENT = 40


def speed(seconds: float = SECONDS) -> Finding:
    """Time the lessons' training step for `seconds`, on the device and in the number format that `train` would use."""
    import psutil

    from course_lib.training.config import PROFILES
    from course_lib.training.hardware import computes_in_bf16, pick_device

    busy = psutil.cpu_percent(interval=0.2)
    device = pick_device()
    lesson = PROFILES["lesson"]
    a_step, steps = measured(lesson, seconds)
    number_format = "bf16" if computes_in_bf16() else "float32"
    how = f"{lesson.batch_size} images, {device.type}, {number_format}; {steps} timed"
    text = f"{a_step:.2f} seconds a training step ({how})"
    details = [f"{what}: about {duration(count * a_step)}" for what, count in lengths().items()]
    if device.type == "cuda":
        # its images are CIFAR-10's, which may not be here yet: others of the same size cost the same
        gpu = dataclasses.replace(PROFILES["gpu"], data="shapes")
        large, _ = measured(gpu, seconds)
        details.append(
            f"lesson 12's run, {gpu.steps:,} steps: about {duration(gpu.steps * large)}, less with --compile"
        )
    else:
        details.append(f"lesson 12's run, {PROFILES['gpu'].steps:,} steps of a larger network: only on a GPU")
    advice = ""
    if busy > BUSY_PERCENT:
        advice = f"other programs use {busy:.0f} % of the processor now. Close them, and the times will be shorter."
    elif lesson.steps * a_step > 60 * SLOW_MINUTES:
        advice = (
            "nothing, or take a faster machine for lessons 08 and 09, such as Colab with its GPU. Trained networks "
            "came with the course, so that all else works here."
        )
    return Finding(WARN if advice else OK, "speed", text, advice, tuple(details))


def lengths() -> dict[str, int]:
    """The runs of the lessons, in steps of the lessons' batch."""
    from course_lib.training.config import PROFILES

    steps = PROFILES["lesson"].steps
    runs = len(json.loads(asset_path("results/ablations.json").read_text(encoding="utf-8"))["runs"])
    return {
        f"lesson 08's run, {steps:,} steps": steps,
        f"lesson 09's run, {steps:,} steps": steps,
        f"lesson 11's table, if you make it yourself, {runs} runs of {steps:,} steps": runs * steps,
    }


def measured(config: "TrainingConfig", seconds: float) -> tuple[float, int]:  # noqa: F821
    """Seconds a step, the median of as many steps as fit into `seconds` (one at least), and how many those were."""
    from course_lib.data import load_dataset
    from course_lib.training.config import make_process
    from course_lib.training.preflight import timed_steps
    from course_lib.unet import UNet

    dataset = load_dataset(config.data)
    steps = timed_steps(config, dataset, make_process(config), UNet)
    next(steps)  # does not count
    ends = time.perf_counter() + seconds
    times = [next(steps)]
    while time.perf_counter() < ends:
        times.append(next(steps))
    return sorted(times)[len(times) // 2], len(times)


def duration(seconds: float) -> str:
    """In the unit that suits it."""
    for size, unit in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} seconds"
