"""Exercise count_parameters (lesson 07)."""

from collections.abc import Callable

import torch
from torch import nn

from course_lib.checks.exercise import Alternative, Exercise, Misconception, Property, edited
from course_lib.checks.scene import Scene
from course_lib.checks.watched.count_parameters import watched
from course_lib.parameters import count_parameters

EXPRESSION = "sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)"


def sizes(scene: Scene) -> tuple[int, int]:
    """Two numbers, unlike each other."""
    return scene.random.sample(range(3, 12), 2)


def kinds(*names: str) -> Callable[[Scene], None]:
    def probe(scene: Scene) -> None:
        for name in names:
            scene.call(name, *sizes(scene), label="the count")

    return probe


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


def by_vector(module: nn.Module) -> torch.Tensor:
    learned = [values.detach().reshape(-1) for _, values in module.named_parameters() if values.requires_grad]
    return torch.tensor(len(torch.cat(learned)) if learned else 0)


def by_recursion(module: nn.Module, seen: set | None = None) -> int:
    seen = set() if seen is None else seen
    own = {values for values in module.parameters(recurse=False) if values.requires_grad} - seen
    seen |= own
    return sum(map(torch.numel, own)) + sum(by_recursion(child, seen) for child in module.children())


def mistake(name: str, sentence: str, expression: str) -> Misconception:
    return Misconception(name, sentence, edited(count_parameters, (EXPRESSION, expression)))


PARAMETERS = "for parameter in module.parameters() if parameter.requires_grad)"

EXERCISES = (
    Exercise(
        name="count_parameters",
        reference=count_parameters,
        lesson="07",
        where="the docstring of count_parameters, Args and Returns",
        watched=watched,
        properties=(
            Property(
                "one_layer_miscounted",
                "one layer has as many parameters as its weight and bias have numbers",
                kinds("Linear"),
                "Already a single Linear is miscounted. Its weight holds rows times columns, its bias one number a "
                "row; add what parameter.numel() gives for each, whatever its shape, and return one whole number.",
            ),
            Property("no_bias", "a layer without bias works too", kinds("Conv2d without bias")),
            Property(
                "misses_inner_layers",
                "layers inside layers, and parameters that stand by themselves, are counted",
                kinds("layers inside layers"),
                "A single layer is counted right, and layers inside other layers are not. module.parameters() walks "
                "through everything that is registered, however deep.",
            ),
            Property(
                "nothing_learned",
                "a module without parameters has 0",
                kinds("no layer that learns"),
                "A module that learns nothing has 0 parameters; yours has no answer for it. An empty sum is 0.",
            ),
            Property(
                "buffers_counted",
                "buffers, such as the running mean of a BatchNorm, are no parameters",
                kinds("BatchNorm2d"),
                "You count the running statistics of a BatchNorm. They are buffers: saved with the weights, and never "
                "touched by an optimizer.",
            ),
            Property(
                "frozen_counted",
                "a parameter that does not require gradients is not counted",
                kinds("a frozen Linear and one that learns"),
                "You count a frozen layer. What has requires_grad=False is not learned, so it stays out.",
            ),
            Property(
                "shared_counted_twice",
                "what two layers share counts once",
                kinds("one Linear used twice", "two Linears that share a weight"),
                "A layer that is used twice has its numbers once in memory, and an optimizer moves them once. You "
                "count them for every place they are used at.",
            ),
        ),
        misconceptions=(
            mistake(
                "counts_tensors",
                "You count the tensors, not the numbers in them: a Linear(3, 2) has two tensors and eight numbers. "
                "parameter.numel() says how many a tensor holds.",
                f"sum(1 {PARAMETERS}",
            ),
            mistake(
                "frozen_too",
                "You count frozen parameters too. An optimizer leaves those alone, so a count of what is *learned* "
                "needs `if parameter.requires_grad`.",
                "sum(parameter.numel() for parameter in module.parameters())",
            ),
            mistake(
                "only_frozen",
                "Your condition is the wrong way round: you count what is frozen and leave out what learns.",
                "sum(parameter.numel() for parameter in module.parameters() if not parameter.requires_grad)",
            ),
            mistake(
                "state_dict",
                "You add up the state dict. It also holds buffers and frozen weights, and names a shared weight once "
                "for every place it is used at. module.parameters() is the list an optimizer gets.",
                "sum(values.numel() for values in module.state_dict().values())",
            ),
            mistake(
                "duplicates_kept",
                "With remove_duplicate=False, or by going through the state dict's names, a shared weight comes up "
                "several times. It is one tensor, and one tensor is learned once.",
                "sum(p.numel() for _, p in module.named_parameters(remove_duplicate=False) if p.requires_grad)",
            ),
            mistake(
                "once_a_level",
                "You go through module.modules() and ask each for its parameters(). But parameters() already goes "
                "down to the innermost layer, so deep parameters are counted once for every layer around them.",
                "sum(p.numel() for part in module.modules() for p in part.parameters() if p.requires_grad)",
            ),
            mistake(
                "leaves_only",
                "You ask only the innermost layers. A module can hold an nn.Parameter of its own beside its layers, "
                "and that one is learned as well.",
                "sum(p.numel() for part in module.modules() if not list(part.children()) "
                "for p in part.parameters() if p.requires_grad)",
            ),
            mistake(
                "own_parameters_only",
                "recurse=False (or ._parameters) stops at the module's own parameters. Those of the layers inside it "
                "are the network.",
                "sum(p.numel() for p in module.parameters(recurse=False) if p.requires_grad)",
            ),
            mistake(
                "children_one_deep",
                "You look into the children and not into their children: a UNet's convolutions lie four levels deep.",
                "sum(p.numel() for child in module.children() for p in child._parameters.values() if p is not None "
                "and p.requires_grad)",
            ),
            mistake(
                "children_only",
                "You add up the children, and forget what the module itself holds: a bare layer such as nn.Linear has "
                "no children at all, and you find nothing in it.",
                "sum(p.numel() for child in module.children() for p in child.parameters() if p.requires_grad)",
            ),
            mistake(
                "weights_only",
                "You count weights and leave the biases (and whatever else has a single axis) out. They are few, and "
                "they are learned.",
                "sum(p.numel() for p in module.parameters() if p.requires_grad and p.ndim > 1)",
            ),
            mistake(
                "named_weight_only",
                "You count what is called weight. A bias, or a parameter with a name of its own, is learned too.",
                'sum(p.numel() for name, p in module.named_parameters() if p.requires_grad and "weight" in name)',
            ),
            mistake(
                "linear_and_conv_only",
                "You count Linear and Conv2d by name of the class. A norm has a weight and a bias as well, and so do "
                "layers nobody has thought of yet: ask for parameters, not for kinds of layers.",
                "sum(p.numel() for part in module.modules() if isinstance(part, (nn.Linear, nn.Conv2d)) "
                "for p in part.parameters() if p.requires_grad)",
            ),
            mistake(
                "first_axis_only",
                "len(parameter) and parameter.shape[0] are the length of the first axis. A weight of shape (64, 3, 3, "
                "3) holds 1,728 numbers, not 64.",
                f"sum(parameter.shape[0] if parameter.ndim else 1 {PARAMETERS}",
            ),
            mistake(
                "axes_added",
                "You add the lengths of the axes. A (2, 3) weight holds 2 times 3 numbers, not 2 plus 3.",
                f"sum(sum(parameter.shape) {PARAMETERS}",
            ),
            mistake(
                "numbers_multiplied",
                "You multiply the sizes of the tensors with each other. What two tensors hold together is a sum.",
                f"__import__('math').prod(parameter.numel() {PARAMETERS}",
            ),
            mistake(
                "equal_sizes_once",
                "You collect sizes in a set (or a dict), which keeps equal ones once. Two layers of one size "
                "are two layers.",
                "sum({parameter.numel() for parameter in module.parameters() if parameter.requires_grad})",
            ),
            mistake(
                "always_zero",
                "Your count is 0 whatever the module is. Two ways lead there: .grad is empty before the first backward "
                "(requires_grad says what *will* learn), and a small layer rounds to 0.00 million (round to print).",
                "sum(parameter.numel() for parameter in module.parameters() if parameter.grad is not None)",
            ),
            mistake(
                "stops_at_the_first_frozen",
                "Your count ends at the first frozen parameter. Go on with the next one (continue), do not stop.",
                "sum(p.numel() for p in __import__('itertools').takewhile(lambda p: p.requires_grad, "
                "module.parameters()))",
            ),
            mistake(
                "as_text",
                "You return text. Return the number, and write it with commas when you print it.",
                f"f'{{sum(parameter.numel() {PARAMETERS}:,}}'",
            ),
            mistake(
                "list_of_counts",
                "You return a list with a number for each tensor. Their sum is asked.",
                f"[parameter.numel() {PARAMETERS.removesuffix(')')}]",
            ),
            mistake(
                "shared_twice_by_children",
                "You add up children or modules one by one, and what two of them share is counted twice. "
                "module.parameters() names each tensor once.",
                "sum(p.numel() for part in module.modules() for p in part.parameters(recurse=False) "
                "if p.requires_grad)",
            ),
            mistake(
                "bytes",
                "You count bytes: numel() times element_size(). Parameters are counted in numbers, of any precision.",
                f"sum(parameter.numel() * parameter.element_size() {PARAMETERS}",
            ),
            mistake(
                "in_millions",
                "You divide by a million. Count first, and round when you print: small layers would all be 0.00 M.",
                f"sum(parameter.numel() {PARAMETERS} / 1e6",
            ),
            mistake(
                "sum_of_values",
                "You add the parameters themselves (sum()) where their number was asked (numel()).",
                f"sum(parameter.sum().item() {PARAMETERS}",
            ),
            mistake(
                "nonzero_only",
                "You count the numbers that are not zero. A bias that starts at zero learns as any other.",
                f"sum(int(parameter.count_nonzero()) {PARAMETERS}",
            ),
            mistake(
                "buffers_added",
                "You add module.buffers() to the parameters. A buffer, such as a running mean, is kept and "
                "not learned.",
                f"sum(parameter.numel() {PARAMETERS} + sum(buffer.numel() for buffer in module.buffers())",
            ),
            mistake(
                "counts_layers",
                "You count layers. Each of them holds many numbers: ask for its parameters, and each of those for "
                "numel().",
                "sum(1 for part in module.modules() if part._parameters)",
            ),
            mistake(
                "returns_in_the_loop",
                "You return inside the loop, after the first parameter. The return belongs one step to the left, "
                "behind the loop.",
                "next((p.numel() for p in module.parameters() if p.requires_grad), 0)",
            ),
            mistake(
                "last_one_only",
                "Your total holds the last parameter only: `=` in the loop where `+=` is needed.",
                "([0] + [p.numel() for p in module.parameters() if p.requires_grad])[-1]",
            ),
        ),
        alternatives=(
            Alternative("by_loop", by_loop),
            Alternative("by_vector", by_vector),
            Alternative("by_recursion", by_recursion),
            Alternative(
                "by_shape",
                edited(count_parameters, ("parameter.numel()", "__import__('math').prod(parameter.shape)")),
            ),
        ),
    ),
)
