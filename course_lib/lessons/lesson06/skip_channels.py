"""What holds for skip_channels, and right answers written differently."""

from course_lib.checks.exercise import Exercise
from course_lib.checks.properties import second_call_differs
from course_lib.checks.trial import Trial
from course_lib.lessons.lesson06.networks import NETWORKS, harder_call, ordinary_call, the_documents
from course_lib.skips import skip_channels

EXERCISE = Exercise(
    "skip_channels",
    skip_channels,
    __name__,
    where='the document, "Full forward pass" (assets/network.md): count the rows that push a skip',
    not_for_all={
        "another_shape": "another_number_of_skips says more",
        "second_call_differs": "goes_on_where_it_stopped asks the same, earlier and in words of its own",
    },
)
holds, right = EXERCISE.holds, EXERCISE.right
EXERCISE.harder(harder_call)


@holds("a list comes back")
def no_list(trial: Trial) -> None:
    """What comes back is no list. Asked for is one list with a number for each skip."""
    # what it is instead is recorded, and of a list nothing else
    call = the_documents(trial)
    value = call.see(observed=False)
    trial.see("what comes back", "a list" if isinstance(value, tuple) else value, call.text())


@holds("every call begins a new list")
def goes_on_where_it_stopped(trial: Trial) -> None:
    """Asked twice about one network you give two different lists. Does the second go on where the first one stopped,
    with 18 entries, twice nine? Then the list is made once, outside of the function or as a default value: make it
    inside, at every call."""
    second_call_differs(the_documents(trial), trial)


@holds("every step that leaves a skip is counted once: conv_in, each block, each Downsample")
def another_number_of_skips(trial: Trial) -> None:
    """The document's network has nine skips, and your list has another length. Count the lines of the forward pass that
    push one: conv_in, two blocks a level, and the two Downsamples between the three levels."""
    # how many there are, and all of them only if that is wrong: so a missing one is told before a wrong one
    call = the_documents(trial)
    value = call.see("the list", observed=False)
    if not isinstance(value, tuple):
        return
    trial.see("how many skips there are", len(value), call.text())
    if len(value) != 9:
        trial.see("the list", value, call.text())


NETWORKS.hold_for(
    EXERCISE,
    ordinary_call,
    other_channels=(
        "the document's nine skips come in the order they are pushed",
        "Your list has nine entries, and some are not the document's. Lay it beside the forward pass, line by "
        "line: what channels does h have at each skips.append(h)?",
    ),
)


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
