"""Build any UNet with the mouse: the drawn U, its shapes, and what it costs (lesson 07)."""

from collections.abc import Sequence

import ipywidgets as widgets
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from course_lib import document
from course_lib.estimates import training_memory
from course_lib.lessons.lesson07.unet_costs import Bill, Costs, unet_bill
from course_lib.lessons.shared.explorer import Explorer, Picture, blank_figure, choice, present, slider
from course_lib.lessons.shared.style import COLORS

BASE_CHANNELS = (8, 16, 32, 48, 64, 96, 128)
CHANNEL_MULTS = ((1, 2), (1, 2, 4), (1, 2, 2), (1, 2, 3, 4), (1, 2, 2, 2), (1, 2, 4, 8))
ATTENTION = ((), (4,), (8,), (16,), (16, 8), (32, 16, 8))
IMAGE_SIZES = (16, 32, 64)
FRAMES = {"attention_resolutions": ATTENTION, "image_size": IMAGE_SIZES}
BATCH = 64
DOCUMENT = {
    "base_channels": document.BASE_CHANNELS,
    "channel_mults": document.CHANNEL_MULTS,
    "num_res_blocks": 2,
    "attention_resolutions": (8,),
    "image_size": document.IMAGE_SIZE,
}
COST_STYLES = {
    "parameters": (COLORS["blue"], ""),
    "multiply-adds": (COLORS["orange"], "///"),
    "kept for gradients": (COLORS["green"], "..."),
}


def explore_unet(
    base_channels: int = 64,
    channel_mults: Sequence[int] = (1, 2, 4),
    num_res_blocks: int = 2,
    attention_resolutions: Sequence[int] = (8,),
    image_size: int = 32,
) -> None:
    """Show one configuration of the UNet with its costs, and controls for others.

    Args: as `UNet`'s; the start, the document's configuration by default.
    Raises: ValueError where `UNet` does.
    """
    start = (base_channels, tuple(channel_mults), num_res_blocks, tuple(attention_resolutions), image_size)
    present(lambda: draw_configuration(*start), lambda: unet_explorer(*start), FRAMES)


def unet_explorer(
    base_channels: int = 64,
    channel_mults: Sequence[int] = (1, 2, 4),
    num_res_blocks: int = 2,
    attention_resolutions: Sequence[int] = (8,),
    image_size: int = 32,
) -> Explorer:
    """The controls and their picture, with a button for the document's configuration; see `explore_unet`."""
    mults, attention = tuple(channel_mults), tuple(attention_resolutions)
    unet_bill(base_channels, mults, num_res_blocks, attention, image_size)  # a bad start is an error, not a sentence
    sizes = [(f"{size}x{size}", size) for size in with_start(IMAGE_SIZES, image_size)]
    attentions = [(listed(places, "none"), places) for places in with_start(ATTENTION, attention)]
    levels = [(listed(option), option) for option in with_start(CHANNEL_MULTS, mults)]
    controls = {
        "base_channels": choice(
            "base channels", with_start(BASE_CHANNELS, base_channels), base_channels, "Channels at full resolution"
        ),
        "channel_mults": choice("multipliers", levels, mults, "Channels of each level, times the base channels"),
        "num_res_blocks": slider(
            "blocks a level", num_res_blocks, 1, max(4, num_res_blocks), 1, "Residual blocks a level of the encoder"
        ),
        "attention_resolutions": choice(
            "attention at", attentions, attention, "Heights with attention; the middle always has it"
        ),
        "image_size": choice("image size", sizes, image_size, "Height and width of the image"),
    }
    button = widgets.Button(
        description="The document's", tooltip="Back to the configuration of the document", icon="undo"
    )
    explorer = Explorer(draw_configuration, controls, [button])
    button.on_click(lambda _: explorer.set(**DOCUMENT))
    return explorer


def with_start(options: Sequence, start: object) -> list:
    """The options, and the start if it is none of them."""
    return list(options) if start in options else [*options, start]


def listed(numbers: Sequence[int], empty: str = "") -> str:
    return ", ".join(map(str, numbers)) or empty


def draw_configuration(
    base_channels: int,
    channel_mults: tuple[int, ...],
    num_res_blocks: int,
    attention_resolutions: tuple[int, ...],
    image_size: int,
) -> Picture:
    """The U, one box a level and side, and beside it what each level costs. Raises: ValueError where `UNet` does."""
    bill = unet_bill(base_channels, channel_mults, num_res_blocks, attention_resolutions, image_size)
    levels, total = bill.levels, bill.total
    figure = blank_figure(11, 1.6 + 0.95 * len(levels))
    draw_levels(figure.add_axes((0.01, 0.02, 0.57, 0.96)), bill)
    draw_costs(figure.add_axes((0.68, 0.13, 0.305, 0.7)), bill)
    memory = training_memory(total.parameters, total.kept, BATCH)
    attentions = sum(level.encoder[1] + level.decoder[1] for level in levels) + 1
    caption = (
        f"{total.parameters:,} parameters, {total.multiply_adds / 1e9:.2f} G multiply-adds and "
        f"{total.kept / 1e6:.1f} MB kept for the gradients of one image; {attentions} attentions. Training on batches "
        f"of {BATCH} needs about {memory / 1e9:.2f} GB."
    )
    unused = [place for place in attention_resolutions if place not in [level.height for level in levels]]
    if unused:
        caption += f" No level is {listed(unused)} pixels high, so attention there has no effect."
    top, bottom = levels[0].height, levels[-1].height
    return Picture(
        figure,
        caption,
        f"A U of {len(levels)} levels, from {top}x{top} at the top to {bottom}x{bottom} at the bottom; each box says "
        "its channels and blocks, each line across the channels of its skips. Beside it, bars of each level's share of "
        "parameters, multiply-adds and memory.",
    )


def draw_levels(axes: Axes, bill: Bill) -> None:
    """Encoder on the left going down, middle at the bottom, decoder on the right going up, skips across."""
    levels = bill.levels
    axes.set(xlim=(-0.1, 10.1), ylim=(-1.28 * len(levels) - 0.1, 1.0))
    axes.axis("off")
    words(axes, 5, 0.85, f"emb: {bill.emb_dim} numbers, to every residual block")
    for number, level in enumerate(levels):
        y, shift = -1.28 * number, 0.3 * number
        for x, (blocks, attentions) in ((shift, level.encoder), (7.2 - shift, level.decoder)):
            parts = f"{blocks} Res" + (f" + {attentions} Att" if attentions else "")
            box(axes, x, y, f"{level.channels} channels, {level.height}x{level.height}\n{parts}", bool(attentions))
        arrow(axes, (2.8 + shift, y), (7.15 - shift, y), COLORS["blue"], ">")
        first, *others = level.skips
        text = listed(level.skips) if len(others) < 3 else f"{first}, {len(others)} times {others[0]}"
        words(axes, 5, y + 0.17, f"skips: {text}")
        if number + 1 < len(levels):
            arrow(axes, (1.4 + shift, y - 0.38), (1.4 + shift, y - 0.86), COLORS["grey"], "v")
            arrow(axes, (8.6 - shift, y - 0.9), (8.6 - shift, y - 0.42), COLORS["grey"], "^")
            words(axes, 1.95 + shift, y - 0.64, "halve")
            words(axes, 7.9 - shift, y - 0.64, "double")
    # the middle hangs below the last level, between its two sides
    bottom, y, shift = levels[-1], -1.28 * (len(levels) - 1) - 0.95, 0.3 * (len(levels) - 1)
    axes.plot(
        [1.4 + shift, 1.4 + shift, 8.6 - shift, 8.6 - shift],
        [y + 0.57, y, y, y + 0.57],
        color=COLORS["grey"],
        linewidth=1,
    )
    box(axes, 3.6, y, f"middle: {bottom.channels} channels, {bottom.height}x{bottom.height}\nRes, Att, Res", True)


def words(axes: Axes, x: float, y: float, text: str) -> None:
    axes.text(x, y, text, ha="center", va="center", fontsize=8, zorder=4)


def arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], color: str, head: str) -> None:
    """A line with a head at its end: a marker is drawn much faster than an annotation's arrow."""
    xs, ys = zip(start, end, strict=True)
    axes.plot(xs, ys, color=color, linewidth=1, marker=head, markevery=[1], markersize=5)


def box(axes: Axes, x: float, y: float, text: str, attention: bool) -> None:
    """A box 2.8 wide; a broad frame where attention is."""
    patch = Rectangle(
        (x, y - 0.38),
        2.8,
        0.76,
        facecolor="white",
        edgecolor="black" if attention else COLORS["grey"],
        linewidth=2.2 if attention else 1,
        zorder=3,
    )
    axes.add_artist(patch)
    words(axes, x + 1.4, y, text)


def draw_costs(axes: Axes, bill: Bill) -> None:
    """Bars: the share of each level in the three costs, with the number itself at their ends."""
    names = [f"{level.height}x{level.height}" for level in bill.levels] + ["emb"]
    parts = [*(level.costs for level in bill.levels), bill.embeddings]
    for number, (name, (color, hatch)) in enumerate(COST_STYLES.items()):
        whole, values = cost_of(bill.total, name), [cost_of(part, name) for part in parts]
        ys = [row + 0.27 * (number - 1) for row in range(len(parts))]
        shares = [100 * value / whole for value in values]
        style = {"color": color, "hatch": hatch, "edgecolor": "white", "linewidth": 0}
        axes.barh(ys, shares, 0.25, label=f"{name}: {short(whole, name)}", **style)
        for y, share, value in zip(ys, shares, values, strict=True):
            axes.text(share + 1, y, short(value, name), va="center", fontsize=8)
    axes.set_yticks(range(len(parts)), names)
    axes.set(xlim=(0, 115), xticks=(0, 50, 100), xlabel="share of the whole network, %", ylim=(len(parts) - 0.5, -0.5))
    axes.grid(False)
    axes.legend(loc="lower center", bbox_to_anchor=(0.45, 1.0), fontsize=8, frameon=False)


def cost_of(costs: Costs, name: str) -> int:
    return {"parameters": costs.parameters, "multiply-adds": costs.multiply_adds, "kept for gradients": costs.kept}[
        name
    ]


def short(value: int, name: str) -> str:
    """A count or a number of bytes in three digits."""
    unit = "B" if name == "kept for gradients" else ""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g} {letter}{unit}"
    return f"{value} {unit}".rstrip()
