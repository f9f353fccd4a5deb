"""What holds for decoder_channels, and right answers written differently."""

from course_lib.checks.exercise import Exercise
from course_lib.checks.properties import second_call_differs
from course_lib.checks.trial import Trial
from course_lib.lessons.lesson06.networks import NETWORKS, harder_call, ordinary_call, the_documents
from course_lib.skips import decoder_channels, skip_channels

Levels = list[list[tuple[int, int]]]

EXERCISE = Exercise(
    "decoder_channels",
    decoder_channels,
    __name__,
    where='the document, "Full forward pass" (assets/network.md), DECODER: the rows with cat, one after the other',
    not_for_all={
        "another_shape": "another_form says more",
        "second_call_differs": "goes_on_where_it_stopped asks the same, earlier and in words of its own",
    },
)
holds, right = EXERCISE.holds, EXERCISE.right
EXERCISE.harder(harder_call)


@holds("it comes back with the levels")
def comes_back(trial: Trial) -> None:
    # nothing is recorded of an answer that gives a value back
    the_documents(trial).see(observed=False)


@holds("every call begins a new list")
def goes_on_where_it_stopped(trial: Trial) -> None:
    """Asked twice about one network you give two different results. Does the second go on where the first one stopped?
    Then a list, of levels or of skips, is made once, outside of the function or as a default value: make it inside, at
    every call."""
    second_call_differs(the_documents(trial), trial)


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


@holds("h stands first in each pair, the skip second")
def pairs_turned_round(trial: Trial) -> None:
    """Your pairs are turned round: the skip stands first, and h second. The document writes cat([h, skip]): h first.
    The channels themselves are right for the document's network."""
    call = the_documents(trial)
    value, wanted = call.see(observed=False), pairs_of(decoder_channels(*call.args))
    # other channels than these are the next property's
    turned = pairs_of(value, -1) == wanted
    trial.see("the result", value if turned else wanted, call.text())


def pairs_of(levels: Levels, step: int = 1) -> Levels:
    """As tuples; with step -1 each pair from its end."""
    return tuple(tuple(tuple(pair)[::step] for pair in level) for level in levels)


@holds("every level has the pairs of its own blocks")
def levels_all_the_same(trial: Trial) -> None:
    """All your levels hold the same pairs. Is one list appended again and again? levels.append(pairs) keeps the list
    itself, and no copy: what is written into it later, pairs.clear() for instance, is written into every level. Make a
    new list, pairs = [], at the beginning of each level. Or does every level begin with the same stack and the same h?
    Both go on from level to level."""
    call = the_documents(trial)
    value, wanted = call.see(observed=False), pairs_of(decoder_channels(*call.args))
    same = len(set(pairs_of(value))) == 1
    # other channels are the next property's
    trial.see("the levels", value if same else wanted, call.text())


NETWORKS.hold_for(
    EXERCISE,
    ordinary_call,
    other_channels=(
        "the document's nine pairs come out, level by level, deepest first",
        "Three levels of three pairs, as it should be, but other channels. Take a sheet of paper: nine skips "
        "in a column, and cross them out from the end, one a block; h is what the block before gave.",
    ),
)


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
