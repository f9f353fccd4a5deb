"""What holds for class_accuracy, and right answers written differently."""

import torch
from torch import Tensor

from course_lib.checks.exercise import Exercise
from course_lib.checks.trial import Call, Trial, as_number
from course_lib.evaluation.metrics import class_accuracy

EXERCISE = Exercise(
    "class_accuracy",
    class_accuracy,
    __name__,
    where="lesson 11, section 11.1",
    not_for_all={
        "assumes_the_cpu": "a measure, taken of what has come back from the network",
    },
)
holds, right = EXERCISE.holds, EXERCISE.right


def some(trial: Trial, count: int, share: float = 0.6) -> tuple[Tensor, Tensor]:
    """`count` labels, unevenly spread over the classes, and predictions of which about `share` are right."""
    wanted = torch.minimum(trial.integers(0, 10, count), trial.integers(0, 10, count))
    kept = trial.uniform(count) < share
    return torch.where(kept, wanted, trial.integers(0, 10, count)), wanted


def example(trial: Trial) -> tuple:
    return some(trial, 23)


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    return trial.calling(*example(trial))


@EXERCISE.harder
def neighbours_confused(trial: Trial) -> Call:
    """Hundreds of images, of which many are taken for the next class, 9 for 0, and every second row of a table."""
    predicted, wanted = some(trial, 422)
    predicted = torch.where(trial.uniform(422) < 0.2, (wanted + 1) % 10, predicted)
    return trial.calling(predicted[::2], wanted[::2])


@holds("where all are right it is 1, however many images there are")
def divided_by_a_fixed_number(trial: Trial) -> None:
    """With twice as many images, all of them right, your share is twice as large: what you divide by is one and the
    same number, however many images there are, or nothing is divided. Divide by how many came in, len(wanted)."""
    found = []
    for count in (7, 14):
        wanted = trial.integers(1, 10, count)
        found.append(as_number(trial.calling(wanted.clone(), wanted).value()))
    # those who count alone have not divided; of all others the next properties tell
    fixed = all(isinstance(one, int | float) for one in found) and 0 < found[0] != 7
    fixed = fixed and abs(found[1] - 2 * found[0]) < 1e-4 * found[0]
    given = "7 images and then 14, all of them right"
    trial.see("the two shares", tuple(map(float, found)) if fixed else (1.0, 1.0), given)


@holds("if every image is taken for what was wanted, the accuracy is 1")
def all_right_is_not_1(trial: Trial) -> None:
    """Every image is right here, and your share is not 1. predicted and wanted hold one class for each image: number i
    is compared with number i, and how many agree is divided by the number of images."""
    wanted = trial.integers(0, 10, trial.pick(7, 9))
    wanted[trial.pick(1, 3, 5)] = 0  # to count labels that are not 0 is wrong under every seed
    wanted[6] = wanted[0]  # and so is to divide by how many classes occur
    trial.call(wanted.clone(), wanted)


@holds("if none is, it is 0")
def none_right_is_not_0(trial: Trial) -> None:
    """No image is right here, and your share is not 0. Only images whose two labels agree may count: number i is
    compared with number i. Which classes occur, and how often, says nothing of that, nor does a class whose number is
    near count a little."""
    wanted = trial.integers(0, 9, trial.pick(7, 9))
    trial.call(wanted + 1, wanted)


@holds("one right image of three gives a third")
def one_in_three(trial: Trial) -> None:
    trial.call(torch.tensor([4, 2, 2]), torch.tensor([4, 7, 9]))


@holds("it is the share of images that are right, each counting once")
def not_the_share(trial: Trial) -> None:
    """All right gives 1 and none right gives 0, and between them your number is not the share: every image counts once,
    whatever its class, and the sum is divided by the number of images."""
    for count in (19, 53):
        trial.call(*some(trial, count))


@holds("one wrong image in two thousand shows")
def few_wrong(trial: Trial) -> None:
    # One wrong image in two thousand shows up.
    wanted = trial.integers(0, 9, 2000)
    predicted = wanted.clone()
    predicted[trial.random.randrange(2000)] = 9
    trial.call(predicted, wanted)


@holds("a single image gives 1 or 0")
def one_image(trial: Trial) -> None:
    trial.call(torch.tensor([3]), torch.tensor([3]))
    trial.call(torch.tensor([0]), torch.tensor([3]))


@holds("the answer is one number for all images together")
def one_number(trial: Trial) -> None:
    args = some(trial, 11)
    value = trial.handle.call(None, args, {})
    plain = isinstance(value, float | int) or (isinstance(value, Tensor) and value.ndim == 0)
    trial.see("whether it is one number", plain, "class_accuracy(tensor (11,), tensor (11,))")


@right
def in_a_loop(predicted, wanted):
    right = 0
    for one, other in zip(predicted.tolist(), wanted.tolist(), strict=True):
        right += one == other
    return right / len(wanted)


@right
def by_counting(predicted, wanted):
    return (predicted == wanted).sum().item() / wanted.numel()


@right
def as_a_tensor(predicted, wanted):
    return torch.eq(predicted, wanted).float().mean()


@right
def from_the_wrong_ones(predicted, wanted):
    return 1 - torch.count_nonzero(predicted - wanted).item() / len(predicted)
