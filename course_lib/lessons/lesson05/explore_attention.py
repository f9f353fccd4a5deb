"""Choose a pixel and see which others it hears, head by head, in the network that came with the course (lesson 05)."""

from collections.abc import Callable, Sequence
from functools import cache

import torch
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from torch import Tensor

from course_lib.flow_matching import TIME_SCALE
from course_lib.lessons.shared.explore_noising import image_of_class, noise_of
from course_lib.lessons.shared.explorer import (
    Explorer,
    Picture,
    blank_figure,
    check_among,
    check_between,
    check_whole,
    choice,
    present,
    slider,
)
from course_lib.lessons.shared.shipped import shipped_model
from course_lib.lessons.shared.style import COLORS
from course_lib.self_attention import attention_weights, split_heads

Split = Callable[[Tensor, int], tuple[Tensor, Tensor, Tensor]]
Weights = Callable[[Tensor, Tensor], Tensor]

# every attention of the shipped network, by its path; all work at 8x8
LAYERS = {
    "encoder.2.attentions.0": "encoder",
    "mid_attention": "middle",
    "decoder.0.attentions.0": "decoder, first",
    "decoder.0.attentions.1": "decoder, second",
}
SIDE = 8
STILL_PIXELS = ((4, 4), (2, 3), (0, 0))
FRAMES = {"row": range(SIDE), "column": range(0, SIDE, 2)}


def explore_attention(
    row: int = 4,
    column: int = 4,
    t: float = 0.3,
    layer: str = "decoder.0.attentions.1",
    split: Split = split_heads,
    weigh: Weights = attention_weights,
) -> None:
    """Show where a pixel of a noisy bag looks, and controls for any pixel, layer and amount of noise.

    Args:
        row, column: the query where the sliders start, in pixels of the 8x8 feature map.
        t: flow matching's time, from 0 (clean) to 1 (noise).
        layer: one of LAYERS.
        split, weigh: the library's `split_heads` and `attention_weights`, or a learner's.
    Raises: ValueError for a pixel outside the map, a time outside 0 to 1, or a layer without attention.
    """
    check_start(row, column, t, layer)
    pixels = list(dict.fromkeys([(row, column), *STILL_PIXELS]))[:3]
    present(
        lambda: draw_attention(pixels, t, layer, split, weigh),
        lambda: attention_explorer(row, column, t, layer, split, weigh),
        FRAMES,
    )


def attention_explorer(
    row: int = 4,
    column: int = 4,
    t: float = 0.3,
    layer: str = "decoder.0.attentions.1",
    split: Split = split_heads,
    weigh: Weights = attention_weights,
) -> Explorer:
    """The controls and their picture; see `explore_attention`."""
    check_start(row, column, t, layer)
    names = [(name, path) for path, name in LAYERS.items()]
    controls = {
        "row": slider("row", row, 0, SIDE - 1, 1, "Row of the pixel that asks, of the 8x8 map"),
        "column": slider("column", column, 0, SIDE - 1, 1, "Column of the pixel that asks, of the 8x8 map"),
        "layer": choice("layer", names, layer, "Which attention of the network"),
        "t": slider("noise t", t, 0.0, 1.0, 0.05, "How noisy the image is: 0 clean, 1 nothing but noise"),
    }
    return Explorer(lambda row, column, layer, t: draw_attention([(row, column)], t, layer, split, weigh), controls)


def check_start(row: int, column: int, t: float, layer: str) -> None:
    check_whole("row", row, 0, SIDE - 1)
    check_whole("column", column, 0, SIDE - 1)
    check_between("t", t, 0, 1)
    check_among("layer", layer, LAYERS)


@cache
def noisy_bag(t: float) -> Tensor:
    """What the network is shown: a bag on the straight line to noise, (1, 3, 32, 32)."""
    trained = shipped_model("flow")
    return trained.process.interpolate(image_of_class(8), torch.tensor([t]), noise_of(0))


@cache
def queries_keys_values(t: float, layer: str) -> tuple[Tensor, int]:
    """What the layer's 1x1 convolution makes of the noisy bag, (1, 3C, 8, 8), and the number of heads."""
    trained = shipped_model("flow")
    attention = trained.model.get_submodule(layer)
    caught = []
    hook = attention.qkv.register_forward_hook(lambda module, inputs, output: caught.append(output))
    try:
        with torch.no_grad():
            trained.model(noisy_bag(t), torch.tensor([TIME_SCALE * t]), torch.tensor([8]))
    finally:
        hook.remove()
    return caught[0], attention.num_heads


def keys_that_count(weights: Tensor) -> Tensor:
    """How many pixels a query really hears, from the entropy of its weights: 64 if all alike, 1 if one has all."""
    return torch.special.entr(weights).sum(dim=-1).exp()


def draw_attention(pixels: Sequence[tuple[int, int]], t: float, layer: str, split: Split, weigh: Weights) -> Picture:
    """One row a query: the noisy image with the query framed, then its weights in each head."""
    qkv, num_heads = queries_keys_values(t, layer)
    q, k, _ = split(qkv, num_heads)
    weights = weigh(q, k)[0]  # (heads, 64, 64)
    counts = keys_that_count(weights)
    figure = blank_figure(9.5, 0.2 + 2.1 * len(pixels))
    axes = figure.subplots(len(pixels), num_heads + 1, squeeze=False)
    figure.subplots_adjust(left=0.01, right=0.99, top=1 - 0.42 / figure.get_figheight(), bottom=0.01, wspace=0.06)
    figure.subplots_adjust(hspace=0.24)
    zoom = 32 // SIDE
    for line, (row, column) in zip(axes, pixels, strict=True):
        asked = row * SIDE + column
        line[0].imshow(noisy_bag(t)[0, 0].clamp(-1, 1), cmap="gray", vmin=-1, vmax=1)
        line[0].set_title(f"asks:\nrow {row}, column {column}", fontsize=9)
        frame(line[0], zoom * row, zoom * column, zoom)
        for head, axis in enumerate(line[1:]):
            looked = weights[head, asked].reshape(SIDE, SIDE)
            # each map has its own scale: the title says what the brightest pixel is worth
            axis.imshow(looked, cmap="cividis", vmin=0, vmax=float(looked.max()))
            most = f"head {head}: most {100 * looked.max():.0f} %"
            axis.set_title(f"{most}\n{counts[head, asked]:.0f} pixels count", fontsize=9)
            frame(axis, row, column, 1)
        for axis in line:
            axis.set_axis_off()
    row, column = pixels[0]
    asked = row * SIDE + column
    heads = []
    for head in range(num_heads):
        strongest = int(weights[head, asked].argmax())
        heads.append(
            f"head {head} gives most, {100 * float(weights[head, asked, strongest]):.0f} %, to row "
            f"{strongest // SIDE}, column {strongest % SIDE}"
        )
    even = 100 / SIDE**2
    return Picture(
        figure,
        f"{LAYERS[layer]}, t = {t:g}. From row {row}, column {column}, {', '.join(heads)}. Shared evenly, each pixel "
        f'would get {even:.1f} %. "Count": how many pixels a head really hears, by the entropy of its weights.',
        f"For {len(pixels)} of the 64 pixels of the {LAYERS[layer]} attention: the noisy picture of a bag with the "
        "pixel framed, and four maps, one a head, of how much that pixel hears of every other; the brighter, the more.",
    )


def frame(axis: Axes, row: int, column: int, size: int) -> None:
    """Mark a pixel: a white border with a red one around it shows on every background."""
    for color, width in (("white", 4), (COLORS["vermilion"], 2)):
        axis.add_patch(Rectangle((column - 0.5, row - 0.5), size, size, fill=False, edgecolor=color, linewidth=width))
