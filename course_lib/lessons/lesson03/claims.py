"""What lesson 03 states, proven: norms, groups, shortcuts."""

import torch
from torch import nn

from course_lib import ResidualBlock
from course_lib.document import FORWARD_PASS
from course_lib.group_norm import num_groups
from course_lib.lessons.lesson03.figures import chain, gradients_along, times_far_apart
from course_lib.lessons.shared.claims import claim


def change_with_groups(groups: int) -> float:
    """How much the branch of section 3.6's block changes when t goes from 5 to 900."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        block = ResidualBlock(128, 128, 256).eval()
        early, late = times_far_apart(256)
        x = torch.randn(1, 128, 16, 16)
    block.norm2 = nn.GroupNorm(groups, 128)
    with torch.no_grad():
        at_5, at_900 = block(x, early[None]) - x, block(x, late[None]) - x
    return float((at_900 - at_5).norm() / at_5.norm())


@claim(
    "Now you know why one channel in each is too few. Two would do; the four that this library insists on are a margin."
)
def one_channel_a_group_is_deaf_and_two_are_not() -> bool:
    one, two, four = (change_with_groups(128 // channels) for channels in (1, 2, 4))
    return one < 1e-5 < 0.05 < two < four


@claim("3. leaves at least **four** channels in each group")
def the_rule_leaves_four() -> bool:
    return all(channels // num_groups(channels) >= 4 or num_groups(channels) == 1 for channels in range(1, 600))


@claim('It writes nine of them out and says of the rest that they repeat; what follows from that is marked "follows".')
def nine_of_seventeen_blocks_are_written_out() -> bool:
    blocks = [step for step in FORWARD_PASS if "resblock" in step.name]
    return (len(blocks), sum(step.written_out for step in blocks)) == (17, 9)


@claim(
    "With shortcuts the two arrive nearly equal. Without them they have little in common already after four blocks",
    "So the *size* survives without any shortcut.",
)
def shortcuts_keep_gradients_alike() -> bool:
    sizes, with_shortcuts = gradients_along(chain(ResidualBlock, 32, 20), shortcut=True)
    lost, without = gradients_along(chain(ResidualBlock, 32, 20), shortcut=False)
    return min(with_shortcuts) > 0.98 and max(without[:17]) < 0.5 and lost[0] > 1 and sizes[0] > 0.5


@claim(
    "(Without norms they stay alike, and there is nothing left of them.)",
    "Without norms it does: look at the grey line",
)
def without_norms_the_gradient_vanishes() -> bool:
    bare = chain(ResidualBlock, 32, 20)
    for block in bare:
        block.norm1, block.norm2 = nn.Identity(), nn.Identity()
    sizes, likeness = gradients_along(bare, shortcut=False)
    return sizes[0] < 1e-15 and likeness[0] > 0.98


@claim("With $y = x + f(x)$ the derivative is $1 + f'(x)$")
def the_derivative_has_a_one() -> bool:
    x = torch.linspace(-2, 2, 9, dtype=torch.float64, requires_grad=True)
    (with_shortcut,) = torch.autograd.grad((x + torch.sin(x)).sum(), x)
    return torch.allclose(with_shortcut, 1 + torch.cos(x))
