"""Exercise skip_channels (lesson 06)."""

from collections.abc import Callable
from itertools import accumulate
from operator import mul

from course_lib.checks.exercise import Alternative, Exercise, Misconception, Property, edited
from course_lib.checks.guard import Failure
from course_lib.checks.properties import keeps_random_state
from course_lib.checks.scene import Scene
from course_lib.skips import skip_channels

DOCUMENTS = "skip_channels(64, (1, 2, 4), 2)"

# ---------------------------------------------------------------- properties


def comes_back(scene: Scene) -> None:
    """Nothing is recorded of an answer that gives a value back."""
    value = scene.handle.call(None, (64, (1, 2, 4), 2), {})
    if isinstance(value, Failure):
        scene.checked("the result", value, DOCUMENTS)


def nine_skips(scene: Scene) -> None:
    """Record how many there are, and all of them only if that is wrong: so a missing one is told before a wrong one."""
    value = scene.handle.call(None, (64, (1, 2, 4), 2), {})
    if isinstance(value, Failure):
        scene.checked("the list", value, DOCUMENTS)
    count = len(value) if isinstance(value, tuple) else f"no list, but {value!r}"
    scene.see("how many skips there are", count, DOCUMENTS)
    if count != 9:
        scene.see("the list", value, DOCUMENTS)


def the_documents(scene: Scene) -> None:
    scene.call(64, (1, 2, 4), 2)


def other_base(scene: Scene) -> None:
    scene.call(scene.pick(10, 14, 22), (1, 2, 4), 2)


def other_multipliers(scene: Scene) -> None:
    """Each is neither the double of the one before nor the product of all before it."""
    scene.call(scene.pick(8, 12), (1, *scene.pick((3, 5), (3, 4), (4, 7))), 2)


def first_not_one(scene: Scene) -> None:
    scene.call(scene.pick(8, 12), scene.pick((3, 5, 7), (2, 3, 7)), 2)


def falling_multipliers(scene: Scene) -> None:
    scene.call(scene.pick(8, 12), scene.pick((5, 3, 2), (4, 1, 3), (7, 2, 3)), 2)


def equal_multipliers(scene: Scene) -> None:
    for mults in ((1, 1, 1), (2, 2, 3), (3, 2, 2), (2, 3, 2)):
        scene.call(scene.pick(8, 12), mults, 2)


def other_blocks(scene: Scene) -> None:
    for blocks in (1, scene.pick(3, 4), 5):
        scene.call(scene.pick(8, 12), (1, 3, 5), blocks)


def other_levels(scene: Scene) -> None:
    for mults in ((1, 3), scene.pick((1, 3, 4, 7), (1, 4, 6, 7)), (2, 5, 3, 4, 9)):
        scene.call(scene.pick(8, 12), mults, 2)


def one_level(scene: Scene) -> None:
    scene.call(scene.pick(8, 12), (scene.pick(1, 3),), scene.pick(2, 3))


def all_at_once(scene: Scene) -> None:
    for _ in range(4):
        levels = scene.pick(1, 2, 3, 4, 5)
        mults = tuple(scene.pick(1, 2, 3, 4, 5, 6) for _ in range(levels))
        scene.call(scene.pick(5, 8, 12, 20, 96), mults, scene.pick(1, 2, 3, 4))


# ---------------------------------------------------------------- right answers written differently


def in_one_sum(base_channels: int, channel_mults: tuple[int, ...], num_res_blocks: int) -> list[int]:
    """One entry too many a level, and the last taken away."""
    pushed = [mult * base_channels for mult in channel_mults for _ in range(num_res_blocks + 1)]
    return [base_channels, *pushed[:-1]]


def by_running(base_channels: int, channel_mults: tuple[int, ...], num_res_blocks: int) -> tuple[int, ...]:
    """Step after step as in the forward pass, and a tuple at the end."""
    h = base_channels
    skips = [h]
    *higher, deepest = channel_mults
    for mult in higher:
        for _ in range(num_res_blocks):
            h = base_channels * mult
            skips.append(h)
        skips.append(h)
    for _ in range(num_res_blocks):
        skips.append(base_channels * deepest)
    return tuple(skips)


def with_while(base_channels: int, channel_mults: tuple[int, ...], num_res_blocks: int) -> list[int]:
    skips, level = [base_channels], 0
    while level < len(channel_mults):
        skips.extend(base_channels * channel_mults[level] for _ in range(num_res_blocks))
        level += 1
        if level != len(channel_mults):
            skips.append(skips[-1])
    return skips


def by_place(base_channels: int, channel_mults: tuple[int, ...], num_res_blocks: int) -> list[int]:
    """The level of entry number i, by division."""
    count = len(channel_mults) * (num_res_blocks + 1)
    return [base_channels * (channel_mults[(i - 1) // (num_res_blocks + 1)] if i else 1) for i in range(count)]


# ---------------------------------------------------------------- wrong answers


def pushed_before_each_block(base_channels: int, channel_mults: tuple[int, ...], num_res_blocks: int) -> list[int]:
    """Wrong: what goes into each step instead of what comes out."""
    h, skips = base_channels, [base_channels]
    for level, mult in enumerate(channel_mults):
        for _ in range(num_res_blocks):
            skips.append(h)
            h = mult * base_channels
        if level < len(channel_mults) - 1:
            skips.append(h)
    return skips


def inputs_only(base_channels: int, channel_mults: tuple[int, ...], num_res_blocks: int) -> list[int]:
    """Wrong: the same without a push for conv_in."""
    return pushed_before_each_block(base_channels, channel_mults, num_res_blocks)[1:]


def one_a_level(base_channels: int, channel_mults: tuple[int, ...], num_res_blocks: int) -> list[int]:
    """Wrong: the three arrows of the drawing."""
    return [mult * base_channels for mult in channel_mults]


def one_a_level_and_conv_in(base_channels: int, channel_mults: tuple[int, ...], num_res_blocks: int) -> list[int]:
    return [base_channels, *one_a_level(base_channels, channel_mults, num_res_blocks)]


def cumulative(base_channels: int, channel_mults: tuple[int, ...], num_res_blocks: int) -> list[int]:
    """Wrong: every multiplier multiplies what the level before had."""
    return skip_channels(base_channels, tuple(accumulate(channel_mults, mul)), num_res_blocks)


def multiplied_by_every_block(base_channels: int, channel_mults: tuple[int, ...], num_res_blocks: int) -> list[int]:
    """Wrong: channels *= mult inside the loop over the blocks."""
    h, skips = base_channels, [base_channels]
    for level, mult in enumerate(channel_mults):
        for _ in range(num_res_blocks):
            h *= mult
            skips.append(h)
        if level < len(channel_mults) - 1:
            skips.append(h)
    return skips


def doubled(base_channels: int, channel_mults: tuple[int, ...], num_res_blocks: int) -> list[int]:
    """Wrong: the multipliers are not looked at."""
    return skip_channels(base_channels, tuple(2**level for level in range(len(channel_mults))), num_res_blocks)


def counted_up(base_channels: int, channel_mults: tuple[int, ...], num_res_blocks: int) -> list[int]:
    """Wrong: the number of the level stands for its multiplier."""
    return skip_channels(base_channels, tuple(range(1, len(channel_mults) + 1)), num_res_blocks)


def numbered_from_zero(base_channels: int, channel_mults: tuple[int, ...], num_res_blocks: int) -> list[int]:
    result = [base_channels]
    for level in range(len(channel_mults)):
        result += [level * base_channels] * (num_res_blocks + (level < len(channel_mults) - 1))
    return result


def nested(base_channels: int, channel_mults: tuple[int, ...], num_res_blocks: int) -> list:
    """Wrong: the channels level by level, conv_in's alone in front."""
    last = len(channel_mults) - 1
    return [
        [base_channels],
        *([mult * base_channels] * (num_res_blocks + (level < last)) for level, mult in enumerate(channel_mults)),
    ]


def nested_all(base_channels: int, channel_mults: tuple[int, ...], num_res_blocks: int) -> list:
    first, second, *others = nested(base_channels, channel_mults, num_res_blocks)
    return [first + second, *others]


def appended_lists(base_channels: int, channel_mults: tuple[int, ...], num_res_blocks: int) -> list:
    """Wrong: append of a list, where += or extend was meant."""
    result: list = [base_channels]
    for level, mult in enumerate(channel_mults):
        result.append([mult * base_channels] * num_res_blocks)
        if level < len(channel_mults) - 1:
            result.append(mult * base_channels)
    return result


def with_size(base_channels: int, channel_mults: tuple[int, ...], num_res_blocks: int) -> list:
    """Wrong: the resolution beside the channels."""
    result, size = [(base_channels, 32)], 32
    for level, mult in enumerate(channel_mults):
        result += [(mult * base_channels, size)] * num_res_blocks
        if level < len(channel_mults) - 1:
            size //= 2
            result.append((mult * base_channels, size))
    return result


def after_attention_too(base_channels: int, channel_mults: tuple[int, ...], num_res_blocks: int) -> list[int]:
    """Wrong: in the deepest level, before and after attention."""
    return skip_channels(base_channels, channel_mults, num_res_blocks) + [channel_mults[-1] * base_channels] * (
        num_res_blocks
    )


FIRST = "skips = [base_channels]"
BLOCKS = "skips += [mult * base_channels] * num_res_blocks"
IF = "if level < len(channel_mults) - 1:"
DOWN = "skips.append(mult * base_channels)"
RETURN = "return skips\n"


def wrong(*changes: tuple[str, str]) -> Callable:
    return edited(skip_channels, *changes)


EXERCISES = (
    Exercise(
        name="skip_channels",
        reference=skip_channels,
        lesson="06",
        where='the document, "Full Forward Pass": count the lines with skips = [h] and skips.append(h)',
        properties=(
            Property("comes_back", "it comes back with a list", comes_back),
            Property(
                "another_number_of_skips",
                "every step that leaves a skip is counted once: conv_in, each block, each Downsample",
                nine_skips,
                "The document's network has nine skips, and your list has another length. Count the lines of the "
                "forward pass that push one: conv_in, two blocks a level, and the two Downsamples between the three "
                "levels.",
            ),
            Property(
                "other_channels",
                "the document's nine skips come in the order they are pushed",
                the_documents,
                "Your list has nine entries, and some are not the document's. Lay it beside the forward pass, line by "
                "line: what channels does h have at each skips.append(h)?",
            ),
            Property(
                "ignores_base_channels",
                "the channels scale with base_channels",
                other_base,
                "For 64 channels your list is right, for another base it is not: a 64, 128 or 256 is written out that "
                "should be computed from base_channels.",
            ),
            Property(
                "assumes_doubling",
                "each level has mult * base_channels channels, whatever mult is",
                other_multipliers,
                "Your channels are right where each level doubles, and wrong for other multipliers. Each level's "
                "channels are mult * base_channels, by its own mult.",
            ),
            Property(
                "assumes_first_multiplier_one",
                "it works when the first level already multiplies; conv_in still makes base_channels",
                first_not_one,
                "Your list is right while the first multiplier is 1. In general conv_in makes base_channels, and the "
                "first level's blocks mult * base_channels.",
            ),
            Property(
                "assumes_growing_channels",
                "it works when channels shrink from a level to the next",
                falling_multipliers,
                "Your list assumes that channels grow on the way down. Nothing in the network demands that: keep the "
                "order of pushing, and do not sort.",
            ),
            Property(
                "assumes_different_multipliers",
                "it works when two levels have equally many channels",
                equal_multipliers,
                "Where two levels have the same multiplier your list goes wrong. Tell levels apart by their number, "
                "not by their channels.",
            ),
            Property(
                "assumes_two_blocks",
                "it works for other numbers of blocks than two",
                other_blocks,
                "With two blocks a level you are right, with other numbers not: num_res_blocks is not used everywhere "
                "it should be.",
            ),
            Property(
                "assumes_three_levels",
                "it works for other numbers of levels than three",
                other_levels,
                "With three levels you are right, with more or fewer not: the number of levels is len(channel_mults).",
            ),
            Property(
                "fails_for_one_level",
                "a network of one level has no Downsample at all",
                one_level,
                "A single level goes wrong. It has no Downsample, so conv_in and its blocks leave the only skips.",
            ),
            Property("any_network", "it works for any base, multipliers and number of blocks", all_at_once),
            keeps_random_state(arguments=lambda scene: (scene.pick(8, 12), (1, 2), 2)),
        ),
        misconceptions=(
            Misconception(
                "conv_in_forgotten",
                "You forgot the very first skip: the document begins with skips = [h], right after conv_in. Without it "
                "the last decoder block would find an empty list.",
                wrong((FIRST, "skips = []")),
            ),
            Misconception(
                "downsample_forgotten",
                "You count the blocks and not the Downsamples. In the document each downsample(h) is followed by "
                "skips.append(h), too.",
                wrong((DOWN, "pass")),
            ),
            Misconception(
                "conv_in_and_downsample_forgotten",
                "Only your residual blocks push. conv_in and every Downsample leave a skip as well: nine, not six.",
                wrong((FIRST, "skips = []"), (DOWN, "pass")),
            ),
            Misconception(
                "downsample_after_the_last_level",
                "The deepest level pushes once too often. It has no Downsample, since those stand *between* levels, "
                "and the middle below it leaves no skip.",
                wrong((IF, "if True:")),
            ),
            Misconception(
                "three_a_level",
                "The number is right and the sum is not: you gave every level num_res_blocks + 1 skips, as the decoder "
                "counts. In the encoder the additional ones are conv_in at the top and a Downsample between levels.",
                wrong((FIRST, "skips = []"), (IF, "if True:")),
            ),
            Misconception(
                "downsample_counted_below",
                "Your Downsamples count as steps of the level below. A Downsample closes its level and keeps that "
                "level's channels, (4, 64, 32, 32) -> (4, 64, 16, 16); the *last* level has none.",
                wrong((IF, "if level > 0:")),
            ),
            Misconception(
                "last_level_told_by_its_multiplier",
                "You recognise the last level by its multiplier. Another level may have the same one: compare the "
                "level's number with len(channel_mults) - 1.",
                wrong((IF, "if mult != channel_mults[-1]:")),
            ),
            Misconception(
                "last_level_told_by_the_largest",
                "You take the level with the largest multiplier for the last. Multipliers need not grow: compare "
                "numbers of levels.",
                wrong((IF, "if mult != max(channel_mults):")),
            ),
            Misconception(
                "only_one_downsample",
                "You count one Downsample only. Every level but the last has one.",
                wrong((IF, "if level == 0:")),
            ),
            Misconception(
                "last_two_levels_without_downsample",
                "Off by one: your last *two* levels have no Downsample. Only the last one has none.",
                wrong((IF, "if level < len(channel_mults) - 2:")),
            ),
            Misconception(
                "decoders_number_of_blocks",
                "You push num_res_blocks + 1 times a level and a Downsample on top. That many blocks stand in the "
                "decoder; the encoder has num_res_blocks.",
                wrong((BLOCKS, BLOCKS + "\n        skips.append(mult * base_channels)")),
            ),
            Misconception(
                "one_block_too_few",
                "You push num_res_blocks - 1 times a level. range(1, n) and n - 1 both leave one block out.",
                wrong((BLOCKS, "skips += [mult * base_channels] * (num_res_blocks - 1)")),
            ),
            Misconception(
                "one_push_for_all_blocks",
                "You push once for all blocks of a level. Each block leaves its own output; only the document's "
                "overview draws them as one box.",
                wrong((BLOCKS, "skips.append(mult * base_channels)")),
            ),
            Misconception(
                "one_skip_a_level",
                "One skip a level is what the drawing shows, with its three arrows. The forward pass pushes nine: read "
                "the lines with skips.append(h).",
                one_a_level,
            ),
            Misconception(
                "one_skip_a_level_and_conv_in",
                "You have conv_in's skip and one a level. Every block and every Downsample pushes by itself.",
                one_a_level_and_conv_in,
            ),
            Misconception(
                "last_level_left_out",
                "Your loop ends before the last level. That level has no Downsample, and it does have blocks.",
                wrong(("in enumerate(channel_mults)", "in enumerate(channel_mults[:-1])")),
            ),
            Misconception(
                "first_level_left_out",
                "Your loop begins with the second level. The first has blocks too, with channel_mults[0].",
                wrong(("in enumerate(channel_mults)", "in list(enumerate(channel_mults))[1:]")),
            ),
            Misconception(
                "before_and_after_attention",
                "You push a block's output and attention's output. Only what attention made of it goes on the stack: "
                "one skip for each block.",
                after_attention_too,
            ),
            Misconception(
                "input_instead_of_output",
                "You note the channels that go *into* each step. The document pushes after each step, what came out.",
                pushed_before_each_block,
            ),
            Misconception(
                "inputs_only",
                "You note what goes into each block, and nothing comes from conv_in. Push first after conv_in, then "
                "after each step.",
                inputs_only,
            ),
            Misconception(
                "downsample_doubles_channels",
                "You double the channels in each Downsample. It halves height and width and leaves the channels alone.",
                wrong((DOWN, "skips.append(2 * mult * base_channels)")),
            ),
            Misconception(
                "downsample_halves_channels",
                "You halve the channels in each Downsample. What it halves is height and width.",
                wrong((DOWN, "skips.append(mult * base_channels // 2)")),
            ),
            Misconception(
                "downsample_with_base_channels",
                "All your Downsamples push base_channels. Each keeps the channels of *its* level, mult times that.",
                wrong((DOWN, "skips.append(base_channels)")),
            ),
            Misconception(
                "multipliers_accumulated",
                "Your multipliers multiply each other. Each one counts from base_channels: 4 means 4 * 64, not "
                "4 * 2 * 64.",
                cumulative,
            ),
            Misconception(
                "multiplied_by_every_block",
                "You multiply again with every block, so channels grow inside a level. All blocks of a level give "
                "mult * base_channels.",
                multiplied_by_every_block,
            ),
            Misconception(
                "multiplier_without_base",
                "You push the multiplier itself. The channels are mult * base_channels.",
                wrong((BLOCKS, "skips += [mult] * num_res_blocks"), (DOWN, "skips.append(mult)")),
            ),
            Misconception(
                "multiplier_added",
                "You add the multiplier to base_channels. It multiplies: 2 * 64 = 128.",
                wrong(("mult * base_channels", "(mult + base_channels)")),
            ),
            Misconception(
                "base_to_the_power",
                "You raise base_channels to the power of the multiplier: ** where * was meant.",
                wrong(("mult * base_channels", "base_channels**mult")),
            ),
            Misconception(
                "multiplier_ignored",
                "All your skips have base_channels channels. Deeper levels are wider: mult * base_channels.",
                wrong(("mult * base_channels", "base_channels")),
            ),
            Misconception(
                "doubles_each_level",
                "You double from level to level and never look at channel_mults. For (1, 2, 4) that is the same, for "
                "other multipliers not.",
                doubled,
            ),
            Misconception(
                "level_number_for_multiplier",
                "You use the number of the level, 1, 2, 3, where its multiplier belongs: 1, 2, 4 in the document.",
                counted_up,
            ),
            Misconception(
                "level_number_from_zero",
                "You multiply with the index of the level, which begins at 0, so the first level has no channels. "
                "Multiply with channel_mults[level].",
                numbered_from_zero,
            ),
            Misconception(
                "conv_in_makes_three",
                "Your first skip has 3 channels: that is the image. conv_in has run before the push, and has made "
                "base_channels of them.",
                wrong((FIRST, "skips = [3]")),
            ),
            Misconception(
                "conv_in_multiplied",
                "conv_in makes base_channels, without a multiplier: only the first level's blocks begin to multiply.",
                wrong((FIRST, "skips = [channel_mults[0] * base_channels]")),
            ),
            Misconception(
                "in_the_order_of_popping",
                "That is the order in which the decoder *takes* the skips. Asked for is the order of pushing, conv_in "
                "first.",
                wrong((RETURN, "return skips[::-1]\n")),
            ),
            Misconception(
                "deepest_level_first",
                "You go through the levels from the deepest up. The encoder goes down: channel_mults as it stands.",
                wrong(("in enumerate(channel_mults)", "in enumerate(reversed(channel_mults))")),
            ),
            Misconception(
                "sorted",
                "You sorted the channels. The order is one of time: who pushed first.",
                wrong((RETURN, "return sorted(skips)\n")),
            ),
            Misconception(
                "each_number_once",
                "You keep each number once. Nine skips are nine feature maps, even where their shapes agree.",
                wrong((RETURN, "return list(dict.fromkeys(skips))\n")),
            ),
            Misconception(
                "list_for_each_level",
                "You made a list for each level. One flat list is wanted, as the forward pass has one list `skips`.",
                nested,
            ),
            Misconception(
                "list_for_each_level_with_conv_in",
                "Your lists stand level by level inside another list. The forward pass knows a single flat one.",
                nested_all,
            ),
            Misconception(
                "append_for_extend",
                "You appended whole lists, so lists stand inside your list. += or extend adds their entries.",
                appended_lists,
            ),
            Misconception(
                "size_beside_channels",
                "You noted the image size beside the channels. Only the channels are asked for, as plain numbers.",
                with_size,
            ),
            Misconception(
                "number_instead_of_list",
                "You return how many skips there are. Wanted are the channels of each, in a list.",
                wrong((RETURN, "return len(skips)\n")),
            ),
            Misconception(
                "dictionary",
                "You return a dictionary. A plain list keeps the order of pushing, and that is all that popping needs.",
                wrong((RETURN, "return dict(enumerate(skips))\n")),
            ),
            Misconception(
                "summed",
                "You return all channels in one sum. Wanted are the channels of each skip, in a list.",
                wrong((RETURN, "return sum(skips)\n")),
            ),
            Misconception(
                "returned_inside_the_loop",
                "Your function returns within the loop, after the first level. The return stands behind the loop.",
                wrong((RETURN, "    return skips\n    return skips\n")),
            ),
            Misconception(
                "conv_in_again_every_level",
                "You start every level with base_channels again. conv_in runs once, before the first level.",
                wrong((BLOCKS, "skips.append(base_channels)\n        " + BLOCKS), (FIRST, "skips = []")),
            ),
            Misconception(
                "list_made_anew_every_level",
                "You make a new list for every level, so only the last level is left in it. Make it once, before the "
                "loop.",
                wrong((BLOCKS, "skips = [mult * base_channels] * num_res_blocks")),
            ),
        ),
        alternatives=(
            Alternative("comprehension", in_one_sum),
            Alternative("as_the_forward_pass_runs", by_running),
            Alternative("while_loop", with_while),
            Alternative("by_place", by_place),
        ),
    ),
)
