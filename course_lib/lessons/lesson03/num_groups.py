"""What holds for num_groups, and right answers written differently."""

from collections.abc import Callable

from course_lib import num_groups
from course_lib.checks.exercise import Exercise
from course_lib.checks.trial import Trial

# widths by what is special about them
POWERS = (16, 32, 64, 128)


WIDE = (160, 192, 256, 320, 512)


MULTIPLES_OF_FOUR = (24, 36, 40, 44, 48, 80, 96, 100)


NO_MULTIPLES_OF_FOUR = (14, 18, 22, 30, 33, 42, 45, 50, 66, 70, 90)


FIVE_TO_SEVEN_EACH = (10, 15, 25, 35, 49, 77)


PRIMES = (5, 11, 13, 29, 37, 61)


TINY = (4, 6, 8, 9, 12)


def asked(widths: tuple[int, ...], how_many: int) -> Callable[[Trial], None]:
    def probe(trial: Trial) -> None:
        for channels in trial.random.sample(widths, how_many):
            trial.call(channels, label=f"the groups for {channels} channels")

    return probe


def by_recursion(channels: int, groups: int = 32) -> int:
    if groups == 1 or (channels % groups == 0 and groups * 4 <= channels):
        return groups
    return by_recursion(channels, groups - 1)


def halving(channels: int) -> int:
    groups = 32
    while groups > 1 and (channels % groups or channels // groups < 4):
        groups //= 2
    return groups


def smallest(channels: int) -> int:
    return next((g for g in range(2, 33) if channels % g == 0 and channels // g >= 4), 1)


def stops_too_late(channels: int) -> int:
    groups = min(32, channels // 4)
    while groups and channels % groups:
        groups -= 1
    return groups


def first_that_fails(channels: int) -> int:
    """Counts upwards and stops at the first number that does not divide."""
    groups = 1
    while groups < 32 and channels % (groups + 1) == 0 and channels // (groups + 1) >= 4:
        groups += 1
    return groups


def nothing_if_none(channels: int) -> int | None:
    for groups in range(32, 1, -1):
        if channels % groups == 0 and channels // groups >= 4:
            return groups
    return None


def raises_if_none(channels: int) -> int:
    found = nothing_if_none(channels)
    if found is None:
        raise ValueError("no number of groups fits")
    return found


EXERCISE = Exercise(
    "num_groups",
    num_groups,
    __name__,
    where="lesson 03, the rule for the number of groups (the document leaves it open)",
    seconds=3.0,
)
holds, right = EXERCISE.holds, EXERCISE.right


holds("64 channels give 16 groups, 128 give 32", name="powers_of_two")(asked(POWERS, 4))


holds(
    "wide layers have at most 32 groups",
    name="more_than_32_groups",
    mistake="Your rule is right up to 128 channels and departs from there on: 32 groups is the most, and the "
    "number must still divide the channels.",
)(asked(WIDE, 4))


holds(
    "channels that are a multiple of four, but no power of two, are divided as finely as the rule allows",
    name="only_powers_of_two",
    mistake="Powers of two come out right, and 24 or 40 channels do not. Try every whole number from the largest "
    "allowed downwards, not only the powers of two.",
)(asked(MULTIPLES_OF_FOUR, 6))


holds(
    "the number of groups divides the channels, also where four does not",
    name="does_not_divide",
    mistake="Your rule is right for multiples of four only. For 30 channels, 7 groups would leave a rest: go "
    "down to 6, the first number that divides.",
)(asked(NO_MULTIPLES_OF_FOUR, 8))


holds(
    "where groups of four are impossible, the next larger size is taken",
    name="groups_of_five_and_more",
    mistake="Where no group of four fits, your rule picks another size than the smallest one above four: "
    "25 channels make 5 groups of 5.",
)(asked(FIVE_TO_SEVEN_EACH, 4))


holds(
    "4 to 12 channels give one, two or three groups",
    name="narrow_layers",
    mistake="For narrow layers (4 to 12 channels) your rule departs. Exactly four channels in a group are allowed.",
)(asked(TINY, 5))


holds(
    "a prime number of channels makes one group",
    name="no_group_left",
    mistake="Where nothing divides the channels (11, 13, ...) one group remains; your function answers something else.",
)(asked(PRIMES, 4))


@holds("one, two or three channels make one group")
def one_to_three_channels(trial: Trial) -> None:
    """With fewer than four channels no group can hold four. The answer is then one group: GroupNorm needs at least
    that."""
    for channels in (1, 2, 3):
        trial.call(channels, label=f"the groups for {channels} channels")


@holds("the result is an int")
def no_whole_number(trial: Trial) -> None:
    """The value is right and its type is not: nn.GroupNorm wants an int, so divide with // and not with /."""
    value = trial.handle.call(None, (trial.pick(*POWERS),), {})
    trial.see("whether it is an int", type(value) is int, "a number of groups")


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


right(by_recursion, "recursion")


right(
    lambda channels: max((g for g in range(1, 33) if channels % g == 0 and channels >= 4 * g), default=1),
    "max_of_a_generator",
)
