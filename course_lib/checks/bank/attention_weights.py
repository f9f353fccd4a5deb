"""Exercise attention_weights (lesson 05)."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.checks.exercise import Alternative, Exercise, Misconception, Property, edited
from course_lib.checks.properties import (
    function_gradients_agree,
    function_works_on_any_device,
    keeps_random_state,
)
from course_lib.checks.scene import Scene
from course_lib.self_attention import attention_weights


def queries_and_keys(scene: Scene, batch: int, heads: int, pixels: int, d: int) -> tuple[Tensor, Tensor]:
    return scene.normal(batch, heads, pixels, d), scene.normal(batch, heads, pixels, d)


def example(scene: Scene) -> tuple:
    return queries_and_keys(scene, 2, 3, 5, 6)


def shape(scene: Scene) -> None:
    value = scene.handle.call(None, queries_and_keys(scene, 2, 3, 7, 5), {})
    found = tuple(value.shape) if isinstance(value, Tensor) else value
    scene.checked("its shape", found, "attention_weights(tensor (2, 3, 7, 5), tensor (2, 3, 7, 5))")


def rows_share_out_one(scene: Scene) -> None:
    args = queries_and_keys(scene, 2, 3, 6, 4)
    value = scene.handle.call(None, args, {})
    given = "attention_weights(tensor (2, 3, 6, 4), tensor (2, 3, 6, 4))"
    if not isinstance(value, Tensor):
        scene.checked("the weights", value, given)
        return
    scene.see("the sum of each row", value.double().sum(dim=-1), given)
    scene.see("whether every weight is positive", bool((value > 0).all()), given)


def heads_of_one_channel(scene: Scene) -> None:
    """Where d = 1 the root of d does nothing."""
    scene.call(*queries_and_keys(scene, 2, 1, 7, 1))


def several_heads_of_one_channel(scene: Scene) -> None:
    scene.call(*queries_and_keys(scene, 2, scene.pick(3, 5), 7, 1))


def wide_heads(scene: Scene) -> None:
    scene.call(*queries_and_keys(scene, 2, 3, 7, scene.pick(5, 6, 10)))


def large_scores(scene: Scene) -> None:
    q, k = queries_and_keys(scene, 2, 2, 6, 8)
    scene.call(4 * q, k, tolerance=3)


def as_in_the_document(scene: Scene) -> None:
    scene.call(*queries_and_keys(scene, 1, 4, 64, 64))


def equal_sizes(scene: Scene) -> None:
    scene.call(*queries_and_keys(scene, 4, 4, 4, 4))


def axes_of_length_one(scene: Scene) -> None:
    scene.call(*queries_and_keys(scene, 1, 1, 4, 3))
    scene.call(*queries_and_keys(scene, 1, 3, 5, 4))
    scene.call(*queries_and_keys(scene, 2, 2, 1, 3))


def keeps_precision(scene: Scene) -> None:
    q, k = queries_and_keys(scene, 2, 2, 5, 3)
    value = scene.call(q.double(), k.double())
    scene.see("its type", str(value.dtype) if isinstance(value, Tensor) else "no tensor", "float64 inputs")


def by_einsum(q: Tensor, k: Tensor) -> Tensor:
    return F.softmax(torch.einsum("bhid,bhjd->bhij", q, k) * q.size(-1) ** -0.5, dim=3)


def query_by_query(q: Tensor, k: Tensor) -> Tensor:
    """Loops over images, heads and pixels."""
    B, heads, N, d = q.shape
    weights = []
    for b in range(B):
        for head in range(heads):
            for i in range(N):
                scores = (k[b, head] * q[b, head, i]).sum(-1) / math.sqrt(d)
                weights.append(scores.softmax(0))
    return torch.stack(weights).reshape(B, heads, N, N)


def exponentials(q: Tensor, k: Tensor) -> Tensor:
    """Softmax written out, the largest score taken off first."""
    scores = torch.matmul(q, k.mT) / q.shape[-1] ** 0.5
    powers = (scores - scores.amax(dim=-1, keepdim=True)).exp()
    return powers / powers.sum(dim=-1, keepdim=True)


def plain_exponentials(q: Tensor, k: Tensor) -> Tensor:
    """The formula of the textbook."""
    powers = torch.exp(q @ k.permute(0, 1, 3, 2) / math.sqrt(k.size(3)))
    return powers / powers.sum(-1).unsqueeze(-1)


def scaled_on_both_sides(q: Tensor, k: Tensor) -> Tensor:
    """The fourth root of d on queries and on keys, which keeps half precision from overflowing."""
    scale = q.shape[-1] ** -0.25
    return ((q * scale) @ (k * scale).transpose(2, 3)).softmax(dim=-1)


def identity_as_values(q: Tensor, k: Tensor) -> Tensor:
    """torch's own attention, with the identity matrix for values, gives the weights themselves."""
    B, heads, N, _ = q.shape
    eye = torch.eye(N, dtype=q.dtype, device=q.device).expand(B, heads, N, N)
    return F.scaled_dot_product_attention(q, k, eye)


def by_bmm(q: Tensor, k: Tensor) -> Tensor:
    B, heads, N, d = q.shape
    scores = torch.bmm(q.reshape(-1, N, d), k.reshape(-1, N, d).transpose(1, 2))
    return torch.softmax(scores / d**0.5, -1).view(B, heads, N, N)


SCORES = "scores = q @ k.transpose(-1, -2)"
SCALE = "scores = scores / math.sqrt(q.shape[-1])"
SOFTMAX = "return torch.softmax(scores, dim=-1)"


def scaled(how: str) -> object:
    return edited(attention_weights, (SCALE, f"scores = scores {how}"))


def softmaxed(how: str) -> object:
    return edited(attention_weights, (SOFTMAX, how))


def scored(how: str) -> object:
    return edited(attention_weights, (SCORES, f"scores = {how}"))


MASKED = "scores.masked_fill({}, float('-inf'))"
N_BY_N = "torch.ones_like(scores[0, 0])"

EXERCISES = (
    Exercise(
        name="attention_weights",
        reference=attention_weights,
        lesson="05",
        where='the document, section 5, the box "Attention = softmax(Q K^T / sqrt(d))"',
        properties=(
            Property(
                "another_shape",
                "one number for each pair of query and key: (B, heads, N, N)",
                shape,
                "The shape is not that of weights: each image and each head has one row a query, and in it one "
                "number a key.",
            ),
            Property(
                "rows_do_not_sum_to_one",
                "all weights are positive and each row, the weights of one query, sums to one",
                rows_share_out_one,
                "Your rows do not sum to one, or some weights are not positive. A row holds what *one* query gives to "
                "all keys: softmax over the last axis makes it share out exactly 1.",
            ),
            Property(
                "not_softmax_of_the_products",
                "the weights are softmax(Q K^T / sqrt(d)); here one head with d = 1",
                heads_of_one_channel,
                "Each of your rows shares out 1, but not as softmax of the dot products does, even with one head and "
                "d = 1, where the scale does nothing. Weight ij is exp(q_i . k_j) over the sum of its row.",
            ),
            Property(
                "heads_confused",
                "every head has its own weights",
                several_heads_of_one_channel,
                "With one head your weights are right, with several they are not: each head compares its own queries "
                "with its own keys and nothing else.",
            ),
            Property(
                "wrong_scale",
                "the scores are divided by sqrt(d), the root of the width of a head",
                wide_heads,
                "With d = 1 your weights are right and with wider heads they are wrong, so it is the scale: the scores "
                "are to be divided by sqrt(d), where d is the last axis of q.",
            ),
            Property("large_scores", "also large scores give the right weights", large_scores),
            Property("equal_sizes", "it is right when batch, heads, pixels and d are all 4", equal_sizes),
            Property("the_documents_shapes", "(1, 4, 64, 64) gives (1, 4, 64, 64)", as_in_the_document),
            Property(
                "squeezes_axes_of_length_one",
                "axes of length one stay: a batch of one, one head, one pixel",
                axes_of_length_one,
                "Your weights lose an axis where its length is one. A batch of one image and a single head still have "
                "their axes; a squeeze() takes them away.",
            ),
            function_gradients_agree(example),
            Property(
                "assumes_float32",
                "the precision of what comes in is the precision of what goes out",
                keeps_precision,
                "Queries and keys in float64 should give weights in float64; somewhere you fix a precision.",
            ),
            function_works_on_any_device(example),
            keeps_random_state(arguments=example),
        ),
        misconceptions=(
            Misconception(
                "softmax_over_the_queries",
                "Your *columns* sum to one: softmax went over the queries (dim=-2). Each query should share out 1 "
                "among the keys, which are the last axis. No shape tells the two apart, and the pictures of a "
                "trained network hardly do.",
                softmaxed("return torch.softmax(scores, dim=-2)"),
            ),
            Misconception(
                "softmax_over_the_heads",
                "Softmax went over the heads (dim=1), so the heads compete for every pair of pixels. Each head should "
                "decide by itself, over the keys.",
                softmaxed("return torch.softmax(scores, dim=1)"),
            ),
            Misconception(
                "softmax_over_the_batch",
                "Softmax went over the images (dim=0): now one picture's weights depend on who else is in the batch.",
                softmaxed("return torch.softmax(scores, dim=0)"),
            ),
            Misconception(
                "softmax_over_all_pairs",
                "Your weights sum to one over the whole N x N matrix. Every single query, every row, has its own 1.",
                softmaxed("return torch.softmax(scores.flatten(-2), dim=-1).reshape(scores.shape)"),
            ),
            Misconception(
                "no_scale",
                "The division by sqrt(d) is missing. The dot product of two random vectors has a spread of sqrt(d): "
                "with wide heads softmax would put nearly everything on one pixel, and hardly any gradient gets "
                "through.",
                edited(attention_weights, (SCALE, "pass")),
            ),
            Misconception(
                "divided_by_d",
                "You divided by d instead of its root. The *variance* of a dot product is d; its spread, which you "
                "want to take out, is sqrt(d). Now all weights are nearly equal.",
                scaled("/ q.shape[-1]"),
            ),
            Misconception(
                "multiplied_by_the_root",
                "You multiplied by sqrt(d) where the formula divides.",
                scaled("* math.sqrt(q.shape[-1])"),
            ),
            Misconception(
                "root_of_all_channels",
                "You divided by sqrt(C), with the channels of all heads. One head's dot product adds only d = C / "
                "heads terms.",
                scaled("/ math.sqrt(q.shape[1] * q.shape[-1])"),
            ),
            Misconception(
                "divided_by_all_channels",
                "You divided by C, all channels of all heads; the formula has the root of d, the channels of one head.",
                scaled("/ (q.shape[1] * q.shape[-1])"),
            ),
            Misconception(
                "root_of_the_heads",
                "You divided by the root of the number of heads, q.shape[1]. The d of the formula is q.shape[-1].",
                scaled("/ math.sqrt(q.shape[1])"),
            ),
            Misconception(
                "root_of_the_pixels",
                "You divided by sqrt(N). N counts the pixels; the dot product runs over d channels, and d is the "
                "*last* axis of q.",
                scaled("/ math.sqrt(q.shape[-2])"),
            ),
            Misconception(
                "divided_by_the_pixels",
                "You divided the scores by N, the number of pixels, as if taking a mean. Softmax takes care of the "
                "number of keys; the scale is there for the width d.",
                scaled("/ q.shape[-2]"),
            ),
            Misconception(
                "root_of_the_batch",
                "You divided by the root of the batch size: q.shape[0] counts images. d is q.shape[-1].",
                scaled("/ math.sqrt(q.shape[0])"),
            ),
            Misconception(
                "always_a_width_of_64",
                "You divided by 8, the root of 64. That is d in the document's network; other widths need their own.",
                scaled("/ 8"),
            ),
            Misconception(
                "scaled_twice",
                "You divided the queries *and* the scores by sqrt(d), or queries and keys each by d: once is enough.",
                scaled("/ q.shape[-1] ** 2"),
            ),
            Misconception(
                "scaled_after_softmax",
                "You divided after softmax, so the rows sum to 1/sqrt(d). The scale belongs on the scores, before "
                "softmax.",
                edited(
                    attention_weights,
                    (SCALE, "pass"),
                    (SOFTMAX, "return torch.softmax(scores, dim=-1) / math.sqrt(q.shape[-1])"),
                ),
            ),
            Misconception(
                "queries_and_keys_exchanged",
                "You computed K Q^T: rows are keys now, and each key shares out 1 among the queries. The document's "
                "order is Q K^T.",
                scored("k @ q.transpose(-1, -2)"),
            ),
            Misconception(
                "transposed",
                "Softmax went over the right axis, and then you turned the matrix over: the weight of query i for "
                "key j stands in row j.",
                softmaxed("return torch.softmax(scores, dim=-1).transpose(-1, -2)"),
            ),
            Misconception(
                "queries_with_queries",
                "You multiplied queries with queries; the keys are never used.",
                scored("q @ q.transpose(-1, -2) + 0 * k.sum()"),
            ),
            Misconception(
                "keys_with_keys",
                "You multiplied keys with keys, and no query is ever asked.",
                scored("k @ k.transpose(-1, -2) + 0 * q.sum()"),
            ),
            Misconception(
                "channels_instead_of_pixels",
                "You multiplied over the pixels, Q^T K, so your weights say how *channels* relate: (d, d). Pixels "
                "should attend to pixels: (N, N).",
                scored("q.transpose(-1, -2) @ k"),
            ),
            Misconception(
                "no_softmax",
                "You return the scores, without softmax. They can be negative, and a row does not sum to one, so what "
                "they gather is no mean.",
                softmaxed("return scores"),
            ),
            Misconception(
                "sigmoid",
                "You squash each score by itself with a sigmoid. Then the keys do not compete, and a row can sum to "
                "anything up to N.",
                softmaxed("return torch.sigmoid(scores)"),
            ),
            Misconception(
                "log_softmax",
                "You return log-probabilities. Taking the logarithm is right inside a loss; here the probabilities "
                "themselves are the weights.",
                softmaxed("return torch.log_softmax(scores, dim=-1)"),
            ),
            Misconception(
                "exponentials_not_normalised",
                "You exponentiate and do not divide by the sum of the row, so the weights are positive but share out "
                "more or less than 1.",
                softmaxed("return scores.exp()"),
            ),
            Misconception(
                "divided_by_the_sum",
                "You divide each row by its sum without the exponential. Scores can be negative and cancel: the sum "
                "may come near zero, and the weights explode.",
                softmaxed("return scores / scores.sum(dim=-1, keepdim=True)"),
            ),
            Misconception(
                "relu_instead_of_softmax",
                "You cut negative scores off with ReLU and normalise. Softmax never gives a weight of exactly zero, "
                "and its differences count as ratios.",
                softmaxed("return scores.relu() / scores.relu().sum(dim=-1, keepdim=True).clamp_min(1e-9)"),
            ),
            Misconception(
                "softmax_twice",
                "You take softmax of the weights once more. The second one flattens them: a weight between 0 and 1 has "
                "an exponential between 1 and e.",
                softmaxed("return torch.softmax(torch.softmax(scores, dim=-1), dim=-1)"),
            ),
            Misconception(
                "hardest_choice",
                "Each query of yours gives all its weight to the best key. Softmax does so gradually, which is why it "
                "has gradients.",
                softmaxed("return torch.zeros_like(scores).scatter(-1, scores.argmax(-1, keepdim=True), 1.0)"),
            ),
            Misconception(
                "causal_mask",
                "You hide the later pixels, as a language model hides the words still to come. An image has no before "
                "and after: all pixels may look at all.",
                softmaxed(f"return torch.softmax({MASKED.format(N_BY_N + '.triu(1).bool()')}, dim=-1)"),
            ),
            Misconception(
                "causal_mask_the_other_way",
                "You hide the earlier pixels from the later ones. Nothing is hidden here: each query sees all N keys.",
                softmaxed(f"return torch.softmax({MASKED.format(N_BY_N + '.tril(-1).bool()')}, dim=-1)"),
            ),
            Misconception(
                "not_itself",
                "You mask the diagonal, so no pixel may attend to itself. The formula lets it, and the answer may well "
                "be that it should.",
                softmaxed(
                    "scores = scores - torch.diag_embed(torch.full_like(scores[..., 0], 1e9))\n"
                    "    return torch.softmax(scores, dim=-1)"
                ),
            ),
            Misconception(
                "averaged_over_heads",
                "You average the weights over the heads. They may differ: that is what several heads are for.",
                softmaxed("return torch.softmax(scores, dim=-1).mean(1, keepdim=True).expand_as(scores)"),
            ),
            Misconception(
                "heads_in_one_dot_product",
                "Your dot product adds up over the heads as well, so all heads have the same weights. Each head "
                "compares only its own d channels.",
                scored("(q @ k.transpose(-1, -2)).sum(1, keepdim=True).expand(-1, q.shape[1], -1, -1)"),
            ),
            Misconception(
                "cosine",
                "You compare directions only: queries and keys are normalised to length one. In the document's "
                "formula a long query may insist more than a short one.",
                scored(
                    "torch.nn.functional.normalize(q, dim=-1) @ torch.nn.functional.normalize(k, "
                    "dim=-1).transpose(-1, -2)"
                ),
            ),
            Misconception(
                "distance",
                "You compare by distance. The formula's similarity is the dot product.",
                scored("-torch.cdist(q, k)"),
            ),
            Misconception(
                "negative_scores",
                "The sign is wrong: your queries look away from what matches them.",
                scaled("/ -math.sqrt(q.shape[-1])"),
            ),
            Misconception(
                "powers_of_two",
                "Your base is 2, softmax's is e. That amounts to another scale.",
                softmaxed("return torch.softmax(scores * math.log(2), dim=-1)"),
            ),
            Misconception(
                "uniform",
                "All your weights are 1/N: everyone attends to everyone alike, whatever the queries and keys say.",
                softmaxed("return torch.full_like(scores, 1 / scores.shape[-1])"),
            ),
            Misconception(
                "dropout",
                "You drop weights at random. The document's attention has no dropout, and this function does not know "
                "whether the network is training.",
                softmaxed("return torch.nn.functional.dropout(torch.softmax(scores, dim=-1), 0.1)"),
            ),
            Misconception(
                "squeezed",
                "You squeeze the result: with a single head, or one image, an axis is missing.",
                softmaxed("return torch.softmax(scores, dim=-1).squeeze()"),
            ),
            Misconception(
                "cut_from_the_graph",
                "The weights are right, but detached: no gradient reaches queries and keys, so they stay as they were "
                "initialised.",
                softmaxed("return torch.softmax(scores, dim=-1).detach()"),
            ),
        ),
        alternatives=(
            Alternative("einsum", by_einsum),
            Alternative("query_by_query", query_by_query),
            Alternative("exponentials", exponentials),
            Alternative("plain_exponentials", plain_exponentials),
            Alternative("scaled_on_both_sides", scaled_on_both_sides),
            Alternative("identity_as_values", identity_as_values),
            Alternative("bmm", by_bmm),
        ),
    ),
)
