"""What holds for paired_noise, and right answers written differently."""

from itertools import permutations
from typing import Any

import torch
from torch import Tensor

from course_lib.checks.compare import difference
from course_lib.checks.exercise import Exercise
from course_lib.checks.guard import Failure
from course_lib.checks.trial import Call, Trial
from course_lib.straightening import cheapest_assignment, paired_noise

EXERCISE = Exercise(
    "paired_noise",
    paired_noise,
    __name__,
    where="section 14.2",
    not_for_all={
        "mixes_the_batch": "the images of a class share their noises, so that each depends on the others",
        "gradients_cut": "it prepares the data, where nothing learns",
    },
)
holds, right = EXERCISE.holds, EXERCISE.right


def a_call(trial: Trial, labels: list[int], size: float = 1.0) -> Call:
    images, noise = (size * trial.normal(len(labels), 2, 3, 4) for _ in range(2))
    return trial.calling(images, noise, torch.tensor(labels))


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    return a_call(trial, [2, 0, 2, 0, 0, 2, 1])


@EXERCISE.harder
def many_of_one_class(trial: Trial) -> Call:
    """Large numbers, eight images of one class among those of three others, labels with gaps, and some missing."""
    return a_call(trial, [12, -1, 300, 12, 12, -1, 12, 5, 12, -1, 300, 12, -1, 12, 12, -1], size=6)


def near_the_next(trial: Trial, size: float) -> Call:
    """Each image has a class of its own, and lies near the noise that stands beside the next one."""
    images = trial.normal(4, 2, 3, 4)
    noise = images.roll(1, 0) + 0.1 * trial.normal(4, 2, 3, 4)
    return trial.calling(size * images, size * noise, torch.tensor([3, 0, 2, 1]))


@holds("noises stay in their class, however large the numbers are")
def price_too_low(trial: Trial) -> None:
    """Where numbers are small each image keeps to its class, and where they are larger noises cross. Is there a number
    that you add to the cost of another class? Then it is less than squared distances differ by: pair each class by
    itself, or add more than the largest cost."""
    stays = []
    for size in (0.01, 20.0):
        call = near_the_next(trial, size)
        stays.append(not difference(call.value(), call.args[1]))
    given = "four images of four classes, with small numbers and with large ones"
    trial.see("whether only the small ones keep their noise", stays == [True, False], given)


@holds("an image that is alone in its class has a noise")
def zeros_for_single_images(trial: Trial) -> None:
    """Where every image has a class of its own, zeros come back, and each should keep its noise. Is a class of one
    image skipped, or is nothing written into the result? What began as zeros then stays so: begin with
    noise.clone()."""
    call = near_the_next(trial, 1.0)
    value = call.value()
    trial.see("whether zeros come back", isinstance(value, Tensor) and not value.any(), call.text())


@holds("an image that is alone in its class keeps its noise")
def moves_single_images(trial: Trial) -> None:
    """Where every image has a class of its own nothing can be exchanged, and each should keep its noise. Are the noises
    of other classes left out, and does what you find come back at the image's own place in the batch?"""
    near_the_next(trial, 1.0).see()


# image i lies near noise NEAR[i]; by the mean, or the length, of each it would get noise LIKE[i]
NEAR, LIKE = [2, 0, 3, 1], [1, 3, 2, 0]


@holds("what is compared is all numbers of an image and a noise")
def one_number_of_each(trial: Trial) -> None:
    """You match images and noises by one number of each, their mean or their length: the brightest image gets the
    brightest noise, or the strongest the strongest. Two that agree in one number may lie far apart. Near is what the
    squared distance over all numbers says: torch.cdist(...) ** 2, and cheapest_assignment chooses."""
    matched = {"lengths": [], "means": []}
    for number, of_one in matched.items():
        for _ in range(2):  # once is chance
            images, noise = four_alike_in(number, trial)
            value = trial.calling(images, noise, torch.tensor([4, 4, 4, 4])).value()
            if isinstance(value, Failure):
                trial.checked("the result", value, "four images of one class")
            of_one.append(not difference(value, noise[LIKE]))
    by = next((f", paired as their {number} match" for number, both in matched.items() if all(both)), "")
    given = f"four images of one class, and noises near them that have other means or lengths{by}"
    trial.see("whether they are matched by one number", bool(by), given)


def four_alike_in(number: str, trial: Trial) -> tuple[Tensor, Tensor]:
    """Images, and noises of which NEAR[i] lies near image i, and LIKE[i] has the same mean, or the same length."""
    directions = torch.linalg.qr(torch.cat([torch.ones(24, 1), trial.normal(24, 4)], dim=1))[0][:, 1:].T
    near, like = torch.tensor(NEAR).argsort(), torch.tensor(LIKE).argsort()
    patterns = directions.reshape(4, 2, 3, 4)
    # a little of the one that is alike: it is not the farthest
    others = (patterns[near] + 0.3 * patterns[like]) / 1.09**0.5
    numbers = torch.tensor([0.0, 2.0, 4.0, 6.0]).reshape(4, 1, 1, 1)
    if number == "means":
        return 60 * patterns + numbers, 60 * others + numbers[like] + 0.5
    return (20 + numbers) * patterns, (20.5 + numbers[like]) * others


@holds("two images of one class exchange their noises where that shortens the lines")
def wrong_exchange(trial: Trial) -> None:
    """Two images, one class: the cheaper of the two ways has the smaller sum of squared distances, and yours is
    another. A distance goes over all numbers of an image and a noise."""
    for order in 8 * ((0, 1), (1, 0)):
        # so far from each other that one number of each, as the first or the largest, leads astray now and then
        images = trial.normal(2, 2, 3, 4)
        trial.call(images, images[list(order)] + 0.9 * trial.normal(2, 2, 3, 4), torch.tensor([4, 4]))


@holds("0 is a number like any other, in a noise as well")
def zero_for_nothing_written(trial: Trial) -> None:
    """Where a noise holds a 0 another number comes back in its place. 0 is a number like any other: is it taken for a
    place in the result to which nothing was written? Begin with noise.clone(), and there is none."""
    images = trial.normal(2, 2, 3, 4)
    noise = images.flip(0) + 0.1 * trial.normal(2, 2, 3, 4)
    trial.call(images, noise * (trial.uniform(2, 2, 3, 4) < 0.7), torch.tensor([4, 4]))


@holds("lengths count, and not directions alone")
def directions_only(trial: Trial) -> None:
    """You compare directions: images and noises are brought to one length before you measure, as normalize and
    cosine_similarity do. The squared distance is that of images and noises as they are."""
    images = torch.tensor([[1.0, 0.0], [10.0, 1.0]]).reshape(2, 1, 1, 2)
    noise = torch.tensor([[10.0, 0.0], [1.0, 0.1]]).reshape(2, 1, 1, 2)
    trial.call(images, noise, torch.tensor([4, 4]))


# images and noises of two numbers, and the order in which the sum of the lengths is smallest, not that of the squares;
# neither the nearest one after the other nor the closest pair first leads there
LENGTHS = (
    ([[2, 3], [3, 4], [4, 0]], [[3, 3], [1, 2], [6, 4]], [1, 0, 2]),
    ([[6, 4], [4, 5], [1, 3]], [[4, 3], [1, 3], [1, 1]], [0, 2, 1]),
)


@holds("the distance is squared, and not the plain length")
def plain_distance(trial: Trial) -> None:
    """The sum of the lengths is smallest in your order, and not the sum of their squares. The cost is the squared
    distance, torch.cdist(...) ** 2."""
    plain = []
    for *both, order in LENGTHS:
        images, noise = (torch.tensor(one, dtype=torch.float32).reshape(3, 1, 1, 2) for one in both)
        value = trial.calling(images, noise, torch.tensor([0, 0, 0])).value()
        plain.append(not difference(value, noise[order]))
    trial.see("whether the plain lengths are smallest", all(plain), "three images of one class")


@holds("with more images of one class, the sum of the squared distances is the smallest possible")
def wrong_in_one_class(trial: Trial) -> None:
    """With several images of a class the sum of the squared distances is not the smallest possible. All images have to
    be looked at together (cheapest_assignment): where each in turn takes the nearest noise that is left, an early one
    may take what a later one needs more. And the cost is the squared distance itself, over all numbers of an image."""
    for count in (5, 8, 6):
        a_call(trial, [1] * count).see()


MIXED = [0, 1, 0, 1, 1, 0, 0, 1], [2, 2, 0, 0, 1, 1]


def classes_of(value: Any, call: Call) -> list[int] | None:
    """The class beside which each of the noises that came back stood; None where one of them did not come in."""
    _, noise, labels = call.args
    if not isinstance(value, Tensor) or value.shape != noise.shape:
        return None
    same = (value.flatten(1)[:, None].double() - noise.flatten(1)[None].double()).abs().amax(dim=2) < 1e-5
    return labels[same.double().argmax(dim=1)].tolist() if bool(same.any(dim=1).all()) else None


@holds("noises are exchanged within a class, and never between two")
def crosses_classes(trial: Trial) -> None:
    """With one class you are right, and with several an image gets a noise that stood beside another class. Where is
    the noise of one class picked out, and where is it put back?"""
    for labels in 3 * MIXED:
        call = a_call(trial, labels)
        classes = classes_of(call.value(), call)
        trial.see("whether a noise crosses to another class", classes is not None and classes != labels, call.text())


@holds("each class is paired by itself")
def wrong_with_several_classes(trial: Trial) -> None:
    """With one class you are right, and with several not. Is each of the classes gone through, and each noise put back
    at the place of its image?"""
    for labels in MIXED:
        far_from_its_own(trial, sorted(labels)).see()
        a_call(trial, sorted(labels)).see()


@holds("the images of a class may stand anywhere in the batch")
def neighbours_for_a_class(trial: Trial) -> None:
    """With the images sorted by class you are right, and with the classes mixed not. Is a class looked for among
    neighbours, as a slice, unique_consecutive and groupby do? (labels == label).nonzero()[:, 0] gives the places
    of its images, wherever they are."""
    for labels in MIXED:
        far_from_its_own(trial, labels).see()
        a_call(trial, labels).see()


def far_from_its_own(trial: Trial, labels: list[int]) -> Call:
    """Each image lies near the noise of another one of its class, and of no neighbour if there are four of it."""
    images, labels = trial.normal(len(labels), 2, 3, 4), torch.tensor(labels)
    noise = 0.1 * trial.normal(len(labels), 2, 3, 4)
    for label in labels.unique():
        members = (labels == label).nonzero().squeeze(1)
        noise[members] += images[members].roll(len(members) // 2, 0)
    return trial.calling(images, noise, labels)


@holds("classes may have any numbers, and -1 for none is one like any other")
def wants_certain_classes(trial: Trial) -> None:
    """With other class numbers yours is wrong. Take the labels that occur."""
    far_from_its_own(trial, [17, -1, 17, -1, 300, 17, -1, 300]).see()


@holds("large images are paired like any others")
def wrong_for_large_images(trial: Trial) -> None:
    """With large numbers your pairs are others than with small ones. Squared distances may be as large as they like: is
    there a fixed number that the cost is compared with, or an exponential of it?"""
    a_call(trial, [0, 1, 0, 1, 0, 1], size=20).see()


@right
def by_trying_all(images: Tensor, noise: Tensor, labels: Tensor) -> Tensor:
    """Every order of a class's noises: only for few images."""
    paired = noise.clone()
    for label in labels.unique():
        members = (labels == label).nonzero()[:, 0]
        if len(members) > 6:
            cost = (images[members, None] - noise[members][None]).square().flatten(2).sum(2)
            paired[members] = noise[members][cheapest_assignment(cost)]
            continue
        orders = [members[list(order)] for order in permutations(range(len(members)))]
        paired[members] = noise[min(orders, key=lambda order: float((images[members] - noise[order]).square().sum()))]
    return paired


@right
def by_the_product(images: Tensor, noise: Tensor, labels: Tensor) -> Tensor:
    """Of (a - b)^2 only -2 a b depends on the order."""
    result = noise.clone()
    for label in set(labels.tolist()):
        chosen = labels == label
        product = images[chosen].flatten(1).double() @ noise[chosen].flatten(1).double().T
        result[chosen] = noise[chosen][cheapest_assignment(-product)]
    return result


@right
def by_a_high_price(images: Tensor, noise: Tensor, labels: Tensor) -> Tensor:
    """All at once: between classes the price is too high."""
    cost = (images.flatten(1)[:, None] - noise.flatten(1)[None]).double().square().sum(2)
    other = labels[:, None] != labels[None]
    return noise[cheapest_assignment(cost + other * (10 * cost.max() + 1))]
