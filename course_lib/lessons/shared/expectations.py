"""Is this normal? The loss and the pictures of the project's own runs, and the learner's run among them."""

import matplotlib.pyplot as plt
import torch
from PIL import Image

from course_lib.assets import asset_path
from course_lib.lessons.shared.results import shipped_results
from course_lib.lessons.shared.show import show
from course_lib.lessons.shared.style import COLORS, plain_ticks
from course_lib.lessons.shared.training import run_folder
from course_lib.training.run_folder import RunFolder

NAMES = {"ddpm": "DDPM", "flow": "flow matching"}
# how the pictures of the strip were drawn
DRAWN = {"num_steps": 50, "guidance_scale": 1.5}


def expectation_strip(method: str, mine: str | None = None) -> None:
    """Draw the band of the loss over three seeds, and samples at 1, 10, 50 and 100 % of the lesson's budget.

    Args:
        method: "ddpm" or "flow".
        mine: name of a run of `train_here`, whose loss is drawn into the band.
    """
    runs = {name: run for name, run in shipped_results("expectations").items() if name.startswith(method)}
    first = next(iter(runs.values()))
    steps, window = first["steps"], first["window"]
    losses = torch.tensor([run["loss"] for run in runs.values()])
    middles = torch.arange(losses.shape[1]) * window + window / 2
    figure = plt.figure(figsize=(10, 4.0))
    top = figure.add_axes((0.08, 0.42, 0.9, 0.53))
    low, high = losses.amin(dim=0), losses.amax(dim=0)
    top.fill_between(middles, low, high, color=COLORS["sky"], alpha=0.6, label=f"{len(runs)} seeds, lowest to highest")
    top.plot(middles, losses.mean(dim=0), color=COLORS["blue"], label="their mean")
    text = also = ""
    if mine is not None:
        at, loss = own_loss(mine, window)
        marker = "o" if len(at) == 1 else None  # a run of one window is a point, and a line through it shows nothing
        top.plot(at, loss, color=COLORS["vermilion"], linestyle="--", marker=marker, label="your run")
        if loss:
            text, also = f" Your run ends at {loss[-1]:.3f}.", " A dashed line: your run."
    top.set(xlabel="step", ylabel="loss", yscale="log", xlim=(0, steps))
    plain_ticks(top)
    top.legend(loc="upper right")
    moments = sorted(int(path.stem.rpartition("_")[2]) for path in grids_of(method))
    for place, step in enumerate(moments):
        axis = figure.add_axes((0.08 + 0.23 * place, 0.0, 0.21, 0.22))
        axis.imshow(Image.open(asset_path(f"results/expectations_{method}_{step}.png")))
        axis.set_title(f"after {step} steps ({step / steps:.0%})", fontsize=9)
        axis.axis("off")
        top.axvline(step, color=COLORS["grey"], linestyle=":", linewidth=1)
    start, end = losses[:, 0].mean(), losses[:, -1].mean()
    flat = int(middles[int((losses.mean(0) < 1.5 * end).nonzero()[0])])
    show(
        figure,
        f"what to expect of {NAMES[method]}. The loss falls from {start:.2f} (first {window} steps) to {end:.3f}, "
        f"nearly all of it in the first {flat} steps; the pictures (drawn in {DRAWN['num_steps']} steps with guidance "
        f"{DRAWN['guidance_scale']:g}, lesson 10) get better long after that.{text}",
        f"Above, a falling band of losses on a logarithmic axis, steep at first and then nearly flat.{also} Below, "
        "four small grids of samples: noise, blurs, rough shapes, pieces of clothing.",
    )


def grids_of(method: str) -> list:
    return list(asset_path("results").glob(f"expectations_{method}_*.png"))


def own_loss(name: str, window: int) -> tuple[list[float], list[float]]:
    """Steps and losses of a run's metrics, averaged as the band is."""
    rows = RunFolder(run_folder(name)).read_metrics()
    at, loss = [], []
    for start in range(0, rows[-1]["step"] if rows else 0, window):
        part = [row["loss"] for row in rows if start < row["step"] <= start + window]
        if part:
            at.append(start + window / 2)
            loss.append(sum(part) / len(part))
    return at, loss
