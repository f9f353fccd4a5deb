"""Whether random numbers are fresh noise: standard normal, and one draw for every image, channel and pixel."""

import torch
from torch import Tensor

from course_lib.checks.trial import Trial

# how many standard deviations a sum of many draws may lie from its mean: once in a thousand million times it is more
SPREADS = 6


def see_fresh_noise(trial: Trial, noise: Tensor, given: str) -> None:
    """Record what holds for fresh noise, and for nothing that is drawn once and used twice.

    Args:
        noise: (B, C, H, W), at least two along each axis; some thousand numbers in all.
    """
    noise = noise.double()
    centred = noise - noise.mean()
    spread = centred.square().mean().sqrt()
    # one number everywhere is one draw
    centred = centred / spread if spread > 1e-6 else torch.ones_like(noise)
    for axis, name in ((3, "pixel"), (2, "pixel of a column"), (1, "channel"), (0, "image")):
        length = noise.shape[axis]
        neighbours = centred.narrow(axis, 0, length - 1) * centred.narrow(axis, 1, length - 1)
        alike = float(neighbours.mean().abs())
        trial.see(f"whether every {name} has a draw of its own", alike < SPREADS / neighbours.numel() ** 0.5, given)
    count = noise.numel()
    trial.see("whether its mean is 0", bool(noise.mean().abs() < SPREADS / count**0.5), given)
    trial.see("whether its variance is 1", bool((noise.var() - 1).abs() < SPREADS * (2 / count) ** 0.5), given)
    # the fourth moment of a normal variable is 3, and its square has a variance of 96
    fourth = noise.pow(4).mean()
    trial.see("whether it is normal", bool((fourth - 3).abs() < SPREADS * (96 / count) ** 0.5), given)
