"""Time the first verdict of a fresh process, beyond `import torch`, for right, blank and wrong answers.

    python benchmarks/check_speed.py                          # every exercise
    python benchmarks/check_speed.py --only ResidualBlock UNet

Each verdict has a process of its own, split off from one that has imported torch and nothing else, so that it pays for
everything a notebook's first check pays for: the imports of this package, the exercise, its mistakes. Counted are CPU
seconds of one thread, which a busy machine inflates a little and not manifold. The ratio is to a right answer of the
same exercise in the same run: that is the number to compare between machines.

Kinds of answers: the reference; its blank; its first, its middle and its last known mistake (the slowest counts); and
an answer that is wrong in a way nobody knows, so that every known mistake is compared with it in vain.
"""

import argparse
import inspect
import multiprocessing
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import torch
from torch import Tensor

KINDS = ("right", "blank", "known", "unknown")


def askew(value: Any) -> Any:
    """A value that no known mistake gives."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, Tensor) and value.is_floating_point():
        return value + 0.013 * torch.sin(3 * value + 1)
    if isinstance(value, Tensor):
        return value + (value % 3 == 1).to(value.dtype)
    if isinstance(value, int):
        return value + value // 3 + 1
    if isinstance(value, float):
        return 1.0137 * value + 0.0113
    if isinstance(value, tuple | list):
        return type(value)(map(askew, value))
    return wrapped(value) if callable(value) else value


def wrapped(function: Callable) -> Callable:
    def wrong(*args: Any, **kwargs: Any) -> Any:
        value = function(*args, **kwargs)
        if value is None:  # it changes what it was given
            for tensor in args[0]:
                tensor.mul_(1.0137)
        return askew(value)

    wrong.__name__ = getattr(function, "__name__", "wrong")
    return wrong


def blank(name: str, method: str) -> Callable:
    text = f"def {method}(*args, **kwargs):\n    raise NotImplementedError({name + ' is still blank'!r})"
    names: dict[str, Any] = {}
    exec(text, names)
    return names[method]


def answers(kind: str, name: str) -> list[Any]:
    from course_lib.checks.registry import find_exercise

    exercise = find_exercise(None, name)
    answer = exercise.answer
    if kind == "right":
        return [answer]
    if kind == "known":
        mistakes = exercise.misconceptions
        return [mistakes[place].wrong for place in (0, len(mistakes) // 2, -1)]
    if not inspect.isclass(answer):
        return [blank(name, name.rpartition(".")[2]) if kind == "blank" else wrapped(answer)]
    forward = blank(f"{name}.forward", "forward") if kind == "blank" else wrapped(answer.forward)
    return [type(answer.__name__, (answer,), {"forward": forward})]


def first_verdict(kind: str, name: str, number: int, reply: Connection) -> None:
    """Send what the verdict of a fresh process costs, and what it says."""
    start = time.process_time()
    from course_lib.checks import examine
    from course_lib.checks.registry import find_exercise

    find_exercise(None, name)
    # making the answer is not the check's work
    before = time.process_time()
    answer = answers(kind, name)[number]
    making = time.process_time() - before
    result = examine(answer, name)
    reply.send((time.process_time() - start - making, result.status, result.misconception or ""))


def measured(kind: str, name: str) -> tuple[float, str, str]:
    """The slowest of this kind."""
    found = []
    for number in range(3 if kind == "known" else 1):
        mine, theirs = multiprocessing.Pipe(duplex=False)
        process = multiprocessing.get_context("fork").Process(target=first_verdict, args=(kind, name, number, theirs))
        process.start()
        theirs.close()
        try:
            found.append(mine.recv())
        except EOFError:
            found.append((float("nan"), "ended by itself", ""))
        process.join()
    return max(found)


def names_of_all() -> list[str]:
    """Asked in another process, so that this one has imported nothing of the course."""
    mine, theirs = multiprocessing.Pipe(duplex=False)

    def tell() -> None:
        from course_lib.checks.registry import exercises

        theirs.send(list(exercises()))

    process = multiprocessing.get_context("fork").Process(target=tell)
    process.start()
    names = mine.recv()
    process.join()
    return names


def main() -> None:
    if "fork" not in multiprocessing.get_all_start_methods():
        sys.exit("this needs processes that split off from one another (fork), which this system does not have")
    torch.set_num_threads(1)
    everything = names_of_all()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=everything, metavar="NAME", default=everything)
    names = parser.parse_args().only
    print(f"{'CPU seconds (ratio to right)':28}" + "".join(f"{kind:>16}" for kind in KINDS))
    for name in names:
        found = {kind: measured(kind, name) for kind in KINDS}
        right = found["right"][0]
        cells = [f"{seconds:7.2f} ({seconds / right:5.2f})" for seconds, _, _ in found.values()]
        unexpected = [kind for kind, (_, status, _) in found.items() if (status == "passed") != (kind == "right")]
        print(f"{name:28}" + "".join(f"{cell:>16}" for cell in cells), *unexpected and ["?", *unexpected], flush=True)


if __name__ == "__main__":
    main()
