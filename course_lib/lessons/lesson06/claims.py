"""What lesson 06 states, proven: skips: who pushes, who pops, what adding is."""

import itertools
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib import document, group_norm
from course_lib.lessons.lesson06 import figures
from course_lib.lessons.shared.claims import claim
from course_lib.skips import decoder_channels, skip_channels


@claim("The other five differ: had you built nine blocks from the drawing, they would refuse their input.")
def four_of_nine_sums_are_drawn() -> bool:
    levels = decoder_channels(64, (1, 2, 4), 2)
    pairs = [
        (tuple(pair), drawn)
        for drawn, level in zip(document.DRAWN_DECODER_CHANNELS, levels, strict=True)
        for pair in level
    ]
    return sum(pair == drawn for pair, drawn in pairs) == 4 and len(pairs) == 9 and tuple(levels[0][1]) == (256, 256)


@claim(
    "Its last skip comes from **above** (at 32x32, from `conv_in`)",
    "gave was pushed with 128 channels, and it is the third plate from the top of the stack.",
)
def the_last_skip_of_a_level_comes_from_above() -> bool:
    pushed_by = [step.module for step in document.FORWARD_PASS if step.pushes_skip]
    last = [pushed_by[::-1][3 * level + 2] for level in range(3)]
    third = document.SKIPS[-3]
    return last == ["encoder.1.resample", "encoder.0.resample", "conv_in"] and third[1:] == (128, 8, 8)


@claim("added, only `h + skip` counts; side by side, the SiLU bends `h` and the skip each by itself, never their sum.")
def no_other_weights_make_adding_and_laying_side_by_side_the_same() -> bool:
    generator = torch.Generator().manual_seed(0)
    h, other_h, skip, other_skip = torch.randn(4, 2, 8, 6, 6, generator=generator)
    weight = torch.randn(8, 16, 3, 3, generator=generator)

    @torch.no_grad()
    def joined(h: Tensor, skip: Tensor) -> Tensor:
        return F.conv2d(F.silu(group_norm(16)(torch.cat([h, skip], 1))), weight)

    @torch.no_grad()
    def added(h: Tensor, skip: Tensor) -> Tensor:
        return F.conv2d(F.silu(group_norm(8)(h + skip)), weight[:, :8])

    def beyond_two_parts(way: Callable[[Tensor, Tensor], Tensor]) -> float:
        """Zero where the result is something made from h plus something made from the skip."""
        mixed = way(h, skip) - way(h, other_skip) - way(other_h, skip) + way(other_h, other_skip)
        return float(mixed.norm() / way(h, skip).norm())

    def from_elsewhere(way: Callable[[Tensor, Tensor], Tensor]) -> float:
        """How much changes where h and the skip change and their sum does not."""
        return float((way(h + other_h, skip - other_h) - way(h, skip)).norm() / way(h, skip).norm())

    joined_is_two_parts = beyond_two_parts(joined) < 1e-4 < 0.2 < beyond_two_parts(added)
    return joined_is_two_parts and from_elsewhere(added) < 1e-4 < 0.2 < from_elsewhere(joined)


@claim(
    "With as many blocks as the encoder, each level would leave one skip on the stack.",
    "The first block at 16x16 would find one of 8x8 on top, and the two do not join.",
)
def two_pops_a_level_meet_a_skip_of_another_size() -> bool:
    sides = [shape[-1] for shape in document.SKIPS]
    return [sides.pop() for _ in range(3)] == [8, 8, 8] and sides.count(8) == 0


@claim("No. There, adding and laying side by side are two different networks.")
def behind_a_norm_adding_is_another_network() -> bool:
    generator = torch.Generator().manual_seed(0)
    h, skip = torch.randn(2, 2, 8, 6, 6, generator=generator)
    weight = torch.randn(8, 8, 3, 3, generator=generator)
    tied = torch.cat([weight, weight], dim=1)
    bare = torch.allclose(F.conv2d(torch.cat([h, skip], 1), tied), F.conv2d(h + skip, weight), atol=1e-3)
    with torch.no_grad():
        after_cat = F.conv2d(F.silu(group_norm(16)(torch.cat([h, skip], 1))), tied)
        after_sum = F.conv2d(F.silu(group_norm(8)(h + skip)), weight)
    return bare and float((after_cat - after_sum).norm() / after_sum.norm()) > 0.2


@claim("of 32 x 32 waves an 8x8 grid carries 8 x 8. Fifteen parts of sixteen are finer.")
def white_noise_is_mostly_finer_than_the_bottom() -> bool:
    noise = torch.randn(400, 32, 32, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    power = torch.fft.fft2(noise).abs().square().mean(0)
    waves = torch.fft.fftfreq(32, 1 / 32)
    coarse = (waves[:, None] >= -4) & (waves[:, None] < 4) & (waves[None] >= -4) & (waves[None] < 4)
    return int(coarse.sum()) == 64 and abs(float(power[coarse].sum() / power.sum()) - 1 / 16) < 0.002


@claim("here a copy would still have an error of 0.45")
def copying_does_not_find_the_noise() -> bool:
    """The error of the input itself, taken for the noise, on the images that judge both networks."""
    clean = figures.images()[list(figures.TEST_IMAGES)]
    x, noise = figures.task_pair("noise", clean, torch.Generator().manual_seed(1))
    return abs(float(F.mse_loss(x, noise) / noise.var()) - 0.45) < 0.01


@claim("For a cell of 4x4 pixels (32 / 8 = 4), with three colours: 48 numbers. The vector has 256.")
def a_cell_has_fewer_numbers_than_its_vector() -> bool:
    return 3 * (32 // 8) ** 2 == 48


@claim(
    "Yes: 256 is not divisible by 12. Group 21 (from 0) holds channels 252 to 263: four of `h` and eight of the skip"
)
def one_group_holds_channels_of_both() -> bool:
    norm = group_norm(384)
    size = 384 // norm.num_groups
    group = range(21 * size, 22 * size)
    return (size, group[0], group[-1], sum(channel < 256 for channel in group)) == (12, 252, 263, 4)


@claim("16. And the decoder has 4 * (3 + 1) blocks: 16.")
def four_levels_of_three_blocks_have_sixteen_skips() -> bool:
    return len(skip_channels(8, (1, 2, 4, 8), 3)) == sum(map(len, decoder_channels(8, (1, 2, 4, 8), 3))) == 16


@claim("the narrowest place of this small network, behind the second Downsample, has as many numbers as a grey image.")
def the_small_network_has_room_for_a_grey_image() -> bool:
    """The SmallU of the lesson has 8, 16 and 32 channels; what leaves each of its steps are its skips."""
    channels, sides = skip_channels(8, (1, 2, 4), 2), [shape[-1] for shape in document.SKIPS]
    numbers = [count * side**2 for count, side in zip(channels, sides, strict=True)]
    second_downsample = 6
    return min(numbers) == numbers[second_downsample] == 32 * 32


@claim("There are 36 ways to swap two of the nine skips.", "They do not protect you from the other 23")
def swaps_and_orders() -> bool:
    shapes = [tuple(shape) for shape in document.SKIPS]
    swaps = len(list(itertools.combinations(range(9), 2)))
    fitting = 1
    for shape in set(shapes):
        fitting *= len(list(itertools.permutations(range(shapes.count(shape)))))
    return (swaps, fitting - 1) == (36, 23)


@claim("One from conv_in, 4 * 3 from blocks, 3 from Downsamples:")
def four_levels_of_three_blocks_push_sixteen() -> bool:
    pops = sum(len(level) for level in decoder_channels(64, (1, 2, 2, 4), 3))
    return len(skip_channels(64, (1, 2, 2, 4), 3)) == 16 == 1 + 4 * 3 + 3 == pops


@claim("For `256+128 = 384` channels this library uses 32 groups of 12.")
def groups_of_384_channels() -> bool:
    norm = group_norm(384)
    return (norm.num_groups, norm.num_channels // norm.num_groups) == (32, 12)
