"""`python -m course_lib shapes`: the document's shape table for any configuration of the UNet, measured."""

import argparse

import torch

from course_lib.tracing import CAT, TraceRow, trace
from course_lib.unet import UNet

HEADINGS = ("module", "input", "output", "parameters", "multiply-adds")
UNITS = ((10**9, "G"), (10**6, "M"), (10**3, "k"))


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add the command `shapes`; the defaults are the document's configuration."""
    parser = subparsers.add_parser(
        "shapes",
        help="print every step of a UNet with its shapes, parameters and multiply-adds",
        description="Print every step of a UNet with its shapes, parameters and multiply-adds (those of one image). "
        "The network is measured without computing it, so any size is instant. The defaults are the document's.",
    )
    parser.add_argument("--base-channels", type=int, default=64, metavar="N", help="channels that conv_in makes (64)")
    parser.add_argument("--channel-mults", default="1,2,4", metavar="N,N", help="one multiple a level (1,2,4)")
    parser.add_argument("--num-res-blocks", type=int, default=2, metavar="N", help="residual blocks a level (2)")
    parser.add_argument(
        "--attention-resolutions", default="8", metavar="N,N", help="levels with attention, by height, or none (8)"
    )
    parser.add_argument("--image-size", type=int, default=32, metavar="N", help="height and width in pixels (32)")
    parser.add_argument("--num-classes", type=int, default=10, metavar="N", help="classes (10)")
    parser.add_argument("--num-heads", type=int, default=4, metavar="N", help="heads of every attention (4)")
    parser.add_argument("--in-channels", type=int, default=3, metavar="N", help="channels of the image (3)")
    parser.add_argument("--batch-size", type=int, default=4, metavar="N", help="images, B in the shapes (4)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Print the table and its totals.

    Raises: ValueError that names the argument, what came and what is allowed.
    """
    # on the device "meta" a tensor has a shape and no numbers: nothing is stored or computed
    with torch.device("meta"):
        model = UNet(
            in_channels=options.in_channels,
            base_channels=options.base_channels,
            channel_mults=whole_numbers("channel_mults", options.channel_mults),
            num_res_blocks=options.num_res_blocks,
            attention_resolutions=whole_numbers("attention_resolutions", options.attention_resolutions),
            image_size=options.image_size,
            num_classes=options.num_classes,
            num_heads=options.num_heads,
        )
    print(table(trace(model, options.batch_size, options.image_size)))


def whole_numbers(name: str, text: str) -> tuple[int, ...]:
    """Read "1,2,4" as (1, 2, 4), and "" or "none" as ().

    Raises: ValueError that names the argument if something between the commas is not a whole number.
    """
    if text.strip().lower() in ("", "none"):
        return ()
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise ValueError(f"{name} is {text!r}; allowed: whole numbers with commas between, such as 1,2,4") from None


def table(rows: list[TraceRow]) -> str:
    """The steps under the document's headings, aligned, and the totals below."""
    cells = [row_cells(row) for row in rows]
    widths = [max(len(line[column]) for line in [HEADINGS, *cells]) for column in range(len(HEADINGS))]
    lines = [aligned(HEADINGS, widths)]
    section = None
    for row, line in zip(rows, cells, strict=True):
        if row.section != section:
            section = row.section
            lines += ["", section]
        lines.append(aligned(line, widths))
    parameters, multiply_adds = sum(row.parameters for row in rows), sum(row.multiply_adds for row in rows)
    lines += [
        "",
        f"parameters              {parameters:,} ({abbreviated(parameters)})",
        f"multiply-adds an image  {multiply_adds:,} ({abbreviated(multiply_adds)})",
    ]
    return "\n".join(lines)


def row_cells(row: TraceRow) -> tuple[str, ...]:
    # as the document writes it: h alone for a block, h + skip for a concatenation
    shown = row.inputs if row.kind == CAT else row.inputs[:1]
    numbers = [f"{count:,}" if count else "" for count in (row.parameters, row.multiply_adds)]
    return (f"  {row.module}", " + ".join(map(str, shown)), str(row.output), *numbers)


def aligned(cells: tuple[str, ...], widths: list[int]) -> str:
    """Names and shapes to the left, numbers to the right."""
    pairs = list(zip(cells, widths, strict=True))
    return "  ".join(
        [cell.ljust(width) for cell, width in pairs[:3]] + [cell.rjust(width) for cell, width in pairs[3:]]
    )


def abbreviated(count: int) -> str:
    """15776643 as "15.78 M": two digits after the point, in thousands (k), millions (M) or billions (G)."""
    for size, unit in UNITS:
        if count >= size:
            return f"{count / size:.2f} {unit}"
    return str(count)
