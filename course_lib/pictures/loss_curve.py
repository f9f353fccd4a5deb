"""The loss curve of a run."""

from pathlib import Path

from course_lib.files import write_atomically

SMOOTHING = 0.9


def save_loss_curve(metrics: list[dict], path: Path) -> None:
    """Plot loss against step: each line of metrics as a dot, and their moving average as a line."""
    from matplotlib.figure import Figure  # no pyplot: a command must not open windows or change a notebook's state

    steps, losses = [row["step"] for row in metrics], [row["loss"] for row in metrics]
    smooth = losses[:1]
    for loss in losses[1:]:
        smooth.append(SMOOTHING * smooth[-1] + (1 - SMOOTHING) * loss)
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot()
    axes.plot(steps, losses, ".", color="#9ecae1", label="mean loss since the last dot")
    axes.plot(steps, smooth, color="#08519c", label="moving average")
    axes.set(xlabel="step", ylabel="loss (mean squared error)", yscale="log", title="Training loss")
    axes.grid(alpha=0.3, which="both")
    axes.legend()
    write_atomically(path, lambda temporary: figure.savefig(temporary, dpi=110))
