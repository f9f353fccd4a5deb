"""Exercise class_accuracy (lesson 11)."""

import torch
from torch import Tensor

from course_lib.checks.exercise import Alternative, Exercise, Misconception, Property
from course_lib.checks.properties import function_works_on_any_device, keeps_random_state
from course_lib.checks.scene import Scene
from course_lib.evaluation.metrics import class_accuracy


def some(scene: Scene, count: int, right: float = 0.6) -> tuple[Tensor, Tensor]:
    """`count` labels, unevenly spread over the classes, and predictions of which about `right` are right."""
    wanted = torch.minimum(scene.integers(0, 10, count), scene.integers(0, 10, count))
    kept = scene.uniform(count) < right
    return torch.where(kept, wanted, scene.integers(0, 10, count)), wanted


def example(scene: Scene) -> tuple:
    return some(scene, 23)


def all_right(scene: Scene) -> None:
    wanted = scene.integers(0, 10, scene.pick(7, 9))
    scene.call(wanted.clone(), wanted)


def none_right(scene: Scene) -> None:
    wanted = scene.integers(0, 9, scene.pick(7, 9))
    scene.call(wanted + 1, wanted)


def one_in_three(scene: Scene) -> None:
    scene.call(torch.tensor([4, 2, 2]), torch.tensor([4, 7, 9]))


def shares(scene: Scene) -> None:
    for count in (19, 53):
        scene.call(*some(scene, count))


def few_wrong(scene: Scene) -> None:
    """One wrong image in two thousand shows up."""
    wanted = scene.integers(0, 9, 2000)
    predicted = wanted.clone()
    predicted[scene.random.randrange(2000)] = 9
    scene.call(predicted, wanted)


def one_image(scene: Scene) -> None:
    scene.call(torch.tensor([3]), torch.tensor([3]))
    scene.call(torch.tensor([0]), torch.tensor([3]))


def is_a_number(scene: Scene) -> None:
    args = some(scene, 11)
    value = scene.handle.call(None, args, {})
    plain = isinstance(value, float | int) or (isinstance(value, Tensor) and value.ndim == 0)
    scene.see("whether it is one number", plain, "class_accuracy(tensor (11,), tensor (11,))")


def in_a_loop(predicted, wanted):
    right = 0
    for one, other in zip(predicted.tolist(), wanted.tolist(), strict=True):
        right += one == other
    return right / len(wanted)


def by_counting(predicted, wanted):
    return (predicted == wanted).sum().item() / wanted.numel()


def as_a_tensor(predicted, wanted):
    return torch.eq(predicted, wanted).float().mean()


def from_the_wrong_ones(predicted, wanted):
    return 1 - torch.count_nonzero(predicted - wanted).item() / len(predicted)


def percent(predicted, wanted):
    return 100 * (predicted == wanted).double().mean().item()


def count(predicted, wanted):
    return (predicted == wanted).sum().item()


def error_rate(predicted, wanted):
    return (predicted != wanted).double().mean().item()


def one_answer_for_all(predicted, wanted):
    return float((predicted == wanted).all())


def any_right(predicted, wanted):
    return float((predicted == wanted).any())


def mean_over_classes(predicted, wanted):
    return torch.stack([(predicted[wanted == k] == k).double().mean() for k in wanted.unique()]).mean().item()


def precision(predicted, wanted):
    return torch.stack([(wanted[predicted == k] == k).double().mean() for k in predicted.unique()]).mean().item()


def ten_classes(predicted, wanted):
    return (predicted == wanted).sum().item() / 10


def as_sets(predicted, wanted):
    return torch.isin(predicted, wanted).double().mean().item()


def sorted_first(predicted, wanted):
    return (predicted.sort().values == wanted.sort().values).double().mean().item()


def rounded(predicted, wanted):
    return round((predicted == wanted).double().mean().item(), 2)


def with_tolerance(predicted, wanted):
    return ((predicted - wanted).abs() <= 1).double().mean().item()


def distance(predicted, wanted):
    return (predicted - wanted).abs().double().mean().item()


def one_less(predicted, wanted):
    return (predicted == wanted).sum().item() / (len(wanted) - 1 or 1)


def each_image(predicted, wanted):
    return (predicted == wanted).double()


EXERCISES = (
    Exercise(
        name="class_accuracy",
        reference=class_accuracy,
        lesson="11",
        where="lesson 11, section 11.1",
        properties=(
            Property(
                "all_right_is_not_1",
                "if every image is taken for what was wanted, the accuracy is 1",
                all_right,
                "Every image is right here, and your share is not 1. Compare number i with number i, and divide by the "
                "number of images, whatever it is.",
            ),
            Property(
                "none_right_is_not_0",
                "if none is, it is 0",
                none_right,
                "No image is right here, and your share is not 0. Only images whose two labels agree may count.",
            ),
            Property("one_in_three", "one right image of three gives a third", one_in_three),
            Property(
                "not_the_share",
                "it is the share of images that are right, each counting once",
                shares,
                "All right gives 1 and none right gives 0, and between them your number is not the share: every image "
                "counts once, whatever its class, and the sum is divided by the number of images.",
            ),
            Property("few_wrong", "one wrong image in two thousand shows", few_wrong),
            Property("one_image", "a single image gives 1 or 0", one_image),
            Property("one_number", "the answer is one number for all images together", is_a_number),
            function_works_on_any_device(example),
            keeps_random_state(arguments=example),
        ),
        misconceptions=(
            Misconception(
                "percent",
                "You return percent. A share from 0 to 1 is asked for: format it as percent where you print it.",
                percent,
            ),
            Misconception(
                "count",
                "You return how many are right. The number means something only beside the number of images: divide "
                "by it, which is what a mean does.",
                count,
            ),
            Misconception("error_rate", "You count the wrong ones (`!=`). Accuracy counts the right ones.", error_rate),
            Misconception(
                "one_answer_for_all",
                "One wrong image among many gives 0. Either you ask whether *all* are right, or a whole-number "
                "division (//) throws the fraction away. The share of right ones is asked for.",
                one_answer_for_all,
            ),
            Misconception("any_right", "You ask whether *any* image is right. The share is asked for.", any_right),
            Misconception(
                "mean_over_classes",
                "You take the accuracy of each class and then the mean over the classes. That is another figure, the "
                "balanced accuracy: it differs as soon as the classes have unlike numbers of images.",
                mean_over_classes,
            ),
            Misconception(
                "precision",
                "You go by what the judge said: of all it called a bag, how many should be bags? That is precision. "
                "Here every image counts once.",
                precision,
            ),
            Misconception(
                "divided_by_the_classes",
                "You divide by 10, the number of classes. The share is taken over the *images*.",
                ten_classes,
            ),
            Misconception(
                "order_forgotten",
                "You ask whether the predicted class occurs among the wanted ones. Compare image by image: number i "
                "with number i.",
                as_sets,
            ),
            Misconception(
                "sorted_first",
                "You sort both before you compare, so image 1 is compared with someone else's label. That tells you "
                "whether the classes are drawn equally often, and not whether they were drawn on request.",
                sorted_first,
            ),
            Misconception(
                "rounded",
                "You round the result. Round where you print: one image in two thousand is already lost.",
                rounded,
            ),
            Misconception(
                "almost_is_right",
                "You accept the neighbouring label as well. Labels are names, not amounts: a 3 is no nearer to a 4 "
                "than to a 9.",
                with_tolerance,
            ),
            Misconception(
                "difference_of_labels",
                "You average the difference between labels, as if they were amounts. Whether two names agree has two "
                "answers only: yes and no.",
                distance,
            ),
            Misconception(
                "one_less",
                "You divide by N - 1. That belongs to a variance, where the mean was estimated from the same numbers. "
                "A share divides by N.",
                one_less,
            ),
            Misconception(
                "each_image",
                "You return one number for each image. Their mean is asked for, one number for all.",
                each_image,
            ),
        ),
        alternatives=(
            Alternative("loop", in_a_loop),
            Alternative("counting", by_counting),
            Alternative("as_a_tensor", as_a_tensor),
            Alternative("from_the_wrong_ones", from_the_wrong_ones),
        ),
    ),
)
