"""Exercise num_groups (lesson 03)."""

import math
from collections.abc import Callable

from course_lib import num_groups
from course_lib.checks.exercise import Alternative, Exercise, Misconception, Property, edited
from course_lib.checks.scene import Scene

# widths by what is special about them
POWERS = (16, 32, 64, 128)
WIDE = (160, 192, 256, 320, 512)
MULTIPLES_OF_FOUR = (24, 36, 40, 44, 48, 80, 96, 100)
NO_MULTIPLES_OF_FOUR = (14, 18, 22, 30, 33, 42, 45, 50, 66, 70, 90)
FIVE_TO_SEVEN_EACH = (10, 15, 25, 35, 49, 77)
PRIMES = (5, 11, 13, 29, 37, 61)
TINY = (4, 6, 8, 9, 12)


def asked(widths: tuple[int, ...], how_many: int) -> Callable[[Scene], None]:
    def probe(scene: Scene) -> None:
        for channels in scene.random.sample(widths, how_many):
            scene.call(channels, label=f"the groups for {channels} channels")

    return probe


def one_to_three(scene: Scene) -> None:
    for channels in (1, 2, 3):
        scene.call(channels, label=f"the groups for {channels} channels")


def whole_number(scene: Scene) -> None:
    value = scene.handle.call(None, (scene.pick(*POWERS),), {})
    scene.see("whether it is an int", type(value) is int, "a number of groups")


def by_counting_down(channels: int) -> int:
    groups = 32
    while groups > 1 and (channels % groups != 0 or channels // groups < 4):
        groups -= 1
    return groups


def by_listing(channels: int) -> int:
    allowed = [1]
    for groups in range(1, 33):
        size, rest = divmod(channels, groups)
        if rest == 0 and size >= 4:
            allowed.append(groups)
    return sorted(allowed)[-1]


def by_group_size(channels: int) -> int:
    """Asks for the smallest size of a group instead of the largest number of groups."""
    for size in range(4, channels + 1):
        if channels % size == 0 and channels // size <= 32:
            return channels // size
    return 1


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


EXERCISES = (
    Exercise(
        name="num_groups",
        reference=num_groups,
        lesson="03",
        where="lesson 03, the rule for the number of groups (the document leaves it open)",
        properties=(
            Property("powers_of_two", "64 channels give 16 groups, 128 give 32", asked(POWERS, 4)),
            Property(
                "more_than_32_groups",
                "wide layers have at most 32 groups",
                asked(WIDE, 4),
                "Your rule is right up to 128 channels and departs from there on: 32 groups is the most, and the "
                "number must still divide the channels.",
            ),
            Property(
                "only_powers_of_two",
                "channels that are a multiple of four, but no power of two, are divided as finely as the rule allows",
                asked(MULTIPLES_OF_FOUR, 6),
                "Powers of two come out right, and 24 or 40 channels do not. Try every whole number from the largest "
                "allowed downwards, not only the powers of two.",
            ),
            Property(
                "does_not_divide",
                "the number of groups divides the channels, also where four does not",
                asked(NO_MULTIPLES_OF_FOUR, 8),
                "Your rule is right for multiples of four only. For 30 channels, 7 groups would leave a rest: go "
                "down to 6, the first number that divides.",
            ),
            Property(
                "groups_of_five_and_more",
                "where groups of four are impossible, the next larger size is taken",
                asked(FIVE_TO_SEVEN_EACH, 4),
                "Where no group of four fits, your rule picks another size than the smallest one above four: "
                "25 channels make 5 groups of 5.",
            ),
            Property(
                "narrow_layers",
                "4 to 12 channels give one, two or three groups",
                asked(TINY, 5),
                "For narrow layers (4 to 12 channels) your rule departs. Exactly four channels in a group are allowed.",
            ),
            Property(
                "no_group_left",
                "a prime number of channels makes one group",
                asked(PRIMES, 4),
                "Where nothing divides the channels (11, 13, ...) one group remains; your function answers something "
                "else.",
            ),
            Property(
                "one_to_three_channels",
                "one, two or three channels make one group",
                one_to_three,
                "With fewer than four channels no group can hold four. The answer is then one group: GroupNorm needs "
                "at least that.",
            ),
            Property(
                "no_whole_number",
                "the result is an int",
                whole_number,
                "The value is right and its type is not: nn.GroupNorm wants an int, so divide with // and not with /.",
            ),
        ),
        misconceptions=(
            Misconception(
                "always_32",
                "You always answer 32. That is the most, not the number: 64 channels would be left with two in each "
                "group, and 48 channels cannot be divided by 32 at all.",
                lambda channels: 32,
            ),
            Misconception(
                "as_many_as_fit_under_32",
                "You take 32, or the channels themselves if there are fewer. Narrow layers then have one channel a "
                "group, and such a norm erases the embedding that was just added.",
                lambda channels: min(32, channels),
            ),
            Misconception(
                "one_channel_a_group",
                "You give every channel a group of its own. That is instance norm: it subtracts each channel's mean, "
                "which is where the embedding sits.",
                lambda channels: channels,
            ),
            Misconception(
                "always_one_group",
                "You answer one group for every width. It would work, and every channel would then be normalised "
                "with all others; the rule asks for the *largest* number that is allowed.",
                lambda channels: 1,
            ),
            Misconception(
                "always_8",
                "You answer 8, a constant. The number has to follow the width: 256 channels allow 32 groups.",
                lambda channels: 8,
            ),
            Misconception(
                "no_minimum",
                "You look for the largest divisor up to 32 and forget the second condition: at least four channels "
                "must be in each group. 64 channels make 16 groups, not 32.",
                edited(num_groups, ("channels // MIN_CHANNELS_PER_GROUP", "channels")),
            ),
            Misconception(
                "no_maximum",
                "You keep four channels a group and forget the upper limit: more than 32 groups are not wanted, so 256 "
                "channels make 32 groups of 8.",
                edited(num_groups, ("min(MAX_GROUPS, channels // MIN_CHANNELS_PER_GROUP)", "channels // 4")),
            ),
            Misconception(
                "divisibility_forgotten",
                "You compute min(32, channels // 4) and stop there. For 30 channels that is 7, and 7 does not divide "
                "30: nn.GroupNorm would refuse.",
                lambda channels: max(1, min(32, channels // 4)),
            ),
            Misconception(
                "exactly_four_each",
                "You answer channels // 4. The least size of a group is four, but the number of groups also has a "
                "limit, 32, and has to divide the channels.",
                lambda channels: max(1, channels // 4),
            ),
            Misconception(
                "size_of_a_group",
                "You return how many channels are in a group. nn.GroupNorm's first argument is how many groups there "
                "are: channels divided by that.",
                lambda channels: channels // num_groups(channels),
            ),
            Misconception(
                "smallest_instead_of_largest",
                "You count upwards and take the first number that fits, so you get the *smallest* number of groups. "
                "Begin at the top.",
                smallest,
            ),
            Misconception(
                "stops_at_the_first_gap",
                "You count upwards and stop at the first number that does not divide. 40 channels: 3 does not divide, "
                "yet 10 does. Test every candidate.",
                first_that_fails,
            ),
            Misconception(
                "more_than_four",
                "You ask for *more* than four channels a group. Exactly four are enough: 64 channels, 16 groups.",
                edited(num_groups, ("channels // MIN_CHANNELS_PER_GROUP", "(channels - 1) // 4")),
            ),
            Misconception(
                "at_least_two",
                "You allow groups of two channels. The limit is four: with two, half of what the embedding says is "
                "still erased.",
                edited(num_groups, ("channels // MIN_CHANNELS_PER_GROUP", "channels // 2")),
            ),
            Misconception(
                "at_least_eight",
                "You ask for eight channels in every group; four are enough, so you end with half as many groups.",
                edited(num_groups, ("channels // MIN_CHANNELS_PER_GROUP", "channels // 8")),
            ),
            Misconception(
                "at_most_16",
                "Your upper limit is 16 groups. The rule's is 32: 256 channels make 32 groups of 8.",
                edited(num_groups, ("MAX_GROUPS", "16")),
            ),
            Misconception(
                "at_most_64",
                "Your upper limit is 64 groups, twice the rule's 32.",
                edited(num_groups, ("MAX_GROUPS", "64")),
            ),
            Misconception(
                "at_most_31",
                "You never try 32 itself: range(a, b) stops before b, so the last candidate is lost. 128 channels "
                "make 32 groups.",
                edited(num_groups, ("MAX_GROUPS", "31")),
            ),
            Misconception(
                "largest_candidate_not_tried",
                "You never try the largest candidate, channels // 4, itself: with range the end is left out. 64 "
                "channels make 16 groups of exactly four.",
                edited(num_groups, ("range(most, 1, -1)", "range(most - 1, 1, -1)")),
            ),
            Misconception(
                "powers_of_two_only",
                "You halve until it fits, so you only meet 32, 16, 8, 4, 2, 1. For 24 channels 6 groups of four are "
                "possible, and halving jumps over 6.",
                halving,
            ),
            Misconception(
                "common_divisor_with_32",
                "You take the greatest common divisor with 32. That is always a power of two, and for narrow layers it "
                "leaves fewer than four channels a group.",
                lambda channels: math.gcd(channels, 32),
            ),
            Misconception(
                "common_divisor_of_quarter_and_32",
                "You take the greatest common divisor of 32 and a quarter of the channels. For 40 channels that "
                "gives 2, where 10 groups of four are possible.",
                lambda channels: math.gcd(max(1, channels // 4), 32),
            ),
            Misconception(
                "takes_what_does_not_divide",
                "Your test is turned round: you pick a number that does *not* divide the channels. A remainder of 0 "
                "means that it divides.",
                edited(num_groups, ("channels % groups == 0", "channels % groups != 0")),
            ),
            Misconception(
                "zero_groups",
                "With fewer than four channels, channels // 4 is 0, and that is what comes out. There is always at "
                "least one group.",
                stops_too_late,
            ),
            Misconception(
                "none_if_nothing_fits",
                "If no number of groups leaves four channels each, your function ends without a return and gives None. "
                "One group is the answer then.",
                nothing_if_none,
            ),
            Misconception(
                "error_if_nothing_fits",
                "If no number of groups leaves four channels each, you raise an error. The rule falls back to one "
                "group, so that any width can be built.",
                raises_if_none,
            ),
            Misconception(
                "channels_if_nothing_fits",
                "If nothing fits you fall back to one group per channel, the one choice that makes the block deaf. "
                "Fall back to one group.",
                lambda channels: nothing_if_none(channels) or channels,
            ),
            Misconception(
                "half_of_the_channels",
                "You answer half of the channels, which leaves two in each group. Four is the least.",
                lambda channels: channels // 2,
            ),
            Misconception(
                "always_16",
                "You answer 16 for every width. That is right for 64 channels only by chance; 128 channels allow 32.",
                lambda channels: 16,
            ),
            Misconception(
                "always_4",
                "You answer 4 for every width. Four is how many channels a group must have at least, not how many "
                "groups.",
                lambda channels: 4,
            ),
            Misconception(
                "square_root",
                "You take the square root of the channels. The rule asks for the *largest* number that leaves four "
                "channels in each group.",
                lambda channels: int(channels**0.5),
            ),
            Misconception(
                "32_or_one",
                "You answer 32 where it divides the channels and 1 elsewhere. Many numbers lie between, and 64 "
                "channels in 32 groups are only two in each.",
                lambda channels: 32 if channels % 32 == 0 else 1,
            ),
            Misconception(
                "32_or_8_or_one",
                "You try 32, then 8, then 1. Every whole number in between is a candidate, and four channels must be "
                "left in each group.",
                lambda channels: 32 if channels % 32 == 0 else 8 if channels % 8 == 0 else 1,
            ),
            Misconception(
                "all_candidates",
                "You return the whole list of numbers that fit. Return the largest of them.",
                lambda channels: [g for g in range(1, 33) if channels % g == 0 and channels // g >= 4],
            ),
            Misconception(
                "starts_from_the_square_root",
                "You start from the square root of the channels. The two limits are 32 groups, and four channels in "
                "each.",
                lambda channels: next((g for g in range(int(channels**0.5), 1, -1) if channels % g == 0), 1),
            ),
            Misconception(
                "thirty_two_or_one",
                "You answer 32 where that fits and 1 elsewhere. Between the two there are other divisors: 64 channels "
                "make 16 groups.",
                lambda channels: 32 if channels % 32 == 0 and channels >= 128 else 1,
            ),
            Misconception(
                "examples_only",
                "You wrote down the docstring's examples. The rule has to work for every number of channels.",
                lambda channels: {16: 4, 24: 6, 32: 8, 40: 10, 48: 12, 64: 16, 128: 32, 256: 32}.get(channels, 1),
            ),
            Misconception(
                "channels_themselves_if_few",
                "For one to three channels you return the channels. With one channel in each group the norm erases "
                "what is added: one group.",
                lambda channels: channels if channels < 4 else num_groups(channels),
            ),
        ),
        alternatives=(
            Alternative("counting_down", by_counting_down),
            Alternative("listing", by_listing),
            Alternative("by_group_size", by_group_size),
            Alternative("recursion", by_recursion),
            Alternative(
                "max_of_a_generator",
                lambda channels: max((g for g in range(1, 33) if channels % g == 0 and channels >= 4 * g), default=1),
            ),
        ),
        seconds=3.0,  # a busy machine must not fail a right answer
    ),
)
