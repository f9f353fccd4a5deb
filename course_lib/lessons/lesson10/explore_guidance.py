"""Draw pictures with any guidance, class and seed, watch them form, and stop whenever you like (lesson 10)."""

import asyncio
from collections.abc import Iterable, Iterator
from typing import Any

import ipywidgets as widgets
import torch
from torch import Tensor
from tqdm.auto import tqdm

from course_lib.lessons.shared.explore_trajectory import strip
from course_lib.lessons.shared.explorer import (
    Explorer,
    Picture,
    blank_figure,
    check_between,
    check_whole,
    choice,
    present,
    slider,
)
from course_lib.lessons.shared.shipped import shipped_model
from course_lib.sampling import SamplerState

PICTURES = 4
STEPS = 10
MAX_STEPS = 50
MAX_SCALE = 8.0
STILL_SCALES = (0.0, 1.0, 2.0, 4.0, 8.0)
FRAMES = {"scale": [float(scale) for scale in range(int(MAX_SCALE) + 1)], "label": (1, 9)}
# seconds between two steps in which the kernel hears of a slider or of the Stop button
LISTEN = 0.01


def explore_guidance(scale: float = 2.0, label: int = 9, seed: int = 0, num_steps: int = STEPS) -> None:
    """Draw pictures of a class, with controls for any scale, class, seed and number of steps.

    Args:
        scale: guidance scale where the slider starts, from 0 to 8.
        label: class, from 0 to 9.
        seed: of the starting noise, from 0 to 99.
        num_steps: steps of Euler's method, from 1 to 50; a step calls the network twice, at the scales 0 and 1 once.
    Raises: ValueError for a value outside these ranges.
    """
    check_start(scale, label, seed, num_steps)
    scales = sorted({*STILL_SCALES, float(scale)})
    present(
        lambda: drawn_to_the_end(tqdm(scales, desc="guidance scales", leave=False), label, seed, num_steps),
        lambda: GuidanceExplorer(scale, label, seed, num_steps),
        FRAMES,
    )


def check_start(scale: float, label: int, seed: int, num_steps: int) -> None:
    check_between("scale", scale, 0, MAX_SCALE)
    check_whole("label", label, 0, 9)
    check_whole("seed", seed, 0, 99)
    check_whole("num_steps", num_steps, 1, MAX_STEPS)


def steps_of(scale: float, label: int, seed: int, num_steps: int) -> Iterator[SamplerState]:
    """Every state of a few pictures of one class, drawn by the flow matching network that came with the course."""
    trained = shipped_model("flow")
    return trained.process.sample_steps(
        trained.model,
        (PICTURES, 3, 32, 32),
        torch.full((PICTURES,), label),
        num_steps=num_steps,
        guidance_scale=scale,
        generator=torch.Generator().manual_seed(seed),
    )


def drawn_to_the_end(scales: Iterable[float], label: int, seed: int, num_steps: int) -> Picture:
    """The finished pictures, one strip a guidance scale."""
    rows = {scale: list(steps_of(scale, label, seed, num_steps))[-1].x for scale in scales}
    return draw_scales(rows, label, seed, num_steps)


def draw_scales(rows: dict[float, Tensor], label: int, seed: int, num_steps: int, note: str = "") -> Picture:
    """One strip of pictures a guidance scale.

    Args:
        rows: the pictures (N, 3, 32, 32) by scale.
        note: what the caption begins with.
    """
    name = shipped_model("flow").class_names[label]
    figure = blank_figure(5.2, 1.3 * len(rows))
    axes = figure.subplots(len(rows), 1, squeeze=False)[:, 0]
    figure.subplots_adjust(left=0.005, right=0.995, bottom=0.01, top=1 - 0.25 / figure.get_figheight(), hspace=0.24)
    for axis, (scale, images) in zip(axes, rows.items(), strict=True):
        strip(axis, images)
        axis.set_title(f"guidance {scale:g}", fontsize=9)
    shares = ", ".join(f"{100 * beyond(images):.0f} % at {scale:g}" for scale, images in rows.items())
    several = len(rows) > 1
    unheard = "; at 0 the class is not heard" if 0 in rows else ""
    return Picture(
        figure,
        f"{note}{name}, seed {seed}, {num_steps} Euler steps{', the same noise at every scale' * several}. "
        f"Pixels beyond -1.05 or 1.05: {shares}.",
        f"{PICTURES} pictures at guidance {', '.join(f'{scale:g}' for scale in rows)}, with the class {name} asked for"
        f"{', from the same noise' * several}{unheard}{'; from 1 on the contrast grows' * several}.",
    )


def beyond(images: Tensor) -> float:
    """The share of pixels outside [-1, 1] by more than a twentieth."""
    return float((images.abs() > 1.05).float().mean())


class GuidanceExplorer(Explorer):
    """Sliders that draw pictures step by step, so that one can watch, stop, or change one's mind on the way.

    The sampler is a generator. Between two of its steps the kernel is free to hear of a button or of another slider.

    Attributes:
        start_button, stop_button, progress: the further controls.
        drawing: the pictures being drawn, an asyncio task; None before the first.
    """

    def __init__(self, scale: float = 2.0, label: int = 9, seed: int = 0, num_steps: int = STEPS) -> None:
        check_start(scale, label, seed, num_steps)
        names = shipped_model("flow").class_names
        controls = {
            "scale": slider("guidance", scale, 0.0, MAX_SCALE, 0.5, "0 ignores the class, 1 is plain", on_release=True),
            "label": choice("class", [(name, number) for number, name in enumerate(names)], label, "What to draw"),
            "seed": slider("seed", seed, 0, 99, 1, "Another starting noise", on_release=True),
            "num_steps": slider("Euler steps", num_steps, 1, MAX_STEPS, 1, "Steps of the sampler", on_release=True),
        }
        self.start_button = widgets.Button(description="Draw", tooltip="Draw the pictures once more", icon="play")
        self.stop_button = widgets.Button(
            description="Stop", tooltip="Stop after the step that is running", icon="stop", disabled=True
        )
        self.progress = widgets.IntProgress(
            value=0, max=num_steps, description="progress", style={"description_width": "initial"}
        )
        self.stopped = False
        self.drawing: asyncio.Task | None = None
        self.start_button.on_click(self.redraw)
        self.stop_button.on_click(self.stop)
        buttons = [self.start_button, self.stop_button, self.progress]
        super().__init__(draw_scales, controls, buttons)

    def picture_of(self, **values: Any) -> Picture:
        """The finished pictures for some values, without a look at those on the way."""
        wanted = {**self.values(), **values}
        return drawn_to_the_end([wanted["scale"]], wanted["label"], wanted["seed"], wanted["num_steps"])

    def close(self) -> None:
        """Give up what is being drawn, and go."""
        if self.drawing is not None:
            self.drawing.cancel()
        super().close()

    def redraw(self, change: object = None) -> None:
        """Begin to draw with the controls' values; what was being drawn is given up."""
        if self.waiting:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # nobody to take turns with
            asyncio.run(self.draw_pictures())
            return
        if self.drawing is not None:
            self.drawing.cancel()
        self.drawing = loop.create_task(self.draw_pictures())

    def stop(self, button: object = None) -> None:
        """Stop after the step that is running; its pictures stay."""
        self.stopped = True

    async def draw_pictures(self) -> None:
        """Draw step by step, showing after each what the network takes for the clean images."""
        values = self.values()
        scale, label, seed, num_steps = (values[name] for name in ("scale", "label", "seed", "num_steps"))
        self.stopped, self.stop_button.disabled = False, False
        self.progress.max, self.progress.value = num_steps, 0
        self.progress.bar_style = ""
        for step, state in enumerate(steps_of(scale, label, seed, num_steps)):
            self.progress.value = step
            done = step == num_steps
            images = state.x if done or state.clean is None else state.clean
            note = "" if done else f"step {step} of {num_steps}: "
            self.put(self.draw({scale: images}, label, seed, num_steps, note))
            await asyncio.sleep(LISTEN)
            if self.stopped and not done:
                self.say(f"Stopped after step {step} of {num_steps}. Move a control or press Draw to go on.")
                break
        self.progress.bar_style = "warning" if self.stopped else "success"
        self.stop_button.disabled = True
