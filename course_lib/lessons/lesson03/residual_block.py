"""Exercise ResidualBlock (lesson 03)."""

from collections import Counter

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib import ResidualBlock, group_norm
from course_lib.checks.exercise import Alternative, Exercise, Misconception, Property, edited, mistakes_of
from course_lib.checks.guard import Failure
from course_lib.checks.properties import (
    gradients_agree,
    keeps_random_state,
    treats_images_alone,
    works_in_float64,
    works_on_any_device,
)
from course_lib.checks.scene import Built, Scene, call_text
from course_lib.checks.weights import squeezed

# in_channels, out_channels, emb_dim of the blocks whose layers are counted
COUNTED = (4, 8, 6)


def example(scene: Scene, wider: bool | None = None, batch: int = 3) -> tuple[Built, tuple]:
    """A block and its inputs: height unlike width, batch unlike channels, more channels out than in or as many."""
    channels = scene.pick(8, 12)
    wider = scene.pick(True, False) if wider is None else wider
    emb_dim = scene.pick(6, 10)
    block = scene.build(channels, channels + 8 if wider else channels, emb_dim)
    height, width = scene.pick((4, 6), (7, 5))
    return block, (scene.normal(batch, channels, height, width), scene.normal(batch, emb_dim))


# ---- which layers there are, whatever they are called ----


def layers(scene: Scene, in_channels: int, out_channels: int, emb_dim: int) -> Counter:
    """How many parameters there are of each shape, a 1x1 convolution's counted as a Linear's."""
    args = (in_channels, out_channels, emb_dim)
    made = scene.handle.construct(args, {}, scene.random.randrange(2**31))
    if isinstance(made, Failure):
        scene.checked("the object", made, call_text("ResidualBlock", args, {}))
    if made.unregistered:
        scene.build(*args)  # which says what torch does not see
    return Counter(squeezed(shape) for shape in made.parameters.values())


def projection(scene: Scene) -> None:
    found = layers(scene, *COUNTED)
    scene.see("the number of layers from 6 to 8", found[8, 6], "ResidualBlock(4, 8, 6)")


def kernels(scene: Scene) -> None:
    found = layers(scene, *COUNTED)
    sizes = sorted(shape[2:] for shape in found.elements() if len(shape) > 2)
    scene.see("the kernels larger than 1x1", tuple(sizes), "ResidualBlock(4, 8, 6)")


def convolutions(scene: Scene) -> None:
    found = layers(scene, *COUNTED)
    sizes = sorted(shape[:2] for shape in found.elements() if len(shape) > 2)
    scene.see("channels out and in of the 3x3 convolutions", tuple(sizes), "ResidualBlock(4, 8, 6)")


def shortcut_convolution(scene: Scene) -> None:
    found = layers(scene, *COUNTED)
    scene.see("the number of 1x1 convolutions from 4 to 8", found[8, 4], "ResidualBlock(4, 8, 6)")


def no_shortcut_convolution(scene: Scene) -> None:
    found = layers(scene, 8, 8, 6)
    scene.see("the number of 1x1 convolutions from 8 to 8", found[8, 8], "ResidualBlock(8, 8, 6)")


def first_norm(scene: Scene) -> None:
    found = layers(scene, *COUNTED)
    scene.see("the number of vectors of length 4 (a norm has two)", found[4,], "ResidualBlock(4, 8, 6)")


def other_vectors(scene: Scene) -> None:
    found = layers(scene, *COUNTED)
    text = "the number of vectors of length 8 (a norm has two; a bias is one)"
    scene.see(text, found[8,], "ResidualBlock(4, 8, 6)")


# ---- which shapes it runs for ----


def stops(scene: Scene, sizes: tuple[int, int, int], batch: int, height: int, width: int) -> None:
    """Record whether the block stops with an error for these sizes."""
    made = scene.handle.construct(sizes, {}, scene.random.randrange(2**31))
    if isinstance(made, Failure):
        scene.checked("the object", made, call_text("ResidualBlock", sizes, {}))
    args = scene.normal(batch, sizes[0], height, width), scene.normal(batch, sizes[2])
    value = scene.handle.call(made.key, args, {})
    given = call_text(call_text("ResidualBlock", sizes, {}), args, {})
    if isinstance(value, Failure) and value.kind != "raised":
        scene.checked("the output", value, given)
    scene.see("whether it stops with an error", isinstance(value, Failure), given)


def runs_if_all_sizes_agree(scene: Scene) -> None:
    block = scene.build(8, 8, 8)
    value = block(scene.normal(8, 8, 8, 8), scene.normal(8, 8), observed=False)
    scene.see("whether it is a tensor", isinstance(value, Tensor), "all sizes 8")


def runs_for_another_embedding(scene: Scene) -> None:
    stops(scene, (8, 8, scene.pick(6, 10)), 8, 8, 8)


def runs_for_other_images(scene: Scene) -> None:
    stops(scene, (8, 8, 6), 3, *scene.pick((4, 6), (7, 5)))


def runs_for_more_channels(scene: Scene) -> None:
    stops(scene, (8, 16, 6), 3, 4, 6)


def output_shape(scene: Scene) -> None:
    block, (x, emb) = example(scene, wider=True)
    value = block(x, emb, observed=False)
    shape = tuple(value.shape) if isinstance(value, Tensor) else value
    scene.see("the shape of the output", shape, block.text("", (x, emb), {}, False))


# ---- part by part: with one layer silent, what remains shows what is wrong ----


def silence(block: Built, *names: str) -> None:
    """Set parameters to zero: "conv2" for the whole layer, "conv2.weight" for one."""
    shapes = block.constructed.parameters
    chosen = {
        mine: torch.zeros(shapes[mine])
        for mine, theirs in block.names.items()
        if theirs in names or theirs.rpartition(".")[0] in names
    }
    block.scene.handle.load(block.constructed.key, chosen)


def shortcut_alone(scene: Scene) -> None:
    for wider in (True, False):
        block, args = example(scene, wider)
        silence(block, "conv2")
        block(*args, label="the output with conv2 set to zero")


def branch_without_embedding(scene: Scene) -> None:
    for wider in (True, False):
        block, args = example(scene, wider)
        silence(block, "emb_proj")
        block(*args, label="the output with emb_proj set to zero")


def everything(scene: Scene) -> None:
    block, args = example(scene, wider=True)
    block(*args)


def same_channels(scene: Scene) -> None:
    block, args = example(scene, wider=False)
    block(*args)


def batch_as_large_as_the_channels(scene: Scene) -> None:
    block = scene.build(8, 8, 8)
    block(scene.normal(8, 8, 8, 8), scene.normal(8, 8))


def fewer_channels(scene: Scene) -> None:
    block = scene.build(16, 8, 6)
    block(scene.normal(2, 16, 3, 5), scene.normal(2, 6))


def other_widths(scene: Scene) -> None:
    for in_channels, out_channels in ((scene.pick(18, 30), 4), (160, 4), (4, scene.pick(18, 30)), (4, 96)):
        block = scene.build(in_channels, out_channels, 6)
        block(scene.normal(2, in_channels, 2, 3), scene.normal(2, 6))


def hears_the_embedding(scene: Scene) -> None:
    block, (x, emb) = example(scene)
    other = scene.normal(*emb.shape)
    heard = block(x, emb, observed=False) - block(x, other, observed=False)
    scene.see("whether another embedding gives another output", bool(heard.abs().max() > 1e-4), "two embeddings")


# ---- dropout ----


def varies(block: Built, args: tuple, training: bool) -> None:
    """Record whether two calls differ."""
    first, second = (block(*args, training=training, observed=False) for _ in range(2))
    block.scene.see(
        "whether two calls differ", bool((first - second).abs().max() > 0), block.text("", args, {}, training)
    )


def nothing_random_in_evaluation(scene: Scene) -> None:
    block = scene.build(8, 16, 6, dropout=0.5)
    varies(block, (scene.normal(2, 8, 4, 6), scene.normal(2, 6)), training=False)


def random_while_training(scene: Scene) -> None:
    block = scene.build(8, 16, 6, dropout=0.5)
    varies(block, (scene.normal(2, 8, 4, 6), scene.normal(2, 6)), training=True)


def no_dropout(scene: Scene) -> None:
    block = scene.build(8, 8, 6, dropout=0.0)
    args = scene.normal(2, 8, 4, 6), scene.normal(2, 6)
    training, evaluation = (block(*args, training=mode, observed=False) for mode in (True, False))
    differ = bool((training - evaluation).abs().max() > 1e-4)
    scene.see("whether training differs from evaluation", differ, block.text("", args, {}, True))


def nothing_random_after_conv2(scene: Scene) -> None:
    block = scene.build(8, 8, 6, dropout=0.5)
    silence(block, "conv2.weight")
    varies(block, (scene.normal(2, 8, 4, 6), scene.normal(2, 6)), training=True)


def right_on_average(scene: Scene) -> None:
    """Only a convolution follows dropout, so the mean over many draws is the output without dropout."""
    block, repeats = scene.build(4, 4, 6, dropout=0.5), 256
    x, emb = scene.normal(1, 4, 4, 4), scene.normal(1, 6)
    still = block(x, emb, observed=False)
    draws = block(x.expand(repeats, -1, -1, -1), emb.expand(repeats, -1), training=True, observed=False)
    error = (draws.mean(0) - still[0]) / (draws.std(0) / repeats**0.5 + 1e-6)
    scene.see("whether many draws average to the output in evaluation", bool(error.square().mean() < 4), "256 draws")


def change_by_dropout(scene: Scene, **dropout: float) -> Tensor:
    """What dropout changes in the output; called again, for a block with the same weights and the same inputs."""
    state = scene.random.getstate()
    generator = torch.Generator().manual_seed(scene.seed)
    x, emb = torch.randn(32, 4, 6, 8, generator=generator), torch.randn(32, 6, generator=generator)
    block = scene.build(4, 12, 6, **dropout)
    change = block(x, emb, training=True, observed=False) - block(x, emb, observed=False)
    scene.random.setstate(state)
    return change


def dropout_strength(scene: Scene) -> None:
    """The variance that dropout brings is proportional to p / (1 - p)."""
    weak, strong = (float(change_by_dropout(scene, dropout=p).std()) for p in (0.2, 0.7))
    expected = ((0.7 / 0.3) / (0.2 / 0.8)) ** 0.5
    close = abs(strong / (weak + 1e-9) / expected - 1) < 0.15
    scene.see("whether the spread grows as it should", close, "dropout=0.2 and dropout=0.7, while training")


def pixels_dropped_one_by_one(scene: Scene) -> None:
    change = change_by_dropout(scene, dropout=0.5)
    alike = bool(change.mean((2, 3)).std() > 0.4 * change.std())
    scene.see("whether a whole channel changes together", alike, "dropout=0.5, while training")


def default_strength(scene: Scene) -> None:
    default, given = float(change_by_dropout(scene).std()), float(change_by_dropout(scene, dropout=0.1).std())
    close = abs(default / (given + 1e-9) - 1) < 0.15
    scene.see("whether the default acts like dropout=0.1", close, "ResidualBlock(4, 12, 6), while training")


class ChannelsLast(nn.Module):
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


class EmbeddingAsConvolution(nn.Module):
    """The projection as a 1x1 convolution of an image of one pixel, the shortcut as a Linear on channels-last "
    "numbers."""

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


FIRST = "h = self.conv1(F.silu(self.norm1(x)))"
EMBEDDING = "self.emb_proj(F.silu(emb))"
ADD = f"h += {EMBEDDING}[:, :, None, None]"
SECOND = "h = self.conv2(self.dropout(F.silu(self.norm2(h))))"
SHORTCUT = "h += self.skip_conv(x)"
BROADCAST = f"{EMBEDDING}[:, :, None, None]"
DROPOUT = "self.dropout(F.silu(self.norm2(h)))"
NORMS = ("group_norm(in_channels)", "group_norm(out_channels)")
SECOND_WITH_CONV1 = SECOND.replace("self.conv2", "(self.conv1 if x.shape[1] == h.shape[1] else self.conv2)")
CONV1 = "nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1)"
CONV2 = "nn.Conv2d(out_channels, out_channels, kernel_size=3, padding=1)"


mistake = mistakes_of(ResidualBlock)


def other_norm(name: str, sentence: str, pattern: str) -> Misconception:
    """Another norm for both; `pattern` holds {} for the channels."""
    widths = ("in_channels", "out_channels")
    changes = [(old, pattern.format(width)) for old, width in zip(NORMS, widths, strict=True)]
    return mistake(name, sentence, *changes)


def other_activation(name: str, says: str) -> tuple[Misconception, ...]:
    """Another activation at all three places, in the branch only, on the embedding only."""
    new = f"F.{name}("
    return (
        mistake(
            f"{name}_for_silu",
            f"You use {says} at all three places. The document's activation is SiLU, x * sigmoid(x): smooth, and not "
            "zero for negative numbers.",
            ("F.silu(", new),
        ),
        mistake(
            f"{name}_in_the_branch",
            f"Before the convolutions you use {says}; both places want SiLU.",
            ("F.silu(self", f"{new}self"),
        ),
        mistake(
            f"{name}_on_the_embedding",
            f"You pass the embedding through {says}; SiLU stands there as well.",
            ("F.silu(emb)", f"{new}emb)"),
        ),
    )


EXERCISES = (
    Exercise(
        name="ResidualBlock",
        reference=ResidualBlock,
        lesson="03",
        where="the document, section 3, the drawing of the ResidualBlock, top to bottom",
        properties=(
            Property(
                "projection_missing",
                "one Linear leads from emb_dim to out_channels",
                projection,
                "Your block has no layer that turns emb_dim numbers into out_channels numbers. Without this projection "
                "the embedding only fits where both happen to be equal.",
            ),
            Property(
                "kernel_of_another_size",
                "two convolutions have a 3x3 kernel; the shortcut's is 1x1",
                kernels,
                "Your kernels are of other sizes than the document's: two convolutions of 3x3 in the branch, and 1x1 "
                "in the shortcut, which is to change the number of channels and nothing else.",
            ),
            Property(
                "convolution_of_another_width",
                "conv1 goes from in_channels to out_channels, and conv2 from out_channels to out_channels",
                convolutions,
                "Your 3x3 convolutions have other numbers of channels. The first one changes in_channels to "
                "out_channels, the second one keeps them.",
            ),
            Property(
                "shortcut_without_convolution",
                "where the channels change, a 1x1 convolution brings the shortcut to out_channels",
                shortcut_convolution,
                "Where the channels change, the input cannot be added to the output as it is: the shortcut needs one "
                "1x1 convolution from in_channels to out_channels.",
            ),
            Property(
                "shortcut_always_convolved",
                "where the channels stay, the shortcut is the input itself",
                no_shortcut_convolution,
                "Where the channels stay, you still have a 1x1 convolution (or another Linear) of that width. The "
                "shortcut is then the input itself (nn.Identity): an open road for features and gradients.",
            ),
            Property(
                "first_norm_of_another_width",
                "norm1 normalises the input, so it has in_channels weights and biases",
                first_norm,
                "Your first norm does not have in_channels weights and biases. It comes before the first convolution "
                "and so meets the channels of the *input*.",
            ),
            Property(
                "bias_or_norm_weights_missing",
                "norm2 has a weight and a bias, and all convolutions and the Linear have a bias",
                other_vectors,
                "Biases or a norm's weights are missing, or there are too many: every convolution and the Linear keep "
                "their bias, and each of the two norms has one weight and one bias per channel.",
            ),
            Property("runs", "the block gives a tensor", runs_if_all_sizes_agree),
            Property(
                "embedding_not_projected",
                "the width of the embedding may differ from the channels",
                runs_for_another_embedding,
                "Your block runs only where the embedding is as wide as the feature map. emb_proj is there to make it "
                "fit: it turns (B, emb_dim) into (B, out_channels).",
            ),
            Property(
                "embedding_on_the_wrong_axes",
                "batch, channels, height and width may all differ",
                runs_for_other_images,
                "Your block runs only where batch, height and width happen to equal the channels. The projected "
                "embedding (B, C) needs two axes of length one at the end, (B, C, 1, 1), to spread over the pixels.",
            ),
            Property(
                "stops_where_the_channels_change",
                "the block runs where more channels come out than go in",
                runs_for_more_channels,
                "Your block runs where the channels stay and stops where they change. Look for a layer in another's "
                "place (norm1 for norm2, conv2 for conv1), or for a shortcut that adds x without skip_conv.",
            ),
            Property(
                "output_of_another_shape",
                "the output has out_channels, and the height and width of the input",
                output_shape,
                "Your output has another shape. Height and width stay (padding=1, stride 1), and the last step is a "
                "sum, not a concatenation.",
            ),
            Property(
                "random_in_evaluation",
                "in evaluation two calls give the same",
                nothing_random_in_evaluation,
                "Your block is random in evaluation too. F.dropout does not know the module's mode unless told "
                "training=self.training; self.dropout(...) does.",
            ),
            Property(
                "deaf_to_the_embedding",
                "another embedding gives another output",
                hears_the_embedding,
                "Your output does not change when the embedding does: the block cannot know what time it is. Either "
                "the embedding never enters, or a norm takes it out again.",
            ),
            Property(
                "something_wrong_with_the_shortcut",
                "with conv2 silent (weights and bias zero) the output is the shortcut: x, or its 1x1 convolution",
                shortcut_alone,
                "The mistake shows when the second convolution is silenced: then the input, or its 1x1 convolution, "
                "must come out unchanged. Yours is scaled, normalised or taken from elsewhere, or something follows "
                "the sum.",
            ),
            Property(
                "something_wrong_in_the_branch",
                "without an embedding the branch is GroupNorm, SiLU, Conv, GroupNorm, SiLU, Dropout, Conv",
                branch_without_embedding,
                "The shortcut is right. The mistake shows with the embedding silenced, so it sits in the branch: "
                "compare order and number of norms, SiLUs and convolutions (and the convolution's padding) with the "
                "drawing.",
            ),
            Property(
                "something_wrong_with_the_embedding",
                "SiLU, then emb_proj, then added to the output of the first convolution",
                everything,
                "Shortcut and convolutions are right; only the embedding's way into the block is not. It passes SiLU, "
                "then emb_proj, and is added once, between the first convolution and the second norm.",
            ),
            Property(
                "assumes_changing_channels",
                "the output is right when as many channels go in as come out: the shortcut is then the input itself",
                same_channels,
                "Your block is right where the channels change, and wrong where they stay: there the shortcut is the "
                "input itself, without a convolution.",
            ),
            Property(
                "confuses_batch_and_channels",
                "the embedding is added per image and channel, also when all sizes are equal",
                batch_as_large_as_the_channels,
                "Where batch, channels, height and width have the same size your embedding lands on the wrong axis. "
                "The shape to broadcast is (B, C, 1, 1).",
            ),
            Property(
                "assumes_more_channels_come_out",
                "the output is right when fewer channels come out than go in, as in the decoder",
                fewer_channels,
                "Your block is right when channels are added and wrong when fewer come out than go in, as in the "
                "decoder after every concatenation.",
            ),
            Property(
                "another_number_of_groups",
                "the number of groups follows num_groups, for narrow and for wide layers",
                other_widths,
                "For some widths (18 or 160 channels) your numbers depart: the number of groups of a norm follows "
                "another rule there. group_norm(channels) makes one with the rule of this course.",
            ),
            treats_images_alone(example),
            Property(
                "dropout_never_acts",
                "while training two calls differ",
                random_while_training,
                "Dropout never acts: while training nothing is dropped. It belongs between the second SiLU and conv2.",
            ),
            Property(
                "dropout_ignores_its_argument",
                "with dropout=0.0 training mode changes nothing",
                no_dropout,
                "With dropout=0.0 your block still drops values while training: hand the argument on to nn.Dropout.",
            ),
            Property(
                "dropout_after_the_second_convolution",
                "what comes after the second convolution is not random",
                nothing_random_after_conv2,
                "Your dropout also hits what comes after the second convolution, or the shortcut. It belongs before "
                "conv2.",
            ),
            Property(
                "dropout_before_an_activation",
                "on average dropout changes nothing: only a convolution comes after it",
                right_on_average,
                "Averaged over many draws, your output with dropout is not the output without. So an activation or a "
                "norm still follows it. Dropout comes after the second SiLU, right before conv2.",
            ),
            Property(
                "dropout_of_another_strength",
                "dropout acts once, with the probability given",
                dropout_strength,
                "Dropout is in its place and of another strength: applied twice, with 1 - p, or with a fixed "
                "probability.",
            ),
            Property(
                "whole_channels_dropped",
                "dropout drops single numbers, not whole channels",
                pixels_dropped_one_by_one,
                "Whole channels disappear at once in your block. Each number is dropped or kept by itself.",
            ),
            Property(
                "another_default_dropout",
                "without the argument, dropout is 0.1",
                default_strength,
                "The default probability of dropout is 0.1; yours is another.",
            ),
            gradients_agree(example),
            works_in_float64(example),
            works_on_any_device(example),
            keeps_random_state(example),
        ),
        misconceptions=(
            # dropout, first: in the properties about dropout other mistakes may look the same
            mistake(
                "no_dropout",
                "You never call dropout. While training it drops values right before the second convolution.",
                (DROPOUT, "F.silu(self.norm2(h))"),
            ),
            mistake(
                "dropout_without_the_mode",
                "F.dropout drops values always, in evaluation too, unless told training=self.training. "
                "self.dropout(...) knows by itself.",
                (DROPOUT, "F.dropout(F.silu(self.norm2(h)), self.dropout.p)"),
            ),
            mistake(
                "dropout_of_the_output",
                "You drop values of the sum, after the second convolution, and so tear holes into the shortcut as "
                "well. Dropout comes before conv2.",
                (SHORTCUT, "h = self.dropout(h + self.skip_conv(x))"),
                (DROPOUT, "F.silu(self.norm2(h))"),
            ),
            mistake(
                "dropout_before_the_second_silu",
                "Your dropout comes too early: a norm or a SiLU still follows it and bends what it left. It belongs "
                "after the second SiLU, right before conv2.",
                (DROPOUT, "F.silu(self.dropout(self.norm2(h)))"),
            ),
            mistake(
                "dropout_of_another_strength",
                "Your dropout stands in its place and is of another strength than asked for. Does it act twice, or "
                "with a changed probability?",
                (DROPOUT, "self.dropout(self.dropout(F.silu(self.norm2(h))))"),
            ),
            mistake(
                "dropout_of_whole_channels",
                "You use Dropout2d, which drops whole channels. The block wants nn.Dropout, which decides for each "
                "number by itself.",
                ("nn.Dropout(", "nn.Dropout2d("),
            ),
            mistake(
                "dropout_argument_not_handed_on",
                "With dropout=0.0 your block still drops: nn.Dropout got another probability than the argument (its "
                "own default 0.5, a fixed number, or 1 - dropout). Hand it on as it is, nn.Dropout(dropout).",
                ("nn.Dropout(dropout)", "nn.Dropout()"),
            ),
            mistake(
                "default_dropout_0.5",
                "The default of dropout is 0.1 in this course; yours is another.",
                ("dropout: float = 0.1", "dropout: float = 0.5"),
            ),
            # the embedding
            mistake(
                "embedding_not_added",
                "Your block never hears the embedding: it is not added (a sum without = or += is lost), or every "
                "channel gets the same number, which norm2 takes out again. It belongs right after the first "
                "convolution, one number a channel.",
                (ADD, "pass"),
            ),
            mistake(
                "no_silu_on_embedding",
                "You project the embedding without a SiLU before it. The time embedding ends with a Linear, so two "
                "Linears now stand back to back and are worth one.",
                ("F.silu(emb)", "emb"),
            ),
            mistake(
                "silu_after_the_projection",
                "You apply SiLU after emb_proj. It belongs before: there it separates the last Linear of the time "
                "embedding from this one, and the projection can then shift features both ways.",
                (EMBEDDING, "F.silu(self.emb_proj(emb))"),
            ),
            mistake(
                "silu_before_and_after_the_projection",
                "You apply SiLU on both sides of emb_proj. The second one is too much: what is added would hardly ever "
                "be negative.",
                (EMBEDDING, "F.silu(self.emb_proj(F.silu(emb)))"),
            ),
            mistake(
                "silu_twice_on_the_embedding",
                "The embedding passes SiLU twice. Once is enough.",
                ("F.silu(emb)", "F.silu(F.silu(emb))"),
            ),
            mistake(
                "embedding_not_projected",
                "You add the embedding itself, without emb_proj. That runs only where its width equals the channels, "
                "and gives every block the same shift.",
                (EMBEDDING, "emb"),
            ),
            mistake(
                "embedding_through_silu_but_not_projected",
                "You pass the embedding through SiLU and add it without emb_proj. The projection makes its width fit, "
                "and lets each block pick what it needs.",
                (EMBEDDING, "F.silu(emb)"),
            ),
            mistake(
                "embedding_cut_to_fit",
                "You cut the embedding down to the number of channels. What is cut off is lost, and wide layers find "
                "too few numbers: emb_proj is the layer that makes it fit.",
                (BROADCAST, "emb[:, : h.shape[1], None, None]"),
            ),
            mistake(
                "embedding_without_new_axes",
                "You add (B, C) to (B, C, H, W) without new axes. Broadcasting starts at the right, so batch and "
                "channels meet height and width. Index with [:, :, None, None].",
                (BROADCAST, EMBEDDING),
            ),
            mistake(
                "embedding_with_one_new_axis",
                "Your embedding has three axes, (B, C, 1), and lines up with (C, H, W). It needs four, (B, C, 1, 1).",
                (BROADCAST, f"{EMBEDDING}[:, :, None]"),
            ),
            mistake(
                "embedding_channels_on_the_width",
                "Your embedding is (B, 1, 1, C): its channels line up with the width. In torch the channels are the "
                "second axis, so the new axes come at the end.",
                (BROADCAST, f"{EMBEDDING}[:, None, None, :]"),
            ),
            mistake(
                "embedding_channels_on_the_height",
                "Your embedding is (B, 1, C, 1): its channels line up with the height.",
                (BROADCAST, f"{EMBEDDING}[:, None, :, None]"),
            ),
            mistake(
                "embedding_averaged_over_the_batch",
                "You average the embedding over the batch. Each image has its own time and class.",
                (EMBEDDING, f"{EMBEDDING}.mean(0, keepdim=True)"),
            ),
            mistake(
                "first_embedding_for_all",
                "Every image gets the first image's embedding.",
                (EMBEDDING, f"{EMBEDDING}[:1]"),
            ),
            mistake(
                "embedding_multiplied",
                "You multiply by the embedding. The document's sign is a plus.",
                (ADD, f"h = h * {BROADCAST}"),
            ),
            mistake(
                "embedding_as_a_scale",
                "You multiply by one plus the embedding, as blocks with scale and shift do. The document's block adds.",
                (ADD, f"h = h * (1 + {BROADCAST})"),
            ),
            mistake(
                "embedding_subtracted",
                "You subtract the embedding; it is to be added.",
                (ADD, f"h = h - {BROADCAST}"),
            ),
            mistake(
                "embedding_added_twice",
                "You add the embedding twice at the same place.",
                (ADD, f"h = h + 2 * {BROADCAST}"),
            ),
            mistake(
                "embedding_around_both_convolutions",
                "You add the embedding after both convolutions. It enters once, after the first.",
                (SHORTCUT, f"h = h + self.skip_conv(x) + {BROADCAST}"),
            ),
            mistake(
                "embedding_added_to_the_input",
                "You add the embedding to x, before the first norm. It comes after the first convolution; and what is "
                "added to x also travels down the shortcut.",
                (FIRST, f"x = x + {BROADCAST}; {FIRST}"),
                (ADD, "pass"),
            ),
            mistake(
                "embedding_before_the_first_norm",
                "You add the embedding before the first norm. It belongs after the first convolution.",
                ("self.norm1(x)", f"self.norm1(x + {BROADCAST})"),
                (ADD, "pass"),
            ),
            mistake(
                "embedding_after_the_first_norm",
                "You add the embedding between the first norm and its SiLU. The drawing has it after the convolution, "
                "where out_channels fit.",
                ("self.norm1(x)", f"self.norm1(x) + {BROADCAST}"),
                (ADD, "pass"),
            ),
            mistake(
                "embedding_before_the_first_convolution",
                "You add the embedding right before the first convolution. It belongs right after it.",
                ("F.silu(self.norm1(x))", f"F.silu(self.norm1(x)) + {BROADCAST}"),
                (ADD, "pass"),
            ),
            mistake(
                "embedding_after_second_norm",
                "You add the embedding after the second norm. It belongs right after the first convolution, before "
                "norm2.",
                (ADD, "pass"),
                ("self.norm2(h)", f"self.norm2(h) + {BROADCAST}"),
            ),
            mistake(
                "embedding_after_second_silu",
                "You add the embedding between the second SiLU and the second convolution. Then no activation ever "
                "combines it with the features: it belongs before norm2.",
                (ADD, "pass"),
                ("F.silu(self.norm2(h))", f"F.silu(self.norm2(h)) + {BROADCAST}"),
            ),
            mistake(
                "embedding_at_the_end",
                "You add the embedding to the output. Both convolutions have then worked without knowing the time; it "
                "belongs after the first one.",
                (ADD, "pass"),
                (SHORTCUT, f"h = h + self.skip_conv(x) + {BROADCAST}"),
            ),
            # the branch
            mistake(
                "norm_after_convolution",
                "You normalise after each convolution. The document's order is GroupNorm, SiLU, Conv.",
                (FIRST, "h = F.silu(self.norm2(self.conv1(x)))"),
                (SECOND, "h = self.dropout(F.silu(self.norm2(self.conv2(h))))"),
            ),
            mistake(
                "no_first_norm",
                "The first norm is missing: x goes into SiLU as it is.",
                ("self.norm1(x)", "x"),
            ),
            mistake(
                "no_second_norm",
                "The second norm is missing: what conv1 and the embedding give goes into SiLU as it is.",
                ("self.norm2(h)", "h"),
            ),
            mistake(
                "no_norms",
                "Both norms are missing. Through many blocks the numbers would grow without anything to hold them.",
                ("self.norm1(x)", "x"),
                ("self.norm2(h)", "h"),
            ),
            mistake(
                "no_first_silu",
                "There is no SiLU before the first convolution.",
                ("F.silu(self.norm1(x))", "self.norm1(x)"),
            ),
            mistake(
                "no_second_silu",
                "There is no SiLU before the second convolution. Without it the second convolution only repeats what "
                "one linear step could do.",
                ("F.silu(self.norm2(h))", "self.norm2(h)"),
            ),
            mistake(
                "no_silus_in_the_branch",
                "There is no SiLU in the branch at all. Between two convolutions something must bend, or two are worth "
                "no more than one.",
                ("F.silu(self.norm1(x))", "self.norm1(x)"),
                ("F.silu(self.norm2(h))", "self.norm2(h)"),
            ),
            mistake(
                "no_silu_anywhere",
                "All three SiLUs are missing, the two in the branch and the one on the embedding.",
                ("F.silu(self.norm1(x))", "self.norm1(x)"),
                ("F.silu(self.norm2(h))", "self.norm2(h)"),
                ("F.silu(emb)", "emb"),
            ),
            mistake(
                "silu_before_the_norms",
                "You apply SiLU first and the norm after it, both times. The order is norm, then activation.",
                ("F.silu(self.norm1(x))", "self.norm1(F.silu(x))"),
                ("F.silu(self.norm2(h))", "self.norm2(F.silu(h))"),
            ),
            mistake(
                "silu_before_the_first_norm",
                "Before the first convolution you apply SiLU and then the norm. It is norm, then SiLU.",
                ("F.silu(self.norm1(x))", "self.norm1(F.silu(x))"),
            ),
            mistake(
                "silu_before_the_second_norm",
                "Before the second convolution you apply SiLU and then the norm. It is norm, then SiLU.",
                ("F.silu(self.norm2(h))", "self.norm2(F.silu(h))"),
            ),
            mistake(
                "silu_after_the_convolutions",
                "Your order is GroupNorm, Conv, SiLU. The document's is GroupNorm, SiLU, Conv: nothing bends the sum "
                "with the shortcut.",
                (FIRST, "h = F.silu(self.conv1(self.norm1(x)))"),
                (SECOND, "h = F.silu(self.conv2(self.dropout(self.norm2(h))))"),
            ),
            mistake(
                "silu_after_the_first_convolution_too",
                "There is a SiLU too many, right after the first convolution.",
                (FIRST, "h = F.silu(self.conv1(F.silu(self.norm1(x))))"),
            ),
            mistake(
                "one_convolution",
                "Your branch has one convolution: the second half (norm2, SiLU, dropout, conv2) is missing.",
                (SECOND, "pass"),
            ),
            mistake(
                "second_norm_and_silu_skipped",
                "You go from the embedding straight into conv2. GroupNorm, SiLU and dropout come in between.",
                (SECOND, "h = self.conv2(self.dropout(h))"),
            ),
            mistake(
                "first_norm_and_silu_skipped",
                "You convolve x as it comes. GroupNorm and SiLU come before the first convolution.",
                (FIRST, "h = self.conv1(x)"),
            ),
            mistake(
                "first_convolution_twice",
                "You use conv1 at both places. It runs where the channels stay, and then one set of weights does two "
                "different jobs. The second place is conv2's.",
                ("self.conv2(", "self.conv1("),
            ),
            mistake(
                "second_convolution_twice",
                "You use conv2 at both places; the first one is conv1's.",
                ("self.conv1(", "self.conv2("),
            ),
            mistake(
                "convolutions_swapped",
                "You swapped the convolutions: conv2 stands at the first place and conv1 at the second. It can run "
                "only where the channels stay.",
                (FIRST, FIRST.replace("conv1", "conv2")),
                (SECOND, SECOND.replace("conv2", "conv1")),
            ),
            mistake(
                "first_norm_twice",
                "You use norm1 at both places. The second place has a norm of its own, norm2, with other weights.",
                ("self.norm2(h)", "self.norm1(h)"),
            ),
            mistake(
                "second_norm_twice",
                "You use norm2 at both places; the first one is norm1's.",
                ("self.norm1(x)", "self.norm2(x)"),
            ),
            mistake(
                "norms_swapped",
                "You swapped the norms: norm2 stands at the first place and norm1 at the second.",
                ("self.norm1(x)", "self.norm2(x)"),
                ("self.norm2(h)", "self.norm1(h)"),
            ),
            mistake(
                "second_half_starts_from_x",
                "The second half starts from x instead of h, so everything the first half found is thrown away.",
                ("self.norm2(h)", "self.norm2(x)"),
            ),
            mistake(
                "padding_reflected",
                "Your convolutions reflect the image at its border. The plain padding=1 puts zeros there.",
                (CONV1, CONV1[:-1] + ", padding_mode='reflect')"),
                (CONV2, CONV2[:-1] + ", padding_mode='reflect')"),
            ),
            mistake(
                "padding_replicated",
                "Your convolutions repeat the border pixel. The plain padding=1 puts zeros there.",
                (CONV1, CONV1[:-1] + ", padding_mode='replicate')"),
                (CONV2, CONV2[:-1] + ", padding_mode='replicate')"),
            ),
            mistake(
                "padding_circular",
                "Your convolutions continue the image at the opposite border. The plain padding=1 puts zeros there.",
                (CONV1, CONV1[:-1] + ", padding_mode='circular')"),
                (CONV2, CONV2[:-1] + ", padding_mode='circular')"),
            ),
            mistake(
                "dilated",
                "Your kernels are spread out (dilation=2). The document's 3x3 windows are compact.",
                (CONV1, CONV1.replace("padding=1", "padding=2, dilation=2")),
                (CONV2, CONV2.replace("padding=1", "padding=2, dilation=2")),
            ),
            *other_activation("relu", "ReLU"),
            *other_activation("gelu", "GELU"),
            *other_activation("sigmoid", "the sigmoid alone"),
            *other_activation("tanh", "tanh"),
            # the norms
            other_norm(
                "one_channel_a_group",
                "Your norms have one channel in each group. Such a norm subtracts each channel's mean, and that is "
                "exactly what the embedding had just added: the block goes deaf.",
                "nn.GroupNorm({0}, {0})",
            ),
            other_norm(
                "instance_norm",
                "You use InstanceNorm: every channel by itself, so norm2 removes what the embedding has just added.",
                "nn.InstanceNorm2d({0}, affine=True)",
            ),
            other_norm(
                "batch_norm",
                "You use BatchNorm. Its statistics come from other images (in evaluation, from a running average), and "
                "the document normalises each image by itself, with GroupNorm.",
                "nn.BatchNorm2d({0})",
            ),
            other_norm(
                "one_group",
                "Your norms have one group for all channels (a layer norm). The rule gives as many groups as leave "
                "four channels in each.",
                "nn.GroupNorm(1, {0})",
            ),
            other_norm(
                "two_channels_a_group",
                "Your norms have two channels in each group; the rule leaves at least four.",
                "nn.GroupNorm({0} // 2, {0})",
            ),
            other_norm(
                "groups_32",
                "You fixed the number of groups at 32. Many widths cannot be divided by 32, and 64 channels would be "
                "left with two in each group. group_norm(channels) chooses.",
                "nn.GroupNorm(32, {0})",
            ),
            other_norm(
                "groups_8",
                "You fixed the number of groups at 8. It has to follow the width: group_norm(channels) chooses.",
                "nn.GroupNorm(8, {0})",
            ),
            other_norm(
                "groups_4",
                "You fixed the number of groups at 4. It has to follow the width: group_norm(channels) chooses.",
                "nn.GroupNorm(4, {0})",
            ),
            # the shortcut
            mistake(
                "larger_of_branch_and_shortcut",
                "You take the larger one of branch and shortcut. They are added.",
                (SHORTCUT, "skip = self.skip_conv(x); h = h * (h > skip) + skip * (h <= skip)"),
            ),
            mistake(
                "branch_scaled_down",
                "You multiply the branch by a small number before adding it. The document's block adds it as it is.",
                (SHORTCUT, "h = 0.1 * h + self.skip_conv(x)"),
            ),
            mistake(
                "no_shortcut",
                "The shortcut is missing: the output should be the branch *plus* the input (or its 1x1 convolution). "
                "That sum is what makes the block residual.",
                (SHORTCUT, "pass"),
            ),
            mistake(
                "shortcut_without_skip_conv",
                "You add x itself. Where the channels change it does not fit: skip_conv(x) does, and where they stay "
                "it is x.",
                (SHORTCUT, "h = h + x"),
            ),
            mistake(
                "shortcut_only_if_it_fits",
                "Where the channels change you leave the shortcut out. skip_conv is there to make it fit.",
                (SHORTCUT, "h = h + x if h.shape == x.shape else h"),
            ),
            mistake(
                "shortcut_of_the_normed_input",
                "Your shortcut carries the *normalised* input. It starts at x itself, before anything has touched it.",
                (SHORTCUT, "h = h + self.skip_conv(self.norm1(x))"),
            ),
            mistake(
                "shortcut_of_the_activated_input",
                "Your shortcut carries the input after norm and SiLU. It starts at x itself.",
                (SHORTCUT, "h = h + self.skip_conv(F.silu(self.norm1(x)))"),
            ),
            mistake(
                "shortcut_of_silu",
                "Your shortcut carries SiLU of the input. It starts at x itself.",
                (SHORTCUT, "h = h + self.skip_conv(F.silu(x))"),
            ),
            mistake(
                "shortcut_from_the_middle",
                "Your shortcut starts in the middle, after the first convolution. It has to pass *both*, from x.",
                (ADD, f"{ADD}; middle = h"),
                (SHORTCUT, "h = h + middle"),
            ),
            mistake(
                "shortcut_from_the_first_convolution",
                "Your shortcut starts at the first convolution's output, before the embedding. It starts at x.",
                (FIRST, f"{FIRST}; middle = h.clone()"),
                (SHORTCUT, "h = h + middle"),
            ),
            mistake(
                "shortcut_before_the_second_convolution",
                "You add the shortcut before the second half. It is the very last step.",
                (SECOND, f"h = h + self.skip_conv(x); {SECOND}"),
                (SHORTCUT, "pass"),
            ),
            mistake(
                "shortcut_added_twice",
                "You add the shortcut twice.",
                (SHORTCUT, "h = h + 2 * self.skip_conv(x)"),
            ),
            mistake(
                "shortcut_subtracted",
                "You subtract the shortcut. It is added, so that a silent branch leaves the input as it was.",
                (SHORTCUT, "h = h - self.skip_conv(x)"),
            ),
            mistake(
                "branch_subtracted",
                "You subtract the branch from the shortcut. Both are added.",
                (SHORTCUT, "h = self.skip_conv(x) - h"),
            ),
            mistake(
                "shortcut_multiplied",
                "You multiply branch and shortcut. They are added.",
                (SHORTCUT, "h = h * self.skip_conv(x)"),
            ),
            mistake(
                "only_the_shortcut",
                "You return the shortcut alone, and the whole branch is lost.",
                (SHORTCUT, "h = self.skip_conv(x) + 0"),
            ),
            mistake(
                "sum_divided_by_root_two",
                "You divide the sum by the square root of two. Some networks do; the document's block returns the "
                "plain sum.",
                (SHORTCUT, "h = (h + self.skip_conv(x)) / 2**0.5"),
            ),
            mistake(
                "sum_halved",
                "You take the mean of branch and shortcut. The document's block returns their sum.",
                (SHORTCUT, "h = (h + self.skip_conv(x)) / 2"),
            ),
            mistake(
                "silu_at_the_end",
                "You apply SiLU to the sum. Nothing comes after the addition: the road along the shortcuts stays free.",
                (SHORTCUT, "h = F.silu(h + self.skip_conv(x))"),
            ),
            mistake(
                "relu_at_the_end",
                "You apply ReLU to the sum, as the first residual networks did. Here nothing comes after the addition.",
                (SHORTCUT, "h = F.relu(h + self.skip_conv(x))"),
            ),
            mistake(
                "silu_before_the_sum",
                "You apply SiLU to the branch before adding the shortcut, so the branch could hardly take anything "
                "away.",
                (SHORTCUT, "h = F.silu(h) + self.skip_conv(x)"),
            ),
            mistake(
                "norm_at_the_end",
                "You normalise the sum. Nothing comes after the addition.",
                (SHORTCUT, "h = self.norm2(h + self.skip_conv(x))"),
            ),
            # gradients
            mistake(
                "embedding_detached",
                "The embedding is cut from its past (detach or no_grad): the values are right, but time and class "
                "embedding would never learn.",
                ("F.silu(emb)", "F.silu(emb.detach())"),
            ),
            mistake(
                "shortcut_detached",
                "The shortcut is cut from its past (detach or no_grad). It is the road the gradient should take.",
                ("self.skip_conv(x)", "self.skip_conv(x.detach())"),
            ),
            mistake(
                "first_convolution_where_it_fits",
                "Where the channels stay, you use conv1 a second time in place of conv2. Each has weights of its own.",
                (SECOND, SECOND_WITH_CONV1),
            ),
            mistake(
                "input_overwritten",
                "You overwrite x on the way, so the shortcut starts from what the branch gave and not from the input. "
                "Keep x as it is, and give the branch another name.",
                (SHORTCUT, "h = h + (self.skip_conv(h) if h.shape[1] == x.shape[1] else h)"),
            ),
            mistake(
                "branch_detached",
                "The branch is cut from its past (detach or no_grad), so that only the shortcut carries a gradient "
                "back to x.",
                ("self.norm1(x)", "self.norm1(x.detach())"),
            ),
            mistake(
                "mean_embedding_for_all",
                "Every image gets the mean of all embeddings. Each has its own time and class.",
                (BROADCAST, "self.emb_proj(F.silu(emb.mean(0, keepdim=True)))[:, :, None, None]"),
            ),
            mistake(
                "second_norm_before_and_after",
                "You call norm2 twice, before the embedding is added and after. It comes once, after.",
                (
                    FIRST,
                    FIRST.replace("self.conv1(F.silu(self.norm1(x)))", "self.norm2(self.conv1(F.silu(self.norm1(x))))"),
                ),
            ),
        ),
        alternatives=(
            Alternative("other_names", ChannelsLast),
            Alternative("by_hand", ByHand),
            Alternative("step_by_step", StepByStep),
            Alternative("embedding_as_convolution", EmbeddingAsConvolution),
            Alternative(
                "in_place_free",
                edited(ResidualBlock, (ADD, "h = h + self.emb_proj(F.silu(emb)).reshape(*h.shape[:2], 1, 1)")),
            ),
            Alternative(
                "dropout_as_a_function",
                edited(ResidualBlock, (DROPOUT, "F.dropout(F.silu(self.norm2(h)), self.dropout.p, self.training)")),
            ),
        ),
        seconds=3.0,  # a busy machine must not fail a right answer
    ),
)
