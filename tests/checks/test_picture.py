"""A picture beside a wrong result: in a notebook, of images and matrices, readable by everybody."""

import matplotlib.pyplot as plt
import pytest
import torch

from course_lib.checks import picture
from course_lib.checks.picture import described, drawn, pair_in
from course_lib.checks.trial import Observation
from course_lib.lessons.shared.legibility import troubles

GENERATOR = torch.Generator().manual_seed(0)
NAN = float("nan")


def numbers(*shape):
    return torch.randn(shape, generator=GENERATOR)


def pair_of(value, wanted):
    return pair_in(Observation("the result", value, ""), Observation("the result", wanted, ""))


IMAGES = numbers(2, 3, 6, 5)
CASES = {
    "another image": (numbers(2, 3, 6, 5), IMAGES, "image 0, channel 0"),
    "one channel": (torch.cat([IMAGES[:, :2], 0 * IMAGES[:, 2:]], dim=1), IMAGES, "image 0, channel 2"),
    "a factor of a hundred": (100 * IMAGES, IMAGES, "image 0, channel 0"),
    "a number that is none": (
        IMAGES.clone().index_put((torch.tensor(1),) * 4, torch.tensor(NAN)),
        IMAGES,
        "image 1, channel 1",
    ),
    "a matrix": (numbers(8, 8).softmax(0), numbers(8, 8).softmax(1), ""),
    "several matrices": (numbers(3, 16, 4), numbers(3, 16, 4), "number 0"),
    "whole numbers": (torch.zeros(4, 9, dtype=torch.int64), torch.ones(4, 9, dtype=torch.int64), ""),
    "a wide one": (numbers(4, 64), numbers(4, 64), ""),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_drawn_is_what_differs_and_everybody_can_read_it(name):
    value, wanted, what = CASES[name]
    pair = pair_of(value, wanted)
    assert pair.what == what
    assert pair.wrong.any()
    before = plt.get_fignums()
    figure = drawn(pair)
    assert list(troubles(figure)) == []
    assert plt.get_fignums() == before
    shown = [image.get_array() for axis in figure.axes for image in axis.images][:3]
    torch.testing.assert_close(torch.as_tensor(shown[0].data), pair.expected)
    assert [axis.get_xlabel() for axis in figure.axes[:3]] == ["column"] * 3
    assert f"{int(pair.wrong.sum())} of {pair.wrong.numel()} numbers are wrong" in described(pair)


def test_where_the_two_agree_there_is_no_difference():
    yours = IMAGES + 1e-9
    yours[0, 0, 2, 3] += 1
    pair = pair_of(yours, IMAGES)
    assert pair.apart.count_nonzero() == 1
    assert "row 2, column 3, by 1." in described(pair)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (IMAGES, IMAGES),
        (IMAGES[:, :, :4], IMAGES),
        (torch.full_like(IMAGES, NAN), IMAGES),
        (numbers(3, 12), numbers(3, 12)),
        (numbers(40), numbers(40)),
        (1.0, 2.0),
        (True, False),
        (None, IMAGES),
        ((IMAGES, IMAGES), (IMAGES, 2 * IMAGES)),
        (numbers(2, 2, 2, 6, 5), numbers(2, 2, 2, 6, 5)),
    ],
)
def test_there_is_none_where_it_would_say_nothing(value, wanted):
    assert pair_of(value, wanted) is None


def test_there_is_none_without_a_notebook():
    assert not picture.in_a_notebook()
