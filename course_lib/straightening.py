"""Fewer calls: pair noise and images, straighten the network's own paths, and place its calls well.

Lesson 14. Times run as in flow_matching.py: t = 0 is the clean image, t = 1 pure noise.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from course_lib.flow_matching import TIME_SCALE
from course_lib.guidance import Model, guided_prediction
from course_lib.validation import at_least_float32, check_positive_int, check_same_shape, check_vector

# velocity(x, t): shaped like x, with one time for all of x
Velocity = Callable[[Tensor, float], Tensor]


def cheapest_assignment(cost: Tensor) -> Tensor:
    """Give each row a column of its own so that the sum of the costs is as small as it can be; exact.

    Shortest augmenting paths: the rows are taken one by one, and each may push earlier ones to other columns. It takes
    about N cubed operations: a tenth of a second for a hundred rows.

    Shapes: cost (N, N), finite -> (N,) int64, the column of each row.
    Raises: ValueError for a cost that is not square or not finite.
    Source: Kuhn 1955; in the form of Jonker and Volgenant 1987.
    """
    if cost.ndim != 2 or cost.shape[0] != cost.shape[1]:
        raise ValueError(f"cost has shape {tuple(cost.shape)}; allowed: (N, N)")
    if not cost.isfinite().all():
        raise ValueError("cost holds nan or infinite values; allowed: finite numbers")
    costs = cost.detach().cpu().double().numpy()
    count = len(costs)
    # prices of rows and columns; the last column stands for "none yet"
    row_price, column_price = np.zeros(count), np.zeros(count + 1)
    row_of = np.full(count + 1, -1)
    for new_row in range(count):
        row_of[count] = new_row
        column = count
        distance, before = np.full(count, np.inf), np.full(count, count)
        reached = np.zeros(count + 1, dtype=bool)
        while row_of[column] >= 0:
            reached[column] = True
            row = row_of[column]
            open_columns = ~reached[:count]
            reduced = costs[row] - row_price[row] - column_price[:count]
            nearer = open_columns & (reduced < distance)
            distance[nearer], before[nearer] = reduced[nearer], column
            nearest = int(np.argmin(np.where(open_columns, distance, np.inf)))
            step = distance[nearest]
            row_price[row_of[reached]] += step
            column_price[reached] -= step
            distance[open_columns] -= step
            column = nearest
        # back along the path: each column takes the row of the one before it
        while column != count:
            row_of[column] = row_of[before[column]]
            column = before[column]
    columns = np.empty(count, dtype=np.int64)
    columns[row_of[:count]] = np.arange(count)
    return torch.from_numpy(columns).to(cost.device)


def paired_noise(images: Tensor, noise: Tensor, labels: Tensor) -> Tensor:
    """The same noises in another order: within each class every image gets the one that makes the lines shortest.

    An image of a class gets one of the noises that stood beside this class's images, so that no class can be told from
    its noise.

    Args:
        images: clean images; noise: standard normal; labels: the class of each image.
    Shapes: images, noise (B, C, H, W), labels (B,) int64 -> (B, C, H, W). `noise` itself stays as it is.
    Raises: ValueError for shapes that differ.
    Source: Pooladian et al. 2023, section 3.2; Tong et al. 2024, section 3.2; theirs pairs across classes.
    """
    check_same_shape("noise", noise, "images", images)
    check_vector("labels", labels, len(images))
    paired = noise.clone()
    # each class by itself
    for label in labels.unique():
        members = (labels == label).nonzero().squeeze(1)
        # the squared distance of every image (rows) to every noise (columns), of this class
        rows, columns = images[members].flatten(1), noise[members].flatten(1)
        cost = torch.cdist(rows, columns) ** 2
        # which noise goes to which image
        chosen = cheapest_assignment(cost)
        paired[members] = noise[members[chosen]]
    return paired


def straight_piece(states: Tensor, times: Sequence[float], t: float) -> tuple[Tensor, Tensor]:
    """A path made straight between its stations: where it is at time t, and the velocity of that piece.

    Args:
        states: the images at each of S times, on their way from noise; times: falling, S of them, at least two.
        t: between the first and the last time; at a station the piece counts that begins there (at the end the last).
    Shapes: states (S, B, C, H, W) -> two of (B, C, H, W). The velocity is the change for a t that grows.
    Raises: ValueError for another number of states than times, or a t outside.
    Source: Liu et al. 2023, section 2 (two stations: reflow); Yan et al. 2024 (PeRFlow), section 3 (more).
    """
    if len(states) != len(times) or len(times) < 2:
        raise ValueError(f"states has {len(states)} entries for {len(times)} times; allowed: as many, and at least 2")
    if not times[-1] <= t <= times[0]:
        raise ValueError(f"t is {t}; allowed: from {times[-1]} to {times[0]}")
    # the piece that t lies in: the last one whose beginning is not below t
    piece = max(i for i in range(len(times) - 1) if times[i] >= t)
    start, end, t_start, t_end = states[piece], states[piece + 1], times[piece], times[piece + 1]
    # the velocity that goes straight from one end to the other
    velocity = (start - end) / (t_start - t_end)
    # from the lower end as far as t
    return end + (t - t_end) * velocity, velocity


def spaced_times(num_steps: int, shift: float = 1.0) -> list[float]:
    """num_steps + 1 times that fall from 1 to 0, closer together where it is worth it.

    Evenly spaced times u become shift * u / (1 + (shift - 1) * u). Shift 1 leaves them; above 1 the calls gather near
    t = 1, below 1 near t = 0.

    Raises: ValueError for num_steps below 1 or a shift that is not above 0.
    Source: Esser et al. 2024, equation 23.
    """
    check_positive_int("num_steps", num_steps)
    if not 0 < shift < float("inf"):
        raise ValueError(f"shift is {shift}; allowed: a number above 0")
    # evenly from 1 to 0
    even = [1 - i / num_steps for i in range(num_steps + 1)]
    # moved together; 1 + (shift - 1) * u in another order, in which rounding leaves both ends where they are
    return [shift * u / (1 - u + shift * u) for u in even]


def guided_within(
    model: Model, x: Tensor, t: float, labels: Tensor, guidance_scale: float, low: float, high: float
) -> Tensor:
    """The velocity with guidance where low < t <= high, and without elsewhere: there one call is enough.

    Args:
        model: called as model(x, times, labels), with times (B,), each 1000 * t; labels (B,).
        t: one time from 0 to 1 for all images.
    Shapes: x (B, C, H, W) -> (B, C, H, W).
    Source: Kynkäänniemi et al. 2024, equation 6.
    """
    # the model wants a time for each image, and sees 1000 t
    times = torch.full((len(x),), TIME_SCALE * t, dtype=at_least_float32(x), device=x.device)
    # the scale of this time: 1 is no guidance, and costs one call
    scale = guidance_scale if low < t <= high else 1.0
    return guided_prediction(model, x, times, labels, scale)


@torch.no_grad()
def euler_walk(velocity: Velocity, x: Tensor, times: Sequence[float]) -> list[Tensor]:
    """Euler's method along any times: the images at each of them, one call of `velocity` a step.

    Shapes: x (B, C, H, W), at the first time -> as many of (B, C, H, W) as there are times.
    """
    states = [x]
    for t, t_next in pairwise(times):
        states.append(states[-1] + (t_next - t) * velocity(states[-1], t))
    return states
