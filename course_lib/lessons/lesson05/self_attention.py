"""What holds for SelfAttention, and right answers written differently.

The properties take the block apart: first one head and images that any norm leaves as they are, then several heads,
then the norm. So the first property that fails says which part is wrong.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.checks.compare import difference
from course_lib.checks.exercise import Exercise
from course_lib.checks.trial import Call, Trial
from course_lib.group_norm import group_norm
from course_lib.lessons.lesson05.attention_layouts import separate_layers
from course_lib.self_attention import SelfAttention

EXERCISE = Exercise(
    "SelfAttention",
    SelfAttention,
    __name__,
    where="the document, section 5 (assets/network.md), the drawing of Self-Attention, top to bottom",
    adapt=separate_layers,
    seconds=3.0,
    not_for_all={"another_shape": "its parameters are looked at first"},
)
holds, right = EXERCISE.holds, EXERCISE.right

# ---- what holds ----


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    # batch, heads, channels a head, height and width all different
    channels, heads = trial.pick((24, 3), (24, 4), (16, 2))
    return trial.build(channels, heads).calling(uneven(trial, 3, channels, *trial.pick((5, 7), (6, 5))))


@EXERCISE.harder
def more_heads(trial: Trial) -> Call:
    """Five heads of eight channels, and tall images."""
    return trial.build(40, 5).calling(uneven(trial, 2, 40, 9, 3))


def already_normed(trial: Trial, *shape: int) -> Tensor:
    """Images whose channels all have mean 0 and variance 16: neither the norm's groups nor its eps matter."""
    x = trial.normal(*shape)
    mean, variance = x.mean(dim=(2, 3), keepdim=True), x.var(dim=(2, 3), keepdim=True, unbiased=False)
    return 4 * (x - mean) / variance.sqrt()


def uneven(trial: Trial, batch: int, channels: int, height: int, width: int) -> Tensor:
    """Images whose channels differ in mean and spread."""
    spread = 0.5 + trial.uniform(batch, channels, 1, 1)
    return 4 * trial.normal(batch, channels, 1, 1) + 4 * spread * trial.normal(batch, channels, height, width)


@holds("it learns a norm (C), one 1x1 convolution from C to 3C and one from C to C, each with weight and bias")
def other_parameters(trial: Trial) -> None:
    """What your block can learn is not what the document draws: GroupNorm, a 1x1 convolution to queries, keys and
    values, and a 1x1 convolution for the projection, each with weight and bias."""
    trial.build(16, 2)


@holds("in evaluation, two calls with the same images give the same")
def chance_in_evaluation(trial: Trial) -> None:
    """In evaluation, and with the same images, two calls of your block give two results: chance comes in, or something
    stays from one call to the next. Is a layer made in forward? It has new random weights at every call: layers are
    made in __init__, once, and forward calls those, as in self.proj(h). Or is there a dropout that does not ask
    self.training?"""
    call = trial.build(16, 4).calling(uneven(trial, 2, 16, 4, 5))
    first, second = call.value(), call.value()
    # both stop, or have another shape: that is asked about below
    differ = isinstance(first, Tensor) and isinstance(second, Tensor) and bool(difference(second, first))
    trial.see("whether two calls give the same", not differ, call.text())


@holds("with the projection at zero, the output is x itself")
def shortcut_not_x(trial: Trial) -> None:
    """With the projection at zero nothing but x should come out, and your block gives something else. Is x added, once,
    as it came in? Does all that attention makes go through the projection? Does anything follow the sum?"""
    trial.build_silenced(r"^proj\.", 16, 4)(uneven(trial, 2, 16, 6, 6))


@holds("with heads of one channel the output is that of the drawing, step by step")
def branch_not_as_drawn(trial: Trial) -> None:
    """The shortcut is right; the branch is not, even with heads of a single channel. Norm, qkv, split, softmax over the
    keys, times the *values*, every pixel and head back in its place, projection. Is each layer the one from __init__,
    and none made anew in forward?"""
    # where d = 1 the root of d does nothing, and the numbers of a pixel cannot be torn apart
    trial.build(16, 16)(already_normed(trial, 2, 16, 8, 8), tolerance=3)


@holds("with one head over all channels the output is that of the drawing")
def wrong_for_wide_heads(trial: Trial) -> None:
    """With heads of one channel your block is right, with one wide head it is not. The scores are divided by sqrt(d),
    and the d numbers of a pixel stay together in one row."""
    trial.build(32, 1)(already_normed(trial, 3, 32, 8, 8), tolerance=3)


@holds("with several heads each attends by itself, over d = C / heads channels of its own")
def heads_confused(trial: Trial) -> None:
    """With one wide head your block is right, with several it is not. Each head has d = C / heads channels of its own,
    neighbours, and attends by itself."""
    channels, heads = trial.pick((16, 2), (32, 4))
    trial.build(channels, heads)(already_normed(trial, 3, channels, 8, 8), tolerance=3)


@holds("the channels may differ in mean and spread: the norm is a GroupNorm with the groups of group_norm")
def another_norm(trial: Trial) -> None:
    """For images whose channels all have mean 0 and the same variance your block is right, for others it is not. There
    the norm counts: group_norm(channels) makes it. Has yours another number of groups, or is it a Batch-, Layer- or
    InstanceNorm?"""
    channels, heads = trial.pick((24, 4), (24, 3), (40, 2))
    trial.build(channels, heads)(uneven(trial, 3, channels, 8, 8))


@holds("nearly constant images are normalised with the usual eps of 1e-5")
def another_epsilon(trial: Trial) -> None:
    """For nearly constant images your block is wrong. There it shows what the norm adds to the variance, 1e-5: does
    yours add another eps?"""
    # a variance of about 1e-5: what is added to it before the root is taken shows
    trial.build(12, 3)(1.0 + 0.003 * trial.normal(2, 12, 8, 8), tolerance=20)


@holds("other sizes than 8x8 pass through the same block")
def fixed_image_size(trial: Trial) -> None:
    """Your block is right for 8x8 images and wrong for another size. Take height and width from x.shape: attention
    works for any N."""
    side = trial.pick(3, 5, 6)
    trial.build(12, 3)(uneven(trial, 2, 12, side, side))


@holds("the output is right when height and width differ")
def assumes_square_images(trial: Trial) -> None:
    """Square images come out right and others do not. Have height and width changed places on the way back to an image,
    or does one of them stand for both?"""
    ordinary_call(trial).see()


@holds("without a number of heads there are four")
def another_default(trial: Trial) -> None:
    """SelfAttention(channels) is a block of four heads, and yours gives something else. Is the default value of
    num_heads another one?"""
    trial.build(24)(uneven(trial, 2, 24, 4, 3))


@holds("(2, 256, 8, 8) passes through SelfAttention(256, 4)")
def the_documents_shapes(trial: Trial) -> None:
    trial.build(256, 4)(trial.normal(2, 256, 8, 8))


@holds("it is right when batch, channels, heads and pixels are all 4")
def equal_sizes(trial: Trial) -> None:
    # nothing can be told apart by its length
    trial.build(4, 4)(uneven(trial, 4, 4, 2, 2))


@holds("an image of one pixel, a row of pixels and heads of one channel are nothing special")
def squeezes_axes_of_length_one(trial: Trial) -> None:
    """Where there is a single pixel, or a single channel in a head, your block is wrong. Is an axis of length one
    squeezed away, or taken for another?"""
    trial.build(12, 2)(uneven(trial, 2, 12, 1, 1))
    trial.build(8, 8)(uneven(trial, 2, 8, 1, 3))


@holds("training mode changes nothing: the document's attention has no dropout")
def random_while_training(trial: Trial) -> None:
    """While training your block gives something else than in evaluation. The document's attention has no dropout and no
    statistics to collect."""
    ordinary_call(trial).see(training=True)


# ---- right answers ----


@right
class Einsum(nn.Module):
    """Other names, Linear layers on tokens, einsum for both products."""

    def __init__(self, channels: int, num_heads: int = 4) -> None:
        super().__init__()
        self.heads, self.width = num_heads, channels // num_heads
        self.pre = group_norm(channels)
        self.to_qkv = nn.Linear(channels, 3 * channels)
        self.out = nn.Linear(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.pre(x).flatten(2).transpose(1, 2)
        B, N, C = tokens.shape
        q, k, v = self.to_qkv(tokens).view(B, N, 3, self.heads, self.width).permute(2, 0, 3, 1, 4)
        scores = torch.einsum("bhid,bhjd->bhij", q, k) * self.width**-0.5
        gathered = torch.einsum("bhij,bhjd->bihd", F.softmax(scores, -1), v).reshape(B, N, C)
        return x + self.out(gathered).transpose(1, 2).view_as(x)


def by_hand_norm(x: Tensor, norm: nn.GroupNorm) -> Tensor:
    grouped = x.reshape(x.shape[0], norm.num_groups, -1)
    mean, variance = grouped.mean(-1, keepdim=True), grouped.var(-1, keepdim=True, unbiased=False)
    normed = ((grouped - mean) / (variance + norm.eps).sqrt()).reshape(x.shape)
    return normed * norm.weight[:, None, None] + norm.bias[:, None, None]


@right
class Loops(SelfAttention):
    """One image, one head, one pixel after the other; the norm as a formula."""

    def forward(self, x: Tensor) -> Tensor:
        B, C, H, W = x.shape
        d = C // self.num_heads
        rows = self.qkv(by_hand_norm(x, self.norm)).reshape(B, 3 * C, H * W)
        images = []
        for image in rows:
            heads = []
            for head in range(self.num_heads):
                q, k, v = (image[part * C + head * d : part * C + (head + 1) * d] for part in range(3))
                # many pixels at once would be faster; this is the formula
                columns = [v @ torch.softmax(k.T @ q[:, i] / d**0.5, dim=0) for i in range(H * W)]
                heads.append(torch.stack(columns, dim=1))
            images.append(torch.cat(heads).reshape(C, H, W))
        return self.proj(torch.stack(images)) + x


@right
class Fused(SelfAttention):
    """torch's own attention."""

    def forward(self, x: Tensor) -> Tensor:
        residual = x
        B, C, H, W = x.shape
        qkv = self.qkv(self.norm(x)).reshape(B, 3, self.num_heads, C // self.num_heads, H * W)
        q, k, v = (part.transpose(2, 3) for part in qkv.unbind(1))
        h = F.scaled_dot_product_attention(q, k, v)
        return self.proj(h.transpose(2, 3).reshape(B, C, H, W)) + residual


@right
class TorchsOwnModule(nn.Module):
    """nn.MultiheadAttention has the same order of rows: q, k, v, each head after head."""

    def __init__(self, channels: int, num_heads: int = 4) -> None:
        super().__init__()
        self.norm = group_norm(channels)
        self.attention = nn.MultiheadAttention(channels, num_heads, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.norm(x).flatten(2).transpose(1, 2)
        gathered, _ = self.attention(tokens, tokens, tokens)
        return x + gathered.transpose(1, 2).reshape(x.shape)


@right
class SeparateConvolutions(nn.Module):
    """Three 1x1 convolutions instead of one; heads in the batch, torch.bmm."""

    def __init__(self, channels: int, num_heads: int = 4) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.norm = group_norm(channels)
        self.q = nn.Conv2d(channels, channels, 1)
        self.k = nn.Conv2d(channels, channels, 1)
        self.v = nn.Conv2d(channels, channels, 1)
        self.proj_out = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        B, C, H, W = x.shape
        normed = self.norm(x)
        q, k, v = (conv(normed).reshape(B * self.num_heads, -1, H * W) for conv in (self.q, self.k, self.v))
        weights = torch.bmm(q.transpose(1, 2), k).div((C // self.num_heads) ** 0.5).softmax(dim=2)
        # (B*heads, d, N) times (B*heads, N, N), the queries along the last axis
        return x + self.proj_out(torch.bmm(v, weights.transpose(1, 2)).reshape(B, C, H, W))


@right
class QueriesBesideKeysAndValues(nn.Module):
    """One Linear for the queries, one for keys and values together, as in cross-attention."""

    def __init__(self, channels: int, num_heads: int = 4) -> None:
        super().__init__()
        self.heads = num_heads
        self.norm = group_norm(channels)
        self.to_q = nn.Linear(channels, channels)
        self.to_kv = nn.Linear(channels, 2 * channels)
        self.to_out = nn.Linear(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.norm(x).flatten(2).mT
        q, (k, v) = self.to_q(tokens), self.to_kv(tokens).chunk(2, dim=-1)
        q, k, v = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in (q, k, v))
        h = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        return x + self.to_out(h).mT.reshape(x.shape)


@right
class OneModuleAHead(nn.Module):
    """Every head has layers of its own."""

    def __init__(self, channels: int, num_heads: int = 4) -> None:
        super().__init__()
        d = channels // num_heads
        self.norm = group_norm(channels)
        self.query, self.key, self.value = (
            nn.ModuleList(nn.Linear(channels, d) for _ in range(num_heads)) for _ in range(3)
        )
        self.out = nn.Linear(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.norm(x).flatten(2).mT
        found = []
        for query, key, value in zip(self.query, self.key, self.value, strict=True):
            q, k, v = query(tokens), key(tokens), value(tokens)
            found.append(torch.softmax(q @ k.mT / q.shape[-1] ** 0.5, dim=-1) @ v)
        return x + self.out(torch.cat(found, dim=-1)).mT.reshape(x.shape)
