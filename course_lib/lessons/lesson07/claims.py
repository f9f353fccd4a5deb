"""What lesson 07 states, proven: the whole network, counted."""

import torch

from course_lib.document import DRAWN_DECODER_CHANNELS
from course_lib.lessons.lesson07.divergence import SMALL, find_divergence
from course_lib.lessons.lesson07.figures import first_in_first_out_unet, losses_on_one_batch, with_fault
from course_lib.lessons.lesson07.unet_costs import unet_bill
from course_lib.lessons.shared.claims import claim
from course_lib.lessons.shared.training import lesson_config
from course_lib.lessons.shared.unet_map import level_shares
from course_lib.parameters import count_parameters
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
    "At 8x8 the second has the same sum; the other five differ",
    "After one block `h` has the level's width (blocks 5, 6, 8 and 9).",
    "level above, with fewer channels (blocks 3 and 6).",
)
def the_second_block_at_8_is_as_drawn() -> bool:
    levels = decoder_channels(64, (1, 2, 4), 2)
    pairs = [(pair, drawn) for drawn, level in zip(DRAWN_DECODER_CHANNELS, levels, strict=True) for pair in level]
    other_h, other_skip = (
        {block for block, (pair, drawn) in enumerate(pairs, 1) if pair[side] != drawn[side]} for side in (0, 1)
    )
    return other_h == {5, 6, 8, 9} and other_skip == {3, 6} and len(pairs) == 9


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


@claim("in the drawing | section 7.2: true for the first block of each level, and for four of the nine in all |")
def the_first_block_of_each_level_is_as_drawn() -> bool:
    levels = [[tuple(pair) for pair in level] for level in decoder_channels(64, (1, 2, 4), 2)]
    first = [level[0] for level in levels]
    drawn = list(DRAWN_DECODER_CHANNELS)
    return first == drawn and sum(level.count(one) for one, level in zip(drawn, levels, strict=True)) == 4


@claim("Now you have a network of 15.78 million numbers")
def the_network_has_fifteen_million_numbers() -> bool:
    return round(cost((8,))[0] / 1e6, 2) == 15.78


@claim("draw, in a network of 691,059 numbers, so that minutes are enough.")
def lesson_08_trains_a_small_one() -> bool:
    with torch.device("meta"):
        return count_parameters(UNet(**lesson_config("ddpm").unet)) == 691_059


@claim("an encoder that never changes does no worse.")
def eight_pictures_are_learned_without_the_encoder() -> bool:
    ends = []
    with torch.random.fork_rng():
        for frozen in (False, True):
            torch.manual_seed(0)
            model = UNet(base_channels=8, num_heads=2, dropout=0.0)
            for part in (model.conv_in, model.encoder):
                part.requires_grad_(not frozen)
            network = model if frozen else with_fault(model, "the cut skips")
            ends.append(losses_on_one_batch(network, "one batch", steps=20)[-1])
    return ends[1] < 1.05 * ends[0] < 0.8


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
