"""What lesson 09's derivations say, drawn on data of two points, where every density is known."""

import matplotlib.pyplot as plt
import torch
from torch import Tensor

from course_lib.lessons.lesson09.figures import two_point_velocity
from course_lib.lessons.shared.show import show
from course_lib.lessons.shared.style import COLORS

WALKERS = 20_000
STEPS = 400


def density_at(x: Tensor, t: Tensor | float) -> Tensor:
    """The density of x_t = (1 - t) clean + t noise at time t > 0, where clean is -1 or 1, each half of the time."""
    bells = [torch.exp(-((x - (1 - t) * clean) ** 2) / (2 * t**2)) for clean in (-1.0, 1.0)]
    return sum(bells) / (2 * (2 * torch.pi) ** 0.5 * t)


def plot_transport(times: tuple[float, ...] = (1.0, 0.6, 0.4, 0.2)) -> float:
    """Walk 20,000 points from noise along the mean velocity, and draw where they are beside where they should be.

    Returns: the largest distance between the share of points below a place and the share that belongs there.
    """
    generator = torch.Generator().manual_seed(0)
    # places that are as evenly spread as the noise allows: what is left of chance would hide the rest
    shares = (torch.arange(WALKERS, dtype=torch.float64) + torch.rand(1, generator=generator).double()) / WALKERS
    x = torch.special.ndtri(shares)
    figure, axes = plt.subplots(1, len(times), figsize=(10, 2.9), layout="constrained", sharey=True)
    largest, done = 0.0, 0
    for axis, t in zip(axes, times, strict=True):
        for step in range(done, round((1 - t) * STEPS)):
            x = x - two_point_velocity(x, 1 - step / STEPS) / STEPS
        done = round((1 - t) * STEPS)
        places = torch.linspace(-3.2, 3.2, 1281, dtype=torch.float64)
        density = density_at(places, t)
        belongs = torch.cumulative_trapezoid(density, places)
        are = torch.searchsorted(x.sort().values, places[1:]) / WALKERS
        largest = max(largest, float((belongs - are).abs().max()))
        axis.hist(x.numpy(), bins=80, range=(-3.2, 3.2), density=True, color=COLORS["sky"], label="points that walked")
        axis.plot(places, density, color=COLORS["vermilion"], linewidth=1.5, label="density of the path")
        axis.set(title=f"t = {t:g}", xlabel="the value of the pixel", ylim=(0, 1.3))
    axes[0].set_ylabel("density")
    axes[0].legend(frameon=False, fontsize=8, loc="upper left")
    # the largest distance that draws typically have from their own distribution (the median of Kolmogorov's statistic)
    chance = 0.83 / WALKERS**0.5
    show(
        figure,
        f"{WALKERS:,} points, at first spread as evenly as the bell of the noise asks, that followed the mean velocity "
        f"in steps of {1 / STEPS:g}, beside the density of (1 - t) clean + t noise. The share of points below a place "
        f"is nowhere more than {largest:.2%} off. (Points drawn at random would typically be {chance:.1%} off.)",
        "Four panels from t = 1 to t = 0.2. A bell curve becomes narrower and higher, then parts into two humps; at "
        "the end they are narrow and stand at -0.8 and 0.8. In each panel the histogram of the points fills the curve "
        "of the density.",
    )
    return largest
