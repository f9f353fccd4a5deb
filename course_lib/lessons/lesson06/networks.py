"""What holds for skip_channels and decoder_channels alike: networks that take away, one by one, what an answer may have
taken for granted."""

from course_lib.checks.family import Family
from course_lib.checks.trial import Call, Trial

NETWORKS = Family()


def ordinary_call(trial: Trial) -> Call:
    return trial.calling(trial.pick(8, 12), (1, 2), 2)


def harder_call(trial: Trial) -> Call:
    """Five levels, wide and narrow, two neighbours alike and two that are none, three blocks, and an odd base."""
    return trial.calling(trial.pick(7, 11), (3, 1, *trial.pick((4, 4), (6, 6)), 1), 3)


def the_documents(trial: Trial) -> Call:
    return trial.calling(64, (1, 2, 4), 2)


@NETWORKS.holds()
def other_channels(trial: Trial) -> None:
    the_documents(trial).see()


@NETWORKS.holds("the channels scale with base_channels")
def ignores_base_channels(trial: Trial) -> None:
    """For 64 channels your numbers are right, for another base they are not. Is a 64, 128 or 256 written out that
    base_channels should give?"""
    trial.call(trial.pick(10, 14, 22), (1, 2, 4), 2)


@NETWORKS.holds("each level has mult * base_channels channels, whatever mult is")
def assumes_doubling(trial: Trial) -> None:
    """Where each level doubles your numbers are right; with other multipliers they are not. A level has mult *
    base_channels channels, by its own mult."""
    # each is neither the double of the one before nor the product of all before it
    trial.call(trial.pick(8, 12), (1, *trial.pick((3, 5), (3, 4), (4, 7))), 2)


@NETWORKS.holds("it works when the first level already multiplies; conv_in still makes base_channels")
def assumes_first_multiplier_one(trial: Trial) -> None:
    """Your numbers are right while the first multiplier is 1. In general the highest level has channel_mults[0] *
    base_channels, and only conv_in's skip has base_channels."""
    trial.call(trial.pick(8, 12), trial.pick((3, 5, 7), (2, 3, 7)), 2)


@NETWORKS.holds("it works when channels shrink from a level to the next")
def assumes_growing_channels(trial: Trial) -> None:
    """Where a deeper level has fewer channels your numbers are wrong. Nothing in the network demands that channels grow
    on the way down: each level has its own multiplier, large or small."""
    trial.call(trial.pick(8, 12), trial.pick((5, 3, 2), (4, 1, 3), (7, 2, 3)), 2)


@NETWORKS.holds("it works when two levels have equally many channels")
def assumes_different_multipliers(trial: Trial) -> None:
    """Where two levels have the same multiplier your numbers are wrong. Tell levels apart by their place, not by their
    channels."""
    for mults in ((1, 1, 1), (2, 2, 3), (3, 2, 2), (2, 3, 2)):
        trial.call(trial.pick(8, 12), mults, 2)


@NETWORKS.holds("it works for other numbers of blocks than two")
def assumes_two_blocks(trial: Trial) -> None:
    """With num_res_blocks=2 your numbers are right, with others they are not. Is a 2 or a 3 written out somewhere?"""
    for blocks in (1, trial.pick(3, 4), 5):
        trial.call(trial.pick(8, 12), (1, 3, 5), blocks)


@NETWORKS.holds("it works for other numbers of levels than three")
def assumes_three_levels(trial: Trial) -> None:
    """With three levels your numbers are right, with more or fewer they are not. There are len(channel_mults)."""
    for mults in ((1, 3), trial.pick((1, 3, 4, 7), (1, 4, 6, 7)), (2, 5, 3, 4, 9), (4, 3, 2, 1), (1, 2, 2, 3)):
        trial.call(trial.pick(8, 12), mults, 2)


@NETWORKS.holds("a network of one level works, too: conv_in and its blocks leave all the skips there are")
def fails_for_one_level(trial: Trial) -> None:
    """A single level goes wrong. It has no Downsample, so conv_in and its blocks leave the only skips."""
    trial.call(trial.pick(8, 12), (trial.pick(1, 3),), trial.pick(2, 3))


@NETWORKS.holds("it works for any base, multipliers and number of blocks")
def any_network(trial: Trial) -> None:
    for _ in range(4):
        levels = trial.pick(1, 2, 3, 4, 5)
        mults = tuple(trial.pick(1, 2, 3, 4, 5, 6) for _ in range(levels))
        trial.call(trial.pick(5, 8, 12, 20, 96), mults, trial.pick(1, 2, 3, 4))


@NETWORKS.holds("the multipliers may stand in a list as well as in a tuple")
def needs_a_tuple(trial: Trial) -> None:
    """With a tuple of multipliers your numbers are right, and with a list they are not. Any sequence will do if you
    only loop over it and count it."""
    trial.call(trial.pick(8, 12), [1, 3, trial.pick(2, 4)], 2)


@NETWORKS.holds("all numbers are whole ones, as a convolution needs them")
def no_whole_numbers(trial: Trial) -> None:
    """Not all of your channels are plain whole numbers: some have a point, such as 64.0, or are tensors, and nn.Conv2d
    wants whole ones. A / makes a point; * and // of whole numbers leave them whole."""
    call = the_documents(trial)
    trial.see("whether all are whole", all_whole(call.see(observed=False)), call.text())


def all_whole(value: object) -> bool:
    return all(map(all_whole, value)) if isinstance(value, tuple) else isinstance(value, int)
