"""Layers that are lent to one answer after the other change no verdict: neither of the borrower nor of the next."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from course_lib.checks import examine
from course_lib.checks.examination import examine_answer
from course_lib.checks.handle import Handle
from course_lib.checks.lent_layers import StepHandle, handle_of
from course_lib.checks.registry import find_exercise
from course_lib.unet import UNet

ENCODE = find_exercise(None, "UNet.encode")


def takes_a_level_away(self: UNet, h: Tensor, emb: Tensor) -> tuple[Tensor, list[Tensor]]:
    self.encoder.pop(len(self.encoder) - 1)
    return UNet.encode(self, h, emb)


def freezes_a_weight(self: UNet, h: Tensor, emb: Tensor) -> tuple[Tensor, list[Tensor]]:
    self.encoder[0].resblocks[0].conv1.weight.requires_grad_(False)
    return UNet.encode(self, h, emb)


def keeps_what_it_saw(self: UNet, h: Tensor, emb: Tensor) -> tuple[Tensor, list[Tensor]]:
    block = self.encoder[0].resblocks[0]
    h = h + getattr(block, "seen", 0)
    block.seen = 1
    return UNet.encode(self, h, emb)


def hooks_itself_in(self: UNet, h: Tensor, emb: Tensor) -> tuple[Tensor, list[Tensor]]:
    self.encoder[0].resblocks[0].register_forward_hook(lambda module, given, result: 2 * result)
    return UNet.encode(self, h, emb)


def another_weight(self: UNet, h: Tensor, emb: Tensor) -> tuple[Tensor, list[Tensor]]:
    block = self.encoder[0].resblocks[0]
    block.conv1.weight = torch.nn.Parameter(torch.zeros_like(block.conv1.weight))
    return UNet.encode(self, h, emb)


SPOILERS = (takes_a_level_away, freezes_a_weight, keeps_what_it_saw, hooks_itself_in, another_weight)


@pytest.mark.parametrize("spoiler", SPOILERS)
def test_what_an_answer_does_to_its_layers_is_not_told_of_the_next(spoiler: Callable) -> None:
    assert examine(spoiler, "UNet.encode", seed=5).status == "failed"
    # under the same seed, so that the same networks are asked for
    assert examine(UNet.encode, "UNet.encode", seed=5).status == "passed"


@pytest.mark.parametrize("answer", SPOILERS + tuple(mistake.wrong for mistake in ENCODE.misconceptions[::5]))
def test_the_verdict_is_that_of_layers_of_its_own(answer: Callable) -> None:
    alone = examine_answer(ENCODE, Handle(ENCODE.subject(answer), seconds=ENCODE.seconds), seed=3)
    lent = examine_answer(ENCODE, handle_of(ENCODE, answer, ENCODE.seconds), seed=3)
    assert (lent.status, lent.misconception, lent.message) == (alone.status, alone.misconception, alone.message)


def test_two_of_one_kind_at_once_have_layers_of_their_own() -> None:
    handle = handle_of(ENCODE, UNet.encode, 60)
    assert isinstance(handle, StepHandle)
    options = {"base_channels": 8, "channel_mults": (1,), "num_res_blocks": 1, "image_size": 8, "num_heads": 2}
    one, other = (handle.construct((), options, seed=0) for _ in range(2))
    assert one.parameters == other.parameters
    handle.load(other.key, {name: torch.ones(shape) for name, shape in other.parameters.items()})
    handle.load(one.key, {name: torch.zeros(shape) for name, shape in one.parameters.items()})
    assert all(bool((values == 1).all()) for values in handle.objects[other.key].parameters())
