"""Lesson 07: the configurator's bill is what tracing measures, and its picture follows the controls."""

import ipywidgets as widgets
import pytest
import torch
from explorers import all_widgets, words_in

from course_lib import document
from course_lib.lessons.lesson07.explore_unet import DOCUMENT, explore_unet, unet_explorer
from course_lib.lessons.lesson07.unet_costs import unet_bill
from course_lib.skips import skip_channels
from course_lib.tracing import trace
from course_lib.unet import UNet

CONFIGURATIONS = [
    (64, (1, 2, 4), 2, (8,), 32),
    (16, (1, 2), 1, (16,), 32),
    (8, (1, 2, 2), 3, (), 16),
    (32, (1, 2, 4, 8), 1, (16, 8), 64),
]


@pytest.mark.parametrize("configuration", CONFIGURATIONS, ids=str)
def test_the_bill_is_what_tracing_measures(configuration):
    base, mults, blocks, attention, size = configuration
    with torch.device("meta"):
        model = UNet(
            base_channels=base,
            channel_mults=mults,
            num_res_blocks=blocks,
            attention_resolutions=attention,
            image_size=size,
        )
    rows, bill = trace(model, 1, size), unet_bill(*configuration)
    assert bill.total.parameters == sum(parameter.numel() for parameter in model.parameters())
    assert bill.total.multiply_adds == sum(row.multiply_adds for row in rows)
    for level in bill.levels:
        here = [row for row in rows if row.section != "EMBEDDINGS" and row.inputs[0][-2] == level.height]
        assert level.costs.multiply_adds == sum(row.multiply_adds for row in here)
        assert level.costs.parameters == sum(row.parameters for row in here)
    assert [channels for level in bill.levels for channels in level.skips] == skip_channels(base, mults, blocks)
    if size == 32:  # the measurement's own size; the label and its mask are 9 bytes that the bill leaves out
        measuring = pytest.importorskip("course_lib.lessons.lesson12.figures", reason="lesson 12 is not here")
        assert bill.total.kept == pytest.approx(measuring.kept_per_image(model), abs=16)


def test_the_unet_explorer_follows_its_controls_and_goes_back_to_the_document():
    explorer = unet_explorer()
    assert explorer.picture.caption.startswith(f"{document.PARAMETERS:,} parameters")
    explorer.controls["base_channels"].value = 32
    explorer.controls["channel_mults"].value = (1, 2)
    explorer.controls["num_res_blocks"].value = 1
    explorer.controls["attention_resolutions"].value = (8,)
    small = UNet(base_channels=32, channel_mults=(1, 2), num_res_blocks=1)
    assert explorer.picture.caption.startswith(f"{sum(p.numel() for p in small.parameters()):,} parameters")
    assert "No level is 8 pixels high" in explorer.picture.caption
    assert "64 channels, 16x16" in words_in(explorer)
    button = next(widget for widget in all_widgets(explorer) if isinstance(widget, widgets.Button))
    button.click()
    assert explorer.values() == DOCUMENT
    assert explorer.picture.caption.startswith("15,776,643 parameters")
    assert "skips: 128, 256, 256" in words_in(explorer)


def test_a_setting_the_network_refuses_leaves_the_picture_and_says_why():
    explorer = unet_explorer()
    before = explorer.image.value
    explorer.controls["base_channels"].options = [64, 7]
    explorer.set(base_channels=7, channel_mults=(1, 2))
    assert explorer.image.value == before
    assert "Not possible: channels is 14; allowed: a multiple of num_heads, 4" in explorer.words.value
    explorer.set(base_channels=64, channel_mults=(1, 2, 4))
    assert "15,776,643" in explorer.words.value


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"base_channels": 0}, "base_channels is 0"),
        ({"image_size": 30}, "image_size is 30"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        explore_unet(**arguments)


def test_what_lesson_07_says_about_attention_at_32x32_is_so():
    without, with_it = (unet_bill(64, (1, 2, 4), 2, places, 32).levels[0].costs for places in ((16, 8), (32, 16, 8)))
    assert [f"{costs.kept / 1e6:.3g}" for costs in (without, with_it)] == ["13.4", "105"]
    assert [f"{costs.multiply_adds / 1e6:.3g}" for costs in (without, with_it)] == ["571", "1.33e+03"]
    assert [f"{costs.parameters / 1e3:.0f}" for costs in (without, with_it)] == ["670", "754"]
