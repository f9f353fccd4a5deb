"""What holds for ResidualBlock, and right answers written differently.

First its layers are counted; then it has to run where sizes differ; then shortcut, branch and embedding are tried one
by one, the others silenced. So the first property that fails says which part is wrong.
"""

from collections import Counter

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib import ResidualBlock, group_norm
from course_lib.checks.exercise import Exercise
from course_lib.checks.guard import Failure
from course_lib.checks.mistakes import edited
from course_lib.checks.properties import shape_of
from course_lib.checks.trial import Built, Call, Trial, call_text
from course_lib.checks.weights import squeezed

EXERCISE = Exercise(
    "ResidualBlock",
    ResidualBlock,
    __name__,
    where="the document, section 3 (assets/network.md), the drawing of the ResidualBlock, top to bottom",
    seconds=3.0,
    not_for_all={"another_shape": "output_of_another_shape asks it, once the layers are known to be right"},
)
holds, right = EXERCISE.holds, EXERCISE.right


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    return example(trial, wider=trial.pick(True, False))


@EXERCISE.harder
def with_large_numbers(trial: Trial) -> Call:
    """Fewer channels out than in, other groups, a dropout, odd sizes, and large numbers turned in memory."""
    block = trial.build(18, trial.pick(10, 14), 7, dropout=0.3)
    x, emb = trial.normal(4, 18, 3, 7), trial.normal(4, 7)
    emb[2] = 0
    return block.calling(5 * x.transpose(2, 3) + 3, 4 * emb)


def example(trial: Trial, wider: bool, silenced: str = "") -> Call:
    """Height unlike width, batch unlike channels, more channels out than in or as many."""
    channels, emb_dim = trial.pick(8, 12), trial.pick(6, 10)
    block = trial.build_silenced(silenced, channels, channels + 8 if wider else channels, emb_dim)
    height, width = trial.pick((4, 6), (7, 5))
    return block.calling(trial.normal(3, channels, height, width), trial.normal(3, emb_dim))


# ---- its layers ----

# in_channels, out_channels, emb_dim of the blocks whose layers are counted
COUNTED = (4, 8, 6)


def layers(trial: Trial, in_channels: int, out_channels: int, emb_dim: int) -> Counter:
    """How many parameters there are of each shape, a 1x1 convolution's counted as a Linear's."""
    args = (in_channels, out_channels, emb_dim)
    made = trial.handle.construct(args, {}, trial.random.randrange(2**31))
    if isinstance(made, Failure):
        trial.checked("the object", made, call_text("ResidualBlock", args, {}))
    if made.unregistered:
        trial.build(*args)  # which says what torch does not see
    return Counter(squeezed(shape) for shape in made.parameters.values())


@holds("one Linear leads from emb_dim to out_channels")
def projection_missing(trial: Trial) -> None:
    """After __init__ your block should hold one layer that turns emb_dim numbers into out_channels numbers, and holds
    another number of them. Without this projection the embedding only fits where both happen to be equal; one that
    forward makes is new at every call, and never learns."""
    found = layers(trial, *COUNTED)
    trial.see("the number of layers from 6 to 8", found[8, 6], "ResidualBlock(4, 8, 6)")


@holds("two convolutions have a 3x3 kernel; the shortcut's is 1x1")
def kernel_of_another_size(trial: Trial) -> None:
    """Your kernels larger than 1x1 are not the document's: two convolutions of 3x3 in the branch. The shortcut's is
    1x1: it is to change the number of channels and nothing else."""
    found = layers(trial, *COUNTED)
    sizes = sorted(shape[2:] for shape in found.elements() if len(shape) > 2)
    trial.see("the kernels larger than 1x1", tuple(sizes), "ResidualBlock(4, 8, 6)")


@holds("conv1 goes from in_channels to out_channels, and conv2 from out_channels to out_channels")
def convolution_of_another_width(trial: Trial) -> None:
    """Your 3x3 convolutions have other channels than the document's. The first one changes in_channels to out_channels,
    the second one keeps them."""
    found = layers(trial, *COUNTED)
    sizes = sorted(shape[:2] for shape in found.elements() if len(shape) > 2)
    trial.see("channels out and in of the 3x3 convolutions", tuple(sizes), "ResidualBlock(4, 8, 6)")


@holds("where the channels change, a 1x1 convolution brings the shortcut to out_channels")
def shortcut_without_convolution(trial: Trial) -> None:
    """Where the channels change, the input cannot be added to the output as it is: the shortcut needs one 1x1
    convolution from in_channels to out_channels, and after __init__ your block holds another number of them. One that
    forward makes is new at every call, and never learns."""
    found = layers(trial, *COUNTED)
    trial.see("the number of 1x1 convolutions from 4 to 8", found[8, 4], "ResidualBlock(4, 8, 6)")


@holds("where the channels stay, the shortcut is the input itself")
def shortcut_always_convolved(trial: Trial) -> None:
    """Where the channels stay, you still have a 1x1 convolution (or another Linear) of that width. The shortcut is then
    the input itself (nn.Identity): an open road for features and gradients."""
    found = layers(trial, 8, 8, 6)
    trial.see("the number of 1x1 convolutions from 8 to 8", found[8, 8], "ResidualBlock(8, 8, 6)")


@holds("norm1 normalises the input, so it has in_channels weights and biases")
def first_norm_of_another_width(trial: Trial) -> None:
    """There are not two vectors of in_channels numbers in your block, weight and bias of the first norm. It comes
    before the first convolution and so meets the channels of the *input*."""
    found = layers(trial, *COUNTED)
    trial.see("the number of vectors of length 4 (a norm has two)", found[4,], "ResidualBlock(4, 8, 6)")


@holds("norm2 has a weight and a bias, and all convolutions and the Linear have a bias")
def bias_or_norm_weights_missing(trial: Trial) -> None:
    """Biases or a norm's weights are missing, or there are too many: every convolution and the Linear keep their bias,
    and each of the two norms has one weight and one bias per channel."""
    found = layers(trial, *COUNTED)
    text = "the number of vectors of length 8 (a norm has two; a bias is one)"
    trial.see(text, found[8,], "ResidualBlock(4, 8, 6)")


# ---- it runs, whatever the sizes ----


def stops(trial: Trial, sizes: tuple[int, int, int], batch: int, height: int, width: int) -> None:
    """Record whether the block stops with an error for these sizes."""
    made = trial.handle.construct(sizes, {}, trial.random.randrange(2**31))
    if isinstance(made, Failure):
        trial.checked("the object", made, call_text("ResidualBlock", sizes, {}))
    args = trial.normal(batch, sizes[0], height, width), trial.normal(batch, sizes[2])
    value = trial.handle.call(made.key, args, {})
    given = call_text(call_text("ResidualBlock", sizes, {}), args, {})
    if isinstance(value, Failure) and value.kind != "raised":
        trial.checked("the output", value, given)
    cause = value if isinstance(value, Failure) else None
    trial.see("whether it stops with an error", cause is not None, given, cause=cause)


@holds("the block gives a tensor")
def runs(trial: Trial) -> None:
    block = trial.build(8, 8, 8)
    value = block(trial.normal(8, 8, 8, 8), trial.normal(8, 8), observed=False)
    trial.see("whether it is a tensor", isinstance(value, Tensor), "all sizes 8")


@holds("the width of the embedding may differ from the channels")
def embedding_not_projected(trial: Trial) -> None:
    """Your block stops with an error where the embedding is not as wide as the feature map. emb_proj is there to make
    it fit: it turns (B, emb_dim) into (B, out_channels)."""
    for emb_dim in (6, 10):
        stops(trial, (8, 8, emb_dim), 8, 8, 8)


@holds("batch, channels, height and width may all differ")
def embedding_on_the_wrong_axes(trial: Trial) -> None:
    """Your block runs where all sizes agree, and stops where batch, height and width are not equal to the channels. The
    projected embedding (B, C) needs two axes of length one at the end, (B, C, 1, 1), to spread over the pixels."""
    stops(trial, (8, 8, 6), 3, *trial.pick((4, 6), (7, 5)))


@holds("the block runs where more channels come out than go in")
def stops_where_the_channels_change(trial: Trial) -> None:
    """Your block runs where the channels stay and stops where they change. What comes to norm1, conv1 and skip_conv
    has in_channels; only behind them it has out_channels, as the projected embedding has, norm2 and conv2. Which of
    them meets the others in the line below?"""
    stops(trial, (8, 16, 6), 3, 4, 6)


@holds("the output has out_channels, and the height and width of the input")
def output_of_another_shape(trial: Trial) -> None:
    """Your output has another shape. Height and width stay (padding=1, stride 1), and the last step is a sum, not a
    concatenation."""
    call = example(trial, wider=True)
    trial.see("the shape of the output", shape_of(call.see(observed=False)), call.text())


# ---- it computes what is drawn ----


def varies(block: Built, args: tuple, training: bool) -> None:
    """Record whether two calls differ."""
    first, second = (block(*args, training=training, observed=False) for _ in range(2))
    block.trial.see(
        "whether two calls differ", bool((first - second).abs().max() > 0), block.text("", args, {}, training)
    )


@holds("in evaluation two calls give the same")
def random_in_evaluation(trial: Trial) -> None:
    """In evaluation too, two calls of your block differ. Dropout acts while training only: self.dropout(...) knows the
    mode, F.dropout has to be told, training=self.training."""
    block = trial.build(8, 16, 6, dropout=0.5)
    varies(block, (trial.normal(2, 8, 4, 6), trial.normal(2, 6)), training=False)


@holds("another embedding gives another output")
def deaf_to_the_embedding(trial: Trial) -> None:
    """Your output does not change when the embedding does: the block cannot know what time it is. Does the embedding
    enter at all, and does a norm take it out again?"""
    call = ordinary_call(trial)
    x, emb = call.args
    other = call.of.calling(x, trial.normal(*emb.shape))
    heard = call.see(observed=False) - other.see(observed=False)
    trial.see("whether another embedding gives another output", not bool(heard.abs().max() <= 1e-4), "two embeddings")


@holds("with conv2 silent (weights and bias zero) the output is the shortcut: x, or its 1x1 convolution", alone=True)
def something_wrong_with_the_shortcut(trial: Trial) -> None:
    """The mistake shows when the second convolution is silenced: then the input, or its 1x1 convolution, must come out
    unchanged, and something else does. Is the shortcut missing (only zeros come), scaled, normalised or taken from
    elsewhere, or does something follow the sum?"""
    for wider in (True, False):
        example(trial, wider, silenced=r"^conv2\.").see("the output with conv2 set to zero")


@holds("without an embedding the branch is GroupNorm, SiLU, Conv, GroupNorm, SiLU, Dropout, Conv", alone=True)
def something_wrong_in_the_branch(trial: Trial) -> None:
    """The shortcut is right, and without any embedding the output is not: compare order and number of norms, SiLUs and
    convolutions (and the convolution's padding) with the drawing. Is each layer the one from __init__, and none made
    anew in forward?"""
    for wider in (True, False):
        example(trial, wider, silenced=r"^emb_proj\.").see("the output with emb_proj set to zero")


@holds("SiLU, then emb_proj, then added to the output of the first convolution")
def something_wrong_with_the_embedding(trial: Trial) -> None:
    """Without an embedding your block is right, and with one it is not. The embedding passes SiLU, then emb_proj, and
    is added once, between the first convolution and the second norm."""
    example(trial, wider=True).see()


@holds("the output is right when as many channels go in as come out: the shortcut is then the input itself")
def assumes_changing_channels(trial: Trial) -> None:
    """Your block is right where the channels change, and wrong where they stay, though shortcut and branch are right
    there without an embedding. Is the embedding treated in another way where the channels stay?"""
    example(trial, wider=False).see()


@holds("the embedding is added per image and channel, also when all sizes are equal")
def confuses_batch_and_channels(trial: Trial) -> None:
    """Where batch, channels, height and width have the same size your output is wrong. Does the embedding land on
    another axis there? The shape to broadcast is (B, C, 1, 1)."""
    block = trial.build(8, 8, 8)
    block(trial.normal(8, 8, 8, 8), trial.normal(8, 8))


@holds("the output is right when fewer channels come out than go in, as in the decoder")
def assumes_more_channels_come_out(trial: Trial) -> None:
    """Your block is right when channels are added and wrong when fewer come out than go in, as in the decoder after
    every concatenation."""
    block = trial.build(16, 8, 6)
    block(trial.normal(2, 16, 3, 5), trial.normal(2, 6))


@holds("the number of groups follows num_groups, for narrow and for wide layers")
def another_number_of_groups(trial: Trial) -> None:
    """For some widths (such as 18 or 160 channels) your output is wrong. Does the number of groups of a norm follow
    another rule there? group_norm(channels) makes one with the rule of this course."""
    for in_channels, out_channels in ((trial.pick(18, 30), 4), (160, 4), (4, trial.pick(18, 30)), (4, 96)):
        block = trial.build(in_channels, out_channels, 6)
        block(trial.normal(2, in_channels, 2, 3), trial.normal(2, 6))


# ---- dropout ----


@holds("while training two calls differ")
def dropout_never_acts(trial: Trial) -> None:
    """While training two calls give the same, so nothing is dropped at random. Dropout belongs between the second SiLU
    and conv2."""
    block = trial.build(8, 16, 6, dropout=0.5)
    varies(block, (trial.normal(2, 8, 4, 6), trial.normal(2, 6)), training=True)


@holds("with dropout=0.0 training mode changes nothing")
def dropout_ignores_its_argument(trial: Trial) -> None:
    """With dropout=0.0, training mode still changes your output, and it should not. Is the argument handed on to
    nn.Dropout?"""
    block = trial.build(8, 8, 6, dropout=0.0)
    args = trial.normal(2, 8, 4, 6), trial.normal(2, 6)
    training, evaluation = (block(*args, training=mode, observed=False) for mode in (True, False))
    differ = bool((training - evaluation).abs().max() > 1e-4)
    trial.see("whether training differs from evaluation", differ, block.text("", args, {}, True))


@holds("what comes after the second convolution is not random")
def dropout_after_the_second_convolution(trial: Trial) -> None:
    """Your dropout hits what comes after the second convolution, or the shortcut. It belongs before conv2."""
    block = trial.build_silenced(r"^conv2\.weight", 8, 8, 6, dropout=0.5)
    varies(block, (trial.normal(2, 8, 4, 6), trial.normal(2, 6)), training=True)


@holds("two equal images of a batch lose different values")
def one_dropout_for_the_batch(trial: Trial) -> None:
    """Two equal images of one batch come out alike while training: both have lost the same values. Every value of every
    image has a draw of its own, as nn.Dropout makes it for what it is given."""
    block = trial.build(4, 4, 6, dropout=0.5)
    args = trial.normal(1, 4, 4, 6).repeat(2, 1, 1, 1), trial.normal(1, 6).repeat(2, 1)
    first, second = block(*args, training=True, observed=False)
    same = not bool((first - second).abs().max() > 1e-4)
    trial.see("whether two equal images come out alike", same, block.text("", args, {}, True))


@holds("what dropout keeps is divided by 1 - p, so that the branch is as strong as without it")
def dropout_changes_the_strength(trial: Trial) -> None:
    """Averaged over many draws, your branch with dropout is the branch without it, times a number that is not 1. What
    is kept has to be divided by 1 - p, and nn.Dropout does it by itself. Written out: h * kept / (1 - p)."""
    # where as many channels come out as go in the shortcut is x, and without conv2's bias the branch may be scaled
    block, repeats = trial.build_silenced(r"^conv2\.bias", 4, 4, 6, dropout=0.5), 1024
    x, emb = trial.normal(1, 4, 4, 4), trial.normal(1, 6)
    still = block(x, emb, observed=False) - x
    draws = block(x.expand(repeats, -1, -1, -1), emb.expand(repeats, -1), training=True, observed=False) - x
    mean, noise = draws.mean(0), draws.std(0) / repeats**0.5 + 1e-6
    factor = (mean * still[0]).sum() / still.square().sum()
    scaled = bool((factor - 1).abs() > 0.2) and bool(((mean - factor * still[0]) / noise).square().mean() < 3)
    trial.see("whether the branch is weaker or stronger with dropout", scaled, f"{repeats} draws")


@holds("on average dropout changes nothing: only a convolution comes after it")
def dropout_before_an_activation(trial: Trial) -> None:
    """Averaged over many draws, your output with dropout is not the output without. It would be if only a convolution
    came after the dropout. Does an activation or a norm follow it?"""
    block, repeats = trial.build(4, 4, 6, dropout=0.5), 1024
    x, emb = trial.normal(1, 4, 4, 4), trial.normal(1, 6)
    still = block(x, emb, observed=False)
    draws = block(x.expand(repeats, -1, -1, -1), emb.expand(repeats, -1), training=True, observed=False)
    error = (draws.mean(0) - still[0]) / (draws.std(0) / repeats**0.5 + 1e-6)
    trial.see(
        "whether many draws average to the output in evaluation", bool(error.square().mean() < 4), f"{repeats} draws"
    )


def change_by_dropout(trial: Trial, **dropout: float) -> Tensor:
    """What dropout changes in the output; called again, for a block with the same weights and the same inputs."""
    state = trial.random.getstate()
    generator = torch.Generator().manual_seed(trial.seed)
    x, emb = torch.randn(32, 4, 6, 8, generator=generator), torch.randn(32, 6, generator=generator)
    block = trial.build(4, 12, 6, **dropout)
    change = block(x, emb, training=True, observed=False) - block(x, emb, observed=False)
    trial.random.setstate(state)
    return change


@holds("dropout acts once, with the probability given")
def dropout_of_another_strength(trial: Trial) -> None:
    """The spread that dropout brings does not grow with its probability as it should. Is it applied twice, with 1 - p,
    or with a fixed probability?"""
    # the variance that dropout brings is proportional to p / (1 - p)
    weak, strong = (float(change_by_dropout(trial, dropout=p).std()) for p in (0.2, 0.7))
    expected = ((0.7 / 0.3) / (0.2 / 0.8)) ** 0.5
    close = abs(strong / (weak + 1e-9) / expected - 1) < 0.15
    trial.see("whether the spread grows as it should", close, "dropout=0.2 and dropout=0.7, while training")


@holds("dropout drops single numbers, not whole channels")
def whole_channels_dropped(trial: Trial) -> None:
    """Whole channels disappear at once in your block. Each number is dropped or kept by itself."""
    change = change_by_dropout(trial, dropout=0.5)
    alike = bool(change.mean((2, 3)).std() > 0.4 * change.std())
    trial.see("whether a whole channel changes together", alike, "dropout=0.5, while training")


@holds("without the argument, dropout is 0.1")
def another_default_dropout(trial: Trial) -> None:
    """The default probability of dropout is 0.1, and without the argument your block does not act like one that was
    given dropout=0.1."""
    default, given = float(change_by_dropout(trial).std()), float(change_by_dropout(trial, dropout=0.1).std())
    close = abs(default / (given + 1e-9) - 1) < 0.15
    trial.see("whether the default acts like dropout=0.1", close, "ResidualBlock(4, 12, 6), while training")


# ---- right answers ----


@right
class OtherNames(nn.Module):
    """Every step written out with other functions and other names."""

    def __init__(self, in_channels: int, out_channels: int, emb_dim: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.first = nn.Sequential(
            group_norm(in_channels), nn.SiLU(), nn.Conv2d(in_channels, out_channels, 3, padding="same")
        )
        self.time = nn.Sequential(nn.SiLU(), nn.Linear(emb_dim, out_channels))
        self.second = nn.Sequential(
            group_norm(out_channels), nn.SiLU(), nn.Dropout(dropout), nn.Conv2d(out_channels, out_channels, 3, 1, 1)
        )
        self.shortcut = nn.Conv2d(in_channels, out_channels, 1) if in_channels != out_channels else None

    def forward(self, x: Tensor, emb: Tensor) -> Tensor:
        h = self.first(x) + self.time(emb).unsqueeze(-1).unsqueeze(-1)
        return self.second(h) + (x if self.shortcut is None else self.shortcut(x))


@right
class ByHand(ResidualBlock):
    """The addition as a loop over images, the norm as a formula."""

    def norm(self, norm: nn.GroupNorm, x: Tensor) -> Tensor:
        grouped = x.reshape(x.shape[0], norm.num_groups, -1)
        mean, variance = grouped.mean(-1, keepdim=True), grouped.var(-1, keepdim=True, unbiased=False)
        normed = ((grouped - mean) / (variance + norm.eps).sqrt()).reshape(x.shape)
        return normed * norm.weight[None, :, None, None] + norm.bias[None, :, None, None]

    def forward(self, x: Tensor, emb: Tensor) -> Tensor:
        h = self.norm(self.norm1, x)
        h = self.conv1(h * torch.sigmoid(h))
        offset = self.emb_proj(emb * torch.sigmoid(emb))
        h = torch.stack([image + vector.view(-1, 1, 1) for image, vector in zip(h, offset, strict=True)])
        h = F.dropout(F.silu(self.norm(self.norm2, h)), self.dropout.p, self.training)
        return self.conv2(h) + self.skip_conv(x)


@right
class StepByStep(nn.Module):
    """One statement a step, the convolutions and the projection as functions of their weights."""

    def __init__(self, in_channels, out_channels, emb_dim, dropout=0.1):
        super().__init__()
        self.norm1, self.norm2 = group_norm(in_channels), group_norm(out_channels)
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, 1, 1)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, 1, 1)
        self.emb_proj = nn.Linear(emb_dim, out_channels)
        self.skip_conv = nn.Conv2d(in_channels, out_channels, 1) if in_channels != out_channels else None
        self.p = dropout

    def forward(self, x, emb):
        shortcut = x
        if self.skip_conv is not None:
            shortcut = torch.einsum("oi,bihw->bohw", self.skip_conv.weight[:, :, 0, 0], x)
            shortcut = shortcut + self.skip_conv.bias.view(1, -1, 1, 1)
        h = x
        h = self.norm1(h)
        h = h * h.sigmoid()
        h = F.conv2d(F.pad(h, (1, 1, 1, 1)), self.conv1.weight, self.conv1.bias)
        e = (emb * emb.sigmoid()) @ self.emb_proj.weight.t() + self.emb_proj.bias
        h = (h.permute(2, 3, 0, 1) + e).permute(2, 3, 0, 1)
        h = F.silu(self.norm2(h))
        if self.training:
            h = h * (torch.rand_like(h) >= self.p) / (1 - self.p)
        return F.conv2d(h, self.conv2.weight, self.conv2.bias, padding=1) + shortcut


@right
class EmbeddingAsConvolution(nn.Module):
    """The projection as a 1x1 convolution of an image of one pixel, the shortcut as a Linear on channels-last
    numbers."""

    def __init__(self, in_channels, out_channels, emb_dim, dropout=0.1):
        super().__init__()
        self.act = nn.SiLU()
        self.shortcut = nn.Linear(in_channels, out_channels) if in_channels != out_channels else nn.Identity()
        self.body = nn.ModuleList(
            [
                group_norm(in_channels),
                nn.Conv2d(in_channels, out_channels, 3, padding=1),
                group_norm(out_channels),
                nn.Conv2d(out_channels, out_channels, 3, padding=1),
            ]
        )
        self.to_channels = nn.Conv2d(emb_dim, out_channels, 1)
        self.drop = nn.Dropout(p=dropout)

    def forward(self, x, emb):
        norm1, conv1, norm2, conv2 = self.body
        h = conv1(self.act(norm1(x))) + self.to_channels(self.act(emb)[..., None, None])
        h = conv2(self.drop(self.act(norm2(h))))
        return self.shortcut(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2) + h


ADD = "h = h + self.emb_proj(F.silu(emb))[:, :, None, None]"
DROPOUT = "self.dropout(F.silu(self.norm2(h)))"
DROPOUT_AS_A_FUNCTION = "F.dropout(F.silu(self.norm2(h)), self.dropout.p, self.training)"

right(edited(ResidualBlock, (ADD, "h += self.emb_proj(F.silu(emb)).reshape(*h.shape[:2], 1, 1)")), "in_place")
right(edited(ResidualBlock, (DROPOUT, DROPOUT_AS_A_FUNCTION)), "dropout_as_a_function")
