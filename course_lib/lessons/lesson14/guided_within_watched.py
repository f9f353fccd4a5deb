"""guided_within takes a model: the watched answer takes four numbers, and says how the model was asked."""

from collections.abc import Callable

from torch import Tensor

from course_lib.checks.stand_ins import NETWORK, StandIn


def watched(answer: Callable) -> Callable:
    """Make the model from its numbers.

    Besides the velocity: how many times the whole batch went through the model, and at which times.
    """

    def guided_within(
        x: Tensor,
        t: float,
        labels: Tensor,
        guidance_scale: float,
        low: float,
        high: float,
        numbers: tuple[float, ...],
        form: str = NETWORK,
    ) -> tuple:
        model = StandIn(numbers, x)
        velocity = answer(model.as_given(form), x, t, labels, guidance_scale, low, high)
        times = sorted({round(time, 3) for _, called, _ in model.calls for time in called.double().tolist()})
        return velocity, sum(len(images) for images, _, _ in model.calls) / len(x), tuple(times)

    return guided_within
