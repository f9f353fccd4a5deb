"""What holds for count_parameters, and right answers written differently."""

import torch
from torch import nn

from course_lib.checks.exercise import Exercise
from course_lib.checks.mistakes import edited
from course_lib.checks.trial import Call, Trial, is_floating
from course_lib.lessons.lesson07.count_parameters_watched import watched
from course_lib.parameters import count_parameters

EXERCISE = Exercise(
    "count_parameters",
    count_parameters,
    __name__,
    where="the docstring of count_parameters, Args and Returns",
    watched=watched,
)
holds, right = EXERCISE.holds, EXERCISE.right

# by its words, how a learner makes the same module with the sizes a and b
MADE_BY_A_LINE = {
    "Linear": "nn.Linear({a}, {b})",
    "Conv2d without bias": "nn.Conv2d({a}, {b}, 3, bias=False)",
    "three Linears of equal shape": "nn.Sequential(nn.Linear({a}, {a}), nn.Linear({a}, {a}), nn.Linear({a}, {a}))",
    "Conv3d": "nn.Conv3d({a}, {b}, 2)",
    "Linear in float64": "nn.Linear({a}, {b}).double()",
    "no layer that learns": "nn.Sequential(nn.SiLU(), nn.AvgPool2d(2))",
    "BatchNorm2d": "nn.Sequential(nn.Conv2d({a}, {b}, 1), nn.BatchNorm2d({b}))",
}


@EXERCISE.example
def module_of_a_kind(trial: Trial, kind: str = "layers inside layers") -> Call:
    """A module in words, and two sizes unlike each other."""
    return trial.calling(kind, *trial.random.sample(range(3, 12), 2))


@EXERCISE.harder
def module_of_all_kinds(trial: Trial) -> Call:
    """Layers in layers, a layer used twice, a shared weight, a frozen one beside a bias that learns, and buffers."""
    return module_of_a_kind(trial, "all of this at once")


@EXERCISE.telling
def told(call: Call) -> str:
    """The module as the line that makes it, or in words where no line does."""
    kind, *sizes = call.args
    if kind in MADE_BY_A_LINE:
        a, b = sizes
        return f"count_parameters({MADE_BY_A_LINE[kind].format(a=a, b=b)})"
    return f"count_parameters(module), where module is {kind}, with the sizes {' and '.join(map(str, sizes))}"


def count(trial: Trial, *kinds: str) -> None:
    for kind in kinds:
        module_of_a_kind(trial, kind).see("the count")


@holds("one layer has as many parameters as its weight and bias have numbers")
def one_layer_miscounted(trial: Trial) -> None:
    """Already a single Linear is miscounted. Its weight holds rows times columns, its bias one number a row; add what
    parameter.numel() gives for each, whatever its shape, and return one whole number."""
    count(trial, "Linear")


@holds("the count is a whole number")
def no_whole_number(trial: Trial) -> None:
    """Your count is right and no whole number: 8.0, where 8 was meant. Nothing is to be divided, and the count stays
    whole if only whole numbers are added."""
    call = module_of_a_kind(trial, "Linear")
    value = call.see(observed=False)
    # a number is as good in a tensor without axes
    trial.see("whether it is whole", not (isinstance(value, float) or is_floating(value)), call.text())


@holds("a layer without bias works too")
def no_bias(trial: Trial) -> None:
    count(trial, "Conv2d without bias")


@holds("layers inside layers, and parameters that stand by themselves, are counted")
def misses_inner_layers(trial: Trial) -> None:
    """A single layer is counted right, and a module that holds layers inside layers, and parameters of its own beside
    them, is not. module.parameters() walks through everything that is registered, however deep."""
    count(trial, "layers inside layers")


@holds("layers of equal shape count one by one")
def equal_shapes_miscounted(trial: Trial) -> None:
    """Layers of equal shape are miscounted: three of them have three times as many numbers as one. Two tensors are
    shared where they are the same object, whatever their shapes or values, and module.parameters() names that once."""
    count(trial, "three Linears of equal shape", "two GroupNorms as they begin, all ones and all zeros")


@holds("a weight of five axes counts, and one in float64")
def counts_some_kinds_only(trial: Trial) -> None:
    """A layer whose weight has five axes is miscounted, or one whose numbers are float64. parameter.numel() knows how
    many there are, whatever the shape and the type: requires_grad alone decides whether they count."""
    count(trial, "Conv3d", "Linear in float64")


@holds("a module without parameters has 0")
def nothing_learned(trial: Trial) -> None:
    """A module that learns nothing has 0 parameters; yours gives something else. An empty sum is 0."""
    count(trial, "no layer that learns")


@holds("buffers, such as the running mean of a BatchNorm, are no parameters")
def buffers_counted(trial: Trial) -> None:
    """A BatchNorm is miscounted. Its running statistics are buffers: saved with the weights, and never touched by an
    optimizer. Only its weight and its bias count."""
    count(trial, "BatchNorm2d")


@holds("a parameter that does not require gradients is not counted")
def frozen_counted(trial: Trial) -> None:
    """Where a layer is frozen you count wrongly. What has requires_grad=False is not learned, so it stays out, and the
    rest counts."""
    # in front, asking the first for all and stopping at the first frozen one give the same
    count(trial, "a frozen Linear and one that learns", "a frozen Linear between two that learn")
    count(trial, "a Linear whose weight is frozen and whose bias learns")


@holds("what two layers share counts once")
def shared_counted_twice(trial: Trial) -> None:
    """What is used at two places is miscounted. It has its numbers once in memory, and an optimizer moves them once."""
    count(trial, "one Linear used twice", "two Linears that share a weight")


@holds("on the device meta, where no number lies in memory, the count is the same")
def needs_memory(trial: Trial) -> None:
    """On the device "meta", where this lesson's large networks are made, you miscount. Tensors there have a shape, and
    neither numbers nor an address (data_ptr() is 0 for all): a parameter is told from another by which object it is."""
    count(trial, "two Linears on the device meta")


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


@right
def by_recursion(module: nn.Module, seen: set | None = None) -> int:
    seen = set() if seen is None else seen
    own = {values for values in module.parameters(recurse=False) if values.requires_grad} - seen
    seen |= own
    return sum(map(torch.numel, own)) + sum(by_recursion(child, seen) for child in module.children())


right(edited(count_parameters, ("parameter.numel()", "__import__('math').prod(parameter.shape)")), "by_shape")
