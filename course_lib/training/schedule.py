"""The learning rate of every step, from plain numbers."""

import math

SCHEDULES = ("constant", "cosine")


def learning_rate_at(step: int, peak: float, warmup_steps: int, steps: int, schedule: str = "constant") -> float:
    """Linear warm-up to `peak`, then constant, or half a cosine that reaches zero after the last step.

    With "cosine" the cosine runs over the whole training, the warm-up included: the two are multiplied.

    Args:
        step: counted from 0.
        peak: the learning rate after the warm-up, before the schedule takes its share.
        warmup_steps: the step with number warmup_steps - 1 is the first that the warm-up leaves whole; 0 for no
            warm-up.
        steps: of the whole training.
        schedule: "constant" or "cosine".
    Raises: ValueError for another schedule.
    Source: Loshchilov and Hutter 2017, equation 5, for the cosine; Goyal et al. 2017, section 2.2, for the warm-up.

    >>> [learning_rate_at(step, 1.0, 4, 100) for step in (0, 1, 3, 50)]
    [0.25, 0.5, 1.0, 1.0]
    """
    if schedule not in SCHEDULES:
        raise ValueError(f"schedule is {schedule!r}; allowed: {', '.join(map(repr, SCHEDULES))}")
    # the share of the warm-up that is done: (step + 1) / warmup_steps, and never above 1 (there may be no warm-up)
    warm_up = min(1.0, (step + 1) / max(1, warmup_steps))
    # the share that the schedule leaves: all of it, or half a cosine from 1 at step 0 to 0 at step `steps`
    left = 1.0 if schedule == "constant" else (1 + math.cos(math.pi * step / steps)) / 2
    return peak * warm_up * left
