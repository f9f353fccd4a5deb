"""Exercise SelfAttention (lesson 05).

The properties take the block apart: first one head and images that any norm leaves as they are, then several heads,
then the norm. So the first property that fails says which part is wrong.
"""

import re
from itertools import permutations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.checks.exercise import Alternative, Exercise, Misconception, Property, edited
from course_lib.checks.properties import (
    keeps_random_state,
    treats_images_alone,
    works_in_float64,
    works_on_any_device,
)
from course_lib.checks.scene import Built, Scene
from course_lib.group_norm import group_norm
from course_lib.self_attention import SelfAttention


def already_normed(scene: Scene, *shape: int) -> Tensor:
    """Images whose channels all have mean 0 and variance 16: neither the norm's groups nor its eps matter."""
    x = scene.normal(*shape)
    mean, variance = x.mean(dim=(2, 3), keepdim=True), x.var(dim=(2, 3), keepdim=True, unbiased=False)
    return 4 * (x - mean) / variance.sqrt()


def uneven(scene: Scene, batch: int, channels: int, height: int, width: int) -> Tensor:
    """Images whose channels differ in mean and spread."""
    spread = 0.5 + scene.uniform(batch, channels, 1, 1)
    return 4 * scene.normal(batch, channels, 1, 1) + 4 * spread * scene.normal(batch, channels, height, width)


def example(scene: Scene) -> tuple[Built, tuple]:
    """Batch, heads, channels a head, height and width all different."""
    channels, heads = scene.pick((24, 3), (24, 4), (16, 2))
    return scene.build(channels, heads), (uneven(scene, 3, channels, *scene.pick((5, 7), (6, 5))),)


def parameters(scene: Scene) -> None:
    scene.build(16, 2)


def projection_at_zero(scene: Scene) -> None:
    scene.build_silenced(r"^proj\.", 16, 4)(uneven(scene, 2, 16, 6, 6))


def heads_of_one_channel(scene: Scene) -> None:
    """Where d = 1 the root of d does nothing, and the numbers of a pixel cannot be torn apart."""
    scene.build(16, 16)(already_normed(scene, 2, 16, 8, 8), tolerance=3)


def one_head(scene: Scene) -> None:
    scene.build(32, 1)(already_normed(scene, 3, 32, 8, 8), tolerance=3)


def several_heads(scene: Scene) -> None:
    channels, heads = scene.pick((16, 2), (32, 4))
    scene.build(channels, heads)(already_normed(scene, 3, channels, 8, 8), tolerance=3)


def uneven_channels(scene: Scene) -> None:
    channels, heads = scene.pick((24, 4), (24, 3), (40, 2))
    scene.build(channels, heads)(uneven(scene, 3, channels, 8, 8))


def nearly_constant_images(scene: Scene) -> None:
    """A variance of about 1e-5: what is added to it before the root is taken shows."""
    block = scene.build(12, 3)
    block(1.0 + 0.003 * scene.normal(2, 12, 8, 8), tolerance=20)


def another_size(scene: Scene) -> None:
    side = scene.pick(3, 5, 6)
    scene.build(12, 3)(uneven(scene, 2, 12, side, side))


def not_square(scene: Scene) -> None:
    block, args = example(scene)
    block(*args)


def default_heads(scene: Scene) -> None:
    scene.build(24)(uneven(scene, 2, 24, 4, 3))


def as_in_the_document(scene: Scene) -> None:
    scene.build(256, 4)(scene.normal(2, 256, 8, 8))


def equal_sizes(scene: Scene) -> None:
    """Batch, channels, heads and pixels are all 4: nothing can be told apart by its length."""
    scene.build(4, 4)(uneven(scene, 4, 4, 2, 2))


def axes_of_length_one(scene: Scene) -> None:
    scene.build(12, 2)(uneven(scene, 2, 12, 1, 1))
    scene.build(8, 8)(uneven(scene, 2, 8, 1, 3))


def while_training(scene: Scene) -> None:
    block, args = example(scene)
    block(*args, training=True)


def gradients(scene: Scene) -> None:
    """Of the parameters only the length of all gradients together, which is the same however the layers are cut up."""
    block, args = example(scene)
    found = block.every_gradient(*args)
    given = block.text("", args, {}, False)
    (gradient,) = found.inputs
    gradient = torch.zeros_like(args[0]) if gradient is None else gradient
    scene.see("the gradient of the output with respect to x", gradient, given, tolerance=10)
    length = sum(float(one.double().square().sum()) for one in found.parameters.values() if one is not None) ** 0.5
    scene.see("the length of the gradients of all parameters together", length, given, tolerance=10)


# ------------------------------------------------------------------------------------ right answers in other styles


def by_hand_norm(x: Tensor, norm: nn.GroupNorm) -> Tensor:
    grouped = x.reshape(x.shape[0], norm.num_groups, -1)
    mean, variance = grouped.mean(-1, keepdim=True), grouped.var(-1, keepdim=True, unbiased=False)
    normed = ((grouped - mean) / (variance + norm.eps).sqrt()).reshape(x.shape)
    return normed * norm.weight[:, None, None] + norm.bias[:, None, None]


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


class Fused(SelfAttention):
    """torch's own attention."""

    def forward(self, x: Tensor) -> Tensor:
        residual = x
        B, C, H, W = x.shape
        qkv = self.qkv(self.norm(x)).reshape(B, 3, self.num_heads, C // self.num_heads, H * W)
        q, k, v = (part.transpose(2, 3) for part in qkv.unbind(1))
        h = F.scaled_dot_product_attention(q, k, v)
        return self.proj(h.transpose(2, 3).reshape(B, C, H, W)) + residual


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


ROLES = {
    "q": {"q", "query", "queries", "toq", "wq", "qproj", "qconv", "convq", "projq"},
    "k": {"k", "key", "keys", "tok", "wk", "kproj", "kconv", "convk", "projk"},
    "v": {"v", "value", "values", "val", "tov", "wv", "vproj", "vconv", "convv", "projv"},
    "kv": {"kv", "tokv", "wkv"},
    "qk": {"qk", "toqk", "wqk"},
}


def role_of(name: str) -> str:
    """What a layer's name says it makes: "q", "k", "v", "kv", "qk", or "" for anything else."""
    words = re.split(r"[._]", name.lower())
    return next((role for role, known in ROLES.items() if known & set(words)), "")


def separate_layers(state: dict[str, Tensor], shapes: dict[str, tuple[int, ...]]) -> list[dict[str, Tensor]]:
    """Ways to share the rows of `qkv` out to several layers, by their names or else by the order they were made in."""
    owners: dict[str, dict[str, str]] = {}
    for name in shapes:
        owner, _, kind = name.rpartition(".")
        owners.setdefault(owner, {})[kind] = name
    if any(set(found) != {"weight", "bias"} for found in owners.values()):
        return []
    channels = state["norm.weight"].numel()
    norms = [owner for owner, found in owners.items() if len(shapes[found["weight"]]) == 1]
    dense = {owner: shapes[owners[owner]["bias"]][0] for owner in owners if owner not in norms}
    if len(norms) != 1 or shapes[owners[norms[0]]["bias"]] != (channels,) or sum(dense.values()) != 4 * channels:
        return []
    if any(torch.Size(shapes[owners[owner]["weight"]]).numel() != rows * channels for owner, rows in dense.items()):
        return []
    weights = dict(zip("qkv", state["qkv.weight"].reshape(3, channels, channels), strict=True))
    biases = dict(zip("qkv", state["qkv.bias"].reshape(3, channels), strict=True))
    weights["p"], biases["p"] = state["proj.weight"].reshape(channels, channels), state["proj.bias"]

    roles = {owner: role_of(owner) or "p" for owner in dense}
    if set("".join(roles.values())) == set("qkvp"):
        orders = [sorted(dense, key=lambda owner: "qkvp".index(roles[owner][0]))]
    elif len(dense) == 4 and set(dense.values()) == {channels}:
        *inner, last = dense
        orders = [[*order, last] for order in permutations(inner)]
    else:
        orders = [list(dense)]
    ways = []
    for order in orders:
        weight, bias = torch.cat([weights[role] for role in "qkvp"]), torch.cat([biases[role] for role in "qkvp"])
        way = {owners[norms[0]]["weight"]: state["norm.weight"], owners[norms[0]]["bias"]: state["norm.bias"]}
        start = 0
        for owner in order:
            stop = start + dense[owner]
            way[owners[owner]["weight"]], way[owners[owner]["bias"]] = weight[start:stop], bias[start:stop]
            start = stop
        ways.append(way)
    return ways


# ------------------------------------------------------------------------------------ wrong answers

QKV = "qkv = self.qkv(self.norm(x))"
SPLIT = "q, k, v = split_heads(qkv, self.num_heads)"
ATTEND = "h = attention_weights(q, k) @ v"
MERGE = "h = merge_heads(h, height, width)"
ADD = "return x + self.proj(h)"
NORM = "self.norm = group_norm(channels)"
MAKE_QKV = "self.qkv = nn.Conv2d(channels, 3 * channels, kernel_size=1)"
MAKE_PROJ = "self.proj = nn.Conv2d(channels, channels, kernel_size=1)"
SCORES = "q @ k.transpose(-1, -2)"
SCALED = f"{SCORES} / math.sqrt(q.shape[-1])"
MASK = "torch.ones(q.shape[-2], q.shape[-2], dtype=torch.bool, device=q.device)"


def lines(*code: str) -> str:
    """Several lines of a method's body."""
    return "\n        ".join(code)


def wrong(*changes: tuple[str, str]) -> type:
    return edited(SelfAttention, *changes)


def scaled(how: str) -> type:
    """The scores multiplied or divided by something else."""
    return wrong((ATTEND, f"h = torch.softmax({SCORES} {how}, dim=-1) @ v"))


def weighted(how: str) -> type:
    """Something else than softmax over the keys."""
    return wrong((ATTEND, lines(f"scores = {SCALED}", f"h = {how}")))


def split_as(how: str) -> type:
    """The heads cut in another way; C is the number of channels, n the number of heads."""
    return wrong(
        (SPLIT, lines("C, n = x.shape[1], self.num_heads", "B, N = x.shape[0], height * width", f"q, k, v = {how}"))
    )


EXERCISES = (
    Exercise(
        name="SelfAttention",
        reference=SelfAttention,
        lesson="05",
        where="the document, section 5, the drawing of Self-Attention, top to bottom",
        properties=(
            Property(
                "other_parameters",
                "it learns a norm (C), one 1x1 convolution from C to 3C and one from C to C, each with weight and bias",
                parameters,
                "What your block can learn is not what the document draws: GroupNorm, a 1x1 convolution to queries, "
                "keys and values, and a 1x1 convolution for the projection, each with weight and bias.",
            ),
            Property(
                "shortcut_not_x",
                "with the projection at zero, the output is x itself",
                projection_at_zero,
                "With the projection at zero nothing but x should come out, and your block gives something else: x is "
                "added once, as it came in, and nothing follows the sum. Nothing goes round the projection either.",
                partial=True,
            ),
            Property(
                "branch_not_as_drawn",
                "with heads of one channel the output is that of the drawing, step by step",
                heads_of_one_channel,
                "The shortcut is right; the branch is not, even with heads of a single channel. From qkv to proj: "
                "split, softmax over the keys, times the *values*, every pixel and head back in its place, projection.",
            ),
            Property(
                "wrong_for_wide_heads",
                "with one head over all channels the output is that of the drawing",
                one_head,
                "With heads of one channel your block is right, with wider ones it is not. Two things depend on the "
                "width d: the scores are divided by sqrt(d), and the d numbers of a pixel have to stay together in "
                "one row.",
            ),
            Property(
                "heads_confused",
                "with several heads each attends by itself, over d = C / heads channels of its own",
                several_heads,
                "With one head your block is right, with several it is not. Either channels land in the wrong head, or "
                "a number that belongs to one head (d) is taken from all of them (C).",
            ),
            Property(
                "another_norm",
                "the channels may differ in mean and spread: the norm is a GroupNorm with the groups of group_norm",
                uneven_channels,
                "Everything after the norm is right, and the norm is not: for images whose channels all have mean 0 "
                "and the same variance your block agrees. Use group_norm(channels): not another number of groups, "
                "and no Batch-, Layer- or InstanceNorm.",
            ),
            Property(
                "another_epsilon",
                "nearly constant images are normalised with the usual eps of 1e-5",
                nearly_constant_images,
                "Your norm adds another eps to the variance. It only shows where an image is nearly constant, and "
                "there it shows.",
            ),
            Property(
                "fixed_image_size",
                "other sizes than 8x8 pass through the same block",
                another_size,
                "Your block works for 8x8 images only. Take height and width from x.shape: attention works for any N.",
            ),
            Property(
                "assumes_square_images",
                "the output is right when height and width differ",
                not_square,
                "Square images come out right and others do not: height and width have changed places on the way back "
                "to an image, or one of them stands for both.",
            ),
            Property(
                "another_default",
                "without a number of heads there are four",
                default_heads,
                "SelfAttention(channels) should have four heads; the default value of num_heads is another one.",
            ),
            Property("the_documents_shapes", "(2, 256, 8, 8) passes through SelfAttention(256, 4)", as_in_the_document),
            Property("equal_sizes", "it is right when batch, channels, heads and pixels are all 4", equal_sizes),
            Property(
                "squeezes_axes_of_length_one",
                "an image of one pixel, a row of pixels and heads of one channel are nothing special",
                axes_of_length_one,
                "Where there is a single pixel, or a single channel in a head, your block goes wrong: an axis of "
                "length one is squeezed away, or taken for another.",
            ),
            treats_images_alone(example),
            Property(
                "random_while_training",
                "training mode changes nothing: the document's attention has no dropout",
                while_training,
                "While training your block gives something else than in evaluation. The document's attention has no "
                "dropout and no statistics to collect.",
            ),
            Property(
                "gradients_cut",
                "gradients flow back to the input and to every parameter",
                gradients,
                "The values are right, and the gradients are not: somewhere the computation is cut from its past "
                "(.detach(), .data, torch.no_grad() or a tensor built anew), so part of your block would never learn.",
            ),
            works_in_float64(example),
            works_on_any_device(example),
            keeps_random_state(example),
        ),
        misconceptions=(
            # ---- softmax and scale
            Misconception(
                "softmax_over_the_queries",
                "Your softmax goes over the queries (dim=-2): columns sum to one instead of rows. Some pixels then "
                "receive far more than others, and nothing about the shapes tells you. Each query shares out 1 among "
                "the keys: dim=-1.",
                weighted("torch.softmax(scores, dim=-2) @ v"),
            ),
            Misconception(
                "softmax_over_the_heads",
                "Your softmax goes over the heads (dim=1), so heads compete for each pair of pixels. The keys are the "
                "last axis.",
                weighted("torch.softmax(scores, dim=1) @ v"),
            ),
            Misconception(
                "softmax_over_the_batch",
                "Your softmax goes over the batch (dim=0): one image's attention depends on the others.",
                weighted("torch.softmax(scores, dim=0) @ v"),
            ),
            Misconception(
                "softmax_over_all_pairs",
                "All N x N weights of a head together sum to one in your code. Every query has its own 1 to share out.",
                weighted("torch.softmax(scores.flatten(2), dim=-1).reshape(scores.shape) @ v"),
            ),
            Misconception(
                "no_scale",
                "The division by sqrt(d) is missing. Scores of wide heads then spread so far that softmax puts nearly "
                "all weight on one pixel.",
                scaled(""),
            ),
            Misconception(
                "divided_by_d",
                "You divide the scores by d, or by sqrt(d) twice. A dot product of d random terms has a spread of "
                "sqrt(d), so that is what is taken out.",
                scaled("/ q.shape[-1]"),
            ),
            Misconception(
                "multiplied_by_the_root",
                "You multiply the scores by sqrt(d), the formula divides them.",
                scaled("* math.sqrt(q.shape[-1])"),
            ),
            Misconception(
                "root_of_all_channels",
                "You divide by sqrt(C). Each head has only d = C / heads channels, and the d in the formula is that of "
                "one head.",
                scaled("/ math.sqrt(x.shape[1])"),
            ),
            Misconception(
                "divided_by_all_channels",
                "You divide the scores by C. The formula says sqrt(d): the root, and of a single head's channels.",
                scaled("/ x.shape[1]"),
            ),
            Misconception(
                "root_of_the_pixels",
                "You divide by sqrt(N), but the dot product adds up d products, not N.",
                scaled("/ math.sqrt(height * width)"),
            ),
            Misconception(
                "divided_by_the_pixels",
                "You divide the scores by N, the number of pixels. Softmax already shares out 1 whatever N is.",
                scaled("/ (height * width)"),
            ),
            Misconception(
                "root_of_the_heads",
                "You divide by the root of the number of heads; what counts is how wide each of them is.",
                scaled("/ math.sqrt(self.num_heads)"),
            ),
            Misconception(
                "always_a_width_of_64",
                "You divide by 8, which is sqrt(d) for the document's 256 channels in four heads, and for nothing "
                "else.",
                scaled("/ 8"),
            ),
            Misconception(
                "scaled_after_softmax",
                "You divide by sqrt(d) after softmax. There it only shrinks the output; its work is to keep the scores "
                "*before* softmax in range.",
                wrong((ATTEND, f"h = torch.softmax({SCORES}, dim=-1) / math.sqrt(q.shape[-1]) @ v")),
            ),
            Misconception(
                "no_softmax",
                "You multiply the values by the scores themselves. Without softmax nothing makes the weights positive "
                "or sum to one.",
                weighted("scores @ v"),
            ),
            Misconception(
                "scores_over_n",
                "You divide the scores by N instead of taking softmax. That is linear attention: no pixel can win.",
                weighted("scores / scores.shape[-1] @ v"),
            ),
            Misconception(
                "sigmoid",
                "You use a sigmoid for every score by itself. Then keys do not compete, and the sum of the weights "
                "grows with the image.",
                weighted("torch.sigmoid(scores) @ v"),
            ),
            Misconception(
                "exponentials_not_normalised",
                "You take exponentials and forget to divide by their sum.",
                weighted("scores.exp() @ v"),
            ),
            Misconception(
                "divided_by_the_sum",
                "You divide the scores by their sum, without exponentials: a sum near zero blows the weights up.",
                weighted("scores / scores.sum(-1, keepdim=True) @ v"),
            ),
            Misconception(
                "log_softmax",
                "You used log_softmax. The weights are the probabilities, not their logarithms.",
                weighted("torch.log_softmax(scores, dim=-1) @ v"),
            ),
            Misconception(
                "softmax_twice",
                "Softmax is applied twice, perhaps once more to what attention_weights returns. The second time makes "
                "all weights nearly equal.",
                weighted("torch.softmax(torch.softmax(scores, dim=-1), dim=-1) @ v"),
            ),
            Misconception(
                "softmax_of_queries_and_keys",
                "You take softmax of queries and keys before multiplying them. Softmax belongs on their product, the "
                "N x N scores.",
                wrong((ATTEND, "h = torch.softmax(q, dim=-1) @ torch.softmax(k, dim=-2).transpose(-1, -2) @ v")),
            ),
            Misconception(
                "mean_of_the_values",
                "Every pixel receives the plain mean of all values: queries and keys have no say.",
                wrong((ATTEND, "h = v.mean(dim=-2, keepdim=True).expand_as(v) + 0 * (q + k)")),
            ),
            Misconception(
                "sum_of_the_values",
                "Every pixel receives the sum of all values, whatever its query asks for.",
                wrong((ATTEND, "h = v.sum(dim=-2, keepdim=True).expand_as(v) + 0 * (q + k)")),
            ),
            Misconception(
                "only_the_best_key",
                "Each pixel copies the value of its best key alone. Softmax makes a weighted mean, which can be "
                "learned by gradients.",
                weighted("torch.zeros_like(scores).scatter(-1, scores.argmax(-1, keepdim=True), 1.0) @ v"),
            ),
            Misconception(
                "causal_mask",
                "You mask later pixels, as language models do with later words. In an image every pixel may look at "
                "every other.",
                wrong(
                    (ATTEND, f"h = torch.softmax(({SCALED}).masked_fill({MASK}.triu(1), float('-inf')), dim=-1) @ v")
                ),
            ),
            Misconception(
                "not_itself",
                "You keep pixels from attending to themselves. The document's attention has no mask.",
                wrong((ATTEND, f"h = torch.softmax({SCALED} - 1e9 * torch.eye(q.shape[-2]).to(q), dim=-1) @ v")),
            ),
            Misconception(
                "cosine",
                "You normalise queries and keys to length one. The formula takes their dot product as it is.",
                wrong(
                    (
                        ATTEND,
                        lines("n = nn.functional.normalize", "h = attention_weights(n(q, dim=-1), n(k, dim=-1)) @ v"),
                    )
                ),
            ),
            Misconception(
                "cosine_without_scale",
                "You compare directions only (queries and keys of length one), and without the scale. The document's "
                "scores are plain dot products divided by sqrt(d).",
                wrong(
                    (
                        ATTEND,
                        lines(
                            "n = nn.functional.normalize",
                            "h = torch.softmax(n(q, dim=-1) @ n(k, dim=-1).transpose(-1, -2), dim=-1) @ v",
                        ),
                    )
                ),
            ),
            Misconception(
                "weights_dropped",
                "You drop weights at random, whether the network trains or not. There is no dropout in the document's "
                "attention.",
                wrong((ATTEND, "h = nn.functional.dropout(attention_weights(q, k), 0.1) @ v")),
            ),
            Misconception(
                "dropout_while_training",
                "Your attention has dropout while training. The document has it in the residual blocks only.",
                wrong((ATTEND, "h = nn.functional.dropout(attention_weights(q, k), 0.1, self.training) @ v")),
            ),
            # ---- which tensor meets which
            Misconception(
                "queries_and_keys_exchanged",
                "Queries and keys have changed places: you compute K Q^T, so each pixel is found by what it asks and "
                "asks with what it offers. The order is Q K^T.",
                wrong((ATTEND, "h = attention_weights(k, q) @ v")),
            ),
            Misconception(
                "weights_transposed",
                "You apply the transposed weights: pixel j gives to i what i should have got from j, and the rows no "
                "longer sum to one.",
                wrong((ATTEND, "h = attention_weights(q, k).transpose(-1, -2) @ v")),
            ),
            Misconception(
                "keys_and_values_exchanged",
                "Keys and values have changed places. Weights come from queries and *keys*; what they gather are the "
                "values.",
                wrong((ATTEND, "h = attention_weights(q, v) @ k")),
            ),
            Misconception(
                "queries_and_values_exchanged",
                "You compare values with keys and gather the queries. It is the other way round.",
                wrong((ATTEND, "h = attention_weights(v, k) @ q")),
            ),
            Misconception(
                "roles_rotated",
                "The three parts of qkv have moved up by one: you compare the second with the third and gather the "
                "first. In order they are queries, keys, values.",
                wrong((ATTEND, "h = attention_weights(k, v) @ q")),
            ),
            Misconception(
                "roles_rotated_the_other_way",
                "The three parts of qkv have moved down by one: your queries are the values. In order they are q, k, "
                "v.",
                wrong((ATTEND, "h = attention_weights(v, q) @ k")),
            ),
            Misconception(
                "queries_with_queries",
                "You compare queries with queries, so i attends to j as much as j would like i: asking and offering "
                "are two different things.",
                wrong((ATTEND, "h = attention_weights(q, q) @ v + 0 * k")),
            ),
            Misconception(
                "keys_with_keys",
                "You compare keys with keys, and the queries go unused.",
                wrong((ATTEND, "h = attention_weights(k, k) @ v + 0 * q")),
            ),
            Misconception(
                "gathers_the_keys",
                "What you gather are the keys. They are made to be found; the values are made to be passed on.",
                wrong((ATTEND, "h = attention_weights(q, k) @ k + 0 * v")),
            ),
            Misconception(
                "gathers_the_queries",
                "What you gather are the queries, so a pixel learns what others ask instead of what they know.",
                wrong((ATTEND, "h = attention_weights(q, k) @ q + 0 * v")),
            ),
            Misconception(
                "gathers_the_norm",
                "You gather the normed image itself. The values have their own projection: the last third of qkv.",
                wrong(
                    (
                        ATTEND,
                        "h = attention_weights(q, k) @ split_heads(self.norm(x).repeat(1, 3, 1, 1), self.num_heads)[0]",
                    )
                ),
            ),
            Misconception(
                "values_not_normed",
                "Your values come from x, past the norm; queries and keys from the norm. All three come from one "
                "convolution of the normed image.",
                wrong((SPLIT, lines(SPLIT, "v = split_heads(self.qkv(x), self.num_heads)[2]"))),
            ),
            Misconception(
                "only_the_weights",
                "You leave the values where they are: the weights are computed and never applied.",
                wrong((ATTEND, "h = v + 0 * attention_weights(q, k).sum()")),
            ),
            # ---- heads, channels, pixels
            Misconception(
                "reshape_instead_of_transpose",
                "You reshape to (B, heads, N, d) without a transpose. The shape fits, but channels and pixels are "
                "shuffled: a reshape moves no number. Reshape to (B, heads, d, N), then transpose.",
                split_as("qkv.reshape(B, 3, n, N, C // n).unbind(1)"),
            ),
            Misconception(
                "no_transposes_at_all",
                "You reshape to (B, heads, N, d) and back, both times without a transpose. Both shapes fit and the "
                "rows that attend to each other are not pixels: each is a piece of a channel.",
                wrong(
                    (SPLIT, "q, k, v = qkv.reshape(len(x), 3, self.num_heads, height * width, -1).unbind(1)"),
                    (MERGE, "h = h.reshape(x.shape)"),
                ),
            ),
            Misconception(
                "pixels_before_channels_without_moving",
                "You cut qkv as if the pixels came before the channels. In (B, 3C, H, W) they come after: transpose "
                "before you reshape.",
                split_as("qkv.reshape(B, N, 3, n, C // n).permute(2, 0, 3, 1, 4)"),
            ),
            Misconception(
                "merged_without_transpose",
                "You reshape (B, heads, N, d) to an image directly. Transpose to (B, heads, d, N) first, or pixels and "
                "channels get mixed.",
                wrong((MERGE, "h = h.reshape(x.shape)")),
            ),
            Misconception(
                "merged_as_tokens",
                "You bring the heads behind the pixels, (B, N, C), and reshape that to an image. One more transpose is "
                "needed: an image has its channels before its pixels.",
                wrong((MERGE, "h = h.transpose(1, 2).reshape(x.shape)")),
            ),
            Misconception(
                "channels_instead_of_pixels",
                "In your block channels attend to channels: the weights are (d, d). Pixels are to attend to pixels: "
                "(N, N).",
                wrong(
                    (ATTEND, "h = (attention_weights(q.transpose(-1, -2), k.transpose(-1, -2)) @ v.transpose(-1, -2))"),
                    (MERGE, "h = h.reshape(x.shape)"),
                ),
            ),
            Misconception(
                "channels_scaled_by_d",
                "In your block channels attend to channels, (d, d) weights, with the pixels in the dot product. "
                "The dot product runs over d and leaves N x N weights.",
                wrong(
                    (
                        ATTEND,
                        lines(
                            "scores = q.transpose(-1, -2) @ k / math.sqrt(q.shape[-1])",
                            "h = v @ torch.softmax(scores, dim=-1).transpose(-1, -2)",
                        ),
                    ),
                ),
            ),
            Misconception(
                "heads_attend_to_heads",
                "At every pixel your heads attend to each other. Heads work side by side; it is the pixels of a head "
                "that attend to each other.",
                wrong(
                    (
                        ATTEND,
                        "h = (attention_weights(q.transpose(1, 2), k.transpose(1, 2)) @ v.transpose(1, "
                        "2)).transpose(1, 2)",
                    ),
                ),
            ),
            Misconception(
                "rows_of_the_image_only",
                "Your pixels attend within their own row of the image. All N = H * W pixels belong into one row of "
                "tokens.",
                wrong(
                    (
                        ATTEND,
                        lines(
                            "B, n, N, d = q.shape",
                            "q, k, v = (part.reshape(B, n, height, width, d) for part in (q, k, v))",
                            "h = (attention_weights(q, k) @ v).reshape(B, n, N, d)",
                        ),
                    ),
                ),
            ),
            Misconception(
                "columns_of_the_image_only",
                "Your pixels attend within their own column of the image only. A query should reach every pixel.",
                wrong(
                    (
                        ATTEND,
                        lines(
                            "B, n, N, d = q.shape",
                            "q, k, v = (part.reshape(B, n, height, width, d).transpose(2, 3) for part in (q, k, v))",
                            "h = (attention_weights(q, k) @ v).transpose(2, 3).reshape(B, n, N, d)",
                        ),
                    ),
                ),
            ),
            Misconception(
                "across_the_batch",
                "Pixels attend across the batch: the images see each other. What one image becomes must not depend on "
                "its neighbours.",
                wrong(
                    (
                        ATTEND,
                        lines(
                            "B, n, N, d = q.shape",
                            "q, k, v = (part.transpose(0, 1).reshape(1, n, B * N, d) for part in (q, k, v))",
                            "h = (attention_weights(q, k) @ v).reshape(n, B, N, d).transpose(0, 1)",
                        ),
                    ),
                ),
            ),
            Misconception(
                "images_attend_to_images",
                "At every pixel the images of the batch attend to each other: batch and pixels have changed places.",
                wrong(
                    (
                        ATTEND,
                        lines(
                            "q, k, v = (part.transpose(0, 2) for part in (q, k, v))",
                            "h = (attention_weights(q, k) @ v).transpose(0, 2)",
                        ),
                    ),
                ),
            ),
            Misconception(
                "first_image_for_all",
                "All images use the weights of the first one. Each has its own queries and keys.",
                wrong((ATTEND, "h = attention_weights(q[:1], k[:1]) @ v + 0 * (q + k)")),
            ),
            Misconception(
                "num_heads_ignored",
                "Your block has one head over all channels, whatever num_heads says: one thing to look for instead of "
                "several.",
                wrong((SPLIT, "q, k, v = split_heads(qkv, 1)")),
            ),
            Misconception(
                "always_four_heads",
                "Your block always has four heads. Their number is an argument, num_heads.",
                wrong((SPLIT, "q, k, v = split_heads(qkv, 4)")),
            ),
            Misconception(
                "heads_interleaved",
                "You deal channels out to the heads like cards (d before heads in the reshape). Head 0 has the first d "
                "channels here: (heads, d).",
                split_as("qkv.reshape(B, 3, C // n, n, N).permute(1, 0, 3, 4, 2)"),
            ),
            Misconception(
                "heads_interleaved_both_ways",
                "You deal channels out like cards and collect them the same way. A new network would learn with it as "
                "well; ours keeps the d channels of a head together, and weights only fit one order.",
                wrong(
                    (
                        SPLIT,
                        "q, k, v = qkv.reshape(len(x), 3, -1, self.num_heads, height * width).permute(1, 0, 3, 4, 2)",
                    ),
                    (MERGE, "h = h.permute(0, 3, 1, 2).reshape(x.shape)"),
                ),
            ),
            Misconception(
                "merged_interleaved",
                "You split the heads correctly and put them back like shuffled cards: one channel of each in turn. "
                "Head 0's d channels come first.",
                wrong((MERGE, "h = h.permute(0, 3, 1, 2).reshape(x.shape)")),
            ),
            Misconception(
                "q_k_v_inside_each_head",
                "You read qkv as (heads, 3, d). The rows are ordered q, k, v first, and by head within each: "
                "(3, heads, d).",
                split_as("qkv.reshape(B, n, 3, C // n, N).transpose(-1, -2).unbind(2)"),
            ),
            Misconception(
                "q_k_v_in_every_channel",
                "You read qkv as if every channel had its three numbers side by side. First come all queries.",
                split_as("qkv.reshape(B, n, C // n, 3, N).permute(3, 0, 1, 4, 2)"),
            ),
            Misconception(
                "weights_averaged_over_heads",
                "All your heads use the same weights, the mean over the heads. Then there is no use in having several.",
                wrong((ATTEND, "h = attention_weights(q, k).mean(1, keepdim=True) @ v")),
            ),
            Misconception(
                "scores_summed_over_heads",
                "Your scores add up over the heads, so every head uses the same weights.",
                wrong((ATTEND, f"h = torch.softmax(({SCALED}).sum(1, keepdim=True), dim=-1) @ v")),
            ),
            Misconception(
                "mirrored_image",
                "The image comes out mirrored along its diagonal: height and width have changed places on one of the "
                "two ways.",
                wrong((MERGE, "h = merge_heads(h, width, height).transpose(-1, -2)")),
            ),
            Misconception(
                "height_and_width_exchanged",
                "You gave width and height to merge_heads in the wrong order. Square images do not notice.",
                wrong((MERGE, "h = h.transpose(-1, -2).reshape(len(x), x.shape[1], width, height)")),
            ),
            Misconception(
                "always_64_pixels",
                "Your code has the 64 pixels of an 8x8 image written into it. Take them from x.shape.",
                wrong(
                    (SPLIT, "q, k, v = qkv.reshape(len(x), 3, self.num_heads, -1, 64).transpose(-1, -2).unbind(1)"),
                    (MERGE, "h = h.transpose(-1, -2).reshape(len(x), -1, 8, 8)"),
                ),
            ),
            # ---- norm, projection, residual
            Misconception(
                "no_norm",
                "The GroupNorm is missing: qkv gets x as it is. Without it the scores grow with whatever the blocks "
                "before have added up.",
                wrong((QKV, "qkv = self.qkv(x)")),
            ),
            Misconception(
                "norm_without_scale_and_shift",
                "Your norm has no weight and no bias of its own (affine=False). GroupNorm learns both, one of each a "
                "channel.",
                wrong((NORM, "self.norm = nn.GroupNorm(group_norm(channels).num_groups, channels, affine=False)")),
            ),
            Misconception(
                "norm_after_the_convolution",
                "You normalise the queries, keys and values instead of what they are made from.",
                wrong((QKV, "qkv = torch.cat([self.norm(part) for part in self.qkv(x).chunk(3, dim=1)], dim=1)")),
            ),
            Misconception(
                "norm_of_the_branch",
                "You normalise the branch at its end instead of its beginning.",
                wrong((QKV, "qkv = self.qkv(x)"), (ADD, "return x + self.norm(self.proj(h))")),
            ),
            Misconception(
                "norm_before_the_projection",
                "Your norm stands before the projection. It belongs at the very start of the branch.",
                wrong((QKV, "qkv = self.qkv(x)"), (ADD, "return x + self.proj(self.norm(h))")),
            ),
            Misconception(
                "norm_after_the_sum",
                "You normalise the sum at the end, as the first transformers did. Here the norm stands at the start of "
                "the branch, and the shortcut stays untouched.",
                wrong((QKV, "qkv = self.qkv(x)"), (ADD, "return self.norm(x + self.proj(h))")),
            ),
            Misconception(
                "normed_twice",
                "You normalise twice, before and after. Once is what the drawing has.",
                wrong((ADD, "return self.norm(x + self.proj(h))")),
            ),
            Misconception(
                "input_normed_twice",
                "The norm is applied two times in a row before the convolution. Once is enough, and its scale and "
                "shift would act twice.",
                wrong((QKV, "qkv = self.qkv(self.norm(self.norm(x)))")),
            ),
            Misconception(
                "layer_norm",
                "You normalise the channels of each pixel by themselves, a LayerNorm. A text transformer does; the "
                "document has a GroupNorm, whose mean goes over all pixels of a group of channels.",
                wrong(
                    (
                        QKV,
                        lines(
                            "h = nn.functional.layer_norm(x.movedim(1, -1), x.shape[1:2], self.norm.weight, "
                            "self.norm.bias)",
                            "qkv = self.qkv(h.movedim(-1, 1))",
                        ),
                    )
                ),
            ),
            Misconception(
                "activation_after_the_norm",
                "You put a SiLU after the norm, as a residual block does. Attention has none: its softmax is what "
                "bends the function.",
                wrong((QKV, "qkv = self.qkv(nn.functional.silu(self.norm(x)))")),
            ),
            Misconception(
                "activation_at_the_end",
                "An activation follows the projection. The drawing goes from the 1x1 convolution straight to the sum.",
                wrong((ADD, "return x + nn.functional.silu(self.proj(h))")),
            ),
            Misconception(
                "activation_of_the_output",
                "Your output passes an activation after the sum, so the shortcut is no longer free.",
                wrong((ADD, "return nn.functional.silu(x + self.proj(h))")),
            ),
            Misconception(
                "relu_of_the_output",
                "A ReLU after the sum cuts off all negative numbers, of the shortcut too. Nothing follows the sum.",
                wrong((ADD, "return torch.relu(x + self.proj(h))")),
            ),
            Misconception(
                "gelu_before_the_projection",
                "You put a GELU in front of the projection, as in a transformer's feed-forward part. This is the "
                "attention part: it has no activation.",
                wrong((ADD, "return x + self.proj(nn.functional.gelu(h))")),
            ),
            Misconception(
                "relu_before_the_projection",
                "A ReLU stands before your projection, so half of what was gathered is lost.",
                wrong((ADD, "return x + self.proj(torch.relu(h))")),
            ),
            Misconception(
                "activation_before_the_projection",
                "You put an activation between attention and projection; the drawing has nothing there.",
                wrong((ADD, "return x + self.proj(nn.functional.silu(h))")),
            ),
            Misconception(
                "no_projection",
                "The projection is missing at the end. Without it the heads never hear of each other: each writes to "
                "its own d channels only.",
                wrong((ADD, "return x + h")),
            ),
            Misconception(
                "projection_before_attention",
                "You project the values before attention instead of what attention gathered. With one head both give "
                "the same; with several the projection would mix what the heads have yet to weigh.",
                wrong(
                    (SPLIT, lines("values = self.proj(qkv.chunk(3, dim=1)[2])", SPLIT)),
                    (ATTEND, "h = attention_weights(q, k) @ split_heads(values.repeat(1, 3, 1, 1), self.num_heads)[2]"),
                    (ADD, "return x + h"),
                ),
            ),
            Misconception(
                "projected_twice",
                "You project twice. One 1x1 convolution stands at the end.",
                wrong((ADD, "return x + self.proj(self.proj(h))")),
            ),
            Misconception(
                "no_residual",
                "The input is not added. A block that is told nothing useful should leave its input alone: x plus the "
                "branch.",
                wrong((ADD, "return self.proj(h)")),
            ),
            Misconception(
                "residual_from_the_norm",
                "You add the normed image instead of x itself. The shortcut goes past the norm, or every block would "
                "forget how large its input was.",
                wrong((ADD, "return self.norm(x) + self.proj(h)")),
            ),
            Misconception(
                "residual_before_the_projection",
                "You add x before the projection, so the projection changes it as well. Project first, then add.",
                wrong((ADD, "return self.proj(x + h)")),
            ),
            Misconception(
                "residual_twice",
                "You add x twice.",
                wrong((ADD, "return x + x + self.proj(h)")),
            ),
            Misconception(
                "unprojected_output_added_too",
                "You add what attention gathered twice: once as it is, once projected.",
                wrong((ADD, "return x + h + self.proj(h)")),
            ),
            Misconception(
                "values_added_too",
                "You add the values themselves to what attention gathers, as a shortcut inside the heads.",
                wrong((ATTEND, "h = v + attention_weights(q, k) @ v")),
            ),
            Misconception(
                "residual_subtracted",
                "You subtract where the drawing adds.",
                wrong((ADD, "return x - self.proj(h)")),
            ),
            Misconception(
                "residual_minus_input",
                "Your output is the branch minus the input; the input is to be added.",
                wrong((ADD, "return self.proj(h) - x")),
            ),
            Misconception(
                "sum_scaled",
                "You divide the sum by sqrt(2). Some networks do; the document's does not, and weights trained without "
                "it would give other images.",
                wrong((ADD, "return (x + self.proj(h)) / math.sqrt(2)")),
            ),
            Misconception(
                "relu_instead_of_softmax",
                "You cut negative scores off with a ReLU and take the rest as weights. They do not sum to one, and a "
                "query that fits nothing receives nothing.",
                weighted("torch.relu(scores) @ v"),
            ),
            Misconception(
                "branch_halved",
                "You halve the branch and leave the shortcut whole; the drawing adds both as they are.",
                wrong((ADD, "return x + self.proj(h) / 2")),
            ),
            Misconception(
                "sum_halved",
                "You take the mean of input and branch, so each block halves what came in. The drawing has a plain "
                "sum.",
                wrong((ADD, "return (x + self.proj(h)) / 2")),
            ),
            Misconception(
                "multiplied_instead_of_added",
                "You multiply the input by the branch, a gate. The drawing has a plus.",
                wrong((ADD, "return x * self.proj(h)")),
            ),
            Misconception(
                "returns_the_weights_too",
                "You return two things, the output and the weights. The next block expects the feature map alone.",
                wrong((ADD, "return x + self.proj(h), attention_weights(q, k)")),
            ),
            Misconception(
                "returns_a_pair",
                "You return a pair, as nn.MultiheadAttention does: (output, None). Take the output out of it.",
                wrong((ADD, "return x + self.proj(h), None")),
            ),
            Misconception(
                "gate",
                "You multiply x by a sigmoid of the branch: it can only make things smaller. The drawing adds.",
                wrong((ADD, "return x * torch.sigmoid(self.proj(h))")),
            ),
            Misconception(
                "returns_its_input",
                "Your block returns x unchanged: what the branch computed is not used.",
                wrong((ADD, "return x + 0 * self.proj(h)")),
            ),
            # ---- what is made in __init__
            Misconception(
                "thirty_two_groups",
                "You wrote 32 groups into the norm. Thirty-two do not divide every number of channels; group_norm "
                "finds a number that does.",
                wrong((NORM, "self.norm = nn.GroupNorm(32, channels)")),
            ),
            Misconception(
                "batch_norm",
                "You use a BatchNorm. Its mean goes over all images of the batch, and in evaluation it uses what it "
                "remembers; a GroupNorm looks at one image at a time.",
                wrong((NORM, "self.norm = nn.BatchNorm2d(channels)")),
            ),
            Misconception(
                "qkv_without_bias",
                "Your qkv has no bias. Many transformers leave it out; the document's convolutions have theirs.",
                wrong((MAKE_QKV, "self.qkv = nn.Conv2d(channels, 3 * channels, 1, bias=False)")),
            ),
            Misconception(
                "projection_without_bias",
                "Your projection has no bias; a 1x1 convolution has one unless it is told otherwise.",
                wrong((MAKE_PROJ, "self.proj = nn.Conv2d(channels, channels, 1, bias=False)")),
            ),
            Misconception(
                "no_biases",
                "Neither of your convolutions has a bias. Both keep theirs here.",
                wrong(
                    (MAKE_QKV, "self.qkv = nn.Conv2d(channels, 3 * channels, 1, bias=False)"),
                    (MAKE_PROJ, "self.proj = nn.Conv2d(channels, channels, 1, bias=False)"),
                ),
            ),
            Misconception(
                "wide_kernels",
                "Your convolutions look at 3x3 windows. Queries, keys and values are made from one pixel each: 1x1.",
                wrong(
                    (MAKE_QKV, "self.qkv = nn.Conv2d(channels, 3 * channels, 3, padding=1)"),
                    (MAKE_PROJ, "self.proj = nn.Conv2d(channels, channels, 3, padding=1)"),
                ),
            ),
            Misconception(
                "one_projection_for_all_three",
                "Queries, keys and values are one and the same tensor in your block. Asking, offering and passing on "
                "are three roles: qkv makes 3C channels.",
                wrong(
                    (MAKE_QKV, "self.qkv = nn.Conv2d(channels, channels, kernel_size=1)"),
                    (QKV, "qkv = self.qkv(self.norm(x)).repeat(1, 3, 1, 1)"),
                ),
            ),
            # ---- gradients
            Misconception(
                "weights_detached",
                "The weights are detached: values and output are right, and queries and keys never learn.",
                wrong((ATTEND, "h = attention_weights(q, k).detach() @ v")),
            ),
            Misconception(
                "branch_detached",
                "You cut the whole branch from the graph, so nothing in it will ever be trained.",
                wrong((ADD, "return x + self.proj(h).detach()")),
            ),
            Misconception(
                "shortcut_detached",
                "You detach the shortcut. It is the straight way for gradients to the layers before, and now it is "
                "closed.",
                wrong((ADD, "return x.detach() + self.proj(h)")),
            ),
        ),
        alternatives=(
            Alternative("einsum", Einsum),
            Alternative("loops", Loops),
            Alternative("torchs_fused_attention", Fused),
            Alternative("torchs_own_module", TorchsOwnModule),
            Alternative("separate_convolutions", SeparateConvolutions),
            Alternative("queries_beside_keys_and_values", QueriesBesideKeysAndValues),
            Alternative("one_module_a_head", OneModuleAHead),
        ),
        adapt=separate_layers,
        seconds=3.0,
    ),
)
