"""What the shapes alone tell of a wrong result: each shape made by a learner's own slip."""

import pytest
import torch

from course_lib.checks.symptoms import of_a_shape, of_a_value

X = torch.arange(2.0 * 3 * 4 * 5).reshape(2, 3, 4, 5)
SLIPS = {
    "a return inside the loop, one image with its axis": (X, lambda x: x[:1], "One axis has length 1, where 2 was"),
    "a return inside the loop, one image without": (X, lambda x: x[0], "An axis of length 2 is gone"),
    "a mean over the channels": (X, lambda x: x.mean(1), "An axis of length 3 is gone"),
    "a mean that keeps its axis": (X, lambda x: x.mean(1, keepdim=True), "One axis has length 1, where 3 was"),
    "a sum over a list of numbers": (X[0, 0, 0], lambda x: x.sum(), "An axis of length 5 is gone"),
    "two axes swapped": (X, lambda x: x.transpose(2, 3), "stand in another order"),
    "stacked where it is to be joined": (X[:1], lambda x: torch.stack([x]), "An axis of length 1 is too many"),
    "squeezed": (X[:1], lambda x: x.squeeze(0), "An axis of length 1 is missing"),
    "a row for a column": (X[0, 0, :, :1], lambda x: x.T, "Only an axis of length 1 stands at another place"),
    "half of the width": (X, lambda x: x[..., :2], "One axis has length 2, where 5 was"),
    "all pairs of images": (X, lambda x: x[:, None].expand(2, 2, 3, 4, 5), "An axis of length 2 is too many"),
    "flattened": (X, torch.flatten, "Write the shape behind each of your lines"),
    "height and width halved": (X, lambda x: x[..., ::2, ::2], "Write the shape behind each of your lines"),
}


@pytest.mark.parametrize(("expected", "slip", "hears"), SLIPS.values(), ids=SLIPS)
def test_a_shape_tells_what_became_of_the_axes(expected, slip, hears):
    value = slip(expected)
    of_values, of_shapes = of_a_value(value, expected), of_a_shape(tuple(value.shape), tuple(expected.shape))
    assert of_values == of_shapes or value.ndim == 0
    assert of_values[0] == "another_shape"
    assert hears in of_values[1]


def test_of_several_results_it_is_said_of_none_which_axis():
    name, says = of_a_shape(((2, 3), (4,)), ((2, 3), (5,)))
    assert name == "another_shape"
    assert "axis" not in says
