"""What holds for UNet.encode, the first step of the UNet, and right answers written differently."""

from collections import deque

from course_lib.checks.exercise import Exercise
from course_lib.checks.mistakes import edited
from course_lib.checks.properties import second_call_differs
from course_lib.checks.trial import Built, Call, Trial
from course_lib.lessons.lesson07.unet_trials import (
    BARE,
    NO_BLOCKS,
    NO_EMBEDDING,
    ONE_LEVEL,
    THREE_LEVELS,
    TWO_LEVELS,
    embedding,
)
from course_lib.unet import UNet

EXERCISE = Exercise(
    "UNet.encode",
    UNet,
    __name__,
    where='the document, "Full forward pass" (assets/network.md), line by line',
    seconds=6.0,
    step_of="UNet",
    not_for_all={
        "another_shape": "its own properties look at h and the stack part by part",
        "second_call_differs": "goes_on_where_it_stopped asks the same, earlier and in words of its own",
    },
)
holds, right = EXERCISE.holds, EXERCISE.right


def encoding(trial: Trial, unet: Built, height: int = 8, width: int = 4, batch: int = 2) -> Call:
    """A call of `encode` with what conv_in would give."""
    channels = unet.kwargs["base_channels"]
    h = trial.normal(batch, channels, height, width)
    return unet.calling(h, embedding(trial, batch, channels), method="encode")


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    return encoding(trial, trial.build(**TWO_LEVELS))


@EXERCISE.harder
def several_blocks(trial: Trial) -> Call:
    """Two levels of two blocks each, and three wide images."""
    return encoding(trial, trial.build(**TWO_LEVELS | {"num_res_blocks": 2}), 2, 6, batch=3)


@holds("with blocks and attentions at zero, h goes down level by level and the skips are what is pushed on the way")
def way_down(trial: Trial) -> None:
    """Even with blocks and attentions silenced (they hand on what they get), h or the stack is another one. Follow them
    on paper through every level: the stack begins with h itself, every block pushes, and so does every Downsample; what
    a layer gives is the next h, nothing added; behind the last level come back h, and the list."""
    encoding(trial, trial.build_silenced(BARE, **THREE_LEVELS)).see("h and the stack")


@holds("every call begins a new list")
def goes_on_where_it_stopped(trial: Trial) -> None:
    """The first call is right, and a second one with the same inputs gives something else. Does its list go on where
    the first one stopped? skips=[] in the line of def is made once, and so is a list that self keeps: begin with
    skips = [h] inside."""
    second_call_differs(encoding(trial, trial.build_silenced(BARE, **ONE_LEVEL)), trial)


@holds("with residual blocks at zero, every attention is called once, behind its block and before the push")
def attention_left_out(trial: Trial) -> None:
    """Without attention h and the skips are right, and with it they are not. Behind each residual block stands an
    attention of its own, called once: what it gives is the next h, and that is pushed."""
    unet = trial.build_silenced(NO_BLOCKS, **ONE_LEVEL | {"num_res_blocks": 2}, attention_resolutions=(8,))
    encoding(trial, unet, 4).see("h and the stack")


@holds("with one level every block runs once, in order")
def blocks_otherwise(trial: Trial) -> None:
    """With the residual blocks silenced all is right, and with them it is not. Each is called once, in the order of the
    list, with h and emb, and hands its result on to the attention at its side."""
    unet = trial.build_silenced(NO_EMBEDDING, **ONE_LEVEL | {"num_res_blocks": 2})
    encoding(trial, unet, 4).see("h and the stack")


@holds("every block hears emb as it is handed over")
def blocks_hear_another_emb(trial: Trial) -> None:
    """Where the blocks take no notice of emb (their emb_proj silenced) your numbers are right, and where they listen
    they are not: some blocks, or all, hear another emb than the one that was handed over. Hand it on to each of them
    unchanged, resblock(h, emb). A SiLU, for one, stands inside each block already, before its emb_proj."""
    encoding(trial, trial.build(**ONE_LEVEL | {"num_res_blocks": 2}), 4).see("h and the stack")


@holds("with two levels, attention on the upper one, h and the skips are right")
def levels_otherwise(trial: Trial) -> None:
    """With one level it is right and with two it is not. The same steps run at every level, with the level's own
    layers."""
    encoding(trial, trial.build(**TWO_LEVELS, attention_resolutions=(16,))).see("h and the stack")


@holds("with another number of blocks a level h and the skips are right")
def assumes_blocks(trial: Trial) -> None:
    """It is right for some numbers of residual blocks and wrong for others. Is a 2 written where a loop over
    level.resblocks belongs?"""
    encoding(trial, trial.build(**TWO_LEVELS | {"num_res_blocks": 3})).see("h and the stack")


# ---- right answers ----


@right
def with_a_generator_of_steps(self, h, emb):
    kept = [h]
    for level in self.encoder:
        for place in range(len(level.resblocks)):
            kept.append(level.attentions[place](level.resblocks[place](kept[-1], emb)))
        if level.resample is not None:
            kept += [level.resample(kept[-1])]
    return kept[-1], kept


@right
def as_a_deque(self, h, emb):
    stack = deque([h])
    for number, level in enumerate(self.encoder):
        for block, attend in zip(level.resblocks, level.attentions, strict=True):
            stack.append(h := attend(block(h, emb)))
        if number < len(self.encoder) - 1:
            stack.append(h := level.resample(h))
    return h, list(stack)


right(edited(UNet.encode, ("skips.append(h)", "skips.append(h.clone())")), "skips_cloned")
