"""What lesson 10's derivations say, on one pixel and two classes, where every density and velocity is known."""

import itertools
from collections.abc import Callable

import matplotlib.pyplot as plt
import torch
from torch import Tensor

from course_lib.guidance import NO_CLASS
from course_lib.lessons.shared.show import show
from course_lib.lessons.shared.style import COLORS

# the clean pixel of class 0 and of class 1: mean and spread of a bell curve
CLASSES = ((-0.4, 0.4), (0.4, 0.4))
STEPS = 400
# the part of the pixel's axis that is drawn; beyond it there is next to nothing
WINDOW = (-1.2, 3)


def densities(x: Tensor, t: float, labels: Tensor) -> Tensor:
    """log p_t(x) of one class's pixels, or of all where the label is "no class"; x and labels (B,)."""
    one_class = torch.stack(
        [
            torch.distributions.Normal((1 - t) * mean, ((1 - t) ** 2 * spread**2 + t**2) ** 0.5).log_prob(x)
            for mean, spread in CLASSES
        ]
    )
    anyone = one_class.logsumexp(0) - torch.log(torch.tensor(2.0))
    return torch.where(labels == NO_CLASS, anyone, one_class.gather(0, labels.clamp(min=0)[None])[0])


def exact_velocity(x: Tensor, t: Tensor, labels: Tensor) -> Tensor:
    """The best possible velocity, from the score: v = -(x + t score) / (1 - t). `t` is 1000 times the time, (B,)."""
    time = float(t[0]) / 1000
    with torch.enable_grad():
        place = x.detach().clone().requires_grad_()
        (score,) = torch.autograd.grad(densities(place, time, labels).sum(), place)
    return -(x + time * score) / (1 - time)


def walked(guided_prediction: Callable[..., Tensor], scale: float, count: int = 4001) -> Tensor:
    """Evenly spread noise (count,), walked back to class 1 with guidance by Heun's method."""
    x = torch.special.ndtri((torch.arange(count, dtype=torch.float64) + 0.5) / count)
    labels = torch.ones(count, dtype=torch.int64)

    def velocity(x: Tensor, t: float) -> Tensor:
        return guided_prediction(exact_velocity, x, torch.full((count,), 1000 * t, dtype=x.dtype), labels, scale)

    # not from t = 1 itself: there the velocity is a limit, which the formula cannot give
    times = torch.linspace(1 - 1e-4, 0, STEPS + 1).tolist()
    for t, t_next in itertools.pairwise(times):
        v = velocity(x, t)
        x = x + (t_next - t) * (v + velocity(x + (t_next - t) * v, t_next)) / 2
    return x


def tilted(scale: float) -> tuple[Tensor, Tensor]:
    """Places, and there the density p(x | class) ** scale * p(x) ** (1 - scale), normalised."""
    x = torch.linspace(-4, 8, 12_001, dtype=torch.float64)
    one, none = (densities(x, 0.0, torch.full(x.shape, label)) for label in (1, NO_CLASS))
    density = torch.exp(scale * one + (1 - scale) * none)
    return x, density / torch.trapezoid(density, x)


def mean_and_spread(x: Tensor, density: Tensor) -> tuple[float, float]:
    mean = torch.trapezoid(x * density, x)
    return float(mean), float(torch.trapezoid((x - mean) ** 2 * density, x).sqrt())


def plot_tilted(
    guided_prediction: Callable[..., Tensor], scales: tuple[float, ...] = (1.0, 2.0, 4.0)
) -> dict[float, tuple[float, float, float, float]]:
    """Draw what a perfect sampler with guidance draws, beside the tilted density that it is said to draw from.

    Returns: for each scale, mean and spread of the tilted density, then of the samples.
    """
    figure, axes = plt.subplots(1, len(scales), figsize=(10, 3), layout="constrained", sharey=True)
    found = {}
    for axis, scale in zip(axes, scales, strict=True):
        x, density = tilted(scale)
        samples = walked(guided_prediction, scale)
        found[scale] = (*mean_and_spread(x, density), float(samples.mean()), float(samples.std()))
        axis.hist(samples.numpy(), bins=60, range=WINDOW, density=True, color=COLORS["sky"], label="guided samples")
        shown = (x > WINDOW[0]) & (x < WINDOW[1])
        axis.plot(x[shown], density[shown], color=COLORS["vermilion"], label="tilted density")
        axis.set(title=f"scale {scale:g}", xlabel="the value of the pixel", xlim=WINDOW)
    axes[0].set_ylabel("density")
    axes[-1].legend(frameon=False, fontsize=8)
    told = "; ".join(
        f"scale {scale:g}: {mean:.2f} and {spread:.2f} against {of_mean:.2f} and {of_spread:.2f}"
        for scale, (mean, spread, of_mean, of_spread) in found.items()
    )
    show(
        figure,
        f"class 1 of two classes of one pixel, drawn with the exact velocities. Mean and spread of the tilted density "
        f"against those of the samples: {told}.",
        "Three panels. At scale 1 the histogram fills the curve. At scale 2 and 4 both move to the right and become "
        "narrower, but the histogram lies further to the right than the curve.",
    )
    return found
