"""Lesson 10: the guidance sliders draw what the sampler draws, and can be stopped and moved on the way."""

import asyncio

import numpy as np
import pytest
import torch
from explorers import pictures_in

from course_lib.lessons.lesson10.explore_guidance import GuidanceExplorer, explore_guidance, steps_of


def test_guidance_draws_to_the_end_what_the_sampler_draws():
    explorer = GuidanceExplorer(scale=3.0, label=1, seed=4, num_steps=3)
    expected = list(steps_of(3.0, 1, 4, 3))[-1].x
    np.testing.assert_allclose(pictures_in(explorer)[0], torch.cat(list(expected[:, 0]), 1).clamp(-1, 1))
    assert explorer.progress.value == explorer.progress.max == 3
    assert explorer.stop_button.disabled
    explorer.controls["seed"].value = 5
    assert "seed 5" in explorer.picture.caption


def test_stop_ends_a_drawing_before_its_last_step():
    async def stop_on_the_way() -> GuidanceExplorer:
        explorer = GuidanceExplorer(num_steps=40)
        while explorer.progress.value < 2:
            await asyncio.sleep(0)
        assert not explorer.stop_button.disabled
        explorer.stop_button.click()
        await explorer.drawing
        return explorer

    explorer = asyncio.run(stop_on_the_way())
    assert 2 <= explorer.progress.value < 40
    assert f"Stopped after step {explorer.progress.value} of 40" in explorer.words.value
    assert explorer.stop_button.disabled


def test_a_slider_that_moves_on_the_way_begins_again():
    async def change_on_the_way() -> GuidanceExplorer:
        explorer = GuidanceExplorer(num_steps=30)
        first = explorer.drawing
        while explorer.progress.value < 2:
            await asyncio.sleep(0)
        explorer.set(num_steps=2, label=1)
        await explorer.drawing
        assert first.cancelled()
        return explorer

    explorer = asyncio.run(change_on_the_way())
    assert explorer.progress.value == explorer.progress.max == 2
    assert explorer.picture.caption.startswith("Trouser, seed 0, 2 Euler steps")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scale": 9}, "scale is 9"),
        ({"label": True}, "label is True"),
        ({"seed": 100}, "seed is 100"),
        ({"num_steps": 51}, "num_steps is 51"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        explore_guidance(**arguments)
