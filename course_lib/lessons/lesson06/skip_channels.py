"""What holds for skip_channels, and right answers written differently."""

from course_lib.checks.exercise import Exercise
from course_lib.checks.trial import Call, Trial
from course_lib.skips import skip_channels

EXERCISE = Exercise(
    "skip_channels",
    skip_channels,
    __name__,
    where='the document, "Full forward pass" (assets/network.md): count the rows that push a skip',
    not_for_all={
        "another_shape": "another_number_of_skips says more",
    },
)
holds, right = EXERCISE.holds, EXERCISE.right


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    return trial.calling(trial.pick(8, 12), (1, 2), 2)


def the_documents(trial: Trial) -> Call:
    return trial.calling(64, (1, 2, 4), 2)


@holds("it comes back with a list")
def comes_back(trial: Trial) -> None:
    # nothing is recorded of an answer that gives a value back
    the_documents(trial).see(observed=False)


@holds("every step that leaves a skip is counted once: conv_in, each block, each Downsample")
def another_number_of_skips(trial: Trial) -> None:
    """The document's network has nine skips, and your list has another length. Count the lines of the forward pass that
    push one: conv_in, two blocks a level, and the two Downsamples between the three levels."""
    # how many there are, and all of them only if that is wrong: so a missing one is told before a wrong one
    call = the_documents(trial)
    value = call.see("the list", observed=False)
    count = len(value) if isinstance(value, tuple) else f"no list, but {value!r}"
    trial.see("how many skips there are", count, call.text())
    if count != 9:
        trial.see("the list", value, call.text())


@holds("the document's nine skips come in the order they are pushed")
def other_channels(trial: Trial) -> None:
    """Your list has nine entries, and some are not the document's. Lay it beside the forward pass, line by line: what
    channels does h have at each skips.append(h)?"""
    the_documents(trial).see()


@holds("the channels scale with base_channels")
def ignores_base_channels(trial: Trial) -> None:
    """For 64 channels your list is right, for another base it is not. Is a 64, 128 or 256 written out that should be
    computed from base_channels?"""
    trial.call(trial.pick(10, 14, 22), (1, 2, 4), 2)


@holds("each level has mult * base_channels channels, whatever mult is")
def assumes_doubling(trial: Trial) -> None:
    """Your channels are right where each level doubles, and wrong for other multipliers. Each level's channels are mult
    * base_channels, by its own mult."""
    # each is neither the double of the one before nor the product of all before it.
    trial.call(trial.pick(8, 12), (1, *trial.pick((3, 5), (3, 4), (4, 7))), 2)


@holds("it works when the first level already multiplies; conv_in still makes base_channels")
def assumes_first_multiplier_one(trial: Trial) -> None:
    """Your list is right while the first multiplier is 1. In general conv_in makes base_channels, and the first level's
    blocks mult * base_channels."""
    trial.call(trial.pick(8, 12), trial.pick((3, 5, 7), (2, 3, 7)), 2)


@holds("it works when channels shrink from a level to the next")
def assumes_growing_channels(trial: Trial) -> None:
    """Where channels shrink on the way down your list is wrong. Nothing in the network demands that they grow: keep the
    order of pushing."""
    trial.call(trial.pick(8, 12), trial.pick((5, 3, 2), (4, 1, 3), (7, 2, 3)), 2)


@holds("it works when two levels have equally many channels")
def assumes_different_multipliers(trial: Trial) -> None:
    """Where two levels have the same multiplier your list is wrong. Levels are told apart by their number, not by their
    channels."""
    for mults in ((1, 1, 1), (2, 2, 3), (3, 2, 2), (2, 3, 2)):
        trial.call(trial.pick(8, 12), mults, 2)


@holds("it works for other numbers of blocks than two")
def assumes_two_blocks(trial: Trial) -> None:
    """With two blocks a level you are right, with other numbers not. Is num_res_blocks used everywhere it should be?"""
    for blocks in (1, trial.pick(3, 4), 5):
        trial.call(trial.pick(8, 12), (1, 3, 5), blocks)


@holds("it works for other numbers of levels than three")
def assumes_three_levels(trial: Trial) -> None:
    """With three levels you are right, with more or fewer not: the number of levels is len(channel_mults)."""
    for mults in ((1, 3), trial.pick((1, 3, 4, 7), (1, 4, 6, 7)), (2, 5, 3, 4, 9)):
        trial.call(trial.pick(8, 12), mults, 2)


@holds("a network of one level has no Downsample at all")
def fails_for_one_level(trial: Trial) -> None:
    """A single level goes wrong. It has no Downsample, so conv_in and its blocks leave the only skips."""
    trial.call(trial.pick(8, 12), (trial.pick(1, 3),), trial.pick(2, 3))


@holds("it works for any base, multipliers and number of blocks")
def any_network(trial: Trial) -> None:
    for _ in range(4):
        levels = trial.pick(1, 2, 3, 4, 5)
        mults = tuple(trial.pick(1, 2, 3, 4, 5, 6) for _ in range(levels))
        trial.call(trial.pick(5, 8, 12, 20, 96), mults, trial.pick(1, 2, 3, 4))


@right
def in_one_sum(base_channels: int, channel_mults: tuple[int, ...], num_res_blocks: int) -> list[int]:
    """One entry too many a level, and the last taken away."""
    pushed = [mult * base_channels for mult in channel_mults for _ in range(num_res_blocks + 1)]
    return [base_channels, *pushed[:-1]]


@right
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


@right
def with_while(base_channels: int, channel_mults: tuple[int, ...], num_res_blocks: int) -> list[int]:
    skips, level = [base_channels], 0
    while level < len(channel_mults):
        skips.extend(base_channels * channel_mults[level] for _ in range(num_res_blocks))
        level += 1
        if level != len(channel_mults):
            skips.append(skips[-1])
    return skips


@right
def by_place(base_channels: int, channel_mults: tuple[int, ...], num_res_blocks: int) -> list[int]:
    """The level of entry number i, by division."""
    count = len(channel_mults) * (num_res_blocks + 1)
    return [base_channels * (channel_mults[(i - 1) // (num_res_blocks + 1)] if i else 1) for i in range(count)]
