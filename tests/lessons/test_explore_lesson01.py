"""Lesson 01: the sliders of the time embedding show its closed form."""

import math

import numpy as np
import pytest

from course_lib.lessons.lesson01.explore_time_embedding import explore_time_embedding, time_embedding_explorer


@pytest.mark.parametrize("dim", [8, 64])
def test_the_time_embedding_is_the_closed_form(dim):
    explorer = time_embedding_explorer(t=10, dim=dim)
    before = explorer.image.value
    explorer.controls["t"].value = 321
    assert explorer.image.value != before
    left, right = explorer.picture.figure.axes
    freqs = [10000 ** (-2 * i / dim) for i in range(dim // 2)]
    sines, cosines = left.lines[0].get_ydata(), left.lines[1].get_ydata()
    np.testing.assert_allclose(sines, [math.sin(321 * freq) for freq in freqs], atol=1e-4)
    np.testing.assert_allclose(cosines, [math.cos(321 * freq) for freq in freqs], atol=1e-4)
    expected = [2 / dim * sum(math.cos(freq * (other - 321)) for freq in freqs) for other in range(1000)]
    np.testing.assert_allclose(right.lines[0].get_ydata(), expected, atol=1e-4)


def test_a_narrow_time_embedding_has_a_far_time_for_its_neighbour():
    explorer = time_embedding_explorer(t=500, dim=8)
    similar = np.array(explorer.picture.figure.axes[1].lines[0].get_ydata())
    similar[500] = -1
    # as far on either side: rounding does not decide which is named
    before, after = (int(place) for place in np.flatnonzero(similar > similar.max() - 1e-6))
    assert f"the most similar other steps are {before} and {after} " in explorer.picture.caption
    assert 500 - before == after - 500 > 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"t": 1000}, "t is 1000; allowed: a whole number from 0 to 999"),
        ({"dim": 7}, "dim is 7; allowed: 8, 16, 64, 256"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        explore_time_embedding(**arguments)
