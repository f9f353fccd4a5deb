"""What holds for UNet.decode, the second step of the UNet, and right answers written differently."""

import torch

from course_lib.checks.exercise import Exercise
from course_lib.checks.mistakes import edited
from course_lib.checks.trial import Built, Call, Trial, call_text
from course_lib.lessons.lesson07.unet_decode_watched import watched
from course_lib.lessons.lesson07.unet_trials import (
    BARE,
    NO_BLOCKS,
    NO_EMBEDDING,
    ONE_LEVEL,
    THREE_LEVELS,
    TWO_LEVELS,
    embedding,
)
from course_lib.skips import skip_channels
from course_lib.unet import UNet

EXERCISE = Exercise(
    "UNet.decode",
    UNet,
    __name__,
    where='the document, "Full forward pass" (assets/network.md), line by line',
    watched=watched,
    seconds=6.0,
    step_of="UNet",
    not_for_all={
        "another_shape": "its own properties look at the output first",
        "gradients_cut": "its own looks at the output without the number of skips that are left",
    },
)
holds, right = EXERCISE.holds, EXERCISE.right

OUTPUT = "the output, and how many skips are left"


def decoding(trial: Trial, unet: Built, height: int = 8, width: int = 4, batch: int = 2) -> Call:
    """A call of `decode` with what middle and encoder would give; `height` is that of the image."""
    base, mults, blocks = (unet.kwargs[name] for name in ("base_channels", "channel_mults", "num_res_blocks"))
    skips, level = [], 0
    for number, channels in enumerate(skip_channels(base, mults, blocks)):
        # behind the first skip, the blocks of a level and then its Downsample
        level = (number - 1) // (blocks + 1) + (number - 1) % (blocks + 1) // blocks if number else 0
        skips.append(trial.normal(batch, channels, height // 2**level, width // 2**level))
    return unet.calling(torch.tanh(skips[-1]), embedding(trial, batch, base), *skips, method="decode")


@EXERCISE.telling
def given(call: Call) -> str:
    h, _, *skips = call.args
    shapes = ", ".join(str(tuple(skip.shape)) for skip in skips)
    unet = call_text("UNet", call.of.args, call.of.kwargs)
    return f"{unet}.decode(h {tuple(h.shape)}, a list of {len(skips)} skips, emb): {shapes}"


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    return decoding(trial, trial.build(**TWO_LEVELS))


@EXERCISE.harder
def several_blocks(trial: Trial) -> Call:
    """Two levels of three blocks each, and three wide images."""
    return decoding(trial, trial.build(**TWO_LEVELS | {"num_res_blocks": 2}), 2, 6, batch=3)


@holds("with blocks and attentions at zero, every block takes the newest skip, laid behind h")
def skips_otherwise(trial: Trial) -> None:
    """Even with blocks and attentions silenced (they hand on what they get) the output is another one, or not as many
    skips are left. Before every block the newest skip leaves the stack and is laid behind h, cat([h, skip]); what a
    layer gives is the next h, nothing added; and at the end the list you were handed is empty."""
    decoding(trial, trial.build_silenced(BARE, **ONE_LEVEL | {"num_res_blocks": 2}), 4).see(OUTPUT)


@holds("with blocks and attentions at zero, three levels come up in order")
def way_up(trial: Trial) -> None:
    """One level is right, and several are not, even with blocks and attentions silenced. self.decoder is stored lowest
    resolution first, and level.resample doubles h once a level, when all its blocks have run."""
    decoding(trial, trial.build_silenced(BARE, **THREE_LEVELS)).see(OUTPUT)


@holds("with residual blocks at zero, every attention is called once, behind its block")
def attention_left_out(trial: Trial) -> None:
    """Without attention the output is right, and with it it is not. Behind each residual block stands an attention of
    its own, called once, in the same round of the loop."""
    unet = trial.build_silenced(NO_BLOCKS, **ONE_LEVEL | {"num_res_blocks": 2}, attention_resolutions=(8,))
    decoding(trial, unet, 4).see(OUTPUT)


@holds("with one level every block runs once, in order")
def blocks_otherwise(trial: Trial) -> None:
    """With the residual blocks silenced all is right, and with them it is not. Each is called once, in the order of the
    list, with h and emb."""
    decoding(trial, trial.build_silenced(NO_EMBEDDING, **ONE_LEVEL), 4).see(OUTPUT)


@holds("every block hears emb as it is handed over")
def blocks_hear_another_emb(trial: Trial) -> None:
    """Where the blocks take no notice of emb (their emb_proj silenced) your numbers are right, and where they listen
    they are not: some blocks, or all, hear another emb than the one that was handed over. Hand it on to each of them
    unchanged, resblock(h, emb). A SiLU, for one, stands inside each block already, before its emb_proj."""
    decoding(trial, trial.build(**ONE_LEVEL), 4).see(OUTPUT)


@holds("with two levels, attention on the upper one, the output is right")
def levels_otherwise(trial: Trial) -> None:
    """With one level it is right and with two it is not. The same steps run at every level, with the level's own
    layers."""
    decoding(trial, trial.build(**TWO_LEVELS, attention_resolutions=(16,))).see(OUTPUT)


@holds("with blocks and attentions at zero, the newest skip is taken, also where an older one has the shape of h")
def skip_chosen_by_its_shape(trial: Trial) -> None:
    """Your output is right where channels grow on the way down, and with channel_mults=(2, 1, 2) it is not. There an
    older skip has the shape of h at one block, and the newest has fewer channels: the newest is the block's own,
    whatever its shape."""
    decoding(trial, trial.build_silenced(BARE, **THREE_LEVELS | {"channel_mults": (2, 1, 2)})).see(OUTPUT)


@holds("with another number of blocks a level the output is right")
def assumes_blocks(trial: Trial) -> None:
    """It is right for some numbers of residual blocks and wrong for others. Is a 3 written where a loop over
    level.resblocks belongs?"""
    decoding(trial, trial.build(**TWO_LEVELS | {"num_res_blocks": 3})).see(OUTPUT)


@holds("gradients flow back to h, to emb and to every skip")
def gradients_lost(trial: Trial) -> None:
    """The values are right, and the gradients are not. Is something cut from its past (.detach(), .data,
    torch.no_grad())? The encoder would never learn what the decoder needs."""
    decoding(trial, trial.build(**ONE_LEVEL), 4).see_gradients()


# ---- right answers ----


@right
def with_cat_and_numbers(self, h, skips, emb):
    for level in self.decoder:
        for place, block in enumerate(level.resblocks):
            h = level.attentions[place](block(torch.cat((h, skips.pop(-1)), dim=1), emb))
        h = h if level.resample is None else level.resample(h)
    return h


@right
def with_a_skip_deleted(self, h, skips, emb):
    for number, level in enumerate(self.decoder):
        for block, attention in zip(level.resblocks, level.attentions, strict=True):
            newest = skips[len(skips) - 1]
            del skips[len(skips) - 1]
            h = attention(block(torch.concat([h, newest], 1), emb))
        if number + 1 < len(self.decoder):
            h = level.resample(h)
    return h


right(edited(UNet.decode, ("cat_skip(h, skips)", "torch.cat([h, skips.pop()], 1)")), "with_cat")
