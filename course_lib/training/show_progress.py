"""How far a run is: a bar where somebody watches, plain lines where the output goes into a file."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

from tqdm.auto import tqdm

Tell = Callable[[int, dict[str, float] | None], None]


def somebody_watches() -> bool:
    """True in a terminal and in a notebook, which can draw over what they have drawn."""
    return "ipykernel" in sys.modules or (sys.stderr is not None and sys.stderr.isatty())


@contextlib.contextmanager
def told_progress(start: int, steps: int, batch_size: int) -> Iterator[Tell]:
    """Gives a function to call after every step, with the step and, now and then, its metrics.

    Without a terminal each set of metrics is a line. Output that can no longer be written, such as a closed pipe, stops
    no training.
    """
    if not somebody_watches():
        yield _lines(start, steps)
        return
    bar = tqdm(total=steps, initial=start, unit="img", unit_scale=batch_size)

    def tell(step: int, metrics: dict[str, float] | None) -> None:
        with contextlib.suppress(OSError):
            if metrics is not None:
                bar.set_postfix(loss=f"{metrics['loss']:.4f}", refresh=False)
            bar.update(step - bar.n)

    try:
        yield tell
    finally:
        with contextlib.suppress(OSError):
            bar.close()


def _lines(start: int, steps: int) -> Tell:
    started = time.perf_counter()

    def tell(step: int, metrics: dict[str, float] | None) -> None:
        if metrics is None:
            return
        left = (time.perf_counter() - started) / (step - start) * (steps - step)
        with contextlib.suppress(OSError, AttributeError, ValueError):  # the output is closed, or there is none
            print(
                f"step {step}/{steps}  loss {metrics['loss']:.4f}  {metrics['images_per_second']:.0f} images/s  "
                f"{left / 60:.1f} min left",
                file=sys.stderr,
                flush=True,
            )

    return tell
