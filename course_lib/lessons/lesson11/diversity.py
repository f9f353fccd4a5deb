"""What holds for diversity, and right answers written differently."""

from typing import Any

import torch
from torch import Tensor

from course_lib.checks.exercise import Exercise
from course_lib.checks.guard import Failure
from course_lib.checks.trial import Call, Trial, as_number
from course_lib.evaluation.metrics import diversity

EXERCISE = Exercise(
    "diversity",
    diversity,
    __name__,
    where="lesson 11, section 11.2",
    not_for_all={
        "assumes_the_cpu": "a measure, taken of what has come back from the network",
        "gradients_cut": "a measure: nothing learns through it",
        "mixes_the_batch": "spread inside a class needs more than one image",
    },
)
holds, right = EXERCISE.holds, EXERCISE.right


def some(trial: Trial, counts: dict[int, int], dim: int) -> tuple[Tensor, Tensor]:
    """Features of `counts[k]` images of class k, in random order: every class with a place and a spread of its own."""
    labels = torch.tensor([label for label, count in counts.items() for _ in range(count)])
    labels = labels[torch.randperm(len(labels), generator=trial.generator)]
    most = max(counts) + 1
    places, spreads = 3 * trial.normal(most, dim), 0.5 + 2 * trial.uniform(most, dim)
    return places[labels] + spreads[labels] * trial.normal(len(labels), dim), labels


def example(trial: Trial) -> tuple:
    return some(trial, {0: 4, 3: 6}, 3)


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    return trial.calling(*example(trial))


@EXERCISE.harder
def five_classes_of_unlike_size(trial: Trial) -> Call:
    """Classes of unlike size, one with a single image, labels with gaps, and large features that are not centred."""
    features, labels = some(trial, {2: 7, 5: 1, 11: 2, 40: 13, 41: 5}, 6)
    return trial.calling(4 * features + 10, labels)


@holds("two unlike images of one class count, whatever the class is")
def class_not_looked_at(trial: Trial) -> None:
    """Two unlike images of one class are here, and what comes is 0, no number, or an error over an empty list, as if
    there were no pair. Is their class among those that you go through? Classes need not be numbered from 0 without
    gaps, and range(n) begins at 0 and ends at n - 1; labels.unique() gives the classes that occur. And is a class of
    two taken? Two are a pair."""
    for label in (5, 0):
        call = trial.calling(trial.normal(2, 4), torch.tensor([label, label]))
        found = as_number(call.value())
        nothing = over_nothing(found) or (isinstance(found, int | float) and not abs(found) > 0)
        trial.see("whether it finds nothing to take a mean of", nothing, call.text())


def over_nothing(found: Any) -> bool:
    """Whether it stopped because a list has nothing in it."""
    stopped = isinstance(found, Failure) and found.kind == "raised"
    return stopped and any(words in found.text for words in ("empty", "division by zero", "at least one"))


@holds("for two images of one class it is their squared distance")
def wrong_for_two_images(trial: Trial) -> None:
    """For two images of one class there is one pair, and the answer is its squared distance: the features' differences,
    squared and added up. The mean over the classes is over that one class. Yours is something else."""
    trial.call(trial.normal(2, 4), torch.tensor([5, 5]))


@holds("for one class it is the mean squared distance of two different images")
def wrong_for_one_class(trial: Trial) -> None:
    """It is right for two images and wrong for more: all pairs of different images count, and they are averaged, not
    added up."""
    trial.call(*some(trial, {trial.pick(0, 7): 6}, 3))


@holds("it is the mean over the classes")
def wrong_for_several_classes(trial: Trial) -> None:
    """It is right for one class and wrong for several. Each class's spread is taken around the mean of its own images;
    then the classes' spreads are added up and divided by their number."""
    features, labels = some(trial, {0: 5, 2: 5, 9: 5}, 4)
    order = labels.argsort()
    trial.call(features[order], labels[order])


@holds("the images of a class may stand anywhere")
def class_by_class(trial: Trial) -> None:
    """With the images sorted by class you are right, and with the classes mixed not. labels.unique() names each class
    once, and labels == label finds all its images, wherever they stand. unique_consecutive and groupby begin anew
    wherever the label changes, and a slice takes neighbours."""
    features, labels = some(trial, {0: 5, 2: 5, 9: 5}, 4)
    order = torch.cat([labels.argsort()[:5], labels.argsort()[5:].reshape(2, 5).T.flatten()])
    trial.call(features[order], labels[order])


@holds("for any number of classes, and whatever their labels are")
def other_labels(trial: Trial) -> None:
    """For the classes 0, 2 and 9 your number is right, and for others, or for another number of them, not. Labels may
    be any whole numbers, and some may be missing: labels.unique() says which occur."""
    trial.call(*some(trial, {3: 4, 12: 4, 40: 4}, 3))
    trial.call(*some(trial, dict.fromkeys(range(20), 3), 2))
    trial.call(*some(trial, {8: 5, 9: 5}, 3))


@holds("every class counts alike, however many images it has")
def uneven(trial: Trial) -> None:
    """With classes of unequal size your number is wrong. Does a class with more images weigh more than one with few?
    Each class gives one number, divided by its own N - 1, and the mean of these numbers counts every class once."""
    trial.call(*some(trial, {0: 3, 1: 9, 4: 2}, 4))


@holds("a class with a single image is left out")
def lonely_image_not_left_out(trial: Trial) -> None:
    """With classes of a single image your number is wrong: one image says nothing about how two differ, and its
    variance is 0 / 0, NaN. Leave such classes out, from the sum and from the count."""
    trial.call(*some(trial, {1: 4, 2: 1, 6: 3, 8: 1}, 3))


@holds("two equal images of a class are a pair, with the distance 0")
def equal_images_left_out(trial: Trial) -> None:
    """Where two images of a class have equal features your number is wrong. They are a pair like any other, with the
    distance 0, and make the mean smaller. Are distances of 0 left out, as d[d > 0] does, or is one of two equal images?
    What is not a pair is an image with itself: by its place, i and i, and not by its distance."""
    for rows in ([0, 1, 1, 2, 3], [2, 0, 0, 0, 1, 2]):
        features = trial.normal(4, 5)[rows]
        trial.call(features, torch.full((len(rows),), 3))


@holds("a class of equal images counts, with the spread 0")
def spread_of_zero_left_out(trial: Trial) -> None:
    """Where all images of one class are equal, and those of others are not, your number is wrong. Such a class has the
    spread 0, and counts in the mean. Only a class with a single image is left out: ask how many images there are, and
    not how large the spread is."""
    # the mean of two or four equal numbers is rounded nowhere
    for equal in (0, 1):
        features, labels = some(trial, {0: 4, 1: 2, 2: 5}, 3)
        features[labels == equal] = trial.normal(3)
        trial.call(features, labels)


@holds("one picture a class, repeated, gives 0")
def same_picture(trial: Trial) -> None:
    # One picture a class, repeated.
    labels = torch.arange(12) % 3
    trial.call(trial.normal(3, 5)[labels], labels)


@holds("it works for a single feature")
def one_feature(trial: Trial) -> None:
    trial.call(*some(trial, {0: 4, 1: 6}, 1))


@holds("it does not depend on where the features lie")
def far_from_zero(trial: Trial) -> None:
    features, labels = some(trial, {0: 30, 1: 20}, 3)
    trial.call(features + 3000, labels)


@holds("the answer is one number")
def one_number(trial: Trial) -> None:
    value = trial.handle.call(None, example(trial), {})
    plain = isinstance(value, float | int) or (isinstance(value, Tensor) and value.ndim == 0)
    trial.see("whether it is one number", plain, "diversity(tensor (10, 3), tensor (10,))")


@right
def all_pairs(features, labels):
    means = []
    for label in set(labels.tolist()):
        images = features[labels == label].double()
        count = len(images)
        if count < 2:
            continue
        total = 0.0
        for i in range(count):
            for j in range(i + 1, count):
                total += (images[i] - images[j]).square().sum().item()
        means.append(total / (count * (count - 1) / 2))
    return sum(means) / len(means)


@right
def by_differences(features, labels):
    means = []
    for label in labels.unique():
        images = features[labels == label].double()
        if len(images) > 1:
            differences = images[:, None] - images[None, :]
            means.append(differences.pow(2).sum() / (len(images) * (len(images) - 1)))
    return torch.stack(means).mean().item()


@right
def by_the_trace(features, labels):
    found = []
    for label in range(int(labels.max()) + 1):
        mine = features[labels == label].double()
        if mine.shape[0] >= 2:
            centred = mine - mine.mean(0)
            found.append(2 * float((centred**2).sum()) / (mine.shape[0] - 1))
    return sum(found) / len(found)


@right
def in_float32(features, labels):
    spreads = [features[labels == k].var(dim=0).sum() for k in labels.unique() if (labels == k).sum() > 1]
    return 2 * torch.stack(spreads).mean()
