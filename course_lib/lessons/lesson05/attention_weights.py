"""What holds for attention_weights, and right answers written differently."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.checks.exercise import Exercise
from course_lib.checks.properties import shape_of
from course_lib.checks.trial import Call, Trial
from course_lib.self_attention import attention_weights

EXERCISE = Exercise(
    "attention_weights",
    attention_weights,
    __name__,
    where='the document, section 5 (assets/network.md), the box "Attention = softmax(Q K^T / sqrt(d))"',
    not_for_all={"another_shape": "its own says what the axes are"},
)
holds, right = EXERCISE.holds, EXERCISE.right


@EXERCISE.example
def queries_and_keys(trial: Trial, batch: int = 2, heads: int = 3, pixels: int = 5, d: int = 6) -> Call:
    return trial.calling(trial.normal(batch, heads, pixels, d), trial.normal(batch, heads, pixels, d))


@EXERCISE.harder
def queries_of_every_length(trial: Trial) -> Call:
    """Short and long queries, keys away from 0, and more of all: images, heads, pixels and channels a head."""
    q, k = queries_and_keys(trial, 4, 5, 11, 14).args
    return trial.calling(q * torch.linspace(0.1, 3, 11)[:, None], 0.5 + k)


@holds("one number for each pair of query and key: (B, heads, N, N)")
def another_shape(trial: Trial) -> None:
    """The shape is not that of weights: each image and each head has one row a query, and in it one number a key."""
    call = queries_and_keys(trial, 2, 3, 7, 5)
    trial.checked("its shape", shape_of(call.value()), call.text())


@holds("all weights are positive and each row, the weights of one query, sums to one")
def rows_do_not_sum_to_one(trial: Trial) -> None:
    """Your rows do not sum to one, or some weights are not positive. A row holds what *one* query gives to all keys:
    softmax over the last axis makes it share out exactly 1, and what changes the weights behind it (round, a factor, a
    mask) undoes that."""
    call = queries_and_keys(trial, 2, 3, 6, 4)
    value = call.see(observed=False)
    trial.see("the sum of each row", value.double().sum(dim=-1), call.text())
    trial.see("whether every weight is positive", bool((value > 0).all()), call.text())


@holds("the weights are softmax(Q K^T / sqrt(d)); here one head with d = 1")
def not_softmax_of_the_products(trial: Trial) -> None:
    """Each of your rows shares out 1, but the result is not softmax of the dot products, (B, 1, N, N), even with one
    head and d = 1, where sqrt(d) is 1. Weight ij is exp(q_i . k_j) over the sum of its row."""
    queries_and_keys(trial, 2, 1, 7, 1).see()


@holds("every head has its own weights")
def heads_confused(trial: Trial) -> None:
    """With one head your weights are right, with several they are not, even with d = 1. Each head compares its own
    queries with its own keys and nothing else."""
    queries_and_keys(trial, 2, trial.pick(3, 5), 7, 1).see()


@holds("the scores are divided by sqrt(d), the root of the width of a head")
def wrong_scale(trial: Trial) -> None:
    """With d = 1 your weights are right and with wider heads they are wrong. A score adds up the d
    products of one query with one key, and is divided by sqrt(d), where d is the last axis of q: is it the scale, or do
    the d numbers of a key not stay together?"""
    queries_and_keys(trial, 2, 3, 7, trial.pick(5, 6, 10)).see()


@holds("also large scores give the right weights")
def large_scores(trial: Trial) -> None:
    q, k = queries_and_keys(trial, 2, 2, 6, 8).args
    trial.call(4 * q, k, tolerance=3)


@holds("scores count as they are, where one row's are near 30 and another's near -30")
def scores_far_apart(trial: Trial) -> None:
    """Up to scores of a usual size your weights are right, and where one row's are near 30 and another's near -30 they
    are not. No score is too large or too small: are they kept within bounds (clamp), or squashed?"""
    q, k = queries_and_keys(trial, 2, 2, 6, 4).args
    # along the first of the four channels, where q k / sqrt(4) is 30, and -30 in every second row
    q[..., 0], k[..., 0] = torch.tensor([6.0, -6.0]).repeat(3), 10 + 0.1 * k[..., 0]
    trial.call(q, k, tolerance=10)


@holds("queries and keys of zeros, and a query that is its own key, are like any others")
def looks_into_the_numbers(trial: Trial) -> None:
    """Your weights are right, except where a query or a key is 0 everywhere, or where queries and keys are the same. A
    score of 0 is a score like any other, and a row of them shares out 1 evenly; and a pixel may attend to itself. Is
    there a mask, or an `if`, that asks what is in q and k?"""
    q, k = queries_and_keys(trial).args
    q[:, :, 1], k[:, :, 2] = 0, 0
    trial.call(q, k)
    trial.call(0 * q, k)
    trial.call(q, q.clone())


@holds("it is right when batch, heads, pixels and d are all 4")
def equal_sizes(trial: Trial) -> None:
    queries_and_keys(trial, 4, 4, 4, 4).see()


@holds("(1, 4, 64, 64) gives (1, 4, 64, 64)")
def the_documents_shapes(trial: Trial) -> None:
    queries_and_keys(trial, 1, 4, 64, 64).see()


@holds("axes of length one stay: a batch of one, one head, one pixel")
def squeezes_axes_of_length_one(trial: Trial) -> None:
    """Where an axis has length one your weights are wrong. A batch of one image and a single head still have their
    axes: is there a squeeze() that takes one away?"""
    for sizes in ((1, 1, 4, 3), (1, 3, 5, 4), (2, 2, 1, 3)):
        queries_and_keys(trial, *sizes).see()


@right
def by_einsum(q: Tensor, k: Tensor) -> Tensor:
    return F.softmax(torch.einsum("bhid,bhjd->bhij", q, k) * q.size(-1) ** -0.5, dim=3)


@right
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


@right
def exponentials(q: Tensor, k: Tensor) -> Tensor:
    """Softmax written out, the largest score taken off first."""
    scores = torch.matmul(q, k.mT) / q.shape[-1] ** 0.5
    powers = (scores - scores.amax(dim=-1, keepdim=True)).exp()
    return powers / powers.sum(dim=-1, keepdim=True)


@right
def plain_exponentials(q: Tensor, k: Tensor) -> Tensor:
    """The formula of the textbook."""
    powers = torch.exp(q @ k.permute(0, 1, 3, 2) / math.sqrt(k.size(3)))
    return powers / powers.sum(-1).unsqueeze(-1)


@right
def scaled_on_both_sides(q: Tensor, k: Tensor) -> Tensor:
    """The fourth root of d on queries and on keys, which keeps half precision from overflowing."""
    scale = q.shape[-1] ** -0.25
    return ((q * scale) @ (k * scale).transpose(2, 3)).softmax(dim=-1)


@right
def identity_as_values(q: Tensor, k: Tensor) -> Tensor:
    """torch's own attention, with the identity matrix for values, gives the weights themselves."""
    B, heads, N, _ = q.shape
    eye = torch.eye(N, dtype=q.dtype, device=q.device).expand(B, heads, N, N)
    return F.scaled_dot_product_attention(q, k, eye)


@right
def by_bmm(q: Tensor, k: Tensor) -> Tensor:
    B, heads, N, d = q.shape
    scores = torch.bmm(q.reshape(-1, N, d), k.reshape(-1, N, d).transpose(1, 2))
    return torch.softmax(scores / d**0.5, -1).view(B, heads, N, N)
