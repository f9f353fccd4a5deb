"""Drag through a trajectory from noise to image, with the predicted clean image beside it (lessons 08, 09 and 10)."""

from collections.abc import Sequence

import torch
from matplotlib.axes import Axes
from torch import Tensor
from tqdm.auto import tqdm

from course_lib.lessons.shared.explorer import (
    Explorer,
    Picture,
    blank_figure,
    check_among,
    check_whole,
    present,
    slider,
)
from course_lib.lessons.shared.shipped import shipped_model
from course_lib.sampling import SamplerState

# what a row of the picture is called: the sampler, and the options it is run with
SAMPLERS = {
    "flow": ("flow", {"solver": "euler"}),
    "ddpm": ("ddpm", {"method": "ddpm"}),
    "ddim": ("ddpm", {"method": "ddim"}),
}
MAX_STEPS = 100
ROWS_OF_STILL, FRAMES = 6, 11


def explore_trajectory(
    sampler: str = "flow",
    num_steps: int = 20,
    labels: Sequence[int] = (9, 8, 1, 7),
    guidance_scale: float = 1.0,
    seed: int = 0,
) -> None:
    """Show the way from noise to image, and a slider for all of its steps.

    Args:
        sampler: "flow" (Euler's method), "ddpm" (ancestral steps) or "ddim", with the course's trained network.
        num_steps: steps of the sampler, from 1 to 100.
        labels: the classes to draw, one a picture, each from 0 to 9.
        guidance_scale: see `guided_prediction`.
        seed: of the starting noise (and of the noise that ancestral steps add).
    Raises: ValueError for another sampler, number of steps or label.
    """
    states = walk(sampler, num_steps, labels, guidance_scale, seed)
    last = len(states) - 1
    present(
        lambda: draw_moments(states, spread(last, ROWS_OF_STILL)),
        lambda: trajectory_explorer(states),
        {"step": sorted({*spread(last, FRAMES), last // 2})},
    )


def spread(last: int, count: int) -> list[int]:
    """About `count` of the steps from 0 to `last`, evenly, both ends among them."""
    return sorted({round(last * place / (count - 1)) for place in range(count)})


def trajectory_explorer(states: Sequence[SamplerState]) -> Explorer:
    """A slider over the states of one run, and the picture at each; see `explore_trajectory`."""
    last = len(states) - 1
    controls = {"step": slider("step", last // 2, 0, last, 1, "From noise (0) to the finished images")}
    return Explorer(lambda step: draw_moments(states, [step]), controls)


def walk(sampler: str, num_steps: int, labels: Sequence[int], guidance_scale: float, seed: int) -> list[SamplerState]:
    """Run a shipped network's sampler and keep every state."""
    check_among("sampler", sampler, SAMPLERS)
    check_whole("num_steps", num_steps, 1, MAX_STEPS)
    if not labels:
        raise ValueError("labels is empty; allowed: at least one class")
    for label in labels:
        check_whole("labels", label, 0, 9)
    method, options = SAMPLERS[sampler]
    trained = shipped_model(method)
    states = trained.process.sample_steps(
        trained.model,
        (len(labels), 3, 32, 32),
        torch.tensor(labels),
        num_steps=num_steps,
        guidance_scale=guidance_scale,
        generator=torch.Generator().manual_seed(seed),
        **options,
    )
    return list(tqdm(states, total=num_steps + 1, desc="from noise to image", leave=False))


def draw_moments(states: Sequence[SamplerState], moments: Sequence[int]) -> Picture:
    """One row a moment: left the images as they are at that step, right what the network takes for the clean images."""
    count, last = len(states[0].x), len(states) - 1
    # several rows have to fit a screen
    width = min(9.5, (2.2 if len(moments) == 1 else 1.6) * count)
    height = width / 2 / count
    figure = blank_figure(width, (height + 0.3) * len(moments))
    axes = figure.subplots(len(moments), 2, squeeze=False)
    figure.subplots_adjust(left=0.005, right=0.995, bottom=0.01, wspace=0.02, hspace=0.3 / height)
    figure.subplots_adjust(top=1 - 0.25 / figure.get_figheight())
    final = states[-1].x
    for line, step in zip(axes, moments, strict=True):
        state = states[step]
        strip(line[0], state.x)
        moment = "finished" if step == last else f"t = {state.t:.3g}"
        line[0].set_title(f"step {step} of {last}, {moment}", fontsize=9)
        if state.clean is None:
            line[1].text(0.5, 0.5, "no prediction yet", ha="center", va="center")
            line[1].set_axis_off()
        else:
            strip(line[1], state.clean)
            line[1].set_title("predicted clean images", fontsize=9)
    if len(moments) == 1:
        return Picture(figure, in_words(states[moments[0]], moments[0], final), alt_for(moments, last))
    first, end = next(step for step in moments if states[step].clean is not None), moments[-1]
    half = moments[len(moments) // 2]
    caption = (
        "how far they are from the final images, as the root of the mean square: "
        f"the images {distance(states[moments[0]].x, final):.2f} at step "
        f"{moments[0]}, {distance(states[half].x, final):.2f} at step {half}; the predictions "
        f"{distance(states[first].clean, final):.2f} at step {first}, {distance(states[half].clean, final):.2f} at "
        f"step {half}, {distance(states[end].clean, final):.2f} at the end."
    )
    return Picture(figure, caption, alt_for(moments, last))


def strip(axis: Axes, images: Tensor) -> None:
    """Grey images side by side as one picture: (B, 3, 32, 32)."""
    axis.imshow(torch.cat(list(images[:, 0]), dim=1).clamp(-1, 1), cmap="gray", vmin=-1, vmax=1, aspect="auto")
    axis.set_axis_off()


def in_words(state: SamplerState, step: int, final: Tensor) -> str:
    """How far the images and the predicted clean ones still are from the final images."""
    away = f"Step {step}: the images are {distance(state.x, final):.2f} away from the final ones"
    return f"{away}." if state.clean is None else f"{away}, the prediction {distance(state.clean, final):.2f}."


def distance(one: Tensor, other: Tensor) -> float:
    """Root of the mean squared difference."""
    return float((one - other).square().mean().sqrt())


def alt_for(moments: Sequence[int], last: int) -> str:
    return (
        f"Pictures at step {', '.join(map(str, moments))} of {last}, from noise to clothes; beside them the clean "
        "pictures the network expects, which begin blurred or grainy and get clear."
    )
