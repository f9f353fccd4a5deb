"""Figures of lesson 00: the first pictures, the way from noise to them, and what a number line has to do with it."""

from collections.abc import Callable

import matplotlib.pyplot as plt
import torch
from torch import Tensor, nn

from course_lib.data import load_dataset
from course_lib.document import ROLES
from course_lib.lessons.shared.shipped import shipped_model
from course_lib.lessons.shared.show import compare_rows, show
from course_lib.lessons.shared.style import COLORS, draw_image
from course_lib.training.draw import draw_images, draw_states

GUIDANCE = 1.5
STEPS = 20
BRIGHT_PICTURE = 141  # of the data set: one with much white in it


def first_pictures(seed: int = 0) -> None:
    """Draw sixteen pictures from noise with the shipped network, and show each under the class that was asked for."""
    trained = shipped_model()
    labels = torch.arange(16) % len(trained.class_names)
    images = draw_images(trained, labels, seed=seed, num_steps=STEPS, guidance_scale=GUIDANCE)
    figure, axes = plt.subplots(2, 8, figsize=(11, 3.3))
    for axis, image, label in zip(axes.flat, images, labels.tolist(), strict=True):
        draw_image(axis, image, trained.class_names[label])
    parameters = sum(values.numel() for values in trained.model.parameters())
    show(
        figure,
        f"sixteen pictures that the network has just made, from noise in {STEPS} steps (seed {seed}), "
        f"by a network of {parameters:,} numbers.",
        "Two rows of eight small grey pictures of clothes, shoes and bags, each under the name of the class that was "
        "asked for.",
    )


def way_from_noise(class_name: str = "Ankle boot", seed: int = 1) -> None:
    """Six moments on the way from noise to one picture: what is there, and what the network makes of it.

    Without guidance, so that the prediction is the network's own guess, as the text says.
    """
    trained = shipped_model()
    label = trained.class_names.index(class_name)
    states = list(draw_states(trained, torch.tensor([label]), seed=seed, num_steps=STEPS, guidance_scale=1.0))
    chosen = [round(place * (len(states) - 1) / 5) for place in range(6)]
    figure, axes = plt.subplots(2, 6, figsize=(10, 3.7))
    for column, place in enumerate(chosen):
        state = states[place]
        draw_image(axes[0, column], state.x[0], f"t = {state.t:.2f}")
        if place + 1 == len(states):
            axes[1, column].axis("off")
            axes[1, column].text(0.5, 0.5, "nothing left\nto predict", ha="center", va="center", fontsize=9)
        else:
            # a state holds the prediction that led to it: the one made from this picture stands in the next
            draw_image(axes[1, column], states[place + 1].clean[0], "")
    axes[0, 0].set_ylabel("what is there", fontsize=10)
    axes[1, 0].set_ylabel("predicted picture", fontsize=10)
    show(
        figure,
        f"one {class_name.lower()} on its way. Top: the noisy picture at time t. Bottom: the clean picture that the "
        "network predicts from it.",
        f"Six noisy pictures from pure noise at t = 1 to a clear {class_name.lower()} at t = 0; below each, the "
        "network's prediction of the clean picture, a blur at first and sharp at the end; below the last one, none.",
    )


def number_lines() -> None:
    """Pixels from 0 to 255 above the network's numbers from -1 to 1."""
    figure, axis = plt.subplots(figsize=(9, 2.2))
    for place in (0, 51, 102, 127.5, 153, 204, 255):
        axis.plot([place, place], [0.1, 0.9], color=COLORS["grey"], linewidth=0.8, linestyle=":")
        axis.text(place, 1.12, f"{place:g}", ha="center", fontsize=10)
        axis.text(place, -0.22, f"{place / 127.5 - 1:g}", ha="center", fontsize=10)
        shade = str(place / 255)
        axis.scatter([place], [1], s=120, color=shade, edgecolor="black", zorder=3)
        axis.scatter([place], [0], s=120, color=shade, edgecolor="black", zorder=3)
    axis.plot([0, 255], [1, 1], color=COLORS["blue"], linewidth=2)
    axis.plot([0, 255], [0, 0], color=COLORS["orange"], linewidth=2)
    axis.text(-12, 1, "pixel", ha="right", va="center")
    axis.text(-12, 0, "network", ha="right", va="center")
    axis.set_xlim(-45, 270)
    axis.set_ylim(-0.4, 1.4)
    axis.axis("off")
    show(
        figure,
        "the same shade on two lines: a pixel from 0 to 255 (top), the network's number from -1 to 1 (bottom).",
        "Two parallel number lines, 0 to 255 above and -1 to 1 below, joined at seven shades from black to white.",
    )


def without_clipping(to_pixels: Callable[[Tensor], Tensor]) -> str:
    """Brighten a real image a little, and convert it with and without clipping.

    Returns: what becomes of a pixel that is too bright, in the words of the prediction.
    """
    images, _ = load_dataset("fashion-mnist").batch(torch.tensor([BRIGHT_PICTURE]))
    brighter = images[0] + 0.15
    clipped = to_pixels(brighter)
    try:
        wrapped = ((brighter + 1) * 127.5).round().to(torch.uint8)
    except RuntimeError:
        return "an error"
    wrong = int((clipped[0] != wrapped[0]).sum())
    figure, axes = plt.subplots(1, 2, figsize=(5.4, 3.0))
    for axis, pixels, title in zip(axes, (clipped, wrapped), ("clipped", "not clipped"), strict=True):
        axis.imshow(pixels.permute(1, 2, 0))
        axis.set_title(title)
        axis.set_xticks([])
        axis.set_yticks([])
        axis.grid(False)
    show(
        figure,
        f"a picture that is a little too bright, as pixels. Without clipping {wrong} of 1,024 pixels turn from white "
        "to black.",
        "The same garment twice: clipped it is nearly all white, not clipped nearly all black, with a white rim.",
    )
    too_bright = wrapped[clipped == 255].float().mean()
    return "it turns nearly black" if too_bright < 128 else "it stays white"


def roles_of(unet: nn.Module) -> None:
    """Run every row of the document's table of roles through a real network, and print what came out."""
    rows = []
    for role in ROLES:
        tensors = [torch.zeros(shape) for shape in role.example_inputs]
        if role.modules:
            modules = [unet.get_submodule(path) for path in role.modules]
            value = run_modules(modules, tensors[0], emb=torch.zeros(4, 256))
        else:
            value = torch.cat(tensors, dim=1)
        rows.append((role.component, role.example_output, value.shape))
    compare_rows(rows)


def run_modules(modules: list[nn.Module], x: Tensor, emb: Tensor) -> Tensor:
    with torch.no_grad():
        for module in modules:
            if type(module).__name__ == "ResidualBlock":
                x = module(x, emb)
            elif type(module).__name__ == "ClassEmbedding":
                x = module(x.long())
            else:
                x = module(x)
    return x
