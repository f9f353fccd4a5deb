"""What lesson 07 states, proven: the whole network, counted."""

import copy
from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F

from course_lib.ddpm import DDPM
from course_lib.document import DRAWN_DECODER_CHANNELS
from course_lib.lessons.lesson07.divergence import SMALL, find_divergence
from course_lib.lessons.lesson07.figures import (
    FAULTS,
    first_in_first_out_unet,
    loss_at_start,
    losses_on_one_batch,
    one_batch,
    with_fault,
)
from course_lib.lessons.lesson07.unet_costs import unet_bill
from course_lib.lessons.shared.claims import claim
from course_lib.lessons.shared.shipped import shipped_model
from course_lib.lessons.shared.training import lesson_config
from course_lib.lessons.shared.unet_map import level_shares
from course_lib.parameters import count_parameters
from course_lib.residual_block import ResidualBlock
from course_lib.self_attention import SelfAttention
from course_lib.skips import decoder_channels
from course_lib.tracing import CAT, trace
from course_lib.unet import UNet


def cost(resolutions: tuple[int, ...]) -> tuple[int, int]:
    """Parameters and multiply-adds of the document's network with attention at these resolutions."""
    with torch.device("meta"):
        rows = trace(UNet(attention_resolutions=resolutions))
    return sum(row.parameters for row in rows), sum(row.multiply_adds for row in rows)


@claim("attention at 32x32, which [Key Insight 3](../../../assets/network.md#insights) calls too slow, is a third more")
def attention_at_32_is_a_third_more_work() -> bool:
    return 0.25 < cost((32, 16, 8))[1] / cost((16, 8))[1] - 1 < 0.4


@claim("| attention at 16x16 is an option | section 7.4: 2 % of parameters |")
def attention_at_16_costs_two_percent() -> bool:
    return round(100 * (cost((16, 8))[0] / cost((8,))[0] - 1)) == 2


@claim("its first convolution reads up to three times as many channels as its level is wide (384 at 16x16")
def the_decoder_reads_up_to_three_times_the_channels() -> bool:
    levels = decoder_channels(64, (1, 2, 4), 2)
    most = [max(map(sum, level)) / channels for level, channels in zip(levels, (256, 128, 64), strict=True)]
    return max(most) == 3 and max(map(sum, levels[1])) == 384


@claim(
    "Where the channels change, the shortcut is a 1x1 convolution (lesson 03).",
    "This network has 17 residual blocks: six in the encoder, two in the middle, nine in the decoder.",
    "In the encoder only the first block of a wider level changes the channels, and in the middle none does.",
    "In the decoder *all* do: behind a `cat` a block always takes more channels than it gives.",
)
def every_shortcut_of_the_decoder_learns() -> bool:
    """Also where levels become narrower on the way down, or all are equally wide."""
    with torch.device("meta"):
        model = UNet()
        further = [UNet(base_channels=8, channel_mults=mults, num_heads=2) for mults in ((4, 1, 2), (1, 1), (2, 5, 3))]
    encoder, decoder = (
        [[type(block.skip_conv) is torch.nn.Identity for block in level.resblocks] for level in side]
        for side in (model.encoder, model.decoder)
    )
    middle = [type(block.skip_conv) is torch.nn.Identity for block in (model.mid_resblock1, model.mid_resblock2)]
    wider = [
        block.conv1.in_channels > block.conv1.out_channels
        for network in (model, *further)
        for level in network.decoder
        for block in level.resblocks
    ]
    others = [block.skip_conv for block in model.modules() if isinstance(block, ResidualBlock)]
    learning = [one.kernel_size for one in others if not isinstance(one, torch.nn.Identity)] == [(1, 1)] * 11
    as_told = (
        learning
        and encoder == [[True, True], [False, True], [False, True]]
        and all(middle)
        and decoder == [[False] * 3] * 3
    )
    return as_told and all(wider)


@claim(
    "Where `h` and the skip are equally wide, it may therefore learn to add the two:",
    "laying side by side contains adding, if a convolution comes directly (lesson 06).",
)
def the_shortcut_may_add_h_and_the_skip() -> bool:
    generator = torch.Generator().manual_seed(0)
    block = ResidualBlock(16, 8, 32).eval()
    torch.nn.init.zeros_(block.conv2.weight)  # what is left is the shortcut
    torch.nn.init.zeros_(block.conv2.bias)
    block.skip_conv.weight.data = torch.eye(8).repeat(1, 2)[..., None, None]
    torch.nn.init.zeros_(block.skip_conv.bias)
    h, skip = torch.randn(2, 2, 8, 4, 4, generator=generator)
    return torch.allclose(block(torch.cat([h, skip], dim=1), torch.zeros(2, 32)), h + skip, atol=1e-6)


@claim("Both find 27 % of the work at 32x32, 32 % at 16x16 and 42 % at 8x8.")
def the_explorer_and_the_map_count_by_what_goes_in() -> bool:
    with torch.device("meta"):
        rows = trace(UNet())
    work = sum(row.multiply_adds for row in rows)
    of_the_map = level_shares(rows, [row.multiply_adds / work for row in rows])
    bill = unet_bill(64, (1, 2, 4), 2, (8,), 32)
    of_the_bill = {level.height: level.costs.multiply_adds / bill.total.multiply_adds for level in bill.levels}
    return all(
        {height: round(100 * share) for height, share in shares.items()} == {32: 27, 16: 32, 8: 42}
        for shares in (of_the_map, of_the_bill)
    )


@claim("of its four heads, 16.8 MB for all four, and there are five such attentions.")
def five_attentions_at_32_keep_16_8_megabytes_each() -> bool:
    with torch.device("meta"):
        attended = [row for row in trace(UNet(attention_resolutions=(32, 16, 8))) if row.kind == "SelfAttention"]
    five = sum(row.output[-1] == 32 for row in attended) == 5
    return five and round(4 * 4 * 1024**2 / 1e6, 1) == 16.8


@claim("with 16 base channels and for 16x16 images, so that the lowest map is 4x4 with 64 channels.")
def the_two_networks_compared_are_small() -> bool:
    rows = find_divergence(first_in_first_out_unet()).rows
    middle = next(row.output for row in rows if row.module == "mid_attention")
    lowest = min(row.output[-1] for row in rows if len(row.output) == 4)
    return (SMALL["base_channels"], SMALL["image_size"], lowest, middle[1:]) == (16, 16, 4, (64, 4, 4))


@claim(
    "This one stops with an error, because skips of other sizes come first: the `cat` that is marked cannot join them."
)
def first_in_first_out_stops_at_a_cat() -> bool:
    found = find_divergence(first_in_first_out_unet())
    row, behind = found.rows[found.place], found.rows[found.place + 1]
    return row.kind == CAT and behind.module == "decoder.0.resblocks.0" and "must match" in found.message


@claim(
    "in the drawing | section 7.4: true for the first block of each level, and for four of the nine in all (lesson 06)"
)
def the_first_block_of_each_level_is_as_drawn() -> bool:
    levels = [[tuple(pair) for pair in level] for level in decoder_channels(64, (1, 2, 4), 2)]
    first = [level[0] for level in levels]
    drawn = list(DRAWN_DECODER_CHANNELS)
    return first == drawn and sum(level.count(one) for one, level in zip(drawn, levels, strict=True)) == 4


@claim(
    "- say where its 15.78 million parameters are",
    '"15.78 million" is one number.',
    "Now you have a network of 15.78 million numbers",
)
def the_network_has_fifteen_million_numbers() -> bool:
    return round(cost((8,))[0] / 1e6, 2) == 15.78


@claim("draw, in a network of 691,059 numbers, so that minutes are enough.")
def lesson_08_trains_a_small_one() -> bool:
    with torch.device("meta"):
        return count_parameters(UNet(**lesson_config("ddpm").unet)) == 691_059


def learned(change: Callable[[UNet], torch.nn.Module]) -> float:
    """The loss on one batch of eight after a quarter of the lesson's steps, of a small network that was changed."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = UNet(base_channels=8, num_heads=2, dropout=0.0)
        return losses_on_one_batch(change(model), "one batch", steps=20)[-1]


def frozen_encoder(model: UNet) -> UNet:
    for part in (model.conv_in, model.encoder):
        part.requires_grad_(False)
    return model


@claim(
    "Each learns the batch, the one with the cut skips more slowly (one run each, from one seed).",
    "with an encoder that never changes the loss is no higher than with the cut skips.",
)
def eight_pictures_are_learned_by_broken_networks() -> bool:
    whole, frozen = learned(lambda model: model), learned(frozen_encoder)
    ends = {fault: learned(partial(with_fault, fault=fault)) for fault in FAULTS}
    cut = ends.pop("the cut skips")
    return max(whole, *ends.values()) < 0.99 * cut < 0.6 and frozen < 1.05 * cut


@claim("Four times the weights, each used a quarter as often: the same work.")
def a_level_further_down_is_the_same_work() -> bool:
    return len({9 * channels**2 * side**2 for channels, side in ((64, 32), (128, 16), (256, 8))}) == 1


@claim("The class vectors come from `nn.Embedding`, which starts with numbers of standard deviation 1.")
def class_vectors_start_louder() -> bool:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = UNet(base_channels=16)
    with torch.no_grad():
        classes, times = network.class_embed(torch.arange(10)), network.time_embed(torch.arange(0, 1000, 10))
    return abs(float(classes.std()) - 1) < 0.1 and float(times.std()) < 0.4


@claim(
    "The memory: from 13.4 to 105 MB for each image.",
    "The multiply-adds there grow from 571 M to 1.33 G, the parameters from 670 k to 754 k.",
)
def the_top_level_with_attention_at_32() -> bool:
    before, after = (unet_bill(64, (1, 2, 4), 2, levels, 32).levels[0].costs for levels in ((16, 8), (32, 16, 8)))
    kept = round(before.kept / 1e6, 1), round(after.kept / 1e6)
    work = round(before.multiply_adds / 1e6), round(after.multiply_adds / 1e9, 2)
    parameters = round(before.parameters / 1e3), round(after.parameters / 1e3)
    return (kept, work, parameters) == ((13.4, 105), (571, 1.33), (670, 754))


@claim("Attention is cheap in parameters: two 1x1 convolutions and a norm.")
def attention_is_two_convolutions_and_a_norm() -> bool:
    parts = list(SelfAttention(64).children())
    kernels = [part.kernel_size for part in parts if isinstance(part, torch.nn.Conv2d)]
    return (
        kernels == [(1, 1), (1, 1)] and [type(part) for part in parts].count(torch.nn.GroupNorm) == 1 == len(parts) - 2
    )


@claim(
    "A network that always answers zero would get the mean of `noise**2`, which is 1.",
    "Yours speaks softly and at random, so it is a little worse than silence.",
    "a loss that *stays* at 1 means a network that has learned nothing.",
    "A loss of 1 is what a network gets that always says zero.",
)
def a_new_network_is_a_little_worse_than_silence() -> bool:
    images, labels = one_batch(64)
    silent = [
        float(DDPM().loss(lambda x, t, y: torch.zeros_like(x), images, labels, torch.Generator().manual_seed(seed)))
        for seed in range(3)
    ]
    new = []
    with torch.random.fork_rng():
        for seed in range(3):
            torch.manual_seed(seed)
            new.append(loss_at_start(UNet(base_channels=16)))
    return max(abs(loss - 1) for loss in silent) < 0.02 and min(new) > 1 and max(new) < 1.3


@claim(
    "128 for each image: one for each channel, the same at all 256 pixels.",
)
def the_embedding_adds_one_number_a_channel() -> bool:
    """What reaches the second norm, with an embedding and with another."""
    block, seen = ResidualBlock(128, 128, 256).eval(), []
    block.norm2.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    generator = torch.Generator().manual_seed(0)
    x, embeddings = torch.randn(4, 128, 16, 16, generator=generator), torch.randn(2, 4, 256, generator=generator)
    with torch.no_grad():
        for emb in embeddings:
            block(x, emb)
    added = (seen[1] - seen[0]).flatten(2)
    return added.shape == (4, 128, 256) and float((added - added[..., :1]).abs().max()) < 1e-5 < float(added.std())


@claim(
    "Convolutions, norms and attention work at any size that can be halved twice.",
    "`image_size` only settles at which levels attention stands.",
)
def the_network_takes_other_sizes() -> bool:
    with torch.device("meta"):
        model = UNet(base_channels=16)
        labels, emb = torch.zeros(1, dtype=torch.long), torch.zeros(1)
        taken = [model(torch.zeros(1, 3, side, side), emb, labels).shape[-1] for side in (20, 32, 64)]
        by_size = [
            [type(level.attentions[0]) is SelfAttention for level in UNet(base_channels=16, image_size=side).encoder]
            for side in (16, 32, 64)
        ]
        try:
            model(torch.zeros(1, 3, 30, 30), emb, labels)
        except (RuntimeError, ValueError):
            return taken == [20, 32, 64] and by_size == [[False, True, False], [False, False, True], [False] * 3]
    return False


@claim(
    "The mistake hides well: with the weights that came with the course, lesson 08's loss rises by less than a tenth."
)
def a_second_silu_hardly_shows_in_the_loss() -> bool:
    model, losses = copy.deepcopy(shipped_model("ddpm").model).eval(), []
    images, labels = one_batch(50)
    for twice in (False, True):
        if twice:
            for block in model.modules():
                if isinstance(block, ResidualBlock):
                    block.register_forward_pre_hook(lambda module, inputs: (inputs[0], F.silu(inputs[1])))
        with torch.no_grad():
            of_draws = [DDPM().loss(model, images, labels, torch.Generator().manual_seed(seed)) for seed in range(4)]
        losses.append(float(sum(of_draws)) / 4)
    return 1.01 < losses[1] / losses[0] < 1.1


@claim("without it the last Linear of the time embedding and the block's own Linear would be one.)")
def two_linears_in_a_row_are_one() -> bool:
    first, second = torch.nn.Linear(8, 16), torch.nn.Linear(16, 4)
    x = torch.randn(32, 8, generator=torch.Generator().manual_seed(0))
    one = F.linear(x, second.weight @ first.weight, second.weight @ first.bias + second.bias)
    return torch.allclose(second(first(x)), one, atol=1e-5) and not torch.allclose(
        second(F.silu(first(x))), one, atol=0.05
    )


@claim(
    "The parameters live at the bottom. The work is spread almost evenly, and that is no accident.",
    "At the bottom: the parameters are there. At the top you would save time and memory for the maps, and hardly a",
)
def parameters_at_the_bottom_memory_at_the_top() -> bool:
    levels = {level.height: level.costs for level in unet_bill(64, (1, 2, 4), 2, (8,), 32).levels}
    with torch.device("meta"):
        rows = [row for row in trace(UNet()) if row.section != "EMBEDDINGS"]
    work = [sum(row.multiply_adds for row in rows if row.output[-1] == side) for side in (32, 16, 8)]
    parameters = [levels[side].parameters for side in (32, 16, 8)]
    kept = [levels[side].kept for side in (32, 16, 8)]
    little = parameters[0] < 0.06 * sum(parameters) < 0.7 * sum(parameters) < parameters[2]
    return little and max(work) / min(work) < 1.3 and kept[0] > 1.8 * max(kept[1:])
