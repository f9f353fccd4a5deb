"""The document as data: its forward pass line by line, its summary of roles, its numbers. Held once, measured by tests.

Everything is a plain tuple, so that lessons, figures and tests read the same shapes without importing torch.
Where the document abbreviates ("... repeat for all skips") or gives no shapes, lines and shapes are written here and
marked `written_out=False`: they are ours, and proven on the real network like the others.
"""

from dataclasses import dataclass

Shape = tuple[int, ...]

# "Example: B=4, CIFAR-10 (32x32), base_channels=64, channel_mults=(1,2,4)"
BATCH_SIZE = 4
IMAGE_SIZE = 32
BASE_CHANNELS = 64
CHANNEL_MULTS = (1, 2, 4)
EMB_DIM = 256

# INPUTS and FINAL OUTPUT
IMAGE_SHAPE: Shape = (4, 3, 32, 32)
TIMESTEPS = (100, 500, 800, 300)
CLASS_LABELS = (0, 5, 3, 9)
OUTPUT_SHAPE: Shape = (4, 3, 32, 32)

# The document does not count the parameters. This number follows from its shapes, layer by layer.
PARAMETERS = 15_776_643
PARAMETERS_TEXT = "15.78 M"


@dataclass(frozen=True)
class Step:
    """One line of the section "Full forward pass", for a batch of four.

    Attributes:
        section: the heading the line stands under, such as "ENCODER".
        name: what the document calls the step, such as "resblock" or "mid_attention".
        module: where it lives in `UNet`, such as "encoder.0.resblocks.0"; None for what is not one module.
        input, output: shape of `h` (for the embedding: of `t`, and of `c`) before and after.
        skip: for "cat", the shape that `skips.pop()` gives; None elsewhere.
        pushes_skip: whether the document stores the output with `skips.append(h)` (or `skips = [h]`).
        written_out: False where the document leaves the line, or its shapes, to the reader.
    """

    section: str
    name: str
    module: str | None
    input: Shape
    output: Shape
    skip: Shape | None = None
    pushes_skip: bool = False
    written_out: bool = True


def _ours(section: str, name: str, module: str | None, before: Shape, after: Shape, skip: Shape | None = None) -> Step:
    """A step whose line or shapes the document leaves to the reader."""
    return Step(section, name, module, before, after, skip=skip, written_out=False)


# fmt: off
FORWARD_PASS: tuple[Step, ...] = (
    Step("EMBEDDINGS", "time_class_embed", None, (4,), (4, 256)),

    Step("INITIAL CONV", "conv_in", "conv_in", (4, 3, 32, 32), (4, 64, 32, 32), pushes_skip=True),

    # Level 0: 64 channels, 32x32
    Step("ENCODER", "resblock", "encoder.0.resblocks.0", (4, 64, 32, 32), (4, 64, 32, 32), pushes_skip=True),
    Step("ENCODER", "resblock", "encoder.0.resblocks.1", (4, 64, 32, 32), (4, 64, 32, 32), pushes_skip=True),
    Step("ENCODER", "downsample", "encoder.0.resample", (4, 64, 32, 32), (4, 64, 16, 16), pushes_skip=True),
    # Level 1: 128 channels, 16x16
    Step("ENCODER", "resblock", "encoder.1.resblocks.0", (4, 64, 16, 16), (4, 128, 16, 16), pushes_skip=True),
    Step("ENCODER", "resblock", "encoder.1.resblocks.1", (4, 128, 16, 16), (4, 128, 16, 16), pushes_skip=True),
    Step("ENCODER", "downsample", "encoder.1.resample", (4, 128, 16, 16), (4, 128, 8, 8), pushes_skip=True),
    # Level 2: 256 channels, 8x8. The skip is what attention made of the block's output
    Step("ENCODER", "resblock", "encoder.2.resblocks.0", (4, 128, 8, 8), (4, 256, 8, 8)),
    Step("ENCODER", "attention", "encoder.2.attentions.0", (4, 256, 8, 8), (4, 256, 8, 8), pushes_skip=True),
    Step("ENCODER", "resblock", "encoder.2.resblocks.1", (4, 256, 8, 8), (4, 256, 8, 8)),
    Step("ENCODER", "attention", "encoder.2.attentions.1", (4, 256, 8, 8), (4, 256, 8, 8), pushes_skip=True),

    Step("MIDDLE", "mid_resblock1", "mid_resblock1", (4, 256, 8, 8), (4, 256, 8, 8)),
    Step("MIDDLE", "mid_attention", "mid_attention", (4, 256, 8, 8), (4, 256, 8, 8)),
    Step("MIDDLE", "mid_resblock2", "mid_resblock2", (4, 256, 8, 8), (4, 256, 8, 8)),

    # Level 2 -> Level 1
    Step("DECODER", "cat", None, (4, 256, 8, 8), (4, 512, 8, 8), skip=(4, 256, 8, 8)),
    Step("DECODER", "resblock", "decoder.0.resblocks.0", (4, 512, 8, 8), (4, 256, 8, 8)),
    _ours("DECODER", "attention", "decoder.0.attentions.0", (4, 256, 8, 8), (4, 256, 8, 8)),
    # "... repeat for all skips"
    _ours("DECODER", "cat", None, (4, 256, 8, 8), (4, 512, 8, 8), skip=(4, 256, 8, 8)),
    _ours("DECODER", "resblock", "decoder.0.resblocks.1", (4, 512, 8, 8), (4, 256, 8, 8)),
    _ours("DECODER", "attention", "decoder.0.attentions.1", (4, 256, 8, 8), (4, 256, 8, 8)),
    _ours("DECODER", "cat", None, (4, 256, 8, 8), (4, 384, 8, 8), skip=(4, 128, 8, 8)),
    _ours("DECODER", "resblock", "decoder.0.resblocks.2", (4, 384, 8, 8), (4, 256, 8, 8)),
    _ours("DECODER", "attention", "decoder.0.attentions.2", (4, 256, 8, 8), (4, 256, 8, 8)),
    Step("DECODER", "upsample", "decoder.0.resample", (4, 256, 8, 8), (4, 256, 16, 16)),
    # "... continues until original resolution ...": Level 1 -> Level 0
    _ours("DECODER", "cat", None, (4, 256, 16, 16), (4, 384, 16, 16), skip=(4, 128, 16, 16)),
    _ours("DECODER", "resblock", "decoder.1.resblocks.0", (4, 384, 16, 16), (4, 128, 16, 16)),
    _ours("DECODER", "cat", None, (4, 128, 16, 16), (4, 256, 16, 16), skip=(4, 128, 16, 16)),
    _ours("DECODER", "resblock", "decoder.1.resblocks.1", (4, 256, 16, 16), (4, 128, 16, 16)),
    _ours("DECODER", "cat", None, (4, 128, 16, 16), (4, 192, 16, 16), skip=(4, 64, 16, 16)),
    _ours("DECODER", "resblock", "decoder.1.resblocks.2", (4, 192, 16, 16), (4, 128, 16, 16)),
    _ours("DECODER", "upsample", "decoder.1.resample", (4, 128, 16, 16), (4, 128, 32, 32)),
    # Level 0
    _ours("DECODER", "cat", None, (4, 128, 32, 32), (4, 192, 32, 32), skip=(4, 64, 32, 32)),
    _ours("DECODER", "resblock", "decoder.2.resblocks.0", (4, 192, 32, 32), (4, 64, 32, 32)),
    _ours("DECODER", "cat", None, (4, 64, 32, 32), (4, 128, 32, 32), skip=(4, 64, 32, 32)),
    _ours("DECODER", "resblock", "decoder.2.resblocks.1", (4, 128, 32, 32), (4, 64, 32, 32)),
    _ours("DECODER", "cat", None, (4, 64, 32, 32), (4, 128, 32, 32), skip=(4, 64, 32, 32)),
    _ours("DECODER", "resblock", "decoder.2.resblocks.2", (4, 128, 32, 32), (4, 64, 32, 32)),

    _ours("OUTPUT", "norm_out", "norm_out", (4, 64, 32, 32), (4, 64, 32, 32)),
    _ours("OUTPUT", "silu", None, (4, 64, 32, 32), (4, 64, 32, 32)),
    Step("OUTPUT", "conv_out", "conv_out", (4, 64, 32, 32), (4, 3, 32, 32)),
)
# fmt: on

# The nine skips in the order they are pushed; the decoder pops them from the end.
SKIPS: tuple[Shape, ...] = tuple(step.output for step in FORWARD_PASS if step.pushes_skip)

# Channels of h and of the skip in front of each decoder block, level by level, deepest first. The document's drawing
# shows one sum a level, and it is that of the level's first block.
DECODER_CHANNELS: tuple[tuple[tuple[int, int], ...], ...] = (
    ((256, 256), (256, 256), (256, 128)),
    ((256, 128), (128, 128), (128, 64)),
    ((128, 64), (64, 64), (64, 64)),
)
DRAWN_DECODER_CHANNELS: tuple[tuple[int, int], ...] = ((256, 256), (256, 128), (128, 64))


@dataclass(frozen=True)
class AttentionCost:
    """What attention over a square feature map costs: every token looks at every token ("Key Insights", 3).

    Attributes:
        side: height and width in pixels.
        tokens: N = side * side.
        entries: N * N, the numbers in one attention matrix (one image, one head).
    """

    side: int
    tokens: int
    entries: int


ATTENTION_COSTS: tuple[AttentionCost, ...] = (
    AttentionCost(side=8, tokens=64, entries=4_096),
    AttentionCost(side=32, tokens=1_024, entries=1_048_576),
)


@dataclass(frozen=True)
class Role:
    """One row of the section "Summary: Role of Each Component", and one place in the network where it can be checked.

    Attributes:
        component, input, output, role: the row, with the document's symbols (B, C, C', H, W, dim).
        modules: what to run in `UNet`, in order; empty for the concatenation, which is no module.
        example_inputs: shapes that go in (h and skip for the concatenation, else one).
        example_output: shape that comes out.
    """

    component: str
    input: str
    output: str
    role: str
    modules: tuple[str, ...]
    example_inputs: tuple[Shape, ...]
    example_output: Shape


MIDDLE_MODULES = ("mid_resblock1", "mid_attention", "mid_resblock2")

# fmt: off
ROLES: tuple[Role, ...] = (
    Role("Time Embed", "(B,)", "(B, dim)", "Noise level information",
         ("time_embed",), ((4,),), (4, 256)),
    Role("Class Embed", "(B,)", "(B, dim)", "Class conditioning",
         ("class_embed",), ((4,),), (4, 256)),
    Role("conv_in", "(B,3,H,W)", "(B,C,H,W)", "Channel projection",
         ("conv_in",), ((4, 3, 32, 32),), (4, 64, 32, 32)),
    Role("ResBlock", "(B,C,H,W)", "(B,C',H,W)", "Feature extraction + t cond.",
         ("encoder.1.resblocks.0",), ((4, 64, 16, 16),), (4, 128, 16, 16)),
    Role("Downsample", "(B,C,H,W)", "(B,C,H/2,W/2)", "Reduce resolution",
         ("encoder.0.resample",), ((4, 64, 32, 32),), (4, 64, 16, 16)),
    Role("Attention", "(B,C,H,W)", "(B,C,H,W)", "Global relationships",
         ("encoder.2.attentions.0",), ((4, 256, 8, 8),), (4, 256, 8, 8)),
    Role("Middle", "(B,C,H,W)", "(B,C,H,W)", "Bottleneck processing",
         MIDDLE_MODULES, ((4, 256, 8, 8),), (4, 256, 8, 8)),
    Role("Upsample", "(B,C,H,W)", "(B,C,2H,2W)", "Increase resolution",
         ("decoder.0.resample",), ((4, 256, 8, 8),), (4, 256, 16, 16)),
    Role("Skip cat", "h + skip", "concat(h,skip)", "Preserve fine details",
         (), ((4, 256, 8, 8), (4, 256, 8, 8)), (4, 512, 8, 8)),
    Role("conv_out", "(B,C,H,W)", "(B,3,H,W)", "Final prediction",
         ("conv_out",), ((4, 64, 32, 32),), (4, 3, 32, 32)),
)
# fmt: on
