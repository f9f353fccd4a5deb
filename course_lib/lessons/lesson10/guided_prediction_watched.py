"""guided_prediction takes a model: the watched answer takes four numbers, and says how often the model was asked."""

from collections.abc import Callable

from torch import Tensor

from course_lib.checks.stand_ins import NETWORK, StandIn


def watched(answer: Callable) -> Callable:
    """Make the model from its numbers, in one of the forms of a model.

    Besides the prediction: how many times the whole batch went through the model. One call with twice the images counts
    as two, and one call for each image of the batch together as one.
    """

    def guided_prediction(
        x: Tensor,
        t: Tensor,
        labels: Tensor | None,
        numbers: tuple[float, ...],
        guidance_scale: float | None = None,
        form: str = NETWORK,
    ) -> tuple:
        model = StandIn(numbers, x)
        scale = () if guidance_scale is None else (guidance_scale,)
        prediction = answer(model.as_given(form), x, t, labels, *scale)
        return prediction, sum(len(images) for images, _, _ in model.calls) / len(x)

    return guided_prediction
