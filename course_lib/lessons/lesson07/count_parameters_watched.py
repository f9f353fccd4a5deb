"""Watching count_parameters: its module is made from a few words and numbers."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from course_lib.checks.modes import given


def described_module(kind: str, *sizes: int) -> nn.Module:
    """A module from a few words and numbers, so that only data goes in."""
    a, b, *_ = *sizes, 0, 0
    if kind == "Linear":
        return nn.Linear(a, b)
    if kind == "Conv2d without bias":
        return nn.Conv2d(a, b, 3, bias=False)
    if kind == "no layer that learns":
        return nn.Sequential(nn.SiLU(), nn.AvgPool2d(2))
    if kind == "layers inside layers":
        # no two of equal shape, so that depth alone is asked
        made = nn.Sequential(nn.Linear(a, b), nn.ModuleList([nn.Sequential(nn.Conv2d(b, a + b, 3), nn.PReLU())]))
        made.scale = nn.Parameter(torch.rand(b, a, 2))
        made.weight = nn.Parameter(torch.rand(a))  # so that who looks for names is told from who looks for leaves
        made.register_parameter("temperature", nn.Parameter(torch.tensor(0.5)))
        return made
    if kind == "three Linears of equal shape":
        return nn.Sequential(*(nn.Linear(a, a) for _ in range(3)))
    if kind == "two GroupNorms as they begin, all ones and all zeros":
        return nn.Sequential(nn.GroupNorm(1, a), nn.SiLU(), nn.GroupNorm(1, a))
    if kind == "Conv3d":
        return nn.Conv3d(a, b, 2)
    if kind == "Linear in float64":
        return nn.Linear(a, b).double()
    if kind == "BatchNorm2d":
        return nn.Sequential(nn.Conv2d(a, b, 1), nn.BatchNorm2d(b))
    if kind == "one Linear used twice":
        layer = nn.Linear(a, a)
        return nn.Sequential(layer, nn.SiLU(), layer, nn.Linear(a, b))
    if kind == "two Linears that share a weight":
        made = nn.Sequential(nn.Linear(a, b), nn.Linear(a, b))
        made[1].weight = made[0].weight
        return made
    if kind == "all of this at once":
        twice, frozen = nn.Linear(b, b), nn.Conv2d(a, b, 3).requires_grad_(False)
        made = nn.Sequential(nn.Sequential(twice, nn.BatchNorm1d(b), nn.PReLU()), frozen, nn.Linear(b, a), twice)
        frozen.bias.requires_grad_(True)
        made.scale = nn.Parameter(torch.rand(2, a, 3))
        made.like_the_last = nn.Linear(b, a, bias=False)
        made.like_the_last.weight = made[2].weight
        return made
    if kind == "two Linears on the device meta":
        with torch.device("meta"):
            return nn.Sequential(nn.Linear(a, b), nn.Linear(b, a))
    if kind == "a frozen Linear between two that learn":
        made = nn.Sequential(nn.Linear(a, b), nn.Linear(b, b), nn.Linear(b, a))
        made[1].requires_grad_(False)
        return made
    if kind == "a Linear whose weight is frozen and whose bias learns":
        made = nn.Sequential(nn.Linear(a, b))
        made[0].weight.requires_grad_(False)
        return made
    made = nn.Sequential(nn.Linear(a, b), nn.Linear(b, a))  # "a frozen Linear and one that learns"
    made[0].requires_grad_(False)
    return made


def watched(answer: Callable) -> Callable:
    """The answer for a module in words."""

    def count_parameters(kind: str, *sizes: int) -> Any:
        return answer(given(described_module(kind, *sizes)))

    return count_parameters
