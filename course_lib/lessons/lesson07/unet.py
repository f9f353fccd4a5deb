"""What holds for UNet, and right answers written differently."""

import re
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.checks.exercise import Exercise
from course_lib.checks.guard import Failure
from course_lib.checks.mistakes import Misconception, edited
from course_lib.checks.trial import Built, Call, Trial
from course_lib.class_embedding import ClassEmbedding
from course_lib.resampling import Downsample, Upsample
from course_lib.residual_block import ResidualBlock
from course_lib.self_attention import SelfAttention
from course_lib.time_embedding import TimeEmbedding
from course_lib.unet import UNet

# one level, where all skips have one shape: no order of them can raise an error, only values tell
ONE_LEVEL = {"base_channels": 8, "channel_mults": (1,), "num_res_blocks": 1, "image_size": 8, "num_heads": 2}


TWO_LEVELS = {"base_channels": 8, "channel_mults": (1, 2), "num_res_blocks": 1, "image_size": 16, "num_heads": 2}


def inputs(trial: Trial, height: int = 4, width: int = 6, batch: int = 3, channels: int = 3) -> tuple:
    """Images, a time and a label for each."""
    t = trial.integers(20, 990, batch)
    return trial.normal(batch, channels, height, width), t, trial.integers(0, 10, batch)


def run(unet: Built, *args: Any, label: str = "the output", tolerance: float = 1.0, **options: Any) -> Any:
    """Call the network and record what it returns; errors of shapes are recorded by what does not fit."""
    trial = unet.trial
    value = trial.handle.call(unet.constructed.key, args, {}, seed=trial.random.randrange(2**31), **options)
    if isinstance(value, Failure):
        value = what_does_not_fit(value)
    return trial.checked(label, value, unet.text("", args, {}, options.get("training", False)), tolerance)


def what_does_not_fit(failure: Failure) -> Failure:
    """The same mistake raises different errors in different answers: name what clashes instead of the error's class."""
    if failure.kind != "raised":
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
    elif re.search(r"one vector an image|shapes cannot be multiplied", text):
        clash = "embedding"
    elif re.search(r"index -?\d+ is out of range", text):
        clash = "no such level or block"
    return Failure(failure.kind, text, failure.line, clash or failure.error)


# layers of which the last gives zeros hand on what came in: without them the network is what connects its parts
NO_ATTENTION, NO_BLOCKS, NO_EMBEDDING = r"\bproj\.", r"\bconv2\.", r"\bemb_proj\."


BARE = f"{NO_ATTENTION}|{NO_BLOCKS}"


def example(trial: Trial) -> tuple[Built, tuple]:
    return trial.build(**ONE_LEVEL), inputs(trial)


@cache
def network(args: tuple, options: tuple) -> UNet:
    return UNet(*args, **dict(options))


class Rewired(type(UNet)):
    """The reference's network with another forward. Building one takes longer than running it, and its parameters are
    set anew before every use: so all that differ in forward only share one network for each configuration."""

    def __call__(cls, *args: Any, **options: Any) -> UNet:
        made = cls.__new__(cls)
        made.__dict__ = vars(network(args, tuple(sorted(options.items())))).copy()
        return made


# a learner's own answer checks nothing; and what a mistake needs
START = ("self.check_inputs(x, t, class_labels)", "import torch")


def rewired(*changes: tuple[str, str]) -> type[UNet]:
    return Rewired("UNet", (UNet,), {"forward": edited(UNet, START, *changes).forward})


TIME = "emb = self.time_embed(t)\n"


CLASS = "emb = emb + self.class_embed(class_labels)"


IF_CLASS = "if class_labels is not None:\n            " + CLASS


FIRST = "h = self.conv_in(x)\n        skips = [h]"


ENCODE = "h = attention(resblock(h, emb))\n                skips.append(h)"


END_OF_LEVEL = (
    "            if level.resample is not None:\n                h = level.resample(h)\n                skips"
)


HALVE = "h = level.resample(h)\n                skips.append(h)"


MIDDLE1 = "h = self.mid_resblock1(h, emb)\n"


MIDDLE2 = "h = self.mid_attention(h)\n"


MIDDLE3 = "h = self.mid_resblock2(h, emb)\n"


MIDDLE = MIDDLE1 + "        " + MIDDLE2 + "        " + MIDDLE3


CAT = "h = cat_skip(h, skips)\n"


DECODE = "h = cat_skip(h, skips)\n                h = attention(resblock(h, emb))"


DOUBLE = "            if level.resample is not None:\n                h = level.resample(h)\n\n        # OUTPUT"


OUTPUT = "return self.conv_out(F.silu(self.norm_out(h)))"


CODE_OF_DECODER = "for level in self.decoder:"


PAIRS = "for resblock, attention in zip(level.resblocks, level.attentions, strict=True):"


IN_DECODER = PAIRS + "\n                " + CAT


IN_ENCODER = PAIRS + "\n                " + ENCODE


def wrong(name: str, sentence: str, *changes: tuple[str, str]) -> Misconception:
    return Misconception(name, sentence, rewired(*changes))


def built_otherwise(name: str, sentence: str, *changes: tuple[str, str]) -> Misconception:
    return Misconception(name, sentence, edited(UNet, *changes))


EMBEDDING_MISTAKES = (
    wrong(
        "time_ignored",
        "Your network never hears t: the time embedding does not reach the blocks. At t = 0 and at t = 999 it "
        "would give the same answer for the same picture. emb = time_embed(t) + class_embed(labels).",
        (TIME, "emb = 0 * self.time_embed(t)\n"),
    ),
    wrong(
        "class_replaces_time",
        "With labels, your class embedding takes the place of the time embedding. The document *adds* the two: the "
        "network needs to know both.",
        (CLASS, "emb = self.class_embed(class_labels)"),
    ),
    wrong(
        "class_ignored",
        "The labels go in and never reach the blocks: whatever class is asked for, the output stays. Add "
        "class_embed(labels) to the time embedding.",
        (CLASS, "pass"),
    ),
    wrong(
        "class_multiplied",
        'You multiply time and class embedding. The document adds them, elementwise: with a product, "no class" '
        "(zeros) would wipe out the time.",
        (CLASS, "emb = emb * self.class_embed(class_labels)"),
    ),
    wrong(
        "class_subtracted",
        "You subtract the class embedding. The document's line is t_emb + c_emb.",
        (CLASS, "emb = emb - self.class_embed(class_labels)"),
    ),
    wrong(
        "class_added_twice",
        "You add the class embedding twice. Once is the document's sum; twice doubles its weight against the time.",
        (CLASS, "emb = emb + 2 * self.class_embed(class_labels)"),
    ),
    wrong(
        "embeddings_averaged",
        "You take the mean of the two embeddings. The document takes their sum, and blocks trained on one do not "
        "understand the other.",
        (CLASS, "emb = (emb + self.class_embed(class_labels)) / 2"),
    ),
    wrong(
        "embeddings_concatenated",
        "You lay the two embeddings side by side; the vector is then twice as wide as the blocks expect. They are "
        "added, element by element.",
        (CLASS, "emb = torch.cat([emb, self.class_embed(class_labels)], dim=1)"),
    ),
    wrong(
        "none_means_class_zero",
        "Without labels you ask for class 0, an airplane or a T-shirt. No labels means *no class*: nothing is added "
        "to the time embedding.",
        (
            IF_CLASS,
            "labels = t.new_zeros(len(t)).long() if class_labels is None else class_labels\n"
            "        emb = emb + self.class_embed(labels)",
        ),
    ),
    wrong(
        "minus_one_means_class_zero",
        "You turn label -1 into 0 before you look it up. Hand it on as it is: ClassEmbedding gives zeros for -1, and "
        "guidance will rest on that.",
        (CLASS, "emb = emb + self.class_embed(class_labels.clamp(min=0))"),
    ),
    wrong(
        "one_without_class_silences_all",
        "As soon as one image has no class (-1), none of the batch gets one. Each image has its own label; the "
        "embedding treats them one by one.",
        ("if class_labels is not None:", "if class_labels is not None and bool((class_labels >= 0).all()):"),
    ),
    wrong(
        "last_class_lost",
        "The highest label is not looked up as itself. Labels run from 0 to num_classes - 1, both included.",
        (CLASS, "emb = emb + self.class_embed(class_labels.clamp(max=self.class_embed.num_classes - 2))"),
    ),
    wrong(
        "labels_moved_by_one",
        'You subtract 1 from the labels. They start at 0 here, and -1 is already taken: it means "no class".',
        (CLASS, "emb = emb + self.class_embed(class_labels - 1)"),
    ),
    wrong(
        "time_divided",
        "You divide t by 1000. The embedding's frequencies are made for steps from 0 to 999; in [0, 1] most of its "
        "columns hardly move.",
        (TIME, "emb = self.time_embed(t / 1000)\n"),
    ),
    wrong(
        "time_multiplied",
        "You multiply t by 1000 inside the network. It is given steps from 0 to 999 already; flow matching scales its "
        "t before it calls.",
        (TIME, "emb = self.time_embed(1000 * t)\n"),
    ),
    wrong(
        "time_cut_to_whole_numbers",
        "You turn t into whole numbers (.long() or .int()). Flow matching asks for times such as 412.5, and the "
        "embedding is made for them.",
        (TIME, "emb = self.time_embed(t.long())\n"),
    ),
    wrong(
        "time_off_by_one",
        "You embed t + 1. Time starts at 0 here; the embedding takes it as it is.",
        (TIME, "emb = self.time_embed(t + 1)\n"),
    ),
    wrong(
        "first_time_for_all",
        "All images get the time of the first one. In training every image of a batch has its own t, so embed the "
        "whole vector.",
        (TIME, "emb = self.time_embed(t[:1]).expand(len(t), -1)\n"),
    ),
    wrong(
        "embedding_averaged_over_the_batch",
        "You average the embedding over the batch. Each image keeps its own vector: (B, emb_dim).",
        ("# INITIAL CONV", "emb = emb.mean(0, keepdim=True).expand(len(t), -1)\n        # INITIAL CONV"),
    ),
    wrong(
        "embedding_activated_at_the_top",
        "You apply SiLU to emb before handing it out. Each ResidualBlock starts with a SiLU on emb already, so it "
        "passes through two.",
        ("# INITIAL CONV", "emb = F.silu(emb)\n        # INITIAL CONV"),
    ),
    wrong(
        "time_activated_before_the_sum",
        "You apply SiLU to the time embedding before the class is added. The sum comes first; the SiLU waits in each "
        "block.",
        (TIME, "emb = F.silu(self.time_embed(t))\n"),
    ),
    wrong(
        "embedding_normalised",
        "You normalise emb. The document hands out the plain sum of time and class embedding.",
        ("# INITIAL CONV", "emb = F.normalize(emb, dim=1)\n        # INITIAL CONV"),
    ),
    wrong(
        "encoder_deaf",
        "The encoder gets no embedding (or zeros): only the decoder knows what time it is. Key Insight 2: emb goes to "
        "*every* residual block.",
        (ENCODE, ENCODE.replace("emb", "0 * emb")),
    ),
    wrong(
        "decoder_deaf",
        "The decoder's blocks get zeros instead of emb. All blocks hear the embedding, on both sides of the U.",
        (DECODE, DECODE.replace("emb", "0 * emb")),
    ),
    wrong(
        "middle_deaf",
        "The two blocks in the middle get zeros instead of emb. They are residual blocks as all others, and hear it "
        "too.",
        (MIDDLE1, MIDDLE1.replace("emb", "0 * emb")),
        (MIDDLE3, MIDDLE3.replace("emb", "0 * emb")),
    ),
    wrong(
        "first_middle_block_deaf",
        "mid_resblock1 gets zeros instead of emb. Both blocks of the middle hear it.",
        (MIDDLE1, MIDDLE1.replace("emb", "0 * emb")),
    ),
    wrong(
        "second_middle_block_deaf",
        "mid_resblock2 gets zeros instead of emb. Both blocks of the middle hear it.",
        (MIDDLE3, MIDDLE3.replace("emb", "0 * emb")),
    ),
    wrong(
        "middle_hears_time_only",
        "The middle is handed the time embedding without the class. Sum the two once, at the top.",
        (MIDDLE1, MIDDLE1.replace("emb", "self.time_embed(t)")),
        (MIDDLE3, MIDDLE3.replace("emb", "self.time_embed(t)")),
    ),
    wrong(
        "decoder_hears_time_only",
        "Your decoder is handed the time embedding without the class. It is one vector for the whole network: time "
        "plus class.",
        (DECODE, DECODE.replace("emb", "self.time_embed(t)")),
    ),
    wrong(
        "encoder_hears_time_only",
        "Your encoder is handed the time without the class. Sum the two once, at the top, and hand the sum to all.",
        (ENCODE, ENCODE.replace("emb", "self.time_embed(t)")),
    ),
)


SKIP_MISTAKES = (
    wrong(
        "first_in_first_out",
        "You take the *oldest* skip first: pop(0), or a reversed list. The first decoder block stands beside the last "
        "encoder block, so the newest skip goes first: pop().",
        (CAT, "h = torch.cat([h, skips.pop(0)], dim=1)\n"),
    ),
    wrong(
        "right_level_wrong_order",
        "Each level gets its own skips, in the order they were made. They go the other way: within a level, too, the "
        "newest comes first.",
        (
            IN_DECODER,
            PAIRS + "\n                left = len(level.resblocks) - list(level.resblocks).index(resblock)\n"
            "                h = torch.cat([h, skips.pop(-left)], dim=1)\n",
        ),
    ),
    wrong(
        "skip_before_h",
        "You concatenate skip, h. The document writes cat([h, skip]): the block's first channels are h, and trained "
        "weights depend on it.",
        (CAT, "h = torch.cat([skips.pop(), h], dim=1)\n"),
    ),
    wrong(
        "skip_never_leaves",
        "You read skips[-1] without taking it off, so every decoder block gets the same skip. pop() reads and removes.",
        (CAT, "h = torch.cat([h, skips[-1]], dim=1)\n"),
    ),
    wrong(
        "oldest_skip_for_all",
        "You read skips[0] for every block: always what conv_in made. Each skip is used once.",
        (CAT, "h = torch.cat([h, skips[0]], dim=1)\n"),
    ),
    wrong(
        "skip_not_concatenated",
        "The decoder's first block gets as many channels as h alone has: you add the skip to h, or leave it out. The "
        "document lays it *behind* h (cat), so channels go up: 256 + 256 = 512.",
        (CAT, "h = h + skips.pop()\n"),
    ),
    wrong(
        "h_instead_of_the_skip",
        "You lay h behind h. The second half should be the skip from the encoder; fine details travel there.",
        (CAT, "skips.pop()\n                h = torch.cat([h, h], dim=1)\n"),
    ),
    wrong(
        "skip_instead_of_h",
        "You lay the skip behind itself and drop h: all that the middle and the decoder have worked out is lost.",
        (CAT, "skip = skips.pop()\n                h = torch.cat([skip, skip], dim=1)\n"),
    ),
    wrong(
        "zeros_instead_of_skips",
        "Zeros stand where the skips should be. That runs, and lesson 06 showed what it costs: all fine detail.",
        (CAT, "h = torch.cat([h, 0 * skips.pop()], dim=1)\n"),
    ),
    wrong(
        "skips_scaled",
        "You scale the skips (by 1/sqrt(2)). Some networks do; the document takes them as they are.",
        (CAT, "h = torch.cat([h, skips.pop() / 2**0.5], dim=1)\n"),
    ),
    wrong(
        "skips_halved",
        "You halve the skips. The document concatenates them unchanged.",
        (CAT, "h = torch.cat([h, skips.pop() / 2], dim=1)\n"),
    ),
    wrong(
        "cat_over_the_batch",
        "You concatenate along axis 0, the batch: twice as many images come out. Channels are axis 1.",
        (CAT, "h = torch.cat([h, skips.pop()], dim=0)\n"),
    ),
    wrong(
        "cat_over_the_height",
        "You concatenate along axis 2, the height: the skip lies below h like a second picture. Channels are axis 1.",
        (CAT, "h = torch.cat([h, skips.pop()], dim=2)\n"),
    ),
    wrong(
        "cat_over_the_width",
        "You concatenate along the last axis, the width. Skips go behind h along the channels, dim=1.",
        (CAT, "h = torch.cat([h, skips.pop()], dim=-1)\n"),
    ),
    wrong(
        "cat_once_a_level",
        "You take one skip at the beginning of each level. The document takes one before *every* block: nine skips, "
        "nine decoder blocks.",
        (CODE_OF_DECODER, CODE_OF_DECODER + "\n            h = cat_skip(h, skips)"),
        (DECODE, "h = attention(resblock(h, emb))"),
    ),
    wrong(
        "first_skip_forgotten",
        "The stack starts empty, so it is one skip short at the end. conv_in leaves the first one: skips = [h].",
        (FIRST, "h = self.conv_in(x)\n        skips = []"),
    ),
    wrong(
        "image_as_first_skip",
        "You keep the image itself as the first skip. It has 3 channels; the last decoder block expects what conv_in "
        "made of it.",
        (FIRST, "h = self.conv_in(x)\n        skips = [x]"),
    ),
    wrong(
        "blocks_leave_no_skip",
        "Your encoder's blocks leave no skips. Each of them does: skips.append(h) behind every block.",
        (ENCODE, "h = attention(resblock(h, emb))"),
    ),
    wrong(
        "one_skip_a_level",
        "You push one skip a level, as the document's first drawing suggests. Its trace pushes after *every* block.",
        (ENCODE, "h = attention(resblock(h, emb))"),
        (END_OF_LEVEL, "            skips.append(h)\n" + END_OF_LEVEL),
    ),
    wrong(
        "h_smaller_than_its_skip",
        "In your decoder a small h meets a skip of twice its size. Two lines can do that: what Downsample gives is not "
        "on the stack (skips.append(h) follows each downsample(h)), or the decoder's level.resample is never called.",
        (HALVE, "h = level.resample(h)"),
    ),
    wrong(
        "skip_before_attention",
        "You push what the residual block made, then call the attention. The document pushes after it: attention(h), "
        "then skips.append(h).",
        (ENCODE, "h = resblock(h, emb)\n                skips.append(h)\n                h = attention(h)"),
    ),
    wrong(
        "skip_before_the_block",
        "You push before the block instead of after it: every skip is one step too old.",
        (ENCODE, "skips.append(h)\n                h = attention(resblock(h, emb))"),
    ),
    wrong(
        "two_skips_a_block",
        "You push twice where there is attention, once before and once after. A block and its attention leave one "
        "skip.",
        (
            ENCODE,
            "h = resblock(h, emb)\n                skips.append(h)\n                h = attention(h)\n"
            "                skips.append(h)",
        ),
    ),
    wrong(
        "middle_leaves_a_skip",
        "You push what the middle made. It is already h; the newest skip is the last encoder block's.",
        (MIDDLE3, MIDDLE3 + "        skips.append(h)\n"),
    ),
    wrong(
        "skips_detached",
        "You detach the skips. The values are right, and no gradient flows through them: the encoder would learn from "
        "the middle only.",
        ("skips.append(h)", "skips.append(h.detach())"),
        ("skips = [h]", "skips = [h.detach()]"),
    ),
)


PATH_MISTAKES = (
    wrong(
        "result_of_the_block_dropped",
        "Your encoder pushes what each block makes, and goes on with the old h. Store it: h = attention(resblock(h, "
        "emb)).",
        (ENCODE, "skips.append(attention(resblock(h, emb)))"),
    ),
    wrong(
        "encoder_attention_forgotten",
        "Your encoder never calls its attentions. They stand beside the blocks: level.attentions, one for each.",
        (ENCODE, ENCODE.replace("attention(resblock(h, emb))", "resblock(h, emb)")),
    ),
    wrong(
        "decoder_attention_forgotten",
        "Your decoder never calls its attentions. It has them at the same resolutions as the encoder.",
        (DECODE, DECODE.replace("attention(resblock(h, emb))", "resblock(h, emb)")),
    ),
    wrong(
        "no_attention_in_the_levels",
        "No level calls its attentions, on either side; only the middle has one. Call level.attentions[i] behind each "
        "block.",
        ("attention(resblock(h, emb))", "resblock(h, emb)"),
    ),
    wrong(
        "attention_before_the_block",
        "You call the attention before the residual block. The document's order is resblock, then attention.",
        (ENCODE, ENCODE.replace("attention(resblock(h, emb))", "resblock(attention(h), emb)")),
        (DECODE, "h = attention(h)\n                " + CAT + "                h = resblock(h, emb)"),
    ),
    wrong(
        "encoder_attention_before_the_block",
        "In your encoder the attention comes before its residual block. It looks at what the block found, so it comes "
        "after.",
        (ENCODE, ENCODE.replace("attention(resblock(h, emb))", "resblock(attention(h), emb)")),
    ),
    wrong(
        "decoder_attention_before_the_block",
        "In your decoder the attention comes before cat and block. The document: cat, resblock, attention.",
        (DECODE, "h = attention(h)\n                " + CAT + "                h = resblock(h, emb)"),
    ),
    wrong(
        "attention_once_a_level",
        "You call one attention a level, after its last block. There is one for every block: level.resblocks and "
        "level.attentions go hand in hand.",
        (
            ENCODE,
            "h = resblock(h, emb)\n                h = attention(h) if resblock is level.resblocks[-1] else h\n"
            "                skips.append(h)",
        ),
        (
            DECODE,
            CAT + "                h = resblock(h, emb)\n"
            "                h = attention(h) if resblock is level.resblocks[-1] else h",
        ),
    ),
    wrong(
        "one_attention_for_all_blocks",
        "You call the level's first attention behind every block. Each block has an attention of its own, with its "
        "own weights.",
        ("attention(resblock(h, emb))", "level.attentions[0](resblock(h, emb))"),
    ),
    wrong(
        "attention_added_again",
        "You add h to what the attention gives. SelfAttention has its residual inside: h = attention(h).",
        ("attention(resblock(h, emb))", "resblock(h, emb)\n                h = h + attention(h)"),
        (MIDDLE2, "h = h + self.mid_attention(h)\n"),
    ),
    wrong(
        "encoder_attention_added_again",
        "In the encoder you add h to the attention's result, and the attention has done so already.",
        (ENCODE, "h = resblock(h, emb)\n                h = h + attention(h)\n                skips.append(h)"),
    ),
    wrong(
        "decoder_attention_added_again",
        "In the decoder you add h to the attention's result, and the attention has done so already.",
        (DECODE, CAT + "                h = resblock(h, emb)\n                h = h + attention(h)"),
    ),
    wrong(
        "decoder_attention_twice",
        "Your decoder calls each attention twice. Once behind its block is enough.",
        (DECODE, DECODE.replace("attention(resblock(h, emb))", "attention(attention(resblock(h, emb)))")),
    ),
    wrong(
        "level_attention_added_again",
        "In the levels you add h to the attention's result, and the attention has done so already.",
        ("attention(resblock(h, emb))", "resblock(h, emb)\n                h = h + attention(h)"),
    ),
    wrong(
        "middle_attention_added_again",
        "In the middle you add h to what mid_attention gives. Its residual is inside; the sum is made twice.",
        (MIDDLE2, "h = h + self.mid_attention(h)\n"),
    ),
    wrong(
        "block_added_again",
        "You add h to what each encoder block gives. The shortcut is inside the ResidualBlock; this adds another one.",
        (ENCODE, ENCODE.replace("attention(", "h + attention(")),
    ),
    wrong(
        "middle_missing",
        "The decoder goes on from what the encoder made: the middle (block, attention, block) is missing, or its "
        "result is thrown away, because `h = ` is missing in front of a line.",
        (MIDDLE, "pass\n"),
    ),
    wrong(
        "middle_attention_missing",
        "The middle's attention is never called: it stands between the two middle blocks.",
        (MIDDLE2, "pass\n"),
    ),
    wrong(
        "first_middle_block_missing",
        "mid_resblock1 is never called. The middle is three steps: mid_resblock1, mid_attention, mid_resblock2.",
        (MIDDLE1, "pass\n"),
    ),
    wrong(
        "second_middle_block_missing",
        "mid_resblock2 is never called; the decoder starts from what mid_attention gave.",
        (MIDDLE3, "pass\n"),
    ),
    wrong(
        "middle_blocks_swapped",
        "mid_resblock2 runs before mid_resblock1. They have the same shape, so nothing complains; trained weights "
        "would.",
        (MIDDLE, MIDDLE3 + "        " + MIDDLE2 + "        " + MIDDLE1),
    ),
    wrong(
        "first_middle_block_twice",
        "mid_resblock1 runs twice, and mid_resblock2 never learns. Look at the digit in the third line of the middle.",
        (MIDDLE3, MIDDLE1),
    ),
    wrong(
        "second_middle_block_twice",
        "mid_resblock2 stands in both places; mid_resblock1 is left out. Look at the digit in the first line.",
        (MIDDLE1, MIDDLE3),
    ),
    wrong(
        "middle_attention_first",
        "The middle's attention runs before both blocks. It stands between them.",
        (MIDDLE, MIDDLE2 + "        " + MIDDLE1 + "        " + MIDDLE3),
    ),
    wrong(
        "middle_attention_last",
        "The middle's attention runs after both blocks. The document has it between them: block, attention, block.",
        (MIDDLE, MIDDLE1 + "        " + MIDDLE3 + "        " + MIDDLE2),
    ),
    wrong(
        "middle_attention_twice",
        "mid_attention runs twice. Once, between the two blocks.",
        (MIDDLE2, MIDDLE2 + "        " + MIDDLE2),
    ),
    wrong(
        "middle_with_shortcut",
        "You add what the encoder made to what the middle gives. The encoder's last result already reaches the decoder "
        "as the newest skip.",
        (MIDDLE1, "before = h\n        " + MIDDLE1),
        (MIDDLE3, MIDDLE3 + "        h = h + before\n"),
    ),
    wrong(
        "encoder_never_halves",
        "Your encoder never calls level.resample, so the image stays large all the way down. Halve it at the end of "
        "each level but the last.",
        (HALVE, "skips.append(h)"),
    ),
    wrong(
        "halved_without_a_new_h",
        "You push what Downsample gives, and go on with the large h. Keep it: h = level.resample(h).",
        (HALVE, "skips.append(level.resample(h))"),
    ),
    wrong(
        "pooling_instead_of_downsample",
        "You halve with a pooling of your own. Each level brings its Downsample, a convolution that learns: "
        "level.resample.",
        (HALVE, "h = F.avg_pool2d(h, 2)\n                skips.append(h)"),
    ),
    wrong(
        "max_pooling_instead_of_downsample",
        "You halve with max_pool2d. Each level brings its Downsample, a convolution that learns: level.resample.",
        (HALVE, "h = F.max_pool2d(h, 2)\n                skips.append(h)"),
    ),
    wrong(
        "encoder_upside_down",
        "You go through self.encoder in reverse. It is stored in the order it runs: highest resolution first.",
        ("for level in self.encoder:", "for level in reversed(self.encoder):"),
    ),
    wrong(
        "doubled_before_the_blocks",
        "You double the size at the beginning of a decoder level. The document's order is cat and blocks first, "
        "Upsample at the end of the level.",
        (DOUBLE, "\n        # OUTPUT"),
        (
            CODE_OF_DECODER,
            CODE_OF_DECODER + "\n            if level.resample is not None:\n                h = level.resample(h)",
        ),
    ),
    wrong(
        "interpolation_instead_of_upsample",
        "You double with F.interpolate alone. Each decoder level brings its Upsample, which has a convolution behind "
        "the interpolation: level.resample.",
        (
            DOUBLE,
            "            if level.resample is not None:\n                h = F.interpolate(h, scale_factor=2)\n\n"
            "        # OUTPUT",
        ),
    ),
    wrong(
        "decoder_upside_down",
        "You go through self.decoder in reverse. It is stored in the order it runs: lowest resolution first.",
        (CODE_OF_DECODER, "for level in reversed(self.decoder):"),
    ),
    wrong(
        "decoder_one_block_short",
        "Your decoder runs as many blocks a level as the encoder. It has one more, so that every skip finds a block.",
        (
            IN_DECODER,
            IN_DECODER.replace(
                "zip(level.resblocks, level.attentions, strict=True)", "zip(level.resblocks[:-1], level.attentions)"
            ),
        ),
    ),
    wrong(
        "decoder_missing",
        "You go from the middle to the output. The decoder is missing: it brings h back up, skip by skip.",
        (CODE_OF_DECODER, "for level in []:"),
    ),
    wrong(
        "blocks_backwards",
        "You go through a decoder level's blocks backwards. Only the *skips* come in reverse; the blocks run in order.",
        (
            IN_DECODER,
            IN_DECODER.replace(
                "zip(level.resblocks, level.attentions, strict=True)",
                "zip(reversed(level.resblocks), reversed(level.attentions))",
            ),
        ),
    ),
)


OUTPUT_MISTAKES = (
    wrong(
        "norm_out_missing",
        "norm_out is never called. The output is GroupNorm, SiLU, convolution.",
        (OUTPUT, "return self.conv_out(F.silu(h))"),
    ),
    wrong(
        "last_silu_missing",
        "The SiLU between norm_out and conv_out is missing.",
        (OUTPUT, "return self.conv_out(self.norm_out(h))"),
    ),
    wrong(
        "norm_and_silu_missing",
        "You call conv_out on h as the decoder leaves it. norm_out and a SiLU come before.",
        (OUTPUT, "return self.conv_out(h)"),
    ),
    wrong(
        "silu_before_norm_out",
        "At the output you have SiLU before GroupNorm. The norm comes first, as in every block.",
        (OUTPUT, "return self.conv_out(self.norm_out(F.silu(h)))"),
    ),
    wrong(
        "relu_at_the_output",
        "You use ReLU at the output. The document uses SiLU, everywhere.",
        (OUTPUT, "return self.conv_out(F.relu(self.norm_out(h)))"),
    ),
    wrong(
        "gelu_at_the_output",
        "You use GELU at the output, which looks like SiLU and is another function.",
        (OUTPUT, "return self.conv_out(F.gelu(self.norm_out(h)))"),
    ),
    wrong(
        "image_added_to_the_output",
        "You add the input image to the output. The network predicts the noise (or velocity) itself; no residual goes "
        "round the whole U.",
        (OUTPUT, "return x + self.conv_out(F.silu(self.norm_out(h)))"),
    ),
    wrong(
        "image_minus_the_output",
        "You subtract the prediction from the image. Whoever calls the network does something with its prediction; "
        "here it is returned as it is.",
        (OUTPUT, "return x - self.conv_out(F.silu(self.norm_out(h)))"),
    ),
    wrong(
        "tanh_at_the_end",
        "You end with tanh. Noise is Gaussian and reaches beyond 1; a network that must stay inside cannot predict it.",
        (OUTPUT, "return torch.tanh(self.conv_out(F.silu(self.norm_out(h))))"),
    ),
    wrong(
        "sigmoid_at_the_end",
        "You end with a sigmoid. Half of all noise is negative, and a sigmoid never is.",
        (OUTPUT, "return torch.sigmoid(self.conv_out(F.silu(self.norm_out(h))))"),
    ),
    wrong(
        "silu_at_the_end",
        "There is another SiLU behind conv_out. The last layer is the bare convolution: noise goes below zero.",
        (OUTPUT, "return F.silu(self.conv_out(F.silu(self.norm_out(h))))"),
    ),
    wrong(
        "output_clipped",
        "You clip the output to [-1, 1]. That is the range of clean images; noise and velocity go beyond it.",
        (OUTPUT, "return self.conv_out(F.silu(self.norm_out(h))).clamp(-1, 1)"),
    ),
    wrong(
        "conv_out_missing",
        "conv_out is missing: you return base_channels feature maps, and 3 colour channels are wanted.",
        (OUTPUT, "return F.silu(self.norm_out(h))"),
    ),
    wrong(
        "conv_in_activated",
        "You apply SiLU behind conv_in. Every block starts with norm and SiLU itself; the document takes conv_in bare.",
        (FIRST, "h = F.silu(self.conv_in(x))\n        skips = [h]"),
    ),
    wrong(
        "dropout_at_the_output",
        "You drop values at the output with F.dropout, which is on unless told otherwise. Dropout lives in the "
        "residual blocks and follows their mode.",
        (OUTPUT, "return self.conv_out(F.dropout(F.silu(self.norm_out(h)), 0.1))"),
    ),
    wrong(
        "graph_cut",
        "The output is detached (or made under torch.no_grad()): not one parameter gets a gradient.",
        (OUTPUT, "return self.conv_out(F.silu(self.norm_out(h))).detach()"),
    ),
    wrong(
        "batch_of_one_squeezed",
        "Your squeeze() also removes the batch axis when there is one image. The output has four axes, always.",
        (OUTPUT, "return self.conv_out(F.silu(self.norm_out(h))).squeeze()"),
    ),
    wrong(
        "three_levels_written_out",
        "You name the levels one by one. That fits channel_mults=(1, 2, 4) only; a loop over self.encoder fits all.",
        ("for level in self.encoder:", "for level in (self.encoder[0], self.encoder[1], self.encoder[2]):"),
    ),
    wrong(
        "two_blocks_written_out",
        "You name the encoder's two blocks one by one. num_res_blocks can be any number: loop over level.resblocks.",
        (
            IN_ENCODER,
            IN_ENCODER.replace(
                PAIRS,
                "for resblock, attention in (\n                    (level.resblocks[0], "
                "level.attentions[0]),\n                    (level.resblocks[1], level.attentions[1])):",
            ),
        ),
    ),
    wrong(
        "always_evaluating",
        "You call self.eval() in forward. The mode is whoever trains' to set: so dropout would never act.",
        (FIRST, "self.eval()\n        " + FIRST),
    ),
    wrong(
        "always_training",
        "You call self.train() in forward, so dropout acts while sampling too. The mode belongs to whoever calls.",
        (FIRST, "self.train()\n        " + FIRST),
    ),
)


CONSTRUCTION_MISTAKES = (
    built_otherwise(
        "attention_in_every_level",
        "Your network has attention in every level. Only those named in attention_resolutions get one.",
        ("if resolution in attention_resolutions else", "if True else"),
    ),
    built_otherwise(
        "attention_in_no_level",
        "Your levels have no attention at all. Those named in attention_resolutions get one behind each block.",
        ("if resolution in attention_resolutions else", "if False else"),
    ),
    built_otherwise(
        "resolution_taken_as_factor",
        "You compare attention_resolutions with the factor of the downsampling. They name the height in pixels: 8 "
        "means the level where maps are 8x8.",
        ("resolution, is_last = image_size // 2**level, level ==", "resolution, is_last = 2**level, level =="),
    ),
    built_otherwise(
        "embedding_too_narrow",
        "Your embedding is as wide as base_channels. It is four times as wide: 256 for 64.",
        ("emb_dim = 4 * base_channels", "emb_dim = base_channels"),
    ),
    built_otherwise(
        "embedding_half_as_wide",
        "Your embedding is twice as wide as base_channels. It is four times as wide: 256 for 64.",
        ("emb_dim = 4 * base_channels", "emb_dim = 2 * base_channels"),
    ),
    built_otherwise(
        "middle_without_attention",
        "Your middle has no attention. It always has one, whatever attention_resolutions says.",
        ("self.mid_attention = SelfAttention(channels, num_heads)", "self.mid_attention = nn.Identity()"),
    ),
    built_otherwise(
        "embedding_always_256",
        "You fixed the embedding's width at 256. It is 4 * base_channels, and that is 256 for 64 only.",
        ("emb_dim = 4 * base_channels", "emb_dim = 256"),
    ),
    built_otherwise(
        "one_class_more",
        'Your table has a row more than there are classes. "No class" needs none: label -1 gives zeros.',
        ("ClassEmbedding(num_classes, emb_dim)", "ClassEmbedding(num_classes + 1, emb_dim)"),
    ),
    built_otherwise(
        "ten_classes_always",
        "You fixed the number of classes at 10. Hand num_classes on to ClassEmbedding.",
        ("ClassEmbedding(num_classes, emb_dim)", "ClassEmbedding(10, emb_dim)"),
    ),
    built_otherwise(
        "three_channels_always",
        "You fixed the image's channels at 3. in_channels says how many go in, and come out.",
        ("nn.Conv2d(in_channels, base", "nn.Conv2d(3, base"),
        ("nn.Conv2d(channels, in_channels", "nn.Conv2d(channels, 3"),
    ),
    built_otherwise(
        "heads_not_handed_on",
        "Your attentions have four heads whatever num_heads says. Hand the argument on.",
        ("SelfAttention(channels, num_heads)", "SelfAttention(channels)"),
    ),
    built_otherwise(
        "dropout_not_handed_on",
        "Your residual blocks have a dropout of 0.1 whatever the argument says. Hand it on.",
        ("channels_out, emb_dim, dropout)", "channels_out, emb_dim)"),
    ),
    built_otherwise(
        "one_by_one_at_the_ends",
        "conv_in or conv_out has another kernel than 3x3.",
        ("kernel_size=3, padding=1", "kernel_size=1"),
    ),
    built_otherwise(
        "downsample_after_the_last_level",
        "Your last encoder level ends in a Downsample, too. There is one *between* levels: with three levels, two.",
        (
            "self.encoder.append(UNetLevel(resblocks, attentions, None if is_last else Downsample(channels)))",
            "self.encoder.append(UNetLevel(resblocks, attentions, Downsample(channels)))",
        ),
    ),
)


class DownBlock(nn.Module):
    def __init__(self, block: nn.Module, attention: nn.Module | None) -> None:
        super().__init__()
        self.block, self.attention = block, attention

    def forward(self, x: Tensor, emb: Tensor) -> Tensor:
        x = self.block(x, emb)
        return x if self.attention is None else self.attention(x)


EXERCISE = Exercise(
    "UNet",
    UNet,
    __name__,
    where="the document, section Full Forward Pass: Shape Tracking, line by line",
    seconds=6.0,
)
holds, right = EXERCISE.holds, EXERCISE.right


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    made, args = example(trial)
    return made.calling(*args)


@holds("__init__ makes the layers that the document draws")
def other_layers(trial: Trial) -> None:
    """The layers your __init__ makes are not those of the document. Compare the shapes named below with its drawing:
    which block stands at which level, how many channels go in and out, and which layer is one too many or missing."""
    trial.build(**ONE_LEVEL)
    trial.build(**TWO_LEVELS, attention_resolutions=(trial.pick(8, 16),))


@holds("with blocks and attentions at zero, conv_in, the concatenations and the output are what is left", partial=True)
def both_ends(trial: Trial) -> None:
    """Even with all blocks and attentions silenced your network gives something else, so look at what is left: conv_in
    takes the image as it is, each decoder block gets cat([h, skip]), and at the end stand norm_out, SiLU and conv_out,
    nothing more."""
    unet = trial.build_silenced(BARE, **ONE_LEVEL)
    run(unet, *inputs(trial))


@holds("with blocks and attentions at zero, h and the skips take the document's way through three levels", partial=True)
def way_of_h(trial: Trial) -> None:
    """One level is right, and with several h or a skip goes astray, even with blocks and attentions silenced. Follow
    them on paper: what is pushed after each step, which skip each decoder block pops, and where level.resample is
    called."""
    unet = trial.build_silenced(BARE, base_channels=8, channel_mults=(1, 2, 3), num_res_blocks=1, image_size=16)
    run(unet, *inputs(trial, 8, 4, batch=2))


@holds("with residual blocks at zero, every attention is called once, in its place", partial=True)
def attention_out_of_place(trial: Trial) -> None:
    """h and the skips take the right way; an attention does not stand where it should. Behind each residual block
    stands its own, called once, with the same sides of the U alike, and what is pushed is what it gives. In the middle
    it stands between the two blocks."""
    unet = trial.build_silenced(NO_BLOCKS, **ONE_LEVEL | {"num_res_blocks": 2}, attention_resolutions=(8,))
    run(unet, *inputs(trial, batch=2))


@holds("with a silent embedding, every residual block runs once, in its place", partial=True)
def blocks_out_of_order(trial: Trial) -> None:
    """h, skips and attentions are right; the residual blocks are not. Each is called once, in the order of the lists,
    and hands its result on: block, attention, next block."""
    unet = trial.build_silenced(NO_EMBEDDING, **ONE_LEVEL)
    run(unet, *inputs(trial))


@holds("with a single level every step runs in the document's order")
def embedding_not_as_documented(trial: Trial) -> None:
    """All is right as long as the embedding is silent, so the mistake lies there: emb = time_embed(t) +
    class_embed(labels), made once, and handed unchanged to *every* residual block: encoder, middle and decoder."""
    unet = trial.build(**ONE_LEVEL)
    run(unet, *inputs(trial))


@holds("with two levels sizes go down and up again, and skips fit")
def levels_unlike(trial: Trial) -> None:
    """With one level your network is right and with two it is not, so a level is treated otherwise than the others, or
    a resampling is. The same steps run at every level, with the level's own layers."""
    unet = trial.build(**TWO_LEVELS)
    run(unet, *inputs(trial))


@holds("attention stands where attention_resolutions says")
def attention_at_other_levels(trial: Trial) -> None:
    """With attention at the highest resolution alone your network goes wrong. attention_resolutions names heights in
    pixels: the level of height 16 has attention if 16 is in it, in encoder and decoder alike."""
    # Attention in the first level only.
    unet = trial.build(
        base_channels=8, channel_mults=(1, 2), num_res_blocks=1, attention_resolutions=(16,), image_size=16, num_heads=2
    )
    run(unet, *inputs(trial, 4, 2, batch=2))


@holds("with three levels and two blocks a level, as in the document, the output is right")
def document_like(trial: Trial) -> None:
    """Small networks come out right, and one shaped as the document's does not: some order fits only where all channels
    are equal. Follow one skip from where it is pushed to the block that pops it."""
    unet = trial.build(
        base_channels=8, channel_mults=(1, 2, 2), num_res_blocks=2, attention_resolutions=(4,), image_size=16
    )
    run(unet, *inputs(trial, 8, 4, batch=2))


@holds("with another number of blocks a level the output is right")
def assumes_two_blocks(trial: Trial) -> None:
    """Your network is right for some numbers of residual blocks and wrong for others: a 2 or a 3 is written where a
    loop over level.resblocks belongs."""
    unet = trial.build(
        base_channels=8, channel_mults=(1, 2), num_res_blocks=3, attention_resolutions=(4,), image_size=8, num_heads=2
    )
    run(unet, *inputs(trial, 4, 2, batch=2))


@holds("without class_labels the network runs unconditionally")
def needs_labels(trial: Trial) -> None:
    """Without class_labels (None) your network does not do what it should. Then there is no class: emb is the time
    embedding alone."""
    unet = trial.build(**ONE_LEVEL)
    x, t, _ = inputs(trial)
    run(unet, x, t)
    run(unet, x, t, None)


@holds("label -1 means no class, image by image")
def label_minus_one(trial: Trial) -> None:
    """Label -1 goes wrong. ClassEmbedding knows what to do with it; hand all labels on as they are."""
    unet = trial.build(**ONE_LEVEL)
    x, t, labels = inputs(trial)
    labels[trial.pick(0, 1, 2)] = -1
    run(unet, x, t, labels)
    run(unet, x, t, torch.full((3,), -1))


@holds("the first and the last class are looked up as themselves")
def ends_of_the_labels(trial: Trial) -> None:
    """The first or the last class goes wrong, the others are right. Hand labels on to class_embed as they are."""
    classes = trial.pick(4, 6)
    unet = trial.build(**ONE_LEVEL, num_classes=classes)
    x, t, _ = inputs(trial)
    run(unet, x, t, torch.tensor([0, classes - 1, 1]))


@holds("t = 0 and t = 999 are times as all others")
def ends_of_time(trial: Trial) -> None:
    """Times in the middle are right and the ends (0, 1, 999) are not. Hand t on to time_embed unchanged; `if t` and
    clipping treat 0 otherwise."""
    unet = trial.build(**ONE_LEVEL)
    x, _, labels = inputs(trial)
    run(unet, x, torch.tensor([0, 999, 1]), labels, tolerance=20)


@holds("fractions of t count")
def whole_times_only(trial: Trial) -> None:
    """Whole times are right, fractions such as 412.5 are not. Flow matching needs them: no rounding, no .long()."""
    unet = trial.build(**ONE_LEVEL)
    x, t, labels = inputs(trial)
    run(unet, x, t + torch.tensor([0.5, 0.25, 0.75]), labels, tolerance=10)


@holds("images may have another number of channels")
def three_channels_only(trial: Trial) -> None:
    """Your network works for 3 colour channels only; in_channels says how many there are."""
    channels = trial.pick(1, 2)
    unet = trial.build(channels, **ONE_LEVEL)
    run(unet, *inputs(trial, channels=channels))


@holds("gradients flow back to the image and to every parameter")
def gradients_cut(trial: Trial) -> None:
    """The values are right, and the gradients are not: somewhere the computation is cut from its past (.detach(),
    .data, torch.no_grad() or a tensor built anew from numbers). What lies before the cut would never learn."""
    unet = trial.build(**TWO_LEVELS)
    unet.gradients(*inputs(trial, 4, 4, batch=2))


@holds("with dropout=0.0 training mode changes nothing")
def dropout_ignores_its_argument(trial: Trial) -> None:
    """With dropout=0.0 your network still drops values while training: hand the argument on to every ResidualBlock, and
    add no dropout of your own."""
    unet = trial.build(**ONE_LEVEL, dropout=0.0)
    run(unet, *inputs(trial), training=True)


@holds("while training, dropout acts")
def dropout_never(trial: Trial) -> None:
    """Dropout never acts in your network, not even while training. Does something switch the mode, or is the argument
    not handed on?"""
    unet = trial.build(**ONE_LEVEL, dropout=0.5)
    args = inputs(trial)
    once, again = (unet(*args, training=True, observed=False) for _ in range(2))
    trial.see("whether two calls differ", bool((once - again).abs().max() > 0), unet.text("", args, {}, True))


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


right(edited(UNet, START, ("skips.append(h)", "skips.append(h.clone())")), "skips_cloned")


right(
    edited(
        UNet,
        START,
        ("skips.append(h)", "skips.insert(0, h)"),
        (CAT, "h = torch.hstack((h, skips.pop(0)))\n"),
    ),
    "lists_kept_reversed",
)
