"""What holds for num_groups, and right answers written differently."""

from collections.abc import Iterable

from course_lib import num_groups
from course_lib.checks.exercise import Exercise
from course_lib.checks.trial import Call, Trial

EXERCISE = Exercise(
    "num_groups",
    num_groups,
    __name__,
    where="lesson 03, the rule for the number of groups (the document leaves it open)",
    seconds=3.0,
)
holds, right = EXERCISE.holds, EXERCISE.right

POWERS_OF_TWO = (16, 32, 64, 128)
NARROW = (4, 6, 8, 9, 12)


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    return trial.calling(trial.pick(*POWERS_OF_TWO))


@EXERCISE.harder
def of_a_width_with_many_divisors(trial: Trial) -> Call:
    """A width with odd divisors, of which neither a power of two nor a quarter is the number of groups."""
    return trial.calling(trial.pick(54, 63, 75, 78, 210, 330))


def ask(trial: Trial, widths: Iterable[int]) -> None:
    for channels in widths:
        trial.call(channels, label=f"the groups for {channels} channels")


def in_any_order(trial: Trial, *widths: int) -> list[int]:
    """All of them, so that an answer fails at one property whatever is drawn."""
    return trial.random.sample(widths, len(widths))


@holds("64 channels give 16 groups, 128 give 32")
def powers_of_two(trial: Trial) -> None:
    """For 16, 32, 64 or 128 channels already your number is not the rule's. That is the largest which divides the
    channels, is at most 32, and leaves at least four channels in each group: compare each of these with yours."""
    ask(trial, POWERS_OF_TWO)


@holds("wide layers that 32 divides have 32 groups, and never more")
def wide_layers(trial: Trial) -> None:
    """For 16, 32, 64 and 128 channels your rule is right, and for the width below it is not. There 32 is right:
    32 groups are the most, 32 divides the width, and each group has at least four channels. Does yours go beyond 32,
    or ask for more than the rule does, such as a number that divides a quarter of the channels?"""
    ask(trial, in_any_order(trial, 160, 192, 256, 320, 512))


@holds("channels that are a multiple of four, but no power of two, are divided as finely as the rule allows")
def only_powers_of_two(trial: Trial) -> None:
    """16, 32, 64 and 128 channels come out right, and another multiple of four does not. Every whole number from the
    largest allowed downwards may be the one, 6 and 10 as well as 8."""
    ask(trial, in_any_order(trial, 24, 36, 40, 44, 48, 80, 96, 100))


@holds("the number of groups divides the channels, also where four does not")
def does_not_divide(trial: Trial) -> None:
    """The multiples of four that were tried come out right, and a number of channels that is none does not. For 30
    channels, 7 groups would leave a rest: 6 is the next number below that divides."""
    ask(trial, in_any_order(trial, 14, 18, 22, 30, 33, 42, 45, 50, 66, 70, 90))


@holds("where groups of four are impossible, the next larger size is taken")
def groups_of_five_and_more(trial: Trial) -> None:
    """Where groups of four do not divide the channels your rule gives another number than the largest that does: 25
    channels make 5 groups of 5."""
    # and two large groups, or three
    ask(trial, in_any_order(trial, 10, 15, 25, 35, 49, 74, 77, 82, 86, 111))


@holds("in a narrow layer, too, each group has at least four channels")
def fewer_than_four_in_a_narrow_layer(trial: Trial) -> None:
    """The wider layers that were tried come out right, and in a narrow one (4 to 12 channels) your number of groups
    leaves fewer than four channels in each: 2 groups of 6 channels are three in each, so that one group remains. Is a
    quarter of the channels rounded up on the way, as ceil, round or + 1 do? channels // 4 rounds down."""
    for channels in NARROW:
        call = trial.calling(channels)
        value = call.see(f"the groups for {channels} channels", observed=False)
        too_many = isinstance(value, int | float) and not isinstance(value, bool) and value > num_groups(channels)
        # too few are the next property's
        trial.see(f"the groups for {channels} channels", value if too_many else num_groups(channels), call.text())


@holds("a narrow layer, too, has as many groups as the rule allows: 8 channels make 2, 12 make 3")
def narrow_layers(trial: Trial) -> None:
    """The wider layers that were tried come out right, and for a narrow one (4 to 12 channels) your number of groups is
    not the largest that is allowed. Exactly four channels in a group are: 8 channels make 2 groups, 12 make 3."""
    ask(trial, NARROW)


@holds("a prime number of channels makes one group")
def no_group_left(trial: Trial) -> None:
    """Where nothing divides the channels (11, 13, ...) one group remains; your function answers something else."""
    ask(trial, in_any_order(trial, 5, 11, 13, 29, 37, 61))


@holds("one, two or three channels make one group")
def one_to_three_channels(trial: Trial) -> None:
    """With fewer than four channels no group can hold four. The answer is then one group: GroupNorm needs at least
    that."""
    ask(trial, (1, 2, 3))


@holds("the result is an int")
def no_whole_number(trial: Trial) -> None:
    """The value is right and its type is not: nn.GroupNorm wants an int. // of two ints gives one, / does not."""
    trial.see("whether it is an int", type(ordinary_call(trial).value()) is int, "a number of groups")


@right
def by_counting_down(channels: int) -> int:
    groups = 32
    while groups > 1 and (channels % groups != 0 or channels // groups < 4):
        groups -= 1
    return groups


@right
def by_listing(channels: int) -> int:
    allowed = [1]
    for groups in range(1, 33):
        size, rest = divmod(channels, groups)
        if rest == 0 and size >= 4:
            allowed.append(groups)
    return sorted(allowed)[-1]


@right
def by_group_size(channels: int) -> int:
    """Asks for the smallest size of a group instead of the largest number of groups."""
    for size in range(4, channels + 1):
        if channels % size == 0 and channels // size <= 32:
            return channels // size
    return 1


@right
def by_recursion(channels: int, groups: int = 32) -> int:
    if groups == 1 or (channels % groups == 0 and groups * 4 <= channels):
        return groups
    return by_recursion(channels, groups - 1)


@right
def max_of_a_generator(channels: int) -> int:
    return max((g for g in range(1, 33) if channels % g == 0 and channels >= 4 * g), default=1)


def by_counting_down_from_a_fraction(channels: int) -> float:
    groups = min(32, channels / 4)
    while groups > 1:
        if channels % groups == 0:
            return groups
        groups -= 1
    return 1
