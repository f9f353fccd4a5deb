"""Exercise diversity (lesson 11)."""

import torch
from torch import Tensor

from course_lib.checks.exercise import Alternative, Exercise, Misconception, Property, edited
from course_lib.checks.properties import function_works_on_any_device, keeps_random_state
from course_lib.checks.scene import Scene
from course_lib.evaluation.metrics import diversity

CLASSES = "classes = [features[labels == label].double() for label in labels.unique()]"
SPREADS = "spreads = [2 * images.var(dim=0).sum() for images in classes if len(images) > 1]"
MEAN = "return torch.stack(spreads).mean().item()"


def some(scene: Scene, counts: dict[int, int], dim: int) -> tuple[Tensor, Tensor]:
    """Features of `counts[k]` images of class k, in random order: every class with a place and a spread of its own."""
    labels = torch.tensor([label for label, count in counts.items() for _ in range(count)])
    labels = labels[torch.randperm(len(labels), generator=scene.generator)]
    places, spreads = 3 * scene.normal(10, dim), 0.5 + 2 * scene.uniform(10, dim)
    return places[labels] + spreads[labels] * scene.normal(len(labels), dim), labels


def example(scene: Scene) -> tuple:
    return some(scene, {0: 4, 3: 6}, 3)


def one_class_of_two(scene: Scene) -> None:
    scene.call(scene.normal(2, 4), torch.tensor([5, 5]))


def one_class(scene: Scene) -> None:
    scene.call(*some(scene, {scene.pick(0, 7): 6}, 3))


def several_classes(scene: Scene) -> None:
    scene.call(*some(scene, {0: 5, 2: 5, 9: 5}, 4))


def uneven_classes(scene: Scene) -> None:
    scene.call(*some(scene, {0: 3, 1: 9, 4: 2}, 4))


def lonely_images(scene: Scene) -> None:
    scene.call(*some(scene, {1: 4, 2: 1, 6: 3, 8: 1}, 3))


def same_picture(scene: Scene) -> None:
    """One picture a class, repeated."""
    labels = torch.arange(12) % 3
    scene.call(scene.normal(3, 5)[labels], labels)


def one_feature(scene: Scene) -> None:
    scene.call(*some(scene, {0: 4, 1: 6}, 1))


def far_from_zero(scene: Scene) -> None:
    features, labels = some(scene, {0: 30, 1: 20}, 3)
    scene.call(features + 3000, labels)


def is_a_number(scene: Scene) -> None:
    value = scene.handle.call(None, example(scene), {})
    plain = isinstance(value, float | int) or (isinstance(value, Tensor) and value.ndim == 0)
    scene.see("whether it is one number", plain, "diversity(tensor (10, 3), tensor (10,))")


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


def by_differences(features, labels):
    means = []
    for label in labels.unique():
        images = features[labels == label].double()
        if len(images) > 1:
            differences = images[:, None] - images[None, :]
            means.append(differences.pow(2).sum() / (len(images) * (len(images) - 1)))
    return torch.stack(means).mean().item()


def by_the_trace(features, labels):
    found = []
    for label in range(int(labels.max()) + 1):
        mine = features[labels == label].double()
        if mine.shape[0] >= 2:
            centred = mine - mine.mean(0)
            found.append(2 * float((centred**2).sum()) / (mine.shape[0] - 1))
    return sum(found) / len(found)


def in_float32(features, labels):
    spreads = [features[labels == k].var(dim=0).sum() for k in labels.unique() if (labels == k).sum() > 1]
    return 2 * torch.stack(spreads).mean()


def spread(expression: str) -> object:
    return edited(diversity, (SPREADS, f"spreads = [{expression} for images in classes if len(images) > 1]"))


def squares_in_float32(features, labels):
    parts = [features[labels == label].float() for label in labels.unique()]
    found = [
        2 * (part.square().mean(dim=0) - part.mean(dim=0).square()).sum() * len(part) / (len(part) - 1)
        for part in parts
        if len(part) > 1
    ]
    return torch.stack(found).mean().item()


def between_the_classes(features, labels):
    means = torch.stack([features[labels == label].double().mean(dim=0) for label in labels.unique()])
    return 2 * means.var(dim=0).sum().item() if len(means) > 1 else 0.0


def images_weighted(features, labels):
    parts = [features[labels == label].double() for label in labels.unique()]
    parts = [part for part in parts if len(part) > 1]
    spreads = [2 * part.var(dim=0).sum() * len(part) for part in parts]
    return (torch.stack(spreads).sum() / sum(len(part) for part in parts)).item()


EXERCISES = (
    Exercise(
        name="diversity",
        reference=diversity,
        lesson="11",
        where="lesson 11, section 11.2",
        properties=(
            Property(
                "wrong_for_two_images",
                "for two images of one class it is their squared distance",
                one_class_of_two,
                "For two images of one class there is one pair, and the answer is its squared distance: the features' "
                "differences, squared and added up. Yours is something else, or fails.",
            ),
            Property(
                "wrong_for_one_class",
                "for one class it is the mean squared distance of two different images",
                one_class,
                "It is right for two images and wrong for more: all pairs of different images count, and they are "
                "averaged, not added up.",
            ),
            Property(
                "wrong_for_several_classes",
                "it is the mean over the classes",
                several_classes,
                "It is right for one class and wrong for several: add the classes' spreads up and divide by their "
                "number.",
            ),
            Property("uneven", "every class counts alike, however many images it has", uneven_classes),
            Property(
                "lonely_image_not_left_out",
                "a class with a single image is left out",
                lonely_images,
                "Classes with a single image lead you astray: one image says nothing about how two differ, and its "
                "variance is 0 / 0, NaN. Leave such classes out, from the sum and from the count.",
            ),
            Property("same_picture", "one picture a class, repeated, gives 0", same_picture),
            Property("one_feature", "it works for a single feature", one_feature),
            Property("far_from_zero", "it does not depend on where the features lie", far_from_zero),
            Property("one_number", "the answer is one number", is_a_number),
            function_works_on_any_device(example),
            keeps_random_state(arguments=example),
        ),
        misconceptions=(
            Misconception(
                "all_classes_together",
                "You took the spread of all images together. A shoe and a shirt are far apart in any set: what is "
                "asked for is how unlike two images of the *same* class are.",
                edited(diversity, (CLASSES, "classes = [features.double()]")),
            ),
            Misconception(
                "between_the_classes",
                "You measured how far the classes' means are apart. That stays the same when every class has shrunk to "
                "one picture.",
                between_the_classes,
            ),
            Misconception(
                "not_doubled",
                "The factor 2 is missing. A variance is the squared distance to the *mean*; two different images "
                "are, on average, twice that apart.",
                spread("images.var(dim=0).sum()"),
            ),
            Misconception(
                "divided_by_n",
                "Your variance divides by N: pairs of an image with itself, at distance 0, are counted in. Two "
                "different images are meant: N - 1.",
                spread("2 * images.var(dim=0, correction=0).sum()"),
            ),
            Misconception(
                "not_doubled_and_divided_by_n",
                "You take the mean squared distance to the class's mean. The distance between two different images is "
                "asked for: twice the variance, with N - 1.",
                spread("images.var(dim=0, correction=0).sum()"),
            ),
            Misconception(
                "standard_deviations",
                "You add up standard deviations. Squared distances are sums of *variances*.",
                spread("2 * images.std(dim=0).sum()"),
            ),
            Misconception(
                "root_of_the_spread",
                "You took the root of each class's spread. The mean *squared* distance is asked for.",
                spread("(2 * images.var(dim=0).sum()).sqrt()"),
            ),
            Misconception(
                "mean_distance",
                "You averaged distances. The squared ones are asked for.",
                spread("torch.pdist(images).mean()"),
            ),
            Misconception(
                "mean_over_the_features",
                "You averaged over the features. A squared distance is a sum over them.",
                spread("2 * images.var(dim=0).mean()"),
            ),
            Misconception(
                "over_the_wrong_axis",
                "Your variance runs over the features of each image (dim=1). How images differ from each other is the "
                "variance over the images, dim=0.",
                spread("2 * images.var(dim=1).sum()"),
            ),
            Misconception(
                "images_count_alike",
                "You weight each class by its number of images. Every class is to count alike, so that a collapsed "
                "class shows even if few of its images were drawn.",
                images_weighted,
            ),
            Misconception(
                "summed_over_the_classes",
                "You added the classes up. Their mean is asked for, or ten classes would look more diverse than one.",
                edited(diversity, (MEAN, "return torch.stack(spreads).sum().item()")),
            ),
            Misconception(
                "always_ten_classes",
                "You divided by 10. The mean goes over the classes that have two images, however many there are.",
                edited(diversity, (MEAN, "return torch.stack(spreads).sum().item() / 10")),
            ),
            Misconception(
                "lonely_images_count_as_zero",
                "A class with a single image counts as 0 in your mean. One image says nothing about how two differ: "
                "leave that class out.",
                edited(
                    diversity,
                    (SPREADS, "spreads = [2 * images.var(dim=0).sum().nan_to_num(0.0) for images in classes]"),
                ),
            ),
            Misconception(
                "least_diverse_class",
                "You return the smallest class's spread. The mean over the classes is asked for.",
                edited(diversity, (MEAN, "return torch.stack(spreads).min().item()")),
            ),
            Misconception(
                "most_diverse_class",
                "You return the largest class's spread. One lively class would hide nine collapsed ones; take the "
                "mean.",
                edited(diversity, (MEAN, "return torch.stack(spreads).max().item()")),
            ),
            Misconception(
                "one_number_a_class",
                "You return one number for each class. Their mean is asked for.",
                edited(diversity, (MEAN, "return torch.stack(spreads)")),
            ),
            Misconception(
                "squares_not_centred",
                "You took squares without taking the mean off first, so features that are large count as features that "
                "vary.",
                spread("2 * images.square().mean(dim=0).sum()"),
            ),
            Misconception(
                "digits_lost",
                "You subtract the square of the mean from the mean of squares in float32. Far from zero hardly a digit "
                "of the difference survives. Take the mean off first (var does), or use float64.",
                squares_in_float32,
            ),
        ),
        alternatives=(
            Alternative("all_pairs", all_pairs),
            Alternative("differences", by_differences),
            Alternative("squared_distance_to_the_mean", by_the_trace),
            Alternative("float32", in_float32),
        ),
    ),
)
