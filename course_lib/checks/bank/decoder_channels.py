"""Exercise decoder_channels (lesson 06)."""

from collections.abc import Callable
from itertools import chain

from course_lib.checks.exercise import Alternative, Exercise, Misconception, Property, edited
from course_lib.checks.guard import Failure
from course_lib.checks.properties import keeps_random_state
from course_lib.checks.scene import Scene
from course_lib.skips import decoder_channels, skip_channels

Levels = list[list[tuple[int, int]]]
DOCUMENTS = "decoder_channels(64, (1, 2, 4), 2)"

# ---------------------------------------------------------------- properties


def comes_back(scene: Scene) -> None:
    """Nothing is recorded of an answer that gives a value back."""
    value = scene.handle.call(None, (64, (1, 2, 4), 2), {})
    if isinstance(value, Failure):
        scene.checked("the result", value, DOCUMENTS)


def form(scene: Scene) -> None:
    """Three lists of three pairs. Everything is recorded only if the form is another one."""
    value = scene.handle.call(None, (64, (1, 2, 4), 2), {})
    if isinstance(value, Failure):
        scene.checked("the result", value, DOCUMENTS)
    found = form_of(value)
    scene.see("the form", found, DOCUMENTS)
    if found != "3 levels of [3, 3, 3] pairs":
        scene.see("the result", value, DOCUMENTS)


def form_of(value: object) -> str:
    if not isinstance(value, tuple):
        return f"no list, but {value!r}"
    if not all(isinstance(level, tuple) and all(isinstance(pair, tuple) for pair in level) for level in value):
        return f"{len(value)} entries that are no lists of pairs"
    if not all(len(pair) == 2 for level in value for pair in level):
        return f"{len(value)} levels, and entries that are no pairs"
    return f"{len(value)} levels of {[len(level) for level in value]} pairs"


def the_documents(scene: Scene) -> None:
    scene.call(64, (1, 2, 4), 2)


def other_base(scene: Scene) -> None:
    scene.call(scene.pick(10, 14, 22), (1, 2, 4), 2)


def other_multipliers(scene: Scene) -> None:
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


def paired_at_once(base_channels: int, channel_mults: tuple[int, ...], num_res_blocks: int) -> Levels:
    """No stack: the skips backwards beside the channels that h has."""
    n = num_res_blocks + 1
    skips = skip_channels(base_channels, channel_mults, num_res_blocks)[::-1]
    out = [mult * base_channels for mult in channel_mults[::-1] for _ in range(n)]
    pairs = list(zip([out[0], *out[:-1]], skips, strict=True))
    return [pairs[i : i + n] for i in range(0, len(pairs), n)]


def without_helper(base_channels: int, channel_mults: tuple[int, ...], num_res_blocks: int) -> list[list[list[int]]]:
    """The stack built here again, lists for pairs."""
    stack = [base_channels]
    for i in range(len(channel_mults)):
        for _ in range(num_res_blocks):
            stack.append(base_channels * channel_mults[i])
        if i + 1 < len(channel_mults):
            stack.append(base_channels * channel_mults[i])
    h, result = stack[-1], []
    for i in range(len(channel_mults) - 1, -1, -1):
        level = []
        while len(level) <= num_res_blocks:
            level.append([h, stack.pop()])
            h = base_channels * channel_mults[i]
        result.append(level)
    return result


def by_formula(base_channels: int, channel_mults: tuple[int, ...], num_res_blocks: int) -> tuple:
    """First, middle and last block of each level by themselves."""
    widths = [base_channels * mult for mult in channel_mults]
    before = [base_channels, *widths[:-1]]
    after = [*widths[1:], widths[-1]]
    levels = []
    for own, above, below in zip(widths, before, after, strict=True):
        skips = [own] * num_res_blocks + [above]
        levels.append(tuple(zip([below] + [own] * num_res_blocks, skips, strict=True)))
    return tuple(reversed(levels))


def recursive(base_channels: int, channel_mults: tuple[int, ...], num_res_blocks: int) -> Levels:
    """Level by level from the top of the list of skips."""

    def climb(h: int, mults: tuple[int, ...], skips: list[int]) -> Levels:
        if not mults:
            return []
        own = mults[-1] * base_channels
        level = [(h, skips[-1])] + [(own, skip) for skip in skips[-2 : -num_res_blocks - 2 : -1]]
        return [level, *climb(own, mults[:-1], skips[: -num_res_blocks - 1])]

    skips = skip_channels(base_channels, channel_mults, num_res_blocks)
    return climb(skips[-1], tuple(channel_mults), skips)


# ---------------------------------------------------------------- wrong answers


def changed(change: Callable[[Levels], object]) -> Callable:
    """The right result, given back in another form."""

    def decoder_channels_changed(base_channels: int, channel_mults: tuple[int, ...], num_res_blocks: int) -> object:
        return change(decoder_channels(base_channels, channel_mults, num_res_blocks))

    return decoder_channels_changed


def with_stack(push: Callable[..., list[int]]) -> Callable:
    """The right popping from a stack that was pushed wrongly."""

    def decoder_channels_from_it(base_channels: int, channel_mults: tuple[int, ...], num_res_blocks: int) -> Levels:
        skips = push(base_channels, channel_mults, num_res_blocks)
        h, levels = channel_mults[-1] * base_channels, []
        for mult in reversed(channel_mults):
            pairs = []
            for _ in range(num_res_blocks + 1):
                pairs.append((h, skips.pop()))
                h = mult * base_channels
            levels.append(pairs)
        return levels

    return decoder_channels_from_it


def downsample_counted_below(base_channels: int, channel_mults: tuple[int, ...], num_res_blocks: int) -> list[int]:
    """Wrong: a Downsample with the channels of the level below."""
    first, *others = channel_mults
    deeper = [mult * base_channels for mult in others for _ in range(num_res_blocks + 1)]
    return [base_channels] + [first * base_channels] * num_res_blocks + deeper


def grouped_by_channels(base_channels: int, channel_mults: tuple[int, ...], num_res_blocks: int) -> Levels:
    """Wrong: a level pops the skips of its own encoder level, so that levels differ in their number of blocks."""
    h, levels = channel_mults[-1] * base_channels, []
    last = len(channel_mults) - 1
    for level in range(last, -1, -1):
        own = channel_mults[level] * base_channels
        skips = [own] * (num_res_blocks + (level < last)) + [base_channels] * (level == 0)
        pairs = []
        for skip in skips:
            pairs.append((h, skip))
            h = own
        levels.append(pairs)
    return levels


def drawn_sums(base_channels: int, channel_mults: tuple[int, ...], num_res_blocks: int) -> Levels:
    """Wrong: every block of a level as its first, which is what the drawing shows."""
    return [[level[0]] * len(level) for level in decoder_channels(base_channels, channel_mults, num_res_blocks)]


def drawn_sums_once(base_channels: int, channel_mults: tuple[int, ...], num_res_blocks: int) -> Levels:
    return [level[:1] for level in decoder_channels(base_channels, channel_mults, num_res_blocks)]


def own_levels_skips(base_channels: int, channel_mults: tuple[int, ...], num_res_blocks: int) -> Levels:
    """Wrong: h right, and each skip with the channels of the level it is used on."""
    levels = decoder_channels(base_channels, channel_mults, num_res_blocks)
    return [
        [(h, mult * base_channels) for h, _ in level]
        for mult, level in zip(reversed(channel_mults), levels, strict=True)
    ]


def into_and_out_of(base_channels: int, channel_mults: tuple[int, ...], num_res_blocks: int) -> Levels:
    """Wrong: channels into and out of each block."""
    levels = decoder_channels(base_channels, channel_mults, num_res_blocks)
    return [
        [(h + skip, mult * base_channels) for h, skip in level]
        for mult, level in zip(reversed(channel_mults), levels, strict=True)
    ]


def triples(base_channels: int, channel_mults: tuple[int, ...], num_res_blocks: int) -> list:
    """Wrong: the block's output beside the pair."""
    levels = decoder_channels(base_channels, channel_mults, num_res_blocks)
    return [
        [(h, skip, mult * base_channels) for h, skip in level]
        for mult, level in zip(reversed(channel_mults), levels, strict=True)
    ]


def upsample_halves(base_channels: int, channel_mults: tuple[int, ...], num_res_blocks: int) -> Levels:
    """Wrong: h loses half of its channels between two levels."""
    levels = decoder_channels(base_channels, channel_mults, num_res_blocks)
    return levels[:1] + [[(level[0][0] // 2, level[0][1]), *level[1:]] for level in levels[1:]]


MIDDLE = "h = channel_mults[-1] * base_channels"
CLIMB = "for mult in reversed(channel_mults):"
BLOCKS = "for _ in range(num_res_blocks + 1):"
POP = "pairs.append((h, skips.pop()))"
UPDATE = "            h = mult * base_channels\n"
LEVEL = "        levels.append(pairs)\n"


def wrong(*changes: tuple[str, str]) -> Callable:
    return edited(decoder_channels, *changes)


EXERCISES = (
    Exercise(
        name="decoder_channels",
        reference=decoder_channels,
        lesson="06",
        where='the document, "Full Forward Pass", DECODER: write out "... repeat for all skips" yourself',
        properties=(
            Property("comes_back", "it comes back with the levels", comes_back),
            Property(
                "another_form",
                "the result is a list of levels, each a list with a pair (h, skip) for each of its three blocks",
                form,
                "The form of your result is another one. For the document's network it is three lists, the deepest "
                "level first, each with three pairs: the channels of h and of the skip, block by block.",
            ),
            Property(
                "other_channels",
                "the document's nine pairs come out, level by level, deepest first",
                the_documents,
                "Three levels of three pairs, as it should be, but other channels. Take a sheet of paper: nine skips "
                "in a column, and cross them out from the end, one a block.",
            ),
            Property(
                "ignores_base_channels",
                "the channels scale with base_channels",
                other_base,
                "For 64 channels your pairs are right, for another base they are not: some number is written out that "
                "base_channels should give.",
            ),
            Property(
                "assumes_doubling",
                "each level has mult * base_channels channels, whatever mult is",
                other_multipliers,
                "Where each level doubles you are right; with other multipliers you are not. Halving or doubling has "
                "to become mult * base_channels.",
            ),
            Property(
                "assumes_first_multiplier_one",
                "it works when the first level already multiplies; the last skip popped is still conv_in's",
                first_not_one,
                "Your pairs are right while the first multiplier is 1. In general the highest level has "
                "channel_mults[0] * base_channels, and only conv_in's skip has base_channels.",
            ),
            Property(
                "assumes_growing_channels",
                "it works when a deeper level has fewer channels",
                falling_multipliers,
                "You assume that the deepest level is the widest. Its channels are channel_mults[-1] * base_channels, "
                "large or small.",
            ),
            Property(
                "assumes_different_multipliers",
                "it works when two levels have equally many channels",
                equal_multipliers,
                "Two levels of the same width are mixed up in your answer. Count blocks to find where a level ends; "
                "channels do not tell.",
            ),
            Property(
                "assumes_two_blocks",
                "it works for other numbers of blocks than two",
                other_blocks,
                "With num_res_blocks=2 you are right, with others not: a 2 or a 3 is written out somewhere.",
            ),
            Property(
                "assumes_three_levels",
                "it works for other numbers of levels than three",
                other_levels,
                "Three levels work, two or four do not. Loop over channel_mults, however long it is.",
            ),
            Property(
                "fails_for_one_level",
                "a network of one level works, too",
                one_level,
                "A single level goes wrong: its blocks, and conv_in, leave all the skips there are.",
            ),
            Property("any_network", "it works for any base, multipliers and number of blocks", all_at_once),
            keeps_random_state(arguments=lambda scene: (scene.pick(8, 12), (1, 2), 2)),
        ),
        misconceptions=(
            Misconception(
                "first_in_first_out",
                "You take the *oldest* skip first, pop(0): that is a queue. The decoder begins at the bottom of the "
                "U, and needs what was pushed last.",
                wrong(("skips.pop()", "skips.pop(0)")),
            ),
            Misconception(
                "skip_stays_on_the_stack",
                "You look at the newest skip and leave it there, so every block gets the same one. pop() takes it "
                "away.",
                wrong(("skips.pop()", "skips[-1]")),
            ),
            Misconception(
                "oldest_stays_on_the_stack",
                "skips[0] gives every block conv_in's skip, the oldest, and takes none away. You want the newest: "
                "pop().",
                wrong(("skips.pop()", "skips[0]")),
            ),
            Misconception(
                "h_never_updated",
                "Your h keeps the deepest level's channels all the way up. Every block gives its own level's channels, "
                "and that is what the next one is given.",
                wrong((UPDATE, "")),
            ),
            Misconception(
                "h_updated_too_early",
                "You set h to the level's channels before its first block. That block still gets what came from below: "
                "256+128, not 128+128.",
                wrong((UPDATE, ""), (POP, "h = mult * base_channels\n            " + POP)),
            ),
            Misconception(
                "h_updated_once_a_level",
                "You update h only when a level is done. Already its first block gives the level's channels: after "
                "256+128 come 128+128 and 128+64.",
                wrong((UPDATE, ""), (LEVEL, "        h = mult * base_channels\n" + LEVEL)),
            ),
            Misconception(
                "h_keeps_the_concatenation",
                "Your h grows with every skip, as if no block stood between. A block takes h + skip channels in and "
                "gives the level's channels out.",
                wrong(
                    (POP, "skip = skips.pop()\n            pairs.append((h, skip))"),
                    ("            h = mult * base_channels\n", "            h = h + skip\n"),
                ),
            ),
            Misconception(
                "h_starts_with_base_channels",
                "Your h starts with base_channels. It comes from the middle, which keeps the deepest level's channels: "
                "channel_mults[-1] * base_channels.",
                wrong((MIDDLE, "h = base_channels")),
            ),
            Misconception(
                "h_starts_with_the_first_multiplier",
                "You start with the channels of channel_mults[0], the highest level. The decoder starts at the "
                "deepest, channel_mults[-1].",
                wrong((MIDDLE, "h = channel_mults[0] * base_channels")),
            ),
            Misconception(
                "multiplier_without_base",
                "You give h the multiplier itself; the channels are mult * base_channels.",
                wrong(("mult * base_channels", "mult"), ("channel_mults[-1] * base_channels", "channel_mults[-1]")),
            ),
            Misconception(
                "levels_not_reversed",
                "You go through the multipliers from the highest resolution down, which is the encoder's way. The "
                "decoder climbs: reversed(channel_mults).",
                wrong((CLIMB, "for mult in channel_mults:")),
            ),
            Misconception(
                "highest_level_first",
                "The pairs are right, the levels stand in the wrong order: the deepest comes first, since it runs "
                "first.",
                changed(lambda levels: levels[::-1]),
            ),
            Misconception(
                "blocks_in_reverse",
                "Within each level your pairs stand backwards. They come in the order the blocks run.",
                changed(lambda levels: [level[::-1] for level in levels]),
            ),
            Misconception(
                "everything_in_reverse",
                "You listed everything from the last block to the first. The first pair is the one that the middle "
                "hands over: 256+256.",
                changed(lambda levels: [level[::-1] for level in levels[::-1]]),
            ),
            Misconception(
                "skip_before_h",
                "Your pairs are (skip, h). The document writes cat([h, skip]): h first.",
                changed(lambda levels: [[(skip, h) for h, skip in level] for level in levels]),
            ),
            Misconception(
                "encoders_number_of_blocks",
                "You give the decoder as many blocks as the encoder has. It needs one more a level, or three of the "
                "nine skips are left over.",
                wrong((BLOCKS, "for _ in range(num_res_blocks):")),
            ),
            Misconception(
                "pops_more_than_was_pushed",
                "Your stack runs empty: there are more pops than pushes. num_res_blocks + 1 blocks a level take one "
                "each, the Upsample takes none, and conv_in must have pushed, too.",
                wrong((BLOCKS, "for _ in range(num_res_blocks + 2):")),
            ),
            Misconception(
                "one_block_a_level",
                "You have one block a level, as the drawing shows one sum a level. It stands for three blocks, each "
                "with a skip of its own.",
                drawn_sums_once,
            ),
            Misconception(
                "drawing_taken_literally",
                "You repeated the drawing's sum for every block of its level. The drawing is a simplification: it "
                "shows the first block. Pop nine skips one by one and look again.",
                drawn_sums,
            ),
            Misconception(
                "skips_of_the_own_level",
                "You gave every block of a level a skip of that level. The last of them gets one from *above*: the "
                "Downsample's, or conv_in's, which carries the channels of the level it came from.",
                own_levels_skips,
            ),
            Misconception(
                "grouped_by_channels",
                "You gave each level the skips its encoder level pushed: two at the bottom, four at the top. All "
                "decoder levels have num_res_blocks + 1 blocks and take the next so many skips.",
                grouped_by_channels,
            ),
            Misconception(
                "downsample_counted_below",
                "In your stack a Downsample has the channels of the level below. It keeps those of its own level, "
                "and so 256+128 is the last sum of the deepest level.",
                with_stack(downsample_counted_below),
            ),
            Misconception(
                "upsample_halves_channels",
                "You halve the channels of h between levels. Upsample changes height and width only; the next block "
                "does the rest.",
                upsample_halves,
            ),
            Misconception(
                "flat_list",
                "All your pairs stand in one list. Wanted is a list for each level, since each level becomes a "
                "module of its own.",
                changed(lambda levels: list(chain(*levels))),
            ),
            Misconception(
                "flat_numbers",
                "All your numbers stand in one row. Keep pairs within levels: [[(256, 256), ...], ...].",
                changed(lambda levels: [number for level in levels for pair in level for number in pair]),
            ),
            Misconception(
                "numbers_flat_in_each_level",
                "Your levels hold bare numbers. Each block needs its pair: (h, skip).",
                changed(lambda levels: [[number for pair in level for number in pair] for level in levels]),
            ),
            Misconception(
                "sums",
                "You added the two channels. Keep them apart, (256, 128): the sum hides where they come from.",
                changed(lambda levels: [[h + skip for h, skip in level] for level in levels]),
            ),
            Misconception(
                "sums_in_one_list",
                "You made one list of sums. Wanted are pairs, (h, skip), in a list for each level.",
                changed(lambda levels: [h + skip for level in levels for h, skip in level]),
            ),
            Misconception(
                "channels_in_and_out",
                "Yours are the channels into and out of each block, (512, 256). Wanted are the two parts of what "
                "goes in: h and skip.",
                into_and_out_of,
            ),
            Misconception(
                "output_beside_the_pair",
                "You added a third number, the block's output. Two are asked for: h and skip.",
                triples,
            ),
            Misconception(
                "skips_alone",
                "You list the skips only. In front of each block stand two: h and the skip.",
                changed(lambda levels: [[skip for _, skip in level] for level in levels]),
            ),
            Misconception(
                "h_alone",
                "You list the channels of h and leave the skips out.",
                changed(lambda levels: [[h for h, _ in level] for level in levels]),
            ),
            Misconception(
                "dictionary",
                "You return a dictionary. A list of levels is wanted, the deepest first; its places are the levels.",
                changed(lambda levels: dict(enumerate(levels))),
            ),
            Misconception(
                "list_never_emptied",
                "You make the list of pairs once and go on filling it, so every level holds all nine. Make a new one "
                "for each level.",
                changed(lambda levels: [list(chain(*levels))] * len(levels)),
            ),
            Misconception(
                "returned_inside_the_loop",
                "Your function returns after the first level. The return stands behind the loop.",
                changed(lambda levels: levels[:1]),
            ),
            Misconception(
                "last_level_only",
                "Only the last level is left in your result. Collect the levels in a list.",
                changed(lambda levels: levels[-1]),
            ),
        ),
        alternatives=(
            Alternative("zip_without_a_stack", paired_at_once),
            Alternative("stack_built_here", without_helper),
            Alternative("by_formula", by_formula),
            Alternative("recursive", recursive),
        ),
    ),
)
