"""The loss curve of a run."""

import statistics
from pathlib import Path

from course_lib.files import local_path, write_atomically

# dots on each side that the line averages over; looking back only, the line would lag behind a falling loss
HALF_WINDOW = 5


def save_loss_curve(metrics: list[dict], path: Path) -> None:
    """Plot loss against step: each line of metrics as a dot, and the average of neighbouring dots as a line."""
    from matplotlib.figure import Figure  # no pyplot: a command must not open windows or change a notebook's state

    steps, losses = [row["step"] for row in metrics], [row["loss"] for row in metrics]
    # a process of the reader's own may have losses that have no logarithm
    scale, mean = ("log", statistics.geometric_mean) if all(x > 0 for x in losses) else ("linear", statistics.fmean)
    smooth = [mean(losses[max(0, i - HALF_WINDOW) : i + HALF_WINDOW + 1]) for i in range(len(losses))]
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot()
    axes.plot(steps, losses, ".", color="#9ecae1", label="mean loss since the last dot")
    axes.plot(steps, smooth, color="#08519c", label="average over neighbouring dots")
    axes.set(xlabel="step", ylabel="loss (mean squared error)", yscale=scale, title="Training loss")
    axes.grid(alpha=0.3, which="both")
    axes.legend()
    write_atomically(local_path(path), lambda temporary: figure.savefig(temporary, dpi=110))
