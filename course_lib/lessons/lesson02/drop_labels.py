"""What holds for drop_labels, and right answers written differently."""

import torch
from torch import Tensor

from course_lib.checks.exercise import Exercise
from course_lib.checks.guard import Failure
from course_lib.checks.trial import Call, PropertyEnds, Trial
from course_lib.guidance import drop_labels
from course_lib.lessons.lesson02.drop_labels_watched import watched

MANY = 4_000
# a right answer lands outside this many standard deviations once in 500 million times
SIGMAS = 6


EXERCISE = Exercise(
    "drop_labels",
    drop_labels,
    __name__,
    where="Ho and Salimans 2022, algorithm 1, and the table in 2.7 of the lesson",
    watched=watched,
    not_for_all={
        "another_shape": "its own first property says more",
        "another_type": "said in its own words, among the finer ones",
        "mixes_the_batch": "which labels are dropped is random: its own properties look at single labels",
        "all_zeros_are_nothing": "which labels are dropped is random: their share is looked at",
        "assumes_the_cpu": "labels and draws may both stay on the CPU until the model is called",
        "reseeds_the_random_state": "said in its own words",
    },
)
holds, right = EXERCISE.holds, EXERCISE.right


def text(labels: Tensor, probability: float, seed: int | None) -> str:
    given = "" if seed is None else f", generator with seed {seed}"
    return f"{len(labels)} labels, probability {probability:g}{given}"


def called(trial: Trial, labels: Tensor, probability: float, seed: int | None = None, draws: int = 1) -> tuple:
    """What comes back, and whether the global state was left alone; ends the property if it is no vector (B,)."""
    args = (labels, probability) if seed is None else (labels, probability, seed, draws)
    found = trial.handle.call(None, args, {}, seed=trial.random.randrange(2**31))
    given = text(labels, probability, seed)
    if isinstance(found, Failure):
        trial.checked("the result", found, given)
    result, untouched = found
    if not isinstance(result, Tensor) or result.shape != labels.shape:
        trial.see("the result", result, given)
        raise PropertyEnds
    return result, untouched


def some_labels(trial: Trial, count: int) -> Tensor:
    """Labels from 3 to 8, so that a 0, 1 or 2 among the results was not there before."""
    return trial.integers(3, 9, count)


def share_is_right(dropped: Tensor, probability: float) -> bool:
    allowed = SIGMAS * (probability * (1 - probability) / dropped.numel()) ** 0.5
    return bool((dropped.double().mean() - probability).abs() <= allowed)


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    return trial.calling(some_labels(trial, 8), 0.5, 3)


@EXERCISE.harder
def with_labels_of_every_kind(trial: Trial) -> Call:
    """A large batch with "no class", class 0 and many others, from a generator that was drawn from before."""
    return trial.calling(trial.integers(-1, 40, 60), trial.pick(0.3, 0.7), trial.random.randrange(4, 1000), 2)


@EXERCISE.telling
def told(call: Call) -> str:
    """The generator is made from a seed, and passed on as one."""
    labels, probability, seed, *_ = call.args
    return f"drop_labels({len(labels)} labels, {probability:g}, a generator with seed {seed})"


def share_of(trial: Trial, labels: Tensor, probability: float, given: str) -> None:
    """See the share of labels that are dropped."""
    dropped = called(trial, labels, probability)[0] != labels
    # the share itself is random, so only its distance is compared, and the mistakes are told apart in steps of 1/50
    near = round(float(dropped.double().mean()) * 50) / 50
    trial.see("the share of labels dropped", probability if share_is_right(dropped, probability) else near, given)


def several_draws(trial: Trial, count: int, batch: int, probability: float) -> list[Tensor]:
    """Which labels of the same batch were dropped, call after call."""
    labels = some_labels(trial, batch)
    return [called(trial, labels, probability)[0] != labels for _ in range(count)]


@holds("labels come back as they went in: a vector (B,) of whole numbers")
def form_of_the_result(trial: Trial) -> None:
    """What comes back is no vector of B whole numbers. Nothing is taken out of the batch: a dropped label stays in its
    place, as -1."""
    labels = some_labels(trial, trial.pick(5, 8))
    found = trial.handle.call(None, (labels, 0.5), {}, seed=1)
    given = text(labels, 0.5, None)
    if isinstance(found, Failure):
        trial.checked("the result", found, given)
    result = found[0]
    if isinstance(result, Tensor):
        trial.see("its shape", tuple(result.shape), given)
        trial.see(
            "whether it holds whole numbers", not result.is_floating_point() and result.dtype != torch.bool, given
        )
    else:
        trial.checked("the result", result, given)


@holds("with probability 0 every label is kept, as it is")
def labels_change_at_probability_zero(trial: Trial) -> None:
    """With probability 0 nothing should happen, and in your code some labels change or are dropped. Is the probability
    used at all, are kept labels left alone, and where a draw can be exactly 0, do you compare with < and not <=?"""
    labels = some_labels(trial, 500)
    result, _ = called(trial, labels, 0.0)
    trial.see("the result", result, text(labels, 0.0, None))


@holds("labels are dropped, also where no generator is given")
def nothing_dropped(trial: Trial) -> None:
    """Called without a generator, your code dropped no label in ten batches, at probability 0.5. Where labels are
    dropped with a generator: None is what stands there as a rule, and the draws then come from torch's global random
    numbers. Where none is dropped at all: is the new tensor kept and returned, and is it the tensor that changes, not
    the variable of a loop?"""
    found = several_draws(trial, 10, 64, 0.5)
    trial.see("whether any label is dropped", any(bool(one.any()) for one in found), "64 labels, probability 0.5")


@holds("a dropped label becomes -1, and all others stay what they are")
def not_minus_one(trial: Trial) -> None:
    """Some labels come back neither as they were nor as -1; see below. A kept label stays what it is, and a dropped one
    becomes -1, "no class": the one number that no class has. (Dropout is for features: it sets to 0, which is a class,
    and scales what it keeps.)"""
    # several batches: where one draw decides for all, some batch loses its labels
    labels = some_labels(trial, MANY // 10)
    results = [called(trial, labels, 0.5)[0] for _ in range(10)]
    new = torch.cat([result[result != labels] for result in results]).unique().tolist()
    trial.see("what stands where a label is not what it was", tuple(new[:12]), text(labels, 0.5, None))


@holds("some labels of a batch are dropped and others kept")
def one_draw_for_all(trial: Trial) -> None:
    """In none of twelve batches were some labels dropped and others kept. Each label needs a number of its own,
    torch.rand(labels.shape)."""
    found = several_draws(trial, 12, 64, 0.5)
    mixed = any(bool(one.any()) and not bool(one.all()) for one in found)
    trial.see("whether some labels of a batch are dropped and others kept", mixed, "64 labels, probability 0.5")


@holds("labels are dropped with the given probability")
def wrong_share(trial: Trial) -> None:
    """The share of dropped labels is not the probability that was asked for. torch.rand is below p with probability p,
    and that comparison is all there is: a whole number made of p, such as int(1 / p), has lost its fraction."""
    for probability in (0.1, 0.25, 0.9):
        labels = some_labels(trial, MANY)
        share_of(trial, labels, probability, text(labels, probability, None))


@holds("a batch of class 0 alone is dropped with the given probability, too")
def another_share_of_class_zero(trial: Trial) -> None:
    """Labels of a batch that is all class 0 are not dropped with the probability that was asked for, and those of other
    classes are. 0 is a class like any other. Is a 0 taken for the sign of a dropped label, as after dropout, which sets
    to 0, or after a product with a mask? Or is an `if` or a division there, which sees nothing in zeros? Ask the draw
    and not the label: draw < p."""
    labels = torch.zeros(MANY, dtype=torch.int64)
    share_of(trial, labels, 0.4, f"{MANY} labels, all 0, probability 0.4")


@holds("every call draws anew")
def same_draw_every_time(trial: Trial) -> None:
    """Every call drops the same labels, and the network would never hear those. Is something fixed, a seed or a pattern
    of places?"""
    found = several_draws(trial, 4, 64, 0.5)
    different = any(not torch.equal(found[0], one) for one in found[1:])
    trial.see("whether a second call drops other labels", different, "64 labels, probability 0.5")


@holds("each label is dropped independently, whatever its class and its place")
def not_every_label_alike(trial: Trial) -> None:
    """The share is right on average, and some classes or places are dropped more often than others, or together. Each
    label is to be drawn on its own."""
    labels, probability = some_labels(trial, MANY), 0.3
    result, _ = called(trial, labels, probability)
    dropped = result != labels
    given = text(labels, probability, None)
    classes = all(share_is_right(dropped[labels == label], probability) for label in range(3, 9))
    trial.see("whether every class loses the same share", classes, given)
    places = all(share_is_right(part, probability) for part in dropped.chunk(4))
    trial.see("whether every part of the batch loses the same share", places, given)
    for distance in (1, 2, 3, 7):
        pairs = dropped[:-distance] & dropped[distance:]
        # pairs overlap, so their number varies a little more than that of independent ones
        allowed = 2 * SIGMAS * (probability**2 / MANY) ** 0.5
        fine = bool((pairs.double().mean() - probability**2).abs() <= allowed)
        trial.see(f"whether labels {distance} apart are dropped independently", fine, given)


@holds("in a small batch, too, any label may be dropped")
def each_place_of_a_small_batch(trial: Trial) -> None:
    """In a batch of five, some labels are hardly ever dropped, or nearly always. Each has the same chance, wherever it
    stands."""
    # Every place of a small batch is dropped at times and kept at times.
    found = torch.stack(several_draws(trial, 30, 5, 0.5))
    share = found.double().mean(0)
    fine = bool((share > 0.05).all() and (share < 0.95).all())
    trial.see("whether each of the five is dropped at times and kept at times", fine, "5 labels, 30 times")


@holds("how many are dropped differs from batch to batch")
def number_is_fixed(trial: Trial) -> None:
    """How many labels are dropped hardly differs from batch to batch. Each label has a draw of its own, so their number
    varies; in a batch of one, a fixed number would be never or always."""
    found = several_draws(trial, 20, 20, 0.4)
    counts = {int(one.sum()) for one in found}
    trial.see("whether the number dropped differs from batch to batch", len(counts) > 2, "20 labels, probability 0.4")


@holds("a batch of one is dropped with the same probability")
def wrong_for_one_label(trial: Trial) -> None:
    """For a single label the share is wrong, though it is right for many. Does a rounded count decide?"""
    found = several_draws(trial, 60, 1, 0.5)
    trial.see("whether half of them are dropped", share_is_right(torch.cat(found), 0.5), "one label, 60 times")


@holds("every kept label, 0 included, is what it was")
def kept_labels_change(trial: Trial) -> None:
    """Some labels that were kept are not what they were, or class 0 is dropped with another probability. 0 is a class
    like the others."""
    labels = trial.integers(0, 1000, MANY)
    result, _ = called(trial, labels, 0.3)
    kept = result != -1
    trial.see("whether all that is kept is as it was", bool((result[kept] == labels[kept]).all()), "labels 0 to 999")
    zeros, _ = called(trial, torch.zeros(MANY, dtype=torch.int64), 0.3)
    trial.see("whether class 0 loses the same share", share_is_right(zeros == -1, 0.3), "labels that are all 0")


@holds("labels stay int64")
def wrong_type(trial: Trial) -> None:
    """The labels come back in another type of whole number. They are int64 before, and stay so."""
    labels = some_labels(trial, 6)
    result, _ = called(trial, labels, 0.5)
    trial.see("its type", str(result.dtype), text(labels, 0.5, None))


@holds("a label that is -1 already stays -1")
def no_class_comes_back(trial: Trial) -> None:
    """A label that was -1 before came back as something else."""
    labels = some_labels(trial, 200)
    labels[::2] = -1
    result, _ = called(trial, labels, 0.5)
    trial.see("those that had no class before", result[::2], "a batch in which every second label is -1")


@holds("with a generator, the same seed drops the same labels")
def generator_not_used(trial: Trial) -> None:
    """Two generators with the same seed drop different labels. Is every draw made with the generator that was given?
    torch.rand takes it by its name, generator=generator; dropout and Python's own random take none."""
    labels, seed = some_labels(trial, 200), trial.random.randrange(1000)
    first, _ = called(trial, labels, 0.5, seed)
    again, _ = called(trial, labels, 0.5, seed)
    trial.see("whether the same seed drops the same labels", torch.equal(first, again), text(labels, 0.5, seed))


@holds("generators with different seeds drop different labels")
def generator_seeded_anew(trial: Trial) -> None:
    """Generators with different seeds drop the same labels. Does the draw come from the generator as it is, without a
    seed of your own?"""
    labels = some_labels(trial, 200)
    first, _ = called(trial, labels, 0.5, 1)
    second, _ = called(trial, labels, 0.5, 2)
    trial.see("whether another seed drops other labels", not torch.equal(first, second), "generators 1 and 2")


@holds("a second draw from the same generator drops other labels")
def generator_stands_still(trial: Trial) -> None:
    """Two draws from one generator drop the same labels, so every batch would lose the same places. A generator moves
    on with every draw that is made from it: draw from the one that is given, and not from a new one with its seed."""
    labels = some_labels(trial, 200)
    first, again = (called(trial, labels, 0.5, 1, draws)[0] for draws in (1, 2))
    trial.see("whether a second draw drops other labels", not torch.equal(first, again), "one generator, two batches")


@holds("the probability holds with a generator as well")
def wrong_share_with_a_generator(trial: Trial) -> None:
    """Without a generator your share is right, with one it is not. Both ways need the same comparison."""
    labels = some_labels(trial, MANY)
    result, _ = called(trial, labels, 0.2, trial.random.randrange(1000))
    trial.see("whether the share is right with a generator", share_is_right(result == -1, 0.2), "probability 0.2")


@holds("with a generator, torch's global random numbers are left alone")
def global_numbers_touched(trial: Trial) -> None:
    """Given a generator, your code still used or seeded torch's global random numbers. Whoever passes a generator wants
    exactly that not to happen."""
    _, untouched = called(trial, some_labels(trial, 50), 0.5, 3)
    trial.see("whether torch's global random numbers are as before", untouched, "a generator was given")


@holds("the global random state is not set")
def reseeds_the_random_state(trial: Trial) -> None:
    """Your code sets the global seed (torch.manual_seed or the like). Everything random that follows would repeat
    itself: noise, dropout, the order of the images."""
    found = trial.handle.reseeds(None, (some_labels(trial, 50), 0.5), {})
    trial.see("whether it sets the seed", found is True)
    found = trial.handle.reseeds(None, (some_labels(trial, 50), 0.5, 3), {})
    trial.see("whether it sets the seed, given a generator", found is True)


@right
def by_where(labels: Tensor, probability: float, generator: torch.Generator | None = None) -> Tensor:
    drop = torch.rand(len(labels), generator=generator) < probability
    return torch.where(drop, torch.full_like(labels, -1), labels)


@right
def by_bernoulli(labels: Tensor, probability: float, generator: torch.Generator | None = None) -> Tensor:
    drop = torch.bernoulli(torch.full(labels.shape, probability), generator=generator).bool()
    dropped = labels.clone()
    dropped[drop] = -1
    return dropped


@right
def by_keeping(labels: Tensor, probability: float, generator: torch.Generator | None = None) -> Tensor:
    keep = (torch.rand(labels.shape, generator=generator) >= probability).long()
    return keep * labels - (1 - keep)


@right
def by_shifting(labels: Tensor, probability: float, generator: torch.Generator | None = None) -> Tensor:
    keep = torch.rand(labels.shape, generator=generator) > probability
    return (labels + 1) * keep - 1


@right
def one_by_one(labels: Tensor, probability: float, generator: torch.Generator | None = None) -> Tensor:
    draws = torch.rand(len(labels), generator=generator, dtype=torch.float64).tolist()
    return torch.tensor(
        [-1 if draw < probability else label for draw, label in zip(draws, labels.tolist(), strict=True)]
    )


@right
def in_place_on_a_copy(labels: Tensor, probability: float, generator: torch.Generator | None = None) -> Tensor:
    draws = torch.empty(labels.shape).uniform_(generator=generator)
    return labels.clone().masked_fill_(draws.lt(probability), -1)
