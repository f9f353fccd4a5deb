"""Two small problems without a network: two heaps on a line, exactly, and two classes in the plane, from pairs."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from course_lib.straightening import euler_walk, spaced_times

# ---- two heaps on a line: the velocity is known ----

CENTRES, SPREAD = (-1.0, 1.0), 0.15


def heaps_velocity(x: Tensor, t: float) -> Tensor:
    """The exact velocity of flow matching where data are two bell curves of equal weight on the line.

    Bayes' rule: in each heap clean and noise given x are a matter of one division, and x says how likely each heap is.
    """
    x = x.double()
    variance = (1 - t) ** 2 * SPREAD**2 + t**2
    centres = torch.tensor(CENTRES, dtype=torch.float64)
    away = x[..., None] - (1 - t) * centres
    weights = torch.softmax(-(away**2) / (2 * variance), dim=-1)
    clean = centres + (1 - t) * SPREAD**2 / variance * away
    noise = t / variance * away
    return (weights * (noise - clean)).sum(-1)


def heaps_map(noise: Tensor) -> Tensor:
    """Where the exact walk ends: on a line it keeps the order, so equal shares of noise and data belong together."""
    shares = 0.5 * (1 + torch.erf(noise.double() / math.sqrt(2)))
    low, high = torch.full_like(shares, -4.0), torch.full_like(shares, 4.0)
    for _ in range(60):
        middle = (low + high) / 2
        below = sum(0.5 * (1 + torch.erf((middle - c) / (SPREAD * math.sqrt(2)))) for c in CENTRES) / 2 < shares
        low, high = torch.where(below, middle, low), torch.where(below, high, middle)
    return (low + high) / 2


def straight_velocity(stations: Sequence[Tensor], times: Sequence[float]) -> Callable:
    """The velocity that training on straight pieces between `stations`, each (N,) and rising, would find at best.

    On a line the pieces never cross, so at each time and place there is one velocity: found between neighbours.
    """

    def velocity(x: Tensor, t: float) -> Tensor:
        piece = max(i for i in range(len(times) - 1) if times[i] >= t)
        way = (stations[piece] - stations[piece + 1]) / (times[piece] - times[piece + 1])
        places = stations[piece + 1] + (t - times[piece + 1]) * way
        return torch.from_numpy(np.interp(x.numpy(), places.numpy(), way.numpy()))

    return velocity


def even_noise(count: int = 801) -> Tensor:
    """(count,) numbers that are spread like normal noise, evenly by their shares and in rising order."""
    shares = (torch.arange(count, dtype=torch.float64) + 0.5) / count
    return math.sqrt(2) * torch.erfinv(2 * shares - 1)


def heaps_distance(ends: Tensor, noise: Tensor) -> float:
    """The root of the mean square between where a walk ended and where the exact one ends."""
    return float((ends - heaps_map(noise)).square().mean().sqrt())


# ---- two classes in the plane: the best answer to a set of pairs ----

PLANE = torch.tensor([[-1.5, 0.0], [1.5, 0.0]])
PLANE_SPREAD = 0.4
# within this distance pairs count as being at one place
NEAR = 0.15
Pairing = Callable[[Tensor, Tensor, Tensor], Tensor]


def plane_pairs(pairing: Pairing | None, across: bool, seed: int, batches: int = 16) -> tuple[Tensor, ...]:
    """Clean points (N, 2) of two classes, noise (N, 2) and classes (N,), paired in batches of 64.

    Args:
        pairing: like `paired_noise`; None leaves the noise as it was drawn.
        across: whether the pairing is told that all are of one class.
    """
    generator = torch.Generator().manual_seed(seed)
    found = []
    for _ in range(batches):
        labels = torch.randint(0, 2, (64,), generator=generator)
        clean = (PLANE[labels] + PLANE_SPREAD * torch.randn(64, 2, generator=generator)).reshape(64, 1, 1, 2)
        noise = torch.randn(64, 1, 1, 2, generator=generator)
        if pairing is not None:
            noise = pairing(clean, noise, torch.zeros_like(labels) if across else labels)
        found.append((clean.reshape(64, 2), noise.reshape(64, 2), labels))
    clean, noise, labels = (torch.cat(parts) for parts in zip(*found, strict=True))
    return clean, noise, labels


def best_velocity(pairs: tuple[Tensor, ...], x: Tensor, t: float, labels: Tensor, leave_out: bool = False) -> Tensor:
    """The mean velocity of the pairs of that class that pass near x at time t: what the loss teaches; (M, 2).

    Where no pair passes near, the nearest ones answer. With `leave_out` the pair at the own place in the row does not
    count.
    """
    clean, noise, classes = pairs
    square = torch.cdist(x, (1 - t) * clean + t * noise) ** 2
    square = square.masked_fill(labels[:, None] != classes[None], float("inf"))
    if leave_out:
        square.fill_diagonal_(float("inf"))
    return torch.softmax(-square / (2 * NEAR**2), dim=1) @ (noise - clean)


def plane_loss(pairs: tuple[Tensor, ...]) -> float:
    """The loss of `best_velocity` on pairs it is not made of, over nine times."""
    clean, noise, classes = pairs
    losses = []
    for t in [i / 10 for i in range(1, 10)]:
        velocity = best_velocity(pairs, (1 - t) * clean + t * noise, t, classes, leave_out=True)
        losses.append(float((velocity - (noise - clean)).square().mean()))
    return sum(losses) / len(losses)


def plane_walk(pairs: tuple[Tensor, ...], calls: int, seed: int, count: int = 600) -> tuple[Tensor, Tensor, Tensor]:
    """Draw points of both classes: noise (N, 2), where it ends (N, 2), the classes asked for (N,)."""
    noise = torch.randn(count, 2, generator=torch.Generator().manual_seed(1000 + seed))
    labels = torch.arange(count) % 2
    ends = euler_walk(lambda x, t: best_velocity(pairs, x, t, labels), noise, spaced_times(calls))[-1]
    return noise, ends, labels


def plane_accuracy(ends: Tensor, labels: Tensor) -> float:
    """The share of points that lie nearer to the centre of their own class."""
    return float((torch.cdist(ends, PLANE).argmin(dim=1) == labels).float().mean())
