"""Exercise drop_labels (lesson 02). Draws are random, so what is compared is shares, patterns and repeatability."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.checks.exercise import Alternative, Exercise, Misconception, Property, mistakes_of
from course_lib.checks.guard import Failure
from course_lib.checks.scene import PropertyEnds, Scene
from course_lib.checks.watched.drop_labels import watched
from course_lib.guidance import drop_labels

MANY = 4_000
# a right answer lands outside this many standard deviations once in 500 million times
SIGMAS = 6


def text(labels: Tensor, probability: float, seed: int | None) -> str:
    given = "" if seed is None else f", generator with seed {seed}"
    return f"{len(labels)} labels, probability {probability:g}{given}"


def called(scene: Scene, labels: Tensor, probability: float, seed: int | None = None, numpy_seed: int = 0) -> tuple:
    """What comes back, and whether the global state was left alone; ends the property if it is no vector (B,)."""
    np.random.seed(numpy_seed)
    args = (labels, probability) if seed is None else (labels, probability, seed)
    found = scene.handle.call(None, args, {}, seed=scene.random.randrange(2**31))
    given = text(labels, probability, seed)
    if isinstance(found, Failure):
        scene.checked("the result", found, given)
    result, untouched = found
    if not isinstance(result, Tensor) or result.shape != labels.shape:
        scene.see("the result", result, given)
        raise PropertyEnds
    return result, untouched


def some_labels(scene: Scene, count: int) -> Tensor:
    """Labels from 3 to 8, so that a 0, 1 or 2 among the results was not there before."""
    return scene.integers(3, 9, count)


def share_is_right(dropped: Tensor, probability: float) -> bool:
    allowed = SIGMAS * (probability * (1 - probability) / dropped.numel()) ** 0.5
    return bool((dropped.double().mean() - probability).abs() <= allowed)


def form(scene: Scene) -> None:
    labels = some_labels(scene, scene.pick(5, 8))
    found = scene.handle.call(None, (labels, 0.5), {}, seed=1)
    given = text(labels, 0.5, None)
    if isinstance(found, Failure):
        scene.checked("the result", found, given)
    result = found[0]
    if isinstance(result, Tensor):
        scene.see("its shape", tuple(result.shape), given)
        scene.see(
            "whether it holds whole numbers", not result.is_floating_point() and result.dtype != torch.bool, given
        )
    else:
        scene.see("the result", result, given)


def int64(scene: Scene) -> None:
    labels = some_labels(scene, 6)
    result, _ = called(scene, labels, 0.5)
    scene.see("its type", str(result.dtype), text(labels, 0.5, None))


def nothing_dropped(scene: Scene) -> None:
    labels = some_labels(scene, 500)
    result, _ = called(scene, labels, 0.0)
    scene.see("the result", result, text(labels, 0.0, None))


def what_replaces(scene: Scene) -> None:
    labels = some_labels(scene, MANY)
    result, _ = called(scene, labels, 0.5)
    new = result[result != labels].unique().tolist()
    scene.see("what stands where the label is gone", tuple(new[:12]), text(labels, 0.5, None))


def share(scene: Scene) -> None:
    for probability in (0.1, 0.25, 0.9):
        labels = some_labels(scene, MANY)
        result, _ = called(scene, labels, probability)
        dropped = result != labels
        given = text(labels, probability, None)
        # the share itself is random, so only its distance is compared, and the mistakes are told apart in steps of 1/50
        near = round(float(dropped.double().mean()) * 50) / 50
        if share_is_right(dropped, probability):
            near = probability
        scene.see("the share of labels dropped", near, given)


def several_draws(scene: Scene, count: int, batch: int, probability: float) -> list[Tensor]:
    """Which labels of the same batch were dropped, call after call."""
    labels = some_labels(scene, batch)
    return [called(scene, labels, probability)[0] != labels for _ in range(count)]


def both_kinds_in_a_batch(scene: Scene) -> None:
    found = several_draws(scene, 12, 64, 0.5)
    mixed = any(bool(one.any()) and not bool(one.all()) for one in found)
    scene.see("whether some labels of a batch are dropped and others kept", mixed, "64 labels, probability 0.5")


def another_draw_every_time(scene: Scene) -> None:
    found = several_draws(scene, 4, 64, 0.5)
    different = any(not torch.equal(found[0], one) for one in found[1:])
    scene.see("whether a second call drops other labels", different, "64 labels, probability 0.5")


def any_number_in_a_batch(scene: Scene) -> None:
    found = several_draws(scene, 20, 20, 0.4)
    counts = {int(one.sum()) for one in found}
    scene.see("whether the number dropped differs from batch to batch", len(counts) > 2, "20 labels, probability 0.4")


def batch_of_one(scene: Scene) -> None:
    found = several_draws(scene, 60, 1, 0.5)
    scene.see("whether half of them are dropped", share_is_right(torch.cat(found), 0.5), "one label, 60 times")


def the_same_for_every_class_and_place(scene: Scene) -> None:
    labels, probability = some_labels(scene, MANY), 0.3
    result, _ = called(scene, labels, probability)
    dropped = result != labels
    given = text(labels, probability, None)
    classes = all(share_is_right(dropped[labels == label], probability) for label in range(3, 9))
    scene.see("whether every class loses the same share", classes, given)
    places = all(share_is_right(part, probability) for part in dropped.chunk(4))
    scene.see("whether every part of the batch loses the same share", places, given)
    for distance in (1, 2, 3, 7):
        pairs = dropped[:-distance] & dropped[distance:]
        # pairs overlap, so their number varies a little more than that of independent ones
        allowed = 2 * SIGMAS * (probability**2 / MANY) ** 0.5
        fine = bool((pairs.double().mean() - probability**2).abs() <= allowed)
        scene.see(f"whether labels {distance} apart are dropped independently", fine, given)


def first_labels_too(scene: Scene) -> None:
    """Every place of a small batch is dropped at times and kept at times."""
    found = torch.stack(several_draws(scene, 30, 5, 0.5))
    share = found.double().mean(0)
    fine = bool((share > 0.05).all() and (share < 0.95).all())
    scene.see("whether each of the five is dropped at times and kept at times", fine, "5 labels, 30 times")


def no_class_already(scene: Scene) -> None:
    labels = some_labels(scene, 200)
    labels[::2] = -1
    result, _ = called(scene, labels, 0.5)
    scene.see("those that had no class before", result[::2], "a batch in which every second label is -1")


def every_label(scene: Scene) -> None:
    labels = scene.integers(0, 1000, MANY)
    result, _ = called(scene, labels, 0.3)
    kept = result != -1
    scene.see("whether all that is kept is as it was", bool((result[kept] == labels[kept]).all()), "labels 0 to 999")
    zeros, _ = called(scene, torch.zeros(MANY, dtype=torch.int64), 0.3)
    scene.see("whether class 0 loses the same share", share_is_right(zeros == -1, 0.3), "labels that are all 0")


def generator_repeats(scene: Scene) -> None:
    labels, seed = some_labels(scene, 200), scene.random.randrange(1000)
    first, _ = called(scene, labels, 0.5, seed, numpy_seed=1)
    again, _ = called(scene, labels, 0.5, seed, numpy_seed=2)
    scene.see("whether the same seed drops the same labels", torch.equal(first, again), text(labels, 0.5, seed))


def generator_matters(scene: Scene) -> None:
    labels = some_labels(scene, 200)
    first, _ = called(scene, labels, 0.5, 1)
    second, _ = called(scene, labels, 0.5, 2)
    scene.see("whether another seed drops other labels", not torch.equal(first, second), "generators 1 and 2")


def generator_share(scene: Scene) -> None:
    labels = some_labels(scene, MANY)
    result, _ = called(scene, labels, 0.2, scene.random.randrange(1000))
    scene.see("whether the share is right with a generator", share_is_right(result == -1, 0.2), "probability 0.2")


def global_numbers_untouched(scene: Scene) -> None:
    _, untouched = called(scene, some_labels(scene, 50), 0.5, 3)
    scene.see("whether torch's global random numbers are as before", untouched, "a generator was given")


def seed_left_alone(scene: Scene) -> None:
    found = scene.handle.reseeds(None, (some_labels(scene, 50), 0.5), {})
    scene.see("whether it sets the seed", found is True)
    found = scene.handle.reseeds(None, (some_labels(scene, 50), 0.5, 3), {})
    scene.see("whether it sets the seed, given a generator", found is True)


# ---- right, written differently ----


def by_where(labels: Tensor, probability: float, generator: torch.Generator | None = None) -> Tensor:
    drop = torch.rand(len(labels), generator=generator) < probability
    return torch.where(drop, torch.full_like(labels, -1), labels)


def by_bernoulli(labels: Tensor, probability: float, generator: torch.Generator | None = None) -> Tensor:
    drop = torch.bernoulli(torch.full(labels.shape, probability), generator=generator).bool()
    dropped = labels.clone()
    dropped[drop] = -1
    return dropped


def by_keeping(labels: Tensor, probability: float, generator: torch.Generator | None = None) -> Tensor:
    keep = (torch.rand(labels.shape, generator=generator) >= probability).long()
    return keep * labels - (1 - keep)


def by_shifting(labels: Tensor, probability: float, generator: torch.Generator | None = None) -> Tensor:
    keep = torch.rand(labels.shape, generator=generator) > probability
    return (labels + 1) * keep - 1


def one_by_one(labels: Tensor, probability: float, generator: torch.Generator | None = None) -> Tensor:
    draws = torch.rand(len(labels), generator=generator, dtype=torch.float64).tolist()
    return torch.tensor(
        [-1 if draw < probability else label for draw, label in zip(draws, labels.tolist(), strict=True)]
    )


def in_place_on_a_copy(labels: Tensor, probability: float, generator: torch.Generator | None = None) -> Tensor:
    draws = torch.empty(labels.shape).uniform_(generator=generator)
    return labels.clone().masked_fill_(draws.lt(probability), -1)


# ---- wrong, where an edit does not do ----


def exact_number(labels: Tensor, probability: float, generator: torch.Generator | None = None) -> Tensor:
    chosen = torch.randperm(len(labels), generator=generator)[: round(probability * len(labels))]
    dropped = labels.clone()
    dropped[chosen] = -1
    return dropped


def first_ones(labels: Tensor, probability: float, generator: torch.Generator | None = None) -> Tensor:
    dropped = labels.clone()
    dropped[: round(probability * len(labels))] = -1
    return dropped


def every_nth(labels: Tensor, probability: float, generator: torch.Generator | None = None) -> Tensor:
    places = torch.arange(len(labels)).double()
    return labels.masked_fill(((places + 1) * probability).floor() > (places * probability).floor(), -1)


def as_dropout(labels: Tensor, probability: float, generator: torch.Generator | None = None) -> Tensor:
    return F.dropout(labels.float(), probability)


def by_numpy(labels: Tensor, probability: float, generator: torch.Generator | None = None) -> Tensor:
    return labels.masked_fill(torch.from_numpy(np.random.rand(len(labels))) < probability, -1)


def label_noise(labels: Tensor, probability: float, generator: torch.Generator | None = None) -> Tensor:
    drop = torch.rand(labels.shape, generator=generator) < probability
    return torch.where(drop, torch.randint(0, 10, labels.shape, generator=generator), labels)


DRAWS = "torch.rand(labels.shape, generator=generator, device=device).to(labels.device)"
RESULT = "labels.masked_fill(draws < probability, NO_CLASS)"


mistake = mistakes_of(drop_labels)


def replaced(name: str, value: str, sentence: str) -> Misconception:
    return mistake(name, sentence, (RESULT, f"torch.where(draws < probability, {value}, labels)"))


EXERCISES = (
    Exercise(
        name="drop_labels",
        reference=drop_labels,
        lesson="02",
        where="Ho and Salimans 2022, algorithm 1, and the table in 2.7 of the lesson",
        watched=watched,
        properties=(
            Property(
                "form_of_the_result",
                "labels come back as they went in: a vector (B,) of whole numbers",
                form,
                "What comes back is no vector of B labels. Nothing is taken out of the batch: a dropped label stays in "
                "its place, as -1, and all are whole numbers.",
            ),
            Property(
                "labels_change_at_probability_zero",
                "with probability 0 every label is kept, as it is",
                nothing_dropped,
                "With probability 0 nothing should happen, and in your code some labels change or are dropped. Is the "
                "probability used at all, and are kept labels left alone?",
            ),
            Property(
                "not_minus_one",
                "a dropped label becomes -1, and all others stay what they are",
                what_replaces,
                'Where a label is gone stands something else than -1. Only -1 means "no class" here: it is the one '
                "number that no class has.",
            ),
            Property(
                "one_draw_for_all",
                "some labels of a batch are dropped and others kept",
                both_kinds_in_a_batch,
                "Your batch is dropped as a whole or kept as a whole: one draw decides for all images. Each label "
                "needs a number of its own, torch.rand(labels.shape).",
            ),
            Property(
                "wrong_share",
                "labels are dropped with the given probability",
                share,
                "The share of dropped labels is not the probability that was asked for. torch.rand is below p with "
                "probability p, and that comparison is all there is.",
            ),
            Property(
                "same_draw_every_time",
                "every call draws anew",
                another_draw_every_time,
                "Every call drops the same labels. Something is fixed (a seed, a pattern of places), and the network "
                "would never hear those labels.",
            ),
            Property(
                "not_every_label_alike",
                "each label is dropped independently, whatever its class and its place",
                the_same_for_every_class_and_place,
                "The share is right on average, and some classes or places are dropped more often than others, or "
                "together. Each label is to be drawn on its own.",
            ),
            Property(
                "each_place_of_a_small_batch",
                "in a small batch, too, any label may be dropped",
                first_labels_too,
                "In a batch of five, some labels are always dropped or never. Each has the same chance, wherever it "
                "stands.",
            ),
            Property(
                "number_is_fixed",
                "how many are dropped differs from batch to batch",
                any_number_in_a_batch,
                "You drop the same number of labels in every batch. Each label has a draw of its own, so their number "
                "varies; in a batch of one, a fixed number would be never or always.",
            ),
            Property(
                "wrong_for_one_label",
                "a batch of one is dropped with the same probability",
                batch_of_one,
                "For a single label the share is wrong, though it is right for many. Does a rounded count decide?",
            ),
            Property(
                "kept_labels_change",
                "every kept label, 0 included, is what it was",
                every_label,
                "Some labels that were kept are not what they were, or class 0 is treated in a special way. 0 is a "
                "class like the others.",
            ),
            Property(
                "wrong_type",
                "labels stay int64",
                int64,
                "The labels come back in another type of whole number. They are int64 before, and stay so.",
            ),
            Property(
                "no_class_comes_back",
                "a label that is -1 already stays -1",
                no_class_already,
                "A label that was -1 before came back as something else.",
            ),
            Property(
                "generator_not_used",
                "with a generator, the same seed drops the same labels",
                generator_repeats,
                "Two generators with the same seed drop different labels: somewhere your draw does not use the "
                "generator it was given. Pass generator=generator.",
            ),
            Property(
                "generator_seeded_anew",
                "generators with different seeds drop different labels",
                generator_matters,
                "Generators with different seeds drop the same labels. Use the generator as it comes, without seeding "
                "it yourself.",
            ),
            Property(
                "wrong_share_with_a_generator",
                "the probability holds with a generator as well",
                generator_share,
                "Without a generator your share is right, with one it is not. Both ways need the same comparison.",
            ),
            Property(
                "global_numbers_touched",
                "with a generator, torch's global random numbers are left alone",
                global_numbers_untouched,
                "Given a generator, your code still used or seeded torch's global random numbers. Whoever passes a "
                "generator wants exactly that not to happen.",
            ),
            Property(
                "reseeds_the_random_state",
                "the global random state is not set",
                seed_left_alone,
                "Your code sets the global seed (torch.manual_seed or the like). Everything random that follows would "
                "repeat itself: noise, dropout, the order of the images.",
            ),
        ),
        misconceptions=(
            mistake(
                "probability_inverted",
                "You keep with the probability that should drop. rand < p is true with probability p, and those "
                "are the "
                "labels to drop: at p = 0.1 your network would hear one label in ten.",
                ("draws < probability", "draws > probability"),
            ),
            mistake(
                "never_drops",
                "Your labels come back as they were: nothing is ever dropped, so the network never learns to draw "
                "without a class.",
                (RESULT, "labels.clone()"),
            ),
            mistake(
                "drops_everything",
                "You drop every label, whatever the probability. No class would ever reach the network.",
                (RESULT, "torch.full_like(labels, NO_CLASS)"),
            ),
            replaced(
                "dropped_becomes_class_zero",
                "0",
                'A dropped label becomes 0 in your code. But 0 is a class, the first one: "no class" is -1.',
            ),
            replaced(
                "dropped_becomes_class_ten",
                "10",
                'A dropped label becomes 10. Some papers give "no class" a row of its own at the end of the table; in '
                "this course it is -1 and has none.",
            ),
            replaced(
                "dropped_becomes_one_more_than_the_largest",
                "labels.max() + 1",
                'A dropped label becomes one more than the largest. What "no class" is called must not depend on the '
                "batch: it is -1.",
            ),
            replaced(
                "dropped_becomes_plus_one",
                "1",
                'A dropped label becomes 1, a class. A minus sign is missing: "no class" is -1.',
            ),
            replaced(
                "dropped_becomes_its_negative",
                "-labels",
                "A dropped label changes its sign. Whatever it was before, it becomes -1.",
            ),
            replaced(
                "dropped_is_lowered_by_one",
                "labels - 1",
                "You subtract 1 from a dropped label, which makes it the class before. It is *replaced* by -1.",
            ),
            Misconception(
                "label_noise",
                "You replace a dropped label by a random class. That teaches wrong classes; -1 says that there "
                "is none.",
                label_noise,
            ),
            mistake(
                "dropped_ones_removed",
                "You took the dropped labels out of the batch, and now there are fewer labels than images. They "
                "stay in "
                "their place, as -1.",
                (RESULT, "labels[draws >= probability]"),
            ),
            mistake(
                "mask_returned",
                "You return which labels are dropped, true or false, instead of the labels themselves.",
                (RESULT, "draws < probability"),
            ),
            mistake(
                "draws_returned",
                "You return the random numbers. They only decide; what goes back is labels.",
                (RESULT, "draws"),
            ),
            mistake(
                "labels_and_mask_returned",
                "You return two things, the labels and the mask. Only the labels were asked for.",
                (RESULT, f"{RESULT}, draws < probability"),
            ),
            Misconception(
                "dropout_on_labels",
                "nn.Dropout is for features: it gives floats, sets the dropped ones to 0, a class, and scales the "
                "rest, so that class 4 becomes class 8 at p = 0.5.",
                as_dropout,
            ),
            mistake(
                "one_draw_for_the_batch",
                "You draw once for the whole batch, so all its images lose their label or none does. Draw one number "
                "for each: torch.rand(labels.shape).",
                ("labels.shape, generator", "1, generator"),
            ),
            mistake(
                "always_half",
                "Your draw ignores the probability and tosses a fair coin.",
                ("draws < probability", "draws < 0.5"),
            ),
            mistake(
                "always_a_tenth",
                "You wrote 0.1 where the probability belongs. It is usual, and it is an argument.",
                ("draws < probability", "draws < 0.1"),
            ),
            mistake(
                "normal_draws",
                "You draw normal numbers (randn). Those are below 0 half of the time; uniform ones from 0 to 1 (rand) "
                "are below p with probability p.",
                ("torch.rand(", "torch.randn("),
            ),
            mistake(
                "probability_squared",
                "You compare twice, or square the probability: labels are dropped with p * p.",
                ("draws < probability", "draws < probability**2"),
            ),
            mistake(
                "probability_halved",
                "You drop half as many labels as asked for.",
                ("draws < probability", "draws < probability / 2"),
            ),
            mistake(
                "probability_in_percent",
                "You treat the probability as a number of percent. It runs from 0 to 1.",
                ("draws < probability", "draws < probability / 100"),
            ),
            mistake(
                "dropped_by_class",
                "You draw a number for each *class*: all images of a class lose their label together. Draw one for "
                "each image.",
                (DRAWS, "torch.rand(1000, generator=generator)[labels]"),
            ),
            Misconception(
                "first_ones",
                "You drop the first labels of the batch, always the same places. Which ones are dropped is to "
                "be random.",
                first_ones,
            ),
            Misconception(
                "every_nth",
                "You drop every so many-th label, a fixed pattern of places. It is to be random.",
                every_nth,
            ),
            Misconception(
                "exact_number",
                "You draw a fixed number of places, randperm(B)[:p * B]. Each label has its own draw, so the number "
                "varies: a batch of one would otherwise never lose its label.",
                exact_number,
            ),
            mistake(
                "seeded_inside",
                "You seed a generator inside the function, so every call drops the same places. Seeds are given from "
                "outside.",
                ("draws = torch", "generator = torch.Generator().manual_seed(0); draws = torch"),
            ),
            mistake(
                "generator_ignored",
                "You never use the generator, so a run cannot be repeated. Hand it on: torch.rand(..., "
                "generator=generator).",
                ("generator=generator", "generator=None"),
            ),
            Misconception(
                "numpys_random_numbers",
                "Your numbers come from numpy, which knows nothing of the generator. torch.rand takes it.",
                by_numpy,
            ),
        ),
        alternatives=(
            Alternative("by_where", by_where),
            Alternative("by_bernoulli", by_bernoulli),
            Alternative("by_keeping", by_keeping),
            Alternative("by_shifting", by_shifting),
            Alternative("one_by_one", one_by_one),
            Alternative("in_place_on_a_copy", in_place_on_a_copy),
        ),
    ),
)
