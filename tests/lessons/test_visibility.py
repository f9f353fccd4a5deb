"""Every kind of fault that a figure of the course has had, drawn once more: `troubles` finds it."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.patches import FancyBboxPatch

from course_lib.lessons.shared.chain import draw_chain
from course_lib.lessons.shared.legibility import troubles
from course_lib.lessons.shared.style import as_picture, plain_ticks, use_style
from course_lib.lessons.shared.visibility import TALLEST

use_style()


@pytest.fixture(autouse=True)
def no_figure_stays():
    yield
    plt.close("all")


def panels(count=1, **options):
    figure, axes = plt.subplots(1, count, figsize=(4 * count, 3), squeeze=False, **options)
    for axis in axes[0]:
        axis.set(xlabel="across", ylabel="up")
    return figure, *axes[0]


def label_over_a_tick():
    figure, axis = panels()
    axis.plot([0, 1], [0, 1])
    axis.set_yticks([0, 0.5, 1])
    axis.yaxis.set_label_coords(-0.06, 0.5)
    return figure, "'up' and '0.5' lie on each other"


def slanted_label_over_a_tick():
    figure, axis = panels()
    axis.plot([0, 1], [0, 1])
    axis.text(0.35, -0.12, "channels", rotation=-15, transform=axis.transAxes)
    return figure, "'channels' and '0.4' lie on each other"


def names_on_the_panel_beside():
    figure, left, right = panels(2)
    left.plot([0, 1])
    right.plot([0, 1])
    right.set_yticks([0, 1], ["a name that is much too long"] * 2)
    right.set_ylabel("")
    return figure, "'a name that is much too long' lies on the panel"


def title_on_the_panel_above():
    figure, axes = plt.subplots(2, 1, figsize=(3, 4))
    for axis in axes:
        axis.imshow(np.eye(4))
        as_picture(axis)
        axis.set_title("a title\nof four\nwhole\nlines")
    return figure, "lies on the panel"


def words_across_the_frame():
    figure, axis = panels()
    axis.plot([0, 1])
    axis.text(0, 0.5, "a remark", ha="center")
    return figure, "'a remark' lies across the edge of its panel"


def words_across_a_box():
    figure, axis = plt.subplots(figsize=(4, 3))
    axis.axis("off")
    axis.add_patch(FancyBboxPatch((0.4, 0.4), 0.1, 0.2, boxstyle="round,pad=0"))
    axis.text(0.45, 0.5, "much too wide", ha="center", color="white", bbox={"facecolor": "black"})
    return figure, "'much too wide' lies across the border of a box"


def words_across_a_drawn_line():
    figure = draw_chain(["one", "+"], joins="words that reach as far as the way back of the loop", loop="again")
    return figure, "lies across a line"


def series_of_numbers_that_are_none():
    figure, axis = panels()
    axis.plot([0, 1], [0, 1])
    axis.plot([0, 1], [np.nan, np.nan], label="C")
    return figure, "series 'C' has no visible point"


def series_of_one_point_without_a_mark():
    figure, axis = panels()
    axis.plot([0, 1], [0, 1])
    axis.plot([0.5], [0.5], label="C")
    return figure, "series 'C' has no visible point"


def series_above_the_axis():
    figure, axis = panels()
    axis.plot([0, 1], [0, 1])
    axis.axhline(7, label="real images")
    axis.set_ylim(0, 1)
    return figure, "series 'real images' has no visible point"


def axis_that_ends_inside_its_data():
    figure, axis = panels()
    axis.plot([0, 1, 2], [0.3, 86, 0.2], label="C")
    axis.set_ylim(0, 4)
    return figure, "the y axis ends inside the data: 1 values of series 'C' lie beyond it"


def bars_cut_at_the_top():
    figure, axis = panels()
    axis.bar([0, 1], [1, 5])
    axis.set_ylim(0, 4)
    return figure, "the y axis ends inside the data: 1 values of the bars lie beyond it"


def numbers_that_end_below_the_data():
    figure, axis = panels()
    axis.plot([0, 600], [0.78, 0.029])
    axis.set_yscale("log")
    axis.set_yticks([0.05, 0.1, 0.2, 0.5], ["0.05", "0.1", "0.2", "0.5"])
    axis.minorticks_off()
    return figure, "the y axis has numbers from 0.05 to 0.5, and data from 0.029 to 0.78"


def axis_without_a_label():
    figure, axis = panels()
    axis.plot([0, 1], [0, 1])
    axis.set_ylabel("")
    return figure, "the y axis of 'a panel' has numbers and no label"


def colours_without_a_scale():
    figure, axis = plt.subplots(figsize=(3, 3))
    axis.imshow(np.eye(4), cmap="viridis")
    as_picture(axis)
    return figure, "the colours of 'a panel' have no scale"


def legend_that_cuts_a_line():
    figure, axis = panels()
    axis.axhline(0.5, label="24 GB")
    axis.set_ylim(0, 1)
    axis.legend(loc="center", facecolor="white", framealpha=1)
    return figure, "the legend lies on series '24 GB'"


def too_high_for_a_screen():
    figure, _ = plt.subplots(figsize=(4, 8))
    plt.setp(figure.axes, xlabel="across", ylabel="up")
    return figure, f"it is 768 pixels high in a notebook, allowed are {TALLEST}"


FAULTS = [
    label_over_a_tick,
    slanted_label_over_a_tick,
    names_on_the_panel_beside,
    title_on_the_panel_above,
    words_across_the_frame,
    words_across_a_box,
    words_across_a_drawn_line,
    series_of_numbers_that_are_none,
    series_of_one_point_without_a_mark,
    series_above_the_axis,
    axis_that_ends_inside_its_data,
    bars_cut_at_the_top,
    numbers_that_end_below_the_data,
    axis_without_a_label,
    colours_without_a_scale,
    legend_that_cuts_a_line,
    too_high_for_a_screen,
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_figure_with_this_fault_is_found(fault):
    figure, expected = fault()
    assert any(expected in trouble for trouble in troubles(figure)), list(troubles(figure))


def test_a_place_that_the_caption_names_has_to_lie_on_the_axis():
    figure, axis = panels()
    axis.plot([0, 600], [0, 1])
    axis.set(xlabel="t", xlim=(0, 600))
    assert list(troubles(figure, "it falls from t = 0 to t = 600")) == []
    found = list(troubles(figure, "it falls until t = 999."))
    assert found == ["the caption speaks of t = 999, and the axis runs from 0 to 600"]


def test_what_is_right_is_left_alone():
    figure, left, right = panels(2, sharey=True)
    right.set_ylabel("")  # its neighbour's stands for it
    left.plot([1, 2, 3], [0.03, 0.1, 0.8], "o-", label="loss")
    left.set_yscale("log")
    plain_ticks(left)
    right.bar(["one", "two"], [0.1, 0.5], hatch="//")
    right.axhline(0.3, linestyle=":")
    right.set_xlabel("")  # words need none
    left.legend(loc="upper left")
    assert list(troubles(figure)) == []


@pytest.mark.parametrize("values", [(0.029, 0.78), (4e-5, 9999), (0.017, 0.311), (3.7, 69), (2, 3)])
def test_plain_ticks_enclose_the_data(values):
    figure, axis = panels()
    axis.plot([0, 1], values)
    axis.set_yscale("log")
    plain_ticks(axis)
    assert axis.get_yticks().min() <= 1.05 * values[0]
    assert axis.get_yticks().max() >= 0.95 * values[1]
    assert list(troubles(figure)) == []
