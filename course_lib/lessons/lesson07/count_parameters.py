"""What holds for count_parameters, and right answers written differently."""

from collections.abc import Callable

import torch
from torch import nn

from course_lib.checks.exercise import Exercise
from course_lib.checks.mistakes import Misconception, edited
from course_lib.checks.trial import Trial
from course_lib.lessons.lesson07.count_parameters_watched import watched
from course_lib.parameters import count_parameters

EXPRESSION = "sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)"


def sizes(trial: Trial) -> tuple[int, int]:
    """Two numbers, unlike each other."""
    return trial.random.sample(range(3, 12), 2)


def kinds(*names: str) -> Callable[[Trial], None]:
    def probe(trial: Trial) -> None:
        for name in names:
            trial.call(name, *sizes(trial), label="the count")

    return probe


def by_recursion(module: nn.Module, seen: set | None = None) -> int:
    seen = set() if seen is None else seen
    own = {values for values in module.parameters(recurse=False) if values.requires_grad} - seen
    seen |= own
    return sum(map(torch.numel, own)) + sum(by_recursion(child, seen) for child in module.children())


def mistake(name: str, sentence: str, expression: str) -> Misconception:
    return Misconception(name, sentence, edited(count_parameters, (EXPRESSION, expression)))


PARAMETERS = "for parameter in module.parameters() if parameter.requires_grad)"


EXERCISE = Exercise(
    "count_parameters",
    count_parameters,
    __name__,
    where="the docstring of count_parameters, Args and Returns",
    watched=watched,
)
holds, right = EXERCISE.holds, EXERCISE.right


holds(
    "one layer has as many parameters as its weight and bias have numbers",
    name="one_layer_miscounted",
    mistake="Already a single Linear is miscounted. Its weight holds rows times columns, its bias one number a "
    "row; add what parameter.numel() gives for each, whatever its shape, and return one whole number.",
)(kinds("Linear"))


holds("a layer without bias works too", name="no_bias")(kinds("Conv2d without bias"))


holds(
    "layers inside layers, and parameters that stand by themselves, are counted",
    name="misses_inner_layers",
    mistake="A single layer is counted right, and layers inside other layers are not. module.parameters() walks "
    "through everything that is registered, however deep.",
)(kinds("layers inside layers"))


holds(
    "a module without parameters has 0",
    name="nothing_learned",
    mistake="A module that learns nothing has 0 parameters; yours has no answer for it. An empty sum is 0.",
)(kinds("no layer that learns"))


holds(
    "buffers, such as the running mean of a BatchNorm, are no parameters",
    name="buffers_counted",
    mistake="You count the running statistics of a BatchNorm. They are buffers: saved with the weights, and never "
    "touched by an optimizer.",
)(kinds("BatchNorm2d"))


holds(
    "a parameter that does not require gradients is not counted",
    name="frozen_counted",
    mistake="You count a frozen layer. What has requires_grad=False is not learned, so it stays out.",
)(kinds("a frozen Linear and one that learns"))


holds(
    "what two layers share counts once",
    name="shared_counted_twice",
    mistake="A layer that is used twice has its numbers once in memory, and an optimizer moves them once. You "
    "count them for every place they are used at.",
)(kinds("one Linear used twice", "two Linears that share a weight"))


@right
def by_loop(module: nn.Module) -> int:
    total, seen = 0, set()
    for part in module.modules():
        for values in part._parameters.values():
            if values is not None and values.requires_grad and id(values) not in seen:
                seen.add(id(values))
                count = 1
                for length in values.shape:
                    count *= length
                total += count
    return total


@right
def by_vector(module: nn.Module) -> torch.Tensor:
    learned = [values.detach().reshape(-1) for _, values in module.named_parameters() if values.requires_grad]
    return torch.tensor(len(torch.cat(learned)) if learned else 0)


right(by_recursion, "by_recursion")


right(edited(count_parameters, ("parameter.numel()", "__import__('math').prod(parameter.shape)")), "by_shape")
