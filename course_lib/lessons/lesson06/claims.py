"""What lesson 06 states, proven: skips: who pushes, who pops, what adding is."""

import itertools
import re
from collections.abc import Callable
from functools import cache
from unittest import mock

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib import document, group_norm
from course_lib.lessons.lesson06 import figures
from course_lib.lessons.shared.claims import LESSONS, claim
from course_lib.skips import cat_skip, decoder_channels, skip_channels


@claim(
    "At 8x8 the second block happens to have the same sum.",
    "The other five differ: had you built nine blocks from the drawing, they would refuse their input.",
)
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
    "That is the `256+128` at 8x8.",
)
def the_last_skip_of_a_level_comes_from_above() -> bool:
    pushed_by = [step.module for step in document.FORWARD_PASS if step.pushes_skip]
    last = [pushed_by[::-1][3 * level + 2] for level in range(3)]
    third, joined = document.SKIPS[-3], decoder_channels(64, (1, 2, 4), 2)[0][2]
    return (
        tuple(joined) == (256, 128)
        and last == ["encoder.1.resample", "encoder.0.resample", "conv_in"]
        and third[1:] == (128, 8, 8)
    )


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


@claim(
    "It has as much power in every wave, coarse or fine, and of 32 x 32 waves an 8x8 grid carries 8 x 8.",
    "Fifteen parts of sixteen are finer.",
)
def white_noise_is_mostly_finer_than_the_bottom() -> bool:
    noise = torch.randn(400, 32, 32, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    power = torch.fft.fft2(noise).abs().square().mean(0)
    waves = torch.fft.fftfreq(32, 1 / 32)
    coarse = (waves[:, None] >= -4) & (waves[:, None] < 4) & (waves[None] >= -4) & (waves[None] < 4)
    level = float((power / power.mean() - 1).abs().mean()) < 0.06  # the mean of 400 draws is 4 % off, typically
    return level and int(coarse.sum()) == 64 and abs(float(power[coarse].sum() / power.sum()) - 1 / 16) < 0.002


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


@claim("A grid of 8x8 can carry 4 waves across in each channel.")
def an_eighth_grid_carries_four_waves() -> bool:
    """Of waves of 1 to 8 across, sampled at 8 places, those of 5 and more look like one of fewer."""
    places = torch.arange(8, dtype=torch.float64) / 8
    seen = [torch.cos(2 * torch.pi * waves * places) for waves in range(9)]
    first_alike = [next(i for i, other in enumerate(seen) if torch.allclose(one, other)) for one in seen]
    return first_alike == [0, 1, 2, 3, 4, 3, 2, 1, 0]


@claim(
    "An error of 1 means: no better than a grey square.", "An error of 1 means: found nothing, answers 0 everywhere."
)
def an_error_of_one_knows_nothing() -> bool:
    mean = figures.images()[list(figures.TEST_IMAGES)].mean()
    grey = figures.error(lambda x, change: torch.full_like(x, float(mean)), figures.kept, "image")
    zero = figures.error(lambda x, change: torch.zeros_like(x), figures.kept, "noise")
    return abs(grey - 1) < 1e-3 and abs(zero - 1) < 1e-3


@claim("`256+128` channels do not fit where `256+256` are expected, and 16x16 does not join 8x8.")
def shapes_refuse_other_channels_and_sizes() -> bool:
    def refuses(run: Callable[[], object]) -> bool:
        try:
            run()
        except RuntimeError:
            return True
        return False

    conv, h = torch.nn.Conv2d(512, 8, 3), torch.zeros(1, 256, 8, 8)
    channels = refuses(lambda: conv(torch.cat([h, torch.zeros(1, 128, 8, 8)], dim=1)))
    sizes = refuses(lambda: torch.cat([h, torch.zeros(1, 128, 16, 16)], dim=1))
    return channels and sizes and not refuses(lambda: conv(torch.cat([h, h], dim=1)))


@claim("First in, first out (`pop(0)`) is not among them: its first step joins 32x32 with 8x8.")
def first_in_first_out_begins_with_the_largest() -> bool:
    middle = next(step.output for step in document.FORWARD_PASS if step.module == "mid_resblock2")
    return (document.SKIPS[0][-1], middle[-1]) == (32, 8)


@claim("Nowhere on the way down are there fewer numbers than in the image.")
def no_step_down_holds_fewer_numbers() -> bool:
    (_, _, image), *steps = figures.numbers_on_the_way()
    return image == 3 * 32 * 32 and all(count > image for _, _, count in steps)


@claim("Every U with two blocks or more a level has such skips.")
def two_blocks_a_level_push_twins() -> bool:
    """A level's blocks all push one shape: whatever its multiplier, each is there as often as it has blocks."""
    for mults, blocks in itertools.product(((1,), (3, 1), (1, 2, 4), (2, 5, 3, 4)), (2, 3)):
        channels, at = skip_channels(8, mults, blocks), 1
        for level in range(len(mults)):
            if len(set(channels[at : at + blocks])) != 1:
                return False
            at += blocks + (level < len(mults) - 1)
    return True


@cache
def small_u() -> Callable[[], nn.Module]:
    """The lesson's SmallU, from the lesson's own cells."""
    text, names = (LESSONS / "lesson06" / "lesson.md").read_text(encoding="utf-8"), {}
    cells = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    given = {"torch": torch, "nn": nn, "F": F, "group_norm": group_norm}
    given |= {"decoder_channels": decoder_channels, "cat_skip": cat_skip}
    exec("\n".join(cell for cell in cells if "def block(" in cell or "class SmallU" in cell), given, names)
    given |= names  # its methods look names up there
    return names["SmallU"]


@cache
def trained(change: Callable, task: str, steps: int) -> nn.Module:
    """A SmallU after fewer steps than the lesson takes, with a quarter of its batch, so that this is quick."""
    with torch.random.fork_rng(), mock.patch.multiple(figures, STEPS=steps, BATCH=4):
        return figures.train(small_u(), change, task)


@claim(
    "nearly everything the network knows about the noise came over the highest road, in the very first skip.",
    "The skips near the bottom hardly matter for this task",
    "leans on skip 0, so losing its place is a disaster, while skips 4, 5, 7 and 8 carry next to nothing yet and can "
    "be swapped almost for free.",
)
def the_first_skip_carries_the_noise() -> bool:
    network = trained(figures.kept, "noise", 60)
    right, alone = figures.error(network, figures.kept, "noise"), figures.errors_without_each(network, "noise")
    swapped = {
        pair: figures.error(network, figures.swapped(*pair), "noise") / right
        for pair in ((0, 1), (0, 2), (4, 5), (7, 8))
    }
    first = right < 0.25 and alone[0] > 0.7 and max(alone[1:]) < 0.3 and max(alone[4:]) < 1.05 * right
    return first and min(swapped[0, 1], swapped[0, 2]) > 4 and max(swapped[4, 5], swapped[7, 8]) < 1.05


@claim(
    "grey noise, the same in all three channels, would fit, and of that, too, the network without skips finds next to "
    "nothing in these seconds.)"
)
def room_is_not_what_is_short() -> bool:
    def grey_pair(task: str, clean: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        noise = torch.randn(clean[:, :1].shape, generator=generator).expand_as(clean)
        return figures.CLEAN * clean + figures.NOISE * noise, noise

    with mock.patch.object(figures, "task_pair", grey_pair):
        # not from the cache, which holds networks of the lesson's own task
        network = trained.__wrapped__(figures.emptied, "noise", 100)
        grey = figures.error(network, figures.emptied, "noise")
    colored = figures.error(trained(figures.emptied, "noise", 100), figures.emptied, "noise")
    return min(grey, colored) > 0.97


@claim("Channel 5 of the one means something else than channel 5 of the other.")
def channels_of_one_number_are_not_alike() -> bool:
    """Over all pixels of 200 images, channels of the same number in two skips of one level are hardly correlated."""
    seen: list[Tensor] = []
    x, _ = figures.task_pair("noise", figures.images()[list(figures.TEST_IMAGES)], torch.Generator().manual_seed(1))
    with torch.no_grad():
        trained(figures.kept, "noise", 60)(x, lambda skips: seen.extend(skips) or skips)
    alike = []
    for one, other in ((1, 2), (4, 5), (7, 8)):
        values = torch.cat([seen[place].transpose(0, 1).flatten(1) for place in (one, other)])
        count = len(values) // 2
        alike.append(float(torch.corrcoef(values)[:count, count:].diagonal().abs().mean()))
    return max(alike) < 0.4


@claim(
    "A network that is trained with a wrong order learns to live with it.",
    "weights trained with one order and run with another.",
)
def a_wrong_order_hurts_where_it_was_not_trained() -> bool:
    right, wrong = figures.kept, figures.swapped(0, 1)
    whole = figures.error(trained(right, "noise", 60), right, "noise")
    network = trained(wrong, "noise", 60)
    return figures.error(network, wrong, "noise") < 1.3 * whole and figures.error(network, right, "noise") > 4 * whole


@claim("A longer training brings its error further down")
def without_skips_it_learns_more_slowly_and_on() -> bool:
    short, long = (figures.error(trained(figures.emptied, "image", n), figures.emptied, "image") for n in (30, 90))
    return long < 0.8 * short


@claim(
    "before training, the gradient of `conv_in` in the small network of section 6.5 is then not a fortieth as large."
)
def without_gradients_through_the_skips_little_comes_back() -> bool:
    x, noise = figures.task_pair("noise", figures.images()[:16], torch.Generator().manual_seed(0))
    shares = []
    for seed in range(3):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            network, norms = small_u()(), []
        for change in (figures.kept, lambda skips: [skip.detach() for skip in skips]):
            network.zero_grad()
            F.mse_loss(network(x, change), noise).backward()
            norms.append(float(network.conv_in.weight.grad.norm()))
        shares.append(norms[1] / norms[0])
    return min(shares) > 0 and max(shares) < 1 / 40
