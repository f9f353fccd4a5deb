"""What holds for UNet, and right answers written differently."""

import re
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.checks.exercise import Exercise
from course_lib.checks.guard import Failure
from course_lib.checks.mistakes import edited
from course_lib.checks.trial import Call, Trial
from course_lib.class_embedding import ClassEmbedding
from course_lib.lessons.lesson07.unet_trials import BARE, NO_BLOCKS, NO_EMBEDDING, ONE_LEVEL, TWO_LEVELS
from course_lib.lessons.lesson07.unet_trials import UNet as Shared
from course_lib.resampling import Downsample, Upsample
from course_lib.residual_block import ResidualBlock
from course_lib.self_attention import SelfAttention
from course_lib.time_embedding import TimeEmbedding
from course_lib.unet import UNet, UNetLayers  # noqa: F401  (mistakes edit what is given)


def what_does_not_fit(failure: Failure) -> Failure:
    """The failure, with what clashes in place of the error's class."""
    # None in place of the list is another mistake than a list that is too short
    if failure.kind != "raised" or "skips = None" in failure.called:
        return failure
    text, clash = failure.text, ""
    if re.search(r"pop from empty|skips is empty|list index out of range|pop index out of range", text):
        clash = "no skip left"
    elif found := re.search(r"skips\[-1\] has shape \((.*?)\); allowed: \((.*?)\)", text):
        skip, h = (re.findall(r"\d+", one)[-2:] for one in found.groups())
        clash = next((f"h {one}, skip {other}" for one, other in zip(h, skip, strict=True) if one != other), "batch")
    elif found := re.search(r"Expected size (\d+) but got size (\d+)", text):
        clash = f"h {found[1]}, skip {found[2]}"
    elif found := re.search(r"(?:has shape \(|input of shape \[|expected input\[)(\d+, \d+, \d+, \d+)", text):
        wanted = re.search(r"allowed: \(B, (\d+)|weight of shape \[(\d+)|to have (\d+) channels", text)
        clash = f"{found[1]} instead of {[number for number in wanted.groups() if number] if wanted else '?'} channels"
    elif found := re.search(r"emb has shape \((.*?)\)|shapes cannot be multiplied \((\d+x\d+)", text):
        clash = f"embedding {(found[1] or found[2]).replace('x', ', ')}"
    elif re.search(r"index -?\d+ is out of range", text):
        clash = "no such level or block"
    return replace(failure, error=clash or failure.error)


EXERCISE = Exercise(
    "UNet",
    UNet,
    __name__,
    where='the document, "Full forward pass" (assets/network.md), line by line',
    seconds=6.0,
    reason=what_does_not_fit,
    not_for_all={"another_shape": "its layers are looked at first"},
)
holds, right = EXERCISE.holds, EXERCISE.right


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    # two levels, so that a gradient cut at a resampling is seen
    return trial.build(**TWO_LEVELS).calling(*inputs(trial, 4, 4, batch=2))


@EXERCISE.harder
def times_and_labels_of_all_kinds(trial: Trial) -> Call:
    """t = 0 and a fraction, the first class and none, three wide images, and large numbers."""
    x, t, labels = inputs(trial, 2, 6)
    t, labels[1:] = torch.tensor([t[0], 0.0, trial.pick(2.5, 6.25)]), torch.tensor([0, -1])
    return trial.build(**TWO_LEVELS).calling(4 * x, t, labels)


def inputs(trial: Trial, height: int = 4, width: int = 6, batch: int = 3, channels: int = 3) -> tuple:
    """Images, a time and a label for each; the ends of times and labels have probes of their own."""
    t = trial.integers(20, 990, batch)
    return trial.normal(batch, channels, height, width), t, trial.integers(1, 9, batch)


@holds("__init__ makes the layers that the document draws")
def other_layers(trial: Trial) -> None:
    """The layers your __init__ makes are not those of the document. Compare the shapes named below with its drawing:
    which block stands at which level, how many channels go in and out, and which layer is one too many or missing."""
    trial.build(**ONE_LEVEL)
    trial.build(**TWO_LEVELS, attention_resolutions=(trial.pick(8, 16),))


@holds("with blocks and attentions at zero, conv_in, the concatenations and the output are what is left")
def both_ends(trial: Trial) -> None:
    """Even with all blocks and attentions silenced your network gives something else, so look at what is left: conv_in
    takes the image as it is, each decoder block gets cat([h, skip]), and at the end stand norm_out, SiLU and conv_out,
    nothing more."""
    trial.build_silenced(BARE, **ONE_LEVEL)(*inputs(trial))


@holds("with blocks and attentions at zero, h and the skips take the document's way through three levels")
def way_of_h(trial: Trial) -> None:
    """One level is right, and several are not, even with blocks and attentions silenced. Follow h and the skips on
    paper: what is pushed after each step, which skip each decoder block pops, and where level.resample is called."""
    unet = trial.build_silenced(BARE, base_channels=8, channel_mults=(1, 2, 3), num_res_blocks=1, image_size=16)
    unet(*inputs(trial, 8, 4, batch=2))


@holds("with residual blocks at zero, every attention is called once, in its place")
def attention_out_of_place(trial: Trial) -> None:
    """Without attention h and the skips are right; with it, and two blocks a level, they are not. Behind each residual
    block stands an attention of its own, called once, on both sides of the U alike, and what is pushed is what it
    gives. In the middle it stands between the two blocks."""
    unet = trial.build_silenced(NO_BLOCKS, **ONE_LEVEL | {"num_res_blocks": 2}, attention_resolutions=(8,))
    unet(*inputs(trial, batch=2))


@holds("with a silent embedding, every residual block runs once, in its place")
def blocks_out_of_order(trial: Trial) -> None:
    """With the residual blocks silenced all is right, and with them it is not. Each is called once, in the order of the
    lists, and hands its result on: block, attention, next block."""
    trial.build_silenced(NO_EMBEDDING, **ONE_LEVEL)(*inputs(trial))


@holds("with a single level every step runs in the document's order")
def embedding_not_as_documented(trial: Trial) -> None:
    """All is right as long as the embedding is silent, and not when it speaks: emb = time_embed(t) +
    class_embed(labels), made once, and handed unchanged to *every* residual block: encoder, middle and decoder."""
    trial.build(**ONE_LEVEL)(*inputs(trial))


@holds("with two levels sizes go down and up again, and skips fit")
def levels_unlike(trial: Trial) -> None:
    """With one level your network is right and with two it is not. The same steps run at every level, with the level's
    own layers: is one treated otherwise than the others, or a resampling?"""
    trial.build(**TWO_LEVELS)(*inputs(trial))


@holds("attention stands where attention_resolutions says")
def attention_at_other_levels(trial: Trial) -> None:
    """With attention at the highest resolution alone your network is wrong. attention_resolutions names heights in
    pixels: the level of height 16 has attention if 16 is in it, in encoder and decoder alike."""
    trial.build(**TWO_LEVELS, attention_resolutions=(16,))(*inputs(trial, 4, 2, batch=2))


@holds("with three levels and two blocks a level, as in the document, the output is right")
def document_like(trial: Trial) -> None:
    """Small networks come out right, and one shaped as the document's does not. Does some order fit only where all
    channels are equal? Follow one skip from where it is pushed to the block that pops it."""
    unet = trial.build(
        base_channels=8, channel_mults=(1, 2, 2), num_res_blocks=2, attention_resolutions=(4,), image_size=16
    )
    unet(*inputs(trial, 8, 4, batch=2))


@holds("with another number of blocks a level the output is right")
def assumes_two_blocks(trial: Trial) -> None:
    """Your network is right for some numbers of residual blocks and wrong for others. Is a 2 or a 3 written where a
    loop over level.resblocks belongs?"""
    unet = trial.build(**TWO_LEVELS | {"num_res_blocks": 3, "image_size": 8}, attention_resolutions=(4,))
    unet(*inputs(trial, 4, 2, batch=2))


@holds("the newest skip is taken, also where an older one has the shape of h")
def skip_chosen_by_its_shape(trial: Trial) -> None:
    """Your network is right where channels grow on the way down, and with channel_mults=(2, 1, 2) it is not. There an
    older skip has the shape of h at one block, and the newest has fewer channels: the newest is the block's own,
    whatever its shape."""
    unet = trial.build_silenced(BARE, base_channels=8, channel_mults=(2, 1, 2), num_res_blocks=1, image_size=16)
    unet(*inputs(trial, 8, 4, batch=2))


@holds("images whose numbers are all above 0 are images like others")
def range_guessed(trial: Trial) -> None:
    """Where all numbers of the images are above 0 your network gives something else. Is a range guessed from the
    numbers, such as that of pixels from 0 to 1? What comes in is taken as it is."""
    x, *rest = inputs(trial)
    trial.build(**ONE_LEVEL)(x.abs(), *rest)


@holds("without class_labels the network runs unconditionally")
def needs_labels(trial: Trial) -> None:
    """Without class_labels (None) your network does not do what it should. Then there is no class: emb is the time
    embedding alone."""
    unet = trial.build(**ONE_LEVEL)
    x, t, _ = inputs(trial)
    unet(x, t)
    unet(x, t, None)


@holds("label -1 means no class, image by image")
def label_minus_one(trial: Trial) -> None:
    """Label -1 goes wrong. ClassEmbedding knows what to do with it; hand all labels on as they are."""
    unet = trial.build(**ONE_LEVEL)
    x, t, labels = inputs(trial)
    labels[trial.pick(0, 1, 2)] = -1
    unet(x, t, labels)
    unet(x, t, torch.full((3,), -1))


@holds("the first and the last class are looked up as themselves")
def ends_of_the_labels(trial: Trial) -> None:
    """With another number of classes, and the first and the last of them in the batch, your network is wrong. Hand
    num_classes on to ClassEmbedding, and labels to class_embed as they are."""
    classes = trial.pick(4, 6)
    unet = trial.build(**ONE_LEVEL, num_classes=classes)
    x, t, _ = inputs(trial)
    unet(x, t, torch.tensor([0, classes - 1, 1]))


@holds("t = 0 and t = 999 are times as all others")
def ends_of_time(trial: Trial) -> None:
    """Times in the middle are right and the ends (0, 1, 999) are not. Hand t on to time_embed unchanged; `if t` and
    clipping would treat some otherwise."""
    unet = trial.build(**ONE_LEVEL)
    x, _, labels = inputs(trial)
    unet(x, torch.tensor([0, 999, 1]), labels, tolerance=20)


@holds("fractions of t count")
def whole_times_only(trial: Trial) -> None:
    """Whole times are right, fractions such as 412.5 are not. Flow matching needs them. Is there a rounding, or a
    .long()?"""
    unet = trial.build(**ONE_LEVEL)
    x, t, labels = inputs(trial)
    unet(x, t + torch.tensor([0.5, 0.25, 0.75]), labels, tolerance=10)


@holds("times of 1 and less are times as all others, as those next to the image")
def clock_guessed(trial: Trial) -> None:
    """Where all times of a batch are 1 or less your network is wrong. Those are times next to the image, also as
    fractions: hand t on to time_embed as it is. Is a scale guessed from its numbers?"""
    unet = trial.build(**ONE_LEVEL)
    x, _, labels = inputs(trial)
    unet(x, torch.tensor([0.5, 1.0, 0.25]), labels, tolerance=20)


@holds("images may have another number of channels")
def three_channels_only(trial: Trial) -> None:
    """With another number of image channels than 3 your network is wrong; in_channels says how many there are."""
    channels = trial.pick(1, 2)
    trial.build(channels, **ONE_LEVEL)(*inputs(trial, channels=channels))


@holds("with dropout=0.0 training mode changes nothing")
def dropout_ignores_its_argument(trial: Trial) -> None:
    """With dropout=0.0, training mode changes your network's output, and it should not. Is the argument handed on to
    every ResidualBlock, and is there a dropout of your own, of numbers or of labels? Labels are dropped before the
    network is called."""
    # many images, so that what drops one of ten in forward does so here
    trial.build(**ONE_LEVEL, dropout=0.0)(*inputs(trial, batch=64, height=2, width=2), training=True)


@holds("while training, dropout acts")
def dropout_never(trial: Trial) -> None:
    """While training two calls give the same, so dropout never acts. Does something switch the mode, or is the argument
    not handed on?"""
    call = trial.build(**ONE_LEVEL, dropout=0.5).calling(*inputs(trial))
    once, again = (call.see(training=True, observed=False) for _ in range(2))
    trial.see("whether two calls differ", bool((once - again).abs().max() > 0), call.text(training=True))


# ---- what the mistakes edit ----


class Wired(Shared):
    """The wiring as a learner writes it, every step one line unlike the others."""

    def forward(self, x, t, class_labels=None):
        emb = self.time_embed(t)
        if class_labels is not None:
            emb = emb + self.class_embed(class_labels)
        h = self.conv_in(x)
        skips = [h]
        for down in self.encoder:
            for resblock, attention in zip(down.resblocks, down.attentions, strict=True):
                skips.append(h := attention(resblock(h, emb)))
            if down.resample is not None:
                skips.append(h := down.resample(h))
        h = self.mid_resblock2(self.mid_attention(self.mid_resblock1(h, emb)), emb)
        for up in self.decoder:
            for block, attend in zip(up.resblocks, up.attentions, strict=True):
                h = torch.cat([h, skips.pop()], dim=1)
                h = attend(block(h, emb))
            h = h if up.resample is None else up.resample(h)
        out = self.conv_out(F.silu(self.norm_out(h)))
        return out


# ---- right answers ----

right(edited(Wired, ("skips.pop()", "skips.pop().clone()")), "skips_cloned")
right(edited(Wired, ("skips.append(h := ", "skips.insert(0, h := "), ("skips.pop()", "skips.pop(0)")), "kept_reversed")


class DownBlock(nn.Module):
    def __init__(self, block: nn.Module, attention: nn.Module | None) -> None:
        super().__init__()
        self.block, self.attention = block, attention

    def forward(self, x: Tensor, emb: Tensor) -> Tensor:
        x = self.block(x, emb)
        return x if self.attention is None else self.attention(x)


@right
class FlatLists(nn.Module):
    """All steps in flat lists, the channels of skips counted while building, other names."""

    def __init__(
        self,
        in_channels=3,
        base_channels=64,
        channel_mults=(1, 2, 4),
        num_res_blocks=2,
        attention_resolutions=(8,),
        image_size=32,
        num_classes=10,
        num_heads=4,
        dropout=0.1,
    ) -> None:
        super().__init__()
        dim = 4 * base_channels
        self.time, self.label = TimeEmbedding(dim), ClassEmbedding(num_classes, dim)
        self.stem = nn.Conv2d(in_channels, base_channels, 3, 1, 1)
        widths = [base_channels * mult for mult in channel_mults]
        size, now, kept = image_size, base_channels, [base_channels]

        def step(before: int, after: int) -> DownBlock:
            attention = SelfAttention(after, num_heads) if size in attention_resolutions else None
            return DownBlock(ResidualBlock(before, after, dim, dropout), attention)

        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        for level, width in enumerate(widths):
            for _ in range(num_res_blocks):
                self.down.append(step(now, width))
                now = width
                kept.append(now)
            if level + 1 < len(widths):
                self.down.append(Downsample(now))
                kept.append(now)
                size //= 2
        self.middle = nn.ModuleList(
            [
                ResidualBlock(now, now, dim, dropout),
                SelfAttention(now, num_heads),
                ResidualBlock(now, now, dim, dropout),
            ]
        )
        for level, width in reversed(list(enumerate(widths))):
            for _ in range(num_res_blocks + 1):
                self.up.append(step(now + kept.pop(), width))
                now = width
            if level:
                self.up.append(Upsample(now))
                size *= 2
        self.head = nn.Sequential(nn.GroupNorm(ResidualBlock(now, now, 2).norm1.num_groups, now), nn.SiLU())
        self.last = nn.Conv2d(now, in_channels, 3, padding="same")

    def forward(self, x: Tensor, t: Tensor, class_labels: Tensor | None = None) -> Tensor:
        emb = self.time(t) if class_labels is None else self.time(t) + self.label(class_labels)
        maps = [self.stem(x)]
        for step in self.down:
            maps.append(step(maps[-1], emb) if isinstance(step, DownBlock) else step(maps[-1]))
        x = maps[-1]
        for step in self.middle:
            x = step(x) if isinstance(step, SelfAttention) else step(x, emb)
        for step in self.up:
            x = step(torch.cat((x, maps.pop()), dim=1), emb) if isinstance(step, DownBlock) else step(x)
        return self.last(self.head(x))


@right
class ByIndex(UNet):
    """The skips in a list that is only read, by an index that counts down."""

    def forward(self, x, t, class_labels=None):
        no_class = torch.full_like(t, -1).long()
        emb = self.class_embed(no_class if class_labels is None else class_labels) + self.time_embed(t)
        kept = (self.conv_in(x),)
        for level in self.encoder:
            for place in range(len(level.resblocks)):
                kept += (level.attentions[place](level.resblocks[place](kept[-1], emb)),)
            if level.resample:
                kept += (level.resample(kept[-1]),)
        h = self.mid_resblock2(self.mid_attention(self.mid_resblock1(kept[-1], emb)), emb)
        index = len(kept)
        for level in self.decoder:
            for place in range(len(level.resblocks)):
                index -= 1
                joined = h.new_empty(h.shape[0], h.shape[1] + kept[index].shape[1], *h.shape[2:])
                joined[:, : h.shape[1]], joined[:, h.shape[1] :] = h, kept[index]
                h = level.attentions[place](level.resblocks[place](joined, emb))
            h = h if level.resample is None else level.resample(h)
        h = self.norm_out(h)
        return self.conv_out(h * h.sigmoid())


@right
class Recursive(UNet):
    """A level, all below it, and the level again: the U as a recursion, without a stack."""

    def forward(self, x, t, class_labels=None):
        emb = self.time_embed(t)
        emb = emb if class_labels is None else emb + self.class_embed(class_labels)
        h = self.conv_in(x)
        h, left = self.inside(0, h, [h], emb)
        assert not left
        return self.conv_out(F.silu(self.norm_out(h)))

    def inside(self, depth, h, kept, emb):
        if depth == len(self.encoder):
            h = self.mid_attention(self.mid_resblock1(h, emb))
            return self.mid_resblock2(h, emb), kept
        down, up = self.encoder[depth], self.decoder[len(self.decoder) - 1 - depth]
        for block, attention in zip(down.resblocks, down.attentions, strict=True):
            h = attention(block(h, emb))
            kept = [h, *kept]
        if down.resample is not None:
            h = down.resample(h)
            kept = [h, *kept]
        h, kept = self.inside(depth + 1, h, kept, emb)
        for block, attention in zip(up.resblocks, up.attentions, strict=True):
            skip, *kept = kept
            h = attention(block(torch.concat([h, skip], -3), emb))
        return (up.resample(h) if up.resample is not None else h), kept
