"""What lesson 08's derivations say, drawn and computed on data of two points, where every density is known."""

import matplotlib.pyplot as plt
import torch
from torch import Tensor

from course_lib.ddpm import DDPM
from course_lib.lessons.lesson08.figures import bell
from course_lib.lessons.shared.show import show
from course_lib.lessons.shared.style import COLORS

POINTS = (-1.0, 1.0)


def way_back(ddpm: DDPM, t: int, earlier: int, x_t: float) -> tuple[Tensor, Tensor, Tensor]:
    """Where a pixel that is x_t at time t was at an earlier time, if it began as -1 or as 1, each half of the time.

    Returns: places (4001,), the density of the way back there, and the bell curve of the same mean and spread.
    Source: Ho et al. 2020, equation 7, for one jump in place of one step; weighed by Bayes' rule.
    """
    now, then = float(ddpm.alphas_cumprod[t]), float(ddpm.alphas_cumprod[earlier])
    kept = now / then  # what the whole jump leaves of the variance, as 1 - beta is for one step
    variance = (1 - kept) * (1 - then) / (1 - now)
    likely = torch.tensor([-((x_t - now**0.5 * point) ** 2) / (2 * (1 - now)) for point in POINTS]).double().softmax(0)
    means = torch.tensor(
        [then**0.5 * (1 - kept) / (1 - now) * point + kept**0.5 * (1 - then) / (1 - now) * x_t for point in POINTS]
    ).double()
    mean = float((likely * means).sum())
    spread = float((variance + (likely * (means - mean) ** 2).sum()) ** 0.5)
    x = torch.linspace(mean - 6 * spread, mean + 6 * spread, 4001, dtype=torch.float64)
    mixture = sum(weight * bell(x, float(place), variance) for weight, place in zip(likely, means, strict=True))
    return x, mixture, bell(x, mean, spread**2)


def plot_way_back(
    ddpm: DDPM, t: int = 500, earlier: tuple[int, ...] = (499, 400, 200, 50), x_t: float = 0.1
) -> list[float]:
    """Draw the true way back over one step and over more. Returns: the mass that one bell misplaces in each."""
    figure, axes = plt.subplots(1, len(earlier), figsize=(10, 2.9), layout="constrained")
    missed = []
    for axis, time in zip(axes, earlier, strict=True):
        x, mixture, one_bell = way_back(ddpm, t, time, x_t)
        missed.append(float(torch.trapezoid((mixture - one_bell).abs(), x)) / 2)
        axis.plot(x, mixture, color=COLORS["blue"], label="the true way back")
        axis.plot(x, one_bell, "--", color=COLORS["orange"], label="one bell")
        axis.set(title=f"from {t} to {time}", xlabel=f"the pixel at t = {time}", ylim=(0, 1.45 * float(mixture.max())))
        axis.set_yticks([])
    axes[0].set_ylabel("density")
    axes[0].legend(frameon=False, fontsize=8, loc="upper left")
    shares = ", ".join(f"{share:.1%} at {time}" for share, time in zip(missed, earlier, strict=True))
    show(
        figure,
        f"a pixel that began as -1 or 1 and is {x_t:g} at t = {t}. One bell curve with the same mean and spread puts "
        f"this much of the probability in the wrong place: {shares}.",
        "Four panels. From 500 to 499 and to 400 the true density and one bell curve cover each other. To 200 the true "
        "density has two humps, and the bell has its top between them. To 50 it has two narrow humps far apart, at -1 "
        "and 1, while the bell is wide and low.",
    )
    return missed
