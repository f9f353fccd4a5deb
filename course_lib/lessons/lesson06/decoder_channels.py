"""What holds for decoder_channels, and right answers written differently."""

from course_lib.checks.exercise import Exercise
from course_lib.checks.trial import Call, Trial
from course_lib.skips import decoder_channels, skip_channels

Levels = list[list[tuple[int, int]]]

EXERCISE = Exercise(
    "decoder_channels",
    decoder_channels,
    __name__,
    where='the document, "Full forward pass" (assets/network.md), DECODER: the rows with cat, one after the other',
    not_for_all={
        "another_shape": "another_form says more",
    },
)
holds, right = EXERCISE.holds, EXERCISE.right


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    return trial.calling(trial.pick(8, 12), (1, 2), 2)


def the_documents(trial: Trial) -> Call:
    return trial.calling(64, (1, 2, 4), 2)


@holds("it comes back with the levels")
def comes_back(trial: Trial) -> None:
    # nothing is recorded of an answer that gives a value back
    the_documents(trial).see(observed=False)


def form_of(value: object) -> str:
    if not isinstance(value, tuple):
        return f"no list, but {value!r}"
    if not all(isinstance(level, tuple) and all(isinstance(pair, tuple) for pair in level) for level in value):
        return f"{len(value)} entries that are no lists of pairs"
    if not all(len(pair) == 2 for level in value for pair in level):
        return f"{len(value)} levels, and entries that are no pairs"
    return f"{len(value)} levels of {[len(level) for level in value]} pairs"


@holds("the result is a list of levels, each a list with a pair (h, skip) for each of its three blocks")
def another_form(trial: Trial) -> None:
    """The form of your result is another one. For the document's network it is three lists, the deepest level first,
    each with three pairs: the channels of h and of the skip, block by block."""
    # everything is recorded only if the form is another one
    call = the_documents(trial)
    value = call.see(observed=False)
    trial.see("the form", form_of(value), call.text())
    if form_of(value) != "3 levels of [3, 3, 3] pairs":
        trial.see("the result", value, call.text())


@holds("the document's nine pairs come out, level by level, deepest first")
def other_channels(trial: Trial) -> None:
    """Three levels of three pairs, as it should be, but other channels. Take a sheet of paper: nine skips in a column,
    and cross them out from the end, one a block."""
    the_documents(trial).see()


@holds("the channels scale with base_channels")
def ignores_base_channels(trial: Trial) -> None:
    """For 64 channels your pairs are right, for another base they are not. Is a number written out that base_channels
    should give?"""
    trial.call(trial.pick(10, 14, 22), (1, 2, 4), 2)


@holds("each level has mult * base_channels channels, whatever mult is")
def assumes_doubling(trial: Trial) -> None:
    """Where each level doubles you are right; with other multipliers you are not. A level has mult * base_channels
    channels, by its own mult."""
    trial.call(trial.pick(8, 12), (1, *trial.pick((3, 5), (3, 4), (4, 7))), 2)


@holds("it works when the first level already multiplies; the last skip popped is still conv_in's")
def assumes_first_multiplier_one(trial: Trial) -> None:
    """Your pairs are right while the first multiplier is 1. In general the highest level has channel_mults[0] *
    base_channels, and only conv_in's skip has base_channels."""
    trial.call(trial.pick(8, 12), trial.pick((3, 5, 7), (2, 3, 7)), 2)


@holds("it works when a deeper level has fewer channels")
def assumes_growing_channels(trial: Trial) -> None:
    """Where a deeper level has fewer channels your pairs are wrong. The deepest level has channel_mults[-1] *
    base_channels, large or small."""
    trial.call(trial.pick(8, 12), trial.pick((5, 3, 2), (4, 1, 3), (7, 2, 3)), 2)


@holds("it works when two levels have equally many channels")
def assumes_different_multipliers(trial: Trial) -> None:
    """Where two levels are equally wide your pairs are wrong. Count blocks to find where a level ends; channels do not
    tell."""
    for mults in ((1, 1, 1), (2, 2, 3), (3, 2, 2), (2, 3, 2)):
        trial.call(trial.pick(8, 12), mults, 2)


@holds("it works for other numbers of blocks than two")
def assumes_two_blocks(trial: Trial) -> None:
    """With num_res_blocks=2 you are right, with others not. Is a 2 or a 3 written out somewhere?"""
    for blocks in (1, trial.pick(3, 4), 5):
        trial.call(trial.pick(8, 12), (1, 3, 5), blocks)


@holds("it works for other numbers of levels than three")
def assumes_three_levels(trial: Trial) -> None:
    """Three levels work, two or four do not. Loop over channel_mults, however long it is."""
    for mults in ((1, 3), trial.pick((1, 3, 4, 7), (1, 4, 6, 7)), (2, 5, 3, 4, 9)):
        trial.call(trial.pick(8, 12), mults, 2)


@holds("a network of one level works, too")
def fails_for_one_level(trial: Trial) -> None:
    """A single level goes wrong: its blocks, and conv_in, leave all the skips there are."""
    trial.call(trial.pick(8, 12), (trial.pick(1, 3),), trial.pick(2, 3))


@holds("it works for any base, multipliers and number of blocks")
def any_network(trial: Trial) -> None:
    for _ in range(4):
        levels = trial.pick(1, 2, 3, 4, 5)
        mults = tuple(trial.pick(1, 2, 3, 4, 5, 6) for _ in range(levels))
        trial.call(trial.pick(5, 8, 12, 20, 96), mults, trial.pick(1, 2, 3, 4))


@right
def paired_at_once(base_channels: int, channel_mults: tuple[int, ...], num_res_blocks: int) -> Levels:
    """No stack: the skips backwards beside the channels that h has."""
    n = num_res_blocks + 1
    skips = skip_channels(base_channels, channel_mults, num_res_blocks)[::-1]
    out = [mult * base_channels for mult in channel_mults[::-1] for _ in range(n)]
    pairs = list(zip([out[0], *out[:-1]], skips, strict=True))
    return [pairs[i : i + n] for i in range(0, len(pairs), n)]


@right
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


@right
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


@right
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
